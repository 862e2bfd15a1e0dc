"use strict";
const comparison = JSON.parse(document.getElementById("comparison").textContent);
const { sources, moments, curve } = comparison;
const $ = (id) => document.getElementById(id);
const stage = $("stage");
const HIGHEST_ZOOM = 64;
const COLOURS = { dark: ["#8abfff", "#ffb454", "#7ee2a8", "#ff8fa3", "#d3a6ff", "#f2e267", "#6fe0e8", "#ffffff"],
  light: ["#0b57b0", "#9a4a00", "#0a6b3c", "#b0193c", "#6a2bb0", "#6b5c00", "#006a75", "#1b1d21"] };
const DASHES = ["none", "7 3", "2 3", "9 3 2 3", "12 5", "1 5", "5 5", "14 3 3 3"];

// All pictures are laid over one box, in pixels of the largest source.
const largest = sources.reduce((a, b) => (b.height > a.height ? b : a));
const box = { width: Math.max(1, Math.round(largest.height * largest.aspect)), height: largest.height };
const view = { moment: 0, mode: "slider", left: 0, right: 1, shown: 0, divider: 0.5, zoom: null, x: 0.5, y: 0.5 };

const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const layers = sources.map((source) => {
  const image = make("img", { alt: "", decoding: "sync", draggable: false });
  const layer = make("div", { className: "layer" }, image);
  $("pictures").append(layer);
  return { layer, image, source };
});

const seconds = (time) => {
  const minutes = Math.floor(time / 60);
  const rest = (time - 60 * minutes).toFixed(2);
  return minutes ? `${minutes}:${rest.padStart(5, "0")}` : `${rest} s`;
};
const compression = (quality) => (quality === null ? "lossless" : `WebP quality ${quality}`);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function fitZoom() {
  return Math.min(stage.clientWidth / box.width, stage.clientHeight / box.height) || 1;
}

function place() {
  const zoom = view.zoom ?? fitZoom();
  const left = stage.clientWidth / 2 - view.x * box.width * zoom;
  const top = stage.clientHeight / 2 - view.y * box.height * zoom;
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
    // Reduced by dropping pixels, a picture would look worse than it is.
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

function arrange() {
  const { mode, left, right, shown } = view;
  const isFlip = mode === "flip";
  layers.forEach(({ layer, image, source }, index) => {
    const isVisible = isFlip ? index === shown : index === left || index === right;
    layer.hidden = !isVisible;
    layer.style.zIndex = index === right ? 1 : 0;
    layer.style.mixBlendMode = mode === "difference" && index === right ? "difference" : "";
    image.alt = `${source.label}, frame ${moments[view.moment].shown[index].number}`;
  });
  $("pictures").style.filter = mode === "difference" ? `brightness(${$("gain").value})` : "";
  $("line").hidden = $("divider").parentElement.hidden = mode !== "slider";
  placeDivider();
  $("left-name").textContent = sources[isFlip ? shown : left].label;
  $("right-name").textContent = sources[right].label;
  $("right-name").hidden = isFlip;
  $("flips").hidden = !isFlip;
  document.querySelectorAll(".pair").forEach((one) => { one.hidden = isFlip; });
  document.querySelector(".gain").hidden = mode !== "difference";
  document.querySelector(`input[name="mode"][value="${mode}"]`).checked = true;
  [...$("flips").children].forEach((one, index) => one.setAttribute("aria-pressed", String(index === shown)));
  $("left").value = left;
  $("right").value = right;
  tell();
}

function tell() {
  const moment = moments[view.moment];
  const seen = view.mode === "flip" ? [view.shown] : [view.left, view.right];
  const names = seen.map((index) => {
    const { number, quality } = moment.shown[index];
    const other = number === moment.number ? "" : `frame ${number}, `;
    return `${sources[index].label} (${other}${compression(quality)})`;
  });
  const text = `Frame ${moment.number}, ${seconds(moment.time)}: ${names.join(" and ")}`;
  if ($("status").textContent !== text) $("status").textContent = text; // a screen reader says it once
}

function showMoment(index) {
  view.moment = clamp(index, 0, moments.length - 1);
  layers.forEach(({ image }, source) => { image.src = moments[view.moment].shown[source].picture; });
  [...$("thumbnails").children].forEach(({ firstChild: button }, place) => {
    const isCurrent = place === view.moment;
    button.setAttribute("aria-current", String(isCurrent));
    button.tabIndex = isCurrent ? 0 : -1;
    if (isCurrent) {
      const list = $("thumbnails");
      list.scrollLeft = button.offsetLeft - list.offsetLeft - (list.clientWidth - button.offsetWidth) / 2;
      if (list.contains(document.activeElement)) button.focus();
    }
  });
  document.querySelectorAll("#plot line").forEach((line, place) => line.classList.toggle("current", place === view.moment));
  $("previous").disabled = view.moment === 0;
  $("next").disabled = view.moment === moments.length - 1;
  arrange();
}

function showSource(index) {
  if (index >= sources.length) return;
  view.mode = "flip";
  view.shown = index;
  arrange();
}

function setMode(mode) {
  view.mode = mode;
  arrange();
}

function setDivider(share) {
  view.divider = clamp(share, 0, 1);
  placeDivider();
}

// (x, y) is the place on the stage, in pixels from its corner, that stays where it is.
function zoomTo(zoom, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const before = view.zoom ?? fitZoom();
  const lowest = Math.min(fitZoom(), 1 / window.devicePixelRatio) / 4;
  const after = clamp(zoom, lowest, Math.max(fitZoom(), HIGHEST_ZOOM));
  const shift = 1 / before - 1 / after;
  view.x = clamp(view.x + ((x - stage.clientWidth / 2) * shift) / box.width, 0, 1);
  view.y = clamp(view.y + ((y - stage.clientHeight / 2) * shift) / box.height, 0, 1);
  view.zoom = after;
  place();
}
const zoomBy = (factor, x, y) => zoomTo((view.zoom ?? fitZoom()) * factor, x, y);

function fit() {
  Object.assign(view, { zoom: null, x: 0.5, y: 0.5 });
  place();
}

function moveBy(x, y) {
  const zoom = view.zoom ?? fitZoom();
  view.zoom = zoom;
  view.x = clamp(view.x - x / zoom / box.width, 0, 1);
  view.y = clamp(view.y - y / zoom / box.height, 0, 1);
  place();
}

function setSharp(isSharp) {
  $("sharp").checked = isSharp;
  place();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").textContent = theme === "dark" ? "Light" : "Dark";
  $("theme").setAttribute("aria-label", theme === "dark" ? "Light page" : "Dark page");
  drawPlot();
}

function drawPlot() {
  const colours = COLOURS[document.documentElement.dataset.theme];
  const { numbers, values, step } = curve;
  const last = numbers[numbers.length - 1];
  const span = Math.max(1, last - numbers[0]);
  const highest = Math.max(...values.map((one) => Math.max(...one)), 1e-6);
  const x = (number) => (1000 * (number - numbers[0])) / span;
  const lines = values.map((one, index) => {
    const points = one.map((value, n) => `${x(numbers[n]).toFixed(1)},${(196 - (188 * value) / highest).toFixed(1)}`);
    if (points.length === 1) points.push(points[0].replace(/^[^,]*/, "1000"));
    return `<polyline points="${points.join(" ")}" stroke="${colours[index]}" stroke-dasharray="${DASHES[index]}"/>`;
  });
  const marks = moments.map(({ number }) => `<line x1="${x(number)}" x2="${x(number)}" y1="0" y2="200"/>`);
  $("plot").innerHTML = marks.join("") + lines.join("");
  document.querySelectorAll("#plot line").forEach((line, place) => line.classList.toggle("current", place === view.moment));
  const peaks = values.map((one, index) => `${sources[index + 1].label} up to ${Math.max(...one).toFixed(2)}`);
  $("plot").setAttribute("aria-label", `Difference over frames ${numbers[0]} to ${last}: ${peaks.join(", ")}`);
  $("highest").textContent = highest.toFixed(2);
  $("first-frame").textContent = `Frame ${numbers[0]}`;
  $("last-frame").textContent = `Frame ${last}`;
  const each = step > 1 ? `, the highest of ${step} frames` : "";
  $("plot-note").textContent = `Mean absolute difference from ${sources[0].label}, from 0 to 255, `
    + `at ${comparison.measured.join(" × ")} pixels${each}. Dotted lines are the frames shown here.`;
  $("legend").replaceChildren(...values.map((_, index) => {
    const item = make("li");
    item.innerHTML = `<svg viewBox="0 0 28 10" aria-hidden="true"><line x1="0" y1="5" x2="28" y2="5" stroke-width="2" `
      + `stroke="${colours[index]}" stroke-dasharray="${DASHES[index]}"/></svg>`;
    item.append(sources[index + 1].label);
    return item;
  }));
}

function fillNumbers() {
  const others = sources.slice(1);
  const head = ["Frame", "Time", ...others.map(({ label }) => `${label}: difference`), ...others.map(({ label }) => `${label}: PSNR`)];
  $("numbers").tHead.append(make("tr", {}, ...head.map((text) => make("th", { scope: "col", textContent: text }))));
  for (const { number, time, difference, psnr } of moments) {
    const cells = [seconds(time), ...difference.map((value) => value.toFixed(3)),
      ...psnr.map((value) => (value === null ? "sizes differ" : `${value} dB`))];
    $("numbers").tBodies[0].append(make("tr", {}, make("th", { scope: "row", textContent: number }),
      ...cells.map((text) => make("td", { textContent: text }))));
  }
}

function fillSources() {
  for (const { label, facts } of sources) {
    const list = make("dl");
    for (const [name, value] of Object.entries(facts)) list.append(make("dt", { textContent: name }), make("dd", { textContent: value }));
    $("sources").append(make("div", {}, make("h3", { textContent: label }), list));
  }
  $("warnings").append(...comparison.warnings.map((text) => make("li", { textContent: text })));
  $("warnings").hidden = !comparison.warnings.length;
}

function fillControls() {
  sources.forEach(({ label }, index) => {
    const text = `${index + 1} ${label}`;
    for (const side of ["left", "right"]) $(side).append(make("option", { value: index, textContent: text }));
    $("flips").append(make("button", { type: "button", textContent: text, onclick: () => showSource(index) }));
  });
  moments.forEach((moment, index) => {
    const image = make("img", { src: moment.thumbnail, alt: "", draggable: false });
    const button = make("button", { type: "button", onclick: () => showMoment(index) }, image, `${moment.number} · ${seconds(moment.time)}`);
    button.setAttribute("aria-label", `Frame ${moment.number}, ${seconds(moment.time)}`);
    $("thumbnails").append(make("li", {}, button));
  });
}

const KEYS = {
  " ": () => showSource((view.shown + 1) % sources.length),
  s: () => setMode("slider"), f: () => setMode("flip"), d: () => setMode("difference"),
  ArrowLeft: () => showMoment(view.moment - 1), ArrowRight: () => showMoment(view.moment + 1),
  "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: fit,
  o: () => zoomTo(1 / window.devicePixelRatio),
  "[": () => setDivider(view.divider - 0.02), "]": () => setDivider(view.divider + 0.02),
  p: () => setSharp(!$("sharp").checked),
  t: () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
};
const MOVES = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, target } = event;
  if (event.shiftKey && MOVES[key] && target === stage) {
    event.preventDefault();
    moveBy(...MOVES[key]);
    return;
  }
  const isControl = target.closest("select, input, button, summary, .scroll");
  if (target.closest("select") || (isControl && key === " ")) return;
  if (target.closest("input, .scroll") && key.startsWith("Arrow")) return;
  const digit = /^[1-9]$/.test(key) ? () => showSource(Number(key) - 1) : null;
  const action = digit ?? KEYS[key.length === 1 ? key.toLowerCase() : key];
  if (!action) return;
  event.preventDefault();
  action();
});

// Pointers on the stage: one moves the divider or the pictures, two zoom.
const pointers = new Map();
let isDividing = false;
const spot = (event) => {
  const { left, top } = stage.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
};
stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
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
  zoomBy(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
});
for (const end of ["pointerup", "pointercancel"]) {
  stage.addEventListener(end, (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) { isDividing = false; stage.classList.remove("moving"); }
  });
}
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { x, y } = spot(event);
  zoomBy(Math.exp(-event.deltaY / (event.deltaMode ? 20 : 400)), x, y);
}, { passive: false });
stage.addEventListener("dblclick", (event) => {
  const { x, y } = spot(event);
  if (view.zoom === null) zoomTo(1 / window.devicePixelRatio, x, y); else fit();
});

document.querySelectorAll('input[name="mode"]').forEach((one) => one.addEventListener("change", () => setMode(one.value)));
for (const side of ["left", "right"]) $(side).addEventListener("change", () => { view[side] = Number($(side).value); arrange(); });
$("gain").addEventListener("change", arrange);
$("divider").addEventListener("input", () => setDivider($("divider").value / 1000));
$("previous").addEventListener("click", () => showMoment(view.moment - 1));
$("next").addEventListener("click", () => showMoment(view.moment + 1));
$("in").addEventListener("click", () => zoomBy(1.5));
$("out").addEventListener("click", () => zoomBy(1 / 1.5));
$("fit").addEventListener("click", fit);
$("whole").addEventListener("click", () => zoomTo(1 / window.devicePixelRatio));
$("sharp").addEventListener("change", place);
$("theme").addEventListener("click", KEYS.t);
$("plot").addEventListener("click", (event) => {
  const { left, width } = $("plot").getBoundingClientRect();
  const { numbers } = curve;
  const asked = numbers[0] + ((event.clientX - left) / width) * (numbers[numbers.length - 1] - numbers[0]);
  const distance = ({ number }) => Math.abs(number - asked);
  showMoment(moments.reduce((best, one, index) => (distance(one) < distance(moments[best]) ? index : best), 0));
});
new ResizeObserver(place).observe(stage);

fillControls();
fillNumbers();
fillSources();
setTheme("dark");
showMoment(0);
place();
