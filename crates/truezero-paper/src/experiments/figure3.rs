//! Figure 3: test error against sparsity, of networks trained with different λ.
//!
//! | | tiny | quick | full |
//! |---|---|---|---|
//! | networks | 8 | 24 | 200 |
//! | units | 3 × 30 | 3 × 1000 | 3 × 1000 |
//! | most epochs | 2 | 8 | 50 |
//! | epochs without a better validation error | 0 (never stop) | 4 | 10 |

use serde_json::{Value, json};
use truezero::TrainingOptions;

use super::setting::{one_data_set, percent};
use super::smooth::smooth;
use crate::data::{ImageSet, Split};
use crate::error::Error;
use crate::limited;
use crate::published::FLAT_UP_TO;
use crate::result::{Axis, Cell, Chart, Mark, Outcome, Plot, Series, Style, Table};
use crate::runner::{Runner, Spec, Trained};
use crate::significance::Estimate;

/// The least λ above 0, and the greatest of the first round, in the sum form.
const L1: [f32; 2] = [1e-6, 2e-3];
/// Sparsity that some network must reach; until then λ is raised further.
const REACH: f64 = 0.97;
/// What λ is raised by, for how many networks at a time, and how often at most.
const RAISE: f32 = 1.3;
const RAISED: usize = 2;
const RAISES: usize = 4;
/// Standard deviation of the kernel that smooths the curve, in sparsity.
const WIDTH: f64 = 0.02;
/// The share of the networks, those with the least sparsity, that tell what error and what scatter to expect
/// where λ does not matter.
const REFERENCE: f64 = 0.4;
/// The error has risen where the smoothed curve stays above the mean of those networks by more than so many
/// of their standard deviations: by more than what another seed changes.
const RISE: f64 = 1.0;

/// With fewer networks there is no curve.
const LEAST: usize = 4;

/// A trained network, and its λ.
struct Point {
    l1: f32,
    trained: Trained,
}

impl Point {
    fn place(&self) -> [f64; 2] {
        [self.trained.mean_sparsity(), self.trained.test_error]
    }
}

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let settings = runner.settings;
    let networks = limited(settings.scale.choose(8, 24, 200), settings.limits.networks).max(LEAST);
    let (found, data) = one_data_set(settings, ImageSet::Mnist)?;
    let mut l1s = vec![0.0];
    l1s.extend((0..networks - 1).map(|at| {
        let share = at as f32 / (networks - 2) as f32;
        L1[0] * (L1[1] / L1[0]).powf(share)
    }));
    let mut points = train(runner, &data, &l1s, 0)?;
    for raise in 0..RAISES {
        let sparsest = points.iter().map(|point| point.trained.mean_sparsity()).fold(0.0, f64::max);
        if sparsest > REACH {
            break;
        }
        let raised = raise * RAISED..(raise + 1) * RAISED;
        let l1s: Vec<f32> = raised.clone().map(|at| L1[1] * RAISE.powi(at as i32 + 1)).collect();
        points.extend(train(runner, &data, &l1s, networks + raised.start)?);
    }
    points.sort_by(|a, b| a.place()[0].total_cmp(&b.place()[0]));
    let places: Vec<[f64; 2]> = points.iter().map(Point::place).collect();
    let curve = smooth(&places, WIDTH);
    let reference = Reference::of(&places);
    let rise = rise(&curve, &reference);
    let options = options(runner, 0.0, 0);
    Ok(Outcome {
        title: "Figure 3: error against sparsity".to_owned(),
        question: "How sparse may the hidden layers become before the test error rises?".to_owned(),
        paper: format!(
            "On MNIST, of 200 networks with λ from 0 to 0.01 (in another normalisation than ours), the error is \
             about flat up to {:.0} % zeros and rises beyond.",
            FLAT_UP_TO.0
        ),
        finding: finding(&places, &reference, rise),
        data: vec![data.label.clone()],
        tables: vec![table(&points)],
        plots: vec![Plot::Chart(chart(found.set, &places, &curve, rise))],
        notes: vec![
            format!(
                "{} rectifier networks of {} units, each with another seed; λ = 0 and {:e} to {:e} in equal \
                 ratios (and higher, if less than {} zeros were reached); rate {}, at most {} epochs.",
                points.len(),
                options.hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join("-"),
                L1[0],
                L1[1],
                percent(REACH, 0),
                options.rate(),
                options.epochs,
            ),
            format!(
                "The curve is a local linear fit with a normal kernel of {:.0} points of sparsity. The error \
                 counts as risen where the curve stays above the mean of the {} of the networks with the least \
                 zeros by more than their standard deviation, which is what another seed changes.",
                100.0 * WIDTH,
                percent(REFERENCE, 0)
            ),
        ],
        values: values(&points, &reference, rise),
        ..Outcome::default()
    })
}

fn options(runner: &Runner<'_>, l1: f32, index: usize) -> TrainingOptions {
    let scale = runner.settings.scale;
    TrainingOptions {
        hidden: vec![scale.choose(30, 1000, 1000); 3],
        l1,
        epochs: limited(scale.choose(2, 8, 50), runner.settings.limits.epochs),
        patience: scale.choose(0, 4, 10),
        seed: runner.settings.seed + index as u64,
        ..TrainingOptions::default()
    }
}

/// Trains a network for each λ; `first` is the number of the first one.
fn train(runner: &Runner<'_>, data: &Split, l1s: &[f32], first: usize) -> Result<Vec<Point>, Error> {
    let spec =
        |(at, &l1): (usize, &f32)| Spec { options: options(runner, l1, first + at), ..Spec::default() };
    let specs: Vec<Spec> = l1s.iter().enumerate().map(spec).collect();
    let trained = runner.train(data, &specs)?;
    Ok(l1s.iter().zip(trained).map(|(&l1, trained)| Point { l1, trained }).collect())
}

/// What error is to be expected where λ does not matter.
struct Reference {
    mean: f64,
    /// Of a single network.
    deviation: f64,
}

impl Reference {
    fn of(places: &[[f64; 2]]) -> Self {
        let count = ((places.len() as f64 * REFERENCE).ceil() as usize).max(2).min(places.len());
        let errors: Vec<f64> = places[..count].iter().map(|place| place[1]).collect();
        let estimate = Estimate::of(&errors);
        Self { mean: estimate.mean, deviation: estimate.error * (count as f64).sqrt() }
    }
}

/// The sparsity from which on the curve stays above the reference; `None` if it ends below.
fn rise(curve: &[[f64; 2]], reference: &Reference) -> Option<f64> {
    let limit = reference.mean + RISE * reference.deviation;
    let below = curve.iter().rposition(|point| point[1] <= limit);
    let first = below.map_or(0, |at| at + 1);
    let after = curve.get(first)?;
    // Between two points the curve is taken as a line.
    let Some(before) = below.map(|at| curve[at]) else { return Some(after[0]) };
    let share = (limit - before[1]) / (after[1] - before[1]);
    Some(before[0] + share * (after[0] - before[0]))
}

fn finding(places: &[[f64; 2]], reference: &Reference, rise: Option<f64>) -> String {
    let (least, most) = (places.first().map_or(0.0, |p| p[0]), places.last().map_or(0.0, |p| p[0]));
    let start = format!(
        "From {} to {} zeros: the networks with the least zeros err on {} ± {} (standard deviation of a \
         network).",
        percent(least, 1),
        percent(most, 1),
        percent(reference.mean, 2),
        percent(reference.deviation, 2)
    );
    let end = match rise {
        Some(rise) => {
            let later = 100.0 * rise - FLAT_UP_TO.0;
            format!(
                " The smoothed error rises beyond that from {} zeros on, {:.1} points {} the {:.0} % of the \
                 paper.",
                percent(rise, 1),
                later.abs(),
                if later >= 0.0 { "above" } else { "below" },
                FLAT_UP_TO.0
            )
        }
        None => " The smoothed error does not rise beyond that anywhere.".to_owned(),
    };
    start + &end
}

/// Networks at some λ, as there are too many for a table of all.
fn table(points: &[Point]) -> Table {
    const SHOWN: usize = 8;
    let mut by_l1: Vec<&Point> = points.iter().collect();
    by_l1.sort_by(|a, b| a.l1.total_cmp(&b.l1));
    let last = by_l1.len() - 1;
    let mut shown: Vec<usize> = (0..SHOWN).map(|at| at * last / (SHOWN - 1)).collect();
    shown.dedup();
    let row = |at: usize| {
        let Point { l1, trained } = by_l1[at];
        vec![
            Cell::text(if *l1 == 0.0 { "0".to_owned() } else { format!("{l1:.1e}") }),
            Cell::text(format!("{:.1}", 100.0 * trained.mean_sparsity())),
            Cell::text(format!("{:.2}", 100.0 * trained.test_error)),
        ]
    };
    Table {
        title: "Some of the networks".to_owned(),
        columns: ["λ", "zeros, mean of the layers, %", "test error, %"].map(str::to_owned).to_vec(),
        rows: shown.into_iter().map(row).collect(),
    }
}

fn chart(set: ImageSet, places: &[[f64; 2]], curve: &[[f64; 2]], rise: Option<f64>) -> Chart {
    let percent = |points: &[[f64; 2]]| points.iter().map(|[x, y]| [100.0 * x, 100.0 * y]).collect();
    let series = |name: &str, points: &[[f64; 2]], style| Series {
        name: name.to_owned(),
        points: percent(points),
        errors: Vec::new(),
        style,
    };
    let mut marks = vec![Mark { x: FLAT_UP_TO.0, label: "flat up to here in the paper".to_owned() }];
    marks.extend(rise.map(|rise| Mark { x: 100.0 * rise, label: "the error starts to rise".to_owned() }));
    Chart {
        title: format!("{}: test error against the share of zeros", set.title()),
        x: Axis::new("zeros, mean of the hidden layers, %"),
        y: Axis::new("test error, %"),
        series: vec![series("a network", places, Style::Points), series("smoothed", curve, Style::Line)],
        marks,
    }
}

fn values(points: &[Point], reference: &Reference, rise: Option<f64>) -> Value {
    let networks: Vec<Value> = points
        .iter()
        .map(|Point { l1, trained }| {
            json!({
                "l1": super::setting::decimal(*l1),
                "sparsity": trained.sparsity,
                "mean_sparsity": trained.mean_sparsity(),
                "test_error": trained.test_error,
                "validation_error": trained.validation_error,
            })
        })
        .collect();
    json!({
        "networks": networks,
        "reference_error": reference.mean,
        "reference_deviation": reference.deviation,
        "rises_at_sparsity": rise,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::testing::{outcome, tiny};

    #[test]
    fn more_penalty_means_more_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = outcome(Name::Figure3, &tiny(folder.path()));
        let networks = outcome.values["networks"].as_array().unwrap();
        assert!(networks.len() >= 8);
        let number = |network: &Value, name: &str| network[name].as_f64().unwrap();
        let mut by_l1: Vec<&Value> = networks.iter().collect();
        by_l1.sort_by(|a, b| number(a, "l1").total_cmp(&number(b, "l1")));
        assert_eq!(number(by_l1[0], "l1"), 0.0);
        let (few, many) = by_l1.split_at(by_l1.len() / 2);
        let mean = |part: &[&Value]| {
            part.iter().map(|n| number(n, "mean_sparsity")).sum::<f64>() / part.len() as f64
        };
        assert!(mean(many) > mean(few));
        assert!(networks.iter().all(|network| (0.0..=1.0).contains(&number(network, "test_error"))));
        let Plot::Chart(chart) = &outcome.plots[0] else { panic!("expected a chart") };
        assert!(chart.series[0].points.is_sorted_by(|a, b| a[0] <= b[0]));
        assert_eq!(chart.series[1].points.len(), networks.len());
    }

    #[test]
    fn the_rise_is_where_the_curve_leaves_for_good() {
        let reference = Reference { mean: 1.0, deviation: 0.5 };
        let curve = [[0.1, 1.0], [0.2, 1.6], [0.3, 1.0], [0.4, 2.0], [0.5, 3.0]];
        assert!((rise(&curve, &reference).unwrap() - 0.35).abs() < 1e-12);
        assert_eq!(rise(&curve[..3], &reference), None);
        assert_eq!(rise(&curve[3..], &reference), Some(0.4));
    }
}
