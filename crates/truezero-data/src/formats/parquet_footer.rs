//! What Parquet's metadata and headers of pages announce, checked before the parquet crate acts on it: it follows
//! nested groups by recursion, and takes the memory that a page says it will need.

use std::path::Path;

use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use ::parquet::file::reader::ChunkReader;

use super::record_batches::announces_too_much;
use super::thrift::{Fault, Kind, Walker};
use crate::DataError;
use crate::budget::Budget;

/// Groups of columns may stand in each other so deep.
const MAX_DEPTH: usize = 64;
/// What a file ends with, after the length of the metadata.
const MAGIC: &[u8] = b"PAR1";
/// Length of the length of the metadata and the mark.
const END: u64 = 8;
/// Bytes in which the header of a page is looked for: it is short, unless it holds extreme values.
const HEADERS: [u64; 2] = [1 << 10, 1 << 20];

/// Checks the metadata of a file. What is no Parquet file is left to the parquet crate to tell.
pub(super) fn check(path: &Path, file: &impl ChunkReader) -> Result<(), DataError> {
    let Some(metadata) = metadata(file) else { return Ok(()) };
    let metadata = file.get_bytes(metadata.0, metadata.1);
    let metadata = metadata.map_err(|error| malformed(path, &error.to_string()))?;
    schema(&metadata).map_err(|fault| malformed(path, fault))
}

pub(super) fn malformed(path: &Path, found: &str) -> DataError {
    // Only the first line: some errors of the crate carry a dump of what they choked on.
    DataError::malformed(path, "metadata", "a Parquet file", found.lines().next().unwrap_or_default())
}

/// Where the metadata are, and how many bytes.
fn metadata(file: &impl ChunkReader) -> Option<(u64, usize)> {
    let end = file.len().checked_sub(END)?;
    let mark = file.get_bytes(end, END as usize).ok()?;
    let length = u64::from(u32::from_le_bytes(*mark.first_chunk()?));
    (&mark[4..] == MAGIC).then_some((end.checked_sub(length)?, length as usize))
}

/// Checks that the metadata are well formed, and their schema a tree of no great depth.
fn schema(metadata: &[u8]) -> Result<(), Fault> {
    let mut elements = Vec::new();
    Walker::new(metadata).structure(|walker, number, kind| match (number, kind) {
        // The schema: columns and groups, each group before its children.
        (2, Kind::List) => walker.list(|walker, kind| match kind {
            Kind::Struct => {
                elements.push(children(walker)?);
                Ok(())
            }
            _ => Err("a schema of something else than columns"),
        }),
        _ => walker.skip(kind),
    })?;
    // Children that are still to come, of each group that is open.
    let mut open: Vec<usize> = Vec::new();
    for (at, &children) in elements.iter().enumerate() {
        let children = usize::try_from(children).map_err(|_| "a group of fewer than no columns")?;
        if children > elements.len() - at - 1 {
            return Err("a group of more columns than there are");
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            open.push(children);
            if open.len() > MAX_DEPTH {
                return Err("groups nested too deep");
            }
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    if open.is_empty() { Ok(()) } else { Err("a group of more columns than there are") }
}

/// The number of children of an element of the schema.
fn children(walker: &mut Walker<'_>) -> Result<i64, Fault> {
    let mut children = 0;
    walker.structure(|walker, number, kind| match (number, kind) {
        (5, Kind::Integer) => {
            children = walker.integer()?;
            Ok(())
        }
        _ => walker.skip(kind),
    })?;
    Ok(children)
}

/// What a header of a page says.
#[derive(Debug, Default)]
struct Page {
    /// Bytes of the header.
    header: u64,
    /// Bytes of the page as it is stored.
    stored: u64,
    /// Bytes it expands to.
    expanded: u64,
    /// Values, missing ones included; none in a dictionary.
    values: u64,
}

/// Goes through the pages of some columns, counted as roots of the schema, and checks what they announce against the
/// bytes there are and against what may be made of the file: of all of it, or of one page at a time.
pub(crate) fn check_pages(
    path: &Path,
    file: &impl ChunkReader,
    metadata: &ArrowReaderMetadata,
    columns: &[usize],
    at_once: bool,
    budget: &Budget,
) -> Result<(), DataError> {
    let schema = metadata.parquet_schema();
    let mut values = 0_u64;
    for group in metadata.metadata().row_groups() {
        for (leaf, column) in group.columns().iter().enumerate() {
            if !columns.contains(&schema.get_column_root_idx(leaf)) {
                continue;
            }
            let mut left = u64::try_from(column.num_values()).unwrap_or(0);
            let (mut at, length) = column.byte_range();
            let end = at.saturating_add(length).min(file.len());
            while left > 0 && at < end {
                // What is no header is left to the crate to tell.
                let Some(page) = page(file, at, end) else { break };
                let place = || format!("page at byte {at}");
                if announces_too_much(page.expanded, page.stored) {
                    let expected = "a page that expands to a size in proportion to its own";
                    let found = format!("{} bytes said to expand to {}", page.stored, page.expanded);
                    return Err(DataError::malformed(path, place(), expected, found));
                }
                values = if at_once { values.saturating_add(page.values) } else { page.values };
                budget.fits(values.saturating_mul(size_of::<f64>() as u64), &place())?;
                left = left.saturating_sub(page.values);
                at = at.saturating_add(page.header).saturating_add(page.stored);
            }
        }
    }
    Ok(())
}

/// The header of the page at a position.
fn page(file: &impl ChunkReader, at: u64, end: u64) -> Option<Page> {
    HEADERS.iter().find_map(|&most| {
        let bytes = file.get_bytes(at, most.min(end - at) as usize).ok()?;
        header(&bytes).ok()
    })
}

fn header(bytes: &[u8]) -> Result<Page, Fault> {
    let mut page = Page::default();
    let mut walker = Walker::new(bytes);
    let size = |walker: &mut Walker<'_>| u64::try_from(walker.integer()?).map_err(|_| "a negative size");
    walker.structure(|walker, number, kind| {
        match (number, kind) {
            (2, Kind::Integer) => page.expanded = size(walker)?,
            (3, Kind::Integer) => page.stored = size(walker)?,
            // The headers of data pages of either version.
            (5 | 8, Kind::Struct) => walker.structure(|walker, number, kind| {
                match (number, kind) {
                    (1, Kind::Integer) => page.values = size(walker)?,
                    _ => walker.skip(kind)?,
                }
                Ok(())
            })?,
            _ => walker.skip(kind)?,
        }
        Ok(())
    })?;
    page.header = (bytes.len() - walker.left()) as u64;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata whose schema has elements of so many children.
    fn metadata(children: &[i32]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xfc];
        let varint = |mut number: u32, bytes: &mut Vec<u8>| {
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
        };
        varint(children.len() as u32, &mut bytes);
        for &children in children {
            bytes.extend([0x48, 1, b'a', 0x15]);
            varint(((children << 1) ^ (children >> 31)) as u32, &mut bytes);
            bytes.push(0);
        }
        bytes.extend([0x16, 2, 0x19, 0x0c, 0]);
        bytes
    }

    #[test]
    fn a_schema_is_a_tree_of_no_great_depth() {
        assert_eq!(schema(&metadata(&[2, 0, 1, 0])), Ok(()));
        assert_eq!(schema(&metadata(&[1, 1, 1, 0])), Ok(()));
        assert_eq!(schema(&metadata(&[0])), Ok(()), "no columns");
        let chain = |depth: usize| [vec![1; depth], vec![0]].concat();
        assert_eq!(schema(&metadata(&chain(MAX_DEPTH))), Ok(()));
        assert_eq!(schema(&metadata(&chain(MAX_DEPTH + 1))), Err("groups nested too deep"));
        assert_eq!(schema(&metadata(&chain(200_000))), Err("groups nested too deep"));
        for children in [&[2, 0][..], &[1, i32::MAX, 0], &[2, 2, 0, 0], &[1]] {
            let fault = schema(&metadata(children)).unwrap_err();
            assert_eq!(fault, "a group of more columns than there are", "{children:?}");
        }
        assert_eq!(schema(&metadata(&[1, -1])), Err("a group of fewer than no columns"));
    }
}
