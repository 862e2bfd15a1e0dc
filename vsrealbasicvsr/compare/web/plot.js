// The measures of every frame: a plot over the clip, and a table for the current frame.
const COLOURS = { dark: ["#8abfff", "#ffb454", "#7ee2a8", "#ff8fa3", "#d3a6ff", "#f2e267", "#6fe0e8", "#ffffff"],
  light: ["#0b57b0", "#9a4a00", "#0a6b3c", "#b0193c", "#6a2bb0", "#6b5c00", "#006a75", "#1b1d21"] };
const DASHES = ["none", "7 3", "2 3", "9 3 2 3", "12 5", "1 5", "5 5", "14 3 3 3"];
const SERIES = {
  difference: { title: "Difference", worst: "highest",
    says: (at) => `Mean absolute difference from ${named(0)}, of the steps from 0 to 255, at ${at} pixels` },
  psnr: { title: "PSNR", worst: "lowest", unit: " dB",
    says: (at) => `Peak signal-to-noise ratio against ${named(0)}, at ${at} pixels; equal pictures count as 100 dB` },
  passes: { title: "Cleaning passes", worst: "highest", says: () => "How often each frame was cleaned" },
  residue: { title: "Residue", worst: "highest",
    says: () => "Mean absolute change by a frame's last cleaning pass, of the steps from 0 to 255" },
};

// Colour and dash pattern of a source's line: 64 combinations.
const stroke = (index) => {
  const colours = COLOURS[document.documentElement.dataset.theme];
  const dash = DASHES[(index + Math.floor(index / colours.length)) % DASHES.length];
  return `stroke="${colours[index % colours.length]}" stroke-dasharray="${dash}"`;
};

const digits = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2));

function drawPlot() {
  const name = $("series").value;
  const { worst, unit = "", says } = SERIES[name];
  const { numbers, step, series } = curve;
  const known = series[name].map((values, index) => ({ values, index })).filter(({ values }) => values);
  const all = known.flatMap(({ values }) => values.filter((value) => value !== null));
  const lowest = name === "psnr" ? Math.min(...all) - 1 : 0;
  const highest = name === "psnr" ? Math.max(...all) + 1 : Math.max(...all, 1e-6);
  const last = numbers[numbers.length - 1];
  const span = Math.max(1, last - numbers[0]);
  const x = (number) => (1000 * (number - numbers[0])) / span;
  const y = (value) => 196 - (188 * (value - lowest)) / (highest - lowest);
  const pieces = (values) => values.reduce((found, value, n) => {
    if (value === null) return [...found, []];
    found[found.length - 1].push(`${x(numbers[n]).toFixed(1)},${y(value).toFixed(1)}`);
    return found;
  }, [[]]).filter((piece) => piece.length);
  const lines = known.flatMap(({ values, index }) => pieces(values).map((points) => {
    if (points.length === 1) points.push(points[0].replace(/^[^,]*/, (at) => (numbers.length === 1 ? "1000" : Number(at) + 2)));
    return `<polyline points="${points.join(" ")}" ${stroke(index)}/>`;
  }));
  const marks = moments.map(({ number }) => `<line x1="${x(number)}" x2="${x(number)}" y1="0" y2="200"/>`);
  $("plot").innerHTML = marks.join("") + lines.join("");
  markMoment();
  const ranges = known.map(({ values, index }) => {
    const found = values.filter((value) => value !== null);
    return `${named(index)} ${digits(Math.min(...found))} to ${digits(Math.max(...found))}${unit}`;
  });
  $("plot").setAttribute("aria-label", `${SERIES[name].title} over frames ${numbers[0]} to ${last}: ${ranges.join(", ")}`);
  $("highest").textContent = digits(highest) + unit;
  $("lowest").textContent = digits(lowest) + unit;
  $("first-frame").textContent = `Frame ${numbers[0]}`;
  $("last-frame").textContent = `Frame ${last}`;
  const each = step > 1 ? `, the ${worst} of ${step} frames` : "";
  $("plot-note").textContent = `${says(comparison.measured.join(" × "))}${each}. Dotted lines are the frames shown here.`;
  $("legend").replaceChildren(...known.map(({ index }) => {
    const item = make("li");
    item.innerHTML = `<svg viewBox="0 0 28 10" aria-hidden="true"><line x1="0" y1="5" x2="28" y2="5" stroke-width="2" ${stroke(index)}/></svg>`;
    item.append(named(index));
    return item;
  }));
}

function markMoment() {
  document.querySelectorAll("#plot line").forEach((line, place) => line.classList.toggle("current", place === view.moment));
}

function fillSeries() {
  for (const name of Object.keys(curve.series)) $("series").append(make("option", { value: name, textContent: SERIES[name].title }));
  $("series").addEventListener("change", drawPlot);
  $("figure").hidden = $("figures").open = curve.numbers.length === 1; // a single frame has no curve
  $("plot").addEventListener("click", (event) => {
    const { left, width } = $("plot").getBoundingClientRect();
    const { numbers } = curve;
    const asked = numbers[0] + ((event.clientX - left) / width) * (numbers[numbers.length - 1] - numbers[0]);
    const distance = ({ number }) => Math.abs(number - asked);
    showMoment(moments.reduce((best, one, index) => (distance(one) < distance(moments[best]) ? index : best), 0));
  });
}

// One row for each source, and one column for each measure that any source has.
function fillNumbers() {
  const { difference, psnr, shown } = moments[view.moment];
  const known = (title, values, text) => (values.some((value) => value !== null) ? [[title, values, text]] : []);
  const columns = [
    ["Frame", shown.map(({ number }) => number), String],
    ["Time", shown.map(({ time }) => time), seconds],
    ["Difference", [null, ...difference], (value) => value.toFixed(3)],
    ...known("PSNR", [null, ...psnr], (value) => `${value} dB`),
    ...known("Passes", shown.map(({ passes }) => passes), String),
    ...known("Residue", shown.map(({ residue }) => residue), (value) => value.toFixed(3)),
    ["Picture", shown.map(({ quality }) => compression(quality)), String],
  ];
  const heads = ["Source", ...columns.map(([title]) => title)].map((text) => make("th", { scope: "col", textContent: text }));
  $("numbers").tHead.replaceChildren(make("tr", {}, ...heads));
  $("numbers").tBodies[0].replaceChildren(...sources.map((_, index) => make("tr", {},
    make("th", { scope: "row", textContent: numbered(index) }),
    ...columns.map(([, values, text]) => make("td", { textContent: values[index] === null ? "–" : text(values[index]) })))));
}
