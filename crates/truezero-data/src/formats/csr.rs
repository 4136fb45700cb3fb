//! Sparse matrices as scipy stores them, to rows of active values.

use std::ops::AddAssign;

use truezero_sparse::memory;

/// Rows whose indices may stand in any order and repeatedly; repeated ones are added, as scipy means
/// them. Everything else is checked when the batch is made.
pub(crate) fn tidy<T: Copy + AddAssign>(offsets: &mut [usize], indices: &mut Vec<u32>, values: &mut Vec<T>) {
    let (mut kept, mut start) = (0, 0);
    let mut row: Vec<(u32, T)> = Vec::new();
    for at in 1..offsets.len() {
        let end = offsets[at];
        row.clear();
        row.extend(indices[start..end].iter().copied().zip(values[start..end].iter().copied()));
        if !row.is_sorted_by(|a, b| a.0 < b.0) {
            row.sort_by_key(|&(index, _)| index);
            row.dedup_by(|next, first| {
                let same = next.0 == first.0;
                if same {
                    first.1 += next.1;
                }
                same
            });
        }
        for &(index, value) in &row {
            (indices[kept], values[kept]) = (index, value);
            kept += 1;
        }
        start = end;
        offsets[at] = kept;
    }
    indices.truncate(kept);
    values.truncate(kept);
}

/// Whether offsets rise from 0 to `total`; the position and value of the first that does not.
pub(crate) fn check_offsets(offsets: &[usize], total: usize) -> Result<(), (usize, usize)> {
    let mut before = 0;
    for (at, &offset) in offsets.iter().enumerate() {
        if offset < before || offset > total || (at == 0 && offset != 0) {
            return Err((at, offset));
        }
        before = offset;
    }
    if before == total { Ok(()) } else { Err((offsets.len().saturating_sub(1), before)) }
}

/// Sorts (row, column, value) entries by row; `rows[k] < count`.
pub(crate) fn from_entries<T: Copy + Default>(
    count: usize,
    rows: &[u32],
    columns: &[u32],
    entries: &[T],
) -> (Vec<usize>, Vec<u32>, Vec<T>) {
    let mut offsets = zeros(count + 1);
    for &row in rows {
        offsets[row as usize + 1] += 1;
    }
    for row in 0..count {
        offsets[row + 1] += offsets[row];
    }
    let mut next = offsets.clone();
    let (mut indices, mut values) = (zeros(rows.len()), zeros(rows.len()));
    for ((&row, &column), &value) in rows.iter().zip(columns).zip(entries) {
        let at = &mut next[row as usize];
        (indices[*at], values[*at]) = (column, value);
        *at += 1;
    }
    (offsets, indices, values)
}

fn zeros<T: Clone + Default>(count: usize) -> Vec<T> {
    let mut zeros = memory::room(count);
    zeros.resize(count, T::default());
    zeros
}

/// The non-zeros of a batch as rows of (index, value), for tests.
#[cfg(test)]
pub(crate) fn entries(batch: &truezero_sparse::ActiveBatch) -> Vec<Vec<(u32, f32)>> {
    (0..batch.examples())
        .map(|example| {
            let (indices, values) = batch.example(example);
            indices.iter().copied().zip(values.iter().copied()).collect()
        })
        .collect()
}
