//! What a call reads, and must therefore not write.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::identity::Identity;
use crate::{DataError, fetch};

/// Files and folders that are read, known by what they are and not by what they are called.
#[derive(Clone, Debug, Default)]
pub struct InputFiles(Vec<Input>);

#[derive(Clone, Debug)]
struct Input {
    /// As in "it is …": `"the data"`.
    role: &'static str,
    path: PathBuf,
    is: Is,
}

#[derive(Clone, Debug)]
enum Is {
    File(Identity),
    /// A folder, of which every file is read if it is streamed.
    Folder {
        path: PathBuf,
        streamed: bool,
    },
    /// The files of these folders whose names match.
    Pattern {
        folders: BTreeSet<PathBuf>,
        name: Pattern,
    },
}

impl InputFiles {
    /// A file that is read. One that is not there is not protected; reading it fails anyway.
    pub fn file(mut self, role: &'static str, path: &Path) -> Self {
        if let Ok(identity) = Identity::of(path) {
            self.0.push(Input { role, path: path.to_owned(), is: Is::File(identity) });
        }
        self
    }

    /// Data as a person names it: a file, a folder, the name of a data set, `-` for standard input, or, of data that is
    /// `streamed`, a pattern.
    pub fn data(mut self, role: &'static str, data: &str, streamed: bool) -> Self {
        let path = Path::new(data);
        let mut add = |path: &Path, is| self.0.push(Input { role, path: path.to_owned(), is });
        let folder = fetch::folder(data).and_then(Result::ok);
        let folder = folder.or_else(|| path.is_dir().then(|| path.to_owned()));
        if let Some(folder) = folder {
            if let Ok(canonical) = fs::canonicalize(&folder) {
                add(&folder, Is::Folder { path: canonical, streamed });
            }
        } else if let Ok(identity) = Identity::of(path) {
            add(path, Is::File(identity));
        } else if data == "-" {
            if let Some(identity) = Identity::of_standard_input() {
                add(Path::new("standard input"), Is::File(identity));
            }
        } else {
            // The common beginning of the names of IDX files, if it is no pattern.
            let idx = || format!("{}-*-ubyte*", Pattern::escape(data));
            let pattern = if streamed { data.to_owned() } else { idx() };
            self.add_pattern(role, path, &pattern);
        }
        self
    }

    /// These and others.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    fn add_pattern(&mut self, role: &'static str, named: &Path, pattern: &str) {
        let name = Path::new(pattern).file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.and_then(|name| Pattern::new(&name).ok());
        let (Some(name), Ok(paths)) = (name, glob::glob(pattern)) else { return };
        let mut folders = BTreeSet::new();
        for path in paths.filter_map(Result::ok) {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            folders.extend(fs::canonicalize(folder));
            // A link among them is a name of a file somewhere else.
            if let Ok(identity) = Identity::of(&path) {
                self.0.push(Input { role, path, is: Is::File(identity) });
            }
        }
        self.0.push(Input { role, path: named.to_owned(), is: Is::Pattern { folders, name } });
    }

    /// Checks that writing into a folder, files that are called like `example`, changes nothing that is read.
    ///
    /// # Errors
    /// An input that would be changed.
    pub fn protect_from_folder(&self, folder: &Path, example: &str) -> Result<(), DataError> {
        // One that is not there yet may be made within another one that is.
        let there = folder.ancestors().find_map(|at| {
            let at = if at.as_os_str().is_empty() { Path::new(".") } else { at };
            fs::canonicalize(at).ok()
        });
        let there = there.unwrap_or_default();
        let within = |input: &&Input| match &input.is {
            Is::File(_) => false,
            Is::Folder { path, streamed } => *streamed && there.starts_with(path),
            Is::Pattern { folders, name } => {
                fs::canonicalize(folder).is_ok_and(|folder| folders.contains(&folder))
                    && name.matches(example)
            }
        };
        self.0.iter().find(within).map_or(Ok(()), |input| Err(input.refused_beside(folder)))
    }

    /// Checks that writing a file, `at` in `folder`, changes nothing that is read.
    pub(super) fn protect(
        &self,
        named: &Path,
        folder: &Path,
        at: &Path,
        exists: bool,
    ) -> Result<(), DataError> {
        let identity = exists.then(|| Identity::of(at).ok()).flatten();
        let name = at.file_name().unwrap_or_default().to_string_lossy();
        for input in &self.0 {
            match &input.is {
                Is::File(other) if identity.as_ref() == Some(other) => return Err(input.refused(named)),
                Is::Folder { path, streamed: true } if folder == path && !name.starts_with('.') => {
                    return Err(input.refused_beside(named));
                }
                Is::Pattern { folders, name: pattern }
                    if folders.contains(folder) && pattern.matches(&name) =>
                {
                    return Err(input.refused_beside(named));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Input {
    fn refused(&self, named: &Path) -> DataError {
        let reason = if self.path == named {
            format!("it is {}, which would be lost", self.role)
        } else {
            format!("it is the same file as {}, {}, which would be lost", self.path.display(), self.role)
        };
        DataError::protected(named, reason, "name another file")
    }

    fn refused_beside(&self, named: &Path) -> DataError {
        let reason = format!("it would be one of the files of {}, {}", self.path.display(), self.role);
        DataError::protected(named, reason, "name another folder")
    }
}
