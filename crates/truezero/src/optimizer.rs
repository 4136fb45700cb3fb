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
//! **Weight rows that a mini-batch does not touch are not visited.** Their gradient is zero (but for
//! the decay), so what a step would have done to them is known in advance; it is made up for before
//! the row is read again. Each row remembers how many steps it has seen. For the first three rules a
//! missed step is a fixed linear map of (w, v), and k of them are its k-th power; Adam's missed
//! steps are replayed one by one until the first moment has faded. Both give what a pass over all
//! rows at every step would have given, up to rounding.

use truezero_sparse::{DenseBatch, Engine, Inputs, PackedWeights};

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

/// A first moment this small, relative to where it started, moves no weight any more.
const FADED: f64 = 1e-10;

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
    optimizer: Optimizer,
    rate: f32,
    /// Steps taken so far.
    pub(crate) steps: u64,
    pub(crate) memory: Vec<LayerMemory>,
    /// `powers[k]` is the linear map of k missed steps at the present rate.
    powers: Vec<Map>,
    rows: Vec<u32>,
    bias_gradient: Vec<f32>,
}

/// A linear map of (w, v): [ww, wv, vw, vv], w' = ww w + wv v, v' = vw w + vv v.
type Map = [f64; 4];

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
        Self {
            optimizer,
            rate: 0.0,
            steps: 0,
            memory: memory.collect(),
            powers: Vec::new(),
            rows: Vec::new(),
            bias_gradient: Vec::new(),
        }
    }

    /// Whether a step would move rows that the mini-batch does not touch.
    fn lazy(optimizer: &Optimizer) -> bool {
        optimizer.rule != Rule::Sgd || optimizer.weight_decay != 0.0
    }

    /// Whether the update is the one that the engine fuses into the backward pass.
    pub(crate) fn is_fused(&self) -> bool {
        !Self::lazy(&self.optimizer)
    }

    /// Changes the constants of the rule. All rows must have been [caught up](Self::catch_up_all) with.
    pub(crate) fn set_constants(&mut self, optimizer: Optimizer) {
        self.optimizer = optimizer;
        self.powers.clear();
    }

    pub(crate) fn rate(&self) -> f32 {
        self.rate
    }

    /// Changes the learning rate. All rows must have been [caught up](Self::catch_up_all) with.
    pub(crate) fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
        self.powers.clear();
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
        if !self.is_fused() {
            let mut rows = std::mem::take(&mut self.rows);
            engine.touched_rows(x, &mut rows);
            self.catch_up_rows(engine, index, layer, &mut rows);
            self.rows = rows;
        }
    }

    /// Makes up for all missed steps.
    pub(crate) fn catch_up_all(&mut self, engine: &mut Engine, network: &mut Network) {
        if !self.is_fused() {
            for (index, layer) in network.layers.iter_mut().enumerate() {
                let mut rows: Vec<u32> = (0..layer.inputs() as u32).collect();
                self.catch_up_rows(engine, index, layer, &mut rows);
            }
        }
    }

    fn catch_up_rows(&mut self, engine: &mut Engine, index: usize, layer: &mut Layer, rows: &mut Vec<u32>) {
        let (optimizer, rate, steps) = (self.optimizer, self.rate, self.steps);
        let memory = &mut self.memory[index];
        rows.retain(|&row| memory.seen[row as usize] < steps);
        let Some(longest) = rows.iter().map(|&row| steps - memory.seen[row as usize]).max() else {
            return;
        };
        let seen = &memory.seen;
        if optimizer.rule == Rule::Adam {
            let matrices = [&mut layer.weights, &mut memory.first, &mut memory.second];
            engine.for_rows(rows, matrices, |row, [w, m, v]| {
                adam_replay(&optimizer, rate, seen[row], steps, w, m, v);
            });
        } else {
            extend_powers(&mut self.powers, &optimizer, rate, longest as usize);
            let powers = &self.powers;
            let map = |row: usize| powers[(steps - seen[row]) as usize];
            if optimizer.rule == Rule::Sgd {
                engine.for_rows(rows, [&mut layer.weights], |row, [w]| {
                    let decay = map(row)[0] as f32;
                    w.iter_mut().for_each(|w| *w *= decay);
                });
            } else {
                engine.for_rows(rows, [&mut layer.weights, &mut memory.first], |row, [w, v]| {
                    let [ww, wv, vw, vv] = map(row).map(|entry| entry as f32);
                    for (w, v) in w.iter_mut().zip(v) {
                        (*w, *v) = (ww * *w + wv * *v, vw * *w + vv * *v);
                    }
                });
            }
        }
        for &row in rows.iter() {
            memory.seen[row as usize] = steps;
        }
    }

    /// Starts a step; [`update`](Self::update) then follows once for each layer.
    pub(crate) fn begin_step(&mut self) {
        self.steps += 1;
    }

    /// Moves the weights and biases of a layer against the gradient that its inputs `x` and the
    /// errors `delta` of its pre-activations make, times `scale`. If the engine has moved the weights
    /// already (fused), only the biases.
    pub(crate) fn update(
        &mut self,
        engine: &mut Engine,
        index: usize,
        layer: &mut Layer,
        x: Inputs<'_>,
        delta: &DenseBatch,
        scale: f32,
    ) {
        self.update_bias(index, layer, delta, scale);
        let (optimizer, rate, step) = (self.optimizer, self.rate, self.steps);
        let decay = optimizer.weight_decay;
        let memory = &mut self.memory[index];
        match optimizer.rule {
            Rule::Sgd if decay == 0.0 => engine.sgd(x, &mut layer.weights, delta, rate * scale),
            Rule::Sgd => engine.for_touched_rows(x, delta, [&mut layer.weights], |_, g, [w]| {
                for (w, g) in w.iter_mut().zip(g) {
                    *w -= rate * (scale * g + decay * *w);
                }
            }),
            Rule::Momentum | Rule::Nesterov => {
                let matrices = [&mut layer.weights, &mut memory.first];
                engine.for_touched_rows(x, delta, matrices, |_, g, [w, v]| {
                    momentum(&optimizer, rate, scale, decay, w, g, v);
                });
            }
            Rule::Adam => {
                let matrices = [&mut layer.weights, &mut memory.first, &mut memory.second];
                engine.for_touched_rows(x, delta, matrices, |_, g, [w, m, v]| {
                    adam(&optimizer, rate, scale, decay, step, w, g, m, v);
                });
            }
        }
        if !self.is_fused() {
            engine.touched_rows(x, &mut self.rows);
            for &row in &self.rows {
                self.memory[index].seen[row as usize] = step;
            }
        }
    }

    /// The part of [`update`](Self::update) that is for the biases.
    pub(crate) fn update_bias(&mut self, index: usize, layer: &mut Layer, delta: &DenseBatch, scale: f32) {
        let gradient = &mut self.bias_gradient;
        delta.column_sums(gradient);
        let (optimizer, rate) = (&self.optimizer, self.rate);
        let memory = &mut self.memory[index];
        let (bias, first) = (&mut layer.bias, &mut memory.bias_first);
        match optimizer.rule {
            Rule::Sgd => bias.iter_mut().zip(gradient).for_each(|(b, g)| *b -= rate * scale * *g),
            Rule::Momentum | Rule::Nesterov => momentum(optimizer, rate, scale, 0.0, bias, gradient, first),
            Rule::Adam => {
                let second = &mut memory.bias_second;
                adam(optimizer, rate, scale, 0.0, self.steps, bias, gradient, first, second);
            }
        }
    }
}

/// What a missed step does to (w, v): its gradient is the decay λ w alone.
fn missed_step(optimizer: &Optimizer, rate: f32) -> Map {
    let (rate, decay, mu) =
        (f64::from(rate), f64::from(optimizer.weight_decay), f64::from(optimizer.momentum));
    match optimizer.rule {
        Rule::Sgd => [1.0 - rate * decay, 0.0, 0.0, 0.0],
        Rule::Momentum => [1.0 - rate * decay, -rate * mu, decay, mu],
        Rule::Nesterov => [1.0 - rate * decay * (1.0 + mu), -rate * mu * mu, decay, mu],
        Rule::Adam => unreachable!("Adam's missed steps are replayed"),
    }
}

fn extend_powers(powers: &mut Vec<Map>, optimizer: &Optimizer, rate: f32, longest: usize) {
    let [a, b, c, d] = missed_step(optimizer, rate);
    if powers.is_empty() {
        powers.push([1.0, 0.0, 0.0, 1.0]);
    }
    while powers.len() <= longest {
        let [ww, wv, vw, vv] = powers[powers.len() - 1];
        powers.push([a * ww + b * vw, a * wv + b * vv, c * ww + d * vw, c * wv + d * vv]);
    }
}

fn momentum(o: &Optimizer, rate: f32, scale: f32, decay: f32, w: &mut [f32], g: &[f32], v: &mut [f32]) {
    let nesterov = o.rule == Rule::Nesterov;
    for ((w, g), v) in w.iter_mut().zip(g).zip(v) {
        let g = scale * g + decay * *w;
        *v = o.momentum * *v + g;
        *w -= rate * if nesterov { g + o.momentum * *v } else { *v };
    }
}

#[allow(clippy::too_many_arguments)] // the symbols of the formula
fn adam(
    o: &Optimizer,
    rate: f32,
    scale: f32,
    decay: f32,
    step: u64,
    w: &mut [f32],
    g: &[f32],
    m: &mut [f32],
    v: &mut [f32],
) {
    let move_weight = adam_step(o, rate, step);
    for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
        move_weight(scale * g + decay * *w, w, m, v);
    }
}

/// Adam's rule for one weight at one step: called with (g, w, m, v).
fn adam_step(o: &Optimizer, rate: f32, step: u64) -> impl Fn(f32, &mut f32, &mut f32, &mut f32) {
    // 1 / (1 − β₁^t) and 1 / (1 − β₂^t)
    let correction = |beta: f32| (1.0 - f64::from(beta).powf(step as f64)).recip() as f32;
    let (first, second) = (correction(o.beta1), correction(o.beta2));
    let Optimizer { beta1, beta2, epsilon, .. } = *o;
    move |g, w, m, v| {
        *m = beta1 * *m + (1.0 - beta1) * g;
        *v = beta2 * *v + (1.0 - beta2) * g * g;
        *w -= rate * first * *m / ((second * *v).sqrt() + epsilon);
    }
}

/// The steps `seen + 1 ..= steps` with no gradient but the decay.
fn adam_replay(o: &Optimizer, rate: f32, seen: u64, steps: u64, w: &mut [f32], m: &mut [f32], v: &mut [f32]) {
    let mut last = steps;
    if o.weight_decay == 0.0 {
        let fades_in = if o.beta1 > 0.0 { (FADED.ln() / f64::from(o.beta1).ln()).ceil() } else { 1.0 };
        last = last.min(seen + fades_in as u64);
    }
    for step in seen + 1..=last {
        let move_weight = adam_step(o, rate, step);
        for ((w, m), v) in w.iter_mut().zip(&mut *m).zip(&mut *v) {
            move_weight(o.weight_decay * *w, w, m, v);
        }
    }
    if last < steps {
        let rest = (steps - last) as f64;
        let (m_left, v_left) = (f64::from(o.beta1).powf(rest) as f32, f64::from(o.beta2).powf(rest) as f32);
        m.iter_mut().for_each(|m| *m *= m_left);
        v.iter_mut().for_each(|v| *v *= v_left);
    }
}
