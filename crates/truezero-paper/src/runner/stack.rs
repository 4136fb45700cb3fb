//! Pre-training of hidden layers, each stack only once: all networks that start from it share it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use truezero::autoencoder::{Pretrainer, PretrainingOptions, PretrainingProgress};
use truezero::{Activation, Control, Error as NetworkError, Initialisation, Layer, Network, TrainingOptions};

use super::place::{Place, Store};
use super::{Runner, Spec};
use crate::data::Split;
use crate::error::Error;

/// Hidden layers to be pre-trained: what of a [`Spec`] they depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StackSpec {
    hidden: Vec<usize>,
    activation: Vec<Activation>,
    sign_trick: bool,
    initialisation: Initialisation,
    seed: u64,
    pretraining: PretrainingOptions,
}

/// What became of pre-trained layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pretrained {
    /// For each layer that was trained, the least mean reconstruction cost of a validation example.
    pub costs: Vec<f64>,
    /// Whether the cost became infinite: the layers are as they were before that.
    pub diverged: bool,
    /// Seconds of training.
    pub seconds: f64,
    /// The layers, lowest first.
    #[serde(skip)]
    pub layers: Vec<Layer>,
}

impl StackSpec {
    fn new(spec: &Spec, pretraining: PretrainingOptions) -> Self {
        let TrainingOptions { hidden, activation, sign_trick, initialisation, seed, .. } = &spec.options;
        Self {
            hidden: hidden.clone(),
            activation: activation.clone(),
            sign_trick: *sign_trick,
            initialisation: *initialisation,
            seed: *seed,
            pretraining,
        }
    }
}

impl Runner<'_> {
    /// Pre-trains the hidden layers of networks on all training inputs, or takes them from an earlier run.
    /// Specifications that differ only in what comes after share their layers. `None` for a network that is
    /// not to be pre-trained.
    ///
    /// # Errors
    /// As [`train`](Self::train); an interrupted pre-training of layers begins anew.
    pub fn pretrain<'s>(
        &self,
        data: &Split,
        specs: impl IntoIterator<Item = &'s Spec>,
    ) -> Result<Vec<Option<Pretrained>>, Error> {
        let store = Store::open(&self.settings.out, data)?;
        let wanted: Vec<Option<StackSpec>> =
            specs.into_iter().map(|spec| Some(StackSpec::new(spec, spec.pretraining.clone()?))).collect();
        let mut different: Vec<&StackSpec> = Vec::new();
        for spec in wanted.iter().flatten() {
            if !different.contains(&spec) {
                different.push(spec);
            }
        }
        let places: Vec<Place<StackSpec>> = different.iter().map(|spec| store.place(*spec)).collect();
        let mut trained = places.iter().map(found).collect::<Result<Vec<Option<Pretrained>>, Error>>()?;
        let missing: Vec<usize> = (0..places.len()).filter(|&at| trained[at].is_none()).collect();
        let done = AtomicUsize::new(places.len() - missing.len());
        let new = self.parallel(missing.len(), |index| {
            let at = missing[index];
            let new = self.pretrain_one(data, different[at], &places[at])?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.progress.network(self.name, done, places.len(), &describe(different[at], &new));
            Ok(new)
        })?;
        for (at, new) in missing.into_iter().zip(new) {
            trained[at] = Some(new);
        }
        let one = |spec: &StackSpec| different.iter().position(|other| *other == spec);
        Ok(wanted.iter().map(|spec| spec.as_ref().and_then(one).and_then(|at| trained[at].clone())).collect())
    }

    fn pretrain_one(
        &self,
        data: &Split,
        spec: &StackSpec,
        place: &Place<StackSpec>,
    ) -> Result<Pretrained, Error> {
        self.go_on()?;
        let started = Instant::now();
        let mut network = random(data, spec)?;
        let output = network.layers.pop();
        let activations: Vec<Activation> = network.layers.iter().map(|layer| layer.activation).collect();
        let plan = spec.pretraining.clone().check(&activations)?;
        let (inputs, layers) = (&data.data.inputs, network.layers);
        let mut pretrainer = Pretrainer::new(plan, layers, inputs, &data.train, &data.validation, 1)?;
        let mut diverged = false;
        let control = || if self.progress.stop() { Control::Stop } else { Control::Continue };
        loop {
            match pretrainer.epoch(&mut |_| control()) {
                Ok(PretrainingProgress::Epoch(_)) => {}
                Ok(PretrainingProgress::Interrupted) => return Err(Error::Stopped),
                Ok(PretrainingProgress::Done) => break,
                Err(NetworkError::PretrainingDiverged { .. }) => {
                    diverged = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let (layers, summary) = pretrainer.finish();
        let mut costs: Vec<f64> = Vec::new();
        for record in &summary.history {
            let cost = record.validation_cost.unwrap_or(record.cost);
            match costs.get_mut(record.layer - 1) {
                Some(least) => *least = least.min(cost),
                None => costs.push(cost),
            }
        }
        let mut pretrained = Pretrained { costs, diverged, seconds: started.elapsed().as_secs_f64(), layers };
        if data.preprocessing.is_some() {
            let layers = pretrained.layers.into_iter().chain(output).collect();
            network = place.write_network(data, Network { layers, cost: network.cost })?;
            network.layers.pop();
            pretrained.layers = network.layers;
            place.write(&pretrained)?;
        }
        Ok(pretrained)
    }
}

/// The layers of an earlier run.
fn found(place: &Place<StackSpec>) -> Result<Option<Pretrained>, Error> {
    let Some(pretrained) = place.read::<Pretrained>()? else { return Ok(None) };
    let Some(mut network) = place.read_network()? else { return Ok(None) };
    network.layers.pop();
    Ok(Some(Pretrained { layers: network.layers, ..pretrained }))
}

/// The network before any training, as a trainer would make it.
fn random(data: &Split, spec: &StackSpec) -> Result<Network, Error> {
    let StackSpec { hidden, activation, sign_trick, initialisation, seed, .. } = spec;
    let options = TrainingOptions {
        hidden: hidden.clone(),
        activation: activation.clone(),
        sign_trick: *sign_trick,
        initialisation: *initialisation,
        seed: *seed,
        ..TrainingOptions::default()
    };
    Ok(Network::planned(&options.check()?, &data.data)?)
}

/// A network on pre-trained hidden layers, its output layer as random as without them.
pub(super) fn network(data: &Split, spec: &Spec, layers: &[Layer]) -> Result<Network, Error> {
    let mut network = random(data, &StackSpec::new(spec, PretrainingOptions::default()))?;
    network.layers[..layers.len()].clone_from_slice(layers);
    Ok(network)
}

/// A line for the person watching.
fn describe(spec: &StackSpec, pretrained: &Pretrained) -> String {
    let activation = spec.activation.first().map_or(String::new(), ToString::to_string);
    let rate = spec.pretraining.learning_rate.first().copied().unwrap_or_default();
    let costs: Vec<String> = pretrained.costs.iter().map(|cost| format!("{cost:.3}")).collect();
    let result = match (pretrained.diverged, costs.is_empty()) {
        (true, _) => "diverged".to_owned(),
        (false, true) => "nothing to do".to_owned(),
        (false, false) => format!("reconstruction cost {}", costs.join(", ")),
    };
    format!("{activation}, pre-training at rate {rate}, seed {}: {result}", spec.seed)
}
