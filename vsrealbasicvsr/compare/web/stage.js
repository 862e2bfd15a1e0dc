// The pictures: stacked in one box or tiled on a sheet; they move and zoom together.
const stage = $("stage");
const HIGHEST_ZOOM = 64;
const SMALLEST_TILE = 150; // pixels of a tile's longer side; if such tiles do not fit, the sheet becomes taller
const TILE_GAP = 2;
const CAPTION = 28;

// All pictures fill the same box, measured in pixels of the largest source.
const largest = sources.reduce((a, b) => (b.height > a.height ? b : a));
const box = { width: Math.max(1, Math.round(largest.height * largest.aspect)), height: largest.height };
let tile = { columns: 1, width: 0, height: 0, pitch: 0 }; // the whole stage, except on a sheet; pitch includes the caption below a picture

const layers = sources.map((source, index) => {
  const image = make("img", { alt: "", decoding: "sync", draggable: false });
  const name = make("button", { type: "button", className: "caption", textContent: numbered(index), title: numbered(index), onclick: () => showSource(index) });
  name.setAttribute("aria-label", `Show ${numbered(index)} alone`);
  const layer = make("div", { className: "layer" }, image, name);
  $("pictures").append(layer);
  return { layer, image, name, source };
});

// The browser draws the page before it has read all pictures.
function pictureOf(moment, source) {
  const element = $(`picture-${moment}-${source}`);
  const isWhole = element && (element.nextElementSibling || document.readyState !== "loading");
  return isWhole ? `data:image/webp;base64,${element.textContent}` : null;
}

function load(index) {
  const { image } = layers[index];
  if (image.dataset.moment === String(view.moment)) return;
  const picture = pictureOf(view.moment, index);
  if (picture === null) {
    image.removeAttribute("src");
    delete image.dataset.moment;
    return;
  }
  image.src = picture;
  image.dataset.moment = view.moment;
}

function fitZoom() {
  return Math.min(tile.width / box.width, tile.height / box.height) || 1;
}

function layOut() {
  stage.style.height = "";
  const { clientWidth: width, clientHeight: height } = stage;
  tile = { columns: 1, width, height, pitch: height };
  if (view.mode === "sheet") {
    const rows = (columns) => Math.ceil(sources.length / columns);
    const fitted = (columns) => Math.min(width / columns / box.width, (height / rows(columns) - CAPTION) / box.height);
    const choices = sources.map((_, index) => index + 1);
    let columns = choices.reduce((best, one) => (fitted(one) > fitted(best) ? one : best));
    const longer = Math.max(box.width, box.height);
    if (fitted(columns) * longer < SMALLEST_TILE) {
      columns = clamp(Math.floor((width * longer) / (SMALLEST_TILE * box.width)), 1, sources.length);
      const each = Math.max(48, Math.round((width / columns / box.width) * box.height)) + CAPTION + TILE_GAP;
      stage.style.height = `${each * rows(columns)}px`;
    }
    const pitch = Math.floor(stage.clientHeight / rows(columns));
    tile = { columns, width: Math.floor(stage.clientWidth / columns), height: pitch - CAPTION, pitch };
  }
  const gap = view.mode === "sheet" ? TILE_GAP : 0;
  layers.forEach(({ layer }, index) => {
    const place = view.mode === "sheet" ? index : 0;
    Object.assign(layer.style, { left: `${(place % tile.columns) * tile.width}px`,
      top: `${Math.floor(place / tile.columns) * tile.pitch}px`, width: `${tile.width - gap}px`, height: `${tile.pitch - gap}px` });
  });
  markScrolling();
  place();
}

// A sheet that is taller than the window scrolls, until the user zooms.
const isScrolled = () => view.zoom === null && stage.clientHeight > window.innerHeight;
function markScrolling() {
  stage.classList.toggle("scrolled", isScrolled());
}

function place() {
  const zoom = view.zoom ?? fitZoom();
  const left = tile.width / 2 - view.x * box.width * zoom;
  const top = tile.height / 2 - view.y * box.height * zoom;
  const device = window.devicePixelRatio || 1;
  const snap = (value) => Math.round(value * device) / device;
  for (const { image, source } of layers) {
    const width = Math.min(box.width, box.height * source.aspect);
    const height = width / source.aspect;
    image.style.width = `${width}px`;
    image.style.height = `${height}px`;
    const x = snap(left + ((box.width - width) / 2) * zoom);
    const y = snap(top + ((box.height - height) / 2) * zoom);
    image.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
    // "pixelated" drops pixels of a reduced picture, which would then look worse than it is.
    const isEnlarged = zoom * device * width >= source.width;
    image.style.imageRendering = $("sharp").checked && isEnlarged ? "pixelated" : "auto";
  }
  $("percent").value = `${Math.round(zoom * device * 100)} %`;
  $("fit").setAttribute("aria-pressed", String(view.zoom === null));
}

function placeDivider() {
  const { mode, left, right, divider } = view;
  layers.forEach(({ layer }, index) => {
    const isCut = mode === "slider" && index === right && left !== right;
    layer.style.clipPath = isCut ? `inset(0 0 0 ${divider * 100}%)` : "";
  });
  $("line").style.left = `${divider * 100}%`;
  $("divider").value = Math.round(divider * 1000);
  $("divider").setAttribute("aria-valuetext", `${Math.round(divider * 100)} %`);
}

function setDivider(share) {
  view.divider = clamp(share, 0, 1);
  placeDivider();
}

// (x, y) is the fixed point of the zoom, in pixels from the corner of its tile.
function zoomTo(zoom, x = tile.width / 2, y = tile.height / 2) {
  const before = view.zoom ?? fitZoom();
  const lowest = Math.min(fitZoom(), 1 / window.devicePixelRatio) / 4;
  const after = clamp(zoom, lowest, Math.max(fitZoom(), HIGHEST_ZOOM));
  const shift = 1 / before - 1 / after;
  view.x = clamp(view.x + ((x - tile.width / 2) * shift) / box.width, 0, 1);
  view.y = clamp(view.y + ((y - tile.height / 2) * shift) / box.height, 0, 1);
  view.zoom = after;
  markScrolling();
  place();
}
const zoomBy = (factor, x, y) => zoomTo((view.zoom ?? fitZoom()) * factor, x, y);

function fit() {
  Object.assign(view, { zoom: null, x: 0.5, y: 0.5 });
  markScrolling();
  place();
}

function moveBy(x, y) {
  const zoom = view.zoom ?? fitZoom();
  view.zoom = zoom;
  view.x = clamp(view.x - x / zoom / box.width, 0, 1);
  view.y = clamp(view.y - y / zoom / box.height, 0, 1);
  markScrolling();
  place();
}

// Pointers on the stage: one pointer moves the divider or the pictures; two pointers zoom.
const pointers = new Map();
let isDividing = false;
const spot = (event) => {
  const { left, top } = stage.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
};
const inTile = ({ x, y }) => [x % tile.width, y % tile.pitch];
stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target.closest("button")) return;
  if (event.pointerType === "touch" && isScrolled()) return;
  stage.setPointerCapture(event.pointerId);
  isDividing = pointers.size === 0 && event.target === $("line");
  pointers.set(event.pointerId, spot(event));
  stage.classList.toggle("moving", !isDividing);
});
stage.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = spot(event);
  pointers.set(event.pointerId, now);
  if (isDividing) return void setDivider(now.x / stage.clientWidth);
  if (pointers.size === 1) return void moveBy(now.x - before.x, now.y - before.y);
  const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
  const apart = (at) => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
  moveBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  zoomBy(apart(now) / apart(before), ...inTile({ x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }));
});
for (const end of ["pointerup", "pointercancel"]) {
  stage.addEventListener(end, (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) { isDividing = false; stage.classList.remove("moving"); }
  });
}
stage.addEventListener("wheel", (event) => {
  if (isScrolled() && !event.ctrlKey) return;
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / (event.deltaMode ? 20 : 400)), ...inTile(spot(event)));
}, { passive: false });
stage.addEventListener("dblclick", (event) => {
  if (event.target.closest("button")) return;
  if (view.zoom === null) zoomTo(1 / window.devicePixelRatio, ...inTile(spot(event))); else fit();
});
new ResizeObserver(layOut).observe(stage);
