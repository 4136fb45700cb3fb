//! From raw examples to what a network takes, by rules that are fitted on the training part, stored in the
//! model and replayed at prediction.
//!
//! ```text
//! matrix   (x − shift) / divisor, within limits; zeros stay zeros where the matrix is sparse
//! number   (x − shift) / divisor, within limits; the mean where missing, and then a 1 in a second input
//! category one input for each level known; 0 everywhere for any other
//! text     a bag of words
//!
//! classes     their position among the sorted names
//! quantities  (y − mean) / scale
//! labels      0 or 1 for each
//! ```
//!
//! ```
//! use truezero_data::preprocess::{PreprocessOptions, Preprocessing};
//! # use truezero_data::{Features, Notices, Raw, RawTarget};
//! # use truezero_sparse::{Batch, DenseBatch};
//! # fn example() -> Result<(), truezero_data::DataError> {
//! let raw = Raw {
//!     features: Features::Matrix(Batch::Dense(DenseBatch::from_rows(1, &[1.0, 3.0, 9.0]))),
//!     target: Some(RawTarget::Labels(vec!["no".into(), "yes".into(), "yes".into()])),
//!     image: None,
//! };
//! let preprocessing = Preprocessing::fit(&raw, &[0, 1], &PreprocessOptions::default())?;
//! assert_eq!(preprocessing.labels(), ["no", "yes"]);
//! let dataset = preprocessing.dataset(raw, &Notices::default())?;
//! assert_eq!(dataset.inputs, Batch::Dense(DenseBatch::from_rows(1, &[-1.0, 1.0, 7.0])));
//! # Ok(())
//! # }
//! # example().unwrap();
//! ```

mod column;
mod fitter;
mod inputs;
mod levels;
mod matrix;
mod scaling;
mod survey;
mod table;
mod targets;

use truezero_sparse::{Batch, DenseBatch};

use crate::text::TextOptions;
use crate::{DataError, Dataset, Features, Notices, Raw, RawTarget, Targets, Task};
pub use fitter::Fitter;
pub(crate) use fitter::TargetFitter;
pub use inputs::InputPreprocessing;
pub use scaling::{InputScales, LIMIT, Scaling};
pub(crate) use survey::{Found, Survey};
pub use survey::{MAX_INFERRED_CLASSES, infer_task};
use targets::Rows;
pub use targets::TargetPlan;

/// The form in which preprocessing is stored. Another version is refused.
pub const VERSION: u32 = 1;
/// No network may have more inputs.
pub const MAX_WIDTH: usize = 1 << 26;

/// How to preprocess.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreprocessOptions {
    /// How numbers are scaled.
    pub scaling: Scaling,
    /// What the targets are; told by their values if `None`, as [`infer_task`] does.
    pub task: Option<Task>,
    /// How text becomes bags of words.
    pub text: TextOptions,
    /// Collects what is told while rules are fitted.
    #[serde(skip)]
    pub notices: Notices,
}

/// Fitted rules from raw examples to a [`Dataset`].
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Preprocessing {
    version: u32,
    inputs: InputPreprocessing,
    targets: TargetPlan,
}

/// As [`Preprocessing`] stands in a file, which need not be one we wrote.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    version: u32,
    inputs: InputPreprocessing,
    targets: TargetPlan,
}

impl TryFrom<Unchecked> for Preprocessing {
    type Error = DataError;

    fn try_from(unchecked: Unchecked) -> Result<Self, DataError> {
        let Unchecked { version, inputs, targets } = unchecked;
        if version != VERSION {
            let (expected, found) = (format!("version {VERSION}"), format!("version {version}"));
            return Err(DataError::unsuitable("preprocessing", expected, found));
        }
        Self::new(inputs, targets)
    }
}

impl Preprocessing {
    /// Rules that were fitted elsewhere.
    ///
    /// # Errors
    /// If no fit could have made them.
    pub fn new(inputs: InputPreprocessing, targets: TargetPlan) -> Result<Self, DataError> {
        match targets.flaw() {
            None => Ok(Self { version: VERSION, inputs, targets }),
            Some(flaw) => Err(DataError::unsuitable("preprocessing", "rules that fit together", flaw)),
        }
    }

    /// Rules fitted on the given rows only. What is to be learned is told by the targets of all rows, so that it does not
    /// depend on which are held out.
    ///
    /// # Errors
    /// If there are no rows or no targets, the targets do not suit the task, a category has too many
    /// levels, or the numbers are too large to be scaled.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn fit(raw: &Raw, rows: &[usize], options: &PreprocessOptions) -> Result<Self, DataError> {
        let task = options.task.or_else(|| raw.target.as_ref().map(infer_task));
        let mut fitter = Fitter::new(&PreprocessOptions { task, ..options.clone() });
        for pass in 0..Fitter::PASSES {
            if pass > 0 && !fitter.wants_more() {
                break;
            }
            fitter.begin();
            fitter.see(raw, rows)?;
        }
        fitter.finish()
    }

    /// Rules for inputs that were fitted before, and for targets fitted on the given rows, as in [`fit`](Self::fit).
    ///
    /// # Errors
    /// If there are no rows or no targets, or the targets do not suit the task.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn with_inputs(
        inputs: InputPreprocessing,
        raw: &Raw,
        rows: &[usize],
        options: &PreprocessOptions,
    ) -> Result<Self, DataError> {
        let target = raw.target.as_ref().ok_or_else(|| no_target(&raw.features))?;
        let task = options.task.unwrap_or_else(|| infer_task(target));
        let mut fitter = TargetFitter::new(Some(task), &options.notices);
        for pass in 0..Fitter::PASSES {
            if pass > 0 && !fitter.wants_more() {
                break;
            }
            fitter.begin();
            fitter.see(raw, rows)?;
        }
        Ok(Self { version: VERSION, inputs, targets: fitter.finish()? })
    }

    /// The rules for inputs alone.
    pub fn for_inputs(&self) -> &InputPreprocessing {
        &self.inputs
    }

    /// Inputs of a network. A matrix is changed in place. What is no error but should be known is told.
    ///
    /// # Errors
    /// If the width is another than the one fitted, a column is missing or of another kind, or a number is
    /// too large.
    pub fn inputs(&self, features: Features, notices: &Notices) -> Result<Batch, DataError> {
        self.inputs.inputs(features, notices)
    }

    /// Targets of a network.
    ///
    /// # Errors
    /// If a label was not seen in training, or the targets are of another kind or number.
    pub fn targets(&self, target: &RawTarget) -> Result<Targets, DataError> {
        self.targets.apply(target, Rows::Examples)
    }

    /// Inputs and targets. What is no error but should be known is told.
    ///
    /// # Errors
    /// As [`inputs`](Self::inputs) and [`targets`](Self::targets); also if there are no targets, or not one
    /// for each example.
    pub fn dataset(&self, raw: Raw, notices: &Notices) -> Result<Dataset, DataError> {
        let target = raw.target.as_ref().ok_or_else(|| no_target(&raw.features))?;
        check_count(&raw, target)?;
        let targets = self.targets.apply(target, Rows::of(&raw.features))?;
        Ok(Dataset { inputs: self.inputs(raw.features, notices)?, targets, weights: None })
    }

    /// Number of inputs of the network.
    pub fn width(&self) -> usize {
        self.inputs.width()
    }

    /// Number of outputs of the network.
    pub fn outputs(&self) -> usize {
        self.targets.outputs()
    }

    /// What the network is to do.
    pub fn task(&self) -> Task {
        self.targets.task()
    }

    /// Names of the outputs: classes and labels in order; of quantities, where the source named several.
    pub fn labels(&self) -> &[String] {
        self.targets.names()
    }

    /// Names of the inputs, made up from columns, levels and terms; a matrix has none.
    pub fn input_names(&self) -> Option<Vec<String>> {
        self.inputs.input_names()
    }

    /// The columns of text, to be read as text again at prediction.
    pub fn text_columns(&self) -> Vec<String> {
        self.inputs.text_columns()
    }

    /// Outputs of a network for quantities, in the units of the data: y = output × scale + mean. Outputs
    /// for another task come back as they are.
    ///
    /// # Panics
    /// If the width is not the number of outputs.
    pub fn quantities(&self, outputs: &DenseBatch) -> DenseBatch {
        self.targets.quantities(outputs)
    }

    /// For quantities, the mean of each: the value of an output of 0. Empty for another task.
    pub fn means(&self) -> &[f64] {
        self.targets.means()
    }

    /// For quantities, how many units of the data one unit of each output is: an error of the network times
    /// this is an error in the data's units. Empty for another task.
    pub fn scales(&self) -> &[f64] {
        self.targets.scales()
    }
}

pub(crate) fn no_training_examples() -> DataError {
    DataError::unsuitable("training part", "at least one example", "none")
}

pub(crate) fn no_target(features: &Features) -> DataError {
    // Only a table has columns to name.
    let hint = match features {
        Features::Table(_) => "name its column with --target, or a file of targets with --labels",
        Features::Matrix(_) | Features::Wide(_) => "name a file of targets with --labels",
    };
    DataError::unsuitable("target", "one for each example", format!("none\nhint: {hint}"))
}

fn check_count(raw: &Raw, target: &RawTarget) -> Result<(), DataError> {
    let (examples, found) = (raw.examples(), target.examples());
    if found == examples {
        return Ok(());
    }
    Err(DataError::unsuitable("targets", format!("{examples}, one for each example"), found.to_string()))
}
