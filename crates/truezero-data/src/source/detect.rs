//! The format of a file: by its first bytes, then by its extension.

use std::path::Path;

use crate::DataError;
use crate::formats::{idx, npy_header, npz};
use crate::read::Input;

/// What a file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Idx,
    Npy,
    Npz,
    Svmlight,
    Csv,
    Parquet,
    Arrow,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idx => "IDX",
            Self::Npy => "NPY",
            Self::Npz => "NPZ",
            Self::Svmlight => "svmlight",
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
        }
    }
}

/// What files are accepted, for error messages.
const ACCEPTED: &str = "IDX, .npy, .npz, .svmlight, .libsvm, .svm, .csv, .tsv, .parquet or .arrow";

/// Tells the format of a file, gzipped or not.
pub(crate) fn detect(path: &Path) -> Result<Format, DataError> {
    let start = Input::open(path)?.peek(8)?;
    let extension = extension(path);
    by_content(&start).or_else(|| by_extension(&extension)).ok_or_else(|| {
        let found = if start.is_empty() {
            "an empty file".to_owned()
        } else {
            format!("a file that begins with \"{}\"", start.escape_ascii())
        };
        DataError::malformed(path, "format", ACCEPTED, found)
    })
}

fn by_content(start: &[u8]) -> Option<Format> {
    match start {
        _ if start.starts_with(npz::MAGIC) => Some(Format::Npz),
        _ if start.starts_with(npy_header::MAGIC) => Some(Format::Npy),
        _ if start.starts_with(b"PAR1") => Some(Format::Parquet),
        // The file format, and the stream format's continuation mark.
        _ if start.starts_with(b"ARROW1") || start.starts_with(&[0xff; 4]) => Some(Format::Arrow),
        _ if idx::matches(start) => Some(Format::Idx),
        _ => None,
    }
}

fn by_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "csv" | "tsv" => Format::Csv,
        "svmlight" | "libsvm" | "svm" => Format::Svmlight,
        "npy" => Format::Npy,
        "npz" => Format::Npz,
        "parquet" => Format::Parquet,
        "arrow" | "feather" | "ipc" => Format::Arrow,
        "idx" => Format::Idx,
        _ => return None,
    })
}

/// The extension in lower case, that before `.gz` if there is one.
fn extension(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').map_or("", |(_, extension)| extension).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_goes_before_the_name() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content, format) in [
            ("a.csv", &b"\x93NUMPY\x01\0"[..], Some(Format::Npy)),
            ("a.npy", b"PK\x03\x04", Some(Format::Npz)),
            ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0\0\0", Some(Format::Idx)),
            ("a.bin", b"PAR1", Some(Format::Parquet)),
            ("a.bin", b"ARROW1\0\0", Some(Format::Arrow)),
            ("a.TSV.gz", b"a\tb\n", Some(Format::Csv)),
            ("a.b.libsvm", b"", Some(Format::Svmlight)),
            ("a.npy", b"x", Some(Format::Npy)),
            ("csv", b"a,b\n", None),
            ("a.txt", b"", None),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            assert_eq!(detect(&path).ok(), format, "{name}");
        }
    }
}
