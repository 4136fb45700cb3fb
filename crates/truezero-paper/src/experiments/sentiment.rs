//! Stars from the text of a review: expected stars, with and without pre-training on reviews without stars.
//!
//! | | tiny | quick | full |
//! |---|---|---|---|
//! | units of each hidden layer (paper: 5000) | 30 | 300 | 500 |
//! | terms, at most (paper: 5000) | 300 | 5000 | 5000 |
//! | learning rates tried | 0.1 | 0.1 | 0.1, 0.01 |
//! | most epochs | 4 | 30 | 60 |
//! | epochs without a better validation error | 0 (never stop) | 5 | 10 |
//! | epochs of pre-training, from the lowest layer up | 1, 1, 1 | 5, 3, 1 | 15, 10, 1 |
//! | seeds | 2 | 3 | 3 |

use serde_json::{Value, json};
use truezero::autoencoder::{Corruption, PretrainingOptions, Reconstruction};
use truezero::{Activation, TrainingOptions};
use truezero_data::Targets;
use truezero_sparse::Batch;

use super::setting::{decimal, list};
use crate::Scale;
use crate::data::{Split, reviews, thousands};
use crate::error::Error;
use crate::published::{OPENTABLE, Sentiment};
use crate::result::{Axis, BarSeries, Bars, Cell, Outcome, Plot, Table};
use crate::runner::{Runner, Spec, Trained};
use crate::significance::{Estimate, LEVEL, among_best, paired_t};

/// Of the training reviews, one in so many keeps its stars; the others are only pre-trained on.
const LABELLED: usize = 4;
/// Zeros reconstructed for each non-zero of a review.
const SAMPLE_ZEROS: f32 = 5.0;

/// How much of each is done: the table above.
struct Amounts {
    units: usize,
    vocabulary: usize,
    rates: &'static [f32],
    epochs: usize,
    patience: usize,
    pretraining: [usize; 3],
    seeds: u64,
}

impl Amounts {
    fn of(scale: Scale) -> Self {
        scale.choose(
            Self {
                units: 30,
                vocabulary: 300,
                rates: &[0.1],
                epochs: 4,
                patience: 0,
                pretraining: [1; 3],
                seeds: 2,
            },
            Self {
                units: 300,
                vocabulary: 5000,
                rates: &[0.1],
                epochs: 30,
                patience: 5,
                pretraining: [5, 3, 1],
                seeds: 3,
            },
            Self {
                units: 500,
                vocabulary: 5000,
                rates: &[0.1, 0.01],
                epochs: 60,
                patience: 10,
                pretraining: [15, 10, 1],
                seeds: 3,
            },
        )
    }

    fn notes(&self) -> Vec<String> {
        let rates: Vec<String> = self.rates.iter().map(ToString::to_string).collect();
        let stop = match self.patience {
            0 => String::new(),
            patience => format!(", fewer if it has not fallen for {patience}"),
        };
        vec![
            format!(
                "Only every {LABELLED}th training review keeps its stars; pre-training sees all of them without. \
                 The paper had 10,000 reviews with stars and 300,000 without, and hidden layers of 5000 units; \
                 here they have {}.",
                self.units
            ),
            format!(
                "The prediction is the expected number of stars, Σ star × P(star). Mini-batches of 10, at most \
                 {} epochs; the weights are those of the epoch with the least validation error (the share of \
                 reviews whose likeliest number of stars is wrong){stop}. Learning rate: {}.",
                self.epochs,
                if rates.len() == 1 {
                    rates[0].clone()
                } else {
                    format!("of {}, the one with the least validation error of the first seed", list(&rates))
                }
            ),
            format!(
                "Pre-training: denoising auto-encoders with tied weights and a logistic decoder with \
                 cross-entropy, for {} epochs at most, from the lowest layer up. The lowest layer's noise drops \
                 a term with probability 0.8 and adds one with 0.005, and of the terms that are absent a sample \
                 of {SAMPLE_ZEROS} for each present one is reconstructed; the others' masks with 0.5 and 0.3.",
                list(&self.pretraining.map(|epochs| epochs.to_string()))
            ),
            format!(
                "Bold: not significantly worse than the best (paired t test on the squared errors of the test \
                 reviews, averaged over the {} seeds, p = {LEVEL}). After ± stands the standard error over the \
                 seeds.",
                self.seeds
            ),
        ]
    }
}

/// A model, as the paper has it but for its pre-training.
#[derive(Clone, Copy)]
struct Model {
    hidden: usize,
    activation: Activation,
    pretrained: bool,
    paper: &'static Sentiment,
}

/// All models: each of the paper's, and those with hidden layers also without pre-training.
fn models() -> Vec<Model> {
    let shapes = [
        (0, Activation::Rectifier),
        (1, Activation::Rectifier),
        (3, Activation::Rectifier),
        (3, Activation::Tanh),
    ];
    let variants = |((hidden, activation), paper): ((usize, Activation), &'static Sentiment)| {
        let variant = move |pretrained| Model { hidden, activation, pretrained, paper };
        if hidden == 0 { vec![variant(false)] } else { vec![variant(true), variant(false)] }
    };
    shapes.into_iter().zip(&OPENTABLE).flat_map(variants).collect()
}

impl Model {
    fn title(&self) -> String {
        format!("{}{}", self.paper.model, if self.pretrained { ", pre-trained" } else { "" })
    }

    /// The paper's own figures are those of the pre-trained networks, and of that without hidden layers.
    fn in_paper(&self) -> Option<&'static Sentiment> {
        (self.pretrained || self.hidden == 0).then_some(self.paper)
    }

    fn spec(&self, amounts: &Amounts, labelled: usize, seed: u64) -> Spec {
        let layers = self.hidden;
        let masking = |probability| Corruption::Masking { probability };
        let noise = [Corruption::SaltAndPepper { drop: 0.8, set: 0.005 }, masking(0.5), masking(0.3)];
        let pretraining = PretrainingOptions {
            corruption: noise[..layers].to_vec(),
            reconstruction: vec![Reconstruction::CrossEntropy],
            l1: [1e-4, 0.0, 0.0][..layers].to_vec(),
            learning_rate: [0.02, 0.01, 0.01][..layers].to_vec(),
            epochs: amounts.pretraining[..layers].to_vec(),
            sample_zeros: Some(SAMPLE_ZEROS),
            seed,
            ..PretrainingOptions::default()
        };
        let options = TrainingOptions {
            hidden: vec![amounts.units; layers],
            activation: vec![self.activation; layers],
            learning_rate: Some(amounts.rates[0]),
            epochs: amounts.epochs,
            patience: amounts.patience,
            seed,
            ..TrainingOptions::default()
        };
        let pretraining = self.pretrained.then_some(pretraining);
        Spec { options, pretraining, labelled: Some(labelled), ..Spec::default() }
    }
}

/// What became of a model.
struct Row {
    model: Model,
    rate: f32,
    seeds: Vec<Trained>,
    rmse: Estimate,
    /// Of each test review, mean over the seeds.
    squared_errors: Vec<f64>,
    /// Fraction of zeros in the hidden layers, or of the inputs if there is none.
    zeros: f64,
}

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let amounts = Amounts::of(runner.settings.scale);
    let mut outcome = Outcome {
        title: "Sentiment: stars from the text of a review".to_owned(),
        question: "Can networks of sparse rectifiers, pre-trained on reviews without stars, tell from the words \
                   of a review how many stars it gives?"
            .to_owned(),
        paper: "On restaurant reviews from OpenTable every hidden layer helped, and three layers of rectifiers \
                did better than three of tanh units (root mean squared error 0.746 against 0.774 stars), with \
                half of their values zero."
            .to_owned(),
        notes: amounts.notes(),
        values: json!({}),
        ..Outcome::default()
    };
    let mut findings = Vec::new();
    for found in reviews(runner.settings.data.as_deref())? {
        let data = found.load(amounts.vocabulary)?;
        let labelled = data.train.len().div_ceil(LABELLED);
        let rows = train(runner, &data, &amounts, labelled)?;
        let naive = error_of_mean(&data, labelled);
        outcome.tables.push(table(&data, &rows, naive));
        outcome.plots.push(Plot::Bars(bars(&data, &rows)));
        outcome.values[&data.name] =
            json!({ "mean_only_rmse": naive, "models": rows.iter().map(values).collect::<Vec<_>>() });
        findings.push(finding(&data, &rows, naive));
        outcome.data.push(format!(
            "{}; {} training reviews keep their stars",
            data.label,
            thousands(labelled)
        ));
    }
    outcome.finding = findings.join(" ");
    Ok(outcome)
}

/// Trains all models, with the learning rates that did best.
fn train(runner: &Runner<'_>, data: &Split, amounts: &Amounts, labelled: usize) -> Result<Vec<Row>, Error> {
    let models = models();
    let first = runner.settings.seed;
    let spec = |model: &Model, rate: f32, seed: u64| {
        let mut spec = model.spec(amounts, labelled, seed);
        spec.options.learning_rate = Some(rate);
        spec
    };
    let tried: Vec<Spec> = models
        .iter()
        .flat_map(|model| amounts.rates.iter().map(move |&rate| (model, rate)))
        .map(|(model, rate)| spec(model, rate, first))
        .collect();
    let errors = runner.train(data, &tried)?;
    let rates: Vec<f32> = errors
        .chunks(amounts.rates.len())
        .map(|errors| {
            let score =
                |at: &usize| if errors[*at].diverged { f64::INFINITY } else { errors[*at].validation_error };
            let best = (0..errors.len()).min_by(|a, b| score(a).total_cmp(&score(b)));
            amounts.rates[best.unwrap_or_default()]
        })
        .collect();
    let specs: Vec<Spec> = models
        .iter()
        .zip(&rates)
        .flat_map(|(model, &rate)| (first..first + amounts.seeds).map(move |seed| (model, rate, seed)))
        .map(|(model, rate, seed)| spec(model, rate, seed))
        .collect();
    let mut trained = runner.train(data, &specs)?.into_iter();
    let row =
        |(model, rate)| Row::new(data, model, rate, trained.by_ref().take(amounts.seeds as usize).collect());
    Ok(models.into_iter().zip(rates).map(row).collect())
}

impl Row {
    fn new(data: &Split, model: Model, rate: f32, seeds: Vec<Trained>) -> Self {
        let stars = stars(data, &data.test.targets);
        let squared: Vec<Vec<f64>> = seeds.iter().map(|one| squared_errors(&one.expected, &stars)).collect();
        let rmse: Vec<f64> = squared.iter().map(|errors| root_mean(errors)).collect();
        let mean = |at: usize| squared.iter().map(|errors| errors[at]).sum::<f64>() / squared.len() as f64;
        let zeros = if model.hidden == 0 {
            input_zeros(&data.test.inputs)
        } else {
            seeds.iter().map(Trained::mean_sparsity).sum::<f64>() / seeds.len() as f64
        };
        Self {
            model,
            rate,
            rmse: Estimate::of(&rmse),
            squared_errors: (0..stars.len()).map(mean).collect(),
            zeros,
            seeds,
        }
    }
}

/// The stars of each example.
fn stars(data: &Split, targets: &Targets) -> Vec<f64> {
    let Targets::Classes { labels, .. } = targets else { return Vec::new() };
    labels.iter().map(|&label| data.ratings[label as usize]).collect()
}

fn squared_errors(expected: &[f64], stars: &[f64]) -> Vec<f64> {
    expected.iter().zip(stars).map(|(expected, star)| (expected - star).powi(2)).collect()
}

fn root_mean(squares: &[f64]) -> f64 {
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

/// The root mean squared error of always predicting the mean of the stars that are known.
fn error_of_mean(data: &Split, labelled: usize) -> f64 {
    let all = stars(data, &data.data.targets);
    let mean = data.train[..labelled].iter().map(|&row| all[row]).sum::<f64>() / labelled as f64;
    let test = stars(data, &data.test.targets);
    root_mean(&squared_errors(&vec![mean; test.len()], &test))
}

fn input_zeros(inputs: &Batch) -> f64 {
    match inputs {
        Batch::Active(batch) => 1.0 - batch.density(),
        Batch::Dense(batch) => {
            let active = (0..batch.examples()).flat_map(|at| batch.row(at)).filter(|&&value| value != 0.0);
            1.0 - active.count() as f64 / (batch.examples() * batch.width()) as f64
        }
    }
}

/// The probability that chance makes two models differ so much.
fn difference(first: &Row, second: &Row) -> f64 {
    paired_t(&first.squared_errors, &second.squared_errors)
}

fn best(rows: &[Row]) -> Vec<bool> {
    let scores: Vec<f64> = rows.iter().map(|row| row.squared_errors.iter().sum()).collect();
    among_best(&scores, |a, b| difference(&rows[a], &rows[b]))
}

fn table(data: &Split, rows: &[Row], naive: f64) -> Table {
    let columns = [
        "model",
        "RMSE, stars",
        "paper (OpenTable), stars",
        "zeros, %",
        "paper, %",
        "learning rate",
        "epochs",
    ];
    let row = |(row, bold): (&Row, bool)| {
        let paper = row.model.in_paper();
        let epochs: Vec<f64> = row.seeds.iter().map(|one| one.epochs as f64).collect();
        vec![
            Cell::text(row.model.title()),
            Cell { bold, ..Cell::text(row.rmse.text(1.0, 3)) },
            Cell::paper(paper.map(|paper| paper.rmse), 3),
            Cell::text(format!("{:.1}", 100.0 * row.zeros)),
            Cell::paper(paper.map(|paper| paper.sparsity), 1),
            Cell::text(row.rate.to_string()),
            Cell::text(format!("{:.0}", Estimate::of(&epochs).mean)),
        ]
    };
    Table {
        title: format!("{}: root mean squared error; always the mean of the stars: {naive:.3}", data.name),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.iter().zip(best(rows)).map(row).collect(),
    }
}

fn bars(data: &Split, rows: &[Row]) -> Bars {
    Bars {
        title: format!("{}: root mean squared error of the expected stars", data.name),
        x: "model".to_owned(),
        y: Axis::new("RMSE, stars"),
        categories: rows.iter().map(|row| row.model.title()).collect(),
        series: vec![BarSeries {
            name: "RMSE".to_owned(),
            values: rows.iter().map(|row| row.rmse.mean).collect(),
            errors: rows.iter().map(|row| row.rmse.error).collect(),
        }],
    }
}

fn values(row: &Row) -> Value {
    json!({
        "model": row.model.title(),
        "rmse": row.rmse.mean,
        "standard_error": row.rmse.error,
        "seeds": row.seeds.len(),
        "zeros": row.zeros,
        "learning_rate": decimal(row.rate),
        "diverged": row.seeds.iter().filter(|one| one.diverged).count(),
    })
}

/// Which models are best, and what pre-training and depth did.
fn finding(data: &Split, rows: &[Row], naive: f64) -> String {
    let names: Vec<String> = rows
        .iter()
        .zip(best(rows))
        .filter(|(_, best)| *best)
        .map(|(row, _)| format!("{} ({})", row.model.title(), row.rmse.text(1.0, 3)))
        .collect();
    let find = |hidden: usize, activation: Activation, pretrained: bool| {
        rows.iter().find(|row| {
            row.model.hidden == hidden
                && (hidden == 0 || row.model.activation == activation)
                && row.model.pretrained == pretrained
        })
    };
    let mut sentences = vec![format!(
        "{}: among the best {} {}; always predicting the mean gives {naive:.3}.",
        data.name,
        if names.len() == 1 { "is" } else { "are" },
        list(&names)
    )];
    let effects: Vec<String> = rows
        .iter()
        .filter(|row| row.model.pretrained)
        .filter_map(|after| Some((after, find(after.model.hidden, after.model.activation, false)?)))
        .map(|(after, before)| {
            let words = ["helps", "makes no significant difference to", "harms"];
            compare(after, before, words, after.model.paper.model)
        })
        .collect();
    sentences.push(format!("Pre-training {}.", list(&effects)));
    let three = find(3, Activation::Rectifier, true);
    let others = [
        (find(0, Activation::Rectifier, false), "no hidden layer"),
        (find(1, Activation::Rectifier, true), "one layer of rectifiers"),
        (find(3, Activation::Tanh, true), "three layers of tanh units"),
    ];
    let comparisons: Vec<String> = others
        .into_iter()
        .filter_map(|(other, name)| {
            let words = ["are better than", "differ not significantly from", "are worse than"];
            Some(compare(three?, other?, words, name))
        })
        .collect();
    sentences.push(format!("Three pre-trained layers of rectifiers {}.", list(&comparisons)));
    sentences.join(" ")
}

/// Whether the first is significantly better than the second, not so, or worse: one of three phrases, then what
/// it is said of and by how much.
fn compare(first: &Row, second: &Row, [better, neither, worse]: [&str; 3], of: &str) -> String {
    let by = first.rmse.mean - second.rmse.mean;
    let words = match (difference(first, second) < LEVEL, by < 0.0) {
        (false, _) => neither,
        (true, true) => better,
        (true, false) => worse,
    };
    format!("{words} {of} ({by:+.3})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use crate::testing::{outcome, tiny};

    #[test]
    fn errors_of_expected_stars_are_squared_and_meaned() {
        let squares = squared_errors(&[3.5, 2.0], &[3.0, 5.0]);
        assert_eq!(squares, [0.25, 9.0]);
        assert_eq!(root_mean(&[9.0, 16.0]), 12.5_f64.sqrt());
    }

    #[test]
    fn models_are_the_papers_and_those_without_pretraining() {
        let titles: Vec<String> = models().iter().map(Model::title).collect();
        assert_eq!(titles.len(), 7);
        assert_eq!(titles[..3], ["no hidden layer", "rectifier, 1 layer, pre-trained", "rectifier, 1 layer"]);
        assert_eq!(models().iter().filter(|model| model.in_paper().is_some()).count(), 4);
    }

    #[test]
    fn words_tell_more_of_the_stars_than_their_mean() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = outcome(Name::Sentiment, &tiny(folder.path()));
        let set = &outcome.values["film-snippets"];
        let naive = set["mean_only_rmse"].as_f64().unwrap();
        assert!((1.1..1.3).contains(&naive), "{naive}");
        let models = set["models"].as_array().unwrap();
        assert_eq!(models.len(), 7);
        let rmse = |at: usize| models[at]["rmse"].as_f64().unwrap();
        assert!(rmse(0) < naive && rmse(2) < naive, "{} and {} against {naive}", rmse(0), rmse(2));
        assert!((0..7).all(|at| rmse(at) < 1.2 * naive), "{models:?}");
        let zeros = |at: usize| models[at]["zeros"].as_f64().unwrap();
        assert!(zeros(0) > 0.9 && (0.1..0.95).contains(&zeros(2)), "{models:?}");
        assert_eq!(zeros(6), 0.0, "tanh gives no zeros");
        assert!(outcome.tables[0].rows.iter().any(|row| row[1].bold));
        assert!(outcome.data[0].contains("substitute for OpenTable"));
    }
}
