//! The embedded digits: to train on, and to look at.

use std::sync::LazyLock;

use serde::Serialize;
use truezero_data::{Dataset, Features, Notices, PreprocessOptions, Preprocessing, RawTarget, digits5k};
use truezero_sparse::Batch;

/// Digits shown together, one of each class: the test part has them in turn.
const SHOWN: usize = 10;

/// The digits as networks take them.
#[derive(Debug)]
pub(crate) struct Digits {
    pub(crate) preprocessing: Preprocessing,
    pub(crate) train: Dataset,
    pub(crate) validation: Dataset,
    /// Never trained on: for the page to show.
    shown: Vec<Example>,
}

/// A digit to look at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Example {
    label: u8,
    /// 28 × 28, from 0 to 255.
    pixels: Vec<u8>,
}

/// Read once.
pub(crate) static DIGITS: LazyLock<Digits> = LazyLock::new(Digits::read);

impl Digits {
    /// # Panics
    /// Never: the digits are part of the program.
    fn read() -> Self {
        let source = digits5k();
        let (validation, test) = (source.validation.expect("three parts"), source.test.expect("three parts"));
        let rows: Vec<usize> = (0..source.train.examples()).collect();
        let preprocessing = Preprocessing::fit(&source.train, &rows, &PreprocessOptions::default())
            .expect("digits that can be scaled");
        let (Features::Matrix(Batch::Active(pixels)), Some(RawTarget::Numbers(labels))) =
            (test.features, test.target)
        else {
            unreachable!("the digits are sparse and have labels")
        };
        let pixels = pixels.to_dense();
        let shown = labels.values().iter().enumerate().map(|(example, &label)| Example {
            label: label as u8,
            pixels: pixels.row(example).iter().map(|&pixel| pixel as u8).collect(),
        });
        Self {
            shown: shown.collect(),
            train: preprocessing
                .dataset(source.train, &Notices::default())
                .expect("the digits it was fitted on"),
            validation: preprocessing
                .dataset(validation, &Notices::default())
                .expect("digits of the same form"),
            preprocessing,
        }
    }

    /// Ten digits, one of each class; another ten for each `page`, in turn.
    pub(crate) fn examples(&self, page: usize) -> &[Example] {
        let pages = self.shown.len() / SHOWN;
        let start = page % pages * SHOWN;
        &self.shown[start..start + SHOWN]
    }
}
