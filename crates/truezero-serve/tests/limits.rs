//! What a server does when it is asked too much, too large, too slowly or at the same time.

mod common;

use std::io::{BufRead, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use common::{Client, Folder, Running, classifier, dense, floats, numbers, options};
use serde_json::json;
use truezero_serve::Limits;

const INFER: &str = "/v2/models/flowers/infer";

fn serving(limits: Limits) -> (Folder, Running) {
    let folder = Folder::new();
    let files = [folder.save("flowers", &classifier(1))];
    let server = Running::start(&files, options(limits));
    (folder, server)
}

#[test]
fn together_or_alone_gives_the_same_bits() {
    let (_alone, alone) = serving(Limits::default());
    let (_together, together) =
        serving(Limits { delay: Duration::from_millis(300), batch: 64, ..Limits::default() });
    thread::scope(|scope| {
        for client in 0..16 {
            let (alone, together) = (&alone, &together);
            scope.spawn(move || {
                // Dense and sparse ones, and some with more examples than are computed together.
                let examples = [1, 2, 5, 150][client % 4];
                let mut values = numbers(6 * examples, client as u64);
                if client % 3 == 0 {
                    values.iter_mut().for_each(|value| *value += 0.5);
                }
                let mut request = dense(6, &values);
                request["outputs"] =
                    json!([{"name": "probabilities"}, {"name": "codes_1"}, {"name": "sparsity"}]);
                let (one, other) =
                    (alone.infer("flowers", &request).ok(), together.infer("flowers", &request).ok());
                for name in ["probabilities", "codes_1", "sparsity"] {
                    assert_eq!(floats(&one, name), floats(&other, name), "{name} of client {client}");
                }
            });
        }
    });
    let batches = |server: &Running| {
        let text = server.get("/metrics").text().to_owned();
        let line = text.lines().find(|line| line.starts_with("truezero_batches_total ")).unwrap();
        line.split(' ').nth(1).unwrap().parse::<u32>().unwrap()
    };
    assert!(batches(&together) <= 12, "16 requests in {} batches", batches(&together));
}

#[test]
fn a_full_queue_refuses_and_those_in_it_are_answered_at_the_end() {
    // The first request waits for others, and the queue is full with it.
    let (_folder, mut server) =
        serving(Limits { queue: 1, delay: Duration::from_secs(10), ..Limits::default() });
    let body = dense(6, &numbers(6, 1)).to_string();
    let mut first = server.connect();
    first.ask("POST", INFER, &[], body.as_bytes());
    loop {
        let metrics = server.get("/metrics");
        if metrics.text().contains("truezero_queue_requests 1\n") {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let second = server.connect().send("POST", INFER, &[], body.as_bytes());
    assert!(second.refused(503).contains("1 requests are waiting"));
    assert_eq!(second.header("retry-after"), Some("1"));
    let mut third = server.connect();
    server.stop();
    server.wait_for("stopping");
    first.read().unwrap().ok();
    // No request is taken any more, and no connection.
    let _ = third.stream.get_mut().write_all(b"GET /v2/health/ready HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(third.read().is_none_or(|answer| answer.status == 503));
    let addr = server.addr;
    server.join();
    assert!(std::net::TcpStream::connect(addr).is_err());
}

#[test]
fn a_client_that_has_gone_leaves_its_place_to_others() {
    let (_folder, server) = serving(Limits { queue: 1, delay: Duration::from_secs(2), ..Limits::default() });
    let body = dense(6, &numbers(6, 1)).to_string();
    for _ in 0..5 {
        // Each goes away at once, while it waits.
        let mut client = server.connect();
        client.ask("POST", INFER, &[], body.as_bytes());
        thread::sleep(Duration::from_millis(20));
    }
    let mut last = None;
    for _ in 0..200 {
        let answer = server.connect().send("POST", INFER, &[], body.as_bytes());
        last = Some(answer.status);
        if answer.status == 200 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(last, Some(200));
}

#[test]
fn who_has_said_all_is_answered() {
    let (_folder, server) = serving(Limits::default());
    for _ in 0..3 {
        let mut client = server.connect();
        client.ask("POST", INFER, &[], dense(6, &[1.0; 6]).to_string().as_bytes());
        client.stream.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
        client.read().expect("an answer").ok();
    }
}

#[test]
fn who_still_sends_what_was_refused_gets_to_know_it() {
    let (_folder, server) = serving(Limits { body_bytes: 1000, ..Limits::default() });
    let mut client = server.connect();
    client.ask("POST", INFER, &[("content-length", "1001")], b"");
    for _ in 0..10 {
        client.write(&[b' '; 100]);
        thread::sleep(Duration::from_millis(250));
    }
    assert!(client.read().expect("an answer").refused(413).contains("1000"));
}

#[test]
fn large_bodies_are_refused_before_they_are_read() {
    let (_folder, server) = serving(Limits { body_bytes: 1000, ..Limits::default() });
    let mut client = server.connect();
    client.ask("POST", INFER, &[("content-length", "1001")], b"");
    assert!(client.read().unwrap().refused(413).contains("1000"));
    // Where the length is not told, the body is read up to the limit.
    let mut client = server.connect();
    client.ask("POST", INFER, &[("transfer-encoding", "chunked")], b"");
    let chunk = [b"190\r\n".as_slice(), &[b' '; 400], b"\r\n"].concat();
    for _ in 0..3 {
        let _ = client.stream.get_mut().write_all(&chunk);
    }
    client.read().unwrap().refused(413);
    let mut client = server.connect();
    client.ask("POST", INFER, &[], &b" ".repeat(5_000_000));
    assert!(client.read().unwrap().refused(413).contains("1000"), "though most of the body was not read");
    let mut client = server.connect();
    client.ask("POST", "/v1/predict", &[("content-length", "99999999999999999999")], b"");
    assert!(client.read().is_none_or(|answer| answer.status == 400 || answer.status == 413));
    server.connect().send("POST", INFER, &[], dense(6, &[1.0; 6]).to_string().as_bytes()).ok();
}

#[test]
fn memory_is_shared_out_as_bytes_arrive_and_not_exceeded() {
    let limits = Limits { body_bytes: 100_000, memory_bytes: 300_000, ..Limits::default() };
    let (_folder, server) = serving(limits);
    let ask = |bytes: usize| {
        let mut other = server.connect();
        other.ask("POST", INFER, &[], &b" ".repeat(bytes));
        other.read().unwrap()
    };
    // Clients that announce much and send nothing have nothing.
    let idle: Vec<Client> = (0..10)
        .map(|_| {
            let mut client = server.connect();
            client.ask("POST", INFER, &[("content-length", "100000"), ("expect", "100-continue")], b"");
            assert_eq!(client.read().unwrap().status, 100, "the body is awaited");
            client
        })
        .collect();
    assert_eq!(ask(90_000).status, 400, "a body of spaces is no JSON, but it was read");
    drop(idle);
    // One that sends has what it sent, while it waits.
    let mut slow = server.connect();
    slow.ask("POST", INFER, &[("content-length", "100000")], &b" ".repeat(99_000));
    let until = |status: u16| {
        (0..200).find_map(|_| {
            thread::sleep(Duration::from_millis(5));
            Some(ask(90_000)).filter(|answer| answer.status == status)
        })
    };
    let refused = until(503).expect("the slow one has the memory");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(refused.refused(503).contains("memory"));
    // What is small still fits, and with the slow one gone so does the other.
    server.connect().send("POST", INFER, &[], dense(6, &[1.0; 6]).to_string().as_bytes()).ok();
    drop(slow);
    until(400).expect("memory that was given back");
}

#[test]
fn wide_requests_are_refused() {
    let folder = Folder::new();
    let files = [folder.save("flowers", &classifier(1))];
    let limits = Limits { examples: 10, numbers: 100, ..Limits::default() };
    let server = Running::start(&files, options(limits));
    server.infer("flowers", &dense(6, &numbers(60, 1))).ok();
    assert!(server.infer("flowers", &dense(6, &numbers(66, 1))).refused(413).contains("examples"));
    let mut request = dense(6, &numbers(18, 1));
    request["outputs"] = json!([{"name": "codes_1"}]);
    assert!(server.infer("flowers", &request).refused(413).contains("numbers in the answer"));
    let rows = |count| json!({"records": vec![[0; 6]; count]});
    server.post("/v1/predict", &rows(10)).ok();
    assert!(server.post("/v1/predict", &rows(11)).refused(413).contains("records"));
    let limits = Limits { width: 5, ..Limits::default() };
    let error =
        truezero_serve::Server::open(&files, options(limits), std::sync::Arc::new(|_| ())).unwrap_err();
    assert!(error.to_string().starts_with("model \"flowers\": expected at most 5 inputs, found 6"));
}

#[test]
fn slow_clients_are_cut_off_and_do_not_keep_others_waiting() {
    let limits = Limits {
        head: Duration::from_secs(2),
        timeout: Duration::from_secs(2),
        connections: 8,
        ..Limits::default()
    };
    let (_folder, server) = serving(limits);
    // Heads that never end and bodies that never come take all connections.
    let mut heads: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    let mut bodies: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    heads.iter_mut().for_each(|client| client.write(b"POST /v2 HTTP/1.1\r\nhost: te"));
    bodies
        .iter_mut()
        .for_each(|client| client.ask("POST", INFER, &[("content-length", "500")], b"{\"inputs\":"));
    for mut client in bodies {
        let answer = client.read().unwrap();
        assert!(answer.refused(408).contains("within 2 s"));
    }
    for mut client in heads {
        assert!(client.read().is_none_or(|answer| answer.status == 408), "closed, perhaps with a word");
    }
    server.connect().send("POST", INFER, &[], dense(6, &[1.0; 6]).to_string().as_bytes()).ok();
}

#[test]
fn answers_that_nobody_takes_are_dropped() {
    let folder = Folder::new();
    let targets = truezero_data::preprocess::TargetPlan::Labels { names: vec!["one".to_owned()] };
    let files = [folder.save("flowers", &common::model(6, &[1000], targets, 1))];
    // The answer has 16 MB, and computing it takes more, but not as much as there is beside one such answer.
    let limits = Limits { timeout: Duration::from_secs(6), memory_bytes: 110 << 20, ..Limits::default() };
    let server = Running::start(&files, options(limits));
    let mut request = dense(6, &numbers(6 * 4096, 1));
    request["outputs"] = json!([{"name": "codes_1", "parameters": {"binary_data": true}}]);
    let mut lazy = server.connect();
    lazy.ask("POST", INFER, &[], request.to_string().as_bytes());
    // Its answer holds memory as soon as it is computed.
    while !server.get("/metrics").text().contains("truezero_examples_total{model=\"flowers\"} 4096\n") {
        thread::sleep(Duration::from_millis(10));
    }
    let until = |status: u16| {
        (0..200).any(|_| {
            thread::sleep(Duration::from_millis(50));
            server.infer("flowers", &request).status == status
        })
    };
    assert!(until(503), "the answer that nobody takes holds its memory");
    assert!(until(200), "and gives it back");
    drop(lazy);
}

/// A body of one word, after which nothing comes and nothing ends.
struct Endless(bool);

impl axum::body::HttpBody for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(hyper::body::Frame::data("word".into()))))
    }
}

#[test]
fn what_has_no_end_of_its_own_ends_with_the_server() {
    let folder = Folder::new();
    let files = [folder.save("flowers", &classifier(1))];
    let endless = axum::routing::get(async || axum::body::Body::new(Endless(false)));
    let page = axum::Router::new().route("/events", endless);
    let limits = Limits { timeout: Duration::from_secs(3600), ..Limits::default() };
    let server = Running::start_with(&files, options(limits), page);
    let mut client = server.connect();
    client.ask("GET", "/events", &[], b"");
    let mut line = String::new();
    while line != "word\r\n" {
        line.clear();
        client.stream.read_line(&mut line).unwrap();
    }
    server.join();
    let mut rest = String::new();
    client.stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "0\r\n\r\n", "properly");
}

#[test]
fn nonsense_closes_its_own_connection_only() {
    let (_folder, server) = serving(Limits::default());
    let long = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(5000));
    for bytes in [
        b"\r\n\r\n\r\n".as_slice(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
        b"POST /v1/predict HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ] {
        let mut client = server.connect();
        let _ = client.stream.get_mut().write_all(bytes);
        let _ = client.stream.get_mut().shutdown(std::net::Shutdown::Write);
        if let Some(answer) = client.read() {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    assert_eq!(server.get("/v2/health/live").ok(), json!({"live": true}));
}
