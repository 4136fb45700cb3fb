//! As [`prepare`](super::prepare), of data that is read piece by piece: only what is held out stays in memory.

use std::sync::Arc;

use truezero_data::stream::{Prepared as Streamed, Stream, chosen, class_weights, fit, fit_targets};
use truezero_data::{DataError, Dataset, Notices, Portion, Preprocessing, sample};

use super::plan::{Experiment, Start};
use crate::commands::hold_out::HoldOut;
use crate::failure::Failure;

/// Most examples held out for a purpose unless it is said otherwise.
const MOST_HELD_OUT: usize = 10_000;

/// What comes of a stream.
pub struct Parts {
    pub streamed: Streamed,
    pub validation: Dataset,
    pub test: Option<Dataset>,
}

/// Goes through the data to find its rules and to take out what is held out.
pub fn prepare(experiment: &Experiment) -> Result<Parts, Failure> {
    let stream = open(experiment)?;
    let HeldOut { positions, testing } = HeldOut::of(experiment, stream.examples())?;
    // Every so many-th of them, so that both come from everywhere.
    let is_test = |at: usize| (at + 1) * testing / positions.len() > at * testing / positions.len();
    let (test, validation): (Vec<usize>, Vec<usize>) = (0..positions.len()).partition(|&at| is_test(at));
    let rules = match &experiment.start {
        Start::Saved(saved) => {
            let inputs = saved.preprocessing().clone();
            let targets = fit_targets(&stream, &positions, experiment.preparation.task)?;
            Preprocessing::new(inputs, targets)?
        }
        _ => fit(&stream, &positions, &experiment.preparation)?,
    };
    let held = chosen(&stream, &positions, &rules)?;
    let test = (testing > 0).then(|| held.select(&test));
    let validation = held.select(&validation);
    Ok(Parts { streamed: streamed(experiment, stream, rules, positions)?, validation, test })
}

/// The examples to train on, if the rules are known already.
pub fn examples(experiment: &Experiment, rules: Preprocessing) -> Result<Streamed, Failure> {
    let stream = open(experiment)?;
    let held_out = HeldOut::of(experiment, stream.examples())?;
    streamed(experiment, stream, rules, held_out.positions)
}

fn open(experiment: &Experiment) -> Result<Stream, Failure> {
    Ok(Stream::open(&experiment.source)?.weighted_by(experiment.weight_column.clone()))
}

fn streamed(
    experiment: &Experiment,
    stream: Stream,
    rules: Preprocessing,
    left_out: Vec<usize>,
) -> Result<Streamed, Failure> {
    let weights = experiment.class_weights.as_ref();
    let weights = weights.map(|weights| class_weights(&stream, &left_out, &rules, weights)).transpose()?;
    let mut streamed = Streamed::new(stream, rules, left_out, Notices::default());
    streamed.class_weights = weights.map(Arc::new);
    Ok(streamed)
}

/// Examples that are held out.
struct HeldOut {
    /// In rising order.
    positions: Vec<usize>,
    /// So many of them to test on, the others to stop by.
    testing: usize,
}

impl HeldOut {
    fn of(experiment: &Experiment, examples: usize) -> Result<Self, Failure> {
        let testing = if experiment.test.is_some() { 0 } else { count(experiment.testing, examples) };
        let stopping = count(experiment.validation, examples);
        if stopping == 0 {
            let message = "--stream needs examples to stop by, and there are none";
            return Err(Failure::hinted(message, "leave --validation out, or give it a number"));
        }
        if testing + stopping >= examples {
            let found = format!("{} of {examples}", testing + stopping);
            let error = DataError::unsuitable("held-out part", "fewer examples than there are", found);
            return Err(error.into());
        }
        let positions = sample(examples, testing + stopping, experiment.plan.options().seed);
        Ok(Self { positions, testing })
    }
}

/// How many examples are held out.
fn count(asked: HoldOut, examples: usize) -> usize {
    match asked.portion() {
        None => 0,
        Some(Portion::Count(count)) => count,
        Some(Portion::Fraction(fraction)) => {
            let share = ((examples as f64 * fraction).round() as usize).max(1);
            if asked == HoldOut::AsInSource { share.min(MOST_HELD_OUT) } else { share }
        }
    }
}
