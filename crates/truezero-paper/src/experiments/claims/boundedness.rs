//! Rectifier activations have no bound of their own; an L1 penalty keeps them small, and training stable.

use serde_json::json;
use truezero::{Network, TrainingOptions};
use truezero_sparse::DenseBatch;

use super::bench::{ACTIVATIONS, Bench, RECTIFIER, codes};
use super::claim::{Claim, Verdict};
use crate::error::Error;
use crate::result::{Axis, Chart, Plot, Series, Style};
use crate::runner::{Spec, Trained};

/// Without and with the penalty, which the four networks have.
const PENALTIES: [f32; 2] = [0.0, 1e-4];
/// Learning rates of which some are too high.
const RATES: [f32; 6] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
/// Hidden layers of the networks that are trained with them.
const HIDDEN: [usize; 3] = [100; 3];
/// A network that errs on this share of what guessing errs on has learnt nothing.
const GUESSING: f64 = 0.9;

/// Networks of an activation and a penalty, of all rates and seeds.
struct Runs {
    /// Mean test error for each rate.
    errors: Vec<f64>,
    /// The cost became infinite.
    diverged: usize,
    /// It did not, but they do no better than guessing.
    guessing: usize,
    count: usize,
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Claim, Error> {
    let highest = highest_activations(bench)?;
    let runs = runs(bench)?;
    let failed = |at: usize, penalty: usize| runs[at][penalty].diverged + runs[at][penalty].guessing;
    let figures = [0, 1, 2, 3].map(|at| {
        let [without, with] = highest[at];
        format!("{without:.1}→{with:.1} / {}→{}", failed(at, 0), failed(at, 1))
    });
    let [without, with] = &runs[RECTIFIER];
    let verdict = Verdict::of(
        highest[RECTIFIER][1] < highest[RECTIFIER][0],
        failed(RECTIFIER, 1) < failed(RECTIFIER, 0),
        format!(
            "the highest rectifier activation is {:.2} without a penalty and {:.2} with λ {}; of {} trainings with \
             rates from {} to {}, {} fail without and {} with the penalty ({} and {} by an infinite cost)",
            highest[RECTIFIER][0],
            highest[RECTIFIER][1],
            PENALTIES[1],
            without.count,
            RATES[0],
            RATES[RATES.len() - 1],
            failed(RECTIFIER, 0),
            failed(RECTIFIER, 1),
            without.diverged,
            with.diverged,
        ),
    );
    let series = ACTIVATIONS.iter().zip(&runs).flat_map(|(activation, runs)| {
        PENALTIES.iter().zip(runs).map(move |(l1, runs)| Series {
            name: format!("{activation}, λ {l1}"),
            points: RATES.iter().zip(&runs.errors).map(|(&rate, e)| [f64::from(rate), 100.0 * e]).collect(),
            style: Style::LineAndPoints,
            ..Series::default()
        })
    });
    let values = ACTIVATIONS.iter().zip(&highest).zip(&runs).map(|((activation, highest), runs)| {
        json!({
            "activation": activation,
            "highest_activation": highest,
            "runs": runs[0].count,
            "diverged": runs.each_ref().map(|runs| runs.diverged),
            "guessing": runs.each_ref().map(|runs| runs.guessing),
            "error_by_rate": runs.each_ref().map(|runs| runs.errors.clone()),
        })
    });
    let (examples, epochs, seeds) = bench.sizes.divergence;
    Ok(Claim {
        name: "boundedness",
        statement: "Rectifier activations have no bound; an L1 penalty keeps them small, and training stable.",
        measure: format!(
            "λ 0→{}: highest activation / trainings of {} at several rates that fail",
            PENALTIES[1], runs[RECTIFIER][0].count
        ),
        figures,
        curve: ("rectifier, error by rate with the penalty", with.errors.clone()),
        verdict,
        plots: vec![Plot::Chart(Chart {
            title: "Error after a short training, by learning rate".to_owned(),
            x: Axis { log: true, ..Axis::new("learning rate") },
            y: Axis::new("test error, %"),
            series: series.collect(),
            marks: Vec::new(),
        })],
        note: Some(format!(
            "highest activations are of the four networks and of their twins without a penalty, trained with the same \
             rate. The trainings with the rates {RATES:?} are of {HIDDEN:?} units, {epochs} epochs of at most {examples} \
             examples and {seeds} seeds; one fails if the cost becomes infinite or the test error is above {:.0} % of \
             that of guessing, which with slow learners may be want of time",
            100.0 * GUESSING
        )),
        values: values.collect(),
    })
}

/// Of each of the four networks: without the penalty, and with it.
fn highest_activations(bench: &Bench<'_>) -> Result<Vec<[f64; 2]>, Error> {
    let specs = bench.subjects.each_ref().map(|subject| {
        let options = TrainingOptions { l1: PENALTIES[0], ..subject.options.clone() };
        Spec { options, keep: true, ..Spec::default() }
    });
    let twins = bench.runner.train(&bench.split, &specs)?;
    let pair = |(twin, at): (&Trained, usize)| {
        let twin = twin.network.as_ref().expect("a network that was to be kept");
        [twin, &bench.subjects[at].network].map(|network| highest(network, bench))
    };
    Ok(twins.iter().zip(0..).map(pair).collect())
}

/// On the sample, in any hidden layer.
fn highest(network: &Network, bench: &Bench<'_>) -> f64 {
    let all = |code: &DenseBatch| code.padded().iter().fold(0.0_f32, |highest, h| highest.max(h.abs()));
    f64::from(codes(network, &bench.sample.inputs).iter().map(all).fold(0.0, f32::max))
}

/// For each activation: without the penalty, and with it.
fn runs(bench: &Bench<'_>) -> Result<Vec<[Runs; 2]>, Error> {
    let (examples, epochs, seeds) = bench.sizes.divergence;
    let mut specs = Vec::new();
    for activation in ACTIVATIONS {
        for l1 in PENALTIES {
            for learning_rate in RATES {
                specs.extend((0..seeds as u64).map(|seed| {
                    let options = TrainingOptions {
                        hidden: HIDDEN.to_vec(),
                        activation: vec![activation],
                        l1,
                        learning_rate: Some(learning_rate),
                        epochs,
                        seed: bench.runner.settings.seed + seed,
                        ..TrainingOptions::default()
                    };
                    Spec { options, labelled: Some(examples), ..Spec::default() }
                }));
            }
        }
    }
    let trained = bench.runner.train(&bench.split, &specs)?;
    let chance = 1.0 - 1.0 / bench.split.data.targets.outputs() as f64;
    let mut of_penalties =
        trained.chunks(RATES.len() * seeds).map(|networks| Runs::of(networks, seeds, GUESSING * chance));
    let mut next = || of_penalties.next().expect("networks for each activation and penalty");
    Ok(ACTIVATIONS.map(|_| [next(), next()]).into())
}

impl Runs {
    fn of(networks: &[Trained], seeds: usize, guessing: f64) -> Self {
        let mean = |seeds: &[Trained]| {
            seeds.iter().map(|trained| trained.test_error).sum::<f64>() / seeds.len() as f64
        };
        let lost = |trained: &&Trained| !trained.diverged && trained.test_error >= guessing;
        Self {
            errors: networks.chunks(seeds).map(mean).collect(),
            diverged: networks.iter().filter(|trained| trained.diverged).count(),
            guessing: networks.iter().filter(lost).count(),
            count: networks.len(),
        }
    }
}
