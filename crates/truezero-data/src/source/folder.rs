//! A folder of data: the standard IDX files, CIFAR-10, small NORB, or images by class.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::formats::{cifar, idx, images, norb};
use crate::read::Input;
use crate::{DataError, Raw, Source};

/// Reads a folder by what it holds.
pub(crate) fn read(folder: &Path) -> Result<Source, DataError> {
    let mut sets = idx_sets(folder)?;
    match sets.len() {
        0 => {}
        1 => {
            let (_, set) = sets.pop_first().expect("one set");
            return read_idx(folder, &set);
        }
        _ => {
            let names: Vec<String> = sets.into_keys().collect();
            return Err(DataError::Unavailable {
                name: folder.display().to_string(),
                reason: format!("{} data sets in one folder", names.len()),
                hint: format!(
                    "name one of them, as {}: {}",
                    folder.join(&names[0]).display(),
                    names.join(", ")
                ),
            });
        }
    }
    if folder.join(cifar::TEST).exists() {
        return cifar::read_folder(folder);
    }
    if ["", ".gz"].iter().any(|end| folder.join(format!("{}-dat.mat{end}", norb::TRAIN)).exists()) {
        return norb::read_folder(folder);
    }
    if !has_folders(folder)? {
        let expected = "the standard IDX files, CIFAR-10, small NORB, or a folder of images for each class";
        return Err(DataError::malformed(folder, "folder", expected, "none of them"));
    }
    read_images(folder)
}

fn has_folders(folder: &Path) -> Result<bool, DataError> {
    let mut entries = fs::read_dir(folder).map_err(DataError::io("read", folder))?;
    Ok(entries.any(|entry| entry.is_ok_and(|entry| entry.path().is_dir())))
}

/// Reads class folders, or those in `train`, `validation` and `test` if there are such.
fn read_images(folder: &Path) -> Result<Source, DataError> {
    let part = |name: &str| -> Result<Option<Raw>, DataError> {
        let folder = folder.join(name);
        // A class may be called so too; then it holds images, not folders.
        let parted = folder.is_dir() && has_folders(&folder)?;
        if parted { images::read_folder(&folder).map(Some) } else { Ok(None) }
    };
    Ok(match part("train")? {
        Some(train) => Source { validation: part("validation")?, test: part("test")?, ..Source::from(train) },
        None => images::read_folder(folder)?.into(),
    })
}

/// Reads the IDX files `NAME-train-images-idx3-ubyte` … if `path` is `FOLDER/NAME`.
pub(crate) fn read_prefix(path: &Path) -> Result<Option<Source>, DataError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(None);
    };
    if !folder.is_dir() {
        return Ok(None);
    }
    let set = idx_sets(folder)?.remove(name);
    set.map(|set| read_idx(folder, &set)).transpose()
}

/// The files of a data set: images and labels of the parts.
#[derive(Debug, Default)]
struct IdxSet {
    train: [Option<PathBuf>; 2],
    test: [Option<PathBuf>; 2],
}

/// The standard IDX files of a folder, by what stands before `train` or `test` in their names.
fn idx_sets(folder: &Path) -> Result<BTreeMap<String, IdxSet>, DataError> {
    let mut sets: BTreeMap<String, IdxSet> = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(DataError::io("read", folder))? {
        let path = entry.map_err(DataError::io("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(IdxName { prefix, test, labels }) = idx_name(&name) else { continue };
        let set = sets.entry(prefix.to_owned()).or_default();
        let part = if test { &mut set.test } else { &mut set.train };
        let file = &mut part[usize::from(labels)];
        // The shorter name is the one that is not gzipped: quicker to read.
        if file.as_ref().is_none_or(|other| path.as_os_str().len() < other.as_os_str().len()) {
            *file = Some(path);
        }
    }
    Ok(sets)
}

/// What a standard name tells.
#[derive(Debug, PartialEq)]
struct IdxName<'a> {
    prefix: &'a str,
    test: bool,
    labels: bool,
}

/// Understands `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte`,
/// `emnist-letters-test-images-idx3-ubyte.gz` and the like.
fn idx_name(name: &str) -> Option<IdxName<'_>> {
    let name = name.strip_suffix(".gz").unwrap_or(name).strip_suffix("-ubyte")?;
    let name = ["-idx1", ".idx1", "-idx3", ".idx3"].iter().find_map(|end| name.strip_suffix(end))?;
    let (part, what) = name.rsplit_once('-')?;
    let (prefix, part) = part.rsplit_once('-').unwrap_or(("", part));
    let test = match part {
        "train" => false,
        "t10k" | "test" => true,
        _ => return None,
    };
    let labels = match what {
        "images" => false,
        "labels" => true,
        _ => return None,
    };
    Some(IdxName { prefix, test, labels })
}

fn read_idx(folder: &Path, set: &IdxSet) -> Result<Source, DataError> {
    let part = |[images, labels]: &[Option<PathBuf>; 2], name: &str| -> Result<Raw, DataError> {
        let missing =
            |what: &str| DataError::malformed(folder, "folder", format!("{name}-{what}-ubyte"), "none");
        let images = images.as_ref().ok_or_else(|| missing("images-idx3"))?;
        let labels = labels.as_ref().ok_or_else(|| missing("labels-idx1"))?;
        let target = Some(idx::read_labels(Input::open(labels)?)?);
        Ok(Raw { target, ..idx::read_examples(Input::open(images)?)? })
    };
    let train = part(&set.train, "train")?;
    let test = if set.test.iter().any(Option::is_some) { Some(part(&set.test, "t10k")?) } else { None };
    Ok(Source { test, ..Source::from(train) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_names_are_understood() {
        let name = |prefix, test, labels| Some(IdxName { prefix, test, labels });
        assert_eq!(idx_name("train-images-idx3-ubyte"), name("", false, false));
        assert_eq!(idx_name("t10k-labels.idx1-ubyte.gz"), name("", true, true));
        assert_eq!(idx_name("emnist-letters-test-images-idx3-ubyte.gz"), name("emnist-letters", true, false));
        assert_eq!(idx_name("train-pictures-idx3-ubyte"), None);
        assert_eq!(idx_name("images-idx3-ubyte"), None);
    }
}
