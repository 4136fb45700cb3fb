//! What a folder holds, without what systems and tools leave in it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::DataError;

/// Names, in lower case, of what is nobody's data: of Windows, macOS, Python, Linux and network drives.
const LEFTOVERS: [&str; 9] = [
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "__macosx",
    "__pycache__",
    "lost+found",
    "@eadir",
];

/// What the names of the event files of TensorBoard begin with, which tell of a training.
const EVENTS: &str = "events.out.tfevents";

/// Names of documents begin so, in lower case.
const DOCUMENTS: [&str; 3] = ["readme", "license", "citation"];

/// Files and folders of a folder, in the order of their names.
pub(crate) fn visible(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = fs::read_dir(folder).map_err(DataError::io("read", folder))?;
    let mut paths = entries
        .map(|entry| Ok(entry.map_err(DataError::io("read", folder))?.path()))
        .collect::<Result<Vec<_>, DataError>>()?;
    paths.retain(|path| is_visible(path));
    paths.sort();
    Ok(paths)
}

/// The files of a folder that may make up a data set, in the order of their names.
pub(crate) fn shards(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(visible(folder)?.into_iter().filter(|path| is_shard(path)).collect())
}

fn is_visible(path: &Path) -> bool {
    let name = name(path).to_lowercase();
    let checksum = path.extension().is_some_and(|extension| extension == "crc");
    let left = name.starts_with(EVENTS) || LEFTOVERS.contains(&name.as_str());
    !name.starts_with('.') && !name.ends_with('~') && !checksum && !left
}

/// Whether a file may be one of those that make up a data set. As for Hadoop, Spark and PyArrow, what begins with an
/// underscore (`_SUCCESS`, `_metadata`) tells of the files beside it and is none of them; nor is a document, as a
/// README.
pub(crate) fn is_shard(path: &Path) -> bool {
    let name = name(path).to_lowercase();
    let document = DOCUMENTS.iter().any(|start| name.starts_with(start))
        || Path::new(&name).extension().is_some_and(|extension| extension == "md");
    is_visible(path) && !name.starts_with('_') && !document && path.is_file()
}

/// The last part of a path, as it is shown.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// "1 file", "3 files".
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_put_there_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "README.txt",
            "b.csv",
            "a.csv",
            ".a.csv.crc",
            "._b.csv",
            ".DS_Store",
            "Thumbs.db",
            "events.out.tfevents.1.host.2.0",
            "x.crc",
            "_SUCCESS",
            "a.csv~",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        for name in ["cat", ".ipynb_checkpoints", "__MACOSX", "_delta_log"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let names: Vec<String> = visible(folder.path()).unwrap().iter().map(|path| name(path)).collect();
        assert_eq!(names, ["README.txt", "_SUCCESS", "_delta_log", "a.csv", "b.csv", "cat"]);
        let shards = visible(folder.path()).unwrap().into_iter().filter(|path| is_shard(path));
        assert_eq!(shards.map(|path| name(&path)).collect::<Vec<_>>(), ["a.csv", "b.csv"]);
    }
}
