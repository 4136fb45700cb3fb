//! What tells classes from the outputs of a network: read, so that a class that is told otherwise than a model tells
//! it is noticed.

use super::super::proto::NodeProto;
use super::constant::Names;
use super::flow::{Label, Rule, Value};
use super::reader::{Reader, attribute, integer, place_of};
use super::refusal::Refusal;

impl<'a> Reader<'a> {
    /// `ArgMax` and `ArgMin`.
    pub(super) fn extreme(&self, node: &NodeProto, rule: Rule) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let rank = x.dims.as_ref().map_or(1, Vec::len) as i64;
        match integer(node, "axis", 0) {
            axis if axis == -1 || axis == rank => Ok(Value::Label(Label { of: x.step, rule, names: None })),
            axis => Err(Refusal::new(place_of(node), "axis = 1", axis.to_string())),
        }
    }

    /// Comparisons with one number.
    pub(super) fn compared(&self, node: &NodeProto) -> Result<Value<'a>, Refusal> {
        let greater = node.op_type.starts_with("Greater");
        let (x, number, greater) = match (self.required(node, 0)?, self.required(node, 1)?) {
            (Value::Flow(x), Value::Constant(number)) => (x, number, greater),
            (Value::Constant(number), Value::Flow(x)) => (x, number, !greater),
            _ => return Err(self.unknown(node)),
        };
        let expected = "a comparison with one number";
        let number =
            number.as_number(self.data).ok_or_else(|| Refusal::new(place_of(node), expected, "another"))?;
        let rule = if greater { Rule::Above(number) } else { Rule::Below(number) };
        Ok(Value::Label(Label { of: x.step, rule, names: None }))
    }

    /// What is made of a label, if that is another way to write it.
    pub(super) fn of_label(&self, node: &'a NodeProto, label: &Label) -> Result<Value<'a>, Refusal> {
        let named = |names: Option<Names>| match (&label.names, names) {
            (None, Some(names)) => Ok(Value::Label(Label { names: Some(names), ..label.clone() })),
            _ => Err(Refusal::new(place_of(node), "names of the classes", "others")),
        };
        match node.op_type.as_str() {
            "Cast" | "Identity" | "Squeeze" | "Unsqueeze" | "Reshape" | "Flatten" => {
                Ok(Value::Label(label.clone()))
            }
            "Not" => {
                let rule = match label.rule {
                    Rule::Above(threshold) => Rule::Below(threshold),
                    Rule::Below(threshold) => Rule::Above(threshold),
                    _ => return Err(self.unknown(node)),
                };
                Ok(Value::Label(Label { rule, ..label.clone() }))
            }
            "Gather" | "ArrayFeatureExtractor" => named(self.constant(node, 0)?.names(self.data)),
            "LabelEncoder" => named(encoded(node)),
            _ => Err(self.unknown(node)),
        }
    }
}

/// The names that a `LabelEncoder` gives to the positions 0, 1, …
fn encoded(node: &NodeProto) -> Option<Names> {
    let keys = attribute(node, "keys_int64s")?;
    if !keys.ints.iter().copied().eq(0..keys.ints.len() as i64) {
        return None;
    }
    let names = match (attribute(node, "values_strings"), attribute(node, "values_int64s")) {
        (Some(strings), _) => texts(&strings.strings)?,
        (None, Some(integers)) => Names::of_integers(&integers.ints),
        (None, None) => return None,
    };
    (names.values.len() == keys.ints.len()).then_some(names)
}

/// Names that are text.
pub(super) fn texts(strings: &[prost::bytes::Bytes]) -> Option<Names> {
    let values = strings.iter().map(|name| String::from_utf8(name.to_vec()).ok()).collect::<Option<_>>()?;
    Some(Names { values, text: true })
}
