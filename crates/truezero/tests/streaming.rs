//! Training on a stream is training on the same examples in memory.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use truezero::{Control, Evaluator, Examples, Network, Progress, Trainer, TrainingOptions};
use truezero_data::stream::{Prepared, Stream, chosen, class_weights as class_weights_of, fit};
use truezero_data::{
    ClassWeights, Notices, PreprocessOptions, Preprocessing, SourceSpec, open, sample, take_weights,
};

const EXAMPLES: usize = 203;

/// Two kinds of examples that three columns tell apart.
fn table(folder: &Path) -> SourceSpec {
    let mut text = String::from("a,colour,note,importance,y\n");
    for row in 0..EXAMPLES {
        let kind = (row * row / 3) % 2;
        let note = ["good, and cheap", "bad", "", "good"][(row + kind) % 4];
        let colour = ["red", "blue"][(row / 7 + kind) % 2];
        let (a, importance) = (row * 13 % 17 + 9 * kind, 0.25 * (row % 5) as f64);
        writeln!(text, "{a},{colour},\"{note}\",{importance},{}", ["no", "yes"][kind]).unwrap();
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

/// How much examples count.
#[derive(Clone, Default)]
struct Weights {
    column: Option<String>,
    classes: Option<ClassWeights>,
}

/// The network after all epochs on a stream in windows of `size`, interrupted after every `every` mini-batches.
fn streamed(spec: &SourceSpec, weights: &Weights, size: usize, every: usize) -> Network {
    let stream = Stream::open(spec).unwrap().in_pieces_of(40).weighted_by(weights.column.clone());
    let left_out = sample(EXAMPLES, 30, 5);
    let rules = fit(&stream, &left_out, &PreprocessOptions::default()).unwrap();
    let validation = chosen(&stream, &left_out, &rules).unwrap();
    let rows: Vec<usize> = (0..validation.examples()).collect();
    let held = Examples { data: &validation, rows: &rows };
    let class_weights = weights.classes.as_ref();
    let class_weights = class_weights.map(|weights| class_weights_of(&stream, &left_out, &rules, weights));
    let mut prepared = Prepared::new(stream, rules, left_out, Notices::default());
    prepared.class_weights = class_weights.map(|weights| Arc::new(weights.unwrap()));
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

/// The network after all epochs on the same examples in memory.
fn in_memory(spec: &SourceSpec, weights: &Weights) -> Network {
    let mut raw = open(spec).unwrap().train;
    let own = weights.column.as_ref().map(|column| take_weights(&mut raw, column).unwrap());
    let held = sample(EXAMPLES, 30, 5);
    let kept: Vec<usize> = (0..EXAMPLES).filter(|row| !held.contains(row)).collect();
    let rules = Preprocessing::fit(&raw, &kept, &PreprocessOptions::default()).unwrap();
    let mut data = rules.dataset(raw, &Notices::default()).unwrap();
    let mut all = own.unwrap_or_else(|| vec![1.0; EXAMPLES]);
    if let Some(classes) = &weights.classes {
        let of_kept = classes.of_examples(&data.targets.select(&kept), rules.labels()).unwrap();
        kept.iter().zip(of_kept).for_each(|(&row, weight)| all[row] *= weight);
    }
    data.weights = Some(all);
    let (train, validation) = (Examples { data: &data, rows: &kept }, Examples { data: &data, rows: &held });
    let mut trainer = Trainer::new(options().check().unwrap(), train, Some(validation), 1).unwrap();
    while trainer.epoch(&mut |_| Control::Continue).unwrap() != Progress::Done {}
    trainer.finish().unwrap().network
}

#[test]
fn the_same_examples_in_memory_give_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path());
    let alike = Weights::default();
    let expected = in_memory(&spec, &alike);
    assert_eq!(streamed(&spec, &alike, EXAMPLES, usize::MAX), expected);
    // Smaller windows are another random order, which an interruption does not change.
    let small = streamed(&spec, &alike, 24, usize::MAX);
    assert_ne!(small, expected);
    for every in [1, 5, 22] {
        assert_eq!(streamed(&spec, &alike, 24, every), small, "interrupted after every {every} mini-batches");
    }
}

#[test]
fn the_same_weights_in_memory_give_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path());
    let column = Some("importance".to_owned());
    let explicit = Some("yes=2.5,no=0.5".parse().unwrap());
    let mut networks = vec![streamed(&spec, &Weights::default(), EXAMPLES, usize::MAX)];
    for weights in [
        Weights { column: column.clone(), classes: None },
        Weights { column: None, classes: Some(ClassWeights::Balanced) },
        Weights { column: column.clone(), classes: Some(ClassWeights::Balanced) },
        Weights { column, classes: explicit },
    ] {
        let network = streamed(&spec, &weights, EXAMPLES, usize::MAX);
        assert_eq!(network, in_memory(&spec, &weights));
        assert!(!networks.contains(&network), "the weights count");
        networks.push(network);
    }
}

#[test]
fn weights_that_cannot_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path());
    let text = std::fs::read_to_string(folder.path().join("data.csv")).unwrap();
    std::fs::write(folder.path().join("data.csv"), text + "1,red,bad,-1,no\n").unwrap();
    let fitted = |column: &str| {
        let stream = Stream::open(&spec).unwrap().in_pieces_of(40).weighted_by(Some(column.to_owned()));
        fit(&stream, &[], &PreprocessOptions::default()).map(|rules| (stream, rules))
    };
    let error = fitted("importance").unwrap_err().to_string();
    let expected = format!(
        "data.csv: line {}, weight column \"importance\": expected a number from 0 to 3.4028235e38, found -1",
        EXAMPLES + 2
    );
    assert!(error.ends_with(&expected), "{error}");
    assert!(fitted("none").unwrap_err().to_string().contains("expected one of the columns a, colour, "));
    let (stream, rules) = fitted("a").unwrap();
    let error = class_weights_of(&stream, &[], &rules, &"maybe=2".parse().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "class weights: expected one of the classes no, yes, found \"maybe\"");
}

#[test]
fn a_checkpoint_is_of_its_stream() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path());
    let stream = Stream::open(&spec).unwrap();
    let rules = fit(&stream, &[], &PreprocessOptions::default()).unwrap();
    let validation = chosen(&stream, &[3, 40, 41], &rules).unwrap();
    let held = Examples { data: &validation, rows: &[0, 1, 2] };
    let plan = options().check().unwrap();
    let path = folder.path().join("checkpoint");
    let trainer = Trainer::new(plan.clone(), held, Some(held), 1).unwrap().on_stream("this");
    trainer.save_checkpoint(&path).unwrap();
    let resume = |identity| Trainer::resume_on_stream(plan.clone(), held, Some(held), identity, 1, &path);
    let error = resume("that").unwrap_err().to_string();
    assert!(error.contains("data: expected the examples of this training, and as many of them in memory"));
    assert!(Trainer::resume(plan.clone(), held, Some(held), 1, &path).is_err());
    // What was resumed is of the same stream again.
    resume("this").unwrap().save_checkpoint(&path).unwrap();
    assert!(resume("this").is_ok());
}

/// Evaluated some at a time, examples give the very figures that they give at once.
#[test]
fn the_same_examples_at_once_give_the_same_evaluation() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path());
    let stream = Stream::open(&spec).unwrap();
    let rules = fit(&stream, &[], &PreprocessOptions::default()).unwrap();
    let few = chosen(&stream, &(0..EXAMPLES).collect::<Vec<_>>(), &rules).unwrap();
    let rows: Vec<usize> = (0..3 * Evaluator::BATCH + 20).map(|row| row % EXAMPLES).collect();
    let network = Network::planned(&options().check().unwrap(), &few).unwrap();
    let mut engine = truezero_sparse::Engine::new(1);
    let whole = network.evaluate(&mut engine, Examples { data: &few, rows: &rows });
    let mut evaluator = Evaluator::default();
    for rows in rows.chunks(Evaluator::BATCH) {
        evaluator.see(&network, &mut engine, Examples { data: &few, rows });
    }
    assert_eq!(evaluator.finish(), whole);
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
