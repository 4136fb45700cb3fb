//! Preprocessing comes from model files, which anyone may have written: whatever stands there is refused
//! or safe to use.

use proptest::prelude::*;
use serde_json::{Value, json};
use truezero_data::preprocess::{PreprocessOptions, Preprocessing};
use truezero_data::{Column, ColumnValues, Features, Notices, Raw, RawTarget, Table, WideBatch};
use truezero_sparse::{Batch, DenseBatch};

fn refused(stored: &Value) -> String {
    serde_json::from_value::<Preprocessing>(stored.clone()).expect_err(&stored.to_string()).to_string()
}

fn matrix(scaling: &Value) -> Value {
    json!({
        "version": 1,
        "inputs": {"matrix": {"width": 2, "scaling": scaling}},
        "targets": {"classes": {"names": ["a", "b"]}},
    })
}

fn table(inputs: &Value) -> Value {
    json!({
        "version": 1,
        "inputs": {"table": {"columns": [{"name": "x", "inputs": inputs}]}},
        "targets": {"classes": {"names": ["a", "b"]}},
    })
}

fn targets(targets: &Value) -> Value {
    json!({"version": 1, "inputs": {"matrix": {"width": 1, "scaling": "none"}}, "targets": targets})
}

fn text(change: &str, to: &Value) -> Value {
    let mut text = json!({"terms": ["a", "b"], "ngrams": 1, "stemming": false, "weighting": "tf-idf", "idf": [1.0, 2.0]});
    text[change] = to.clone();
    table(&json!({"text": text}))
}

#[test]
fn rules_that_do_not_fit_together_are_refused() {
    let cases = [
        (matrix(&json!({"shifted": {"shifts": [0.0], "divisors": [1.0, 1.0]}})), "scales of 1 columns for 2"),
        (matrix(&json!({"divided": {"divisors": [1.0, 1.0, 1.0]}})), "scales of 3 columns for 2"),
        (matrix(&json!({"divided": {"divisors": [1.0, 0.0]}})), "a scale of 0"),
        (matrix(&json!({"whole": {"divisor": -1.0}})), "a scale of -1"),
        (matrix(&json!({"whole": {"divisor": 1e300}})), "a scale of inf"),
        (
            table(&json!({"category": {"levels": ["b", "a"], "missing": false}})),
            "the level \"a\" after \"b\"",
        ),
        (table(&json!({"category": {"levels": [], "missing": false}})), "0 inputs instead of 1 to 67108864"),
        (
            table(&json!({"number": {"impute": 0.0, "shift": 0.0, "divisor": 0.0, "missing": false}})),
            "a scale of 0 in column \"x\"",
        ),
        (text("terms", &json!(["b", "a"])), "the term \"a\" after \"b\""),
        (text("terms", &json!([])), "0 terms"),
        (text("idf", &json!([1.0])), "1 factors for 2 terms"),
        (text("idf", &json!([1.0, -1.0])), "the factor -1 of a term"),
        (text("weighting", &json!("binary")), "2 factors for 0 terms"),
        (text("ngrams", &json!(0)), "n-grams of 0 words"),
        (text("ngrams", &json!(1_000_000)), "n-grams of 1000000 words"),
        (targets(&json!({"classes": {"names": []}})), "no classes"),
        (targets(&json!({"classes": {"names": ["a", "a"]}})), "the label \"a\" twice"),
        (targets(&json!({"labels": {"names": []}})), "no labels"),
        (targets(&json!({"quantities": {"names": [], "means": [], "scales": []}})), "0 means and 0 scales"),
        (
            targets(&json!({"quantities": {"names": [], "means": [0.0], "scales": []}})),
            "1 means and 0 scales",
        ),
        (
            targets(&json!({"quantities": {"names": ["a", "b"], "means": [0.0], "scales": [1.0]}})),
            "2 names of 1 targets",
        ),
    ];
    for (stored, expected) in cases {
        let error = refused(&stored);
        assert!(error.starts_with("preprocessing: expected rules that fit together, found"), "{error}");
        assert!(error.contains(expected), "{error} instead of {expected}");
    }
}

/// Files of earlier versions do not say in how many bits they scale: in 32, as their models were trained.
#[test]
fn files_of_earlier_versions_scale_as_they_did() {
    let (shifts, divisors) = ([100.1f32, 0.3], [0.7f32, 3.3]);
    let old = matrix(&json!({"shifted": {"shifts": shifts, "divisors": divisors}}));
    let rules: Preprocessing = serde_json::from_value(old).unwrap();
    let values = [101.7f32, 1.9];
    let given = [
        Features::Matrix(Batch::Dense(DenseBatch::from_rows(2, &values))),
        Features::Wide(WideBatch::from_rows(2, values.map(f64::from).to_vec())),
    ];
    for features in given {
        let Batch::Dense(inputs) = rules.inputs(features, &Notices::default()).unwrap() else {
            panic!("a dense batch")
        };
        for at in 0..2 {
            let in_single = (values[at] - shifts[at]) / divisors[at];
            assert_eq!(inputs.row(0)[at].to_bits(), in_single.to_bits());
        }
    }
    // What is written now says so, and comes back as it was.
    let raw = Raw {
        features: Features::Wide(WideBatch::from_rows(1, vec![1_700_000_001.0, 1_700_000_002.0])),
        target: Some(RawTarget::Labels(vec!["a".into(), "b".into()])),
        image: None,
    };
    let fitted = Preprocessing::fit(&raw, &[0, 1], &PreprocessOptions::default()).unwrap();
    let stored = serde_json::to_string(&fitted).unwrap();
    let loaded: Preprocessing = serde_json::from_str(&stored).unwrap();
    assert_eq!(loaded, fitted);
    assert_eq!(
        loaded.inputs(raw.features, &Notices::default()).unwrap(),
        Batch::Dense(DenseBatch::from_rows(1, &[-1.0, 1.0]))
    );
}

#[test]
fn other_versions_and_unknown_fields_are_refused() {
    let mut stored = matrix(&json!("none"));
    assert!(serde_json::from_value::<Preprocessing>(stored.clone()).is_ok());
    stored["version"] = json!(2);
    assert_eq!(refused(&stored), "preprocessing: expected version 1, found version 2");
    stored["version"] = json!(1);
    stored["more"] = json!(1);
    assert!(refused(&stored).contains("unknown field `more`"));
    assert!(
        refused(&table(&json!({"category": {"levels": ["a"], "missing": false, "more": 1}})))
            .contains("more")
    );
    let mut wide = matrix(&json!("none"));
    for width in [0, 1u64 << 40] {
        wide["inputs"]["matrix"]["width"] = json!(width);
        assert!(refused(&wide).contains(&format!("a width of {width}")));
    }
    let twice = json!({"name": "x", "inputs": {"category": {"levels": ["a"], "missing": false}}});
    let mut stored = table(&json!(null));
    stored["inputs"]["table"]["columns"] = json!([twice, twice]);
    assert!(refused(&stored).contains("two columns \"x\""));
}

fn table_of(numbers: Vec<f64>, words: Vec<Option<String>>, texts: Vec<String>) -> Raw {
    let rows = numbers.len();
    let target = (0..rows).map(|row| ["no", "yes"][row % 2].to_owned()).collect();
    let columns = [
        ("number", ColumnValues::Numbers(numbers)),
        ("word", ColumnValues::Categories(words)),
        ("text", ColumnValues::Text(texts)),
    ];
    let columns = columns.map(|(name, values)| Column { name: name.to_owned(), values });
    Raw {
        features: Features::Table(Table { rows, columns: columns.into(), ..Table::default() }),
        target: Some(RawTarget::Labels(target)),
        image: None,
    }
}

proptest! {
    /// Whatever a table holds, what is fitted on some of its rows can be stored, read, and used on all.
    #[test]
    fn any_table_survives_storing(
        rows in prop::collection::vec(
            (prop_oneof![Just(f64::NAN), -1e30..1e30], prop::option::of("[a-c]{0,2}"), "[ -~é]{0,12}"), 3..12),
    ) {
        let numbers = rows.iter().map(|(number, _, _)| *number).collect();
        let words = rows.iter().map(|(_, word, _)| word.clone()).collect();
        let texts = rows.iter().map(|(_, _, text)| format!("word {text}")).collect();
        let raw = table_of(numbers, words, texts);
        let fitted = Preprocessing::fit(&raw, &[0, 1, 2], &PreprocessOptions::default()).unwrap();
        let stored = serde_json::to_string(&fitted).unwrap();
        let read: Preprocessing = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(&read, &fitted);
        prop_assert_eq!(fitted.input_names().unwrap().len(), fitted.width());
        let message = |error: truezero_data::DataError| error.to_string();
        let inputs = fitted.inputs(raw.features.clone(), &Notices::default()).map_err(message);
        prop_assert_eq!(&inputs, &read.inputs(raw.features, &Notices::default()).map_err(message));
        if let Ok(inputs) = inputs {
            prop_assert_eq!(inputs.width(), fitted.width());
        }
    }

    /// Standardised quantities come back in their own units, to the precision of 32 bits.
    #[test]
    fn quantities_come_back(values in prop::collection::vec(-1e6f64..1e6, 2..40)) {
        let examples = values.len();
        let raw = Raw {
            features: Features::Matrix(Batch::Dense(DenseBatch::zeros(examples, 1))),
            target: Some(RawTarget::Numbers(values.clone().into())),
            image: None,
        };
        let rows: Vec<usize> = (0..examples).collect();
        let options = PreprocessOptions { task: Some(truezero_data::Task::Regress), ..PreprocessOptions::default() };
        let fitted = Preprocessing::fit(&raw, &rows, &options).unwrap();
        let targets = fitted.targets(&RawTarget::Numbers(values.clone().into())).unwrap();
        let truezero_data::Targets::Quantities(scaled) = targets else { panic!("expected quantities") };
        let back = fitted.quantities(&scaled);
        for (example, value) in values.iter().enumerate() {
            let error = (f64::from(back.row(example)[0]) - value).abs();
            prop_assert!(error <= 1e-6 * (value.abs() + fitted.scales()[0]), "{value} came back off by {error}");
        }
    }
}
