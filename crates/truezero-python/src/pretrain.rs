//! Pre-training without labels, and the way back from codes.

use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyType;
use truezero::autoencoder::{self, PretrainingProgress, planned_layers};
use truezero::{Control, Pretrainer};
use truezero_sparse::{Batch, DenseBatch, Engine, PackedWeights, memory};

use crate::arrays;
use crate::failure::{detached, raise, within_memory, wrong};
use crate::model::{Model, encoder, shown};
use crate::parameters::PretrainingParameters;
use crate::signals::Watch;

/// Examples that are decoded together.
const TOGETHER: usize = 256;

/// What leads from the codes of a layer back to its inputs.
#[pyclass(frozen, module = "truezero._truezero")]
pub struct Decoder {
    decoder: autoencoder::Decoder,
}

/// The parts of a decoder: weights, biases, and its form as a JSON document.
type Parts<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f32>>, String);

#[pymethods]
impl Decoder {
    /// A decoder from its parts.
    #[new]
    fn new(
        weights: PyReadonlyArray2<'_, f32>,
        bias: PyReadonlyArray1<'_, f32>,
        form: &str,
    ) -> PyResult<Self> {
        let [inputs, units] = [weights.shape()[0], weights.shape()[1]];
        let bias = bias.as_array().to_vec();
        if bias.len() != inputs {
            return Err(wrong(format!("expected {inputs} biases, found {}", bias.len())));
        }
        let plain = arrays::plain(&weights)?;
        let weights = within_memory(|| PackedWeights::from_plain(inputs, units, &plain))?;
        let form = serde_json::from_str(form).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { decoder: autoencoder::Decoder { weights, bias, form } })
    }

    /// Weights (inputs × units), biases, form.
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Parts<'py>> {
        let autoencoder::Decoder { weights, bias, form } = &self.decoder;
        let plain = within_memory(|| weights.to_plain())?;
        let rows = arrays::matrix(py, plain, weights.inputs(), weights.outputs())?;
        Ok((rows, PyArray1::from_slice(py, bias), shown(form)?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, Parts<'py>)> {
        Ok((py.get_type::<Self>(), self.parts(py)?))
    }
}

/// The inputs that codes of the highest layer stand for, examples × inputs; decoders lowest first.
#[pyfunction]
pub fn decode<'py>(
    py: Python<'py>,
    decoders: Vec<Bound<'py, Decoder>>,
    codes: &Bound<'py, PyAny>,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let codes = arrays::batch(codes)?;
    let decoders: Vec<&autoencoder::Decoder> =
        decoders.iter().map(|decoder| &decoder.get().decoder).collect();
    let mut width = codes.width();
    for decoder in decoders.iter().rev() {
        if decoder.units() != width {
            return Err(wrong(format!("expected codes of {} units, found {width}", decoder.units())));
        }
        width = decoder.inputs();
    }
    let decoded = detached(py, || {
        let mut engine = Engine::new(threads);
        let mut decoded = DenseBatch::zeros(codes.examples(), width);
        let rows = memory::numbers(codes.examples());
        for chunk in rows.chunks(TOGETHER) {
            let mut batch = DenseBatch::default();
            match &codes {
                Batch::Dense(codes) => batch.copy_from(codes, chunk),
                Batch::Active(codes) => {
                    let mut some = truezero_sparse::ActiveBatch::new(codes.width());
                    some.extend_from(codes, chunk);
                    batch = some.to_dense();
                }
            }
            for decoder in decoders.iter().rev() {
                batch = decoder.decode(&mut engine, &batch);
            }
            for (at, &row) in chunk.iter().enumerate() {
                decoded.row_mut(row).copy_from_slice(batch.row(at));
            }
        }
        decoded
    })?;
    arrays::array(py, &decoded)
}

/// Pre-trains hidden layers. `on_epoch` is called with the record of each epoch. Returns the encoder, its decoders, and what a signal
/// handler or `on_epoch` raised, after which the layers are those that were learned so far.
#[pyfunction]
#[pyo3(signature = (parameters, x, validation, threads, configuration, on_epoch=None))]
pub fn pretrain<'py>(
    py: Python<'py>,
    parameters: PretrainingParameters,
    x: &Bound<'py, PyAny>,
    validation: Option<&Bound<'py, PyAny>>,
    threads: usize,
    configuration: &str,
    on_epoch: Option<Py<PyAny>>,
) -> PyResult<(Model, Vec<Decoder>, Option<PyErr>)> {
    let (shape, options) = parameters.options()?;
    let shape = shape.check().map_err(raise)?;
    let mut inputs = arrays::batch(x)?;
    let train = within_memory(|| memory::numbers(inputs.examples()))?;
    if let Some(validation) = validation {
        let more = arrays::batch(validation)?;
        if more.width() != inputs.width() {
            return Err(wrong(format!(
                "expected {} columns to stop by, found {}",
                inputs.width(),
                more.width()
            )));
        }
        inputs.append(&more);
    }
    let stop_by: Vec<usize> = (train.len()..inputs.examples()).collect();
    let plan = options.check(&shape.options().activation).map_err(raise)?;
    let layers = planned_layers(&shape, &plan, inputs.width(), inputs.examples()).map_err(raise)?;
    let mut watch = Watch::new();
    let trained = detached(py, || {
        let mut pretrainer =
            Pretrainer::new(plan, layers, &inputs, &train, &stop_by, threads).map_err(raise)?;
        while let PretrainingProgress::Epoch(record) =
            pretrainer.epoch(&mut |_| watch.control()).map_err(raise)?
        {
            let record = shown(&record)?;
            let told = on_epoch.as_ref().map(|call| Python::attach(|py| call.call1(py, (record,))));
            // A handler may raise something while Python's code runs as well.
            if let Some(Err(error)) = told {
                watch.raised.get_or_insert(error);
            }
            if watch.control() == Control::Stop {
                break;
            }
        }
        Ok::<_, PyErr>(pretrainer.finish_with_decoders())
    });
    let (layers, decoders, summary) = trained??;
    let decoders = decoders.into_iter().map(|decoder| Decoder { decoder }).collect();
    Ok((encoder(layers, configuration, Some(summary))?, decoders, watch.raised))
}
