//! Efficient variable-size representation: how many units are active depends on what the input holds.

use serde_json::json;
use truezero_data::Targets;
use truezero_sparse::{DenseBatch, Engine};

use super::bench::{ACTIVATIONS, Bench, RECTIFIER, active};
use super::claim::{Claim, Verdict};
use crate::result::{Axis, BarSeries, Bars, Chart, Plot, Series, Style};
use crate::significance::Estimate;

/// Groups of equally many inputs, from the least margin to the greatest.
const GROUPS: usize = 5;
/// Fewest and most active units of the classes must differ by so much of the mean, to be called different.
const DIFFERENT: f64 = 0.05;
/// Standard errors beyond which a correlation is no chance (p = 0.05).
const SIGNIFICANT: f64 = 1.96;

/// Active units of some inputs of one network.
struct Counted {
    /// For each class.
    classes: Vec<Estimate>,
    mean: f64,
    /// Standard deviation over the inputs, divided by the mean.
    variation: f64,
    /// With the margin; 0 where all inputs have as many.
    correlation: f64,
    /// (mean margin, mean count) of [`GROUPS`] groups of inputs.
    groups: Vec<[f64; 2]>,
}

pub(super) fn measure(bench: &Bench<'_>) -> Claim {
    let Targets::Classes { labels, classes } = &bench.sample.targets else {
        unreachable!("image sets have classes")
    };
    let counted: Vec<Counted> = bench
        .codes()
        .iter()
        .zip(&bench.subjects)
        .map(|(codes, subject)| {
            let predictions = subject.network.predict(&mut Engine::new(1), &bench.sample.inputs);
            count(&counts(codes), &margins(&predictions, labels), labels, *classes)
        })
        .collect();

    let own = &counted[RECTIFIER];
    let extremes = |values: &[Estimate]| {
        let means = || values.iter().map(|class| class.mean).filter(|mean| mean.is_finite());
        (means().fold(f64::INFINITY, f64::min), means().fold(0.0, f64::max))
    };
    let figures = [0, 1, 2, 3].map(|at| {
        let (least, most) = extremes(&counted[at].classes);
        if least == most { format!("{least:.0}") } else { format!("{least:.0}–{most:.0}") }
    });
    let (least, most) = extremes(&own.classes);
    let significant = SIGNIFICANT / (labels.len() as f64).sqrt();
    let verdict = Verdict::of(
        (most - least) / own.mean >= DIFFERENT,
        own.correlation.abs() >= significant,
        format!(
            "from {least:.0} rectifiers active for one class to {most:.0} for another, and the number {} with the \
             margin by which an input is classified right (correlation {:.2}; chance gives less than {significant:.2})",
            if own.correlation.abs() < significant {
                "does not change"
            } else if own.correlation > 0.0 {
                "grows"
            } else {
                "falls"
            },
            own.correlation
        ),
    );
    let by_class = Bars {
        title: "Rectifiers active for an input of each class".to_owned(),
        x: "class".to_owned(),
        y: Axis::new("active units"),
        categories: bench.split.labels.clone(),
        series: vec![BarSeries {
            name: "rectifier".to_owned(),
            values: own.classes.iter().map(|class| class.mean).collect(),
            errors: own.classes.iter().map(|class| class.error).collect(),
        }],
    };
    let by_margin = Chart {
        title: "Rectifiers active for easy and hard inputs".to_owned(),
        x: Axis::new("margin: probability of the right class less the highest of the others"),
        y: Axis::new("active units"),
        series: vec![Series {
            name: "rectifier, a fifth of the inputs each".to_owned(),
            points: own.groups.clone(),
            style: Style::LineAndPoints,
            ..Series::default()
        }],
        marks: Vec::new(),
    };
    let values = ACTIVATIONS.iter().zip(&counted).map(|(activation, counted)| {
        let classes: Vec<f64> = counted.classes.iter().map(|class| class.mean).collect();
        json!({ "activation": activation, "by_class": classes, "variation": counted.variation,
                "correlation_with_margin": counted.correlation })
    });
    Claim {
        name: "variable_size",
        statement: "The size of the code, the number of active units, varies with what the input holds.",
        measure: "units active, from the class with the fewest to that with the most".to_owned(),
        figures,
        curve: (
            "rectifier, active units by class",
            own.classes.iter().map(|class| class.mean).filter(|mean| mean.is_finite()).collect(),
        ),
        verdict,
        plots: vec![Plot::Bars(by_class), Plot::Chart(by_margin)],
        note: None,
        values: values.collect(),
    }
}

/// Active units of each example, all layers together.
pub(super) fn counts(codes: &[DenseBatch]) -> Vec<f64> {
    let examples = codes.first().map_or(0, DenseBatch::examples);
    (0..examples)
        .map(|example| codes.iter().map(|code| active(code.row(example))).sum::<usize>() as f64)
        .collect()
}

/// For each example the probability of its class less the highest of the other classes: negative where it is
/// classified wrong.
pub(super) fn margins(predictions: &DenseBatch, labels: &[u32]) -> Vec<f64> {
    let margin = |(example, &label): (usize, &u32)| {
        let row = predictions.row(example);
        let others = row.iter().enumerate().filter(|(class, _)| *class != label as usize);
        f64::from(row[label as usize] - others.map(|(_, &p)| p).fold(0.0, f32::max))
    };
    labels.iter().enumerate().map(margin).collect()
}

/// Pearson's; 0 where either does not vary.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut product, mut squares) = (0.0, [0.0, 0.0]);
    for (a, b) in a.iter().zip(b) {
        product += (a - mean_a) * (b - mean_b);
        squares[0] += (a - mean_a).powi(2);
        squares[1] += (b - mean_b).powi(2);
    }
    if squares.contains(&0.0) { 0.0 } else { product / (squares[0] * squares[1]).sqrt() }
}

fn count(counts: &[f64], margins: &[f64], labels: &[u32], classes: usize) -> Counted {
    let of_class = |class: usize| {
        let own = counts.iter().zip(labels).filter(|(_, label)| **label as usize == class);
        Estimate::of(&own.map(|(count, _)| *count).collect::<Vec<_>>())
    };
    let all = Estimate::of(counts);
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|&a, &b| margins[a].total_cmp(&margins[b]));
    let mean = |group: &[usize], values: &[f64]| {
        group.iter().map(|&example| values[example]).sum::<f64>() / group.len() as f64
    };
    let groups = order.chunks(counts.len().div_ceil(GROUPS).max(1));
    Counted {
        classes: (0..classes).map(of_class).collect(),
        mean: all.mean,
        variation: all.error * (counts.len() as f64).sqrt() / all.mean,
        correlation: correlation(counts, margins),
        groups: groups.map(|group| [mean(group, margins), mean(group, counts)]).collect(),
    }
}
