//! What a call reads, and must therefore not write.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::identity::Identity;
use crate::source::STDIN;
use crate::source::members::{self, Joining, Members};
use crate::{DataError, fetch};

/// Files and folders that are read, known by what they are and not by what they are called.
#[derive(Clone, Debug, Default)]
pub struct InputFiles(Vec<Input>);

#[derive(Clone, Debug)]
struct Input {
    /// As in "it is …": `"the data"`.
    role: &'static str,
    path: PathBuf,
    /// Of a file, or of each of those that a folder or a pattern stands for, symbolic links followed.
    identities: HashSet<Identity>,
    /// Of a folder or a pattern: what would be read with it from now on.
    joining: Option<Joining>,
    several: bool,
}

impl InputFiles {
    /// A file that is read. One that is not there is not protected; reading it fails anyway.
    pub fn file(mut self, role: &'static str, path: &Path) -> Self {
        self.0.extend(Identity::of(path).ok().map(|identity| Input::one(role, path, identity)));
        self
    }

    /// Data as a person names it: a file, a folder, a pattern, the common beginning of the names of IDX files, the name of
    /// a data set, or `-` for standard input. However it is read, all its files are protected.
    pub fn data(mut self, role: &'static str, data: &str) -> Self {
        if data == STDIN {
            let identity = Identity::of_standard_input();
            self.0.extend(identity.map(|identity| Input::one(role, Path::new("standard input"), identity)));
            return self;
        }
        let Members { files, joining } = members::of(data);
        let identities = files.iter().filter_map(|path| Identity::of(path).ok()).collect();
        let path = fetch::folder(data).and_then(Result::ok).unwrap_or_else(|| PathBuf::from(data));
        let several = files != [path.clone()];
        self.0.push(Input { role, path, identities, joining, several });
        self
    }

    /// These and others.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Checks that writing into a folder, files that are called like `example`, changes nothing that is read.
    ///
    /// # Errors
    /// An input that would be changed.
    pub fn protect_from_folder(&self, folder: &Path, example: &str) -> Result<(), DataError> {
        let grows = |input: &&Input| {
            input.joining.as_ref().is_some_and(|joining| joining.takes_from(folder, example))
        };
        self.0.iter().find(grows).map_or(Ok(()), |input| Err(input.refused_beside(folder)))
    }

    /// Checks that removing a file removes nothing that is read.
    ///
    /// # Errors
    /// An input that would be lost.
    pub fn protect_file(&self, path: &Path) -> Result<(), DataError> {
        Identity::of(path).map_or(Ok(()), |identity| self.protect_identity(path, &identity))
    }

    fn protect_identity(&self, named: &Path, identity: &Identity) -> Result<(), DataError> {
        let lost = self.0.iter().find(|input| input.identities.contains(identity));
        lost.map_or(Ok(()), |input| Err(input.refused(named)))
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
        if let Some(identity) = identity {
            self.protect_identity(named, &identity)?;
        }
        let name = at.file_name().unwrap_or_default().to_string_lossy();
        let grows =
            |input: &&Input| input.joining.as_ref().is_some_and(|joining| joining.takes(folder, &name));
        self.0.iter().find(grows).map_or(Ok(()), |input| Err(input.refused_beside(named)))
    }
}

impl Input {
    fn one(role: &'static str, path: &Path, identity: Identity) -> Self {
        let identities = HashSet::from([identity]);
        Self { role, path: path.to_owned(), identities, joining: None, several: false }
    }

    fn refused(&self, named: &Path) -> DataError {
        let (path, role) = (self.path.display(), self.role);
        let reason = if self.several {
            format!("it is one of the files of {path}, {role}, which would be lost")
        } else if self.path == named {
            format!("it is {role}, which would be lost")
        } else {
            format!("it is the same file as {path}, {role}, which would be lost")
        };
        DataError::protected(named, reason, "name another file")
    }

    fn refused_beside(&self, named: &Path) -> DataError {
        let reason = format!("it would be one of the files of {}, {}", self.path.display(), self.role);
        DataError::protected(named, reason, "name another folder")
    }
}
