//! What the targets are, and what becomes of them.

use truezero_data::preprocess::{PreprocessOptions, Preprocessing};
use truezero_data::{Features, Raw, RawTarget, Targets, Task};
use truezero_sparse::{Batch, DenseBatch};

/// A source of these targets, its inputs of no interest.
fn raw(target: RawTarget) -> Raw {
    let examples = target.examples();
    let features = Features::Matrix(Batch::Dense(DenseBatch::zeros(examples, 1)));
    Raw { features, target: Some(target), image: None }
}

fn fit(target: RawTarget, task: Option<Task>) -> Result<Preprocessing, String> {
    let raw = raw(target);
    let rows: Vec<usize> = (0..raw.examples()).collect();
    let options = PreprocessOptions { task, ..PreprocessOptions::default() };
    Preprocessing::fit(&raw, &rows, &options).map_err(|error| error.to_string())
}

fn labels(values: &[&str]) -> RawTarget {
    RawTarget::Labels(values.iter().map(|&label| label.to_owned()).collect())
}

fn numbers(values: &[f64]) -> RawTarget {
    RawTarget::Numbers(values.to_vec().into())
}

fn rows(width: usize, values: &[f64], names: &[&str]) -> RawTarget {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    RawTarget::Rows { width, values: values.to_vec(), names }
}

fn sets(values: &[&[&str]]) -> RawTarget {
    RawTarget::Sets(values.iter().map(|set| set.iter().map(|&label| label.to_owned()).collect()).collect())
}

#[test]
fn the_task_is_told_by_the_values() {
    let task = |target| fit(target, None).unwrap().task();
    assert_eq!(task(labels(&["a", "b"])), Task::Classify);
    assert_eq!(task(numbers(&[3.0, -1.0])), Task::Classify);
    assert_eq!(task(numbers(&[3.0, 1.5])), Task::Regress);
    let whole = |count: i32| numbers(&(0..count).map(f64::from).collect::<Vec<_>>());
    assert_eq!(task(whole(50)), Task::Classify);
    assert_eq!(task(whole(51)), Task::Regress);
    assert_eq!(task(rows(2, &[0.0, 1.0, 1.0, 1.0], &[])), Task::Multilabel);
    assert_eq!(task(rows(2, &[0.0, 1.0, 2.0, 1.0], &[])), Task::Regress);
    assert_eq!(task(sets(&[&["a"], &[]])), Task::Multilabel);
}

#[test]
fn classes_are_in_order_and_found_as_words_or_numbers() {
    let names = |target| fit(target, Some(Task::Classify)).unwrap().labels().to_vec();
    assert_eq!(names(numbers(&[10.0, 9.0, -0.0, 0.0, 2.5])), ["0", "2.5", "9", "10"]);
    assert_eq!(names(labels(&["10", "9", "1"])), ["1", "9", "10"]);
    assert_eq!(names(labels(&["b", "10", "9", "B"])), ["10", "9", "B", "b"]);
    let preprocessing = fit(labels(&["3", "x", "1"]), None).unwrap();
    let classes = |target| preprocessing.targets(&target).map_err(|error| error.to_string());
    let expected = Targets::Classes { labels: vec![1, 0], classes: 3 };
    assert_eq!(classes(numbers(&[3.0, 1.0])).unwrap(), expected);
    assert_eq!(classes(labels(&["3.0", "01"])).unwrap(), expected);
    assert_eq!(
        classes(numbers(&[3.0, 4.0])).unwrap_err(),
        "label of example 2: expected one of the labels 1, 3, x, found \"4\", which was not seen in training"
    );
    assert_eq!(
        classes(sets(&[&[]])).unwrap_err(),
        "target for the task classify: expected one label for each example, found sets of labels"
    );
}

#[test]
fn quantities_are_standardised_and_brought_back() {
    let preprocessing = fit(rows(2, &[1.0, 7.0, 3.0, 7.0], &["a", "b"]), None).unwrap();
    assert_eq!(preprocessing.labels(), ["a", "b"]);
    assert_eq!(preprocessing.scales(), [1.0, 1.0], "the second does not vary");
    let target = rows(2, &[5.0, 8.0], &[]);
    let Targets::Quantities(scaled) = preprocessing.targets(&target).unwrap() else { panic!() };
    assert_eq!(scaled, DenseBatch::from_rows(2, &[3.0, 1.0]));
    assert_eq!(preprocessing.quantities(&scaled), DenseBatch::from_rows(2, &[5.0, 8.0]));
    let error = preprocessing.targets(&numbers(&[1.0])).unwrap_err().to_string();
    assert_eq!(error, "targets: expected 2 for each example, as in training, found 1");
    let error = preprocessing.targets(&rows(2, &[1.0, f64::NAN], &[])).unwrap_err().to_string();
    assert_eq!(error, "target of example 1: expected finite numbers, found NaN");
}

#[test]
fn any_number_of_labels_become_flags() {
    let preprocessing = fit(sets(&[&["10", "9"], &[], &["9"]]), None).unwrap();
    assert_eq!(preprocessing.labels(), ["9", "10"]);
    assert_eq!(preprocessing.outputs(), 2);
    let flags = |target| preprocessing.targets(&target).map_err(|error| error.to_string());
    let expected = Targets::Labels(DenseBatch::from_rows(2, &[1.0, 0.0, 0.0, 0.0]));
    assert_eq!(flags(sets(&[&["9"], &[]])).unwrap(), expected);
    assert_eq!(flags(rows(2, &[1.0, 0.0, 0.0, 0.0], &[])).unwrap(), expected);
    assert_eq!(
        flags(sets(&[&["9"], &["8"]])).unwrap_err(),
        "label of example 2: expected one of the labels 9, 10, found \"8\", which was not seen in training"
    );
    assert_eq!(
        flags(rows(2, &[1.0, 0.0, 0.5, 0.0], &[])).unwrap_err(),
        "target of example 2: expected 0 or 1 for each label, found 0.5"
    );
    let named = fit(rows(2, &[1.0, 0.0], &["a", "b"]), Some(Task::Multilabel)).unwrap();
    assert_eq!(named.labels(), ["a", "b"]);
    let one = fit(numbers(&[1.0, 0.0]), Some(Task::Multilabel)).unwrap();
    assert_eq!((one.outputs(), one.task()), (1, Task::Multilabel));
}

#[test]
fn targets_that_do_not_suit_the_task_are_named() {
    let error = |target, task| fit(target, task).unwrap_err();
    assert_eq!(error(labels(&["a", "a"]), None), "target: expected two classes or more, found only \"a\"");
    assert_eq!(
        error(labels(&["a", "b"]), Some(Task::Regress)),
        "target for the task regress: expected numbers, found words"
    );
    assert_eq!(
        error(labels(&["a", "b"]), Some(Task::Multilabel)),
        "target for the task multilabel: expected 0 or 1 for each label, found words"
    );
    assert_eq!(
        error(rows(2, &[0.0, 1.0], &[]), Some(Task::Classify)),
        "target for the task classify: expected one label for each example, \
         found several numbers for each example"
    );
    let infinite = "target of example 2: expected a finite number, found inf";
    for task in [None, Some(Task::Classify), Some(Task::Regress)] {
        assert_eq!(error(numbers(&[1.0, f64::INFINITY]), task), infinite);
    }
    assert_eq!(error(sets(&[&[], &[]]), None), "target: expected at least one label, found none");
}
