//! Texts of others as a message tells them again: short, and with nothing in them that a terminal obeys.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut_in_two_and_nothing_grows() {
        assert_eq!(short("äöü", 3), "ä…");
        assert_eq!(short("äöü", 6), "äöü");
        assert!(quoted(&"\u{7f}".repeat(1 << 20)).len() < 10 * QUOTED_BYTES);
    }
}
