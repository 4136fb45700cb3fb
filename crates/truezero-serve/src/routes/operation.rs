//! For whoever runs the server.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde_json::Value;

use crate::app::Shared;
use crate::metrics::Form;
use crate::openapi;

/// What was counted, for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = OK, description = "The OpenMetrics text format, or that of Prometheus if it is liked better", content(
        (String = "application/openmetrics-text"),
        (String = "text/plain")
    )))
)]
pub(crate) async fn metrics(State(app): State<Shared>, headers: HeaderMap) -> impl IntoResponse {
    let accept: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok()).collect();
    let form = Form::wanted(&accept.join(","));
    ([(header::CONTENT_TYPE, form.content_type())], app.metrics.text(&app.queue, form))
}

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operation",
    responses((status = OK, description = "An OpenAPI description of all paths", body = Object))
)]
pub(crate) async fn openapi(State(app): State<Shared>) -> Json<Value> {
    Json(openapi::document(&app))
}
