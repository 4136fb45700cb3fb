//! Pages that are served: by `observe`, by `train --observe`, by `serve`.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader, PipeReader, Read, Write, pipe};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use common::Place;
use serde_json::Value;

/// Longer than anything here takes, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command that serves a page.
struct Served {
    child: Child,
    address: String,
    /// What else it says.
    lines: BufReader<PipeReader>,
}

impl Served {
    /// Starts it and waits until it says its address.
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let (reader, writer) = pipe().unwrap();
        let mut command = place.truezero(arguments);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn().unwrap();
        // The command holds the writing end, and with it this side would never come to an end.
        drop(command);
        let mut lines = BufReader::new(reader);
        let mut line = String::new();
        while !line.contains("127.0.0.1:") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended without an address");
        }
        let start = line.find("127.0.0.1:").unwrap();
        let address = line[start..].trim_end().trim_end_matches('/').to_owned();
        Self { child, address, lines }
    }

    /// The body of an answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn state(&self) -> Value {
        serde_json::from_str(&self.ask("GET", "/observatory/state", "")).unwrap()
    }

    fn wait_for(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let state = self.state();
            if wanted(&state) {
                return state;
            }
            assert!(started.elapsed() < PATIENCE, "{state}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// What it said until it ended well.
    fn rest(self) -> String {
        self.ends_with(0)
    }

    /// What it said until it ended with an exit code.
    fn ends_with(mut self, code: i32) -> String {
        let mut said = String::new();
        self.lines.read_to_string(&mut said).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(code), "{said}");
        said
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Options of a training that takes longer than anybody waits; each epoch is one mini-batch.
const ENDLESS: [&str; 12] = [
    "flowers.csv",
    "--target",
    "kind",
    "--hidden",
    "20,20",
    "--patience",
    "0",
    "--validation",
    "0.2",
    "--batch-size",
    "1000",
    "--epochs",
];

#[test]
fn a_model_is_observed() {
    let place = Place::with_flowers();
    place.ok(&["train", "flowers.csv", "--target", "kind", "--hidden", "20", "--epochs", "2", "--quiet"]);
    let served =
        Served::start(&place, &["observe", "model.safetensors", "--addr", "127.0.0.1:0", "--no-open"]);
    assert!(served.ask("GET", "/", "").contains("<h1>Observatory</h1>"));
    let network = &served.state()["networks"][0];
    assert_eq!((&network["name"], &network["image"]), (&"model.safetensors".into(), &false.into()));
    assert!(
        network["columns"].as_array().is_some_and(|columns| columns.contains(&"petal".into())),
        "{network}"
    );
    served.wait_for(|state| state["compared"]["ready"] == 4);
    served.signal("-INT");
    served.rest();
}

#[test]
fn what_cannot_be_observed_is_told() {
    let place = Place::new();
    for (arguments, complaint) in [
        (
            &["observe", "--addr", "0.0.0.0:0", "--no-open"][..],
            "0.0.0.0:0 can be reached from other machines",
        ),
        (&["observe", "missing.safetensors", "--no-open"], "missing.safetensors"),
        (&["observe", "--report", "missing.html", "--no-open"], "missing.html is not there"),
        (&["train", "--observe", "192.0.2.1:0", "--quiet"], "192.0.2.1:0 can be reached from other machines"),
    ] {
        let error = place.error(arguments);
        assert!(error.contains(complaint), "{error}");
    }
}

#[test]
fn a_training_is_watched_steered_and_stopped_from_its_page() {
    let place = Place::with_flowers();
    let mut arguments = vec!["train"];
    arguments.extend(ENDLESS);
    arguments.extend(["1000000", "--observe", "127.0.0.1:0", "--quiet"]);
    let served = Served::start(&place, &arguments);
    let epochs = |state: &Value| state["training"]["epochs"].as_array().map_or(0, Vec::len);
    let state = served.wait_for(|state| epochs(state) > 2);
    let run = &state["training"]["run"];
    assert_eq!((&run["data"], &state["attached"]), (&"flowers.csv".into(), &true.into()));
    assert_eq!(state["networks"][0]["id"], "live");
    served.ask("PATCH", "/observatory/training", "{\"l1\": 0.25}");
    let l1 = |state: &Value| state["training"]["epochs"].as_array()?.last()?["l1"].as_f64();
    served.wait_for(|state| l1(state) == Some(0.25));
    served.ask("DELETE", "/observatory/training", "");
    served.ends_with(130);

    // It ends as an interrupted training does, and what goes on from there goes on with the change, whether the penalty is
    // given as it was or as it was moved.
    assert!(place.path("model.safetensors").exists() && place.path("model.safetensors.checkpoint").exists());
    let mut resumed = vec!["train"];
    resumed.extend(ENDLESS);
    resumed.extend(["1", "--resume", "--quiet"]);
    let checkpoint = place.read("model.safetensors.checkpoint");
    for given in [&[][..], &["--l1", "0.25"]] {
        std::fs::write(place.path("model.safetensors.checkpoint"), &checkpoint).unwrap();
        let output = place.truezero(&[&resumed[..], given].concat()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert_eq!(told.contains("λ was moved to 0.25 by hand; it stays there"), given.is_empty(), "{told}");
    }
    std::fs::write(place.path("model.safetensors.checkpoint"), &checkpoint).unwrap();
    resumed.extend(["--l1", "0.5"]);
    let error = place.error(&resumed);
    assert!(error.contains("option l1: expected 0.5") && error.contains("found 0.0001"), "{error}");
}

#[test]
fn a_server_shows_its_models_and_ends_though_a_page_listens() {
    let place = Place::with_flowers();
    place.ok(&["train", "flowers.csv", "--target", "kind", "--hidden", "20", "--epochs", "2", "--quiet"]);
    let served = Served::start(&place, &["serve", "iris=model.safetensors", "--addr", "127.0.0.1:0"]);
    assert!(served.ask("GET", "/", "").contains("<h1>Observatory</h1>"));
    assert_eq!(served.state()["networks"][0]["name"], "iris");
    assert_eq!(served.state()["compared"]["asked"], false, "a server trains nothing unasked");

    let mut page = TcpStream::connect(&served.address).unwrap();
    write!(page, "GET /observatory/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut start = [0; 12];
    page.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    served.signal("-TERM");
    let said = served.rest();
    assert!(!said.contains("cut off") && !said.contains("not all"), "{said}");
    let mut rest = Vec::new();
    page.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the stream of events was ended, not broken");
}
