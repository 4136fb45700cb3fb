//! Asking an observatory without a network.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use truezero::{Activation, Architecture, Cost, Initialisation, Model, Network};
use truezero_data::{Features, PreprocessOptions, Preprocessing, Raw, RawTarget};
use truezero_http::{Gate, Hosts};
use truezero_observatory::{LIMITS, Models, Observatory};
use truezero_sparse::{Batch, DenseBatch};

/// Longer than anything here takes, even on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks with JSON, unless the body is null.
pub async fn ask(observatory: &Observatory, method: &str, path: &str, body: Value) -> Response {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
    let body = if body.is_null() {
        Body::empty()
    } else {
        request = request.header(header::CONTENT_TYPE, "application/json");
        Body::from(body.to_string())
    };
    let hosts = Hosts::new(Ipv4Addr::LOCALHOST.into(), &[]).unwrap();
    let router = Gate::new(LIMITS, hosts).guard(observatory.router());
    router.oneshot(request.body(body).unwrap()).await.unwrap()
}

/// The status and the JSON of an answer.
pub async fn json(observatory: &Observatory, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let response = ask(observatory, method, path, body).await;
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() })
}

/// Asks for the state until it is as wanted.
pub async fn wait_for(observatory: &Observatory, wanted: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let (_, state) = json(observatory, "GET", "/observatory/state", Value::Null).await;
        if wanted(&state) {
            return state;
        }
        assert!(started.elapsed() < PATIENCE, "{state}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A random network for images of 28 × 28.
pub fn drawn() -> Arc<Model> {
    let pixels: Vec<f32> = (0..784 * 3).map(|at| (at % 256) as f32).collect();
    model(
        Features::Matrix(Batch::Dense(DenseBatch::from_rows(784, &pixels))),
        RawTarget::Labels(["a", "b", "c"].map(str::to_owned).to_vec()),
    )
}

/// A random network for some features, with two hidden layers.
pub fn model(features: Features, target: RawTarget) -> Arc<Model> {
    let examples = target.examples();
    let raw = Raw { features, target: Some(target), image: None };
    let rows: Vec<usize> = (0..examples).collect();
    let preprocessing = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    let architecture = Architecture {
        inputs: preprocessing.width(),
        hidden: vec![30, 20],
        outputs: preprocessing.outputs(),
        activations: vec![Activation::Rectifier; 2],
        sign_trick: true,
        initialisation: Initialisation::Glorot,
    };
    let network = Network::random(&architecture, Cost::for_task(preprocessing.task()), 3);
    Arc::new(Model { network, preprocessing, configuration: Value::Null, summary: None })
}

/// An observatory of one model.
pub fn of(model: &Arc<Model>) -> Observatory {
    let models: Models = vec![("mine".to_owned(), model.clone())];
    Observatory::new(move || models.clone())
}
