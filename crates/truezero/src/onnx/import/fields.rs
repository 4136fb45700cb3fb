//! The number of fields in a file, before it is decoded: a message of two bytes becomes a structure of
//! hundreds, so a small file could otherwise fill the memory.

use super::refusal::Refusal;

/// Thousands of layers have not so many.
const MAX_FIELDS: usize = 1 << 18;

/// A kind of message whose fields are messages.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Function,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    /// Of which nothing repeats.
    Leaf,
}

impl Kind {
    /// What the field of this number holds, if it is a message that will be decoded.
    fn field(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            (Self::Model, 7) => Self::Graph,
            (Self::Model, 25) => Self::Function,
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Self::Leaf,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Graph | Self::Attribute, 5) | (Self::SparseTensor, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22) => Self::SparseTensor,
            (Self::Graph, 11 | 12) => Self::ValueInfo,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            (Self::ValueInfo, 2) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::TensorType, 2) => Self::Shape,
            _ => return None,
        })
    }
}

/// What a file is to be.
pub(super) const EXPECTED: &str = "an ONNX model";

/// Refuses a file that is no sequence of fields, or has too many.
pub(super) fn check(file: &[u8]) -> Result<(), Refusal> {
    let mut left = MAX_FIELDS;
    match walk(file, Kind::Model, &mut left) {
        Some(()) => Ok(()),
        None if left == 0 => Err(Refusal::new("file", format!("at most {MAX_FIELDS} fields"), "more")),
        None => Err(Refusal::new("file", EXPECTED, "bytes that are none, or only a part of one")),
    }
}

fn walk(mut rest: &[u8], kind: Kind, left: &mut usize) -> Option<()> {
    while !rest.is_empty() {
        *left = left.checked_sub(1)?;
        let key = varint(&mut rest)?;
        match key & 7 {
            0 => _ = varint(&mut rest)?,
            1 => _ = take(&mut rest, 8)?,
            2 => {
                let length = varint(&mut rest)?;
                let inner = take(&mut rest, usize::try_from(length).ok()?)?;
                if let Some(kind) = kind.field(key >> 3) {
                    walk(inner, kind, left)?;
                }
            }
            5 => _ = take(&mut rest, 4)?,
            _ => return None,
        }
    }
    Some(())
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}
