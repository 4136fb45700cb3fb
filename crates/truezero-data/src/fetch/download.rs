//! One file from one address: resumed where it broke off, checked, then given its name.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use ureq::{Agent, Body, http::Response};

use super::Progress;
use super::registry::Remote;
use crate::DataError;
use crate::checksum::sha256;

/// A server that is silent for longer than this is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes between two reports of progress.
const CHUNK: usize = 1 << 16;

/// Why a file is not there.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This address does not deliver it; another may.
    Mirror(String),
    /// It cannot be kept, wherever it comes from.
    Local(DataError),
}

/// Makes sure that `file` is in `folder`, whole and with the right checksum.
pub(crate) fn download(
    url: &str,
    file: &Remote,
    folder: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Failure> {
    let path = folder.join(file.name);
    if path.exists() {
        // Ours is checked before it gets this name, but it may have been put here by hand.
        return match sha256(&path).map_err(Failure::Local)? {
            sum if sum == file.sha256 => Ok(()),
            sum => {
                let expected = format!("sha256 {}", file.sha256);
                Err(Failure::Local(DataError::malformed(&path, "checksum", expected, sum)))
            }
        };
    }
    let part = folder.join(format!("{}.part", file.name));
    let mut have = fs::metadata(&part).map_or(0, |metadata| metadata.len());
    if have < file.bytes {
        have = receive(url, file, &part, have, progress)?;
    }
    let wrong = if have == file.bytes {
        let sum = sha256(&part).map_err(Failure::Local)?;
        (sum != file.sha256).then(|| format!("expected sha256 {}, found {sum}", file.sha256))
    } else {
        Some(format!("expected {} bytes, found more", file.bytes))
    };
    if let Some(wrong) = wrong {
        fs::remove_file(&part).map_err(DataError::io("remove", &part)).map_err(Failure::Local)?;
        return Err(Failure::Mirror(wrong));
    }
    fs::rename(&part, &path).map_err(DataError::io("create", &path)).map_err(Failure::Local)
}

/// Appends to `part`, which has `have` bytes, what is missing; the bytes it has then.
fn receive(
    url: &str,
    file: &Remote,
    part: &Path,
    mut have: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, Failure> {
    let response = request(url, have).map_err(|error| Failure::Mirror(error.to_string()))?;
    let resumed = have > 0 && continues(&response, have);
    if !resumed {
        have = 0;
    }
    let failed = |error| Failure::Local(DataError::io("write", part)(error));
    let mut options = OpenOptions::new();
    let options = if resumed { options.append(true) } else { options.write(true).truncate(true) };
    let mut out = options.create(true).open(part).map_err(failed)?;
    // One byte more than expected is enough to know that the file is another one.
    let mut body = response.into_body().into_reader().take(file.bytes - have + 1);
    let mut chunk = vec![0; CHUNK];
    loop {
        progress(Progress { file: file.name, received: have, total: file.bytes });
        let read = body.read(&mut chunk).map_err(|error| {
            Failure::Mirror(format!("broke off after {have} of {} bytes: {error}", file.bytes))
        })?;
        if read == 0 {
            break;
        }
        out.write_all(&chunk[..read]).map_err(failed)?;
        have += read as u64;
    }
    out.sync_all().map_err(failed)?;
    if have < file.bytes {
        return Err(Failure::Mirror(format!("broke off after {have} of {} bytes", file.bytes)));
    }
    Ok(have)
}

fn request(url: &str, from: u64) -> Result<Response<Body>, ureq::Error> {
    let agent: Agent = Agent::config_builder()
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        // The bytes as they are stored: a .gz file is not to be decompressed on its way.
        .accept_encoding("identity")
        .user_agent(concat!("truezero/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let request = agent.get(url);
    if from == 0 { request.call() } else { request.header("Range", format!("bytes={from}-")).call() }
}

/// Whether the server answered with the bytes from `from` on, and not with all of them.
fn continues(response: &Response<Body>, from: u64) -> bool {
    let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
    response.status() == 206 && range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}
