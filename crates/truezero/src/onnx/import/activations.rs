//! Operators that are activations, as the activations of this library with what is to be done before and after.

use super::super::proto::NodeProto;
use super::flow::{Flow, Step, Value};
use super::reader::{Reader, attribute, float, place_of, text};
use super::refusal::Refusal;
use crate::activation::Activation;

/// Bounds from here on, near the end of 32 bits, mean none.
const NO_BOUND: f64 = 3.0e38;

/// So many steps at most scale the inputs before they are limited: each limit looks for the input again.
const MAX_SCALING: usize = 32;

/// The knee of `Activation::Relu6`.
const SIX: f64 = 6.0;

impl<'a> Reader<'a> {
    /// The operator as an activation, if it is one.
    pub(super) fn activation(&mut self, node: &'a NodeProto) -> Option<Result<Value<'a>, Refusal>> {
        let op = node.op_type.as_str();
        match op {
            "Clip" | "Max" | "Min" => return Some(self.clip(node)),
            "PRelu" => return Some(self.slope(node)),
            _ => {}
        }
        let alpha = |default: f32| float(node, "alpha", default);
        let x = match self.flow(node, 0) {
            Ok(x) => x,
            // What is no activation is refused as such.
            Err(refusal) => {
                return self.simple_activation(op, &Flow { step: 0, dims: None }, 1.0).map(|_| Err(refusal));
            }
        };
        let steps = match op {
            "LeakyRelu" => self.simple_activation(op, &x, alpha(0.01))?,
            "Selu" => {
                let steps = self.simple_activation("Elu", &x, alpha(1.673_263_2))?;
                steps.into_iter().chain([Step::scale(float(node, "gamma", 1.050_701).into())]).collect()
            }
            "HardSigmoid" => hard_sigmoid(alpha(0.2).into(), float(node, "beta", 0.5).into()),
            "Gelu" if text(node, "approximate", "none") == "tanh" => {
                vec![Step::Activate(Activation::GeluTanh)]
            }
            _ => self.simple_activation(op, &x, alpha(1.0))?,
        };
        Some(Ok(Value::Flow(self.chain(node, &x, steps))))
    }

    /// An activation by the name of its operator, with the one constant that some have.
    pub(super) fn simple_activation(&self, op: &str, x: &Flow, alpha: f32) -> Option<Vec<Step<'a>>> {
        let one = |activation| Some(vec![Step::Activate(activation)]);
        match op {
            // Nothing below zero comes from below.
            "Relu" if self.never_negative(x) => Some(Vec::new()),
            "Relu" => one(Activation::Rectifier),
            "ThresholdedRelu" | "Elu" if alpha == 0.0 => one(Activation::Rectifier),
            "LeakyRelu" => Some(leaky(alpha)),
            "Elu" if alpha > 0.0 && alpha.is_finite() => one(Activation::Elu { alpha }),
            "Celu" if alpha > 0.0 && alpha.is_finite() => {
                let alpha = f64::from(alpha);
                Some(scaled(Activation::Elu { alpha: 1.0 }, alpha.recip(), alpha))
            }
            "Gelu" => one(Activation::Gelu),
            "FastGelu" => one(Activation::GeluTanh),
            "Swish" | "QuickGelu" if alpha > 0.0 && alpha.is_finite() => {
                let alpha = f64::from(alpha);
                Some(scaled(Activation::Silu, alpha, alpha.recip()))
            }
            "HardSwish" => one(Activation::HardSwish),
            "Mish" => one(Activation::Mish),
            "Softsign" => one(Activation::Softsign),
            "Softplus" => one(Activation::Softplus { alpha: 1.0 }),
            "Tanh" => one(Activation::Tanh),
            "Sigmoid" => one(Activation::Logistic),
            _ => None,
        }
    }

    fn never_negative(&self, x: &Flow) -> bool {
        matches!(
            self.steps[x.step].step,
            Step::Activate(
                Activation::Rectifier
                    | Activation::Relu6
                    | Activation::Logistic
                    | Activation::Softplus { .. }
            ) | Step::Softmax
        )
    }

    /// `Clip`, and `Max` and `Min` with a constant.
    fn clip(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let (mut low, mut high) = (None, None);
        let mut x = None;
        if node.op_type == "Clip" {
            x = Some(self.flow(node, 0)?);
            let attribute =
                |name: &str| attribute(node, name).and_then(|attribute| attribute.f).map(f64::from);
            low = self.bound(node, 1)?.or(attribute("min"));
            high = self.bound(node, 2)?.or(attribute("max"));
        } else {
            for index in 0..node.input.len() {
                match self.required(node, index)? {
                    Value::Flow(flow) if x.is_none() => x = Some(flow.clone()),
                    Value::Constant(_) => {
                        let bound = self.bound(node, index)?;
                        let (known, stricter): (_, fn(f64, f64) -> f64) = match node.op_type.as_str() {
                            "Max" => (&mut low, f64::max),
                            _ => (&mut high, f64::min),
                        };
                        *known = known.iter().copied().chain(bound).reduce(stricter);
                    }
                    _ => return Err(Refusal::new(place_of(node), "one input that is no constant", "others")),
                }
            }
        }
        let mut x = x.ok_or_else(|| Refusal::new(place_of(node), "an input that is no constant", "none"))?;
        let low = low.filter(|&low| low > -NO_BOUND);
        let high = high.filter(|&high| high < NO_BOUND);
        // A rectifier that is cut off above is one activation.
        let (low, rectified) = match (low, high, &self.steps[x.step].step) {
            (None | Some(..=0.0), Some(0.0..), Step::Activate(Activation::Rectifier)) => (Some(0.0), true),
            (low, _, _) => (low, false),
        };
        if rectified {
            x.step = self.steps[x.step].below;
        }
        let steps = match (low, high) {
            (None, None) => Vec::new(),
            (Some(0.0), None) if self.never_negative(&x) => Vec::new(),
            (Some(low), None) => around(Activation::Rectifier, -low, 1.0, low),
            // high − max(0, high − x)
            (None, Some(high)) => {
                std::iter::once(Step::Negate).chain(around(Activation::Rectifier, high, -1.0, high)).collect()
            }
            (Some(low), Some(high)) if low < high && self.is_input(&x) => within(low, high),
            (Some(low), Some(high)) if low < high => between(low, high),
            _ => return Err(Refusal::new(place_of(node), "a lower bound below the upper one", "others")),
        };
        Ok(Value::Flow(self.chain(node, &x, steps)))
    }

    /// Whether what there is was only scaled so far.
    fn is_input(&self, x: &Flow) -> bool {
        let mut at = x.step;
        for _ in 0..MAX_SCALING {
            let placed = &self.steps[at];
            match placed.step {
                Step::Input => return true,
                Step::Add { .. }
                | Step::Multiply(_)
                | Step::Divide(_)
                | Step::Negate
                | Step::Normalise { .. }
                | Step::Select { .. }
                | Step::Limit(_)
                | Step::LeftOut(_) => at = placed.below,
                Step::Linear { .. }
                | Step::Activate(_)
                | Step::Softmax
                | Step::Exp
                | Step::Log
                | Step::BothClasses => return false,
            }
        }
        false
    }

    fn bound(&self, node: &NodeProto, index: usize) -> Result<Option<f64>, Refusal> {
        if self.optional(node, index)?.is_none() {
            return Ok(None);
        }
        let tensor = self.constant(node, index)?.tensor(self.data)?;
        match tensor.values.numbers().as_deref() {
            Some([bound]) if !bound.is_nan() => Ok(Some(*bound)),
            _ => Err(Refusal::new(place_of(node), "one number as bound", "others")),
        }
    }

    /// `PRelu`, where all slopes are one.
    fn slope(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let slopes = self.constant(node, 1)?.floats(self.data)?;
        match slopes.first() {
            Some(&slope) if slopes.iter().all(|&other| other == slope) => {
                Ok(Value::Flow(self.chain(node, &x, leaky(slope))))
            }
            _ => Err(Refusal::new(place_of(node), "the same slope for all units", "several")),
        }
    }

    /// Adds steps, one upon the other.
    pub(super) fn chain(&mut self, node: &NodeProto, x: &Flow, steps: Vec<Step<'a>>) -> Flow {
        let mut x = x.clone();
        for step in steps {
            let dims = x.dims.clone();
            x = self.push(node, &x, step, dims);
        }
        x
    }
}

fn leaky<'a>(slope: f32) -> Vec<Step<'a>> {
    match slope {
        0.0 => vec![Step::Activate(Activation::Rectifier)],
        1.0 => Vec::new(),
        alpha => vec![Step::Activate(Activation::LeakyRectifier { alpha })],
    }
}

/// f(before · x) · after
pub(super) fn scaled<'a>(activation: Activation, before: f64, after: f64) -> Vec<Step<'a>> {
    let factor = |factor: f64| (factor != 1.0).then(|| Step::scale(factor));
    let steps = [factor(before), Some(Step::Activate(activation)), factor(after)];
    steps.into_iter().flatten().collect()
}

/// f(x + before) · factor + after
fn around<'a>(activation: Activation, before: f64, factor: f64, after: f64) -> Vec<Step<'a>> {
    let shift = |shift: f64| (shift != 0.0).then(|| Step::shift(shift));
    let factor = (factor != 1.0).then(|| Step::scale(factor));
    let steps = [shift(before), Some(Step::Activate(activation)), factor, shift(after)];
    steps.into_iter().flatten().collect()
}

/// x, but neither below `low` nor above `high`.
fn between<'a>(low: f64, high: f64) -> Vec<Step<'a>> {
    let stretch = SIX / (high - low);
    let shift = |shift: f64| (shift != 0.0).then(|| Step::shift(shift));
    let inner = scaled(Activation::Relu6, stretch, stretch.recip());
    shift(-low).into_iter().chain(inner).chain(shift(low)).collect()
}

/// As [`between`], of inputs.
fn within<'a>(low: f64, high: f64) -> Vec<Step<'a>> {
    let middle = f64::midpoint(low, high);
    let shift = |shift: f64| (shift != 0.0).then(|| Step::shift(shift));
    let steps = [shift(-middle), Some(Step::Limit(high - middle)), shift(middle)];
    steps.into_iter().flatten().collect()
}

/// α x + β, but neither below 0 nor above 1.
fn hard_sigmoid<'a>(alpha: f64, beta: f64) -> Vec<Step<'a>> {
    let before = [Step::scale(alpha), Step::shift(beta)];
    before.into_iter().chain(between(0.0, 1.0)).collect()
}
