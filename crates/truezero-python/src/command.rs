//! The `truezero` command, for the script that comes with the package.

use std::ffi::OsString;

use pyo3::{Python, pyfunction};

/// Runs the command line, the program's name first; returns the exit code.
#[pyfunction]
pub fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| truezero_cli::run(arguments))
}
