//! Each operator as a step, or as what it makes of constants and labels.

use super::super::proto::{NodeProto, data_type};
use super::constant::{Constant, product};
use super::flow::{Flow, Step, Value, elementwise};
use super::reader::{Reader, attribute, float, integer, place_of};
use super::refusal::Refusal;
use crate::activation::Activation;

/// The operators that are read, for messages.
const KNOWN: &str = "one of Gemm, MatMul, Add, Sub, Mul, Div, BatchNormalization, Relu, LeakyRelu, Softplus, \
                     Tanh, Sigmoid, Softmax, Flatten, Reshape, Transpose, Constant, Identity, Dropout, Cast";

/// Version of the operators from which Softmax takes one axis instead of all from one on.
const SOFTMAX_OF_ONE_AXIS: i64 = 13;

/// Version of the operators from which an attribute tells whether BatchNormalization trains; before, it does
/// so where it has more than one output.
const TRAINING_IS_TOLD: i64 = 14;

impl<'a> Reader<'a> {
    /// What the first output of a node is.
    pub(super) fn evaluate(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let step = match (node.domain.as_str(), node.op_type.as_str()) {
            ("" | "ai.onnx", op) => match op {
                "Constant" => return constant(node),
                "Identity" => return Ok(self.required(node, 0)?.clone()),
                "Dropout" => return self.dropout(node),
                "Cast" => return self.cast(node),
                "Transpose" => return self.transpose(node),
                "Reshape" => return self.reshape(node),
                "Flatten" => return self.flatten(node),
                "Squeeze" => return self.label_as_it_is(node),
                "ArgMax" => return self.arg_max(node),
                "Gemm" => return self.gemm(node),
                "MatMul" => return self.mat_mul(node),
                "Add" | "Sub" | "Mul" | "Div" => return self.arithmetic(node),
                "BatchNormalization" => return self.normalise(node),
                "Concat" => return self.both_classes(node),
                "Where" => return self.choice(node),
                "Softmax" => return self.softmax(node),
                "Relu" => Step::Activate(Activation::Rectifier),
                "LeakyRelu" => match float(node, "alpha", 0.01) {
                    0.0 => Step::Activate(Activation::Rectifier),
                    alpha => {
                        return Err(Refusal::new(
                            place_of(node),
                            "alpha = 0, a rectifier",
                            alpha.to_string(),
                        ));
                    }
                },
                "Softplus" => Step::Activate(Activation::Softplus { alpha: 1.0 }),
                "Tanh" => Step::Activate(Activation::Tanh),
                "Sigmoid" => Step::Activate(Activation::Logistic),
                _ => return Err(self.unknown(node)),
            },
            ("ai.onnx.ml", op) => match op {
                "Scaler" => return self.scaler(node),
                "ZipMap" => return self.zip_map(node),
                "ArrayFeatureExtractor" => return self.label_name(node),
                _ => return Err(self.unknown(node)),
            },
            _ => return Err(self.unknown(node)),
        };
        let x = self.flow(node, 0)?;
        let dims = x.dims.clone();
        Ok(Value::Flow(self.push(node, &x, step, dims)))
    }

    /// What its inputs refuse comes first: it is nearer to the cause.
    fn unknown(&self, node: &NodeProto) -> Refusal {
        let cause = (0..node.input.len()).find_map(|index| self.optional(node, index).err());
        let domain = if node.domain.is_empty() { String::new() } else { format!("{}.", node.domain) };
        cause.unwrap_or_else(|| Refusal::new(place_of(node), KNOWN, format!("{domain}{}", node.op_type)))
    }

    fn dropout(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let trains = match self.optional(node, 2)? {
            None => false,
            Some(Value::Constant(constant)) => !constant.is_false(),
            Some(_) => true,
        };
        if !trains {
            return Ok(self.required(node, 0)?.clone());
        }
        let found = "training_mode\nhint: export the network in its evaluation mode";
        Err(Refusal::new(place_of(node), "a network as it is used", found))
    }

    fn cast(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let value = self.required(node, 0)?.clone();
        let to = integer(node, "to", 0);
        let floating = [data_type::FLOAT, data_type::DOUBLE].map(i64::from).contains(&to);
        if floating || matches!(value, Value::Label(_)) {
            return Ok(value);
        }
        let name = i32::try_from(to).map_or_else(|_| to.to_string(), data_type::name);
        Err(Refusal::new(place_of(node), "a cast to FLOAT or DOUBLE", name))
    }

    fn transpose(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let constant = self.constant(node, 0)?;
        match attribute(node, "perm").map(|attribute| attribute.ints.as_slice()) {
            Some([0, 1]) => Ok(Value::Constant(constant)),
            None | Some([1, 0]) => constant.transpose().map(Value::Constant),
            Some(other) => {
                Err(Refusal::new(place_of(node), "rows and columns exchanged", format!("perm = {other:?}")))
            }
        }
    }

    fn reshape(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let value = self.required(node, 0)?.clone();
        if let Value::Label(_) = value {
            return Ok(value);
        }
        let to = self.constant(node, 1)?.shape()?;
        let refuse = || Refusal::new(place_of(node), "batch × all else", format!("the shape {to:?}"));
        match value {
            Value::Constant(constant) => {
                let dims: Option<Vec<usize>> = to.iter().map(|&dim| usize::try_from(dim).ok()).collect();
                let dims = match (dims, &to[..]) {
                    (Some(dims), _) => dims,
                    (None, [-1]) => vec![constant.len()],
                    _ => return Err(refuse()),
                };
                constant.reshape(dims).map(Value::Constant)
            }
            Value::Flow(Flow { step, dims }) => {
                let [batch, width] = to[..] else { return Err(refuse()) };
                let known = dims.as_deref().and_then(product);
                let keeps_batch = matches!(batch, -1 | 0) || Some(batch) == self.batch;
                let new = usize::try_from(width).ok().filter(|&width| width > 0);
                let dims = match (known, new) {
                    (known, None) if width == -1 && batch != -1 => known.map(|width| vec![width]),
                    (Some(known), Some(new)) if known == new => Some(vec![new]),
                    (None, Some(new)) => Some(vec![new]),
                    _ => return Err(refuse()),
                };
                if keeps_batch { Ok(Value::Flow(Flow { step, dims })) } else { Err(refuse()) }
            }
            Value::Label(_) | Value::Outside(_) => Ok(value),
        }
    }

    fn flatten(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let Flow { step, dims } = self.flow(node, 0)?;
        match integer(node, "axis", 1) {
            1 => Ok(Value::Flow(Flow {
                step,
                dims: dims.as_deref().and_then(product).map(|width| vec![width]),
            })),
            axis => Err(Refusal::new(place_of(node), "axis = 1", axis.to_string())),
        }
    }

    /// The shape of a label does not matter.
    fn label_as_it_is(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        match self.required(node, 0)? {
            label @ Value::Label(_) => Ok(label.clone()),
            _ => Err(self.unknown(node)),
        }
    }

    fn arg_max(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        match integer(node, "axis", 0) {
            1 | -1 => Ok(Value::Label(x.step)),
            axis => Err(Refusal::new(place_of(node), "axis = 1", axis.to_string())),
        }
    }

    fn gemm(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        if integer(node, "transA", 0) != 0 {
            return Err(Refusal::new(place_of(node), "transA = 0", "examples as columns"));
        }
        let mut weights = self.constant(node, 1)?;
        if integer(node, "transB", 0) != 0 {
            weights = weights.transpose()?;
        }
        let bias = match self.optional(node, 2)? {
            None => None,
            Some(_) => Some((self.constant(node, 2)?, float(node, "beta", 1.0))),
        };
        self.linear(node, &x, weights, float(node, "alpha", 1.0), bias)
    }

    fn mat_mul(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let weights = self.constant(node, 1)?;
        self.linear(node, &x, weights, 1.0, None)
    }

    fn linear(
        &mut self,
        node: &'a NodeProto,
        x: &Flow,
        weights: Constant<'a>,
        alpha: f32,
        bias: Option<(Constant<'a>, f32)>,
    ) -> Result<Value<'a>, Refusal> {
        let [inputs, units] = *weights.dims() else {
            let expected = "weights of inputs × units";
            return Err(Refusal::new(place_of(node), expected, format!("the shape {:?}", weights.dims())));
        };
        if let Some(dims) = &x.dims
            && dims[..] != [inputs]
        {
            let expected = format!("batch × {inputs}, as the weights have rows");
            return Err(Refusal::new(place_of(node), expected, format!("batch × {dims:?}")));
        }
        if let Some((bias, _)) = &bias
            && elementwise(Some(&[units]), bias.dims()).is_err()
        {
            let expected = format!("a bias for each of {units} units");
            return Err(Refusal::new(place_of(node), expected, format!("the shape {:?}", bias.dims())));
        }
        if alpha.is_finite() && bias.as_ref().is_none_or(|(_, beta)| beta.is_finite()) {
            let step = Step::Linear { weights, alpha, bias };
            return Ok(Value::Flow(self.push(node, x, step, Some(vec![units]))));
        }
        Err(Refusal::new(place_of(node), "finite alpha and beta", "others"))
    }

    fn arithmetic(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let op = node.op_type.as_str();
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
            return Err(Refusal::new(place_of(node), expected, format!("batch × {:?}", x.dims)));
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
            1 | -1 if flat => Ok(Value::Flow(self.push(node, &x, Step::Softmax, x.dims.clone()))),
            axis => {
                let found = format!("axis {axis} of batch × {:?}", x.dims.unwrap_or_default());
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
        let one = by.len() == 1 && by.floats(self.data)?[..] == [1.0];
        let logistic = matches!(self.steps[p.step].step, Step::Activate(Activation::Logistic));
        if !one || !logistic || !matches!(negated.step, Step::Negate) || negated.below != p.step {
            return Err(refuse());
        }
        if p.dims.as_deref() != Some(&[1][..]) {
            return Err(Refusal::new(place_of(node), "one probability", format!("{:?}", p.dims)));
        }
        Ok(Value::Flow(self.push(node, &p, Step::BothClasses, Some(vec![2]))))
    }

    /// (x − offset) · scale
    fn scaler(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let mut x = self.flow(node, 0)?;
        for (name, is_offset) in [("offset", true), ("scale", false)] {
            let Some(attribute) = attribute(node, name) else { continue };
            let constant = Constant::of_floats(&attribute.name, &attribute.floats, true);
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

    /// Probabilities as maps from the names of the classes.
    fn zip_map(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let text = |attribute: &super::super::proto::AttributeProto| -> Option<Vec<String>> {
            attribute.strings.iter().map(|name| String::from_utf8(name.to_vec()).ok()).collect()
        };
        let names = match (attribute(node, "classlabels_strings"), attribute(node, "classlabels_int64s")) {
            (Some(names), _) => text(names),
            (None, Some(numbers)) => Some(numbers.ints.iter().map(ToString::to_string).collect()),
            (None, None) => None,
        };
        _ = self.names.get_or_insert_with(|| names.unwrap_or_default());
        Ok(Value::Flow(x))
    }

    /// The name of a class, looked up by its position.
    fn label_name(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let names = self.constant(node, 0)?;
        let Value::Label(step) = *self.required(node, 1)? else { return Err(self.unknown(node)) };
        // Names that cannot be read are of another number than the outputs, and so left alone.
        _ = self.names.get_or_insert_with(|| names.names().unwrap_or_default());
        Ok(Value::Label(step))
    }
}

/// The value of a node without inputs.
fn constant(node: &NodeProto) -> Result<Value<'_>, Refusal> {
    let name = node.output.first().map_or("", String::as_str);
    let number = |key: &str| attribute(node, key);
    let constant = if let Some(tensor) = number("value").and_then(|attribute| attribute.t.as_ref()) {
        Constant::of_tensor(name, tensor)?
    } else if let Some(value) = number("value_float").and_then(|attribute| attribute.f.as_ref()) {
        Constant::of_floats(name, std::slice::from_ref(value), false)
    } else if let Some(attribute) = number("value_floats") {
        Constant::of_floats(name, &attribute.floats, true)
    } else if let Some(value) = number("value_int").and_then(|attribute| attribute.i.as_ref()) {
        Constant::of_integers(name, std::slice::from_ref(value), false)
    } else if let Some(attribute) = number("value_ints") {
        Constant::of_integers(name, &attribute.ints, true)
    } else {
        return Err(Refusal::new(place_of(node), "a tensor or numbers", "neither"));
    };
    Ok(Value::Constant(constant))
}
