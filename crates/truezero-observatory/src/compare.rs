//! The four networks that are compared: alike but for the activation function, trained on the embedded
//! digits when they are first asked for, and kept in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use truezero::{Activation, Control, Error, Examples, Model, Progress, Trainer, TrainingOptions};

use crate::examples::DIGITS;
use crate::live::Live;

/// Units of the hidden layers.
const HIDDEN: [usize; 3] = [200; 3];
/// Enough for errors of less than 10 %, in a second or so for each network.
const EPOCHS: usize = 10;

/// A network to compare.
struct Kind {
    name: &'static str,
    activation: Activation,
    /// Each learns best at its own.
    learning_rate: f32,
    target_sparsity: Option<f32>,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "rectifier",
        activation: Activation::Rectifier,
        learning_rate: 0.1,
        target_sparsity: Some(0.9),
    },
    Kind {
        name: "softplus",
        activation: Activation::Softplus { alpha: 1.0 },
        learning_rate: 0.2,
        target_sparsity: None,
    },
    Kind { name: "tanh", activation: Activation::Tanh, learning_rate: 0.1, target_sparsity: None },
    Kind { name: "logistic", activation: Activation::Logistic, learning_rate: 0.3, target_sparsity: None },
];

/// The networks and how far their training is.
pub(crate) struct Compared {
    state: Mutex<State>,
    live: Arc<Live>,
}

#[derive(Default)]
struct State {
    asked: bool,
    ready: Vec<(&'static str, Arc<Model>)>,
    step: usize,
    failed: Option<String>,
}

/// How far the training is, for the page.
#[derive(Debug, Serialize)]
pub(crate) struct Preparation {
    /// Whether it has been asked for.
    asked: bool,
    /// Ids of all networks there will be.
    names: [&'static str; 4],
    ready: usize,
    /// Epochs done, of all networks.
    done: usize,
    of: usize,
    failed: Option<String>,
}

impl Compared {
    pub(crate) fn new(live: Arc<Live>) -> Self {
        Self { state: Mutex::default(), live }
    }

    /// Starts the training, unless it was started.
    pub(crate) fn prepare(self: &Arc<Self>) {
        if std::mem::replace(&mut self.lock().asked, true) {
            return;
        }
        let own = self.clone();
        std::thread::spawn(move || {
            for kind in &KINDS {
                match own.train(kind) {
                    Ok(model) => own.lock().ready.push((kind.name, Arc::new(model))),
                    Err(error) => own.lock().failed = Some(error.to_string()),
                }
                own.live.tell("networks", &());
            }
        });
    }

    /// Those that are trained.
    pub(crate) fn ready(&self) -> Vec<(&'static str, Arc<Model>)> {
        self.lock().ready.clone()
    }

    pub(crate) fn preparation(&self) -> Preparation {
        let state = self.lock();
        Preparation {
            asked: state.asked,
            names: KINDS.map(|kind| kind.name),
            ready: state.ready.len(),
            done: state.step,
            of: KINDS.len() * EPOCHS,
            failed: state.failed.clone(),
        }
    }

    fn train(&self, kind: &Kind) -> Result<Model, Error> {
        let digits = &*DIGITS;
        let options = TrainingOptions {
            hidden: HIDDEN.to_vec(),
            activation: vec![kind.activation],
            learning_rate: Some(kind.learning_rate),
            target_sparsity: kind.target_sparsity,
            l1: if kind.target_sparsity.is_some() { TrainingOptions::default().l1 } else { 0.0 },
            epochs: EPOCHS,
            patience: 0,
            ..TrainingOptions::default()
        };
        let rows: Vec<usize> = (0..digits.train.examples()).collect();
        let train = Examples { data: &digits.train, rows: &rows };
        let held_out: Vec<usize> = (0..digits.validation.examples()).collect();
        let validation = Examples { data: &digits.validation, rows: &held_out };
        let mut trainer = Trainer::new(options.check()?, train, Some(validation), 1)?;
        loop {
            match trainer.epoch(&mut |_| Control::Continue)? {
                Progress::Epoch(_) => {
                    self.lock().step += 1;
                    self.live.tell("preparation", &self.preparation());
                }
                Progress::RolledBack(_) => {}
                Progress::Interrupted | Progress::Done => break,
            }
        }
        Ok(Model {
            network: trainer.finish()?.network,
            preprocessing: digits.preprocessing.clone(),
            configuration: serde_json::Value::Null,
            summary: None,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
