//! For what trains one network on many machines: from the options of `truezero train --stream` to the one that leads,
//! and to its workers ([`truezero::trainer::averaging`]). Errors are what the command would tell.

use std::path::Path;

use truezero::trainer::averaging::{Parameters, Round, Worker};
use truezero::{EpochRecord, Model, Paused, Progress, Saved, Trainer};
use truezero_data::Preprocessing;
use truezero_data::files::Output;

use crate::args::TrainArgs;
use crate::commands::train::plan::Experiment;
use crate::commands::train::prepare::Prepared;
use crate::commands::train::{model_of, outputs, start, streamed};
use crate::config;
use crate::failure::{Failure, chain};

/// Leads workers: holds the validation examples, and decides when the training ends.
pub struct Lead {
    experiment: Experiment,
    data: Prepared,
    /// `None` while it is used, and once the training has ended.
    paused: Option<Paused>,
    /// Where the model goes, if anywhere.
    output: Option<Output>,
}

impl Lead {
    /// Reads the data a first time and makes the network to start from. `options` are those of `train` under their
    /// long names, as a JSON object; the model goes to `out` at the end, which with `force` may be any file that is not
    /// read.
    ///
    /// # Errors
    /// Options that cannot be, a file that cannot be written, or what is wrong with the data.
    pub fn new(options: &str, threads: usize, out: Option<&Path>, force: bool) -> Result<Self, String> {
        let make = || -> Result<Self, Failure> {
            let args = arguments(options)?;
            let experiment = Experiment::new(&args)?;
            let inputs = outputs::inputs(&args);
            let output = out.map(|out| Output::open(out, truezero::MODEL, &inputs, force)).transpose()?;
            let data = Prepared::new(&experiment)?;
            let (network, _) = start::network(&experiment, &data, threads, true)?;
            let plan = experiment.plan.clone();
            let trainer = Trainer::from_network(plan, network, data.train(), data.validation(), threads)?;
            let paused = Some(trainer.pause());
            Ok(Self { experiment, data, paused, output })
        };
        told(make())
    }

    /// The network to start from with its preprocessing, as the bytes of a file: what workers are made of.
    ///
    /// # Errors
    /// After the end.
    pub fn model(&self) -> Result<Vec<u8>, String> {
        let network = self.paused.as_ref().ok_or_else(ended)?.network().clone();
        let Experiment { configuration, .. } = &self.experiment;
        let preprocessing = self.data.preprocessing.clone();
        let model = Model { network, preprocessing, configuration: configuration.clone(), summary: None };
        model.to_bytes().map_err(|error| chain(&error))
    }

    /// What the next round starts from.
    ///
    /// # Errors
    /// After the end.
    pub fn parameters(&mut self) -> Result<Parameters, String> {
        self.paused.as_mut().map(Paused::parameters).ok_or_else(ended)
    }

    /// The epoch that is due; none if the training is done.
    ///
    /// # Errors
    /// After the end.
    pub fn epoch(&mut self) -> Result<Option<usize>, String> {
        self.with(|trainer| Ok(trainer.lead_epoch()))
    }

    /// Ends an epoch with what workers have come to and the rounds they reported. Without a record, it diverged and
    /// is due again, from [`parameters`](Self::parameters) with a lower learning rate.
    ///
    /// # Errors
    /// Divergence at the lowest rate, or parameters of another network.
    pub fn end_epoch(
        &mut self,
        parameters: &Parameters,
        rounds: &[Round],
    ) -> Result<Option<EpochRecord>, String> {
        self.with(|trainer| match trainer.end_led_epoch(parameters, rounds)? {
            Progress::Epoch(record) => Ok(Some(*record)),
            Progress::RolledBack(_) => Ok(None),
            Progress::Interrupted | Progress::Done => unreachable!("an epoch that ended has a record"),
        })
    }

    /// Ends the training with the weights of the best epoch, and writes the model if it has a place to go.
    ///
    /// # Errors
    /// If it was ended before; a file that cannot be written.
    pub fn finish(&mut self) -> Result<Model, String> {
        let outcome = self.paused.take().ok_or_else(ended)?.finish().map_err(|error| chain(&error))?;
        let model = model_of(&self.experiment, &self.data, outcome);
        if let Some(output) = self.output.take() {
            model.save_to(&output).map_err(|error| chain(&error))?;
        }
        Ok(model)
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Trainer<'_>) -> Result<T, truezero::Error>,
    ) -> Result<T, String> {
        let paused = self.paused.take().ok_or_else(ended)?;
        let mut trainer =
            paused.go_on(self.data.train(), self.data.validation()).map_err(|error| chain(&error))?;
        let acted = act(&mut trainer);
        self.paused = Some(trainer.pause());
        acted.map_err(|error| chain(&error))
    }
}

/// Worker `rank` (from 0) of `workers` of the lead that gave `options` and `model`.
///
/// # Errors
/// Data that this machine cannot read, or that does not have an example for each worker.
pub fn worker(
    options: &str,
    model: Vec<u8>,
    [rank, workers]: [usize; 2],
    threads: usize,
) -> Result<Worker, String> {
    let make = || -> Result<Worker, Failure> {
        let experiment = Experiment::new(&arguments(options)?)?;
        let (network, rules) = parts_of(model)?;
        let examples = streamed::examples(&experiment, rules)?;
        let window = experiment.shuffle_buffer.unwrap_or(1);
        Ok(Worker::new(&experiment.plan, network, &examples, window, [rank, workers], threads)?)
    };
    told(make())
}

fn parts_of(model: Vec<u8>) -> Result<(truezero::Network, Preprocessing), Failure> {
    match Saved::from_bytes("the lead's network".as_ref(), model)? {
        Saved::Model(model) => Ok((model.network.clone(), model.preprocessing.clone())),
        Saved::Encoder(_) => {
            Err(Failure::Message("expected the network of the lead, found an encoder".into()))
        }
    }
}

fn arguments(options: &str) -> Result<TrainArgs, Failure> {
    let mut table: toml::Table = serde_json::from_str(options)
        .map_err(|error| Failure::Message(format!("options: expected a JSON object, found {error}")))?;
    if let Some(option) = config::OF_A_CALL.iter().find(|option| table.contains_key(**option)) {
        return Err(Failure::Message(format!(
            "{option}: expected options of the training, found one of a call"
        )));
    }
    table.insert("stream".into(), true.into());
    config::train_args(&table)
}

fn told<T>(result: Result<T, Failure>) -> Result<T, String> {
    result.map_err(|failure| chain(&failure))
}

fn ended() -> String {
    "the training has ended".to_owned()
}
