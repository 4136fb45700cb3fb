//! Rules for the targets.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use truezero_sparse::DenseBatch;

use crate::{DataError, RawTarget, Targets, Task};

/// Whole numbers with at most this many different values are classes, unless the task is given.
pub const MAX_INFERRED_CLASSES: usize = 50;
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

    pub(super) fn apply(&self, target: &RawTarget) -> Result<Targets, DataError> {
        let task = self.task();
        match (self, target) {
            (Self::Classes { names }, RawTarget::Labels(labels)) => {
                let known = Known::new(names);
                let labels = labels.iter().enumerate().map(|(at, label)| known.find(at, label));
                Ok(Targets::Classes { labels: labels.collect::<Result<_, _>>()?, classes: names.len() })
            }
            (Self::Classes { names }, RawTarget::Numbers(values)) => {
                let known = Known::new(names);
                let labels = values.iter().enumerate().map(|(at, &value)| known.find_number(at, value));
                Ok(Targets::Classes { labels: labels.collect::<Result<_, _>>()?, classes: names.len() })
            }
            (Self::Classes { .. }, _) => Err(wrong(task, "one label for each example", kind(target))),
            (Self::Labels { names }, RawTarget::Sets(sets)) => {
                let known = Known::new(names);
                let mut rows = DenseBatch::zeros(sets.len(), names.len());
                for (at, set) in sets.iter().enumerate() {
                    for label in set {
                        rows.row_mut(at)[known.find(at, label)? as usize] = 1.0;
                    }
                }
                Ok(Targets::Labels(rows))
            }
            (Self::Labels { names }, _) => {
                let flag = |value: f64, _| (value == 0.0 || value == 1.0).then_some(value as f32);
                self.rows(target, names.len(), "0 or 1 for each label", flag).map(Targets::Labels)
            }
            (Self::Quantities { means, scales, .. }, _) => {
                let scaled = |value: f64, at: usize| {
                    Some(((value - means[at]) / scales[at]) as f32).filter(|scaled| scaled.is_finite())
                };
                self.rows(target, means.len(), "finite numbers", scaled).map(Targets::Quantities)
            }
        }
    }

    /// Targets that are numbers, each through `convert` with its position among the outputs.
    fn rows(
        &self,
        target: &RawTarget,
        outputs: usize,
        expected: &str,
        convert: impl Fn(f64, usize) -> Option<f32>,
    ) -> Result<DenseBatch, DataError> {
        let (width, values) = match target {
            RawTarget::Numbers(values) => (1, values),
            RawTarget::Rows { width, values, .. } => (*width, values),
            RawTarget::Labels(_) | RawTarget::Sets(_) => {
                return Err(wrong(self.task(), expected, kind(target)));
            }
        };
        if width != outputs || values.len() % width != 0 {
            let expected = format!("{outputs} for each example, as in training");
            return Err(DataError::unsuitable("targets", expected, width.to_string()));
        }
        let mut rows = DenseBatch::zeros(values.len() / width, width);
        for (example, from) in values.chunks_exact(width).enumerate() {
            for (at, (to, &value)) in rows.row_mut(example).iter_mut().zip(from).enumerate() {
                *to = convert(value, at).ok_or_else(|| {
                    let place = format!("target of example {}", example + 1);
                    DataError::unsuitable(place, expected, value.to_string())
                })?;
            }
        }
        Ok(rows)
    }

    /// What of this no fit could have made, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        match self {
            Self::Classes { names } if names.len() < 2 => Some(format!("{} classes", names.len())),
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

pub(super) fn wrong(task: Task, expected: &str, found: &str) -> DataError {
    let task = match task {
        Task::Classify => "classify",
        Task::Regress => "regress",
        Task::Multilabel => "multilabel",
    };
    DataError::unsuitable(format!("target for the task {task}"), expected, found)
}

pub(super) fn kind(target: &RawTarget) -> &'static str {
    match target {
        RawTarget::Labels(_) => "words",
        RawTarget::Numbers(_) => "numbers",
        RawTarget::Rows { .. } => "several numbers for each example",
        RawTarget::Sets(_) => "sets of labels",
    }
}

/// Equal for equal numbers, among them 0 and −0.
pub(super) fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

/// A class that is a number, as a name.
pub(super) fn name_of(value: f64) -> String {
    (value + 0.0).to_string()
}

/// Names in order: by value if all are numbers, else by letter.
pub(super) fn sorted(names: BTreeSet<Cow<str>>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().map(Cow::into_owned).collect();
    let values: Option<Vec<f64>> =
        names.iter().map(|name| name.parse().ok().filter(|value: &f64| value.is_finite())).collect();
    if let Some(values) = values {
        let mut pairs: Vec<(f64, String)> = values.into_iter().zip(names).collect();
        pairs.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        names = pairs.into_iter().map(|(_, name)| name).collect();
    }
    names
}

/// Labels by name, and by value where the name is a number: a source may know "1" as a word or as 1.
struct Known<'a> {
    names: &'a [String],
    by_name: HashMap<&'a str, u32>,
    by_value: HashMap<u64, u32>,
}

impl<'a> Known<'a> {
    fn new(names: &'a [String]) -> Self {
        let by_name = names.iter().map(String::as_str).zip(0..).collect();
        let value = |name: &String| name.parse().ok().map(bits);
        let by_value = names.iter().zip(0..).filter_map(|(name, at)| Some((value(name)?, at))).collect();
        Self { names, by_name, by_value }
    }

    fn find(&self, example: usize, label: &str) -> Result<u32, DataError> {
        let by_value = || self.by_value.get(&bits(label.parse().ok()?));
        let found = self.by_name.get(label).or_else(by_value).copied();
        found.ok_or_else(|| self.unknown(example, label))
    }

    fn find_number(&self, example: usize, value: f64) -> Result<u32, DataError> {
        self.by_value.get(&bits(value)).copied().ok_or_else(|| self.unknown(example, &name_of(value)))
    }

    fn unknown(&self, example: usize, label: &str) -> DataError {
        let listed = self.names[..self.names.len().min(LISTED)].join(", ");
        let more = match self.names.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let expected = format!("one of the labels {listed}{more}");
        let place = format!("label of example {}", example + 1);
        DataError::unsuitable(place, expected, format!("{label:?}, which was not seen in training"))
    }
}
