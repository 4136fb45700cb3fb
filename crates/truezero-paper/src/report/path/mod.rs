//! The active path of an example through a network (figure 2 of the paper), as an SVG image.
//!
//! A unit that is exactly zero is a dark ring; an active one is filled, the lighter the more active. Edges that
//! excite are whole and blue, those that inhibit are dashed and orange. The picture is dark in either theme, for
//! its point is what is lit.

mod layout;

use std::fmt::Write as _;

use self::layout::{BAR, LINE, LONGEST_NAME, Layout, MARGIN, Point, WIDTH};
use super::escape;
use super::words::{number, percent};
use crate::result::ActivePath;

/// Widest edge.
const EDGE: f64 = 2.4;
/// Colours of active units from little to much, as red, green and blue: their lightness rises steadily.
const RAMP: [[f64; 3]; 3] = [[138.0, 90.0, 18.0], [240.0, 168.0, 24.0], [255.0, 243.0, 196.0]];

pub(super) fn html(path: &ActivePath) -> String {
    let layout = Layout::new(path);
    let title = escape::text(&path.title);
    let mut html = format!(
        "<figure class=\"plot\">\n<figcaption>{title}</figcaption>\n<div class=\"night\">\n<svg class=\"path\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{}\">\n",
        layout.height,
        escape::text(&description(path))
    );
    html.push_str(&image(path, &layout));
    html.push_str(&edges(path, &layout));
    for (layer, activations) in path.layers.iter().enumerate() {
        html.push_str(&units(path, &layout, layer, activations));
    }
    html.push_str(&outputs(path, &layout));
    html.push_str("</svg>\n");
    html.push_str(KEY);
    html.push_str("</div>\n");
    if layout.outputs.len() < path.outputs.len() {
        let _ = writeln!(
            html,
            "<p class=\"key\">The {} most probable of {} classes are shown.</p>",
            layout.outputs.len(),
            path.outputs.len()
        );
    }
    html + "</figure>\n"
}

const KEY: &str = concat!(
    "<ul class=\"legend path-key\">\n",
    "<li><svg class=\"sign\" viewBox=\"0 0 36 14\" aria-hidden=\"true\"><circle class=\"unit\" cx=\"18\" cy=\"7\" r=\"5\"/></svg>exactly zero</li>\n",
    "<li><svg class=\"sign\" viewBox=\"0 0 36 14\" aria-hidden=\"true\"><circle cx=\"6\" cy=\"7\" r=\"5\" fill=\"#8a5a12\"/><circle cx=\"18\" cy=\"7\" r=\"5\" fill=\"#f0a818\"/><circle cx=\"30\" cy=\"7\" r=\"5\" fill=\"#fff3c4\"/></svg>active, lighter for more</li>\n",
    "<li><svg class=\"sign\" viewBox=\"0 0 36 14\" aria-hidden=\"true\"><path class=\"excites\" d=\"M1,7H35\" stroke-width=\"2.4\"/></svg>excites</li>\n",
    "<li><svg class=\"sign\" viewBox=\"0 0 36 14\" aria-hidden=\"true\"><path class=\"inhibits\" d=\"M1,7H35\" stroke-width=\"2.4\"/></svg>inhibits</li>\n",
    "</ul>\n"
);

/// How many units a layer has, and how many of them are active.
fn counts(path: &ActivePath, layer: usize) -> [usize; 2] {
    let shown = &path.layers[layer];
    let active = shown.iter().filter(|&&activation| activation != 0.0).count();
    path.counts.get(layer).copied().unwrap_or([shown.len(), active])
}

/// The picture in words.
fn description(path: &ActivePath) -> String {
    let mut words = format!("{}.", path.title);
    for layer in 0..path.layers.len() {
        let [all, active] = counts(path, layer);
        let _ = write!(words, " Hidden layer {}: {active} of {all} units active.", layer + 1);
    }
    let best = (0..path.outputs.len()).max_by(|&a, &b| path.outputs[a].total_cmp(&path.outputs[b]));
    if let Some(best) = best {
        let _ = write!(words, " Most probable class: {}, {}.", name(path, best), percent(path.outputs[best]));
    }
    words
}

fn name(path: &ActivePath, class: usize) -> String {
    path.classes.get(class).cloned().unwrap_or_else(|| class.to_string())
}

/// The pixels that are not black, and a beam to the lowest layer, which sees all of them.
fn image(path: &ActivePath, layout: &Layout) -> String {
    if path.pixels.is_empty() {
        return String::new();
    }
    let (left, top, side) = layout.image;
    let across = path.pixels_across.max(1);
    let (right, bottom) = (left + side * across as f64, top + side * layout.image_rows as f64);
    let mut svg = String::new();
    if let Some((first, last)) =
        layout.grids.first().and_then(|grid| grid.units.first().zip(grid.units.last()))
    {
        let grid = &layout.grids[0];
        let end = grid.units.iter().map(|at| at.0).fold(last.0, f64::max) + grid.radius;
        let _ = writeln!(
            svg,
            "<path class=\"beam\" d=\"M{left:.1},{top:.1}L{:.1},{y:.1}L{end:.1},{y:.1}L{right:.1},{top:.1}Z\"/>",
            first.0 - grid.radius,
            y = grid.bottom + LINE
        );
    }
    let _ = writeln!(
        svg,
        "<rect class=\"frame\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\n<g fill=\"#fff\">",
        right - left,
        bottom - top
    );
    for (index, &value) in path.pixels.iter().enumerate().filter(|(_, value)| **value > 0.0) {
        let (x, y) = (left + side * (index % across) as f64, top + side * (index / across) as f64);
        let _ = write!(
            svg,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{side:.2}\" height=\"{side:.2}\" opacity=\"{:.2}\"/>",
            value.min(1.0)
        );
    }
    let lit = path.pixels.iter().filter(|&&value| value != 0.0).count();
    let _ = writeln!(
        svg,
        "</g>\n<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">image: {lit} of {} pixels not zero</text>",
        WIDTH / 2.0,
        bottom + 13.0,
        path.pixels.len()
    );
    svg
}

/// Where an edge starts and where it ends; none for a unit or a class that is not shown.
fn ends(layout: &Layout, layer: usize, from: usize, to: usize) -> Option<(Point, Point)> {
    let below = layout.grids.get(layer)?;
    let &(x, y) = below.units.get(from)?;
    let start = (x, y - below.radius);
    let end = if let Some(above) = layout.grids.get(layer + 1) {
        let &(x, y) = above.units.get(to)?;
        (x, y + above.radius)
    } else {
        let output = layout.outputs.iter().find(|output| output.class == to)?;
        (output.x, layout.output_y + 5.0)
    };
    Some((start, end))
}

fn edges(path: &ActivePath, layout: &Layout) -> String {
    let mut strongest = vec![0.0f64; path.layers.len()];
    for edge in path.edges.iter().filter(|edge| edge.contribution.is_finite()) {
        if let Some(strongest) = strongest.get_mut(edge.layer) {
            *strongest = strongest.max(edge.contribution.abs());
        }
    }
    let mut svg = String::from("<g fill=\"none\">\n");
    for edge in &path.edges {
        let Some(((x, y), (end_x, end_y))) = ends(layout, edge.layer, edge.from, edge.to) else { continue };
        if !edge.contribution.is_finite() || edge.contribution == 0.0 {
            continue;
        }
        let share = edge.contribution.abs() / strongest[edge.layer];
        let middle = f64::midpoint(y, end_y);
        let _ = writeln!(
            svg,
            "<path class=\"{}\" d=\"M{x:.1},{y:.1}C{x:.1},{middle:.1} {end_x:.1},{middle:.1} {end_x:.1},{end_y:.1}\" stroke-width=\"{:.2}\" stroke-opacity=\"{:.2}\" data-from=\"{layer}-{}\" data-to=\"{}-{}\"/>",
            if edge.contribution > 0.0 { "excites" } else { "inhibits" },
            0.5 + (EDGE - 0.5) * share,
            0.35 + 0.6 * share,
            edge.from,
            edge.layer + 1,
            edge.to,
            layer = edge.layer,
        );
    }
    svg + "</g>\n"
}

fn units(path: &ActivePath, layout: &Layout, layer: usize, activations: &[f64]) -> String {
    let grid = &layout.grids[layer];
    let most = activations
        .iter()
        .filter(|value| value.is_finite())
        .fold(0.0f64, |most, value| most.max(value.abs()));
    let mut svg = format!("<g stroke-width=\"{:.2}\">\n", (0.12 * grid.radius).clamp(0.3, 0.8));
    for (index, (&(x, y), &activation)) in grid.units.iter().zip(activations).enumerate() {
        let place = format!("cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\"", grid.radius);
        let _ = if activation == 0.0 {
            write!(svg, "<circle class=\"unit\" {place}/>")
        } else {
            let share = if activation.is_finite() { activation.abs() / most } else { 1.0 };
            write!(
                svg,
                "<circle class=\"unit lit\" {place} fill=\"{}\" data-unit=\"{layer}-{index}\"><title>activation {}</title></circle>",
                lit(share),
                number(activation)
            )
        };
    }
    let [all, active] = counts(path, layer);
    let shown =
        if all == activations.len() { String::new() } else { format!(", {} shown", activations.len()) };
    let _ = writeln!(
        svg,
        "\n<text x=\"{MARGIN}\" y=\"{:.1}\">hidden layer {}: {active} of {all} units active{shown}</text>\n</g>",
        grid.bottom + 13.0,
        layer + 1
    );
    svg
}

/// The colour of a unit that is active by this share of the most active one.
fn lit(share: f64) -> String {
    let at = share.clamp(0.0, 1.0) * (RAMP.len() - 1) as f64;
    let below = (at as usize).min(RAMP.len() - 2);
    let mix =
        |part: usize| RAMP[below][part] + (at - below as f64) * (RAMP[below + 1][part] - RAMP[below][part]);
    format!("#{:02x}{:02x}{:02x}", mix(0) as u8, mix(1) as u8, mix(2) as u8)
}

fn outputs(path: &ActivePath, layout: &Layout) -> String {
    let mut svg =
        format!("<text x=\"{MARGIN}\" y=\"{:.1}\">probability of each class</text>\n", MARGIN + 8.0);
    let column = (WIDTH - 2.0 * MARGIN) / layout.outputs.len().max(1) as f64;
    let width = (column * 0.6).min(26.0);
    let most = path.outputs.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    for output in &layout.outputs {
        let probability = path.outputs[output.class];
        let finite = if probability.is_finite() { probability.clamp(0.0, 1.0) } else { 0.0 };
        let (x, baseline, height) = (output.x, layout.baseline, BAR * finite);
        let class = if finite == most { "output best" } else { "output" };
        let full = name(path, output.class);
        let short: String = full.chars().take(LONGEST_NAME).collect();
        let _ = writeln!(
            svg,
            "<g class=\"{class}\"><title>{}: {}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/><circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4.5\" data-unit=\"{}-{}\"/>",
            escape::text(&full),
            number(probability),
            x - width / 2.0,
            baseline - height.max(1.0),
            height.max(1.0),
            layout.output_y,
            path.layers.len(),
            output.class
        );
        if finite >= 0.005 {
            let _ = writeln!(
                svg,
                "<text class=\"share\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                baseline - height - 4.0,
                percent(finite)
            );
        }
        let name = escape::text(&short);
        let _ = if layout.upright {
            writeln!(
                svg,
                "<text text-anchor=\"end\" transform=\"translate({:.1} {:.1}) rotate(-90)\">{name}</text></g>",
                x + 4.0,
                baseline + 5.0
            )
        } else {
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}</text></g>",
                baseline + 14.0
            )
        };
    }
    svg
}
