// The page: its current view, and all controls.
function arrange() {
  const { mode, left, right, shown } = view;
  const isFlip = mode === "flip";
  const isSheet = mode === "sheet";
  layers.forEach(({ layer, image, name, source }, index) => {
    const isVisible = isSheet || (isFlip ? index === shown : index === left || index === right);
    if (isVisible) load(index);
    layer.hidden = !isVisible;
    layer.style.zIndex = !isSheet && index === right ? 1 : 0;
    layer.style.mixBlendMode = mode === "difference" && index === right ? "difference" : "";
    name.hidden = !isSheet;
    image.alt = `${source.label}, frame ${moments[view.moment].shown[index].number}`;
  });
  $("pictures").style.filter = mode === "difference" ? `brightness(${$("gain").value})` : "";
  $("line").hidden = $("divider").parentElement.hidden = mode !== "slider";
  placeDivider();
  $("left-name").textContent = numbered(isFlip ? shown : left);
  $("right-name").textContent = numbered(right);
  $("left-name").hidden = isSheet;
  $("right-name").hidden = isFlip || isSheet;
  $("flips").hidden = !isFlip || !hasButtons;
  $("shown").parentElement.hidden = !isFlip || hasButtons;
  document.querySelectorAll(".pair").forEach((one) => { one.hidden = isFlip || isSheet; });
  document.querySelector(".gain").hidden = mode !== "difference";
  document.querySelector(`input[name="mode"][value="${mode}"]`).checked = true;
  [...$("flips").children].forEach((one, index) => one.setAttribute("aria-pressed", String(index === shown)));
  $("shown").value = shown;
  $("left").value = left;
  $("right").value = right;
  tell();
}

function tell() {
  const moment = moments[view.moment];
  const told = (index) => {
    const { number, quality } = moment.shown[index];
    const other = number === moment.number ? "" : `frame ${number}, `;
    return `${named(index)} (${other}${compression(quality)})`;
  };
  const kinds = [...new Set(moment.shown.map(({ quality }) => compression(quality)))].join(" or ");
  const seen = {
    sheet: () => `${sources.length} sources (${kinds})`,
    flip: () => told(view.shown),
  }[view.mode] ?? (() => `${told(view.left)} and ${told(view.right)}`);
  const text = `Frame ${moment.number}, ${seconds(moment.time)}: ${seen()}`;
  if ($("status").textContent !== text) $("status").textContent = text; // only when it changes, so that a screen reader reads it once
}

function showMoment(index) {
  view.moment = clamp(index, 0, moments.length - 1);
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
  markMoment();
  fillNumbers();
  $("previous").disabled = view.moment === 0;
  $("next").disabled = view.moment === moments.length - 1;
  arrange();
}

function showSource(index) {
  if (index >= sources.length) return;
  view.shown = index;
  setMode("flip");
}

function setMode(mode) {
  view.mode = mode;
  arrange();
  layOut();
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

function listOf(entries) {
  const list = make("dl");
  for (const [name, value] of entries) list.append(make("dt", { textContent: name }), make("dd", { textContent: value }));
  return list;
}

function fillSources() {
  sources.forEach(({ facts, settings, tags }, index) => {
    const card = make("div", {}, make("h3", { textContent: numbered(index) }), listOf(Object.entries(facts)));
    for (const [title, found, open] of [["Settings", settings, true], ["Tags of the file", tags, false]]) {
      const entries = Object.entries(found);
      if (entries.length) card.append(make("details", { open }, make("summary", { textContent: title }), listOf(entries)));
    }
    $("sources").append(card);
  });
  $("warnings").append(...comparison.warnings.map((text) => make("li", { textContent: text })));
  $("warnings").hidden = !comparison.warnings.length;
}

function fillControls() {
  sources.forEach((_, index) => {
    const text = numbered(index);
    for (const list of ["left", "right", "shown"]) $(list).append(make("option", { value: index, textContent: text }));
    if (hasButtons) $("flips").append(make("button", { type: "button", textContent: text, onclick: () => showSource(index) }));
  });
  moments.forEach((moment, index) => {
    const image = make("img", { src: moment.thumbnail, alt: "", draggable: false });
    const button = make("button", { type: "button", onclick: () => showMoment(index) }, image, `${moment.number} · ${seconds(moment.time)}`);
    button.setAttribute("aria-label", `Frame ${moment.number}, ${seconds(moment.time)}`);
    $("thumbnails").append(make("li", {}, button));
  });
  $("thumbnails").hidden = $("previous").hidden = $("next").hidden = moments.length === 1;
}

const KEYS = {
  " ": () => showSource((view.shown + 1) % sources.length),
  a: () => setMode("sheet"), s: () => setMode("slider"), f: () => setMode("flip"), d: () => setMode("difference"),
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

document.querySelectorAll('input[name="mode"]').forEach((one) => one.addEventListener("change", () => setMode(one.value)));
for (const side of ["left", "right"]) $(side).addEventListener("change", () => { view[side] = Number($(side).value); arrange(); });
$("shown").addEventListener("change", () => showSource(Number($("shown").value)));
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
document.addEventListener("DOMContentLoaded", arrange); // the user may have selected a frame before its picture was read

fillControls();
fillSeries();
fillSources();
setTheme("dark");
showMoment(0);
layOut();
