//! Training on a stream is training on the same examples in memory.

use std::fmt::Write as _;
use std::path::Path;

use truezero::{Control, Examples, Network, Progress, Trainer, TrainingOptions};
use truezero_data::stream::{Prepared, Stream, chosen, fit};
use truezero_data::{PreprocessOptions, SourceSpec, open, sample};

const EXAMPLES: usize = 203;

/// Two kinds of examples that three columns tell apart.
fn table(folder: &Path) -> SourceSpec {
    let mut text = String::from("a,colour,note,y\n");
    for row in 0..EXAMPLES {
        let kind = (row * row / 3) % 2;
        let note = ["good, and cheap", "bad", "", "good"][(row + kind) % 4];
        let colour = ["red", "blue"][(row / 7 + kind) % 2];
        writeln!(text, "{},{colour},\"{note}\",{}", row * 13 % 17 + 9 * kind, ["no", "yes"][kind]).unwrap();
    }
    let path = folder.join("data.csv");
    std::fs::write(&path, text).unwrap();
    SourceSpec {
        target: Some("y".into()),
        text: vec!["note".into()],
        ..SourceSpec::new(path.to_str().unwrap())
    }
}

fn options() -> TrainingOptions {
    TrainingOptions { hidden: vec![12, 9], batch_size: 8, epochs: 3, ..Default::default() }
}

/// The network after all epochs on a stream in windows of `size`, interrupted after every `every` mini-batches.
fn streamed(spec: &SourceSpec, size: usize, every: usize) -> Network {
    let stream = Stream::open(spec).unwrap().in_pieces_of(40);
    let left_out = sample(EXAMPLES, 30, 5);
    let rules = fit(&stream, &left_out, &PreprocessOptions::default()).unwrap();
    let validation = chosen(&stream, &left_out, &rules).unwrap();
    let rows: Vec<usize> = (0..validation.examples()).collect();
    let held = Examples { data: &validation, rows: &rows };
    let prepared = Prepared::new(stream, rules, left_out);
    let mut trainer = Trainer::new(options().check().unwrap(), held, Some(held), 1).unwrap();
    let mut batches = 0;
    loop {
        let on_batch = &mut |_: &_| {
            batches += 1;
            if batches % every == 0 { Control::Stop } else { Control::Continue }
        };
        let mut windows = prepared.windows(size);
        if trainer.epoch_on(prepared.examples(), &mut windows, on_batch).unwrap() == Progress::Done {
            return trainer.finish().unwrap().network;
        }
    }
}

#[test]
fn the_same_examples_in_memory_give_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path());
    let raw = open(&spec).unwrap().train;
    let held = sample(EXAMPLES, 30, 5);
    let kept: Vec<usize> = (0..EXAMPLES).filter(|row| !held.contains(row)).collect();
    let rules = truezero_data::Preprocessing::fit(&raw, &kept, &PreprocessOptions::default()).unwrap();
    let data = rules.dataset(raw).unwrap();
    let (train, validation) = (Examples { data: &data, rows: &kept }, Examples { data: &data, rows: &held });
    let mut trainer = Trainer::new(options().check().unwrap(), train, Some(validation), 1).unwrap();
    while trainer.epoch(&mut |_| Control::Continue).unwrap() != Progress::Done {}
    let expected = trainer.finish().unwrap().network;

    assert_eq!(streamed(&spec, EXAMPLES, usize::MAX), expected);
    // Smaller windows are another random order, which an interruption does not change.
    let small = streamed(&spec, 24, usize::MAX);
    assert_ne!(small, expected);
    for every in [1, 5, 22] {
        assert_eq!(streamed(&spec, 24, every), small, "interrupted after every {every} mini-batches");
    }
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path());
    let stream = Stream::open(&spec).unwrap();
    let rules = fit(&stream, &[], &PreprocessOptions::default()).unwrap();
    let all = chosen(&stream, &(0..EXAMPLES).collect::<Vec<_>>(), &rules).unwrap();
    let rows: Vec<usize> = (0..EXAMPLES).collect();
    let examples = Examples { data: &all, rows: &rows };
    let refused = |count: usize, windows: Vec<truezero_data::Dataset>| {
        let mut trainer = Trainer::new(options().check().unwrap(), examples, None, 1).unwrap();
        let mut windows = windows.into_iter().map(Ok);
        trainer.epoch_on(count, &mut windows, &mut |_| Control::Continue).unwrap_err().to_string()
    };
    assert!(refused(40, vec![all.select(&rows[..20]), all.select(&rows[..20])]).starts_with("window 1: "));
    assert!(
        refused(40, vec![all.select(&rows[..16])]).starts_with("windows: expected 40 examples, found 16")
    );
}
