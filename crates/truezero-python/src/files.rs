//! Folders that Python asks for.

use std::path::PathBuf;

use pyo3::prelude::*;
use truezero_data::files;

use crate::failure::raise;

/// Makes a folder that may be removed later, or takes the one of an earlier call for the same purpose.
#[pyfunction]
pub fn claim_folder(folder: PathBuf, purpose: &str) -> PyResult<()> {
    files::claim(&folder, purpose).map_err(raise)
}

/// Removes a folder that `claim_folder` made.
#[pyfunction]
pub fn remove_folder(folder: PathBuf) -> PyResult<()> {
    files::remove(&folder).map_err(raise)
}
