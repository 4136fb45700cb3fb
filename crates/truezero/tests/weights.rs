//! A weight of 0 leaves an example out. (What other weights do is held by the finite differences of `gradients.rs`.)

mod common;

use common::{all_rows, classes, small, train};
use truezero::{Control, Examples, Network, Rule, Trainer, TrainingOptions};
use truezero_data::{Dataset, Targets};
use truezero_sparse::{Batch, DenseBatch};

/// Options that take the examples in their order.
fn in_order(batch_size: usize) -> TrainingOptions {
    TrainingOptions { batch_size, shuffle: false, l1: 1e-2, epochs: 3, ..small() }
}

/// Chosen examples of a data set, with weights.
fn chosen(data: &Dataset, rows: &[usize], weights: &[f32]) -> Dataset {
    let mut inputs = Batch::Dense(DenseBatch::default());
    inputs.copy_from(&data.inputs, rows);
    let Targets::Classes { labels, classes } = &data.targets else { panic!("expected classes") };
    let labels = rows.iter().map(|&row| labels[row]).collect();
    let weights = Some(rows.iter().map(|&row| weights[row]).collect());
    Dataset { inputs, targets: Targets::Classes { labels, classes: *classes }, weights }
}

fn trained(options: TrainingOptions, data: &Dataset) -> (Network, Vec<f64>) {
    let outcome = train(options, data, None, 1);
    let costs = outcome.summary.history.iter().map(|record| record.cost).collect();
    (outcome.network, costs)
}

#[test]
fn mini_batches_with_examples_of_weight_0_are_those_without_them() {
    let data = classes(64, 30, 3);
    // Of each eight one weighs nothing, and of the last sixteen none weighs anything.
    let weight = |row: usize| if row % 8 == 5 || row >= 48 { 0.0 } else { 0.5 + (row % 3) as f32 };
    let weights: Vec<f32> = (0..64).map(weight).collect();
    let all = chosen(&data, &all_rows(&data), &weights);
    let counting: Vec<usize> = all_rows(&data).into_iter().filter(|&row| weights[row] > 0.0).collect();
    let without = chosen(&data, &counting, &weights);
    for rule in [Rule::Sgd, Rule::Momentum, Rule::Adam] {
        for target_sparsity in [None, Some(0.7)] {
            for (dropout, clip_norm) in [(0.0, None), (0.3, Some(0.5))] {
                let with = |batch_size: usize| {
                    let dropout = vec![dropout];
                    let mut options =
                        TrainingOptions { target_sparsity, dropout, clip_norm, ..in_order(batch_size) };
                    (options.optimizer.rule, options.optimizer.weight_decay) = (rule, 1e-3);
                    options
                };
                assert_eq!(trained(with(8), &all), trained(with(7), &without), "{rule:?}, mini-batches");
                assert_eq!(trained(with(64), &all), trained(with(42), &without), "{rule:?}, all at once");
            }
        }
    }
}

#[test]
fn what_an_example_of_weight_0_holds_does_not_matter() {
    let data = classes(40, 30, 3);
    let weights: Vec<f32> = (0..40).map(|row| f32::from(u8::from(row % 4 > 0))).collect();
    let rows = all_rows(&data);
    // In the place of each example that weighs nothing, another one.
    let others: Vec<usize> =
        rows.iter().map(|&row| if row % 4 > 0 { row } else { (row + 21) % 40 }).collect();
    let mut first = chosen(&data, &rows, &weights);
    let mut second = chosen(&data, &others, &[1.0; 40]);
    (first.weights, second.weights) = (Some(weights.clone()), Some(weights));
    let options = || TrainingOptions { shuffle: true, ..in_order(8) };
    assert_eq!(trained(options(), &first), trained(options(), &second));
}

#[test]
fn a_training_stopped_among_examples_of_weight_0_resumes_to_the_same_weights() {
    let mut data = classes(40, 30, 3);
    data.weights = Some((0..40).map(|row| if row < 16 { 0.0 } else { 1.0 }).collect());
    let rows = all_rows(&data);
    let examples = Examples { data: &data, rows: &rows };
    let plan = in_order(8).check().unwrap();
    let mut whole = Trainer::new(plan.clone(), examples, None, 1).unwrap();
    whole.epoch(&mut |_| Control::Continue).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let mut trainer = Trainer::new(plan.clone(), examples, None, 1).unwrap();
    for _ in 0..5 {
        trainer.epoch(&mut |_| Control::Stop).unwrap();
        trainer.save_checkpoint(&file).unwrap();
        trainer = Trainer::resume(plan.clone(), examples, None, 1, &file).unwrap();
    }
    assert_eq!(trainer.epochs_done(), 1);
    assert_eq!(trainer.network(), whole.network());
    assert_eq!(trainer.history(), whole.history());
}
