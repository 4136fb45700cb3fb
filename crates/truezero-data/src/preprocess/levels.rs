//! The levels of a category, and which of them a cell is.

use std::collections::HashMap;

use crate::cell::{self, FALSE, TRUE};
use crate::{CellRules, ColumnValues, Notices};

/// No category has more levels: the most frequent ones are kept.
pub(super) const MAX_LEVELS: usize = 1000;
/// What is told of values that are none of a category's levels.
const UNKNOWN: &str = "values that are none of the levels the model learned, which say nothing to it";

/// Finds levels.
pub(super) struct Levels<'a> {
    words: HashMap<&'a str, u32>,
    /// Levels that are written as numbers, by their bits.
    numbers: HashMap<u64, u32>,
    /// The level of a missing value.
    gap: Option<u32>,
}

impl<'a> Levels<'a> {
    /// Levels in their order, and perhaps one for a missing value after them.
    pub(super) fn new(levels: &'a [String], missing: bool, cells: &CellRules) -> Self {
        let mut words: HashMap<&str, u32> = levels.iter().map(String::as_str).zip(0..).collect();
        let mut numbers = HashMap::new();
        for (level, at) in levels.iter().zip(0..) {
            // A model of a former version keeps the spelling of the training data.
            if let Some(flag) = [TRUE, FALSE].into_iter().find(|flag| cell::word(level) == *flag) {
                words.entry(flag).or_insert(at);
            }
            if let Some(number) = number(level, cells) {
                // Of `01` and `1`, a number that comes as one is meant by the level that is written as numbers are.
                if f64::from_bits(number).to_string() == *level {
                    numbers.insert(number, at);
                } else {
                    numbers.entry(number).or_insert(at);
                }
            }
        }
        Self { words, numbers, gap: missing.then_some(levels.len() as u32) }
    }

    /// The level of each cell of a column: none where a value is missing or none of them, which is told.
    pub(super) fn of(
        &self,
        name: &str,
        values: &ColumnValues,
        cells: &CellRules,
        notices: &Notices,
    ) -> Vec<Option<u32>> {
        let mut unknown: Option<(usize, String)> = None;
        let mut known = |level: Option<u32>, value: &dyn Fn() -> String| {
            if level.is_none() {
                unknown.get_or_insert_with(|| (0, value())).0 += 1;
            }
            level
        };
        let mut word = |text: &str| match cells.word(text) {
            None => self.gap,
            Some(word) => known(self.word(&word, cells), &|| word.to_string()),
        };
        let found = match values {
            ColumnValues::Categories(words) => {
                words.iter().map(|text| text.as_deref().map_or(self.gap, &mut word)).collect()
            }
            ColumnValues::Text(texts) => texts.iter().map(|text| word(text)).collect(),
            ColumnValues::Numbers(numbers) => {
                let level = |&number: &f64| match cells.typed(number) {
                    number if number.is_nan() => self.gap,
                    number => known(self.number(number), &|| number.to_string()),
                };
                numbers.iter().map(level).collect()
            }
        };
        if let Some((cells, example)) = unknown {
            notices.count(&format!("column {name:?}"), UNKNOWN, cells, &example);
        }
        found
    }

    /// As it is written; else as the number it means: `01` was written, 1 came as a number.
    fn word(&self, word: &str, cells: &CellRules) -> Option<u32> {
        let by_value = || match cells.cell(word) {
            cell::Cell::Number(number, _) if !is_told_by_digits(word) => self.number(number),
            _ => None,
        };
        self.words.get(word).copied().or_else(|| match word {
            // Of a column that was 0 and 1 where others have booleans.
            TRUE => self.number(1.0),
            FALSE => self.number(0.0),
            _ => by_value(),
        })
    }

    fn number(&self, number: f64) -> Option<u32> {
        let flag = || match number {
            1.0 => self.words.get(TRUE).copied(),
            0.0 => self.words.get(FALSE).copied(),
            _ => None,
        };
        self.numbers.get(&bits(number)).copied().or_else(flag)
    }
}

/// Whether a word is a whole number that 64 bits may not tell from its neighbours, such as a long identifier.
fn is_told_by_digits(word: &str) -> bool {
    let digits = word.trim_start_matches(['+', '-']).trim_start_matches('0');
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u64>().map_or(!digits.is_empty(), |whole| whole > 1 << 53)
}

/// What a word means as a number, by its bits.
fn number(word: &str, cells: &CellRules) -> Option<u64> {
    match cells.cell(word) {
        cell::Cell::Number(number, _) => Some(bits(number)),
        _ => None,
    }
}

/// Both zeros are the same.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(levels: &[&str], values: ColumnValues) -> (Vec<Option<u32>>, Vec<String>) {
        let levels: Vec<String> = levels.iter().map(|&level| level.to_owned()).collect();
        let (cells, notices) = (CellRules::default(), Notices::default());
        let found = Levels::new(&levels, true, &cells).of("x", &values, &cells, &notices);
        (found, notices.all().iter().map(ToString::to_string).collect())
    }

    fn words(words: &[&str]) -> ColumnValues {
        ColumnValues::Categories(words.iter().map(|&word| Some(word.to_owned())).collect())
    }

    #[test]
    fn booleans_are_found_in_every_spelling() {
        let numbers = || ColumnValues::Numbers(vec![0.0, 1.0, f64::NAN]);
        for levels in [["false", "true"], ["False", "True"], ["0", "1"]] {
            assert_eq!(
                found(&levels, words(&["FALSE", "true", "NA"])).0,
                [Some(0), Some(1), Some(2)],
                "{levels:?}"
            );
            assert_eq!(
                found(&levels, words(&["0.0", "1.0", ""])).0,
                [Some(0), Some(1), Some(2)],
                "{levels:?}"
            );
            assert_eq!(found(&levels, words(&["0", " 1", ""])).0, [Some(0), Some(1), Some(2)], "{levels:?}");
            assert_eq!(found(&levels, numbers()).0, [Some(0), Some(1), Some(2)], "{levels:?}");
        }
    }

    #[test]
    fn numbers_among_levels_are_found_by_value_if_not_as_they_are_written() {
        let (levels, unknown) = found(&["01", "1", "K"], words(&["1", "01", "1.0", "K ", "2", "3"]));
        assert_eq!(levels, [Some(1), Some(0), Some(1), Some(2), None, None]);
        for levels in [["01", "1", "2.50", "2.5"], ["1", "01", "2.5", "2.50"]] {
            let canonical =
                ["1", "2.5"].map(|level| levels.iter().position(|it| *it == level).map(|at| at as u32));
            assert_eq!(found(&levels, ColumnValues::Numbers(vec![1.0, 2.5])).0, canonical, "{levels:?}");
        }
        assert_eq!(unknown.len(), 1);
        assert!(unknown[0].starts_with("column \"x\": values that are none"), "{unknown:?}");
        assert!(unknown[0].ends_with(": 2, such as \"2\""), "{unknown:?}");
        assert_eq!(found(&["-0", "K"], ColumnValues::Numbers(vec![0.0])).0, [Some(0)]);
    }

    #[test]
    fn whole_numbers_that_64_bits_do_not_tell_apart_are_found_as_they_are_written() {
        let levels = ["12345678901234567890", "9007199254740992", "9007199254740994"];
        let cells = words(&["9007199254740994", "9007199254740993", "12345678901234567891", "1e3"]);
        assert_eq!(found(&levels, cells).0, [Some(2), None, None, None]);
        assert_eq!(found(&["1000", "K"], words(&["01000", "1e3"])).0, [Some(0), Some(0)]);
    }
}
