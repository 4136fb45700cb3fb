//! A chart as a Vega-Lite specification: lines, points, standard errors, and vertical marks.
//!
//! Its rows are `k` the index of the series, `i` the place in it, `x`, `y`, and `low`, `high` the ends of the
//! error bar. Where y is not finite it is null, which breaks a line; a point without x cannot be drawn at all.

use serde_json::{Value, json};

use super::figure::{Entry, Figure};
use super::look;
use super::words::{lines, number, with_error};
use crate::result::{Axis, Chart, Series, Style};

/// Height of the plotting area, in pixels.
const HEIGHT: usize = 320;
/// Room between the outermost values and the edges, in pixels.
const MARGIN: usize = 12;
/// Letters in a line of the title of an axis: what fits a narrow screen.
pub(super) const WORDS: usize = 44;
/// The words of neighbouring vertical marks are put on this many lines, in turn.
const MARK_LINES: usize = 4;

pub(super) fn figure(chart: &Chart) -> Figure {
    let drawn = |at: &[f64; 2]| fits(at[0], &chart.x) && fits(at[1], &chart.y);
    let points = || chart.series.iter().flat_map(|series| &series.points);
    Figure {
        title: chart.title.clone(),
        description: description(chart),
        spec: spec(chart),
        legend: chart
            .series
            .iter()
            .enumerate()
            .map(|(index, series)| Entry { sign: look::sign(index, series.style), name: series.name.clone() })
            .collect(),
        columns: vec![chart.x.label.clone(), chart.y.label.clone()],
        values: chart.series.iter().flat_map(values).collect(),
        left_out: points().filter(|at| !drawn(at)).count(),
    }
}

/// Whether an axis has a place for a value.
fn fits(value: f64, axis: &Axis) -> bool {
    value.is_finite() && (value > 0.0 || !axis.log)
}

/// The same in words.
fn description(chart: &Chart) -> String {
    let names: Vec<&str> = chart.series.iter().map(|series| series.name.as_str()).collect();
    let extent = |axis: &Axis, place: usize| {
        let values = || {
            let places = chart.series.iter().flat_map(|series| &series.points).map(move |at| at[place]);
            places.filter(|&value| fits(value, axis))
        };
        let (least, most) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let log = if axis.log { ", logarithmic" } else { "" };
        format!("{} (from {} to {}{log})", axis.label, number(least), number(most))
    };
    format!(
        "Plot: {}. {} over {}. Series: {}.",
        chart.title,
        extent(&chart.y, 1),
        extent(&chart.x, 0),
        names.join("; ")
    )
}

/// Lines of the table of values: the series, then x and y.
fn values(series: &Series) -> impl Iterator<Item = Vec<String>> {
    series
        .points
        .iter()
        .enumerate()
        .map(|(index, &[x, y])| vec![series.name.clone(), number(x), with_error(y, series.errors.get(index))])
}

fn spec(chart: &Chart) -> Value {
    let names: Vec<&str> = chart.series.iter().map(|series| series.name.as_str()).collect();
    let rows: Vec<Value> =
        chart.series.iter().enumerate().flat_map(|(index, series)| rows(chart, index, series)).collect();
    let mut layers = Vec::new();
    if !chart.marks.is_empty() {
        layers.push(mark_rules(chart));
    }
    if chart.series.iter().any(|series| !series.errors.is_empty()) {
        layers.push(error_bars(chart));
    }
    if chart.series.iter().any(|series| series.style != Style::Points) {
        layers.push(joined(chart));
    }
    layers.push(dots(chart));
    if !chart.marks.is_empty() {
        layers.extend(mark_words(chart));
    }
    json!({
        "width": "container",
        "height": HEIGHT,
        "data": {"values": rows},
        "params": [
            {"name": "names", "value": names},
            {"name": "shown", "value": (0..names.len()).collect::<Vec<_>>()},
        ],
        "layer": layers,
        "config": look::config(),
    })
}

fn rows(chart: &Chart, index: usize, series: &Series) -> Vec<Value> {
    let (joined, dotted) = (series.style != Style::Points, series.style != Style::Line);
    let mut rows = Vec::new();
    for (place, &[x, y]) in series.points.iter().enumerate().filter(|(_, at)| fits(at[0], &chart.x)) {
        let mut row =
            json!({"k": index, "i": place, "x": x, "y": Value::Null, "joined": joined, "dotted": dotted});
        if fits(y, &chart.y) {
            row["y"] = y.into();
            if let Some(&error) = series.errors.get(place).filter(|error| error.is_finite()) {
                // On a logarithmic axis a bar cannot reach 0 or below: then only its upper half is drawn.
                let low = if fits(y - error, &chart.y) { y - error } else { y };
                row["low"] = low.into();
                row["high"] = (y + error).into();
            }
        }
        rows.push(row);
    }
    rows
}

/// A channel of position: its axis with title, and its scale.
fn position(field: &str, axis: &Axis, vertical: bool) -> Value {
    let mut scale = json!({"nice": false, "padding": MARGIN});
    if axis.log {
        scale["type"] = "log".into();
    } else {
        scale["zero"] = false.into();
    }
    if let Some(range) = axis.range.filter(|range| range.iter().all(|&end| fits(end, axis))) {
        scale["domain"] = json!(range);
    }
    json!({"field": field, "type": "quantitative", "scale": scale, "axis": axis_of(axis, vertical)})
}

/// Labels of a logarithmic axis: of the powers of ten alone where it spans many, then of 1, 2 and 5 times a
/// power, then of every tick. `s` is the name of the scale.
fn log_label(s: &str) -> String {
    let power = "log(datum.value) / LN10";
    let span = format!("log(domain('{s}')[1] / domain('{s}')[0]) / LN10");
    let digit = format!("round(datum.value / pow(10, floor({power} + 1e-9)))");
    let number = "format(datum.value, datum.value < 1e-3 || datum.value >= 1e6 ? '~e' : '~g')";
    format!("{span} > 2.5 && {digit} != 1 || {span} > 0.9 && indexof([1, 2, 5], {digit}) < 0 ? '' : {number}")
}

/// How an axis is drawn. The title of the vertical one lies above it, where it needs not be read sideways.
pub(super) fn axis_of(axis: &Axis, vertical: bool) -> Value {
    let mut drawn = json!({"title": lines(&axis.label, WORDS), "grid": vertical, "tickCount": if vertical { 6 } else { 8 }});
    if axis.log {
        drawn["labelExpr"] = log_label(if vertical { "y" } else { "x" }).into();
    }
    if vertical {
        for (name, value) in [
            ("titleAngle", json!(0)),
            ("titleAlign", "left".into()),
            ("titleBaseline", "bottom".into()),
            ("titleX", json!(0)),
            ("titleY", json!(-8)),
        ] {
            drawn[name] = value;
        }
    }
    drawn
}

/// Only the series that the reader has not switched off.
fn shown(also: &str) -> Value {
    json!([{"filter": format!("indexof(shown, datum.k) >= 0{also}")}])
}

fn joined(chart: &Chart) -> Value {
    let series = chart.series.len();
    json!({
        "transform": shown(" && datum.joined"),
        "mark": {"type": "line", "strokeWidth": 2, "clip": true},
        "encoding": {
            "x": position("x", &chart.x, false),
            "y": position("y", &chart.y, true),
            "order": {"field": "i"},
            "color": look::colours(series),
            "strokeDash": look::dashes(series),
        },
    })
}

/// The points. Those of plain lines are there too, but are seen only under the pointer, which finds the
/// nearest one and tells its values.
fn dots(chart: &Chart) -> Value {
    let series = chart.series.len();
    let many = chart.series.iter().any(|series| series.points.len() > 60 && series.style == Style::Points);
    json!({
        "params": [
            {"name": "near", "select": {"type": "point", "on": "pointerover", "nearest": true, "clear": "pointerout"}},
            // A plain wheel scrolls the page.
            {"name": "zoom", "bind": "scales", "select": {"type": "interval", "zoom": "wheel![event.ctrlKey]"}},
        ],
        "transform": [
            {"filter": "indexof(shown, datum.k) >= 0 && isValid(datum.y)"},
            {"calculate": "names[datum.k]", "as": "series"},
        ],
        "mark": {"type": "point", "filled": true, "clip": true},
        "encoding": {
            "x": position("x", &chart.x, false),
            "y": position("y", &chart.y, true),
            "color": look::colours(series),
            "shape": look::shapes(series),
            "size": {
                "condition": {"param": "near", "empty": false, "value": 130},
                "value": if many { 34 } else { 64 },
            },
            "opacity": {
                "condition": [
                    {"param": "near", "empty": false, "value": 1},
                    {"test": "!datum.dotted", "value": 0},
                ],
                "value": if many { 0.75 } else { 1.0 },
            },
            "tooltip": tooltip(chart),
        },
    })
}

fn tooltip(chart: &Chart) -> Value {
    let figure = |field: &str, title: &str| json!({"field": field, "type": "quantitative", "title": title, "format": ".4~g"});
    let mut shown = vec![
        json!({"field": "series", "type": "nominal", "title": "series"}),
        figure("x", &chart.x.label),
        figure("y", &chart.y.label),
    ];
    if chart.series.iter().any(|series| !series.errors.is_empty()) {
        shown.push(figure("low", "one standard error below"));
        shown.push(figure("high", "one standard error above"));
    }
    Value::Array(shown)
}

fn error_bars(chart: &Chart) -> Value {
    json!({
        "transform": shown(" && isValid(datum.low)"),
        "mark": {"type": "rule", "strokeWidth": 1.5, "opacity": 0.8, "clip": true},
        "encoding": {
            "x": position("x", &chart.x, false),
            "y": position("low", &chart.y, true),
            "y2": {"field": "high"},
            "color": look::colours(chart.series.len()),
        },
    })
}

fn mark_data(chart: &Chart) -> Value {
    let marks = chart.marks.iter().filter(|mark| fits(mark.x, &chart.x));
    let rows: Vec<Value> = marks.map(|mark| json!({"x": mark.x, "label": mark.label})).collect();
    json!({"values": rows})
}

fn mark_rules(chart: &Chart) -> Value {
    json!({
        "data": mark_data(chart),
        "mark": {"type": "rule", "color": "var(--muted)", "strokeWidth": 1.5, "strokeDash": [5, 4], "clip": true},
        "encoding": {"x": position("x", &chart.x, false)},
    })
}

/// The word of each mark, on the side where there is more room, with a halo that keeps it clear of the lines.
fn mark_words(chart: &Chart) -> Vec<Value> {
    let halo = json!({"stroke": "var(--page)", "strokeWidth": 5, "strokeJoin": "round"});
    let words = json!({"color": "var(--ink)"});
    let mut layers = Vec::new();
    for look in [halo, words] {
        for (index, mark) in chart.marks.iter().filter(|mark| fits(mark.x, &chart.x)).enumerate() {
            let right = fraction(chart, mark.x) > 0.5;
            let mut drawn = json!({
                "type": "text", "text": mark.label, "fontSize": 12, "baseline": "top", "clip": true,
                "align": if right { "right" } else { "left" }, "dx": if right { -6 } else { 6 },
                "y": 4 + 16 * (index % MARK_LINES),
            });
            for (name, value) in look.as_object().into_iter().flatten() {
                drawn[name] = value.clone();
            }
            layers.push(json!({
                "data": {"values": [{"x": mark.x}]},
                "mark": drawn,
                "encoding": {"x": position("x", &chart.x, false)},
            }));
        }
    }
    layers
}

/// How far along the x axis a value is, from 0 to 1.
fn fraction(chart: &Chart, x: f64) -> f64 {
    let place = |value: f64| if chart.x.log { value.ln() } else { value };
    let all = || {
        let points = chart.series.iter().flat_map(|series| &series.points).map(|at| at[0]);
        let ends = chart.x.range.into_iter().flatten();
        points.chain(ends).chain([x]).filter(|&value| fits(value, &chart.x)).map(place)
    };
    let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if most > least { (place(x) - least) / (most - least) } else { 0.0 }
}
