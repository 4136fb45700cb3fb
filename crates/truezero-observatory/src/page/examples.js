// Digits to choose from, with the keyboard too.

import { call } from "./api.js";
import { find, make, problem } from "./dom.js";
import { picture } from "./pad.js";

export class Examples {
  #place = find("examples");
  #page = 0;

  /** `chosen` is called with a digit's pixels and label. */
  constructor(chosen) {
    this.chosen = chosen;
    find("other").addEventListener("click", () => {
      this.#page += 1;
      this.show();
    });
  }

  /** Shows ten digits, and if asked chooses one of them. */
  async show(choose) {
    let examples;
    try {
      examples = await call("GET", `examples?page=${this.#page}`);
    } catch (error) {
      problem(error.message);
      return;
    }
    const buttons = examples.map((example) => this.#button(example));
    this.#place.replaceChildren(...buttons);
    if (choose !== undefined) buttons[choose].click();
  }

  /** None of them is what is on the pad any more. */
  release() {
    for (const button of this.#place.querySelectorAll("[aria-pressed]")) button.setAttribute("aria-pressed", "false");
  }

  #button({ label, pixels }) {
    const canvas = make("canvas", { width: 28, height: 28 });
    canvas.getContext("2d").drawImage(picture(pixels), 0, 0);
    const button = make("button", { type: "button", "aria-pressed": "false", "aria-label": `A handwritten ${label}` }, canvas);
    button.addEventListener("click", () => {
      this.release();
      button.setAttribute("aria-pressed", "true");
      this.chosen(pixels, label);
    });
    return button;
  }
}
