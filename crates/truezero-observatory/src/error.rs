//! What can go wrong, as an answer.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use truezero_http::Problem;

/// A training cannot start, for another one runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a training is running already\nhint: stop it first")]
pub struct Busy;

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        Self::conflict(busy.to_string())
    }
}

/// What was asked for behind the question mark.
pub(crate) fn query<T>(query: Result<Query<T>, QueryRejection>, expected: &str) -> Result<T, Problem> {
    let wrong = |_| Problem::malformed(format!("query: expected {expected}, found something else"));
    query.map(|Query(query)| query).map_err(wrong)
}
