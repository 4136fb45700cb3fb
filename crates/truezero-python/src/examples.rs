//! Examples to learn from, as Python hands them in.

use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use truezero::{Cost, Examples};
use truezero_data::{Dataset, Targets, Task};
use truezero_sparse::{DenseBatch, memory};

use crate::arrays;
use crate::failure::{within_memory, wrong};
use crate::model;

/// Inputs, targets (classes, or one row for each example) and weights.
pub type Given<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Option<PyReadonlyArray1<'py, f32>>);

/// What the targets are.
#[derive(Clone, Copy)]
pub enum Goal {
    /// Two classes, learned with one output.
    Binary,
    /// So many counts.
    Counts(usize),
    /// Of so many outputs.
    Other(Task, usize),
}

impl Goal {
    /// Of a task, or of "counts".
    pub fn new(task: &str, outputs: usize) -> PyResult<Self> {
        if task == "counts" {
            return Ok(Self::Counts(outputs));
        }
        Ok(match (model::task(task)?, outputs) {
            (Task::Classify, 2) => Self::Binary,
            (task, outputs) => Self::Other(task, outputs),
        })
    }

    /// The cost that is learned by.
    pub fn cost(self) -> Cost {
        match self {
            Self::Binary => Cost::LogisticCrossEntropy,
            Self::Counts(_) => Cost::Poisson,
            Self::Other(task, _) => Cost::for_task(task),
        }
    }
}

/// Examples, all of them.
pub struct Part {
    pub data: Dataset,
    rows: Vec<usize>,
}

impl Part {
    pub fn new((x, y, weights): &Given<'_>, goal: Goal) -> PyResult<Self> {
        let inputs = arrays::batch(x)?;
        let targets = targets(y, goal)?;
        let weights = weights.as_ref().map(|weights| weights.as_array().to_vec());
        let rows = inputs.examples();
        let lengths = [targets.examples(), weights.as_ref().map_or(rows, Vec::len)];
        if lengths != [rows; 2] {
            return Err(wrong(format!(
                "expected a target and a weight for each of {rows} examples, found {} and {}",
                lengths[0], lengths[1]
            )));
        }
        if weights.iter().flatten().any(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return Err(wrong("expected finite weights of at least 0"));
        }
        let rows = within_memory(|| memory::numbers(rows))?;
        Ok(Self { data: Dataset { inputs, targets, weights }, rows })
    }

    pub fn examples(&self) -> Examples<'_> {
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
        Goal::Other(Task::Regress, outputs) | Goal::Counts(outputs) => {
            Ok(Targets::Quantities(rows(y, outputs)?))
        }
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
