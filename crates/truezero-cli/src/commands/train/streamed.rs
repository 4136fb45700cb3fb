//! As [`prepare`](super::prepare), of data that is read piece by piece: only what is held out stays in memory.

use std::sync::Arc;

use truezero_data::stream::{
    HeldOut, Prepared as Streamed, Stream, chosen, class_weights, fit, fit_targets, hold_out, infer_task,
};
use truezero_data::{DataError, Dataset, PreprocessOptions, Preprocessing, Task};

use super::plan::{Experiment, Start};
use super::prepare::told_of_examples;
use crate::commands::hold_out::{HoldOut, TO_STOP_BY, TO_TEST_ON, tell_if_short};
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
    let (task, held_out) = held_out(experiment, &stream)?;
    let positions = held_out.positions();
    let rules = match &experiment.start {
        Start::Saved(saved) => {
            let inputs = saved.preprocessing().clone();
            let targets = fit_targets(&stream, &positions, Some(task))?;
            Preprocessing::new(inputs, targets)?
        }
        _ => fit(
            &stream,
            &positions,
            &PreprocessOptions { task: Some(task), ..experiment.preparation.clone() },
        )?,
    };
    let held = chosen(&stream, &positions, &rules)?;
    let part = |part: &[usize]| {
        let at = part.iter().filter_map(|position| positions.binary_search(position).ok());
        held.select(&at.collect::<Vec<_>>())
    };
    let test = (!held_out.test.is_empty()).then(|| part(&held_out.test));
    let validation = part(&held_out.validation);
    Ok(Parts { streamed: streamed(experiment, stream, rules, positions)?, validation, test })
}

/// The examples to train on, if the rules are known already.
pub fn examples(experiment: &Experiment, rules: Preprocessing) -> Result<Streamed, Failure> {
    let stream = open(experiment)?;
    let (_, held_out) = held_out(experiment, &stream)?;
    streamed(experiment, stream, rules, held_out.positions())
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
    let notices = told_of_examples(experiment);
    let mut streamed = Streamed::new(stream, rules, left_out, notices);
    streamed.class_weights = weights.map(Arc::new);
    Ok(streamed)
}

/// What is to be learned, and which examples are held out.
fn held_out(experiment: &Experiment, stream: &Stream) -> Result<(Task, HeldOut), Failure> {
    let examples = stream.examples();
    let testing = if experiment.test.is_some() { 0 } else { count(experiment.testing, examples)? };
    // Of those that are left, as in memory.
    let stopping = count(experiment.validation, examples - testing)?;
    let task = experiment.preparation.task.map_or_else(|| infer_task(stream), Ok)?;
    let held_out = hold_out(stream, task, testing, stopping, experiment.plan.options().seed)?;
    if held_out.validation.len() < stopping && !held_out.validation.is_empty() {
        tell_if_short(stream.notices(), TO_STOP_BY, held_out.validation.len(), stopping);
    }
    if testing > 0 {
        tell_if_short(stream.notices(), TO_TEST_ON, held_out.test.len(), testing);
    }
    if held_out.validation.is_empty() {
        let message = "--stream needs examples to stop by, and there are none";
        let hint = if stopping == 0 {
            "leave --validation out, or give it a number"
        } else {
            "no class has an example to spare; read the data into memory, without --stream"
        };
        return Err(Failure::hinted(message, hint));
    }
    Ok((task, held_out))
}

/// How many examples are held out for a purpose.
fn count(asked: HoldOut, examples: usize) -> Result<usize, DataError> {
    let Some(portion) = asked.portion() else { return Ok(0) };
    let count = portion.of(examples)?;
    Ok(if asked == HoldOut::AsInSource { count.min(MOST_HELD_OUT) } else { count })
}
