//! Functions that a file defines: a node that calls one is replaced by the function's nodes.

use std::collections::HashMap;

use prost::Message;

use super::super::proto::{AttributeProto, FunctionProto, NodeProto};
use super::refusal::{Refusal, short};

/// Calls within calls are followed so deep.
const MAX_DEPTH: usize = 32;

/// All nodes that come of calls take at most so many bytes for each byte of the file: functions that call others
/// several times grow without bound.
const BYTES_OF_A_BYTE: usize = 4;

/// So many bytes may come of calls in any file.
const SMALL: usize = 1 << 16;

/// Replaces all calls in `nodes` from a file of `size` bytes.
pub(super) fn called(
    nodes: Vec<NodeProto>,
    functions: &[FunctionProto],
    size: usize,
) -> Result<Vec<NodeProto>, Refusal> {
    if functions.is_empty() {
        return Ok(nodes);
    }
    let functions = functions
        .iter()
        .map(|function| ((function.domain.as_str(), function.name.as_str()), function))
        .collect();
    let left = size.saturating_mul(BYTES_OF_A_BYTE).saturating_add(SMALL);
    let mut calls = Calls { functions, left, count: 0, nodes: Vec::new() };
    for node in nodes {
        calls.node(node, 0)?;
    }
    Ok(calls.nodes)
}

struct Calls<'a> {
    functions: HashMap<(&'a str, &'a str), &'a FunctionProto>,
    /// Bytes that nodes may still take.
    left: usize,
    /// Calls so far.
    count: usize,
    nodes: Vec<NodeProto>,
}

impl Calls<'_> {
    fn node(&mut self, node: NodeProto, depth: usize) -> Result<(), Refusal> {
        let Some(&function) = self.functions.get(&(node.domain.as_str(), node.op_type.as_str())) else {
            self.nodes.push(node);
            return Ok(());
        };
        let place = || format!("function {:?}", short(&function.name));
        if depth == MAX_DEPTH {
            return Err(Refusal::new(
                place(),
                format!("calls within calls to end after {MAX_DEPTH}"),
                "more",
            ));
        }
        self.count += 1;
        let mut names: HashMap<&str, String> = HashMap::new();
        for (list, given) in [(&function.input, &node.input), (&function.output, &node.output)] {
            // What a call leaves out is left out within.
            let given = given.iter().cloned().chain(std::iter::repeat_with(String::new));
            names.extend(list.iter().map(String::as_str).zip(given));
        }
        // An output that nobody wants still needs a name of its own, as all that is made within does.
        names.retain(|name, given| !given.is_empty() || function.input.iter().any(|input| input == name));
        let number = self.count;
        let renamed = |name: &String| match names.get(name.as_str()) {
            _ if name.is_empty() => String::new(),
            Some(given) => given.clone(),
            None => format!("{name} of {}.{number}", short(&function.name)),
        };
        for inner in &function.node {
            let bytes = inner.encoded_len().saturating_add(node.encoded_len());
            self.left = self.left.checked_sub(bytes).ok_or_else(|| {
                let expected = "no more nodes of calls than the bytes of the file suffice for";
                Refusal::new(place(), expected, "more")
            })?;
            let attributes = inner.attribute.iter().filter_map(|own| attribute(own, &node, function));
            let attribute = attributes.collect();
            let inner = NodeProto {
                input: inner.input.iter().map(renamed).collect(),
                output: inner.output.iter().map(renamed).collect(),
                name: if inner.name.is_empty() { String::new() } else { renamed(&inner.name) },
                op_type: inner.op_type.clone(),
                domain: inner.domain.clone(),
                attribute,
            };
            self.node(inner, depth + 1)?;
        }
        Ok(())
    }
}

/// An attribute of a node within a function: its own, or that of the call, or the function's default.
fn attribute(own: &AttributeProto, call: &NodeProto, function: &FunctionProto) -> Option<AttributeProto> {
    if own.ref_attr_name.is_empty() {
        return Some(own.clone());
    }
    let mut given = call.attribute.iter().chain(&function.attribute_proto);
    let given = given.find(|attribute| attribute.name == own.ref_attr_name)?;
    Some(AttributeProto { name: own.name.clone(), ..given.clone() })
}
