//! Optimisers: how weights w follow their gradients g, with learning rate η and weight decay λ
//! (g stands for g + λ w below; biases do not decay).
//!
//! | name | step |
//! |---|---|
//! | `sgd` | w ← w − η g |
//! | `momentum` | v ← μ v + g;  w ← w − η v |
//! | `nesterov` | v ← μ v + g;  w ← w − η (g + μ v) |
//! | `adam` | m ← β₁ m + (1−β₁) g;  v ← β₂ v + (1−β₂) g²;  w ← w − η m̂ / (√v̂ + ε) |
//!
//! Moments below 1e-30 in magnitude become zero: those of units that are silent for good would else end as denormal
//! numbers, with which processors are slow.
//!
//! **Weight rows that a mini-batch does not touch are not visited.** Their gradient is zero (but for
//! the decay), so what a step would have done to them is known in advance; it is made up for before
//! the row is read again. Each row remembers how many steps it has seen. For the first three rules a
//! missed step is a fixed linear map of (w, v), and k of them are its k-th power; Adam's are made at once without decay
//! and one by one with it. All give what a pass over all rows at every step would have given, up to rounding. Before
//! constants or the rate change, all rows are caught up with under the old ones.

// Rules are compiled for an instruction set by being inlined into the kernels.
#![allow(clippy::inline_always)]

mod adam;
mod momentum;
mod sgd;
#[cfg(test)]
mod tests;

use truezero_sparse::{DenseBatch, Engine, Inputs, LANES, Line, LineRule, PackedWeights};

use self::adam::Adam;
use self::momentum::Momentum;
use self::sgd::Sgd;
use crate::layer::Layer;
use crate::network::Network;

/// Which rule of the table above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Plain stochastic gradient descent, fused into the backward pass (the paper's).
    #[default]
    Sgd,
    /// Heavy-ball momentum.
    Momentum,
    /// Nesterov's accelerated gradient.
    Nesterov,
    /// Adam (Kingma & Ba 2015).
    Adam,
}

impl Rule {
    /// Matrices that it remembers of each layer, as large as the weights.
    pub(crate) fn memories(self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::Momentum | Self::Nesterov => 1,
            Self::Adam => 2,
        }
    }

    /// The learning rate of a training that is not told another: for plain descent the paper's. With μ = 0.9 a gradient
    /// counts ten times in all, so the rate is a tenth of that; Adam's steps are as long as its rate, whatever
    /// the gradient.
    pub fn learning_rate(self) -> f32 {
        match self {
            Self::Sgd => 0.1,
            Self::Momentum | Self::Nesterov => 0.01,
            Self::Adam => 0.001,
        }
    }
}

/// An optimiser and its constants.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimizer {
    /// The rule.
    pub rule: Rule,
    /// μ of `momentum` and `nesterov`, in [0, 1).
    pub momentum: f32,
    /// β₁ of `adam`, in [0, 1).
    pub beta1: f32,
    /// β₂ of `adam`, in [0, 1).
    pub beta2: f32,
    /// ε of `adam`.
    pub epsilon: f32,
    /// λ: strength of the L2 penalty ½ λ Σ w².
    pub weight_decay: f32,
}

impl Default for Optimizer {
    fn default() -> Self {
        Self { rule: Rule::Sgd, momentum: 0.9, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// Moments that are smaller become zero.
const NEGLIGIBLE_MOMENT: f32 = 1e-30;

/// A moment without what is negligible of it.
#[inline(always)]
fn flushed(moment: f32) -> f32 {
    if moment.abs() < NEGLIGIBLE_MOMENT { 0.0 } else { moment }
}

/// A rule of the table with its constants: what steps do to a weight. `N` counts the weight and what is remembered of it.
trait UpdateRule<const N: usize>: Sync {
    /// Step number `step` (from 1), along a gradient times `scale` plus `decay` times the weight.
    fn step(&self, step: u64, scale: f32, decay: f32) -> impl LineRule<N>;

    /// Makes ready for [`missed`](Self::missed): for rows that have seen these numbers of `steps` steps.
    fn prepare(&mut self, seen: impl Iterator<Item = u64>, steps: u64);

    /// The steps `seen + 1 ..= steps`, without a gradient but that of the decay.
    fn missed(&self, seen: u64, steps: u64) -> impl LineRule<N>;
}

/// What a rule is made from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Constants {
    optimizer: Optimizer,
    rate: f32,
}

/// The rule in use.
#[derive(Clone, Debug)]
enum InUse {
    Sgd(Sgd),
    Momentum(Momentum),
    Adam(Adam),
}

impl InUse {
    fn new(constants: Constants) -> Self {
        match constants.optimizer.rule {
            Rule::Sgd => Self::Sgd(Sgd::new(constants)),
            Rule::Momentum | Rule::Nesterov => Self::Momentum(Momentum::new(constants)),
            Rule::Adam => Self::Adam(Adam::new(constants)),
        }
    }
}

/// What an optimiser remembers of a layer. Matrices that its rule does not need are empty.
#[derive(Clone, Debug)]
pub(crate) struct LayerMemory {
    /// v of momentum, m of Adam.
    pub(crate) first: PackedWeights,
    /// v of Adam.
    pub(crate) second: PackedWeights,
    pub(crate) bias_first: Vec<f32>,
    pub(crate) bias_second: Vec<f32>,
    /// Steps that each weight row has seen; empty if the rule leaves untouched rows alone.
    pub(crate) seen: Vec<u64>,
}

/// Applies an optimiser to a network, step by step.
#[derive(Debug)]
pub(crate) struct Updater {
    constants: Constants,
    rule: InUse,
    /// Steps taken so far.
    pub(crate) steps: u64,
    pub(crate) memory: Vec<LayerMemory>,
    rows: Vec<u32>,
    bias_gradient: Vec<f32>,
}

impl Updater {
    pub(crate) fn new(optimizer: Optimizer, network: &Network) -> Self {
        let matrices = optimizer.rule.memories();
        let memory = network.layers.iter().map(|layer| {
            let matrix = |needed: bool| {
                let (inputs, units) = if needed { (layer.inputs(), layer.units()) } else { (0, 0) };
                PackedWeights::zeros(inputs, units)
            };
            let vector = |needed: bool| vec![0.0; if needed { layer.units() } else { 0 }];
            LayerMemory {
                first: matrix(matrices > 0),
                second: matrix(matrices > 1),
                bias_first: vector(matrices > 0),
                bias_second: vector(matrices > 1),
                seen: vec![0; if Self::lazy(&optimizer) { layer.inputs() } else { 0 }],
            }
        });
        let constants = Constants { optimizer, rate: 0.0 };
        Self {
            constants,
            rule: InUse::new(constants),
            steps: 0,
            memory: memory.collect(),
            rows: Vec::new(),
            bias_gradient: Vec::new(),
        }
    }

    /// Whether a step would move rows that the mini-batch does not touch.
    fn lazy(optimizer: &Optimizer) -> bool {
        optimizer.rule != Rule::Sgd || optimizer.weight_decay != 0.0
    }

    /// Whether updates of rows are put off, which must be caught up with before they are read.
    pub(crate) fn puts_off(&self) -> bool {
        Self::lazy(&self.constants.optimizer)
    }

    /// Changes the constants of the rule, which stays the same. Steps so far were those of the old constants for all rows.
    pub(crate) fn set_constants(&mut self, engine: &mut Engine, network: &mut Network, optimizer: Optimizer) {
        self.catch_up_all(engine, network);
        for (memory, layer) in self.memory.iter_mut().zip(&network.layers) {
            memory.seen.clear();
            memory.seen.resize(if Self::lazy(&optimizer) { layer.inputs() } else { 0 }, self.steps);
        }
        self.constants.optimizer = optimizer;
        self.rule = InUse::new(self.constants);
    }

    pub(crate) fn rate(&self) -> f32 {
        self.constants.rate
    }

    /// Changes the learning rate. All rows must have been [caught up](Self::catch_up_all) with.
    pub(crate) fn set_rate(&mut self, rate: f32) {
        if rate.to_bits() != self.constants.rate.to_bits() {
            self.constants.rate = rate;
            self.rule = InUse::new(self.constants);
        }
    }

    /// Whether all that is remembered is finite.
    pub(crate) fn is_finite(&self) -> bool {
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        self.memory.iter().all(|LayerMemory { first, second, bias_first, bias_second, .. }| {
            finite(first.packed()) && finite(second.packed()) && finite(bias_first) && finite(bias_second)
        })
    }

    /// Makes up for the steps that the rows touched by `x` have missed; before they are read.
    pub(crate) fn catch_up(&mut self, engine: &mut Engine, index: usize, layer: &mut Layer, x: Inputs<'_>) {
        if self.puts_off() {
            let mut rows = std::mem::take(&mut self.rows);
            engine.touched_rows(x, &mut rows);
            self.catch_up_rows(engine, index, layer, &mut rows);
            self.rows = rows;
        }
    }

    /// Makes up for all missed steps.
    pub(crate) fn catch_up_all(&mut self, engine: &mut Engine, network: &mut Network) {
        if self.puts_off() {
            for (index, layer) in network.layers.iter_mut().enumerate() {
                let mut rows: Vec<u32> = (0..layer.inputs() as u32).collect();
                self.catch_up_rows(engine, index, layer, &mut rows);
            }
        }
    }

    fn catch_up_rows(&mut self, engine: &mut Engine, index: usize, layer: &mut Layer, rows: &mut Vec<u32>) {
        let (decay, steps) = (self.constants.optimizer.weight_decay, self.steps);
        let LayerMemory { first, second, seen, .. } = &mut self.memory[index];
        // A row that was never touched has no memory, and without decay it rests.
        let rests = |seen: u64| seen == steps || (seen == 0 && decay == 0.0);
        rows.retain(|&row| !rests(seen[row as usize]));
        if rows.is_empty() {
            return;
        }
        let weights = &mut layer.weights;
        match &mut self.rule {
            InUse::Sgd(rule) => make_up(rule, engine, rows, [weights], seen, steps),
            InUse::Momentum(rule) => make_up(rule, engine, rows, [weights, first], seen, steps),
            InUse::Adam(rule) => make_up(rule, engine, rows, [weights, first, second], seen, steps),
        }
        for &row in rows.iter() {
            seen[row as usize] = steps;
        }
    }

    /// Starts a step; [`update`](Self::update) then follows once for each layer.
    pub(crate) fn begin_step(&mut self) {
        self.steps += 1;
    }

    /// Moves the weights and biases of a layer against the gradient that its inputs `x` and the
    /// errors `delta` of its pre-activations make, times `scale`. With `errors`, these become the errors of the inputs, by
    /// the weights before the step, in the same pass.
    ///
    /// Rows that `x` touches must have been [caught up](Self::catch_up) with.
    #[allow(clippy::too_many_arguments)] // the symbols of the formula
    pub(crate) fn update(
        &mut self,
        engine: &mut Engine,
        index: usize,
        layer: &mut Layer,
        x: Inputs<'_>,
        delta: &DenseBatch,
        scale: f32,
        errors: Option<&mut DenseBatch>,
    ) {
        self.update_bias(index, layer, delta, scale);
        let (Constants { optimizer, rate }, step) = (self.constants, self.steps);
        let decay = optimizer.weight_decay;
        let LayerMemory { first, second, seen, .. } = &mut self.memory[index];
        let weights = &mut layer.weights;
        let touched = match &self.rule {
            InUse::Sgd(_) if decay == 0.0 => {
                match errors {
                    Some(errors) => engine.backward_sgd(x, weights, delta, rate * scale, errors),
                    None => engine.sgd(x, weights, delta, rate * scale),
                }
                return;
            }
            InUse::Sgd(rule) => follow(&rule.step(step, scale, decay), engine, x, delta, [weights], errors),
            InUse::Momentum(rule) => {
                follow(&rule.step(step, scale, decay), engine, x, delta, [weights, first], errors)
            }
            InUse::Adam(rule) => {
                follow(&rule.step(step, scale, decay), engine, x, delta, [weights, first, second], errors)
            }
        };
        match touched {
            Some(rows) => rows.iter().for_each(|&row| seen[row as usize] = step),
            None => seen.fill(step),
        }
    }

    /// The part of [`update`](Self::update) that is for the biases.
    fn update_bias(&mut self, index: usize, layer: &mut Layer, delta: &DenseBatch, scale: f32) {
        let gradient = &mut self.bias_gradient;
        delta.column_sums(gradient);
        let (rate, step) = (self.constants.rate, self.steps);
        let LayerMemory { bias_first: first, bias_second: second, .. } = &mut self.memory[index];
        let bias = &mut layer.bias;
        match &self.rule {
            InUse::Sgd(_) => bias.iter_mut().zip(gradient).for_each(|(b, g)| *b -= rate * scale * *g),
            InUse::Momentum(rule) => follow_plain(&rule.step(step, scale, 0.0), gradient, [bias, first]),
            InUse::Adam(rule) => follow_plain(&rule.step(step, scale, 0.0), gradient, [bias, first, second]),
        }
    }
}

/// Makes the steps that some rows have missed.
fn make_up<const N: usize>(
    rule: &mut impl UpdateRule<N>,
    engine: &mut Engine,
    rows: &[u32],
    matrices: [&mut PackedWeights; N],
    seen: &[u64],
    steps: u64,
) {
    rule.prepare(rows.iter().map(|&row| seen[row as usize]), steps);
    let rule = &*rule;
    engine.for_rows(rows, matrices, |row| rule.missed(seen[row], steps));
}

/// Moves the rows that a mini-batch touches, and gives them.
fn follow<'a, const N: usize>(
    rule: &impl LineRule<N>,
    engine: &'a mut Engine,
    x: Inputs<'_>,
    delta: &DenseBatch,
    matrices: [&mut PackedWeights; N],
    errors: Option<&mut DenseBatch>,
) -> Option<&'a [u32]> {
    match errors {
        Some(errors) => engine.backward_update(x, delta, matrices, rule, errors),
        None => engine.update(x, delta, matrices, rule),
    }
}

/// Applies a rule to plain arrays of one length.
fn follow_plain<const N: usize>(rule: &impl LineRule<N>, gradient: &[f32], mut state: [&mut Vec<f32>; N]) {
    let line_of = |values: &[f32], start: usize| {
        let mut line: Line = [0.0; LANES];
        let values = &values[start..values.len().min(start + LANES)];
        line[..values.len()].copy_from_slice(values);
        line
    };
    for start in (0..gradient.len()).step_by(LANES) {
        let mut lines = [[0.0; LANES]; N];
        for (line, values) in lines.iter_mut().zip(&state) {
            *line = line_of(values, start);
        }
        lines = rule.apply(line_of(gradient, start), lines);
        let end = gradient.len().min(start + LANES);
        for (line, values) in lines.iter().zip(&mut state) {
            values[start..end].copy_from_slice(&line[..end - start]);
        }
    }
}
