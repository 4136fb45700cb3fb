//! How series are told apart: each by its colour and by a second sign, so that neither a colour-blind reader
//! nor a grey print loses them. The plot and its legend take both from here.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::escape;
use crate::result::Style;

/// Colours have names in `style.css`: `--series-1` to `--series-8`.
const COLOURS: usize = 8;

/// Lengths of strokes and gaps.
const DASHES: [&[u8]; 8] =
    [&[], &[7, 4], &[2, 3], &[10, 3, 2, 3], &[14, 4], &[5, 2, 1, 2, 1, 2], &[1, 4], &[4, 6]];

/// Outlines within ±1, which both SVG and Vega can read.
const SHAPES: [&str; 8] = [
    "M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0Z",
    "M-.8,-.8L.8,-.8L.8,.8L-.8,.8Z",
    "M0,-1L1,.75L-1,.75Z",
    "M0,-1.15L1.05,0L0,1.15L-1.05,0Z",
    "M-.35,-1L.35,-1L.35,-.35L1,-.35L1,.35L.35,.35L.35,1L-.35,1L-.35,.35L-1,.35L-1,-.35L-.35,-.35Z",
    "M0,1L1,-.75L-1,-.75Z",
    "M-.9,-.9L.9,-.9L-.9,.9L.9,.9Z",
    "M0,-1L.95,-.31L.59,.81L-.59,.81L-.95,-.31Z",
];

/// How far bars are filled; their outlines are always whole.
const FILLS: [f64; 4] = [0.95, 0.3, 0.65, 0.08];

/// A round through the list, one further on in each round of the colours, so that pairs do not repeat.
fn pick<T: Copy>(list: &[T], index: usize) -> T {
    list[(index + index / COLOURS) % list.len()]
}

fn colour(index: usize) -> String {
    format!("var(--series-{})", index % COLOURS + 1)
}

/// A scale from the index of a series, in field `k`, to what `of` gives for it.
fn scale(series: usize, of: impl Fn(usize) -> Value) -> Value {
    let range: Vec<Value> = (0..series).map(of).collect();
    json!({
        "field": "k", "type": "nominal", "legend": null,
        "scale": {"domain": (0..series).collect::<Vec<_>>(), "range": range},
    })
}

pub(super) fn colours(series: usize) -> Value {
    scale(series, |index| colour(index).into())
}

pub(super) fn dashes(series: usize) -> Value {
    scale(series, |index| json!(pick(&DASHES, index)))
}

pub(super) fn shapes(series: usize) -> Value {
    scale(series, |index| pick(&SHAPES, index).into())
}

pub(super) fn fills(series: usize) -> Value {
    let mut scale = scale(series, |index| pick(&FILLS, index).into());
    // Vega-Lite warns of an order that nominal values would not have.
    scale["type"] = "ordinal".into();
    scale
}

/// The sign of a series in the legend of a chart.
pub(super) fn sign(index: usize, style: Style) -> String {
    let mut svg = open(index);
    if style != Style::Points {
        let dashes: Vec<String> = pick(&DASHES, index).iter().map(u8::to_string).collect();
        let _ = write!(
            svg,
            r#"<path d="M1,7H35" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="{}"/>"#,
            if dashes.is_empty() { "none".into() } else { dashes.join(" ") }
        );
    }
    if style != Style::Line {
        let shape = pick(&SHAPES, index);
        let _ =
            write!(svg, r#"<path d="{shape}" transform="translate(18 7) scale(5)" fill="currentColor"/>"#);
    }
    svg + "</svg>"
}

/// The sign of a series in the legend of bars.
pub(super) fn bar_sign(index: usize) -> String {
    let fill = pick(&FILLS, index);
    open(index)
        + &format!(
            r#"<rect x="6" y="1" width="24" height="12" fill="currentColor" fill-opacity="{fill}" stroke="currentColor" stroke-width="1.5"/></svg>"#
        )
}

fn open(index: usize) -> String {
    format!(
        r#"<svg class="sign" viewBox="0 0 36 14" aria-hidden="true" style="color:{}">"#,
        escape::text(&colour(index))
    )
}

/// What all plots have in common: fonts, and colours by the names they have in `style.css`.
pub(super) fn config() -> Value {
    json!({
        "background": null,
        "font": "system-ui, sans-serif",
        "padding": {"left": 2, "right": 14, "top": 6, "bottom": 2},
        "view": {"stroke": null},
        "aria": false,
        "axis": {
            "labelColor": "var(--muted)", "labelFontSize": 12, "labelOverlap": "greedy", "labelSeparation": 6,
            "titleColor": "var(--ink)", "titleFontSize": 13, "titleFontWeight": "normal",
            "gridColor": "var(--grid)", "domainColor": "var(--line)", "tickColor": "var(--line)",
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_series_look_the_same() {
        let signs: BTreeSet<String> = (0..32).map(|index| sign(index, Style::LineAndPoints)).collect();
        assert_eq!(signs.len(), 32);
        let bars: BTreeSet<String> = (0..8).map(bar_sign).collect();
        assert_eq!(bars.len(), 8);
    }
}
