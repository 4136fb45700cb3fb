//! IDX, the format of MNIST: two zero bytes, a type, the number of dimensions, the dimensions as
//! big-endian 32-bit integers, then the numbers, last dimension fastest.

use super::element::{Element, Kind};
use super::matrix::{addressable, read_rows};
use super::{channels_last, numbers};
use crate::read::Input;
use crate::{DataError, Raw, RawTarget};

/// The type of the numbers, by the third byte of the file.
fn element(code: u8) -> Option<Element> {
    let kind = match code {
        0x08 => Kind::U8,
        0x09 => Kind::I8,
        0x0b => Kind::I16,
        0x0c => Kind::I32,
        0x0d => Kind::F32,
        0x0e => Kind::F64,
        _ => return None,
    };
    Some(Element { kind, big_endian: true })
}

/// Whether a file that begins so is in this format.
pub(crate) fn matches(start: &[u8]) -> bool {
    matches!(start, [0, 0, code, 1..=MAX_DIMENSIONS, ..] if element(*code).is_some())
}

/// More than examples × height × width × channels is not data we know.
const MAX_DIMENSIONS: u8 = 4;

/// The type of the numbers, the number of examples, and the dimensions of each.
fn header(input: &mut Input) -> Result<(Element, usize, Vec<usize>), DataError> {
    let magic: [u8; 4] = input.array("magic number")?;
    let (Some(element), true) = (element(magic[2]), matches(&magic)) else {
        let expected = format!("00 00, a type of number and 1 to {MAX_DIMENSIONS} dimensions");
        let [a, b, c, d] = magic;
        return Err(input.malformed("magic number", expected, format!("{a:02x} {b:02x} {c:02x} {d:02x}")));
    };
    let mut size = |at: u8| {
        let bytes = input.array(&format!("dimension {at}"))?;
        Ok::<_, DataError>(u32::from_be_bytes(bytes) as usize)
    };
    let examples = size(1)?;
    let dimensions = (2..=magic[3]).map(size).collect::<Result<_, _>>()?;
    Ok((element, examples, dimensions))
}

/// Reads examples of two dimensions or more. Those of three are grey images, those of four images
/// with the channels last.
///
/// # Errors
/// If the data is not in the format, holds fewer or more numbers than its header says, or a number is
/// not finite.
pub fn read_examples(mut input: Input) -> Result<Raw, DataError> {
    let (element, examples, dimensions) = header(&mut input)?;
    if dimensions.is_empty() {
        return Err(input.malformed("header", "2 dimensions or more", "1: labels, not examples"));
    }
    let width = addressable(&input, &dimensions)?;
    let budget = input.budget().clone();
    let features = read_rows(&mut input, &budget, element, examples, width)?;
    input.end()?;
    Ok(Raw { features, target: None, image: channels_last(&dimensions) })
}

/// Reads labels: one dimension, or two with several numbers for each example.
///
/// # Errors
/// As [`read_examples`].
pub fn read_labels(mut input: Input) -> Result<RawTarget, DataError> {
    let (element, examples, dimensions) = header(&mut input)?;
    let width = match dimensions[..] {
        [] => 1,
        [width] => width,
        _ => {
            let found = format!("{}: images, not labels", dimensions.len() + 1);
            return Err(input.malformed("header", "1 or 2 dimensions", found));
        }
    };
    let target = numbers(&mut input, element, examples, width)?;
    input.end()?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use truezero_sparse::{Batch, DenseBatch};

    use super::*;
    use crate::{Features, ImageShape};

    fn file(code: u8, shape: &[u32], body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, code, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(body);
        bytes
    }

    fn examples(bytes: &[u8]) -> Result<Raw, DataError> {
        read_examples(Input::from_bytes("test", bytes))
    }

    #[test]
    fn images_keep_their_shape() {
        let raw = examples(&file(8, &[2, 1, 2], &[1, 2, 3, 255])).unwrap();
        assert_eq!(raw.image, Some(ImageShape { height: 1, width: 2, channels: 1 }));
        let Features::Matrix(batch) = raw.features else { panic!("expected a matrix") };
        assert_eq!(batch, Batch::Dense(DenseBatch::from_rows(2, &[1.0, 2.0, 3.0, 255.0])));
        let raw = examples(&file(8, &[1, 2, 2, 3], &[1; 12])).unwrap();
        assert_eq!(raw.image, Some(ImageShape { height: 2, width: 2, channels: 3 }));
        let raw = examples(&file(0x0d, &[1, 2], &[0; 8])).unwrap();
        assert_eq!((raw.image, raw.examples()), (None, 1));
    }

    #[test]
    fn labels_are_numbers() {
        let read = |bytes: &[u8]| read_labels(Input::from_bytes("test", bytes)).unwrap();
        assert_eq!(read(&file(8, &[3], &[5, 0, 9])), RawTarget::Numbers(vec![5.0, 0.0, 9.0].into()));
        let several = RawTarget::Rows { width: 2, values: vec![-1.0, 1.0], names: Vec::new() };
        assert_eq!(read(&file(9, &[1, 2], &[255, 1])), several);
    }

    #[test]
    fn lies_are_named() {
        let error = |bytes: Vec<u8>| examples(&bytes).unwrap_err().to_string();
        assert_eq!(error(file(8, &[2, 2, 2], &[0; 7])), "test: row 2: expected 4 bytes, found 3 bytes");
        assert_eq!(
            error(file(8, &[2, 2, 2], &[0; 9])),
            "test: end: expected the end of the data, found more bytes"
        );
        assert_eq!(
            error(file(8, &[2], &[0; 2])),
            "test: header: expected 2 dimensions or more, found 1: labels, not examples"
        );
        assert_eq!(
            error(file(8, &[1, u32::MAX, u32::MAX, 3], &[0])),
            "test: header: expected dimensions that fit into memory, found [4294967295, 4294967295, 3]"
        );
        assert_eq!(
            error(file(0x0d, &[1, 2], &[0x3f, 0x80, 0, 0, 0x7f, 0xc0, 0, 0])),
            "test: row 1, column 2: expected a finite number, found NaN"
        );
    }
}
