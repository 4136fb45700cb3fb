//! What is held out of a stream.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use truezero_data::stream::{HeldOut, Stream, hold_out, infer_task};
use truezero_data::{SourceSpec, Task};

fn stream(path: &Path) -> Stream {
    let target = (path.extension().unwrap() == "csv").then(|| "y".to_owned());
    let spec = SourceSpec { target, ..SourceSpec::new(path.to_str().unwrap()) };
    Stream::open(&spec).unwrap().in_pieces_of(50)
}

/// A file of one column of inputs with a target in each row.
fn table(targets: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = targets.enumerate().map(|(at, target)| format!("{at},{target}\n")).collect();
    format!("x,y\n{}", rows.concat())
}

#[test]
fn each_class_is_held_out_in_its_proportion_and_the_last_one_of_a_class_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let class = |at: usize| match at {
        57 => "c",
        _ if at.is_multiple_of(10) => "b",
        _ => "a",
    };
    fs::write(&path, table((0..301).map(|at| class(at).to_owned()))).unwrap();
    let stream = stream(&path);
    assert_eq!(infer_task(&stream).unwrap(), Task::Classify);
    let mut drawn = Vec::new();
    for seed in 0..20 {
        let held = hold_out(&stream, Task::Classify, 30, 60, seed).unwrap();
        for (part, wanted) in [(&held.test, [27, 3]), (&held.validation, [54, 6])] {
            let mut counts = BTreeMap::new();
            part.iter().for_each(|&at| *counts.entry(class(at)).or_insert(0) += 1);
            assert_eq!(counts, BTreeMap::from([("a", wanted[0]), ("b", wanted[1])]));
        }
        let positions = held.positions();
        assert!(positions.is_sorted_by(|a, b| a < b) && positions.len() == 90);
        drawn.push(held);
    }
    assert_eq!(drawn[3], hold_out(&stream, Task::Classify, 30, 60, 3).unwrap());
    assert_ne!(drawn[3], drawn[4]);
}

#[test]
fn no_label_is_held_out_altogether() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.svmlight");
    let labels = |at: usize| match at {
        20 | 21 => "1,5",
        30 => "7",
        _ if at.is_multiple_of(4) => "1,2",
        _ if at % 4 == 1 => "",
        _ => "1",
    };
    let lines: Vec<String> = (0..120).map(|at| format!("{} 1:{at}\n", labels(at))).collect();
    fs::write(&path, lines.concat()).unwrap();
    let stream = stream(&path);
    assert_eq!(infer_task(&stream).unwrap(), Task::Multilabel);
    for seed in 0..20 {
        let held = hold_out(&stream, Task::Multilabel, 0, 40, seed).unwrap();
        assert_eq!((held.test.len(), held.validation.len()), (0, 40));
        let of = |wanted: &str| held.validation.iter().filter(|&&at| labels(at) == wanted).count();
        assert_eq!(of("7"), 0);
        // A third of the 29 that there are of each.
        assert!((9..=10).contains(&of("1,2")) && (9..=10).contains(&of("")));
        assert!(of("1,5") < 2);
    }
}

#[test]
fn quantities_are_held_out_at_random_and_never_all_examples() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, table((0..200).map(|at| format!("{}", at * at)))).unwrap();
    let stream = stream(&path);
    assert_eq!(infer_task(&stream).unwrap(), Task::Regress);
    let held = hold_out(&stream, Task::Regress, 10, 10, 1).unwrap();
    assert_eq!(held.positions(), truezero_data::sample(200, 20, 1));
    for (test, validation) in [(0, 200), (usize::MAX, usize::MAX), (1, usize::MAX)] {
        let error = hold_out(&stream, Task::Regress, test, validation, 1).unwrap_err().to_string();
        assert!(error.starts_with("held-out part: expected fewer examples than there are, found"), "{error}");
    }
    assert_eq!(hold_out(&stream, Task::Regress, 0, 0, 1).unwrap(), HeldOut::default());
}

#[test]
fn classes_of_one_example_leave_nothing_to_hold_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, table(["a", "b", "c"].into_iter().map(str::to_owned))).unwrap();
    assert_eq!(hold_out(&stream(&path), Task::Classify, 1, 1, 0).unwrap(), HeldOut::default());
}
