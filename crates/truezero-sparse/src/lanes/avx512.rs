//! Lanes in one 512-bit register.

use std::arch::x86_64::{
    __m512, _CMP_NEQ_UQ, _CMP_NLE_UQ, _MM_HINT_T0, _MM_HINT_T1, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32,
    _mm_movehl_ps, _mm_prefetch, _mm_shuffle_ps, _mm256_add_ps, _mm256_castpd_ps, _mm256_castps256_ps128,
    _mm256_extractf128_ps, _mm512_add_epi32, _mm512_castps_pd, _mm512_castps512_ps256, _mm512_cmp_ps_mask,
    _mm512_extractf64x4_pd, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_maskz_compress_epi32,
    _mm512_maskz_compress_ps, _mm512_maskz_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setr_epi32,
    _mm512_setzero_ps, _mm512_storeu_ps, _mm512_storeu_si512,
};

use super::{Kernel, Lanes, Line};
use crate::LANES;

/// Proof that the processor has AVX-512 F.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The proof, if it can be given.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn enter<K: Kernel>(lanes: Avx512, kernel: K) -> K::Output {
    kernel.run(lanes)
}

impl Lanes for Avx512 {
    type V = __m512;

    // Of 32 registers; a panel is no wider.
    const ACCUMULATORS: usize = 8;
    const TILE: usize = 24;
    const TILE_EXAMPLES: usize = 12;
    const TILE_INPUTS: usize = 4;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX-512 F, which implies AVX2 and FMA.
        unsafe { enter(self, kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, line: &Line) -> __m512 {
        // SAFETY: the token proves AVX-512 F; a line is 16 f32, and no alignment is asked for.
        unsafe { _mm512_loadu_ps(line.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: __m512, line: &mut Line) {
        // SAFETY: as in `load`.
        unsafe { _mm512_storeu_ps(line.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn sum(self, v: __m512) -> f32 {
        // SAFETY: the token proves AVX-512 F, and with it AVX.
        unsafe {
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(v)));
            let eight = _mm256_add_ps(_mm512_castps512_ps256(v), high);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    fn rectify(self, v: __m512, sign: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe {
            let keep = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(v, _mm512_setzero_ps());
            _mm512_maskz_mul_ps(keep, v, sign)
        }
    }

    #[inline(always)]
    fn compress(self, v: __m512, first: u32, indices: &mut [u32; LANES], values: &mut Line) -> usize {
        // SAFETY: the token proves AVX-512 F; both targets are 64 bytes, and no alignment is asked for.
        // (Compressing in registers and storing all 64 bytes: compressing into memory is slow on AMD.)
        unsafe {
            let lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let index = _mm512_add_epi32(_mm512_set1_epi32(first.cast_signed()), lane);
            let active = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(v, _mm512_setzero_ps());
            _mm512_storeu_ps(values.as_mut_ptr(), _mm512_maskz_compress_ps(active, v));
            _mm512_storeu_si512(indices.as_mut_ptr().cast(), _mm512_maskz_compress_epi32(active, index));
            active.count_ones() as usize
        }
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
