//! The networks that the experiments on images share, and how their learning rates are chosen. As the
//! specifications are the same, a network that one experiment trained serves the others too.
//!
//! | | tiny | quick | full |
//! |---|---|---|---|
//! | units | 3 × 30 | as the paper: 3 × 1000, NORB 4000-2000 | as the paper |
//! | epochs of the search for a rate | 1 | 2 | 10 |
//! | most epochs | 3 | 10 | 100 |
//! | epochs without a better validation error | 0 (never stop) | 4 | 10 |
//! | epochs of pre-training, each layer | 1 | 3 | 30 |
//! | seeds | 2 | 2 | 5 |

use truezero::autoencoder::PretrainingOptions;
use truezero::{Activation, TrainingOptions};
use truezero_data::DataError;

use crate::data::{Found, ImageSet, Split, images};
use crate::error::Error;
use crate::runner::{Runner, Spec, Trained};
use crate::significance::{Estimate, mcnemar};
use crate::{Scale, Settings, limited};

/// The paper's learning rates, the highest first.
pub(super) const RATES: [f32; 4] = [0.1, 0.01, 0.001, 0.0001];

/// The part of the epochs, where these are limited, that the search for a rate has.
const SEARCHED: usize = 5;

/// How much of each is done: the table above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amounts {
    pub(super) search_epochs: usize,
    pub(super) epochs: usize,
    pub(super) patience: usize,
    pub(super) pretraining_epochs: usize,
    pub(super) seeds: usize,
}

impl Amounts {
    pub(super) fn of(settings: &Settings) -> Self {
        let all = settings.scale.choose(
            Self { search_epochs: 1, epochs: 3, patience: 0, pretraining_epochs: 1, seeds: 2 },
            Self { search_epochs: 2, epochs: 10, patience: 4, pretraining_epochs: 3, seeds: 2 },
            Self { search_epochs: 10, epochs: 100, patience: 10, pretraining_epochs: 30, seeds: 5 },
        );
        let limit = settings.limits;
        Self {
            search_epochs: limited(all.search_epochs, limit.epochs.map(|epochs| epochs / SEARCHED)),
            epochs: limited(all.epochs, limit.epochs),
            pretraining_epochs: limited(all.pretraining_epochs, limit.epochs),
            seeds: limited(all.seeds, limit.seeds),
            ..all
        }
    }

    /// How networks were trained, for the reader.
    pub(super) fn training_note(&self) -> String {
        let stop = match self.patience {
            0 => String::new(),
            patience => format!(", fewer if the validation error has not fallen for {patience}"),
        };
        format!(
            "Mini-batches of 10, at most {} epochs{stop}; the weights are those of the epoch with the least \
             validation error. {} seeds. λ = {} in the sum form, an L1 penalty on the activations of every \
             network.",
            self.epochs,
            self.seeds,
            TrainingOptions::default().l1
        )
    }

    /// How rates were chosen, for the reader.
    pub(super) fn search_note(&self) -> String {
        format!(
            "Learning rates were chosen from {} on the validation error after {} epochs with the first seed, \
             from the highest down until one was worse. So short a search favours high rates.",
            RATES.map(|rate| rate.to_string()).join(", "),
            self.search_epochs
        )
    }

    /// How layers were pre-trained, for the reader.
    pub(super) fn pretraining_note(&self) -> String {
        format!(
            "Pre-training: denoising auto-encoders with masking noise of 0.25, a softplus decoder with squared \
             error for rectifier and softplus, a logistic one with cross-entropy for tanh; at most {} epochs \
             for each layer; the rate chosen, as above, on the reconstruction of the validation inputs by the \
             lowest layer.",
            self.pretraining_epochs
        )
    }
}

/// Which of the networks that are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Variant {
    pub(super) activation: Activation,
    pub(super) pretrained: bool,
}

impl Variant {
    /// For people: `rectifier, pre-trained`.
    pub(super) fn title(&self) -> String {
        format!("{}{}", self.activation, if self.pretrained { ", pre-trained" } else { "" })
    }

    /// The network for a data set, with the first seed, rates not chosen yet.
    pub(super) fn spec(&self, set: ImageSet, settings: &Settings) -> Spec {
        let Amounts { epochs, patience, pretraining_epochs, .. } = Amounts::of(settings);
        let hidden = match (settings.scale, set) {
            (Scale::Tiny, _) => vec![30; 3],
            (_, ImageSet::Norb) => vec![4000, 2000],
            _ => vec![1000; 3],
        };
        let pretraining = PretrainingOptions {
            epochs: vec![pretraining_epochs; hidden.len()],
            seed: settings.seed,
            ..PretrainingOptions::default()
        };
        let options = TrainingOptions {
            hidden,
            activation: vec![self.activation],
            epochs,
            patience,
            seed: settings.seed,
            ..TrainingOptions::default()
        };
        Spec { options, pretraining: self.pretrained.then_some(pretraining), ..Spec::default() }
    }
}

/// Networks for a data set, one for each variant, with the rates that did best.
pub(super) fn tuned(
    runner: &Runner<'_>,
    set: ImageSet,
    data: &Split,
    variants: &[Variant],
) -> Result<Vec<Spec>, Error> {
    let mut specs: Vec<Spec> = variants.iter().map(|variant| variant.spec(set, runner.settings)).collect();
    let epochs = Amounts::of(runner.settings).search_epochs;

    let rates = lower_while_better(specs.len(), |open, rate| {
        let shortened: Vec<Spec> = open
            .iter()
            .map(|&at| {
                let mut spec = specs[at].clone();
                if let Some(pretraining) = &mut spec.pretraining {
                    pretraining.learning_rate = vec![rate];
                    // The layers above reconstruct codes, whose errors cannot be compared.
                    pretraining.epochs.fill(0);
                    pretraining.epochs[0] = epochs;
                }
                spec
            })
            .collect();
        let layers = runner.pretrain(data, &shortened)?;
        let cost = |layers: Option<crate::runner::Pretrained>| {
            layers.and_then(|layers| layers.costs.first().copied().filter(|_| !layers.diverged))
        };
        Ok(layers.into_iter().map(|layers| cost(layers).unwrap_or(f64::INFINITY)).collect())
    })?;
    for (spec, rate) in specs.iter_mut().zip(rates) {
        if let Some(pretraining) = &mut spec.pretraining {
            pretraining.learning_rate = vec![rate];
        }
    }

    let rates = lower_while_better(specs.len(), |open, rate| {
        let shortened: Vec<Spec> = open
            .iter()
            .map(|&at| {
                let mut spec = specs[at].clone();
                spec.options.learning_rate = Some(rate);
                (spec.options.epochs, spec.options.patience) = (epochs, 0);
                spec
            })
            .collect();
        let trained = runner.train(data, &shortened)?;
        let error = |one: Trained| if one.diverged { f64::INFINITY } else { one.validation_error };
        Ok(trained.into_iter().map(error).collect())
    })?;
    for (spec, rate) in specs.iter_mut().zip(rates) {
        spec.options.learning_rate = Some(rate);
    }
    Ok(specs)
}

/// The best of [`RATES`] for each of `count` things: from the highest down, until the error rises. `errors`
/// tries a rate on those things that are still open; an infinite error says nothing of lower rates.
fn lower_while_better(
    count: usize,
    mut errors: impl FnMut(&[usize], f32) -> Result<Vec<f64>, Error>,
) -> Result<Vec<f32>, Error> {
    let mut best = vec![(f64::INFINITY, RATES[0]); count];
    let mut open: Vec<usize> = (0..count).collect();
    for rate in RATES {
        let found = errors(&open, rate)?;
        let mut next = Vec::new();
        for (&at, error) in open.iter().zip(found) {
            if error < best[at].0 {
                best[at] = (error, rate);
                next.push(at);
            } else if best[at].0 == f64::INFINITY {
                next.push(at);
            }
        }
        open = next;
    }
    Ok(best.into_iter().map(|(_, rate)| rate).collect())
}

/// Each network with each seed; the networks of one specification together.
pub(super) fn train_seeds(
    runner: &Runner<'_>,
    data: &Split,
    networks: &[Spec],
) -> Result<Vec<Vec<Trained>>, Error> {
    let seeds = Amounts::of(runner.settings).seeds;
    let mut specs = Vec::new();
    for network in networks {
        for seed in 0..seeds as u64 {
            let mut spec = network.clone();
            spec.options.seed += seed;
            if let Some(pretraining) = &mut spec.pretraining {
                pretraining.seed += seed;
            }
            specs.push(spec);
        }
    }
    let mut trained = runner.train(data, &specs)?.into_iter();
    Ok(networks.iter().map(|_| trained.by_ref().take(seeds).collect()).collect())
}

/// The data set for an experiment that is done on one: the preferred one, if it is there, else the first.
pub(super) fn one_data_set(settings: &Settings, preferred: ImageSet) -> Result<(Found, Split), DataError> {
    let all = images(settings.data.as_deref())?;
    let found = all.iter().find(|found| found.set == preferred).unwrap_or(&all[0]).clone();
    let split = found.load()?;
    Ok((found, split))
}

/// Mean test error over the seeds of a network.
pub(super) fn test_error(seeds: &[Trained]) -> Estimate {
    Estimate::of(&seeds.iter().map(|one| one.test_error).collect::<Vec<_>>())
}

/// Mean sparsity over the seeds of a network and its hidden layers.
pub(super) fn mean_sparsity(seeds: &[Trained]) -> f64 {
    seeds.iter().map(Trained::mean_sparsity).sum::<f64>() / seeds.len() as f64
}

/// The probability that chance makes two networks differ so much on the test examples.
pub(super) fn difference(first: &[Trained], second: &[Trained]) -> f64 {
    fn wrong(seeds: &[Trained]) -> Vec<&[u32]> {
        seeds.iter().map(|one| one.wrong.as_slice()).collect()
    }
    mcnemar(&wrong(first), &wrong(second))
}

/// Whether the limit of epochs, and not the validation error, ended trainings; for the reader.
pub(super) fn limit_note<'a>(specs: impl IntoIterator<Item = (&'a Spec, &'a [Trained])>) -> String {
    let (mut limited, mut all) = (0, 0);
    for (spec, seeds) in specs {
        let at_limit = |one: &&Trained| one.epochs == spec.options.epochs && !one.diverged;
        limited += seeds.iter().filter(at_limit).count();
        all += seeds.len();
    }
    format!(
        "The limit of epochs ended the training of {limited} of {all} networks: with more epochs these, and \
         above all those that learn slowly, might err less."
    )
}

/// A probability: `0.012`, `< 0.001`.
pub(super) fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// How it was decided which figures are bold.
pub(super) const SIGNIFICANCE_NOTE: &str = "Bold: not significantly worse than the best (McNemar's test, \
     p = 0.05, in the form for clusters, as the networks of several seeds judge the same test examples). After \
     ± stands the standard error over the seeds.";

/// As text: `83.4 %`.
pub(super) fn percent(fraction: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", 100.0 * fraction)
}

/// For programs: 0.1_f32 as the 0.1 that was meant, not as 0.10000000149.
pub(super) fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// Names in a row: `a, b and c`.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_lowered_until_the_error_rises() {
        // The first is best at 0.01; the second diverges twice; the third is best at once.
        let table = [[0.3, 0.2, 0.25, 0.0], [f64::INFINITY, f64::INFINITY, 0.5, 0.4], [0.1, 0.1, 0.0, 0.0]];
        let mut tried = Vec::new();
        let rates = lower_while_better(3, |open, rate| {
            tried.push(open.to_vec());
            let column = RATES.iter().position(|other| *other == rate).unwrap();
            Ok(open.iter().map(|&at| table[at][column]).collect())
        });
        assert_eq!(rates.unwrap(), [0.01, 0.0001, 0.1]);
        assert_eq!(tried, [vec![0, 1, 2], vec![0, 1, 2], vec![0, 1], vec![1]]);
    }

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([0, 1, 2, 3].map(|count| list(&names[..count])), ["", "a", "a and b", "a, b and c"]);
    }
}
