//! Why a request is refused, and how that is said: a status and `{"error": "…"}`, as the protocol has it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use truezero_data::DataError;
use utoipa::ToSchema;

use crate::limits::RETRY_SECONDS;

/// How a token is shown: by programs, and by browsers, which know of passwords only. Each in a header of its own,
/// for some browsers look no further than the first.
const CHALLENGES: [&str; 2] = ["Bearer", "Basic realm=\"truezero\""];

/// Why any request may be refused, by status.
pub(crate) const REFUSALS: [(StatusCode, &str); 2] = [
    (StatusCode::NOT_FOUND, "No such model, or not in that version"),
    (StatusCode::INTERNAL_SERVER_ERROR, "A fault of the server"),
];
/// Why one that has a body may be refused besides.
pub(crate) const REFUSALS_OF_BODIES: [(StatusCode, &str); 5] = [
    (StatusCode::BAD_REQUEST, "The body or a header is not what the protocol demands"),
    (StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time"),
    (StatusCode::PAYLOAD_TOO_LARGE, "A limit of the server is passed"),
    (StatusCode::UNPROCESSABLE_ENTITY, "A well formed request that does not suit the model"),
    (StatusCode::SERVICE_UNAVAILABLE, "Too much to do at present; `Retry-After` says when to try again"),
];

/// A request that is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    message: String,
}

/// What the body of a refusal is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorBody {
    /// What was expected and what was found.
    error: String,
}

impl Problem {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The body or a header is not what the protocol demands.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// No or a wrong token.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "expected a header `Authorization: Bearer TOKEN` with the token")
    }

    /// No such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// There is the path, but not for this method.
    pub(crate) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "the path is known, the method is not one of those in `Allow`",
        )
    }

    /// The body did not arrive in time.
    pub(crate) fn slow(seconds: f64) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, format!("expected the whole request within {seconds} s"))
    }

    /// A limit of the server is passed by the request alone.
    pub(crate) fn too_large(what: &str, limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{what}: expected at most {limit}"))
    }

    /// A well formed request that does not suit the model.
    pub(crate) fn unsuitable(
        place: impl std::fmt::Display,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{place}: expected {expected}, found {found}"))
    }

    /// Too much to do at present.
    pub(crate) fn busy(why: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }

    /// Our fault.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be computed")
    }
}

impl From<DataError> for Problem {
    fn from(error: DataError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.message })).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, RETRY_SECONDS.into());
            }
            StatusCode::UNAUTHORIZED => {
                for challenge in CHALLENGES {
                    headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
                }
            }
            _ => {}
        }
        response
    }
}
