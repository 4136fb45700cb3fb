// A small chart: lines over epochs, told apart by colour and dashes.

import { make, shape } from "./dom.js";

const HEIGHT = 150;
const [TOP, BOTTOM, LEFT, RIGHT] = [10, 22, 54, 8];

export class Chart {
  element = make("figure", { className: "chart" });
  #now = make("span", { className: "now" });
  #place = make("div");
  #drawn = null;

  /** `form` makes words of a value; `log` asks for a logarithmic scale; `span` for least and greatest. */
  constructor(title, { form, log = false, span = null }) {
    Object.assign(this, { title, form, log, span });
    this.element.append(make("figcaption", {}, title, this.#now), this.#place);
    new ResizeObserver(() => this.#drawn && this.draw(...this.#drawn)).observe(this.#place);
  }

  /** Lines as lists of [epoch, value], the last of each being what is now. */
  draw(lines, most, mark = null) {
    this.#drawn = [lines, most, mark];
    const width = this.#place.clientWidth;
    if (width === 0) return;
    lines = lines.map((line) => line.filter(([, value]) => Number.isFinite(value) && (!this.log || value > 0)));
    const latest = lines.map((line) => line.at(-1)).filter(Boolean).map(([, value]) => this.form(value));
    this.#now.textContent = latest.join(" · ");
    const svg = shape("svg", { width, height: HEIGHT, role: "img", "aria-label": `${this.title}${this.#words(lines)}` });
    const values = lines.flat().map(([, value]) => value).concat(mark === null ? [] : [mark]);
    const [low, high] = this.#range(values);
    const scaled = (value) => (this.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
    const x = (epoch) => LEFT + (epoch / Math.max(1, most)) * (width - LEFT - RIGHT);
    const y = (value) => HEIGHT - BOTTOM - scaled(value) * (HEIGHT - TOP - BOTTOM);
    for (const value of [low, high]) {
      svg.append(
        shape("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
        shape("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, this.form(value)),
      );
    }
    svg.append(
      shape("text", { x: LEFT, y: HEIGHT - 6, "text-anchor": "start" }, "0"),
      shape("text", { x: width - RIGHT, y: HEIGHT - 6, "text-anchor": "end" }, `${Math.round(most)} epochs`),
    );
    if (mark !== null) svg.append(shape("line", { class: "mark", x1: LEFT, x2: width - RIGHT, y1: y(mark), y2: y(mark) }));
    lines.forEach((line, index) => {
      const points = line.map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`);
      if (line.length === 1) svg.append(shape("circle", { class: `series-${index % 6}`, cx: x(line[0][0]), cy: y(line[0][1]), r: 3 }));
      else if (line.length > 1) svg.append(shape("polyline", { class: `line series-${index % 6}`, points: points.join(" ") }));
    });
    this.#place.replaceChildren(svg);
  }

  #range(values) {
    if (this.span) return this.span;
    if (this.log) {
      const least = Math.min(1e9, ...values);
      const low = 10 ** Math.floor(Math.log10(least === 1e9 ? 0.1 : least));
      const high = 10 ** Math.ceil(Math.log10(Math.max(low, ...values)));
      return [low, high > low ? high : low * 10];
    }
    const high = Math.max(0, ...values);
    return [0, high > 0 ? high * 1.05 : 1];
  }

  #words(lines) {
    const parts = lines.filter((line) => line.length > 0).map((line, index) => {
      const name = lines.length > 1 ? `line ${index + 1} ` : "";
      return `${name}from ${this.form(line[0][1])} to ${this.form(line.at(-1)[1])}`;
    });
    return parts.length ? `: ${parts.join(", ")}` : ": nothing yet";
  }
}
