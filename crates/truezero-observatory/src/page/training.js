// A training as it goes on: started, steered and stopped here, or only watched.

import { call } from "./api.js";
import { Chart } from "./chart.js";
import { announce, digits, find, make, percent, problem, shape } from "./dom.js";
import { Steer } from "./steer.js";

const MOST_POINTS = 600;
const MOST_EPOCHS = 1000;

export class Training {
  #steer = new Steer();
  #charts = null;
  #run = null;
  #epochs = [];
  #batches = [];
  #planned = false;

  constructor() {
    find("train-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    find("train-stop").addEventListener("click", () => {
      call("DELETE", "training").catch((error) => problem(error.message));
    });
    find("train-activation").addEventListener("change", () => {
      this.#steer.allow(find("train-activation").value === "rectifier");
    });
  }

  /** All there is to know. */
  state({ training, attached }) {
    find("train-form").hidden = attached;
    if (attached) find("train-about").textContent = "This is the training of `truezero train --observe`. Move λ, the penalty on active units, while it learns, and watch them fall silent.";
    if (!training) return;
    const { run, epochs, batches } = training;
    this.#begin(run);
    [this.#epochs, this.#batches] = [epochs, batches];
    this.#plan();
  }

  /** A training has begun, was steered, or has ended. */
  run(run) {
    if (this.#run?.number !== run.number) {
      this.#begin(run);
      announce("Training has started");
    } else if (this.#run.running && !run.running) {
      announce(`Training has ${run.ended}`);
    }
    this.#run = run;
    this.#mark();
    this.#plan();
  }

  epochs(records) {
    this.#epochs.push(...records);
    if (this.#epochs.length > MOST_EPOCHS) this.#epochs = this.#epochs.slice(-MOST_EPOCHS);
    this.#plan();
  }

  /** Which training this is; none has a number below 1. */
  get number() {
    return this.#run?.number ?? 0;
  }

  batch(point) {
    this.#batches.push(point);
    if (this.#batches.length > MOST_POINTS) this.#batches.shift();
    this.#plan();
  }

  async #start() {
    const wanted = {
      hidden: find("train-hidden").value.split(",").map(Number),
      activation: find("train-activation").value,
      epochs: 200,
      ...this.#steer.chosen,
    };
    try {
      await call("POST", "training", wanted);
      problem();
    } catch (error) {
      problem(error.message);
    }
  }

  #begin(run) {
    const known = this.#run?.number === run.number;
    this.#run = run;
    this.#mark();
    if (known) return;
    [this.#epochs, this.#batches] = [[], []];
    this.#steer.allow(run.zeros);
    this.#steer.follow(run);
    const error = (value) => (run.error === "error" ? percent(value) : digits(value));
    const name = run.error === "error" ? "Validation error" : `Validation ${run.error}`;
    this.#charts = {
      cost: new Chart("Cost of training", { form: digits, log: true }),
      error: new Chart(name, { form: error }),
      sparsity: new Chart("Exact zeros", { form: percent, span: [0, 1] }),
      dead: new Chart("Dead units", { form: (value) => String(Math.round(value)) }),
      norm: new Chart("Gradient norms", { form: (value) => digits(Number(value.toPrecision(2))), log: true }),
      l1: new Chart("λ", { form: digits, log: true }),
    };
    find("charts").replaceChildren(...Object.values(this.#charts).map((chart) => chart.element));
    const layers = run.hidden.length;
    const names = Array.from({ length: layers }, (_, at) => `layer ${at + 1}`).concat("outputs");
    find("chart-legend").replaceChildren("Lines by layer: ", ...names.map((each, at) => key(each, at)));
  }

  #mark() {
    const { running } = this.#run;
    this.#steer.running = running;
    find("train-start").disabled = running;
    find("train-stop").disabled = !running;
  }

  #plan() {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.#draw();
    });
  }

  #draw() {
    const run = this.#run;
    if (!run) return;
    const records = this.#epochs;
    const latest = this.#batches.at(-1);
    const most = Math.max(1, records.at(-1)?.epoch ?? 0, latest?.at ?? 0);
    const line = (of) => records.map((record) => [record.epoch, of(record)]);
    const layered = (count, of) => Array.from({ length: count }, (_, at) => line((record) => of(record, at)));
    const layers = run.hidden.length;
    const { cost, error, sparsity, dead, norm, l1 } = this.#charts;
    cost.draw([this.#batches.map((point) => [point.at, point.cost])], most);
    error.draw([line((record) => (record.validation_error === null ? NaN : record.validation_error * run.factor))], most);
    sparsity.draw(layered(layers, (record, at) => record.layers[at].sparsity), most, run.target_sparsity);
    dead.draw(layered(layers, (record, at) => record.layers[at].dead_units), most);
    norm.draw(layered(layers + 1, (record, at) => record.gradient_norms[at] ?? NaN), most);
    l1.draw([this.#batches.map((point) => [point.at, point.l1])], most);
    find("train-status").textContent = this.#words(latest, records.at(-1));
  }

  #words(batch, record) {
    const run = this.#run;
    const parts = [`${run.data}: ${run.hidden.join(", ")} ${[...new Set(run.activation)].join(", ")} units`];
    if (batch) parts.push(`epoch ${batch.epoch} of ${run.epochs}`, `cost ${digits(batch.cost)}`, `${percent(batch.sparsity)} zeros`, `λ ${digits(batch.l1)}`);
    if (record && record.validation_error !== null) {
      const value = record.validation_error * run.factor;
      parts.push(run.error === "error" ? `error ${percent(value)}` : `${run.error} ${digits(value)}`);
    }
    if (run.ended) parts.push(run.ended);
    return parts.join(" · ");
  }
}

/** A line as it is drawn, and its name. */
function key(name, at) {
  const line = shape("line", { x1: 0, x2: 28, y1: 4, y2: 4, class: `line series-${at % 6}` });
  return make("span", {}, shape("svg", { width: 28, height: 8, "aria-hidden": "true" }, line), name);
}
