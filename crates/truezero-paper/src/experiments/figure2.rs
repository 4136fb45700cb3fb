//! Figure 2: sparse propagation through a rectifier network, and the rectifier beside softplus.

use serde_json::json;
use truezero::{Activation, Network, TrainingOptions, argmax};
use truezero_data::Targets;
use truezero_sparse::Engine;

use super::active_path::active_path;
use super::figure1::series;
use crate::data::{Split, images};
use crate::error::Error;
use crate::result::{ActivePath, Axis, Cell, Chart, Outcome, Plot, Table};
use crate::runner::{Runner, Spec};

/// Inputs whose paths are drawn.
const EXAMPLES: usize = 3;
/// Where the curves start and end.
const RANGE: [f64; 2] = [-4.0, 4.0];

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let scale = runner.settings.scale;
    let split = images(runner.settings.data.as_deref())?[0].load()?;
    let options = TrainingOptions {
        hidden: scale.choose(vec![50; 2], vec![500; 3], vec![1000; 3]),
        epochs: scale.choose(2, 6, 20),
        seed: runner.settings.seed,
        ..TrainingOptions::default()
    };
    let spec = Spec { options, keep: true, ..Spec::default() };
    let trained = runner.train(&split, &[spec])?.remove(0);
    let network = trained.network.as_ref().expect("a network that was to be kept");
    let paths: Vec<ActivePath> = examples(network, &split)
        .into_iter()
        .map(|(example, class)| {
            let across = split.image.map_or(split.test.inputs.width(), |image| image.width);
            let title = format!("{}: the active path of test example {}", split.labels[class], example + 1);
            active_path(network, &split.test, example, across, &split.labels, title)
        })
        .collect();
    let curves = Plot::Chart(Chart {
        title: "Rectifier and softplus".to_owned(),
        x: Axis::new("input x"),
        y: Axis::new("output"),
        series: [("rectifier", Activation::Rectifier), ("softplus", Activation::Softplus { alpha: 1.0 })]
            .iter()
            .map(|(name, function)| series(name, function, RANGE))
            .collect(),
        marks: Vec::new(),
    });
    let plots = paths.iter().cloned().map(Plot::Path).chain([curves]).collect();
    Ok(Outcome {
        title: "Figure 2: sparse propagation".to_owned(),
        question: "Which units of a rectifier network does an input make active, and by which weights?".to_owned(),
        paper: "An input selects a subset of units; on that subset the network is linear, so that it is an \
                exponential number of linear models that share weights."
            .to_owned(),
        finding: finding(&paths),
        data: vec![split.label.clone()],
        tables: vec![table(&paths)],
        plots,
        notes: vec![
            format!(
                "One network of {:?} rectifiers, trained for {} epochs: test error {:.2} %, {:.1} % zeros.",
                network.hidden().iter().map(truezero::Layer::units).collect::<Vec<_>>(),
                trained.epochs,
                100.0 * trained.test_error,
                100.0 * trained.mean_sparsity()
            ),
            "Drawn are the units that contribute most to the class predicted, some silent ones among them, and \
             their strongest contributions (activation × weight); the counts are of all units."
                .to_owned(),
        ],
        values: json!({
            "test_error": trained.test_error,
            "sparsity": trained.sparsity,
            "active_units": paths.iter().map(|path| &path.counts).collect::<Vec<_>>(),
        }),
        ..Outcome::default()
    })
}

/// The first test examples of different classes that are classified right, with their classes, spread over
/// the classes; any examples if there are too few.
fn examples(network: &Network, split: &Split) -> Vec<(usize, usize)> {
    let Targets::Classes { labels, classes } = &split.test.targets else { return Vec::new() };
    let predictions = network.predict(&mut Engine::new(1), &split.test.inputs);
    let right = |example: usize| argmax(predictions.row(example)) == labels[example] as usize;
    (0..EXAMPLES)
        .map(|at| at * classes / EXAMPLES)
        .filter_map(|class| {
            let mut own = (0..labels.len()).filter(|&example| labels[example] as usize == class);
            let first = own.clone().next()?;
            Some((own.find(|&example| right(example)).unwrap_or(first), class))
        })
        .collect()
}

/// Active units of each path, layer by layer.
fn table(paths: &[ActivePath]) -> Table {
    let layers = paths.first().map_or(0, |path| path.counts.len());
    let mut columns = vec!["input".to_owned()];
    columns.extend((1..=layers).map(|layer| format!("active units of hidden layer {layer}")));
    columns.push("class predicted".to_owned());
    columns.push("its probability".to_owned());
    let rows = paths.iter().map(|path| {
        let mut row = vec![Cell::text(&path.title)];
        row.extend(path.counts.iter().map(|[units, active]| {
            Cell::text(format!("{active} of {units} ({:.1} %)", 100.0 * *active as f64 / *units as f64))
        }));
        let best = (0..path.outputs.len()).max_by(|&a, &b| path.outputs[a].total_cmp(&path.outputs[b]));
        let (name, probability) =
            best.map_or(("–", 0.0), |at| (path.classes[at].as_str(), path.outputs[at]));
        row.push(Cell::text(name));
        row.push(Cell::text(format!("{probability:.3}")));
        row
    });
    Table { title: "Units active for each input".to_owned(), columns, rows: rows.collect() }
}

fn finding(paths: &[ActivePath]) -> String {
    let (mut active, mut all) = (0_usize, 0_usize);
    for [units, firing] in paths.iter().flat_map(|path| &path.counts) {
        active += firing;
        all += units;
    }
    let share = 100.0 * active as f64 / all.max(1) as f64;
    format!(
        "Of the hidden units, {share:.1} % are active for the {} inputs drawn; through the others nothing passes, \
         forward or backward.",
        paths.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::testing::{Silent, tiny};

    #[test]
    fn paths_are_of_different_digits_through_a_trained_network() {
        let folder = tempfile::tempdir().unwrap();
        let settings = tiny(folder.path());
        let outcome = run(&Runner::new(&settings, Name::Figure2, &Silent)).unwrap();
        let paths: Vec<&ActivePath> = outcome
            .plots
            .iter()
            .filter_map(|plot| if let Plot::Path(path) = plot { Some(path) } else { None })
            .collect();
        assert_eq!(paths.len(), EXAMPLES);
        for (path, digit) in paths.iter().zip(["0", "3", "6"]) {
            assert!(path.title.starts_with(digit), "{}", path.title);
            assert_eq!(path.pixels.len(), 784);
            assert!(path.pixels.iter().any(|pixel| *pixel > 0.5), "an image is not black");
            let best = (0..10).max_by(|&a, &b| path.outputs[a].total_cmp(&path.outputs[b])).unwrap();
            assert_eq!(path.classes[best], digit, "it is classified right");
            assert!(path.counts.iter().all(|[units, active]| (1..*units).contains(active)));
        }
        assert!(outcome.values["test_error"].as_f64().unwrap() < 0.5, "better than chance");
        let Some(Plot::Chart(curves)) = outcome.plots.last() else { panic!("expected the curves last") };
        let [rectifier, softplus] = [&curves.series[0], &curves.series[1]];
        for ([x, r], [_, s]) in rectifier.points.iter().zip(&softplus.points) {
            assert!((r - x.max(0.0)).abs() < 1e-6 && s > r, "softplus lies above the rectifier, at {x}");
        }
    }
}
