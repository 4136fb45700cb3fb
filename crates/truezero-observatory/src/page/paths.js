// The active paths to the answer: units of each layer as dots, strong contributions as lines.

import { find, percent, shape } from "./dom.js";
import { picture } from "./pad.js";

const HEIGHT = 340;
const LEAST_WIDTH = 200;
const [TOP, BOTTOM] = [34, 12];
const IMAGE = 84;
const THICKEST = 6;
const MOST_OUTPUTS = 20;
const NAMES = 96;

export class Paths {
  #place = find("path");
  #seen = null;
  #pixels = null;

  constructor() {
    new ResizeObserver(() => this.#draw()).observe(this.#place);
  }

  update(seen, input) {
    this.#seen = seen;
    this.#pixels = input.values?.length === 784 ? input.values : null;
    this.#draw();
  }

  #draw() {
    const width = this.#place.clientWidth;
    if (!this.#seen || width < LEAST_WIDTH) return;
    const { path, layers, outputs, values, winner, task } = this.#seen;
    const left = this.#pixels && width > 480 ? IMAGE + 40 : 14;
    const columns = layers.length + 1;
    const x = (column) => left + (column * (width - left - NAMES)) / Math.max(1, columns - 1);
    const y = (at, of) => TOP + ((at + 0.5) * (HEIGHT - TOP - BOTTOM)) / of;
    const svg = shape("svg", { width, height: HEIGHT, role: "img", "aria-label": this.#words() });
    if (left > IMAGE) svg.append(image(this.#pixels));
    const active = layers.map((layer) => new Map(layer.cells));
    const first = winner >= MOST_OUTPUTS ? winner - MOST_OUTPUTS + 1 : 0;
    const shown = outputs.slice(first, first + MOST_OUTPUTS);
    const strongest = Math.max(1e-9, ...path.edges.map((edge) => Math.abs(edge[3])));
    for (const [layer, from, to, contribution] of path.edges) {
      const above = path.units[layer + 1];
      const [x1, y1] = [x(layer), y(from, path.units[layer].length)];
      const [x2, y2] = [x(layer + 1), above ? y(to, above.length) : y(to - first, shown.length)];
      const middle = (x1 + x2) / 2;
      svg.append(shape("path", {
        class: contribution < 0 ? "edge minus" : "edge",
        d: `M${x1},${y1}C${middle},${y1} ${middle},${y2} ${x2},${y2}`,
        "stroke-width": Math.max(0.6, THICKEST * (Math.abs(contribution) / strongest)),
      }));
    }
    path.units.forEach((units, layer) => {
      svg.append(shape("text", { x: x(layer), y: 16, "text-anchor": layer === 0 && left < IMAGE ? "start" : "middle" }, `layer ${layer + 1}`));
      units.forEach((unit, at) => {
        svg.append(shape("circle", { class: active[layer].has(unit) ? "dot on" : "dot", cx: x(layer), cy: y(at, units.length), r: 4 }));
      });
    });
    shown.forEach((name, at) => {
      const own = first + at === winner;
      const place = y(at, shown.length);
      const value = task === "regress" ? "" : ` · ${percent(values[first + at])}`;
      svg.append(
        shape("circle", { class: own ? "dot on" : "dot", cx: x(columns - 1), cy: place, r: own ? 6 : 4 }),
        shape("text", { x: x(columns - 1) + 12, y: place + 4, class: own ? "strong" : "" }, own ? `${name}${value}` : name),
      );
    });
    this.#place.replaceChildren(svg);
  }

  #words() {
    const { path, layers, outputs, winner } = this.#seen;
    const counts = path.units.map((units, layer) => {
      const active = new Set(layers[layer].cells.map(([unit]) => unit));
      return units.filter((unit) => active.has(unit)).length;
    });
    const [plus, minus] = [path.edges.filter((edge) => edge[3] > 0).length, path.edges.filter((edge) => edge[3] < 0).length];
    return `Paths to ${outputs[winner]}: through ${counts.join(", then ")} active units, ${plus} lines that excite and ${minus} that inhibit.`;
  }
}

function image(pixels) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [28, 28];
  const context = canvas.getContext("2d");
  context.fillStyle = "#10161c";
  context.fillRect(0, 0, 28, 28);
  context.drawImage(picture(pixels), 0, 0);
  return shape("image", { href: canvas.toDataURL(), width: IMAGE, height: IMAGE, x: 0, y: (HEIGHT + TOP - BOTTOM - IMAGE) / 2 });
}
