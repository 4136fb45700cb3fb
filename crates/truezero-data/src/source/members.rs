//! Which files a source consists of: what a writer must leave alone. It asks those who read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::entries::shards;
use super::{EMBEDDED, FILM_SNIPPETS, STDIN, folder, idx_set};
use crate::fetch;
use crate::formats::{cifar, images, norb};

/// The files of a source, whether they are read whole or streamed.
#[derive(Debug, Default)]
pub(crate) struct Members {
    pub(crate) files: Vec<PathBuf>,
    /// Which other files would become some of them.
    pub(crate) joining: Option<Joining>,
}

/// Files that become members by being written.
#[derive(Clone, Debug)]
pub(crate) enum Joining {
    /// Those in a folder.
    Folder(PathBuf),
    /// Those in these folders whose names match.
    Pattern { folders: BTreeSet<PathBuf>, name: Pattern },
}

impl Joining {
    /// Whether a file of this name in this folder becomes a member.
    pub(crate) fn takes(&self, folder: &Path, name: &str) -> bool {
        match self {
            Self::Folder(path) => folder == path && !name.starts_with('.'),
            Self::Pattern { folders, name: pattern } => folders.contains(folder) && pattern.matches(name),
        }
    }

    /// Whether files of this name do that are written into a folder. One that is not there yet may be made within
    /// another one that is.
    pub(crate) fn takes_from(&self, folder: &Path, name: &str) -> bool {
        let there =
            |at: &Path| fs::canonicalize(if at.as_os_str().is_empty() { Path::new(".") } else { at }).ok();
        match self {
            Self::Folder(path) => folder.ancestors().find_map(there).is_some_and(|at| at.starts_with(path)),
            Self::Pattern { .. } => there(folder).is_some_and(|folder| self.takes(&folder, name)),
        }
    }
}

/// The members of what a person names. What cannot be found or read has none; reading it fails.
pub(crate) fn of(data: &str) -> Members {
    let path = Path::new(data);
    if [EMBEDDED, FILM_SNIPPETS, STDIN].contains(&data) {
        return Members::default();
    }
    if let Some(folder) = fetch::folder(data) {
        return folder.map(|folder| of_folder(&folder)).unwrap_or_default();
    }
    if path.is_dir() {
        return of_folder(path);
    }
    if path.exists() {
        return Members { files: vec![path.to_owned()], joining: None };
    }
    let prefixed = folder::find_prefix(path).ok().flatten();
    let prefixed = prefixed.iter().flat_map(idx_set::IdxSet::files).cloned();
    let Members { mut files, joining } = of_pattern(data);
    files.extend(prefixed);
    Members { files, joining }
}

/// Everything that a reader of folders would take. Files that none of them knows are those of a table.
fn of_folder(folder: &Path) -> Members {
    let sets = idx_set::find(folder).unwrap_or_default();
    let mut files: Vec<PathBuf> = sets.values().flat_map(idx_set::IdxSet::files).cloned().collect();
    files.extend(cifar::files(folder));
    files.extend(norb::files(folder));
    files.extend(images::files(folder).unwrap_or_default());
    if !files.is_empty() {
        return Members { files, joining: None };
    }
    let joining = fs::canonicalize(folder).ok().map(Joining::Folder);
    Members { files: shards(folder).unwrap_or_default(), joining }
}

fn of_pattern(pattern: &str) -> Members {
    let name = Path::new(pattern).file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.and_then(|name| Pattern::new(&name).ok());
    let (Some(name), Ok(paths)) = (name, glob::glob(pattern)) else { return Members::default() };
    let files: Vec<PathBuf> = paths.filter_map(Result::ok).collect();
    let parent = |path: &PathBuf| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::canonicalize(folder).ok()
    };
    let folders = files.iter().filter_map(parent).collect();
    Members { files, joining: Some(Joining::Pattern { folders, name }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::entries::name;

    /// The names of the members of what is called so in a folder of these files, and whether `new.csv` would be one.
    fn members(files: &[&str], data: &str) -> (Vec<String>, bool) {
        let place = tempfile::tempdir().unwrap();
        let there = place.path().canonicalize().unwrap().join("d");
        fs::create_dir(&there).unwrap();
        for file in files {
            let path = there.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let members = of(there.parent().unwrap().join(data).to_str().unwrap());
        let mut names: Vec<String> = members.files.iter().map(|path| name(path)).collect();
        names.sort();
        (names, members.joining.is_some_and(|joining| joining.takes(&there, "new.csv")))
    }

    #[test]
    fn members_are_what_the_readers_take() {
        let idx =
            ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz", "notes.txt"];
        let of_idx = ["t10k-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
        for (files, data, expected, joins) in [
            (&["1.csv", "2.csv", "README", ".x.csv"][..], "d", &["1.csv", "2.csv"][..], true),
            (&["1.csv", "2.csv"], "d/*.csv", &["1.csv", "2.csv"], true),
            (&["1.csv", "2.csv"], "d/?.csv", &["1.csv", "2.csv"], false),
            (&["1.csv", "2.csv"], "d/1.csv", &["1.csv"], false),
            (&["train.csv", "test.csv", "other.csv"], "d", &["other.csv", "test.csv", "train.csv"], true),
            (&idx, "d", &of_idx, false),
            (
                &["set-train-images-idx3-ubyte", "other-train-images-idx3-ubyte"],
                "d/set",
                &["set-train-images-idx3-ubyte"],
                false,
            ),
            (&["MNIST/raw/train-images-idx3-ubyte"], "d", &["train-images-idx3-ubyte"], false),
            (&["a/0.png", "b/1.JPG", "model.safetensors"], "d", &["0.png", "1.JPG"], false),
            (&["train/a/0.png", "test/a/1.png"], "d", &["0.png", "1.png"], false),
            (&["0.png", "table.csv"], "d", &["0.png"], false),
            (&["data_batch_1.bin", "test_batch.bin"], "d", &["data_batch_1.bin", "test_batch.bin"], false),
            (&[], "d/nothing", &[], false),
        ] {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(members(files, data), (expected, joins), "{data} of {files:?}");
        }
    }
}
