//! Checkpoints: the whole state of a trainer in a file, so that a killed training goes on to the
//! very model it would have given.

use std::path::Path;

use serde::{Deserialize, Serialize};
use truezero_data::files::Output;
use truezero_sparse::Batch;

use super::Trainer;
use super::kept::Kept;
use super::record::{Best, EpochRecord, Penalty, Position, Running, Start, Stopped};
use super::roll_back::MAX_HALVINGS;
use crate::error::Error;
use crate::evaluate::{Counts, Examples};
use crate::options::{Plan, TrainingOptions};
use crate::steer::Steering;
use crate::store::CHECKPOINT;
use crate::store::description::{Description, tensors};
use crate::store::read::TensorFile;
use crate::store::write::write;

/// Version of the format that this library writes, and the only one it reads.
const FORMAT: u32 = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    /// With which the training began; the number of epochs is the latest.
    options: TrainingOptions,
    /// If the penalty was moved by hand since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved: Option<Penalty>,
    /// Of the training and validation examples.
    fingerprint: u64,
    network: Description,
    steps: u64,
    position: Position,
    running: Running,
    steering: Option<Steering>,
    history: Vec<EpochRecord>,
    best: Option<(usize, Counts)>,
    /// Within an epoch.
    start: Option<StartDocument>,
    halvings: u32,
    stopped: Option<Stopped>,
}

/// How the present epoch began. Its weights are the best, or tensors of their own.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartDocument {
    steering: Option<Steering>,
}

/// What every version of the document has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl<'a> Trainer<'a> {
    /// Writes the state after the last mini-batch: completely, or the file stays as it was. A checkpoint that is there is
    /// replaced, anything else is not.
    ///
    /// # Errors
    /// What stands in the way, as [`Output::open`] tells it; and the system's.
    pub fn save_checkpoint(&self, path: &Path) -> Result<(), Error> {
        self.save_checkpoint_to(&Output::new(path, CHECKPOINT)?)
    }

    /// Writes what [`save_checkpoint`](Self::save_checkpoint) does to an output that was opened before.
    ///
    /// # Errors
    /// The system's, naming the file.
    pub fn save_checkpoint_to(&self, output: &Output) -> Result<(), Error> {
        // Between epochs it is the network as it is now.
        let within = self.state.start.as_ref().filter(|_| self.state.position.batch > 0);
        let mut options = self.state.plan.options().clone();
        let moved = self.state.planned.map(|planned| {
            let moved = Penalty::of(&options);
            planned.apply(&mut options);
            moved
        });
        let document = Document {
            format: FORMAT,
            options,
            moved,
            fingerprint: fingerprint(self.train, self.validation, self.stream.as_deref()),
            network: Description::of(&self.state.network),
            steps: self.state.updater.steps,
            position: self.state.position,
            running: self.state.running,
            steering: self.state.steering.clone(),
            history: self.state.history.clone(),
            best: self.state.best.as_ref().map(|best| (best.epoch, best.counts.clone())),
            start: within.map(|start| StartDocument { steering: start.steering.clone() }),
            halvings: self.state.halvings,
            stopped: self.state.stopped,
        };
        let mut all = tensors(&self.state.network, "now.");
        if let Some(best) = &self.state.best {
            all.extend(best.weights.tensors(&self.state.network, "best.")?);
        }
        if let Some(start) = within
            && !self.state.best_is_start()
        {
            all.extend(start.weights.tensors(&self.state.network, "start.")?);
        }
        all.extend(self.state.updater.tensors());
        all.extend(self.state.updater.seen_tensors());
        write(output, &document, all)
    }

    /// A trainer that goes on where [`save_checkpoint`](Self::save_checkpoint) wrote the file. The
    /// number of epochs and the patience may differ from what they were. A penalty that was moved by hand
    /// ([`set_l1`](Self::set_l1)) stays where it was moved to; [`plan`](Self::plan) then differs from the one given.
    ///
    /// # Errors
    /// A file that is damaged, or was written with other options or other data.
    pub fn resume(
        plan: Plan,
        train: Examples<'a>,
        validation: Option<Examples<'a>>,
        threads: usize,
        path: &Path,
    ) -> Result<Self, Error> {
        Self::resume_on(plan, train, validation, None, threads, path)
    }

    /// As [`resume`](Self::resume), of a training [on a stream](Self::on_stream).
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_on_stream(
        plan: Plan,
        like: Examples<'a>,
        validation: Option<Examples<'a>>,
        identity: &str,
        threads: usize,
        path: &Path,
    ) -> Result<Self, Error> {
        Self::resume_on(plan, like, validation, Some(identity), threads, path)
    }

    fn resume_on(
        plan: Plan,
        train: Examples<'a>,
        validation: Option<Examples<'a>>,
        stream: Option<&str>,
        threads: usize,
        path: &Path,
    ) -> Result<Self, Error> {
        let file = TensorFile::open(path)?;
        let tensors = file.parse()?;
        let Version { format } = tensors.document("a truezero checkpoint")?;
        if format != FORMAT {
            return Err(file.error("format", &format!("version {FORMAT}"), format));
        }
        let document: Document = tensors.document("a truezero checkpoint")?;
        let (mut now, then) = (plan.options().clone(), document.options);
        let (mut plan, planned) = (plan, document.moved.map(|_| Penalty::of(&then)));
        if let (Some(moved), Some(planned)) = (document.moved, planned) {
            let mut options = now.clone();
            moved.apply(&mut options);
            plan = options.check()?;
            // Who gives it as it was moved means the same.
            if Penalty::of(&now) == moved {
                planned.apply(&mut now);
            }
        }
        (now.epochs, now.patience) = (then.epochs, then.patience);
        if let Some((option, is, was)) = difference(&now, &then) {
            let expected = format!("{is}, as it is given now");
            let found = format!(
                "{was}, with which the training began\n\
                 hint: give the option as it was, or train anew without --resume"
            );
            return Err(file.error(format!("option {option}"), &expected, found));
        }
        // Before there is a network, so that a large one is put into its file first.
        let copy = |prefix: &str| Ok::<_, Error>(Kept::copy(&document.network.read(&tensors, prefix)?));
        let kept = document.best.as_ref().map(|_| copy("best.")).transpose()?;
        let is_best = document.best.as_ref().is_some_and(|(best, _)| *best == document.position.epoch);
        let start = match (&document.start, &kept) {
            (None, _) => None,
            (Some(_), Some(kept)) if is_best => Some(kept.clone()),
            (Some(_), _) => Some(copy("start.")?),
        };
        let network = document.network.read(&tensors, "now.")?;
        let mut trainer = Self::from_network(plan, network, train, validation, threads)?;
        trainer.stream = stream.map(str::to_owned);
        trainer.state.planned = planned;
        if fingerprint(trainer.train, trainer.validation, stream) != document.fingerprint {
            let expected = match stream {
                None => "the examples of this training",
                Some(_) => "the examples of this training, and as many of them in memory together",
            };
            return Err(file.error("data", expected, "others"));
        }
        let Position { epoch, batch } = document.position;
        if document.history.len() != epoch {
            return Err(file.error("history", &format!("{epoch} epochs"), document.history.len()));
        }
        let examples = document.running.examples;
        if batch == 0 && examples > 0
            || examples > batch.saturating_mul(trainer.state.plan.options().batch_size)
        {
            let expected = format!("mini-batches of the {examples} examples that were seen");
            return Err(file.error("position", &expected, batch));
        }
        if (batch > 0) != document.start.is_some() {
            return Err(file.error("start", "one if, and only if, it stopped within an epoch", "otherwise"));
        }
        if let (Some(StartDocument { steering }), Some(weights)) = (document.start, start) {
            trainer.state.start = Some(Start { weights, steering });
        }
        if document.halvings > MAX_HALVINGS {
            return Err(file.error("halvings", &format!("at most {MAX_HALVINGS}"), document.halvings));
        }
        trainer.state.halvings = document.halvings;
        // At which steps were put off: with other epochs, the schedule may give another one.
        let rate = trainer.state.rate_of(&then, epoch);
        trainer.state.updater.set_rate(rate);
        if let (Some((best, counts)), Some(weights)) = (document.best, kept) {
            if !(1..=epoch).contains(&best) {
                return Err(file.error("best", &format!("an epoch from 1 to {epoch}"), best));
            }
            trainer.state.best = Some(Best { weights, epoch: best, counts });
        }
        if document.steering.is_some() != trainer.state.steering.is_some() {
            return Err(file.error(
                "steering",
                "one if, and only if, there is a target sparsity",
                "otherwise",
            ));
        }
        trainer.state.updater.read(&tensors, document.steps)?;
        trainer.state.updater.read_seen(&tensors)?;
        trainer.state.position = document.position;
        trainer.state.running = document.running;
        trainer.state.steering = document.steering;
        trainer.state.history = document.history;
        // With more epochs or more patience, a training that had ended goes on.
        trainer.state.stopped = document.stopped.filter(|stopped| *stopped == Stopped::Diverged);
        if trainer.state.stopped.is_none() && trainer.out_of_patience() {
            trainer.state.stopped = Some(Stopped::Patience);
        }
        Ok(trainer)
    }
}

/// The first option in which two sets differ: its name, its value now, its value then.
fn difference(now: &TrainingOptions, then: &TrainingOptions) -> Option<(String, String, String)> {
    // By way of text, in which 0.0001 is not the 64-bit number nearest to the 32-bit one.
    let fields = |options: &TrainingOptions| -> serde_json::Map<String, serde_json::Value> {
        let text = serde_json::to_string(options).unwrap_or_default();
        let mut fields: serde_json::Map<_, _> = serde_json::from_str(&text).unwrap_or_default();
        // Not said where it is as usual.
        fields.insert("shuffle".to_owned(), options.shuffle.into());
        fields
    };
    let (now, then) = (fields(now), fields(then));
    now.into_iter()
        .map(|(option, is)| {
            let was = then.get(&option).unwrap_or(&serde_json::Value::Null);
            (option, is, was)
        })
        .find(|(_, is, was)| is != *was)
        .map(|(option, is, was)| (option, is.to_string(), was.to_string()))
}

/// A number that other examples, or the same in another order, would hardly share (FNV-1a over the
/// words of inputs and targets, and over what tells a stream).
fn fingerprint(train: Examples<'_>, validation: Option<Examples<'_>>, stream: Option<&str>) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    stream.unwrap_or_default().bytes().for_each(|byte| hash.word(u64::from(byte)));
    for Examples { data, rows } in [Some(train), validation].into_iter().flatten() {
        hash.word(rows.len() as u64);
        rows.iter().for_each(|&row| hash.word(row as u64));
        match &data.inputs {
            Batch::Active(inputs) => {
                inputs.offsets().iter().for_each(|&offset| hash.word(offset as u64));
                inputs.indices().iter().for_each(|&index| hash.word(u64::from(index)));
                hash.floats(inputs.values());
            }
            Batch::Dense(inputs) => hash.floats(inputs.padded()),
        }
        match &data.targets {
            truezero_data::Targets::Classes { labels, .. } => {
                labels.iter().for_each(|&label| hash.word(u64::from(label)));
            }
            truezero_data::Targets::Quantities(values) | truezero_data::Targets::Labels(values) => {
                hash.floats(values.padded());
            }
        }
        hash.floats(data.weights.as_deref().unwrap_or_default());
    }
    hash.0
}

struct Hash(u64);

impl Hash {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(29);
    }

    fn floats(&mut self, values: &[f32]) {
        values.iter().for_each(|value| self.word(u64::from(value.to_bits())));
    }
}
