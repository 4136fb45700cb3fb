//! Writing active values as a file that `scipy.sparse.load_npz` reads.

use std::io::{self, BufWriter, Cursor, Write};

use truezero_sparse::ActiveBatch;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::DataError;
use crate::files::{Kind, Output};

/// The member that comes first. With scipy it is another one, so that its files are not taken for ours.
const FIRST: &str = "format";

/// Where the name of the first member stands.
const FIRST_NAME: usize = 30;

/// What [`save_npz`] writes.
pub const CODES: Kind<'static> = Kind {
    name: "a file of codes that truezero wrote",
    is: &|beginning| {
        let name = beginning.get(FIRST_NAME..).unwrap_or_default();
        beginning.starts_with(b"PK\x03\x04") && name.starts_with(FIRST.as_bytes())
    },
};

/// Writes a CSR matrix as a compressed .npz archive; gives its size in bytes.
///
/// # Errors
/// If the file cannot be written.
pub fn save_npz(batch: &ActiveBatch, output: &Output) -> Result<u64, DataError> {
    let mut bytes = 0;
    output.write(|mut file| {
        // Compressed in memory: an archive that meets a full disk complains on standard error by itself.
        let archive = archive(batch)?;
        bytes = archive.len() as u64;
        file.write_all(&archive)
    })?;
    Ok(bytes)
}

/// The bytes of the file.
fn archive(batch: &ActiveBatch) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // scipy wants indices and offsets of one type, 32 bits wherever they suffice.
    let narrow = i32::try_from(batch.width().max(batch.active())).is_ok();
    let integer = if narrow { "<i4" } else { "<i8" };
    let integers = |zip: &mut ZipWriter<_>, name, values: &mut dyn Iterator<Item = usize>, count| {
        array(zip, name, integer, &format!("({count},)"), &mut |out| {
            for value in &mut *values {
                let bytes = (value as u64).to_le_bytes();
                out.write_all(if narrow { &bytes[..4] } else { &bytes })?;
            }
            Ok(())
        })
    };
    let active = batch.active();
    array(&mut zip, FIRST, "|S3", "()", &mut |out| out.write_all(b"csr"))?;
    integers(&mut zip, "indices", &mut batch.indices().iter().map(|&index| index as usize), active)?;
    integers(&mut zip, "indptr", &mut batch.offsets().iter().copied(), batch.offsets().len())?;
    array(&mut zip, "shape", "<i8", "(2,)", &mut |out| {
        out.write_all(&(batch.examples() as u64).to_le_bytes())?;
        out.write_all(&(batch.width() as u64).to_le_bytes())
    })?;
    array(&mut zip, "data", "<f4", &format!("({active},)"), &mut |out| {
        batch.values().iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
    })?;
    Ok(zip.finish()?.into_inner())
}

/// Writes one member: an NPY file of version 1.0.
fn array<W: Write + io::Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    code: &str,
    shape: &str,
    body: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // The header, with magic number and line end, is padded to a multiple of 64 bytes.
    const BEFORE: usize = 10;
    let header = format!("{{'descr': '{code}', 'fortran_order': False, 'shape': {shape}, }}");
    let length = (BEFORE + header.len() + 1).next_multiple_of(64) - BEFORE;
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
    zip.start_file(format!("{name}.npy"), options)?;
    let mut out = BufWriter::new(zip);
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(length as u16).to_le_bytes())?;
    writeln!(out, "{header:<width$}", width = length - 1)?;
    body(&mut out)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use truezero_sparse::Batch;

    use super::super::npz;
    use super::*;
    use crate::Features;
    use crate::Notices;

    #[test]
    fn what_is_written_is_read() {
        let mut batch = ActiveBatch::new(100_000);
        batch.push([(0, 1.5), (99_999, -2.0)]);
        batch.push([]);
        batch.push((0..1000).map(|index| (index * 3, index as f32 + 0.25)));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.npz");
        save_npz(&ActiveBatch::new(1), &Output::new(&path, CODES).unwrap()).unwrap();
        save_npz(&batch, &Output::new(&path, CODES).unwrap()).unwrap();
        let Features::Matrix(read) = npz::read(&path, None, &Notices::default()).unwrap().train.features
        else {
            panic!("expected a matrix")
        };
        assert_eq!(read, Batch::Active(batch));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let path = std::path::Path::new("/no such folder/codes.npz");
        let error = Output::new(path, CODES).unwrap_err();
        assert_eq!(error.to_string(), "cannot write /no such folder/codes.npz");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "there is no folder /no such folder");
    }
}
