// For networks whose inputs are no drawing: one example, pasted.

import { find, problem } from "./dom.js";

const MOST_COLUMNS = 30;

export class RecordForm {
  #form = find("record-area");
  #text = find("record");
  #network = null;

  /** `given` is called with an input. */
  constructor(given) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      try {
        given(this.#read());
      } catch (error) {
        problem(error.message);
      }
    });
  }

  /** Shows the form that suits the network, or hides it. */
  suit(network) {
    this.#network = network;
    this.#form.hidden = network.image;
    find("pad-area").hidden = !network.image;
    if (network.image) return;
    const about = "The inputs of this network are no images of 28 × 28, so there is nothing to draw.";
    if (network.columns) {
      find("record-about").textContent = `${about} Give one row of its table as JSON, with a value for each column.`;
      const entries = network.columns.slice(0, MOST_COLUMNS).map((column) => [column, null]);
      this.#text.value = JSON.stringify(Object.fromEntries(entries), null, 2);
    } else {
      find("record-about").textContent = `${about} Paste the ${network.inputs} numbers of an example, as they stand in the data.`;
      this.#text.value = "";
    }
  }

  #read() {
    const text = this.#text.value.trim();
    if (this.#network.columns) {
      try {
        return { record: JSON.parse(text) };
      } catch {
        throw new Error("Expected one JSON object, such as {\"column\": 1.5}.");
      }
    }
    const values = text.split(/[\s,;]+/).filter(Boolean).map(Number);
    if (values.some((value) => !Number.isFinite(value))) throw new Error("Expected numbers only.");
    return { values };
  }
}
