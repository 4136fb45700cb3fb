//! Tables for people.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use truezero::observe::{HISTOGRAM_BINS, LayerObservation, mean_sparsity};
use truezero_data::visible;

/// One line, below the header.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Widest bar of a histogram, in characters.
const BAR: u64 = 40;

/// A table whose first column is aligned left, the others right, and nothing is ever wrapped.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    wide(&header.map(str::to_owned), rows.into_iter().map(Vec::from))
}

/// As [`table`], with as many columns as it takes.
pub fn wide(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let cell = |(column, text): (usize, &str)| {
        // A cell is one line, whatever is in the name that it shows.
        Cell::new(visible(text).replace('\n', "\\n").replace('\t', "\\t")).set_alignment(if column == 0 {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        })
    };
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_header(header.iter().map(String::as_str).enumerate().map(cell));
    for row in rows {
        table.add_row(row.iter().map(String::as_str).enumerate().map(cell));
    }
    format!("{}\n", table.trim_fmt())
}

/// A fraction as a percentage.
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

/// What the hidden layers did; nothing for a linear model.
pub fn layers(layers: &[LayerObservation]) -> String {
    if layers.is_empty() {
        return String::new();
    }
    let rows = layers.iter().enumerate().map(|(index, layer)| {
        let [fewest, _, most] = layer.active_units;
        [
            format!("hidden {}", index + 1),
            layer.units.to_string(),
            percent(layer.sparsity),
            format!("{fewest} / {:.1} / {most}", mean_active(layer)),
            layer.dead_units.to_string(),
            layer.always_on_units.to_string(),
        ]
    });
    let mean = percent(mean_sparsity(layers));
    let mean = ["mean".into(), String::new(), mean, String::new(), String::new(), String::new()];
    table(["layer", "units", "sparsity", "active min / mean / max", "dead", "always on"], rows.chain([mean]))
}

/// Mean number of active units of an example.
pub fn mean_active(layer: &LayerObservation) -> f64 {
    layer.units as f64 * (1.0 - layer.sparsity)
}

/// How many examples have how large a share of active units; empty ends are left out.
pub fn histogram(layer: &LayerObservation) -> String {
    let counts = &layer.active_histogram;
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let first = counts.iter().position(|&count| count > 0).unwrap_or(0);
    let last = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
    let step = 100 / HISTOGRAM_BINS;
    let mut text = String::new();
    for (bin, &count) in counts.iter().enumerate().take(last + 1).skip(first) {
        let bar = "█".repeat((count * BAR).div_ceil(most) as usize);
        text += &format!("  {:>3}-{:<3} % {count:>8} {bar}\n", bin * step, (bin + 1) * step);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer() -> LayerObservation {
        let mut active_histogram = vec![0; HISTOGRAM_BINS];
        (active_histogram[4], active_histogram[5]) = (1, 80);
        LayerObservation {
            gives_zeros: true,
            units: 200,
            sparsity: 0.75,
            mean_activation: 0.1,
            dead_units: 3,
            always_on_units: 0,
            active_units: [41, 50, 58],
            active_histogram,
        }
    }

    #[test]
    fn layers_are_rows() {
        let text = layers(&[layer()]);
        assert!(text.contains("41 / 50.0 / 58"), "{text}");
        assert_eq!(text.matches("75.00 %").count(), 2, "{text}");
        assert_eq!(layers(&[]), "");
    }

    #[test]
    fn names_stay_within_their_cells() {
        let text = table(["class\u{1b}[31m", "n"], [["a\nb\tc".to_owned(), "1".to_owned()]]);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("class\\u001b[31m") && text.contains("a\\nb\\tc"), "{text}");
    }

    #[test]
    fn bars_are_proportional_and_never_empty_where_there_are_examples() {
        let text = histogram(&layer());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], "   20-25  %        1 █");
        assert_eq!(lines[1].matches('█').count(), 40);
    }
}
