//! The server as a process: how it starts, reloads and stops.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use common::Place;

/// A running server and what it says on standard error.
struct Running {
    child: Child,
    lines: BufReader<ChildStderr>,
    addr: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child, lines, addr: String::new() };
        let line = running.wait_for("listening on http://");
        running.addr.push_str(line.trim_end().rsplit('/').next().unwrap());
        running
    }

    /// Reads on until a line holds this.
    fn wait_for(&mut self, what: &str) -> String {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            if line.contains(what) {
                return line;
            }
            line.clear();
        }
        panic!("it never said {what:?}");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Status and body of an answer, on a connection of its own.
    fn get(&self, path: &str, header: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn with_model() -> Place {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    place
}

#[test]
fn it_reloads_when_asked_and_stops_when_asked() {
    let place = with_model();
    let mut server =
        Running::start(place.truezero(&["serve", "flowers=model.safetensors", "--addr", "127.0.0.1:0"]));
    let (status, before) = server.get("/v2/models/flowers", "");
    assert_eq!(status, 200, "{before}");
    let kept = place.read("model.safetensors");
    place.write("model.safetensors", "no model");
    server.signal("HUP");
    let line = server.wait_for("flowers");
    assert!(line.starts_with("warning: flowers: still serving version "), "{line}");
    assert!(line.contains("model.safetensors: header: expected a safetensors file"), "{line}");
    assert_eq!(server.get("/v2/models/flowers", ""), (200, before.clone()));
    place.write("model.safetensors", kept);
    server.signal("HUP");
    server.wait_for("flowers: unchanged");
    place.train(&["flowers.csv", "--target", "kind", "--seed", "1"]);
    server.signal("HUP");
    server.wait_for("flowers: now serving version ");
    assert_ne!(server.get("/v2/models/flowers", "").1, before);
    server.signal("TERM");
    server.wait_for("stopping");
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn an_interrupt_stops_it_as_well_and_a_second_one_at_once() {
    let place = with_model();
    let command = ["serve", "model.safetensors", "--addr", "127.0.0.1:0"];
    let mut server = Running::start(place.truezero(&command));
    server.signal("INT");
    assert!(server.child.wait().unwrap().success());
    let mut server = Running::start(place.truezero(&command));
    // A request that never ends keeps it from stopping.
    let mut stream = TcpStream::connect(&server.addr).unwrap();
    let head =
        "POST /v1/predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // The server says so when it begins to read the body.
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    server.signal("INT");
    server.wait_for("stopping");
    server.signal("INT");
    assert_eq!(server.child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_token_comes_from_a_file_or_from_the_environment() {
    let place = with_model();
    place.write("token.txt", "from-file\n");
    let command = ["serve", "model.safetensors", "--addr", "127.0.0.1:0"];
    let mut environment = place.truezero(&command);
    environment.env("TRUEZERO_TOKEN", "from-environment");
    let mut file = place.truezero(&[&command[..], &["--token-file", "token.txt"]].concat());
    file.env("TRUEZERO_TOKEN", "from-environment");
    for (command, token) in [(environment, "from-environment"), (file, "from-file")] {
        let server = Running::start(command);
        assert_eq!(server.get("/v2", "").0, 401);
        assert_eq!(server.get("/v2", &format!("authorization: Bearer {token}\r\n")).0, 200);
        assert_eq!(server.get("/v2", "authorization: Bearer from\r\n").0, 401);
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_the_reason() {
    let place = with_model();
    place.write("token.txt", " \n");
    for (arguments, message) in [
        (
            &["serve", "model.safetensors", "--addr", "0.0.0.0:0"][..],
            "error: cannot listen on 0.0.0.0:0 without a token: expected a loopback address\nhint: give a token \
             with --token-file, or allow everybody with --insecure\n",
        ),
        (
            &["serve", "model.safetensors", "model.safetensors"],
            "error: models: expected a different name for each, found \"model\" twice\nhint: `name=path` gives a \
             model a name of its own\n",
        ),
        (
            &["serve", "model.safetensors", "--token-file", "token.txt"],
            "error: token: expected one line of visible ASCII characters, found nothing\n",
        ),
        (
            &["serve", "none.safetensors"],
            "error: cannot read none.safetensors: No such file or directory (os error 2)\n",
        ),
        (
            &["serve", "flowers.csv"],
            "error: flowers.csv: header: expected a safetensors file, found a text that begins with \
             \"sepal,petal,height,scent,colour,kind\"\nhint: a model is a file that `truezero train` wrote; where \
             data is named too, it comes second\n",
        ),
    ] {
        assert_eq!(place.error(arguments), message);
    }
}
