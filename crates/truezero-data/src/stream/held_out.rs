//! Examples of a stream that are held out: drawn at random, each class or label in its proportion.
//!
//! Nothing is kept of an example but whether it is held out. So the targets are read several times: to see what they are
//! and how often each label occurs; for several labels, how many examples are of each kind (see [`crate::strata`]); and
//! then to find those that were drawn.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::Stream;
use super::windows::each;
use crate::preprocess::{Survey, no_target, no_training_examples};
use crate::split::sample;
use crate::strata::{Kept, Strata, quotas};
use crate::{DataError, RawTarget, Task};

/// Keeps the random numbers of kinds of examples apart.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What is held out of a stream; positions rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldOut {
    /// Examples to test on.
    pub test: Vec<usize>,
    /// Examples to stop by.
    pub validation: Vec<usize>,
}

impl HeldOut {
    /// All of them.
    pub fn positions(&self) -> Vec<usize> {
        let mut all = [&self.test[..], &self.validation].concat();
        all.sort_unstable();
        all
    }
}

/// What the targets of all examples pose.
///
/// # Errors
/// As [`Stream::pieces`]; also if there are no targets.
pub fn infer_task(stream: &Stream) -> Result<Task, DataError> {
    survey(stream, None)?.task().ok_or_else(no_training_examples)
}

/// Draws examples at random, so many to test on and so many to stop by. Of classes and labels, each is held out in its
/// proportion, as near as whole numbers allow, and at least one of its examples is not held out: so there may be fewer
/// than asked for.
///
/// # Errors
/// As [`Stream::pieces`]; also if there are no targets, or no example would be left.
pub fn hold_out(
    stream: &Stream,
    task: Task,
    test: usize,
    validation: usize,
    seed: u64,
) -> Result<HeldOut, DataError> {
    let wanted = test.saturating_add(validation);
    if wanted >= stream.examples() {
        let found = format!("{wanted} of {}", stream.examples());
        return Err(DataError::unsuitable("held-out part", "fewer examples than there are", found));
    }
    let drawn = match task {
        Task::Regress => sample(stream.examples(), wanted, seed),
        Task::Classify | Task::Multilabel => stratified(stream, task, wanted, seed)?,
    };
    Ok(dealt(drawn, test, wanted))
}

/// Every so many-th is to test on, so that both parts come from everywhere.
fn dealt(drawn: Vec<usize>, test: usize, wanted: usize) -> HeldOut {
    let so_far = |count: usize| (count as u128 * test as u128 / wanted.max(1) as u128) as usize;
    let mut held = HeldOut::default();
    for (at, position) in drawn.into_iter().enumerate() {
        let part = if so_far(at + 1) > so_far(at) { &mut held.test } else { &mut held.validation };
        part.push(position);
    }
    held.test.sort_unstable();
    held.validation.sort_unstable();
    held
}

/// Positions of examples, those of a kind after each other.
fn stratified(stream: &Stream, task: Task, wanted: usize, seed: u64) -> Result<Vec<usize>, DataError> {
    let strata = Strata::new(survey(stream, Some(task))?);
    let mut sizes = vec![0; strata.len()];
    targets(stream, |_, target, row| sizes[strata.kind(target, row)] += 1)?;
    // Which of the examples of each kind, counted from its first.
    let chosen: Vec<Vec<usize>> = quotas(&sizes, wanted)
        .into_iter()
        .zip(&sizes)
        .zip(1..)
        .map(|((quota, &size), kind)| sample(size, quota, seed ^ STEP.wrapping_mul(kind)))
        .collect();
    let mut seen = vec![0; strata.len()];
    let mut next = vec![0; strata.len()];
    let mut drawn: HashMap<usize, usize> = HashMap::new();
    let mut kept = Kept::new(strata.labels());
    targets(stream, |position, target, row| {
        let kind = strata.kind(target, row);
        let held = chosen[kind].get(next[kind]) == Some(&seen[kind]);
        seen[kind] += 1;
        if held {
            next[kind] += 1;
            drawn.insert(position, kind);
        }
        strata.each_label(target, row, |label| kept.see(label, position, held));
    })?;
    for position in kept.to_keep() {
        drawn.remove(&position);
    }
    let mut positions: Vec<(usize, usize)> =
        drawn.into_iter().map(|(position, kind)| (kind, position)).collect();
    positions.sort_unstable();
    Ok(positions.into_iter().map(|(_, position)| position).collect())
}

fn survey(stream: &Stream, task: Option<Task>) -> Result<Survey, DataError> {
    let mut survey = Survey::new(task);
    each(stream, 0..stream.examples(), &[], |piece| {
        let target = piece.raw.target.as_ref().ok_or_else(|| no_target(&piece.raw.features))?;
        survey.see(target, piece.others).map(ControlFlow::Continue)
    })?;
    Ok(survey)
}

/// Calls `visit` with the position of each example, and where its target is.
fn targets(stream: &Stream, mut visit: impl FnMut(usize, &RawTarget, usize)) -> Result<(), DataError> {
    each(stream, 0..stream.examples(), &[], |piece| {
        let target = piece.raw.target.as_ref().ok_or_else(|| no_target(&piece.raw.features))?;
        piece.others.into_iter().for_each(|row| visit(piece.first + row, target, row));
        Ok(ControlFlow::Continue(()))
    })
}
