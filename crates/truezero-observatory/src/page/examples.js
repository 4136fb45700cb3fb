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
    const other = make("button", { type: "button", className: "other", onclick: () => this.#turn() }, "Other examples");
    const returned = this.#place.contains(document.activeElement);
    this.#place.replaceChildren(...buttons, other);
    if (returned) other.focus();
    if (choose !== undefined) buttons[choose].click();
  }

  /** None of them is what is on the pad any more. */
  release() {
    for (const button of this.#place.querySelectorAll("[aria-pressed]")) button.setAttribute("aria-pressed", "false");
  }

  #turn() {
    this.#page += 1;
    this.show();
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
