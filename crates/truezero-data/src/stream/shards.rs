//! Which files a stream is made of.

use std::path::{Path, PathBuf};

use crate::DataError;
use crate::source::{Format, detect};

/// The files that `data` names, and their common format.
pub(super) fn find(data: &str) -> Result<(Format, Vec<PathBuf>), DataError> {
    let path = Path::new(data);
    let none = |reason: &str| DataError::Unavailable {
        name: data.to_owned(),
        reason: reason.to_owned(),
        hint: "give a file, a folder of files, or a pattern as in 'part-*.csv'".to_owned(),
    };
    let mut paths = if path.is_file() {
        vec![path.to_owned()]
    } else if path.is_dir() {
        let entries = path.read_dir().map_err(DataError::io("open", path))?;
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(DataError::io("read", path))?;
        let hidden =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file() && !hidden(path)).collect()
    } else {
        let pattern = glob::glob(data).map_err(|error| none(error.msg))?;
        pattern.filter_map(Result::ok).filter(|path| path.is_file()).collect()
    };
    paths.sort();
    let mut common = None;
    for path in &paths {
        let format = detect(path)?;
        if let Some(common) = common
            && common != format
        {
            let expected = format!("{}, as the files before it", Format::name(common));
            return Err(DataError::malformed(path, "format", expected, format.name()));
        }
        common = Some(format);
    }
    common.map(|format| (format, paths)).ok_or_else(|| none("no such file"))
}
