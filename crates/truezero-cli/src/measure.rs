//! How errors are told: as fractions of classes or labels, or as distances in the units of the data.

use serde::{Serialize, Serializer};
use truezero::{Evaluation, Evaluator, Examples, Network};
use truezero_data::{Preprocessing, Targets, Task};
use truezero_sparse::Engine;

use crate::table::percent;

/// The error of a task: its name, its unit.
///
/// A network learns quantities in standard deviations from their means. The root mean squared error of
/// one quantity is a mere factor away from the data's units; that of several together is not, and stays
/// in standard deviations wherever only the network's own figure is at hand.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    task: Task,
    /// Units of the data in one of the network's.
    scale: f64,
    several: bool,
}

impl Measure {
    pub fn of(preprocessing: &Preprocessing) -> Self {
        let scale = match preprocessing.scales() {
            [scale] => *scale,
            _ => 1.0,
        };
        Self { task: preprocessing.task(), scale, several: preprocessing.scales().len() > 1 }
    }

    /// What the error is called.
    pub fn name(self) -> &'static str {
        if self.task == Task::Regress { "RMSE" } else { "error" }
    }

    /// An error as the network knows it, in the units of the data (of several quantities: in standard
    /// deviations).
    pub fn convert(self, error: f64) -> f64 {
        error * self.scale
    }

    /// An error as the network knows it, to be read.
    pub fn text(self, error: f64) -> String {
        self.converted(self.convert(error))
    }

    /// An error as [`convert`](Self::convert) gives it, to be read.
    pub fn converted(self, error: f64) -> String {
        let unit = if self.several { " standard deviations" } else { "" };
        format!("{}{unit}", self.exact(error))
    }

    /// An error in the units of the data, to be read.
    pub fn exact(self, error: f64) -> String {
        if self.task == Task::Regress { format!("{error:.4}") } else { percent(error) }
    }
}

/// How well a network does on some examples, in the units of the data.
#[derive(Debug)]
pub struct Assessment {
    /// The task.
    pub task: Task,
    /// Fraction of examples or labels that are wrong, or root mean squared error.
    pub error: f64,
    /// Root mean squared error of each quantity, where there are several.
    pub each: Vec<f64>,
    pub evaluation: Evaluation,
    pub examples: usize,
}

impl Assessment {
    pub fn new(
        network: &Network,
        preprocessing: &Preprocessing,
        engine: &mut Engine,
        examples: Examples<'_>,
    ) -> Self {
        let mut assessor = Assessor::default();
        assessor.see(network, preprocessing, engine, examples);
        assessor.finish(preprocessing)
    }
}

/// Finds an [`Assessment`] on examples that come some at a time.
#[derive(Debug, Default)]
pub struct Assessor {
    evaluator: Evaluator,
    /// Of each quantity where there are several, the squared distances between outputs and targets.
    squares: Vec<f64>,
    examples: usize,
}

impl Assessor {
    pub fn see(
        &mut self,
        network: &Network,
        preprocessing: &Preprocessing,
        engine: &mut Engine,
        examples: Examples<'_>,
    ) {
        self.examples += examples.rows.len();
        self.evaluator.see(network, engine, examples);
        if Measure::of(preprocessing).several {
            self.squares.resize(preprocessing.scales().len(), 0.0);
            self.add_distances(network, engine, examples);
        }
    }

    fn add_distances(&mut self, network: &Network, engine: &mut Engine, examples: Examples<'_>) {
        let chosen = examples.data.select(examples.rows);
        let outputs = network.predict(engine, &chosen.inputs);
        let Targets::Quantities(targets) = &chosen.targets else { return };
        for example in 0..chosen.examples() {
            let pairs = outputs.row(example).iter().zip(targets.row(example));
            for (square, (output, target)) in self.squares.iter_mut().zip(pairs) {
                *square += (f64::from(*output) - f64::from(*target)).powi(2);
            }
        }
    }

    pub fn finish(self, preprocessing: &Preprocessing) -> Assessment {
        let evaluation = self.evaluator.finish();
        let mut error = Measure::of(preprocessing).convert(evaluation.error);
        let count = self.examples.max(1) as f64;
        let squares = self.squares.iter().zip(preprocessing.scales());
        let each: Vec<f64> = squares.map(|(square, scale)| scale * (square / count).sqrt()).collect();
        if !each.is_empty() {
            error = (each.iter().map(|rmse| rmse * rmse).sum::<f64>() / each.len() as f64).sqrt();
        }
        Assessment { task: preprocessing.task(), error, each, evaluation, examples: self.examples }
    }
}

/// An error under the name that the task gives it: `error` or `rmse`.
pub struct NamedError<'a> {
    pub prefix: &'static str,
    pub assessment: Option<&'a Assessment>,
    pub task: Task,
}

impl Serialize for NamedError<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = if self.task == Task::Regress { "rmse" } else { "error" };
        let error = self.assessment.map(|assessment| assessment.error);
        let each = self.assessment.map(|assessment| &assessment.each).filter(|each| !each.is_empty());
        let mut fields = vec![(format!("{}{name}", self.prefix), serde_json::json!(error))];
        fields.extend(each.map(|each| (format!("{}{name}_each", self.prefix), serde_json::json!(each))));
        serializer.collect_map(fields)
    }
}
