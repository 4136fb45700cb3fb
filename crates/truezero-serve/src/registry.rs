//! The models that are served, each under its name, and their replacement while requests come.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use truezero_data::quoted;
use truezero_http::Problem;

use crate::error::Error;
use crate::event::{Event, Log};
use crate::limits::Limits;
use crate::servable::Servable;

/// Digits of the checksum that make up a version.
const VERSION_DIGITS: usize = 12;
/// How often a file is read that changes meanwhile.
const ATTEMPTS: usize = 3;
/// Bytes that are read at a time.
const BLOCK: usize = 1 << 16;

/// A file to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// What clients call it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl ModelFile {
    /// From `name=path`, or from a path alone, whose file stem is then the name. What is a file is a path, though it
    /// has that sign in it.
    pub fn parse(text: &str) -> Self {
        if let Some((name, path)) = text.split_once('=')
            && is_name(name)
            && !Path::new(text).is_file()
        {
            return Self { name: name.to_owned(), path: path.into() };
        }
        let path = PathBuf::from(text);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, path }
    }
}

/// Whether a name can stand in a path as it is.
fn is_name(name: &str) -> bool {
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    !name.is_empty() && name.chars().all(usual) && name.chars().any(|c| c != '.')
}

/// All models.
#[derive(Debug)]
pub(crate) struct Registry {
    entries: BTreeMap<String, Entry>,
    limits: Limits,
}

#[derive(Debug)]
struct Entry {
    path: PathBuf,
    serving: RwLock<Arc<Servable>>,
    /// The file as it was when it was last looked at.
    stamp: Mutex<Stamp>,
}

/// What tells that a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    /// Another file of the same name is another one.
    number: u64,
}

impl Registry {
    /// Loads all models.
    pub(crate) fn open(files: &[ModelFile], limits: &Limits) -> Result<Self, Error> {
        let names = |expected, found: &str| Err(Error::Names { expected, found: found.to_owned() });
        let mut entries = BTreeMap::new();
        for ModelFile { name, path } in files {
            if !is_name(name) {
                return names("names of letters, digits, `-`, `_`, `.` and `=`", &format!("{name:?}"));
            }
            let Place::Vacant(place) = entries.entry(name.clone()) else {
                return names("a different name for each", &format!("{name:?} twice"));
            };
            let (servable, stamp) = load(name, path, limits)?;
            let serving = RwLock::new(Arc::new(servable));
            place.insert(Entry { path: path.clone(), serving, stamp: Mutex::new(stamp) });
        }
        if entries.is_empty() {
            return names("at least one", "none");
        }
        Ok(Self { entries, limits: limits.clone() })
    }

    /// A model as it is at present.
    pub(crate) fn get(&self, name: &str, version: Option<&str>) -> Result<Arc<Servable>, Problem> {
        let entry = self.entries.get(name);
        let model =
            entry.ok_or_else(|| Problem::not_found(format!("no model is named {}", quoted(name))))?.serving();
        match version {
            Some(version) if version != model.version => Err(Problem::not_found(format!(
                "model {name:?} is served in version {:?}, not {}",
                model.version,
                quoted(version)
            ))),
            _ => Ok(model),
        }
    }

    /// The one model there is.
    pub(crate) fn only(&self) -> Option<Arc<Servable>> {
        let mut entries = self.entries.values();
        entries.next().filter(|_| entries.next().is_none()).map(Entry::serving)
    }

    /// All models, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Servable>> {
        self.entries.values().map(Entry::serving).collect()
    }

    /// Reads every file anew. One that cannot be used leaves the model as it was.
    pub(crate) fn reload(&self, log: &Log) {
        self.entries.iter().for_each(|(name, entry)| self.reload_one(name, entry, log));
    }

    /// Reads the files anew that have changed, and have not changed any more since the last look.
    pub(crate) fn reload_changed(&self, last: &mut Looks, log: &Log) {
        for (name, entry) in &self.entries {
            // While a file is being replaced there may be none.
            let Ok(now) = stamp(&entry.path) else { continue };
            let before = last.insert(name.clone(), now);
            let known = *entry.stamp.lock().unwrap_or_else(PoisonError::into_inner);
            if now != known && before == Some(now) {
                self.reload_one(name, entry, log);
            }
        }
    }

    fn reload_one(&self, name: &str, entry: &Entry, log: &Log) {
        // Held throughout: two reloads must not overtake each other.
        let mut known = entry.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        let before = stamp(&entry.path);
        match load(name, &entry.path, &self.limits) {
            Ok((servable, stamp)) => {
                *known = stamp;
                let model = name.to_owned();
                let version = servable.version.clone();
                if version == entry.serving().version {
                    log(Event::Unchanged { model, version });
                    return;
                }
                *entry.serving.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(servable);
                log(Event::Reloaded { model, version });
            }
            Err(error) => {
                // Not tried again until it changes again.
                *known = before.unwrap_or(*known);
                log(Event::Kept { model: name.to_owned(), version: entry.serving().version.clone(), error });
            }
        }
    }
}

/// What files were like at the last look.
pub(crate) type Looks = BTreeMap<String, Stamp>;

impl Entry {
    fn serving(&self) -> Arc<Servable> {
        Arc::clone(&self.serving.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Loads a model; the version tells its content.
fn load(name: &str, path: &Path, limits: &Limits) -> Result<(Servable, Stamp), Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    for _ in 0..ATTEMPTS {
        let before = stamp(path).map_err(failed)?;
        let version = checksum(path).map_err(failed)?;
        let servable = Servable::load(name, path, version, limits);
        // Replaced while it was read: the checksum may be that of the other file.
        if stamp(path).map_err(failed)? == before {
            return Ok((servable?, before));
        }
    }
    Err(failed(io::Error::other("it keeps changing while it is read")))
}

fn checksum(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let (mut file, mut block) = (File::open(path)?, vec![0; BLOCK]);
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => hasher.update(&block[..read]),
        }
    }
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
    Ok(hasher.finalize().iter().flat_map(digits).take(VERSION_DIGITS).collect())
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    Ok(Stamp { len: metadata.len(), modified: metadata.modified().ok(), number })
}
