//! When two labels are the same, and how numbers are written as labels.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::cell::{self, FALSE, TRUE};

/// Whole numbers of more digits are compared with an exponent, so that 1e300 is not written out.
const MAX_PLAIN_DIGITS: i64 = 40;

/// A number, as a label.
pub(crate) fn name_of(value: f64) -> String {
    (value + 0.0).to_string()
}

/// Equal for equal numbers, among them 0 and −0.
pub(crate) fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

/// What two labels have in common if they are equal as numbers, exactly and of any length: `1`, `01` and `1.0`, or
/// `1E2` and `100`; or as booleans: `true` and `True`. Any other label stands for itself.
pub(crate) fn key(label: &str) -> Cow<'_, str> {
    let unsigned = label.strip_prefix('-').unwrap_or(label);
    let plain = unsigned.bytes().all(|byte| byte.is_ascii_digit()) && !unsigned.starts_with('0');
    if plain && unsigned.len() <= MAX_PLAIN_DIGITS as usize {
        return Cow::Borrowed(label);
    }
    decimal(label).map_or_else(|| cell::word(label), Cow::Owned)
}

/// A finite number in the one form that all its spellings share.
fn decimal(text: &str) -> Option<String> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())?;
    let negative = text.starts_with('-');
    let text = text.trim_start_matches(['-', '+']);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let shift = i64::try_from(trailing).ok()? - i64::try_from(fraction.len()).ok()?;
    let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
    let sign = if negative { "-" } else { "" };
    let length = significant.len() as i64;
    Some(match usize::try_from(exponent) {
        Ok(zeros) if length.saturating_add(exponent) <= MAX_PLAIN_DIGITS => {
            format!("{sign}{significant}{}", "0".repeat(zeros))
        }
        _ => format!("{sign}{significant}e{exponent}"),
    })
}

/// Puts labels in order: by value if all are numbers, else by letter.
pub(crate) fn sort(names: &mut Vec<String>) {
    names.sort();
    let value = |name: &String| name.parse().ok().filter(|value: &f64| value.is_finite());
    let values: Option<Vec<f64>> = names.iter().map(value).collect();
    if let Some(values) = values {
        let mut pairs: Vec<(f64, String)> = values.into_iter().zip(names.drain(..)).collect();
        // Whole numbers that are equal in 64 bits differ in their digits.
        pairs.sort_by(|(a, x), (b, y)| a.total_cmp(b).then(x.len().cmp(&y.len())));
        names.extend(pairs.into_iter().map(|(_, name)| name));
    }
}

/// Finds labels by name, and by value where the name is a number: a source may know "1" as a word or as 1. Of two labels
/// that are booleans or 0 and 1, each is found as the other: one source has words for what another has numbers for.
#[derive(Debug)]
pub(crate) struct Finder<'a> {
    names: HashMap<&'a str, u32>,
    keys: HashMap<Cow<'a, str>, u32>,
    values: HashMap<u64, u32>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(names: &'a [String]) -> Self {
        let keys = names.iter().map(|name| key(name)).zip(0..).collect();
        // Only of labels that are exactly the number that 64 bits hold.
        let value = |name: &String| name.parse().ok().filter(|&value| key(&name_of(value)) == key(name));
        let values = names.iter().zip(0..).filter_map(|(name, at)| Some((bits(value(name)?), at))).collect();
        let mut finder = Self { names: names.iter().map(String::as_str).zip(0..).collect(), keys, values };
        finder.add_flags();
        finder
    }

    fn add_flags(&mut self) {
        let flags = [(FALSE, "0", 0.0), (TRUE, "1", 1.0)];
        let both = |of: fn(&(&'static str, &'static str, f64)) -> &'static str| {
            self.keys.len() == flags.len() && flags.iter().all(|flag| self.keys.contains_key(of(flag)))
        };
        if !both(|flag| flag.0) && !both(|flag| flag.1) {
            return;
        }
        for (word, digit, value) in flags {
            if let Some(&at) = self.keys.get(word).or_else(|| self.keys.get(digit)) {
                self.keys.insert(word.into(), at);
                self.keys.insert(digit.into(), at);
                self.values.insert(bits(value), at);
            }
        }
    }

    pub(crate) fn find(&self, label: &str) -> Option<u32> {
        self.names.get(label).or_else(|| self.keys.get(&key(label))).copied()
    }

    pub(crate) fn find_number(&self, value: f64) -> Option<u32> {
        self.values.get(&bits(value)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_equal_as_numbers_have_the_same_key() {
        for same in [
            &["1", "01", "1.0", "+1", "1e0", "0.1E1", "1."][..],
            &["100", "1E2", "1e+2", "0100.00", "10e1"],
            &["0", "-0", "0.0", "000", "0e99999999999999999999", ".0"],
            &["-2.5", "-2.50", "-25e-1", "-02.5"],
            &["1e300", "10e299", "1000e297"],
            &["true", "True", "TRUE"],
            &["9007199254740993", "9007199254740993.0", "09007199254740993"],
        ] {
            same.iter().for_each(|label| assert_eq!(key(label), key(same[0]), "{label} and {}", same[0]));
            assert_eq!(key(&key(same[0])), key(same[0]), "a key is its own");
        }
        let different = [
            "1",
            "10",
            "-1",
            "0.1",
            "9007199254740992",
            "9007199254740993",
            "1e41",
            "1e42",
            "a",
            "1a",
            "inf",
            "nan",
            "1e999",
            "",
            "-",
            "1e-99999999999999999999",
            "0x10",
            "1_000",
            "١",
        ];
        for (at, a) in different.iter().enumerate() {
            different[..at].iter().for_each(|b| assert_ne!(key(a), key(b), "{a} and {b}"));
        }
    }

    #[test]
    fn values_and_words_find_labels_that_are_written_otherwise() {
        let names = ["01", "1E2", "9007199254740993", "x"].map(str::to_owned);
        let finder = Finder::new(&names);
        assert_eq!(
            ["01", "1", "1.0", "100", "x", "X"].map(|label| finder.find(label)),
            [Some(0), Some(0), Some(0), Some(1), Some(3), None]
        );
        assert_eq!(
            [1.0, 100.0, 9_007_199_254_740_992.0].map(|value| finder.find_number(value)),
            [Some(0), Some(1), None]
        );
    }

    #[test]
    fn booleans_are_found_as_words_and_as_numbers() {
        for names in [["False", "True"], ["true", "false"], ["0", "1"], ["1.0", "0.0"]] {
            let names = names.map(str::to_owned);
            let finder = Finder::new(&names);
            let yes = u32::from(key(&names[1]) == "true" || key(&names[1]) == "1");
            for label in ["True", "true", "1", "1.0"] {
                assert_eq!(finder.find(label), Some(yes), "{label} of {names:?}");
            }
            assert_eq!(finder.find("FALSE"), Some(1 - yes));
            assert_eq!([1.0, 0.0].map(|value| finder.find_number(value)), [Some(yes), Some(1 - yes)]);
            assert_eq!(finder.find("2"), None);
        }
        let names = ["0", "1", "2"].map(str::to_owned);
        assert_eq!(Finder::new(&names).find("true"), None, "not of more classes");
    }

    #[test]
    fn labels_are_in_order_of_their_values() {
        let sorted = |names: &[&str]| {
            let mut names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            sort(&mut names);
            names
        };
        assert_eq!(sorted(&["10", "9", "-1", "1E0"]), ["-1", "1E0", "9", "10"]);
        assert_eq!(sorted(&["10", "9", "b", "B"]), ["10", "9", "B", "b"]);
        assert_eq!(
            sorted(&["9007199254740993", "9007199254740992"]),
            ["9007199254740992", "9007199254740993"]
        );
    }
}
