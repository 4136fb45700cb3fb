//! Files written by numpy and scipy (tests/fixtures/make.py) are read for what they are.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use truezero_data::files::Output;
use truezero_data::formats::save_npz::{CODES, save_npz};
use truezero_data::formats::{idx, npy, npz, svmlight};
use truezero_data::stream::Stream;
use truezero_data::{Features, ImageShape, Input, Notices, Raw, RawTarget, SourceSpec, open};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn matrix(raw: Raw) -> Batch {
    match raw.features {
        Features::Matrix(batch) => batch,
        other => panic!("expected a matrix of 32-bit numbers, found {other:?}"),
    }
}

/// As [`matrix`], whatever its form.
fn sparse(raw: Raw) -> Batch {
    matrix(raw).into_active()
}

fn read_npy(name: &str) -> Result<Raw, String> {
    npy::read_examples(Input::open(&fixture(name)).unwrap(), None).map_err(|error| error.to_string())
}

fn read_labels(name: &str) -> Result<RawTarget, String> {
    npy::read_labels(Input::open(&fixture(name)).unwrap()).map_err(|error| error.to_string())
}

#[test]
fn all_forms_of_a_sparse_matrix_are_the_same() {
    let mut expected = ActiveBatch::new(5);
    expected.push([(0, 2.0), (4, 0.5)]);
    expected.push([]);
    expected.push([(1, 2.0), (3, 8.0)]);
    for name in ["coo_f64.npz", "csr_f64.npz", "csr_f32_stored.npz", "csc_f64.npz"] {
        let read = npz::read(&fixture(name), None, &Notices::default()).unwrap().train;
        assert_eq!(sparse(read), Batch::Active(expected.clone()), "{name}");
    }
    expected.retain(|_, _, value| {
        *value *= 2.0;
        true
    });
    assert_eq!(
        sparse(npz::read(&fixture("csr_i64.npz"), None, &Notices::default()).unwrap().train),
        Batch::Active(expected)
    );
}

#[test]
fn sparse_matrices_are_tidied() {
    let mut expected = ActiveBatch::new(4);
    expected.push([(0, 2.0), (3, 4.0)]);
    assert_eq!(
        sparse(npz::read(&fixture("csr_unsorted.npz"), None, &Notices::default()).unwrap().train),
        Batch::Active(expected)
    );
    let mut expected = ActiveBatch::new(2);
    expected.push([(1, 1.0)]);
    expected.push([(0, 2.0)]);
    assert_eq!(
        sparse(npz::read(&fixture("csr_array_u8.npz"), None, &Notices::default()).unwrap().train),
        Batch::Active(expected)
    );
    let error = npz::read(&fixture("bsr.npz"), None, &Notices::default()).unwrap_err().to_string();
    assert!(error.ends_with("bsr.npz: format.npy: expected csr, csc or coo, found bsr"), "{error}");
}

#[test]
fn every_kind_of_number_is_read() {
    let expected = Batch::Dense(DenseBatch::from_rows(3, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    let kinds = ["f4", "f8", "f8_big", "i2", "u8", "i4_big", "i1", "u1"];
    for name in kinds.map(|kind| format!("dense_{kind}.npy")).into_iter().chain(["fortran.npy".to_owned()]) {
        assert_eq!(matrix(read_npy(&name).unwrap()), expected, "{name}");
    }
    let bools = Batch::Dense(DenseBatch::from_rows(3, &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]));
    assert_eq!(matrix(read_npy("dense_bool.npy").unwrap()), bools);
    let large = read_npy("large.npy").unwrap();
    assert!(matches!(large.features, Features::Wide(_)), "1e300 needs 64 bits");
    let images = read_npy("images.npy").unwrap();
    assert_eq!(images.image, Some(ImageShape { height: 2, width: 2, channels: 1 }));
}

#[test]
fn labels_are_numbers_or_words() {
    assert_eq!(read_labels("vector.npy").unwrap(), RawTarget::Numbers(vec![1.0, 2.5].into()));
    assert_eq!(read_labels("text.npy").unwrap(), RawTarget::Labels(vec!["a".into(), "élan".into()]));
    assert_eq!(read_labels("bytes.npy").unwrap(), RawTarget::Labels(vec!["one".into(), "three".into()]));
    let values = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let rows = RawTarget::Rows { width: 3, values, names: Vec::new() };
    assert_eq!(read_labels("fortran_labels.npy").unwrap(), rows);
    assert_eq!(read_labels("dense_u1.npy").unwrap(), rows);
}

#[test]
fn unfit_arrays_are_named() {
    for (name, message) in [
        ("nan.npy", "row 2, column 2: expected a finite number, found NaN"),
        ("text.npy", "header: expected an array of numbers, found strings"),
        (
            "vector.npy",
            "header: expected an array of 2 dimensions or more, examples × columns, found shape (2)\nhint: x.reshape(-1, 1) makes a column of it",
        ),
        (
            "objects.npy",
            "header: expected integers, floats of 2, 4 or 8 bytes, bool or strings, found Python objects (|O)\nhint: \
             x.astype(float) or x.astype(str) makes numbers or strings of them",
        ),
    ] {
        let error = read_npy(name).unwrap_err();
        assert!(error.ends_with(&format!("{name}: {message}")), "{error}");
    }
}

#[test]
fn members_of_an_archive_are_found_by_name() {
    let expected = Batch::Dense(DenseBatch::from_rows(3, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    let source = npz::read(&fixture("xy.npz"), None, &Notices::default()).unwrap();
    assert_eq!(source.train.target, Some(RawTarget::Numbers(vec![1.0, 0.0].into())));
    assert_eq!(matrix(source.train), expected);
    let source = npz::read(&fixture("other_names.npz"), None, &Notices::default()).unwrap();
    assert_eq!(source.train.target, Some(RawTarget::Labels(vec!["b".into(), "a".into()])));
    assert_eq!(matrix(source.train), expected);
    let source = npz::read(&fixture("train_test.npz"), None, &Notices::default()).unwrap();
    assert_eq!(matrix(source.train), expected);
    let test = source.test.unwrap();
    assert_eq!(test.target, Some(RawTarget::Numbers(vec![1.0].into())));
    assert_eq!(matrix(test), Batch::Dense(DenseBatch::from_rows(3, &[1.0, 2.0, 3.0])));
    let error = npz::read(&fixture("no_matrix.npz"), None, &Notices::default()).unwrap_err().to_string();
    assert!(error.ends_with("expected a matrix, named x, X, data or otherwise, found a, y"), "{error}");
}

/// Writes a folder of IDX files of two images each, whose names begin with `prefix`.
fn idx_folder(folder: &Path, prefix: &str, test: &str) {
    for part in ["train", test] {
        let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9];
        let labels = [0, 0, 8, 1, 0, 0, 0, 2, 1, 0];
        std::fs::write(folder.join(format!("{prefix}{part}-images-idx3-ubyte")), images).unwrap();
        std::fs::write(folder.join(format!("{prefix}{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

fn open_path(path: &Path) -> Result<truezero_data::Source, String> {
    open(&SourceSpec::new(path.to_str().unwrap())).map_err(|error| error.to_string())
}

#[test]
fn a_folder_of_idx_files_has_parts() {
    let folder = tempfile::tempdir().unwrap();
    idx_folder(folder.path(), "", "t10k");
    let source = open_path(folder.path()).unwrap();
    assert_eq!(source.test.unwrap().target, Some(RawTarget::Numbers(vec![1.0, 0.0].into())));
    assert_eq!(matrix(source.train), Batch::Dense(DenseBatch::from_rows(1, &[7.0, 9.0])));
    std::fs::remove_file(folder.path().join("train-labels-idx1-ubyte")).unwrap();
    let error = open_path(folder.path()).unwrap_err();
    assert!(error.ends_with("folder: expected train-labels-idx1-ubyte, found none"), "{error}");
}

#[test]
fn one_of_several_idx_sets_is_named() {
    let folder = tempfile::tempdir().unwrap();
    idx_folder(folder.path(), "emnist-digits-", "test");
    open_path(folder.path()).unwrap();
    idx_folder(folder.path(), "emnist-letters-", "test");
    let error = open_path(folder.path()).unwrap_err();
    assert!(error.contains("emnist-digits: emnist-digits, emnist-letters"), "{error}");
    assert!(open_path(&folder.path().join("emnist-letters")).unwrap().test.is_some());
}

#[test]
fn labels_may_stand_in_a_file_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    idx_folder(folder.path(), "", "t10k");
    let images = folder.path().join("train-images-idx3-ubyte");
    let spec = |labels: &Path| SourceSpec {
        labels: Some(labels.to_owned()),
        ..SourceSpec::new(images.to_str().unwrap())
    };
    let source = open(&spec(&folder.path().join("t10k-labels-idx1-ubyte"))).unwrap();
    assert_eq!(source.train.target, Some(RawTarget::Numbers(vec![1.0, 0.0].into())));
    let source = open(&spec(&fixture("text.npy"))).unwrap();
    assert_eq!(source.train.target, Some(RawTarget::Labels(vec!["a".into(), "élan".into()])));
    let text = folder.path().join("labels.txt");
    std::fs::write(&text, "one\ntwo\nthree\n").unwrap();
    let error = open(&spec(&text)).unwrap_err().to_string();
    assert!(error.ends_with("expected 2, one for each example, found 3"), "{error}");
    let spec = SourceSpec { labels: Some(text), ..SourceSpec::new("digits5k") };
    let error = open(&spec).unwrap_err().to_string();
    let expected = "expected data without targets of its own, found targets in digits5k itself\nhint: leave out --labels";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn folders_of_images_may_be_parted() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["train/cat", "train/dog", "test/dog"] {
        std::fs::create_dir_all(folder.path().join(class)).unwrap();
        std::fs::copy(fixture("grey.png"), folder.path().join(class).join("1.png")).unwrap();
    }
    let source = open_path(folder.path()).unwrap();
    assert_eq!(source.train.target, Some(RawTarget::Labels(vec!["cat".into(), "dog".into()])));
    assert_eq!(source.test.unwrap().target, Some(RawTarget::Labels(vec!["dog".into()])));
    // Here `train` is a class.
    let source = open_path(&folder.path().join("train")).unwrap();
    assert_eq!((source.train.examples(), source.test.is_none()), (2, true));
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let error = open_path(Path::new("digits6k")).unwrap_err();
    assert!(error.starts_with(
        "digits6k: no such file or folder\nhint: the names of data sets are digits5k, film-snippets, mnist"
    ));
    let error = open_path(folder.path()).unwrap_err();
    assert!(error.ends_with("or a folder of images for each class, found none of them"), "{error}");
    let path = folder.path().join("a.bin");
    std::fs::write(&path, "what is this").unwrap();
    let error = open_path(&path).unwrap_err();
    assert!(error.contains("format: expected IDX, .npy,"), "{error}");
    assert!(error.contains("found a file that begins with \"what is \"\nhint: --format says"), "{error}");
    let path = folder.path().join("empty.svm");
    std::fs::write(&path, "# nothing\n").unwrap();
    let error = open_path(&path).unwrap_err();
    assert!(error.ends_with("empty.svm: expected at least one, found none"), "{error}");
    let spec = SourceSpec { target: Some("age".into()), ..SourceSpec::new("digits5k") };
    let error = open(&spec).unwrap_err().to_string();
    assert_eq!(error, "column \"age\": expected a table (csv, tsv, parquet or arrow), found a matrix");
}

#[test]
fn svmlight_sources_tell_their_numbering() {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (folder.path().join("train.svm"), folder.path().join("test.svm"));
    std::fs::write(&train, "1 0:1 4:1\n").unwrap();
    std::fs::write(&test, "1 2:1 9:1\n").unwrap();
    let numbering = open_path(&train).unwrap().numbering;
    let spec = SourceSpec { numbering, ..SourceSpec::new(test.to_str().unwrap()) };
    let mut expected = ActiveBatch::new(5);
    expected.push([(2, 1.0)]);
    assert_eq!(matrix(open(&spec).unwrap().train), Batch::Active(expected));
}

#[test]
fn a_specification_survives_serde() {
    let spec = SourceSpec { header: Some(true), text: vec!["review".into()], ..SourceSpec::new("a.csv") };
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<SourceSpec>(&json).unwrap(), spec);
    assert_eq!(serde_json::from_str::<SourceSpec>("{\"data\":\"a.csv\"}").unwrap(), SourceSpec::new("a.csv"));
}

#[test]
fn images_without_labels_have_no_target() {
    let bytes = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7];
    let raw = idx::read_examples(Input::from_bytes("test", &bytes)).unwrap();
    assert_eq!((raw.examples(), raw.target), (1, None));
}

/// A few examples of up to 50 units, with values that text and files keep exactly.
fn any_batch() -> impl Strategy<Value = ActiveBatch> {
    let example = proptest::collection::btree_map(0u32..50, -1000i16..1000, 0..20);
    proptest::collection::vec(example, 1..20).prop_map(|examples| {
        let mut batch = ActiveBatch::new(50);
        for example in examples {
            batch.push(example.into_iter().map(|(index, value)| (index, f32::from(value) / 8.0)));
        }
        batch
    })
}

#[test]
fn the_form_of_a_sparse_file_follows_its_density() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    for (active, dense) in [(10, true), (4, true), (3, false)] {
        let mut batch = ActiveBatch::new(10);
        (0..20).for_each(|_| batch.push((0..active).map(|column| (column, 1.5))));
        save_npz(&batch, &Output::new(&path, CODES).unwrap()).unwrap();
        let read = matrix(npz::read(&path, None, &Notices::default()).unwrap().train);
        assert_eq!(matches!(read, Batch::Dense(_)), dense, "{active} of 10");
        let spec = SourceSpec::new(path.display().to_string());
        for piece in Stream::open(&spec).unwrap().in_pieces_of(7).pieces() {
            assert_eq!(matches!(matrix(piece.unwrap()), Batch::Dense(_)), dense, "{active} of 10");
        }
    }
}

#[test]
fn a_model_for_images_takes_channels_in_the_last_place_only() {
    let expected = Some(ImageShape { height: 2, width: 4, channels: 3 });
    let grey = Some(ImageShape { height: 2, width: 4, channels: 1 });
    let read = |shape: &str, count: usize, expected| {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        let bytes = [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), &vec![1; count]].concat();
        let raw = npy::read_examples(Input::from_bytes("x.npy", &bytes), expected);
        raw.map(|raw| raw.examples()).map_err(|error| error.to_string())
    };
    assert_eq!(read("(5, 2, 4, 3)", 120, expected), Ok(5));
    assert_eq!(read("(5, 24)", 120, expected), Ok(5));
    assert_eq!(read("(5, 1, 2, 4)", 40, grey), Ok(5));
    assert_eq!(
        read("(5, 3, 2, 4)", 120, expected).unwrap_err(),
        "x.npy: header: expected (5, 2, 4, 3), as in training, found shape (5, 3, 2, 4)\n\
         hint: x.transpose(0, 2, 3, 1) puts the channels last"
    );
    assert_eq!(read("(5, 3, 2, 4)", 120, None), Ok(5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_saved_is_loaded(batch in any_batch()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.npz");
        save_npz(&batch, &Output::new(&path, CODES).unwrap()).unwrap();
        prop_assert_eq!(sparse(npz::read(&path, None, &Notices::default()).unwrap().train), Batch::Active(batch));
    }

    #[test]
    fn svmlight_text_is_read_as_written(batch in any_batch(), first in 0u32..2) {
        let mut text = String::new();
        for example in 0..batch.examples() {
            text += "1";
            let (indices, values) = batch.example(example);
            for (index, value) in indices.iter().zip(values).rev() {
                write!(text, " {}:{value}", index + first).unwrap();
            }
            text += "\n";
        }
        let numbering = svmlight::Numbering { first, width: 50 };
        let (raw, _) = svmlight::read(Input::from_bytes("test", text.as_bytes()), Some(numbering), None, &Notices::default()).unwrap();
        prop_assert_eq!(matrix(raw).into_active(), Batch::Active(batch));
    }
}
