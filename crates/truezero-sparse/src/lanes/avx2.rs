//! Lanes in two 256-bit registers.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_NEQ_UQ, _CMP_NLE_UQ, _MM_HINT_T0, _MM_HINT_T1, _mm_add_ps, _mm_add_ss,
    _mm_cvtsi64_si128, _mm_cvtss_f32, _mm_movehl_ps, _mm_prefetch, _mm_shuffle_ps, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_ps, _mm256_castps256_ps128, _mm256_cmp_ps, _mm256_cvtepu8_epi32,
    _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_movemask_ps, _mm256_mul_ps,
    _mm256_permutevar8x32_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    _mm256_storeu_si256,
};

use super::{Kernel, Lanes, Line};
use crate::LANES;

/// Lanes of one register.
const HALF: usize = LANES / 2;

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, if it can be given.
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

#[target_feature(enable = "avx2,fma")]
fn enter<K: Kernel>(lanes: Avx2, kernel: K) -> K::Output {
    kernel.run(lanes)
}

/// For each set of active lanes (a bit for each of 8), their numbers, a byte each, lowest first.
static ACTIVE_LANES: [u64; 1 << HALF] = {
    let mut table = [0; 1 << HALF];
    let mut mask = 0;
    while mask < table.len() {
        let (mut lane, mut count) = (0, 0);
        while lane < HALF as u64 {
            if mask >> lane & 1 == 1 {
                table[mask] |= lane << (8 * count);
                count += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};

impl Lanes for Avx2 {
    type V = [__m256; 2];

    // 8 of 16 registers.
    const ACCUMULATORS: usize = 4;
    const TILE: usize = 6;
    const TILE_EXAMPLES: usize = 6;
    const TILE_INPUTS: usize = 2;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX2 and FMA.
        unsafe { enter(self, kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        // SAFETY: the token proves AVX2.
        unsafe { [_mm256_set1_ps(value); 2] }
    }

    #[inline(always)]
    fn load(self, line: &Line) -> Self::V {
        // SAFETY: the token proves AVX2; a line is 2 × 8 f32, and no alignment is asked for.
        unsafe { [_mm256_loadu_ps(line.as_ptr()), _mm256_loadu_ps(line.as_ptr().add(HALF))] }
    }

    #[inline(always)]
    fn store(self, v: Self::V, line: &mut Line) {
        // SAFETY: as in `load`.
        unsafe {
            _mm256_storeu_ps(line.as_mut_ptr(), v[0]);
            _mm256_storeu_ps(line.as_mut_ptr().add(HALF), v[1]);
        }
    }

    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: the token proves FMA.
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        // SAFETY: the token proves AVX2, and with it AVX.
        unsafe {
            let eight = _mm256_add_ps(v[0], v[1]);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    fn rectify(self, mut v: Self::V, sign: Self::V) -> Self::V {
        for half in 0..2 {
            // SAFETY: the token proves AVX2.
            unsafe {
                let keep = _mm256_cmp_ps::<_CMP_NLE_UQ>(v[half], _mm256_setzero_ps());
                v[half] = _mm256_and_ps(keep, _mm256_mul_ps(v[half], sign[half]));
            }
        }
        v
    }

    #[inline(always)]
    fn compress(self, v: Self::V, first: u32, indices: &mut [u32; LANES], values: &mut Line) -> usize {
        let mut count = 0;
        for half in 0..2 {
            // SAFETY: the token proves AVX2. A half adds at most 8 to the count, so that the second
            // starts at 8 at most and its 8 values end within the 16 of each target.
            unsafe {
                let active = _mm256_cmp_ps::<_CMP_NEQ_UQ>(v[half], _mm256_setzero_ps());
                let mask = _mm256_movemask_ps(active) as usize;
                let lanes: __m256i =
                    _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(ACTIVE_LANES[mask].cast_signed()));
                let start = _mm256_set1_epi32((first + (half * HALF) as u32).cast_signed());
                _mm256_storeu_ps(values.as_mut_ptr().add(count), _mm256_permutevar8x32_ps(v[half], lanes));
                _mm256_storeu_si256(indices.as_mut_ptr().add(count).cast(), _mm256_add_epi32(start, lanes));
                count += mask.count_ones() as usize;
            }
        }
        count
    }

    #[inline(always)]
    fn prefetch(self, line: *const Line) {
        // SAFETY: every x86-64 processor has the instruction, and no address makes it fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
    }

    #[inline(always)]
    fn prefetch_far(self, line: *const Line) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) }
    }
}
