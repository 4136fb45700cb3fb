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

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde_json::{Value, json};
use truezero_data::Notices;

use crate::error::Refusal;
use crate::examples::DIGITS;
use crate::input::Input;
use crate::live::Change;
use crate::unit::Which;
use crate::{Observatory, events, observe, page, report, training, unit};

/// Longest body of a request, in bytes.
const MAX_BODY: usize = 1 << 20;

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
        .layer(DefaultBodyLimit::max(MAX_BODY))
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

async fn listen(State(observatory): State<Observatory>) -> Result<impl IntoResponse, Refusal> {
    events::stream(observatory)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    network: String,
    input: Input,
}

async fn look(
    State(observatory): State<Observatory>,
    body: Result<Json<Look>, JsonRejection>,
) -> Result<impl IntoResponse, Refusal> {
    let Json(Look { network, input }) = body?;
    let model = observatory.shared.networks.find(&network)?;
    aside(&observatory, move || {
        let notices = Notices::default();
        let inputs = input.prepare(&model, &notices)?;
        Ok(Json(observe::observe(&model, &inputs, notices.all())))
    })
    .await
}

async fn weights(
    State(observatory): State<Observatory>,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<impl IntoResponse, Refusal> {
    let Query(which) = query?;
    let model = observatory.shared.networks.find(&which.network)?;
    aside(&observatory, move || unit::unit(&model, &which).map(Json)).await
}

/// Computes on another thread than those that answer, a few at a time.
async fn aside<T: Send + 'static>(
    observatory: &Observatory,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let failed = || Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the computation failed");
    let _turn = observatory.shared.looks.acquire().await.map_err(|_| failed())?;
    tokio::task::spawn_blocking(work).await.map_err(|_| failed())?
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    page: usize,
}

async fn examples(query: Result<Query<Page>, QueryRejection>) -> Result<impl IntoResponse, Refusal> {
    let Query(Page { page }) = query?;
    Ok(Json(DIGITS.examples(page)))
}

async fn compared(State(observatory): State<Observatory>) -> StatusCode {
    observatory.prepare();
    StatusCode::ACCEPTED
}

async fn start(
    State(observatory): State<Observatory>,
    body: Result<Json<training::Wanted>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let Json(wanted) = body?;
    if observatory.shared.attached {
        return Err(Refusal::conflict(
            "this page shows the training of `truezero train`\nhint: `truezero observe` starts others",
        ));
    }
    training::start(&observatory.shared.live, wanted)?;
    Ok(StatusCode::ACCEPTED)
}

/// One of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Steer {
    L1(f32),
    TargetSparsity(f32),
}

async fn steer(
    State(observatory): State<Observatory>,
    body: Result<Json<Steer>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let change = match body?.0 {
        Steer::L1(l1) => Change::L1(l1),
        Steer::TargetSparsity(target) => Change::TargetSparsity(target),
    };
    observatory.shared.live.ask(change)?;
    Ok(StatusCode::ACCEPTED)
}

async fn stop(State(observatory): State<Observatory>) -> Result<StatusCode, Refusal> {
    observatory.shared.live.ask_to_stop()?;
    Ok(StatusCode::ACCEPTED)
}
