//! The paper's experiments. They train on threads of their own; the one that Python is on looks after signals
//! and passes on what there is to tell.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use pyo3::prelude::*;
use truezero_paper::{Limits, Name, Progress, Scale, Settings};

use crate::failure::{raise_paper, wrong};
use crate::model::shown;

/// Between two looks at signals.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells what happens, and whether to stop.
struct Teller {
    lines: Sender<String>,
    stop: AtomicBool,
}

impl Progress for Teller {
    fn experiment(&self, name: Name) {
        self.tell(format!("{name}: {}", name.about()));
    }

    fn network(&self, name: Name, done: usize, of: usize, line: &str) {
        self.tell(format!("{name} {done}/{of}: {line}"));
    }

    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Teller {
    fn tell(&self, line: String) {
        // Nobody listening any more is no failure.
        let _ = self.lines.send(line);
    }
}

/// Runs experiments (all, if none is named) and returns their results as a JSON document; `tell` is called with a line
/// for each network.
#[pyfunction]
#[pyo3(signature = (names, out, data, quick, epochs, seeds, networks, seed, threads, tell=None))]
pub fn paper(
    py: Python<'_>,
    names: Vec<String>,
    out: PathBuf,
    data: Option<PathBuf>,
    quick: bool,
    epochs: Option<usize>,
    seeds: Option<usize>,
    networks: Option<usize>,
    seed: u64,
    threads: usize,
    tell: Option<Py<PyAny>>,
) -> PyResult<String> {
    let names: Result<Vec<Name>, _> = names.iter().map(|name| name.parse()).collect();
    let names = names.map_err(|error: <Name as std::str::FromStr>::Err| wrong(error.to_string()))?;
    let scale = if quick { Scale::Quick } else { Scale::Full };
    let limits = Limits { epochs, seeds, networks };
    let settings = Settings { data, out, scale, limits, threads, seed };
    let (lines, heard) = channel();
    let teller = Teller { lines, stop: AtomicBool::new(false) };
    let mut raised = None;
    let results = py.detach(|| {
        let heard = heard; // a receiver belongs to one thread
        std::thread::scope(|scope| {
            let teller = &teller;
            let (names, settings) = (&names, &settings);
            let run = scope.spawn(move || truezero_paper::run(names, settings, teller));
            while !run.is_finished() {
                let line = heard.recv_timeout(PAUSE);
                if line == Err(RecvTimeoutError::Disconnected) {
                    break;
                }
                let looked = Python::attach(|py| {
                    if let (Ok(line), Some(tell)) = (line, &tell) {
                        tell.call1(py, (line,))?;
                    }
                    py.check_signals()
                });
                if let Err(error) = looked {
                    teller.stop.store(true, Ordering::Relaxed);
                    raised.get_or_insert(error);
                }
            }
            run.join()
        })
    });
    if let Some(raised) = raised {
        return Err(raised);
    }
    let results = results.map_err(|_| wrong("an experiment ended unexpectedly"))?;
    shown(&results.map_err(raise_paper)?)
}
