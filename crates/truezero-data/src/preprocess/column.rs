//! Rules for one column of a table.

use std::collections::HashMap;

use truezero_sparse::ActiveBatch;

use crate::quote::quoted;
use crate::text::Vocabulary;
use crate::{Column, ColumnValues, DataError, Notices};

/// A column of words with more different ones is taken for text or names, not for a category.
pub(super) const MAX_LEVELS: usize = 1000;

/// What is told of values that are none of a category's levels.
const UNKNOWN: &str = "values that the training data did not have, which say nothing to the model";

/// From the values of one column to inputs.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum ColumnPlan {
    /// One input, (x − shift) / divisor, and perhaps a second one that is 1 where the number is missing.
    Number {
        /// Stands in for a missing number.
        impute: f64,
        shift: f64,
        divisor: f64,
        /// Whether numbers were missing in training: then there is the second input.
        missing: bool,
    },
    /// One input for each level, 1 where the value is this level, and perhaps one for a missing value.
    Category {
        /// In alphabetical order.
        levels: Vec<String>,
        /// Whether values were missing in training.
        missing: bool,
    },
    /// One input for each term.
    Text(Vocabulary),
}

/// The inputs one column yields.
pub(super) enum Encoded {
    /// For each example a number, and whether it was missing, where that is an input.
    Numbers(Vec<f32>, Option<Vec<bool>>),
    /// For each example the one input that is 1, if there is one.
    Levels(Vec<Option<u32>>),
    /// For each example its bag.
    Bags(ActiveBatch),
}

impl Encoded {
    /// Number of values that are not zero.
    pub(super) fn active(&self) -> usize {
        match self {
            Self::Numbers(numbers, missing) => {
                let missing = missing.iter().flatten().filter(|&&missing| missing).count();
                numbers.iter().filter(|&&number| number != 0.0).count() + missing
            }
            Self::Levels(levels) => levels.iter().flatten().count(),
            Self::Bags(bags) => bags.active(),
        }
    }

    /// Calls `push` with the inputs of an example that are not zero, counted from `offset`.
    pub(super) fn each(&self, example: usize, offset: u32, mut push: impl FnMut((u32, f32))) {
        match self {
            Self::Numbers(numbers, missing) => {
                push((offset, numbers[example]));
                if missing.as_ref().is_some_and(|missing| missing[example]) {
                    push((offset + 1, 1.0));
                }
            }
            Self::Levels(levels) => {
                if let Some(level) = levels[example] {
                    push((offset + level, 1.0));
                }
            }
            Self::Bags(bags) => {
                let (terms, weights) = bags.example(example);
                terms.iter().zip(weights).for_each(|(term, &weight)| push((offset + term, weight)));
            }
        }
    }
}

impl ColumnPlan {
    /// Number of inputs.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Number { missing, .. } => 1 + usize::from(*missing),
            Self::Category { levels, missing } => levels.len() + usize::from(*missing),
            Self::Text(vocabulary) => vocabulary.terms().len(),
        }
    }

    /// Names of the inputs of a column of this name.
    pub(super) fn input_names(&self, column: &str, names: &mut Vec<String>) {
        let (values, missing): (Vec<String>, bool) = match self {
            Self::Number { missing, .. } => (vec![column.to_owned()], *missing),
            Self::Category { levels, missing } => {
                (levels.iter().map(|level| format!("{column}={level}")).collect(), *missing)
            }
            Self::Text(vocabulary) => {
                (vocabulary.terms().iter().map(|term| format!("{column}: {term}")).collect(), false)
            }
        };
        names.extend(values);
        if missing {
            names.push(format!("{column} is missing"));
        }
    }

    /// The inputs a column yields. A column of numbers serves as categories or text, too, and categories
    /// as text: a few rows may look like another kind than all rows did.
    pub(super) fn encode(&self, column: Column, notices: &Notices) -> Result<Encoded, DataError> {
        let name = column.name;
        match (self, column.values) {
            (Self::Number { impute, shift, divisor, missing }, ColumnValues::Numbers(numbers)) => {
                let gaps = missing.then(|| numbers.iter().map(|number| number.is_nan()).collect());
                let scaled = |number: f64| {
                    let number = if number.is_nan() { *impute } else { number };
                    ((number - shift) / divisor) as f32
                };
                let scaled: Vec<f32> = numbers.into_iter().map(scaled).collect();
                match scaled.iter().position(|number| !number.is_finite()) {
                    None => Ok(Encoded::Numbers(scaled, gaps)),
                    Some(row) => {
                        let place = format!("row {}, column {name:?}", row + 1);
                        let expected = "a finite 32-bit number after scaling";
                        Err(DataError::unsuitable(place, expected, scaled[row].to_string()))
                    }
                }
            }
            (Self::Number { impute, shift, divisor, missing }, ColumnValues::Categories(words)) => {
                if let Some(word) = words.iter().flatten().next() {
                    let expected = "numbers, as in training";
                    return Err(DataError::unsuitable(format!("column {name:?}"), expected, quoted(word)));
                }
                let plan =
                    Self::Number { impute: *impute, shift: *shift, divisor: *divisor, missing: *missing };
                plan.encode(
                    Column { name, values: ColumnValues::Numbers(vec![f64::NAN; words.len()]) },
                    notices,
                )
            }
            (Self::Number { .. }, ColumnValues::Text(_)) => {
                let expected = "numbers, as in training";
                Err(DataError::unsuitable(format!("column {name:?}"), expected, "text"))
            }
            (Self::Category { levels, missing }, values) => {
                let gap = missing.then_some(levels.len() as u32);
                let mut unknown = Unknown::default();
                let found = levels_of(levels, gap, values, &mut unknown);
                if let Unknown { cells, first: Some(first) } = unknown {
                    notices.count(&format!("column {name:?}"), UNKNOWN, cells, &first);
                }
                Ok(Encoded::Levels(found))
            }
            (Self::Text(vocabulary), ColumnValues::Text(texts)) => {
                Ok(Encoded::Bags(vocabulary.bags(texts.iter().map(String::as_str))))
            }
            (Self::Text(vocabulary), ColumnValues::Categories(words)) => Ok(Encoded::Bags(
                vocabulary.bags(words.iter().map(|word| word.as_deref().unwrap_or_default())),
            )),
            (Self::Text(vocabulary), ColumnValues::Numbers(numbers)) => {
                let word = |number: &f64| if number.is_nan() { String::new() } else { number.to_string() };
                let words: Vec<String> = numbers.iter().map(word).collect();
                Ok(Encoded::Bags(vocabulary.bags(words.iter().map(String::as_str))))
            }
        }
    }

    /// What of this no fit could have made, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        match self {
            Self::Number { impute, shift, divisor, .. } => {
                if !(divisor.is_finite() && *divisor > 0.0) {
                    return Some(format!("a scale of {divisor}"));
                }
                let mean = [impute, shift].into_iter().find(|mean| !mean.is_finite());
                mean.map(|mean| format!("a mean of {mean}"))
            }
            Self::Category { levels, .. } => {
                if levels.len() > MAX_LEVELS {
                    return Some(format!("{} levels", levels.len()));
                }
                let pair = levels.windows(2).find(|pair| pair[0] >= pair[1]);
                pair.map(|pair| format!("the level {:?} after {:?}", pair[1], pair[0]))
            }
            Self::Text(vocabulary) => vocabulary.flaw(),
        }
    }
}

/// Cells whose value is none of the levels.
#[derive(Default)]
struct Unknown {
    cells: usize,
    first: Option<String>,
}

impl Unknown {
    /// Counts a value if it is not there.
    fn check(&mut self, level: Option<u32>, value: impl FnOnce() -> String) -> Option<u32> {
        if level.is_none() {
            self.cells += 1;
            self.first.get_or_insert_with(value);
        }
        level
    }
}

/// The position of each value among the levels; `gap` for a missing one, `None` for an unknown one, which is counted.
fn levels_of(
    levels: &[String],
    gap: Option<u32>,
    values: ColumnValues,
    unknown: &mut Unknown,
) -> Vec<Option<u32>> {
    let known: HashMap<&str, u32> = levels.iter().map(String::as_str).zip(0..).collect();
    match values {
        ColumnValues::Categories(words) => {
            let level = |word: &Option<String>| match word {
                Some(word) => unknown.check(known.get(word.as_str()).copied(), || word.clone()),
                None => gap,
            };
            words.iter().map(level).collect()
        }
        ColumnValues::Text(words) => {
            let level = |word: &String| {
                if word.is_empty() {
                    return gap;
                }
                unknown.check(known.get(word.trim()).copied(), || word.trim().to_owned())
            };
            words.iter().map(level).collect()
        }
        ColumnValues::Numbers(numbers) => {
            // Levels that look like numbers are compared as such: "01" was written, 1 was read.
            let values = levels.iter().map(|level| level.parse::<f64>().ok());
            let known: Vec<(f64, u32)> =
                values.zip(0..).filter_map(|(value, level)| Some((value?, level))).collect();
            let find =
                |number: &f64| known.iter().find(|(value, _)| value == number).map(|&(_, level)| level);
            let level = |number: &f64| {
                if number.is_nan() { gap } else { unknown.check(find(number), || number.to_string()) }
            };
            numbers.iter().map(level).collect()
        }
    }
}
