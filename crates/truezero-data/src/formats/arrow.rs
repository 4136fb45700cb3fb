//! Arrow IPC: files and streams.
//!
//! A file is a stream between two marks, followed by an index for random access. As everything is read in
//! order, the index is not needed, and what it says cannot mislead.

use std::path::Path;

use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{Buffer as BufferPlace, RecordBatch, root_as_message};
use bytes::Bytes;

use super::record_batches::{broken, catch, table};
use super::table::TableOptions;
use crate::{DataError, Input, Raw};

/// A file begins with these bytes, padded to 8, and ends with them.
const MAGIC: &[u8] = b"ARROW1";
/// Length of the mark at the start.
const START_MARK: usize = 8;
/// Length of what follows the index: its length and the mark.
const END_MARK: usize = 10;
/// A message may begin with these bytes.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// A compressed buffer may announce any size up to this many bytes …
const MAX_BUFFER: u64 = 1 << 28;
/// … or up to this many times its own.
const MAX_EXPANSION: u64 = 1 << 10;

/// Reads an Arrow IPC file or stream.
///
/// # Errors
/// As for [`parquet`](super::parquet::read).
pub fn read(path: &Path, options: &TableOptions) -> Result<Raw, DataError> {
    parse(Input::open(path)?, options)
}

/// As [`read`], from an open file or bytes in memory.
///
/// # Errors
/// As [`read`].
pub fn parse(mut input: Input, options: &TableOptions) -> Result<Raw, DataError> {
    let bytes = input.rest()?;
    let path = input.path();
    catch(path, || {
        let bytes = Bytes::from(bytes);
        let stream = if bytes.starts_with(MAGIC) { stream_of_file(path, &bytes)? } else { bytes };
        let end = check(path, &stream)?;
        let mut decoder = StreamDecoder::new();
        let mut rest: Buffer = stream.slice(..end).into();
        // The schema is known once the first batch is.
        let first = decoder.decode(&mut rest).map_err(|error| broken(path, 0, &error.to_string()))?;
        let Some(schema) = decoder.schema() else {
            return Err(DataError::malformed(path, "start", "an Arrow schema", "none"));
        };
        let others = std::iter::from_fn(|| decoder.decode(&mut rest).transpose());
        table(path, &schema, first.map(Ok).into_iter().chain(others), options, 0, None)
    })
}

/// The stream within a file.
fn stream_of_file(path: &Path, bytes: &Bytes) -> Result<Bytes, DataError> {
    let malformed = |expected: &str, found: &str| DataError::malformed(path, "end", expected, found);
    let end = bytes.len().checked_sub(END_MARK).filter(|&end| end >= START_MARK);
    let Some(end) = end.filter(|_| bytes.ends_with(MAGIC)) else {
        return Err(malformed("the mark ARROW1", "something else"));
    };
    let index = u32::from_le_bytes([bytes[end], bytes[end + 1], bytes[end + 2], bytes[end + 3]]) as usize;
    match end.checked_sub(index).filter(|&end| end >= START_MARK) {
        Some(end) => Ok(bytes.slice(START_MARK..end)),
        None => Err(malformed("an index shorter than the file", &format!("{index} bytes"))),
    }
}

/// Goes through the messages of a stream and checks every size they announce against the bytes there are:
/// the decoder trusts some of them. Returns where the stream ends, its closing mark
/// included.
fn check(path: &Path, stream: &[u8]) -> Result<usize, DataError> {
    let mut at = 0;
    while at < stream.len() {
        let malformed = |expected: &str, found: String| {
            DataError::malformed(path, format!("message at byte {at} of the stream"), expected, found)
        };
        let short = || malformed("a whole message", format!("{} bytes", stream.len() - at));
        let word = |at: usize| stream.get(at..at + 4).and_then(|word| <[u8; 4]>::try_from(word).ok());
        let mut start = at + 4;
        let mut size = word(at).ok_or_else(short)?;
        if size == CONTINUATION {
            size = word(start).ok_or_else(short)?;
            start += 4;
        }
        let size = u32::from_le_bytes(size) as usize;
        if size == 0 {
            return Ok(start);
        }
        let message = stream.get(start..start + size).ok_or_else(short)?;
        let message = root_as_message(message).map_err(|error| {
            malformed("an Arrow message", error.to_string().lines().next().unwrap_or_default().to_owned())
        })?;
        let body = stream.get(start + size..).unwrap_or_default();
        let length = usize::try_from(message.bodyLength()).ok();
        let body = length.and_then(|length| body.get(..length)).ok_or_else(short)?;
        let dictionary = message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data());
        for batch in message.header_as_record_batch().into_iter().chain(dictionary) {
            for place in batch.buffers().into_iter().flatten() {
                check_buffer(batch, place, body).map_err(|found| malformed("buffers within it", found))?;
            }
        }
        at = start + size + body.len();
    }
    Ok(at)
}

/// Checks where a buffer lies within the body of its message, and what size it decompresses to.
fn check_buffer(batch: RecordBatch, place: &BufferPlace, body: &[u8]) -> Result<(), String> {
    let (offset, length) = (place.offset(), place.length());
    let range = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
    let buffer = range.and_then(|(offset, length)| body.get(offset..)?.get(..length));
    let Some(buffer) = buffer else {
        return Err(format!("{length} bytes from {offset} of {}", body.len()));
    };
    if batch.compression().is_none() || buffer.is_empty() {
        return Ok(());
    }
    // -1 says that the buffer is not compressed after all.
    let announced = buffer.first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
    let most = MAX_BUFFER.max(buffer.len() as u64 * MAX_EXPANSION);
    match announced {
        Some(-1) => Ok(()),
        Some(size) if u64::try_from(size).is_ok_and(|size| size <= most) => Ok(()),
        Some(size) => Err(format!("{} bytes said to expand to {size}", buffer.len())),
        None => Err(format!("a compressed one of {} bytes", buffer.len())),
    }
}
