//! Something to be written, from the check before the work to the file after it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::lock::{Lock, NoLock};
use super::place::{self, Place};
use super::temporary::{remove_leftovers, temporary};
use super::{InputFiles, Kind};
use crate::DataError;

/// A file to be written, once or again and again: it is there as a whole, or stays as it was. Until this is dropped,
/// nobody else gets an output for the same file.
#[derive(Debug)]
pub struct Output {
    /// As it was named.
    path: PathBuf,
    place: Place,
    _lock: Option<Lock>,
}

impl Output {
    /// Checks that a file can be written, and that nothing is lost by it. `force` lets it replace a file of another
    /// kind and one that is read-only, but never one of `inputs`.
    ///
    /// A symbolic link is followed. A device or a pipe is written to as what it is.
    ///
    /// # Errors
    /// What stands in the way: no such folder, one of the inputs, a file that is not of this kind, another process that
    /// is writing the same file.
    pub fn open(path: &Path, kind: Kind<'_>, inputs: &InputFiles, force: bool) -> Result<Self, DataError> {
        let place = Place::of(path)?;
        let Place::File { folder, path: at, exists } = &place else {
            return Ok(Self { path: path.to_owned(), place, _lock: None });
        };
        inputs.protect(path, folder, at, *exists)?;
        let lock = Lock::acquire(folder, at.file_name().unwrap_or_default()).map_err(|no| match no {
            NoLock::Failed(error) => DataError::io("write", path)(error),
            NoLock::Held(Some(holder)) if holder == std::process::id().to_string() => {
                let what = "this process is writing it already, for another output of the same name";
                DataError::io("write", path)(io::Error::new(ErrorKind::ResourceBusy, what))
            }
            NoLock::Held(holder) => {
                let holder = holder.map_or_else(String::new, |process| format!(", process {process}"));
                let what = format!("another run is writing it{holder}");
                DataError::io("write", path)(io::Error::new(ErrorKind::ResourceBusy, what))
            }
        })?;
        remove_leftovers(folder);
        if *exists && !force {
            check_replaced(path, at, kind)?;
        }
        Ok(Self { path: path.to_owned(), place, _lock: Some(lock) })
    }

    /// As [`open`](Self::open), of a call that reads no files.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn new(path: &Path, kind: Kind<'_>) -> Result<Self, DataError> {
        Self::open(path, kind, &InputFiles::default(), false)
    }

    /// The path, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file itself, where a symbolic link leads to.
    pub fn target(&self) -> &Path {
        match &self.place {
            Place::File { path, .. } => path,
            Place::Standard(_) | Place::Stream(_) => &self.path,
        }
    }

    /// Whether a file is there that has any content, which writing would replace.
    pub fn replaces(&self) -> bool {
        self.is_file() && fs::metadata(self.target()).is_ok_and(|there| there.len() > 0)
    }

    /// Whether it is a file, and not a device or a pipe, which holds nothing.
    pub fn is_file(&self) -> bool {
        matches!(self.place, Place::File { .. })
    }

    /// Whether it is the standard output of this process.
    pub fn is_standard_output(&self) -> bool {
        self.place == Place::Standard(1)
    }

    /// Writes the file, or leaves it as it is. It has the mode, and where possible the owner, of the one it replaces.
    ///
    /// # Errors
    /// The system's, or that of `content`.
    pub fn write(&self, content: impl FnOnce(&File) -> io::Result<()>) -> Result<(), DataError> {
        let written = match &self.place {
            Place::File { folder, path, .. } => replace(folder, path, content),
            Place::Standard(number) => place::standard(*number).and_then(|file| heard(content(&file))),
            Place::Stream(path) => place::stream(path).and_then(|file| heard(content(&file))),
        };
        written.map_err(DataError::io("write", &self.path))
    }
}

/// Whether a file that is there may be replaced.
fn check_replaced(named: &Path, at: &Path, kind: Kind<'_>) -> Result<(), DataError> {
    let read_only = fs::metadata(at).is_ok_and(|there| there.permissions().readonly());
    if read_only {
        return Err(DataError::protected(
            named,
            "it is read-only",
            "name another file, or replace it with --force",
        ));
    }
    match kind.may_replace(at) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let reason = format!("what is there is not {}, and would be lost", kind.name);
            Err(DataError::protected(named, reason, "name another file, or replace it with --force"))
        }
        Err(error) => Err(DataError::io("read", named)(error)),
    }
}

/// A reader that has gone away is no failure.
fn heard(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn replace(folder: &Path, path: &Path, content: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let temporary = temporary(folder)?;
    let file = temporary.as_file();
    // Written through the plain file: its errors do not name the temporary path.
    content(file)?;
    if let Ok(there) = fs::metadata(path) {
        take_over(&there, file)?;
    }
    file.sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Gives a file the owner and the mode of another one.
fn take_over(there: &fs::Metadata, file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let here = file.metadata()?;
        if (here.uid(), here.gid()) != (there.uid(), there.gid()) {
            // Only root may give files away; a group can be given by its members.
            let _ = fchown(file, Some(there.uid()), Some(there.gid()));
            let _ = fchown(file, None, Some(there.gid()));
        }
    }
    file.set_permissions(there.permissions())
}

/// Makes a renaming last. Not every file system can say that of a folder.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}
