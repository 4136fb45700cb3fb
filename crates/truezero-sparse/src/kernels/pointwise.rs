//! What is done value by value between two products: smooth activations going forward, slopes and the L1
//! penalty going backward.
//!
//! Loops over arrays of 16 values without branches, which the compiler turns into vector code of the
//! instruction set that they are compiled for.

use crate::LANES;
use crate::lanes::{Kernel, Lanes, Line};
use crate::pointwise::{
    Pointwise, elu, gelu, gelu_tanh, hard_swish, leaky, logistic, logistic_cost, mish, relu6, silu, softplus,
    softsign, tanh,
};

/// `h = sign · f(x)` in place, and with slopes `∂h/∂x = sign · f'(x)`.
pub(crate) struct Activate<'a> {
    pub(crate) function: Pointwise,
    pub(crate) values: &'a mut [Line],
    pub(crate) slopes: Option<&'a mut [Line]>,
    pub(crate) signs: Option<&'a [Line]>,
}

impl Activate<'_> {
    #[inline(always)]
    fn with(self, f: impl Fn(f32) -> (f32, f32)) {
        let Self { values, mut slopes, signs, .. } = self;
        let mut sign = [1.0; LANES];
        for (at, values) in values.iter_mut().enumerate() {
            if let Some(signs) = signs {
                sign = signs[at];
            }
            let mut slope = [0.0; LANES];
            for lane in 0..LANES {
                let (value, own) = f(values[lane]);
                values[lane] = sign[lane] * value;
                slope[lane] = sign[lane] * own;
            }
            if let Some(slopes) = &mut slopes {
                slopes[at] = slope;
            }
        }
    }
}

impl Kernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        match self.function {
            Pointwise::Tanh => self.with(tanh),
            Pointwise::Logistic => self.with(logistic),
            Pointwise::Softplus { alpha } => self.with(
                #[inline(always)]
                |x| softplus(x, alpha),
            ),
            Pointwise::Leaky { alpha } => self.with(
                #[inline(always)]
                |x| leaky(x, alpha),
            ),
            Pointwise::Elu { alpha } => self.with(
                #[inline(always)]
                |x| elu(x, alpha),
            ),
            Pointwise::Silu => self.with(silu),
            Pointwise::Gelu => self.with(gelu),
            Pointwise::GeluTanh => self.with(gelu_tanh),
            Pointwise::Mish => self.with(mish),
            Pointwise::HardSwish => self.with(hard_swish),
            Pointwise::Relu6 => self.with(relu6),
            Pointwise::Softsign => self.with(softsign),
        }
    }
}

/// `error = slope · (error + penalty · sgn h)` in place.
pub(crate) struct SlopeErrors<'a> {
    pub(crate) values: &'a [Line],
    pub(crate) slopes: &'a [Line],
    pub(crate) penalty: f32,
    pub(crate) errors: &'a mut [Line],
}

impl Kernel for SlopeErrors<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let [slopes, values] = [self.slopes, self.values].map(<[Line]>::as_flattened);
        for ((error, slope), value) in self.errors.as_flattened_mut().iter_mut().zip(slopes).zip(values) {
            let penalty = if *value == 0.0 { 0.0 } else { self.penalty.copysign(*value) };
            *error = slope * (*error + penalty);
        }
    }
}

/// The same for rectified units: the slope is `scale · sign` where h is not zero. Where it is, the error
/// is zero, whatever it was.
pub(crate) struct RectifiedErrors<'a> {
    pub(crate) values: &'a [Line],
    /// None for 1 everywhere.
    pub(crate) signs: Option<&'a [Line]>,
    pub(crate) scale: f32,
    pub(crate) penalty: f32,
    pub(crate) errors: &'a mut [Line],
}

impl Kernel for RectifiedErrors<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Self { scale, penalty, .. } = self;
        let error = |error: f32, slope: f32, value: f32| {
            let error = slope * (error + penalty.copysign(value));
            if value == 0.0 { 0.0 } else { error }
        };
        // One loop over plain arrays each: what is optional within a loop keeps the compiler from making
        // vector code of it.
        let pairs = self.errors.as_flattened_mut().iter_mut().zip(self.values.as_flattened());
        match self.signs {
            None => pairs.for_each(
                #[inline(always)]
                |(e, value)| *e = error(*e, scale, *value),
            ),
            Some(signs) => pairs.zip(signs.as_flattened()).for_each(
                #[inline(always)]
                |((e, value), sign)| *e = error(*e, scale * sign, *value),
            ),
        }
    }
}

/// Pre-activations of labels become `scale · (p − y)` in place; returns the summed logistic cost, in 16 sums (label mod 16)
/// that are added last. Padding stays as it is.
pub(crate) struct LogisticErrors<'a> {
    pub(crate) outputs: &'a mut [Line],
    pub(crate) targets: &'a [Line],
    /// Labels.
    pub(crate) width: usize,
    pub(crate) scale: f32,
}

impl Kernel for LogisticErrors<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> f64 {
        let Self { outputs, targets, width, scale } = self;
        let mut sums = [0.0_f64; LANES];
        let (lines, rest) = (width / LANES, width % LANES);
        for (outputs, targets) in outputs[..lines].iter_mut().zip(targets) {
            let mut costs = [0.0; LANES];
            for lane in 0..LANES {
                let (cost, error) = logistic_cost(outputs[lane], targets[lane]);
                costs[lane] = cost;
                outputs[lane] = scale * error;
            }
            for lane in 0..LANES {
                sums[lane] += f64::from(costs[lane]);
            }
        }
        for lane in 0..rest {
            let (cost, error) = logistic_cost(outputs[lines][lane], targets[lines][lane]);
            sums[lane] += f64::from(cost);
            outputs[lines][lane] = scale * error;
        }
        sums.iter().sum()
    }
}
