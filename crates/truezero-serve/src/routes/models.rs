//! What the server and its models say of themselves.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::health::Ready;
use crate::app::Shared;
use crate::problem::Problem;
use crate::protocol::metadata::{ModelIndex, ModelMetadata, ServerMetadata};

/// Which model is meant.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    pub(super) model: String,
    pub(super) version: Option<String>,
}

pub(crate) async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata::ours())
}

pub(crate) async fn index(State(app): State<Shared>) -> Json<Vec<ModelIndex>> {
    Json(app.registry.all().iter().map(|model| ModelIndex::of(model)).collect())
}

pub(crate) async fn model(
    State(app): State<Shared>,
    Path(which): Path<Which>,
) -> Result<Json<ModelMetadata>, Problem> {
    let model = app.registry.get(&which.model, which.version.as_deref())?;
    Ok(Json(ModelMetadata::of(&model)))
}

pub(crate) async fn ready(
    State(app): State<Shared>,
    Path(which): Path<Which>,
) -> Result<(StatusCode, Json<Ready>), Problem> {
    app.registry.get(&which.model, which.version.as_deref())?;
    let status = app.ready();
    Ok((status, Json(Ready { ready: status == StatusCode::OK })))
}
