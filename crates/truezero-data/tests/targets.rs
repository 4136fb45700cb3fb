//! What the targets are, and what becomes of them.

use std::fs;

use truezero_data::preprocess::{PreprocessOptions, Preprocessing};
use truezero_data::{Features, Notices, Numbers, Raw, RawTarget, SourceSpec, Targets, Task, open};
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
    let whole =
        |rows: i32, count: i32| numbers(&(0..rows).map(|at| f64::from(at % count)).collect::<Vec<_>>());
    assert_eq!(task(whole(250, 50)), Task::Classify);
    assert_eq!(task(whole(255, 51)), Task::Regress);
    assert_eq!(task(whole(50, 50)), Task::Regress, "no value occurs again");
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
        "target: expected one label for each example for the task classify, found sets of labels"
    );
}

/// Of the rows that are left in training, some draws would leave what looks like another task.
#[test]
fn the_task_is_told_by_all_rows_whichever_are_held_out() {
    let values: Vec<f64> = (0..300).map(|at| if at < 299 { f64::from(at % 4) } else { 0.5 }).collect();
    let raw = raw(numbers(&values));
    let rows: Vec<usize> = (0..200).collect();
    let fitted = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    assert_eq!(fitted.task(), Task::Regress);
    let inputs = fitted.for_inputs().clone();
    let again = Preprocessing::with_inputs(inputs, &raw, &rows, &PreprocessOptions::default()).unwrap();
    assert_eq!(again, fitted);
}

/// The labels of each example, and the names of the classes that are fitted to them.
fn read(files: &[(&str, &[u8])], spec: &SourceSpec) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let labels = spec.labels.as_ref().map(|labels| folder.path().join(labels));
    let raw = open(&SourceSpec { data: at(&spec.data), labels, ..spec.clone() }).unwrap().train;
    let rows: Vec<usize> = (0..raw.examples()).collect();
    let options = PreprocessOptions { task: Some(Task::Classify), ..PreprocessOptions::default() };
    let fitted = Preprocessing::fit(&raw, &rows, &options).unwrap();
    let target = raw.target.unwrap();
    let Targets::Classes { labels, .. } = fitted.targets(&target).unwrap() else { panic!() };
    let names = fitted.labels().to_vec();
    (labels.into_iter().map(|label| names[label as usize].clone()).collect(), names)
}

/// An NPY file of 64-bit numbers in one dimension.
fn npy(kind: &str, numbers: &[[u8; 8]]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({},), }}", numbers.len());
    let mut bytes = b"\x93NUMPY\x01\0\x76\0".to_vec();
    bytes.extend(format!("{header:<117}\n").into_bytes());
    bytes.extend(numbers.concat());
    bytes
}

#[test]
fn labels_keep_their_spelling_through_every_format() {
    let table = |labels: &[&str]| {
        let rows = labels.iter().map(|label| format!("1.5,{label}\n")).collect::<Vec<_>>().concat();
        format!("x,y\n{rows}").into_bytes()
    };
    let in_table = SourceSpec { target: Some("y".into()), ..SourceSpec::new("t.csv") };
    for labels in [
        &["01", "02", "10"][..],
        &["1E2", "1E3", "12E4"],
        &["0.0", "1.0", "2.0"],
        &["9007199254740992", "9007199254740993", "9007199254740995"],
        &["-1", "+1"],
        &["b", "01", "1"],
    ] {
        let (given, _) = read(&[("t.csv", &table(labels))], &in_table);
        assert_eq!(given, labels);
        let lines = labels.join("\n");
        let of_svmlight = SourceSpec::new("x.svmlight");
        if labels[0] != "b" {
            let text = labels.iter().map(|label| format!("{label} 1:1\n")).collect::<Vec<_>>().concat();
            assert_eq!(read(&[("x.svmlight", text.as_bytes())], &of_svmlight).0, labels);
        }
        let spec = SourceSpec { labels: Some("y.txt".into()), ..SourceSpec::new("x.csv") };
        let inputs: String = labels.iter().map(|_| "1.5,2\n").collect();
        assert_eq!(read(&[("x.csv", inputs.as_bytes()), ("y.txt", lines.as_bytes())], &spec).0, labels);
    }
    let spec = SourceSpec { labels: Some("y.npy".into()), ..SourceSpec::new("x.csv") };
    let inputs: &[u8] = b"1.5,2\n2.5,1\n3.5,1\n";
    let signed: Vec<[u8; 8]> =
        [-5i64, 9_007_199_254_740_993, 9_007_199_254_740_992].map(i64::to_le_bytes).to_vec();
    let (given, names) = read(&[("x.csv", inputs), ("y.npy", &npy("<i8", &signed))], &spec);
    assert_eq!(given, ["-5", "9007199254740993", "9007199254740992"]);
    assert_eq!(names, ["-5", "9007199254740992", "9007199254740993"]);
    let unsigned: Vec<[u8; 8]> = [u64::MAX, u64::MAX - 1, 7].map(u64::to_be_bytes).to_vec();
    let (given, _) = read(&[("x.csv", inputs), ("y.npy", &npy(">u8", &unsigned))], &spec);
    assert_eq!(given, ["18446744073709551615", "18446744073709551614", "7"]);
}

#[test]
fn labels_that_are_equal_as_numbers_are_one_class_and_this_is_told() {
    let mut words = Numbers::default();
    ["1.0", "2", "1", "01"].iter().for_each(|word| words.push(word.parse().unwrap(), word));
    let raw = raw(RawTarget::Numbers(words));
    let options = PreprocessOptions { task: Some(Task::Classify), ..PreprocessOptions::default() };
    let fitted = Preprocessing::fit(&raw, &[0, 1, 2, 3], &options).unwrap();
    assert_eq!(fitted.labels(), ["1", "2"]);
    let told = options.notices.all();
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].to_string(),
        "target: \"1.0\" and \"1\" are equal as numbers, and so one label, which goes by \"1\""
    );
}

#[test]
fn a_target_that_never_varies_is_told() {
    let options = PreprocessOptions::default();
    let fit = |target: RawTarget| Preprocessing::fit(&raw(target), &[0, 1], &options).unwrap();
    fit(rows(2, &[1.0, 3.5, 2.0, 3.5], &["a", "b"]));
    assert_eq!(
        options.notices.all()[0].to_string(),
        "target \"b\": 3.5 in every example to train on, so there is nothing to learn"
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
        "target: expected numbers for the task regress, found words"
    );
    assert_eq!(
        error(labels(&["a", "b"]), Some(Task::Multilabel)),
        "target: expected 0 or 1 for each label for the task multilabel, found words"
    );
    assert_eq!(
        error(rows(2, &[0.0, 1.0], &[]), Some(Task::Classify)),
        "target: expected one label for each example for the task classify, \
         found several numbers for each example"
    );
    let infinite = "target of example 2: expected a finite number, found inf";
    for task in [None, Some(Task::Classify), Some(Task::Regress)] {
        assert_eq!(error(numbers(&[1.0, f64::INFINITY]), task), infinite);
    }
    assert_eq!(error(sets(&[&[], &[]]), None), "target: expected at least one label, found none");
}

#[test]
fn labels_and_targets_are_named_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let spec = SourceSpec { target: Some("y".to_owned()), ..SourceSpec::new(path.to_str().unwrap()) };
        open(&spec).unwrap().train
    };
    let train = write("train.csv", "x,y\n1,a\n2,b\n3,a\n");
    let model = Preprocessing::fit(&train, &[0, 1, 2], &PreprocessOptions::default()).unwrap();
    let test = write("test.csv", "x,y\n1,a\n\n\"2\",c\n3,d\n");
    let error = model.dataset(test, &Notices::default()).unwrap_err().to_string();
    let expected = "test.csv: label of line 4: expected one of the labels a, b, found \"c\", which was not seen in training; \
                    2 labels were not";
    assert!(error.ends_with(expected), "{error}");

    // What is wrong with all targets is said of their column.
    let fit = |raw: &Raw, task| {
        let options = PreprocessOptions { task: Some(task), ..PreprocessOptions::default() };
        let rows: Vec<usize> = (0..raw.examples()).collect();
        Preprocessing::fit(raw, &rows, &options).unwrap_err().to_string()
    };
    let same = write("same.csv", "x,y\n1,5\n2,5\n");
    assert_eq!(
        fit(&same, Task::Classify),
        "target \"y\": expected two classes or more, found only \"5\"\n\
         hint: --task regress takes numbers for quantities"
    );
    let huge = write("huge.csv", "x,y\n1,1e300\n2,-1e300\n3,5\n");
    assert_eq!(
        fit(&huge, Task::Regress),
        "target \"y\": expected numbers with a finite standard deviation, found numbers from -1e300 to 1e300"
    );
    let words = write("words.csv", "x,y\n1,a\n2,b\n");
    assert_eq!(
        fit(&words, Task::Regress),
        "target \"y\": expected numbers for the task regress, found words"
    );
}
