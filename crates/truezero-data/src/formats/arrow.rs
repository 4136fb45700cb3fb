//! Arrow IPC: files and streams.
//!
//! A stream is a row of messages. A file has an index at its end that says where they are; what it holds besides them is
//! not looked at, for not every writer puts a stream there.

use std::path::Path;

use arrow_array::RecordBatch as Rows;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, StreamDecoder};
use arrow_ipc::{
    Block, Buffer as BufferPlace, Footer, Message, RecordBatch, root_as_footer, root_as_message,
};
use arrow_schema::{ArrowError, Schema};
use bytes::Bytes;

use super::arrow_integers;
use super::column_types::{PANDAS, choose};
use super::record_batches::{announces_too_much, broken, catch, table};
use super::table::TableOptions;
use crate::budget::Budget;
use crate::{DataError, Input, Raw};

/// A file begins with these bytes, padded to 8, and ends with them.
const MAGIC: &[u8] = b"ARROW1";
/// Length of the mark at the start.
const START_MARK: usize = 8;
/// Length of what follows the index: its length and the mark.
const END_MARK: usize = 10;
/// A message may begin with these bytes.
const CONTINUATION: [u8; 4] = [0xff; 4];

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
pub fn parse(input: Input, options: &TableOptions) -> Result<Raw, DataError> {
    with_batches(input, options, |path, schema, batches, budget| {
        table(path, schema, batches, options, 0, None, budget)
    })
}

/// The batches of a file, with the columns that a table is made of.
pub(crate) type Batches<'a> = &'a mut dyn Iterator<Item = Result<Rows, ArrowError>>;

/// Makes something of the schema and the batches of an open file.
pub(crate) fn with_batches<T>(
    mut input: Input,
    options: &TableOptions,
    make: impl FnOnce(&Path, &Schema, Batches<'_>, &Budget) -> Result<T, DataError>,
) -> Result<T, DataError> {
    // Before all of it is decompressed: a stream does not begin with its end.
    if input.peek(CONTINUATION.len())? == [0; CONTINUATION.len()] {
        return Err(no_schema(input.path()));
    }
    let mut bytes = input.rest()?;
    let (path, budget) = (input.path(), input.budget());
    catch(path, || {
        if bytes.starts_with(MAGIC) {
            let (footer, start) = footer(path, &bytes)?;
            let edits = footer.schema().map(arrow_integers::edits).unwrap_or_default();
            edits.iter().for_each(|edit| edit.apply(&mut bytes, start));
            file(path, &Bytes::from(bytes), options, budget, make)
        } else {
            let message =
                framed(&bytes).and_then(|(start, size)| Some((start, bytes.get(start..)?.get(..size)?)));
            if let Some((start, message)) = message
                && let Ok(message) = root_as_message(message)
            {
                let edits = message.header_as_schema().map(arrow_integers::edits).unwrap_or_default();
                edits.iter().for_each(|edit| edit.apply(&mut bytes, start));
            }
            stream(path, bytes.into(), options, budget, make)
        }
    })
}

fn stream<T>(
    path: &Path,
    bytes: Bytes,
    options: &TableOptions,
    budget: &Budget,
    make: impl FnOnce(&Path, &Schema, Batches<'_>, &Budget) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let end = check_stream(path, &bytes, budget)?;
    let mut decoder = StreamDecoder::new();
    let mut rest: Buffer = bytes.slice(..end).into();
    // The schema is known once the first batch is.
    let first = decoder.decode(&mut rest).map_err(|error| broken(path, 0, &error.to_string()))?;
    let schema = decoder.schema().ok_or_else(|| no_schema(path))?;
    let others = std::iter::from_fn(|| decoder.decode(&mut rest).transpose());
    chosen(path, &schema, first.map(Ok).into_iter().chain(others), options, budget, make)
}

fn file<T>(
    path: &Path,
    bytes: &Bytes,
    options: &TableOptions,
    budget: &Budget,
    make: impl FnOnce(&Path, &Schema, Batches<'_>, &Budget) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let (footer, _) = footer(path, bytes)?;
    let schema = footer.schema().ok_or_else(|| no_schema(path))?;
    let schema = try_fb_to_schema(schema).map_err(|error| broken(path, 0, &error.to_string()))?;
    let mut decoder = FileDecoder::new(schema.clone().into(), footer.version());
    for block in footer.dictionaries().into_iter().flatten() {
        let buffer = block_of(path, bytes, block, budget)?;
        decoder.read_dictionary(block, &buffer).map_err(|error| broken(path, 0, &error.to_string()))?;
    }
    let blocks = footer.recordBatches().into_iter().flatten();
    let buffers: Vec<(&Block, Buffer)> = blocks
        .map(|block| Ok((block, block_of(path, bytes, block, budget)?)))
        .collect::<Result<_, DataError>>()?;
    let batches =
        buffers.iter().filter_map(|(block, buffer)| decoder.read_record_batch(block, buffer).transpose());
    chosen(path, &schema, batches, options, budget, make)
}

/// Makes something of the columns that a table can be made of.
fn chosen<T>(
    path: &Path,
    schema: &Schema,
    batches: impl Iterator<Item = Result<Rows, ArrowError>>,
    options: &TableOptions,
    budget: &Budget,
    make: impl FnOnce(&Path, &Schema, Batches<'_>, &Budget) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let pandas = schema.metadata().get(PANDAS).map(String::as_str);
    let columns = choose(path, schema, pandas, options)?;
    let schema = schema.project(&columns).map_err(|error| broken(path, 0, &error.to_string()))?;
    let mut batches = batches.map(|batch| batch?.project(&columns));
    make(path, &schema, &mut batches, budget)
}

fn no_schema(path: &Path) -> DataError {
    DataError::malformed(path, "start", "an Arrow schema", "none")
}

/// The index of a file, and where its bytes begin.
fn footer<'a>(path: &Path, bytes: &'a [u8]) -> Result<(Footer<'a>, usize), DataError> {
    let malformed = |expected: &str, found: &str| {
        let found = found.lines().next().unwrap_or_default();
        DataError::malformed(path, "end", expected, found)
    };
    let end = bytes.len().checked_sub(END_MARK).filter(|&end| end >= START_MARK);
    let Some(end) = end.filter(|_| bytes.ends_with(MAGIC)) else {
        return Err(malformed("the mark ARROW1", "something else"));
    };
    let index = u32::from_le_bytes([bytes[end], bytes[end + 1], bytes[end + 2], bytes[end + 3]]) as usize;
    let Some(start) = end.checked_sub(index).filter(|&start| start >= START_MARK) else {
        return Err(malformed("an index shorter than the file", &format!("{index} bytes")));
    };
    let footer = root_as_footer(&bytes[start..end])
        .map_err(|error| malformed("an index of Arrow messages", &error.to_string()))?;
    Ok((footer, start))
}

/// The message and its body that a block of the index is about, checked.
fn block_of(path: &Path, bytes: &Bytes, block: &Block, budget: &Budget) -> Result<Buffer, DataError> {
    let at = block.offset();
    let size = |size: i64| usize::try_from(size).ok();
    let range = size(at).zip(size(block.metaDataLength().into())).zip(size(block.bodyLength()));
    let parts = range.and_then(|((at, message), body)| {
        let whole = bytes.get(at..at.checked_add(message)?.checked_add(body)?)?;
        Some((at, whole.split_at(message)))
    });
    let Some((at, (message, body))) = parts else {
        return Err(malformed(path, at, "a whole message", "an end beyond that of the file"));
    };
    let framed = framed(message).and_then(|(start, size)| message.get(start..)?.get(..size));
    let framed = framed.ok_or_else(|| short(path, at as i64, message.len()))?;
    check_message(path, at as i64, framed, body, budget)?;
    Ok(bytes.slice(at..at + message.len() + body.len()).into())
}

fn malformed(path: &Path, at: i64, expected: &str, found: &str) -> DataError {
    let found = found.lines().next().unwrap_or_default();
    DataError::malformed(path, format!("message at byte {at}"), expected, found)
}

fn short(path: &Path, at: i64, left: usize) -> DataError {
    malformed(path, at, "a whole message", &format!("{left} bytes"))
}

/// Where the message at the start of some bytes begins, and how long it is.
fn framed(bytes: &[u8]) -> Option<(usize, usize)> {
    let word = |at: usize| bytes.get(at..)?.first_chunk::<4>().copied();
    let (start, size) = match word(0)? {
        CONTINUATION => (8, word(4)?),
        size => (4, size),
    };
    Some((start, u32::from_le_bytes(size) as usize))
}

/// Goes through the messages of a stream and checks them. Returns where the stream ends, its closing mark included.
fn check_stream(path: &Path, stream: &[u8], budget: &Budget) -> Result<usize, DataError> {
    let mut at = 0;
    while at < stream.len() {
        let left = &stream[at..];
        let short = || short(path, at as i64, left.len());
        let (start, size) = framed(left).ok_or_else(short)?;
        if size == 0 {
            return Ok(at + start);
        }
        let message = left.get(start..).and_then(|left| left.get(..size)).ok_or_else(short)?;
        let length = check_message(path, at as i64, message, &left[start + size..], budget)?;
        at += start + size + length;
    }
    Ok(at)
}

/// Checks every size that a message announces against the bytes there are, of which its body is the first: the decoder
/// trusts some of them. Returns the length of the body.
fn check_message(
    path: &Path,
    at: i64,
    message: &[u8],
    body: &[u8],
    budget: &Budget,
) -> Result<usize, DataError> {
    let message: Message<'_> = root_as_message(message)
        .map_err(|error| malformed(path, at, "an Arrow message", &error.to_string()))?;
    let length = usize::try_from(message.bodyLength()).ok();
    let body = length.and_then(|length| body.get(..length)).ok_or_else(|| short(path, at, body.len()))?;
    let dictionary = message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data());
    for batch in message.header_as_record_batch().into_iter().chain(dictionary) {
        for place in batch.buffers().into_iter().flatten() {
            let expanded = check_buffer(batch, place, body)
                .map_err(|found| malformed(path, at, "buffers within it", &found))?;
            budget.take(expanded, || format!("message at byte {at}"))?;
        }
    }
    Ok(body.len())
}

/// Checks where a buffer lies within the body of its message, and what size it expands to: that is returned.
fn check_buffer(batch: RecordBatch, place: &BufferPlace, body: &[u8]) -> Result<u64, String> {
    let (offset, length) = (place.offset(), place.length());
    let range = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
    let buffer = range.and_then(|(offset, length)| body.get(offset..)?.get(..length));
    let Some(buffer) = buffer else {
        return Err(format!("{length} bytes from {offset} of {}", body.len()));
    };
    if batch.compression().is_none() || buffer.is_empty() {
        return Ok(0);
    }
    // -1 says that the buffer is not compressed after all.
    let announced = buffer.first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
    match announced.map(u64::try_from) {
        Some(Ok(size)) if !announces_too_much(size, buffer.len() as u64) => Ok(size),
        Some(Err(_)) if announced == Some(-1) => Ok(0),
        Some(_) => Err(format!("{} bytes said to expand to {}", buffer.len(), announced.unwrap_or_default())),
        None => Err(format!("a compressed one of {} bytes", buffer.len())),
    }
}
