//! Servers on free ports, models to serve, and a client that sends what it is told to.
#![allow(clippy::format_push_string, reason = "for texts of some lines, clarity goes before an allocation")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of this")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use truezero::{Activation, Architecture, Cost, Initialisation, Model, Network};
use truezero_data::preprocess::{InputScales, TargetPlan};
use truezero_data::{InputPreprocessing, Preprocessing};
use truezero_serve::{Limits, ModelFile, Options, Server};

/// Longest wait for something that happens at once.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with models.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Saves a model as `name.safetensors`.
    pub fn save(&self, name: &str, model: &Model) -> ModelFile {
        let path = self.path(&format!("{name}.safetensors"));
        model.save(&path).unwrap();
        ModelFile::parse(path.to_str().unwrap())
    }
}

/// Rectifiers with random weights from 6 numbers, which are scaled, to three classes.
pub fn classifier(seed: u64) -> Model {
    let targets = TargetPlan::Classes { names: ["aster", "briar", "clover"].map(str::to_owned).to_vec() };
    model(6, &[40, 30], targets, seed)
}

pub fn model(inputs: usize, hidden: &[usize], targets: TargetPlan, seed: u64) -> Model {
    let scales = InputScales { divisors: vec![2.0], ..InputScales::default() };
    let inputs = InputPreprocessing::matrix(inputs, &scales).unwrap();
    let preprocessing = Preprocessing::new(inputs, targets).unwrap();
    with_preprocessing(preprocessing, hidden, seed)
}

pub fn with_preprocessing(preprocessing: Preprocessing, hidden: &[usize], seed: u64) -> Model {
    let architecture = Architecture {
        inputs: preprocessing.width(),
        hidden: hidden.to_vec(),
        outputs: preprocessing.outputs(),
        activations: vec![Activation::Rectifier; hidden.len()],
        sign_trick: false,
        initialisation: Initialisation::He,
    };
    let network = Network::random(&architecture, Cost::for_task(preprocessing.task()), seed);
    Model { network, preprocessing, configuration: serde_json::json!({}), summary: None }
}

/// Numbers that look random, about a third of them zero.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32
    };
    (0..count).map(|_| (3.0 * next() - 1.0).max(0.0)).collect()
}

/// A server that answers until it is dropped.
pub struct Running {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    events: Arc<Mutex<Vec<String>>>,
}

pub fn options(limits: Limits) -> Options {
    Options {
        addr: "127.0.0.1:0".to_owned(),
        token: None,
        allow_hosts: Vec::new(),
        insecure: false,
        watch: false,
        threads: 2,
        limits,
    }
}

impl Running {
    pub fn start(models: &[ModelFile], options: Options) -> Self {
        Self::start_with(models, options, axum::Router::new())
    }

    pub fn start_with(models: &[ModelFile], options: Options, page: axum::Router) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&events);
        let log = Arc::new(move |event: truezero_serve::Event| log.lock().unwrap().push(event.to_string()));
        let server = Server::open(models, options, log).unwrap().with_page(page);
        let addr = server.addr();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || server.run_until(async { drop(stopped.await) }).unwrap());
        Self { addr, stop: Some(stop), thread: Some(thread), events }
    }

    /// Serves one model with the usual limits.
    pub fn serving(model: &ModelFile) -> Self {
        Self::start(std::slice::from_ref(model), options(Limits::default()))
    }

    /// Waits until something happened whose description holds this.
    pub fn wait_for(&self, what: &str) {
        let began = std::time::Instant::now();
        while !self.events.lock().unwrap().iter().any(|event| event.contains(what)) {
            assert!(began.elapsed() < PATIENCE, "{what:?} is not among {:?}", self.events.lock().unwrap());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks the server to stop, but does not wait.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for its end.
    pub fn join(mut self) {
        self.stop();
        self.thread.take().unwrap().join().unwrap();
    }

    pub fn connect(&self) -> Client {
        Client::new(self.addr)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.connect().send("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.connect().send("POST", path, &[], body.to_string().as_bytes())
    }

    pub fn infer(&self, model: &str, body: &Value) -> Answer {
        self.post(&format!("/v2/models/{model}/infer"), body)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A connection.
pub struct Client {
    pub stream: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask(method, path, headers, body);
        self.read().expect("an answer")
    }

    /// Sends a request without waiting for the answer.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        if !headers.iter().any(|(name, _)| *name == "content-length" || *name == "transfer-encoding") {
            head += &format!("content-length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.write(&[head.as_bytes(), b"\r\n", body].concat());
    }

    /// The next answer; none if the connection was closed before.
    pub fn read(&mut self) -> Option<Answer> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body).ok()?;
        Some(answer)
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The document of a success.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The message of a refusal.
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.json()["error"].as_str().unwrap().to_owned()
    }
}

/// A tensor of an answer in JSON.
pub fn tensor<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let outputs = answer["outputs"].as_array().unwrap();
    outputs.iter().find(|tensor| tensor["name"] == name).unwrap_or_else(|| panic!("{name} in {answer}"))
}

/// Its numbers, exactly.
pub fn floats(answer: &Value, name: &str) -> Vec<f32> {
    let data = tensor(answer, name)["data"].as_array().unwrap();
    data.iter().map(|number| number.to_string().parse().unwrap()).collect()
}

/// A request for a dense tensor.
pub fn dense(width: usize, values: &[f32]) -> Value {
    serde_json::json!({"inputs": [{
        "name": "input", "shape": [values.len() / width, width], "datatype": "FP32", "data": values
    }]})
}
