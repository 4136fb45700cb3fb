//! Trainings with rows that are put off, against those that update every weight at every step.

use truezero_sparse::{ActiveBatch, DenseBatch, Engine, Inputs, Isa, PackedWeights};

use super::*;
use crate::activation::Activation;
use crate::cost::Cost;

const INPUTS: usize = 40;
const UNITS: usize = 19;

/// The rules of the table, weight by weight in double precision: the specification.
struct Naive {
    optimizer: Optimizer,
    rate: f64,
    steps: i32,
    /// Inputs × units, then the biases, each with what is remembered of it.
    weights: Vec<[f64; 3]>,
}

impl Naive {
    fn new(optimizer: Optimizer, layer: &Layer) -> Self {
        let all = layer.weights.to_plain().into_iter().chain(layer.bias.iter().copied());
        Self { optimizer, rate: 0.0, steps: 0, weights: all.map(|w| [f64::from(w), 0.0, 0.0]).collect() }
    }

    fn step(&mut self, x: &DenseBatch, delta: &DenseBatch, scale: f64) {
        self.steps += 1;
        let Optimizer { rule, momentum, beta1, beta2, epsilon, weight_decay } = self.optimizer;
        let [mu, beta1, beta2, epsilon, decay] =
            [momentum, beta1, beta2, epsilon, weight_decay].map(f64::from);
        for (at, [w, m, v]) in self.weights.iter_mut().enumerate() {
            let (i, j) = (at / UNITS, at % UNITS);
            let is_bias = i == INPUTS;
            let input = |s: usize| if is_bias { 1.0 } else { f64::from(x.row(s)[i]) };
            let g: f64 = (0..x.examples()).map(|s| input(s) * f64::from(delta.row(s)[j])).sum();
            let g = scale * g + if is_bias { 0.0 } else { decay * *w };
            *w -= self.rate
                * match rule {
                    Rule::Sgd => g,
                    Rule::Momentum | Rule::Nesterov => {
                        *m = mu * *m + g;
                        if rule == Rule::Nesterov { g + mu * *m } else { *m }
                    }
                    Rule::Adam => {
                        *m = beta1 * *m + (1.0 - beta1) * g;
                        *v = beta2 * *v + (1.0 - beta2) * g * g;
                        if *v < 1e-30 {
                            (*m, *v) = (0.0, 0.0);
                        }
                        let corrected = *m / (1.0 - beta1.powi(self.steps));
                        corrected / ((*v / (1.0 - beta2.powi(self.steps))).sqrt() + epsilon)
                    }
                };
        }
    }
}

/// Xorshift: plenty for test data.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[((self.uniform() * choices.len() as f32) as usize).min(choices.len() - 1)]
    }

    fn network(&mut self) -> Network {
        let weights: Vec<f32> = (0..INPUTS * UNITS).map(|_| self.uniform() - 0.5).collect();
        let layer = Layer {
            weights: PackedWeights::from_plain(INPUTS, UNITS, &weights),
            bias: vec![0.1; UNITS],
            activation: Activation::Identity,
            signs: None,
        };
        Network { layers: vec![layer], cost: Cost::SquaredError }
    }

    fn batch(&mut self, density: f32, size: f32) -> (ActiveBatch, DenseBatch) {
        let examples = 1 + (self.uniform() * 5.0) as usize;
        let mut x = ActiveBatch::new(INPUTS);
        for _ in 0..examples {
            // The upper half of the inputs is hardly ever active.
            let active = (0..INPUTS as u32).filter_map(|i| {
                let density = if i as usize >= INPUTS / 2 { density * 0.02 } else { density };
                (self.uniform() < density).then(|| (i, 0.5 + self.uniform()))
            });
            x.push(active.collect::<Vec<_>>());
        }
        // Some units are silent.
        let delta: Vec<f32> = (0..examples * UNITS)
            .map(|at| if at % UNITS % 5 == 3 { 0.0 } else { size * (0.2 + self.uniform()) })
            .collect();
        (x, DenseBatch::from_rows(UNITS, &delta))
    }
}

/// A sequence of steps and changes that a seed decides: the network, once by the updater and once by the specification.
fn both(rule: Rule, mut engine: Engine, seed: u64) -> (Network, Naive) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut network = random.network();
    let mut optimizer = Optimizer { rule, ..Optimizer::default() };
    let mut updater = Updater::new(optimizer, &network);
    let mut naive = Naive::new(optimizer, &network.layers[0]);
    let density = random.one_of(&[0.02, 0.1, 0.5]);
    let size = random.one_of(&[1e-7, 1e-4, 0.1]);
    for _ in 0..4 {
        // Adam with a large decay drives weights about zero back and forth, with steps as long as the rate, and errors
        // of rounding grow.
        let is_adam = rule == Rule::Adam;
        optimizer.weight_decay = random.one_of(&[0.0, 0.0, 1e-3, if is_adam { 1e-4 } else { 0.1 }]);
        optimizer.momentum = random.one_of(&[0.0, 0.5, 0.9]);
        optimizer.beta1 = random.one_of(&[0.0, 0.8, 0.9]);
        let rate = random.one_of(&[0.001, if is_adam { 3e-4 } else { 0.01 }]);
        updater.set_constants(&mut engine, &mut network, optimizer);
        updater.set_rate(rate);
        (naive.optimizer, naive.rate) = (optimizer, f64::from(rate));
        for _ in 0..(random.uniform() * 120.0) as usize {
            let (x, delta) = random.batch(density, size);
            let scale = random.one_of(&[1.0, 1.0, 0.5]);
            let dense = x.to_dense();
            let view = random.one_of(&[Inputs::Active(&x), Inputs::Active(&x), Inputs::Dense(&dense)]);
            let layer = &mut network.layers[0];
            updater.catch_up(&mut engine, 0, layer, view);
            updater.begin_step();
            let mut errors = DenseBatch::default();
            let errors = (random.uniform() < 0.5).then_some(&mut errors);
            updater.update(&mut engine, 0, layer, view, &delta, scale, errors);
            naive.step(&dense, &delta, f64::from(scale));
        }
        updater.catch_up_all(&mut engine, &mut network);
    }
    (network, naive)
}

fn parameters(network: &Network) -> Vec<f32> {
    let layer = &network.layers[0];
    layer.weights.to_plain().into_iter().chain(layer.bias.iter().copied()).collect()
}

const RULES: [Rule; 4] = [Rule::Sgd, Rule::Momentum, Rule::Nesterov, Rule::Adam];

#[test]
fn rows_that_are_put_off_become_what_updating_all_at_every_step_makes_of_them() {
    for rule in RULES {
        for seed in 0..60 {
            let (network, naive) = both(rule, Engine::new(1), seed);
            for (at, (found, [expected, ..])) in parameters(&network).iter().zip(&naive.weights).enumerate() {
                let difference = (f64::from(*found) - expected).abs();
                assert!(difference < 1e-4, "{rule:?}, seed {seed}, weight {at}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn bits_depend_on_neither_instruction_set_nor_threads() {
    for rule in RULES {
        for seed in 0..6 {
            let bits = |engine| {
                let (network, _) = both(rule, engine, seed);
                parameters(&network).into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let first = bits(Engine::new(1));
            for isa in Isa::available() {
                for threads in 1..=3 {
                    assert_eq!(bits(Engine::with_isa(threads, isa)), first, "{rule:?}, {isa}, {threads}");
                }
            }
        }
    }
}

/// What Adam's steps without gradient do, made at once and one by one.
#[test]
fn missed_steps_of_adam_at_once_are_those_one_by_one() {
    for (beta1, beta2) in [(0.9, 0.999), (0.9, 0.99), (0.5, 0.9), (0.99, 0.999), (0.0, 0.5)] {
        for epsilon in [1e-8, 1e-3] {
            let optimizer = Optimizer { rule: Rule::Adam, beta1, beta2, epsilon, ..Optimizer::default() };
            let mut adam = Adam::new(Constants { optimizer, rate: 0.01 });
            for (seen, steps) in [(1, 2), (1, 300), (2, 9), (10, 40), (50, 51), (100, 700), (5000, 5220)] {
                adam.prepare([seen].into_iter(), steps);
                let missed = adam.missed(seen, steps);
                for root in [1e-12_f32, 1e-8, 1e-5, 1e-3, 1.0] {
                    let m = 0.3 * root;
                    let [w, m_left, v_left] =
                        missed.apply([0.0; 16], [[0.0; 16], [m; 16], [root * root; 16]]);
                    let (mut expected, mut first, mut second) =
                        (0.0, f64::from(m), f64::from(root) * f64::from(root));
                    let [beta1, beta2] = [beta1, beta2].map(f64::from);
                    for step in seen as i32 + 1..=steps as i32 {
                        (first, second) = (beta1 * first, beta2 * second);
                        let corrected = first / (1.0 - beta1.powi(step));
                        let deviation = (second / (1.0 - beta2.powi(step))).sqrt() + f64::from(epsilon);
                        expected -= 0.01 * corrected / deviation;
                    }
                    let place = format!("{beta1}, {beta2}, {epsilon}, {seen} to {steps}, {root}: {}", w[0]);
                    let error = (f64::from(w[0]) - expected).abs();
                    assert!(error <= 3e-6 * expected.abs() + 1e-12, "{place}, not {expected}");
                    for (left, right) in [(m_left[0], first), (v_left[0], second)] {
                        let expected = if right < 1e-30 { 0.0 } else { right };
                        let error = (f64::from(left) - expected).abs();
                        assert!(error <= 1e-4 * right.max(1e-30), "{place}: {left} is left, not {expected}");
                    }
                }
            }
        }
    }
}

/// Units that fall silent for good leave no denormal numbers behind.
#[test]
fn moments_that_fade_end_at_zero() {
    for rule in [Rule::Momentum, Rule::Nesterov, Rule::Adam] {
        for touched in [true, false] {
            let mut random = Random(7);
            let mut network = random.network();
            let optimizer = Optimizer { rule, beta2: 0.9, ..Optimizer::default() };
            let optimizer = Optimizer { beta1: 0.8, ..optimizer };
            let (mut engine, mut updater) = (Engine::new(1), Updater::new(optimizer, &network));
            updater.set_rate(0.01);
            let mut x = ActiveBatch::new(INPUTS);
            x.push((0..INPUTS as u32).map(|i| (i, 1.0)));
            let mut none = ActiveBatch::new(INPUTS);
            none.push([]);
            for step in 0..3000 {
                let x = if step == 0 || touched { &x } else { &none };
                let delta = if step == 0 { [0.1; UNITS] } else { [0.0; UNITS] };
                let x = Inputs::Active(x);
                updater.catch_up(&mut engine, 0, &mut network.layers[0], x);
                updater.begin_step();
                let delta = DenseBatch::from_rows(UNITS, &delta);
                updater.update(&mut engine, 0, &mut network.layers[0], x, &delta, 1.0, None);
            }
            updater.catch_up_all(&mut engine, &mut network);
            let LayerMemory { first, second, bias_first, bias_second, .. } = &updater.memory[0];
            for values in [first.packed(), second.packed(), bias_first, bias_second] {
                assert!(values.iter().all(|&value| value == 0.0), "{rule:?}");
            }
        }
    }
}

/// Rows that no mini-batch has ever touched have nothing to make up for, and are not read.
#[test]
fn rows_never_touched_rest_unless_they_decay() {
    for rule in RULES {
        let mut network = Random(3).network();
        let before = network.layers[0].weights.clone();
        let mut updater = Updater::new(Optimizer { rule, ..Optimizer::default() }, &network);
        let mut engine = Engine::new(1);
        updater.set_rate(0.01);
        let mut x = ActiveBatch::new(INPUTS);
        x.push([(4, 1.0)]);
        for _ in 0..5 {
            updater.catch_up(&mut engine, 0, &mut network.layers[0], Inputs::Active(&x));
            updater.begin_step();
            let delta = DenseBatch::from_rows(UNITS, &[0.1; UNITS]);
            updater.update(&mut engine, 0, &mut network.layers[0], Inputs::Active(&x), &delta, 1.0, None);
        }
        updater.catch_up_all(&mut engine, &mut network);
        for input in 0..INPUTS {
            let same = network.layers[0].weights.piece(0, input) == before.piece(0, input);
            assert_eq!(same, input != 4, "{rule:?}, row {input}");
        }
        if rule != Rule::Sgd {
            let seen = |input: usize| updater.memory[0].seen[input];
            assert_eq!((seen(4), seen(5)), (5, 0));
        }
    }
}
