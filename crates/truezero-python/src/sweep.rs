//! Sweeps that Python drives: the results, and one training.

use std::cell::RefCell;
use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyFileExistsError;
use pyo3::prelude::*;
use truezero_cli::sweep::{Failure, Training};
use truezero_data::DataError;

use crate::failure::{message, wrong};

/// The results of a sweep, which one process collects; none once they are released.
#[pyclass(frozen, module = "truezero._truezero")]
pub struct Sweep(Mutex<Option<truezero_cli::sweep::Sweep>>);

#[pymethods]
impl Sweep {
    #[new]
    #[pyo3(signature = (file, definition, out, drawn, force))]
    fn new(
        file: Option<PathBuf>,
        definition: &str,
        out: PathBuf,
        drawn: bool,
        force: bool,
    ) -> PyResult<Self> {
        let sweep = truezero_cli::sweep::Sweep::open(file.as_deref(), definition, &out, drawn, force);
        Ok(Self(Mutex::new(Some(sweep.map_err(|failure| raise(&failure))?))))
    }

    fn plan(&self) -> PyResult<String> {
        self.with(truezero_cli::sweep::Sweep::plan)
    }

    fn waiting(&self) -> PyResult<Vec<usize>> {
        self.with(truezero_cli::sweep::Sweep::waiting)
    }

    fn tell(&self, number: usize, told: &str) -> PyResult<()> {
        self.with(|sweep| sweep.tell(number, told))
    }

    #[pyo3(signature = (number, told, model))]
    fn finish(&self, number: usize, told: &str, model: Option<PathBuf>) -> PyResult<String> {
        self.with(|sweep| sweep.finish(number, told, model.as_deref()))
    }

    fn fail(&self, number: usize, message: &str) -> PyResult<String> {
        self.with(|sweep| sweep.fail(number, message))
    }

    fn close(&self) -> PyResult<()> {
        self.with(truezero_cli::sweep::Sweep::close)
    }

    /// Closes the files, so that others can go on with the sweep however long this object is kept.
    fn release(&self) {
        *self.sweep() = None;
    }

    fn show(&self, as_json: bool) -> PyResult<()> {
        self.with(|sweep| sweep.show(as_json))
    }

    fn found(&self) -> PyResult<String> {
        self.with(truezero_cli::sweep::Sweep::found)
    }
}

impl Sweep {
    fn sweep(&self) -> MutexGuard<'_, Option<truezero_cli::sweep::Sweep>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, ask: impl FnOnce(&truezero_cli::sweep::Sweep) -> Result<T, Failure>) -> PyResult<T> {
        let sweep = self.sweep();
        let open = sweep.as_ref().ok_or_else(|| wrong("the sweep was released".to_owned()))?;
        ask(open).map_err(|failure| raise(&failure))
    }
}

/// Trains one network of a sweep; `tell` is called after each epoch with its number, what the trainer knows of it, and
/// whether the checkpoint has it. Returns what is to be told at the end.
#[pyfunction]
pub fn sweep_train(
    py: Python<'_>,
    definition: &str,
    options: &str,
    number: usize,
    seconds: f64,
    checkpoint: PathBuf,
    model: PathBuf,
    tell: Py<PyAny>,
) -> PyResult<String> {
    let training = Training { definition, options, number, seconds, checkpoint: &checkpoint, model: &model };
    let (told, raised) = py.detach(|| {
        let raised = RefCell::new(None);
        let told = truezero_cli::sweep::train(&training, &|told, kept| {
            Python::attach(|py| tell.call1(py, (told, kept))).map(drop).map_err(|error| {
                let refused = Failure::Message(error.to_string());
                raised.replace(Some(error));
                refused
            })
        });
        (told, raised.into_inner())
    });
    match raised {
        Some(raised) => Err(raised),
        None => told.map_err(|failure| raise(&failure)),
    }
}

fn raise(failure: &Failure) -> PyErr {
    if let Failure::Data(DataError::Protected { .. }) = failure {
        return PyFileExistsError::new_err(message(failure));
    }
    let refused = failure.source().and_then(|source| source.downcast_ref::<io::Error>());
    match refused {
        // Its kind decides which OSError it is.
        Some(source) => io::Error::new(source.kind(), message(failure)).into(),
        None => wrong(message(failure)),
    }
}
