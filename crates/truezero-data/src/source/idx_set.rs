//! The standard IDX files of a folder: which files are images and labels of which part of which data set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::entries::{name, visible};
use super::foreign;
use super::part::PartName;
use crate::formats::idx;
use crate::read::Input;
use crate::{DataError, Raw, Source};

/// Bytes looked at to tell that a file is something else, as an HTML page.
const START: usize = 1 << 10;

/// The files of a data set: images and labels of each part.
#[derive(Debug, Default)]
pub(crate) struct IdxSet([[Option<PathBuf>; 2]; 3]);

impl IdxSet {
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.iter().flatten().flatten()
    }
}

/// The sets of a folder, by what stands before `train` or `test` in the names of their files. Where there are none,
/// those of its folders `raw` and `NAME/raw`, where torchvision keeps them.
pub(crate) fn find(folder: &Path) -> Result<BTreeMap<String, IdxSet>, DataError> {
    let mut sets = BTreeMap::new();
    collect(folder, "", &mut sets)?;
    if !sets.is_empty() {
        return Ok(sets);
    }
    let raw = folder.join("raw");
    if raw.is_dir() {
        collect(&raw, "", &mut sets)?;
    }
    for inner in visible(folder)? {
        let raw = inner.join("raw");
        if raw.is_dir() {
            collect(&raw, &name(&inner), &mut sets)?;
        }
    }
    Ok(sets)
}

fn collect(folder: &Path, set: &str, sets: &mut BTreeMap<String, IdxSet>) -> Result<(), DataError> {
    for path in visible(folder)? {
        let name = name(&path);
        let Some(IdxName { prefix, part, labels }) = idx_name(&name) else { continue };
        // Archives of Kaggle hold folders with the names of the files, beside the files or in their place.
        let Some(path) = inside(path)? else { continue };
        let set = [set, prefix].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("-");
        let file = &mut sets.entry(set).or_default().0[part as usize][usize::from(labels)];
        // The shorter name is the one that is not gzipped: quicker to read.
        let length = |path: &PathBuf| path.as_os_str().len();
        if file.as_ref().is_none_or(|other| length(&path) < length(other)) {
            *file = Some(path);
        }
    }
    Ok(())
}

/// The file that is meant: itself, or the only one in a folder of that name.
fn inside(path: PathBuf) -> Result<Option<PathBuf>, DataError> {
    if !path.is_dir() {
        return Ok(Some(path));
    }
    let mut files = visible(&path)?;
    files.retain(|path| path.is_file());
    Ok(if files.len() == 1 { files.pop() } else { None })
}

/// What a standard name tells.
#[derive(Debug, PartialEq)]
struct IdxName<'a> {
    prefix: &'a str,
    part: PartName,
    labels: bool,
}

/// Understands `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte`,
/// `emnist-letters-test-images-idx3-ubyte.gz` and the like.
fn idx_name(name: &str) -> Option<IdxName<'_>> {
    let name = name.strip_suffix(".gz").unwrap_or(name).strip_suffix("-ubyte")?;
    let name = ["-idx1", ".idx1", "-idx3", ".idx3"].iter().find_map(|end| name.strip_suffix(end))?;
    let (part, what) = name.rsplit_once('-')?;
    let (prefix, part) = part.rsplit_once('-').unwrap_or(("", part));
    let part = PartName::of(part)?;
    let labels = match what {
        "images" => false,
        "labels" => true,
        _ => return None,
    };
    Some(IdxName { prefix, part, labels })
}

/// Reads a set that was found in a folder.
pub(crate) fn read(folder: &Path, IdxSet(files): &IdxSet) -> Result<Source, DataError> {
    let part = |name: PartName| -> Result<Raw, DataError> {
        let [images, labels] = &files[name as usize];
        let missing = |what: &str| {
            let word = ["train", "validation", "t10k"][name as usize];
            DataError::malformed(folder, "folder", format!("{word}-{what}-ubyte"), "none")
        };
        let images = images.as_ref().ok_or_else(|| missing("images-idx3"))?;
        let labels = labels.as_ref().ok_or_else(|| missing("labels-idx1"))?;
        let target = Some(idx::read_labels(open(labels)?)?);
        Ok(Raw { target, ..idx::read_examples(open(images)?)? })
    };
    let further =
        |name: PartName| files[name as usize].iter().any(Option::is_some).then(|| part(name)).transpose();
    Ok(Source {
        validation: further(PartName::Validation)?,
        test: further(PartName::Test)?,
        ..Source::from(part(PartName::Train)?)
    })
}

fn open(path: &Path) -> Result<Input<'static>, DataError> {
    let mut input = Input::open(path)?;
    foreign::refuse(path, &input.peek(START)?, "IDX")?;
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_names_are_understood() {
        let name = |prefix, part, labels| Some(IdxName { prefix, part, labels });
        assert_eq!(idx_name("train-images-idx3-ubyte"), name("", PartName::Train, false));
        assert_eq!(idx_name("t10k-labels.idx1-ubyte.gz"), name("", PartName::Test, true));
        let test = name("emnist-letters", PartName::Test, false);
        assert_eq!(idx_name("emnist-letters-test-images-idx3-ubyte.gz"), test);
        assert_eq!(idx_name("val-images-idx3-ubyte"), name("", PartName::Validation, false));
        assert_eq!(idx_name("train-pictures-idx3-ubyte"), None);
        assert_eq!(idx_name("images-idx3-ubyte"), None);
    }
}
