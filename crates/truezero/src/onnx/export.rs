//! A model as an ONNX graph: one `Gemm` for each layer, then its activation.

use prost::Message;
use prost::bytes::Bytes;
use truezero_data::Task;

use super::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
    attribute_type, data_type,
};
use super::{DOCUMENT, Document, ExportOptions, GraphInputs, IR_VERSION, MAX_BYTES, OPSET};
use crate::activation::{Activation, LeakyIntegrateAndFire};
use crate::cost::Cost;
use crate::error::Error;
use crate::layer::Layer;
use crate::store::Model;

const BATCH: &str = "batch";
const INPUT: &str = "input";

impl Model {
    /// The model as the bytes of an ONNX file; what it takes and gives is told in [`crate::onnx`]. Signs of
    /// units are in the weights of the layer above, so the file needs no more than its layers.
    ///
    /// # Errors
    /// If the weights take more than the 2 GiB that such a file may have; if there is not one name for each input.
    pub fn to_onnx(&self, options: &ExportOptions) -> Result<Vec<u8>, Error> {
        let too_large = |bytes: usize| {
            let expected = format!("at most {MAX_BYTES} bytes, the limit of the format");
            Error::Onnx { place: "weights".to_owned(), expected, found: format!("{bytes}") }
        };
        let bytes = self.network.parameters().saturating_mul(size_of::<f32>());
        if bytes > MAX_BYTES {
            return Err(too_large(bytes));
        }
        let inputs = self.onnx_inputs();
        let feature_names = match inputs {
            GraphInputs::Raw => {
                options.feature_names.clone().or_else(|| self.preprocessing.for_inputs().columns())
            }
            GraphInputs::Prepared => None,
        };
        if let Some(names) = feature_names.as_ref().filter(|names| names.len() != self.network.inputs()) {
            let (expected, found) = (format!("{} names", self.network.inputs()), names.len().to_string());
            return Err(Error::Onnx { place: "feature names".to_owned(), expected, found });
        }
        let document = Document {
            task: self.preprocessing.task(),
            names: self.preprocessing.labels(),
            text_classes: options.text_classes,
            inputs,
            feature_names,
            input_names: match inputs {
                GraphInputs::Raw => None,
                GraphInputs::Prepared => self.preprocessing.input_names(),
            },
        };
        let document = serde_json::to_string(&document).map_err(|error| Error::Onnx {
            place: "metadata".to_owned(),
            expected: "names that JSON can hold".to_owned(),
            found: error.to_string(),
        })?;
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "truezero".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(self.graph()),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: vec![StringStringEntryProto { key: DOCUMENT.to_owned(), value: document }],
            functions: Vec::new(),
        };
        match model.encoded_len() {
            bytes if bytes > MAX_BYTES => Err(too_large(bytes)),
            _ => Ok(model.encode_to_vec()),
        }
    }

    /// What the graph of [`to_onnx`](Self::to_onnx) takes.
    pub fn onnx_inputs(&self) -> GraphInputs {
        match self.preprocessing.for_inputs().scales() {
            Some(_) => GraphInputs::Raw,
            None => GraphInputs::Prepared,
        }
    }

    /// Whether that graph takes numbers of 64 bits, which is so only where 32 would lose what the scaling needs.
    pub fn onnx_input_is_wide(&self) -> bool {
        self.preprocessing.for_inputs().scales().is_some_and(|scales| scales.need_double())
    }

    fn graph(&self) -> GraphProto {
        let mut graph = Builder::default();
        let mut value = INPUT.to_owned();
        let wide = self.onnx_input_is_wide();
        let single = |values: &[f64]| -> Vec<f32> { values.iter().map(|&value| value as f32).collect() };
        let scales = self.preprocessing.for_inputs().scales();
        if let Some(scales) = &scales {
            for (op, name, numbers) in
                [("Sub", "shift", &scales.shifts), ("Div", "divisor", &scales.divisors)]
            {
                if !numbers.is_empty() {
                    let name = format!("{INPUT}.{name}");
                    let constant = if wide {
                        graph.wide_vector(&name, numbers)
                    } else {
                        graph.vector(&name, &single(numbers))
                    };
                    value = graph.node(op, &[&value, &constant]);
                }
            }
        }
        if wide {
            value = graph.cast(&value, data_type::FLOAT);
        }
        if let Some(limit) = scales.and_then(|scales| scales.limit) {
            let low = graph.scalar(format!("{INPUT}.low"), -limit as f32);
            let high = graph.scalar(format!("{INPUT}.high"), limit as f32);
            value = graph.node("Clip", &[&value, &low, &high]);
        }
        let mut signs = None;
        for (index, layer) in self.network.layers.iter().enumerate() {
            value = graph.layer(&value, index, layer, signs);
            signs = layer.signs.as_deref();
        }
        if let Some(signs) = signs {
            let signs = graph.vector("signs", signs);
            value = graph.node("Mul", &[&value, &signs]);
        }
        let outputs = Some(self.network.outputs());
        let output = match self.preprocessing.task() {
            Task::Classify => {
                let (axis, flat) = (("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(0)));
                graph.named("Softmax", &[&value], "probabilities", &[axis]);
                graph.named("ArgMax", &["probabilities"], "position", &[axis, flat]);
                let classes = graph.words("classes", self.preprocessing.labels());
                graph.named("Gather", &[&classes, "position"], "label", &[]);
                let label = value_info("label", data_type::STRING, None);
                vec![value_info("probabilities", data_type::FLOAT, outputs), label]
            }
            Task::Multilabel => {
                graph.named("Sigmoid", &[&value], "probabilities", &[]);
                vec![value_info("probabilities", data_type::FLOAT, outputs)]
            }
            Task::Regress if self.network.cost == Cost::Poisson => {
                graph.named("Exp", &[&value], "quantities", &[]);
                vec![value_info("quantities", data_type::FLOAT, outputs)]
            }
            Task::Regress => {
                let scales = graph.vector("quantities.scale", &single(self.preprocessing.scales()));
                let means = graph.vector("quantities.mean", &single(self.preprocessing.means()));
                let scaled = graph.node("Mul", &[&value, &scales]);
                graph.named("Add", &[&scaled, &means], "quantities", &[]);
                vec![value_info("quantities", data_type::FLOAT, outputs)]
            }
        };
        GraphProto {
            node: graph.nodes,
            name: "truezero".to_owned(),
            initializer: graph.constants,
            input: vec![value_info(
                INPUT,
                if wide { data_type::DOUBLE } else { data_type::FLOAT },
                Some(self.network.inputs()),
            )],
            output,
            sparse_initializer: Vec::new(),
        }
    }
}

/// The value of an attribute.
#[derive(Clone, Copy)]
enum Attribute<'a> {
    Int(i64),
    Float(f32),
    Word(&'a str),
}

/// A graph that grows.
#[derive(Default)]
struct Builder {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Builder {
    /// Sends `value` through a layer; `signs` are those of the units below.
    fn layer(&mut self, value: &str, index: usize, layer: &Layer, signs: Option<&[f32]>) -> String {
        let (inputs, units) = (layer.inputs(), layer.units());
        let mut weights = Vec::with_capacity(inputs * units * size_of::<f32>());
        let mut row = Vec::new();
        for input in 0..inputs {
            layer.weights.copy_rows(input..input + 1, &mut row);
            let sign = signs.map_or(1.0, |signs| signs[input]);
            weights.extend(row.iter().flat_map(|weight| (sign * weight).to_le_bytes()));
        }
        let weights = self.constant(
            format!("layers.{index}.weight"),
            vec![inputs as i64, units as i64],
            data_type::FLOAT,
            weights,
        );
        let bias = self.vector(&format!("layers.{index}.bias"), &layer.bias);
        let sums = self.node("Gemm", &[value, &weights, &bias]);
        self.activation(&sums, index, layer.activation)
    }

    fn activation(&mut self, x: &str, index: usize, activation: Activation) -> String {
        match activation {
            Activation::Rectifier => self.node("Relu", &[x]),
            Activation::Softplus { alpha: 1.0 } => self.node("Softplus", &[x]),
            Activation::Softplus { alpha } => {
                let alpha = self.scalar(format!("layers.{index}.alpha"), alpha);
                let steep = self.node("Mul", &[x, &alpha]);
                let soft = self.node("Softplus", &[&steep]);
                self.node("Div", &[&soft, &alpha])
            }
            Activation::Tanh => self.node("Tanh", &[x]),
            Activation::Logistic => self.node("Sigmoid", &[x]),
            Activation::LeakyIntegrateAndFire(constants) => self.firing_rate(x, index, constants),
            Activation::Identity => x.to_owned(),
            Activation::LeakyRectifier { alpha } => {
                self.node_with("LeakyRelu", x, "alpha", Attribute::Float(alpha))
            }
            Activation::Elu { alpha } => self.node_with("Elu", x, "alpha", Attribute::Float(alpha)),
            Activation::Silu => {
                let logistic = self.node("Sigmoid", &[x]);
                self.node("Mul", &[x, &logistic])
            }
            Activation::Gelu => self.node("Gelu", &[x]),
            Activation::GeluTanh => self.node_with("Gelu", x, "approximate", Attribute::Word("tanh")),
            Activation::Mish => self.node("Mish", &[x]),
            Activation::HardSwish => self.node("HardSwish", &[x]),
            Activation::Relu6 => {
                let low = self.scalar(format!("layers.{index}.low"), 0.0);
                let high = self.scalar(format!("layers.{index}.high"), 6.0);
                self.node("Clip", &[x, &low, &high])
            }
            Activation::Softsign => self.node("Softsign", &[x]),
        }
    }

    /// In double precision, as we compute it: near the threshold the rate climbs without bound.
    fn firing_rate(&mut self, current: &str, index: usize, constants: LeakyIntegrateAndFire) -> String {
        let mut constant = |name: &str, value: f32| {
            let bytes = f64::from(value).to_le_bytes().to_vec();
            self.constant(format!("layers.{index}.{name}"), Vec::new(), data_type::DOUBLE, bytes)
        };
        let resistance = constant("resistance", constants.resistance);
        let resting = constant("resting", constants.resting);
        let reset = constant("reset", constants.reset);
        let threshold = constant("threshold", constants.threshold);
        let tau = constant("tau", constants.tau);
        let refractory = constant("refractory", constants.refractory);
        let silence = constant("silence", 0.0);
        let current = self.cast(current, data_type::DOUBLE);
        let driven = self.node("Mul", &[&current, &resistance]);
        let potential = self.node("Add", &[&driven, &resting]);
        let above_reset = self.node("Sub", &[&potential, &reset]);
        let above_threshold = self.node("Sub", &[&potential, &threshold]);
        let ratio = self.node("Div", &[&above_reset, &above_threshold]);
        let log = self.node("Log", &[&ratio]);
        let climb = self.node("Mul", &[&log, &tau]);
        let period = self.node("Add", &[&climb, &refractory]);
        let rate = self.node("Reciprocal", &[&period]);
        let rests = self.node("LessOrEqual", &[&potential, &threshold]);
        let rate = self.node("Where", &[&rests, &silence, &rate]);
        self.cast(&rate, data_type::FLOAT)
    }

    fn cast(&mut self, x: &str, to: i32) -> String {
        self.node_with("Cast", x, "to", Attribute::Int(to.into()))
    }

    /// A node with one input and one attribute.
    fn node_with(&mut self, op: &str, x: &str, name: &str, attribute: Attribute<'_>) -> String {
        let output = self.fresh(op);
        self.named(op, &[x], &output, &[(name, attribute)]);
        output
    }

    /// A node with one output, whose name it returns.
    fn node(&mut self, op: &str, inputs: &[&str]) -> String {
        let output = self.fresh(op);
        self.named(op, inputs, &output, &[]);
        output
    }

    fn fresh(&self, op: &str) -> String {
        format!("{}.{}", op.to_lowercase(), self.nodes.len())
    }

    fn named(&mut self, op: &str, inputs: &[&str], output: &str, attributes: &[(&str, Attribute<'_>)]) {
        let attribute = |&(name, value): &(&str, Attribute<'_>)| {
            let plain = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
            match value {
                Attribute::Int(i) => AttributeProto { i: Some(i), r#type: attribute_type::INT, ..plain },
                Attribute::Float(f) => AttributeProto { f: Some(f), r#type: attribute_type::FLOAT, ..plain },
                Attribute::Word(word) => {
                    let s = Some(Bytes::copy_from_slice(word.as_bytes()));
                    AttributeProto { s, r#type: attribute_type::STRING, ..plain }
                }
            }
        };
        self.nodes.push(NodeProto {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: op.to_owned(),
            attribute: attributes.iter().map(attribute).collect(),
            domain: String::new(),
        });
    }

    /// One value for each column, or one for all.
    fn vector(&mut self, name: &str, values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name.to_owned(), vec![values.len() as i64], data_type::FLOAT, bytes)
    }

    /// As [`vector`](Self::vector), in 64 bits.
    fn wide_vector(&mut self, name: &str, values: &[f64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name.to_owned(), vec![values.len() as i64], data_type::DOUBLE, bytes)
    }

    fn words(&mut self, name: &str, words: &[String]) -> String {
        self.constants.push(TensorProto {
            dims: vec![words.len() as i64],
            data_type: data_type::STRING,
            name: name.to_owned(),
            string_data: words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect(),
            ..TensorProto::default()
        });
        name.to_owned()
    }

    fn scalar(&mut self, name: String, value: f32) -> String {
        self.constant(name, Vec::new(), data_type::FLOAT, value.to_le_bytes().to_vec())
    }

    fn constant(&mut self, name: String, dims: Vec<i64>, data_type: i32, bytes: Vec<u8>) -> String {
        let raw_data = Bytes::from(bytes);
        self.constants.push(TensorProto {
            dims,
            data_type,
            name: name.clone(),
            raw_data,
            ..TensorProto::default()
        });
        name
    }
}

/// batch × `width`, or one value for each example.
fn value_info(name: &str, elem_type: i32, width: Option<usize>) -> ValueInfoProto {
    let batch = DimensionProto { dim_value: None, dim_param: Some(BATCH.to_owned()) };
    let width = width.map(|width| DimensionProto { dim_value: Some(width as i64), dim_param: None });
    let shape = TensorShapeProto { dim: std::iter::once(batch).chain(width).collect() };
    let tensor_type = TensorTypeProto { elem_type, shape: Some(shape) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}
