//! Workers that train one network together.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use truezero::optimizer::Rule;
use truezero::trainer::averaging::{Parameters, Round, Worker, mean};
use truezero::{Control, Error, Examples, Network, Progress, Summary, Trainer, TrainingOptions};
use truezero_data::stream::{Prepared, Stream, chosen, fit};
use truezero_data::{Dataset, Notices, PreprocessOptions, SourceSpec, sample};

const EXAMPLES: usize = 203;

/// Examples in memory together.
const WINDOW: usize = 24;

struct Data {
    prepared: Prepared,
    validation: Dataset,
    rows: Vec<usize>,
}

impl Data {
    /// Two kinds of examples, in files of some examples each.
    fn new(folder: &Path) -> Self {
        for (file, first) in (0..EXAMPLES).step_by(60).enumerate() {
            let mut text = String::from("a,b,y\n");
            for row in first..EXAMPLES.min(first + 60) {
                let kind = (row * row / 3) % 2;
                let values = (row * 13 % 17 + 5 * kind, row * 7 % 11);
                writeln!(text, "{},{},{}", values.0, values.1, ["no", "yes"][kind]).unwrap();
            }
            std::fs::write(folder.join(format!("{file}.csv")), text).unwrap();
        }
        let spec = SourceSpec { target: Some("y".into()), ..SourceSpec::new(folder.to_str().unwrap()) };
        let stream = Stream::open(&spec).unwrap().in_pieces_of(40);
        let left_out = sample(EXAMPLES, 30, 5);
        let rules = fit(&stream, &left_out, &PreprocessOptions::default()).unwrap();
        let validation = chosen(&stream, &left_out, &rules).unwrap();
        let rows = (0..validation.examples()).collect();
        Self { prepared: Prepared::new(stream, rules, left_out, Notices::default()), validation, rows }
    }

    fn trainer(&self, options: &TrainingOptions) -> Trainer<'_> {
        let held = Examples { data: &self.validation, rows: &self.rows };
        Trainer::new(options.clone().check().unwrap(), held, Some(held), 1).unwrap()
    }

    fn worker(&self, options: &TrainingOptions, rank: usize, workers: usize) -> Worker {
        let network = self.trainer(options).network().clone();
        let plan = options.clone().check().unwrap();
        Worker::new(&plan, network, &self.prepared, WINDOW, [rank, workers], 1).unwrap()
    }

    /// Trains with workers that average every so many mini-batches. At the rounds in `lost`, counted over all epochs,
    /// the last worker is replaced.
    fn led(
        &self,
        options: &TrainingOptions,
        workers: usize,
        every: usize,
        lost: Range<usize>,
    ) -> (Network, Summary) {
        let mut lead = self.trainer(options);
        let mut all: Vec<Worker> = (0..workers).map(|rank| self.worker(options, rank, workers)).collect();
        let mut parameters = lead.parameters();
        let mut count = 0;
        while let Some(epoch) = lead.lead_epoch() {
            let mut rounds: Vec<Round> = Vec::new();
            for first in (0..).step_by(every) {
                if lost.contains(&count) {
                    all[workers - 1] = self.worker(options, workers - 1, workers);
                }
                count += 1;
                let done: Vec<(Round, Parameters)> = all
                    .iter_mut()
                    .map(|worker| worker.round(&parameters, epoch, first, every).unwrap())
                    .collect();
                parameters = averaged(&done);
                rounds.extend(done.into_iter().map(|(round, _)| round));
                if rounds[rounds.len() - workers..].iter().all(|round| round.ended) {
                    break;
                }
            }
            assert!(matches!(lead.end_led_epoch(&parameters, &rounds).unwrap(), Progress::Epoch(_)));
        }
        let outcome = lead.finish().unwrap();
        (outcome.network, outcome.summary)
    }
}

fn averaged(done: &[(Round, Parameters)]) -> Parameters {
    let weight = |round: &Round| round.examples as f64;
    let values: Vec<_> =
        done.iter().map(|(round, parameters)| (weight(round), &parameters.values[..])).collect();
    let scalars = (0..done[0].1.scalars.len())
        .map(|at| {
            let of: Vec<_> =
                done.iter().map(|(round, parameters)| (weight(round), parameters.scalars[at])).collect();
            let total: f64 = of.iter().map(|(weight, _)| weight).sum();
            of.iter().filter(|(weight, _)| *weight > 0.0).map(|(weight, value)| weight / total * value).sum()
        })
        .collect();
    Parameters { values: mean(&values).unwrap(), scalars }
}

fn options() -> TrainingOptions {
    let mut options = TrainingOptions { hidden: vec![12, 9], batch_size: 8, epochs: 3, ..Default::default() };
    options.optimizer.rule = Rule::Adam;
    options.learning_rate = Some(0.01);
    options.dropout = vec![0.2];
    options.target_sparsity = Some(0.7);
    options
}

#[test]
fn one_worker_alone_is_training_on_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::new(folder.path());
    let options = options();
    let mut alone = data.trainer(&options);
    loop {
        let mut windows = data.prepared.windows(WINDOW);
        let examples = data.prepared.examples();
        if alone.epoch_on(examples, &mut windows, &mut |_| Control::Continue).unwrap() == Progress::Done {
            break;
        }
    }
    let alone = alone.finish().unwrap();
    for every in [1, 4, 1000] {
        let (network, summary) = data.led(&options, 1, every, 0..0);
        assert_eq!(network, alone.network, "averaged every {every} mini-batches");
        // The cost that is shown is summed round by round: its last bit may differ.
        let mut summary = summary;
        for (record, expected) in summary.history.iter_mut().zip(&alone.summary.history) {
            assert!((record.cost - expected.cost).abs() < 1e-12);
            record.cost = expected.cost;
        }
        assert_eq!(summary, alone.summary, "averaged every {every} mini-batches");
    }
}

#[test]
fn a_worker_that_is_replaced_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::new(folder.path());
    let undisturbed = data.led(&options(), 3, 3, 0..0);
    for lost in [0..1, 1..3, 4..6] {
        assert_eq!(data.led(&options(), 3, 3, lost.clone()), undisturbed, "replaced in rounds {lost:?}");
    }
    let (network, summary) = data.led(&options(), 3, 2, 0..0);
    assert_ne!((&network, &summary), (&undisturbed.0, &undisturbed.1), "averaged more often");
}

#[test]
fn shares_together_are_all_examples() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::new(folder.path());
    for workers in [2, 3, 7] {
        let mut together: Option<Dataset> = None;
        for rank in 0..workers {
            for window in data.prepared.share(rank, workers).windows(10) {
                let window = window.unwrap();
                match &mut together {
                    None => together = Some(window),
                    Some(together) => together.append(&window),
                }
            }
        }
        let whole = data.prepared.windows(EXAMPLES).next().unwrap().unwrap();
        assert_eq!(together, Some(whole), "{workers} workers");
    }
}

/// The mean of what two workers come to by one step of plain descent from the same weights is a step along the mean
/// of their gradients: a step on both mini-batches together.
#[test]
fn averaging_after_each_step_is_a_larger_mini_batch() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::new(folder.path());
    let options =
        TrainingOptions { hidden: vec![12], batch_size: 8, shuffle: false, l1: 0.0, ..Default::default() };
    let start = data.trainer(&options).parameters();
    let mut parts: Vec<Dataset> = Vec::new();
    let done: Vec<(Round, Parameters)> = (0..2)
        .map(|rank| {
            parts.push(data.prepared.share(rank, 2).windows(8).next().unwrap().unwrap());
            data.worker(&options, rank, 2).round(&start, 0, 0, 1).unwrap()
        })
        .collect();
    let mut both = parts.remove(0);
    both.append(&parts[0]);
    let rows: Vec<usize> = (0..16).collect();
    let plan = TrainingOptions { batch_size: 16, epochs: 1, ..options }.check().unwrap();
    let mut trainer = Trainer::new(plan, Examples { data: &both, rows: &rows }, None, 1).unwrap();
    assert_eq!(trainer.parameters(), start);
    trainer.epoch(&mut |_| Control::Continue).unwrap();
    let (expected, found) = (trainer.parameters().values, averaged(&done).values);
    let moved = expected.iter().zip(&start.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let off = expected.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(moved > 1e-3 && off < 1e-6, "moved {moved}, off by {off}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::new(folder.path());
    let options = options();
    let mut worker = data.worker(&options, 0, 2);
    let mut parameters = data.trainer(&options).parameters();
    parameters.values.pop();
    assert!(matches!(worker.round(&parameters, 0, 0, 1), Err(Error::Option { option: "values", .. })));
    parameters = data.trainer(&options).parameters();
    parameters.scalars.pop();
    assert!(matches!(worker.round(&parameters, 0, 0, 1), Err(Error::Option { option: "scalars", .. })));

    let network = data.trainer(&options).network().clone();
    let plan = options.check().unwrap();
    let more = Worker::new(&plan, network.clone(), &data.prepared, WINDOW, [EXAMPLES, EXAMPLES + 1], 1);
    assert!(matches!(more, Err(Error::Option { option: "workers", .. })));
    let none = Worker::new(&plan, network, &data.prepared, WINDOW, [2, 2], 1);
    assert!(matches!(none, Err(Error::Option { option: "rank", .. })));
}
