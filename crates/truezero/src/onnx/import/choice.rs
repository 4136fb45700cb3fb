//! The uses of `Where` that are activations: rectifiers, how PyTorch writes a softplus, and how we write the firing
//! rate of a leaky integrate-and-fire neuron.

use super::super::proto::NodeProto;
use super::constant::Names;
use super::flow::{Flow, Label, Rule, Step, Value};
use super::reader::{Reader, place_of};
use super::refusal::Refusal;
use crate::activation::{Activation, LeakyIntegrateAndFire};

/// From here on ln(1 + e^x) is x, in 32 bits.
const SOFTPLUS_IS_LINEAR: f64 = 17.0;

impl<'a> Reader<'a> {
    pub(super) fn choice(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        if let Some(flow) = self.linear_softplus(node) {
            return Ok(Value::Flow(flow));
        }
        if let Some((x, activation)) = self.rectified(node) {
            return Ok(Value::Flow(self.chain(node, &x, vec![Step::Activate(activation)])));
        }
        if let Some(label) = self.named_label(node) {
            return Ok(Value::Label(label));
        }
        let recognised = self.firing_rate(node).filter(|(_, constants)| {
            // The constants of an activation are checked where it is read.
            Activation::LeakyIntegrateAndFire(*constants).to_string().parse::<Activation>().is_ok()
        });
        let Some((x, constants)) = recognised else {
            let expected = "a rectifier, a softplus that is linear from 17 on, or the firing rate of a neuron as \
                            truezero writes it";
            return Err(Refusal::new(place_of(node), expected, "another use of Where"));
        };
        let steps = vec![Step::Activate(Activation::LeakyIntegrateAndFire(constants))];
        Ok(Value::Flow(self.chain(node, &x, steps)))
    }

    /// `Where(x > 0, x, α x)`, with 0 for α = 0, and the same the other way round.
    fn rectified(&self, node: &NodeProto) -> Option<(Flow, Activation)> {
        let [which, above, below] = &node.input[..] else { return None };
        let Some(Value::Label(label)) = self.find(which) else { return None };
        let (above, below) = match label.rule {
            Rule::Above(0.0) => (above, below),
            Rule::Below(0.0) => (below, above),
            _ => return None,
        };
        let x = self.flow_of(above).filter(|x| x.step == label.of)?;
        if self.number(below) == Some(0.0) {
            return Some((x.clone(), Activation::Rectifier));
        }
        let (of, alpha) = self.unscaled(self.flow_of(below)?);
        (of.step == x.step).then(|| (x.clone(), Activation::LeakyRectifier { alpha: alpha as f32 }))
    }

    /// `Where(label, name, other name)`.
    fn named_label(&self, node: &NodeProto) -> Option<Label> {
        let [which, yes, no] = &node.input[..] else { return None };
        let Some(Value::Label(label)) = self.find(which) else { return None };
        let name = |name: &str| match self.find(name) {
            Some(Value::Constant(constant)) if constant.len() == 1 => constant.names(self.data),
            _ => None,
        };
        let (no, yes) = (name(no)?, name(yes)?);
        let names = Names { values: [no.values, yes.values].concat(), text: no.text && yes.text };
        label.names.is_none().then(|| Label { names: Some(names), ..label.clone() })
    }

    /// `Where(αx > c, x, softplus(αx) / α)`; the division and the multiplication are left out for α = 1.
    fn linear_softplus(&self, node: &NodeProto) -> Option<Flow> {
        let [large, x, soft] = &node.input[..] else { return None };
        let large = self.made_by(large, "Greater")?;
        let bound = self.number(large.input.get(1)?)?;
        let (steep, x, soft) = (self.flow_of(large.input.first()?)?, self.flow_of(x)?, self.flow_of(soft)?);
        let top = &self.steps[soft.step];
        let (softplus, of) = match &top.step {
            Step::Divide(alpha) => {
                let steeper = &self.steps[steep.step];
                let Step::Multiply(by) = &steeper.step else { return None };
                let same = by.as_number(self.data)? == alpha.as_number(self.data)?;
                (&self.steps[top.below], same.then_some(steeper.below)?)
            }
            _ => (top, steep.step),
        };
        let is_softplus = matches!(softplus.step, Step::Activate(Activation::Softplus { alpha: 1.0 }));
        let fits = is_softplus && softplus.below == steep.step && of == x.step;
        (fits && bound >= SOFTPLUS_IS_LINEAR).then(|| soft.clone())
    }

    /// `Where(u ≤ V_th, 0, 1 / (τ ln((u − V_r) / (u − V_th)) + t_ref))` with u = R x + E.
    fn firing_rate(&self, node: &NodeProto) -> Option<(Flow, LeakyIntegrateAndFire)> {
        let [rests, silence, rate] = &node.input[..] else { return None };
        let silent = self.number(silence)? == 0.0;
        let rests = self.made_by(rests, "LessOrEqual")?;
        let (potential, threshold) = (rests.input.first()?, self.number(rests.input.get(1)?)?);
        let period = self.made_by(rate, "Reciprocal")?.input.first()?;
        let (climb, refractory) = self.with_number(period, "Add")?;
        let (log, tau) = self.with_number(climb, "Mul")?;
        let ratio = self.made_by(self.made_by(log, "Log")?.input.first()?, "Div")?;
        let (above, reset) = self.with_number(ratio.input.first()?, "Sub")?;
        let (below, same_threshold) = self.with_number(ratio.input.get(1)?, "Sub")?;
        let (driven, resting) = self.with_number(potential, "Add")?;
        let (current, resistance) = self.with_number(driven, "Mul")?;
        let fits = silent && above == potential && below == potential && same_threshold == threshold;
        let [tau, resistance, resting, reset, threshold, refractory] =
            [tau, resistance, resting, reset, threshold, refractory].map(|constant| constant as f32);
        let constants = LeakyIntegrateAndFire { tau, resistance, resting, reset, threshold, refractory };
        Some((self.flow_of(current).filter(|_| fits)?.clone(), constants))
    }

    /// The node that makes a value, if it is of this operator; nodes that pass values on are looked through.
    pub(super) fn made_by(&self, name: &str, op: &str) -> Option<&'a NodeProto> {
        let mut node = self.producer(name)?;
        while matches!(node.op_type.as_str(), "Identity" | "Cast") {
            node = self.producer(node.input.first()?)?;
        }
        (node.op_type == op && matches!(node.domain.as_str(), "" | "ai.onnx")).then_some(node)
    }

    /// The other input and the number of the node that makes a value.
    pub(super) fn with_number(&self, name: &str, op: &str) -> Option<(&'a str, f64)> {
        let [first, second] = &self.made_by(name, op)?.input[..] else { return None };
        match self.number(second) {
            Some(number) => Some((first, number)),
            None if matches!(op, "Add" | "Mul") => Some((second, self.number(first)?)),
            None => None,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Value<'a>> {
        self.value("", name).ok()
    }

    pub(super) fn flow_of(&self, name: &str) -> Option<&Flow> {
        match self.find(name) {
            Some(Value::Flow(flow)) => Some(flow),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.find(name) {
            Some(Value::Constant(constant)) => constant.as_number(self.data),
            _ => None,
        }
    }
}
