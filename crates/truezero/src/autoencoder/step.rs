//! One hidden layer as a denoising auto-encoder, and one mini-batch of its training.
//!
//! ```text
//! forward   h = f(x̃ W + b);  a = h Dᵀ + c
//! backward  e = ∂cost/∂a;  error of h = e D;  δ as in every layer, with the penalty λ
//! update    D −= η eᵀ h;  W −= η x̃ᵀ δ        (both on the same matrix where D is W)
//! ```
//!
//! With D laid out as W, inputs × units, these are the products that a layer is trained with, the other way round: the
//! decoder computes what `backward` does, and e takes the place of the inputs in `forward` and `sgd`. So inputs
//! that are not reconstructed are skipped in all of them.

use truezero_sparse::{ActiveBatch, Batch, DenseBatch, Engine, Inputs, PackedWeights, Pointwise, memory};

use super::corruption::Corruption;
use super::reconstruction::{Reconstruction, Target};
use super::sampling::Sample;
use crate::layer::{Activations, Layer};
use crate::network::for_batches;
use crate::streams::Stream;

/// A layer with what it is pre-trained by.
#[derive(Debug)]
pub(super) struct Autoencoder {
    pub(super) layer: Layer,
    /// D, if it is not the layer's own weights; inputs × units.
    pub(super) decoder: Option<PackedWeights>,
    /// c, one for each input.
    pub(super) decoder_bias: Vec<f32>,
    pub(super) corruption: Corruption,
    pub(super) reconstruction: Reconstruction,
    pub(super) target: Target,
    /// The largest input there is.
    pub(super) peak: f32,
    pub(super) buffers: Buffers,
}

/// Buffers of a step, reused from mini-batch to mini-batch.
#[derive(Debug)]
pub(super) struct Buffers {
    clean: Batch,
    noisy: Batch,
    /// The codes.
    pub(super) code: Activations,
    sample: Sample,
    /// Examples × inputs: a, where it is reconstructed.
    decoded: DenseBatch,
    /// a, and in the same places the targets: examples × inputs, or all that is sampled in one row.
    pre: DenseBatch,
    targets: DenseBatch,
    softplus: DenseBatch,
    slopes: DenseBatch,
    /// e.
    errors: Errors,
    code_errors: DenseBatch,
    sums: Vec<f32>,
    no_bias: Vec<f32>,
}

#[derive(Debug)]
enum Errors {
    All(DenseBatch),
    Sampled(ActiveBatch),
}

impl Errors {
    fn view(&self) -> Inputs<'_> {
        match self {
            Self::All(batch) => Inputs::Dense(batch),
            Self::Sampled(batch) => Inputs::Active(batch),
        }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        let empty = || Batch::Dense(DenseBatch::default());
        Self {
            clean: empty(),
            noisy: empty(),
            code: Activations::default(),
            sample: Sample::default(),
            decoded: DenseBatch::default(),
            pre: DenseBatch::default(),
            targets: DenseBatch::default(),
            softplus: DenseBatch::default(),
            slopes: DenseBatch::default(),
            errors: Errors::All(DenseBatch::default()),
            code_errors: DenseBatch::default(),
            sums: Vec::new(),
            no_bias: Vec::new(),
        }
    }
}

/// How the weights follow a mini-batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) rate: f32,
    pub(super) l1: f32,
}

/// Which zeros are reconstructed: so many for each non-zero, drawn from the stream.
pub(super) struct Zeros {
    pub(super) ratio: f32,
    pub(super) stream: Stream,
}

impl Autoencoder {
    /// Whether no weight or bias is infinite or NaN.
    pub(super) fn is_finite(&self) -> bool {
        let decoder = self.decoder.iter().flat_map(PackedWeights::packed).chain(&self.decoder_bias);
        self.layer.is_finite() && decoder.copied().all(f32::is_finite)
    }

    /// Trains on the examples `rows` of `x`; the summed cost of their reconstruction, without penalty. If it is not
    /// finite, nothing is updated.
    pub(super) fn step(
        &mut self,
        engine: &mut Engine,
        x: &Batch,
        rows: &[usize],
        noise: Stream,
        zeros: Option<Zeros>,
        step: Step,
    ) -> f64 {
        let cost = self.reconstruct(engine, x, rows, noise, zeros, true);
        if !cost.is_finite() {
            return cost;
        }
        let Step { rate, l1 } = step;
        let examples = rows.len() as f32;
        let Buffers { noisy, code, errors, code_errors, sums, no_bias, .. } = &mut self.buffers;
        // The errors are summed over the mini-batch, its mean is descended.
        let rate = rate / examples;
        no_bias.resize(self.layer.units(), 0.0);
        let decoder = self.decoder.as_ref().unwrap_or(&self.layer.weights);
        engine.forward(errors.view(), decoder, no_bias, code_errors);
        self.layer.backward(engine, code, |_| l1, code_errors);
        let decoder = self.decoder.as_mut().unwrap_or(&mut self.layer.weights);
        engine.sgd(errors.view(), decoder, code.dense(), rate);
        engine.sgd(noisy.view(), &mut self.layer.weights, code_errors, rate);
        code_errors.column_sums(sums);
        descend(&mut self.layer.bias, sums, rate);
        match errors {
            Errors::All(errors) => {
                errors.column_sums(sums);
                descend(&mut self.decoder_bias, sums, rate);
            }
            Errors::Sampled(errors) => {
                for (&input, error) in errors.indices().iter().zip(errors.values()) {
                    self.decoder_bias[input as usize] -= rate * error;
                }
            }
        }
        cost
    }

    /// Reconstructs corrupted examples: the summed cost, the codes, and the errors of what is reconstructed. With
    /// `slopes` the codes can go [backward](Layer::backward).
    pub(super) fn reconstruct(
        &mut self,
        engine: &mut Engine,
        x: &Batch,
        rows: &[usize],
        noise: Stream,
        zeros: Option<Zeros>,
        slopes: bool,
    ) -> f64 {
        let buffers = &mut self.buffers;
        buffers.clean.copy_from(x, rows);
        buffers.noisy.copy_from(x, rows);
        self.corruption.apply(&mut buffers.noisy, self.peak, noise);
        self.layer.forward(engine, buffers.noisy.view(), slopes, &mut buffers.code);
        let decoder = self.decoder.as_ref().unwrap_or(&self.layer.weights);
        let Buffers { clean, noisy, code, sample, decoded, pre, targets, .. } = buffers;
        let sampled = if let (Some(mut zeros), Batch::Active(clean)) = (zeros, &*clean) {
            // Noise on every input leaves no zeros to sample from: those of the clean input are meant.
            let noisy = if let Batch::Active(noisy) = noisy { noisy } else { clean };
            sample.draw(clean, noisy, zeros.ratio, &mut zeros.stream);
            engine.backward(Inputs::Active(&sample.chosen), decoder, code.dense(), decoded);
            gather(sample, decoded, &self.decoder_bias, self.target, pre, targets);
            true
        } else {
            // Of the inputs only the shape matters.
            targets.reset(rows.len(), self.layer.inputs());
            engine.backward(Inputs::Dense(targets), decoder, code.dense(), pre);
            for example in 0..rows.len() {
                let a = pre.row_mut(example).iter_mut().zip(&self.decoder_bias);
                a.for_each(|(a, c)| *a += c);
                fill(targets.row_mut(example), clean, example, self.target);
            }
            false
        };
        self.cost_and_errors(engine, sampled)
    }

    /// The summed cost, each sampled input as often as it counts; the errors go into their buffer.
    fn cost_and_errors(&mut self, engine: &mut Engine, sampled: bool) -> f64 {
        let Buffers { sample, pre, targets, softplus, slopes, errors, .. } = &mut self.buffers;
        if self.reconstruction.needs_softplus() {
            softplus.clone_from(pre);
            engine.activate(Pointwise::Softplus { alpha: 1.0 }, None, softplus, Some(slopes));
        } else {
            softplus.reset(pre.examples(), pre.width());
            slopes.reset(pre.examples(), pre.width());
        }
        let counts = sampled.then(|| sample.chosen.values());
        let mut total = 0.0;
        for row in 0..pre.examples() {
            let smooth = softplus.row(row).iter().zip(slopes.row(row));
            let mut sum = 0.0;
            for (at, ((a, target), (softplus, slope))) in
                pre.row_mut(row).iter_mut().zip(targets.row(row)).zip(smooth).enumerate()
            {
                let (cost, error) = self.reconstruction.cost_and_error(*a, *softplus, *slope, *target);
                let count = counts.map_or(1.0, |counts| counts[at]);
                sum += f64::from(count * cost);
                *a = count * error;
            }
            total += sum;
        }
        if sampled {
            if !matches!(errors, Errors::Sampled(_)) {
                *errors = Errors::Sampled(ActiveBatch::new(0));
            }
            let Errors::Sampled(errors) = errors else { unreachable!("made so above") };
            errors.reset(sample.chosen.width());
            let mut values = pre.row(0).iter();
            for example in 0..sample.chosen.examples() {
                let (indices, _) = sample.chosen.example(example);
                errors.push(indices.iter().copied().zip(values.by_ref().copied()));
            }
        } else {
            if !matches!(errors, Errors::All(_)) {
                *errors = Errors::All(DenseBatch::default());
            }
            let Errors::All(errors) = errors else { unreachable!("made so above") };
            std::mem::swap(errors, pre);
        }
        total
    }
}

fn descend(parameters: &mut [f32], gradient: &[f32], rate: f32) {
    parameters.iter_mut().zip(gradient).for_each(|(parameter, g)| *parameter -= rate * g);
}

/// Collects what is sampled into one row each: a, and its target.
fn gather(
    sample: &Sample,
    decoded: &DenseBatch,
    bias: &[f32],
    target: Target,
    pre: &mut DenseBatch,
    targets: &mut DenseBatch,
) {
    pre.reset(1, sample.clean.len());
    targets.reset(1, sample.clean.len());
    let mut places = pre.row_mut(0).iter_mut();
    for example in 0..sample.chosen.examples() {
        let (indices, _) = sample.chosen.example(example);
        let row = decoded.row(example);
        for (&input, place) in indices.iter().zip(places.by_ref()) {
            *place = row[input as usize] + bias[input as usize];
        }
    }
    targets.row_mut(0).iter_mut().zip(&sample.clean).for_each(|(to, &clean)| *to = target.of(clean));
}

/// Makes `row` the targets of all inputs of an example.
fn fill(row: &mut [f32], clean: &Batch, example: usize, target: Target) {
    match clean {
        Batch::Dense(batch) => {
            row.iter_mut().zip(batch.row(example)).for_each(|(to, &x)| *to = target.of(x));
        }
        Batch::Active(batch) => {
            row.fill(target.of(0.0));
            let (indices, values) = batch.example(example);
            for (&index, &x) in indices.iter().zip(values) {
                row[index as usize] = target.of(x);
            }
        }
    }
}

/// What a layer makes of every example, in the form that suits its activation.
pub(super) fn encode(engine: &mut Engine, layer: &Layer, x: &Batch) -> Batch {
    let mut codes = if layer.activation.gives_zeros() {
        Batch::Active(ActiveBatch::new(layer.units()))
    } else {
        Batch::Dense(DenseBatch::zeros(x.examples(), layer.units()))
    };
    let rows = memory::numbers(x.examples());
    for_batches(std::slice::from_ref(layer), engine, x, &rows, |_, chunk, pass| {
        let out = &pass.layers()[0];
        match (&mut codes, out.active()) {
            (Batch::Active(codes), Some(active)) => codes.extend_from(active, &rows[..chunk.len()]),
            (Batch::Dense(codes), _) => {
                for (at, &row) in chunk.iter().enumerate() {
                    codes.row_mut(row).copy_from_slice(out.dense().row(at));
                }
            }
            (Batch::Active(_), None) => unreachable!("a layer that gives zeros lists its active values"),
        }
    });
    codes
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "oracle.rs"]
mod oracle;
