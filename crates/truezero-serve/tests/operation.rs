//! For whoever runs it: tokens, replaced models, figures.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Folder, Running, classifier, dense, floats, numbers, options};
use serde_json::{Value, json};
use truezero_serve::{Error, Limits, ModelFile, Options, Server, Token};

fn refused(models: &[ModelFile], options: Options) -> Error {
    Server::open(models, options, Arc::new(|_| ())).unwrap_err()
}

#[test]
fn a_token_is_asked_for_everywhere_but_of_health_checks() {
    let folder = Folder::new();
    let files = [folder.save("flowers", &classifier(1))];
    let token = Some(Token::new("open-sesame").unwrap());
    let page = axum::Router::new().route("/", axum::routing::get(async || "a page"));
    let server = Running::start_with(&files, Options { token, ..options(Limits::default()) }, page);
    let mut client = server.connect();
    for path in ["/", "/v2", "/v2/models/flowers", "/metrics", "/openapi.json", "/none", "/v2/health"] {
        let answer = client.send("GET", path, &[], b"");
        answer.refused(401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
        for wrong in
            ["Bearer open-sesam", "Bearer open-sesame1", "Basic open-sesame", "open-sesame", "Bearer ", ""]
        {
            client.send("GET", path, &[("authorization", wrong)], b"").refused(401);
        }
        let answer = client.send("GET", path, &[("authorization", "bearer open-sesame")], b"");
        assert!(matches!(answer.status, 200 | 404), "{path}: {answer:?}");
    }
    client.send("GET", "/v2/health/live", &[], b"").ok();
    client.send("GET", "/v2/health/ready", &[], b"").ok();
    let body = dense(6, &[0.0; 6]).to_string();
    client.send("POST", "/v2/models/flowers/infer", &[], body.as_bytes()).refused(401);
    let described = client.send("GET", "/openapi.json", &[("authorization", "Bearer open-sesame")], b"").ok();
    assert_eq!(described["security"], json!([{"token": []}]));
    assert_eq!(described["paths"]["/v2/health/live"]["get"]["security"], json!([]));
}

#[test]
fn what_cannot_be_served_is_refused_at_the_start() {
    let folder = Folder::new();
    let file = folder.save("flowers", &classifier(1));
    let files = std::slice::from_ref(&file);
    let open = Options { addr: "0.0.0.0:0".to_owned(), ..options(Limits::default()) };
    assert!(matches!(refused(files, open.clone()), Error::Open { .. }));
    drop(Server::open(files, Options { insecure: true, ..open.clone() }, Arc::new(|_| ())).unwrap());
    let token = Some(Token::new("secret").unwrap());
    drop(Server::open(files, Options { token, ..open }, Arc::new(|_| ())).unwrap());

    let usual = || options(Limits::default());
    assert!(matches!(refused(&[], usual()), Error::Names { .. }));
    let twice = refused(&[file.clone(), file.clone()], usual());
    assert!(twice.to_string().contains("found \"flowers\" twice"), "{twice}");
    for name in ["", "a b", "a/b", "..", "ä"] {
        let named = ModelFile { name: name.to_owned(), path: file.path.clone() };
        assert!(matches!(refused(&[named], usual()), Error::Names { .. }), "{name:?}");
    }
    let missing = ModelFile::parse("missing.safetensors");
    assert!(matches!(refused(&[missing], usual()), Error::Io { .. }));
    let folder_itself = ModelFile { name: "x".to_owned(), path: folder.path(".") };
    assert!(matches!(refused(&[folder_itself], usual()), Error::Io { .. }));
    fs::write(folder.path("broken.safetensors"), b"not a model").unwrap();
    let broken = ModelFile::parse(folder.path("broken.safetensors").to_str().unwrap());
    assert!(matches!(refused(&[broken], usual()), Error::Model(_)));
    let addr = Options { addr: "nowhere".to_owned(), ..usual() };
    assert!(matches!(refused(files, addr), Error::System { .. }));
}

#[test]
fn names_are_taken_from_the_file_or_given() {
    let named = |text: &str| {
        let ModelFile { name, path } = ModelFile::parse(text);
        (name, path.to_string_lossy().into_owned())
    };
    assert_eq!(named("a/b.safetensors"), ("b".to_owned(), "a/b.safetensors".to_owned()));
    assert_eq!(named("x-1=a/b.safetensors"), ("x-1".to_owned(), "a/b.safetensors".to_owned()));
    // A path may hold the sign, too.
    assert_eq!(named("a/c=b.safetensors").1, "a/c=b.safetensors");
    // What is a file is a path.
    let folder = Folder::new();
    let file = folder.save("lr=0.1", &classifier(1));
    assert_eq!(file.name, "lr=0.1");
    assert_eq!(Running::serving(&file).get("/v2/models/lr=0.1").ok()["name"], "lr=0.1");
}

#[test]
fn models_are_replaced_while_requests_come() {
    let folder = Folder::new();
    let (old, new) = (classifier(1), classifier(2));
    let files = [folder.save("flowers", &old), folder.save("other", &classifier(3))];
    let server = Running::start(&files, Options { watch: true, ..options(Limits::default()) });
    let request = dense(6, &numbers(6, 9));
    let version = |answer: &Value| answer["model_version"].as_str().unwrap().to_owned();
    let before = server.infer("flowers", &request).ok();

    let done = AtomicBool::new(false);
    let answers: Vec<Value> = thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let (mut client, body) = (server.connect(), request.to_string());
                    let mut answers = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let answer = client.send("POST", "/v2/models/flowers/infer", &[], body.as_bytes());
                        answers.push(answer.ok());
                    }
                    answers
                })
            })
            .collect();
        // First a file that is no model, then one that is cut off, then a good one, the last as tools write it.
        fs::write(&files[0].path, b"not a model").unwrap();
        server.wait_for("a safetensors file");
        let bytes = fs::read(folder.save("new", &new).path).unwrap();
        fs::write(&files[0].path, &bytes[..bytes.len() - 1]).unwrap();
        server.wait_for("cannot be used");
        fs::rename(folder.path("new.safetensors"), &files[0].path).unwrap();
        server.wait_for("flowers: now serving version");
        done.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let after = server.infer("flowers", &request).ok();
    assert_ne!(version(&before), version(&after));
    assert_ne!(floats(&before, "probabilities"), floats(&after, "probabilities"));
    for answer in &answers {
        let expected = if version(answer) == version(&before) { &before } else { &after };
        assert_eq!(answer, expected, "each answer is of one version, and says of which");
    }
    assert_eq!(version(&answers[0]), version(&before));
    let metrics = server.get("/metrics").text().to_owned();
    assert!(
        metrics.contains("truezero_reloads_total{model=\"flowers\",result=\"replaced\"} 1\n"),
        "{metrics}"
    );
    assert!(metrics.contains("truezero_reloads_total{model=\"flowers\",result=\"refused\"}"), "{metrics}");
    assert!(!metrics.contains("truezero_reloads_total{model=\"other\""), "{metrics}");
}

#[test]
fn pages_of_others_get_nothing() {
    let folder = Folder::new();
    let files = [folder.save("flowers", &classifier(1))];
    let page = axum::Router::new().route("/page", axum::routing::post(async || "done"));
    let ask = |server: &Running, method: &str, path: &str, headers: &str| {
        let mut client = server.connect();
        client.write(format!("{method} {path} HTTP/1.1\r\n{headers}content-length: 0\r\n\r\n").as_bytes());
        client.read().unwrap().status
    };
    let server = Running::start_with(&files, options(Limits::default()), page.clone());
    for path in ["/v2", "/metrics", "/v2/health/live", "/none"] {
        assert_eq!(ask(&server, "GET", path, "host: evil.example\r\n"), 403, "{path}");
        assert_eq!(ask(&server, "GET", path, ""), 400, "{path}");
    }
    for path in ["/page", "/v1/predict", "/v2/repository/index", "/v2/models/flowers/infer"] {
        let headers = "host: localhost\r\norigin: http://evil.example\r\n";
        assert_eq!(ask(&server, "POST", path, headers), 403, "{path}");
    }
    assert_eq!(ask(&server, "POST", "/page", "host: localhost\r\norigin: http://localhost\r\n"), 200);
    let allowed =
        Options { allow_hosts: vec!["models.example.org".to_owned()], ..options(Limits::default()) };
    let server = Running::start(&files, allowed);
    assert_eq!(ask(&server, "GET", "/v2", "host: models.example.org\r\n"), 200);
    assert_eq!(ask(&server, "GET", "/v2", "host: evil.example\r\n"), 403);
    // Pages of others have no token, so behind it any name will do.
    let token = Some(Token::new("secret").unwrap());
    let server = Running::start(&files, Options { token, ..options(Limits::default()) });
    let headers = "host: any.example\r\nauthorization: Bearer secret\r\n";
    assert_eq!(ask(&server, "GET", "/v2", headers), 200);
    let wrong = Options { allow_hosts: vec!["http://x".to_owned()], ..options(Limits::default()) };
    assert!(matches!(refused(&files, wrong), Error::Host { .. }));
}

#[test]
fn figures_come_in_the_form_that_is_asked_for() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(1)));
    let answer = server.connect().send("GET", "/metrics", &[("accept", "text/plain;version=0.0.4")], b"");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(
        answer.text().contains("# TYPE truezero_batches_total counter\ntruezero_batches_total 0\n"),
        "{}",
        answer.text()
    );
    assert!(!answer.text().contains("# EOF"));
}

/// The samples of an OpenMetrics text, which must be in the form that the standard demands.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut types = BTreeMap::new();
    let mut samples = BTreeMap::new();
    let body = text.strip_suffix("# EOF\n").expect("the mark of the end");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
        } else if !line.starts_with("# ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let family = types.iter().find(|(family, kind)| {
                let suffixes: &[&str] = match kind.as_str() {
                    "counter" => &["_total"],
                    "histogram" => &["_bucket", "_sum", "_count"],
                    "gauge" => &[""],
                    other => panic!("{other}"),
                };
                suffixes.iter().any(|suffix| name.strip_suffix(suffix) == Some(family))
            });
            assert!(family.is_some(), "{line} has no type");
            assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} twice");
        }
    }
    samples
}

#[test]
fn figures_add_up() {
    let folder = Folder::new();
    let server = Running::serving(&folder.save("flowers", &classifier(1)));
    let mut request = dense(6, &numbers(6 * 7, 3));
    request["outputs"] = json!([{"name": "sparsity"}]);
    let sparsity = floats(&server.infer("flowers", &request).ok(), "sparsity");
    server.infer("flowers", &dense(6, &numbers(6 * 3, 4))).ok();
    server.infer("flowers", &json!({})).refused(400);
    server.get("/some/path/nobody/knows").refused(404);
    let answer = server.get("/metrics");
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(kind));
    let samples = samples(answer.text());
    let value =
        |series: &str| *samples.get(series).unwrap_or_else(|| panic!("{series} in {}", answer.text()));
    let route = "route=\"/v2/models/{model}/infer\"";
    assert_eq!(value(&format!("truezero_http_requests_total{{{route},status=\"200\"}}")), 2.0);
    assert_eq!(value(&format!("truezero_http_requests_total{{{route},status=\"400\"}}")), 1.0);
    assert_eq!(value("truezero_http_requests_total{route=\"other\",status=\"404\"}"), 1.0);
    assert_eq!(value(&format!("truezero_http_request_duration_seconds_count{{{route}}}")), 3.0);
    assert_eq!(value(&format!("truezero_http_request_duration_seconds_bucket{{le=\"+Inf\",{route}}}")), 3.0);
    assert_eq!(value("truezero_examples_total{model=\"flowers\"}"), 10.0);
    assert_eq!(value("truezero_layer_units_total{model=\"flowers\",layer=\"1\"}"), 400.0);
    assert_eq!(value("truezero_queue_requests"), 0.0);
    assert_eq!(value("truezero_batches_total"), 2.0);
    // All of the first request's examples were seen in one go.
    let active = value("truezero_layer_active_units_total{model=\"flowers\",layer=\"1\"}");
    let zeros: f32 = sparsity.iter().step_by(2).sum();
    let first = 280.0 - 40.0 * f64::from(zeros);
    assert!(active > first && active < first + 120.0, "{active} of both, {first} of the first");
}

#[test]
fn the_description_names_every_path_and_model() {
    let folder = Folder::new();
    let files = [folder.save("flowers", &classifier(1)), folder.save("others", &classifier(2))];
    let server = Running::start(&files, options(Limits::default()));
    let document = server.get("/openapi.json").ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let expected = [
        "/metrics",
        "/openapi.json",
        "/v1/predict",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{model}",
        "/v2/models/{model}/infer",
        "/v2/models/{model}/ready",
        "/v2/models/{model}/versions/{version}",
        "/v2/models/{model}/versions/{version}/infer",
        "/v2/models/{model}/versions/{version}/ready",
        "/v2/repository/index",
    ];
    assert_eq!(paths, expected);
    let infer = &document["paths"]["/v2/models/{model}/infer"]["post"];
    assert_eq!(infer["parameters"][0]["schema"]["enum"], json!(["flowers", "others"]));
    for status in ["200", "400", "403", "404", "408", "413", "415", "422", "500", "503"] {
        assert!(infer["responses"][status].is_object(), "{status}");
    }
    // The examples work.
    let example = &infer["requestBody"]["content"]["application/json"]["example"];
    server.infer("flowers", example).ok();
    let example =
        &document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]["example"];
    server.post("/v1/predict", example).ok();
}
