//! Inference by the protocol.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::models::Which;
use crate::admission::{TENSORS, held};
use crate::app::{Shared, off_the_road};
use crate::problem::Problem;
use crate::protocol::JSON_LENGTH;
use crate::protocol::answer::{Answer, InferResponse};
use crate::protocol::question::{InferRequest, Question};

/// Bytes that a number takes in an answer, at most, with what it was computed from.
pub(crate) const BYTES_OF_NUMBER: usize = 24;

/// What a model makes of tensors
#[utoipa::path(
    post,
    path = "/v2/models/{model}/infer",
    tag = "protocol",
    params(("model" = String, Path, description = "Its name")),
    request_body = InferRequest,
    responses((status = OK, description = "The tensors that were wanted", content(
        (InferResponse = "application/json"),
        (Vec<u8> = "application/octet-stream")
    )))
)]
pub(crate) async fn infer(
    State(app): State<Shared>,
    which: Which,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let deadline = app.deadline();
    let model = app.registry.get(&which.model, which.version.as_deref())?;
    let json = json_length(&headers)?;
    let (body, share) = app.memory.read(&app.limits, &headers, body, TENSORS, deadline).await?;

    let length = body.len();
    let (for_model, limits) = (Arc::clone(&model), app.limits.clone());
    let parse = move || Question::parse(&body, json.unwrap_or(body.len()), &for_model, &limits);
    let Question { id, inputs, wanted } = off_the_road(length, parse).await?;
    let numbers = Question::numbers(&wanted, &model, inputs.examples());
    let for_answer = app.memory.take(numbers.saturating_mul(BYTES_OF_NUMBER))?;

    let codes = Question::codes(&wanted);
    let computed = app.compute(&model, inputs, codes, deadline).await?;
    drop(share);
    let write = move || Answer::write(&model, id.as_deref(), &wanted, computed);
    let Answer { bytes, json } = off_the_road(numbers, write).await?;
    let mut response = held(bytes, for_answer).into_response();
    let kind = if json.is_some() { "application/octet-stream" } else { "application/json" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(json) = json {
        response.headers_mut().insert(JSON_LENGTH, json.into());
    }
    Ok(response)
}

/// The length of the JSON, if tensors follow it.
fn json_length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(length) = headers.get(JSON_LENGTH) else { return Ok(None) };
    let number = length.to_str().ok().and_then(|length| length.parse().ok());
    number.map(Some).ok_or_else(|| {
        Problem::malformed(format!("header {JSON_LENGTH}: expected a number of bytes, found {length:?}"))
    })
}
