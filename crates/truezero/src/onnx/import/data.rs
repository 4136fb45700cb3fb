//! How much data of a model is read, and where from: from the model itself, and from files beside it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use truezero_sparse::memory;

use super::super::proto::TensorProto;
use super::refusal::Refusal;

/// Values that constants may be read for, or computed, for each byte of the file: a value in 8 bits may be
/// brought to 32 and then used; a value in 32 bits may be used sixteen times.
const VALUES_OF_A_BYTE: usize = 4;

/// So many may be computed from any file.
const SMALL: usize = 1 << 16;

/// Where the values of tensors come from.
pub(super) struct Data<'a> {
    folder: Option<&'a Path>,
    /// Values that may still be read or computed.
    values: Cell<usize>,
    /// Bytes of each file that no tensor has taken yet: what it holds is read once, however many tensors
    /// point at it.
    left: RefCell<HashMap<PathBuf, u64>>,
}

impl<'a> Data<'a> {
    /// For a model of so many bytes, and the folder it is in.
    pub(super) fn new(bytes: usize, folder: Option<&'a Path>) -> Self {
        let values = bytes.saturating_mul(VALUES_OF_A_BYTE).saturating_add(SMALL);
        Self { folder, values: Cell::new(values), left: RefCell::default() }
    }

    /// Counts the work on so many values. Nodes may share tensors, but not so that a small file makes a
    /// large network.
    pub(super) fn take(&self, place: &str, values: usize) -> Result<(), Refusal> {
        let left = self.values.get().checked_sub(values).ok_or_else(|| {
            let expected = "no more to be computed from constants than the bytes of the file suffice for";
            Refusal::new(place, expected, format!("{values} values after all others"))
        })?;
        self.values.set(left);
        Ok(())
    }

    /// The data of a tensor, which must have so many bytes.
    pub(super) fn read(&self, place: &str, tensor: &TensorProto, bytes: usize) -> Result<Vec<u8>, Refusal> {
        let refuse = |expected: &str, found: String| Refusal::new(place, expected, found);
        let entry = |key: &str| {
            let entry = tensor.external_data.iter().find(|entry| entry.key == key);
            entry.map(|entry| entry.value.as_str())
        };
        let number = |key: &str| match entry(key) {
            None => Ok(None),
            Some(text) => match text.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => {
                    Err(refuse(&format!("a number of bytes as {key} of its data"), format!("{text:?}")))
                }
            },
        };
        let location =
            entry("location").ok_or_else(|| refuse("the file that holds its data", "none".to_owned()))?;
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        if let Some(length) = length.filter(|&length| length != bytes as u64) {
            return Err(refuse(&format!("{bytes} bytes of data, by its shape"), length.to_string()));
        }
        let (path, size) = self.find(place, location)?;
        let end = offset.checked_add(bytes as u64).filter(|&end| end <= size);
        if end.is_none() {
            let expected = format!("{bytes} bytes of data from byte {offset} of {location:?} on");
            return Err(refuse(&expected, format!("a file of {size}")));
        }
        let mut left = self.left.borrow_mut();
        let left = left.entry(path.clone()).or_insert(size);
        *left = left.checked_sub(bytes as u64).ok_or_else(|| {
            refuse(
                &format!("data that no other tensor has taken from {location:?}"),
                "less than that".to_owned(),
            )
        })?;
        let read = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut data = memory::catch(|| memory::room(bytes)).map_err(|_| ErrorKind::OutOfMemory)?;
            file.take(bytes as u64).read_to_end(&mut data)?;
            Ok::<_, std::io::Error>(data)
        };
        match read() {
            Ok(data) if data.len() == bytes => {
                // Each byte beside the model is taken once, and counts like one within.
                let more = bytes.saturating_mul(VALUES_OF_A_BYTE);
                self.values.set(self.values.get().saturating_add(more));
                Ok(data)
            }
            Ok(data) => Err(refuse(&format!("{bytes} bytes in {location:?}"), data.len().to_string())),
            Err(error) => Err(refuse(&format!("a file {location:?} that can be read"), error.to_string())),
        }
    }

    /// The path of a file within the folder, and its size.
    fn find(&self, place: &str, location: &str) -> Result<(PathBuf, u64), Refusal> {
        let inside = "data in a file in the folder of the model";
        let escapes = || Refusal::new(place, inside, format!("a path that leads elsewhere, {location:?}"));
        let Some(folder) = self.folder else {
            let found = format!("the file {location:?}, and no folder to find it in");
            return Err(Refusal::new(place, "data in the model itself", found));
        };
        let relative = Path::new(location);
        let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !relative.components().all(plain) {
            return Err(escapes());
        }
        let unreadable = |error: std::io::Error| {
            Refusal::new(place, inside, format!("{location:?}, which cannot be read: {error}"))
        };
        // A symbolic link may leave the folder, too.
        let folder = folder.canonicalize().map_err(unreadable)?;
        let path = folder.join(relative).canonicalize().map_err(unreadable)?;
        if !path.starts_with(&folder) {
            return Err(escapes());
        }
        let metadata = path.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(Refusal::new(place, inside, format!("{location:?}, which is no file")));
        }
        Ok((path, metadata.len()))
    }
}
