//! What a cell of a table means: nothing, a number or a word. Text tables, strings in Parquet and Arrow files, records in
//! JSON and tables from Python all come here, so that the same cell means the same through every door.
//!
//! Blanks around a cell do not count. What the cell holds then is, in this order:
//!
//! | | |
//! |---|---|
//! | nothing | an empty cell, one of [`MISSING_WORDS`] in any case, `None`, or a word or number of `--na-values` |
//! | a gap | one of [`GAPS`]: nothing in a column of numbers, but a word among words |
//! | a number | as `3`, `-2.5`, `1e-3`, also with the minus sign U+2212; with `%` or a sign of a currency, which do not count |
//! | a word | anything else; `true` and `false` in any case are the same words |

use std::borrow::Cow;

/// Words that stand for a missing value in every column, in any case, besides an empty cell and `None`.
pub const MISSING_WORDS: [&str; 24] = [
    "na", "n/a", "n.a.", "#na", "#n/a", "#n/a n/a", "<na>", "nan", "+nan", "-nan", "nat", "null", "(null)",
    "<null>", "\\n", "?", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "1.#ind", "-1.#ind",
];
/// Marks that stand for a missing value in a column of numbers, in any case; among words they may be a word as any other.
pub const GAPS: [&str; 6] = ["-", "--", "---", ".", "none", "nil"];
/// Booleans as words.
pub(crate) const TRUE: &str = "true";
pub(crate) const FALSE: &str = "false";
/// What Python writes for a missing value. `none` may be the name of a level.
const PYTHON_NONE: &str = "None";
/// The minus of typesetting, which is one of a number, too.
const MINUS: char = '\u{2212}';
/// Signs beside a number that do not change it.
const SIGNS: [char; 7] = ['%', '$', '€', '£', '¥', '₹', '₽'];

/// What stands between the whole and the fractional digits of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Decimal {
    /// A point, as in 3.5. As nobody said so, a comma may mean anything: it is no part of a number.
    #[default]
    #[serde(rename = "unsaid")]
    Unsaid,
    /// A point, and perhaps commas between thousands, as in 1,234.5.
    #[serde(rename = ".")]
    Point,
    /// A comma, and perhaps points between thousands, as in 1.234,5.
    #[serde(rename = ",")]
    Comma,
}

/// How cells are understood. It is stored in a model, so that cells mean at prediction what they meant in training.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct CellRules {
    /// Words and numbers that stand for a missing value, besides those that always do.
    pub na_values: Vec<String>,
    /// How numbers are written.
    pub decimal: Decimal,
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Missing,
    /// Nothing among numbers, this word among words.
    Gap(&'a str),
    /// A number, perhaps infinite, and how it is written.
    Number(f64, &'a str),
    /// Anything else, without surrounding blanks.
    Word(Cow<'a, str>),
}

impl CellRules {
    /// What a text means.
    pub fn cell<'a>(&self, text: &'a str) -> Cell<'a> {
        let text = text.trim();
        // Most cells are numbers or words that begin like none of those that are special.
        if let Some(number) = self.parse(text) {
            let missing = number.is_nan() || self.is_missing_number(number) || self.is_named(text);
            return if missing { Cell::Missing } else { Cell::Number(number, text) };
        }
        if text.is_empty() || text == PYTHON_NONE || one_of(&MISSING_WORDS, text) || self.is_named(text) {
            return Cell::Missing;
        }
        if one_of(&GAPS, text) {
            return Cell::Gap(text);
        }
        Cell::Word(word(text))
    }

    /// A number that comes as one; NaN if it stands for a missing value.
    pub fn typed(&self, number: f64) -> f64 {
        if self.is_missing_number(number) { f64::NAN } else { number }
    }

    /// The word that a text is among words, as in a category; none if it is missing.
    pub fn word<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        match self.cell(text) {
            Cell::Missing => None,
            Cell::Gap(word) | Cell::Number(_, word) => Some(Cow::Borrowed(word)),
            Cell::Word(word) => Some(word),
        }
    }

    /// The number that a text is in a column of numbers, NaN if it is missing; 1 and 0 for `true` and `false`.
    ///
    /// # Errors
    /// What was expected.
    pub fn number(&self, text: &str) -> Result<f64, &'static str> {
        match self.cell(text) {
            Cell::Missing | Cell::Gap(_) => Ok(f64::NAN),
            Cell::Number(number, _) if number.is_finite() => Ok(number),
            Cell::Number(..) => Err("a finite number"),
            Cell::Word(word) if word == TRUE => Ok(1.0),
            Cell::Word(word) if word == FALSE => Ok(0.0),
            Cell::Word(_) => Err("a number, as in training"),
        }
    }

    /// A running text as it is; empty if it is missing.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        if self.cell(text) == Cell::Missing { "" } else { text }
    }

    /// Whether a text means a number if it is read by other rules.
    pub(crate) fn number_by(&self, decimal: Decimal, text: &str) -> bool {
        decimal != self.decimal && Self { na_values: Vec::new(), decimal }.parse(text.trim()).is_some()
    }

    fn is_named(&self, text: &str) -> bool {
        self.na_values.iter().any(|named| named == text)
    }

    fn is_missing_number(&self, number: f64) -> bool {
        self.na_values.iter().any(|named| named.parse::<f64>().is_ok_and(|named| named == number))
    }

    /// The number that a text without blanks around it is.
    fn parse(&self, text: &str) -> Option<f64> {
        if self.decimal == Decimal::Unsaid
            && let Ok(number) = text.parse()
        {
            return Some(number);
        }
        // Neither the beginning nor the end of a number written in another way.
        let may_begin =
            |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | MINUS | '.' | ',') || SIGNS.contains(&c);
        if !text.starts_with(may_begin) && !text.eq_ignore_ascii_case("inf") {
            return None;
        }
        if text.contains(MINUS) {
            return self.parse(&text.replace(MINUS, "-"));
        }
        let bare = without_sign(text)?;
        match self.decimal {
            Decimal::Unsaid => bare.parse().ok(),
            Decimal::Point => grouped(&bare, ',', '.')?.parse().ok(),
            Decimal::Comma => grouped(&bare, '.', ',')?.parse().ok(),
        }
    }
}

/// The canonical form of a word: `true` and `false` are written in several ways.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    [TRUE, FALSE].into_iter().find(|flag| text.eq_ignore_ascii_case(flag)).unwrap_or(text).into()
}

fn one_of(words: &[&str], text: &str) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A number without a sign of a currency or a percent sign, before it (also after a minus) or after it.
fn without_sign(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(SIGNS) {
        return Some(Cow::Borrowed(text));
    }
    let (minus, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text),
    };
    let bare = rest.strip_prefix(SIGNS).or_else(|| rest.strip_suffix(SIGNS))?.trim();
    // One sign, beside digits.
    (!bare.contains(SIGNS) && bare.contains(|c: char| c.is_ascii_digit()))
        .then(|| Cow::Owned(format!("{minus}{bare}")))
}

/// A number with marks between thousands, which are taken out, and a mark before its fraction, which becomes a point.
fn grouped(text: &str, thousands: char, decimal: char) -> Option<String> {
    let (whole, fraction) = match text.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    if fraction.is_some_and(|fraction| fraction.contains([thousands, decimal])) {
        return None;
    }
    let mut groups = whole.split(thousands);
    let first = groups.next()?;
    let mut number = first.to_owned();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    for group in groups {
        let head = first.trim_start_matches(['+', '-']);
        if group.len() != 3 || !digits(group) || !(1..=3).contains(&head.len()) || !digits(head) {
            return None;
        }
        number += group;
    }
    if let Some(fraction) = fraction {
        number.push('.');
        number += fraction;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(rules: &CellRules, text: &str) -> Option<f64> {
        match rules.cell(text) {
            Cell::Number(number, _) => Some(number),
            _ => None,
        }
    }

    fn of(decimal: Decimal) -> CellRules {
        CellRules { decimal, ..CellRules::default() }
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let point = CellRules::default();
        for (text, value) in
            [(" 3 ", 3.0), ("-2.5", -2.5), ("1e-3", 0.001), ("+7", 7.0), ("12%", 12.0), ("$3.50", 3.5)]
        {
            assert_eq!(number(&point, text), Some(value), "{text}");
        }
        assert_eq!(number(&point, "\u{2212}2.5"), Some(-2.5));
        assert_eq!(number(&point, "1e\u{2212}3"), Some(0.001));
        assert_eq!(number(&point, "-€ 4"), Some(-4.0));
        assert_eq!(number(&point, "5 %"), Some(5.0));
        for text in ["1,5", "1,234", "1.234,5", "3 4", "%", "$", "$%5", "5$%", "0x1f", "1_000", "a"] {
            assert_eq!(number(&point, text), None, "{text}");
        }
        let thousands = of(Decimal::Point);
        assert_eq!(number(&thousands, "$1,234,567.5"), Some(1_234_567.5));
        assert_eq!(number(&thousands, "-1,234"), Some(-1234.0));
        let comma = of(Decimal::Comma);
        assert_eq!(number(&comma, "1.234,5"), Some(1234.5));
        assert_eq!(number(&comma, "-0,25"), Some(-0.25));
        assert_eq!(number(&comma, "7"), Some(7.0));
        for text in ["1,5,2", "1,2.5", "12.34", "1.23,4", "1234.567"] {
            assert_eq!(number(&comma, text), None, "{text}");
        }
    }

    #[test]
    fn signs_of_a_missing_value_are_known() {
        let rules = CellRules::default();
        for text in [
            "", "  ", "NA", "n/a", "NaN", "-nan", "NULL", "None", "\\N", "?", "#N/A", "<NA>", "NaT", "(null)",
        ] {
            assert_eq!(rules.cell(text), Cell::Missing, "{text:?}");
        }
        for text in ["-", "--", ".", "none", "nil"] {
            assert_eq!(rules.cell(text), Cell::Gap(text));
            assert_eq!(rules.word(text).as_deref(), Some(text));
        }
        for text in ["unknown", "missing", "Nan bread", "N", "null value"] {
            assert_eq!(rules.cell(text), Cell::Word(text.into()), "{text:?}");
        }
        let named = CellRules { na_values: vec!["unknown".into(), "-999".into()], ..CellRules::default() };
        for text in ["unknown", " unknown ", "-999", "-999.0"] {
            assert_eq!(named.cell(text), Cell::Missing, "{text:?}");
        }
        assert!(named.typed(-999.0).is_nan());
        assert_eq!(named.typed(7.0), 7.0);
        assert_eq!(named.word("Unknown").as_deref(), Some("Unknown"));
    }

    #[test]
    fn booleans_are_the_same_words_in_every_spelling() {
        let rules = CellRules::default();
        for text in ["true", "True", " TRUE "] {
            assert_eq!(rules.word(text).as_deref(), Some("true"));
        }
        assert_eq!(rules.word("False").as_deref(), Some("false"));
        assert_eq!(rules.word(" Truely ").as_deref(), Some("Truely"));
    }
}
