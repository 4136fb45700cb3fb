//! A network: hidden layers, an output layer, a cost.

use truezero_data::preprocess::MAX_WIDTH;
use truezero_data::{DataError, Dataset};
use truezero_sparse::choose::{Product, densest};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch, Engine, Inputs, memory};

use crate::activation::Activation;
use crate::cost::Cost;
use crate::error::Error;
use crate::footprint::Footprint;
use crate::layer::{Activations, Initialisation, Layer};
use crate::observe::{LayerObservation, Observer};
use crate::options::Plan;

/// Examples that pass through a network together when it is only evaluated.
pub(crate) const EVALUATION_BATCH: usize = 256;

/// Examples of a plain array that are looked at for zeros before all of them are.
const TOLD_BY: usize = 16;

/// A stack of layers; the last is the output layer, its activation the identity: the cost tells what
/// becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// At least one.
    pub layers: Vec<Layer>,
    /// What the outputs are measured by.
    pub cost: Cost,
}

/// The shape of a network to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// Number of inputs.
    pub inputs: usize,
    /// Units of each hidden layer, lowest first; may be empty.
    pub hidden: Vec<usize>,
    /// Number of outputs.
    pub outputs: usize,
    /// One per hidden layer.
    pub activations: Vec<Activation>,
    /// Whether half of the hidden units are negated.
    pub sign_trick: bool,
    /// How the weights start.
    pub initialisation: Initialisation,
}

impl Network {
    /// A network with random weights.
    ///
    /// # Panics
    /// If there is not one activation per hidden layer.
    pub fn random(architecture: &Architecture, cost: Cost, seed: u64) -> Self {
        assert_eq!(
            architecture.activations.len(),
            architecture.hidden.len(),
            "one activation per hidden layer"
        );
        let Architecture { inputs, hidden, activations, sign_trick, .. } = architecture;
        let (sign_trick, initialisation) = (*sign_trick, architecture.initialisation);
        let mut layers = random_layers(*inputs, hidden, activations, sign_trick, initialisation, seed);
        let inputs = layers.last().map_or(*inputs, Layer::units);
        let (outputs, index) = (architecture.outputs, layers.len());
        layers.push(Layer::random(inputs, outputs, Activation::Identity, false, initialisation, seed, index));
        Self { layers, cost }
    }

    /// The network that a plan's training on such data starts from.
    ///
    /// # Errors
    /// Data of too many columns, or not enough memory for the training.
    pub fn planned(plan: &Plan, data: &Dataset) -> Result<Self, Error> {
        let options = plan.options();
        let (inputs, outputs) = (data.inputs.width(), data.targets.outputs());
        check_width(inputs)?;
        Footprint::of_plan(plan, data).check("the training")?;
        let architecture = Architecture {
            inputs,
            hidden: options.hidden.clone(),
            outputs,
            activations: options.activation.clone(),
            sign_trick: options.sign_trick,
            initialisation: options.initialisation,
        };
        let cost = Cost::for_task(data.targets.task());
        Ok(memory::catch(|| Self::random(&architecture, cost, options.seed))?)
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs()
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.output_layer().units()
    }

    /// The layers below the output layer.
    pub fn hidden(&self) -> &[Layer] {
        &self.layers[..self.layers.len() - 1]
    }

    /// The layer on top.
    pub fn output_layer(&self) -> &Layer {
        &self.layers[self.layers.len() - 1]
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(Layer::parameters).sum()
    }

    /// Passes a batch through the layers; `pass` then holds what each layer sends on, the last one
    /// before the cost's prediction.
    ///
    /// # Panics
    /// If the batch is not as wide as the network has inputs.
    pub fn forward(&self, engine: &mut Engine, inputs: Inputs<'_>, pass: &mut Pass) {
        forward(&self.layers, engine, inputs, pass);
    }

    /// Predictions, examples × outputs: class probabilities, label probabilities or quantities.
    ///
    /// # Panics
    /// If the batch is not as wide as the network has inputs.
    pub fn predict(&self, engine: &mut Engine, inputs: &Batch) -> DenseBatch {
        let mut predictions = DenseBatch::zeros(inputs.examples(), self.outputs());
        let rows = memory::numbers(inputs.examples());
        self.for_batches(engine, inputs, &rows, |_, chunk, pass| {
            let outputs = pass.outputs_mut();
            self.cost.predict(outputs);
            for (at, &row) in chunk.iter().enumerate() {
                predictions.row_mut(row).copy_from_slice(outputs.row(at));
            }
        });
        predictions
    }

    /// The code that hidden layer `layer` (0 is the lowest) gives each example: its activations.
    ///
    /// # Panics
    /// If there is no such hidden layer, or the batch is not as wide as the network has inputs.
    pub fn encode(&self, engine: &mut Engine, inputs: &Batch, layer: usize) -> ActiveBatch {
        assert!(layer < self.hidden().len(), "the network has {} hidden layers", self.hidden().len());
        encode(&self.layers[..=layer], engine, inputs)
    }

    /// What the hidden layers do on inputs whose targets need not be known.
    ///
    /// # Panics
    /// If the batch is not as wide as the network has inputs.
    pub fn observe(&self, engine: &mut Engine, inputs: &Batch) -> Vec<LayerObservation> {
        observe(self.hidden(), engine, inputs)
    }

    /// Passes chosen examples through the network, some hundred at a time, and shows each pass.
    pub(crate) fn for_batches(
        &self,
        engine: &mut Engine,
        inputs: &Batch,
        rows: &[usize],
        see: impl FnMut(&mut Engine, &[usize], &mut Pass),
    ) {
        for_batches(&self.layers, engine, inputs, rows, see);
    }

    /// Whether no weight or bias is infinite or NaN.
    pub fn is_finite(&self) -> bool {
        self.layers.iter().all(Layer::is_finite)
    }

    /// Whether targets are of the kind and width that the network's outputs answer to.
    pub fn suits(&self, data: &Dataset) -> bool {
        data.targets.task() == self.cost.task()
            && data.targets.outputs() == self.outputs()
            && data.inputs.width() == self.inputs()
    }
}

/// Hidden layers with random weights, lowest first.
pub(crate) fn random_layers(
    mut inputs: usize,
    hidden: &[usize],
    activations: &[Activation],
    sign_trick: bool,
    initialisation: Initialisation,
    seed: u64,
) -> Vec<Layer> {
    let layer = |(index, (&units, &activation)): (usize, (&usize, &Activation))| {
        let layer = Layer::random(inputs, units, activation, sign_trick, initialisation, seed, index);
        inputs = units;
        layer
    };
    hidden.iter().zip(activations).enumerate().map(layer).collect()
}

/// Whether a network may have so many inputs: no more than can be saved with how they are made.
pub(crate) fn check_width(inputs: usize) -> Result<(), Error> {
    if (1..=MAX_WIDTH).contains(&inputs) {
        return Ok(());
    }
    let expected = format!("1 to {MAX_WIDTH} columns");
    Err(DataError::unsuitable("training data", expected, inputs.to_string()).into())
}

/// Passes a batch through layers.
fn forward(layers: &[Layer], engine: &mut Engine, inputs: Inputs<'_>, pass: &mut Pass) {
    pass.layers.resize_with(layers.len(), Activations::default);
    for (index, layer) in layers.iter().enumerate() {
        let (below, out) = pass.layers.split_at_mut(index);
        let x = below.last().map_or(inputs, |below| below.inputs(Product::Forward));
        layer.forward(engine, x, false, &mut out[0]);
    }
}

/// Passes chosen examples through layers, some hundred at a time, and shows each pass. Zeros of a plain array are looked
/// for, and skipped if they are many.
pub(crate) fn for_batches(
    layers: &[Layer],
    engine: &mut Engine,
    inputs: &Batch,
    rows: &[usize],
    mut see: impl FnMut(&mut Engine, &[usize], &mut Pass),
) {
    let (mut batch, mut pass) = (Batch::Dense(DenseBatch::default()), Pass::default());
    let mut active = ActiveBatch::new(0);
    let densest = densest(Product::Forward, EVALUATION_BATCH);
    for chunk in rows.chunks(EVALUATION_BATCH) {
        let mut is_sparse = |dense: &DenseBatch, rows: &[usize]| {
            let most = densest * (rows.len() * dense.width()) as f64;
            engine.extract_rows(dense, rows.iter().copied(), most as usize, &mut active)
        };
        let x = match inputs {
            // A few tell whether it is worth while.
            Batch::Dense(dense)
                if is_sparse(dense, &chunk[..chunk.len().min(TOLD_BY)]) && is_sparse(dense, chunk) =>
            {
                Inputs::Active(&active)
            }
            _ => {
                batch.copy_from(inputs, chunk);
                batch.view()
            }
        };
        forward(layers, engine, x, &mut pass);
        see(engine, chunk, &mut pass);
    }
}

/// What layers do on inputs whose targets need not be known.
pub(crate) fn observe(layers: &[Layer], engine: &mut Engine, inputs: &Batch) -> Vec<LayerObservation> {
    let mut observer = Observer::default();
    let rows = memory::numbers(inputs.examples());
    for_batches(layers, engine, inputs, &rows, |_, _, pass| observer.see_layers(pass.layers()));
    observer.report()
}

/// What the highest of the layers makes of each example.
pub(crate) fn encode(layers: &[Layer], engine: &mut Engine, inputs: &Batch) -> ActiveBatch {
    let mut codes = ActiveBatch::new(layers.last().map_or(0, Layer::units));
    let rows = memory::numbers(inputs.examples());
    for_batches(layers, engine, inputs, &rows, |_, chunk, pass| {
        let code = pass.layers[layers.len() - 1].dense();
        for example in 0..chunk.len() {
            codes.push(code.row(example).iter().enumerate().map(|(unit, &h)| (unit as u32, h)));
        }
    });
    codes
}

/// What each layer sends on for a batch; reused from batch to batch.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    pub(crate) layers: Vec<Activations>,
}

impl Pass {
    /// One per layer, lowest first.
    pub fn layers(&self) -> &[Activations] {
        &self.layers
    }

    /// The hidden layers, lowest first.
    pub fn hidden(&self) -> &[Activations] {
        &self.layers[..self.layers.len() - 1]
    }

    /// What the last layer sends on.
    pub(crate) fn outputs_mut(&mut self) -> &mut DenseBatch {
        let last = self.layers.len() - 1;
        self.layers[last].dense_mut()
    }
}
