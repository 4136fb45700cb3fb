//! The networks that can be looked at: those given, the one in training, those compared.

use std::sync::Arc;

use serde::Serialize;
use truezero::Model;
use truezero_data::Task;
use truezero_http::Problem;

use crate::Models;
use crate::compare::Compared;
use crate::input::IMAGE;
use crate::live::Live;

/// The network in training is known by this.
const LIVE: &str = "live";

/// Where networks are found.
pub(crate) struct Networks {
    pub(crate) given: Box<dyn Fn() -> Models + Send + Sync>,
    pub(crate) compared: Arc<Compared>,
    pub(crate) live: Arc<Live>,
    /// Whether the one in training is what there is to be seen.
    pub(crate) live_first: bool,
}

/// A network as the page knows it.
#[derive(Debug, Serialize)]
pub(crate) struct Described {
    id: String,
    name: String,
    /// `given`, `live` or `compared`.
    origin: &'static str,
    task: Task,
    inputs: usize,
    /// Whether the inputs are those of a drawing.
    image: bool,
    /// Columns of the table that it learned from; none for numbers without names.
    columns: Option<Vec<String>>,
    outputs: Vec<String>,
    layers: Vec<Layer>,
}

#[derive(Debug, Serialize)]
struct Layer {
    units: usize,
    activation: String,
    /// Whether its units can be exactly zero.
    zeros: bool,
}

impl Networks {
    /// All of them, the one that is shown unless another is chosen first.
    pub(crate) fn list(&self) -> Vec<Described> {
        let given = (self.given)()
            .into_iter()
            .enumerate()
            .map(|(at, (name, model))| describe(format!("given-{at}"), name, "given", &model));
        let live = self
            .live
            .model()
            .map(|model| describe(LIVE.to_owned(), "the network in training".to_owned(), "live", &model));
        let compared = self.compared.ready().into_iter().map(|(name, model)| {
            describe(name.to_owned(), format!("{name}, embedded digits"), "compared", &model)
        });
        let mut all: Vec<Described> = given.collect();
        if self.live_first {
            all.extend(live.into_iter().chain(compared));
        } else {
            all.extend(compared.chain(live));
        }
        all
    }

    /// The network known by that id.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<Model>, Problem> {
        let found = match id.strip_prefix("given-") {
            Some(at) => at
                .parse::<usize>()
                .ok()
                .and_then(|at| (self.given)().into_iter().nth(at))
                .map(|(_, model)| model),
            None if id == LIVE => self.live.model(),
            None => self.compared.ready().into_iter().find(|(name, _)| *name == id).map(|(_, model)| model),
        };
        found.ok_or_else(|| Problem::not_found(format!("no network is known by {id:?}")))
    }
}

fn describe(id: String, name: String, origin: &'static str, model: &Model) -> Described {
    let network = &model.network;
    let columns = model.preprocessing.for_inputs().columns();
    Described {
        id,
        name,
        origin,
        task: model.preprocessing.task(),
        inputs: network.inputs(),
        image: columns.is_none() && network.inputs() == IMAGE * IMAGE,
        columns,
        outputs: model.output_names(),
        layers: network
            .hidden()
            .iter()
            .map(|layer| Layer {
                units: layer.units(),
                activation: layer.activation.to_string(),
                zeros: layer.activation.gives_zeros(),
            })
            .collect(),
    }
}
