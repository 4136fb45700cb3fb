//! Sends the same request again and again over some connections, and prints how long the answers took, as JSON.
//!
//! `load ADDR PATH BODY CONNECTIONS SECONDS [JSON_LENGTH]`: BODY is a file; JSON_LENGTH is sent as
//! `Inference-Header-Content-Length`, if tensors follow the JSON in it.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Requests of each connection before time is taken.
const WARM_UP: usize = 20;

/// What a connection saw.
#[derive(Default)]
struct Seen {
    /// Seconds from the request to the end of its answer.
    took: Vec<f64>,
    /// Answers other than 200.
    refused: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [addr, path, body, connections, seconds, json @ ..] = &arguments[..] else {
        return Err("usage: load ADDR PATH BODY CONNECTIONS SECONDS [JSON_LENGTH]".into());
    };
    let body = std::fs::read(body)?;
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: {addr}\r\ncontent-length: {}\r\n", body.len());
    if let [length] = json {
        request = format!("{request}inference-header-content-length: {length}\r\n");
    }
    let request = [request.as_bytes(), b"\r\n", &body].concat();
    let connections: usize = connections.parse()?;
    let time = Duration::from_secs_f64(seconds.parse()?);
    let start = Barrier::new(connections);
    let seen = thread::scope(|scope| {
        let clients: Vec<_> =
            (0..connections).map(|_| scope.spawn(|| client(addr, &request, &start, time))).collect();
        let joined =
            clients.into_iter().map(|client| client.join().map_err(|_| Error::other("a client panicked"))?);
        joined.collect::<Result<Vec<Seen>, Error>>()
    })?;
    let mut took: Vec<f64> = seen.iter().flat_map(|seen| seen.took.iter().copied()).collect();
    took.sort_by(f64::total_cmp);
    let refused: usize = seen.iter().map(|seen| seen.refused).sum();
    let at =
        |share: f64| took.get((took.len() as f64 * share) as usize).or(took.last()).map_or(0.0, |t| 1e3 * t);
    println!(
        "{{\"connections\": {connections}, \"answers\": {}, \"refused\": {refused}, \"per_second\": {:.1}, \
         \"p50_ms\": {:.3}, \"p99_ms\": {:.3}}}",
        took.len(),
        took.len() as f64 / time.as_secs_f64(),
        at(0.5),
        at(0.99),
    );
    Ok(())
}

fn client(addr: &str, request: &[u8], start: &Barrier, time: Duration) -> Result<Seen, Error> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut body = Vec::new();
    for _ in 0..WARM_UP {
        ask(&mut stream, request, &mut body)?;
    }
    start.wait();
    let (began, mut seen) = (Instant::now(), Seen::default());
    while began.elapsed() < time {
        let sent = Instant::now();
        if ask(&mut stream, request, &mut body)? == 200 {
            seen.took.push(sent.elapsed().as_secs_f64());
        } else {
            seen.refused += 1;
        }
    }
    Ok(seen)
}

/// Sends a request and reads the answer; its status.
fn ask(stream: &mut BufReader<TcpStream>, request: &[u8], body: &mut Vec<u8>) -> Result<u16, Error> {
    stream.get_mut().write_all(request)?;
    let (mut line, mut length, mut status) = (String::new(), 0, 0);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let text = line.trim_end().to_ascii_lowercase();
        if text.is_empty() {
            break;
        } else if let Some(value) = text.strip_prefix("content-length: ") {
            length = value.parse().map_err(Error::other)?;
        } else if text.starts_with("http/") {
            status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        }
    }
    body.resize(length, 0);
    stream.read_exact(body)?;
    Ok(status)
}
