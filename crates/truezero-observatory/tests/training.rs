//! A training that is started, steered and stopped from the page.

mod common;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use common::{PATIENCE, ask, json, wait_for};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt;
use truezero_http::{Gate, Hosts, Limits};
use truezero_observatory::{LIMITS, Live, Observatory, Start};

async fn training(observatory: &Observatory, method: &str, body: Value) -> (StatusCode, Value) {
    json(observatory, method, "/observatory/training", body).await
}

fn sparsity(state: &Value) -> f64 {
    let epochs = state["training"]["epochs"].as_array().unwrap();
    epochs.last().unwrap()["mean_sparsity"].as_f64().unwrap()
}

/// How many epochs were told.
fn epochs(state: &Value) -> usize {
    state["training"]["epochs"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn moving_the_penalty_changes_the_sparsity_of_a_training_that_runs() {
    let observatory = Observatory::new(Vec::new);
    let wanted = json!({ "hidden": [60, 60], "l1": 0.0, "epochs": 1000 });
    assert_eq!(training(&observatory, "POST", wanted.clone()).await.0, StatusCode::ACCEPTED);
    let (status, refused) = training(&observatory, "POST", wanted).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(refused, json!({ "error": "a training is running already", "hint": "stop it first" }));

    let before = wait_for(&observatory, |state| epochs(state) >= 3).await;
    assert_eq!(before["networks"][0]["id"], "live", "what is trained can be looked at");
    assert_eq!(training(&observatory, "PATCH", json!({ "l1": 0.01 })).await.0, StatusCode::ACCEPTED);
    let seen = epochs(&before);
    let pressed = wait_for(&observatory, |state| epochs(state) >= seen + 6).await;
    assert!(sparsity(&pressed) > sparsity(&before) + 0.1, "{} to {}", sparsity(&before), sparsity(&pressed));
    let l1 = pressed["training"]["run"]["l1"].as_f64().unwrap();
    assert!((l1 - 0.01).abs() < 1e-8, "{l1}");

    let target = json!({ "target_sparsity": 0.95 });
    assert_eq!(training(&observatory, "PATCH", target).await.0, StatusCode::ACCEPTED);
    wait_for(&observatory, |state| (sparsity(state) - 0.95).abs() < 0.02).await;

    assert_eq!(training(&observatory, "DELETE", Value::Null).await.0, StatusCode::ACCEPTED);
    let ended = wait_for(&observatory, |state| state["training"]["run"]["running"] == false).await;
    assert_eq!(ended["training"]["run"]["ended"], "stopped");
    let (status, _) = training(&observatory, "DELETE", Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT, "nothing runs any more");
    assert_eq!(training(&observatory, "PATCH", json!({ "l1": 0.0 })).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    let observatory = Observatory::new(Vec::new);
    let response = ask(&observatory, "GET", "/observatory/events", Value::Null).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let wanted = json!({ "hidden": [20], "epochs": 2, "activation": "tanh" });
    assert_eq!(training(&observatory, "POST", wanted).await.0, StatusCode::ACCEPTED);
    let mut body = response.into_body();
    let mut text = String::new();
    while !text.contains("\"ended\":\"finished\"") {
        let frame = timeout(PATIENCE, body.frame()).await.expect("an event in time").unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names.first(), Some(&"state"), "all there is to know comes first");
    assert!(names.contains(&"batch") && names.last() == Some(&"run"), "{names:?}");
    let told = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let told = names.iter().zip(told.map(|line| serde_json::from_str::<Value>(line).unwrap()));
    let epochs =
        told.filter(|(name, _)| **name == "epochs").flat_map(|(_, data)| data.as_array().unwrap().clone());
    assert_eq!(epochs.map(|record| record["epoch"].clone()).collect::<Vec<_>>(), [json!(1), json!(2)]);

    observatory.close();
    while let Some(frame) = timeout(PATIENCE, body.frame()).await.expect("the end in time") {
        frame.unwrap();
    }
    let late = ask(&observatory, "GET", "/observatory/events", Value::Null).await;
    assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_training_that_cannot_be_is_refused() {
    let observatory = Observatory::new(Vec::new);
    for (wanted, words) in [
        (json!({ "hidden": [2001] }), "option hidden: expected at most 2000 here, found 2001"),
        (json!({ "hidden": [1, 1, 1, 1, 1, 1, 1] }), "at most 6"),
        (json!({ "epochs": 0 }), "option epochs"),
        (json!({ "l1": -1.0 }), "option l1"),
        (json!({ "activation": "step" }), "step"),
        (json!({ "activation": "tanh", "target_sparsity": 0.9 }), "option activation"),
        (json!({ "threads": 64 }), "threads"),
    ] {
        let (status, refused) = training(&observatory, "POST", wanted).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert!(refused["error"].as_str().unwrap().contains(words), "{refused}");
    }
    let both = json!({ "hidden": [5], "l1": 1, "target_sparsity": 0.5 });
    let (status, refused) = training(&observatory, "POST", both).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(refused["error"], "body: expected `l1` or `target_sparsity`, found both");
    let wanted = json!({ "hidden": [20], "epochs": 500, "activation": "tanh" });
    assert_eq!(training(&observatory, "POST", wanted).await.0, StatusCode::ACCEPTED);
    for wrong in [json!({ "l1": -1.0 }), json!({ "target_sparsity": 1.0 }), json!({ "target_sparsity": 0.9 })]
    {
        let (status, refused) = training(&observatory, "PATCH", wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    }
    let (status, _) = training(&observatory, "PATCH", json!({ "l1": 0.1, "target_sparsity": 0.5 })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "one or the other");
    observatory.close();
}

#[tokio::test]
async fn who_asks_and_says_no_more_is_answered_in_time() {
    let limits = Limits { timeout: Duration::from_millis(100), ..LIMITS };
    let gate = Gate::new(limits, Hosts::new(Ipv4Addr::LOCALHOST.into(), &[]).unwrap());
    let router = gate.guard(Observatory::new(Vec::new).router());
    for (method, path) in [
        ("POST", "/observatory/observe"),
        ("POST", "/observatory/training"),
        ("PATCH", "/observatory/training"),
    ] {
        let silent = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = Request::builder().method(method).uri(path).header("host", "localhost").body(silent);
        let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT, "{method} {path}");
    }
}

#[tokio::test]
async fn who_reads_too_slowly_is_sent_everything_anew() {
    let live = Arc::new(Live::default());
    let observatory = Observatory::attached(live.clone());
    let response = ask(&observatory, "GET", "/observatory/events", Value::Null).await;
    for _ in 0..300 {
        live.begin(start()).unwrap().end("finished");
    }
    observatory.close();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    assert_eq!(text.matches("event: state").count(), 2, "at first and when it was behind");
    assert!(text.contains("\"number\":300"));
    assert!(text.matches("event: run").count() < 600);
}

/// What a training elsewhere says of itself.
fn start() -> Start {
    Start {
        data: "flowers.csv".to_owned(),
        hidden: vec![4],
        activation: vec!["rectifier".to_owned()],
        epochs: 3,
        l1: 0.5,
        target_sparsity: None,
        error: "error".to_owned(),
        factor: 1.0,
        zeros: true,
    }
}

#[tokio::test]
async fn a_training_elsewhere_in_the_process_is_watched_only() {
    let live = Arc::new(Live::default());
    let observatory = Observatory::attached(live.clone());
    let session = live.begin(start()).unwrap();
    assert!(live.begin(start()).is_err(), "one at a time");
    let (status, refused) = training(&observatory, "POST", json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    assert_eq!(training(&observatory, "DELETE", Value::Null).await.0, StatusCode::ACCEPTED);
    assert!(session.stops());
    drop(session);
    let (_, state) = json(&observatory, "GET", "/observatory/state", Value::Null).await;
    assert_eq!(state["training"]["run"]["ended"], "failed", "it never said how it ended");
}
