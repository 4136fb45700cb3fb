//! A sparse matrix as `scipy.sparse.save_npz` writes it, in its CSR, CSC or COO form, to rows of active
//! values.

use std::io::{Read, Seek};
use std::path::Path;

use truezero_sparse::memory;

use super::csr::{check_offsets, from_entries, tidy};
use super::npy::{read_numbers, read_string, read_vector};
use super::npz::Archive;
use crate::wide::Values;
use crate::{DataError, Raw};

/// Rows a matrix may have beyond the entries it stores. Only COO and CSC can announce rows at no cost.
const MAX_EMPTY_ROWS: usize = 1 << 22;

/// Reads the members `format`, `shape`, `data` and those of the format. Repeated entries are added. The form follows the
/// density, as that of all matrices.
pub(crate) fn read<R: Read + Seek>(archive: &mut Archive<R>) -> Result<Raw, DataError> {
    let format = archive.member("format", read_string)?;
    if !["csr", "csc", "coo"].contains(&format.as_str()) {
        return Err(wrong(archive, "format.npy", "csr, csc or coo", &format));
    }
    let (rows, width) = shape(archive)?;
    let data = archive.member("data", read_numbers)?;
    let (offsets, indices, values) = match format.as_str() {
        "csr" => {
            let offsets = offsets(archive, rows, data.len())?;
            (offsets, indices(archive, "indices", width, data.len())?, data)
        }
        "csc" => {
            let offsets = offsets(archive, width, data.len())?;
            let row_of = indices(archive, "indices", rows, data.len())?;
            let columns = (data.len() * size_of::<u32>()) as u64;
            archive.budget().take(columns, || "indptr.npy".to_owned())?;
            let mut column_of = memory::room(data.len());
            for (column, ends) in offsets.windows(2).enumerate() {
                column_of.resize(column_of.len() + ends[1] - ends[0], column as u32);
            }
            entries(archive, rows, &row_of, &column_of, &data)?
        }
        _ => {
            let row_of = indices(archive, "row", rows, data.len())?;
            let column_of = indices(archive, "col", width, data.len())?;
            entries(archive, rows, &row_of, &column_of, &data)?
        }
    };
    let raw = matrix(archive.path(), width, 0, offsets, indices, values)?;
    Ok(Raw { features: raw.features.by_density(rows), ..raw })
}

/// The number of rows and of columns.
pub(crate) fn shape<R: Read + Seek>(archive: &mut Archive<R>) -> Result<(usize, usize), DataError> {
    let shape = archive.member("shape", |input| read_vector(input, "a size", size))?;
    let &[rows, width] = &shape[..] else {
        return Err(wrong(archive, "shape.npy", "2 dimensions", &shape.len()));
    };
    if u32::try_from(width).is_err() {
        return Err(wrong(archive, "shape.npy", &format!("at most {} columns", u32::MAX), &width));
    }
    Ok((rows, width))
}

/// The rows of a matrix from `first` on, in which entries may be repeated.
pub(crate) fn matrix(
    path: &Path,
    width: usize,
    first: usize,
    mut offsets: Vec<usize>,
    mut indices: Vec<u32>,
    mut values: Values,
) -> Result<Raw, DataError> {
    let infinite = match &mut values {
        Values::Single(values) => {
            tidy(&mut offsets, &mut indices, values);
            values.iter().position(|value| !value.is_finite())
        }
        Values::Double(values) => {
            tidy(&mut offsets, &mut indices, values);
            values.iter().position(|value| !value.is_finite())
        }
    };
    if let Some(at) = infinite {
        let row = first + offsets.partition_point(|&offset| offset <= at);
        let place = format!("row {row}, column {}", indices[at] + 1);
        let expected = "a finite number as the sum of repeated entries";
        return Err(DataError::malformed(path, place, expected, values.get(at).to_string()));
    }
    let features = values.rows(width, offsets, indices).map_err(|error| {
        DataError::malformed(path, "indptr.npy and indices.npy", "compressed rows", error.to_string())
    })?;
    Ok(Raw { features, target: None, image: None })
}

fn wrong<R: Read + Seek>(
    archive: &Archive<R>,
    place: &str,
    expected: &str,
    found: &dyn ToString,
) -> DataError {
    DataError::malformed(archive.path(), place, expected, found.to_string())
}

/// An index below `bound`, if it is one.
pub(crate) fn index(value: f64, bound: usize) -> Option<u32> {
    size(value).filter(|&index| index < bound).and_then(|index| u32::try_from(index).ok())
}

/// A number that counts something, if it is one.
pub(crate) fn size(value: f64) -> Option<usize> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    ((0.0..EXACT).contains(&value) && value.fract() == 0.0).then_some(value as usize)
}

/// The offsets of `count` compressed rows or columns of `total` entries.
fn offsets<R: Read + Seek>(
    archive: &mut Archive<R>,
    count: usize,
    total: usize,
) -> Result<Vec<usize>, DataError> {
    let offsets = archive.member("indptr", |input| read_vector(input, "an offset", size))?;
    if offsets.len().checked_sub(1) != Some(count) {
        let expected = format!("one offset more than the {count} of shape.npy");
        return Err(wrong(archive, "indptr.npy", &expected, &offsets.len()));
    }
    check_offsets(&offsets, total).map_err(|(at, offset)| {
        let place = format!("indptr.npy: element {}", at + 1);
        wrong(archive, &place, &format!("offsets rising from 0 to {total}"), &offset)
    })?;
    Ok(offsets)
}

/// As many indices below `bound` as there are entries.
fn indices<R: Read + Seek>(
    archive: &mut Archive<R>,
    name: &str,
    bound: usize,
    total: usize,
) -> Result<Vec<u32>, DataError> {
    let expected = format!("an index below {bound}");
    let indices = archive.member(name, |input| read_vector(input, &expected, |value| index(value, bound)))?;
    if indices.len() != total {
        let expected = format!("as many elements as data.npy, {total}");
        return Err(wrong(archive, &format!("{name}.npy"), &expected, &indices.len()));
    }
    Ok(indices)
}

type Parts = (Vec<usize>, Vec<u32>, Values);

fn entries<R: Read + Seek>(
    archive: &Archive<R>,
    rows: usize,
    row_of: &[u32],
    column_of: &[u32],
    data: &Values,
) -> Result<Parts, DataError> {
    let most = data.len() + MAX_EMPTY_ROWS;
    if rows > most {
        return Err(wrong(
            archive,
            "shape.npy",
            &format!("at most {most} rows for {} entries", data.len()),
            &rows,
        ));
    }
    // Offsets twice while they are filled, indices and values.
    let bytes = 2 * (rows as u64 + 1) * 8 + data.len() as u64 * 12;
    archive.budget().take(bytes, || "shape.npy".to_owned())?;
    Ok(match data {
        Values::Single(data) => {
            let (offsets, indices, values) = from_entries(rows, row_of, column_of, data);
            (offsets, indices, Values::Single(values))
        }
        Values::Double(data) => {
            let (offsets, indices, values) = from_entries(rows, row_of, column_of, data);
            (offsets, indices, Values::Double(values))
        }
    })
}
