// The unit chosen: the weights that lead into it, as an image and as a list.

import { call } from "./api.js";
import { digits, find, make } from "./dom.js";
import { activity } from "./grid.js";

const KEPT = 500;

export class UnitView {
  #cache = new Map();
  #wanted = null;
  #shown = null;
  #network = null;

  /** The weights have changed: those shown are asked for again. */
  renew() {
    this.#cache.clear();
    if (this.#shown) this.show(...this.#shown);
  }

  /** Forgets the unit of another network. */
  suit(network) {
    this.#network = network;
    this.#cache.clear();
    this.#wanted = this.#shown = null;
    find("unit-title").textContent = "No unit chosen";
    find("unit-value").textContent = "Point at one.";
    this.#clear();
  }

  /** Shows a unit and what `activation` gives for it. */
  async show(layer, unit, activation) {
    const key = `${layer}/${unit}`;
    this.#wanted = key;
    this.#shown = [layer, unit, activation];
    find("unit-title").textContent = `Unit ${unit + 1} of layer ${layer + 1}`;
    find("unit-value").textContent = activity(activation(unit));
    if (!this.#cache.has(key)) {
      const network = this.#network;
      const query = new URLSearchParams({ network: network.id, layer, unit });
      try {
        const found = await call("GET", `unit?${query}`);
        if (network !== this.#network) return;
        if (this.#cache.size >= KEPT) this.#cache.clear();
        this.#cache.set(key, found);
      } catch {
        // The network is gone; the list of networks will say so.
        return;
      }
    }
    if (this.#wanted === key) this.#draw(layer, this.#cache.get(key));
  }

  /** Another drawing is seen: the activation may be another. */
  update() {
    if (!this.#shown) return;
    const [, unit, activation] = this.#shown;
    find("unit-value").textContent = activity(activation(unit));
  }

  #clear() {
    find("unit-image").hidden = find("unit-legend").hidden = true;
    find("unit-weights").replaceChildren();
  }

  #draw(layer, { image, strongest, names, bias }) {
    this.#clear();
    if (image) {
      const canvas = find("unit-image");
      canvas.getContext("2d").putImageData(weights(image), 0, 0);
      const through = layer === 0 ? "" : ", through the layers below";
      canvas.setAttribute("aria-label", `Weights to the pixels${through}`);
      canvas.hidden = find("unit-legend").hidden = false;
    }
    const from = (place, at) => {
      if (names) return names[at];
      if (layer > 0) return `unit ${place + 1} of layer ${layer}`;
      return this.#network.image ? `row ${Math.floor(place / 28) + 1}, column ${(place % 28) + 1}` : `input ${place + 1}`;
    };
    const rows = strongest.map(([place, weight], at) => [from(place, at), weight]);
    rows.push(["bias", bias]);
    const signed = (weight) => `${weight > 0 ? "+" : weight < 0 ? "−" : ""}${digits(Math.abs(weight))}`;
    find("unit-weights").replaceChildren(
      ...rows.map(([name, weight]) => make("li", {}, make("span", {}, name), make("span", { className: "number" }, signed(weight)))),
    );
  }
}

/** Weights as 28 × 28 pixels: amber excites, blue inhibits, dark does neither. */
function weights(values) {
  const strongest = Math.max(1e-9, ...values.map(Math.abs));
  const image = new ImageData(28, 28);
  values.forEach((value, at) => {
    const part = Math.abs(value) / strongest;
    const to = value > 0 ? [240, 201, 74] : [86, 180, 233];
    const from = [16, 22, 28];
    image.data.set([...from.map((dark, each) => dark + part * (to[each] - dark)), 255], 4 * at);
  });
  return image;
}
