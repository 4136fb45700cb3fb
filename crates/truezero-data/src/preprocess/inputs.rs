//! From raw features to inputs of a network: the part of preprocessing that needs no targets.

use truezero_sparse::Batch;

use super::PreprocessOptions;
use super::fitter::{Fitter, InputFitter};
use super::matrix::MatrixPlan;
use super::scaling::InputScales;
use super::table::{self, TablePlan};
use crate::{DataError, Expected, Features, Notices, Raw};

/// Fitted rules from raw features to inputs. It stands in files under the version of
/// [`Preprocessing`](super::Preprocessing).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "InputPlan", into = "InputPlan")]
pub struct InputPreprocessing(InputPlan);

/// As [`InputPreprocessing`], in a file that need not be one we wrote.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum InputPlan {
    Matrix(MatrixPlan),
    Table(TablePlan),
}

impl TryFrom<InputPlan> for InputPreprocessing {
    type Error = DataError;

    fn try_from(plan: InputPlan) -> Result<Self, DataError> {
        let flaw = match &plan {
            InputPlan::Matrix(plan) => plan.flaw(),
            InputPlan::Table(plan) => plan.flaw(),
        };
        match flaw {
            None => Ok(Self(plan)),
            Some(flaw) => Err(DataError::unsuitable("preprocessing", "rules that fit together", flaw)),
        }
    }
}

impl From<InputPreprocessing> for InputPlan {
    fn from(rules: InputPreprocessing) -> Self {
        rules.0
    }
}

impl InputPreprocessing {
    /// Rules fitted on the given rows only.
    ///
    /// # Errors
    /// If there are no rows, a category has too many levels, or the numbers are too large to be scaled.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn fit(raw: &Raw, rows: &[usize], options: &PreprocessOptions) -> Result<Self, DataError> {
        let mut fitter = InputFitter::new(options);
        for pass in 0..Fitter::PASSES {
            if pass > 0 && !fitter.wants_more() {
                break;
            }
            fitter.begin();
            fitter.see(raw, rows)?;
        }
        fitter.finish()
    }

    pub(super) fn fitted(plan: InputPlan) -> Self {
        Self(plan)
    }

    /// Rules for a matrix of so many columns, fitted elsewhere.
    ///
    /// # Errors
    /// If the width is 0 or too large, there are neither one scale nor one for each column, or a divisor is
    /// not above 0.
    pub fn matrix(width: usize, scales: &InputScales) -> Result<Self, DataError> {
        InputPlan::Matrix(MatrixPlan::given(width, scales)).try_into()
    }

    /// Whether a sparse matrix becomes dense, as many of its zeros do not stay zeros.
    pub fn spreads(&self) -> bool {
        match &self.0 {
            InputPlan::Matrix(plan) => plan.spreads(),
            InputPlan::Table(_) => true,
        }
    }

    /// All that is done to the inputs, if that is to scale numbers of which none was missing in training.
    pub fn scales(&self) -> Option<InputScales> {
        match &self.0 {
            InputPlan::Matrix(plan) => Some(plan.scales()),
            InputPlan::Table(plan) => plan.scales(),
        }
    }

    /// The same for a matrix of numbers, if to scale them is all that is done, and none was missing in training.
    #[must_use]
    pub fn of_numbers(&self) -> Option<Self> {
        match &self.0 {
            InputPlan::Matrix(_) => Some(self.clone()),
            InputPlan::Table(plan) => Self::matrix(plan.width(), &plan.scales()?).ok(),
        }
    }

    /// Inputs of a network. A matrix is changed in place. What is no error but should be known is told.
    ///
    /// # Errors
    /// If the width is another than the one fitted, a column is missing or of another kind, or a number is
    /// too large.
    pub fn inputs(&self, features: Features, notices: &Notices) -> Result<Batch, DataError> {
        match (&self.0, features) {
            (InputPlan::Matrix(plan), Features::Matrix(batch)) => plan.apply(batch),
            (InputPlan::Matrix(plan), Features::Wide(batch)) => plan.apply_wide(batch),
            (InputPlan::Matrix(_), Features::Table(table)) => {
                self.inputs(table::numbers_only(table)?, notices)
            }
            (InputPlan::Table(plan), Features::Table(table)) => plan.apply(table, notices),
            (InputPlan::Table(_), Features::Matrix(batch)) => Err(no_table(batch.width())),
            (InputPlan::Table(_), Features::Wide(batch)) => Err(no_table(batch.width())),
        }
    }

    /// Number of inputs of the network.
    pub fn width(&self) -> usize {
        match &self.0 {
            InputPlan::Matrix(plan) => plan.width(),
            InputPlan::Table(plan) => plan.width(),
        }
    }

    /// Names of the inputs, made up from columns, levels and terms; a matrix has none.
    pub fn input_names(&self) -> Option<Vec<String>> {
        match &self.0 {
            InputPlan::Matrix(_) => None,
            InputPlan::Table(plan) => Some(plan.input_names()),
        }
    }

    /// Names of the columns that a table must have; a matrix has none.
    pub fn columns(&self) -> Option<Vec<String>> {
        match &self.0 {
            InputPlan::Matrix(_) => None,
            InputPlan::Table(plan) => Some(plan.column_names()),
        }
    }

    /// What data to come is to be read as.
    pub fn expected(&self) -> Expected {
        match &self.0 {
            InputPlan::Matrix(plan) => Expected::Matrix { width: plan.width(), image: plan.image() },
            InputPlan::Table(plan) => plan.expected(),
        }
    }

    /// The columns of text, to be read as text again at prediction.
    pub fn text_columns(&self) -> Vec<String> {
        match &self.0 {
            InputPlan::Matrix(_) => Vec::new(),
            InputPlan::Table(plan) => plan.text_columns(),
        }
    }
}

fn no_table(width: usize) -> DataError {
    let found = format!("a matrix of {width} columns without names");
    DataError::unsuitable("inputs", "a table, as in training", found)
}
