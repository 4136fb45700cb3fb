//! Pre-training layer after layer, epoch after epoch; the caller drives, as with a [`Trainer`](crate::Trainer).

use std::borrow::Cow;

use truezero_data::DataError;
use truezero_sparse::{Batch, Engine, PackedWeights, memory};

use super::decoder::{Decoder, DecoderForm};
use super::options::{PretrainingOptions, PretrainingPlan};
use super::reconstruction::{Reconstruction, Target};
use super::step::{Autoencoder, Buffers, Step, Zeros, encode};
use crate::activation::Activation;
use crate::error::Error;
use crate::footprint::{self, Footprint};
use crate::layer::{Initialisation, Layer};
use crate::network::{check_width, random_layers};
use crate::observe::{LayerObservation, Observer};
use crate::options::{Plan, TrainingOptions};
use crate::streams::{Purpose, Stream};
use crate::trainer::Control;

/// What memory is asked for.
const PURPOSE: &str = "the pre-training";

/// Examples whose reconstruction is evaluated together.
const EVALUATED_TOGETHER: usize = 256;

/// The epoch under whose number corruptions are drawn for validation: the same ones every time.
const VALIDATION: usize = usize::MAX;

/// An epoch of a layer, as it ended.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainingRecord {
    /// Counted from 1, the lowest.
    pub layer: usize,
    /// Counted from 1 in each layer.
    pub epoch: usize,
    /// Mean reconstruction cost of an example while training, without penalty.
    pub cost: f64,
    /// Mean reconstruction cost of a validation example, all inputs reconstructed.
    pub validation_cost: Option<f64>,
    /// The codes of the corrupted validation examples (without any, the training examples).
    pub code: LayerObservation,
}

/// What happened in a pre-training.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainingSummary {
    /// Whether all layers were trained to their end.
    pub completed: bool,
    /// For each layer begun, the epoch that gave its weights; 0 for those that it started with.
    pub best_epochs: Vec<usize>,
    /// One record per completed epoch of each layer.
    pub history: Vec<PretrainingRecord>,
}

/// How far [`Pretrainer::epoch`] came.
#[derive(Clone, Debug, PartialEq)]
pub enum PretrainingProgress {
    /// An epoch was completed.
    Epoch(Box<PretrainingRecord>),
    /// The caller stopped it; it can be called again.
    Interrupted,
    /// All layers are trained.
    Done,
}

/// A mini-batch, as it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PretrainingBatch {
    /// Counted from 1, the lowest.
    pub layer: usize,
    /// Counted from 1 in each layer.
    pub epoch: usize,
    /// Counted from 1.
    pub batch: usize,
    /// Of the epoch.
    pub batches: usize,
    /// Trained on in the epoch so far.
    pub examples: usize,
    /// Mean reconstruction cost of these.
    pub cost: f64,
    /// Fraction of zeros in the codes of this mini-batch; 0 for smooth units.
    pub sparsity: f64,
}

/// Pre-trains the hidden layers of a network.
#[derive(Debug)]
pub struct Pretrainer<'a> {
    plan: PretrainingPlan,
    engine: Engine,
    /// Finished ones, and those still to come; the present one is away in `stage`.
    layers: Vec<Layer>,
    /// What the present layer takes in.
    inputs: Cow<'a, Batch>,
    train: &'a [usize],
    validation: &'a [usize],
    /// The layer that is trained now, or that comes next.
    index: usize,
    stage: Option<Stage>,
    /// Of the layers that are done.
    decoders: Vec<Decoder>,
    summary: PretrainingSummary,
}

/// The training of one layer.
#[derive(Debug)]
struct Stage {
    autoencoder: Autoencoder,
    /// What inputs were multiplied by.
    scale: f32,
    epoch: usize,
    batch: usize,
    cost: f64,
    examples: usize,
    best: Best,
}

/// The layer as it reconstructed best.
#[derive(Debug)]
struct Best {
    epoch: usize,
    cost: f64,
    /// None while it is the layer as it is now.
    learned: Option<Learned>,
}

/// What is learned of a layer.
#[derive(Debug)]
struct Learned {
    layer: Layer,
    decoder: Option<PackedWeights>,
    decoder_bias: Vec<f32>,
}

/// The hidden layers, lowest first, that the pre-training of a network of a certain `shape` starts from, on so many
/// `examples` of so many `inputs`: those of the network that would be [planned](crate::Network::planned).
///
/// # Errors
/// Too many inputs, or not enough memory for the pre-training.
pub fn planned_layers(
    shape: &Plan,
    plan: &PretrainingPlan,
    inputs: usize,
    examples: usize,
) -> Result<Vec<Layer>, Error> {
    let TrainingOptions { hidden, activation, sign_trick, initialisation, seed, .. } = shape.options();
    check_width(inputs)?;
    let units = [&[inputs], &hidden[..]].concat();
    Footprint::of_pretraining(plan.options(), &units, examples).check(PURPOSE)?;
    let layers = || random_layers(inputs, hidden, activation, *sign_trick, *initialisation, *seed);
    Ok(memory::catch(layers)?)
}

impl<'a> Pretrainer<'a> {
    /// A pre-trainer of a network's hidden `layers`, lowest first, on the examples `train` of `inputs`; with
    /// `validation` a layer is done when these are no longer reconstructed better.
    ///
    /// # Errors
    /// No examples, layers that do not fit the inputs, each other or the plan, or not enough memory.
    pub fn new(
        plan: PretrainingPlan,
        layers: Vec<Layer>,
        inputs: &'a Batch,
        train: &'a [usize],
        validation: &'a [usize],
        threads: usize,
    ) -> Result<Self, Error> {
        if train.is_empty() {
            return Err(DataError::unsuitable("data to pre-train on", "at least one example", "none").into());
        }
        let planned = plan.options().epochs.len();
        if planned != layers.len() {
            return Err(Error::option("hidden", &format!("{planned} layers, as planned"), layers.len()));
        }
        let mut width = inputs.width();
        for layer in &layers {
            if layer.inputs() != width {
                let (expected, found) = (format!("{} inputs", layer.inputs()), width.to_string());
                return Err(DataError::unsuitable("data to pre-train on", expected, found).into());
            }
            width = layer.units();
        }
        let units: Vec<usize> = [inputs.width()].into_iter().chain(layers.iter().map(Layer::units)).collect();
        let footprint = Footprint::of_pretraining(plan.options(), &units, inputs.examples());
        footprint.holding(footprint::weights(&units)).check(PURPOSE)?;
        Ok(Self {
            plan,
            engine: Engine::new(threads),
            layers,
            inputs: Cow::Borrowed(inputs),
            train,
            validation,
            index: 0,
            stage: None,
            decoders: Vec::new(),
            summary: PretrainingSummary::default(),
        })
    }

    /// One record per completed epoch.
    pub fn history(&self) -> &[PretrainingRecord] {
        &self.summary.history
    }

    /// Trains to the end of the present epoch of the present layer; `on_batch` is called after each mini-batch.
    ///
    /// # Errors
    /// [`Error::PretrainingDiverged`], or inputs that the strategy cannot reconstruct. What was learned before is what
    /// [`finish`](Self::finish) returns.
    pub fn epoch(
        &mut self,
        on_batch: &mut dyn FnMut(&PretrainingBatch) -> Control,
    ) -> Result<PretrainingProgress, Error> {
        let Some(mut stage) = self.next_stage()? else {
            self.summary.completed = true;
            return Ok(PretrainingProgress::Done);
        };
        let progress = self.train(&mut stage, on_batch);
        self.stage = Some(stage);
        progress
    }

    /// The present stage, if it is not done, else that of the next layer.
    fn next_stage(&mut self) -> Result<Option<Stage>, Error> {
        loop {
            if let Some(stage) = self.stage.take() {
                if !self.is_done(&stage) {
                    return Ok(Some(stage));
                }
                self.end(stage, true);
            }
            if self.index == self.layers.len() {
                return Ok(None);
            }
            self.stage = Some(self.begin()?);
        }
    }

    fn is_done(&self, stage: &Stage) -> bool {
        let PretrainingOptions { patience, ref epochs, .. } = *self.plan.options();
        let impatient =
            patience > 0 && !self.validation.is_empty() && stage.epoch - stage.best.epoch >= patience;
        stage.epoch >= epochs[self.index] || impatient
    }

    /// Prepares the next layer's training: scales the inputs, makes a decoder.
    fn begin(&mut self) -> Result<Stage, Error> {
        let (index, options) = (self.index, self.plan.options());
        let below = index.checked_sub(1).map(|below| &self.layers[below]);
        let signed = below.is_some_and(|below| below.signs.is_some());
        let tanh = below.is_some_and(|below| below.activation == Activation::Tanh);
        let reconstruction = options.reconstruction[index];
        let cross_entropy = reconstruction == Reconstruction::CrossEntropy;
        let target = match (signed, cross_entropy && tanh) {
            (true, _) => Target::Magnitude,
            (_, true) => Target::Half,
            _ => Target::Plain,
        };
        let (least, most) = range(&self.inputs, self.train);
        if cross_entropy && target == Target::Plain && least < 0.0 {
            let place = format!("inputs of hidden layer {}", index + 1);
            let expected = "values of at least 0 for reconstruction by cross-entropy";
            let found = format!("{least}\nhint: --reconstruction softplus or linear takes any values");
            return Err(DataError::unsuitable(place, expected, found).into());
        }
        let mut peak = most.max(-least);
        let mut scale = 1.0;
        // A layer that is left as it is gets its inputs as the network will give them.
        let trains = options.epochs[index] > 0;
        if trains && reconstruction.scales() && target != Target::Half && peak > 0.0 {
            (scale, peak) = (peak.recip(), 1.0);
            if scale != 1.0 {
                multiply(self.inputs.to_mut(), scale);
            }
        }
        let means = means(&self.inputs, self.train, target);
        let decoder_bias = means.into_iter().map(|mean| reconstruction.first_bias(mean)).collect();
        let layer = self.layers[index].clone();
        let decoder = (!options.tied).then(|| own_decoder(&layer, options.seed, index));
        let autoencoder = Autoencoder {
            decoder_bias,
            layer,
            decoder,
            corruption: options.corruption[index],
            reconstruction,
            target,
            peak,
            buffers: Buffers::default(),
        };
        let best = Best { epoch: 0, cost: f64::INFINITY, learned: None };
        Ok(Stage { autoencoder, scale, epoch: 0, batch: 0, cost: 0.0, examples: 0, best })
    }

    /// Puts the best weights of the present layer in its place; with `next`, makes its codes the next one's inputs.
    fn end(&mut self, mut stage: Stage, next: bool) {
        if let Some(Learned { layer, decoder, decoder_bias }) = stage.best.learned.take() {
            let autoencoder = &mut stage.autoencoder;
            (autoencoder.layer, autoencoder.decoder, autoencoder.decoder_bias) =
                (layer, decoder, decoder_bias);
        }
        if next && self.index + 1 < self.layers.len() {
            self.inputs = Cow::Owned(encode(&mut self.engine, &stage.autoencoder.layer, &self.inputs));
        }
        let Autoencoder { mut layer, decoder, decoder_bias, reconstruction, target, .. } = stage.autoencoder;
        self.decoders.push(Decoder {
            weights: decoder.unwrap_or_else(|| layer.weights.clone()),
            bias: decoder_bias,
            form: DecoderForm { reconstruction, target, scale: stage.scale },
        });
        // x W, with x scaled, is x (scale W): the network's inputs are not scaled.
        if stage.scale != 1.0 {
            layer.weights.packed_mut().iter_mut().for_each(|w| *w *= stage.scale);
        }
        self.layers[self.index] = layer;
        self.summary.best_epochs.push(stage.best.epoch);
        self.index += 1;
    }

    fn train(
        &mut self,
        stage: &mut Stage,
        on_batch: &mut dyn FnMut(&PretrainingBatch) -> Control,
    ) -> Result<PretrainingProgress, Error> {
        let (index, options) = (self.index, self.plan.options());
        let (epoch, size) = (stage.epoch, options.batch_size);
        let step = Step { rate: options.learning_rate[index], l1: options.l1[index] };
        let stream = |purpose, batch| Stream::new(options.seed, purpose, index, epoch, batch);
        let mut order = self.train.to_vec();
        // Not the order of the fine-tuning, whose layer is 0 as well.
        Stream::new(options.seed, Purpose::Corruption, index, epoch, usize::MAX).shuffle(&mut order);
        if stage.batch == 0 && epoch == stage.best.epoch && epoch > 0 {
            let Autoencoder { layer, decoder, decoder_bias, .. } = &stage.autoencoder;
            stage.best.learned = Some(Learned {
                layer: layer.clone(),
                decoder: decoder.clone(),
                decoder_bias: decoder_bias.clone(),
            });
        }
        let batches = order.len().div_ceil(size);
        while stage.batch < batches {
            let batch = stage.batch;
            let rows = &order[batch * size..order.len().min((batch + 1) * size)];
            let noise = stream(Purpose::Corruption, batch);
            let zeros =
                options.sample_zeros.map(|ratio| Zeros { ratio, stream: stream(Purpose::Sample, batch) });
            let cost = stage.autoencoder.step(&mut self.engine, &self.inputs, rows, noise, zeros, step);
            if !cost.is_finite() {
                return Err(self.diverged(epoch, batch + 1, cost));
            }
            stage.cost += cost;
            stage.examples += rows.len();
            stage.batch += 1;
            let report = PretrainingBatch {
                layer: index + 1,
                epoch: epoch + 1,
                batch: batch + 1,
                batches,
                examples: stage.examples,
                cost: stage.cost / stage.examples as f64,
                sparsity: stage
                    .autoencoder
                    .buffers
                    .code
                    .active()
                    .map_or(0.0, |active| 1.0 - active.density()),
            };
            // Stopping after the last mini-batch would only put the epoch's end off.
            if on_batch(&report) == Control::Stop && stage.batch < batches {
                return Ok(PretrainingProgress::Interrupted);
            }
        }
        self.end_epoch(stage)
    }

    fn end_epoch(&mut self, stage: &mut Stage) -> Result<PretrainingProgress, Error> {
        let validated = !self.validation.is_empty();
        let rows = if validated { self.validation } else { self.train };
        let mut observer = Observer::default();
        let mut cost = 0.0;
        for (at, chunk) in rows.chunks(EVALUATED_TOGETHER).enumerate() {
            let noise =
                Stream::new(self.plan.options().seed, Purpose::Corruption, self.index, VALIDATION, at);
            let autoencoder = &mut stage.autoencoder;
            cost += autoencoder.reconstruct(&mut self.engine, &self.inputs, chunk, noise, None, false);
            observer.see_layers(std::slice::from_ref(&autoencoder.buffers.code));
        }
        let cost = cost / rows.len() as f64;
        if !cost.is_finite() || !stage.autoencoder.is_finite() {
            // An epoch that ends so does not count: what it has come to is never taken for the layer.
            return Err(self.diverged(stage.epoch, 0, cost));
        }
        stage.epoch += 1;
        let record = PretrainingRecord {
            layer: self.index + 1,
            epoch: stage.epoch,
            cost: stage.cost / stage.examples as f64,
            validation_cost: validated.then_some(cost),
            code: observer.report().remove(0),
        };
        // Without validation the latest weights are the best.
        if !validated || cost < stage.best.cost {
            stage.best = Best { epoch: stage.epoch, cost, learned: None };
        }
        (stage.batch, stage.cost, stage.examples) = (0, 0.0, 0);
        self.summary.history.push(record.clone());
        Ok(PretrainingProgress::Epoch(Box::new(record)))
    }

    fn diverged(&self, epoch: usize, batch: usize, cost: f64) -> Error {
        Error::PretrainingDiverged { layer: self.index + 1, epoch: epoch + 1, batch, cost }
    }

    /// Ends the pre-training: the layers, each with the weights that reconstructed best; those not begun as they were.
    pub fn finish(self) -> (Vec<Layer>, PretrainingSummary) {
        let (layers, _, summary) = self.finish_with_decoders();
        (layers, summary)
    }

    /// As [`finish`](Self::finish); also the decoders of those begun, lowest first.
    pub fn finish_with_decoders(mut self) -> (Vec<Layer>, Vec<Decoder>, PretrainingSummary) {
        if let Some(stage) = self.stage.take() {
            // Of a layer that has not completed an epoch only the start is known to be sound.
            if stage.epoch > 0 {
                self.end(stage, false);
            }
        }
        (self.layers, self.decoders, self.summary)
    }
}

/// A decoder's own weights, inputs × units, started as the layer's are.
fn own_decoder(layer: &Layer, seed: u64, index: usize) -> PackedWeights {
    let mut stream = Stream::new(seed, Purpose::Decoder, index, 0, 0);
    Layer::random_weights(layer.inputs(), layer.units(), Initialisation::Glorot, &mut stream)
}

/// The mean of what is reconstructed of each input, over some examples.
fn means(batch: &Batch, rows: &[usize], target: Target) -> Vec<f32> {
    let nothing = target.of(0.0);
    let mut sums = vec![0.0_f64; batch.width()];
    for &row in rows {
        let mut add = |input: usize, value: f32| sums[input] += f64::from(target.of(value) - nothing);
        match batch {
            Batch::Active(batch) => {
                let (indices, values) = batch.example(row);
                indices.iter().zip(values).for_each(|(&index, &value)| add(index as usize, value));
            }
            Batch::Dense(batch) => {
                batch.row(row).iter().enumerate().for_each(|(index, &value)| add(index, value));
            }
        }
    }
    sums.into_iter().map(|sum| nothing + (sum / rows.len() as f64) as f32).collect()
}

/// The least and the largest of the values of some examples, zeros included.
fn range(batch: &Batch, rows: &[usize]) -> (f32, f32) {
    let (mut least, mut most) = (0.0_f32, 0.0_f32);
    for &row in rows {
        let values = match batch {
            Batch::Active(batch) => batch.example(row).1,
            Batch::Dense(batch) => batch.row(row),
        };
        for &value in values {
            (least, most) = (least.min(value), most.max(value));
        }
    }
    (least, most)
}

/// Multiplies every value.
fn multiply(batch: &mut Batch, factor: f32) {
    match batch {
        // A value too small to be scaled is none that an example would miss.
        Batch::Active(batch) => batch.retain(|_, _, value| {
            *value *= factor;
            *value != 0.0
        }),
        Batch::Dense(batch) => batch.padded_mut().iter_mut().for_each(|value| *value *= factor),
    }
}

#[cfg(test)]
#[path = "pretrainer_tests.rs"]
mod tests;
