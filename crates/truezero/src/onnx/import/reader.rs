//! A graph, read node after node.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::proto::{AttributeProto, GraphProto, NodeProto, ValueInfoProto};
use super::constant::{Constant, Names};
use super::data::Data;
use super::flow::{Flow, Placed, Step, Value};
use super::order;
use super::refusal::{Refusal, short};
use super::tensor::{MAX_RANK, product};

/// What is known of a graph so far.
pub(super) struct Reader<'a> {
    pub(super) data: &'a Data<'a>,
    /// Version of the operators.
    pub(super) opset: i64,
    values: HashMap<&'a str, Value<'a>>,
    producers: HashMap<&'a str, &'a NodeProto>,
    pub(super) steps: Vec<Placed<'a>>,
    /// Examples in a batch, where the graph fixes it.
    pub(super) batch: Option<i64>,
    /// Whether an example is a row of numbers.
    pub(super) flat: bool,
    /// Of the classes.
    pub(super) names: Option<Names>,
}

impl<'a> Reader<'a> {
    /// Reads all nodes. What is outside is known as such, and no error unless the output needs it.
    pub(super) fn read(graph: &'a GraphProto, opset: i64, data: &'a Data<'a>) -> Result<Self, Refusal> {
        let mut reader = Self {
            data,
            opset,
            values: HashMap::new(),
            producers: HashMap::new(),
            steps: Vec::new(),
            batch: None,
            flat: false,
            names: None,
        };
        for tensor in &graph.initializer {
            let value =
                Constant::of_tensor(&tensor.name, tensor).map_or_else(Value::Outside, Value::Constant);
            reader.define(&tensor.name, value)?;
        }
        for sparse in &graph.sparse_initializer {
            let name = sparse.values.as_ref().map_or("", |values| &values.name);
            let value = Constant::of_sparse(name, sparse, data).map_or_else(Value::Outside, Value::Constant);
            reader.define(name, value)?;
        }
        // Older files list constants among the inputs.
        let inputs: Vec<&ValueInfoProto> =
            graph.input.iter().filter(|input| !reader.values.contains_key(input.name.as_str())).collect();
        let [input] = inputs[..] else {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(Refusal::new("graph", "one input", format!("{}: {names:?}", names.len())));
        };
        reader.input(input)?;
        for node in order::sorted(&graph.node) {
            reader.node(node)?;
        }
        Ok(reader)
    }

    fn input(&mut self, input: &'a ValueInfoProto) -> Result<(), Refusal> {
        let place = format!("input {:?}", input.name);
        let Some(tensor) = input.r#type.as_ref().and_then(|of| of.tensor_type.as_ref()) else {
            return Err(Refusal::new(place, "a tensor", "none"));
        };
        let mut dims = None;
        if let Some(shape) = &tensor.shape {
            let fixed: Vec<Option<i64>> =
                shape.dim.iter().map(|dim| dim.dim_value.filter(|&size| size > 0)).collect();
            let Some((&batch, features)) = fixed.split_first().filter(|(_, features)| !features.is_empty())
            else {
                return Err(Refusal::new(
                    place,
                    "a batch of examples",
                    format!("{} dimensions", fixed.len()),
                ));
            };
            if features.len() > MAX_RANK {
                let expected = format!("at most {} dimensions", MAX_RANK + 1);
                return Err(Refusal::new(place, expected, fixed.len().to_string()));
            }
            self.batch = batch;
            self.flat = features.len() == 1;
            dims = features.iter().map(|size| usize::try_from((*size)?).ok()).collect();
        }
        if let Some(dims) = dims.as_deref().filter(|dims| product(dims).is_none()) {
            return Err(Refusal::new(place, "a shape that can be", format!("{dims:?}")));
        }
        self.steps.push(Placed { step: Step::Input, below: 0, place });
        self.define(&input.name, Value::Flow(Flow { step: 0, dims }))
    }

    fn node(&mut self, node: &'a NodeProto) -> Result<(), Refusal> {
        let values = match self.evaluate(node) {
            Ok(value) => vec![value],
            Err(refusal) => vec![Value::Outside(refusal); node.output.len().min(1)],
        };
        let mut values = values.into_iter();
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            let value = values.next().unwrap_or_else(|| {
                Value::Outside(Refusal::new(
                    place_of(node),
                    "a use of its first output",
                    format!("{output:?}"),
                ))
            });
            self.producers.insert(output, node);
            self.define(output, value)?;
        }
        Ok(())
    }

    fn define(&mut self, name: &'a str, value: Value<'a>) -> Result<(), Refusal> {
        match self.values.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(())
            }
            Entry::Occupied(_) => {
                Err(Refusal::new("graph", "one value of each name", format!("two {name:?}")))
            }
        }
    }

    /// What a name stands for, which must be made before node or output `place` uses it: so there is no
    /// cycle.
    pub(super) fn value(&self, place: &str, name: &str) -> Result<&Value<'a>, Refusal> {
        match self.values.get(name) {
            Some(Value::Outside(refusal)) => Err(refusal.clone()),
            Some(value) => Ok(value),
            None => {
                Err(Refusal::new(place, format!("{name:?} to be made before it is used"), "no such value"))
            }
        }
    }

    /// The node that makes a value.
    pub(super) fn producer(&self, name: &str) -> Option<&'a NodeProto> {
        self.producers.get(name).copied()
    }

    /// An input of a node; `None` if it is left out.
    pub(super) fn optional(&self, node: &NodeProto, index: usize) -> Result<Option<&Value<'a>>, Refusal> {
        let name = node.input.get(index).filter(|name| !name.is_empty());
        name.map(|name| self.value(&place_of(node), name)).transpose()
    }

    pub(super) fn required(&self, node: &NodeProto, index: usize) -> Result<&Value<'a>, Refusal> {
        let missing = || Refusal::new(place_of(node), format!("an input {}", index + 1), "none");
        self.optional(node, index)?.ok_or_else(missing)
    }

    /// An input that must be a constant.
    pub(super) fn constant(&self, node: &NodeProto, index: usize) -> Result<Constant<'a>, Refusal> {
        let Value::Constant(constant) = self.required(node, index)? else {
            let expected = format!("a constant as input {}", index + 1);
            return Err(Refusal::new(place_of(node), expected, "one that is computed"));
        };
        Ok(constant.clone())
    }

    /// An input that must depend on the graph's.
    pub(super) fn flow(&self, node: &NodeProto, index: usize) -> Result<Flow, Refusal> {
        match self.required(node, index)? {
            Value::Flow(flow) => Ok(flow.clone()),
            Value::Constant(_) => {
                Err(Refusal::new(place_of(node), "what the network computes from its input", "a constant"))
            }
            _ => {
                Err(Refusal::new(place_of(node), "what the network computes", "a class that is told from it"))
            }
        }
    }

    /// Adds a step.
    pub(super) fn push(
        &mut self,
        node: &NodeProto,
        below: &Flow,
        step: Step<'a>,
        dims: Option<Vec<usize>>,
    ) -> Flow {
        self.steps.push(Placed { step, below: below.step, place: place_of(node) });
        Flow { step: self.steps.len() - 1, dims }
    }

    /// The steps from the input to this one.
    pub(super) fn path(&self, mut step: usize) -> Vec<usize> {
        let mut path = vec![step];
        while step != self.steps[step].below {
            step = self.steps[step].below;
            path.push(step);
        }
        path.reverse();
        path
    }
}

/// A node by its name, or by what it makes, and its operator.
pub(super) fn place_of(node: &NodeProto) -> String {
    let first = || node.output.first().map_or("", String::as_str);
    let name = if node.name.is_empty() { first() } else { &node.name };
    format!("node {:?} ({})", short(name), short(&node.op_type))
}

/// An attribute of a node.
pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A whole number, or its default.
pub(super) fn integer(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i.unwrap_or(0))
}

/// A number, or its default.
pub(super) fn float(node: &NodeProto, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |attribute| attribute.f.unwrap_or(0.0))
}

/// A word, or its default.
pub(super) fn text<'a>(node: &'a NodeProto, name: &str, default: &'a str) -> &'a str {
    let given = attribute(node, name).and_then(|attribute| attribute.s.as_deref());
    given.map_or(default, |bytes| std::str::from_utf8(bytes).unwrap_or_default())
}
