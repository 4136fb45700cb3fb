//! Rectifier activations have no bound of their own; an L1 penalty keeps them small.

use serde_json::json;
use truezero::{Network, TrainingOptions};
use truezero_sparse::DenseBatch;

use super::bench::{ACTIVATIONS, Bench, RECTIFIER, codes};
use super::claim::{Claim, Verdict};
use crate::error::Error;
use crate::result::{Axis, Chart, Plot, Series, Style};
use crate::runner::{Spec, Trained};

/// Without and with the penalty.
const PENALTIES: [f32; 2] = [0.0, 1e-4];
/// The rate at which activations are compared; all networks train with it.
const RATE: f32 = 0.1;
/// A network that errs on this share of what guessing errs on has learnt nothing.
const GUESSING: f64 = 0.9;

/// The networks of an activation and a penalty, one for each rate.
struct Runs {
    /// The highest activation on the sample; none if the cost became infinite.
    highest: Vec<Option<f64>>,
    diverged: usize,
    /// Did not diverge, but do no better than guessing.
    guessing: usize,
}

impl Runs {
    fn failed(&self) -> usize {
        self.diverged + self.guessing
    }
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Claim, Error> {
    let (hidden, epochs, rates) = &bench.sizes.divergence;
    let mut specs = Vec::new();
    for activation in ACTIVATIONS {
        for l1 in PENALTIES {
            specs.extend(rates.iter().map(|&learning_rate| {
                let options = TrainingOptions {
                    hidden: hidden.clone(),
                    activation: vec![activation],
                    l1,
                    learning_rate,
                    epochs: *epochs,
                    seed: bench.runner.settings.seed,
                    ..TrainingOptions::default()
                };
                Spec { options, keep: true, ..Spec::default() }
            }));
        }
    }
    let trained = bench.runner.train(&bench.split, &specs)?;
    let chance = 1.0 - 1.0 / bench.split.data.targets.outputs() as f64;
    // First by activation, then by penalty.
    let runs: Vec<Runs> =
        trained.chunks(rates.len()).map(|networks| Runs::of(networks, bench, GUESSING * chance)).collect();
    let of = |at: usize, penalty: usize| &runs[at * PENALTIES.len() + penalty];
    let at_rate = rates.iter().position(|&rate| rate == RATE).expect("one of the rates");
    let highest = |at: usize, penalty: usize| of(at, penalty).highest[at_rate];
    let told = |highest: Option<f64>| highest.map_or("diverged".to_owned(), |h| format!("{h:.2}"));
    let failed = |at: usize, penalty: usize| format!("{}/{}", of(at, penalty).failed(), rates.len());

    let figures = [0, 1, 2, 3].map(|at| {
        format!("{} → {}; {} → {}", told(highest(at, 0)), told(highest(at, 1)), failed(at, 0), failed(at, 1))
    });
    let lower = match [highest(RECTIFIER, 0), highest(RECTIFIER, 1)] {
        [Some(without), Some(with)] => with < without,
        [None, Some(_)] => true,
        [_, None] => false,
    };
    let [without, with] = [0, 1].map(|penalty| of(RECTIFIER, penalty));
    let verdict = Verdict::of(
        lower,
        with.failed() < without.failed() || without.failed() == 0 && with.failed() == 0,
        format!(
            "at rate {RATE} the highest rectifier activation is {} without a penalty and {} with λ = 1e-4; of {} rates \
             from {} to {} training fails with {} without and with {} with the penalty ({} and {} of them by an \
             infinite cost)",
            told(highest(RECTIFIER, 0)),
            told(highest(RECTIFIER, 1)),
            rates.len(),
            rates[0],
            rates[rates.len() - 1],
            without.failed(),
            with.failed(),
            without.diverged,
            with.diverged,
        ),
    );
    let series = ACTIVATIONS.iter().enumerate().flat_map(|(at, activation)| {
        let of = &of;
        PENALTIES.iter().enumerate().map(move |(penalty, l1)| Series {
            name: format!("{activation}, λ = {l1}"),
            points: rates
                .iter()
                .zip(&of(at, penalty).highest)
                .filter_map(|(&rate, highest)| Some([f64::from(rate), highest.filter(|h| *h > 0.0)?]))
                .collect(),
            style: Style::LineAndPoints,
            ..Series::default()
        })
    });
    let values = runs.iter().enumerate().map(|(at, runs)| {
        json!({ "activation": ACTIVATIONS[at / PENALTIES.len()], "l1": PENALTIES[at % PENALTIES.len()],
                "highest_activation": runs.highest, "diverged": runs.diverged, "guessing": runs.guessing })
    });
    Ok(Claim {
        name: "boundedness",
        statement: "Rectifier activations have no bound; an L1 penalty keeps them small, and training stable.",
        measure: format!(
            "highest activation at rate {RATE}, without → with λ 1e-4; networks of {} learning rates that fail",
            rates.len()
        ),
        figures,
        curve: (
            "rectifier, λ 1e-4, highest activation by rate",
            with.highest.iter().copied().flatten().collect(),
        ),
        verdict,
        plots: vec![Plot::Chart(Chart {
            title: "Highest activation after training".to_owned(),
            x: Axis { log: true, ..Axis::new("learning rate") },
            y: Axis { log: true, ..Axis::new("highest activation") },
            series: series.collect(),
            marks: Vec::new(),
        })],
        note: Some(format!(
            "networks of {hidden:?} units, epochs: {epochs}, rates {rates:?}; training fails if the cost becomes \
             infinite or the test error is above {:.0} % of that of guessing, which with slow learners may be want of \
             time; a network that diverged has no highest activation",
            100.0 * GUESSING
        )),
        values: json!({ "rates": rates, "runs": values.collect::<Vec<_>>() }),
    })
}

impl Runs {
    fn of(networks: &[Trained], bench: &Bench<'_>, chance: f64) -> Self {
        let highest = networks.iter().map(|trained| {
            let network = trained.network.as_ref().filter(|_| !trained.diverged)?;
            Some(highest(network, bench))
        });
        let lost = |trained: &&Trained| !trained.diverged && trained.test_error >= chance;
        Self {
            highest: highest.collect(),
            diverged: networks.iter().filter(|trained| trained.diverged).count(),
            guessing: networks.iter().filter(lost).count(),
        }
    }
}

fn highest(network: &Network, bench: &Bench<'_>) -> f64 {
    let all = |code: &DenseBatch| code.padded().iter().fold(0.0_f32, |highest, h| highest.max(h.abs()));
    f64::from(codes(network, &bench.sample.inputs).iter().map(all).fold(0.0, f32::max))
}
