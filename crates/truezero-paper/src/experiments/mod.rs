//! The experiments: each a function from a runner to an outcome.

use crate::error::Error;
use crate::name::Name;
use crate::result::Outcome;
use crate::runner::Runner;

/// An experiment.
pub(crate) type Experiment = fn(&Runner<'_>) -> Result<Outcome, Error>;

/// All experiments, in the order of the paper.
pub(crate) const ALL: &[(Name, Experiment)] = &[];
