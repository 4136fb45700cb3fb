//! Examples ready for a network.

use truezero_sparse::{Batch, DenseBatch};

/// What a network is to do with the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One of several classes: softmax output, cross-entropy, error = fraction wrong.
    Classify,
    /// One or more quantities: linear output, squared error, RMSE.
    Regress,
    /// Any number of labels: logistic outputs, cross-entropy.
    Multilabel,
}

impl Task {
    /// What it is called where it can be asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classify => "classify",
            Self::Regress => "regress",
            Self::Multilabel => "multilabel",
        }
    }
}

/// Targets of a [`Dataset`], one per example.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// The class of each example.
    Classes {
        /// Below `classes`.
        labels: Vec<u32>,
        /// Number of classes.
        classes: usize,
    },
    /// Quantities, examples × outputs.
    Quantities(DenseBatch),
    /// 0 or 1 for each label, examples × labels.
    Labels(DenseBatch),
}

impl Targets {
    /// Number of examples.
    pub fn examples(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Quantities(rows) | Self::Labels(rows) => rows.examples(),
        }
    }

    /// Number of output units a network for them has.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes { classes, .. } => *classes,
            Self::Quantities(rows) | Self::Labels(rows) => rows.width(),
        }
    }

    /// The task they pose.
    pub fn task(&self) -> Task {
        match self {
            Self::Classes { .. } => Task::Classify,
            Self::Quantities(_) => Task::Regress,
            Self::Labels(_) => Task::Multilabel,
        }
    }

    /// The targets of chosen examples, in the order given.
    #[must_use]
    pub fn select(&self, examples: &[usize]) -> Self {
        let rows = |from: &DenseBatch| {
            let mut to = DenseBatch::default();
            to.copy_from(from, examples);
            to
        };
        match self {
            Self::Classes { labels, classes } => Self::Classes {
                labels: examples.iter().map(|&example| labels[example]).collect(),
                classes: *classes,
            },
            Self::Quantities(from) => Self::Quantities(rows(from)),
            Self::Labels(from) => Self::Labels(rows(from)),
        }
    }
}

/// Inputs and targets of the same number of examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// examples × inputs.
    pub inputs: Batch,
    /// One per example.
    pub targets: Targets,
    /// How much each example counts; all alike if `None`.
    pub weights: Option<Vec<f32>>,
}

impl Dataset {
    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.inputs.examples()
    }

    /// Appends examples of the same kind.
    ///
    /// # Panics
    /// If their inputs or targets are of another width or kind, or only one of both has weights.
    pub fn append(&mut self, other: &Self) {
        self.inputs.append(&other.inputs);
        match (&mut self.targets, &other.targets) {
            (Targets::Classes { labels, .. }, Targets::Classes { labels: more, .. }) => labels.extend(more),
            (Targets::Quantities(rows), Targets::Quantities(more))
            | (Targets::Labels(rows), Targets::Labels(more)) => rows.append(more),
            _ => panic!("targets of another kind"),
        }
        match (&mut self.weights, &other.weights) {
            (None, None) => {}
            (Some(weights), Some(more)) => weights.extend(more),
            _ => panic!("weights of some examples only"),
        }
    }

    /// The chosen examples, in the order given.
    #[must_use]
    pub fn select(&self, examples: &[usize]) -> Self {
        let mut inputs = Batch::Dense(DenseBatch::default());
        inputs.copy_from(&self.inputs, examples);
        Self {
            inputs,
            targets: self.targets.select(examples),
            weights: self.weights.as_ref().map(|weights| examples.iter().map(|&e| weights[e]).collect()),
        }
    }
}
