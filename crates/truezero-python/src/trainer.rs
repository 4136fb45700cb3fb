//! Training, epoch by epoch: Python decides after each what comes next.

use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use truezero::{ClassCount, Cost, Examples, Network, Paused, Plan, Progress, Saved, TrainingOptions};
use truezero_data::preprocess::InputScales;
use truezero_data::{Dataset, InputPreprocessing, Targets, Task};
use truezero_sparse::{DenseBatch, memory};

use crate::arrays;
use crate::binary::{one_output, two_outputs};
use crate::failure::{detached, raise, within_memory, wrong};
use crate::model::{self, Model, shown};
use crate::signals::Watch;

/// Inputs, targets (classes, or one row for each example) and weights.
type Given<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Option<PyReadonlyArray1<'py, f32>>);

/// What the targets are.
#[derive(Clone, Copy)]
enum Goal {
    /// Two classes, learned with one output.
    Binary,
    /// Of so many outputs.
    Other(Task, usize),
}

impl Goal {
    fn new(task: &str, outputs: usize) -> PyResult<Self> {
        Ok(match (model::task(task)?, outputs) {
            (Task::Classify, 2) => Self::Binary,
            (task, outputs) => Self::Other(task, outputs),
        })
    }
}

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

/// Examples, all of them.
struct Part {
    data: Dataset,
    rows: Vec<usize>,
}

impl Part {
    fn new((x, y, weights): &Given<'_>, goal: Goal) -> PyResult<Self> {
        let inputs = arrays::batch(x)?;
        let targets = targets(y, goal)?;
        let weights = weights.as_ref().map(|weights| weights.as_array().to_vec());
        let rows = inputs.examples();
        let lengths = [targets.examples(), weights.as_ref().map_or(rows, Vec::len)];
        if lengths != [rows; 2] {
            return Err(wrong(format!(
                "expected a target and a weight for each of {rows} examples, found {lengths:?}"
            )));
        }
        if weights.iter().flatten().any(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return Err(wrong("expected finite weights of at least 0"));
        }
        let rows = within_memory(|| memory::numbers(rows))?;
        Ok(Self { data: Dataset { inputs, targets, weights }, rows })
    }

    fn examples(&self) -> Examples<'_> {
        Examples { data: &self.data, rows: &self.rows }
    }
}

fn targets(y: &Bound<'_, PyAny>, goal: Goal) -> PyResult<Targets> {
    match goal {
        Goal::Binary => {
            let examples = y.len()?;
            let mut rows = within_memory(|| DenseBatch::zeros(examples, 1))?;
            for (example, label) in labels(y, 2)?.into_iter().enumerate() {
                rows.row_mut(example)[0] = label as f32;
            }
            Ok(Targets::Labels(rows))
        }
        Goal::Other(Task::Classify, classes) => Ok(Targets::Classes { labels: labels(y, classes)?, classes }),
        Goal::Other(Task::Regress, outputs) => Ok(Targets::Quantities(rows(y, outputs)?)),
        Goal::Other(Task::Multilabel, outputs) => Ok(Targets::Labels(rows(y, outputs)?)),
    }
}

fn labels(y: &Bound<'_, PyAny>, classes: usize) -> PyResult<Vec<u32>> {
    let labels: PyReadonlyArray1<'_, u32> = y.extract()?;
    let labels = labels.as_array().to_vec();
    match labels.iter().find(|&&label| label as usize >= classes) {
        None => Ok(labels),
        Some(label) => Err(wrong(format!("expected classes below {classes}, found {label}"))),
    }
}

fn rows(y: &Bound<'_, PyAny>, outputs: usize) -> PyResult<DenseBatch> {
    let rows: PyReadonlyArray2<'_, f32> = y.extract()?;
    if rows.shape()[1] != outputs {
        return Err(wrong(format!("expected {outputs} targets of each example, found {}", rows.shape()[1])));
    }
    arrays::dense(rows.as_array())
}

fn options(text: &str) -> PyResult<TrainingOptions> {
    serde_json::from_str(text).map_err(|error| wrong(error.to_string()))
}

#[pymethods]
impl Trainer {
    /// A training of a new network, of one that is given, or of one with given hidden layers. Validation examples
    /// choose the best weights unless they are `only_watched`.
    #[new]
    #[pyo3(signature = (options, task, outputs, train, validation, start, threads, only_watched))]
    #[allow(clippy::too_many_arguments, reason = "they are Python's")]
    fn new(
        options: &str,
        task: &str,
        outputs: usize,
        train: Given<'_>,
        validation: Option<Given<'_>>,
        start: Option<&Bound<'_, Model>>,
        threads: usize,
        only_watched: bool,
    ) -> PyResult<Self> {
        let options = self::options(options)?;
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
            Goal::Other(Task::Regress, _) => format!("{error:.4}"),
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
    fn replan(&mut self, options: &str) -> PyResult<()> {
        let options = self::options(options)?;
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
        model::model(network, self.inputs()?, names, configuration, None)
    }

    /// Ends the training with the weights of the best epoch, or with the `latest`.
    fn finish(&mut self, names: Vec<String>, configuration: &str, latest: bool) -> PyResult<Model> {
        let mut paused = self.paused.take().ok_or_else(ended)?;
        if latest {
            paused.take_latest();
        }
        let outcome = paused.finish().map_err(raise)?;
        let network = within_memory(|| self.shown(outcome.network))?;
        model::model(network, self.inputs()?, names, configuration, Some(outcome.summary))
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
            Goal::Other(..) => network,
        }
    }

    fn inputs(&self) -> PyResult<InputPreprocessing> {
        InputPreprocessing::matrix(self.train.data.inputs.width(), &InputScales::default()).map_err(raise)
    }
}

fn ended() -> PyErr {
    PyRuntimeError::new_err("the training has ended, or is running in another thread")
}

/// The network to start from.
fn network(plan: &Plan, data: &Dataset, goal: Goal, start: Option<&Saved>) -> PyResult<Network> {
    match start {
        Some(Saved::Model(model)) => match goal {
            Goal::Binary
                if model.network.cost != Cost::SoftmaxCrossEntropy || model.network.outputs() != 2 =>
            {
                Err(wrong("expected a model of two classes to start from"))
            }
            Goal::Binary => Ok(one_output(model.network.clone())),
            Goal::Other(..) => Ok(model.network.clone()),
        },
        None => Network::planned(plan, data).map_err(raise),
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
            Ok(network)
        }
    }
}
