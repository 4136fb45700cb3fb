//! Small NORB: stereo pairs of 96 × 96 pixels of toys in five classes, in a binary matrix format of its
//! own. Each pair becomes 2 × 32 × 32 values, means of 3 × 3 pixels, as in the rectifier paper.

use std::path::{Path, PathBuf};

use super::element::{Element, Kind};
use super::matrix::{MatrixBuilder, addressable, check_finite};
use crate::read::Input;
use crate::{DataError, Raw, RawTarget, Source};

/// The file names of the training part begin so.
pub const TRAIN: &str = "smallnorb-5x46789x9x18x6x2x96x96-training";
/// The file names of the test part begin so.
pub const TEST: &str = "smallnorb-5x01235x9x18x6x2x96x96-testing";

/// Pixels along each side of the square whose mean is taken.
const BLOCK: usize = 3;
/// The classes, in the order of their labels.
const CLASSES: [&str; 5] = ["animal", "human", "plane", "truck", "car"];
/// The format stores at least this many dimensions, the superfluous ones meaning nothing.
const MIN_STORED_DIMENSIONS: usize = 3;
/// Examples × cameras × height × width.
const MAX_DIMENSIONS: usize = 4;

/// Those of its files that are in a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let parts = [TRAIN, TEST].into_iter();
    let files = parts.flat_map(|part| ["dat", "cat"].map(|what| file(folder, part, what)));
    files.filter(|path| path.exists()).collect()
}

/// Gzipped, if it is not there without.
fn file(folder: &Path, part: &str, what: &str) -> PathBuf {
    let plain = folder.join(format!("{part}-{what}.mat"));
    if plain.exists() { plain } else { folder.join(format!("{part}-{what}.mat.gz")) }
}

/// Reads `…-dat.mat` and `…-cat.mat` of both parts in a folder, gzipped (`.mat.gz`) or not.
///
/// # Errors
/// If a file is missing or violates the format.
pub fn read_folder(folder: &Path) -> Result<Source, DataError> {
    let open = |part: &str, what: &str| Input::open(&file(folder, part, what));
    let part = |part: &str| read(open(part, "dat")?, open(part, "cat")?);
    Ok(Source { test: Some(part(TEST)?), ..Source::from(part(TRAIN)?) })
}

/// Reads pairs of images and their classes.
///
/// # Errors
/// If one violates the format, or they differ in number.
pub fn read(mut images: Input, mut classes: Input) -> Result<Raw, DataError> {
    let (element, shape) = header(&mut images)?;
    let &[examples, cameras, height, width] = &shape[..] else {
        let found = shape.len().to_string();
        return Err(images.malformed("header", "examples × cameras × height × width", found));
    };
    if height == 0 || width == 0 || height % BLOCK != 0 || width % BLOCK != 0 {
        let expected = format!("height and width that are multiples of {BLOCK}");
        return Err(images.malformed("header", expected, format!("{height} × {width}")));
    }
    let pixels = addressable(&images, &[cameras, height, width, element.size()])?;
    let mut matrix =
        MatrixBuilder::new(images.budget(), examples, cameras * (height / BLOCK) * (width / BLOCK))?;
    let (mut bytes, mut stored, mut row) = (Vec::new(), Vec::new(), Vec::new());
    for example in 0..examples {
        images.fill(&mut bytes, pixels as u64, &format!("example {}", example + 1))?;
        stored.clear();
        element.each(&bytes, |value| stored.push(value as f32));
        shrink(&stored, width, &mut row);
        check_finite(&images, example, &row)?;
        matrix.push(&row)?;
    }
    images.end()?;
    let labels = read_classes(&mut classes)?;
    if labels.len() != examples {
        let expected = format!("{examples}, one for each example");
        return Err(classes.malformed("header", expected, labels.len().to_string()));
    }
    Ok(Raw {
        features: matrix.finish(),
        target: Some(RawTarget::Labels(labels)),
        image: None, // two cameras are neither grey nor colour
    })
}

/// Means of blocks of rows of `width` pixels.
fn shrink(pixels: &[f32], width: usize, means: &mut Vec<f32>) {
    means.clear();
    for band in pixels.chunks_exact(BLOCK * width) {
        means.extend((0..width / BLOCK).map(|column| {
            let rows = band.chunks_exact(width).map(|row| &row[column * BLOCK..][..BLOCK]);
            rows.flatten().sum::<f32>() / (BLOCK * BLOCK) as f32
        }));
    }
}

fn read_classes(input: &mut Input) -> Result<Vec<String>, DataError> {
    let (element, shape) = header(input)?;
    let [examples] = shape[..] else {
        return Err(input.malformed("header", "1 dimension: classes", shape.len().to_string()));
    };
    let count = addressable(input, &[examples, element.size()])?;
    let mut bytes = Vec::new();
    input.fill(&mut bytes, count as u64, "classes")?;
    input.end()?;
    let mut labels = Vec::new();
    let mut bad = None;
    element.each(&bytes, |class| match CLASSES.iter().enumerate().find(|(at, _)| *at as f64 == class) {
        Some((_, name)) => labels.push((*name).to_owned()),
        None => bad = bad.or(Some((labels.len(), class))),
    });
    match bad {
        None => Ok(labels),
        Some((at, class)) => {
            Err(input.malformed(format!("class {}", at + 1), "a class below 5", class.to_string()))
        }
    }
}

/// Type and dimensions, all little-endian 32-bit integers.
fn header(input: &mut Input) -> Result<(Element, Vec<usize>), DataError> {
    let mut next = |place: &str| Ok::<_, DataError>(u32::from_le_bytes(input.array(place)?));
    let magic = next("magic number")?;
    let count = next("number of dimensions")? as usize;
    if count == 0 || count > MAX_DIMENSIONS {
        let expected = format!("1 to {MAX_DIMENSIONS}");
        return Err(input.malformed("number of dimensions", expected, count.to_string()));
    }
    let mut shape = Vec::new();
    for at in 1..=count.max(MIN_STORED_DIMENSIONS) {
        shape.push(next(&format!("dimension {at}"))? as usize);
    }
    shape.truncate(count);
    let kind = match magic {
        0x1e3d_4c51 => Kind::F32,
        0x1e3d_4c53 => Kind::F64,
        0x1e3d_4c54 => Kind::I32,
        0x1e3d_4c55 => Kind::U8,
        0x1e3d_4c56 => Kind::I16,
        _ => {
            let expected = "1e3d4c51 or 53 to 56";
            return Err(input.malformed("magic number", expected, format!("{magic:08x}")));
        }
    };
    Ok((Element { kind, big_endian: false }, shape))
}

#[cfg(test)]
mod tests {
    use truezero_sparse::{Batch, DenseBatch};

    use super::*;
    use crate::Features;

    fn file(magic: u32, dimensions: &[u32], body: &[u8]) -> Vec<u8> {
        let mut words = vec![magic, dimensions.len() as u32];
        words.extend(dimensions);
        words.resize(words.len().max(2 + MIN_STORED_DIMENSIONS), 1);
        words.into_iter().flat_map(u32::to_le_bytes).chain(body.iter().copied()).collect()
    }

    fn parse(images: &[u8], classes: &[u8]) -> Result<Raw, DataError> {
        read(Input::from_bytes("dat", images), Input::from_bytes("cat", classes))
    }

    #[test]
    fn blocks_are_averaged() {
        let pixels: Vec<u8> = (0..2 * 3 * 6).map(|at| if at < 18 { at } else { 200 }).collect();
        let images = file(0x1e3d_4c55, &[1, 2, 3, 6], &pixels);
        let raw = parse(&images, &file(0x1e3d_4c54, &[1], &[4, 0, 0, 0])).unwrap();
        assert_eq!(raw.target, Some(RawTarget::Labels(vec!["car".into()])));
        let Features::Matrix(batch) = raw.features else { panic!("expected a matrix") };
        assert_eq!(batch, Batch::Dense(DenseBatch::from_rows(4, &[7.0, 10.0, 200.0, 200.0])));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let one = file(0x1e3d_4c55, &[1, 1, 3, 3], &[1; 9]);
        let error = |images: &[u8], classes: &[u8]| parse(images, classes).unwrap_err().to_string();
        assert_eq!(
            error(&one, &file(0x1e3d_4c54, &[2], &[0; 8])),
            "cat: header: expected 1, one for each example, found 2"
        );
        assert_eq!(
            error(&one, &file(0x1e3d_4c54, &[1], &[5, 0, 0, 0])),
            "cat: class 1: expected a class below 5, found 5"
        );
        assert_eq!(
            error(&file(0x1e3d_4c55, &[1, 1, 3, 4], &[]), &[]),
            "dat: header: expected height and width that are multiples of 3, found 3 × 4"
        );
        assert_eq!(error(&one[..30], &[]), "dat: example 1: expected 9 bytes, found 6 bytes");
        assert_eq!(
            error(&file(7, &[1, 1, 3, 3], &[1; 9]), &[]),
            "dat: magic number: expected 1e3d4c51 or 53 to 56, found 00000007"
        );
    }
}
