//! Raw records, for those who have no tensors.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use truezero_data::Notices;
use truezero_http::{Posted, Problem};

use crate::app::{Shared, off_the_road};
use crate::cost;
use crate::protocol::answer::finite;
use crate::records::{Asked, PredictRequest, PredictResponse};

/// What the models make of records in the form of their training data
#[utoipa::path(
    post,
    path = "/v1/predict",
    tag = "records",
    request_body = PredictRequest,
    responses((status = OK, description = "A prediction for each record", body = PredictResponse))
)]
pub(crate) async fn predict(State(app): State<Shared>, posted: Posted) -> Result<Response, Problem> {
    let Posted { bytes: body, intake } = posted;
    let (length, for_parse, paid) = (body.len(), Arc::clone(&app), intake.clone());
    let parse = move || {
        let asked = Asked::parse(&body)?;
        let model = match &asked.model {
            Some(name) => for_parse.registry.get(name, None)?,
            None => for_parse.registry.only().ok_or_else(|| {
                Problem::unsuitable("model", "the name of one, as there are several", "none")
            })?,
        };
        if model.model().is_none() {
            return Err(Problem::unsuitable("model", "one with outputs", "pre-trained layers without"));
        }
        let notices = Notices::default();
        Ok((asked.inputs(&model, &for_parse.limits, &paid, &notices)?, model, notices.all()))
    };
    let (inputs, model, warnings) = off_the_road(length, parse).await?;
    let examples = inputs.examples();
    let numbers = examples.saturating_mul(model.layers().last().map_or(0, truezero::Layer::units));
    if numbers > app.limits.numbers {
        return Err(Problem::too_large("numbers in the answer", app.limits.numbers));
    }
    intake.reserve(cost::of_answer(&model, &app.limits, examples, &[], numbers))?;
    let computed = app.compute(&model, inputs, Vec::new(), &intake).await?;
    let write = move || {
        let _paid = intake;
        finite("predictions", &computed.predictions)?;
        let trained = model.model().ok_or_else(Problem::internal)?;
        let predictions = trained.predictions(computed.predictions);
        let mut bytes = Vec::with_capacity(cost::of_text(&model, examples, numbers));
        serde_json::to_writer(&mut bytes, &PredictResponse::new(&model, &predictions, warnings))
            .map_err(|_| Problem::internal())?;
        Ok(bytes)
    };
    let bytes = off_the_road(numbers, write).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}
