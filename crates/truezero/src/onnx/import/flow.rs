//! What passes through a graph: steps, each upon the one below, from the input to the outputs.

use std::fmt;

use super::affine::Mismatch;
use super::constant::{Constant, Names};
use super::refusal::Refusal;
use crate::activation::Activation;

/// What a name in a graph stands for.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Constant(Constant<'a>),
    Flow(Flow),
    Label(Label),
    /// What a part of the graph makes that is outside.
    Outside(Refusal),
}

/// What a step makes of each example.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// The step.
    pub(super) step: usize,
    /// Shape for one example, if it is known.
    pub(super) dims: Option<Vec<usize>>,
}

impl Flow {
    /// The shape in words.
    pub(super) fn shape(&self) -> String {
        match &self.dims {
            Some(dims) => std::iter::once("batch".to_owned())
                .chain(dims.iter().map(ToString::to_string))
                .collect::<Vec<_>>()
                .join(" × "),
            None => "a shape that is not known".to_owned(),
        }
    }
}

/// A class told from what a step makes: nothing that a network computes.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// The step.
    pub(super) of: usize,
    pub(super) rule: Rule,
    /// Of the classes, in the order of the outputs.
    pub(super) names: Option<Names>,
}

/// How a class is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// The position of the greatest value.
    Greatest,
    /// The position of the least value.
    Least,
    /// Whether a value is above a threshold.
    Above(f64),
    /// Whether a value is below a threshold.
    Below(f64),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greatest => f.write_str("the position of the greatest value"),
            Self::Least => f.write_str("the position of the least value"),
            Self::Above(threshold) => write!(f, "whether a value is above {threshold}"),
            Self::Below(threshold) => write!(f, "whether a value is below {threshold}"),
        }
    }
}

/// A step and the one below it.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) step: Step<'a>,
    /// That of the input is itself.
    pub(super) below: usize,
    /// The node, for messages.
    pub(super) place: String,
}

/// What is done to x.
#[derive(Clone, Debug)]
pub(super) enum Step<'a> {
    Input,
    /// x + factor · by
    Add {
        by: Constant<'a>,
        factor: f64,
    },
    /// x · by
    Multiply(Constant<'a>),
    /// x / by
    Divide(Constant<'a>),
    /// −x
    Negate,
    /// (x − mean) / √(variance + ε) · scale + bias
    Normalise {
        scale: Constant<'a>,
        bias: Constant<'a>,
        mean: Constant<'a>,
        variance: Constant<'a>,
        epsilon: f64,
    },
    /// α x W + β b
    Linear {
        weights: Constant<'a>,
        alpha: f32,
        bias: Option<(Constant<'a>, f32)>,
    },
    /// The values at these places, of so many.
    Select {
        places: Vec<usize>,
        width: usize,
    },
    Activate(Activation),
    /// x, but neither above this nor below its negative, before any product
    Limit(f64),
    Softmax,
    /// ln x
    Log,
    Exp,
    /// 1 − x and x, side by side
    BothClasses,
    /// x itself, though the graph does something that a model cannot
    LeftOut(&'static str),
}

impl Step<'_> {
    /// x · factor
    pub(super) fn scale(factor: f64) -> Self {
        Self::Multiply(Constant::number(factor))
    }

    /// x + number
    pub(super) fn shift(number: f64) -> Self {
        Self::Add { by: Constant::number(number), factor: 1.0 }
    }
}

/// The shape of an example after a constant of the shape `constant` acted on each value of it by itself, or
/// on all alike.
pub(super) fn elementwise(
    flow: Option<&[usize]>,
    constant: &[usize],
) -> Result<Option<Vec<usize>>, Mismatch> {
    let core = |dims: &[usize]| -> Vec<usize> { dims.iter().copied().skip_while(|&dim| dim == 1).collect() };
    let own = core(constant);
    match flow {
        // More dimensions than there are would be added to the examples'.
        Some(flow) if constant.len() > flow.len() + 1 => Err(Mismatch),
        Some(flow) if own.is_empty() || own == core(flow) => Ok(Some(flow.to_vec())),
        Some(_) => Err(Mismatch),
        None if constant.len() > 2 || own.len() > 1 => Err(Mismatch),
        None => Ok((!own.is_empty()).then_some(own)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_constants_of_the_shape_of_an_example_act_on_its_values() {
        assert_eq!(elementwise(Some(&[3]), &[3]), Ok(Some(vec![3])));
        assert_eq!(elementwise(Some(&[3]), &[1, 3]), Ok(Some(vec![3])));
        assert_eq!(elementwise(Some(&[1, 2, 3]), &[2, 3]), Ok(Some(vec![1, 2, 3])));
        assert_eq!(elementwise(Some(&[2, 3]), &[]), Ok(Some(vec![2, 3])));
        assert_eq!(elementwise(None, &[1, 3]), Ok(Some(vec![3])));
        assert_eq!(elementwise(None, &[1]), Ok(None));
        for wrong in [&[2][..], &[3, 1], &[2, 3], &[1, 1, 3]] {
            assert_eq!(elementwise(Some(&[3]), wrong), Err(Mismatch), "{wrong:?}");
        }
        assert_eq!(elementwise(Some(&[1]), &[3]), Err(Mismatch));
        assert_eq!(elementwise(Some(&[2, 3]), &[3]), Err(Mismatch), "would be repeated");
    }
}
