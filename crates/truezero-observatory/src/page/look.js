// What is looked at: an input and a network. Asks for what the network makes of the input, only ever
// the latest question.

import { call } from "./api.js";
import { problem } from "./dom.js";

export class Look extends EventTarget {
  network = null;
  input = null;
  #asking = false;
  #again = false;

  choose(network) {
    this.network = network;
    this.dispatchEvent(new Event("network"));
    this.refresh();
  }

  show(input) {
    this.input = input;
    this.dispatchEvent(new Event("input"));
    this.refresh();
  }

  async refresh() {
    if (!this.network || !this.input) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    do {
      this.#again = false;
      const network = this.network;
      try {
        const seen = await call("POST", "observe", { network: network.id, input: this.input });
        problem();
        if (network === this.network) this.dispatchEvent(new CustomEvent("seen", { detail: seen }));
      } catch (error) {
        problem(error.message);
      }
    } while (this.#again);
    this.#asking = false;
  }
}
