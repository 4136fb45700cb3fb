//! One network trained on many machines: the one that leads, and its workers. Python brings parameters from one to the
//! other.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use truezero::Saved;
use truezero::trainer::averaging::{self, Parameters, Round};
use truezero_cli::averaging as command;

use crate::failure::wrong;
use crate::model::{Model, shown};

/// Parameters as Python has them: values, and scalars.
type GivenParameters<'py> = (Vec<PyReadonlyArray1<'py, f32>>, Vec<f64>);
type ShownParameters<'py> = (Bound<'py, PyArray1<f32>>, Vec<f64>);

/// What a worker reports of a round: summed cost, examples, whether its share of the epoch is done, norms of the
/// gradient.
type Report = (f64, usize, bool, Vec<f64>);

/// Values come in slices, one after the other.
fn parameters((slices, scalars): GivenParameters<'_>) -> PyResult<Parameters> {
    let mut values = Vec::with_capacity(slices.iter().map(|slice| slice.len().unwrap_or(0)).sum());
    for slice in &slices {
        values.extend_from_slice(slice.as_slice()?);
    }
    Ok(Parameters { values, scalars })
}

fn shown_parameters(py: Python<'_>, Parameters { values, scalars }: Parameters) -> ShownParameters<'_> {
    (PyArray1::from_vec(py, values), scalars)
}

/// Leads workers.
#[pyclass(module = "truezero._truezero")]
pub struct Lead(command::Lead);

#[pymethods]
impl Lead {
    #[new]
    #[pyo3(signature = (options, threads, out, force))]
    fn new(
        py: Python<'_>,
        options: &str,
        threads: usize,
        out: Option<PathBuf>,
        force: bool,
    ) -> PyResult<Self> {
        py.detach(|| command::Lead::new(options, threads, out.as_deref(), force)).map(Self).map_err(wrong)
    }

    /// The network to start from, for workers.
    fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.model().map_err(wrong)?))
    }

    fn parameters<'py>(&mut self, py: Python<'py>) -> PyResult<ShownParameters<'py>> {
        Ok(shown_parameters(py, self.0.parameters().map_err(wrong)?))
    }

    /// The epoch that is due, from 0; `None` if the training is done.
    fn epoch(&mut self) -> PyResult<Option<usize>> {
        self.0.epoch().map_err(wrong)
    }

    /// Ends an epoch; its record as a JSON document, `null` if it diverged and is due again.
    fn end_epoch(
        &mut self,
        py: Python<'_>,
        given: GivenParameters<'_>,
        reports: Vec<Report>,
    ) -> PyResult<String> {
        let parameters = parameters(given)?;
        let rounds: Vec<Round> = reports
            .into_iter()
            .map(|(cost, examples, ended, gradient_norms)| Round { cost, examples, ended, gradient_norms })
            .collect();
        shown(&py.detach(|| self.0.end_epoch(&parameters, &rounds)).map_err(wrong)?)
    }

    /// Ends the training with the weights of the best epoch.
    fn finish(&mut self) -> PyResult<Model> {
        let model = self.0.finish().map_err(wrong)?;
        Ok(Model { saved: Saved::Model(Arc::new(model)) })
    }
}

/// Trains on a share of the examples. The lock is never waited for: Python lends the object to one caller at a time.
#[pyclass(module = "truezero._truezero")]
pub struct Worker(Mutex<averaging::Worker>);

#[pymethods]
impl Worker {
    #[new]
    fn new(
        py: Python<'_>,
        options: &str,
        model: Vec<u8>,
        rank: usize,
        workers: usize,
        threads: usize,
    ) -> PyResult<Self> {
        let make = || command::worker(options, model, [rank, workers], threads);
        py.detach(make).map(Mutex::new).map(Self).map_err(wrong)
    }

    /// Trains some mini-batches of an epoch from given parameters.
    fn round<'py>(
        &mut self,
        py: Python<'py>,
        given: GivenParameters<'py>,
        epoch: usize,
        first: usize,
        batches: usize,
    ) -> PyResult<(Report, ShownParameters<'py>)> {
        let given = parameters(given)?;
        let worker = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let done = py.detach(|| worker.round(&given, epoch, first, batches));
        let (Round { cost, examples, ended, gradient_norms }, parameters) =
            done.map_err(crate::failure::raise)?;
        Ok(((cost, examples, ended, gradient_norms), shown_parameters(py, parameters)))
    }
}

/// The mean of arrays, each with its weight; those of weight 0 do not count.
#[pyfunction]
pub fn mean<'py>(
    py: Python<'py>,
    weights: Vec<f64>,
    parts: Vec<PyReadonlyArray1<'py, f32>>,
) -> PyResult<Bound<'py, PyArray1<f32>>> {
    let slices = parts.iter().map(|part| Ok(part.as_slice()?)).collect::<PyResult<Vec<_>>>()?;
    let same = slices.windows(2).all(|pair| pair[0].len() == pair[1].len());
    if weights.len() != slices.len() || !same {
        return Err(wrong("expected arrays of the same length, and a weight for each"));
    }
    let weighted: Vec<_> = weights.into_iter().zip(slices).collect();
    let mean = averaging::mean(&weighted).ok_or_else(|| wrong("expected a weight above 0, found none"))?;
    Ok(PyArray1::from_vec(py, mean))
}
