//! The report of `truezero paper`, if there is one.

use std::path::Path;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use truezero_http::Problem;

use crate::Observatory;

/// A larger file is no report.
const MAX_BYTES: u64 = 64 << 20;

/// The report is one file with scripts and styles inside, and plots whose formulas are compiled in the page;
/// it may fetch nothing.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether there is a report to link.
pub(crate) fn exists(path: Option<&Path>) -> bool {
    path.is_some_and(Path::is_file)
}

pub(crate) async fn report(State(observatory): State<Observatory>) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no report\nhint: `truezero paper` writes one");
    let path = observatory.shared.report.clone().ok_or_else(none)?;
    let read = move || {
        let small = std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
        small.then(|| std::fs::read(&path).ok()).flatten()
    };
    let content = tokio::task::spawn_blocking(read).await.ok().flatten().ok_or_else(none)?;
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((headers, content).into_response())
}
