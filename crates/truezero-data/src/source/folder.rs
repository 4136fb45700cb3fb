//! A folder of data: the standard IDX files, CIFAR-10, small NORB, images by class or without, or the files of a table.

use std::path::{Path, PathBuf};

use super::entries::{count, is_shard, name, visible};
use super::foreign::CONVERT;
use super::idx_set::{self, IdxSet};
use super::part::PartName;
use super::{SourceSpec, detect, no_columns, read_file};
use crate::formats::images::{self, Images};
use crate::formats::{TableOptions, cifar, norb};
use crate::stream::Stream;
use crate::{DataError, Notice, Source};

/// Reads a folder by what it holds.
pub(crate) fn read(folder: &Path, spec: &SourceSpec) -> Result<Source, DataError> {
    let mut sets = idx_set::find(folder)?;
    match sets.len() {
        0 => {}
        1 => {
            no_columns(spec, "a folder of IDX files")?;
            let (_, set) = sets.pop_first().expect("one set");
            return idx_set::read(folder, &set);
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
        no_columns(spec, "a folder of CIFAR-10")?;
        return cifar::read_folder(folder);
    }
    if ["", ".gz"].iter().any(|end| folder.join(format!("{}-dat.mat{end}", norb::TRAIN)).exists()) {
        no_columns(spec, "a folder of small NORB")?;
        return norb::read_folder(folder);
    }
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        visible(folder)?.into_iter().partition(|path| path.is_dir());
    if let Some(source) = read_images(folder, &folders, spec)? {
        return Ok(source);
    }
    if let Some((number, first)) = images::others(folder)? {
        let found = format!(
            "{} of other formats, such as {}\nhint: save them as PNG or JPEG",
            count(number, "image"),
            first.strip_prefix(folder).unwrap_or(&first).display()
        );
        return Err(DataError::malformed(folder, "folder", "PNG or JPEG images", found));
    }
    let files: Vec<PathBuf> = files.into_iter().filter(|path| is_shard(path)).collect();
    if !files.is_empty() {
        return read_tables(folder, &files, spec);
    }
    if let Some(partition) = folders.iter().find(|path| name(path).contains('=')) {
        let (expected, here) = ("files of one table in the folder itself", folder.to_string_lossy());
        let found = format!(
            "partitions, as {}\nhint: {CONVERT} pandas.read_parquet({here:?}).to_parquet(\"table.parquet\"); the pattern \
             '{}' reads the files without the columns of the partitions",
            name(partition),
            folder.join("**/*.parquet").display()
        );
        return Err(DataError::malformed(folder, "folder", expected, found));
    }
    let expected = "the standard IDX files, CIFAR-10, small NORB, the files of a table, or a folder of images for each class";
    Err(DataError::malformed(folder, "folder", expected, "none of them"))
}

/// Reads class folders, those in the folders of parts if there are such, or images without classes; none if there are
/// no images at all.
fn read_images(folder: &Path, folders: &[PathBuf], spec: &SourceSpec) -> Result<Option<Source>, DataError> {
    let named = |(raw, files): Images| Source { files, ..Source::from(raw) };
    let mut parts: [Option<PathBuf>; 3] = Default::default();
    let mut others = Vec::new();
    for inner in folders {
        // A class may be called so too; then it holds images, not folders.
        let parted = visible(inner)?.iter().any(|path| path.is_dir()) && !images::has_images(inner)?;
        match PartName::of(&name(inner)).filter(|_| parted) {
            Some(part) => {
                if let Some(other) = parts[part as usize].replace(inner.clone()) {
                    let expected = format!("one folder for the {}", part.name());
                    let found = format!("{} and {}", name(&other), name(inner));
                    return Err(DataError::malformed(folder, "folder", expected, found));
                }
            }
            None => others.push(inner),
        }
    }
    let [train, validation, test] = parts;
    if let Some(train) = train {
        no_columns(spec, "a folder of images")?;
        if let [first, ..] = others[..] {
            let message = format!(
                "{} left out, such as {}: no part of the data",
                count(others.len(), "folder"),
                name(first)
            );
            spec.notices.tell(Notice::new(folder.display().to_string(), message));
        }
        let source = named(images::read_folder(&train, spec.image(), &spec.notices)?);
        let part = |folder: Option<PathBuf>| {
            let read = |folder: &Path| images::read_folder(folder, source.train.image, &spec.notices);
            folder.map(|folder| read(&folder).map(|(raw, _)| raw)).transpose()
        };
        return Ok(Some(Source { validation: part(validation)?, test: part(test)?, ..source }));
    }
    for inner in folders {
        if images::has_images(inner)? {
            no_columns(spec, "a folder of images")?;
            return images::read_folder(folder, spec.image(), &spec.notices).map(named).map(Some);
        }
    }
    if images::has_images(folder)? {
        no_columns(spec, "a folder of images")?;
        return images::read_flat(folder, spec.image(), &spec.notices).map(named).map(Some);
    }
    Ok(None)
}

/// Reads the files of a table: each a part, if they are named so, else one after the other.
fn read_tables(folder: &Path, files: &[PathBuf], spec: &SourceSpec) -> Result<Source, DataError> {
    let of = |part: PartName| -> Vec<&PathBuf> {
        files.iter().filter(|path| PartName::of_file(&name(path)) == Some(part)).collect()
    };
    let [train, validation, test] = PartName::ALL.map(of);
    if train.is_empty() || (validation.is_empty() && test.is_empty()) {
        return gathered(spec);
    }
    let left_out = files.len() - train.len() - validation.len() - test.len();
    if left_out > 0 {
        let message = format!("{} left out: their names tell no part of the data", count(left_out, "file"));
        spec.notices.tell(Notice::new(folder.display().to_string(), message));
    }
    let only = |files: &[&PathBuf], part: PartName, numbering| match files {
        [] => Ok(None),
        [file] => {
            let format = spec.format.map_or_else(|| detect(file), Ok)?;
            read_file(file, format, &TableOptions::of(spec), numbering).map(Some)
        }
        [first, second, ..] => {
            let expected = format!("one file for the {}", part.name());
            let found = format!("{}, {} …\nhint: name them, as in 'train-*'", name(first), name(second));
            Err(DataError::malformed(folder, "folder", expected, found))
        }
    };
    let source = only(&train, PartName::Train, spec.numbering)?.expect("one file or more");
    let further = |files: &[&PathBuf], part| {
        only(files, part, source.numbering).map(|source| source.map(|source| source.train))
    };
    Ok(Source {
        validation: further(&validation, PartName::Validation)?,
        test: further(&test, PartName::Test)?,
        ..source
    })
}

/// Reads files of one format, which a folder or a pattern names, one after the other.
pub(crate) fn gathered(spec: &SourceSpec) -> Result<Source, DataError> {
    // The labels of all are put to them by `open`.
    let stream = Stream::open(&SourceSpec { labels: None, ..spec.clone() })?;
    let mut all: Option<Source> = None;
    for piece in stream.pieces() {
        let piece = piece?;
        all = Some(match all {
            None => Source { numbering: stream.numbering(), ..Source::from(piece) },
            Some(source) => {
                let joined = source.train.append(piece).map_err(|error| error.of(&spec.data));
                Source { train: joined?, ..source }
            }
        });
    }
    all.ok_or_else(|| DataError::unsuitable(format!("examples of {}", spec.data), "at least one", "none"))
}

/// The IDX files `NAME-train-images-idx3-ubyte` … if `path` is `FOLDER/NAME`.
pub(crate) fn find_prefix(path: &Path) -> Result<Option<IdxSet>, DataError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(None);
    };
    if !folder.is_dir() {
        return Ok(None);
    }
    Ok(idx_set::find(folder)?.remove(name))
}

/// Reads the IDX files that [`find_prefix`] finds.
pub(crate) fn read_prefix(path: &Path) -> Result<Option<Source>, DataError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    find_prefix(path)?.map(|set| idx_set::read(folder, &set)).transpose()
}
