//! Information disentangling: small changes of the input keep the set of active units.

use serde_json::json;
use truezero_sparse::{Batch, DenseBatch};

use super::bench::{ACTIVATIONS, Bench, RECTIFIER, codes, dense};
use super::claim::{Claim, Verdict};
use super::random::Random;
use crate::error::Error;
use crate::experiments::setting::list;
use crate::result::{Axis, Chart, Plot, Series, Style};

/// Standard deviations of the noise, in those of the inputs.
pub(super) const NOISE: [f64; 7] = [0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];
/// Position in [`NOISE`] of the noise that counts as a small change: a sixteenth of the inputs' variance.
const SMALL: usize = 3;
/// The share of the active units in common from which a set counts as kept.
const KEPT: f64 = 0.8;

/// How alike the codes of two sets of inputs are, averaged over examples and layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likeness {
    /// Of the units active in either code, the share active in both (Jaccard).
    pub(super) jaccard: f64,
    /// Cosine of the angle between the codes, each less the mean code.
    pub(super) cosine: f64,
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Claim, Error> {
    let clean = dense(&bench.sample.inputs);
    let deviation = deviation(&clean);
    let seed = bench.runner.settings.seed;
    let noisy: Vec<Batch> =
        NOISE.iter().map(|level| Batch::Dense(with_noise(&clean, level * deviation, seed))).collect();
    let examples = clean.examples();
    let other: Vec<usize> = (0..examples).map(|example| (example + 1) % examples).collect();
    let measured = bench.runner.parallel(ACTIVATIONS.len(), |at| {
        let network = &bench.subjects[at].network;
        let base = codes(network, &noisy[0]);
        let rectified = at == RECTIFIER;
        let levels: Vec<Likeness> =
            noisy.iter().map(|inputs| likeness(&base, &codes(network, inputs), rectified)).collect();
        let others: Vec<DenseBatch> = base
            .iter()
            .map(|code| {
                let mut moved = DenseBatch::default();
                moved.copy_from(code, &other);
                moved
            })
            .collect();
        Ok((levels, likeness(&base, &others, rectified)))
    })?;

    let figures = [0, 1, 2, 3].map(|at| format!("{:.2}", measured[at].0[SMALL].jaccard));
    let levels = &measured[RECTIFIER].0;
    let kept = levels[SMALL].jaccard;
    // What is left of the overlap beyond that of different inputs.
    let beyond = measured
        .iter()
        .map(|(levels, between)| (levels[SMALL].jaccard - between.jaccard) / (1.0 - between.jaccard));
    let beyond: Vec<f64> = beyond.collect();
    let smooth = beyond[RECTIFIER + 1..].iter().copied().fold(0.0, f64::max);
    let cosines = measured.iter().map(|(levels, _)| format!("{:.3}", levels[SMALL].cosine));
    let cosines: Vec<String> = cosines.collect();
    let verdict = Verdict::of(
        kept >= KEPT,
        beyond[RECTIFIER] >= smooth,
        format!(
            "under noise of {} of the inputs' standard deviation {kept:.2} of the active rectifiers stay the same, \
             against {:.2} between different inputs; beyond the overlap of different inputs rectifiers keep {:.2} of \
             it, and smooth units above their mean up to {smooth:.2}; the codes keep cosines of {}",
            NOISE[SMALL],
            measured[RECTIFIER].1.jaccard,
            beyond[RECTIFIER],
            list(&cosines),
        ),
    );
    let chart = |title: &str, label: &str, value: fn(&Likeness) -> f64| {
        let series = ACTIVATIONS.iter().zip(&measured).map(|(activation, (levels, _))| Series {
            name: activation.to_string(),
            points: NOISE.iter().zip(levels).map(|(&noise, level)| [noise, value(level)]).collect(),
            style: Style::LineAndPoints,
            ..Series::default()
        });
        Plot::Chart(Chart {
            title: title.to_owned(),
            x: Axis::new("noise, standard deviations of the inputs"),
            y: Axis { range: Some([0.0, 1.0]), ..Axis::new(label) },
            series: series.collect(),
            marks: Vec::new(),
        })
    };
    let pairs = |levels: &[Likeness]| levels.iter().map(|l| [l.jaccard, l.cosine]).collect::<Vec<_>>();
    Ok(Claim {
        name: "robustness",
        statement: "Small changes of the input keep the set of active units (information disentangling).",
        measure: format!(
            "overlap (Jaccard) of the active units with and without noise of {} standard deviations of the inputs",
            NOISE[SMALL]
        ),
        figures,
        curve: ("rectifier, overlap under growing noise", levels.iter().map(|level| level.jaccard).collect()),
        verdict,
        plots: vec![
            chart("Overlap of the active units under input noise", "Jaccard overlap", |l| l.jaccard),
            chart("Direction of the codes under input noise", "cosine", |l| l.cosine),
        ],
        note: Some(
            "Gaussian noise on every input. A rectifier is active if it is not zero; a smooth unit never is, and \
             counts as active if it is above its own mean over the inputs without noise. Cosines are of codes less \
             the mean code. Sets of few units overlap less by chance than those of half of the units: \
             hence the comparison with different inputs. Means over the hidden layers."
                .to_owned(),
        ),
        values: json!({
            "noise": NOISE,
            "jaccard_and_cosine": measured.iter().map(|(levels, _)| pairs(levels)).collect::<Vec<_>>(),
            "between_inputs": measured.iter().map(|(_, between)| between.jaccard).collect::<Vec<_>>(),
        }),
    })
}

/// Of all values together.
fn deviation(batch: &DenseBatch) -> f64 {
    let values = || (0..batch.examples()).flat_map(|example| batch.row(example)).map(|&x| f64::from(x));
    let count = (batch.examples() * batch.width()).max(1) as f64;
    let mean = values().sum::<f64>() / count;
    (values().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt()
}

fn with_noise(batch: &DenseBatch, deviation: f64, seed: u64) -> DenseBatch {
    let (mut noisy, mut random) = (batch.clone(), Random::new(seed));
    for example in 0..noisy.examples() {
        noisy.row_mut(example).iter_mut().for_each(|x| *x += deviation as f32 * random.normal());
    }
    noisy
}

/// Compares codes layer by layer. A unit is active if it is above 0, or where the layers are smooth above its
/// mean in `base`.
pub(super) fn likeness(base: &[DenseBatch], codes: &[DenseBatch], rectified: bool) -> Likeness {
    let (mut jaccard, mut cosine) = (0.0, 0.0);
    for (base, codes) in base.iter().zip(codes) {
        let examples = base.examples() as f64;
        let mut means = Vec::new();
        base.column_sums(&mut means);
        means.iter_mut().for_each(|mean| *mean /= examples as f32);
        for example in 0..base.examples() {
            let (a, b) = (base.row(example), codes.row(example));
            let (mut both, mut either) = (0, 0);
            let (mut product, mut squares) = (0.0, [0.0, 0.0]);
            for ((&a, &b), &mean) in a.iter().zip(b).zip(&means) {
                let threshold = if rectified { 0.0 } else { mean };
                let (on, still) = (a > threshold, b > threshold);
                both += usize::from(on && still);
                either += usize::from(on || still);
                let (a, b) = (f64::from(a - mean), f64::from(b - mean));
                product += a * b;
                squares[0] += a * a;
                squares[1] += b * b;
            }
            jaccard += if either == 0 { 1.0 } else { both as f64 / either as f64 } / examples;
            let lengths = (squares[0] * squares[1]).sqrt();
            cosine += if lengths == 0.0 { 1.0 } else { product / lengths } / examples;
        }
    }
    Likeness { jaccard: jaccard / base.len() as f64, cosine: cosine / base.len() as f64 }
}
