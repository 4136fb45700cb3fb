//! Training, epoch by epoch: Python decides after each what comes next.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use truezero::{ClassCount, Cost, Network, Paused, Plan, Progress, Saved, TrainingOptions};
use truezero_data::preprocess::InputScales;
use truezero_data::{Dataset, InputPreprocessing, Task};

use crate::binary::{one_output, two_outputs};
use crate::examples::{Given, Goal, Part};
use crate::failure::{detached, raise, within_memory, wrong};
use crate::model::{self, Model, shown};
use crate::parameters::TrainingParameters;
use crate::signals::Watch;

/// A training with its examples.
#[pyclass(module = "truezero._truezero")]
pub struct Trainer {
    goal: Goal,
    options: TrainingOptions,
    train: Part,
    validation: Option<Part>,
    /// `None` while it trains, or when it has ended.
    paused: Option<Paused>,
}

#[pymethods]
impl Trainer {
    /// A training of a new network, of one that is given, or of one with given hidden layers. Validation examples
    /// choose the best weights unless they are `only_watched`.
    #[new]
    #[allow(clippy::too_many_arguments, reason = "they are Python's")]
    fn new(
        parameters: TrainingParameters,
        task: &str,
        outputs: usize,
        train: Given<'_>,
        validation: Option<Given<'_>>,
        start: Option<&Bound<'_, Model>>,
        threads: usize,
        only_watched: bool,
    ) -> PyResult<Self> {
        let options = parameters.options()?;
        let goal = Goal::new(task, outputs)?;
        let train = Part::new(&train, goal)?;
        let validation = validation.map(|given| Part::new(&given, goal)).transpose()?;
        let plan = options.clone().check().map_err(raise)?;
        let start = start.map(|start| &start.get().saved);
        let network = within_memory(|| network(&plan, &train.data, goal, start))??;
        let examples = validation.as_ref().map(Part::examples);
        let trainer = truezero::Trainer::from_network(plan, network, train.examples(), examples, threads);
        let mut paused = trainer.map_err(raise)?.pause();
        if only_watched {
            paused.only_watch();
        }
        Ok(Self { goal, options, train, validation, paused: Some(paused) })
    }

    /// A training that goes on from a model and what `memory` gave of a training of it, on other examples.
    #[staticmethod]
    fn resume(
        py: Python<'_>,
        memory: Vec<u8>,
        start: &Bound<'_, Model>,
        task: &str,
        outputs: usize,
        train: Given<'_>,
        threads: usize,
    ) -> PyResult<Self> {
        let goal = Goal::new(task, outputs)?;
        let train = Part::new(&train, goal)?;
        let Saved::Model(start) = &start.get().saved else {
            return Err(wrong("expected a model to go on from, found an encoder"));
        };
        let paused =
            detached(py, || Paused::with_memory(begun(start, goal)?, memory, threads).map_err(raise));
        let paused = paused??;
        let options = paused.plan().options().clone();
        Ok(Self { goal, options, train, validation: None, paused: Some(paused) })
    }

    /// What the training remembers beside the network, between two epochs.
    fn memory<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = within_memory(|| self.paused()?.memory().map_err(raise))??;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Trains to the end of the present epoch. Whatever a signal handler raises stops it after a mini-batch.
    fn epoch(&mut self, py: Python<'_>) -> PyResult<&'static str> {
        let paused = self.paused.take().ok_or_else(ended)?;
        let (train, validation) = (&self.train, &self.validation);
        let mut watch = Watch::new();
        let trained = detached(py, || {
            let mut trainer = paused.go_on(train.examples(), validation.as_ref().map(Part::examples))?;
            let progress = loop {
                // What is to be said of an epoch that begins again is said at the end.
                match trainer.epoch(&mut |_| watch.control()) {
                    Ok(Progress::RolledBack(_)) => {}
                    progress => break progress,
                }
            };
            Ok::<_, truezero::Error>((trainer.pause(), progress))
        });
        let (paused, progress) = trained?.map_err(raise)?;
        self.paused = Some(paused);
        if let Some(raised) = watch.raised {
            return Err(raised);
        }
        Ok(match progress.map_err(raise)? {
            Progress::Epoch(_) => "epoch",
            Progress::Interrupted => "interrupted",
            Progress::RolledBack(_) | Progress::Done => "done",
        })
    }

    /// Completed epochs.
    #[getter]
    fn epochs(&self) -> PyResult<usize> {
        Ok(self.paused()?.epochs_done())
    }

    /// The epoch whose weights `finish` would give now, from 1.
    #[getter]
    fn best_epoch(&self) -> PyResult<Option<usize>> {
        Ok(self.paused()?.best_epoch())
    }

    /// The first epoch that came nearest to the target sparsity, if there is one.
    #[getter]
    fn nearest_epoch(&self) -> PyResult<Option<usize>> {
        Ok(self.paused()?.nearest_epoch())
    }

    /// What a person should know of the training so far, in sentences.
    fn remarks(&self, names: Vec<String>) -> PyResult<Vec<String>> {
        let mut summary = self.paused()?.summary();
        if let (Goal::Binary, [of_one]) = (self.goal, summary.counts.each.as_slice()) {
            let examples = summary.counts.examples;
            let of_other =
                ClassCount { actual: examples - of_one.actual, predicted: examples - of_one.predicted };
            summary.counts.each = vec![of_other, *of_one];
        }
        let error = |error: f64| match self.goal {
            Goal::Counts(_) | Goal::Other(Task::Regress, _) => format!("{error:.4}"),
            _ => format!("{:.1} %", 100.0 * error),
        };
        Ok(summary
            .remarks(&self.options)
            .iter()
            .map(|remark| remark.notice(&names, &error).to_string())
            .collect())
    }

    /// The record of the latest epoch as a JSON document.
    fn record(&self) -> PyResult<String> {
        shown(&self.paused()?.history().last())
    }

    /// Changes options between two epochs.
    fn replan(&mut self, parameters: TrainingParameters) -> PyResult<()> {
        let options = parameters.options()?;
        let plan = options.clone().check().map_err(raise)?;
        self.paused.as_mut().ok_or_else(ended)?.replan(plan).map_err(raise)?;
        self.options = options;
        Ok(())
    }

    /// Changes the learning rate between two epochs.
    fn set_learning_rate(&mut self, rate: f32) -> PyResult<()> {
        self.options.learning_rate = Some(rate);
        let plan = self.options.clone().check().map_err(raise)?;
        self.paused.as_mut().ok_or_else(ended)?.replan(plan).map_err(raise)
    }

    /// Makes the weights of the latest epoch those that `finish` gives, until it is called again.
    fn keep(&mut self) -> PyResult<()> {
        self.paused.as_mut().ok_or_else(ended)?.keep_latest();
        Ok(())
    }

    /// Changes the examples between two epochs.
    fn set_train(&mut self, train: Given<'_>) -> PyResult<()> {
        self.train = Part::new(&train, self.goal)?;
        Ok(())
    }

    /// Σ w² over all weights.
    fn squares(&self) -> PyResult<f64> {
        let of = |values: &[f32]| values.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>();
        Ok(self.paused()?.network().layers.iter().map(|layer| of(layer.weights.packed())).sum())
    }

    /// The network as it is now.
    fn model(&self, names: Vec<String>, configuration: &str) -> PyResult<Model> {
        let network = within_memory(|| Ok::<_, PyErr>(self.shown(self.paused()?.network().clone())))??;
        model::model(network, inputs(&self.train)?, names, configuration, None)
    }

    /// Ends the training with the weights of the best epoch, or with the `latest`.
    fn finish(&mut self, names: Vec<String>, configuration: &str, latest: bool) -> PyResult<Model> {
        let mut paused = self.paused.take().ok_or_else(ended)?;
        if latest {
            paused.take_latest();
        }
        let outcome = paused.finish().map_err(raise)?;
        let network = within_memory(|| self.shown(outcome.network))?;
        model::model(network, inputs(&self.train)?, names, configuration, Some(outcome.summary))
    }
}

impl Trainer {
    fn paused(&self) -> PyResult<&Paused> {
        self.paused.as_ref().ok_or_else(ended)
    }

    /// A network with an output for each name.
    fn shown(&self, network: Network) -> Network {
        match self.goal {
            Goal::Binary => two_outputs(network),
            _ => network,
        }
    }
}

/// Inputs that go into the network as they are.
pub fn inputs(train: &Part) -> PyResult<InputPreprocessing> {
    InputPreprocessing::matrix(train.data.inputs.width(), &InputScales::default()).map_err(raise)
}

fn ended() -> PyErr {
    PyRuntimeError::new_err("the training has ended, or is running in another thread")
}

/// The network to start from.
pub fn network(plan: &Plan, data: &Dataset, goal: Goal, start: Option<&Saved>) -> PyResult<Network> {
    let network = match start {
        Some(Saved::Model(model)) => return begun(model, goal),
        None => Network::planned(plan, data).map_err(raise)?,
        Some(Saved::Encoder(encoder)) => {
            let mut network = Network::planned(plan, data).map_err(raise)?;
            let hidden = network.hidden().len();
            if hidden != encoder.layers.len() {
                return Err(wrong(format!(
                    "expected {hidden} pre-trained layers, found {}",
                    encoder.layers.len()
                )));
            }
            network.layers[..hidden].clone_from_slice(&encoder.layers);
            network
        }
    };
    Ok(Network { cost: goal.cost(), ..network })
}

/// The network of a model, to train on towards a goal.
fn begun(model: &truezero::Model, goal: Goal) -> PyResult<Network> {
    match goal {
        Goal::Binary if model.network.cost != Cost::SoftmaxCrossEntropy || model.network.outputs() != 2 => {
            Err(wrong("expected a model of two classes to start from"))
        }
        Goal::Binary => Ok(one_output(model.network.clone())),
        _ => Ok(Network { cost: goal.cost(), ..model.network.clone() }),
    }
}
