//! Our errors as Python's: what the system refused is an `OSError`, a file that would be lost a `FileExistsError`, memory
//! that is not there a `MemoryError`, all else a `ValueError`; and what is no error as Python's warnings.

use std::error::Error as _;
use std::ffi::CString;
use std::io;

use pyo3::exceptions::{PyFileExistsError, PyMemoryError, PyUserWarning, PyValueError};
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use truezero_data::{DataError, Notices, visible};
use truezero_sparse::memory;

/// An error and what caused it on one line, then its hint, with nothing in it that a terminal obeys: names of files,
/// columns and classes can hold anything.
pub fn message(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let (sentence, hint) = text.split_once('\n').unwrap_or((&text, ""));
    let mut message = sentence.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    let text = if hint.is_empty() { message } else { format!("{message}\n{hint}") };
    in_python(&text)
}

/// A text in which what a terminal obeys is shown instead.
#[pyfunction(name = "visible")]
pub fn shown(text: &str) -> String {
    visible(text).into_owned()
}

/// Demands that so many bytes of memory are there, before Python allocates them.
#[pyfunction]
pub fn require_memory(bytes: u64) -> PyResult<()> {
    memory::check(bytes).map_err(raise)
}

/// A text in which options of the command are parameters of Python: `--na-values` is `na_values`. What is a command, between
/// backticks, stays one. Nothing that a terminal obeys is left in it.
fn in_python(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            told.push('`');
        }
        if at % 2 == 1 {
            told.push_str(part);
            continue;
        }
        for word in part.split_inclusive(char::is_whitespace) {
            let Some(option) = word.strip_prefix("--") else {
                told.push_str(word);
                continue;
            };
            let end = option.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(option.len());
            told.push_str(&parameter(&option[..end]));
            if option.starts_with("force") {
                told.push_str("=True");
            }
            told.push_str(&option[end..]);
        }
    }
    shown(&told)
}

/// What an option is called in Python.
fn parameter(option: &str) -> String {
    let known = PARAMETERS.iter().find(|(name, _)| *name == option);
    known.map_or_else(|| option.replace('-', "_"), |(_, name)| (*name).to_owned())
}

/// What options of the library are called in Python, where that is not the same with underscores.
const PARAMETERS: [(&str, &str); 11] = [
    ("hidden", "hidden_layer_sizes"),
    ("l1", "l1_activation"),
    ("weight-decay", "alpha"),
    ("learning-rate", "learning_rate_init"),
    ("epochs", "max_iter"),
    ("beta1", "beta_1"),
    ("beta2", "beta_2"),
    ("optimizer", "solver"),
    ("pretrain-l1", "l1_activation"),
    ("pretrain-learning-rate", "learning_rate_init"),
    ("pretrain-epochs", "max_iter"),
];

/// What can be done about a cost that became infinite.
const SCALE: &str =
    "hint: scale the inputs, to [0, 1] or to mean 0 and deviation 1, or lower learning_rate_init";

/// An error in the words of Python's users.
fn text(error: &truezero::Error) -> String {
    let text = message(error);
    match error {
        truezero::Error::Option { option, expected, found } => {
            let expected = expected.replace("target-sparsity", "target_sparsity");
            in_python(&format!("{}: expected {expected}, found {found}", parameter(option)))
        }
        truezero::Error::Diverged { .. } | truezero::Error::PretrainingDiverged { .. } => {
            format!("{}\n{SCALE}", text.lines().next().unwrap_or_default())
        }
        _ => text,
    }
}

/// What a function of the library failed with.
pub fn raise(error: impl Into<truezero::Error>) -> PyErr {
    let error = error.into();
    let text = text(&error);
    let refused = match &error {
        truezero::Error::Io { .. } | truezero::Error::Data(DataError::Io { .. }) => error.source(),
        truezero::Error::Data(DataError::Protected { .. }) => return PyFileExistsError::new_err(text),
        _ => None,
    };
    let memory = matches!(
        error,
        truezero::Error::Memory { .. }
            | truezero::Error::OutOfMemory(_)
            | truezero::Error::Data(DataError::Memory { .. })
    );
    if memory {
        return PyMemoryError::new_err(text);
    }
    match refused.and_then(|source| source.downcast_ref::<io::Error>()) {
        // Its kind decides which OSError it is.
        Some(source) => io::Error::new(source.kind(), text).into(),
        None => PyValueError::new_err(text),
    }
}

/// What the experiments failed with.
pub fn raise_paper(error: truezero_paper::Error) -> PyErr {
    PyValueError::new_err(message(&error))
}

/// Computes something that may take more memory than there is.
pub fn within_memory<T>(compute: impl FnOnce() -> T) -> PyResult<T> {
    memory::catch(compute).map_err(raise)
}

/// As [`within_memory`], while other threads may use the interpreter.
pub fn detached<T: Ungil>(py: Python<'_>, compute: impl Ungil + FnOnce() -> T) -> PyResult<T> {
    within_memory(|| py.detach(compute))
}

/// A wrong value.
pub fn wrong(what: impl Into<String>) -> PyErr {
    PyValueError::new_err(shown(&what.into()))
}

pyo3::create_exception!(
    truezero,
    DataWarning,
    PyUserWarning,
    "What should be known of data, though the work goes on."
);

/// Frames of the stack between a warning and the code that called the package: the method of the estimator, and what it
/// calls.
const STACK_LEVEL: i32 = 3;

/// The same of a function of the package.
const FUNCTION_LEVEL: i32 = 2;

/// Gives what was told to Python's `warnings`, which a user may have made errors of.
pub fn warn(py: Python<'_>, notices: &Notices) -> PyResult<()> {
    warn_at(py, notices, STACK_LEVEL)
}

/// As [`warn`], from a function that is no method.
pub fn warn_from_function(py: Python<'_>, notices: &Notices) -> PyResult<()> {
    warn_at(py, notices, FUNCTION_LEVEL)
}

fn warn_at(py: Python<'_>, notices: &Notices, level: i32) -> PyResult<()> {
    for notice in notices.all() {
        let text = in_python(&visible(&notice.to_string()));
        let text = CString::new(text).map_err(|error| wrong(error.to_string()))?;
        PyErr::warn(py, &py.get_type::<DataWarning>(), &text, level)?;
    }
    Ok(())
}
