//! What the lines of an svmlight file take in memory.

use crate::budget::of_text;

/// Bytes of a value and its index, where 32 bits do not hold it.
const OF_PAIR: u64 = 8 + 4;
/// Bytes of a label as most are written.
const OF_LABEL: usize = 8;
/// Bytes of memory that a set of one label takes.
pub(super) const OF_SET: u64 = 24 + 32 + 24 + 32;

/// Bytes of memory that a line may become: values with their indices, where they end, and a number as the label or, if
/// examples have sets of them or it has several, labels as texts.
pub(super) fn bytes_of(line: &[u8], sets: bool) -> u64 {
    let count = |sign: u8| line.split(|&byte| byte == sign).count() as u64 - 1;
    let (pairs, commas) = (count(b':'), count(b','));
    let labels =
        if sets || commas > 0 { OF_SET + commas * of_text(OF_LABEL) } else { size_of::<f64>() as u64 };
    pairs * OF_PAIR + labels + size_of::<usize>() as u64
}
