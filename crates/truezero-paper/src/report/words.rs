//! Numbers and times as people read them.

/// Up to four significant digits, without zeros that say nothing.
pub(super) fn number(value: f64) -> String {
    rounded(value, 4)
}

/// A value and its standard error, which has two digits; the value alone where the error is not known.
pub(super) fn with_error(value: f64, error: Option<&f64>) -> String {
    match error {
        Some(&error) if error.is_finite() => format!("{} ± {}", number(value), rounded(error, 2)),
        _ => number(value),
    }
}

fn rounded(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let exponent = value.abs().log10().floor() as i32;
    if !(-4..7).contains(&exponent) {
        return format!("{value:.2e}");
    }
    let decimals = (digits - 1 - exponent).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// A fraction in per cent.
pub(super) fn percent(fraction: f64) -> String {
    let percent = 100.0 * fraction;
    if percent.is_finite() && percent < 1.0 && percent > 0.0 {
        "< 1 %".into()
    } else {
        format!("{percent:.0} %")
    }
}

/// How long something took.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "an unknown time".into();
    }
    if seconds < 0.05 {
        return "less than 0.1 s".into();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A text in lines of at most so many letters, broken between words.
pub(super) fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (1.43, "1.43"),
            (-0.000_123_456, "-0.0001235"),
            (0.000_012_3, "1.23e-5"),
            (50.0, "50"),
            (123_456.0, "123456"),
            (12_345_678.0, "1.23e7"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn an_error_has_two_digits_and_may_be_unknown() {
        assert_eq!(with_error(32.494, Some(&0.3314)), "32.49 ± 0.33");
        assert_eq!(with_error(1.5, Some(&f64::NAN)), "1.5");
        assert_eq!(with_error(1.5, None), "1.5");
    }

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, expected) in [
            (0.02, "less than 0.1 s"),
            (0.42, "0.4 s"),
            (9.99, "10 s"),
            (59.6, "1 min 0 s"),
            (200.0, "3 min 20 s"),
            (7260.0, "2 h 1 min"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(lines("test error, %", 44), ["test error, %"]);
        assert_eq!(
            lines("mean fraction of exact zeros in the hidden layers, %", 44),
            ["mean fraction of exact zeros in the hidden", "layers, %"]
        );
    }
}
