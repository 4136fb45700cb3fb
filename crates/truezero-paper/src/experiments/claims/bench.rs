//! What the claims are measured on: four trained networks that differ in their activation alone.

use truezero::{Activation, Architecture, Cost, Initialisation, Network, Pass, TrainingOptions};
use truezero_data::{Dataset, Portion};
use truezero_sparse::{Batch, DenseBatch, Engine};

use crate::data::{Split, images};
use crate::error::Error;
use crate::runner::{Runner, Spec, Trained};

/// The activations compared, in the order of the columns.
pub(super) const ACTIVATIONS: [Activation; 4] =
    [Activation::Rectifier, Activation::Softplus { alpha: 1.0 }, Activation::Tanh, Activation::Logistic];

/// Where each stands in [`ACTIVATIONS`].
pub(super) const RECTIFIER: usize = 0;
pub(super) const SOFTPLUS: usize = 1;
pub(super) const TANH: usize = 2;
pub(super) const LOGISTIC: usize = 3;

/// Of the seed that chooses the sample; the same for all runs, so that they can be compared.
const SAMPLE_SEED: u64 = 0;

/// How much is done.
pub(super) struct Sizes {
    /// Units of the hidden layers of the four networks.
    pub(super) hidden: Vec<usize>,
    /// Each network is trained with each rate; the one with the least validation error is measured.
    pub(super) rates: Vec<f32>,
    /// Training examples that each of the four networks sees, counted again in every epoch.
    pub(super) seen: usize,
    /// Test examples whose codes are looked at.
    pub(super) examples: usize,
    /// Networks that are looked at untrained.
    pub(super) untrained: usize,
    /// Training examples and epochs of a linear probe.
    pub(super) probe: (usize, usize),
    /// Units of each layer of the networks of several depths, and the depths.
    pub(super) depths: (usize, Vec<usize>),
    /// Training examples, epochs and seeds of the networks of several learning rates.
    pub(super) divergence: (usize, usize, usize),
    /// Examples timed, and how often.
    pub(super) timing: (usize, usize),
}

impl Sizes {
    fn new(runner: &Runner<'_>) -> Self {
        let scale = runner.settings.scale;
        Self {
            hidden: scale.choose(vec![40; 3], vec![500; 3], vec![1000; 3]),
            rates: scale.choose(vec![0.1], vec![0.1, 1.0], vec![0.1, 1.0]),
            seen: scale.choose(8_000, 60_000, 300_000),
            examples: scale.choose(200, 500, 2000),
            untrained: scale.choose(3, 5, 5),
            probe: scale.choose((500, 3), (4000, 10), (10_000, 20)),
            depths: scale.choose((20, vec![1, 4]), (100, (1..=8).collect()), (300, (1..=8).collect())),
            divergence: scale.choose((200, 1, 1), (4000, 3, 2), (4000, 5, 3)),
            timing: scale.choose((5, 3), (100, 25), (200, 51)),
        }
    }
}

/// One of the four networks.
pub(super) struct Subject {
    /// With the weights of its best epoch.
    pub(super) network: Network,
    /// How it was trained, and how it did.
    pub(super) trained: Trained,
    /// What it was trained by.
    pub(super) options: TrainingOptions,
}

/// The four networks and the data.
pub(super) struct Bench<'a> {
    pub(super) runner: &'a Runner<'a>,
    pub(super) sizes: Sizes,
    pub(super) split: Split,
    /// Some of the test examples, for what is kept of each.
    pub(super) sample: Dataset,
    /// In the order of [`ACTIVATIONS`].
    pub(super) subjects: [Subject; 4],
}

impl<'a> Bench<'a> {
    /// Loads the data and trains the networks.
    pub(super) fn new(runner: &'a Runner<'a>) -> Result<Self, Error> {
        let sizes = Sizes::new(runner);
        let split = images(runner.settings.data.as_deref())?[0].load()?;
        let specs: Vec<Spec> = ACTIVATIONS
            .into_iter()
            .flat_map(|activation| sizes.rates.iter().map(move |&rate| (activation, rate)))
            .map(|(activation, learning_rate)| {
                let options = TrainingOptions {
                    hidden: sizes.hidden.clone(),
                    activation: vec![activation],
                    learning_rate: Some(learning_rate),
                    epochs: (sizes.seen / split.train.len().max(1)).clamp(2, 50),
                    seed: runner.settings.seed,
                    ..TrainingOptions::default()
                };
                Spec { options, keep: true, ..Spec::default() }
            })
            .collect();
        let trained = runner.train(&split, &specs)?;
        let mut all = specs.into_iter().zip(trained);
        let subjects = ACTIVATIONS.map(|_| {
            let own = all.by_ref().take(sizes.rates.len());
            let least = |a: &Trained, b: &Trained| a.validation_error.total_cmp(&b.validation_error);
            let (spec, mut trained) = own.min_by(|a, b| least(&a.1, &b.1)).expect("at least one rate");
            let network = trained.network.take().expect("a network that was to be kept");
            Subject { network, trained, options: spec.options }
        });
        let sample = sample(&split.test, sizes.examples)?;
        Ok(Self { runner, sizes, split, sample, subjects })
    }

    /// An untrained network for the data.
    pub(super) fn untrained(&self, hidden: &[usize], activation: Activation, seed: u64) -> Network {
        let architecture = Architecture {
            inputs: self.split.data.inputs.width(),
            hidden: hidden.to_vec(),
            outputs: self.split.data.targets.outputs(),
            activations: vec![activation; hidden.len()],
            sign_trick: false,
            initialisation: Initialisation::Glorot,
        };
        Network::random(&architecture, Cost::for_task(self.split.data.targets.task()), seed)
    }

    /// The codes of the sample in each hidden layer of each network.
    pub(super) fn codes(&self) -> [Vec<DenseBatch>; 4] {
        [0, 1, 2, 3].map(|at| codes(&self.subjects[at].network, &self.sample.inputs))
    }
}

/// Some examples, chosen at random; all if there are no more.
fn sample(data: &Dataset, count: usize) -> Result<Dataset, Error> {
    if data.examples() <= count {
        return Ok(data.clone());
    }
    let rows: Vec<usize> = (0..data.examples()).collect();
    let (_, chosen) = truezero_data::split(None, None, &rows, Portion::Count(count), SAMPLE_SEED)?;
    Ok(data.select(&chosen))
}

/// What each hidden layer sends on, lowest first: examples × units.
pub(super) fn codes(network: &Network, inputs: &Batch) -> Vec<DenseBatch> {
    let mut pass = Pass::default();
    network.forward(&mut Engine::new(1), inputs.view(), &mut pass);
    pass.hidden().iter().map(|layer| layer.dense().clone()).collect()
}

/// Inputs as a dense array.
pub(super) fn dense(inputs: &Batch) -> DenseBatch {
    match inputs {
        Batch::Dense(batch) => batch.clone(),
        Batch::Active(batch) => batch.to_dense(),
    }
}

/// Number of active values of an example.
pub(super) fn active(row: &[f32]) -> usize {
    row.iter().filter(|value| **value != 0.0).count()
}
