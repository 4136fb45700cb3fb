//! A few values in a row, as a line the height of a word.

use std::fmt::Write as _;

use super::words::number;

const WIDTH: f64 = 84.0;
const HEIGHT: f64 = 22.0;
const MARGIN: f64 = 3.0;

/// An SVG image: a line with a dot at its end. A value that is not finite leaves a gap.
pub(super) fn svg(values: &[f64]) -> String {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let across =
        |index: usize| MARGIN + (WIDTH - 2.0 * MARGIN) * index as f64 / (values.len() - 1).max(1) as f64;
    let up = |value: f64| {
        let share = if most > least { (value - least) / (most - least) } else { 0.5 };
        HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * share
    };
    let (mut path, mut joined, mut end) = (String::new(), false, None);
    for (index, &value) in values.iter().enumerate() {
        if value.is_finite() {
            let (x, y) = (across(index), up(value));
            let _ = write!(path, "{}{x:.1},{y:.1}", if joined { 'L' } else { 'M' });
            end = Some((x, y));
        }
        joined = value.is_finite();
    }
    let Some((x, y)) = end else { return String::new() };
    let count = values.len();
    let first = finite().next().unwrap_or(f64::NAN);
    let last = finite().next_back().unwrap_or(f64::NAN);
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{count} values from {} to {}, between {} and {}\"><path d=\"{path}\"/><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/></svg>",
        number(first),
        number(last),
        number(least),
        number(most),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_breaks_the_line() {
        let svg = svg(&[1.0, 2.0, f64::NAN, 3.0, 4.0]);
        assert_eq!(svg.matches('M').count(), 2, "{svg}");
        assert!(svg.contains("5 values from 1 to 4, between 1 and 4"), "{svg}");
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn equal_values_lie_in_the_middle_and_no_values_draw_nothing() {
        assert!(svg(&[2.0, 2.0]).contains("M3.0,11.0L81.0,11.0"));
        assert!(svg(&[7.0]).contains("M3.0,11.0"));
        assert_eq!(svg(&[f64::NAN]), "");
        assert_eq!(svg(&[]), "");
    }
}
