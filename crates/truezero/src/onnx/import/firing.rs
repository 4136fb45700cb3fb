//! The firing rate of a leaky integrate-and-fire neuron, recognised by the nodes that our exporter writes
//! for it.

use super::super::proto::NodeProto;
use super::flow::{Flow, Step, Value};
use super::reader::{Reader, place_of};
use super::refusal::Refusal;
use crate::activation::{Activation, LeakyIntegrateAndFire};

impl<'a> Reader<'a> {
    /// `Where(u ≤ V_th, 0, 1 / (τ ln((u − V_r) / (u − V_th)) + t_ref))` with u = R x + E.
    pub(super) fn firing_rate(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let recognised = self.recognise(node).filter(|(_, constants)| {
            // What cannot be written as an activation has constants that cannot be.
            Activation::LeakyIntegrateAndFire(*constants).to_string().parse::<Activation>().is_ok()
        });
        let Some((x, constants)) = recognised else {
            let expected = "the firing rate of a leaky integrate-and-fire neuron, as truezero writes it";
            return Err(Refusal::new(place_of(node), expected, "another use of Where"));
        };
        let (step, dims) = (Step::Activate(Activation::LeakyIntegrateAndFire(constants)), x.dims.clone());
        Ok(Value::Flow(self.push(node, &x, step, dims)))
    }

    fn recognise(&self, node: &'a NodeProto) -> Option<(Flow, LeakyIntegrateAndFire)> {
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
        let Ok(Value::Flow(x)) = self.value("", current) else { return None };
        let constants = LeakyIntegrateAndFire { tau, resistance, resting, reset, threshold, refractory };
        fits.then(|| (x.clone(), constants))
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

    fn number(&self, name: &str) -> Option<f32> {
        let Ok(Value::Constant(constant)) = self.value("", name) else { return None };
        if constant.len() != 1 {
            return None;
        }
        constant.floats(self.files).ok()?.first().copied()
    }
}
