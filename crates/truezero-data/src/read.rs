//! Reading files, gzipped or not, without trusting what their headers promise: memory grows with the
//! bytes that arrive, never with a size that was only announced.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use crate::DataError;
use crate::budget::Budget;

/// The first two bytes of every gzip stream.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Bytes that are made room for at least.
const PIECE: usize = 1 << 13;
/// What is read, as errors call it.
const CONTENT: &str = "content";
/// Bytes read ahead.
pub(crate) const BUFFER: usize = 1 << 17;
/// No line of a text format may be longer (a row of ten million numbers is shorter).
pub const MAX_LINE: u64 = 1 << 28;

/// Bytes to parse, and the name errors call them by.
pub struct Input<'a> {
    path: PathBuf,
    reader: Box<dyn BufRead + 'a>,
    budget: Arc<Budget>,
}

impl Input<'static> {
    /// Opens a file; if its first bytes say that it is gzipped, what is read is decompressed.
    ///
    /// # Errors
    /// If the file cannot be opened or read.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(DataError::io("open", path))?;
        let size = file.metadata().map_err(DataError::io("read", path))?.len();
        let mut file = BufReader::with_capacity(BUFFER, file);
        let gzipped = file.fill_buf().map_err(DataError::io("read", path))?.starts_with(&GZIP_MAGIC);
        Ok(if gzipped {
            Self::from_reader(path, BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)), size)
        } else {
            Self::from_reader(path, file, size)
        })
    }
}

impl<'a> Input<'a> {
    /// Bytes in memory, decompressed if they are gzipped; `name` is what errors call them.
    pub fn from_bytes(name: &str, bytes: &'a [u8]) -> Self {
        let size = bytes.len() as u64;
        if bytes.starts_with(&GZIP_MAGIC) {
            Self::from_reader(name, BufReader::with_capacity(BUFFER, MultiGzDecoder::new(bytes)), size)
        } else {
            Self::from_reader(name, bytes, size)
        }
    }

    /// Anything that can be read, taken as it is; `size` is how many bytes of a file it comes from.
    pub(crate) fn from_reader(path: impl AsRef<Path>, reader: impl BufRead + 'a, size: u64) -> Self {
        let path = path.as_ref();
        Self::named(path, Arc::new(Budget::new(path, size)), reader)
    }

    /// As [`from_reader`](Self::from_reader), of a part of a file, called `path`; what may be made of all of the file is
    /// counted by `budget`.
    pub(crate) fn named(path: impl Into<PathBuf>, budget: Arc<Budget>, reader: impl BufRead + 'a) -> Self {
        let reader = Box::new(Bounded { reader, left: budget.most() });
        Self { path: path.into(), reader, budget }
    }

    /// What may be made of the file.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// The file's path, or the name it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error at a place in this file.
    pub(crate) fn malformed(
        &self,
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        DataError::malformed(&self.path, place, expected, found)
    }

    /// The first `count` bytes, or as many as there are; they are read again afterwards.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn peek(&mut self, count: usize) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        self.take_up_to(&mut bytes, count as u64)?;
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(Cursor::new(bytes.clone()).chain(rest));
        Ok(bytes)
    }

    /// Replaces the content of `bytes` by the next `count` bytes.
    pub(crate) fn fill(&mut self, bytes: &mut Vec<u8>, count: u64, place: &str) -> Result<(), DataError> {
        bytes.clear();
        self.take_up_to(bytes, count)?;
        if (bytes.len() as u64) < count {
            return Err(self.malformed(place, bytes_of(count), bytes_of(bytes.len() as u64)));
        }
        Ok(())
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self, place: &str) -> Result<[u8; N], DataError> {
        let mut bytes = Vec::new();
        self.fill(&mut bytes, N as u64, place)?;
        let mut array = [0; N];
        array.copy_from_slice(&bytes);
        Ok(array)
    }

    /// Everything that is left, counted.
    pub(crate) fn rest(&mut self) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        self.take_up_to(&mut bytes, u64::MAX)?;
        bytes.shrink_to_fit();
        self.budget.take(bytes.len() as u64, || CONTENT.to_owned())?;
        Ok(bytes)
    }

    /// The next `count` bytes, counted until they are [given back](Budget::give).
    pub(crate) fn whole(&mut self, count: u64, place: &str) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        self.fill(&mut bytes, count, place)?;
        self.budget.take(count, || place.to_owned())?;
        Ok(bytes)
    }

    /// Demands that nothing is left.
    pub(crate) fn end(&mut self) -> Result<(), DataError> {
        let left = self.reader.fill_buf().map(<[u8]>::len).map_err(|error| self.failed(error))?;
        match left {
            0 => Ok(()),
            _ => Err(self.malformed("end", "the end of the data", "more bytes")),
        }
    }

    /// Replaces the content of `line` by the next line, without its end; false at the end of the file.
    /// Lines count from 1.
    pub(crate) fn line(&mut self, line: &mut Vec<u8>, number: usize) -> Result<bool, DataError> {
        line.clear();
        let mut ended = false;
        while !ended {
            let left = (MAX_LINE as usize).saturating_sub(line.len());
            if left == 0 {
                let expected = format!("at most {MAX_LINE} bytes");
                return Err(self.malformed(format!("line {number}"), expected, "a longer one"));
            }
            self.budget.reserve(line, PIECE.min(left), CONTENT)?;
            let room = (line.capacity() - line.len()).min(left);
            let read = (&mut self.reader).take(room as u64).read_until(b'\n', line);
            if read.map_err(|error| self.failed(error))? == 0 {
                break;
            }
            ended = line.pop_if(|last| *last == b'\n').is_some();
        }
        let found = ended || !line.is_empty();
        line.pop_if(|last| *last == b'\r');
        Ok(found)
    }

    /// Appends the next `count` bytes, or as many as there are.
    pub(crate) fn take_up_to(&mut self, bytes: &mut Vec<u8>, count: u64) -> Result<(), DataError> {
        let mut left = count;
        while left > 0 {
            self.budget.reserve(
                bytes,
                usize::try_from(left).map_or(PIECE, |left| left.min(PIECE)),
                CONTENT,
            )?;
            let room = left.min((bytes.capacity() - bytes.len()) as u64);
            let read = (&mut self.reader).take(room).read_to_end(bytes);
            let read = read.map_err(|error| self.failed(error))? as u64;
            if read < room {
                break;
            }
            left -= read;
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> DataError {
        if error.kind() == ErrorKind::FileTooLarge {
            self.budget.exceeded(self.budget.most(), CONTENT)
        } else if tells_broken_data(&error) {
            self.malformed("compressed data", "a whole stream", error.to_string())
        } else {
            DataError::io("read", &self.path)(error)
        }
    }
}

/// Bytes that may not be more than can be made of the file: a gzipped file may stand for a thousand times its own.
struct Bounded<R> {
    reader: R,
    left: u64,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(bytes)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.reader.fill_buf()?;
        match usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len())) {
            0 if !bytes.is_empty() => Err(ErrorKind::FileTooLarge.into()),
            most => Ok(&bytes[..most]),
        }
    }

    fn consume(&mut self, read: usize) {
        self.left = self.left.saturating_sub(read as u64);
        self.reader.consume(read);
    }
}

/// Decompressors say with these kinds that their stream is broken; the rest is the system's doing.
pub(crate) fn tells_broken_data(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput)
}

/// "1 byte", "3 bytes".
pub(crate) fn bytes_of(count: u64) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_told_by_content() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("plain.gz", b"abc\n".to_vec()), ("packed.txt", gzipped(b"abc\n"))] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let mut line = Vec::new();
            let mut input = Input::open(&path).unwrap();
            assert!(input.line(&mut line, 1).unwrap());
            assert_eq!(line, b"abc");
            assert!(!input.line(&mut line, 2).unwrap());
            input.end().unwrap();
        }
    }

    #[test]
    fn peeked_bytes_are_read_again() {
        let mut input = Input::from_bytes("test", b"abcdef");
        assert_eq!(input.peek(4).unwrap(), b"abcd");
        assert_eq!(input.peek(9).unwrap(), b"abcdef");
        assert_eq!(input.array::<6>("all").unwrap(), *b"abcdef");
    }

    #[test]
    fn what_is_missing_or_left_over_is_named() {
        let mut input = Input::from_bytes("test", b"abc");
        let error = input.fill(&mut Vec::new(), u64::MAX, "body").unwrap_err();
        assert_eq!(error.to_string(), "test: body: expected 18446744073709551615 bytes, found 3 bytes");
        let error = Input::from_bytes("test", b"abc").end().unwrap_err();
        assert_eq!(error.to_string(), "test: end: expected the end of the data, found more bytes");
        let packed = gzipped(&[7; 10_000]);
        let error = Input::from_bytes("test", &packed[..packed.len() - 9]).rest().unwrap_err();
        assert!(error.to_string().starts_with("test: compressed data: expected a whole stream"), "{error}");
    }
}
