//! Numbers in notations that are told from words though they are not read.

use std::borrow::Cow;

use crate::{CellRules, Decimal};

/// What may stand before a number that is a bound or about right.
const BOUNDS: [char; 7] = ['<', '>', '=', '≤', '≥', '~', '≈'];
/// What may stand behind a number: its sign, that there is more, or that a footnote follows.
const MARKS: [char; 6] = ['-', '\u{2212}', '+', '*', '†', '‡'];
/// Dashes that are typed for a minus.
const DASHES: [char; 6] = ['\u{2010}', '\u{2011}', '\u{2012}', '–', '—', '\u{ff0d}'];
/// What stands between thousands, besides commas and points: blanks, apostrophes, and the underscore of programs.
const BETWEEN: [char; 8] = [' ', '\u{a0}', '\u{2009}', '\u{202f}', '\'', '’', '_', '\u{66c}'];
/// Zeros, each of which the other nine digits of a script follow.
const ZEROS: [char; 7] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{17e0}', '\u{ff10}'];
/// The decimal mark beside Arabic digits.
const ARABIC_MARK: char = '\u{66b}';
/// Signs in units, besides letters.
const UNIT_SIGNS: [char; 10] = ['%', '°', '²', '³', '‰', '/', '·', '^', '\'', '"'];
/// Signs of currencies.
const CURRENCY_SIGNS: [char; 15] =
    ['$', '€', '£', '¥', '₹', '₽', '₩', '₺', '₪', '₫', '₴', '₱', '฿', '₦', '₡'];
/// Currencies in letters: before a number, other letters make a name of it, such as that of a gate.
const CURRENCIES: [&str; 38] = [
    "aed", "ars", "aud", "brl", "cad", "chf", "clp", "cny", "cop", "czk", "dkk", "egp", "eur", "fr", "gbp",
    "hkd", "huf", "idr", "ils", "inr", "jpy", "kr", "krw", "mxn", "myr", "nok", "nzd", "php", "pln", "rmb",
    "rs", "rub", "sek", "sgd", "thb", "try", "usd", "zar",
];
/// A longer word behind a number is no unit.
const MAX_UNIT: usize = 12;
/// What makes a place in an order of a number.
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];

/// Whether a text is a number in a notation that is not read: in parentheses, as in accounts, with marks between thousands
/// or a sign behind it, in other digits, a bound as in `<0.5`, with a unit or a currency in letters.
pub(crate) fn is_odd_number(text: &str) -> bool {
    if !text.contains(char::is_numeric) {
        return false;
    }
    let text = in_ascii(text);
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return is_number(&ungrouped(inner.trim()));
    }
    let bare = text.trim_start_matches(BOUNDS).trim_start();
    let bare = ungrouped(without_currency(bare.strip_prefix(['-', '\u{2212}']).unwrap_or(bare)));
    let of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '\u{2212}' | '.' | ',');
    let (number, unit) = bare.split_at(bare.find(|c| !of_number(c)).unwrap_or(bare.len()));
    let (number, unit) = (number.trim_end_matches(MARKS), unit.trim_start().trim_start_matches(MARKS));
    is_number(number) && (unit.is_empty() || is_unit(unit))
}

fn is_number(text: &str) -> bool {
    let read = CellRules::default();
    read.number_by(Decimal::Point, text) || read.number_by(Decimal::Comma, text)
}

fn is_unit(text: &str) -> bool {
    let of_unit = |c: char| c.is_alphabetic() || UNIT_SIGNS.contains(&c) || CURRENCY_SIGNS.contains(&c);
    text.chars().count() <= MAX_UNIT
        && text.chars().all(of_unit)
        && !ORDINALS.iter().any(|ordinal| text.eq_ignore_ascii_case(ordinal))
}

/// The same with the digits 0 to 9, and with a minus for a dash before it.
fn in_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let digit = |c: char| {
        let value = |zero: &char| (c as u32).checked_sub(*zero as u32).filter(|&value| value < 10);
        ZEROS.iter().find_map(value).and_then(|value| char::from_digit(value, 10))
    };
    let ascii = |(at, c): (usize, char)| match c {
        ARABIC_MARK => '.',
        dash if at == 0 && DASHES.contains(&dash) => '-',
        other => digit(other).unwrap_or(other),
    };
    Cow::Owned(text.chars().enumerate().map(ascii).collect())
}

/// What follows the currency before a number, such as `USD`, `Rs.` or `US$`, if there is one.
fn without_currency(text: &str) -> &str {
    const LONGEST: usize = 3;
    let (letters, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()));
    if let Some(number) = rest.strip_prefix(CURRENCY_SIGNS).filter(|_| letters.len() <= LONGEST) {
        return number.trim_start();
    }
    if CURRENCIES.iter().any(|currency| letters.eq_ignore_ascii_case(currency)) {
        return rest.strip_prefix('.').unwrap_or(rest).trim_start();
    }
    text
}

/// A number, and perhaps what follows it, without the marks between its thousands: one to three digits, of which the first
/// is no zero, then groups of three, or in India of two before the last three. Other groups make telephone numbers and
/// dates, and so does a plus.
fn ungrouped(text: &str) -> Cow<'_, str> {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let (sign, rest) = text.split_at(start);
    let is_group = |group: &str, sizes: std::ops::RangeInclusive<usize>| {
        sizes.contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    for mark in BETWEEN.into_iter().chain([',']) {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == mark)).unwrap_or(rest.len());
        let (number, rest) = rest.split_at(rest[..end].trim_end_matches(mark).len());
        let mut groups: Vec<&str> = number.split(mark).collect();
        let (Some(last), Some((first, between))) = (groups.pop(), groups.split_first()) else { continue };
        let grouped = is_group(last, 3..=3)
            && is_group(first, 1..=3)
            && !first.starts_with('0')
            && (between.iter().all(|group| is_group(group, 3..=3))
                || (first.len() <= 2 && between.iter().all(|group| is_group(group, 2..=2))));
        if grouped && !sign.contains('+') {
            return Cow::Owned(format!("{sign}{}{rest}", number.replace(mark, "")));
        }
    }
    Cow::Borrowed(text)
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

    #[test]
    fn numbers_of_other_countries_and_ledgers_are_told_from_other_words() {
        for odd in [
            "9 427",
            "9\u{202f}427",
            "-9\u{a0}427,5",
            "3'645",
            "3’645.25",
            "1_000_000",
            "1 717,5",
            "4 196 €",
            "€ 4 196",
            "4 196 kg",
            "(1 234)",
            "12,34,567",
            "12,34,567.5",
            "USD 1563",
            "usd1563",
            "Rs. 6,694",
            "US$ 12.50",
            "-R$ 3",
            "12 ₺",
            "₺12",
            "4144-",
            "1 144-",
            "3607*",
            "3607 *",
            "1125+",
            "–12.5",
            "١٢٣٤",
            "١٢٫٥",
            "１２",
        ] {
            assert!(is_odd_number(odd), "{odd}");
        }
        for other in [
            "12 34",
            "1 2345",
            "1234 567",
            "020 123 456",
            "+49 170 123 456",
            "Gate 12",
            "A1",
            "B 1563",
            "C+",
            "16:04",
            "2006-11",
            "1--2",
            "½",
            "*",
            "USD",
            "10 000 Maniacs and more",
        ] {
            assert!(!is_odd_number(other), "{other}");
        }
    }
}
