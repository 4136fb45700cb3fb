//! A training that the page starts: on the embedded digits, on a thread of its own.

use std::sync::Arc;

use truezero::{Activation, Error, Examples, Model, Plan, Progress, Trainer, TrainingOptions};
use truezero_http::Problem;
use truezero_http::json::Value;

use crate::examples::{DIGITS, Digits};
use crate::live::{Change, Live, Session, Start};

/// Most hidden layers, units in each, and epochs of a training that a page starts.
const MAX_LAYERS: usize = 6;
const MAX_UNITS: usize = 2000;
const MAX_EPOCHS: usize = 1000;
/// Longest list of layers that is looked at, to tell how many there are.
const MAX_OPTIONS: usize = 1000;

/// What a page may choose; what it does not is as `truezero train` has it.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    hidden: Option<Vec<usize>>,
    activation: Option<Activation>,
    penalty: Option<Change>,
    learning_rate: Option<f32>,
    epochs: Option<usize>,
}

impl Wanted {
    pub(crate) fn read(value: &Value<'_, '_>) -> Result<Self, Problem> {
        value.only(&["hidden", "activation", "l1", "target_sparsity", "learning_rate", "epochs"])?;
        let rate = value.get("learning_rate")?.map(|rate| rate.number()).transpose()?;
        let hidden = value.get("hidden")?.map(|hidden| {
            let units = hidden.items("an array of numbers of units", MAX_OPTIONS)?;
            units.iter().map(Value::size).collect::<Result<Vec<_>, _>>()
        });
        let activation = value.get("activation")?.map(|activation| {
            let wrong = |error| Problem::unfit(format!("option activation: {error}"));
            activation.text()?.parse::<Activation>().map_err(wrong)
        });
        Ok(Self {
            hidden: hidden.transpose()?,
            activation: activation.transpose()?,
            penalty: Change::read(value)?,
            learning_rate: rate.map(|rate| rate as f32),
            epochs: value.get("epochs")?.map(|epochs| epochs.size()).transpose()?,
        })
    }

    fn plan(self) -> Result<Plan, Problem> {
        let default = TrainingOptions::default();
        let (l1, target_sparsity) = match self.penalty {
            Some(Change::L1(l1)) => (l1, None),
            Some(Change::TargetSparsity(target)) => (default.l1, Some(target)),
            None => (default.l1, None),
        };
        let options = TrainingOptions {
            hidden: self.hidden.unwrap_or(default.hidden),
            activation: self.activation.map_or(default.activation, |activation| vec![activation]),
            l1,
            target_sparsity,
            learning_rate: self.learning_rate,
            epochs: self.epochs.unwrap_or(default.epochs),
            // It is watched: who watches decides when it is enough.
            patience: 0,
            ..TrainingOptions::default()
        };
        for (option, found, most) in [
            ("hidden", options.hidden.len(), MAX_LAYERS),
            ("hidden", options.hidden.iter().copied().max().unwrap_or(0), MAX_UNITS),
            ("epochs", options.epochs, MAX_EPOCHS),
        ] {
            if found > most {
                let message = format!("option {option}: expected at most {most} here, found {found}");
                return Err(Problem::unfit(format!("{message}\nhint: `truezero train` has no such limit")));
            }
        }
        options.check().map_err(Problem::unfit)
    }
}

/// Starts a training, unless one runs.
pub(crate) fn start(live: &Arc<Live>, wanted: Wanted) -> Result<(), Problem> {
    let plan = wanted.plan()?;
    let options = plan.options();
    let session = live.begin(Start {
        data: "digits5k".to_owned(),
        hidden: options.hidden.clone(),
        activation: options.activation.iter().map(ToString::to_string).collect(),
        epochs: options.epochs,
        l1: options.l1,
        target_sparsity: options.target_sparsity,
        error: "error".to_owned(),
        factor: 1.0,
        zeros: options.activation.iter().any(Activation::gives_zeros),
    })?;
    std::thread::spawn(move || train(plan, session));
    Ok(())
}

fn train(plan: Plan, mut session: Session) {
    let how = match run(plan, &DIGITS, &mut session) {
        Ok(()) if session.stops() => "stopped".to_owned(),
        Ok(()) => "finished".to_owned(),
        Err(error) => error.to_string(),
    };
    session.end(how);
}

fn run(plan: Plan, digits: &Digits, session: &mut Session) -> Result<(), Error> {
    let rows: Vec<usize> = (0..digits.train.examples()).collect();
    let held_out: Vec<usize> = (0..digits.validation.examples()).collect();
    let train = Examples { data: &digits.train, rows: &rows };
    let validation = Examples { data: &digits.validation, rows: &held_out };
    // One thread, so that drawings are answered meanwhile.
    let mut trainer = Trainer::new(plan, train, Some(validation), 1)?;
    loop {
        match trainer.epoch(&mut |report| session.batch(report))? {
            Progress::Epoch(record) => {
                let network = trainer.network();
                session.epoch(&record, network.parameters(), || Model {
                    network: network.clone(),
                    preprocessing: digits.preprocessing.clone(),
                    configuration: serde_json::Value::Null,
                    summary: None,
                });
                session.heed(&mut trainer);
            }
            Progress::Interrupted => session.heed(&mut trainer),
            Progress::RolledBack(_) => {}
            Progress::Done => return Ok(()),
        }
        if session.stops() {
            return Ok(());
        }
    }
}
