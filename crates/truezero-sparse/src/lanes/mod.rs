//! Sixteen virtual lanes: what every kernel is written in, once, for every instruction set.
//!
//! A value of a type that implements [`Lanes`] is a token: it exists only where the processor has the
//! instructions, so its methods are safe to call and the kernels need no `unsafe`. Methods are inlined
//! into the function [`Lanes::run`] enters, which alone is compiled for the instruction set.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod scalar;

use crate::LANES;

/// One cache line of values: what a vector is loaded from and stored to.
pub type Line = [f32; LANES];

/// Sixteen `f32` lanes of an instruction set.
///
/// All implementations give the same bits: products are fused into sums with one rounding, and lanes
/// are summed in one order.
pub(crate) trait Lanes: Copy {
    /// The sixteen lanes in registers.
    type V: Copy;

    /// How many vectors a kernel may keep as accumulators without running out of registers.
    const ACCUMULATORS: usize;

    /// How many accumulators a dense product keeps: a tile of examples or inputs times lines.
    const TILE: usize;

    /// Examples of a tile of a dense forward product, at most 12.
    const TILE_EXAMPLES: usize;

    /// Inputs of a tile of a dense backward product, at most 4.
    const TILE_INPUTS: usize;

    /// Runs a kernel in a function compiled for this instruction set.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;

    /// The same value in all lanes.
    fn splat(self, value: f32) -> Self::V;

    /// The values of a line.
    fn load(self, line: &Line) -> Self::V;

    /// Overwrites a line.
    fn store(self, v: Self::V, line: &mut Line);

    /// `a · b + c`, rounded once.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;

    /// The sum of the lanes, folded in halves as [`naive::sum_lanes`](crate::naive::sum_lanes) does.
    fn sum(self, v: Self::V) -> f32;

    /// `sign · v` where `v` is above zero or NaN, else zero.
    fn rectify(self, v: Self::V, sign: Self::V) -> Self::V;

    /// Moves the lanes that are not zero to the front of `values`, and their indices (`first` for
    /// lane 0, rising) to the front of `indices`; says how many they are. What lies behind them is
    /// undetermined.
    fn compress(self, v: Self::V, first: u32, indices: &mut [u32; LANES], values: &mut Line) -> usize;

    /// Starts to bring a line into the first-level cache; any address will do.
    fn prefetch(self, line: *const Line);

    /// Starts to bring a line into the second-level cache, where many more can be under way at a time; any
    /// address will do.
    fn prefetch_far(self, line: *const Line);
}

/// A computation written in terms of [`Lanes`].
pub(crate) trait Kernel {
    /// What it returns.
    type Output;

    /// The computation. Implementations are `#[inline(always)]`, and so is all they call, or else it
    /// would not be compiled for the instruction set.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// Evaluates an expression with the number `$n` as the constant `$N`, for each of the listed numbers.
macro_rules! with_constant {
    ($n:expr, $N:ident of $($value:literal)* => $body:expr) => {
        match $n {
            $($value => { const $N: usize = $value; $body })*
            other => unreachable!("no kernel for {other} at once"),
        }
    };
}
pub(crate) use with_constant;

/// Evaluates an expression with the number of lines `$n` of a piece, 1 to 8, as the constant `$N`.
macro_rules! with_lines {
    ($n:expr, $N:ident => $body:expr) => {
        $crate::lanes::with_constant!($n, $N of 1 2 3 4 5 6 7 8 => $body)
    };
}
pub(crate) use with_lines;

/// `N` lines of an array, from line `start`.
#[inline(always)]
pub(crate) fn lines_at<const N: usize>(lines: &[Line], start: usize) -> &[Line; N] {
    (&lines[start..start + N]).try_into().expect("N lines")
}

/// `N` lines of an array, from line `start`, to write.
#[inline(always)]
pub(crate) fn lines_at_mut<const N: usize>(lines: &mut [Line], start: usize) -> &mut [Line; N] {
    (&mut lines[start..start + N]).try_into().expect("N lines")
}

/// An array whose length is a multiple of 16, as lines.
pub(crate) fn as_lines(values: &[f32]) -> &[Line] {
    values.as_chunks().0
}

/// An array whose length is a multiple of 16, as lines to write.
pub(crate) fn as_lines_mut(values: &mut [f32]) -> &mut [Line] {
    values.as_chunks_mut().0
}
