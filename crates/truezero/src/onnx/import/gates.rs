//! Products of x and a function of x: activations as they are written out of simpler operators.
//!
//! | written | is |
//! |---|---|
//! | c x · logistic(β x) | c/β · silu(β x) |
//! | c x · tanh(softplus(x)) | c · mish(x) |
//! | c x · hard sigmoid(x), of slope 1/6 and 1/2 at 0 | c · hardswish(x) |
//! | c x · (1 + erf(b x)) | c √2/b · gelu(√2 b x) |
//! | c x · (1 + tanh(√(2/π) (x + 0.044715 x³))) | 2 c · gelu:tanh(x) |
//! | c x · [x > 0] | c · max(0, x) |

use super::super::proto::NodeProto;
use super::activations::scaled;
use super::flow::{Flow, Rule, Step, Value};
use super::reader::{Reader, float};
use super::refusal::Refusal;
use crate::activation::Activation;

/// Constants in files are rounded.
const NEARLY: f64 = 1e-3;

impl<'a> Reader<'a> {
    /// A product of two values that both depend on the input.
    pub(super) fn gated(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let [a, b] = &node.input[..] else { return Err(self.unknown(node)) };
        let found = self.gate(a, b).or_else(|| self.gate(b, a));
        let Some((x, steps)) = found else {
            let expected = "one input to be constant, or a product that is an activation";
            return Err(self.cause(node, expected, "a product of two values that are computed"));
        };
        Ok(Value::Flow(self.chain(node, &x, steps)))
    }

    /// What `x` times `gate` is: the flow below, and the steps upon it.
    fn gate(&self, x: &str, gate: &str) -> Option<(Flow, Vec<Step<'a>>)> {
        let (x, c) = self.unscaled(self.flow_of(x)?);
        let (gate, k) = self.with_number(gate, "Mul").unwrap_or((gate, 1.0));
        let c = c * k;
        if let Some(Value::Label(label)) = self.find(gate) {
            let rectifies = label.rule == Rule::Above(0.0) && label.of == x.step && c > 0.0;
            return rectifies.then(|| (x, scaled(Activation::Rectifier, 1.0, c)));
        }
        let steps = self.logistic_gate(&x, gate, c);
        let steps = steps.or_else(|| self.tanh_gate(&x, gate, c)).or_else(|| self.hard_gate(&x, gate, c));
        let steps = steps.or_else(|| self.erf_gate(&x, gate, c)).or_else(|| self.cubic_gate(&x, gate, c));
        Some((x, steps?))
    }

    fn logistic_gate(&self, x: &Flow, gate: &str, c: f64) -> Option<Vec<Step<'a>>> {
        let input = self.made_by(gate, "Sigmoid")?.input.first()?;
        let beta = self.multiple(input, x)?;
        (beta > 0.0).then(|| scaled(Activation::Silu, beta, c / beta))
    }

    fn tanh_gate(&self, x: &Flow, gate: &str, c: f64) -> Option<Vec<Step<'a>>> {
        let soft = self.made_by(gate, "Tanh")?.input.first()?;
        let input = self.made_by(soft, "Softplus")?.input.first()?;
        (self.multiple(input, x)? == 1.0).then(|| scaled(Activation::Mish, 1.0, c))
    }

    /// As `HardSigmoid`, or as min(max(x + 3, 0), 6), which is six times that.
    fn hard_gate(&self, x: &Flow, gate: &str, c: f64) -> Option<Vec<Step<'a>>> {
        if let Some(node) = self.made_by(gate, "HardSigmoid") {
            let slope =
                nearly(float(node, "alpha", 0.2).into(), 1.0 / 6.0) && float(node, "beta", 0.5) == 0.5;
            let of_x = self.multiple(node.input.first()?, x)? == 1.0;
            return (slope && of_x).then(|| scaled(Activation::HardSwish, 1.0, c));
        }
        let (gate, sixth) =
            self.with_number(gate, "Div").map_or((gate, 1.0), |(gate, by)| (gate, by.recip()));
        let top = &self.steps[self.flow_of(gate)?.step];
        let shifted = &self.steps[top.below];
        let Step::Add { by, factor } = &shifted.step else { return None };
        let three = by.as_number(self.data)? * factor == 3.0;
        let fits = matches!(top.step, Step::Activate(Activation::Relu6)) && shifted.below == x.step && three;
        fits.then(|| scaled(Activation::HardSwish, 1.0, 6.0 * c * sixth))
    }

    fn erf_gate(&self, x: &Flow, gate: &str, c: f64) -> Option<Vec<Step<'a>>> {
        let (erf, one) = self.with_number(gate, "Add")?;
        let b = self.multiple(self.made_by(erf, "Erf")?.input.first()?, x)?;
        let steep = b * std::f64::consts::SQRT_2;
        // Rounded in the file: 1/√2 gives the function itself.
        let steep = if nearly(steep, 1.0) { 1.0 } else { steep };
        (one == 1.0 && steep > 0.0).then(|| scaled(Activation::Gelu, steep, 2.0 * c / steep))
    }

    fn cubic_gate(&self, x: &Flow, gate: &str, c: f64) -> Option<Vec<Step<'a>>> {
        let (tanh, one) = self.with_number(gate, "Add")?;
        let (sum, k) = self.with_number(self.made_by(tanh, "Tanh")?.input.first()?, "Mul")?;
        let [a, b] = &self.made_by(sum, "Add")?.input[..] else { return None };
        let (line, cubic) = if self.multiple(a, x) == Some(1.0) { (a, b) } else { (b, a) };
        let (cube, third) = self.with_number(cubic, "Mul")?;
        let fits = one == 1.0
            && self.multiple(line, x)? == 1.0
            && self.is_cube(cube, x)
            && nearly(third, 0.044_715)
            && nearly(k, std::f64::consts::FRAC_2_PI.sqrt());
        fits.then(|| scaled(Activation::GeluTanh, 1.0, 2.0 * c))
    }

    fn is_cube(&self, name: &str, x: &Flow) -> bool {
        let is_x = |name: &String| self.multiple(name, x) == Some(1.0);
        if let Some(node) = self.made_by(name, "Pow") {
            let power = node.input.get(1).and_then(|power| self.number(power));
            return power == Some(3.0) && node.input.first().is_some_and(is_x);
        }
        let product = |name: &str| match &self.made_by(name, "Mul")?.input[..] {
            [a, b] => Some((a.clone(), b.clone())),
            _ => None,
        };
        let Some((a, b)) = product(name) else { return false };
        let (square, line) = if is_x(&b) { (a, b) } else { (b, a) };
        is_x(&line) && product(&square).is_some_and(|(a, b)| is_x(&a) && is_x(&b))
    }

    /// How often x a value is.
    fn multiple(&self, name: &str, x: &Flow) -> Option<f64> {
        let flow = self.flow_of(name)?;
        if flow.step == x.step {
            return Some(1.0);
        }
        let (below, factor) = self.unscaled(flow);
        (below.step == x.step).then_some(factor)
    }

    /// A flow and a number whose product this one is.
    pub(super) fn unscaled(&self, flow: &Flow) -> (Flow, f64) {
        let placed = &self.steps[flow.step];
        let factor = match &placed.step {
            Step::Multiply(by) => by.as_number(self.data),
            Step::Divide(by) => by.as_number(self.data).map(f64::recip),
            _ => None,
        };
        match factor {
            Some(factor) => (Flow { step: placed.below, dims: flow.dims.clone() }, factor),
            None => (flow.clone(), 1.0),
        }
    }
}

fn nearly(value: f64, expected: f64) -> bool {
    (value / expected - 1.0).abs() < NEARLY
}
