//! Fits the rules for targets.

use super::Pass;
use crate::preprocess::no_training_examples;
use crate::preprocess::scaling::{Summary, Summing};
use crate::preprocess::survey::{Found, Labels, Survey};
use crate::preprocess::targets::{TargetPlan, wrong};
use crate::{DataError, Notice, Notices, RawTarget, Task};

/// What is collected of the targets.
#[derive(Debug)]
pub(crate) struct TargetFitter {
    asked: Option<Task>,
    pass: Pass,
    /// Seen in this pass.
    examples: usize,
    survey: Survey,
    /// Of each number of an example, where there are numbers.
    sums: Vec<Summing>,
    notices: Notices,
}

impl TargetFitter {
    pub(crate) fn new(asked: Option<Task>, notices: &Notices) -> Self {
        let (survey, notices) = (Survey::new(asked), notices.clone());
        Self { asked, pass: Pass::Before, examples: 0, survey, sums: Vec::new(), notices }
    }

    pub(crate) fn begin(&mut self) {
        self.pass.next();
        self.examples = 0;
        if self.pass == Pass::Second {
            self.sums.iter_mut().for_each(|sum| sum.turn(sum.count()));
        }
    }

    pub(super) fn wants_more(&self) -> bool {
        self.survey.task() == Some(Task::Regress)
    }

    pub(crate) fn see(&mut self, target: &RawTarget, rows: &[usize]) -> Result<(), DataError> {
        if self.pass != Pass::Second {
            self.survey.see(target, rows.iter().copied())?;
        }
        let (width, values): (usize, &[f64]) = match target {
            RawTarget::Numbers(numbers) => (1, numbers.values()),
            RawTarget::Rows { width, values, .. } => (*width, values),
            RawTarget::Labels(_) | RawTarget::Sets(_) => (0, &[]),
        };
        self.sums.resize_with(width, Summing::default);
        for &row in rows {
            for (sum, &value) in self.sums.iter_mut().zip(&values[row * width..][..width]) {
                // Of labels it is said elsewhere that they are to be 0 or 1.
                if self.asked != Some(Task::Multilabel) {
                    finite(value, self.examples)?;
                }
                sum.add(value);
            }
            self.examples += 1;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<TargetPlan, DataError> {
        let Self { survey, sums, notices, .. } = self;
        let Some(task) = survey.task().filter(|_| self.examples > 0) else {
            return Err(no_training_examples());
        };
        let Some(found) = survey.found() else { return Err(no_training_examples()) };
        let plan = match (task, found) {
            (Task::Classify, Found::Labels(labels) | Found::Numbers { labels, .. }) => {
                tell_of_spellings(&labels, &notices);
                classes(labels)?
            }
            (Task::Classify, other) => return Err(wrong(task, "one label for each example", other.kind())),
            (Task::Multilabel, Found::Sets(labels)) => {
                if labels.counts().is_empty() {
                    return Err(DataError::unsuitable("target", "at least one label", "none"));
                }
                tell_of_spellings(&labels, &notices);
                TargetPlan::Labels { names: labels.into_names() }
            }
            (Task::Multilabel, Found::Numbers { .. }) => {
                TargetPlan::Labels { names: vec!["label 1".to_owned()] }
            }
            (Task::Multilabel, Found::Rows { names, counts, .. }) => {
                let numbered = || (1..=counts.len()).map(|at| format!("label {at}")).collect();
                TargetPlan::Labels { names: if names.is_empty() { numbered() } else { names } }
            }
            (Task::Multilabel, other) => return Err(wrong(task, "0 or 1 for each label", other.kind())),
            (Task::Regress, Found::Numbers { .. }) => quantities(Vec::new(), sums, &notices),
            (Task::Regress, Found::Rows { names, .. }) => quantities(names, sums, &notices),
            (Task::Regress, other) => return Err(wrong(task, "numbers", other.kind())),
        };
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(wrong(task, "numbers that can be standardised", &flaw)),
        }
    }
}

fn classes(labels: Labels) -> Result<TargetPlan, DataError> {
    let names = labels.into_names();
    if names.len() < 2 {
        let found = names.first().map_or_else(String::new, |name| format!("only {name:?}"));
        return Err(DataError::unsuitable("target", "two classes or more", found));
    }
    Ok(TargetPlan::Classes { names })
}

fn quantities(names: Vec<String>, sums: Vec<Summing>, notices: &Notices) -> TargetPlan {
    let summaries: Vec<Summary> = sums.into_iter().map(Summing::summary).collect();
    for (at, summary) in summaries.iter().enumerate().filter(|(_, summary)| summary.min == summary.max) {
        let place = names.get(at).map_or_else(|| "target".to_owned(), |name| format!("target {name:?}"));
        let message = format!("{} in every example to train on, so there is nothing to learn", summary.min);
        notices.tell(Notice::new(place, message));
    }
    let (means, scales) = summaries.iter().map(Summary::standardize).unzip();
    TargetPlan::Quantities { names, means, scales }
}

/// Tells that labels which are written in several ways are one.
fn tell_of_spellings(labels: &Labels, notices: &Notices) {
    if let Some((other, kept)) = labels.respelled() {
        let message =
            format!("{other:?} and {kept:?} are equal as numbers, and so one label, which goes by {kept:?}");
        notices.tell(Notice::new("target", message));
    }
}

fn finite(value: f64, example: usize) -> Result<(), DataError> {
    if value.is_finite() {
        return Ok(());
    }
    let place = format!("target of example {}", example + 1);
    Err(DataError::unsuitable(place, "a finite number", value.to_string()))
}
