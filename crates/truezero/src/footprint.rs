//! What a plan costs in memory, told before anything is allocated.

use truezero_data::Dataset;
use truezero_sparse::memory::{self, shown};
use truezero_sparse::{Batch, padded};

use crate::autoencoder::PretrainingOptions;
use crate::error::Error;
use crate::network::EVALUATION_BATCH;
use crate::options::{Plan, TrainingOptions};
use crate::trainer::KEPT_IN_MEMORY;

/// Bytes that a mini-batch takes for each unit and example: values, the active ones among them with their indices,
/// slopes, errors.
const TRAINED: u64 = 4 + 8 + 4 + 4;
/// The same of examples that are only evaluated, half of whose values are active.
const EVALUATED: u64 = 4 + 4;
/// Bytes for each input, by which the active values of a mini-batch are put into order.
const BY_INPUT: u64 = 8;
/// What is kept beside the weights themselves.
const KEPT: &str = "the best weights and those an epoch began with";
/// A part that is smaller than the sum by this factor is not worth a mention.
const NEGLIGIBLE: u64 = 1000;

/// Bytes of memory, by what takes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// What takes them, and how many bytes.
    parts: Vec<(&'static str, u64)>,
    /// Bytes of these that are taken already.
    held: u64,
}

impl Footprint {
    /// Of a plan's training on such data.
    pub fn of_plan(plan: &Plan, data: &Dataset) -> Self {
        let layers = [&plan.options().hidden[..], &[data.targets.outputs()]].concat();
        Self::of_training(plan.options(), &data.inputs, &layers)
    }

    /// Of a training on such `inputs`, with mini-batches and the optimiser of `options`, of a network whose layers have
    /// such `units`, those of the outputs last.
    pub(crate) fn of_training(options: &TrainingOptions, inputs: &Batch, layers: &[usize]) -> Self {
        let units = &[&[inputs.width()], layers].concat();
        let weights = weights(units);
        let copies = options.optimizer.rule.memories();
        let kept = if weights / 4 > KEPT_IN_MEMORY as u64 { 0 } else { weights };
        let above = layers.iter().fold(0, |sum: u64, &units| sum.saturating_add(units as u64));
        let trained = options.batch_size.min(inputs.examples()) as u64;
        let evaluated = EVALUATION_BATCH.min(inputs.examples()) as u64;
        let example = bytes(inputs) / inputs.examples().max(1) as u64;
        let batches = (trained * TRAINED + evaluated * EVALUATED)
            .saturating_mul(above)
            .saturating_add((trained + evaluated) * example + inputs.width() as u64 * BY_INPUT);
        Self::default()
            .and("weights", weights)
            .and("what the optimiser remembers", weights.saturating_mul(copies as u64))
            .and(KEPT, kept.saturating_mul(2))
            .and("mini-batches", batches)
            .with("data", bytes(inputs))
    }

    /// Of the pre-training of hidden layers of such `units`, those of the inputs first, on so many examples.
    pub fn of_pretraining(options: &PretrainingOptions, units: &[usize], examples: usize) -> Self {
        let largest = units.windows(2).map(weights).max().unwrap_or(0);
        // The layer that is trained and its best weights, each perhaps with a decoder of its own.
        let copies = if options.tied { 2 } else { 4 };
        let widest = units.iter().copied().max().unwrap_or(0);
        let codes = units.iter().skip(1).rev().skip(1).copied().max().unwrap_or(0);
        let together = options.batch_size.max(EVALUATION_BATCH).min(examples);
        Self::default()
            .and("weights", weights(units))
            .and("decoders", weights(units))
            .and("the layer that is trained", largest.saturating_mul(copies))
            .and("codes", product(&[codes, examples, 4]))
            .and("mini-batches", product(&[widest, together, 2 * TRAINED as usize]))
    }

    /// Also this.
    #[must_use]
    pub(crate) fn and(mut self, what: &'static str, bytes: u64) -> Self {
        self.parts.push((what, bytes));
        self
    }

    /// Also this, which is in memory already.
    #[must_use]
    pub(crate) fn with(self, what: &'static str, bytes: u64) -> Self {
        Self { held: self.held.saturating_add(bytes), ..self.and(what, bytes) }
    }

    /// Some of it is in memory already.
    #[must_use]
    pub(crate) fn holding(self, bytes: u64) -> Self {
        Self { held: self.held.saturating_add(bytes), ..self }
    }

    /// Bytes of all parts.
    pub fn total(&self) -> u64 {
        self.parts.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// Bytes that are still to be taken.
    pub fn to_take(&self) -> u64 {
        self.total().saturating_sub(self.held)
    }

    /// Compares it with the memory there is.
    ///
    /// # Errors
    /// If it is more.
    pub(crate) fn check(&self, purpose: &'static str) -> Result<(), Error> {
        match memory::available() {
            None => Ok(()),
            Some(available) => self.check_within(available, purpose),
        }
    }

    fn check_within(&self, available: u64, purpose: &'static str) -> Result<(), Error> {
        if self.to_take() <= available {
            return Ok(());
        }
        let parts = self.parts.iter().filter(|(_, bytes)| *bytes > self.total() / NEGLIGIBLE);
        let parts: Vec<String> = parts.map(|(what, bytes)| format!("{} of {what}", shown(*bytes))).collect();
        Err(Error::Memory {
            purpose,
            available: shown(available.saturating_add(self.held)),
            needed: format!("{} ({})", shown(self.total()), parts.join(" + ")),
        })
    }
}

/// Bytes of the weights and biases between layers of such units.
pub(crate) fn weights(units: &[usize]) -> u64 {
    let layer = |pair: &[usize]| product(&[pair[0].saturating_add(1), padded(pair[1]), 4]);
    units.windows(2).map(layer).fold(0, u64::saturating_add)
}

/// Bytes of a batch.
pub(crate) fn bytes(batch: &Batch) -> u64 {
    match batch {
        Batch::Dense(batch) => 4 * batch.padded().len() as u64,
        Batch::Active(batch) => 8 * (batch.offsets().len() + batch.values().len()) as u64,
    }
}

fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor as u64))
}

#[cfg(test)]
mod tests {
    use truezero_sparse::ActiveBatch;

    use super::*;
    use crate::optimizer::Rule;

    const GIB: u64 = 1 << 30;

    /// Of a training on 1000 examples in which one value is active.
    fn training(rule: Rule, inputs: usize, layers: &[usize]) -> Footprint {
        let mut options = TrainingOptions::default();
        options.optimizer.rule = rule;
        let mut data = ActiveBatch::new(inputs);
        (0..1000).for_each(|_| data.push([(0, 1.0)]));
        Footprint::of_training(&options, &Batch::Active(data), layers)
    }

    fn part(footprint: &Footprint, name: &str) -> u64 {
        footprint.parts.iter().find(|(what, _)| *what == name).unwrap().1
    }

    #[test]
    fn the_parts_follow_from_sizes_and_rule() {
        let small = training(Rule::Sgd, 784, &[1000, 10]);
        let weights = (785 * 1008 + 1001 * 16) * 4;
        assert_eq!(part(&small, "weights"), weights);
        assert_eq!(part(&small, "what the optimiser remembers"), 0);
        assert_eq!(part(&small, KEPT), 2 * weights);
        let batches = 1010 * (10 * 20 + 256 * 8) + 266 * 16 + 784 * 8;
        assert_eq!(part(&small, "mini-batches"), batches);
        let data = 8 * (1001 + 1000);
        assert_eq!((small.total(), small.to_take()), (3 * weights + batches + data, 3 * weights + batches));
        for (rule, copies) in [(Rule::Momentum, 1), (Rule::Nesterov, 1), (Rule::Adam, 2)] {
            let remembered = part(&training(rule, 784, &[1000, 10]), "what the optimiser remembers");
            assert_eq!(remembered, copies * weights, "{rule:?}");
        }
        // The best weights of a large network are in a file.
        assert_eq!(part(&training(Rule::Sgd, 1 << 13, &[1 << 13, 16]), KEPT), 0);
    }

    #[test]
    fn sizes_beyond_any_number_are_a_sum_beyond_any_memory() {
        for (inputs, layers) in [(1 << 31, &[1 << 24, 2][..]), (4, &[4_000_000, 4_000_000, 3])] {
            assert!(training(Rule::Adam, inputs, layers).total() > 1 << 40, "{layers:?}");
        }
        assert_eq!(training(Rule::Sgd, 4, &[usize::MAX / 2, usize::MAX / 2]).total(), u64::MAX);
    }

    #[test]
    fn what_is_not_there_is_told_with_the_sum_and_its_parts() {
        let footprint = Footprint::default().and("weights", 3 * GIB).and("bias", 8).with("data", GIB);
        assert!(footprint.check_within(3 * GIB + 8, "the training").is_ok());
        let error = footprint.check_within(2 * GIB, "the training").unwrap_err().to_string();
        let expected = "memory for the training: expected at most 3.0 GiB, found 4.0 GiB (3.0 GiB of weights + \
                        1.0 GiB of data)\nhint: ";
        assert!(error.starts_with(expected), "{error}");
        assert!(footprint.holding(GIB).check_within(2 * GIB + 8, "the training").is_ok());
    }

    #[test]
    fn pretraining_costs_decoders_and_codes() {
        let mut options = PretrainingOptions { tied: true, ..PretrainingOptions::default() };
        let tied = Footprint::of_pretraining(&options, &[64, 32, 16], 1000);
        let all = weights(&[64, 32, 16]);
        assert_eq!(part(&tied, "decoders"), all);
        assert_eq!(part(&tied, "codes"), 32 * 1000 * 4, "those of the highest layer are not kept");
        assert_eq!(part(&tied, "the layer that is trained"), 2 * weights(&[64, 32]));
        options.tied = false;
        let own = Footprint::of_pretraining(&options, &[64, 32, 16], 1000);
        assert_eq!(own.total() - tied.total(), 2 * weights(&[64, 32]));
    }
}
