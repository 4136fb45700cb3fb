// The penalty on active units: fixed, or steered to a share of zeros.

import { call } from "./api.js";
import { digits, find, percent, problem } from "./dom.js";

const PAUSE = 120;
/** Leftmost is no penalty at all; then ten steps to a power of ten, from 10⁻⁶ on. */
const LEAST = -6;
const STEPS = 10;

export class Steer {
  #timer = null;
  running = false;

  constructor() {
    for (const id of ["l1", "target"]) {
      find(id).addEventListener("input", () => {
        find(`way-${id}`).checked = true;
        this.#changed();
      });
      find(`way-${id}`).addEventListener("change", () => this.#changed());
    }
    this.#words();
  }

  /** What is chosen, under the names of the interface. */
  get chosen() {
    return find("way-l1").checked ? { l1: this.#l1 } : { target_sparsity: find("target").value / 100 };
  }

  /** Whether units can be zero, and so be steered to. */
  allow(zeros) {
    find("way-target").disabled = find("target").disabled = !zeros;
    if (!zeros) find("way-l1").checked = true;
  }

  /** Shows where a training begins that was not started here. */
  follow({ l1, target_sparsity: target }) {
    if (target === null) {
      find("l1").value = l1 === 0 ? 0 : Math.round((Math.log10(l1) - LEAST) * STEPS) + 1;
      find("way-l1").checked = true;
    } else {
      find("target").value = Math.round(target * 100);
      find("way-target").checked = true;
    }
    this.#words();
  }

  get #l1() {
    const place = Number(find("l1").value);
    return place === 0 ? 0 : Number((10 ** (LEAST + (place - 1) / STEPS)).toPrecision(2));
  }

  #words() {
    const l1 = digits(this.#l1);
    find("l1-text").textContent = l1;
    find("l1").setAttribute("aria-valuetext", l1);
    const target = percent(find("target").value / 100);
    find("target-text").textContent = target;
    find("target").setAttribute("aria-valuetext", target);
  }

  #changed() {
    this.#words();
    clearTimeout(this.#timer);
    if (!this.running) return;
    this.#timer = setTimeout(() => {
      call("PATCH", "training", this.chosen).then(() => problem(), (error) => problem(error.message));
    }, PAUSE);
  }
}
