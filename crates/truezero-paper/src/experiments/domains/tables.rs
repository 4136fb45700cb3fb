//! What the transfer between domains came to, as tables, plots and words.

use std::ops::Range;

use serde_json::json;

use super::{Amounts, Measured, Results, VALIDATION, pairs};
use crate::data::{Domain, thousands};
use crate::experiments::setting::percent;
use crate::result::{Axis, BarSeries, Bars, Cell, Chart, Outcome, Plot, Series, Style, Table};
use crate::runner::Trained;
use crate::significance::{Estimate, LEVEL, among_best, mcnemar};

/// What is asked, and what the papers found.
pub(super) fn outcome() -> Outcome {
    Outcome {
        title: "Domains: from one kind of review to another (companion paper)".to_owned(),
        question: "Does a linear model that has learned to judge reviews of one kind of product judge those of \
                   another kind better on the codes of an auto-encoder, trained without judgements on reviews \
                   of all kinds, than on raw words?"
            .to_owned(),
        paper: "The companion paper (ICML 2011) found the lowest transfer loss with codes, of all methods \
                compared, and that domains are easier to tell apart by their codes than by their words. The \
                paper itself reports an accuracy of 78.95 % on this benchmark, against 73.72 % before."
            .to_owned(),
        ..Outcome::default()
    }
}

pub(super) fn report(results: &Results, found: &[Domain], amounts: &Amounts) -> Outcome {
    let summary = Summary::new(results);
    let sizes: Vec<String> = found
        .iter()
        .map(|domain| {
            let (train, test) = (domain.train.examples(), domain.test.examples());
            format!("{} ({} training, {} test)", domain.name, thousands(train), thousands(test))
        })
        .collect();
    Outcome {
        finding: summary.finding(),
        data: vec![format!(
            "Amazon product reviews (Blitzer et al. 2007), binary bags of {} terms: {}",
            thousands(found[0].train.inputs.width()),
            sizes.join(", ")
        )],
        tables: vec![errors(results), summary.table(), distances(results)],
        plots: vec![Plot::Bars(losses(results)), Plot::Chart(scatter(results))],
        notes: vec![
            format!(
                "Auto-encoder: {} rectifiers (companion paper: 5000), tied weights, noise that drops a term with \
                 probability 0.8 and adds one with 0.005, logistic decoder with cross-entropy, at most {} epochs \
                 over the training and test reviews of all domains, without their labels.",
                amounts.units, amounts.pretraining
            ),
            format!(
                "Linear model: logistic regression with weight decay (the companion paper: linear support \
                 vector machine), decay and learning rate chosen on {} of the source's training reviews; no \
                 label of the target is used.",
                percent(VALIDATION, 0)
            ),
            format!(
                "{} seeds, of the auto-encoder and of the order of examples. Bold: not significantly worse \
                 (McNemar's test in the form for clusters, p = {LEVEL}).",
                amounts.seeds
            ),
        ],
        values: json!({
            "pairs": transfers(results).map(|(s, t)| json!({
                "source": results.names[s],
                "target": results.names[t],
                "words": results.error(&results.words, s, t).mean,
                "codes": results.error(&results.codes, s, t).mean,
                "transfer_loss_words": results.loss(&results.words, s, t),
                "transfer_loss_codes": results.loss(&results.codes, s, t),
            })).collect::<Vec<_>>(),
            "in_domain": (0..results.names.len()).map(|t| json!({
                "domain": results.names[t],
                "words": results.error(&results.words, t, t).mean,
                "codes": results.error(&results.codes, t, t).mean,
            })).collect::<Vec<_>>(),
            "transfer_ratio": { "words": summary.words.ratio.mean, "codes": summary.codes.ratio.mean },
            "in_domain_ratio": { "words": summary.words.in_domain.mean, "codes": summary.codes.in_domain.mean },
            "proxy_a_distance": pairs(results.names.len()).enumerate().map(|(at, (a, b))| json!({
                "domains": [results.names[a], results.names[b]],
                "words": results.words.distance(at).mean,
                "codes": results.codes.distance(at).mean,
            })).collect::<Vec<_>>(),
            "zeros": { "words": results.zeros[0], "codes": results.zeros[1] },
        }),
        ..outcome()
    }
}

impl Measured {
    /// For each seed what the model of a source judges wrong in a place.
    fn wrong(&self, source: usize, place: &Range<usize>) -> Vec<&[u32]> {
        self.models.iter().map(|models| within(&models[source].wrong, place)).collect()
    }

    fn distance(&self, pair: usize) -> Estimate {
        Estimate::of(&self.distances.iter().map(|of_seed| of_seed[pair]).collect::<Vec<_>>())
    }
}

impl Results {
    /// e(S, T) over the seeds.
    fn error(&self, form: &Measured, source: usize, target: usize) -> Estimate {
        let place = &self.places[target];
        let errors = form.models.iter().map(|models| error(&models[source], place));
        Estimate::of(&errors.collect::<Vec<_>>())
    }

    /// e_b(T, T).
    fn baseline(&self, target: usize) -> f64 {
        self.error(&self.words, target, target).mean
    }

    /// t(S, T).
    fn loss(&self, form: &Measured, source: usize, target: usize) -> f64 {
        self.error(form, source, target).mean - self.baseline(target)
    }

    /// The probability that chance makes words and codes differ so much.
    fn difference(&self, source: usize, target: usize) -> f64 {
        let place = &self.places[target];
        mcnemar(&self.words.wrong(source, place), &self.codes.wrong(source, place))
    }
}

/// The share that a model judges wrong of the reviews in a place.
fn error(model: &Trained, place: &Range<usize>) -> f64 {
    within(&model.wrong, place).len() as f64 / place.len() as f64
}

/// Those of the positions, which rise, that are in a range.
fn within<'a>(positions: &'a [u32], range: &Range<usize>) -> &'a [u32] {
    let from = |at: usize| positions.partition_point(|&position| (position as usize) < at);
    &positions[from(range.start)..from(range.end)]
}

/// All (source, target) that differ.
fn transfers(results: &Results) -> impl Iterator<Item = (usize, usize)> {
    let count = results.names.len();
    (0..count).flat_map(move |s| (0..count).filter(move |&t| t != s).map(move |t| (s, t)))
}

/// Error on every target of every source.
fn errors(results: &Results) -> Table {
    let columns = [
        "source → target",
        "words: error, %",
        "codes: error, %",
        "words: transfer loss, points",
        "codes: transfer loss, points",
    ];
    let in_domain = (0..results.names.len()).map(|t| (t, t));
    let row = |(s, t): (usize, usize)| {
        let forms = [&results.words, &results.codes];
        let found = forms.map(|form| results.error(form, s, t));
        let best = among_best(&found.map(|error| error.mean), |_, _| results.difference(s, t));
        let name = if s == t { "in the domain: " } else { "" };
        let mut row = vec![Cell::text(format!("{name}{} → {}", results.names[s], results.names[t]))];
        row.extend(
            found.iter().zip(best).map(|(error, bold)| Cell { bold, ..Cell::text(error.text(100.0, 2)) }),
        );
        row.extend(forms.map(|form| Cell::text(format!("{:+.2}", 100.0 * results.loss(form, s, t)))));
        row
    };
    Table {
        title: "Error from domain to domain".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: transfers(results).chain(in_domain).map(row).collect(),
    }
}

/// Of one form, over all pairs: for each seed a mean, and these estimated.
struct Means {
    loss: Estimate,
    ratio: Estimate,
    in_domain: Estimate,
    accuracy: Estimate,
    distance: Estimate,
}

struct Summary {
    words: Means,
    codes: Means,
    /// Pairs on which the codes are significantly better, worse.
    verdicts: [usize; 2],
    pairs: usize,
}

impl Summary {
    fn new(results: &Results) -> Self {
        let all: Vec<(usize, usize)> = transfers(results).collect();
        let mut verdicts = [0, 0];
        for &(s, t) in all.iter().filter(|(s, t)| results.difference(*s, *t) < LEVEL) {
            let [words, codes] = [&results.words, &results.codes].map(|form| results.error(form, s, t).mean);
            verdicts[usize::from(codes > words)] += 1;
        }
        Self {
            words: Means::new(results, &results.words, &all),
            codes: Means::new(results, &results.codes, &all),
            verdicts,
            pairs: all.len(),
        }
    }

    fn table(&self) -> Table {
        let row = |name: &str, values: [String; 2]| {
            [name.to_owned()].into_iter().chain(values).map(Cell::text).collect()
        };
        let both = |of: fn(&Means) -> &Estimate, factor: f64, decimals: usize| {
            [&self.words, &self.codes].map(|means| of(means).text(factor, decimals))
        };
        Table {
            title: "All pairs together".to_owned(),
            columns: ["mean over the pairs", "words", "codes"].map(str::to_owned).to_vec(),
            rows: vec![
                row("transfer loss, points", both(|means| &means.loss, 100.0, 2)),
                row("transfer ratio Q", both(|means| &means.ratio, 1.0, 3)),
                row("in-domain ratio I", both(|means| &means.in_domain, 1.0, 3)),
                row("accuracy on the target, %", both(|means| &means.accuracy, 100.0, 2)),
                row("proxy A-distance", both(|means| &means.distance, 1.0, 3)),
            ],
        }
    }

    fn finding(&self) -> String {
        let [better, worse] = self.verdicts;
        let apart = if self.codes.distance.mean > self.words.distance.mean { "easier" } else { "harder" };
        format!(
            "Over {} pairs of domains the transfer loss is {} points on words and {} on codes, the transfer \
             ratio {} and {}: codes are significantly better on {better} of the pairs and worse on {worse}. \
             Domains are {apart} to tell apart by codes than by words (proxy A-distance {} against {}).",
            self.pairs,
            self.words.loss.text(100.0, 2),
            self.codes.loss.text(100.0, 2),
            self.words.ratio.text(1.0, 3),
            self.codes.ratio.text(1.0, 3),
            self.codes.distance.text(1.0, 3),
            self.words.distance.text(1.0, 3),
        )
    }
}

impl Means {
    fn new(results: &Results, form: &Measured, all: &[(usize, usize)]) -> Self {
        let domains: Vec<(usize, usize)> = (0..results.names.len()).map(|t| (t, t)).collect();
        let over = |pairs: &[(usize, usize)], value: &dyn Fn(f64, f64) -> f64| {
            let of_seed = |models: &Vec<Trained>| {
                let values = pairs
                    .iter()
                    .map(|&(s, t)| value(error(&models[s], &results.places[t]), results.baseline(t)));
                values.sum::<f64>() / pairs.len() as f64
            };
            Estimate::of(&form.models.iter().map(of_seed).collect::<Vec<_>>())
        };
        let distances = form.distances.iter().map(|all| all.iter().sum::<f64>() / all.len() as f64);
        Self {
            loss: over(all, &|error, baseline| error - baseline),
            ratio: over(all, &|error, baseline| error / baseline),
            in_domain: over(&domains, &|error, baseline| error / baseline),
            accuracy: over(all, &|error, _| 1.0 - error),
            distance: Estimate::of(&distances.collect::<Vec<_>>()),
        }
    }
}

fn distances(results: &Results) -> Table {
    let row = |(at, (a, b)): (usize, (usize, usize))| {
        let form = |form: &Measured| Cell::text(form.distance(at).text(1.0, 3));
        let name = format!("{} and {}", results.names[a], results.names[b]);
        vec![Cell::text(name), form(&results.words), form(&results.codes)]
    };
    Table {
        title:
            "Proxy A-distance: 2 if a linear model tells the domains apart without error, 0 if by chance only"
                .to_owned(),
        columns: ["domains", "words", "codes"].map(str::to_owned).to_vec(),
        rows: pairs(results.names.len()).enumerate().map(row).collect(),
    }
}

fn losses(results: &Results) -> Bars {
    let series = |name: &str, form: &Measured| BarSeries {
        name: name.to_owned(),
        values: transfers(results).map(|(s, t)| 100.0 * results.loss(form, s, t)).collect(),
        errors: transfers(results).map(|(s, t)| 100.0 * results.error(form, s, t).error).collect(),
    };
    Bars {
        title: "Transfer loss: error above that of words within the target domain".to_owned(),
        x: "source → target".to_owned(),
        y: Axis::new("transfer loss, percentage points"),
        categories: transfers(results)
            .map(|(s, t)| format!("{} → {}", results.names[s], results.names[t]))
            .collect(),
        series: vec![series("raw words", &results.words), series("codes", &results.codes)],
    }
}

fn scatter(results: &Results) -> Chart {
    let points: Vec<[f64; 2]> = pairs(results.names.len())
        .enumerate()
        .map(|(at, _)| [results.words.distance(at).mean, results.codes.distance(at).mean])
        .collect();
    let all = || points.iter().flatten().copied();
    let range = [all().fold(f64::INFINITY, f64::min) - 0.05, all().fold(f64::NEG_INFINITY, f64::max) + 0.05];
    let axis = |label: &str| Axis { range: Some(range), ..Axis::new(label) };
    Chart {
        title: "Proxy A-distance of each pair of domains".to_owned(),
        x: axis("on raw words"),
        y: axis("on codes"),
        series: vec![
            Series {
                name: "pairs of domains".to_owned(),
                points: points.clone(),
                style: Style::Points,
                ..Series::default()
            },
            Series {
                name: "equal".to_owned(),
                points: vec![[range[0]; 2], [range[1]; 2]],
                ..Series::default()
            },
        ],
        marks: Vec::new(),
    }
}
