//! For whoever runs the server.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::Value;

use crate::app::Shared;
use crate::metrics::CONTENT_TYPE;
use crate::openapi;

/// What was counted, for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((
        status = OK,
        description = "The OpenMetrics text format",
        body = String,
        content_type = "application/openmetrics-text"
    ))
)]
pub(crate) async fn metrics(State(app): State<Shared>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], app.metrics.text(&app.queue))
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
