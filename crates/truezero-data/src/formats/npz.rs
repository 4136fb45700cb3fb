//! NPZ, a zip archive of NPY arrays: dense examples by the name of their member, or a sparse matrix as
//! `scipy.sparse.save_npz` writes it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::npy;
use super::npz_sparse;
use crate::budget::Budget;
use crate::read::{BUFFER, Input, tells_broken_data};
use crate::source::part::PartName;
use crate::{DataError, ImageShape, Notice, Notices, Raw, Source};

/// What a zip archive begins with.
pub(crate) const MAGIC: &[u8] = b"PK\x03\x04";
/// Words for examples in the names of arrays, those that are taken first before others.
const EXAMPLES: [&str; 8] = ["x", "data", "images", "image", "features", "inputs", "samples", "arr_0"];
/// Words for targets.
const TARGETS: [&str; 6] = ["y", "labels", "label", "targets", "target", "arr_1"];

/// What the name of an array tells: `x`, `y_train`, `val_images` and the like, in lower or upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Role {
    part: Option<PartName>,
    targets: bool,
    /// The place of its word among all of the kind.
    rank: usize,
}

impl Role {
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let plain = |part: Option<PartName>, word: &str| {
            let rank = |words: &[&str]| words.iter().position(|&known| known == word);
            let examples = rank(&EXAMPLES).map(|rank| Self { part, targets: false, rank });
            examples.or_else(|| rank(&TARGETS).map(|rank| Self { part, targets: true, rank }))
        };
        plain(None, &name).or_else(|| {
            let (first, second) = name.split_once('_')?;
            match (PartName::of(first), PartName::of(second)) {
                (Some(part), None) => plain(Some(part), second),
                (None, Some(part)) => plain(Some(part), first),
                _ => None,
            }
        })
    }
}

/// Reads examples, and targets where the archive has them: arrays `x` and `y`, or `images` and `labels`, and so on. An
/// archive with `x_train` has a training part, a validation part if there is `x_val`, and a test part if there is
/// `x_test`. Without any of these, the first matrix of the archive is it. `image` is what a model takes.
///
/// # Errors
/// If the archive is broken, holds no matrix, or an array violates its format.
pub fn read(path: &Path, image: Option<ImageShape>, notices: &Notices) -> Result<Source, DataError> {
    let file = File::open(path).map_err(DataError::io("open", path))?;
    let size = file.metadata().map_err(DataError::io("read", path))?.len();
    let mut file = BufReader::new(file);
    let start = file.fill_buf().map_err(DataError::io("read", path))?;
    if start.starts_with(MAGIC) {
        read_archive(Archive::new(path, file, size)?, image, notices)
    } else {
        read_gzipped(path, Input::open(path)?, image, notices)
    }
}

/// As [`read`], from bytes; `name` is what errors call them.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(
    name: &str,
    bytes: &[u8],
    image: Option<ImageShape>,
    notices: &Notices,
) -> Result<Source, DataError> {
    let path = Path::new(name);
    if bytes.starts_with(MAGIC) {
        return read_archive(Archive::new(path, Cursor::new(bytes), bytes.len() as u64)?, image, notices);
    }
    read_gzipped(path, Input::from_bytes(name, bytes), image, notices)
}

/// An archive that is gzipped as a whole. It is read from its end, so all of it has to be there.
fn read_gzipped(
    path: &Path,
    mut input: Input,
    image: Option<ImageShape>,
    notices: &Notices,
) -> Result<Source, DataError> {
    let bytes = Cursor::new(input.rest()?);
    read_archive(Archive::within(input.budget().clone(), path, bytes)?, image, notices)
}

fn read_archive(
    mut archive: Archive<impl Read + Seek>,
    image: Option<ImageShape>,
    notices: &Notices,
) -> Result<Source, DataError> {
    let path = archive.path();
    if archive.has("format") {
        let raw = npz_sparse::read(&mut archive)?;
        return Ok(Source::from(raw));
    }
    let names = archive.names();
    let find = |part: Option<PartName>, targets: bool| {
        let roles = names.iter().filter_map(|name| Some((Role::of(name)?, name)));
        let of_kind = roles.filter(|(role, _)| role.part == part && role.targets == targets);
        of_kind.min_by_key(|(role, _)| role.rank).map(|(_, name)| name.clone())
    };
    let parted = find(Some(PartName::Train), false).is_some();
    let mut used: Vec<String> = Vec::new();
    let mut part = |part: Option<PartName>| -> Result<Option<Raw>, DataError> {
        let examples = match find(part, false) {
            None if part.is_none() => archive.first_matrix()?,
            found => found,
        };
        let Some(examples) = examples else { return Ok(None) };
        let mut raw = archive.member(&examples, |input| npy::read_examples(input, image))?;
        used.push(examples);
        if let Some(name) = find(part, true) {
            raw.target = Some(archive.member(&name, npy::read_labels)?);
            used.push(name);
        }
        Ok(Some(raw))
    };
    let source = if parted {
        part(Some(PartName::Train))?.map(Source::from).map(|source| {
            let (validation, test) = (part(Some(PartName::Validation))?, part(Some(PartName::Test))?);
            Ok::<_, DataError>(Source { validation, test, ..source })
        })
    } else {
        part(None)?.map(|raw| Ok(Source::from(raw)))
    };
    let Some(source) = source.transpose()? else {
        let expected = "a matrix, named x, X, data or otherwise";
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(DataError::malformed(path, "archive", expected, found));
    };
    let left_out: Vec<&str> = names.iter().filter(|name| !used.contains(name)).map(String::as_str).collect();
    if !left_out.is_empty() {
        let message = format!("arrays left out: {}", left_out.join(", "));
        let hint = "examples are x, targets y, their parts x_train, x_val and x_test";
        notices.tell(Notice::new(path.display().to_string(), message).hint(hint));
    }
    Ok(source)
}

/// A zip archive of NPY files.
pub(crate) struct Archive<'a, R> {
    path: &'a Path,
    zip: ZipArchive<R>,
    /// What may be made of all of it.
    budget: Arc<Budget>,
}

impl<'a, R: Read + Seek> Archive<'a, R> {
    /// Of a file of so many bytes.
    pub(crate) fn new(path: &'a Path, reader: R, size: u64) -> Result<Self, DataError> {
        Self::within(Arc::new(Budget::new(path, size)), path, reader)
    }

    fn within(budget: Arc<Budget>, path: &'a Path, reader: R) -> Result<Self, DataError> {
        let zip = ZipArchive::new(reader).map_err(|error| broken(path, error))?;
        Ok(Self { path, zip, budget })
    }

    /// What may be made of it.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The archive's path.
    pub(crate) fn path(&self) -> &'a Path {
        self.path
    }

    /// Names of the arrays, in the order of the archive.
    fn names(&self) -> Vec<String> {
        let names = self.zip.file_names_raw().map(String::from_utf8_lossy);
        names.filter_map(|name| name.strip_suffix(".npy").map(ToOwned::to_owned)).collect()
    }

    /// Whether there is an array of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// Reads an array by `read`.
    pub(crate) fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Input) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let name = format!("{name}.npy");
        let called = format!("{}: {name}", self.path.display());
        let member = self.zip.by_name(&name).map_err(|error| match error {
            ZipError::FileNotFound => no_member(self.path, &name),
            error => broken(Path::new(&called), error),
        })?;
        read(Input::named(called, self.budget.clone(), BufReader::new(member)))
    }

    /// Where an array's bytes are in the file.
    pub(crate) fn place(&mut self, name: &str) -> Result<Place, DataError> {
        let name = format!("{name}.npy");
        let index = self.zip.index_for_name(&name).ok_or_else(|| no_member(self.path, &name))?;
        let member = self.zip.by_index_raw(index).map_err(|error| broken(self.path, error))?;
        let stored = match (member.encrypted(), member.compression()) {
            (false, CompressionMethod::Stored) => Some(false),
            (false, CompressionMethod::Deflated) => Some(true),
            _ => None,
        };
        let (Some(deflated), Some(start)) = (stored, member.data_start()) else {
            return Err(DataError::malformed(
                self.path,
                &name,
                "a member that is stored or deflated",
                "another",
            ));
        };
        Ok(Place { name, start, size: member.compressed_size(), deflated, checksum: member.crc32() })
    }

    /// The first array of two dimensions or more that is not named as targets are.
    fn first_matrix(&mut self) -> Result<Option<String>, DataError> {
        for name in self.names() {
            if Role::of(&name).is_none_or(|role| !role.targets)
                && self.member(&name, |mut input| Ok(npy::is_matrix(&mut input)))?
            {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}

/// Where an array's bytes are in an archive's file: more than one array can be read at a time.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    name: String,
    start: u64,
    size: u64,
    deflated: bool,
    checksum: u32,
}

impl Place {
    /// The array in the file at `path`.
    pub(crate) fn open(&self, path: &Path) -> Result<Input<'static>, DataError> {
        let called = format!("{}: {}", path.display(), self.name);
        let mut file = File::open(path).map_err(DataError::io("open", path))?;
        file.seek(SeekFrom::Start(self.start)).map_err(DataError::io("read", path))?;
        let bytes = BufReader::with_capacity(BUFFER, file).take(self.size);
        let checksum = self.checksum;
        Ok(if self.deflated {
            let checked = Checked { reader: DeflateDecoder::new(bytes), sum: Crc::new(), checksum };
            Input::from_reader(&called, BufReader::with_capacity(BUFFER, checked), self.size)
        } else {
            let checked = Checked { reader: bytes, sum: Crc::new(), checksum };
            Input::from_reader(&called, BufReader::with_capacity(BUFFER, checked), self.size)
        })
    }
}

/// Compares a checksum at the end.
struct Checked<R> {
    reader: R,
    sum: Crc,
    checksum: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(bytes)?;
        self.sum.update(&bytes[..read]);
        if read == 0 && !bytes.is_empty() && self.sum.sum() != self.checksum {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "Invalid checksum"));
        }
        Ok(read)
    }
}

fn no_member(path: &Path, name: &str) -> DataError {
    DataError::malformed(path, "archive", format!("a member {name}"), "none")
}

fn broken(path: &Path, error: ZipError) -> DataError {
    match error {
        ZipError::Io(error) if !tells_broken_data(&error) => DataError::io("read", path)(error),
        error => DataError::malformed(path, "archive", "a zip archive of .npy members", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_arrays_tell_what_they_are() {
        let role = |name| Role::of(name).map(|Role { part, targets, .. }| (part, targets));
        for name in ["x_val", "X_val", "val_images", "dev_x", "x_valid", "data_validation"] {
            assert_eq!(role(name), Some((Some(PartName::Validation), false)), "{name}");
        }
        for name in ["y_train", "train_labels", "Y_train", "training_target"] {
            assert_eq!(role(name), Some((Some(PartName::Train), true)), "{name}");
        }
        assert_eq!(role("arr_1"), Some((None, true)));
        assert_eq!(role("images"), Some((None, false)));
        for name in ["weights", "train", "x_y", "x_train_mean"] {
            assert_eq!(role(name), None, "{name}");
        }
    }
}
