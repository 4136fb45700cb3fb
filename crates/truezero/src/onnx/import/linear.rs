//! Products with constant weights.

use super::super::proto::NodeProto;
use super::constant::Constant;
use super::flow::{Flow, Step, Value, elementwise};
use super::reader::{Reader, float, integer, place_of, text};
use super::refusal::Refusal;

impl<'a> Reader<'a> {
    pub(super) fn gemm(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let weights = self.turned(node, "transA", "transB")?;
        let bias = match self.optional(node, 2)? {
            None => None,
            Some(_) => Some((self.constant(node, 2)?, float(node, "beta", 1.0))),
        };
        self.linear(node, &x, weights, float(node, "alpha", 1.0), bias).map(Value::Flow)
    }

    /// ONNX Runtime's `Gemm` and activation in one.
    pub(super) fn fused_gemm(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let Value::Flow(sums) = self.gemm(node)? else { return Err(self.unknown(node)) };
        let activation = text(node, "activation", "");
        let alpha = float(node, "activation_alpha", 0.01);
        let steps = self.simple_activation(activation, &sums, alpha);
        let steps = steps
            .ok_or_else(|| Refusal::new(place_of(node), "a known activation", format!("{activation:?}")))?;
        Ok(Value::Flow(self.chain(node, &sums, steps)))
    }

    pub(super) fn mat_mul(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let weights = self.constant(node, 1)?;
        self.linear(node, &x, weights, 1.0, None).map(Value::Flow)
    }

    /// ONNX Runtime's `MatMul` with factors.
    pub(super) fn fused_mat_mul(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let x = self.flow(node, 0)?;
        let weights = self.turned(node, "transA", "transB")?;
        self.linear(node, &x, weights, float(node, "alpha", 1.0), None).map(Value::Flow)
    }

    /// The weights, turned over if the node says so.
    fn turned(&self, node: &NodeProto, of_inputs: &str, of_weights: &str) -> Result<Constant<'a>, Refusal> {
        if integer(node, of_inputs, 0) != 0 {
            return Err(Refusal::new(place_of(node), format!("{of_inputs} = 0"), "examples as columns"));
        }
        let weights = self.constant(node, 1)?;
        if integer(node, of_weights, 0) == 0 { Ok(weights) } else { weights.transpose() }
    }

    fn linear(
        &mut self,
        node: &'a NodeProto,
        x: &Flow,
        weights: Constant<'a>,
        alpha: f32,
        bias: Option<(Constant<'a>, f32)>,
    ) -> Result<Flow, Refusal> {
        let [inputs, units] = *weights.dims() else {
            let expected = "weights of inputs × units";
            return Err(Refusal::new(place_of(node), expected, format!("the shape {:?}", weights.dims())));
        };
        let mut after = vec![units];
        if let Some(dims) = &x.dims {
            // Of 1 × … × 1 × inputs, a product leaves 1 × … × 1 × units.
            let Some((&last, ones)) = dims.split_last().filter(|(_, ones)| ones.iter().all(|&dim| dim == 1))
            else {
                let expected = format!("batch × {inputs}, as the weights have rows");
                return Err(Refusal::new(place_of(node), expected, format!("batch × {dims:?}")));
            };
            if last != inputs {
                let expected = format!("batch × {inputs}, as the weights have rows");
                return Err(Refusal::new(place_of(node), expected, format!("batch × {dims:?}")));
            }
            after = [ones, &[units]].concat();
        }
        if let Some((bias, _)) = &bias
            && elementwise(Some(&[units]), bias.dims()).is_err()
        {
            let expected = format!("a bias for each of {units} units");
            return Err(Refusal::new(place_of(node), expected, format!("the shape {:?}", bias.dims())));
        }
        if alpha.is_finite() && bias.as_ref().is_none_or(|(_, beta)| beta.is_finite()) {
            let step = Step::Linear { weights, alpha, bias };
            return Ok(self.push(node, x, step, Some(after)));
        }
        Err(Refusal::new(place_of(node), "finite alpha and beta", "others"))
    }
}
