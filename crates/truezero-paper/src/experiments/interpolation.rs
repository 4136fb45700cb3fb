//! From softplus to rectifier: (1/α) softplus(αx) for growing α. The amounts are those of the
//! [setting](super::setting).

use serde_json::{Value, json};
use truezero::Activation;

use super::setting::{
    Amounts, SIGNIFICANCE_NOTE, Variant, difference, limit_note, mean_sparsity, one_data_set, percent,
    test_error, train_seeds, tuned,
};
use crate::data::ImageSet;
use crate::error::Error;
use crate::published::INTERPOLATION;
use crate::result::{Axis, Cell, Chart, Outcome, Plot, Series, Style, Table};
use crate::runner::{Runner, Trained};
use crate::significance::{Estimate, LEVEL, among_best};

/// What became of the networks with one α.
struct Row {
    alpha: f64,
    rate: f32,
    seeds: Vec<Trained>,
}

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let amounts = Amounts::of(runner.settings);
    let (found, data) = one_data_set(runner.settings, ImageSet::Norb)?;
    let variants: Vec<Variant> = INTERPOLATION
        .iter()
        .map(|&(alpha, _)| Variant { activation: activation(alpha), pretrained: false })
        .collect();
    let specs = tuned(runner, found.set, &data, &variants)?;
    let trained = train_seeds(runner, &data, &specs)?;
    let limit = limit_note(specs.iter().zip(trained.iter().map(Vec::as_slice)));
    let rows: Vec<Row> = INTERPOLATION
        .iter()
        .zip(&specs)
        .zip(trained)
        .map(|((&(alpha, _), spec), seeds)| Row { alpha, rate: spec.options.rate(), seeds })
        .collect();
    Ok(Outcome {
        title: "From softplus to rectifier".to_owned(),
        question:
            "Is anything gained by smoothness? (1/α) softplus(αx) is softplus for α = 1 and becomes the \
                   rectifier as α grows."
                .to_owned(),
        paper:
            "On NORB the error falls with every step from softplus to rectifier, from 17.68 % to 16.40 %: \
                nothing is gained by smoothness."
                .to_owned(),
        finding: finding(&rows),
        data: vec![data.label.clone()],
        tables: vec![table(&rows)],
        plots: vec![Plot::Chart(chart(found.set, &rows))],
        notes: vec![amounts.training_note(), amounts.search_note(), limit, SIGNIFICANCE_NOTE.to_owned()],
        values: rows.iter().map(values).collect(),
        ..Outcome::default()
    })
}

fn activation(alpha: f64) -> Activation {
    if alpha.is_infinite() { Activation::Rectifier } else { Activation::Softplus { alpha: alpha as f32 } }
}

fn name(alpha: f64) -> String {
    if alpha.is_infinite() { "∞ (rectifier)".to_owned() } else { alpha.to_string() }
}

fn table(rows: &[Row]) -> Table {
    let scores: Vec<f64> = rows.iter().map(|row| test_error(&row.seeds).mean).collect();
    let best = among_best(&scores, |a, b| difference(&rows[a].seeds, &rows[b].seeds));
    let row = |((row, (_, paper)), bold): ((&Row, &(f64, _)), bool)| {
        vec![
            Cell::text(name(row.alpha)),
            Cell { bold, ..Cell::text(test_error(&row.seeds).text(100.0, 2)) },
            Cell::paper(Some(*paper), 2),
            Cell::text(format!("{:.1}", 100.0 * mean_sparsity(&row.seeds))),
            Cell::text(row.rate.to_string()),
        ]
    };
    Table {
        title: "Test error by α".to_owned(),
        columns: ["α", "test error, %", "paper (NORB), %", "zeros, mean, %", "learning rate"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.iter().zip(&INTERPOLATION).zip(best).map(row).collect(),
    }
}

/// Over 1/α, in which the rectifier has a place: at 0.
fn chart(set: ImageSet, rows: &[Row]) -> Chart {
    let ours: Vec<Estimate> = rows.iter().map(|row| test_error(&row.seeds)).collect();
    let points = |errors: Vec<f64>| rows.iter().zip(errors).map(|(row, y)| [row.alpha.recip(), y]).collect();
    Chart {
        title: "From softplus (right) to rectifier (left)".to_owned(),
        x: Axis::new("1/α"),
        y: Axis::new("test error, %"),
        series: vec![
            Series {
                name: format!("here ({})", set.title()),
                points: points(ours.iter().map(|estimate| 100.0 * estimate.mean).collect()),
                errors: ours.iter().map(|estimate| 100.0 * estimate.error).collect(),
                style: Style::LineAndPoints,
            },
            Series {
                name: "paper (NORB)".to_owned(),
                points: points(INTERPOLATION.iter().map(|(_, figure)| figure.0).collect()),
                errors: Vec::new(),
                style: Style::LineAndPoints,
            },
        ],
        marks: Vec::new(),
    }
}

fn values(row: &Row) -> Value {
    json!({
        "alpha": row.alpha.is_finite().then_some(row.alpha),
        "activation": activation(row.alpha).to_string(),
        "learning_rate": super::setting::decimal(row.rate),
        "test_errors": row.seeds.iter().map(|one| one.test_error).collect::<Vec<_>>(),
        "mean_sparsity": mean_sparsity(&row.seeds),
    })
}

fn finding(rows: &[Row]) -> String {
    let errors: Vec<f64> = rows.iter().map(|row| test_error(&row.seeds).mean).collect();
    let (first, last) = (0, rows.len() - 1);
    let falls = errors.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    let best = (0..rows.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(last);
    let p = difference(&rows[first].seeds, &rows[last].seeds);
    let (change, more) = (errors[last] - errors[first], if p < LEVEL { "significantly " } else { "" });
    let rectifier = format!(
        "The rectifier's error, {}, is {more}{} than softplus's, {}{}.",
        percent(errors[last], 2),
        if change <= 0.0 { "lower" } else { "higher" },
        percent(errors[first], 2),
        if p < LEVEL { "" } else { " (not significant)" },
    );
    let steps = format!(
        "It falls in {falls} of {last} steps of α{}.",
        if falls == last { ", as in the paper" } else { "; in the paper in all" }
    );
    let smoothness = if best == last {
        "Nothing is gained by smoothness.".to_owned()
    } else if difference(&rows[best].seeds, &rows[last].seeds) < LEVEL {
        format!("α = {} does significantly better than the rectifier.", name(rows[best].alpha))
    } else {
        format!(
            "The least error is that of α = {}, not significantly below the rectifier's.",
            name(rows[best].alpha)
        )
    };
    [rectifier, steps, smoothness].join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::testing::{outcome, tiny};

    #[test]
    fn the_last_is_the_rectifier() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = outcome(Name::Interpolation, &tiny(folder.path()));
        let rows = outcome.values.as_array().unwrap();
        assert_eq!(rows.len(), 6);
        assert_eq!(rows[2]["activation"], "softplus:2");
        let (last, smooth) = rows.split_last().unwrap();
        assert_eq!(last["activation"], "rectifier");
        assert!(last["alpha"].is_null() && last["mean_sparsity"].as_f64().unwrap() > 0.2);
        for row in smooth {
            assert!(row["mean_sparsity"].as_f64().unwrap() < 0.01, "{row}");
        }
        for error in rows.iter().flat_map(|row| row["test_errors"].as_array().unwrap()) {
            assert!((0.0..0.5).contains(&error.as_f64().unwrap()), "better than chance: {error}");
        }
        let Plot::Chart(chart) = &outcome.plots[0] else { panic!("expected a chart") };
        assert_eq!(chart.series[0].points[5][0], 0.0);
        assert_eq!(chart.series[1].points[0], [1.0, 17.68]);
    }
}
