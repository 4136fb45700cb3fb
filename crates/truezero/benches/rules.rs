//! What a training step costs by each rule, beside a step of plain descent, on one thread.
//!
//! `cargo bench -p truezero --bench rules`; then, after `--`, a part of the name of a case, and of a rule.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use truezero::optimizer::{Optimizer, Rule};
use truezero::{
    Activation, Architecture, Control, Cost, Examples, Initialisation, Network, Trainer, TrainingOptions,
};

use truezero_data::{Dataset, Targets};
use truezero_sparse::{ActiveBatch, Batch};

/// A network and a mini-batch for it.
struct Case {
    name: &'static str,
    inputs: usize,
    hidden: &'static [usize],
    classes: usize,
    /// Active inputs of an example.
    active: usize,
    /// Mini-batch.
    size: usize,
    examples: usize,
    steps: usize,
}

const CASES: [Case; 4] = [
    Case {
        name: "images, mini-batch 10",
        inputs: 784,
        hidden: &[1000, 1000],
        classes: 10,
        active: 150,
        size: 10,
        examples: 2000,
        steps: 60,
    },
    Case {
        name: "images, mini-batch 100",
        inputs: 784,
        hidden: &[1000, 1000],
        classes: 10,
        active: 150,
        size: 100,
        examples: 4000,
        steps: 20,
    },
    Case {
        name: "bag of words, mini-batch 100",
        inputs: 5000,
        hidden: &[1000],
        classes: 2,
        active: 80,
        size: 100,
        examples: 4000,
        steps: 20,
    },
    Case {
        name: "wide, 0.1 % dense, mini-batch 20",
        inputs: 50_000,
        hidden: &[100],
        classes: 2,
        active: 50,
        size: 20,
        examples: 5000,
        steps: 200,
    },
];

fn uniform(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// Examples whose inputs are active by Zipf's law of words, or evenly.
fn data(case: &Case) -> Dataset {
    let mut state = 1;
    let mut inputs = ActiveBatch::new(case.inputs);
    for _ in 0..case.examples {
        let mut active: Vec<u32> = (0..case.active)
            .map(|_| {
                let at = uniform(&mut state);
                let at = if case.classes == 2 && case.inputs < 10_000 {
                    (case.inputs as f64).powf(at) - 1.0
                } else {
                    at * case.inputs as f64
                };
                (at as u32).min(case.inputs as u32 - 1)
            })
            .collect();
        active.sort_unstable();
        active.dedup();
        inputs.push(active.into_iter().map(|unit| (unit, 0.5)));
    }
    let labels = (0..case.examples).map(|example| (example % case.classes) as u32).collect();
    Dataset {
        inputs: Batch::Active(inputs),
        targets: Targets::Classes { labels, classes: case.classes },
        weights: None,
    }
}

/// A network of whose hidden units about 84 % are silent.
fn network(case: &Case) -> Network {
    let architecture = Architecture {
        inputs: case.inputs,
        hidden: case.hidden.to_vec(),
        outputs: case.classes,
        activations: vec![Activation::Rectifier; case.hidden.len()],
        sign_trick: false,
        initialisation: Initialisation::He,
    };
    let mut network = Network::random(&architecture, Cost::SoftmaxCrossEntropy, 1);
    let mut variance = case.active as f64 * 0.25 * 2.0 / case.inputs as f64;
    for layer in &mut network.layers[..case.hidden.len()] {
        layer.bias.fill(-variance.sqrt() as f32);
        // What is above one deviation, squared.
        variance *= 0.075 * 2.0;
    }
    network
}

fn options(case: &Case, optimizer: Optimizer, clip_norm: Option<f32>) -> TrainingOptions {
    TrainingOptions {
        hidden: case.hidden.to_vec(),
        optimizer,
        clip_norm,
        // So small that the zeros stay where they are.
        learning_rate: Some(1e-7),
        l1: 0.0,
        batch_size: case.size,
        epochs: 1000,
        dropout: vec![0.0; case.hidden.len()],
        ..TrainingOptions::default()
    }
}

fn main() {
    let mut filters = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let (case_filter, rule_filter) = (filters.next().unwrap_or_default(), filters.next().unwrap_or_default());
    let optimizer = |rule, weight_decay| Optimizer { rule, weight_decay, ..Optimizer::default() };
    let mut settings = vec![
        ("sgd", optimizer(Rule::Sgd, 0.0), None),
        ("clipped, not reached", optimizer(Rule::Sgd, 0.0), Some(1e9)),
        ("clipped", optimizer(Rule::Sgd, 0.0), Some(1e-3)),
        ("weight decay", optimizer(Rule::Sgd, 1e-4), None),
        ("momentum", optimizer(Rule::Momentum, 0.0), None),
        ("nesterov", optimizer(Rule::Nesterov, 0.0), None),
        ("adam", optimizer(Rule::Adam, 0.0), None),
        ("adam, weight decay", optimizer(Rule::Adam, 1e-4), None),
    ];
    settings.retain(|(name, ..)| *name == "sgd" || name.contains(&rule_filter));
    for case in CASES.iter().filter(|case| case.name.contains(&case_filter)) {
        let data = data(case);
        let rows: Vec<usize> = (0..case.examples).collect();
        let examples = Examples { data: &data, rows: &rows };
        let mut trainers: Vec<Trainer<'_>> = settings
            .iter()
            .map(|&(_, optimizer, clip)| {
                let plan = options(case, optimizer, clip).check().expect("a plan");
                Trainer::from_network(plan, network(case), examples, None, 1).expect("a trainer")
            })
            .collect();
        // In turn, so that what else the machine does falls on all.
        let mut times = vec![Vec::new(); settings.len()];
        let mut sparsity = 0.0;
        for round in 0..8 {
            for (trainer, times) in trainers.iter_mut().zip(&mut times) {
                let (mut last, mut steps) = (Instant::now(), 0);
                let mut on_batch = |report: &truezero::BatchReport| {
                    steps += 1;
                    sparsity = report.sparsity;
                    if round > 0 && steps > 1 {
                        times.push(last.elapsed());
                    }
                    last = Instant::now();
                    if steps > case.steps { Control::Stop } else { Control::Continue }
                };
                trainer.epoch(&mut on_batch).expect("an epoch");
            }
        }
        println!("{}, {:.0} % zeros", case.name, 100.0 * sparsity);
        let mut plain = 0.0;
        for ((name, ..), times) in settings.iter().zip(&mut times) {
            times.sort_unstable();
            // What else the machine does only adds to them.
            let fast = times[times.len() / 10].as_secs_f64() * 1e3;
            if plain == 0.0 {
                plain = fast;
            }
            println!("  {name:24} {fast:7.3} ms a step, {:5.2} times plain descent", fast / plain);
        }
    }
}
