//! What a training remembers beside its network, as bytes: with the network's weights it goes on from there as it would
//! have, bit for bit, on whatever examples come.

use std::path::Path;

use serde::{Deserialize, Serialize};
use truezero_sparse::{Engine, memory};

use super::kept::Kept;
use super::record::{Best, EpochRecord, Position};
use super::roll_back::MAX_HALVINGS;
use super::{Paused, Running};
use crate::error::Error;
use crate::evaluate::Counts;
use crate::network::Network;
use crate::optimizer::Updater;
use crate::options::{Plan, TrainingOptions};
use crate::steer::Steering;
use crate::store::read::{TensorFile, Tensors};
use crate::store::write::{Tensor, to_bytes};
use crate::trainer::step::Buffers;

/// Version of the format that this library writes, and the only one it reads.
const FORMAT: u32 = 1;
/// What errors call the bytes.
const PLACE: &str = "the memory of a training";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    options: TrainingOptions,
    steps: u64,
    epochs: usize,
    steering: Option<Steering>,
    history: Vec<EpochRecord>,
    halvings: u32,
}

impl Paused {
    /// A training of a network that has not begun.
    pub(super) fn new(plan: Plan, network: Network, threads: usize) -> Result<Self, Error> {
        let options = plan.options();
        let steering = options.target_sparsity.map(|target| Steering::new(target, options.l1));
        let updater = memory::catch(|| Updater::new(options.optimizer, &network))?;
        Ok(Self {
            plan,
            engine: Engine::new(threads),
            network,
            updater,
            steering,
            position: Position::default(),
            running: Running::default(),
            history: Vec::new(),
            best: None,
            start: None,
            halvings: 0,
            base_cost: None,
            unlearned: None,
            planned: None,
            only_watched: false,
            chosen: false,
            stopped: None,
            buffers: Buffers::default(),
        })
    }

    /// What [`with_memory`](Self::with_memory) takes. Weights other than the latest are not in it.
    ///
    /// # Errors
    /// Between two mini-batches.
    pub fn memory(&self) -> Result<Vec<u8>, Error> {
        if self.position.batch > 0 {
            return Err(Error::option("plan", "a copy of it between two epochs", "one within an epoch"));
        }
        let document = Document {
            format: FORMAT,
            options: self.plan.options().clone(),
            steps: self.updater.steps,
            epochs: self.position.epoch,
            steering: self.steering.clone(),
            history: self.history.clone(),
            halvings: self.halvings,
        };
        to_bytes(&document, self.updater.tensors())
    }

    /// A training that goes on from a network and what [`memory`](Self::memory) gave of a training of it. Its latest
    /// weights are the best so far.
    ///
    /// # Errors
    /// Bytes that are no such memory, or that of another network.
    pub fn with_memory(network: Network, bytes: Vec<u8>, threads: usize) -> Result<Self, Error> {
        let file = TensorFile::from_bytes(Path::new(PLACE), bytes);
        let tensors = file.parse()?;
        let Document { format, options, steps, epochs, steering, history, halvings } =
            tensors.document(PLACE)?;
        if format != FORMAT {
            return Err(file.error("format", &format!("version {FORMAT}"), format));
        }
        if history.len() != epochs {
            return Err(file.error("history", &format!("{epochs} epochs"), history.len()));
        }
        if halvings > MAX_HALVINGS {
            return Err(file.error("halvings", &format!("at most {MAX_HALVINGS}"), halvings));
        }
        let mut paused = Self::new(options.check()?, network, threads)?;
        if steering.is_some() != paused.steering.is_some() {
            let expected = "one if, and only if, there is a target sparsity";
            return Err(file.error("steering", expected, "otherwise"));
        }
        paused.updater.read(&tensors, steps)?;
        (paused.steering, paused.history, paused.halvings) = (steering, history, halvings);
        paused.position.epoch = epochs;
        paused.best =
            (epochs > 0).then(|| Best { weights: Kept::Now, epoch: epochs, counts: Counts::default() });
        Ok(paused)
    }
}

impl Updater {
    /// What it remembers, as tensors.
    pub(super) fn tensors(&self) -> Vec<(String, Tensor<'_>)> {
        let mut all = Vec::new();
        for (index, memory) in self.memory.iter().enumerate() {
            let name = |part: &str| format!("memory.{index}.{part}");
            all.push((name("first"), Tensor::matrix(&memory.first)));
            all.push((name("second"), Tensor::matrix(&memory.second)));
            all.push((name("bias_first"), Tensor::vector(&memory.bias_first)));
            all.push((name("bias_second"), Tensor::vector(&memory.bias_second)));
        }
        all
    }

    /// The steps that each row has seen, as tensors; between two epochs that is all of them.
    pub(super) fn seen_tensors(&self) -> impl Iterator<Item = (String, Tensor<'_>)> {
        let of = |(index, memory): (usize, _)| (format!("memory.{index}.seen"), Tensor::counts(memory));
        self.memory.iter().map(|memory| &memory.seen[..]).enumerate().map(of)
    }

    /// Takes over what [`tensors`](Self::tensors) gave after so many steps, all of which each row has seen.
    pub(super) fn read(&mut self, tensors: &Tensors<'_>, steps: u64) -> Result<(), Error> {
        for (index, memory) in self.memory.iter_mut().enumerate() {
            let name = |part: &str| format!("memory.{index}.{part}");
            let first = (memory.first.inputs(), memory.first.outputs());
            let second = (memory.second.inputs(), memory.second.outputs());
            memory.first = tensors.matrix(&name("first"), first.0, first.1)?;
            memory.second = tensors.matrix(&name("second"), second.0, second.1)?;
            memory.bias_first = tensors.vector(&name("bias_first"), memory.bias_first.len())?;
            memory.bias_second = tensors.vector(&name("bias_second"), memory.bias_second.len())?;
            memory.seen.fill(steps);
        }
        self.steps = steps;
        Ok(())
    }

    /// Takes over what [`seen_tensors`](Self::seen_tensors) gave.
    pub(super) fn read_seen(&mut self, tensors: &Tensors<'_>) -> Result<(), Error> {
        for (index, memory) in self.memory.iter_mut().enumerate() {
            let name = format!("memory.{index}.seen");
            memory.seen = tensors.counts(&name, memory.seen.len())?;
            if let Some(seen) = memory.seen.iter().find(|&&seen| seen > self.steps) {
                return Err(tensors.error(name, &format!("at most {} steps", self.steps), seen));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use truezero_data::{Dataset, Targets};
    use truezero_sparse::{Batch, DenseBatch};

    use super::*;
    use crate::evaluate::Examples;
    use crate::optimizer::Rule;
    use crate::trainer::{Control, Trainer};

    fn data() -> Dataset {
        let inputs: Vec<f32> = (0..30 * 5).map(|k| (k * k % 11) as f32 * 0.2 - 1.0).collect();
        Dataset {
            inputs: Batch::Dense(DenseBatch::from_rows(5, &inputs)),
            targets: Targets::Classes { labels: (0..30).map(|row| (row % 3) as u32).collect(), classes: 3 },
            weights: None,
        }
    }

    fn trained(paused: Paused, data: &Dataset, epochs: usize) -> Paused {
        let rows: Vec<usize> = (0..30).collect();
        let mut trainer = paused.go_on(Examples { data, rows: &rows }, None).unwrap();
        for _ in 0..epochs {
            trainer.epoch(&mut |_| Control::Continue).unwrap();
        }
        trainer.pause()
    }

    #[test]
    fn a_copy_goes_on_as_the_original_would() {
        let (data, rows) = (data(), (0..30).collect::<Vec<_>>());
        for rule in [Rule::Sgd, Rule::Momentum, Rule::Nesterov, Rule::Adam] {
            let mut options = TrainingOptions {
                hidden: vec![12],
                batch_size: 7,
                target_sparsity: Some(0.6),
                ..TrainingOptions::default()
            };
            (options.optimizer.rule, options.optimizer.weight_decay) = (rule, 1e-3);
            let plan = options.check().unwrap();
            let start = Trainer::new(plan, Examples { data: &data, rows: &rows }, None, 1).unwrap().pause();
            let original = trained(start, &data, 3);
            let bytes = original.memory().unwrap();
            let copy = Paused::with_memory(original.network().clone(), bytes.clone(), 1).unwrap();
            assert_eq!(copy.epochs_done(), 3);
            let (original, copy) = (trained(original, &data, 2), trained(copy, &data, 2));
            assert_eq!(original.network(), copy.network(), "{rule:?}");
            assert_eq!(original.history(), copy.history());
        }
    }

    #[test]
    fn what_is_no_memory_of_the_network_is_refused() {
        let (data, rows) = (data(), (0..30).collect::<Vec<_>>());
        let of = |units| {
            let plan = TrainingOptions { hidden: vec![units], ..TrainingOptions::default() };
            let mut plan = plan;
            plan.optimizer.rule = Rule::Adam;
            let examples = Examples { data: &data, rows: &rows };
            trained(Trainer::new(plan.check().unwrap(), examples, None, 1).unwrap().pause(), &data, 1)
        };
        let (small, large) = (of(3), of(4));
        let bytes = small.memory().unwrap();
        assert!(Paused::with_memory(large.network().clone(), bytes.clone(), 1).is_err());
        for length in [0, 8, bytes.len() / 2, bytes.len() - 1] {
            assert!(Paused::with_memory(small.network().clone(), bytes[..length].to_vec(), 1).is_err());
        }
    }
}
