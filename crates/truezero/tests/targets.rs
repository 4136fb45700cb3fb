//! What target sparsities cost, on the embedded digits.

mod common;

use common::{all_rows, train};
use truezero::trainer::TOLERANCE;
use truezero::{Remark, Summary, TrainingOptions};
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
            all_rows(&all).into_iter().partition(|row| row % 5 == 0);
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
            assert!(
                error(&summary) <= reference + POINT,
                "target {target}, mini-batches of {batch_size}: {} instead of {reference}",
                error(&summary)
            );
            if best.is_finite() { on_target += 1 } else { off_target += 1 }
        }
        assert!(on_target > 0 || batch_size > 10, "some are reached in small mini-batches");
        assert!(off_target > 0, "and some are not");
    }
}
