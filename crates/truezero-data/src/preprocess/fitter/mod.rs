//! Rules are fitted to examples that may come in pieces, in two passes: sums, extremes and words first, then the
//! distances from the means. Every fit goes this way, so examples in memory and the same ones from a stream give the
//! same rules to the bit.

mod counted;
mod matrix;
mod table;
mod targets;

use super::inputs::{InputPlan, InputPreprocessing};
use super::{PreprocessOptions, Preprocessing, VERSION, no_training_examples};
use crate::{DataError, Features, Raw};
use matrix::{Matrix, MatrixFitter};
use table::TableFitter;
pub(crate) use targets::TargetFitter;

/// Fits a [`Preprocessing`] to examples that come in pieces.
///
/// ```
/// # use truezero_data::preprocess::{Fitter, PreprocessOptions, Preprocessing};
/// # fn example(pieces: &[truezero_data::Raw]) -> Result<Preprocessing, truezero_data::DataError> {
/// let mut fitter = Fitter::new(&PreprocessOptions::default());
/// for _ in 0..Fitter::PASSES {
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
    /// So many times all examples are to be shown, in the same order; once will do where a second time is not
    /// [wanted](Self::wants_more).
    pub const PASSES: usize = 2;

    /// Nothing was seen yet.
    pub fn new(options: &PreprocessOptions) -> Self {
        Self { inputs: InputFitter::new(options), targets: TargetFitter::new(options.task, &options.notices) }
    }

    /// A pass over the examples begins.
    pub fn begin(&mut self) {
        self.inputs.begin();
        self.targets.begin();
    }

    /// After the first pass, whether a second one changes anything.
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
}

impl Pass {
    fn next(&mut self) {
        *self = if *self == Self::Before { Self::First } else { Self::Second };
    }
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
        if self.pass == Pass::Second {
            match &mut self.kind {
                Some(Kind::Matrix(matrix)) => matrix.turn(),
                Some(Kind::Table(table)) => table.turn(),
                None => {}
            }
        }
    }

    fn wants_more(&self) -> bool {
        match &self.kind {
            None => false,
            Some(Kind::Matrix(matrix)) => matrix.wants_more(),
            Some(Kind::Table(table)) => table.wants_more(),
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
                fitter.see(Matrix::Single(batch), rows, self.pass == Pass::Second)
            }
            (Kind::Matrix(fitter), Features::Wide(batch)) => {
                fitter.see(Matrix::Wide(batch), rows, self.pass == Pass::Second)
            }
            (Kind::Table(fitter), Features::Table(table)) => {
                fitter.see(table, rows, self.pass == Pass::Second)
            }
            (Kind::Matrix(_), _) => Err(DataError::unsuitable("inputs", "a matrix, as before", "a table")),
            (Kind::Table(_), _) => Err(DataError::unsuitable("inputs", "a table, as before", "a matrix")),
        }
    }

    pub(super) fn finish(self) -> Result<InputPreprocessing, DataError> {
        let plan = match self.kind {
            None => return Err(no_training_examples()),
            Some(Kind::Matrix(fitter)) => InputPlan::Matrix(fitter.finish()?),
            Some(Kind::Table(fitter)) => InputPlan::Table(fitter.finish(&self.options)?),
        };
        Ok(InputPreprocessing::fitted(plan))
    }
}
