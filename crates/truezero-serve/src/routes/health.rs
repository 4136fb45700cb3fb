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

pub(crate) async fn live() -> Json<Live> {
    Json(Live { live: true })
}

pub(crate) async fn ready(State(app): State<Shared>) -> (StatusCode, Json<Ready>) {
    let status = app.ready();
    (status, Json(Ready { ready: status == StatusCode::OK }))
}
