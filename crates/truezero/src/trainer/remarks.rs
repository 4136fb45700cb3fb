//! What a person should know of a training that has ended: that it learned nothing, that a layer is dead, what a target
//! sparsity has cost. The same for everyone who trains; only names and units are the caller's.

use truezero_data::Notice;

use super::TOLERANCE;
use super::ranking::Ranking;
use super::record::{EpochRecord, Summary};
use crate::observe::LayerObservation;
use crate::options::TrainingOptions;

/// What a target sparsity may cost before it is told: a point of the validation error, or so much of it where it is a
/// distance.
const POINT: f64 = 0.01;
const SHARE: f64 = 0.05;
/// On fewer examples than these, units that are hardly ever active cannot be told from dead ones.
const TOLD_BY: u64 = 100;
/// So many classes that are never predicted are named; the others are counted.
const NAMED: usize = 5;
/// What remarks on a target sparsity are about.
const TARGET: &str = "target sparsity";

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq)]
pub enum Remark {
    /// Epochs diverged and were begun again at half the learning rate.
    Halved {
        /// How often.
        times: u32,
        /// η at the start, as it was planned.
        from: f32,
        /// What it has become.
        to: f32,
    },
    /// Most or all units of a hidden layer (counted from 1, the lowest) are active for no example that was observed.
    DeadUnits {
        /// Which layer.
        layer: usize,
        /// How many of its units.
        dead: usize,
        /// Of how many.
        units: usize,
    },
    /// The kept weights cost no less on the validation examples than the base rate.
    NothingLearned {
        /// What they cost.
        cost: f64,
        /// What the base rate costs.
        base_cost: f64,
    },
    /// All validation examples are predicted to be of one class, but they are not.
    OneClass {
        /// Which.
        class: usize,
    },
    /// Classes or labels occur among the validation examples and are predicted for none of them.
    NeverPredicted {
        /// Which, in order.
        classes: Vec<usize>,
    },
    /// The kept weights are not on the target sparsity.
    OffTarget {
        /// The target.
        target: f64,
        /// What they have.
        sparsity: f64,
        /// Why.
        reason: OffTarget,
    },
    /// The weights on the target sparsity do worse than others of the same training.
    TargetCosts {
        /// The target.
        target: f64,
        /// The epoch that was kept, and its validation error.
        kept: (usize, f64),
        /// The best epoch, its validation error and sparsity.
        best: (usize, f64, f64),
    },
}

/// Why a target sparsity was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffTarget {
    /// Every epoch had more zeros, without a penalty.
    SparserByItself,
    /// It was still coming nearer when it ended.
    TooShort,
    /// It no longer came nearer.
    OutOfReach,
    /// The penalty undid what was learned, so that the target was given up.
    GivenUp,
    /// Epochs ended on both sides of it, and none on it.
    Overshot,
}

pub(super) fn of(summary: &Summary, options: &TrainingOptions) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if summary.halvings > 0 {
        let from = options.rate();
        let to = from * 0.5_f32.powi(summary.halvings as i32);
        remarks.push(Remark::Halved { times: summary.halvings, from, to });
    }
    let Some(best) = summary.best() else { return remarks };
    let dead = dead_units(&best.layers);
    let silent = dead.iter().any(|(_, dead, units)| dead == units);
    remarks.extend(dead.into_iter().map(|(layer, dead, units)| Remark::DeadUnits { layer, dead, units }));
    if let (Some(cost), Some(base_cost)) = (best.validation_cost, summary.base_cost)
        && !silent
        && cost >= base_cost
        && base_cost > 0.0
    {
        remarks.push(Remark::NothingLearned { cost, base_cost });
    }
    remarks.extend(unpredicted(summary));
    if let Some(target) = options.target_sparsity {
        remarks.extend(of_target(summary, best, f64::from(target)));
    }
    remarks
}

/// The layers, counted from 1, most of whose units are dead, with how many are and of how many. Of layers of which all are,
/// the lowest stands for all: those above it have nothing to learn from.
fn dead_units(layers: &[LayerObservation]) -> Vec<(usize, usize, usize)> {
    let counts = || layers.iter().enumerate().map(|(at, layer)| (at + 1, layer.dead_units, layer.units));
    if let Some(silent) = counts().find(|&(_, dead, units)| units > 0 && dead == units) {
        return vec![silent];
    }
    let observed = layers.first().map_or(0, |layer| layer.active_histogram.iter().sum());
    counts().filter(|&(_, dead, units)| observed >= TOLD_BY && 2 * dead > units).collect()
}

fn unpredicted(summary: &Summary) -> Option<Remark> {
    let counts = &summary.counts;
    let never = |&class: &usize| counts.each[class].predicted == 0 && counts.each[class].actual > 0;
    let classes: Vec<usize> = (0..counts.each.len()).filter(never).collect();
    let one = counts.each.iter().position(|count| count.predicted == counts.examples);
    match one {
        _ if classes.is_empty() => None,
        Some(class) if counts.each.iter().map(|count| count.predicted).sum::<u64>() == counts.examples => {
            Some(Remark::OneClass { class })
        }
        _ => Some(Remark::NeverPredicted { classes }),
    }
}

fn of_target(summary: &Summary, kept: &EpochRecord, target: f64) -> Option<Remark> {
    let ranking = Ranking { target: Some(target), base_cost: summary.base_cost };
    let history = &summary.history;
    if !ranking.is_on_target(kept) {
        let above = |record: &&EpochRecord| record.mean_sparsity > target;
        let count = history.iter().filter(above).count();
        let reason = if summary.target_given_up {
            OffTarget::GivenUp
        } else if count == history.len() {
            OffTarget::SparserByItself
        } else if count > 0 {
            OffTarget::Overshot
        } else if ranking.nearest(history) == Some(history.len()) {
            OffTarget::TooShort
        } else {
            OffTarget::OutOfReach
        };
        return Some(Remark::OffTarget { target, sparsity: kept.mean_sparsity, reason });
    }
    let any = Ranking { target: None, ..ranking };
    let best = history.iter().reduce(|best, record| if any.prefers(record, best) { record } else { best })?;
    let (kept_error, best_error) = (kept.validation_error?, best.validation_error?);
    // Counts are of classes and labels, whose error is a share.
    let allowed = if summary.counts.each.is_empty() { SHARE * best_error } else { POINT };
    (kept_error > best_error + allowed).then_some(Remark::TargetCosts {
        target,
        kept: (kept.epoch, kept_error),
        best: (best.epoch, best_error, best.mean_sparsity),
    })
}

impl Remark {
    /// The remark as a notice; `names` are those of the classes or labels, and `error` says a validation error in
    /// their units.
    pub fn notice(&self, names: &[String], error: &dyn Fn(f64) -> String) -> Notice {
        let name = |class: usize| match names.get(class) {
            Some(name) => format!("{name:?}"),
            None => format!("number {class}"),
        };
        match self {
            Self::Halved { times, from, to } => {
                let often = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
                Notice::new("learning rate", format!("it was halved {often}, from {from} to {to}, as epochs diverged"))
                    .hint("begin with a lower learning rate, or limit the gradient")
            }
            Self::DeadUnits { layer, dead, units } => Notice::new(
                format!("hidden layer {layer}"),
                if dead == units {
                    "none of its units is active for any example observed, so that all predictions are the same"
                        .to_owned()
                } else {
                    format!("{dead} of its {units} units are active for no example observed")
                },
            )
            .hint("lower the learning rate, and the penalty on activations or the target sparsity if there is one"),
            Self::NothingLearned { cost, base_cost } => Notice::new(
                "training",
                format!(
                    "nothing was learned: the validation cost is {cost:.4}, and that of predictions that ignore the \
                     inputs is {base_cost:.4}"
                ),
            )
            .hint("try other learning rates and more epochs, and whether the inputs tell anything about the target"),
            Self::OneClass { class } => Notice::new(
                "predictions",
                format!("all validation examples are taken for {}, though some are not", name(*class)),
            )
            .hint("try other learning rates and more epochs, or class weights"),
            Self::NeverPredicted { classes } => {
                let named: Vec<String> = classes.iter().take(NAMED).map(|&class| name(class)).collect();
                let more = match classes.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let named = named.join(", ");
                Notice::new(
                    "predictions",
                    format!("no validation example is taken for {named}{more}, though there are such examples"),
                )
                .hint("class weights make rare classes count more")
            }
            Self::OffTarget { target, sparsity, reason } => reason.notice(*target, *sparsity),
            Self::TargetCosts { target, kept, best } => Notice::new(
                TARGET,
                format!(
                    "with about {} zeros, epoch {}, which was kept, has a validation error of {}; epoch {} has {} with \
                     {} zeros",
                    percent(*target),
                    kept.0,
                    error(kept.1),
                    best.0,
                    error(best.1),
                    percent(best.2)
                ),
            )
            .hint("choose a target nearer to that, or none"),
        }
    }
}

impl OffTarget {
    fn notice(self, target: f64, sparsity: f64) -> Notice {
        let points = 100.0 * TOLERANCE;
        let (target, sparsity) = (percent(target), percent(sparsity));
        let kept = format!("the best epoch was kept, with {sparsity} zeros");
        match self {
            Self::SparserByItself => Notice::new(
                TARGET,
                format!("the network is sparser by itself than the {target} asked for; λ is 0, and {kept}"),
            )
            .hint("leave the target out, or ask for more zeros"),
            Self::TooShort => Notice::new(
                TARGET,
                format!("there were too few mini-batches to come to the {target} asked for; {kept}"),
            )
            .hint("train for more epochs or in smaller mini-batches, or begin with a larger λ"),
            Self::OutOfReach => {
                Notice::new(TARGET, format!("the {target} asked for are out of reach; {kept}"))
                    .hint("ask for fewer zeros, or make the hidden layers wider")
            }
            Self::GivenUp => Notice::new(
                TARGET,
                format!(
                    "the {target} asked for are out of reach: the penalty undid a quarter of what was learned, and λ went back \
                     to where it started; {kept}"
                ),
            )
            .hint("ask for fewer zeros, or make the hidden layers wider"),
            Self::Overshot => Notice::new(
                TARGET,
                format!("no epoch ended within {points} points of the {target} asked for, but on both sides; {kept}"),
            )
            .hint("train for more epochs, or lower the learning rate"),
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_told_most_or_all_of_whose_units_are_dead() {
        let layer = |dead_units: usize, examples: u64| LayerObservation {
            units: 10,
            gives_zeros: true,
            sparsity: 0.9,
            mean_activation: 0.1,
            dead_units,
            always_on_units: 0,
            active_units: [0, 1, 2],
            active_histogram: vec![examples],
        };
        let of = |dead: [usize; 3], examples| dead_units(&dead.map(|dead| layer(dead, examples)));
        assert_eq!(of([6, 5, 7], 100), [(1, 6, 10), (3, 7, 10)]);
        assert_eq!(of([6, 5, 7], 99), [], "there are too few examples to tell");
        assert_eq!(of([6, 10, 10], 1), [(2, 10, 10)], "those above have nothing to learn from");
    }
}
