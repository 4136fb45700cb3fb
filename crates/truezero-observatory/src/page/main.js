// Puts the parts together.

import { call, listen } from "./api.js";
import { Compare } from "./compare.js";
import { announce, digits, find, make, percent, problem } from "./dom.js";
import { Examples } from "./examples.js";
import { Grid } from "./grid.js";
import { Look } from "./look.js";
import { Networks } from "./networks.js";
import { Pad } from "./pad.js";
import { Paths } from "./paths.js";
import { RecordForm } from "./record.js";
import { Share } from "./share.js";
import { Training } from "./training.js";
import { UnitView } from "./unit.js";

/** The example that is shown at first. */
const FIRST = 7;
const MOST_BARS = 10;

const look = new Look();
const compare = new Compare();
const paths = new Paths();
const share = new Share();
const training = new Training();
const unit = new UnitView();
let grids = [];
/** The training whose network is known. */
let live = 0;

const networks = new Networks((network) => look.choose(network));
const pad = new Pad(
  (pixels) => {
    examples.release();
    look.show({ values: pixels });
  },
  () => examples.release(),
);
const examples = new Examples((pixels) => {
  pad.put(pixels);
  look.show({ values: pixels });
});
const record = new RecordForm((input) => look.show(input));

look.addEventListener("network", () => {
  const network = look.network;
  const drawing = look.input?.values?.length === 784;
  record.suit(network);
  unit.suit(network);
  if (look.input && drawing !== network.image) look.input = null;
  compare.show(look.input);
  grids = network.layers.map((layer, index) => new Grid(index, layer, (place) => unit.show(index, place, (at) => grids[index].activation(at))));
  find("layers").replaceChildren(...grids.map((grid) => grid.element));
  // A linear model has no units to be seen.
  for (const id of ["units", "paths"]) find(id).hidden = network.layers.length === 0;
  find("prediction").replaceChildren();
  if (network.image && !look.input) examples.show(FIRST);
});

look.addEventListener("input", () => compare.show(look.input));

look.addEventListener("seen", ({ detail: seen }) => {
  if (String(seen.layers.map((layer) => layer.units)) !== String(look.network.layers.map((layer) => layer.units))) {
    // Another network has taken its place.
    refresh();
    return;
  }
  seen.layers.forEach((layer, index) => grids[index].update(layer));
  unit.update();
  share.update(seen.layers);
  paths.update(seen, look.input);
  predict(seen);
});

/** The outputs as bars, the strongest ten if there are more. */
function predict({ task, outputs, values, winner, layers }) {
  let places = outputs.map((_, at) => at);
  if (places.length > MOST_BARS) places = places.sort((a, b) => values[b] - values[a]).slice(0, MOST_BARS);
  const quantities = task === "regress";
  const said = (at) => (quantities ? digits(values[at]) : percent(values[at]));
  find("prediction").replaceChildren(...places.map((at) => {
    const bar = make("span", { className: "bar" });
    bar.style.width = quantities ? "0" : `${100 * values[at]}%`;
    const own = at === winner && !quantities;
    return make("li", { className: own ? "winner" : "" },
      make("span", {}, outputs[at]), make("span", { className: "track" }, bar), make("span", { className: "number" }, said(at)));
  }));
  const [units, active] = ["units", "active"].map((field) => layers.reduce((total, layer) => total + layer[field], 0));
  const answer = quantities ? `${outputs[0]}: ${said(0)}` : `Looks like ${outputs[winner]}, to ${said(winner)}`;
  announce(units === 0 ? `${answer}.` : `${answer}. ${percent(active / units)} of the units are active.`);
}

function state(all) {
  find("report").hidden = !all.report;
  compare.prepared(all.compared);
  const waiting = all.attached ? "The network can be looked at after its first epoch." : "Networks are being trained on the embedded digits; the first takes about a second.";
  networks.update(all.networks, waiting);
  compare.suit(all.networks);
  training.state(all);
  if (all.networks.length === 0 && !all.compared.asked && !all.attached) call("POST", "compared").catch((error) => problem(error.message));
}

/** The network in training is another with each training, and has other weights after each epoch. */
function epochs(records) {
  training.epochs(records);
  if (live !== training.number) {
    live = training.number;
    refresh();
  } else if (look.network?.origin === "live") {
    unit.renew();
    look.refresh();
  }
}

function refresh() {
  call("GET", "state").then((all) => {
    networks.update(all.networks, "");
    compare.suit(all.networks);
    compare.prepared(all.compared);
  }, (error) => problem(error.message));
}

listen(
  {
    state: (all) => { problem(); state(all); },
    networks: refresh,
    preparation: (progress) => compare.prepared(progress),
    run: (run) => training.run(run),
    epochs,
    batch: (point) => training.batch(point),
  },
  () => problem("The server cannot be reached; what is shown is the latest there was."),
);
