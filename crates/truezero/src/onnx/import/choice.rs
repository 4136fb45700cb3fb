//! The two uses of `Where` that are activations: how PyTorch writes a softplus, and how we write the firing
//! rate of a leaky integrate-and-fire neuron.

use super::super::proto::NodeProto;
use super::flow::{Flow, Step, Value};
use super::reader::{Reader, place_of};
use super::refusal::Refusal;
use crate::activation::{Activation, LeakyIntegrateAndFire};

/// From here on ln(1 + e^x) is x, in 32 bits.
const SOFTPLUS_IS_LINEAR: f32 = 17.0;

impl<'a> Reader<'a> {
    pub(super) fn choice(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        if let Some(flow) = self.linear_softplus(node) {
            return Ok(Value::Flow(flow));
        }
        let recognised = self.firing_rate(node).filter(|(_, constants)| {
            // The constants of an activation are checked where it is read.
            Activation::LeakyIntegrateAndFire(*constants).to_string().parse::<Activation>().is_ok()
        });
        let Some((x, constants)) = recognised else {
            let expected =
                "a softplus that is linear from 17 on, or the firing rate of a neuron as truezero writes it";
            return Err(Refusal::new(place_of(node), expected, "another use of Where"));
        };
        let (step, dims) = (Step::Activate(Activation::LeakyIntegrateAndFire(constants)), x.dims.clone());
        Ok(Value::Flow(self.push(node, &x, step, dims)))
    }

    /// `Where(αx > c, x, softplus(αx) / α)`; the division and the multiplication are left out for α = 1.
    fn linear_softplus(&self, node: &NodeProto) -> Option<Flow> {
        let [large, x, soft] = &node.input[..] else { return None };
        let large = self.made_by(large, "Greater")?;
        let bound = self.number(large.input.get(1)?)?;
        let (steep, x, soft) = (self.found(large.input.first()?)?, self.found(x)?, self.found(soft)?);
        let top = &self.steps[soft.step];
        let (softplus, of) = match &top.step {
            Step::Divide(alpha) => {
                let steeper = &self.steps[steep.step];
                let Step::Multiply(by) = &steeper.step else { return None };
                let same = by.len() == 1 && by.floats(self.data).ok()? == alpha.floats(self.data).ok()?;
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
        let constants = LeakyIntegrateAndFire { tau, resistance, resting, reset, threshold, refractory };
        Some((self.found(current).filter(|_| fits)?.clone(), constants))
    }

    /// The node that makes a value, if it is of this operator.
    fn made_by(&self, name: &str, op: &str) -> Option<&'a NodeProto> {
        self.producer(name).filter(|node| node.op_type == op && node.domain.is_empty())
    }

    /// The first input and the second, a number, of the node that makes a value.
    fn with_number(&self, name: &str, op: &str) -> Option<(&'a str, f32)> {
        let node = self.made_by(name, op)?;
        Some((node.input.first()?, self.number(node.input.get(1)?)?))
    }

    fn found(&self, name: &str) -> Option<&Flow> {
        match self.value("", name) {
            Ok(Value::Flow(flow)) => Some(flow),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<f32> {
        let Ok(Value::Constant(constant)) = self.value("", name) else { return None };
        if constant.len() != 1 {
            return None;
        }
        constant.floats(self.data).ok()?.first().copied()
    }
}
