//! Rules for the targets.

use truezero_sparse::DenseBatch;

use super::survey::kind;
use crate::label::Finder;
use crate::quote::quoted;
use crate::{CellRules, DataError, Features, Numbers, Places, RawTarget, Targets, Task};

/// An error lists this many labels.
const LISTED: usize = 12;

/// From raw targets to those of a network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TargetPlan {
    /// One of these, in order: numbers by value, other names by letter.
    Classes {
        /// At least two, all different.
        names: Vec<String>,
    },
    /// Any of these.
    Labels {
        /// At least one, all different.
        names: Vec<String>,
    },
    /// (y − mean) / scale for each output.
    Quantities {
        /// Of the columns, where there are several.
        names: Vec<String>,
        /// The value of an output of 0.
        means: Vec<f64>,
        /// The change in the value by an output of 1, above 0.
        scales: Vec<f64>,
    },
}

impl TargetPlan {
    pub(super) fn task(&self) -> Task {
        match self {
            Self::Classes { .. } => Task::Classify,
            Self::Labels { .. } => Task::Multilabel,
            Self::Quantities { .. } => Task::Regress,
        }
    }

    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Classes { names } | Self::Labels { names } => names.len(),
            Self::Quantities { means, .. } => means.len(),
        }
    }

    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::Classes { names } | Self::Labels { names } | Self::Quantities { names, .. } => names,
        }
    }

    pub(super) fn scales(&self) -> &[f64] {
        if let Self::Quantities { scales, .. } = self { scales } else { &[] }
    }

    pub(super) fn means(&self) -> &[f64] {
        if let Self::Quantities { means, .. } = self { means } else { &[] }
    }

    pub(super) fn quantities(&self, outputs: &DenseBatch) -> DenseBatch {
        let mut quantities = outputs.clone();
        if let Self::Quantities { means, scales, .. } = self {
            assert_eq!(outputs.width(), means.len(), "one column for each output");
            for example in 0..quantities.examples() {
                for ((value, mean), scale) in quantities.row_mut(example).iter_mut().zip(means).zip(scales) {
                    *value = (f64::from(*value) * scale + mean) as f32;
                }
            }
        }
        quantities
    }

    pub(super) fn apply(&self, target: &RawTarget, rows: Rows<'_>) -> Result<Targets, DataError> {
        let task = self.task();
        match (self, target) {
            (Self::Classes { names }, RawTarget::Labels(labels)) => {
                let labels = Known::new(names, rows).find_all(labels.iter().enumerate())?;
                Ok(Targets::Classes { labels, classes: names.len() })
            }
            (Self::Classes { names }, RawTarget::Numbers(numbers)) => Ok(Targets::Classes {
                labels: Known::new(names, rows).find_numbers(numbers)?,
                classes: names.len(),
            }),
            (Self::Classes { .. }, _) => {
                Err(wrong("target", task, "one label for each example", kind(target)))
            }
            (Self::Labels { names }, RawTarget::Sets(sets)) => {
                let known = Known::new(names, rows);
                let mut rows = DenseBatch::zeros(sets.len(), names.len());
                let labels = || {
                    sets.iter().enumerate().flat_map(|(row, set)| set.iter().map(move |label| (row, label)))
                };
                for ((row, _), label) in labels().zip(known.find_all(labels())?) {
                    rows.row_mut(row)[label as usize] = 1.0;
                }
                Ok(Targets::Labels(rows))
            }
            (Self::Labels { names }, _) => {
                let flag = |value: f64, _| (value == 0.0 || value == 1.0).then_some(value as f32);
                self.rows(target, rows, names.len(), "0 or 1 for each label", flag).map(Targets::Labels)
            }
            (Self::Quantities { means, scales, .. }, _) => {
                let scaled = |value: f64, at: usize| {
                    Some(((value - means[at]) / scales[at]) as f32).filter(|scaled| scaled.is_finite())
                };
                self.rows(target, rows, means.len(), "finite numbers", scaled).map(Targets::Quantities)
            }
        }
    }

    /// Targets that are numbers, each through `convert` with its position among the outputs.
    fn rows(
        &self,
        target: &RawTarget,
        places: Rows<'_>,
        outputs: usize,
        expected: &str,
        convert: impl Fn(f64, usize) -> Option<f32>,
    ) -> Result<DenseBatch, DataError> {
        let (width, values): (usize, &[f64]) = match target {
            RawTarget::Numbers(numbers) => (1, numbers.values()),
            RawTarget::Rows { width, values, .. } => (*width, values),
            RawTarget::Labels(words) => {
                let cells = CellRules::default();
                let odd = words.iter().position(|word| cells.number(word).is_err()).unwrap_or_default();
                let expected = format!("{expected} for the task {}", self.task().name());
                let found = words.get(odd).map_or_else(String::new, |word| quoted(word));
                return Err(places.error("target", odd, expected, found));
            }
            RawTarget::Sets(_) => {
                return Err(wrong("target", self.task(), expected, kind(target)));
            }
        };
        if width != outputs || values.len() % width != 0 {
            let expected = format!("{outputs} for each example, as in training");
            return Err(DataError::unsuitable("targets", expected, width.to_string()));
        }
        let mut rows = DenseBatch::zeros(values.len() / width, width);
        for (example, from) in values.chunks_exact(width).enumerate() {
            for (at, (to, &value)) in rows.row_mut(example).iter_mut().zip(from).enumerate() {
                let wrong = || places.error("target", example, expected, value.to_string());
                *to = convert(value, at).ok_or_else(wrong)?;
            }
        }
        Ok(rows)
    }

    /// What of this no fit could have made, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        match self {
            // One class alone is what Python may be given.
            Self::Classes { names } if names.is_empty() => Some("no classes".to_owned()),
            Self::Labels { names } if names.is_empty() => Some("no labels".to_owned()),
            Self::Classes { names } | Self::Labels { names } => {
                let mut seen = std::collections::HashSet::new();
                let again = names.iter().find(|name| !seen.insert(*name));
                again.map(|name| format!("the label {name:?} twice"))
            }
            Self::Quantities { names, means, scales } => {
                if means.is_empty() || means.len() != scales.len() {
                    return Some(format!("{} means and {} scales of targets", means.len(), scales.len()));
                }
                if !names.is_empty() && names.len() != means.len() {
                    return Some(format!("{} names of {} targets", names.len(), means.len()));
                }
                let scale = scales.iter().find(|scale| !(scale.is_finite() && **scale > 0.0));
                let mean = means.iter().find(|mean| !mean.is_finite());
                scale.or(mean).map(|number| format!("a mean or scale of {number} of the targets"))
            }
        }
    }
}

/// That a target, called `place`, is of no use for a task.
pub(super) fn wrong(place: &str, task: Task, expected: &str, found: &str) -> DataError {
    DataError::unsuitable(place, format!("{expected} for the task {}", task.name()), found)
}

/// What errors call the examples.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    /// Counted from 1.
    Examples,
    /// Rows of a table.
    Of(&'a Places),
}

impl<'a> Rows<'a> {
    /// Those that features are of.
    pub(super) fn of(features: &'a Features) -> Self {
        match features {
            Features::Table(table) => Self::Of(&table.places),
            Features::Matrix(_) | Features::Wide(_) => Self::Examples,
        }
    }

    /// An error about what stands in a row.
    pub(super) fn error(
        self,
        what: &str,
        row: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        match self {
            Self::Examples => {
                DataError::unsuitable(format!("{what} of example {}", row + 1), expected, found)
            }
            Self::Of(places) => places.error(row, |row| format!("{what} of {row}"), expected, found),
        }
    }
}

/// The classes of labels.
struct Known<'a> {
    names: &'a [String],
    finder: Finder<'a>,
    rows: Rows<'a>,
}

impl<'a> Known<'a> {
    fn new(names: &'a [String], rows: Rows<'a>) -> Self {
        Self { names, finder: Finder::new(names), rows }
    }

    /// The label of each example, by its name.
    fn find_all<'l>(&self, labels: impl Iterator<Item = (usize, &'l String)>) -> Result<Vec<u32>, DataError> {
        self.all(labels.map(|(row, label)| (row, self.finder.find(label), || label.clone())))
    }

    /// The class of each number, by how it is written where that is known apart from its value.
    fn find_numbers(&self, numbers: &Numbers) -> Result<Vec<u32>, DataError> {
        self.all(numbers.values().iter().enumerate().map(|(row, &value)| {
            let found = match numbers.written(row) {
                None => self.finder.find_number(value),
                Some(written) => self.finder.find(written),
            };
            (row, found, move || numbers.label(row).into_owned())
        }))
    }

    /// What was found of each example, if something was; else an error that tells the first that was not, and how many
    /// there are.
    fn all<F: FnOnce() -> String>(
        &self,
        found: impl Iterator<Item = (usize, Option<u32>, F)>,
    ) -> Result<Vec<u32>, DataError> {
        let (mut known, mut first, mut unknown) = (Vec::new(), None, 0);
        for (row, found, label) in found {
            if let Some(found) = found {
                known.push(found);
            } else {
                unknown += 1;
                first.get_or_insert_with(|| (row, label()));
            }
        }
        first.map_or(Ok(known), |(row, label)| Err(self.unknown(row, &label, unknown)))
    }

    fn unknown(&self, example: usize, label: &str, count: usize) -> DataError {
        let listed = self.names[..self.names.len().min(LISTED)].join(", ");
        let more = match self.names.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let expected = format!("one of the labels {listed}{more}");
        let others = if count > 1 { format!("; {count} labels were not") } else { String::new() };
        let found = format!("{}, which was not seen in training{others}", quoted(label));
        self.rows.error("label", example, expected, found)
    }
}
