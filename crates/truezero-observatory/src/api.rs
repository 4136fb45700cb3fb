//! The interface of the page.
//!
//! | | | |
//! |---|---|---|
//! | `GET` | `/` | the page |
//! | `GET` | `/observatory/assets/{name}` | its parts |
//! | `GET` | `/observatory/state` | networks, the four compared, the latest training |
//! | `GET` | `/observatory/events` | the same, and from then on what changes |
//! | `POST` | `/observatory/observe` | an example through a network |
//! | `GET` | `/observatory/unit` | what leads into a unit |
//! | `GET` | `/observatory/examples` | digits |
//! | `POST` | `/observatory/compared` | train the four networks |
//! | `POST`, `PATCH`, `DELETE` | `/observatory/training` | start, steer, stop |
//! | `GET` | `/paper/report.html` | the paper's report |

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use serde::Deserialize;
use serde_json::{Value, json};
use truezero_data::Notices;
use truezero_http::json::Document;
use truezero_http::{Intake, Posted, Problem};

use crate::examples::DIGITS;
use crate::input::{Input, RAW};
use crate::live::Change;
use crate::unit::Which;
use crate::{Observatory, error, events, observe, page, report, training, unit};

/// Memory that a number of an example, or of a layer that it passes, takes until the answer is sent, in bytes.
const BYTES_OF_NUMBER: usize = 96;

pub(crate) fn router(observatory: Observatory) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/observatory/assets/{name}", get(page::part))
        .route("/observatory/state", get(state))
        .route("/observatory/events", get(listen))
        .route("/observatory/observe", post(look))
        .route("/observatory/unit", get(weights))
        .route("/observatory/examples", get(examples))
        .route("/observatory/compared", post(compared))
        .route("/observatory/training", post(start).patch(steer).delete(stop))
        .route("/paper/report.html", get(report::report))
        .layer(middleware::map_response(page::guard))
        .with_state(observatory)
}

impl Observatory {
    /// All that a page shows before anything is drawn.
    pub(crate) fn state(&self) -> Value {
        let shared = &self.shared;
        json!({
            "networks": shared.networks.list(),
            "compared": shared.networks.compared.preparation(),
            "training": shared.live.snapshot(),
            "attached": shared.attached,
            "report": report::exists(shared.report.as_deref()),
        })
    }
}

async fn state(State(observatory): State<Observatory>) -> Json<Value> {
    Json(observatory.state())
}

async fn listen(State(observatory): State<Observatory>) -> Result<impl IntoResponse, Problem> {
    events::stream(observatory)
}

async fn look(
    State(observatory): State<Observatory>,
    Posted { bytes, intake }: Posted,
) -> Result<impl IntoResponse, Problem> {
    let (model, input) = {
        let document = Document::parse(&bytes, &RAW)?;
        let look = document.value();
        look.only(&["network", "input"])?;
        let network = look.demand("network", "the id of a network")?.text()?;
        let input = Input::read(&look.demand("input", "an example")?)?;
        (observatory.shared.networks.find(network)?, input)
    };
    let layers = &model.network.layers;
    let numbers = layers.iter().map(|layer| layer.inputs() + layer.units()).sum::<usize>();
    intake.reserve(bytes.len().saturating_add(numbers.saturating_mul(BYTES_OF_NUMBER)))?;
    aside(&observatory, intake, move || {
        let notices = Notices::default();
        let inputs = input.prepare(&model, &notices)?;
        Ok(Json(observe::observe(&model, &inputs, notices.all())))
    })
    .await
}

async fn weights(
    State(observatory): State<Observatory>,
    Extension(intake): Extension<Intake>,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let which = error::query(query, "network, layer and unit")?;
    let model = observatory.shared.networks.find(&which.network)?;
    intake.reserve(model.network.inputs().saturating_mul(BYTES_OF_NUMBER))?;
    aside(&observatory, intake, move || unit::unit(&model, &which).map(Json)).await
}

/// Computes on another thread than those that answer, a few at a time.
async fn aside<T: Send + 'static>(
    observatory: &Observatory,
    intake: Intake,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let looks = Arc::clone(&observatory.shared.looks);
    let turn = looks.acquire_owned().await.map_err(|_| Problem::internal())?;
    // It goes on if nobody waits for it any more, and counts as long as it does.
    let work = move || {
        let _held = (turn, intake);
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())?
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    page: usize,
}

async fn examples(query: Result<Query<Page>, QueryRejection>) -> Result<impl IntoResponse, Problem> {
    let Page { page } = error::query(query, "a page")?;
    Ok(Json(DIGITS.examples(page)))
}

async fn compared(State(observatory): State<Observatory>) -> StatusCode {
    observatory.prepare();
    StatusCode::ACCEPTED
}

async fn start(
    State(observatory): State<Observatory>,
    Posted { bytes, .. }: Posted,
) -> Result<StatusCode, Problem> {
    let document = Document::parse(&bytes, &[])?;
    let wanted = training::Wanted::read(&document.value())?;
    if observatory.shared.attached {
        return Err(Problem::conflict(
            "this page shows the training of `truezero train`\nhint: `truezero observe` starts others",
        ));
    }
    training::start(&observatory.shared.live, wanted)?;
    Ok(StatusCode::ACCEPTED)
}

async fn steer(
    State(observatory): State<Observatory>,
    Posted { bytes, .. }: Posted,
) -> Result<StatusCode, Problem> {
    let document = Document::parse(&bytes, &[])?;
    let asked = document.value();
    asked.only(&["l1", "target_sparsity"])?;
    let change = Change::read(&asked)?
        .ok_or_else(|| Problem::malformed("body: expected `l1` or `target_sparsity`, found neither"))?;
    observatory.shared.live.ask(change)?;
    Ok(StatusCode::ACCEPTED)
}

async fn stop(State(observatory): State<Observatory>) -> Result<StatusCode, Problem> {
    observatory.shared.live.ask_to_stop()?;
    Ok(StatusCode::ACCEPTED)
}
