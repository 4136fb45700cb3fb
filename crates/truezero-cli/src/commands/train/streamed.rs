//! As [`prepare`](super::prepare), of data that is read piece by piece: only what is held out stays in memory.

use std::sync::Arc;

use truezero_data::stream::{Prepared as Streamed, Stream, chosen, class_weights, fit, fit_targets};
use truezero_data::{DataError, Dataset, Portion, Preprocessing, sample};

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
    let stream = Stream::open(&experiment.source)?.weighted_by(experiment.weight_column.clone());
    let seed = experiment.plan.options().seed;
    let examples = stream.examples();
    let testing = if experiment.test.is_some() { 0 } else { count(experiment.testing, examples) };
    let stopping = count(experiment.validation, examples);
    if stopping == 0 {
        let message = "--stream needs examples to stop by, and there are none";
        return Err(Failure::hinted(message, "leave --validation out, or give it a number"));
    }
    if testing + stopping >= examples {
        let found = format!("{} of {examples}", testing + stopping);
        return Err(DataError::unsuitable("held-out part", "fewer examples than there are", found).into());
    }
    let held_out = sample(examples, testing + stopping, seed);
    // Every so many-th of them, so that both come from everywhere.
    let is_test = |at: usize| (at + 1) * testing / held_out.len() > at * testing / held_out.len();
    let (test, validation): (Vec<(usize, usize)>, Vec<_>) =
        held_out.iter().copied().enumerate().partition(|&(at, _)| is_test(at));
    let rules = match &experiment.start {
        Start::Saved(saved) => {
            let inputs = saved.preprocessing().clone();
            let targets = fit_targets(&stream, &held_out, experiment.preparation.task)?;
            Preprocessing::new(inputs, targets)?
        }
        _ => fit(&stream, &held_out, &experiment.preparation)?,
    };
    let weights = experiment.class_weights.as_ref();
    let class_weights =
        weights.map(|weights| class_weights(&stream, &held_out, &rules, weights)).transpose()?.map(Arc::new);
    let held = chosen(&stream, &held_out, &rules)?;
    let part =
        |rows: Vec<(usize, usize)>| held.select(&rows.into_iter().map(|(at, _)| at).collect::<Vec<_>>());
    let test = (testing > 0).then(|| part(test));
    let validation = part(validation);
    let (stream, rules, left_out) = (Arc::new(stream), Arc::new(rules), Arc::new(held_out));
    Ok(Parts { streamed: Streamed { stream, rules, left_out, class_weights }, validation, test })
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
