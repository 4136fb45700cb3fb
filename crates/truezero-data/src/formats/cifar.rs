//! CIFAR-10's binary version: records of a label and 32 × 32 pixels, all of red, then green, then blue.

use std::path::{Path, PathBuf};

use super::matrix::MatrixBuilder;
use crate::read::Input;
use crate::{DataError, ImageShape, Raw, RawTarget, Source};

/// Files of the training part.
pub const TRAIN: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
/// File of the test part.
pub const TEST: &str = "test_batch.bin";

const SIDE: usize = 32;
const PIXELS: usize = SIDE * SIDE;
const CHANNELS: usize = 3;
/// Label and pixels.
const RECORD: usize = 1 + CHANNELS * PIXELS;
/// Records that a file may have; those of the data set have 10,000.
const MAX_RECORDS: usize = 1 << 16;
/// The classes, in the order of their labels, as the file `batches.meta.txt` has them.
const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Those of its files that are in a folder; none if that is not one of this data set.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = TRAIN.iter().chain([&TEST]).map(|name| folder.join(name)).collect();
    files.retain(|path| path.exists());
    if folder.join(TEST).exists() { files } else { Vec::new() }
}

/// Reads the files of [`TRAIN`] and [`TEST`] in a folder.
///
/// # Errors
/// If one is missing or is not a whole number of records with labels of 0 to 9.
pub fn read_folder(folder: &Path) -> Result<Source, DataError> {
    let part = |names: &[&str]| read(names.iter().map(|name| Input::open(&folder.join(name))));
    Ok(Source { test: Some(part(&[TEST])?), ..Source::from(part(&TRAIN)?) })
}

/// Reads the records of several files as one part.
///
/// # Errors
/// As [`read_folder`].
pub fn read<'a>(files: impl IntoIterator<Item = Result<Input<'a>, DataError>>) -> Result<Raw, DataError> {
    let mut records = Vec::new();
    let mut last = None;
    for input in files {
        let mut input = input?;
        let mut bytes = Vec::new();
        input.take_up_to(&mut bytes, (MAX_RECORDS * RECORD + 1) as u64)?;
        let name = || input.path().to_owned();
        if bytes.len() > MAX_RECORDS * RECORD {
            let expected = format!("at most {MAX_RECORDS} records of {RECORD} bytes");
            return Err(DataError::malformed(&name(), "size", expected, "more"));
        }
        if bytes.len() % RECORD != 0 {
            let expected = format!("a multiple of {RECORD} bytes");
            return Err(DataError::malformed(&name(), "size", expected, bytes.len().to_string()));
        }
        let mut labels = bytes.iter().step_by(RECORD);
        if let Some(at) = labels.position(|&label| label as usize >= CLASSES.len()) {
            let found = bytes[at * RECORD].to_string();
            return Err(DataError::malformed(
                &name(),
                format!("record {}", at + 1),
                "a label below 10",
                found,
            ));
        }
        input.budget().reserve(&mut records, bytes.len(), "records")?;
        records.extend(bytes);
        last = Some(input);
    }
    let input = last.unwrap_or_else(|| Input::from_bytes("CIFAR-10", &[]));
    let mut matrix = MatrixBuilder::new(input.budget(), records.len() / RECORD, CHANNELS * PIXELS)?;
    let mut labels = Vec::with_capacity(records.len() / RECORD);
    let mut row = vec![0.0; CHANNELS * PIXELS];
    for record in records.chunks_exact(RECORD) {
        labels.push(CLASSES[record[0] as usize].to_owned());
        for (at, value) in row.iter_mut().enumerate() {
            *value = f32::from(record[1 + at % CHANNELS * PIXELS + at / CHANNELS]);
        }
        matrix.push(&row)?;
    }
    Ok(Raw {
        features: matrix.finish(),
        target: Some(RawTarget::Labels(labels)),
        image: Some(ImageShape { height: SIDE, width: SIDE, channels: CHANNELS }),
    })
}

#[cfg(test)]
mod tests {
    use truezero_sparse::Batch;

    use super::*;
    use crate::Features;

    #[test]
    fn channels_become_innermost() {
        let mut file = vec![3];
        for channel in 1..=3 {
            file.extend((0..PIXELS).map(|pixel| if pixel == 0 { channel * 10 } else { channel }));
        }
        let raw = read([Ok(Input::from_bytes("a", &file)), Ok(Input::from_bytes("b", &file))]).unwrap();
        assert_eq!(raw.target, Some(RawTarget::Labels(vec!["cat".into(), "cat".into()])));
        let Features::Matrix(Batch::Dense(batch)) = raw.features else { panic!("expected a dense batch") };
        assert_eq!(batch.row(1)[..6], [10.0, 20.0, 30.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn broken_files_are_named() {
        let error = |bytes: &[u8]| read([Ok(Input::from_bytes("a", bytes))]).unwrap_err().to_string();
        assert_eq!(error(&[0; 100]), "a: size: expected a multiple of 3073 bytes, found 100");
        assert_eq!(error(&[10; RECORD]), "a: record 1: expected a label below 10, found 10");
    }
}
