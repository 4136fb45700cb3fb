// The four networks side by side on the same drawing.

import { call } from "./api.js";
import { digits, find, make, percent, problem } from "./dom.js";
import { paint } from "./grid.js";

const FORMULAS = { rectifier: "max(0, x)", softplus: "ln(1 + eˣ)", tanh: "tanh x", logistic: "1 / (1 + e⁻ˣ)" };
const CELL = 6;

export class Compare {
  #cards = new Map();
  #networks = [];
  #input = null;
  #asking = false;
  #again = false;

  constructor() {
    find("prepare-start").addEventListener("click", () => {
      call("POST", "compared").catch((error) => problem(error.message));
    });
    new ResizeObserver(() => this.refresh()).observe(find("cards"));
  }

  /** Shows how far the training of the four is. */
  prepared({ asked, names, ready, done, of, failed }) {
    const complete = ready === names.length;
    find("prepare").hidden = complete;
    find("prepare-start").hidden = asked;
    find("prepare-progress").hidden = !asked;
    find("prepare-progress").value = done / of;
    find("prepare-text").textContent = failed ?? (asked ? `Training: ${ready} of ${names.length} networks are ready.` : "It takes some seconds.");
  }

  suit(networks) {
    this.#networks = networks.filter((network) => network.origin === "compared");
    this.refresh();
  }

  /** Only drawings can be compared. */
  show(input) {
    this.#input = input?.values?.length === 784 ? input : null;
    find("no-drawing").hidden = this.#input !== null;
    find("cards").hidden = this.#input === null;
    this.refresh();
  }

  async refresh() {
    if (!this.#input) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    do {
      this.#again = false;
      const input = this.#input;
      const each = this.#networks.map(async (network) => {
        const seen = await call("POST", "observe", { network: network.id, input });
        this.#card(network, seen);
      });
      await Promise.all(each).catch((error) => problem(error.message));
    } while (this.#again);
    this.#asking = false;
  }

  #card(network, { layers, outputs, values, winner }) {
    let card = this.#cards.get(network.id);
    if (!card) {
      card = {
        answer: make("p", { className: "answer" }),
        share: make("p", { className: "muted" }),
        canvas: make("canvas", { role: "img" }),
      };
      const title = make("h3", {}, network.id, make("span", { className: "formula" }, FORMULAS[network.id] ?? ""));
      card.element = make("article", { className: "card" }, title, card.answer, card.canvas, card.share);
      card.element.dataset.network = network.id;
      this.#cards.set(network.id, card);
      find("cards").append(card.element);
    }
    const [units, active] = [sum(layers, "units"), sum(layers, "active")];
    card.answer.replaceChildren(make("strong", {}, outputs[winner]), `, to ${percent(values[winner])}`);
    const mean = layers.reduce((total, layer) => total + layer.mean * layer.units, 0) / units;
    card.share.textContent = active === units
      ? `No unit is zero; mean activation ${digits(mean)}.`
      : `${percent(active / units)} of the units are active, the others exactly zero.`;
    card.canvas.setAttribute("aria-label", `Units of the ${network.id} network: ${active} of ${units} active`);
    const whole = { units, cells: joined(layers) };
    const columns = Math.max(1, Math.floor((card.canvas.parentElement.clientWidth - 26) / CELL));
    paint(card.canvas, whole, CELL, columns);
    card.canvas.style.width = `${columns * CELL}px`;
  }
}

const sum = (layers, field) => layers.reduce((total, layer) => total + layer[field], 0);

/** The cells of all layers, one layer after the other. */
function joined(layers) {
  const cells = [];
  let before = 0;
  for (const layer of layers) {
    for (const [unit, value] of layer.cells) cells.push([before + unit, value]);
    before += layer.units;
  }
  return cells;
}
