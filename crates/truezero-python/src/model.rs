//! A trained network or encoder with its preprocessing: what is saved, loaded and used.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use truezero::onnx::{self, ExportOptions, ImportOptions, Imported, ONNX};
use truezero::{Activation, Cost, Encoder, Layer, MODEL, Network, Saved, Summary};
use truezero_data::files::{InputFiles, Output};
use truezero_data::preprocess::{InputScales, TargetPlan};
use truezero_data::{Features, InputPreprocessing, Notices, Preprocessing, Task};
use truezero_sparse::{Batch, Engine, PackedWeights};

use crate::arrays::{self, Csr};
use crate::failure::{detached, raise, warn, warn_from_function, within_memory, wrong};

/// What errors call bytes that are no file.
const MEMORY: &str = "a model in memory";

/// A layer as Python gives it: weights (inputs × units), biases, activation, signs.
pub type GivenLayer<'py> =
    (PyReadonlyArray2<'py, f32>, PyReadonlyArray1<'py, f32>, String, Option<PyReadonlyArray1<'py, f32>>);

/// A layer as Python gets it.
type ShownLayer<'py> =
    (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f32>>, String, Option<Bound<'py, PyArray1<f32>>>);

/// A trained network, or hidden layers without outputs, with the preprocessing of its inputs.
#[pyclass(frozen, module = "truezero._truezero")]
pub struct Model {
    pub saved: Saved,
}

#[pymethods]
impl Model {
    /// Reads a file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let saved = detached(py, || Saved::load(&path))?.map_err(raise)?;
        Ok(Self { saved })
    }

    /// Reads the bytes of a file.
    #[new]
    fn new(py: Python<'_>, bytes: Vec<u8>) -> PyResult<Self> {
        let saved = detached(py, || Saved::from_bytes(Path::new(MEMORY), bytes))?.map_err(raise)?;
        Ok(Self { saved })
    }

    /// Reads an ONNX file; gives the model, whether names of classes are text, and names of the inputs.
    #[staticmethod]
    fn load_onnx(
        py: Python<'_>,
        path: PathBuf,
        task: Option<&str>,
        classes: Option<Vec<String>>,
    ) -> PyResult<(Self, bool, Vec<String>)> {
        imported(py, task, classes, |options| onnx::load(&path, options))
    }

    /// As `load_onnx`, from the bytes of a file.
    #[staticmethod]
    fn from_onnx(
        py: Python<'_>,
        bytes: Vec<u8>,
        task: Option<&str>,
        classes: Option<Vec<String>>,
    ) -> PyResult<(Self, bool, Vec<String>)> {
        imported(py, task, classes, |options| onnx::import(bytes, None, options))
    }

    /// A network from its layers, the highest of which gives the outputs.
    #[staticmethod]
    #[pyo3(signature = (layers, task, names, configuration, shifts, divisors))]
    fn network(
        layers: Vec<GivenLayer<'_>>,
        task: &str,
        names: Vec<String>,
        configuration: &str,
        shifts: Vec<f64>,
        divisors: Vec<f64>,
    ) -> PyResult<Self> {
        let layers = given_layers(layers)?;
        let network = Network { layers, cost: Cost::for_task(self::task(task)?) };
        let scales = InputScales { shifts, divisors, limit: None };
        let inputs = InputPreprocessing::matrix(network.inputs(), &scales).map_err(raise)?;
        model(network, inputs, names, configuration, None)
    }

    /// Writes a file: completely, or it stays as it was. With `force` whatever is there is replaced.
    #[pyo3(signature = (path, force = false))]
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        let save = || {
            let output = Output::open(&path, MODEL, &InputFiles::default(), force)?;
            match &self.saved {
                Saved::Model(model) => model.save_to(&output),
                Saved::Encoder(encoder) => encoder.save_to(&output),
            }
        };
        py.detach(save).map_err(raise)
    }

    /// The bytes of the file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = match &self.saved {
            Saved::Model(model) => model.to_bytes(),
            Saved::Encoder(encoder) => encoder.to_bytes(),
        };
        Ok(PyBytes::new(py, &bytes.map_err(raise)?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, (Bound<'py, PyBytes>,))> {
        Ok((py.get_type::<Self>(), (self.to_bytes(py)?,)))
    }

    /// The same with another configuration (a JSON document).
    fn with_configuration(&self, configuration: &str) -> PyResult<Self> {
        let configuration = json(configuration)?;
        let mut saved = self.saved.clone();
        match &mut saved {
            Saved::Model(model) => Arc::make_mut(model).configuration = configuration,
            Saved::Encoder(encoder) => encoder.configuration = configuration,
        }
        Ok(Self { saved })
    }

    /// The same with other layers, as many and of the same shapes, and without a record of a training.
    fn with_layers(&self, layers: Vec<GivenLayer<'_>>) -> PyResult<Self> {
        let layers = given_layers(layers)?;
        let mut saved = self.saved.clone();
        let own = match &mut saved {
            Saved::Model(model) => {
                let model = Arc::make_mut(model);
                model.summary = None;
                &mut model.network.layers
            }
            Saved::Encoder(encoder) => {
                encoder.summary = None;
                &mut encoder.layers
            }
        };
        let shapes = |layers: &[Layer]| -> Vec<_> {
            layers.iter().map(|layer| (layer.inputs(), layer.units())).collect()
        };
        if shapes(own) != shapes(&layers) {
            return Err(wrong("expected layers of the same shapes"));
        }
        *own = layers;
        Ok(Self { saved })
    }

    /// A classifier with its classes in another order: at place i stands the class that stood at `order[i]`.
    fn with_classes_in_order(&self, order: Vec<usize>) -> PyResult<Self> {
        let mut own = self.model().map_err(wrong)?.clone();
        let classes = own.network.outputs();
        let mut places = order.clone();
        places.sort_unstable();
        if own.preprocessing.task() != Task::Classify || !places.into_iter().eq(0..classes) {
            return Err(wrong(format!("expected an order of {classes} classes, found {order:?}")));
        }
        let moved = |row: &[f32]| -> Vec<f32> { order.iter().map(|&place| row[place]).collect() };
        if let Some(layer) = own.network.layers.last_mut() {
            let plain = within_memory(|| layer.weights.to_plain())?;
            let plain: Vec<f32> = plain.chunks_exact(classes).flat_map(moved).collect();
            layer.weights = within_memory(|| PackedWeights::from_plain(layer.inputs(), classes, &plain))?;
            layer.bias = moved(&layer.bias);
            layer.signs = layer.signs.as_deref().map(moved);
        }
        let labels = own.preprocessing.labels();
        let names = order.iter().map(|&place| labels[place].clone()).collect();
        let inputs = own.preprocessing.for_inputs().clone();
        own.preprocessing = Preprocessing::new(inputs, TargetPlan::Classes { names }).map_err(raise)?;
        Ok(Self { saved: Saved::Model(Arc::new(own)) })
    }

    /// The bytes of an ONNX file, which is written too where a path is given: completely, or it stays as it was.
    fn to_onnx<'py>(
        &self,
        py: Python<'py>,
        path: Option<PathBuf>,
        force: bool,
        feature_names: Option<Vec<String>>,
        text_classes: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let model = self.model().map_err(wrong)?;
        let options = ExportOptions { feature_names, text_classes };
        let bytes = detached(py, || {
            let open = |path: &PathBuf| Output::open(path, ONNX, &InputFiles::default(), force);
            let output = path.as_ref().map(open).transpose()?;
            let bytes = model.to_onnx(&options)?;
            if let Some(output) = output {
                output.write(|mut file| file.write_all(&bytes))?;
            }
            Ok(bytes)
        })?;
        Ok(PyBytes::new(py, &bytes.map_err(|error: truezero::Error| raise(error))?))
    }

    /// Probabilities, or quantities in the units of the data; examples × outputs.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let model = self.model().map_err(wrong)?;
        let features = arrays::features(x)?;
        let notices = Notices::default();
        let predict = || {
            let inputs = model.preprocessing.inputs(features, &notices)?;
            let outputs = model.network.predict(&mut Engine::new(threads), &inputs);
            Ok::<_, truezero::Error>(model.preprocessing.quantities(&outputs))
        };
        let outputs = detached(py, predict)?.map_err(raise)?;
        warn(py, &notices)?;
        arrays::array(py, &outputs)
    }

    /// The codes of a hidden layer (0 is the lowest) as the parts of a CSR matrix.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        layer: usize,
        threads: usize,
    ) -> PyResult<Csr<'py>> {
        let layers = self.saved.hidden().len();
        if layer >= layers {
            return Err(wrong(format!("expected a hidden layer below {layers}, found {layer}")));
        }
        let features = arrays::features(x)?;
        let notices = Notices::default();
        let codes = detached(py, || {
            let inputs = self.inputs(features, &notices)?;
            Ok(self.saved.encode(&mut Engine::new(threads), &inputs, layer))
        })?;
        let codes = codes.map_err(|error: truezero::Error| raise(error))?;
        warn(py, &notices)?;
        arrays::csr(py, &codes)
    }

    /// What the hidden layers do on examples, as a JSON document.
    fn observe(&self, py: Python<'_>, x: &Bound<'_, PyAny>, threads: usize) -> PyResult<String> {
        let features = arrays::features(x)?;
        let notices = Notices::default();
        let observed = detached(py, || {
            let inputs = self.inputs(features, &notices)?;
            Ok(self.saved.observe(&mut Engine::new(threads), &inputs))
        })?;
        let observed = observed.map_err(|error: truezero::Error| raise(error))?;
        warn(py, &notices)?;
        shown(&observed)
    }

    /// Weights, biases, activation and signs of each layer, lowest first.
    fn layers<'py>(&self, py: Python<'py>) -> PyResult<Vec<ShownLayer<'py>>> {
        let layers = match &self.saved {
            Saved::Model(model) => &model.network.layers,
            Saved::Encoder(encoder) => &encoder.layers,
        };
        let show = |layer: &Layer| {
            let plain = within_memory(|| layer.weights.to_plain())?;
            let weights = arrays::matrix(py, plain, layer.inputs(), layer.units())?;
            let signs = layer.signs.as_ref().map(|signs| PyArray1::from_slice(py, signs));
            Ok((weights, PyArray1::from_slice(py, &layer.bias), layer.activation.to_string(), signs))
        };
        layers.iter().map(show).collect()
    }

    /// "classify", "multilabel", "regress" or "encode".
    #[getter]
    fn task(&self) -> &'static str {
        match &self.saved {
            Saved::Encoder(_) => ENCODE,
            Saved::Model(model) => match model.preprocessing.task() {
                Task::Classify => "classify",
                Task::Multilabel => "multilabel",
                Task::Regress => "regress",
            },
        }
    }

    /// Whether it learned counts, by the cost of Poisson.
    #[getter]
    fn counts(&self) -> bool {
        self.model().is_ok_and(|model| model.network.cost == Cost::Poisson)
    }

    /// Names of the outputs; empty where the data had none.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.model().map(|model| model.preprocessing.labels().to_vec()).unwrap_or_default()
    }

    /// Number of inputs.
    #[getter]
    fn width(&self) -> usize {
        self.saved.preprocessing().width()
    }

    /// Names of the outputs, made up where the data had none.
    #[getter]
    fn output_names(&self) -> PyResult<Vec<String>> {
        Ok(self.model().map_err(wrong)?.output_names())
    }

    /// What `predict` gave as a text for each example: the class, or the labels; `None` of quantities.
    fn labels(&self, outputs: PyReadonlyArray2<'_, f32>) -> PyResult<Option<Vec<String>>> {
        let model = self.model().map_err(wrong)?;
        let values = arrays::dense(outputs.as_array())?;
        if values.width() != model.network.outputs() {
            return Err(wrong(format!(
                "expected {} outputs, found {}",
                model.network.outputs(),
                values.width()
            )));
        }
        let predictions = model.predictions(values);
        let examples = predictions.values.examples();
        Ok((0..examples).map(|example| predictions.of(example).label()).collect())
    }

    /// Names of the columns of a table that it takes; `None` if it takes a matrix.
    #[getter]
    fn columns(&self) -> Option<Vec<String>> {
        self.saved.preprocessing().columns()
    }

    /// Whether inputs go into the network as they are.
    #[getter]
    fn plain(&self) -> bool {
        self.saved.preprocessing().columns().is_none()
            && self.saved.preprocessing().scales() == Some(InputScales::default())
            && self.model().is_ok_and(|model| {
                model.preprocessing.means().iter().all(|&mean| mean == 0.0)
                    && model.preprocessing.scales().iter().all(|&scale| scale == 1.0)
            })
    }

    /// How it was trained, as a JSON document.
    #[getter]
    fn configuration(&self) -> String {
        self.saved.configuration().to_string()
    }

    /// What happened in the training, as a JSON document.
    #[getter]
    fn summary(&self) -> PyResult<String> {
        match &self.saved {
            Saved::Model(model) => shown(&model.summary),
            Saved::Encoder(encoder) => shown(&encoder.summary),
        }
    }
}

impl Model {
    fn model(&self) -> Result<&truezero::Model, &'static str> {
        match &self.saved {
            Saved::Model(model) => Ok(model),
            Saved::Encoder(_) => {
                Err("an encoder has no outputs\nhint: RectifierClassifier(pretrain=…) gives it some")
            }
        }
    }

    fn inputs(&self, features: Features, notices: &Notices) -> Result<Batch, truezero::Error> {
        Ok(self.saved.preprocessing().inputs(features, notices)?)
    }
}

/// What `read` makes of an ONNX file; what it leaves out is given as warnings.
fn imported(
    py: Python<'_>,
    task: Option<&str>,
    classes: Option<Vec<String>>,
    read: impl FnOnce(&ImportOptions) -> Result<Imported, truezero::Error> + Send,
) -> PyResult<(Model, bool, Vec<String>)> {
    let task = task.map(self::task).transpose()?;
    let options = ImportOptions { task, classes, notices: Notices::default() };
    let Imported { model, text_classes, feature_names, .. } =
        detached(py, || read(&options))?.map_err(raise)?;
    warn_from_function(py, &options.notices)?;
    Ok((Model { saved: Saved::Model(Arc::new(model)) }, text_classes, feature_names))
}

/// What an encoder's task is called.
const ENCODE: &str = "encode";

/// A task by its name.
pub fn task(name: &str) -> PyResult<Task> {
    Ok(match name {
        "classify" => Task::Classify,
        "multilabel" => Task::Multilabel,
        "regress" => Task::Regress,
        other => return Err(wrong(format!("expected classify, multilabel or regress, found {other:?}"))),
    })
}

/// A network as a model.
pub fn model(
    network: Network,
    inputs: InputPreprocessing,
    names: Vec<String>,
    configuration: &str,
    summary: Option<Summary>,
) -> PyResult<Model> {
    let outputs = network.outputs();
    if !names.is_empty() && names.len() != outputs {
        return Err(wrong(format!("expected {outputs} names of outputs, found {}", names.len())));
    }
    let targets = match network.cost {
        Cost::SoftmaxCrossEntropy => TargetPlan::Classes { names },
        Cost::LogisticCrossEntropy => TargetPlan::Labels { names },
        Cost::SquaredError | Cost::Poisson => {
            TargetPlan::Quantities { names, means: vec![0.0; outputs], scales: vec![1.0; outputs] }
        }
    };
    let preprocessing = Preprocessing::new(inputs, targets).map_err(raise)?;
    if preprocessing.outputs() != outputs {
        return Err(wrong(format!("expected a name for each of {outputs} outputs")));
    }
    let configuration = json(configuration)?;
    let model = truezero::Model { network, preprocessing, configuration, summary };
    Ok(Model { saved: Saved::Model(Arc::new(model)) })
}

/// Hidden layers as a model.
pub fn encoder(
    layers: Vec<Layer>,
    configuration: &str,
    summary: Option<truezero::autoencoder::PretrainingSummary>,
) -> PyResult<Model> {
    let inputs = layers.first().map_or(0, Layer::inputs);
    let preprocessing = InputPreprocessing::matrix(inputs, &InputScales::default()).map_err(raise)?;
    let configuration = json(configuration)?;
    Ok(Model { saved: Saved::Encoder(Box::new(Encoder { layers, preprocessing, configuration, summary })) })
}

/// Layers from arrays, each as wide as the one below gives.
fn given_layers(given: Vec<GivenLayer<'_>>) -> PyResult<Vec<Layer>> {
    let mut layers: Vec<Layer> = Vec::with_capacity(given.len());
    for (index, (weights, bias, activation, signs)) in given.into_iter().enumerate() {
        let [inputs, units] = [weights.shape()[0], weights.shape()[1]];
        let place = |what: &str| format!("layer {index}: {what}");
        if inputs == 0 || units == 0 {
            return Err(wrong(place("expected at least one input and one unit")));
        }
        if let Some(below) = layers.last().map(Layer::units)
            && below != inputs
        {
            return Err(wrong(place(&format!(
                "expected {below} inputs, as the layer below gives, found {inputs}"
            ))));
        }
        let activation: Activation = activation.parse().map_err(wrong)?;
        let vector = |values: &PyReadonlyArray1<'_, f32>| values.as_array().to_vec();
        let (bias, signs) = (vector(&bias), signs.as_ref().map(vector));
        if bias.len() != units || signs.as_ref().is_some_and(|signs| signs.len() != units) {
            return Err(wrong(place(&format!("expected a bias and a sign for each of {units} units"))));
        }
        if bias.iter().any(|bias| !bias.is_finite()) {
            return Err(wrong(place("expected finite biases")));
        }
        if signs.iter().flatten().any(|sign| sign.abs() != 1.0) {
            return Err(wrong(place("expected signs of 1 or -1")));
        }
        let plain = arrays::plain(&weights)?;
        let weights = within_memory(|| PackedWeights::from_plain(inputs, units, &plain))?;
        layers.push(Layer { weights, bias, activation, signs });
    }
    if layers.is_empty() {
        return Err(wrong("expected at least one layer"));
    }
    Ok(layers)
}

fn json(text: &str) -> PyResult<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| wrong(error.to_string()))
}

/// A value as a JSON document.
pub fn shown(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| wrong(error.to_string()))
}
