//! A growable array of `f32` whose first element sits on a cache line.
//!
//! Rows padded to a multiple of [`LANES`] then start on a cache line too, and the kernels need no
//! loop for the remainder.

use std::ops::{Deref, DerefMut};

/// Virtual lanes of every kernel: 16 `f32`, one cache line, one AVX-512 register.
pub const LANES: usize = 16;

/// `n` rounded up to a multiple of [`LANES`].
pub const fn padded(n: usize) -> usize {
    n.div_ceil(LANES) * LANES
}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

const ZERO: Line = Line([0.0; LANES]);

/// An array of `f32` aligned to 64 bytes, its length a multiple of [`LANES`].
#[derive(Clone, Debug, Default)]
pub struct AlignedVec {
    lines: Vec<Line>,
}

impl AlignedVec {
    /// `len` zeros; `len` is rounded up to a multiple of [`LANES`].
    pub fn zeros(len: usize) -> Self {
        Self { lines: vec![ZERO; len.div_ceil(LANES)] }
    }

    /// Makes the array `len` long (rounded up); elements that come into being are zero.
    pub fn resize(&mut self, len: usize) {
        self.lines.resize(len.div_ceil(LANES), ZERO);
    }
}

impl PartialEq for AlignedVec {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Deref for AlignedVec {
    type Target = [f32];

    #[allow(unsafe_code)]
    fn deref(&self) -> &[f32] {
        // SAFETY: a Line is exactly LANES f32 without padding (repr(C), size 64 = align 64), so the
        // vector's initialised memory is lines.len() * LANES consecutive f32.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * LANES) }
    }
}

impl DerefMut for AlignedVec {
    #[allow(unsafe_code)]
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the exclusive borrow of self makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.lines.len() * LANES) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_rounded_up_and_memory_is_aligned() {
        let mut array = AlignedVec::zeros(17);
        assert_eq!(array.len(), 32);
        assert_eq!(array.as_ptr() as usize % 64, 0);
        array[31] = 1.0;
        array.resize(40);
        assert_eq!((array[31], array[47]), (1.0, 0.0));
    }
}
