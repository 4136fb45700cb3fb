//! Lanes in four 128-bit registers, as every 64-bit Arm processor has.

use std::arch::aarch64::{
    float32x4_t, vadd_f32, vaddq_f32, vandq_u32, vcleq_f32, vdupq_n_f32, vfmaq_f32, vget_high_f32,
    vget_lane_f32, vget_low_f32, vld1q_f32, vmulq_f32, vmvnq_u32, vreinterpretq_f32_u32,
    vreinterpretq_u32_f32, vst1q_f32,
};
use std::arch::asm;

use super::{Kernel, Lanes, Line};
use crate::LANES;

/// Lanes of one register.
const QUARTER: usize = LANES / 4;

/// Proof that the processor has NEON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon(());

impl Neon {
    /// The proof, if it can be given.
    pub(crate) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

#[target_feature(enable = "neon")]
fn enter<K: Kernel>(lanes: Neon, kernel: K) -> K::Output {
    kernel.run(lanes)
}

impl Lanes for Neon {
    type V = [float32x4_t; 4];

    // 16 of 32 registers.
    const ACCUMULATORS: usize = 4;
    const TILE: usize = 6;
    const TILE_EXAMPLES: usize = 6;
    const TILE_INPUTS: usize = 2;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves NEON.
        unsafe { enter(self, kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        // SAFETY: the token proves NEON.
        unsafe { [vdupq_n_f32(value); 4] }
    }

    #[inline(always)]
    fn load(self, line: &Line) -> Self::V {
        let p = line.as_ptr();
        // SAFETY: the token proves NEON; a line is 4 × 4 f32.
        unsafe {
            [
                vld1q_f32(p),
                vld1q_f32(p.add(QUARTER)),
                vld1q_f32(p.add(2 * QUARTER)),
                vld1q_f32(p.add(3 * QUARTER)),
            ]
        }
    }

    #[inline(always)]
    fn store(self, v: Self::V, line: &mut Line) {
        let p = line.as_mut_ptr();
        // SAFETY: as in `load`.
        unsafe {
            vst1q_f32(p, v[0]);
            vst1q_f32(p.add(QUARTER), v[1]);
            vst1q_f32(p.add(2 * QUARTER), v[2]);
            vst1q_f32(p.add(3 * QUARTER), v[3]);
        }
    }

    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: the token proves NEON.
        unsafe {
            [
                vfmaq_f32(c[0], a[0], b[0]),
                vfmaq_f32(c[1], a[1], b[1]),
                vfmaq_f32(c[2], a[2], b[2]),
                vfmaq_f32(c[3], a[3], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        // SAFETY: the token proves NEON.
        unsafe {
            let four = vaddq_f32(vaddq_f32(v[0], v[2]), vaddq_f32(v[1], v[3]));
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
        }
    }

    #[inline(always)]
    fn rectify(self, mut v: Self::V, sign: Self::V) -> Self::V {
        for quarter in 0..4 {
            // SAFETY: the token proves NEON.
            unsafe {
                let keep = vmvnq_u32(vcleq_f32(v[quarter], vdupq_n_f32(0.0)));
                let product = vreinterpretq_u32_f32(vmulq_f32(v[quarter], sign[quarter]));
                v[quarter] = vreinterpretq_f32_u32(vandq_u32(keep, product));
            }
        }
        v
    }

    #[inline(always)]
    fn compress(self, v: Self::V, first: u32, indices: &mut [u32; LANES], values: &mut Line) -> usize {
        let mut line = [0.0; LANES];
        self.store(v, &mut line);
        super::scalar::Scalar.compress(line, first, indices, values)
    }

    #[inline(always)]
    fn prefetch(self, line: *const Line) {
        // SAFETY: a hint, which no address makes fault, and which changes nothing.
        unsafe {
            asm!("prfm pldl1keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
        }
    }

    #[inline(always)]
    fn prefetch_far(self, line: *const Line) {
        // SAFETY: as above.
        unsafe {
            asm!("prfm pldl2keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
        }
    }
}
