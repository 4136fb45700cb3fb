//! A growable array of `f32` whose first element sits on a cache line, and a large one's on a huge page.
//!
//! Rows padded to a multiple of [`LANES`] then start on a cache line too, and the kernels need no
//! loop for the remainder. The pieces of weights that a sparse product reads lie far apart: on pages of
//! 4 KB nearly each would miss the processor's table of pages.

use std::alloc::{Layout, alloc, dealloc};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::memory::{self, LARGE, OutOfMemory};

/// Virtual lanes of every kernel: 16 `f32`, one cache line, one AVX-512 register.
pub const LANES: usize = 16;

/// `n` rounded up to a multiple of [`LANES`].
pub const fn padded(n: usize) -> usize {
    n.div_ceil(LANES) * LANES
}

/// Bytes of a cache line.
const LINE: usize = LANES * size_of::<f32>();

/// Bytes of a huge page on x86-64, and on aarch64 with pages of 4 KB.
const HUGE_PAGE: usize = 2 << 20;

/// An array of `f32` aligned to 64 bytes, its length a multiple of [`LANES`].
pub struct AlignedVec {
    /// Dangling while `capacity` is 0.
    start: NonNull<f32>,
    len: usize,
    /// How many values there is memory for, all of them initialised.
    capacity: usize,
}

// SAFETY: an `AlignedVec` owns its memory, as a `Vec` does.
unsafe impl Send for AlignedVec {}
// SAFETY: as above; shared references only read.
unsafe impl Sync for AlignedVec {}

impl AlignedVec {
    /// `len` zeros; `len` is rounded up to a multiple of [`LANES`].
    ///
    /// If there is not enough memory, this unwinds as far as [`memory::catch`].
    pub fn zeros(len: usize) -> Self {
        Self::try_zeros(len).unwrap_or_else(|error| error.unwind())
    }

    /// As [`zeros`](Self::zeros).
    ///
    /// # Errors
    /// If there is not enough memory.
    #[allow(clippy::cast_ptr_alignment, reason = "the layout asks for more than an f32 needs")]
    pub fn try_zeros(len: usize) -> Result<Self, OutOfMemory> {
        if len == 0 {
            return Ok(Self { start: NonNull::dangling(), len, capacity: 0 });
        }
        let bytes = (len as u64).saturating_mul(size_of::<f32>() as u64);
        let error = OutOfMemory { bytes };
        let len = len.checked_next_multiple_of(LANES).ok_or(error)?;
        let layout = layout(len).ok_or(error)?;
        let large = bytes >= LARGE;
        let _alone = large.then(memory::one_at_a_time);
        if large {
            memory::check(bytes)?;
        }
        // SAFETY: the layout's size is not zero.
        let start = unsafe { alloc(layout) }.cast::<f32>();
        let start = NonNull::new(start).ok_or(error)?;
        // Asked before the first write, which is what makes the system choose pages.
        ask_for_huge_pages(start, layout);
        // SAFETY: the memory is at least `len` values long, and a value of all zero bits is 0.0.
        unsafe { start.write_bytes(0, len) };
        Ok(Self { start, len, capacity: len })
    }

    /// Makes the array `len` long (rounded up); elements that come into being are zero.
    ///
    /// If there is not enough memory, this unwinds as [`zeros`](Self::zeros) does, and the array is as it was.
    pub fn resize(&mut self, len: usize) {
        let len = len.checked_next_multiple_of(LANES).unwrap_or(usize::MAX);
        if len > self.capacity {
            // Twice as much, so that growing step by step is not copying at each; if there is memory for it.
            let roomy = Self::try_zeros(len.max(self.capacity.saturating_mul(2)));
            let mut larger = roomy.unwrap_or_else(|_| Self::zeros(len));
            larger[..self.len].copy_from_slice(self);
            *self = larger;
        }
        let old = std::mem::replace(&mut self.len, len);
        if len > old {
            self[old..].fill(0.0);
        }
    }
}

/// How memory for so many values is asked for; none if they are more than there are addresses for.
fn layout(values: usize) -> Option<Layout> {
    let bytes = values.checked_mul(size_of::<f32>())?;
    let align = if bytes >= HUGE_PAGE { HUGE_PAGE } else { LINE };
    Layout::from_size_align(bytes, align).ok()
}

/// Tells the system that memory had better lie on huge pages; without them it is slower, nothing else.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages(start: NonNull<f32>, layout: Layout) {
    if layout.align() == HUGE_PAGE {
        let whole = layout.size() / HUGE_PAGE * HUGE_PAGE;
        // SAFETY: the range lies within memory that was just allocated, and starts on a page. The advice
        // does not change what is in it.
        unsafe { libc::madvise(start.as_ptr().cast(), whole, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_: NonNull<f32>, _: Layout) {}

impl Drop for AlignedVec {
    fn drop(&mut self) {
        if self.capacity > 0
            && let Some(layout) = layout(self.capacity)
        {
            // SAFETY: allocated with this very layout, and not used any more.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

impl Default for AlignedVec {
    fn default() -> Self {
        Self::zeros(0)
    }
}

impl Clone for AlignedVec {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl fmt::Debug for AlignedVec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq for AlignedVec {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Deref for AlignedVec {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the first `len` <= `capacity` values are initialised, or there are none and the pointer is
        // aligned, as that of an empty slice must be.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for AlignedVec {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the exclusive borrow of self makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
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
        assert_eq!((array[31], array[47], array.len()), (1.0, 0.0, 48));
        array[47] = 2.0;
        array.resize(16);
        array.resize(48);
        assert_eq!((array[15], array[31], array[47]), (0.0, 0.0, 0.0), "what comes into being is zero");
    }

    #[test]
    fn large_arrays_start_on_a_huge_page_and_empty_ones_need_no_memory() {
        let large = AlignedVec::zeros(HUGE_PAGE);
        assert_eq!(large.as_ptr() as usize % HUGE_PAGE, 0);
        assert!(large.iter().all(|&value| value == 0.0));
        assert_eq!(large.clone(), large);
        let mut empty = AlignedVec::default();
        assert!(empty.is_empty() && empty.clone().is_empty());
        empty.resize(1);
        assert_eq!(*empty, [0.0; LANES]);
    }
}
