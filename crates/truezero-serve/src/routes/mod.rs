//! What can be asked, and who answers.

pub(crate) mod health;
pub(crate) mod infer;
pub(crate) mod models;
pub(crate) mod operation;
pub(crate) mod predict;

use axum::Router;
use axum::routing::{get, post};

use crate::app::Shared;

/// All paths of the server itself.
pub(crate) fn router(app: Shared) -> Router {
    Router::new()
        .route("/v2", get(models::server))
        .route("/v2/health/live", get(health::live))
        .route("/v2/health/ready", get(health::ready))
        .route("/v2/repository/index", post(models::index))
        .route("/v2/models/{model}", get(models::model))
        .route("/v2/models/{model}/ready", get(models::ready))
        .route("/v2/models/{model}/infer", post(infer::infer))
        .route("/v2/models/{model}/versions/{version}", get(models::model))
        .route("/v2/models/{model}/versions/{version}/ready", get(models::ready))
        .route("/v2/models/{model}/versions/{version}/infer", post(infer::infer))
        .route("/v1/predict", post(predict::predict))
        .route("/metrics", get(operation::metrics))
        .route("/openapi.json", get(operation::openapi))
        .with_state(app)
}
