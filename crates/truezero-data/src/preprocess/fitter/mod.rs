//! Rules are fitted to examples that may come in pieces, in up to three passes: sums, extremes and words first, then the
//! distances from the means, then mean and deviation of the columns with numbers far from all others, without these.
//! Every fit goes this way, so examples in memory and the same ones from a stream give the
//! same rules to the bit.

mod counted;
mod matrix;
mod table;
mod targets;

use super::inputs::{InputPlan, InputPreprocessing};
use super::scaling::{LIMIT, Outliers};
use super::{PreprocessOptions, Preprocessing, VERSION, no_training_examples};
use crate::quote::short;
use crate::source::entries::count as counted;
use crate::{DataError, Features, Notice, Notices, Raw};
use matrix::{Matrix, MatrixFitter};
use table::TableFitter;
pub(crate) use targets::TargetFitter;

/// Fits a [`Preprocessing`] to examples that come in pieces.
///
/// ```
/// # use truezero_data::preprocess::{Fitter, PreprocessOptions, Preprocessing};
/// # fn example(pieces: &[truezero_data::Raw]) -> Result<Preprocessing, truezero_data::DataError> {
/// let mut fitter = Fitter::new(&PreprocessOptions::default());
/// for pass in 0..Fitter::PASSES {
///     if pass > 0 && !fitter.wants_more() {
///         break;
///     }
///     fitter.begin();
///     for piece in pieces {
///         fitter.see(piece, &(0..piece.examples()).collect::<Vec<_>>())?;
///     }
/// }
/// fitter.finish()
/// # }
/// ```
#[derive(Debug)]
pub struct Fitter {
    inputs: InputFitter,
    targets: TargetFitter,
}

impl Fitter {
    /// So many times at most all examples are to be shown, in the same order; no more where another time is not
    /// [wanted](Self::wants_more).
    pub const PASSES: usize = 3;

    /// Nothing was seen yet.
    pub fn new(options: &PreprocessOptions) -> Self {
        Self { inputs: InputFitter::new(options), targets: TargetFitter::new(options.task, &options.notices) }
    }

    /// A pass over the examples begins.
    pub fn begin(&mut self) {
        self.inputs.begin();
        self.targets.begin();
    }

    /// After a pass, whether another one changes anything.
    pub fn wants_more(&self) -> bool {
        self.inputs.wants_more() || self.targets.wants_more()
    }

    /// The next examples: these rows of a piece, which has targets.
    ///
    /// # Errors
    /// If they are of another kind than those before, there are no targets, a target is not finite, or a category has
    /// too many levels.
    ///
    /// # Panics
    /// If there is no such row, or there were no such examples in the first pass.
    pub fn see(&mut self, raw: &Raw, rows: &[usize]) -> Result<(), DataError> {
        self.targets.see(raw, rows)?;
        self.inputs.see(raw, rows)
    }

    /// The rules.
    ///
    /// # Errors
    /// If there were no examples, the targets do not suit the task, or the numbers are too large to be scaled.
    pub fn finish(self) -> Result<Preprocessing, DataError> {
        let targets = self.targets.finish()?;
        Ok(Preprocessing { version: VERSION, inputs: self.inputs.finish()?, targets })
    }
}

/// What an examination of a kind of values does in a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pass {
    #[default]
    Before,
    First,
    Second,
    Third,
}

impl Pass {
    fn next(&mut self) {
        *self = match self {
            Self::Before => Self::First,
            Self::First => Self::Second,
            Self::Second | Self::Third => Self::Third,
        };
    }
}

/// A notice names so many columns.
const NAMED: usize = 5;
/// In so many bytes each.
const SHOWN: usize = 40;

/// Tells which columns have numbers that are left out of mean and deviation, each by its name.
fn tell_of_outliers(notices: &Notices, columns: &[(String, Outliers)]) {
    if columns.is_empty() {
        return;
    }
    let shown: Vec<String> = columns
        .iter()
        .take(NAMED)
        .map(|(name, Outliers { count, example })| {
            format!("{} of {}, such as {example}", counted(*count as usize, "value"), short(name, SHOWN))
        })
        .collect();
    let more = match columns.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and of {}", counted(more, "column")),
    };
    let message = format!(
        "{}{more}: more than {LIMIT} standard deviations from the mean, and left out of both. They are taken for the \
         greatest and least within",
        shown.join("; ")
    );
    notices.tell(
        Notice::new("far values", message).hint("if the distance matters, put the logarithm into the data"),
    );
}

/// Fits an [`InputPreprocessing`].
#[derive(Debug)]
pub(super) struct InputFitter {
    options: PreprocessOptions,
    pass: Pass,
    kind: Option<Kind>,
}

#[derive(Debug)]
enum Kind {
    Matrix(MatrixFitter),
    Table(TableFitter),
}

impl InputFitter {
    pub(super) fn new(options: &PreprocessOptions) -> Self {
        Self { options: options.clone(), pass: Pass::Before, kind: None }
    }

    pub(super) fn begin(&mut self) {
        self.pass.next();
        match &mut self.kind {
            Some(Kind::Matrix(matrix)) => matrix.turn(self.pass),
            Some(Kind::Table(table)) => table.turn(self.pass),
            None => {}
        }
    }

    pub(super) fn wants_more(&self) -> bool {
        match &self.kind {
            None => false,
            Some(Kind::Matrix(matrix)) => matrix.wants_more(self.pass),
            Some(Kind::Table(table)) => table.wants_more(self.pass),
        }
    }

    pub(super) fn see(&mut self, raw: &Raw, rows: &[usize]) -> Result<(), DataError> {
        let kind = match (&mut self.kind, &raw.features) {
            (Some(kind), _) => kind,
            (kind, Features::Matrix(batch)) => {
                let (scaling, image) = (self.options.scaling, raw.image);
                kind.insert(Kind::Matrix(MatrixFitter::new(Matrix::Single(batch), scaling, image)?))
            }
            (kind, Features::Wide(batch)) => {
                let (scaling, image) = (self.options.scaling, raw.image);
                kind.insert(Kind::Matrix(MatrixFitter::new(Matrix::Wide(batch), scaling, image)?))
            }
            (kind, Features::Table(table)) => {
                kind.insert(Kind::Table(TableFitter::new(table, &self.options)?))
            }
        };
        match (kind, &raw.features) {
            (Kind::Matrix(fitter), Features::Matrix(batch)) => {
                fitter.see(Matrix::Single(batch), rows, self.pass)
            }
            (Kind::Matrix(fitter), Features::Wide(batch)) => fitter.see(Matrix::Wide(batch), rows, self.pass),
            (Kind::Table(fitter), Features::Table(table)) => fitter.see(table, rows, self.pass),
            (Kind::Matrix(_), _) => Err(DataError::unsuitable("inputs", "a matrix, as before", "a table")),
            (Kind::Table(_), _) => Err(DataError::unsuitable("inputs", "a table, as before", "a matrix")),
        }
    }

    pub(super) fn finish(self) -> Result<InputPreprocessing, DataError> {
        let plan = match self.kind {
            None => return Err(no_training_examples()),
            Some(Kind::Matrix(fitter)) => InputPlan::Matrix(fitter.finish(&self.options.notices)?),
            Some(Kind::Table(fitter)) => InputPlan::Table(fitter.finish(&self.options)?),
        };
        Ok(InputPreprocessing::fitted(plan))
    }
}
