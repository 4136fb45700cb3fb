//! One training step: forward, cost, backward, update.

use truezero_data::Dataset;
use truezero_sparse::choose::Product;
use truezero_sparse::{Batch, DenseBatch, Engine, Inputs};

use super::Paused;
use crate::gradient::{norm_bound, squared_norm};
use crate::layer::{Activations, drop_inputs};
use crate::network::Pass;
use crate::observe::mean;
use crate::streams::{Purpose, Stream};

/// Buffers of a step, reused from mini-batch to mini-batch.
#[derive(Debug)]
pub(super) struct Buffers {
    inputs: Batch,
    pass: Pass,
    /// For each layer, the errors of its pre-activations (all but the last: of its outputs first).
    errors: Vec<DenseBatch>,
    /// For each hidden layer that gives zeros, the fraction of them before dropout.
    sparsity: Vec<f64>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            inputs: Batch::Dense(DenseBatch::default()),
            pass: Pass::default(),
            errors: Vec::new(),
            sparsity: Vec::new(),
        }
    }
}

/// What a step found.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepReport {
    /// Summed over the examples, without penalties.
    pub(super) cost: f64,
    /// Mean over the hidden layers that give zeros.
    pub(super) sparsity: f64,
}

impl Paused {
    /// Trains on the examples `rows` of `data`, mini-batch `batch` of epoch `epoch`. With `norms`, these become
    /// the gradient's norm in each layer.
    ///
    /// If the cost is not finite, nothing is updated.
    pub(super) fn step(
        &mut self,
        data: &Dataset,
        rows: &[usize],
        epoch: usize,
        batch: usize,
        norms: Option<&mut Vec<f64>>,
    ) -> StepReport {
        let mut buffers = std::mem::take(&mut self.buffers);
        let examples = rows.len() as f32;
        self.forward(data, rows, epoch, batch, &mut buffers);
        let layers = self.network.layers.len();
        buffers.errors.resize_with(layers, DenseBatch::default);
        std::mem::swap(buffers.pass.outputs_mut(), &mut buffers.errors[layers - 1]);
        let cost = self.network.cost.cost_and_errors(
            &mut self.engine,
            &mut buffers.errors[layers - 1],
            &data.targets,
            data.weights.as_deref(),
            rows,
            examples.recip(),
        );
        if cost.is_finite() {
            // Weighted as the cost is.
            let (l1, weights) = (self.l1() / examples, data.weights.as_deref());
            let penalty = |example: usize| weights.map_or(l1, |weights| l1 * weights[rows[example]]);
            self.backward_and_update(&penalty, norms, &mut buffers);
        }
        self.buffers = buffers;
        StepReport { cost, sparsity: self.sparsity() }
    }

    /// Mean sparsity of the hidden layers in the latest mini-batch.
    pub(super) fn sparsity(&self) -> f64 {
        mean(self.buffers.sparsity.iter().copied()).unwrap_or(0.0)
    }

    fn forward(&mut self, data: &Dataset, rows: &[usize], epoch: usize, batch: usize, buffers: &mut Buffers) {
        let options = self.plan.options();
        let Buffers { inputs, pass, sparsity, .. } = buffers;
        let stream = |layer| Stream::new(options.seed, Purpose::Dropout, layer, epoch, batch);
        inputs.copy_from(&data.inputs, rows);
        drop_inputs(inputs, options.input_dropout, stream(0));
        let layers = self.network.layers.len();
        pass.layers.resize_with(layers, Activations::default);
        sparsity.clear();
        for (index, layer) in self.network.layers.iter_mut().enumerate() {
            let (below, out) = pass.layers.split_at_mut(index);
            let x = below.last().map_or(inputs.view(), |below| below.inputs(Product::Forward));
            let hidden = index + 1 < layers;
            self.updater.catch_up(&mut self.engine, index, layer, x);
            layer.forward(&mut self.engine, x, hidden, &mut out[0]);
            if hidden {
                sparsity.extend(out[0].active().map(|active| 1.0 - active.density()));
                out[0].drop_out(options.dropout[index], stream(index + 1));
            }
        }
    }

    fn backward_and_update(
        &mut self,
        penalty: &(dyn Fn(usize) -> f32 + Sync),
        norms: Option<&mut Vec<f64>>,
        buffers: &mut Buffers,
    ) {
        let Buffers { inputs, pass, errors, .. } = buffers;
        let layers = &mut self.network.layers;
        let (engine, updater) = (&mut self.engine, &mut self.updater);
        let clip = self.plan.options().clip_norm;
        // Steered, it is for zeros: where there can be none it would only cost.
        let for_zeros = self.steering.is_some();
        // Going backward, a batch may be better multiplied in full; but rows that `forward` did not catch up with may
        // be behind.
        let puts_off = updater.puts_off();
        let inputs_of = |index: usize| match index.checked_sub(1).map(|below| &pass.layers[below]) {
            Some(below) => match below.inputs(Product::Forward) {
                active @ Inputs::Active(_) if puts_off => active,
                _ => below.inputs(Product::Backward),
            },
            None => inputs.view(),
        };
        updater.begin_step();
        for index in (0..layers.len()).rev() {
            let (below, layer) = layers.split_at_mut(index);
            let (errors_below, errors) = errors.split_at_mut(index);
            let (layer, delta, x) = (&mut layer[0], &errors[0], inputs_of(index));
            let mut errors = errors_below.last_mut();
            if clip.is_none() {
                updater.update(engine, index, layer, x, delta, 1.0, errors.as_deref_mut());
            } else if let Some(errors) = &mut errors {
                engine.backward(x, &layer.weights, delta, errors);
            }
            if let (Some(below), Some(errors), Some(out)) =
                (below.last(), errors, pass.layers[..index].last())
            {
                if for_zeros && !below.activation.gives_zeros() {
                    below.backward(engine, out, |_| 0.0, errors);
                } else {
                    below.backward(engine, out, penalty, errors);
                }
            }
        }
        let mut scale = 1.0;
        let is_short = |engine: &mut Engine, limit: f64| {
            let bounds = (0..errors.len()).map(|index| norm_bound(engine, inputs_of(index), &errors[index]));
            bounds.map(|bound| bound * bound).sum::<f64>().sqrt() <= limit
        };
        if norms.is_some() || clip.is_some_and(|limit| !is_short(engine, limit.into())) {
            let squares: Vec<f64> = (0..errors.len())
                .map(|index| squared_norm(engine, inputs_of(index), &errors[index]))
                .collect();
            let norm = squares.iter().sum::<f64>().sqrt();
            if let Some(limit) = clip.map(f64::from)
                && norm > limit
            {
                scale = (limit / norm) as f32;
            }
            if let Some(norms) = norms {
                *norms = squares.into_iter().map(f64::sqrt).collect();
            }
        }
        if clip.is_some() {
            for (index, layer) in layers.iter_mut().enumerate() {
                updater.update(engine, index, layer, inputs_of(index), &errors[index], scale, None);
            }
        }
    }
}
