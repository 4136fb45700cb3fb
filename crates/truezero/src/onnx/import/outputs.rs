//! Which of a graph's outputs is the network's prediction, and which classes the graph tells from it.

use std::collections::HashSet;

use truezero_data::Notice;

use super::super::proto::{GraphProto, ValueInfoProto, data_type};
use super::constant::Names;
use super::flow::{Label, Rule, Step, Value};
use super::reader::Reader;
use super::refusal::Refusal;
use crate::activation::Activation;

/// The prediction of a graph.
pub(super) struct Prediction {
    /// The last step.
    pub(super) step: usize,
    /// What the graph tells from it: then it is for classes or labels, even if its values are no probabilities.
    pub(super) told: Option<Told>,
    /// Of the classes.
    pub(super) names: Option<Names>,
    /// What of the outputs a model does not tell, or tells otherwise.
    pub(super) left_out: Vec<Notice>,
}

/// What a graph tells from its prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    /// Of each value, whether it is a label.
    Each,
    /// Which value is the class.
    One,
}

impl Told {
    fn by(rule: Rule) -> Self {
        match rule {
            Rule::Greatest | Rule::Least => Self::One,
            Rule::Above(_) | Rule::Below(_) => Self::Each,
        }
    }
}

/// Finds the output of which all others are intermediate results, or labels told from them.
pub(super) fn find(graph: &GraphProto, reader: &Reader<'_>) -> Result<Prediction, Refusal> {
    let (mut flows, mut labels, mut outside) = (Vec::new(), Vec::new(), Vec::new());
    for output in &graph.output {
        let place = format!("output {:?}", output.name);
        match reader.value(&place, &output.name) {
            Ok(Value::Flow(flow)) => flows.push((flow.step, place)),
            Ok(Value::Label(label)) => labels.push((label, place)),
            Ok(Value::Constant(_) | Value::Outside(_)) => {
                let expected = "what the network computes from its input";
                return Err(Refusal::new(place, expected, "a constant"));
            }
            // Labels may be told by operators that no network needs.
            Err(refusal) if is_label(output) => outside.push((refusal, place)),
            Err(refusal) => return Err(refusal),
        }
    }
    let mut left_out: Vec<Notice> = outside
        .iter()
        .map(|(refusal, place)| Notice::new(place.clone(), format!("left out, as it is not read: {refusal}")))
        .collect();
    // A step is made after those that it is made of.
    let of_flows = flows.iter().map(|&(step, _)| step).max();
    let of_labels = labels.iter().map(|(label, _)| label.of).max();
    let Some(mut step) = of_flows.or(of_labels) else {
        let none = || Refusal::new("graph", "an output", "none");
        return Err(outside.into_iter().next().map_or_else(none, |(refusal, _)| refusal));
    };
    // Probabilities that only a label is told from are the prediction nevertheless.
    if let Some(of) = of_labels.filter(|&of| ordered(reader, of).contains(&step)) {
        step = of;
    }
    let path: HashSet<usize> = reader.path(step).into_iter().collect();
    if let Some((_, place)) = flows.iter().find(|(other, _)| !path.contains(other)) {
        return Err(Refusal::new(place, "one prediction, and what it is made of", "another branch"));
    }
    let ordered = ordered(reader, step);
    let (mut told, mut names) = (None, None);
    for (label, place) in labels {
        let of_prediction = ordered.contains(&label.of);
        if of_prediction {
            told = told.max(Some(Told::by(label.rule)));
            if is_told(reader, label) {
                names = names.or_else(|| label.names.clone());
                continue;
            }
        }
        let of = if of_prediction { "" } else { " of other values than the prediction" };
        let what = format!("{}{of}", label.rule);
        if flows.is_empty() {
            return Err(Refusal::new(place, "a class that a model tells: the most probable one", what));
        }
        left_out.push(
            Notice::new(place, format!("left out: it is {what}"))
                .hint("the model tells the most probable class; tell yours from the probabilities"),
        );
    }
    Ok(Prediction { step, told, names, left_out })
}

/// The steps below `to` from which on all steps leave the greatest value the greatest, and `to`.
fn ordered(reader: &Reader<'_>, to: usize) -> HashSet<usize> {
    let keeps = |step: &Step<'_>| {
        matches!(step, Step::Softmax | Step::Log | Step::BothClasses | Step::Activate(Activation::Logistic))
    };
    let mut steps = HashSet::from([to]);
    let mut step = to;
    while keeps(&reader.steps[step].step) {
        step = reader.steps[step].below;
        steps.insert(step);
    }
    steps
}

/// Whether a label is what a model tells: the class whose probability is the greatest.
fn is_told(reader: &Reader<'_>, label: &Label) -> bool {
    let placed = &reader.steps[label.of];
    let below = &reader.steps[placed.below].step;
    let half = match (&placed.step, below) {
        (Step::Activate(Activation::Logistic), _) => 0.5,
        (Step::Select { places, width: 2 }, Step::Softmax) if places[..] == [1] => 0.5,
        _ => 0.0,
    };
    match label.rule {
        Rule::Greatest => true,
        Rule::Above(threshold) => threshold == half,
        Rule::Least | Rule::Below(_) => false,
    }
}

/// Whether an output is of whole numbers, words or truth values.
fn is_label(output: &ValueInfoProto) -> bool {
    let tensor = output.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
    let types = [data_type::INT64, data_type::INT32, data_type::STRING, data_type::BOOL];
    tensor.is_some_and(|tensor| types.contains(&tensor.elem_type))
}
