//! The format of a file: by its first bytes, then by its extension, then by the look of its text.

use std::path::Path;

use super::foreign;
use crate::DataError;
use crate::formats::{csv_dialect, idx, npy_header, npz, svmlight};
use crate::read::Input;

/// What a file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A text table with a delimiter; `tsv` means the same, as the delimiter is told by its content.
    #[serde(alias = "tsv")]
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, as a file or a stream.
    Arrow,
    /// `label index:value …`
    #[serde(alias = "libsvm")]
    Svmlight,
    /// One numpy array.
    Npy,
    /// numpy arrays in an archive.
    Npz,
    /// The format of MNIST.
    Idx,
    /// One PNG or JPEG image.
    Image,
}

impl Format {
    /// The names by which formats are chosen.
    pub const NAMES: [&str; 10] =
        ["csv", "tsv", "parquet", "arrow", "svmlight", "libsvm", "npy", "npz", "idx", "image"];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idx => "IDX",
            Self::Npy => "NPY",
            Self::Npz => "NPZ",
            Self::Svmlight => "svmlight",
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
            Self::Image => "an image",
        }
    }

    /// A file of it.
    fn in_words(self) -> &'static str {
        match self {
            Self::Idx => "an IDX file",
            Self::Npy => "an NPY file",
            Self::Npz => "a zip archive, as an NPZ file is",
            Self::Svmlight => "an svmlight file",
            Self::Csv => "text, as a CSV file is",
            Self::Parquet => "a Parquet file",
            Self::Arrow => "an Arrow file",
            Self::Image => "an image",
        }
    }

    /// Whether its columns have names.
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet | Self::Arrow)
    }
}

/// What files are accepted, for error messages.
const ACCEPTED: &str =
    "IDX, .npy, .npz, .svmlight, .libsvm, .svm, .csv, .tsv, .parquet, .arrow, .png or .jpg";
/// Bytes looked at to tell a format.
pub(crate) const START: usize = 1 << 16;

/// What a file seems to be that begins so, with its article: "a CSV file", "a model (a safetensors file)" …; none if that
/// cannot be told.
pub fn what_is(path: &Path, start: &[u8]) -> Option<String> {
    if start.is_empty() {
        return Some("an empty file".to_owned());
    }
    let start = &start[..start.len().min(START)];
    foreign::what(path, start).or_else(|| look(path, start).map(|format| format.in_words().to_owned()))
}

/// The format of what begins so, whatever its name.
pub(crate) fn look(path: &Path, start: &[u8]) -> Option<Format> {
    by_content(start).or_else(|| by_look(path, start))
}

/// Tells the format of a file, gzipped or not.
pub(crate) fn detect(path: &Path) -> Result<Format, DataError> {
    tell(&mut Input::open(path)?)
}

/// As [`detect`], of what is about to be read.
pub(crate) fn tell(input: &mut Input) -> Result<Format, DataError> {
    let start = input.peek(START)?;
    let path = input.path();
    foreign::refuse(path, &start, ACCEPTED)?;
    by_content(&start)
        .or_else(|| by_extension(&extension(path)))
        .or_else(|| by_look(path, &start))
        .ok_or_else(|| {
            const HINT: &str = "--format says what it is, as in --format csv";
            let found = if start.is_empty() {
                "an empty file".to_owned()
            } else {
                let begins = start[..start.len().min(8)].escape_ascii();
                format!("a file that begins with \"{begins}\"\nhint: {HINT}")
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
        _ if start.starts_with(b"\x89PNG\r\n\x1a\n") || start.starts_with(b"\xff\xd8\xff") => {
            Some(Format::Image)
        }
        _ if idx::matches(start) => Some(Format::Idx),
        _ => None,
    }
}

fn by_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "csv" | "tsv" | "tab" => Format::Csv,
        "svmlight" | "libsvm" | "svm" => Format::Svmlight,
        "npy" => Format::Npy,
        "npz" => Format::Npz,
        "parquet" | "parq" | "pq" => Format::Parquet,
        "arrow" | "arrows" | "feather" | "ipc" => Format::Arrow,
        "idx" => Format::Idx,
        "png" | "jpg" | "jpeg" => Format::Image,
        _ => return None,
    })
}

/// Text whose name does not tell, as `a9a`, `iris.data` and `table.txt`.
fn by_look(path: &Path, start: &[u8]) -> Option<Format> {
    if !foreign::is_text(start) {
        return None;
    }
    // The last line may be cut off.
    let whole = match start.iter().rposition(|&byte| byte == b'\n') {
        Some(end) if start.len() == START => &start[..=end],
        _ => start,
    };
    if svmlight::looks_like(whole) {
        Some(Format::Svmlight)
    } else if csv_dialect::looks_like(path, whole) {
        Some(Format::Csv)
    } else {
        None
    }
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
            ("0.png", b"", Some(Format::Image)),
            ("photograph", b"\xff\xd8\xff\xe0", Some(Format::Image)),
            ("csv", b"a,b\n1,2\n", Some(Format::Csv)),
            ("iris.data", b"5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n", Some(Format::Csv)),
            ("t.txt", b"a\tb\n1\t2\n", Some(Format::Csv)),
            ("a9a", b"-1 3:1 11:1\n+1 5:1\n", Some(Format::Svmlight)),
            ("a9a.t", b"-1 3:1 11:1\n+1 5:1\n", Some(Format::Svmlight)),
            ("prose.txt", b"Once upon a time\nthere was, they say, a file\n", None),
            ("a.txt", b"", None),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            assert_eq!(detect(&path).ok(), format, "{name}");
        }
    }

    #[test]
    fn all_names_of_formats_are_understood() {
        for name in Format::NAMES {
            serde_json::from_str::<Format>(&format!("{name:?}")).unwrap();
        }
    }
}
