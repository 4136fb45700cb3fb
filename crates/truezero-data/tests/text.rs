//! Bags of words against those scikit-learn makes of the same texts (tests/fixtures/make_text.py).

use std::path::{Path, PathBuf};

use serde::Deserialize;
use truezero_data::Notices;
use truezero_data::formats::{TableOptions, csv};
use truezero_data::preprocess::{PreprocessOptions, Preprocessing};
use truezero_data::text::TextOptions;
use truezero_sparse::Batch;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[derive(Deserialize)]
struct Case {
    name: String,
    options: TextOptions,
    /// The vocabulary is fitted on this many texts.
    fitted: usize,
    terms: Vec<String>,
    bags: Vec<Vec<f64>>,
}

/// Ours are rounded to 32 bits.
const TOLERANCE: f64 = 1e-7;

#[test]
fn bags_are_those_of_scikit_learn() {
    let options = TableOptions {
        target: Some("stars".to_owned()),
        text: vec!["review".to_owned()],
        ..TableOptions::default()
    };
    let cases = std::fs::read_to_string(fixture("text_bags.json")).unwrap();
    for case in serde_json::from_str::<Vec<Case>>(&cases).unwrap() {
        let raw = csv::read(&fixture("text.csv"), &options).unwrap();
        let rows: Vec<usize> = (0..case.fitted).collect();
        let options = PreprocessOptions { text: case.options, ..PreprocessOptions::default() };
        let preprocessing = Preprocessing::fit(&raw, &rows, &options).unwrap();
        let names = preprocessing.input_names().unwrap();
        let terms: Vec<String> = case.terms.iter().map(|term| format!("review: {term}")).collect();
        assert_eq!(names, terms, "{}", case.name);
        let bags = preprocessing.inputs(raw.features, &Notices::default()).unwrap();
        assert_eq!(bags.examples(), case.bags.len());
        for (example, expected) in case.bags.iter().enumerate() {
            let found = row(&bags, example);
            for (term, (found, expected)) in found.iter().zip(expected).enumerate() {
                let difference = (f64::from(*found) - expected).abs();
                assert!(difference <= TOLERANCE, "{} {example} {term}: {found} {expected}", case.name);
            }
        }
    }
}

fn row(batch: &Batch, example: usize) -> Vec<f32> {
    match batch {
        Batch::Dense(batch) => batch.row(example).to_vec(),
        Batch::Active(batch) => {
            let mut row = vec![0.0; batch.width()];
            let (indices, values) = batch.example(example);
            indices.iter().zip(values).for_each(|(&index, &value)| row[index as usize] = value);
            row
        }
    }
}
