//! Numbers in notations that are told from words though they are not read.

use crate::{CellRules, Decimal};

/// What may stand before a number that is a bound or about right.
const BOUNDS: [char; 7] = ['<', '>', '=', '≤', '≥', '~', '≈'];
/// Signs in units, besides letters.
const UNIT_SIGNS: [char; 8] = ['°', '²', '³', '/', '·', '^', '\'', '"'];
/// A longer word behind a number is no unit.
const MAX_UNIT: usize = 12;
/// What makes a place in an order of a number.
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];

/// Whether a text is a number in parentheses, as in accounts, a bound as in `<0.5`, or a number with a unit.
pub(crate) fn is_odd_number(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return is_number(inner.trim());
    }
    let bare = text.trim_start_matches(BOUNDS).trim_start();
    let of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '\u{2212}' | '.' | ',');
    let (number, unit) = bare.split_at(bare.find(|c| !of_number(c)).unwrap_or(bare.len()));
    let unit = unit.trim_start();
    is_number(number) && if unit.is_empty() { bare.len() < text.len() } else { is_unit(unit) }
}

fn is_number(text: &str) -> bool {
    let read = CellRules::default();
    read.number_by(Decimal::Point, text) || read.number_by(Decimal::Comma, text)
}

fn is_unit(text: &str) -> bool {
    text.chars().count() <= MAX_UNIT
        && text.chars().all(|c| c.is_alphabetic() || UNIT_SIGNS.contains(&c))
        && !ORDINALS.iter().any(|ordinal| text.eq_ignore_ascii_case(ordinal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_are_told_from_other_words() {
        for odd in
            ["(3.20)", "($1,200.50)", "<0.5", ">= 3", "~7", "51.2 kg", "5kg", "-3 °C", "3,5 m²", "80 km/h"]
        {
            assert!(is_odd_number(odd), "{odd}");
        }
        for other in
            ["(a)", "()", "<b>", "kg", "2nd", "10-20", "12ab34", "5 Main Street", "3 4", "1 Jan 2019", ""]
        {
            assert!(!is_odd_number(other), "{other}");
        }
    }
}
