// Draws what the element "data" holds: { error, trials: [{ trial, options, state, … }] }, the best first.
const { error, trials } = JSON.parse(document.getElementById("data").textContent);
const percent = error !== "RMSE";
const shown = (value) => (Array.isArray(value) ? value.join(",") : String(value));
const short = (number) => (number !== 0 && Math.abs(number) < 1e-3 ? number.toExponential(1) : Number(number.toPrecision(3)).toString());
const rate = (number) => (number == null ? "–" : percent ? (100 * number).toFixed(2) + " %" : number.toFixed(4));

const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.options)))].sort();
const columns = [
  ...names.map((name) => ({ name, of: (trial) => trial.options[name] })),
  { name: "zeros", of: (trial) => trial.mean_sparsity, text: (value) => (100 * value).toFixed(1) + " %" },
  { name: `validation ${error}`, of: (trial) => trial.validation_error, text: rate },
];

// So many different numbers are marked one by one.
const FEW = 6;

// An axis: numbers on a line (logarithmic where they span more than a factor of 30), anything else by its words.
function scale(column) {
  const values = trials.map(column.of).filter((value) => value != null);
  const numbers = values.every((value) => typeof value === "number");
  if (!numbers || values.length === 0) {
    const words = [...new Set(values.map(shown))].sort();
    const step = words.length > 1 ? 1 / (words.length - 1) : 0;
    return { at: (value) => (words.length > 1 ? words.indexOf(shown(value)) * step : 0.5), ticks: words.map((word) => [word, word]) };
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const log = low > 0 && high / low > 30;
  const turn = log ? Math.log : (value) => value;
  const span = turn(high) - turn(low);
  const at = (value) => (span > 0 ? (turn(value) - turn(low)) / span : 0.5);
  const back = (share) => (log ? Math.exp(turn(low) + share * span) : low + share * span);
  const distinct = [...new Set(values)];
  const marks = distinct.length <= FEW ? distinct : [0, 0.25, 0.5, 0.75, 1].map(back);
  return { at, ticks: marks.map((value) => [value, (column.text ?? short)(value)]) };
}

const [width, height, top, bottom, side] = [1000, 380, 40, 16, 70];
const svg = (tag, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const axes = columns.map((column, index) => ({
  ...column,
  ...scale(column),
  x: columns.length > 1 ? side + (index * (width - 2 * side)) / (columns.length - 1) : width / 2,
  range: null,
}));
const y = (share) => height - bottom - share * (height - top - bottom);
const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Parallel coordinates of the options, the zeros and the validation error of each training; the table below has the same figures" });

// The best first, so drawn last: on top. Colour by rank, mixed between two variables of the style.
const drawable = trials.filter((trial) => trial.validation_error != null);
const lines = new Map();
drawable.forEach((trial, rank) => {
  const points = axes.flatMap((axis) => (axis.of(trial) == null ? [] : [`${axis.x},${y(axis.at(axis.of(trial)))}`]));
  const path = svg("path", { d: "M" + points.join("L") });
  const share = drawable.length > 1 ? (100 * rank) / (drawable.length - 1) : 0;
  path.style.stroke = `color-mix(in srgb, var(--low) ${share}%, var(--high))`;
  path.append(svg("title", {}, `trial ${trial.trial}: ${rate(trial.validation_error)}`));
  lines.set(trial.trial, path);
});
plot.append(...[...lines.values()].reverse());

const passes = (trial) =>
  axes.every(({ range, of, at }) => range === null || (of(trial) != null && at(of(trial)) >= range[0] && at(of(trial)) <= range[1]));
function select() {
  for (const trial of drawable) {
    const out = !passes(trial);
    lines.get(trial.trial).classList.toggle("out", out);
    lines.get(trial.trial).style.strokeOpacity = out ? 0.15 : "";
    document.getElementById(`trial-${trial.trial}`).classList.toggle("out", out);
  }
}

for (const axis of axes) {
  plot.append(svg("line", { class: "axis", x1: axis.x, x2: axis.x, y1: y(0), y2: y(1) }));
  for (const [value, text] of axis.ticks) {
    plot.append(svg("text", { class: "tick", x: axis.x + 5, y: y(axis.at(value)) + 4 }, text));
  }
  const name = svg("text", { class: "name", x: axis.x, y: 18, "text-anchor": "middle" }, axis.name);
  const brush = svg("rect", { class: "brush", x: axis.x - 8, width: 16, visibility: "hidden" });
  const grab = svg("rect", { class: "grab", x: axis.x - 14, width: 28, y: y(1), height: y(0) - y(1) });
  const share = (event) => {
    const box = plot.getBoundingClientRect();
    const at = ((event.clientY - box.top) * height) / box.height;
    return Math.min(1, Math.max(0, (height - bottom - at) / (height - top - bottom)));
  };
  const show = () => {
    brush.setAttribute("visibility", axis.range ? "visible" : "hidden");
    if (axis.range) {
      brush.setAttribute("y", y(axis.range[1]));
      brush.setAttribute("height", y(axis.range[0]) - y(axis.range[1]));
    }
    select();
  };
  grab.addEventListener("pointerdown", (event) => {
    grab.setPointerCapture(event.pointerId);
    const from = share(event);
    const move = (moved) => {
      const to = share(moved);
      axis.range = [Math.min(from, to) - 0.01, Math.max(from, to) + 0.01];
      show();
    };
    grab.addEventListener("pointermove", move);
    grab.addEventListener("pointerup", () => grab.removeEventListener("pointermove", move), { once: true });
  });
  name.addEventListener("click", () => {
    axis.range = null;
    show();
  });
  plot.append(name, grab, brush);
}
document.getElementById("plot").append(plot);

const table = document.getElementById("table");
const heads = ["trial", "state", `validation ${error}`, `test ${error}`, "zeros", "epochs", "seconds", ...names];
const head = table.createTHead().insertRow();
for (const text of heads) {
  const cell = document.createElement("th");
  cell.scope = "col";
  cell.textContent = text;
  head.append(cell);
}
const body = table.createTBody();
for (const trial of trials) {
  const row = body.insertRow();
  row.id = `trial-${trial.trial}`;
  row.tabIndex = 0;
  const zeros = trial.mean_sparsity == null ? "–" : (100 * trial.mean_sparsity).toFixed(1) + " %";
  const cells = [trial.trial, trial.state, rate(trial.validation_error), rate(trial.test_error), zeros, trial.epochs, trial.seconds.toFixed(1)];
  for (const text of [...cells, ...names.map((name) => shown(trial.options[name] ?? ""))]) row.insertCell().textContent = text;
  const path = lines.get(trial.trial);
  for (const [event, front] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
    row.addEventListener(event, () => path?.classList.toggle("front", front));
  }
}
const done = trials.filter((trial) => trial.state === "done").length;
const best = drawable[0];
document.getElementById("summary").textContent =
  `${trials.length} trainings, ${done} done` + (best ? `; the best is trial ${best.trial} with a validation ${error} of ${rate(best.validation_error)}` : "");
