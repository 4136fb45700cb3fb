//! NPY, one numpy array in a file: a magic number, a version, a header that is a Python dictionary,
//! then the elements in C or Fortran order.

use std::sync::Arc;

use truezero_sparse::memory;

use super::element::{Element, Kind};
use super::matrix::{MatrixBuilder, addressable, check_finite, read_rows};
use super::npy_header::{Header, Stored};
use super::{channels_last, numbers, target};
use crate::budget::{Budget, of_text};
use crate::read::Input;
use crate::wide::Values;
use crate::{DataError, Features, ImageShape, Raw, RawTarget};

/// Elements of a vector read at a time.
const CHUNK: usize = 1 << 14;

/// Reads an array of examples: two dimensions or more, the first over the examples. Those of three
/// dimensions are taken for grey images, those of four with 1 or 3 in the last for images. `expected` are the images
/// that a model takes.
///
/// # Errors
/// If the data is not in the format or shorter or longer than its header says, holds no numbers, a number is not
/// finite, or images are expected and their channels do not come last.
pub fn read_examples(input: Input, expected: Option<ImageShape>) -> Result<Raw, DataError> {
    let mut rows = Rows::open(input, expected)?;
    let (examples, image) = (rows.left, rows.image);
    let features = if rows.fortran {
        read_columns(&mut rows.input, rows.element, examples, rows.width)?
    } else {
        let budget = rows.input.budget().clone();
        read_rows(&mut rows.input, &budget, rows.element, examples, rows.width)?
    };
    rows.input.end()?;
    Ok(Raw { features, target: None, image })
}

/// An array of examples whose header was read.
pub(crate) struct Rows<'a> {
    input: Input<'a>,
    element: Element,
    width: usize,
    /// Rows that were not read yet.
    left: usize,
    image: Option<ImageShape>,
    /// Whether it is stored column by column.
    fortran: bool,
}

impl<'a> Rows<'a> {
    pub(crate) fn open(mut input: Input<'a>, expected: Option<ImageShape>) -> Result<Self, DataError> {
        let header = Header::read(&mut input)?;
        let element = header.numbers(&input)?;
        let (examples, dimensions) = match header.shape[..] {
            [examples, ref dimensions @ ..] if !dimensions.is_empty() => (examples, dimensions),
            [_] => {
                let expected = "an array of 2 dimensions or more, examples × columns";
                let found = format!("{}\nhint: x.reshape(-1, 1) makes a column of it", header.shape_text());
                return Err(input.malformed("header", expected, found));
            }
            _ => {
                let expected = "an array of 2 dimensions or more, examples × columns";
                return Err(input.malformed("header", expected, header.shape_text()));
            }
        };
        let width = addressable(&input, dimensions)?;
        if header.fortran && dimensions.len() > 1 {
            let found = format!(
                "Fortran order and {}\nhint: numpy.ascontiguousarray puts it into C order",
                header.shape_text()
            );
            return Err(input.malformed("header", "C order, or 2 dimensions", found));
        }
        let image = channels_last(dimensions);
        if let Some(ImageShape { height, width, channels }) = expected
            && image.is_none()
            && dimensions.len() > 1
            // One channel may come first or last: the pixels are in the same order.
            && dimensions != [1, height, width]
        {
            let hint = match *dimensions {
                [first, ..] if first == channels => "\nhint: x.transpose(0, 2, 3, 1) puts the channels last",
                _ => "",
            };
            let expected = format!("({examples}, {height}, {width}, {channels}), as in training");
            return Err(input.malformed("header", expected, header.shape_text() + hint));
        }
        Ok(Self { element, width, left: examples, image, fortran: header.fortran, input })
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// The next rows, at most `count`; none at the end.
    pub(crate) fn read(&mut self, count: usize) -> Result<Option<Raw>, DataError> {
        if self.fortran && self.width > 1 {
            let found = "Fortran order\nhint: numpy.ascontiguousarray puts it into C order";
            return Err(self.input.malformed("header", "C order, to be read row by row", found));
        }
        let count = count.min(self.left);
        if count == 0 {
            self.input.end()?;
            return Ok(None);
        }
        let bytes = count.saturating_mul(self.width).saturating_mul(self.element.size());
        let of_piece = Arc::new(Budget::new(self.input.path(), bytes as u64));
        let features = read_rows(&mut self.input, &of_piece, self.element, count, self.width)?;
        self.left -= count;
        Ok(Some(Raw { features, target: None, image: self.image }))
    }
}

/// Reads an array of targets: numbers or strings of one dimension, or numbers of two.
///
/// # Errors
/// As [`read_examples`].
pub fn read_labels(mut input: Input) -> Result<RawTarget, DataError> {
    let header = Header::read(&mut input)?;
    let (examples, width) = match header.shape[..] {
        [examples] => (examples, 1),
        [examples, width] => (examples, width),
        _ => return Err(input.malformed("header", "an array of 1 or 2 dimensions", header.shape_text())),
    };
    let target = match header.stored {
        Stored::Numbers(element) if header.fortran && width > 1 => {
            let count = addressable(&input, &[examples, width, element.size()])?;
            let bytes = input.whole(count as u64, "targets")?;
            // The numbers, column by column and then row by row.
            let numbers = 2 * examples as u64 * width as u64 * size_of::<f64>() as u64;
            input.budget().take(numbers, || "targets".to_owned())?;
            let mut columns = memory::room(examples * width);
            element.each(&bytes, |value| columns.push(value));
            let rows = (0..examples).flat_map(|row| (0..width).map(move |column| (row, column)));
            let mut values: Vec<f64> = memory::room(examples * width);
            values.extend(rows.map(|(row, column)| columns[column * examples + row]));
            target(&input, width, values)?
        }
        Stored::Numbers(element) => numbers(&mut input, element, examples, width)?,
        Stored::Text { .. } if width == 1 => {
            RawTarget::Labels(read_text(&mut input, header.stored, examples)?)
        }
        Stored::Text { .. } => {
            return Err(input.malformed("header", "strings of 1 dimension", header.shape_text()));
        }
    };
    input.end()?;
    Ok(target)
}

/// Reads one dimension of numbers, each through `convert`, which answers `None` to what is not
/// `expected`; demands that nothing follows.
pub(crate) fn read_vector<T>(
    input: Input,
    expected: &str,
    convert: impl Fn(f64) -> Option<T>,
) -> Result<Vec<T>, DataError> {
    let mut elements = Elements::open(input)?;
    let mut values = Vec::new();
    while elements.left > 0 {
        elements.count(size_of::<T>())?;
        values.extend(elements.read(CHUNK, expected, &convert)?);
    }
    elements.end()?;
    Ok(values)
}

/// Reads one dimension of numbers; demands that nothing follows.
pub(crate) fn read_numbers(input: Input) -> Result<Values, DataError> {
    let mut elements = Elements::open(input)?;
    let mut numbers = Values::default();
    while elements.left > 0 {
        // In 32 bits, or also in 64 where one needs them.
        elements.count(size_of::<f32>() + size_of::<f64>())?;
        elements.append(&mut numbers, CHUNK)?;
    }
    elements.end()?;
    Ok(numbers)
}

/// An array of one dimension whose header was read.
pub(crate) struct Elements<'a> {
    input: Input<'a>,
    element: Element,
    /// Elements so far, and those that were not read yet.
    read: usize,
    left: usize,
}

impl<'a> Elements<'a> {
    pub(crate) fn open(mut input: Input<'a>) -> Result<Self, DataError> {
        let header = Header::read(&mut input)?;
        let element = header.numbers(&input)?;
        let [left] = header.shape[..] else {
            return Err(input.malformed("header", "an array of 1 dimension", header.shape_text()));
        };
        Ok(Self { input, element, read: 0, left })
    }

    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// The next elements, `count` or as many as there are, each through `convert`.
    pub(crate) fn read<T>(
        &mut self,
        count: usize,
        expected: &str,
        convert: impl Fn(f64) -> Option<T>,
    ) -> Result<Vec<T>, DataError> {
        let mut values = Vec::new();
        self.each(count, expected, |number| convert(number).map(|value| values.push(value)).is_some())?;
        Ok(values)
    }

    /// The next numbers, `count` or as many as there are.
    pub(crate) fn numbers(&mut self, count: usize) -> Result<Values, DataError> {
        let mut numbers = Values::default();
        self.append(&mut numbers, count)?;
        Ok(numbers)
    }

    fn append(&mut self, numbers: &mut Values, count: usize) -> Result<(), DataError> {
        self.each(count, "a finite number", |number| {
            numbers.push(number);
            number.is_finite()
        })
    }

    /// Counts what the next chunk becomes, so many bytes for each element.
    fn count(&self, bytes: usize) -> Result<(), DataError> {
        let elements = CHUNK.min(self.left);
        self.input.budget().take((elements * bytes) as u64, || format!("element {}", self.read + 1))
    }

    /// Gives the next elements, `count` or as many as there are, to `take`, which answers whether they are as
    /// `expected`.
    fn each(
        &mut self,
        count: usize,
        expected: &str,
        mut take: impl FnMut(f64) -> bool,
    ) -> Result<(), DataError> {
        let end = self.read + count.min(self.left);
        let mut bytes = Vec::new();
        while self.read < end {
            let chunk = (end - self.read).min(CHUNK);
            self.input.fill(&mut bytes, (chunk * self.element.size()) as u64, "elements")?;
            let (mut at, mut bad) = (self.read, None);
            self.element.each(&bytes, |number| {
                at += 1;
                if !take(number) && bad.is_none() {
                    bad = Some((at, number));
                }
            });
            if let Some((at, number)) = bad {
                return Err(self.input.malformed(format!("element {at}"), expected, number.to_string()));
            }
            self.read += chunk;
            self.left -= chunk;
        }
        Ok(())
    }

    /// An error at an element.
    pub(crate) fn malformed(
        &self,
        at: usize,
        expected: impl Into<String>,
        found: &dyn ToString,
    ) -> DataError {
        self.input.malformed(format!("element {}", at + 1), expected, found.to_string())
    }

    /// Demands that nothing is left.
    pub(crate) fn end(&mut self) -> Result<(), DataError> {
        self.input.end()
    }
}

/// Reads a string that is all there is, as scipy stores a format's name.
pub(crate) fn read_string(mut input: Input) -> Result<String, DataError> {
    let header = Header::read(&mut input)?;
    let (Stored::Text { .. }, [] | [1]) = (header.stored, &header.shape[..]) else {
        return Err(input.malformed("header", "one string", header.shape_text()));
    };
    let strings = read_text(&mut input, header.stored, 1)?;
    input.end()?;
    Ok(strings.concat())
}

/// Whether this is an array of numbers of two dimensions or more; the input is read so far.
pub(crate) fn is_matrix(input: &mut Input) -> bool {
    Header::read(input)
        .is_ok_and(|header| header.shape.len() >= 2 && matches!(header.stored, Stored::Numbers(_)))
}

/// Reads a matrix stored column by column.
fn read_columns(
    input: &mut Input,
    element: Element,
    rows: usize,
    width: usize,
) -> Result<Features, DataError> {
    let count = addressable(input, &[rows, width, element.size()])?;
    let bytes = input.whole(count as u64, "elements")?;
    // In 32 bits, or also in 64 where one needs them.
    let most = (rows * width * (size_of::<f32>() + size_of::<f64>())) as u64;
    input.budget().take(most, || "elements".to_owned())?;
    let mut columns = Values::default();
    element.each(&bytes, |value| columns.push(value));
    input.budget().give(count as u64);
    drop(bytes);
    let mut matrix = MatrixBuilder::new(input.budget(), rows, width)?;
    let mut row = Vec::new();
    for at in 0..rows {
        row.clear();
        row.extend((0..width).map(|column| columns.get(column * rows + at)));
        check_finite(input, at, &row)?;
        matrix.push_wide(&row)?;
    }
    Ok(matrix.finish())
}

fn read_text(input: &mut Input, stored: Stored, count: usize) -> Result<Vec<String>, DataError> {
    let Stored::Text { wide, length, big_endian } = stored else {
        return Err(input.malformed("header", "strings", "numbers"));
    };
    let size = if wide { 4 } else { 1 };
    if length == 0 {
        return Err(input.malformed("header", "strings of 1 character or more", "0"));
    }
    let total = addressable(input, &[count, length, size])?;
    let bytes = input.whole(total as u64, "strings")?;
    // No character takes more bytes than it does there.
    let of_strings = (count as u64).saturating_mul(of_text(length * size));
    input.budget().take(of_strings, || "strings".to_owned())?;
    let code = Element { kind: if wide { Kind::U32 } else { Kind::U8 }, big_endian };
    let mut strings = Vec::new();
    for (at, cell) in bytes.chunks_exact(length * size).enumerate() {
        let mut string = String::new();
        let mut bad = None;
        code.each(cell, |code| match char::from_u32(code as u32) {
            Some(character) if wide || character.is_ascii() => string.push(character),
            _ => bad = Some(code),
        });
        if let Some(code) = bad {
            let expected = if wide { "Unicode characters" } else { "ASCII characters" };
            return Err(input.malformed(format!("string {}", at + 1), expected, format!("code {code}")));
        }
        strings.push(string.trim_end_matches('\0').to_owned());
    }
    Ok(strings)
}
