// Which network is looked at.

import { find, make } from "./dom.js";

export class Networks {
  #select = find("network");
  #list = [];
  #byHand = false;

  /** `chosen` is called with a network, when another one is chosen or there is a first one. */
  constructor(chosen) {
    this.chosen = chosen;
    this.#select.addEventListener("change", () => {
      this.#byHand = true;
      this.#tell();
    });
  }

  get current() {
    return this.#list.find((network) => network.id === this.#select.value) ?? null;
  }

  /** Takes over a new list; the network that was looked at stays so if it is still there. */
  update(list, waiting) {
    const before = this.current;
    this.#list = list;
    find("waiting").hidden = list.length > 0;
    find("waiting").textContent = waiting;
    if (list.length === 0) return;
    const wanted = this.#byHand || before ? before?.id : undefined;
    this.#select.disabled = false;
    this.#select.replaceChildren(...list.map(({ id, name }) => make("option", { value: id }, name)));
    this.#select.value = list.some(({ id }) => id === wanted) ? wanted : list[0].id;
    if (shaped(before) !== shaped(this.current)) this.#tell();
  }

  #tell() {
    if (this.current) this.chosen(this.current);
  }
}

/** What of a network makes it another to look at. */
function shaped(network) {
  return network && JSON.stringify([network.id, network.name, network.layers, network.inputs]);
}
