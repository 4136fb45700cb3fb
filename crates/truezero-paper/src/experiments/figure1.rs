//! Figure 1: the firing rate of a neuron, and the two activation functions that networks used instead.

use serde_json::json;
use truezero::Activation;
use truezero::activation::LeakyIntegrateAndFire;

use crate::result::{Axis, Cell, Chart, Outcome, Plot, Series, Table};

/// Where the curves start and end, and how many points each has.
const CURRENTS: [f64; 2] = [-1.0, 5.0];
const RANGE: [f64; 2] = [-4.0, 4.0];
const POINTS: usize = 241;

/// Where functions are compared: far enough from zero to tell one-sided from symmetric.
const PROBE: f32 = 1.0;

pub(crate) fn run() -> Outcome {
    let neurons = [
        ("at rest just below its threshold", LeakyIntegrateAndFire::default()),
        ("at rest one unit below it", LeakyIntegrateAndFire { resting: 0.0, ..Default::default() }),
    ];
    let neurons = neurons.map(|(name, constants)| (name, Activation::LeakyIntegrateAndFire(constants)));
    let functions = [("logistic", Activation::Logistic), ("tanh", Activation::Tanh)];

    let measured: Vec<(&str, Shape)> = [("neuron", &neurons[0].1)]
        .into_iter()
        .chain(functions.iter().map(|(name, function)| (*name, function)))
        .map(|(name, function)| (name, Shape::of(function)))
        .collect();
    let rows = measured.iter().map(|(name, shape)| {
        let figures = [shape.left, shape.middle, shape.right, 100.0 * shape.zeros];
        let mut row = vec![Cell::text(*name)];
        row.extend(figures.map(|figure| Cell::text(format!("{figure:.3}"))));
        row.push(Cell { sparkline: shape.curve.clone(), ..Cell::text("") });
        row
    });
    let table = Table {
        title: "The functions at and around zero".to_owned(),
        columns: ["function", "f(−1)", "f(0)", "f(1)", "exactly zero on, % of [−4, 4]", "curve"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    };
    let chart = |title: &str, label: &str, range, curves: &[(&str, Activation)]| {
        Plot::Chart(Chart {
            title: title.to_owned(),
            x: Axis::new(label),
            y: Axis::new("output"),
            series: curves.iter().map(|(name, function)| series(name, function, range)).collect(),
            marks: Vec::new(),
        })
    };
    Outcome {
        title: "Figure 1: a neuron's firing rate, logistic and tanh".to_owned(),
        question: "How do the activation functions of networks differ from what neurons do?".to_owned(),
        paper: "A leaky integrate-and-fire neuron is one-sided: silent below its threshold, then rising. \
                Logistic units fire at half of their rate at rest, and tanh forces an antisymmetry that \
                neurons do not have."
            .to_owned(),
        finding: finding(&measured),
        data: vec!["none: the functions themselves, as the networks compute them".to_owned()],
        tables: vec![table],
        plots: vec![
            chart("Leaky integrate-and-fire neuron", "input current", CURRENTS, &neurons),
            chart("Activation functions of networks", "input x", RANGE, &functions),
        ],
        notes: vec![
            "The paper's constants of the neuron are unknown. Here membrane time constant, resistance and \
             refractory period are 1, the neuron is reset to 0 and its threshold is 1; the table is of the one \
             that rests at its threshold, and so fires for any positive current as a rectifier does."
                .to_owned(),
        ],
        values: json!(
            measured
                .iter()
                .map(|(name, shape)| {
                    let Shape { left, middle, right, zeros, .. } = shape;
                    json!({ "function": name, "at_minus_one": left, "at_zero": middle, "at_one": right,
                            "share_exactly_zero": zeros })
                })
                .collect::<Vec<_>>()
        ),
        ..Outcome::default()
    }
}

/// A function in a few figures.
struct Shape {
    /// At −[`PROBE`], 0 and [`PROBE`].
    left: f64,
    middle: f64,
    right: f64,
    /// Share of [`RANGE`] on which it is exactly zero.
    zeros: f64,
    curve: Vec<f64>,
}

impl Shape {
    fn of(function: &Activation) -> Self {
        let [left, middle, right] = [-PROBE, 0.0, PROBE].map(|x| value(function, x));
        let curve: Vec<f64> = points(RANGE).map(|x| value(function, x as f32)).collect();
        // Between two points: a single zero is no range.
        let zeros = curve.windows(2).filter(|pair| *pair == [0.0, 0.0]).count() as f64 / (POINTS - 1) as f64;
        Self { left, middle, right, zeros, curve }
    }

    fn is_one_sided(&self) -> bool {
        self.left == 0.0 && self.right > 0.0
    }

    fn is_antisymmetric(&self) -> bool {
        (self.left + self.right).abs() < 1e-6 && self.right != 0.0
    }
}

/// What the figures say, in words.
fn finding(measured: &[(&str, Shape)]) -> String {
    let sentences: Vec<String> = measured
        .iter()
        .map(|(name, shape)| {
            let kind = if shape.is_one_sided() {
                format!(
                    "one-sided (0 at −1, {:.2} at 1, exactly zero on {:.0} % of the range)",
                    shape.right,
                    100.0 * shape.zeros
                )
            } else if shape.is_antisymmetric() {
                format!("antisymmetric ({:.2} at −1, {:.2} at 1)", shape.left, shape.right)
            } else {
                format!("neither: never zero, and {:.2} where its input is 0", shape.middle)
            };
            format!("{name}: {kind}")
        })
        .collect();
    format!("{}.", sentences.join("; "))
}

/// The curve of a function.
pub(super) fn series(name: &str, function: &Activation, range: [f64; 2]) -> Series {
    let points = points(range).map(|x| [x, value(function, x as f32)]).collect();
    Series { name: name.to_owned(), points, ..Series::default() }
}

fn points([from, to]: [f64; 2]) -> impl Iterator<Item = f64> {
    (0..POINTS).map(move |at| from + (to - from) * at as f64 / (POINTS - 1) as f64)
}

fn value(function: &Activation, x: f32) -> f64 {
    f64::from(function.value_and_slope(x).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_those_of_the_functions() {
        let outcome = run();
        let Plot::Chart(neurons) = &outcome.plots[0] else { panic!("expected a chart") };
        for (series, threshold) in neurons.series.iter().zip([0.0, 1.0]) {
            for [current, rate] in &series.points {
                assert_eq!(*rate > 0.0, *current > threshold + 1e-9, "{} at {current}", series.name);
                assert!(*rate < 1.0, "the refractory period bounds the rate");
            }
        }
        let Plot::Chart(functions) = &outcome.plots[1] else { panic!("expected a chart") };
        for [x, y] in &functions.series[0].points {
            assert!((y - 1.0 / (1.0 + (-x).exp())).abs() < 1e-6);
        }
        for [x, y] in &functions.series[1].points {
            assert!((y - x.tanh()).abs() < 1e-6);
        }
        assert!(outcome.finding.contains("neuron: one-sided (0 at −1, 0.59 at 1, exactly zero on 50 %"));
        assert!(outcome.finding.contains("logistic: neither: never zero, and 0.50 where its input is 0"));
        assert!(outcome.finding.contains("tanh: antisymmetric (-0.76 at −1, 0.76 at 1)"));
    }
}
