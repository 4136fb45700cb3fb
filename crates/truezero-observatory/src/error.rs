//! What can go wrong, as an answer.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// A training cannot start, for another one runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a training is running already\nhint: stop it first")]
pub struct Busy;

/// Why a request was refused: its status, and what is told.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// What was asked for cannot be.
    pub(crate) fn unsuitable(message: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message.to_string())
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn conflict(message: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, message.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (sentence, hint) = match self.message.split_once("\nhint: ") {
            Some((sentence, hint)) => (sentence, Some(hint)),
            None => (self.message.as_str(), None),
        };
        (self.status, Json(serde_json::json!({ "error": sentence, "hint": hint }))).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        Self::conflict(busy)
    }
}
