//! The token that clients must have.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use truezero_http::Problem;

use crate::error::Error;

/// A secret that clients show as `Authorization: Bearer TOKEN`. Only its checksum is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    checksum: [u8; 32],
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// A token; white space around it is not part of it.
    ///
    /// # Errors
    /// If it is empty or could not stand in a header.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Token { found: "nothing" });
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Error::Token { found: "other characters" });
        }
        Ok(Self { checksum: Sha256::digest(text).into() })
    }

    /// Whether this is what a client showed. Checksums are compared, all of their bytes whatever the first
    /// are, so that the time it takes tells nothing of the token, not even its length.
    fn is(&self, shown: &[u8]) -> bool {
        let checksum: [u8; 32] = Sha256::digest(shown).into();
        self.checksum.ct_eq(&checksum).into()
    }
}

/// What may be asked without a token: whether the server is alive and ready.
pub(crate) const OPEN: &str = "/v2/health/";

/// Lets requests pass that show the token, if there is one.
pub(crate) async fn check(State(token): State<Option<Token>>, request: Request, next: Next) -> Response {
    let Some(token) = token else { return next.run(request).await };
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| shown(value.as_bytes()));
    if request.uri().path().starts_with(OPEN) || shown.is_some_and(|shown| token.is(&shown)) {
        return next.run(request).await;
    }
    Problem::unauthorized().into_response()
}

/// The token that a client shows: as it is, or as the password of any user, which is what a browser asks for.
fn shown(value: &[u8]) -> Option<Vec<u8>> {
    let space = value.iter().position(|&byte| byte == b' ')?;
    let (scheme, rest) = (&value[..space], value[space..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"Bearer") {
        return Some(rest.to_vec());
    }
    let pair = scheme.eq_ignore_ascii_case(b"Basic").then(|| BASE64_STANDARD.decode(rest).ok()).flatten()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token() {
        let token = Token::new(" secret-1\n").unwrap();
        assert!(token.is(b"secret-1"));
        for other in ["", "secret-", "secret-11", "Secret-1", " secret-1"] {
            assert!(!token.is(other.as_bytes()), "{other:?}");
        }
        assert!(!format!("{token:?}").contains("secret"));
    }

    #[test]
    fn a_token_is_shown_as_it_is_or_as_a_password() {
        let is = |value: &str| shown(value.as_bytes()).map(|token| String::from_utf8(token).unwrap());
        assert_eq!(is("Bearer  secret ").as_deref(), Some("secret"));
        assert_eq!(is("basic bWU6c2U6Y3JldA==").as_deref(), Some("se:cret"), "of user me");
        for other in ["secret", "Bearer", "Digest secret", "Basic secret", "Basic bWU=", "Basic ====", ""] {
            assert_eq!(is(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_token_can_stand_in_a_header() {
        for wrong in ["", " \n", "two words", "ä", "a\nb"] {
            assert!(Token::new(wrong).is_err(), "{wrong:?}");
        }
    }
}
