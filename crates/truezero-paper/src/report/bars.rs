//! Bars as a Vega-Lite specification. Rows: `k` the index of the series, `category`, `y`, `low`, `high`.

use serde_json::{Map, Value, json};

use super::chart::{WORDS, axis_of};
use super::figure::{Entry, Figure};
use super::look;
use super::words::{lines, with_error};
use crate::result::{Axis, Bars};

/// Height of upright bars, in pixels.
const HEIGHT: usize = 300;
/// Height of a lying bar, and of the gap between categories.
const BAR: usize = 16;
const GAP: usize = 14;
/// More letters than this in all categories together do not fit below upright bars on a narrow screen.
const LETTERS: usize = 40;
/// Letters in a line of a name beside lying bars.
const NAME: usize = 22;

pub(super) fn figure(bars: &Bars) -> Figure {
    let values = bars.series.iter().flat_map(|series| &series.values);
    let names: Vec<&str> = bars.series.iter().map(|series| series.name.as_str()).collect();
    Figure {
        title: bars.title.clone(),
        description: format!(
            "Bars: {}. {} for each {}: {}. Series: {}.",
            bars.title,
            bars.y.label,
            bars.x,
            bars.categories.join("; "),
            names.join("; ")
        ),
        spec: spec(bars),
        legend: names
            .iter()
            .enumerate()
            .map(|(index, name)| Entry { sign: look::bar_sign(index), name: (*name).to_owned() })
            .collect(),
        columns: vec![bars.x.clone(), bars.y.label.clone()],
        values: table(bars),
        left_out: values.filter(|&&value| !fits(value, &bars.y)).count(),
    }
}

fn fits(value: f64, axis: &Axis) -> bool {
    value.is_finite() && (value > 0.0 || !axis.log)
}

fn table(bars: &Bars) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for series in &bars.series {
        for (index, (category, &value)) in bars.categories.iter().zip(&series.values).enumerate() {
            let value = with_error(value, series.errors.get(index));
            lines.push(vec![series.name.clone(), category.clone(), value]);
        }
    }
    lines
}

fn rows(bars: &Bars) -> Vec<Value> {
    let mut rows = Vec::new();
    for (index, series) in bars.series.iter().enumerate() {
        for (place, (category, &value)) in bars.categories.iter().zip(&series.values).enumerate() {
            if !fits(value, &bars.y) {
                continue;
            }
            let mut row = json!({"k": index, "category": category, "y": value});
            if let Some(&error) = series.errors.get(place).filter(|error| error.is_finite()) {
                row["low"] = if fits(value - error, &bars.y) { value - error } else { value }.into();
                row["high"] = (value + error).into();
            }
            rows.push(row);
        }
    }
    rows
}

/// Where the axis starts and ends. A logarithmic one has no 0 for bars to stand on: they stand on the power of
/// ten below the smallest.
fn domain(bars: &Bars) -> Option<[f64; 2]> {
    if let Some(range) = bars.y.range.filter(|range| range.iter().all(|&end| fits(end, &bars.y))) {
        return Some(range);
    }
    let rows = rows(bars);
    let ends = |end: &'static str| {
        rows.iter().filter_map(move |row| row.get(end).or(row.get("y"))?.as_f64()).map(f64::log10)
    };
    let least = ends("low").fold(f64::INFINITY, f64::min);
    let most = ends("high").fold(f64::NEG_INFINITY, f64::max);
    // The smallest bar is to be seen too.
    (bars.y.log && most >= least).then(|| [10f64.powf((least - 0.1).floor()), 10f64.powf(most.ceil())])
}

fn spec(bars: &Bars) -> Value {
    let names: Vec<&str> = bars.series.iter().map(|series| series.name.as_str()).collect();
    let lying = bars.categories.iter().map(|category| category.chars().count()).sum::<usize>() > LETTERS;
    let (category, value, value2, offset) =
        if lying { ("y", "x", "x2", "yOffset") } else { ("x", "y", "y2", "xOffset") };
    let mut layers = vec![columns(bars, [category, value, value2, offset])];
    if bars.series.iter().any(|series| !series.errors.is_empty()) {
        layers.push(error_bars(bars, [category, value, value2, offset]));
    }
    let height = if lying {
        json!(bars.categories.len().max(1) * (bars.series.len().max(1) * BAR + GAP))
    } else {
        json!(HEIGHT)
    };
    let wrapped: Map<String, Value> =
        bars.categories.iter().map(|name| (name.clone(), json!(lines(name, NAME)))).collect();
    json!({
        "width": "container",
        "height": height,
        "data": {"values": rows(bars)},
        "params": [
            {"name": "names", "value": names},
            {"name": "shown", "value": (0..names.len()).collect::<Vec<_>>()},
            {"name": "wrapped", "value": wrapped},
        ],
        "layer": layers,
        "config": look::config(),
    })
}

/// Channels of position. `places` are the channels of category, value, second value, and offset.
fn positions(bars: &Bars, [category, value, _, offset]: [&str; 4], field: &str) -> Value {
    let lying = category == "y";
    let mut scale = if bars.y.log { json!({"type": "log"}) } else { json!({"zero": true, "nice": true}) };
    if let Some(domain) = domain(bars) {
        scale["domain"] = json!(domain);
        scale["nice"] = false.into();
        if !bars.y.log {
            scale["zero"] = false.into();
        }
    }
    let mut axis = axis_of(&bars.y, !lying);
    axis["grid"] = true.into();
    let mut names = json!({"title": lines(&bars.x, WORDS), "labelLimit": 130, "labelAngle": 0});
    if lying {
        names = axis_of(&Axis::new(bars.x.clone()), true);
        names["grid"] = false.into();
        names["labelExpr"] = "wrapped[datum.value]".into();
    }
    json!({
        category: {
            "field": "category", "type": "nominal", "axis": names,
            "scale": {"domain": bars.categories, "paddingInner": 0.25, "paddingOuter": 0.12},
        },
        offset: {"field": "k", "type": "nominal", "scale": {"domain": (0..bars.series.len()).collect::<Vec<_>>()}},
        value: {"field": field, "type": "quantitative", "scale": scale, "axis": axis, "stack": null},
    })
}

fn columns(bars: &Bars, places: [&str; 4]) -> Value {
    let series = bars.series.len();
    let mut encoding = positions(bars, places, "y");
    if let Some([start, _]) = domain(bars) {
        encoding[places[2]] = json!({"datum": start});
    }
    let figure = |field: &str, title: &str| json!({"field": field, "type": "quantitative", "title": title, "format": ".4~g"});
    let mut tooltip = vec![
        json!({"field": "series", "type": "nominal", "title": "series"}),
        json!({"field": "category", "type": "nominal", "title": bars.x}),
        figure("y", &bars.y.label),
    ];
    if bars.series.iter().any(|series| !series.errors.is_empty()) {
        tooltip.push(figure("low", "one standard error below"));
        tooltip.push(figure("high", "one standard error above"));
    }
    encoding["fill"] = look::colours(series);
    encoding["stroke"] = look::colours(series);
    encoding["fillOpacity"] = look::fills(series);
    encoding["tooltip"] = Value::Array(tooltip);
    json!({
        "transform": [
            {"filter": "indexof(shown, datum.k) >= 0"},
            {"calculate": "names[datum.k]", "as": "series"},
        ],
        "mark": {"type": "bar", "strokeWidth": 1.5, "clip": true},
        "encoding": encoding,
    })
}

fn error_bars(bars: &Bars, places: [&str; 4]) -> Value {
    let mut encoding = positions(bars, places, "low");
    encoding[places[2]] = json!({"field": "high"});
    json!({
        "transform": [{"filter": "indexof(shown, datum.k) >= 0 && isValid(datum.low)"}],
        "mark": {"type": "rule", "strokeWidth": 1.5, "color": "var(--ink)", "clip": true},
        "encoding": encoding,
    })
}
