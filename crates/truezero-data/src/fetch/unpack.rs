//! Taking files out of archives: only those that are known by name, each to a place of our choosing,
//! whatever path the archive gives it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use zip::ZipArchive;

use super::registry::{EMNIST_SPLITS, Unpack};
use crate::DataError;
use crate::formats::cifar;

/// No file in these archives is larger when unpacked.
const MAX_FILE: u64 = 1 << 30;

/// Unpacks what is needed of an archive into a folder.
pub(crate) fn unpack(archive: &Path, kind: Unpack, folder: &Path) -> Result<(), DataError> {
    let file = File::open(archive).map_err(DataError::io("open", archive))?;
    let file = BufReader::new(file);
    let taken = match kind {
        Unpack::Nothing => return Ok(()),
        Unpack::Cifar => from_tar(tar::Archive::new(GzDecoder::new(file)), folder),
        Unpack::Emnist => from_zip(file, folder),
    };
    match taken.map_err(DataError::io("unpack", archive))? {
        0 => Err(DataError::malformed(archive, "archive", "the files of the data set", "none of them")),
        _ => Ok(()),
    }
}

/// The batches of CIFAR-10; the number of files.
fn from_tar(mut archive: tar::Archive<impl Read>, folder: &Path) -> io::Result<usize> {
    let mut taken = 0;
    for entry in archive.entries()? {
        let entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if entry.header().entry_type().is_file() && (cifar::TRAIN.contains(&name) || name == cifar::TEST) {
            write(entry, folder, name)?;
            taken += 1;
        }
    }
    Ok(taken)
}

/// The IDX files of EMNIST, each split into its folder; the number of files.
fn from_zip(file: BufReader<File>, folder: &Path) -> io::Result<usize> {
    let mut archive = ZipArchive::new(file)?;
    let mut taken = 0;
    for at in 0..archive.len() {
        let entry = archive.by_index(at)?;
        let path = entry.name()?.into_owned();
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let split = EMNIST_SPLITS.iter().find(|split| name.starts_with(&format!("emnist-{split}-")));
        if let Some(split) = split.filter(|_| name.ends_with("-ubyte.gz")) {
            write(entry, &folder.join(split), name)?;
            taken += 1;
        }
    }
    Ok(taken)
}

fn write(from: impl Read, folder: &Path, name: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = File::create(folder.join(name))?;
    if io::copy(&mut from.take(MAX_FILE), &mut file)? == MAX_FILE {
        let message = format!("{name}: expected less than {MAX_FILE} bytes, found more");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    file.sync_all()
}
