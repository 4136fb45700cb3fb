//! Figure 4: test error against the share of the labels, with and without pre-training on all inputs.
//!
//! | | tiny | quick | full |
//! |---|---|---|---|
//! | shares of the labels | 5, 100 % | 2, 10, 100 % | 1, 2, 5, 10, 20, 50, 100 % |
//!
//! The other amounts are those of the [setting](super::setting), but fewer labels make shorter epochs, and so
//! more of them are allowed: the inverse of the share times as many, at most [`MORE_EPOCHS`] times.

use serde_json::{Value, json};
use truezero::Activation;

use super::setting::{
    Amounts, SIGNIFICANCE_NOTE, Variant, difference, limit_note, one_data_set, percent, test_error,
    train_seeds, tuned,
};
use crate::data::{ImageSet, Split, thousands};
use crate::error::Error;
use crate::result::{Axis, Cell, Chart, Outcome, Plot, Series, Style, Table};
use crate::runner::{Runner, Spec, Trained};
use crate::significance::{Estimate, LEVEL, among_best};

/// The networks compared.
const VARIANTS: [Variant; 4] = [
    Variant { activation: Activation::Rectifier, pretrained: false },
    Variant { activation: Activation::Rectifier, pretrained: true },
    Variant { activation: Activation::Tanh, pretrained: false },
    Variant { activation: Activation::Tanh, pretrained: true },
];

/// Epochs of the fewest labels, in those of all.
const MORE_EPOCHS: f64 = 10.0;

/// What became of the networks on one share of the labels.
struct Row {
    share: f64,
    labels: usize,
    /// For each variant, the networks of all seeds.
    networks: Vec<Vec<Trained>>,
}

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let amounts = Amounts::of(runner.settings);
    let shares: &[f64] = runner.settings.scale.choose(
        &[0.05, 1.0],
        &[0.02, 0.1, 1.0],
        &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0],
    );
    let (found, data) = one_data_set(runner.settings, ImageSet::Norb)?;
    let specs = tuned(runner, found.set, &data, &VARIANTS)?;
    let all: Vec<Spec> = shares
        .iter()
        .flat_map(|&share| specs.iter().map(move |spec| (share, spec)))
        .map(|(share, spec)| labelled(spec, &data, share))
        .collect();
    let trained = train_seeds(runner, &data, &all)?;
    let limit = limit_note(all.iter().zip(trained.iter().map(Vec::as_slice)));
    let mut trained = trained.into_iter();
    let rows: Vec<Row> = shares
        .iter()
        .map(|&share| Row {
            share,
            labels: count(&data, share),
            networks: trained.by_ref().take(VARIANTS.len()).collect(),
        })
        .collect();
    Ok(Outcome {
        title: "Figure 4: error against the share of labels".to_owned(),
        question: "When few of the examples have labels, what does pre-training on the inputs of all gain?"
            .to_owned(),
        paper:
            "On NORB pre-training always helps tanh networks; it helps rectifier networks when labels are \
                few, and not when all examples have one."
                .to_owned(),
        finding: VARIANTS
            .iter()
            .step_by(2)
            .map(|variant| finding(&rows, variant.activation))
            .collect::<Vec<_>>()
            .join(" "),
        data: vec![data.label.clone()],
        tables: vec![table(&rows)],
        plots: vec![Plot::Chart(chart(found.set, &rows))],
        notes: vec![
            amounts.training_note(),
            format!(
                "With a share of the labels as many times more epochs are allowed, at most {MORE_EPOCHS} \
                 times: an epoch is as much shorter. Learning rates are those chosen with all labels; all \
                 validation examples keep theirs."
            ),
            amounts.search_note(),
            amounts.pretraining_note(),
            limit,
            SIGNIFICANCE_NOTE.to_owned(),
        ],
        values: json!({ "shares": rows.iter().map(values).collect::<Vec<_>>() }),
        ..Outcome::default()
    })
}

/// How many examples keep their label.
fn count(data: &Split, share: f64) -> usize {
    ((data.train.len() as f64 * share).round() as usize).max(1)
}

fn labelled(spec: &Spec, data: &Split, share: f64) -> Spec {
    let mut spec = spec.clone();
    if share < 1.0 {
        spec.labelled = Some(count(data, share));
        spec.options.epochs = (spec.options.epochs as f64 * share.recip().min(MORE_EPOCHS)) as usize;
    }
    spec
}

fn table(rows: &[Row]) -> Table {
    let row = |row: &Row| {
        let errors: Vec<Estimate> = row.networks.iter().map(|seeds| test_error(seeds)).collect();
        let scores: Vec<f64> = errors.iter().map(|error| error.mean).collect();
        let best = among_best(&scores, |a, b| difference(&row.networks[a], &row.networks[b]));
        let cells =
            errors.iter().zip(best).map(|(error, bold)| Cell { bold, ..Cell::text(error.text(100.0, 2)) });
        [Cell::text(percent(row.share, 0)), Cell::text(thousands(row.labels))]
            .into_iter()
            .chain(cells)
            .collect()
    };
    let titles = VARIANTS.iter().map(|variant| format!("{}, test error, %", variant.title()));
    Table {
        title: "Test error by share of labels".to_owned(),
        columns: ["share of labels".to_owned(), "labels".to_owned()].into_iter().chain(titles).collect(),
        rows: rows.iter().map(row).collect(),
    }
}

fn chart(set: ImageSet, rows: &[Row]) -> Chart {
    let series = |(at, variant): (usize, &Variant)| {
        let errors = rows.iter().map(|row| test_error(&row.networks[at]));
        Series {
            name: variant.title(),
            points: rows
                .iter()
                .zip(errors.clone())
                .map(|(row, error)| [100.0 * row.share, 100.0 * error.mean])
                .collect(),
            errors: errors.map(|error| 100.0 * error.error).collect(),
            style: Style::LineAndPoints,
        }
    };
    Chart {
        title: format!("{}: test error against the share of labels", set.title()),
        x: Axis { log: true, ..Axis::new("share of the labels, %") },
        y: Axis::new("test error, %"),
        series: VARIANTS.iter().enumerate().map(series).collect(),
        marks: Vec::new(),
    }
}

fn values(row: &Row) -> Value {
    let network = |(variant, seeds): (&Variant, &Vec<Trained>)| {
        json!({
            "activation": variant.activation.to_string(),
            "pretrained": variant.pretrained,
            "test_errors": seeds.iter().map(|one| one.test_error).collect::<Vec<_>>(),
        })
    };
    json!({
        "share": row.share,
        "labels": row.labels,
        "networks": VARIANTS.iter().zip(&row.networks).map(network).collect::<Vec<_>>(),
    })
}

/// At which shares of the labels pre-training helps an activation.
fn finding(rows: &[Row], activation: Activation) -> String {
    let at = |pretrained| VARIANTS.iter().position(|variant| *variant == Variant { activation, pretrained });
    let (Some(plain), Some(pretrained)) = (at(false), at(true)) else { return String::new() };
    let effect = |row: &Row| {
        let (before, after) = (&row.networks[plain], &row.networks[pretrained]);
        let gain = test_error(before).mean - test_error(after).mean;
        let verb = match (difference(before, after) < LEVEL, gain > 0.0) {
            (false, _) => "makes no significant difference",
            (true, true) => "helps",
            (true, false) => "harms",
        };
        let sign = if gain > 0.0 { "−" } else { "+" };
        format!("{verb} at {} ({sign}{:.2} points)", percent(row.share, 0), 100.0 * gain.abs())
    };
    format!("Pre-training {activation} networks: {}.", rows.iter().map(effect).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::testing::{outcome, tiny};

    #[test]
    fn more_labels_mean_fewer_errors() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = outcome(Name::Figure4, &tiny(folder.path()));
        let shares = outcome.values["shares"].as_array().unwrap();
        assert_eq!((shares[0]["labels"].as_u64(), shares[1]["labels"].as_u64()), (Some(200), Some(4000)));
        let mean = |share: &Value, network: usize| {
            let errors = share["networks"][network]["test_errors"].as_array().unwrap();
            errors.iter().map(|error| error.as_f64().unwrap()).sum::<f64>() / errors.len() as f64
        };
        for network in 0..VARIANTS.len() {
            assert!(mean(&shares[1], network) < mean(&shares[0], network), "{:?}", VARIANTS[network]);
            assert!(mean(&shares[0], network) < 0.8, "better than chance");
        }
        assert!(outcome.finding.contains("Pre-training tanh networks: "), "{}", outcome.finding);
        assert!(outcome.tables[0].rows.iter().all(|row| row.len() == 6));
    }
}
