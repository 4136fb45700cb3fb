//! Fits the rules for targets.

use super::Pass;
use crate::formats::table::listed;
use crate::preprocess::scaling::{Summary, Summing};
use crate::preprocess::survey::{Found, Labels, Survey};
use crate::preprocess::targets::{Rows, TargetPlan, wrong};
use crate::preprocess::{check_count, no_target, no_training_examples};
use crate::quote::quoted;
use crate::{DataError, Features, Notice, Notices, Raw, RawTarget, Task};

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
    /// The columns of a table that they stand in.
    columns: Vec<String>,
    notices: Notices,
}

impl TargetFitter {
    pub(crate) fn new(asked: Option<Task>, notices: &Notices) -> Self {
        let (survey, notices) = (Survey::new(asked), notices.clone());
        Self {
            asked,
            pass: Pass::Before,
            examples: 0,
            survey,
            sums: Vec::new(),
            columns: Vec::new(),
            notices,
        }
    }

    pub(crate) fn begin(&mut self) {
        self.pass.next();
        if self.pass == Pass::Third {
            return;
        }
        self.examples = 0;
        if self.pass == Pass::Second {
            self.sums.iter_mut().for_each(|sum| sum.turn(sum.count()));
        }
    }

    pub(crate) fn wants_more(&self) -> bool {
        self.pass == Pass::First && self.survey.task() == Some(Task::Regress)
    }

    /// The targets of these rows.
    ///
    /// # Errors
    /// If there are none, not one for each example, or others than before.
    pub(crate) fn see(&mut self, raw: &Raw, rows: &[usize]) -> Result<(), DataError> {
        if self.pass == Pass::Third {
            return Ok(());
        }
        let target = raw.target.as_ref().ok_or_else(|| no_target(&raw.features))?;
        check_count(raw, target)?;
        if let Features::Table(table) = &raw.features {
            self.columns.clone_from(&table.targets);
        }
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
                    finite(value, row, raw)?;
                }
                sum.add(value);
            }
            self.examples += 1;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<TargetPlan, DataError> {
        let place = match self.columns.as_slice() {
            [] => "target".to_owned(),
            [column] => format!("target {}", quoted(column)),
            several => format!("targets {}", listed(several)),
        };
        let Self { survey, sums, notices, .. } = self;
        let Some(task) = survey.task().filter(|_| self.examples > 0) else {
            return Err(no_training_examples());
        };
        let Some(found) = survey.found() else { return Err(no_training_examples()) };
        let plan = match (task, found) {
            (Task::Classify, Found::Labels(labels) | Found::Numbers { labels, .. }) => {
                tell_of_spellings(&place, &labels, &notices);
                classes(&place, labels)?
            }
            (Task::Classify, other) => {
                return Err(wrong(&place, task, "one label for each example", other.kind()));
            }
            (Task::Multilabel, Found::Sets(labels)) => {
                if labels.counts().is_empty() {
                    return Err(DataError::unsuitable(place, "at least one label", "none"));
                }
                tell_of_spellings(&place, &labels, &notices);
                TargetPlan::Labels { names: labels.into_names() }
            }
            (Task::Multilabel, Found::Numbers { .. }) => {
                TargetPlan::Labels { names: vec!["label 1".to_owned()] }
            }
            (Task::Multilabel, Found::Rows { names, counts, .. }) => {
                let numbered = || (1..=counts.len()).map(|at| format!("label {at}")).collect();
                TargetPlan::Labels { names: if names.is_empty() { numbered() } else { names } }
            }
            (Task::Multilabel, other) => {
                return Err(wrong(&place, task, "0 or 1 for each label", other.kind()));
            }
            (Task::Regress, Found::Numbers { .. }) => quantities(&place, Vec::new(), sums, &notices)?,
            (Task::Regress, Found::Rows { names, .. }) => quantities(&place, names, sums, &notices)?,
            (Task::Regress, other) => return Err(wrong(&place, task, "numbers", other.kind())),
        };
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(wrong(&place, task, "numbers that can be standardised", &flaw)),
        }
    }
}

fn classes(place: &str, labels: Labels) -> Result<TargetPlan, DataError> {
    let names = labels.into_names();
    if names.len() < 2 {
        let number = |name: &String| name.parse::<f64>().is_ok();
        let hint =
            if names.iter().all(number) { "\nhint: --task regress takes numbers for quantities" } else { "" };
        let found = names.first().map_or_else(String::new, |name| format!("only {}{hint}", quoted(name)));
        return Err(DataError::unsuitable(place, "two classes or more", found));
    }
    Ok(TargetPlan::Classes { names })
}

/// # Errors
/// If numbers are so large that their standard deviation is no number.
fn quantities(
    place: &str,
    names: Vec<String>,
    sums: Vec<Summing>,
    notices: &Notices,
) -> Result<TargetPlan, DataError> {
    let of =
        |at: usize| names.get(at).map_or_else(|| place.to_owned(), |name| format!("target {}", quoted(name)));
    let summaries: Vec<Summary> = sums.into_iter().map(Summing::summary).collect();
    for (at, summary) in summaries.iter().enumerate().filter(|(_, summary)| summary.min == summary.max) {
        let message = format!("{} in every example to train on, so there is nothing to learn", summary.min);
        notices.tell(Notice::new(of(at), message));
    }
    let (means, scales): (Vec<f64>, Vec<f64>) = summaries.iter().map(Summary::standardize).unzip();
    let finite = |(mean, scale): (&f64, &f64)| mean.is_finite() && scale.is_finite();
    if let Some(at) = means.iter().zip(&scales).position(|pair| !finite(pair)) {
        let Summary { min, max, .. } = summaries[at];
        let found = format!("numbers from {min:e} to {max:e}");
        return Err(DataError::unsuitable(of(at), "numbers with a finite standard deviation", found));
    }
    Ok(TargetPlan::Quantities { names, means, scales })
}

/// Tells that labels which are written in several ways are one.
fn tell_of_spellings(place: &str, labels: &Labels, notices: &Notices) {
    if let Some((other, kept)) = labels.respelled() {
        let number = kept.parse::<f64>().is_ok();
        let equal = if number { "equal as numbers" } else { "the same boolean" };
        let message = format!("{other:?} and {kept:?} are {equal}, and so one label, which goes by {kept:?}");
        notices.tell(Notice::new(place, message));
    }
}

fn finite(value: f64, row: usize, raw: &Raw) -> Result<(), DataError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(Rows::of(&raw.features).error("target", row, "a finite number", value.to_string()))
}
