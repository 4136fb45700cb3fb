//! Outputs of a network as answers: a class, some labels, or quantities, by name.

use serde::Serialize;
use truezero_data::Task;
use truezero_sparse::DenseBatch;

use crate::evaluate::argmax;
use crate::store::Model;

/// Several labels of an example are separated by this where they stand in one text.
pub const SEPARATOR: &str = ";";

/// What a model makes of some examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// What the model does.
    pub task: Task,
    /// Of the outputs.
    pub names: Vec<String>,
    /// Examples × outputs: probabilities, or quantities in the units of the data.
    pub values: DenseBatch,
}

/// What a model makes of one example.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Prediction<'a> {
    /// One of several classes.
    Class {
        /// The most probable one, the first among equals.
        label: &'a str,
        /// Of each class.
        probabilities: &'a [f32],
    },
    /// Any number of labels.
    Labels {
        /// Those that are more probable than not.
        labels: Vec<&'a str>,
        /// Of each label.
        probabilities: &'a [f32],
    },
    /// Quantities.
    Quantities {
        /// In the units of the data.
        quantities: &'a [f32],
    },
}

impl Predictions {
    /// The prediction for an example.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn of(&self, example: usize) -> Prediction<'_> {
        let values = self.values.row(example);
        match self.task {
            Task::Classify => Prediction::Class { label: &self.names[argmax(values)], probabilities: values },
            Task::Multilabel => {
                let has = self.names.iter().zip(values).filter(|(_, probability)| **probability > 0.5);
                Prediction::Labels {
                    labels: has.map(|(name, _)| name.as_str()).collect(),
                    probabilities: values,
                }
            }
            Task::Regress => Prediction::Quantities { quantities: values },
        }
    }
}

impl Prediction<'_> {
    /// The label or labels as one text; none of quantities.
    pub fn label(&self) -> Option<String> {
        match self {
            Self::Class { label, .. } => Some((*label).to_owned()),
            Self::Labels { labels, .. } => Some(labels.join(SEPARATOR)),
            Self::Quantities { .. } => None,
        }
    }
}

impl Model {
    /// The column that the model was trained to predict, where there was one.
    pub fn trained_target(&self) -> Option<String> {
        self.configuration.get("target")?.as_str().map(str::to_owned)
    }

    /// Names for all outputs, made up where the data had none.
    pub fn output_names(&self) -> Vec<String> {
        let named = self.preprocessing.labels();
        match self.preprocessing.outputs() {
            outputs if named.len() == outputs => named.to_vec(),
            1 => vec![self.trained_target().unwrap_or_else(|| "quantity".to_owned())],
            outputs => (1..=outputs).map(|output| format!("quantity {output}")).collect(),
        }
    }

    /// Names for probabilities, or for quantities in the units of the data.
    pub fn predictions(&self, values: DenseBatch) -> Predictions {
        Predictions { task: self.preprocessing.task(), names: self.output_names(), values }
    }
}
