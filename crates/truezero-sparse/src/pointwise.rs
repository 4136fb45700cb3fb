//! Activation functions and their derivatives, value by value.
//!
//! | function | f(x) | computed as |
//! |---|---|---|
//! | tanh | tanh x | e / (e + 2) with e = e^(2\|x\|) − 1, and the sign of x |
//! | logistic | 1 / (1 + e^(−x)) | 1 / (1 + u) or u / (1 + u) with u = e^(−\|x\|) |
//! | softplus | (1/α) ln(1 + e^(αx)) | (max(0, z) + ln(1 + u)) / α with z = αx, u = e^(−\|z\|) |
//! | leaky rectifier | x if x > 0, else αx | |
//! | ELU | x if x > 0, else α (e^x − 1) | |
//! | SiLU | x / (1 + e^(−x)) | x times the logistic |
//! | GELU | x Φ(x), Φ the normal distribution function | Φ by Chebyshev's approximation of erfc |
//! | GELU by tanh | ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) | x times the logistic of twice that |
//! | Mish | x tanh(ln(1 + e^x)) | x n / (n + 2) with n = e^x (e^x + 2) |
//! | hard swish | x min(max(0, x + 3), 6) / 6 | |
//! | capped rectifier | min(max(0, x), 6) | |
//! | softsign | x / (1 + \|x\|) | |
//!
//! Written without branches and with fused multiply-add throughout, so that a compiler turns a loop over
//! them into vector code, and so that the bits are the same on every processor, whose mathematical
//! libraries differ. The first three are within 4 units in the last place of the true value, the others within
//! 3e-7 of it where it is at most 1, and within a part of 3e-7 above. NaN gives NaN.

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
    /// x if x > 0, else αx.
    Leaky {
        /// The slope below 0.
        alpha: f32,
    },
    /// x if x > 0, else α (e^x − 1).
    Elu {
        /// α > 0; −α is the limit below.
        alpha: f32,
    },
    /// x / (1 + e^(−x)).
    Silu,
    /// x Φ(x).
    Gelu,
    /// GELU by its approximation with tanh.
    GeluTanh,
    /// x tanh(ln(1 + e^x)).
    Mish,
    /// x min(max(0, x + 3), 6) / 6.
    HardSwish,
    /// min(max(0, x), 6).
    Relu6,
    /// x / (1 + |x|).
    Softsign,
}

impl Pointwise {
    /// f(x) and f'(x).
    #[inline(always)]
    pub fn value_and_slope(self, x: f32) -> (f32, f32) {
        match self {
            Self::Tanh => tanh(x),
            Self::Logistic => logistic(x),
            Self::Softplus { alpha } => softplus(x, alpha),
            Self::Leaky { alpha } => leaky(x, alpha),
            Self::Elu { alpha } => elu(x, alpha),
            Self::Silu => silu(x),
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_tanh(x),
            Self::Mish => mish(x),
            Self::HardSwish => hard_swish(x),
            Self::Relu6 => relu6(x),
            Self::Softsign => softsign(x),
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

/// −y ln p − (1 − y) ln(1 − p) = max(0, x) − x y + ln(1 + e^(−|x|)) with p = 1 / (1 + e^(−x)), and its derivative p − y.
#[inline(always)]
pub(crate) fn logistic_cost(x: f32, y: f32) -> (f32, f32) {
    let u = exp_of_negative(-x.abs());
    let positive = if x > 0.0 { x } else { 0.0 };
    let p = (if x >= 0.0 { 1.0 } else { u }) / (1.0 + u);
    // Where x is large and right the difference is 0, and what is left is small: so it is added last.
    ((positive - x * y) + ln_1p(u), p - y)
}

/// x if x > 0, else αx.
#[inline(always)]
pub(crate) fn leaky(x: f32, alpha: f32) -> (f32, f32) {
    if x > 0.0 { (x, 1.0) } else { (alpha * x, alpha) }
}

/// x if x > 0, else α (e^x − 1), and its derivative, 1 or α e^x.
#[inline(always)]
pub(crate) fn elu(x: f32, alpha: f32) -> (f32, f32) {
    let y = if x > 0.0 { 0.0 } else { x };
    let (power, rest) = exp_parts(if y < EXP_END { EXP_END } else { y });
    let below = alpha * power.mul_add(rest, power - 1.0);
    if x > 0.0 { (x, 1.0) } else { (below, below + alpha) }
}

/// x s and its derivative s + x s (1 − s), with s the logistic of x.
#[inline(always)]
pub(crate) fn silu(x: f32) -> (f32, f32) {
    let (s, _) = logistic(x);
    // Where s is 0, x may be infinite.
    let f = if s == 0.0 { 0.0 } else { x * s };
    (f, f.mul_add(if s == 1.0 { 0.0 } else { 1.0 - s }, s))
}

/// Below this GELU is 0, and above, x.
const GELU_END: f32 = 14.0;

/// x Φ(x) and its derivative Φ(x) + x φ(x).
#[inline(always)]
pub(crate) fn gelu(x: f32) -> (f32, f32) {
    let c = if x < -GELU_END { -GELU_END } else { x };
    let c = if c > GELU_END { GELU_END } else { c };
    let tail = 0.5 * erfc(c.abs() * std::f32::consts::FRAC_1_SQRT_2);
    let phi = if c >= 0.0 { 1.0 - tail } else { tail };
    let density = exp_of_negative(-0.5 * c * c) * 0.398_942_3;
    (if x > GELU_END { x } else { c * phi }, c.mul_add(density, phi))
}

/// ½ x (1 + tanh u) and its derivative, with u = √(2/π) (x + 0.044715 x³); ½ (1 + tanh u) is the logistic of 2u.
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32) -> (f32, f32) {
    const TWICE: f32 = 1.595_769; // 2 √(2/π)
    const CUBIC: f32 = 0.044_715;
    let c = if x < -GELU_END { -GELU_END } else { x };
    let c = if c > GELU_END { GELU_END } else { c };
    let square = CUBIC * c * c;
    let (s, slope) = logistic(TWICE * c * (1.0 + square));
    let inner = TWICE * (1.0 + 3.0 * square);
    (if x > GELU_END { x } else { c * s }, (c * slope).mul_add(inner, s))
}

/// x t and its derivative t + x (1 − t²) / (1 + e^(−x)), with t = tanh(ln(1 + e^x)) = n / (n + 2).
#[inline(always)]
pub(crate) fn mish(x: f32) -> (f32, f32) {
    // From here on t is 1 to the last bit.
    const END: f32 = 20.0;
    let c = if x > END { END } else { x };
    let c = if c < EXP_END { EXP_END } else { c };
    let (power, rest) = exp_parts(c);
    let e = power.mul_add(rest, power);
    let n = e * (e + 2.0);
    let t = n / (n + 2.0);
    let slope = 4.0 * c * (e / (n + 2.0)) * ((1.0 + e) / (n + 2.0)) + t;
    (if x > END { x } else { c * t }, slope)
}

/// x min(max(0, x + 3), 6) / 6 and its derivative.
#[inline(always)]
pub(crate) fn hard_swish(x: f32) -> (f32, f32) {
    let inner = (x * (x + 3.0) / 6.0, (2.0 * x + 3.0) / 6.0);
    let f = if x >= 3.0 { (x, 1.0) } else { inner };
    if x <= -3.0 { (0.0, 0.0) } else { f }
}

/// min(max(0, x), 6) and its derivative.
#[inline(always)]
pub(crate) fn relu6(x: f32) -> (f32, f32) {
    let f = if x >= 6.0 { (6.0, 0.0) } else { (x, 1.0) };
    if x <= 0.0 { (0.0, 0.0) } else { f }
}

/// x / (1 + |x|) and its derivative 1 / (1 + |x|)².
#[inline(always)]
pub(crate) fn softsign(x: f32) -> (f32, f32) {
    // From here on it is 1 to the last bit.
    const END: f32 = 1e9;
    let size = x.abs();
    let size = if size > END { END } else { size };
    let inverse = 1.0 / (1.0 + size);
    (size.copysign(x) * inverse, inverse * inverse)
}

/// 1 − erf z for z >= 0, to a part of 1.2e-7: a Chebyshev fit (Press et al., Numerical Recipes, section 6.2).
#[inline(always)]
fn erfc(z: f32) -> f32 {
    let t = 1.0 / 0.5_f32.mul_add(z, 1.0);
    let series = [
        -0.822_152_23,
        1.488_515_9,
        -1.135_204,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_7,
        -1.265_512_2,
    ];
    let exponent = (-z).mul_add(z, horner(0.170_872_77, series, t));
    t * exp_of_negative(if exponent > 0.0 { 0.0 } else { exponent })
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

    const ALL: [Pointwise; 12] = [
        Pointwise::Tanh,
        Pointwise::Logistic,
        Pointwise::Softplus { alpha: 3.0 },
        Pointwise::Leaky { alpha: 0.1 },
        Pointwise::Elu { alpha: 1.5 },
        Pointwise::Silu,
        Pointwise::Gelu,
        Pointwise::GeluTanh,
        Pointwise::Mish,
        Pointwise::HardSwish,
        Pointwise::Relu6,
        Pointwise::Softsign,
    ];

    /// The formula of the table in 64 bits; Φ by integration of the density.
    fn formula(function: Pointwise, x: f64) -> f64 {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        match function {
            Pointwise::Tanh => x.tanh(),
            Pointwise::Logistic => logistic(x),
            Pointwise::Softplus { alpha } => (f64::from(alpha) * x).exp().ln_1p() / f64::from(alpha),
            Pointwise::Leaky { alpha } => {
                if x > 0.0 {
                    x
                } else {
                    f64::from(alpha) * x
                }
            }
            Pointwise::Elu { alpha } => {
                if x > 0.0 {
                    x
                } else {
                    f64::from(alpha) * x.exp_m1()
                }
            }
            Pointwise::Silu => x * logistic(x),
            Pointwise::Gelu => {
                let density = |t: f64| (-0.5 * t * t).exp() / std::f64::consts::TAU.sqrt();
                let steps = 4000;
                let h = x / f64::from(steps);
                let middle = (0..steps).map(|k| density((f64::from(k) + 0.5) * h)).sum::<f64>();
                let ends = (0..=steps).map(|k| density(f64::from(k) * h)).sum::<f64>()
                    - 0.5 * (density(0.0) + density(x));
                x * (0.5 + h * (2.0 * middle + ends) / 3.0)
            }
            Pointwise::GeluTanh => {
                let u = std::f64::consts::FRAC_2_PI.sqrt() * (x + 0.044_715 * x.powi(3));
                0.5 * x * (1.0 + u.tanh())
            }
            Pointwise::Mish => x * x.exp().ln_1p().tanh(),
            Pointwise::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Pointwise::Relu6 => x.clamp(0.0, 6.0),
            Pointwise::Softsign => x / (1.0 + x.abs()),
        }
    }

    #[test]
    fn each_function_is_its_formula() {
        for function in ALL {
            for x in (-1500..1500).map(|k| k as f32 * 1e-2 + 1e-3) {
                let (found, expected) =
                    (f64::from(function.value_and_slope(x).0), formula(function, x.into()));
                let off = (found - expected).abs();
                assert!(
                    off <= 3e-7 * expected.abs().max(1.0),
                    "{function:?}({x}): {found} against {expected}"
                );
            }
        }
    }

    #[test]
    fn zeros_are_exact_where_a_function_is_flat_at_zero() {
        for x in [-1e30, -7.0, -3.0] {
            for function in [Pointwise::HardSwish, Pointwise::Relu6] {
                assert_eq!(function.value_and_slope(x), (0.0, 0.0), "{function:?}({x})");
            }
        }
        assert_eq!(Pointwise::Relu6.value_and_slope(7.0), (6.0, 0.0));
    }

    #[test]
    fn slopes_are_the_derivatives() {
        for x in [-9.0_f32, -2.0, -0.3, 0.1, 0.7, 2.0, 3.5, 8.0] {
            for function in ALL {
                let value = |x| f64::from(function.value_and_slope(x).0);
                let difference = (value(x + 1e-2) - value(x - 1e-2)) / 2e-2;
                let slope = f64::from(function.value_and_slope(x).1);
                assert!((difference - slope).abs() < 2e-4, "{function:?}({x}): {difference} against {slope}");
            }
        }
    }

    #[test]
    fn extremes_stay_in_range_and_nan_passes() {
        for function in ALL {
            for x in [-1e30, -200.0, 200.0, 1e30, f32::NEG_INFINITY] {
                let (value, slope) = function.value_and_slope(x);
                let unbounded = matches!(function, Pointwise::Leaky { .. }) && x == f32::NEG_INFINITY;
                assert!(value.is_finite() || unbounded, "{function:?}({x}) is {value}");
                // Mish falls towards its limit below, as slowly as numbers can tell.
                let least = if function == Pointwise::Mish { -1e-30 } else { 0.0 };
                assert!((least..=1.0).contains(&slope), "{function:?} at {x} has slope {slope}");
            }
            assert!(function.value_and_slope(f32::NAN).0.is_nan(), "{function:?}");
        }
        assert_eq!(tanh(f32::INFINITY).0, 1.0);
        assert_eq!(tanh(-0.0).0.to_bits(), (-0.0_f32).to_bits());
    }
}
