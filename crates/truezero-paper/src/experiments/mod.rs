//! The experiments: each a function from a runner to an outcome.

mod active_path;
mod claims;
mod domains;
mod figure1;
mod figure2;
mod figure3;
mod figure4;
mod interpolation;
mod sentiment;
mod setting;
mod smooth;
mod table1;

use crate::error::Error;
use crate::name::Name;
use crate::result::Outcome;
use crate::runner::Runner;

/// An experiment.
pub(crate) type Experiment = fn(&Runner<'_>) -> Result<Outcome, Error>;

/// All experiments, in the order of the paper.
pub(crate) const ALL: &[(Name, Experiment)] = &[
    (Name::Figure1, |_| Ok(figure1::run())),
    (Name::Figure2, figure2::run),
    (Name::Table1, table1::run),
    (Name::Figure3, figure3::run),
    (Name::Interpolation, interpolation::run),
    (Name::Figure4, figure4::run),
    (Name::Sentiment, sentiment::run),
    (Name::Domains, domains::run),
    (Name::Claims, claims::run),
];
