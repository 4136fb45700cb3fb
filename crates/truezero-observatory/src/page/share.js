// The share of active units of each layer on a scale with what is known of the cortex and of logistic
// networks. The scale is logarithmic, so that 1 % and 100 % both have room.

import { find, percent, shape } from "./dom.js";

const [LOW, HIGH] = [0.005, 1];
const CORTEX = [0.01, 0.04];
const LOGISTIC = 0.5;
const ROW = 24;
const LEAST_WIDTH = 200;
const [TOP, LEFT, RIGHT] = [40, 64, 20];
const TICKS = [0.01, 0.04, 0.1, 0.5, 1];

export class Share {
  #place = find("share");
  #layers = null;

  constructor() {
    new ResizeObserver(() => this.#draw()).observe(this.#place);
  }

  update(layers) {
    this.#layers = layers;
    this.#draw();
  }

  #draw() {
    const [layers, width] = [this.#layers, this.#place.clientWidth];
    if (!layers || width < LEAST_WIDTH) return;
    const height = TOP + layers.length * ROW + 26;
    const x = (share) => {
      const part = Math.log(Math.max(LOW, share) / LOW) / Math.log(HIGH / LOW);
      return LEFT + part * (width - LEFT - RIGHT);
    };
    const bottom = TOP + layers.length * ROW;
    const shares = layers.map((layer) => layer.active / layer.units);
    const words = shares.map((share, index) => `layer ${index + 1} ${percent(share)}`).join(", ");
    const svg = shape("svg", {
      width, height, role: "img",
      "aria-label": `Active units: ${words}. For comparison: cortex 1 to 4 %, a logistic network about 50 %.`,
    });
    svg.append(
      shape("rect", { class: "cortex", x: x(CORTEX[0]), width: x(CORTEX[1]) - x(CORTEX[0]), y: TOP - 6, height: bottom - TOP + 6 }),
      label((x(CORTEX[0]) + x(CORTEX[1])) / 2, TOP - 12, "cortex 1–4 %", "middle"),
      shape("line", { class: "mark", x1: x(LOGISTIC), x2: x(LOGISTIC), y1: TOP - 6, y2: bottom }),
      label(x(LOGISTIC), TOP - 12, "logistic ~50 %", "middle"),
      shape("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: bottom, y2: bottom }),
    );
    for (const tick of TICKS) svg.append(label(x(tick), bottom + 18, percent(tick).replace(".0", ""), "middle"));
    shares.forEach((share, index) => {
      const y = TOP + (index + 0.5) * ROW;
      svg.append(
        label(0, y + 4, `layer ${index + 1}`, "start", "strong"),
        shape("line", { class: "rule", x1: LEFT, x2: x(share), y1: y, y2: y }),
        shape("circle", { class: "dot on", cx: x(share), cy: y, r: 6 }),
        share > 0.7 ? label(x(share) - 12, y + 4, percent(share), "end", "strong") : label(x(share) + 12, y + 4, percent(share), "start", "strong"),
      );
    });
    this.#place.replaceChildren(svg);
  }
}

function label(x, y, text, anchor, kind = "") {
  return shape("text", { x, y, "text-anchor": anchor, class: kind }, text);
}
