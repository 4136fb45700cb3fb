//! Scaled numbers stay within limits, however far from all others they are, and models of earlier versions know none.

use proptest::prelude::*;
use serde_json::{Value, json};
use truezero_data::preprocess::{InputScales, LIMIT, PreprocessOptions, Preprocessing, Scaling};
use truezero_data::{
    Column, ColumnValues, Features, InputPreprocessing, Notices, Raw, RawTarget, Table, WideBatch,
};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

const LIMIT_IN_SINGLE: f32 = LIMIT as f32;

fn raw(features: Features, rows: usize) -> Raw {
    let labels = (0..rows).map(|row| ["no", "yes"][row % 2].to_owned()).collect();
    Raw { features, target: Some(RawTarget::Labels(labels)), image: None }
}

fn table(columns: &[&[f64]]) -> Features {
    let column = |(at, values): (usize, &&[f64])| Column {
        name: format!("x{at}"),
        values: ColumnValues::Numbers(values.to_vec()),
    };
    let rows = columns[0].len();
    Features::Table(Table {
        rows,
        columns: columns.iter().enumerate().map(column).collect(),
        ..Table::default()
    })
}

fn rules(raw: &Raw, scaling: Scaling) -> Preprocessing {
    let options = PreprocessOptions { scaling, ..PreprocessOptions::default() };
    let rows: Vec<usize> = (0..raw.examples()).collect();
    Preprocessing::fit(raw, &rows, &options).unwrap()
}

fn inputs(rules: &Preprocessing, features: Features) -> DenseBatch {
    match rules.inputs(features, &Notices::default()).unwrap() {
        Batch::Dense(batch) => batch,
        Batch::Active(batch) => batch.to_dense(),
    }
}

/// Many ordinary numbers, and one 100 times as far away.
fn with_outlier() -> Vec<f64> {
    (0..10_000).map(|at| if at == 77 { 170.0 } else { f64::from(at % 2 * 2 - 1) }).collect()
}

#[test]
fn a_number_far_from_all_others_is_taken_for_the_limit() {
    let numbers = with_outlier();
    let matrix = Features::Wide(WideBatch::from_rows(1, numbers.clone()));
    for features in [table(&[&numbers]), matrix] {
        let raw = raw(features, numbers.len());
        let rules = rules(&raw, Scaling::Auto);
        let scales = rules.for_inputs().scales().unwrap();
        assert_eq!(scales.limit, Some(LIMIT));
        let inputs = inputs(&rules, raw.features);
        assert_eq!(inputs.row(77), [LIMIT_IN_SINGLE]);
        // The others are scaled as if it were not there.
        let expected = ((1.0 - scales.shifts[0]) / scales.divisors[0]) as f32;
        assert_eq!(inputs.row(1), [expected]);
        assert!((expected - 1.0).abs() < 0.001, "{expected}");
    }
}

#[test]
fn what_is_not_scaled_or_divided_by_the_greatest_number_has_no_limit() {
    let numbers = with_outlier();
    let unscaled = rules(&raw(table(&[&numbers]), numbers.len()), Scaling::None);
    assert_eq!(unscaled.for_inputs().scales().unwrap().limit, None);
    assert_eq!(inputs(&unscaled, table(&[&[1e4]])).row(0), [1e4]);
    let mut sparse = ActiveBatch::new(9);
    sparse.push([(3, 4.0)]);
    sparse.push([(3, 2.0)]);
    let raw = raw(Features::Matrix(Batch::Active(sparse)), 2);
    assert_eq!(rules(&raw, Scaling::Auto).for_inputs().scales().unwrap().limit, None);
}

#[test]
fn a_sparse_matrix_that_is_standardised_keeps_its_zeros_within_the_limit() {
    let mut sparse = ActiveBatch::new(2);
    (0..1000).for_each(|at| sparse.push((at == 5).then_some((1, 3.0))));
    let raw = raw(Features::Matrix(Batch::Active(sparse)), 1000);
    let Batch::Active(scaled) =
        rules(&raw, Scaling::Standardize).inputs(raw.features, &Notices::default()).unwrap()
    else {
        panic!("a sparse matrix")
    };
    assert_eq!((scaled.active(), scaled.example(5)), (1, (&[1][..], &[LIMIT_IN_SINGLE][..])));
}

#[test]
fn infinite_numbers_are_refused_and_not_taken_for_the_limit() {
    let rules = rules(&raw(Features::Wide(WideBatch::from_rows(1, vec![1.0, 2.0])), 2), Scaling::Auto);
    for infinite in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let features = Features::Wide(WideBatch::from_rows(1, vec![infinite]));
        let error = rules.inputs(features, &Notices::default()).unwrap_err().to_string();
        assert!(error.contains("example 1, column 1: expected a finite 32-bit number"), "{error}");
    }
}

/// Without its limit a file is one of an earlier version.
fn of_earlier_version(rules: &Preprocessing) -> Preprocessing {
    fn strip(value: &mut Value) -> usize {
        match value {
            Value::Object(fields) => {
                usize::from(fields.remove("limit").is_some()) + fields.values_mut().map(strip).sum::<usize>()
            }
            Value::Array(values) => values.iter_mut().map(strip).sum(),
            _ => 0,
        }
    }
    let mut stored = serde_json::to_value(rules).unwrap();
    assert!(strip(&mut stored) > 0, "{stored}");
    serde_json::from_value(stored).unwrap()
}

#[test]
fn models_of_earlier_versions_predict_as_they_did() {
    let numbers = with_outlier();
    for features in [table(&[&numbers]), Features::Wide(WideBatch::from_rows(1, numbers.clone()))] {
        let raw = raw(features, numbers.len());
        let old = of_earlier_version(&rules(&raw, Scaling::Auto));
        let scales = old.for_inputs().scales().unwrap();
        assert_eq!(scales.limit, None);
        let expected = ((170.0 - scales.shifts[0]) / scales.divisors[0]) as f32;
        assert!(expected > 60.0);
        assert_eq!(inputs(&old, raw.features).row(77), [expected]);
    }
}

#[test]
fn a_limit_that_no_fit_could_have_found_is_refused() {
    for limit in [json!(0.0), json!(-8.0), json!(1e300), json!(1e-300)] {
        let number = json!({"impute": 0.0, "shift": 0.0, "divisor": 1.0, "limit": limit, "missing": false});
        let columns = json!([{"name": "x", "inputs": {"number": number}}]);
        for inputs in [
            json!({"table": {"columns": columns}}),
            json!({"matrix": {"width": 1, "scaling": "none", "limit": limit}}),
        ] {
            let error = serde_json::from_value::<InputPreprocessing>(inputs).unwrap_err().to_string();
            assert!(error.contains("a limit of"), "{error}");
        }
    }
}

proptest! {
    #[test]
    fn no_scaled_number_is_beyond_the_limit(
        rows in prop::collection::vec(prop::array::uniform2(-1e30..1e30), 2..40),
        others in prop::collection::vec(prop::array::uniform2(-1e30..1e30), 1..20),
        standardize in any::<bool>(),
    ) {
        let columns = |rows: &[[f64; 2]]| [0, 1].map(|at| rows.iter().map(|row| row[at]).collect::<Vec<_>>());
        let of_table = |rows: &[[f64; 2]]| {
            let [a, b] = columns(rows);
            table(&[&a, &b])
        };
        let of_matrix = |rows: &[[f64; 2]]| Features::Wide(WideBatch::from_rows(2, rows.concat()));
        let scaling = if standardize { Scaling::Standardize } else { Scaling::UnitRange };
        let mut all = Vec::new();
        for features in [&of_table as &dyn Fn(&[[f64; 2]]) -> Features, &of_matrix] {
            let rules = rules(&raw(features(&rows), rows.len()), scaling);
            for seen in [&rows, &others] {
                // What is too large for 32 bits is refused.
                let inputs = rules.inputs(features(seen), &Notices::default()).ok().map(Batch::into_dense);
                if let Some(Batch::Dense(inputs)) = &inputs {
                    let within = |row: &[f32]| row.iter().all(|value| value.abs() <= LIMIT_IN_SINGLE);
                    prop_assert!((0..inputs.examples()).all(|example| within(inputs.row(example))));
                }
                all.push(inputs);
            }
        }
        // A table and a matrix of the same numbers are scaled alike, to the bit.
        prop_assert_eq!(&all[..2], &all[2..]);
    }
}

#[test]
fn rules_for_numbers_keep_the_limit() {
    let numbers = with_outlier();
    let rules = rules(&raw(table(&[&numbers]), numbers.len()), Scaling::Auto);
    let of_numbers = rules.for_inputs().of_numbers().unwrap();
    let row = Features::Wide(WideBatch::from_rows(1, vec![-170.0]));
    assert_eq!(
        of_numbers.inputs(row, &Notices::default()).unwrap(),
        Batch::Dense(DenseBatch::from_rows(1, &[-LIMIT_IN_SINGLE]))
    );
    let given = InputScales { limit: Some(0.5), ..InputScales::default() };
    let given = InputPreprocessing::matrix(2, &given).unwrap();
    let row = Features::Matrix(Batch::Dense(DenseBatch::from_rows(2, &[-3.0, 0.25])));
    assert_eq!(
        given.inputs(row, &Notices::default()).unwrap(),
        Batch::Dense(DenseBatch::from_rows(2, &[-0.5, 0.25]))
    );
}

#[test]
fn scales_of_more_columns_than_memory_allows_are_refused_before_they_are_made() {
    let width = 1 << 26;
    for scaling in [Scaling::Auto, Scaling::UnitRange, Scaling::Standardize] {
        let mut batch = ActiveBatch::new(width);
        batch.push([(0, 1.0), (width as u32 - 1, 1.0)]);
        batch.push([(0, 1.0)]);
        let raw = raw(Features::Matrix(Batch::Active(batch)), 2);
        let options = PreprocessOptions { scaling, ..PreprocessOptions::default() };
        let error = Preprocessing::fit(&raw, &[0, 1], &options).unwrap_err().to_string();
        let expected =
            "inputs: scales of 67108864 columns: expected data that takes at most 2.0 GiB of memory, found ";
        assert!(error.starts_with(expected), "{error}");
    }
}
