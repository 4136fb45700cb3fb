//! Fetching well-known public data sets into a cache folder.
//!
//! What is in the cache under a data set's name is whole and checked: files arrive in a folder beside it
//! (`mnist.partial`), where an interrupted download is resumed, and only when all are there and have the
//! right checksum does that folder get the name.

mod download;
mod registry;
mod unpack;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{DataError, files};
use download::Failure;
use registry::{EMNIST_SPLITS, KNOWN, Known, Unpack};

/// How far a download has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file.
    pub file: &'a str,
    /// Bytes of it that are there.
    pub received: u64,
    /// Bytes it has.
    pub total: u64,
}

/// The names of the data sets that can be fetched.
pub fn names() -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.name).collect()
}

/// Fetches a data set, unless it is there already; the folder it is in.
///
/// # Errors
/// If there is no such data set, no mirror delivers it as it must be, or it cannot be written.
pub fn fetch(name: &str, progress: &mut dyn FnMut(Progress)) -> Result<PathBuf, DataError> {
    let known = KNOWN.iter().find(|known| known.name == name).ok_or_else(|| DataError::Unavailable {
        name: name.to_owned(),
        reason: "no such data set".to_owned(),
        hint: format!("the data sets that can be fetched are {}", names().join(", ")),
    })?;
    fetch_into(&cache_folder()?, known, known.mirrors, progress)
}

/// The folder data sets are fetched into: `$TRUEZERO_CACHE`, else `truezero` in the user's cache folder
/// (`$XDG_CACHE_HOME`, else `~/.cache`).
///
/// # Errors
/// If no variable tells one.
pub fn cache_folder() -> Result<PathBuf, DataError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("TRUEZERO_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("truezero")))
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache/truezero")))
        .ok_or_else(|| DataError::Unavailable {
            name: "cache folder".to_owned(),
            reason: "no home folder is known".to_owned(),
            hint: "set TRUEZERO_CACHE to a folder".to_owned(),
        })
}

/// Where the data set of this name has been fetched to; `None` if it is not the name of one.
pub(crate) fn folder(name: &str) -> Option<Result<PathBuf, DataError>> {
    let split = name.strip_prefix("emnist-").filter(|split| EMNIST_SPLITS.contains(split));
    let known = KNOWN.iter().find(|known| known.name == if split.is_some() { "emnist" } else { name })?;
    Some(cache_folder().and_then(|cache| folder_in(&cache, known, split)))
}

fn folder_in(cache: &Path, known: &Known, split: Option<&str>) -> Result<PathBuf, DataError> {
    let unavailable = |reason: &str, hint: String| {
        Err(DataError::Unavailable { name: known.name.to_owned(), reason: reason.to_owned(), hint })
    };
    let folder = cache.join(known.name);
    match split {
        _ if !folder.is_dir() => unavailable("not fetched yet", format!("truezero fetch {}", known.name)),
        Some(split) => Ok(folder.join(split)),
        None if known.unpack == Unpack::Emnist => {
            let names: Vec<String> = EMNIST_SPLITS.iter().map(|split| format!("emnist-{split}")).collect();
            unavailable("several data sets", format!("name one of them: {}", names.join(", ")))
        }
        None => Ok(folder),
    }
}

fn fetch_into(
    cache: &Path,
    known: &Known,
    mirrors: &[impl AsRef<str>],
    progress: &mut dyn FnMut(Progress),
) -> Result<PathBuf, DataError> {
    let folder = cache.join(known.name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let partial = cache.join(format!("{}.partial", known.name));
    fs::create_dir_all(&partial).map_err(DataError::io("create", &partial))?;
    for file in known.files {
        let mut reasons = Vec::new();
        let mut there = false;
        for mirror in mirrors {
            let url = format!("{}{}", mirror.as_ref(), file.name);
            match download::download(&url, file, &partial, progress) {
                Ok(()) => {
                    there = true;
                    break;
                }
                Err(Failure::Mirror(reason)) => reasons.push(format!("{url}: {reason}")),
                Err(Failure::Local(error)) => return Err(error),
            }
        }
        if !there {
            let hint = format!(
                "run it again to resume, or put {} there by other means: {}",
                file.name,
                partial.display()
            );
            let reason = format!("cannot be downloaded ({})", reasons.join("; "));
            return Err(DataError::Unavailable { name: known.name.to_owned(), reason, hint });
        }
    }
    let whole = match known.unpack {
        Unpack::Nothing => partial.clone(),
        Unpack::Cifar | Unpack::Emnist => {
            let unpacked = cache.join(format!("{}.unpacked", known.name));
            // Of an unpacking that was broken off.
            files::remove(&unpacked)?;
            files::claim(&unpacked, "unpacking a data set")?;
            for file in known.files {
                unpack::unpack(&partial.join(file.name), known.unpack, &unpacked)?;
            }
            unpacked
        }
    };
    fs::rename(&whole, &folder).map_err(DataError::io("create", &folder))?;
    if whole != partial {
        // What was downloaded, and nothing that somebody else put there.
        for file in known.files {
            let path = partial.join(file.name);
            fs::remove_file(&path).map_err(DataError::io("remove", &path))?;
        }
        let _ = fs::remove_dir(&partial);
    }
    Ok(folder)
}

#[cfg(test)]
mod tests;
