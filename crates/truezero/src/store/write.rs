//! Writing a safetensors file: named tensors of f32 or u64, and one JSON document.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Serialize;
use truezero_data::files::Output;
use truezero_sparse::PackedWeights;

use super::read::Stored;
use super::{BLOCK, DOCUMENT};
use crate::error::Error;

/// Something to be stored as a tensor.
pub(crate) struct Tensor<'a> {
    shape: Vec<usize>,
    values: Values<'a>,
}

enum Values<'a> {
    Matrix(&'a PackedWeights),
    Vector(&'a [f32]),
    Counts(&'a [u64]),
    Stored(Stored<'a>),
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

    /// A tensor of another file.
    pub(crate) fn stored(shape: &[usize], tensor: Stored<'a>) -> Self {
        Self { shape: shape.to_owned(), values: Values::Stored(tensor) }
    }

    fn dtype(&self) -> Dtype {
        match &self.values {
            Values::Matrix(_) | Values::Vector(_) => Dtype::F32,
            Values::Counts(_) => Dtype::U64,
            Values::Stored(tensor) => tensor.dtype(),
        }
    }

    fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype().bitsize() / 8
    }

    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        match &self.values {
            Values::Matrix(weights) => {
                let mut plain = Vec::new();
                let rows = (BLOCK / weights.outputs().max(1)).max(1);
                for first in (0..weights.inputs()).step_by(rows) {
                    weights.copy_rows(first..weights.inputs().min(first + rows), &mut plain);
                    write_floats(out, &plain, &mut bytes)?;
                }
                Ok(())
            }
            Values::Vector(values) => {
                values.chunks(BLOCK).try_for_each(|block| write_floats(out, block, &mut bytes))
            }
            Values::Counts(counts) => counts.iter().try_for_each(|count| out.write_all(&count.to_le_bytes())),
            Values::Stored(tensor) => tensor.copy_to(out),
        }
    }
}

fn write_floats(out: &mut impl Write, values: &[f32], bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    out.write_all(bytes)
}

/// Writes a file of tensors and a document.
pub(crate) fn write(
    output: &Output,
    document: &impl Serialize,
    tensors: Vec<(String, Tensor<'_>)>,
) -> Result<(), Error> {
    Ok(output.write(|file| write_to(file, document, tensors))?)
}

/// The bytes of the file that [`write`] writes.
pub(crate) fn to_bytes(
    document: &impl Serialize,
    tensors: Vec<(String, Tensor<'_>)>,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let failed = |source| Error::Io { operation: "write", path: "a model in memory".into(), source };
    write_into(&mut bytes, document, tensors).map_err(failed)?;
    Ok(bytes)
}

/// Writes what [`write`] does, into an open file.
pub(crate) fn write_to(
    file: &File,
    document: &impl Serialize,
    tensors: Vec<(String, Tensor<'_>)>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BLOCK, file);
    write_into(&mut out, document, tensors)?;
    out.flush()
}

fn write_into(
    out: &mut impl Write,
    document: &impl Serialize,
    mut tensors: Vec<(String, Tensor<'_>)>,
) -> io::Result<()> {
    // As the safetensors crate orders them: those of the widest type first, so that all are aligned.
    tensors.sort_by(|(a, left), (b, right)| right.dtype().cmp(&left.dtype()).then_with(|| a.cmp(b)));
    let mut end = 0;
    let infos = tensors.iter().map(|(name, tensor)| {
        let start = end;
        end += tensor.bytes();
        let (dtype, shape) = (tensor.dtype(), tensor.shape.clone());
        (name.clone(), TensorInfo { dtype, shape, data_offsets: (start, end) })
    });
    let metadata = HashMap::from([(DOCUMENT.to_owned(), serde_json::to_string(document)?)]);
    let header = Metadata::new(Some(metadata), infos.collect()).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');

    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for (_, tensor) in &tensors {
        tensor.write_to(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use safetensors::tensor::{TensorView, serialize};

    use super::*;
    use crate::store::MODEL;
    use crate::store::read::TensorFile;

    /// Wider than a block, and of rows of which a block holds several; with a ragged last panel.
    #[test]
    fn the_file_is_what_the_safetensors_crate_writes_and_is_read_back() {
        for (inputs, outputs) in [(1, BLOCK + 5), (700, 300), (3, 2)] {
            let plain: Vec<f32> = (0..inputs * outputs).map(|k| k as f32 - 1000.5).collect();
            let weights = PackedWeights::from_plain(inputs, outputs, &plain);
            let (bias, seen) = ([0.5, -2.0, 1e-40], [7, u64::MAX]);
            let tensors = || {
                vec![
                    ("b.weight".to_owned(), Tensor::matrix(&weights)),
                    ("a.bias".to_owned(), Tensor::vector(&bias)),
                    ("c.seen".to_owned(), Tensor::counts(&seen)),
                ]
            };
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tensors");
            let output = |path| Output::new(path, MODEL).unwrap();
            write(&output(&path), &"document", tensors()).unwrap();
            let found = fs::read(&path).unwrap();
            assert!(found == to_bytes(&"document", tensors()).unwrap());

            let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
            let (plain_bytes, bias_bytes) = (bytes(&plain), bytes(&bias));
            let seen_bytes: Vec<u8> = seen.iter().flat_map(|v| v.to_le_bytes()).collect();
            let view = |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).unwrap();
            let views = [
                ("b.weight", view(Dtype::F32, vec![inputs, outputs], &plain_bytes)),
                ("a.bias", view(Dtype::F32, vec![3], &bias_bytes)),
                ("c.seen", view(Dtype::U64, vec![2], &seen_bytes)),
            ];
            let metadata = HashMap::from([(DOCUMENT.to_owned(), "\"document\"".to_owned())]);
            assert!(found == serialize(views, Some(metadata)).unwrap(), "{inputs} × {outputs}");

            let file = TensorFile::open(&path).unwrap();
            let read = file.parse().unwrap();
            assert_eq!(read.document::<String>("text").unwrap(), "document");
            assert_eq!(read.matrix("b.weight", inputs, outputs).unwrap(), weights);
            assert_eq!(read.vector("a.bias", 3).unwrap(), bias);
            assert_eq!(read.counts("c.seen", 2).unwrap(), seen);

            let copy = folder.path().join("copy");
            write(&output(&copy), &"document", read.all("").collect()).unwrap();
            assert!(found == fs::read(copy).unwrap(), "a copy is the same bytes");
        }
    }
}
