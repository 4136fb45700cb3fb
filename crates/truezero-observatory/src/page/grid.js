// The units of one layer as cells: dark where exactly zero, else the brighter the more active. One cell is
// the chosen one; arrow keys move it, so to assistive technology the layer is a slider over its units.

import { digits, make, percent } from "./dom.js";

const NIGHT = "#10161c";
const ZERO = "#222b34";
const MOST_CELLS = 4096;
const GAP = 1;

/** Colour of an activation, relative to the strongest: amber above zero, blue below. */
export function colour(value, strongest) {
  if (value === 0) return ZERO;
  const part = 0.25 + 0.75 * Math.min(1, Math.abs(value) / strongest);
  const [r, g, b] = value > 0 ? [240, 201, 74] : [86, 180, 233];
  const [r0, g0, b0] = [34, 43, 52];
  const mix = (to, from) => Math.round(from + part * (to - from));
  return `rgb(${mix(r, r0)} ${mix(g, g0)} ${mix(b, b0)})`;
}

/** Draws cells of a given size, so many in a row. */
export function paint(canvas, layer, side, columns, chosen = -1) {
  const shown = Math.min(layer.units, MOST_CELLS);
  const [width, height] = [columns * side, Math.ceil(shown / columns) * side];
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = NIGHT;
  context.fillRect(0, 0, width, height);
  const values = new Float64Array(shown);
  let strongest = 1e-9;
  for (const [unit, value] of layer.cells) {
    values[unit] = value;
    strongest = Math.max(strongest, Math.abs(value));
  }
  values.forEach((value, unit) => {
    context.fillStyle = colour(value, strongest);
    const [x, y] = [(unit % columns) * side, Math.floor(unit / columns) * side];
    context.fillRect(x, y, side - GAP, side - GAP);
    if (unit !== chosen) return;
    context.strokeStyle = "#fff";
    context.lineWidth = 2;
    context.strokeRect(x, y, side - GAP, side - GAP);
  });
  return values;
}

export class Grid {
  element;
  #canvas = make("canvas", { tabIndex: 0, role: "slider" });
  #count = make("span", { className: "count" });
  #layer = null;
  #values = [];
  #chosen = 0;
  #columns = 1;
  #side = 16;

  /** `chosen` is called with the position of the unit that is pointed at or moved to, and its activation. */
  constructor(index, described, chosen) {
    const name = `Hidden layer ${index + 1}`;
    this.units = Math.min(described.units, MOST_CELLS);
    this.chosen = chosen;
    this.#canvas.setAttribute("aria-label", `Units of hidden layer ${index + 1}`);
    this.#canvas.setAttribute("aria-valuemin", "1");
    this.#canvas.setAttribute("aria-valuemax", String(this.units));
    this.element = make("div", { className: "layer" }, make("h3", {}, `${name}, ${described.activation} `, this.#count), this.#canvas);
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerdown", (event) => this.#point(event));
    this.#canvas.addEventListener("focus", () => this.#choose(this.#chosen));
    this.#canvas.addEventListener("blur", () => this.#draw());
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(this.element);
    this.#value();
  }

  /** Shows what the layer does now. */
  update(layer) {
    this.#layer = layer;
    const { active, units } = layer;
    this.#count.textContent = `— ${active} of ${units} active (${percent(active / units)})`;
    this.#draw();
    this.#value();
  }

  activation(unit) {
    return this.#values[unit] ?? null;
  }

  #draw() {
    if (!this.#layer) return;
    const width = this.element.clientWidth;
    if (width === 0) return;
    this.#side = this.units <= 256 ? 16 : this.units <= 1024 ? 12 : 8;
    this.#columns = Math.max(1, Math.min(this.units, Math.floor(width / this.#side)));
    const focused = document.activeElement === this.#canvas;
    this.#values = paint(this.#canvas, this.#layer, this.#side, this.#columns, focused ? this.#chosen : -1);
    this.#canvas.style.width = `${this.#columns * this.#side}px`;
  }

  #point(event) {
    const unit = Math.floor(event.offsetY / this.#side) * this.#columns + Math.floor(event.offsetX / this.#side);
    if (event.offsetX < this.#columns * this.#side && unit >= 0 && unit < this.units) this.#choose(unit);
  }

  #key(event) {
    const step = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#columns, ArrowUp: -this.#columns,
      Home: -this.units, End: this.units, PageDown: 5 * this.#columns, PageUp: -5 * this.#columns,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#choose(Math.max(0, Math.min(this.units - 1, this.#chosen + step)));
  }

  #choose(unit) {
    this.#chosen = unit;
    this.#draw();
    this.#value();
    this.chosen(unit);
  }

  #value() {
    const value = this.activation(this.#chosen);
    this.#canvas.setAttribute("aria-valuenow", String(this.#chosen + 1));
    this.#canvas.setAttribute("aria-valuetext", `unit ${this.#chosen + 1}, ${activity(value)}`);
  }
}

/** An activation in words. */
export function activity(value) {
  if (value === null) return "not yet seen";
  return value === 0 ? "exactly zero" : `activation ${digits(value)}`;
}
