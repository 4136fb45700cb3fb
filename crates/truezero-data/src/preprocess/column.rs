//! Rules for one column of a table.

use truezero_sparse::ActiveBatch;

use super::levels::{Levels, MAX_LEVELS};
use super::scaling::{flaw_of_limit, scaled};
use crate::quote::quoted;
use crate::text::Vocabulary;
use crate::{CellRules, Column, ColumnKind, ColumnValues, DataError, Notices, Places};

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
        /// The greatest absolute value of the input. Files of earlier versions have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<f64>,
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

    /// What the column is to be read as.
    pub(super) fn kind(&self) -> ColumnKind {
        match self {
            Self::Number { .. } => ColumnKind::Number,
            Self::Category { .. } => ColumnKind::Category,
            Self::Text(_) => ColumnKind::Text,
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

    /// The inputs a column yields. What the column is was decided in training: words are read as numbers, numbers serve as
    /// levels of a category or as text, and categories as text.
    pub(super) fn encode(
        &self,
        column: Column,
        places: &Places,
        cells: &CellRules,
        notices: &Notices,
    ) -> Result<Encoded, DataError> {
        let name = column.name;
        match (self, column.values) {
            (Self::Number { impute, shift, divisor, limit, missing }, ColumnValues::Numbers(numbers)) => {
                let numbers: Vec<f64> = numbers.into_iter().map(|number| cells.typed(number)).collect();
                let gaps = missing.then(|| numbers.iter().map(|number| number.is_nan()).collect());
                let input = |number: f64| {
                    let number = if number.is_nan() { *impute } else { number };
                    scaled(number, *shift, *divisor, *limit)
                };
                let scaled: Vec<f32> = numbers.into_iter().map(input).collect();
                match scaled.iter().position(|number| !number.is_finite()) {
                    None => Ok(Encoded::Numbers(scaled, gaps)),
                    Some(row) => {
                        let expected = "a finite 32-bit number after scaling";
                        let place = |row: &str| format!("{row}, column {name:?}");
                        Err(places.error(row, place, expected, scaled[row].to_string()))
                    }
                }
            }
            (Self::Number { .. }, ColumnValues::Categories(words)) => {
                let mut numbers = Vec::with_capacity(words.len());
                for (row, word) in words.iter().enumerate() {
                    let text = word.as_deref().unwrap_or_default();
                    let number = cells.number(text).map_err(|expected| {
                        let place = |row: &str| format!("{row}, column {name:?}");
                        places.error(row, place, expected, quoted(text.trim()))
                    });
                    numbers.push(number?);
                }
                self.encode(Column { name, values: ColumnValues::Numbers(numbers) }, places, cells, notices)
            }
            (Self::Number { .. }, ColumnValues::Text(_)) => {
                let expected = "numbers, as in training";
                Err(DataError::unsuitable(format!("column {name:?}"), expected, "text"))
            }
            (Self::Category { levels, missing }, values) => {
                Ok(Encoded::Levels(Levels::new(levels, *missing, cells).of(&name, &values, cells, notices)))
            }
            (Self::Text(vocabulary), ColumnValues::Text(texts)) => {
                Ok(Encoded::Bags(vocabulary.bags(texts.iter().map(String::as_str))))
            }
            (Self::Text(vocabulary), ColumnValues::Categories(words)) => Ok(Encoded::Bags(
                vocabulary.bags(words.iter().map(|word| word.as_deref().map_or("", |word| cells.text(word)))),
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
            Self::Number { impute, shift, divisor, limit, .. } => {
                if !(divisor.is_finite() && *divisor > 0.0) {
                    return Some(format!("a scale of {divisor}"));
                }
                let mean = [impute, shift].into_iter().find(|mean| !mean.is_finite());
                mean.map(|mean| format!("a mean of {mean}")).or_else(|| flaw_of_limit(*limit))
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
