//! Table 1: rectifier, tanh and softplus, with and without pre-training.

use serde_json::{Value, json};
use truezero::Activation;

use super::setting::{
    Amounts, SIGNIFICANCE_NOTE, Variant, decimal, difference, limit_note, list, mean_sparsity, percent,
    probability, test_error, train_seeds, tuned,
};
use crate::data::{ImageSet, images};
use crate::error::Error;
use crate::published;
use crate::result::{Axis, BarSeries, Bars, Cell, Outcome, Plot, Table};
use crate::runner::{Runner, Spec, Trained};
use crate::significance::{LEVEL, among_best};

/// The activations compared, in the order of the paper's table.
const ACTIVATIONS: [Activation; 3] =
    [Activation::Rectifier, Activation::Tanh, Activation::Softplus { alpha: 1.0 }];

/// A row of the table: what became of a network.
struct Row {
    variant: Variant,
    spec: Spec,
    seeds: Vec<Trained>,
}

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let amounts = Amounts::of(runner.settings);
    let variants: Vec<Variant> = [false, true]
        .iter()
        .flat_map(|&pretrained| ACTIVATIONS.map(|activation| Variant { activation, pretrained }))
        .collect();
    let mut outcome = Outcome {
        title: "Table 1: rectifier, tanh and softplus".to_owned(),
        question: "Does a network of rectifiers, a third derivative and half of the range missing, learn \
                   worse than one of smooth units, and does it need pre-training?"
            .to_owned(),
        paper:
            "Without pre-training rectifiers did best on all four data sets; with it the three came close, \
                and rectifiers gained least. Rectifier networks had 68 to 83 % zeros."
                .to_owned(),
        notes: vec![
            amounts.training_note(),
            amounts.search_note(),
            amounts.pretraining_note(),
            SIGNIFICANCE_NOTE.to_owned(),
        ],
        values: json!({}),
        ..Outcome::default()
    };
    let mut findings = Vec::new();
    for found in images(runner.settings.data.as_deref())? {
        let data = found.load()?;
        let specs = tuned(runner, found.set, &data, &variants)?;
        let trained = train_seeds(runner, &data, &specs)?;
        let rows: Vec<Row> = variants
            .iter()
            .zip(specs)
            .zip(trained)
            .map(|((&variant, spec), seeds)| Row { variant, spec, seeds })
            .collect();
        let limit = limit_note(rows.iter().map(|row| (&row.spec, row.seeds.as_slice())));
        outcome.notes.push(format!("{}: {limit}", found.set.title()));
        outcome.tables.push(errors(found.set, &rows));
        outcome.tables.push(differences(found.set, &rows));
        outcome.plots.push(Plot::Bars(bars(found.set, &rows)));
        outcome.values[&data.name] = rows.iter().map(values).collect();
        findings.push(finding(found.set, &rows));
        outcome.data.push(data.label);
    }
    outcome.finding = findings.join(" ");
    Ok(outcome)
}

/// Test errors and sparsity, ours beside the paper's.
fn errors(set: ImageSet, rows: &[Row]) -> Table {
    let layers = rows[0].spec.options.hidden.len();
    let mut columns = vec![
        "network".to_owned(),
        "test error, %".to_owned(),
        format!("paper ({}), %", published::data_set(set)),
    ];
    columns.extend((1..=layers).map(|layer| format!("zeros in layer {layer}, %")));
    columns.extend(["zeros, mean, %", "paper, %", "learning rate", "epochs"].map(str::to_owned));
    let scores: Vec<f64> = rows.iter().map(|row| test_error(&row.seeds).mean).collect();
    let best = among_best(&scores, |a, b| difference(&rows[a].seeds, &rows[b].seeds));
    let row = |(row, bold): (&Row, bool)| {
        let Row { variant, spec, seeds } = row;
        let rectifier = variant.activation == Activation::Rectifier;
        let mut cells = vec![
            Cell::text(variant.title()),
            Cell { bold, ..Cell::text(test_error(seeds).text(100.0, 2)) },
            Cell::paper(published::table1(set, &variant.activation.to_string(), variant.pretrained), 2),
        ];
        cells.extend(layer_sparsity(seeds).iter().map(|share| Cell::text(format!("{:.1}", 100.0 * share))));
        let paper = (rectifier && !variant.pretrained).then(|| published::sparsity(set));
        let epochs = seeds.iter().map(|one| one.epochs).sum::<usize>() as f64 / seeds.len() as f64;
        cells.extend([
            Cell::text(format!("{:.1}", 100.0 * mean_sparsity(seeds))),
            Cell::paper(paper, 1),
            Cell::text(spec.options.rate().to_string()),
            Cell::text(format!("{epochs:.1}")),
        ]);
        cells
    };
    let rows = rows.iter().zip(best).map(row).collect();
    Table { title: format!("{}: test error and sparsity", set.title()), columns, rows }
}

/// The probabilities of the pairwise tests.
fn differences(set: ImageSet, rows: &[Row]) -> Table {
    let names = rows.iter().map(|row| row.variant.title());
    let row = |(at, row): (usize, &Row)| {
        let others = rows.iter().enumerate().map(|(other, with)| {
            if at == other {
                Cell::text("–")
            } else {
                Cell::text(probability(difference(&row.seeds, &with.seeds)))
            }
        });
        [Cell::text(row.variant.title())].into_iter().chain(others).collect()
    };
    Table {
        title: format!("{}: probability that chance makes two networks differ so much", set.title()),
        columns: ["network".to_owned()].into_iter().chain(names).collect(),
        rows: rows.iter().enumerate().map(row).collect(),
    }
}

fn bars(set: ImageSet, rows: &[Row]) -> Bars {
    let ours = rows.iter().map(|row| test_error(&row.seeds));
    let paper = rows.iter().map(|row| {
        let Variant { activation, pretrained } = row.variant;
        published::table1(set, &activation.to_string(), pretrained).map_or(f64::NAN, |figure| figure.0)
    });
    Bars {
        title: format!("{}: test error", set.title()),
        x: "network".to_owned(),
        y: Axis::new("test error, %"),
        categories: rows.iter().map(|row| row.variant.title()).collect(),
        series: vec![
            BarSeries {
                name: format!("here ({})", set.title()),
                values: ours.clone().map(|estimate| 100.0 * estimate.mean).collect(),
                errors: ours.map(|estimate| 100.0 * estimate.error).collect(),
            },
            BarSeries {
                name: format!("paper ({})", published::data_set(set)),
                values: paper.collect(),
                errors: Vec::new(),
            },
        ],
    }
}

/// Mean over the seeds of the sparsity of each hidden layer.
fn layer_sparsity(seeds: &[Trained]) -> Vec<f64> {
    let layers = seeds.first().map_or(0, |one| one.sparsity.len());
    let mean = |layer: usize| seeds.iter().map(|one| one.sparsity[layer]).sum::<f64>() / seeds.len() as f64;
    (0..layers).map(mean).collect()
}

fn values(row: &Row) -> Value {
    let each = |value: fn(&Trained) -> f64| row.seeds.iter().map(value).collect::<Vec<f64>>();
    json!({
        "activation": row.variant.activation.to_string(),
        "pretrained": row.variant.pretrained,
        "learning_rate": decimal(row.spec.options.rate()),
        "pretraining_rate": row.spec.pretraining.as_ref().map(|pretraining| decimal(pretraining.learning_rate[0])),
        "test_errors": each(|one| one.test_error),
        "validation_errors": each(|one| one.validation_error),
        "sparsity": layer_sparsity(&row.seeds),
        "mean_sparsity": mean_sparsity(&row.seeds),
        "diverged": row.seeds.iter().filter(|one| one.diverged).count(),
    })
}

/// Our order of the activations beside the paper's, and what pre-training gained.
fn finding(set: ImageSet, rows: &[Row]) -> String {
    let error = |row: &Row| test_error(&row.seeds).mean;
    let plain: Vec<&Row> = sorted(rows.iter().filter(|row| !row.variant.pretrained), error);
    let paper = sorted(rows.iter().filter(|row| !row.variant.pretrained), |row| {
        published::table1(set, &row.variant.activation.to_string(), false).map_or(f64::NAN, |figure| figure.0)
    });
    let names = |rows: &[&Row]| -> Vec<String> {
        rows.iter().map(|row| row.variant.activation.to_string()).collect()
    };
    let same = names(&plain) == names(&paper);
    let order: Vec<String> =
        plain.iter().map(|row| format!("{} {}", row.variant.activation, percent(error(row), 2))).collect();
    let mut sentences = vec![format!(
        "On {}, without pre-training: {}; {} the paper's order on {} ({}).",
        set.title(),
        order.join(" < "),
        if same { "that is" } else { "that is not" },
        published::data_set(set),
        names(&paper).join(" < ")
    )];
    let (best, rest) = (plain[0], &plain[1..]);
    let beaten: Vec<&Row> =
        rest.iter().copied().filter(|row| difference(&best.seeds, &row.seeds) < LEVEL).collect();
    let activation = best.variant.activation;
    sentences.push(if beaten.is_empty() {
        format!("The others are not significantly worse than {activation}.")
    } else {
        format!("{activation} is significantly better than {}.", list(&names(&beaten)))
    });
    for after in rows.iter().filter(|row| row.variant.pretrained) {
        let Some(before) = plain.iter().find(|row| row.variant.activation == after.variant.activation) else {
            continue;
        };
        let gain = error(before) - error(after);
        let significant = difference(&before.seeds, &after.seeds) < LEVEL;
        sentences.push(format!(
            "Pre-training {} the error of {} by {:.2} points{}.",
            if gain >= 0.0 { "lowers" } else { "raises" },
            after.variant.activation,
            100.0 * gain.abs(),
            if significant { "" } else { " (not significant)" }
        ));
    }
    sentences.join(" ")
}

fn sorted<'a>(rows: impl Iterator<Item = &'a Row>, score: impl Fn(&Row) -> f64) -> Vec<&'a Row> {
    let mut rows: Vec<&Row> = rows.collect();
    rows.sort_by(|a, b| score(a).total_cmp(&score(b)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::testing::{outcome, tiny};

    #[test]
    fn rows_hold_what_was_trained() {
        let folder = tempfile::tempdir().unwrap();
        let first = outcome(Name::Table1, &tiny(folder.path()));
        let rows = first.values["digits5k"].as_array().unwrap();
        assert_eq!(rows.len(), 6);
        for row in rows {
            for error in row["test_errors"].as_array().unwrap() {
                assert!((0.0..0.5).contains(&error.as_f64().unwrap()), "better than chance: {row}");
            }
            let sparsity = row["mean_sparsity"].as_f64().unwrap();
            match row["activation"].as_str().unwrap() {
                "rectifier" => assert!((0.2..1.0).contains(&sparsity), "{row}"),
                _ => assert_eq!(sparsity, 0.0, "{row}"),
            }
        }
        let table = &first.tables[0];
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        assert!(table.rows.iter().any(|row| row[1].bold), "the best is among the best");
        assert_eq!(table.rows[0][2], Cell::paper(Some((1.43, false)), 2));
        assert!(
            first.finding.contains("paper's order on MNIST (rectifier < tanh < softplus)"),
            "{}",
            first.finding
        );
        assert!(first.data[0].contains("substitute"));
    }
}
