//! Texts of others as a message tells them again: short, and with nothing in them that a terminal obeys.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest part of a text that is told again, in bytes.
const QUOTED_BYTES: usize = 120;

/// A text in quotation marks, cut where it is long.
///
/// ```
/// assert_eq!(truezero_data::quoted("a\n"), r#""a\n""#);
/// assert!(truezero_data::quoted(&"a".repeat(1000)).ends_with("a…\""));
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("{:?}", short(text, QUOTED_BYTES))
}

/// A text of so many bytes at most, with a mark where the rest was.
#[must_use]
pub fn short(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// A text of several lines with nothing in it that a terminal obeys or that changes the order of what is read: control
/// characters but line feeds and tabs, and marks of direction, are written as JSON escapes, so that a JSON document
/// stays the same document.
///
/// ```
/// assert_eq!(truezero_data::visible("a \u{1b}[2J\u{202e}b\n"), "a \\u001b[2J\\u202eb\n");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_obeyed(character) {
            let _ = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal does something else with a character than to show it.
fn is_obeyed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // Marks of direction, and separators of lines and paragraphs.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        for (text, shown) in [
            ("plain ä 雨 🙂\ttab\nline", "plain ä 雨 🙂\ttab\nline"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("a\rb\u{8}c\u{7f}", "a\\u000db\\u0008c\\u007f"),
            ("\u{9b}31m", "\\u009b31m"),
            ("\u{202e}\u{2066}\u{200f}\u{2028}", "\\u202e\\u2066\\u200f\\u2028"),
        ] {
            assert_eq!(visible(text), shown);
        }
        let document = "{\"a\": \"\u{202e}\u{9b}\"}";
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&visible(document)), read(document));
    }

    #[test]
    fn no_character_is_cut_in_two_and_nothing_grows() {
        assert_eq!(short("äöü", 3), "ä…");
        assert_eq!(short("äöü", 6), "äöü");
        assert!(quoted(&"\u{7f}".repeat(1 << 20)).len() < 10 * QUOTED_BYTES);
    }
}
