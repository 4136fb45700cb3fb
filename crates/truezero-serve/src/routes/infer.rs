//! Inference by the protocol.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use truezero_http::{Posted, Problem};

use super::models::Which;
use crate::app::{Shared, off_the_road};
use crate::cost;
use crate::protocol::JSON_LENGTH;
use crate::protocol::answer::{Answer, InferResponse};
use crate::protocol::question::{InferRequest, Question};

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
    posted: Posted,
) -> Result<Response, Problem> {
    let model = app.registry.get(&which.model, which.version.as_deref())?;
    let json = json_length(&headers)?;
    let Posted { bytes: body, intake } = posted;
    let (length, for_model, limits, paid) =
        (body.len(), Arc::clone(&model), app.limits.clone(), intake.clone());
    let parse = move || Question::parse(&body, json.unwrap_or(body.len()), &for_model, &limits, &paid);
    let Question { id, inputs, wanted } = off_the_road(length, parse).await?;
    let (examples, codes) = (inputs.examples(), Question::codes(&wanted));
    let numbers = Question::numbers(&wanted, &model, examples);
    intake.reserve(cost::of_answer(&model, &app.limits, examples, &codes, numbers))?;

    let computed = app.compute(&model, inputs, codes, &intake).await?;
    let write = move || {
        let _paid = intake;
        Answer::write(&model, id.as_deref(), &wanted, computed)
    };
    let Answer { bytes, json } = off_the_road(numbers, write).await?;
    Ok(match json {
        None => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Some(json) => {
            let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
            (kind, [(JSON_LENGTH, json.to_string())], bytes).into_response()
        }
    })
}

/// The length of the JSON, if tensors follow it.
fn json_length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(length) = headers.get(JSON_LENGTH) else { return Ok(None) };
    let number = length.to_str().ok().and_then(|length| length.parse().ok());
    number.map(Some).ok_or_else(|| {
        let found = truezero_data::quoted(&String::from_utf8_lossy(length.as_bytes()));
        Problem::malformed(format!("header {JSON_LENGTH}: expected a number of bytes, found {found}"))
    })
}
