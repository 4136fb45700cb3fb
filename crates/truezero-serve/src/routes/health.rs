//! Whether the server is alive, and whether it takes requests.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Shared;

/// Whether it is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Live {
    live: bool,
}

/// Whether it takes requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    pub(super) ready: bool,
}

/// Whether the server is alive
#[utoipa::path(
    get,
    path = "/v2/health/live",
    tag = "protocol",
    responses((status = OK, description = "It is", body = Live))
)]
pub(crate) async fn live() -> Json<Live> {
    Json(Live { live: true })
}

/// Whether the server takes requests
#[utoipa::path(
    get,
    path = "/v2/health/ready",
    tag = "protocol",
    responses(
        (status = OK, description = "It does", body = Ready),
        (status = SERVICE_UNAVAILABLE, description = "It is stopping", body = Ready)
    )
)]
pub(crate) async fn ready(State(app): State<Shared>) -> (StatusCode, Json<Ready>) {
    let status = app.ready();
    (status, Json(Ready { ready: status == StatusCode::OK }))
}
