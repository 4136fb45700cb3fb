//! Smooth activation functions and their derivatives, value by value.
//!
//! | function | f(x) | computed as |
//! |---|---|---|
//! | tanh | tanh x | e / (e + 2) with e = e^(2\|x\|) − 1, and the sign of x |
//! | logistic | 1 / (1 + e^(−x)) | 1 / (1 + u) or u / (1 + u) with u = e^(−\|x\|) |
//! | softplus | (1/α) ln(1 + e^(αx)) | (max(0, z) + ln(1 + u)) / α with z = αx, u = e^(−\|z\|) |
//!
//! Written without branches and with fused multiply-add throughout, so that a compiler turns a loop over
//! them into vector code, and so that the bits are the same on every processor, whose mathematical
//! libraries differ. Within 4 units in the last place of the true value. NaN gives NaN.

/// A function of the table above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointwise {
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e^(−x)).
    Logistic,
    /// (1/α) ln(1 + e^(αx)).
    Softplus {
        /// α > 0.
        alpha: f32,
    },
}

impl Pointwise {
    /// f(x) and f'(x).
    #[inline(always)]
    pub fn value_and_slope(self, x: f32) -> (f32, f32) {
        match self {
            Self::Tanh => tanh(x),
            Self::Logistic => logistic(x),
            Self::Softplus { alpha } => softplus(x, alpha),
        }
    }
}

/// Beyond this tanh is 1 to the last bit.
const TANH_END: f32 = 10.0;

/// Below this e^x is no normal number any more, and taken to be zero.
const EXP_END: f32 = -87.0;

/// 1.5 · 2²³: added to a number of moderate size, it leaves the number rounded to an integer in its last
/// bits.
const ROUNDER: f32 = 12_582_912.0;

/// tanh x and its derivative 1 − tanh² x.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> (f32, f32) {
    let size = x.abs();
    // Comparisons with NaN are false, so it passes.
    let size = if size > TANH_END { TANH_END } else { size };
    let (power, rest) = exp_parts(2.0 * size);
    let e = power.mul_add(rest, power - 1.0);
    let f = (e / (e + 2.0)).copysign(x);
    (f, 1.0 - f * f)
}

/// 1 / (1 + e^(−x)) and its derivative f (1 − f).
#[inline(always)]
pub(crate) fn logistic(x: f32) -> (f32, f32) {
    let u = exp_of_negative(-x.abs());
    let f = (if x >= 0.0 { 1.0 } else { u }) / (1.0 + u);
    (f, f * (1.0 - f))
}

/// (1/α) ln(1 + e^(αx)) and its derivative, the logistic of αx.
#[inline(always)]
pub(crate) fn softplus(x: f32, alpha: f32) -> (f32, f32) {
    let z = alpha * x;
    let u = exp_of_negative(-z.abs());
    let positive = if z > 0.0 { z } else { 0.0 };
    let slope = (if z >= 0.0 { 1.0 } else { u }) / (1.0 + u);
    ((positive + ln_1p(u)) / alpha, slope)
}

/// e^y for y <= 0.
#[inline(always)]
fn exp_of_negative(y: f32) -> f32 {
    let (power, rest) = exp_parts(if y < EXP_END { EXP_END } else { y });
    let e = power.mul_add(rest, power);
    if y < EXP_END { 0.0 } else { e }
}

/// 2ⁿ and e^r − 1 with y = n ln 2 + r, |r| <= ½ ln 2, so that e^y = 2ⁿ (1 + (e^r − 1)); for |y| < 88.
#[inline(always)]
fn exp_parts(y: f32) -> (f32, f32) {
    // ln 2 in two parts, the first short enough for its products with n to be exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let shifted = y.mul_add(std::f32::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, y));
    // Taylor's series: the first term left out is r⁸/8! < 6e-9.
    let series = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    (power, r * horner(1.0 / 5040.0, series, r))
}

/// ln(1 + u) for 0 <= u <= 1: 2 artanh(s) with s = u / (u + 2) <= 1/3.
#[inline(always)]
fn ln_1p(u: f32) -> f32 {
    let s = u / (u + 2.0);
    // The first term left out is s¹⁶/17 < 2e-9.
    let series = [1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0];
    2.0 * s * horner(1.0 / 15.0, series, s * s)
}

/// The polynomial with these coefficients, highest first.
#[inline(always)]
fn horner<const N: usize>(highest: f32, others: [f32; N], x: f32) -> f32 {
    let mut sum = highest;
    for coefficient in others {
        sum = sum.mul_add(x, coefficient);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> impl Iterator<Item = f32> {
        (-40_000..40_000).map(|k| k as f32 * 2.5e-3).chain((1..140).map(|k| 2.0_f32.powi(-k)))
    }

    fn assert_close(what: &str, x: f32, found: f32, expected: f64) {
        let unit = (expected.abs() * f64::from(f32::EPSILON)).max(f64::from(f32::MIN_POSITIVE));
        let wrong = (f64::from(found) - expected).abs() / unit;
        assert!(wrong <= 4.0, "{what}({x}): expected {expected}, found {found}, {wrong} units off");
    }

    #[test]
    fn values_are_true_to_the_last_places() {
        for x in inputs().flat_map(|x| [x, -x]) {
            let wide = f64::from(x);
            assert_close("tanh", x, tanh(x).0, wide.tanh());
            if x > EXP_END {
                assert_close("logistic", x, logistic(x).0, 1.0 / (1.0 + (-wide).exp()));
                assert_close("softplus", x, softplus(x, 1.0).0, wide.max(0.0) + (-wide.abs()).exp().ln_1p());
            }
        }
    }

    #[test]
    fn slopes_are_the_derivatives() {
        for x in [-9.0_f32, -2.0, -0.3, 0.0, 1e-3, 0.7, 3.0, 8.0] {
            for function in [Pointwise::Tanh, Pointwise::Logistic, Pointwise::Softplus { alpha: 3.0 }] {
                let value = |x| f64::from(function.value_and_slope(x).0);
                let difference = (value(x + 1e-2) - value(x - 1e-2)) / 2e-2;
                let slope = f64::from(function.value_and_slope(x).1);
                assert!((difference - slope).abs() < 2e-4, "{function:?}({x}): {difference} against {slope}");
            }
        }
    }

    #[test]
    fn extremes_stay_in_range_and_nan_passes() {
        for function in [Pointwise::Tanh, Pointwise::Logistic, Pointwise::Softplus { alpha: 1.0 }] {
            for x in [-1e30, -200.0, 200.0, f32::NEG_INFINITY] {
                let (value, slope) = function.value_and_slope(x);
                assert!(value.is_finite() && (0.0..=1.0).contains(&slope), "{function:?}({x})");
            }
            let (value, slope) = function.value_and_slope(f32::NAN);
            assert!(value.is_nan() && slope.is_nan(), "{function:?}");
        }
        assert_eq!(tanh(f32::INFINITY).0, 1.0);
        assert_eq!(tanh(-0.0).0.to_bits(), (-0.0_f32).to_bits());
    }
}
