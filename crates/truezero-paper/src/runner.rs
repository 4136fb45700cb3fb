//! Training of the networks of an experiment: side by side, and each only once.
//!
//! A network that is trained is described in `OUT/networks/NAME-HASH.json`, and if it is to be kept its
//! model is beside it. A later run with the very same data and specification takes it from there. One that
//! was interrupted has a checkpoint there, and a later run goes on with it. Pre-trained layers are kept likewise.

mod place;
mod stack;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use truezero::autoencoder::PretrainingOptions;
use truezero::{Control, Error as NetworkError, Examples, Layer, Network, Trainer, TrainingOptions, argmax};
use truezero_data::Targets;
use truezero_sparse::Engine;

use crate::data::Split;
use crate::error::Error;
use crate::{Name, Progress, Settings};
use place::{Place, Store};
pub use stack::Pretrained;

/// A network to be trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its shape and its training.
    pub options: TrainingOptions,
    /// What is done to the hidden layers before, without labels, on all training inputs.
    #[serde(default)]
    pub pretraining: Option<PretrainingOptions>,
    /// Only the first so many training examples are used with their labels; all if `None`.
    pub labelled: Option<usize>,
    /// Whether the network itself is wanted.
    pub keep: bool,
}

/// What became of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Fraction wrong, or root mean squared error, on the validation examples.
    #[serde(deserialize_with = "crate::number::number")]
    pub validation_error: f64,
    /// The same on the test examples.
    #[serde(deserialize_with = "crate::number::number")]
    pub test_error: f64,
    /// Positions of the test examples that are classified wrong; empty if the targets are not classes.
    pub wrong: Vec<u32>,
    /// For each test example the expected rating, Σ P(class) × rating, where the data has
    /// [ratings](Split::ratings); else empty.
    #[serde(deserialize_with = "crate::number::numbers")]
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
        // A sum of nothing is −0.
        (self.sparsity.iter().sum::<f64>() + 0.0) / self.sparsity.len().max(1) as f64
    }
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
        let store = Store::open(&self.settings.out, data)?;
        let places: Vec<Place<Spec>> = specs.iter().map(|spec| store.place(spec)).collect();
        let mut trained = places
            .iter()
            .zip(specs)
            .map(|(place, spec)| found(place, spec))
            .collect::<Result<Vec<Option<Trained>>, Error>>()?;
        let missing: Vec<usize> = (0..specs.len()).filter(|&at| trained[at].is_none()).collect();
        let starts = self.pretrain(data, missing.iter().map(|&at| &specs[at]))?;
        let done = AtomicUsize::new(specs.len() - missing.len());
        let new = self.parallel(missing.len(), |index| {
            let at = missing[index];
            let layers = starts[index].as_ref().map(|start| start.layers.as_slice());
            let trained = self.train_one(data, &specs[at], layers, &places[at])?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.progress.network(self.name, done, specs.len(), &describe(&specs[at], &trained));
            Ok(trained)
        })?;
        for (at, new) in missing.into_iter().zip(new) {
            trained[at] = Some(new);
        }
        Ok(trained.into_iter().flatten().collect())
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
                results.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(result);
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.settings.threads.min(count) {
                scope.spawn(work);
            }
            work();
        });
        // A job that was never begun comes after the one that failed.
        results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
    }

    /// Whether the run is to stop: jobs of one's own ask between their steps.
    ///
    /// # Errors
    /// [`Error::Stopped`] if it is.
    pub fn go_on(&self) -> Result<(), Error> {
        if self.progress.stop() { Err(Error::Stopped) } else { Ok(()) }
    }

    fn train_one(
        &self,
        data: &Split,
        spec: &Spec,
        layers: Option<&[Layer]>,
        place: &Place<Spec>,
    ) -> Result<Trained, Error> {
        self.go_on()?;
        let started = Instant::now();
        let plan = spec.options.clone().check()?;
        let labelled = spec.labelled.unwrap_or(usize::MAX).min(data.train.len());
        let train = Examples { data: &data.data, rows: &data.train[..labelled] };
        let validation = Examples { data: &data.data, rows: &data.validation };
        let mut trainer = if place.checkpoint.exists() {
            Trainer::resume(plan, train, Some(validation), 1, &place.checkpoint)?
        } else if let Some(layers) = layers {
            let network = stack::network(data, spec, layers)?;
            Trainer::from_network(plan, network, train, Some(validation), 1)?
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
                // A rate is judged as it is, not by what half of it does.
                Ok(truezero::Progress::RolledBack(_)) | Err(NetworkError::Diverged { .. }) => {
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
            trained.network = Some(place.write_network(data, outcome.network)?);
        }
        place.write(&trained)?;
        Ok(trained)
    }
}

/// The network of an earlier run.
fn found(place: &Place<Spec>, spec: &Spec) -> Result<Option<Trained>, Error> {
    let Some(mut trained) = place.read::<Trained>()? else { return Ok(None) };
    if spec.keep {
        trained.network = place.read_network()?;
    }
    Ok((!spec.keep || trained.network.is_some()).then_some(trained))
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
    let TrainingOptions { activation, l1, seed, .. } = &spec.options;
    let rate = spec.options.rate();
    let activation = activation.first().map_or("linear".to_owned(), ToString::to_string);
    let start = if spec.pretraining.is_some() { ", pre-trained" } else { "" };
    let end = if trained.diverged { ", diverged" } else { "" };
    format!(
        "{activation}{start}, rate {rate}, λ {l1:.1e}, seed {seed}: test error {:.4}, sparsity {:.1} %, {} epochs{end}",
        trained.test_error,
        100.0 * trained.mean_sparsity(),
        trained.epochs
    )
}

#[cfg(test)]
mod tests;
