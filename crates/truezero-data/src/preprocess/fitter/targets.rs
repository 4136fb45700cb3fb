//! Fits the rules for targets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Pass;
use crate::preprocess::no_training_examples;
use crate::preprocess::scaling::Summing;
use crate::preprocess::targets::{MAX_INFERRED_CLASSES, TargetPlan, bits, kind, name_of, sorted, wrong};
use crate::{DataError, RawTarget, Task};

/// What is collected of the targets.
#[derive(Debug)]
pub(crate) struct TargetFitter {
    asked: Option<Task>,
    pass: Pass,
    /// Seen in this pass.
    examples: usize,
    collected: Option<Collected>,
}

#[derive(Debug)]
enum Collected {
    Labels(BTreeSet<String>),
    Sets(BTreeSet<String>),
    Numbers {
        /// The different ones, while classes may be meant.
        values: BTreeMap<u64, f64>,
        whole: bool,
        sum: Summing,
    },
    Rows {
        names: Vec<String>,
        flags: bool,
        sums: Vec<Summing>,
    },
}

impl TargetFitter {
    pub(crate) fn new(asked: Option<Task>) -> Self {
        Self { asked, pass: Pass::Before, examples: 0, collected: None }
    }

    pub(crate) fn begin(&mut self) {
        self.pass.next();
        self.examples = 0;
        if self.pass == Pass::Second {
            match &mut self.collected {
                Some(Collected::Numbers { sum, .. }) => sum.turn(sum.count()),
                Some(Collected::Rows { sums, .. }) => sums.iter_mut().for_each(|sum| sum.turn(sum.count())),
                _ => {}
            }
        }
    }

    pub(super) fn wants_more(&self) -> bool {
        let Some(collected) = &self.collected else { return false };
        self.asked.unwrap_or_else(|| collected.infer()) == Task::Regress
    }

    pub(crate) fn see(&mut self, target: &RawTarget, rows: &[usize]) -> Result<(), DataError> {
        let before = self.examples;
        self.examples += rows.len();
        let collected = self.collected.get_or_insert_with(|| Collected::new(target));
        match (collected, target) {
            (Collected::Labels(names), RawTarget::Labels(labels)) => {
                rows.iter().for_each(|&row| insert(names, &labels[row]));
            }
            (Collected::Sets(names), RawTarget::Sets(sets)) => {
                rows.iter().flat_map(|&row| &sets[row]).for_each(|label| insert(names, label));
            }
            (Collected::Numbers { values, whole, sum }, RawTarget::Numbers(numbers)) => {
                for (at, &row) in rows.iter().enumerate() {
                    let number = numbers[row];
                    *whole &= number.fract() == 0.0;
                    // Only classes that were asked for may be many.
                    let classes = match self.asked {
                        None => *whole && values.len() <= MAX_INFERRED_CLASSES,
                        Some(task) => task == Task::Classify,
                    };
                    if classes {
                        values.insert(bits(number), number);
                    }
                    if self.asked != Some(Task::Multilabel) {
                        finite(number, before + at)?;
                    }
                    sum.add(number);
                }
            }
            (Collected::Rows { names, flags, sums }, RawTarget::Rows { width, values, names: these })
                if sums.len() == *width && names == these =>
            {
                for (at, &row) in rows.iter().enumerate() {
                    for (sum, &value) in sums.iter_mut().zip(&values[row * width..][..*width]) {
                        *flags &= value == 0.0 || value == 1.0;
                        if !*flags && self.asked != Some(Task::Multilabel) {
                            finite(value, before + at)?;
                        }
                        sum.add(value);
                    }
                }
            }
            _ => {
                let expected = "targets of the same kind as before";
                return Err(DataError::unsuitable("target", expected, kind(target)));
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<TargetPlan, DataError> {
        let Some(collected) = self.collected.filter(|_| self.examples > 0) else {
            return Err(no_training_examples());
        };
        let task = self.asked.unwrap_or_else(|| collected.infer());
        let plan = match (task, collected) {
            (Task::Classify, Collected::Labels(names)) => classes(names)?,
            (Task::Classify, Collected::Numbers { values, .. }) => {
                classes(values.into_values().map(name_of).collect())?
            }
            (Task::Classify, other) => return Err(wrong(task, "one label for each example", other.kind())),
            (Task::Multilabel, Collected::Sets(names)) => {
                if names.is_empty() {
                    return Err(DataError::unsuitable("target", "at least one label", "none"));
                }
                TargetPlan::Labels { names: sorted(owned(names)) }
            }
            (Task::Multilabel, Collected::Numbers { .. }) => {
                TargetPlan::Labels { names: vec!["label 1".to_owned()] }
            }
            (Task::Multilabel, Collected::Rows { names, sums, .. }) => {
                let numbered = || (1..=sums.len()).map(|at| format!("label {at}")).collect();
                TargetPlan::Labels { names: if names.is_empty() { numbered() } else { names } }
            }
            (Task::Multilabel, other) => return Err(wrong(task, "0 or 1 for each label", other.kind())),
            (Task::Regress, Collected::Numbers { sum, .. }) => quantities(Vec::new(), vec![sum]),
            (Task::Regress, Collected::Rows { names, sums, .. }) => quantities(names, sums),
            (Task::Regress, other) => return Err(wrong(task, "numbers", other.kind())),
        };
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(wrong(task, "targets to learn", &flaw)),
        }
    }
}

impl Collected {
    fn new(target: &RawTarget) -> Self {
        match target {
            RawTarget::Labels(_) => Self::Labels(BTreeSet::new()),
            RawTarget::Sets(_) => Self::Sets(BTreeSet::new()),
            RawTarget::Numbers(_) => {
                Self::Numbers { values: BTreeMap::new(), whole: true, sum: Summing::default() }
            }
            RawTarget::Rows { width, names, .. } => {
                Self::Rows { names: names.clone(), flags: true, sums: vec![Summing::default(); *width] }
            }
        }
    }

    /// What the targets pose, where it is not said.
    fn infer(&self) -> Task {
        match self {
            Self::Labels(_) => Task::Classify,
            Self::Sets(_) => Task::Multilabel,
            Self::Numbers { values, whole, .. } => {
                if *whole && values.len() <= MAX_INFERRED_CLASSES {
                    Task::Classify
                } else {
                    Task::Regress
                }
            }
            Self::Rows { flags, .. } => {
                if *flags {
                    Task::Multilabel
                } else {
                    Task::Regress
                }
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Labels(_) => "words",
            Self::Numbers { .. } => "numbers",
            Self::Rows { .. } => "several numbers for each example",
            Self::Sets(_) => "sets of labels",
        }
    }
}

fn classes(names: BTreeSet<String>) -> Result<TargetPlan, DataError> {
    if names.len() < 2 {
        let found = names.first().map_or_else(String::new, |name| format!("only {name:?}"));
        return Err(DataError::unsuitable("target", "two classes or more", found));
    }
    Ok(TargetPlan::Classes { names: sorted(owned(names)) })
}

fn quantities(names: Vec<String>, sums: Vec<Summing>) -> TargetPlan {
    let (means, scales) = sums.into_iter().map(|sum| sum.summary().standardize()).unzip();
    TargetPlan::Quantities { names, means, scales }
}

fn owned(names: BTreeSet<String>) -> BTreeSet<Cow<'static, str>> {
    names.into_iter().map(Cow::Owned).collect()
}

fn insert(names: &mut BTreeSet<String>, name: &str) {
    if !names.contains(name) {
        names.insert(name.to_owned());
    }
}

fn finite(value: f64, example: usize) -> Result<(), DataError> {
    if value.is_finite() {
        return Ok(());
    }
    let place = format!("target of example {}", example + 1);
    Err(DataError::unsuitable(place, "a finite number", value.to_string()))
}
