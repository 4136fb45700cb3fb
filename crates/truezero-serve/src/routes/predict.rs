//! Raw records, for those who have no tensors.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use truezero_data::Notices;

use super::infer::BYTES_OF_NUMBER;
use crate::admission::{RECORDS, held};
use crate::app::{Shared, off_the_road};
use crate::problem::Problem;
use crate::protocol::answer::finite;
use crate::records::{self, PredictRequest, PredictResponse};

/// What the models make of records in the form of their training data
#[utoipa::path(
    post,
    path = "/v1/predict",
    tag = "records",
    request_body = PredictRequest,
    responses((status = OK, description = "A prediction for each record", body = PredictResponse))
)]
pub(crate) async fn predict(
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let deadline = app.deadline();
    let (body, share) = app.memory.read(&app.limits, &headers, body, RECORDS, deadline).await?;
    let (length, for_parse) = (body.len(), Arc::clone(&app));
    let parse = move || {
        let PredictRequest { model, records } =
            serde_json::from_slice(&body).map_err(|error| Problem::malformed(format!("body: {error}")))?;
        let model = match model {
            Some(name) => for_parse.registry.get(&name, None)?,
            None => for_parse.registry.only().ok_or_else(|| {
                Problem::unsuitable("model", "the name of one, as there are several", "none")
            })?,
        };
        if model.model().is_none() {
            return Err(Problem::unsuitable("model", "one with outputs", "pre-trained layers without"));
        }
        let notices = Notices::default();
        Ok((records::inputs(records, &model, &for_parse.limits, &notices)?, model, notices.all()))
    };
    let (inputs, model, warnings) = off_the_road(length, parse).await?;
    let numbers = inputs.examples().saturating_mul(model.layers().last().map_or(0, truezero::Layer::units));
    if numbers > app.limits.numbers {
        return Err(Problem::too_large("numbers in the answer", app.limits.numbers));
    }
    let for_answer = app.memory.take(numbers.saturating_mul(BYTES_OF_NUMBER))?;
    let computed = app.compute(&model, inputs, Vec::new(), deadline).await?;
    drop(share);
    let write = move || {
        finite("predictions", &computed.predictions)?;
        let trained = model.model().ok_or_else(Problem::internal)?;
        let predictions = trained.predictions(computed.predictions);
        serde_json::to_vec(&PredictResponse::new(&model, &predictions, warnings))
            .map_err(|_| Problem::internal())
    };
    let mut response = held(off_the_road(numbers, write).await?, for_answer).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
