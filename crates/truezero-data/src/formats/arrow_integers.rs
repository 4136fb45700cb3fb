//! Integers of Arrow files whose width the decoder does not know, as the 128 bits of polars'. They become bytes of the same
//! width, which lie in a file in the same way, so that such a column can be passed over instead of making the whole file
//! an error.

use std::ops::Range;

use arrow_ipc::{Field, FixedSizeBinary, Int, Schema, Type};

/// Widths that the decoder knows, in bits.
const KNOWN: [i32; 4] = [8, 16, 32, 64];
/// Widest integers, in bits, that are passed over.
const WIDEST: i32 = 1 << 12;

/// A change of some bytes of a schema.
pub(super) struct Edit {
    range: Range<usize>,
    bytes: Vec<u8>,
}

impl Edit {
    /// Makes the change in bytes whose part from `start` on the schema was read from.
    pub(super) fn apply(&self, bytes: &mut [u8], start: usize) {
        let range = start + self.range.start..start + self.range.end;
        bytes[range].copy_from_slice(&self.bytes);
    }
}

/// What is to be changed in a schema so that all its integers have known widths.
pub(super) fn edits(schema: Schema<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    schema.fields().into_iter().flatten().for_each(|field| edit(field, &mut edits));
    edits
}

fn edit(field: Field<'_>, edits: &mut Vec<Edit>) {
    field.children().into_iter().flatten().for_each(|child| edit(child, edits));
    let Some(int) = field.type_as_int() else { return };
    let bits = int.bitWidth();
    if KNOWN.contains(&bits) || bits % 8 != 0 || !(1..=WIDEST).contains(&bits) {
        return;
    }
    // Both tables begin with a width of 32 bits.
    const { assert!(Int::VT_BITWIDTH == FixedSizeBinary::VT_BYTEWIDTH) };
    let kind = field._tab.loc() + usize::from(field._tab.vtable().get(Field::VT_TYPE_TYPE));
    let width = int._tab.loc() + usize::from(int._tab.vtable().get(Int::VT_BITWIDTH));
    edits.push(Edit { range: kind..kind + 1, bytes: vec![Type::FixedSizeBinary.0] });
    edits.push(Edit { range: width..width + 4, bytes: (bits / 8).to_le_bytes().to_vec() });
}
