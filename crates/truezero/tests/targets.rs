//! What target sparsities cost, on the embedded digits.

mod common;

use common::{all_rows, train};
use truezero::trainer::{OffTarget, TOLERANCE};
use truezero::{Activation, Remark, Summary, TrainingOptions};
use truezero_data::{Dataset, Notices, PreprocessOptions, Preprocessing, digits5k};

/// A point of the validation error.
const POINT: f64 = 0.01;

struct Digits {
    train: Dataset,
    validation: Dataset,
}

impl Digits {
    fn new() -> Self {
        let raw = digits5k().train;
        let rows: Vec<usize> = (0..raw.examples()).collect();
        let rules = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
        let all = rules.dataset(raw, &Notices::default()).unwrap();
        let (validation, train): (Vec<usize>, Vec<usize>) =
            all_rows(&all).into_iter().partition(|row| row / 10 % 5 == 0); // digits follow each other
        Self { train: all.select(&train), validation: all.select(&validation) }
    }

    fn train(&self, batch_size: usize, target_sparsity: Option<f32>) -> (Summary, TrainingOptions) {
        let options = TrainingOptions {
            hidden: vec![30, 30],
            batch_size,
            epochs: 5,
            target_sparsity,
            ..TrainingOptions::default()
        };
        (train(options.clone(), &self.train, Some(&self.validation), 2).summary, options)
    }
}

fn error(summary: &Summary) -> f64 {
    summary.best().unwrap().validation_error.unwrap()
}

#[test]
fn no_target_costs_more_than_a_point_unless_it_is_told() {
    let digits = Digits::new();
    for batch_size in [10, 50] {
        let plain = error(&digits.train(batch_size, None).0);
        let (mut on_target, mut off_target) = (0, 0);
        for target in [0.5, 0.6, 0.7, 0.8, 0.9, 0.97] {
            let (summary, options) = digits.train(batch_size, Some(target));
            let near = |sparsity: f64| (sparsity - f64::from(target)).abs() <= TOLERANCE;
            let on = summary.history.iter().filter(|record| near(record.mean_sparsity));
            let best = on.map(|record| record.validation_error.unwrap()).fold(f64::INFINITY, f64::min);
            let remarks = summary.remarks(&options);
            let told = remarks.iter().any(|remark| matches!(remark, Remark::OffTarget { .. }));
            assert_eq!(told, best.is_infinite(), "target {target}: {remarks:?}");
            let reference = if best.is_finite() { best } else { plain };
            // What is given up costs the mini-batches until then.
            let allowed = if summary.target_given_up { 2.0 * POINT } else { POINT };
            assert!(
                error(&summary) <= reference + allowed,
                "target {target}, mini-batches of {batch_size}: {} instead of {reference}",
                error(&summary)
            );
            if best.is_finite() { on_target += 1 } else { off_target += 1 }
        }
        assert!(on_target > 0 || batch_size > 10, "some are reached in small mini-batches");
        assert!(off_target > 0, "and some are not");
    }
}

#[test]
fn smooth_layers_do_not_count_as_layers_without_zeros() {
    let digits = Digits::new();
    for activation in
        [vec![Activation::Rectifier, Activation::Tanh], vec![Activation::Tanh, Activation::Rectifier]]
    {
        let rectified = activation.iter().position(|a| *a == Activation::Rectifier).unwrap();
        let options = |target_sparsity| TrainingOptions {
            hidden: vec![60, 60],
            activation: activation.clone(),
            epochs: 4,
            target_sparsity,
            ..TrainingOptions::default()
        };
        let steered = train(options(Some(0.8)), &digits.train, Some(&digits.validation), 2).summary;
        let plain = train(options(None), &digits.train, Some(&digits.validation), 2).summary;
        let last = steered.history.last().unwrap();
        assert_eq!(last.mean_sparsity, last.layers[rectified].sparsity);
        assert!((last.mean_sparsity - 0.8).abs() <= TOLERANCE, "{}", last.mean_sparsity);
        assert!(error(&steered) <= error(&plain) + POINT, "{} against {}", error(&steered), error(&plain));
        assert!(!steered.target_given_up);
    }
}

/// Also where no validation examples choose among epochs.
#[test]
fn a_target_out_of_reach_is_given_up_before_it_costs_the_network() {
    let digits = Digits::new();
    let rows = all_rows(&digits.validation);
    let examples = truezero::Examples { data: &digits.validation, rows: &rows };
    for (hidden, target) in [(vec![8], 0.95), (vec![12, 12], 0.97), (vec![30, 30], 0.995)] {
        let options = |target_sparsity| TrainingOptions {
            hidden: hidden.clone(),
            epochs: 8,
            target_sparsity,
            ..TrainingOptions::default()
        };
        let error = |target| {
            let outcome = train(options(target), &digits.train, None, 2);
            let engine = &mut truezero_sparse::Engine::new(1);
            (outcome.network.evaluate(engine, examples).error, outcome.summary)
        };
        let (plain, _) = error(None);
        let (steered, summary) = error(Some(target));
        assert!(steered <= plain + 3.0 * POINT, "{hidden:?}, {target}: {steered} against {plain}");
        let remarks = summary.remarks(&options(Some(target)));
        assert!(
            remarks
                .iter()
                .any(|remark| matches!(remark, Remark::OffTarget { reason: OffTarget::GivenUp, .. })),
            "{hidden:?}, {target}: {remarks:?}"
        );
        assert!(summary.target_given_up, "{hidden:?}, {target}");
        assert_eq!(summary.history.last().unwrap().l1, options(None).l1, "λ is where it started");
    }
}
