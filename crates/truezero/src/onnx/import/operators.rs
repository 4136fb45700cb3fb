//! Each operator as a step, or as what it makes of constants and labels.

use super::super::proto::{NodeProto, data_type};
use super::constant::{Constant, Names};
use super::flow::{Label, Rule, Step, Value, elementwise};
use super::fold;
use super::labels::texts;
use super::reader::{Reader, attribute, float, integer, place_of};
use super::refusal::Refusal;
use super::tensor::{Tensor, Values};
use crate::activation::Activation;

/// The operators that are read, for messages.
const KNOWN: &str = "one of Gemm, MatMul, Add, Sub, Mul, Div, Neg, BatchNormalization, an activation (Relu, LeakyRelu, \
                     PRelu, Elu, Selu, Celu, Gelu, Swish, HardSwish, HardSigmoid, Mish, Softsign, Softplus, Tanh, \
                     Sigmoid, Clip), Softmax, LogSoftmax, Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Slice, \
                     Gather, Identity, Dropout, Cast, or constants only";

/// Version of the operators from which Softmax takes one axis instead of all from one on.
const SOFTMAX_OF_ONE_AXIS: i64 = 13;

/// Version of the operators from which an attribute tells whether BatchNormalization trains; before, it does
/// so where it has more than one output.
const TRAINING_IS_TOLD: i64 = 14;

impl<'a> Reader<'a> {
    /// What the first output of a node is.
    pub(super) fn evaluate(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let op = node.op_type.as_str();
        let standard = matches!(node.domain.as_str(), "" | "ai.onnx");
        if standard && let Some(constant) = self.folded(node)? {
            return Ok(Value::Constant(constant));
        }
        if let Some(label) = self.label_among_inputs(node)
            && !matches!(op, "Mul" | "Where")
        {
            return self.of_label(node, &label);
        }
        match (node.domain.as_str(), op) {
            ("" | "ai.onnx", "Identity") => Ok(self.required(node, 0)?.clone()),
            ("" | "ai.onnx", "Dropout") => self.dropout(node),
            ("" | "ai.onnx", "Cast") => self.cast(node),
            (
                "" | "ai.onnx",
                "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Transpose" | "Slice" | "Gather",
            )
            | ("ai.onnx.ml", "ArrayFeatureExtractor") => self.moved(node),
            ("" | "ai.onnx", "Shape") => self.shape_of(node),
            ("" | "ai.onnx", "ArgMax") => self.extreme(node, Rule::Greatest),
            ("" | "ai.onnx", "ArgMin") => self.extreme(node, Rule::Least),
            ("" | "ai.onnx", "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual") => self.compared(node),
            ("" | "ai.onnx", "Gemm") => self.gemm(node),
            ("" | "ai.onnx", "MatMul") => self.mat_mul(node),
            ("" | "ai.onnx", "Add" | "Sub" | "Mul" | "Div") => self.arithmetic(node),
            ("" | "ai.onnx", "Neg") => self.step(node, Step::Negate),
            ("" | "ai.onnx", "Log") => self.step(node, Step::Log),
            ("" | "ai.onnx", "Exp") => self.step(node, Step::Exp),
            ("" | "ai.onnx", "BatchNormalization") => self.normalise(node),
            ("" | "ai.onnx", "Concat") => self.both_classes(node),
            ("" | "ai.onnx", "Where") => self.choice(node),
            ("" | "ai.onnx", "Softmax" | "LogSoftmax") => self.softmax(node),
            ("" | "ai.onnx", _) | ("com.microsoft", "Gelu" | "QuickGelu") => {
                self.activation(node).unwrap_or_else(|| Err(self.unknown(node)))
            }
            ("com.microsoft", "FusedGemm") => self.fused_gemm(node),
            ("com.microsoft", "FusedMatMul") => self.fused_mat_mul(node),
            ("ai.onnx.ml", "Scaler") => self.scaler(node),
            ("ai.onnx.ml", "Imputer") => self.imputer(node),
            ("ai.onnx.ml", "ZipMap") => self.zip_map(node),
            _ => Err(self.unknown(node)),
        }
    }

    /// The output, if all inputs are constants and the operator is one that is computed.
    fn folded(&self, node: &'a NodeProto) -> Result<Option<Constant<'a>>, Refusal> {
        let mut inputs = Vec::with_capacity(node.input.len());
        for index in 0..node.input.len() {
            match self.optional(node, index) {
                Ok(None) => inputs.push(None),
                Ok(Some(Value::Constant(constant))) => inputs.push(Some(constant.clone())),
                _ => return Ok(None),
            }
        }
        fold::constant(node, &inputs, self.data)
    }

    fn label_among_inputs(&self, node: &NodeProto) -> Option<Label> {
        (0..node.input.len()).find_map(|index| match self.optional(node, index) {
            Ok(Some(Value::Label(label))) => Some(label.clone()),
            _ => None,
        })
    }

    fn step(&mut self, node: &'a NodeProto, step: Step<'a>) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        Ok(Value::Flow(self.chain(node, &x, vec![step])))
    }

    pub(super) fn unknown(&self, node: &NodeProto) -> Refusal {
        let domain = if node.domain.is_empty() { String::new() } else { format!("{}.", node.domain) };
        self.cause(node, KNOWN, &format!("{domain}{}", node.op_type))
    }

    /// Why a node is outside. What its inputs refuse comes first: it is nearer to the cause.
    pub(super) fn cause(&self, node: &NodeProto, expected: &str, found: &str) -> Refusal {
        let cause = (0..node.input.len()).find_map(|index| self.optional(node, index).err());
        cause.unwrap_or_else(|| Refusal::new(place_of(node), expected, found))
    }

    fn dropout(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let trains = match self.optional(node, 2)? {
            None => false,
            Some(Value::Constant(constant)) => {
                !matches!(&constant.tensor(self.data)?, Tensor { values: Values::Truth(of), .. } if of[..] == [false])
            }
            Some(_) => true,
        };
        if !trains {
            return Ok(self.required(node, 0)?.clone());
        }
        let found = "training_mode\nhint: export the network in its evaluation mode";
        Err(Refusal::new(place_of(node), "a network as it is used", found))
    }

    /// A cast between floating types changes no more than the last places.
    fn cast(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let value = self.required(node, 0)?.clone();
        let to = i32::try_from(integer(node, "to", 0)).unwrap_or(0);
        let floating = [data_type::FLOAT, data_type::DOUBLE, data_type::FLOAT16, data_type::BFLOAT16];
        if floating.contains(&to) {
            return Ok(value);
        }
        Err(Refusal::new(place_of(node), "a cast to floating-point numbers", data_type::name(to)))
    }

    fn arithmetic(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let op = node.op_type.as_str();
        let computed = |index| !matches!(self.optional(node, index), Ok(Some(Value::Constant(_))));
        if op == "Mul" && computed(0) && computed(1) {
            return self.gated(node);
        }
        let (mut x, constant, reversed) = match (self.required(node, 0)?, self.required(node, 1)?) {
            (Value::Flow(x), Value::Constant(constant)) => (x.clone(), constant.clone(), false),
            (Value::Constant(constant), Value::Flow(x)) if op != "Div" => (x.clone(), constant.clone(), true),
            _ => {
                let expected =
                    if op == "Div" { "a constant to divide by" } else { "one input to be constant" };
                return Err(Refusal::new(place_of(node), expected, "other inputs"));
            }
        };
        let Ok(dims) = elementwise(x.dims.as_deref(), constant.dims()) else {
            let expected = match &x.dims {
                Some(dims) => format!("a constant of one value, or of the shape {dims:?}"),
                None => "a constant of one value, or of one for each input".to_owned(),
            };
            return Err(Refusal::new(place_of(node), expected, format!("the shape {:?}", constant.dims())));
        };
        let step = match op {
            "Add" => Step::Add { by: constant, factor: 1.0 },
            "Sub" if reversed => {
                x = self.push(node, &x, Step::Negate, x.dims.clone());
                Step::Add { by: constant, factor: 1.0 }
            }
            "Sub" => Step::Add { by: constant, factor: -1.0 },
            "Mul" => Step::Multiply(constant),
            _ => Step::Divide(constant),
        };
        Ok(Value::Flow(self.push(node, &x, step, dims)))
    }

    fn normalise(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let outputs = node.output.iter().filter(|output| !output.is_empty()).count();
        let trains =
            if self.opset < TRAINING_IS_TOLD { outputs > 1 } else { integer(node, "training_mode", 0) != 0 };
        if trains {
            let found =
                "statistics of each batch (training mode)\nhint: export the network in its evaluation mode";
            return Err(Refusal::new(place_of(node), "a network as it is used", found));
        }
        let [scale, bias, mean, variance] = [
            self.constant(node, 1)?,
            self.constant(node, 2)?,
            self.constant(node, 3)?,
            self.constant(node, 4)?,
        ];
        let width = scale.len();
        let expected = format!("batch × {width} and {width} constants of each kind");
        if x.dims.as_ref().is_some_and(|dims| dims[..] != [width]) {
            return Err(Refusal::new(place_of(node), expected, x.shape()));
        }
        if [&scale, &bias, &mean, &variance].iter().any(|constant| constant.dims() != [width]) {
            return Err(Refusal::new(place_of(node), expected, "other shapes"));
        }
        let epsilon = f64::from(float(node, "epsilon", 1e-5));
        let step = Step::Normalise { scale, bias, mean, variance, epsilon };
        Ok(Value::Flow(self.push(node, &x, step, Some(vec![width]))))
    }

    fn softmax(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let default = if self.opset < SOFTMAX_OF_ONE_AXIS { 1 } else { -1 };
        let flat = x.dims.as_ref().is_some_and(|dims| dims.len() == 1);
        match integer(node, "axis", default) {
            1 | -1 if flat => {
                let log = (node.op_type == "LogSoftmax").then_some(Step::Log);
                let steps = std::iter::once(Step::Softmax).chain(log).collect();
                Ok(Value::Flow(self.chain(node, &x, steps)))
            }
            axis => {
                let found = format!("axis {axis} of {}", x.shape());
                Err(Refusal::new(place_of(node), "probabilities of all outputs", found))
            }
        }
    }

    /// `Concat(1 − p, p)` with p a logistic: what scikit-learn makes of two classes.
    fn both_classes(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let refuse = || Refusal::new(place_of(node), "1 − p beside p", "other inputs");
        if node.input.len() != 2 || !matches!(integer(node, "axis", 0), 1 | -1) {
            return Err(refuse());
        }
        let (rest, p) = (self.flow(node, 0)?, self.flow(node, 1)?);
        let added = &self.steps[rest.step];
        let Step::Add { by, factor: 1.0 } = &added.step else { return Err(refuse()) };
        let negated = &self.steps[added.below];
        let one = by.as_number(self.data) == Some(1.0);
        let logistic = matches!(self.steps[p.step].step, Step::Activate(Activation::Logistic));
        if !one || !logistic || !matches!(negated.step, Step::Negate) || negated.below != p.step {
            return Err(refuse());
        }
        if p.dims.as_deref() != Some(&[1][..]) {
            return Err(Refusal::new(place_of(node), "one probability", p.shape()));
        }
        Ok(Value::Flow(self.push(node, &p, Step::BothClasses, Some(vec![2]))))
    }

    /// (x − offset) · scale
    fn scaler(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let mut x = self.flow(node, 0)?;
        for (name, is_offset) in [("offset", true), ("scale", false)] {
            let Some(attribute) = attribute(node, name) else { continue };
            let values = Values::Single(attribute.floats.clone());
            let tensor = Tensor { dims: vec![values.len()], values };
            let constant = Constant::computed(&attribute.name, tensor);
            let Ok(dims) = elementwise(x.dims.as_deref(), constant.dims()) else {
                let expected = format!("a {name} for each input");
                return Err(Refusal::new(place_of(node), expected, constant.len().to_string()));
            };
            let step =
                if is_offset { Step::Add { by: constant, factor: -1.0 } } else { Step::Multiply(constant) };
            x = self.push(node, &x, step, dims);
        }
        Ok(Value::Flow(x))
    }

    /// A model refuses missing values, so what would stand for them is left out. Numbers that are replaced, and are
    /// none that are missing, could not be told from others.
    fn imputer(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let replaced = float(node, "replaced_value_float", 0.0);
        if !replaced.is_nan() {
            let found = format!("the replacement of {replaced}");
            return Err(Refusal::new(place_of(node), "the replacement of NaN", found));
        }
        self.step(node, Step::LeftOut("missing values (NaN) are not replaced"))
    }

    /// Probabilities as maps from the names of the classes.
    fn zip_map(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let names = match (attribute(node, "classlabels_strings"), attribute(node, "classlabels_int64s")) {
            (Some(names), _) => texts(&names.strings),
            (None, Some(numbers)) => Some(Names::of_integers(&numbers.ints)),
            (None, None) => None,
        };
        self.names = self.names.take().or(names);
        Ok(Value::Flow(x))
    }
}
