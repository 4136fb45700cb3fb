//! A safetensors file: named tensors of f32 or u64, and one JSON document.
//!
//! The document stands in the metadata under one key, since several keys would be written in any
//! order and the same model must give the same bytes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, View, serialize_to_file};
use serde::Serialize;
use serde::de::DeserializeOwned;
use truezero_sparse::PackedWeights;

use crate::error::Error;

/// The key of the document in the metadata.
const DOCUMENT: &str = "truezero";

/// Something to be stored as a tensor.
pub(crate) struct Tensor<'a> {
    shape: Vec<usize>,
    values: Values<'a>,
}

enum Values<'a> {
    Matrix(&'a PackedWeights),
    Vector(&'a [f32]),
    Counts(&'a [u64]),
}

impl<'a> Tensor<'a> {
    /// inputs × outputs, plain and input-major, however it is packed.
    pub(crate) fn matrix(weights: &'a PackedWeights) -> Self {
        Self { shape: vec![weights.inputs(), weights.outputs()], values: Values::Matrix(weights) }
    }

    pub(crate) fn vector(values: &'a [f32]) -> Self {
        Self { shape: vec![values.len()], values: Values::Vector(values) }
    }

    pub(crate) fn counts(values: &'a [u64]) -> Self {
        Self { shape: vec![values.len()], values: Values::Counts(values) }
    }
}

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        match self.values {
            Values::Matrix(_) | Values::Vector(_) => Dtype::F32,
            Values::Counts(_) => Dtype::U64,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        Cow::Owned(match self.values {
            Values::Matrix(weights) => bytes(&weights.to_plain()),
            Values::Vector(values) => bytes(values),
            Values::Counts(counts) => counts.iter().flat_map(|count| count.to_le_bytes()).collect(),
        })
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype().bitsize() / 8
    }
}

/// Writes a file of tensors and a document: all of it, or the file stays as it was.
pub(crate) fn write(
    path: &Path,
    document: &impl Serialize,
    tensors: Vec<(String, Tensor<'_>)>,
) -> Result<(), Error> {
    let failed = |source| Error::Io { operation: "write", path: path.to_owned(), source };
    let document = serde_json::to_string(document).map_err(|error| failed(error.into()))?;
    let metadata = HashMap::from([(DOCUMENT.to_owned(), document)]);
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::Builder::new();
    temporary.prefix(".truezero-");
    // A temporary file is private by default; a model is a file like any other.
    #[cfg(unix)]
    temporary.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = temporary.tempfile_in(folder).map_err(failed)?;
    let permissions = temporary.as_file().metadata().map_err(failed)?.permissions();
    let temporary = temporary.into_temp_path();
    serialize_to_file(tensors, Some(metadata), &temporary).map_err(|error| match error {
        safetensors::SafeTensorError::IoError(source) => failed(source),
        other => failed(std::io::Error::other(other)),
    })?;
    fs::set_permissions(&temporary, permissions).map_err(failed)?;
    fs::File::open(&temporary).and_then(|file| file.sync_all()).map_err(failed)?;
    temporary.persist(path).map_err(|error| failed(error.error))
}

/// A file that [`write`] wrote, read back.
pub(crate) struct TensorFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl TensorFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(|source| Error::Io {
            operation: "read",
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::from_bytes(path, bytes))
    }

    pub(crate) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), bytes }
    }

    /// The header, checked, and access to the tensors.
    pub(crate) fn parse(&self) -> Result<Tensors<'_>, Error> {
        let tensors = SafeTensors::deserialize(&self.bytes)
            .map_err(|error| self.error("header", "a safetensors file", error))?;
        Ok(Tensors { file: self, tensors })
    }

    pub(crate) fn error(&self, place: impl Into<String>, expected: &str, found: impl ToString) -> Error {
        Error::File {
            path: self.path.clone(),
            place: place.into(),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }
}

/// The contents of a [`TensorFile`].
pub(crate) struct Tensors<'a> {
    file: &'a TensorFile,
    tensors: SafeTensors<'a>,
}

impl Tensors<'_> {
    /// The document, of which `what` tells what it should be.
    pub(crate) fn document<T: DeserializeOwned>(&self, what: &str) -> Result<T, Error> {
        let (_, metadata) = SafeTensors::read_metadata(&self.file.bytes)
            .map_err(|error| self.file.error("header", "a safetensors file", error))?;
        let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(DOCUMENT));
        let text = text.ok_or_else(|| {
            self.file.error("metadata", &format!("{what} under the key {DOCUMENT:?}"), "no such key")
        })?;
        serde_json::from_str(text).map_err(|error| self.file.error("metadata", what, error))
    }

    pub(crate) fn error(&self, place: impl Into<String>, expected: &str, found: impl ToString) -> Error {
        self.file.error(place, expected, found)
    }

    pub(crate) fn matrix(&self, name: &str, inputs: usize, outputs: usize) -> Result<PackedWeights, Error> {
        let values = self.floats(name, &[inputs, outputs])?;
        Ok(PackedWeights::from_plain(inputs, outputs, &values))
    }

    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, Error> {
        self.floats(name, &[len])
    }

    pub(crate) fn counts(&self, name: &str, len: usize) -> Result<Vec<u64>, Error> {
        let data = self.bytes(name, Dtype::U64, &[len])?;
        Ok(data.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap_or_default())).collect())
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let data = self.bytes(name, Dtype::F32, shape)?;
        let values: Vec<f32> =
            data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap_or_default())).collect();
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(at) => {
                Err(self.error(format!("tensor {name:?}, value {at}"), "a finite number", values[at]))
            }
        }
    }

    fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&[u8], Error> {
        let place = || format!("tensor {name:?}");
        let tensor = self
            .tensors
            .tensor(name)
            .map_err(|_| self.error(place(), &format!("{dtype:?} of shape {shape:?}"), "no such tensor"))?;
        if tensor.dtype() != dtype || tensor.shape() != shape {
            let found = format!("{:?} of shape {:?}", tensor.dtype(), tensor.shape());
            return Err(self.error(place(), &format!("{dtype:?} of shape {shape:?}"), found));
        }
        Ok(tensor.data())
    }
}
