//! Which of a graph's outputs is the network's prediction.

use std::collections::HashSet;

use super::super::proto::{GraphProto, ValueInfoProto, data_type};
use super::flow::Value;
use super::reader::Reader;
use super::refusal::Refusal;

/// The prediction of a graph.
pub(super) struct Prediction {
    /// The last step.
    pub(super) step: usize,
    /// Whether the position of its maximum is an output as well: then it is for classes, even if its
    /// values are no probabilities.
    pub(super) labelled: bool,
}

/// Finds the output of which all others are intermediate results, or labels told from them.
pub(super) fn find(graph: &GraphProto, reader: &Reader<'_>) -> Result<Prediction, Refusal> {
    let (mut flows, mut labels, mut outside) = (Vec::new(), Vec::new(), None);
    for output in &graph.output {
        let place = format!("output {:?}", output.name);
        match reader.value(&place, &output.name) {
            Ok(Value::Flow(flow)) => flows.push((flow.step, place)),
            Ok(Value::Label(step)) => labels.push((*step, place)),
            Ok(Value::Constant(_) | Value::Outside(_)) => {
                let expected = "what the network computes from its input";
                return Err(Refusal::new(place, expected, "a constant"));
            }
            // Labels are often told by operators that no network needs: they are cut off.
            Err(refusal) if is_label(output) => _ = outside.get_or_insert(refusal),
            Err(refusal) => return Err(refusal),
        }
    }
    // A step is made after those that it is made of.
    let last = |found: &[(usize, String)]| found.iter().map(|&(step, _)| step).max();
    let Some(step) = last(&flows).or(last(&labels)) else {
        return Err(outside.unwrap_or_else(|| Refusal::new("graph", "an output", "none")));
    };
    let path: HashSet<usize> = reader.path(step).into_iter().collect();
    if let Some((_, place)) = flows.iter().chain(&labels).find(|(other, _)| !path.contains(other)) {
        return Err(Refusal::new(place, "one prediction, and what it is made of", "another branch"));
    }
    Ok(Prediction { step, labelled: labels.iter().any(|&(of, _)| of == step) })
}

/// Whether an output is of whole numbers, words or truth values.
fn is_label(output: &ValueInfoProto) -> bool {
    let tensor = output.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
    let types = [data_type::INT64, data_type::INT32, data_type::STRING, data_type::BOOL];
    tensor.is_some_and(|tensor| types.contains(&tensor.elem_type))
}
