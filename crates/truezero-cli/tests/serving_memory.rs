//! `--max-memory` is a promise: whatever clients do, the server keeps to it.
#![cfg(target_os = "linux")] // where a process tells how much memory it had

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::Place;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use truezero_serve::limits::{CONNECTION_BYTES, OWN_BYTES, SMALL_ANSWER_BYTES};

const MEMORY: usize = 64 << 20;
const CONNECTIONS: usize = 64;
/// Clients at a time for each kind of request.
const CLIENTS: usize = 10;

struct Server {
    child: Child,
    addr: String,
}

impl Server {
    fn start(place: &Place) -> Self {
        let (memory, connections) = ((MEMORY >> 20).to_string(), CONNECTIONS.to_string());
        let limits = ["--max-memory", &memory, "--max-connections", &connections, "--timeout", "3"];
        let mut command = place.truezero(&["serve", "model.safetensors", "--addr", "127.0.0.1:0"]);
        let mut child = command.args(limits).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        while !line.contains("listening on http://") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
        }
        Self { child, addr: line.trim_end().rsplit('/').next().unwrap().to_owned() }
    }

    /// The memory that it had at most, in bytes.
    fn peak(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    /// Sends bytes that may be no request at all, and takes what comes within a moment.
    fn send(&self, bytes: &[u8]) {
        let mut stream = TcpStream::connect(&self.addr).expect("the server is there");
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        let _ = stream.write_all(bytes);
        let _ = stream.read(&mut [0; 4096]);
    }

    /// The answer to a request.
    fn ask(&self, path: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.addr).expect("the server is there");
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks, and takes nothing of the answer but its first bytes for a while.
    fn attack(&self, path: &str, headers: &str, body: &[u8]) {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let method = if body.is_empty() { "GET" } else { "POST" };
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        // A server that refuses does not read on.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        let _ = stream.read(&mut [0; 16]);
        thread::sleep(Duration::from_millis(200));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn hostile_clients_do_not_make_it_take_more_than_it_may() {
    let place = Place::new();
    place.train(&[
        "digits5k",
        "--hidden",
        "1000,1000",
        "--epochs",
        "1",
        "--validation",
        "100",
        "--threads",
        "2",
    ]);
    let server = Server::start(&place);
    let before = server.peak();

    let text = |bytes: usize| "\u{7f}".repeat(bytes);
    let zeros = |count: usize| vec!["0"; count].join(",");
    let tensor = |examples: usize, outputs: &str| {
        let data = zeros(784 * examples);
        format!(
            "{{\"inputs\":[{{\"name\":\"input\",\"shape\":[{examples},784],\"datatype\":\"UINT8\",\"data\":[{data}]}}],\
             \"outputs\":[{outputs}]}}"
        )
    };
    let sparse = |examples: usize, outputs: &str| {
        let pair = |name: &str, kind: &str| {
            let data = zeros(examples);
            format!(
                "{{\"name\":\"{name}\",\"shape\":[{examples},1],\"datatype\":\"{kind}\",\"data\":[{data}]}}"
            )
        };
        let (indices, values) = (pair("indices", "INT64"), pair("values", "FP32"));
        format!("{{\"inputs\":[{indices},{values}],\"outputs\":[{outputs}]}}")
    };
    let codes = "{\"name\":\"codes_1\"},{\"name\":\"codes_2\"}";
    let infer = "/v2/models/model/infer";
    let attacks = [
        (infer, format!("{{\"id\":\"{}\"}}", text(15 << 20))),
        (infer, format!("{{\"inputs\":[{{\"name\":\"{}\"}}]}}", text(15 << 20))),
        (infer, format!("{{\"inputs\":[{}]}}", vec!["{}"; 5 << 20].join(","))),
        (infer, format!("{{\"inputs\":{}}}", "[".repeat(15 << 20))),
        (infer, tensor(4096, "{\"name\":\"sparsity\"}")),
        (infer, tensor(500, codes)),
        (infer, sparse(4096, codes)),
        (infer, sparse(1000, codes)),
        ("/v1/predict", format!("{{\"model\":\"{}\",\"records\":[[1]]}}", text(15 << 20))),
        ("/v1/predict", format!("{{\"records\":[{}]}}", vec!["[]"; 5 << 20].join(","))),
        ("/v1/predict", format!("{{\"records\":[[{}]]}}", zeros(7 << 20))),
        (
            "/observatory/observe",
            format!("{{\"network\":\"given-0\",\"input\":{{\"values\":[{}]}}}}", zeros(7 << 20)),
        ),
        ("/observatory/training", format!("{{\"hidden\":[{}]}}", zeros(7 << 20))),
        ("/openapi.json", String::new()),
    ];
    for (path, body) in &attacks {
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| server.attack(path, "", body.as_bytes()));
            }
        });
    }
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 200 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| server.attack(infer, "content-encoding: gzip\r\n", &bomb));
        }
    });

    let promised = MEMORY + CONNECTIONS * (CONNECTION_BYTES + SMALL_ANSWER_BYTES) + OWN_BYTES;
    let took = server.peak() - before;
    assert!(took <= promised, "{} MB of {} MB that are promised", took >> 20, promised >> 20);
    assert!(took > 16 << 20, "{} MB: too little to be an attack", took >> 20);
}

/// How many seconds [`spoiled_requests_for_a_while`] is to take; `cargo xtask soak` says it.
const SECONDS: &str = "TRUEZERO_SOAK_SECONDS";

#[test]
#[ignore = "takes as long as it is told to: cargo xtask soak"]
#[allow(clippy::print_stdout, reason = "what was tried is the result")]
fn spoiled_requests_for_a_while() {
    let seconds: u64 = std::env::var(SECONDS).map_or(1, |text| text.parse().expect(SECONDS));
    let place = Place::new();
    place.train(&["digits5k", "--hidden", "50", "--epochs", "1", "--threads", "1"]);
    let server = Server::start(&place);
    let before = server.peak();
    let zeros = vec!["0"; 784].join(",");
    let good = [
        (
            "/v2/models/model/infer",
            format!(
                "{{\"inputs\":[{{\"name\":\"input\",\"shape\":[1,784],\"datatype\":\"FP32\",\"data\":[{zeros}]}}]}}"
            ),
        ),
        ("/v1/predict", format!("{{\"records\":[[{zeros}]]}}")),
        ("/v2/repository/index", "{}".to_owned()),
        ("/observatory/observe", format!("{{\"network\":\"given-0\",\"input\":{{\"values\":[{zeros}]}}}}")),
    ];
    let expected = server.ask(good[1].0, good[1].1.as_bytes());
    assert!(expected.contains(" 200 "), "{expected}");

    let end = Instant::now() + Duration::from_secs(seconds);
    let asked: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..4u64)
            .map(|client| {
                let (server, good) = (&server, &good);
                scope.spawn(move || {
                    let mut random = Xoshiro256PlusPlus::seed_from_u64(client);
                    let mut asked = 0;
                    while Instant::now() < end {
                        let (path, body) = &good[random.next_u64() as usize % good.len()];
                        server.send(&spoiled(path, body, &mut random));
                        asked += 1;
                    }
                    asked
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert_eq!(
        body_of(&server.ask(good[1].0, good[1].1.as_bytes())),
        body_of(&expected),
        "the same as before"
    );
    let promised = MEMORY + CONNECTIONS * (CONNECTION_BYTES + SMALL_ANSWER_BYTES) + OWN_BYTES;
    let took = server.peak() - before;
    println!("{asked} spoiled requests in {seconds} s; {} MB more than at the start", took >> 20);
    assert!(took <= promised, "{} MB of {} MB that are promised", took >> 20, promised >> 20);
}

/// A request in which some bytes are changed, left out or repeated; or whose length is a lie.
fn spoiled(path: &str, body: &str, random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut below = |bound: usize| (random.next_u64() % bound.max(1) as u64) as usize;
    let length = if below(8) == 0 { below(1 << 30) } else { body.len() };
    let encoding = ["", "content-encoding: gzip\r\n", "content-type: text/plain\r\n"][below(24).min(2)];
    let encoding = if below(4) > 0 { "" } else { encoding };
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{encoding}\r\n{body}"
    )
    .into_bytes();
    for _ in 0..below(6) {
        let at = below(request.len());
        match below(4) {
            0 => request[at] = below(256) as u8,
            1 => request[at] = b"[]{}\",:-9e"[below(10)],
            2 => drop(request.drain(at..request.len().min(at + 1 + below(40)))),
            _ => {
                let piece = request[at..request.len().min(at + 1 + below(40))].to_vec();
                request.splice(at..at, piece);
            }
        }
    }
    request
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
