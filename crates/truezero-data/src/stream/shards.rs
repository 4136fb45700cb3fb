//! Which files a stream is made of.

use std::path::{Path, PathBuf};

use crate::DataError;
use crate::source::entries::{is_shard, name, shards};
use crate::source::{Format, detect, is_piped};

/// The files that `data` names, and their common format.
pub(super) fn find(data: &str, asked: Option<Format>) -> Result<(Format, Vec<PathBuf>), DataError> {
    let path = Path::new(data);
    if is_piped(data) {
        let (place, expected) = (format!("stream {data:?}"), "files, which can be read more than once");
        let found = "a pipe or standard input\nhint: write it to a file, or leave out --stream";
        return Err(DataError::unsuitable(place, expected, found));
    }
    let none = |reason: &str| DataError::Unavailable {
        name: data.to_owned(),
        reason: reason.to_owned(),
        hint: "give a file, a folder of files, or a pattern as in 'part-*.csv'".to_owned(),
    };
    let mut paths = if path.is_file() {
        vec![path.to_owned()]
    } else if path.is_dir() {
        shards(path)?
    } else {
        let pattern = glob::glob(data).map_err(|error| none(error.msg))?;
        pattern.filter_map(Result::ok).filter(|path| is_shard(path)).collect()
    };
    paths.sort();
    let mut common = None;
    for path in &paths {
        let format = asked.map_or_else(|| detect(path), Ok)?;
        if let Some(common) = common
            && common != format
        {
            let expected = format!("{}, as the files before it", Format::name(common));
            return Err(DataError::malformed(path, "format", expected, format.name()));
        }
        common = Some(format);
    }
    let reason = if path.is_dir() { "no files in this folder" } else { "no such file" };
    common.map(|format| (format, paths)).ok_or_else(|| none(reason))
}

/// The partition that a file is in, by the name of its folder (`year=2020`), as Hive and Spark write them.
pub(super) fn partition(path: &Path) -> Option<String> {
    let folder = name(path.parent()?);
    let (key, _) = folder.split_once('=')?;
    (!key.is_empty()).then_some(folder)
}
