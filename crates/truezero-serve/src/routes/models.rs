//! What the server and its models say of themselves.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use truezero_http::Problem;

use super::health::Ready;
use crate::app::Shared;
use crate::protocol::metadata::{ModelIndex, ModelMetadata, ServerMetadata};

/// Which model is meant.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    pub(super) model: String,
    pub(super) version: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Which {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(which)| which).map_err(|_| Problem::not_found("no model has a name that is not UTF-8"))
    }
}

/// What the server is
#[utoipa::path(
    get,
    path = "/v2",
    tag = "protocol",
    responses((status = OK, description = "Its name, version and extensions", body = ServerMetadata))
)]
pub(crate) async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata::ours())
}

/// Which models there are
#[utoipa::path(
    post,
    path = "/v2/repository/index",
    tag = "protocol",
    responses((status = OK, description = "All models", body = Vec<ModelIndex>))
)]
pub(crate) async fn index(State(app): State<Shared>) -> Json<Vec<ModelIndex>> {
    Json(app.registry.all().iter().map(|model| ModelIndex::of(model)).collect())
}

/// What goes into a model and what comes out
#[utoipa::path(
    get,
    path = "/v2/models/{model}",
    tag = "protocol",
    params(("model" = String, Path, description = "Its name")),
    responses((status = OK, description = "Its tensors", body = ModelMetadata))
)]
pub(crate) async fn model(State(app): State<Shared>, which: Which) -> Result<Json<ModelMetadata>, Problem> {
    let model = app.registry.get(&which.model, which.version.as_deref())?;
    Ok(Json(ModelMetadata::of(&model)))
}

/// Whether a model takes requests
#[utoipa::path(
    get,
    path = "/v2/models/{model}/ready",
    tag = "protocol",
    operation_id = "model_ready",
    params(("model" = String, Path, description = "Its name")),
    responses(
        (status = OK, description = "It does", body = Ready),
        (status = SERVICE_UNAVAILABLE, description = "The server is stopping", body = Ready)
    )
)]
pub(crate) async fn ready(
    State(app): State<Shared>,
    which: Which,
) -> Result<(StatusCode, Json<Ready>), Problem> {
    app.registry.get(&which.model, which.version.as_deref())?;
    let status = app.ready();
    Ok((status, Json(Ready { ready: status == StatusCode::OK })))
}
