//! Small data for tests, made by a formula.

#![allow(dead_code, unreachable_pub)] // each test file uses its part

use truezero::{Control, Examples, Outcome, Progress, Trainer, TrainingOptions};
use truezero_data::{Dataset, Targets};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

/// A sequence of numbers in [0, 1) that looks random.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// Examples of `width` features, a fifth of them active, in three classes: the class is the one whose
/// third of the features holds most.
pub fn classes(examples: usize, width: usize, seed: u64) -> Dataset {
    let mut numbers = Numbers(seed);
    let mut inputs = ActiveBatch::new(width);
    let mut labels = Vec::new();
    for _ in 0..examples {
        let label = (numbers.next() * 3.0) as usize;
        let mut row = Vec::new();
        for unit in 0..width {
            let own = unit * 3 / width == label;
            if numbers.next() < if own { 0.45 } else { 0.1 } {
                row.push((unit as u32, 0.25 + numbers.next()));
            }
        }
        inputs.push(row);
        labels.push(label as u32);
    }
    Dataset { inputs: Batch::Active(inputs), targets: Targets::Classes { labels, classes: 3 }, weights: None }
}

/// Examples of three numbers and a quantity that is nearly linear in them.
pub fn quantities(examples: usize, seed: u64) -> Dataset {
    let mut numbers = Numbers(seed);
    let mut rows =
        |width: usize| (0..examples * width).map(|_| 4.0 * numbers.next() - 2.0).collect::<Vec<f32>>();
    let (inputs, noise) = (rows(3), rows(1));
    let target = |(x, noise): (&[f32], &f32)| 0.5 * x[0] - 0.25 * x[1] + 0.1 * x[2] * x[2] + 0.05 * noise;
    let targets: Vec<f32> = inputs.chunks(3).zip(&noise).map(target).collect();
    Dataset {
        inputs: Batch::Dense(DenseBatch::from_rows(3, &inputs)),
        targets: Targets::Quantities(DenseBatch::from_rows(1, &targets)),
        weights: None,
    }
}

/// The same data set with its inputs as a dense array.
pub fn densely(data: &Dataset) -> Dataset {
    let mut dense = data.clone();
    if let Batch::Active(inputs) = &data.inputs {
        let mut rows = DenseBatch::zeros(inputs.examples(), inputs.width());
        for example in 0..inputs.examples() {
            let (indices, values) = inputs.example(example);
            for (&index, &value) in indices.iter().zip(values) {
                rows.row_mut(example)[index as usize] = value;
            }
        }
        dense.inputs = Batch::Dense(rows);
    }
    dense
}

/// Options for a network that trains in milliseconds.
pub fn small() -> TrainingOptions {
    TrainingOptions { hidden: vec![24, 16], batch_size: 8, epochs: 4, patience: 0, ..Default::default() }
}

pub fn all_rows(data: &Dataset) -> Vec<usize> {
    (0..data.examples()).collect()
}

/// Trains to the end.
pub fn train(
    options: TrainingOptions,
    data: &Dataset,
    validation: Option<&Dataset>,
    threads: usize,
) -> Outcome {
    let rows = all_rows(data);
    let held_out = validation.map(all_rows).unwrap_or_default();
    let validation = validation.map(|data| Examples { data, rows: &held_out });
    let plan = options.check().unwrap();
    let mut trainer = Trainer::new(plan, Examples { data, rows: &rows }, validation, threads).unwrap();
    while trainer.epoch(&mut |_| Control::Continue).unwrap() != Progress::Done {}
    trainer.finish().unwrap()
}
