//! Training of the networks of an experiment: side by side, and each only once.
//!
//! A network that is trained is described in `OUT/networks/NAME-HASH.json`, and if it is to be kept its
//! model is beside it. A later run with the very same data and specification takes it from there. One that
//! was interrupted has a checkpoint there, and a later run goes on with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use truezero::{Control, Error as NetworkError, Examples, Model, Network, Trainer, TrainingOptions, argmax};
use truezero_data::{Dataset, Targets};
use truezero_sparse::{Batch, Engine};

use crate::data::Split;
use crate::error::Error;
use crate::files::write_json;
use crate::{Name, Progress, Settings};

/// Changes whenever the same specification would give another network, or the record another form.
const VERSION: u32 = 1;

/// A network to be trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its shape and its training.
    pub options: TrainingOptions,
    /// Only the first so many training examples are used with their labels; all if `None`.
    pub labelled: Option<usize>,
    /// Whether the network itself is wanted.
    pub keep: bool,
}

/// What became of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Fraction wrong, or root mean squared error, on the validation examples.
    pub validation_error: f64,
    /// The same on the test examples.
    pub test_error: f64,
    /// Positions of the test examples that are classified wrong; empty if the targets are not classes.
    pub wrong: Vec<u32>,
    /// For each test example the expected rating, Σ P(class) × rating, where the data has
    /// [ratings](Split::ratings); else empty.
    pub expected: Vec<f64>,
    /// Fraction of zeros in each hidden layer on the test examples, lowest first.
    pub sparsity: Vec<f64>,
    /// Epochs completed.
    pub epochs: usize,
    /// The epoch that gave the weights; none if none was completed.
    pub best_epoch: Option<usize>,
    /// Whether the cost became infinite. The weights are those of the best epoch before that, or those
    /// reached, which know nothing.
    pub diverged: bool,
    /// Seconds of training, since it was last taken up.
    pub seconds: f64,
    /// If it was to be kept.
    #[serde(skip)]
    pub network: Option<Network>,
}

impl Trained {
    /// Mean sparsity of the hidden layers; 0 without any.
    pub fn mean_sparsity(&self) -> f64 {
        self.sparsity.iter().sum::<f64>() / self.sparsity.len().max(1) as f64
    }
}

/// The data a network was trained on, to tell it from other data of the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct DataKey {
    name: String,
    train: usize,
    validation: usize,
    test: usize,
    /// Of all targets and of the test inputs, which change with the preprocessing.
    sha256: String,
}

/// What a trained network is known by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Key {
    version: u32,
    data: DataKey,
    spec: Spec,
}

/// The file of a trained network.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    key: Key,
    trained: Trained,
}

/// Trains networks for an experiment.
pub struct Runner<'a> {
    /// Of the run.
    pub settings: &'a Settings,
    name: Name,
    progress: &'a dyn Progress,
}

impl<'a> Runner<'a> {
    /// A runner for an experiment.
    pub fn new(settings: &'a Settings, name: Name, progress: &'a dyn Progress) -> Self {
        Self { settings, name, progress }
    }

    /// Trains networks, or takes from an earlier run those trained from the very same specification; side by
    /// side, one thread each. They come in the order of the specifications.
    ///
    /// # Errors
    /// An option that cannot be, data that does not suit a network, a file that cannot be read or written;
    /// or [`Error::Stopped`]. A network that diverges is no error.
    pub fn train(&self, data: &Split, specs: &[Spec]) -> Result<Vec<Trained>, Error> {
        let folder = self.settings.out.join("networks");
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        let data_key = DataKey::of(data);
        let done = AtomicUsize::new(0);
        self.parallel(specs.len(), |at| {
            let key = Key { version: VERSION, data: data_key.clone(), spec: specs[at].clone() };
            let place = Place::new(&folder, &key);
            let trained = match place.read(&key)? {
                Some(trained) => trained,
                None => self.train_one(data, key, &place)?,
            };
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.progress.network(self.name, done, specs.len(), &describe(&specs[at], &trained));
            Ok(trained)
        })
    }

    /// Does `count` jobs on as many threads as the settings allow; the results in their order. After an
    /// error no more jobs are begun.
    ///
    /// # Errors
    /// That of the first job in order that failed.
    pub fn parallel<T: Send>(
        &self,
        count: usize,
        job: impl Fn(usize) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<Option<Result<T, Error>>>> = Mutex::new((0..count).map(|_| None).collect());
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    break;
                }
                let result = job(at);
                if result.is_err() {
                    next.store(count, Ordering::Relaxed);
                }
                results.lock().expect("no job panics while it holds the lock")[at] = Some(result);
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.settings.threads.min(count) {
                scope.spawn(work);
            }
            work();
        });
        // A job that was never begun comes after the one that failed.
        results.into_inner().expect("all threads have ended").into_iter().flatten().collect()
    }

    /// Whether the run is to stop: jobs of one's own ask between their steps.
    ///
    /// # Errors
    /// [`Error::Stopped`] if it is.
    pub fn go_on(&self) -> Result<(), Error> {
        if self.progress.stop() { Err(Error::Stopped) } else { Ok(()) }
    }

    fn train_one(&self, data: &Split, key: Key, place: &Place) -> Result<Trained, Error> {
        self.go_on()?;
        let spec = &key.spec;
        let started = Instant::now();
        let plan = spec.options.clone().check()?;
        let labelled = spec.labelled.unwrap_or(usize::MAX).min(data.train.len());
        let train = Examples { data: &data.data, rows: &data.train[..labelled] };
        let validation = Examples { data: &data.data, rows: &data.validation };
        let mut trainer = if place.checkpoint.exists() {
            Trainer::resume(plan, train, Some(validation), 1, &place.checkpoint)?
        } else {
            Trainer::new(plan, train, Some(validation), 1)?
        };
        let mut diverged = false;
        loop {
            let control = || if self.progress.stop() { Control::Stop } else { Control::Continue };
            match trainer.epoch(&mut |_| control()) {
                Ok(truezero::Progress::Epoch(_)) if self.progress.stop() => {}
                Ok(truezero::Progress::Epoch(_)) => continue,
                Ok(truezero::Progress::Done) => break,
                Ok(truezero::Progress::Interrupted) => {}
                Err(NetworkError::Diverged { .. }) => {
                    diverged = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            trainer.save_checkpoint(&place.checkpoint)?;
            return Err(Error::Stopped);
        }
        let (epochs, outcome) = (trainer.epochs_done(), trainer.finish()?);
        let mut trained = judge(data, &outcome.network, validation);
        trained.epochs = epochs;
        trained.best_epoch = outcome.summary.best_epoch;
        trained.diverged = diverged;
        trained.seconds = started.elapsed().as_secs_f64();
        if spec.keep {
            trained.network = Some(place.save_network(data, outcome.network, &key)?);
        }
        let record = Record { key, trained };
        write_json(&place.record, &record)?;
        if place.checkpoint.exists() {
            fs::remove_file(&place.checkpoint).map_err(Error::io("remove", &place.checkpoint))?;
        }
        Ok(record.trained)
    }
}

/// What a network does on validation and test examples.
fn judge(data: &Split, network: &Network, validation: Examples<'_>) -> Trained {
    let mut engine = Engine::new(1);
    let rows: Vec<usize> = (0..data.test.examples()).collect();
    let test = network.evaluate(&mut engine, Examples { data: &data.test, rows: &rows });
    let (mut wrong, mut expected) = (Vec::new(), Vec::new());
    if let Targets::Classes { labels, .. } = &data.test.targets {
        let probabilities = network.predict(&mut engine, &data.test.inputs);
        for (example, &label) in labels.iter().enumerate() {
            let row = probabilities.row(example);
            if argmax(row) != label as usize {
                wrong.push(example as u32);
            }
            if !data.ratings.is_empty() {
                expected.push(row.iter().zip(&data.ratings).map(|(&p, rating)| f64::from(p) * rating).sum());
            }
        }
    }
    Trained {
        validation_error: network.evaluate(&mut engine, validation).error,
        test_error: test.error,
        wrong,
        expected,
        sparsity: test.layers.iter().map(|layer| layer.sparsity).collect(),
        epochs: 0,
        best_epoch: None,
        diverged: false,
        seconds: 0.0,
        network: None,
    }
}

/// A line for the person watching.
fn describe(spec: &Spec, trained: &Trained) -> String {
    let TrainingOptions { activation, learning_rate, l1, seed, .. } = &spec.options;
    let activation = activation.first().map_or("linear".to_owned(), ToString::to_string);
    let end = if trained.diverged { ", diverged" } else { "" };
    format!(
        "{activation}, rate {learning_rate}, λ {l1}, seed {seed}: test error {:.4}, sparsity {:.1} %, {} epochs{end}",
        trained.test_error,
        100.0 * trained.mean_sparsity(),
        trained.epochs
    )
}

impl DataKey {
    fn of(data: &Split) -> Self {
        let mut hash = Sha256::new();
        let mut word = |word: u32| hash.update(word.to_le_bytes());
        for part in [&data.data, &data.test] {
            targets(part, &mut word);
        }
        data.train.iter().chain(&data.validation).for_each(|&row| word(row as u32));
        match &data.test.inputs {
            Batch::Active(batch) => {
                batch.indices().iter().for_each(|&index| word(index));
                batch.values().iter().for_each(|value| word(value.to_bits()));
            }
            Batch::Dense(batch) => batch.padded().iter().for_each(|value| word(value.to_bits())),
        }
        Self {
            name: data.name.clone(),
            train: data.train.len(),
            validation: data.validation.len(),
            test: data.test.examples(),
            sha256: hexadecimal(hash),
        }
    }
}

fn targets(data: &Dataset, word: &mut impl FnMut(u32)) {
    match &data.targets {
        Targets::Classes { labels, .. } => labels.iter().for_each(|&label| word(label)),
        Targets::Quantities(rows) | Targets::Labels(rows) => {
            rows.padded().iter().for_each(|value| word(value.to_bits()));
        }
    }
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Characters of a hash in a file's name: enough that no two of thousands of networks share one.
const HASH_IN_NAME: usize = 16;

/// The files of a network.
struct Place {
    record: PathBuf,
    model: PathBuf,
    checkpoint: PathBuf,
}

impl Place {
    fn new(folder: &Path, key: &Key) -> Self {
        let text = serde_json::to_vec(key).expect("keys are text");
        let hash = hexadecimal(Sha256::new().chain_update(text));
        let path = |end: &str| folder.join(format!("{}-{}.{end}", key.data.name, &hash[..HASH_IN_NAME]));
        Self { record: path("json"), model: path("safetensors"), checkpoint: path("checkpoint") }
    }

    /// The network of an earlier run. A record that is not of the very same key, or cannot be read as one,
    /// counts as none: the network is trained again.
    fn read(&self, key: &Key) -> Result<Option<Trained>, Error> {
        if !self.record.exists() || key.spec.keep && !self.model.exists() {
            return Ok(None);
        }
        let text = fs::read(&self.record).map_err(Error::io("read", &self.record))?;
        let record = serde_json::from_slice::<Record>(&text).ok().filter(|record| record.key == *key);
        let Some(Record { mut trained, .. }) = record else { return Ok(None) };
        if key.spec.keep {
            trained.network = Some(Model::load(&self.model)?.network);
        }
        Ok(Some(trained))
    }

    /// Writes the network as a model that every other command reads.
    fn save_network(&self, data: &Split, network: Network, key: &Key) -> Result<Network, Error> {
        let preprocessing = data.preprocessing.clone().ok_or_else(|| {
            let place = format!("data {}", data.name);
            truezero_data::DataError::unsuitable(place, "preprocessing, to keep a network", "none")
        })?;
        let configuration = serde_json::to_value(&key.spec.options).expect("keys are text");
        let model = Model { network, preprocessing, configuration, summary: None };
        model.save(&self.model)?;
        Ok(model.network)
    }
}

#[cfg(test)]
mod tests;
