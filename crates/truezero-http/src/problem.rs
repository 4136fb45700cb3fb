//! Why a request is refused, and how that is said: a status and `{"error": "…"}`, perhaps with a hint.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use truezero_data::{DataError, records, short};
use utoipa::ToSchema;

use crate::limits::RETRY_SECONDS;

/// How a token is shown: by programs, and by browsers, which know of passwords only. Each in a header of its own,
/// for some browsers look no further than the first.
const CHALLENGES: [&str; 2] = ["Bearer", "Basic realm=\"truezero\""];
/// Longest message, in bytes.
const MESSAGE_BYTES: usize = 2000;

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    message: String,
    hint: Option<String>,
}

/// What the body of a refusal is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorBody {
    /// What was expected and what was found.
    error: String,
    /// What can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Problem {
    /// A status, and a message that may have a hint after its first line.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        let (sentence, hint) = match message.split_once("\nhint: ") {
            Some((sentence, hint)) => (sentence, Some(hint)),
            None => (message.as_str(), None),
        };
        let short = |text| short(text, MESSAGE_BYTES);
        Self { status, message: short(sentence), hint: hint.map(short) }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body or a header is not what the protocol demands.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// No or a wrong token.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "expected a header `Authorization: Bearer TOKEN` with the token")
    }

    /// Who asks may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// No such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// There is the path, but not for this method.
    #[must_use]
    pub fn wrong_method() -> Self {
        let message = "the path is known, the method is not one of those in `Allow`";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message)
    }

    /// What is asked for cannot be at present.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// The body did not arrive in time.
    #[must_use]
    pub fn slow(seconds: f64) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, format!("expected the whole request within {seconds} s"))
    }

    /// A limit of the server is passed by the request alone.
    #[must_use]
    pub fn too_large(what: &str, limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{what}: expected at most {limit}"))
    }

    /// The body is packed in a way that is not known.
    pub(crate) fn unknown_packing() -> Self {
        let message = "header `Content-Encoding`: expected gzip, deflate or none, found another";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }

    /// The body is of a type that is not taken.
    pub(crate) fn unknown_type(found: &str) -> Self {
        let message = format!(
            "header `Content-Type`: expected application/json or application/octet-stream, found {found}"
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }

    /// A well formed request that does not suit the model.
    pub fn unsuitable(
        place: impl std::fmt::Display,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::unfit(format!("{place}: expected {expected}, found {found}"))
    }

    /// The same, as another part of truezero has said it.
    #[allow(clippy::needless_pass_by_value, reason = "errors are handed over")]
    pub fn unfit(error: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }

    /// Too much to do at present.
    pub fn busy(why: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }

    /// Our fault.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be computed")
    }
}

impl From<DataError> for Problem {
    fn from(error: DataError) -> Self {
        Self::unfit(error)
    }
}

impl From<records::Fault> for Problem {
    fn from(fault: records::Fault) -> Self {
        match fault {
            records::Fault::Malformed(message) => Self::malformed(message),
            records::Fault::Unsuitable(message) => Self::unfit(message),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, message: error, hint } = self;
        let mut response = (status, Json(ErrorBody { error, hint })).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, RETRY_SECONDS.into());
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_short() {
        let long = "\u{7f}".repeat(1 << 20);
        let problem = Problem::unsuitable("model", "another", &long);
        assert!(problem.message.len() <= MESSAGE_BYTES + "…".len());
    }

    #[test]
    fn a_hint_stands_apart() {
        let problem = Problem::conflict("a training is running already\nhint: stop it first");
        assert_eq!(
            (problem.message.as_str(), problem.hint.as_deref()),
            ("a training is running already", Some("stop it first"))
        );
    }
}
