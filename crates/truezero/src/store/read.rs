//! Reading a safetensors file that [`write`](super::write) wrote, or that claims to be one: nothing
//! is allocated that the file is not long enough to fill.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, SafeTensorError, TensorInfo};
use serde::de::DeserializeOwned;
use truezero_sparse::{PackedWeights, memory};

use super::write::Tensor;
use super::{BLOCK, DOCUMENT, found};
use crate::error::Error;

/// Longest header, in bytes; the limit of the safetensors crate.
const MAX_HEADER: u64 = 100_000_000;

/// A safetensors file.
#[derive(Debug)]
pub(crate) struct TensorFile {
    path: PathBuf,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// Read when it is needed.
    File {
        file: File,
        len: u64,
    },
    Bytes(Vec<u8>),
}

impl TensorFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io { operation: "read", path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_file() {
            Self::from_file(path, file)
        } else {
            // A pipe can only be read from the front.
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            Ok(Self::from_bytes(path, bytes))
        }
    }

    /// An open regular file, which errors call `path`.
    pub(crate) fn from_file(path: &Path, file: File) -> Result<Self, Error> {
        let len = file.metadata().map_err(|source| Error::Io {
            operation: "read",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { path: path.to_owned(), content: Content::File { file, len: len.len() } })
    }

    pub(crate) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), content: Content::Bytes(bytes) }
    }

    /// The header, checked, and access to the tensors.
    pub(crate) fn parse(&self) -> Result<Tensors<'_>, Error> {
        let (start, header) = self.header().map_err(|error| match error {
            SafeTensorError::IoError(source) => self.failed(source),
            other => {
                let found = self.beginning().ok().and_then(|beginning| found::what(&beginning));
                self.error("header", "a safetensors file", found.unwrap_or_else(|| reason(&other)))
            }
        })?;
        Ok(Tensors { file: self, start, header })
    }

    fn beginning(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_at(0)?.take(found::BEGINNING as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Where the tensors start, and what the header says of them; they fill the rest of the file.
    fn header(&self) -> Result<(u64, Metadata), SafeTensorError> {
        let len = self.len();
        let rest = len.checked_sub(8).ok_or(SafeTensorError::HeaderTooSmall)?;
        let mut length = [0; 8];
        self.read_at(0)?.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER {
            return Err(SafeTensorError::HeaderTooLarge);
        }
        let tensors = rest.checked_sub(length).ok_or(SafeTensorError::InvalidHeaderLength)?;
        let mut header = Vec::new();
        self.read_at(8)?.take(length).read_to_end(&mut header)?;
        let header = std::str::from_utf8(&header).map_err(SafeTensorError::InvalidHeader)?;
        let header: Metadata =
            serde_json::from_str(header).map_err(SafeTensorError::InvalidHeaderDeserialization)?;
        if header.data_len() as u64 != tensors {
            return Err(SafeTensorError::MetadataIncompleteBuffer);
        }
        Ok((8 + length, header))
    }

    fn len(&self) -> u64 {
        match &self.content {
            Content::File { len, .. } => *len,
            Content::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The content from a position on.
    fn read_at(&self, position: u64) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.content {
            Content::File { file, .. } => {
                let mut file = file;
                file.seek(SeekFrom::Start(position))?;
                Box::new(file)
            }
            Content::Bytes(bytes) => Box::new(bytes.get(position as usize..).unwrap_or_default()),
        })
    }

    pub(crate) fn error(&self, place: impl Into<String>, expected: &str, found: impl ToString) -> Error {
        Error::File {
            path: self.path.clone(),
            place: place.into(),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io { operation: "read", path: self.path.clone(), source }
    }
}

/// What is wrong with a header, in words of ours where the crate's tell little.
fn reason(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::HeaderTooSmall => "fewer bytes than a header has".to_owned(),
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            "a header that is longer than the file: it is no such file, or not whole".to_owned()
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            "another number of bytes than its header tells: the file is not whole".to_owned()
        }
        other => other.to_string(),
    }
}

/// The contents of a [`TensorFile`].
pub(crate) struct Tensors<'a> {
    file: &'a TensorFile,
    /// Where they start in the file.
    start: u64,
    header: Metadata,
}

impl<'a> Tensors<'a> {
    /// The document, of which `what` tells what it should be.
    pub(crate) fn document<T: DeserializeOwned>(&self, what: &str) -> Result<T, Error> {
        let text = self.header.metadata().as_ref().and_then(|metadata| metadata.get(DOCUMENT));
        let text = text.ok_or_else(|| {
            self.error("metadata", &format!("{what} under the key {DOCUMENT:?}"), "no such key")
        })?;
        serde_json::from_str(text).map_err(|error| self.error("metadata", what, error))
    }

    pub(crate) fn error(&self, place: impl Into<String>, expected: &str, found: impl ToString) -> Error {
        self.file.error(place, expected, found)
    }

    pub(crate) fn matrix(&self, name: &str, inputs: usize, outputs: usize) -> Result<PackedWeights, Error> {
        let mut values = self.floats(name, &[inputs, outputs])?;
        let rows = (BLOCK / outputs.max(1)).max(1);
        memory::catch(|| {
            let mut weights = PackedWeights::zeros(inputs, outputs);
            for first in (0..inputs).step_by(rows) {
                weights.set_rows(first, values.next(rows.min(inputs - first) * outputs)?);
            }
            Ok(weights)
        })?
    }

    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, Error> {
        let mut values = self.floats(name, &[len])?;
        memory::catch(|| values.next(len).map(drop))??;
        Ok(values.values)
    }

    pub(crate) fn counts(&self, name: &str, len: usize) -> Result<Vec<u64>, Error> {
        let stored = self.expect(name, Dtype::U64, &[len])?;
        let mut bytes = memory::catch(|| memory::room(len.saturating_mul(8)))?;
        bytes.resize(len * 8, 0);
        stored.read().and_then(|mut data| data.read_exact(&mut bytes)).map_err(|e| self.file.failed(e))?;
        Ok(bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap_or_default())).collect())
    }

    /// All tensors, to be written to another file with `prefix` before their names.
    pub(crate) fn all(&self, prefix: &str) -> impl Iterator<Item = (String, Tensor<'a>)> {
        self.header.tensors().into_iter().map(move |(name, info)| {
            (format!("{prefix}{name}"), Tensor::stored(&info.shape, self.stored(info)))
        })
    }

    fn stored(&self, info: &TensorInfo) -> Stored<'a> {
        let (start, end) = info.data_offsets;
        let (start, len) = (self.start + start as u64, (end - start) as u64);
        Stored { file: self.file, dtype: info.dtype, start, len }
    }

    fn expect(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<Stored<'a>, Error> {
        let error = |found: String| {
            Err(self.error(format!("tensor {name:?}"), &format!("{dtype:?} of shape {shape:?}"), found))
        };
        match self.header.info(name) {
            None => error("no such tensor".to_owned()),
            Some(info) if info.dtype != dtype || info.shape != shape => {
                error(format!("{:?} of shape {:?}", info.dtype, info.shape))
            }
            Some(info) => Ok(self.stored(info)),
        }
    }

    fn floats<'b>(&self, name: &'b str, shape: &[usize]) -> Result<Floats<'a, 'b>, Error> {
        let data = self.expect(name, Dtype::F32, shape)?.read().map_err(|source| self.file.failed(source))?;
        Ok(Floats { file: self.file, name, data, done: 0, bytes: Vec::new(), values: Vec::new() })
    }
}

/// Where a tensor lies in a file.
pub(crate) struct Stored<'a> {
    file: &'a TensorFile,
    dtype: Dtype,
    start: u64,
    len: u64,
}

impl<'a> Stored<'a> {
    pub(crate) fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn read(&self) -> io::Result<Box<dyn Read + 'a>> {
        self.file.read_at(self.start)
    }

    pub(crate) fn copy_to(&self, out: &mut impl Write) -> io::Result<()> {
        let copied = io::copy(&mut self.read()?.take(self.len), out)?;
        if copied == self.len { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// The values of a tensor, to be read from first to last.
struct Floats<'a, 'b> {
    file: &'a TensorFile,
    name: &'b str,
    data: Box<dyn Read + 'a>,
    /// Values read before.
    done: usize,
    bytes: Vec<u8>,
    values: Vec<f32>,
}

impl Floats<'_, '_> {
    /// The next `count` values, all of them finite.
    ///
    /// If there is not enough memory, this unwinds as far as [`memory::catch`].
    fn next(&mut self, count: usize) -> Result<&[f32], Error> {
        if count > self.values.capacity() {
            // A row may be as long as the file.
            (self.bytes, self.values) = (memory::room(count * 4), memory::room(count));
        }
        self.bytes.resize(count * 4, 0);
        self.data.read_exact(&mut self.bytes).map_err(|source| self.file.failed(source))?;
        let values = &mut self.values;
        values.clear();
        values
            .extend(self.bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap_or_default())));
        // All are looked at first, without a branch for each.
        if !values.iter().fold(true, |finite, value| finite & value.is_finite())
            && let Some(at) = values.iter().position(|value| !value.is_finite())
        {
            let place = format!("tensor {:?}, value {}", self.name, self.done + at);
            return Err(self.file.error(place, "a finite number", values[at]));
        }
        self.done += count;
        Ok(values)
    }
}
