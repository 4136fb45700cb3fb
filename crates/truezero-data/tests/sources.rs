//! What a person can name as data, and what is made of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use truezero_data::{
    Features, Format, ImageShape, Notices, PreprocessOptions, Preprocessing, Raw, RawTarget, Source,
    SourceSpec, open,
};
use truezero_sparse::{Batch, DenseBatch};

/// Opens what is in a folder, or the folder itself; what is told goes with it.
fn opened(folder: &Path, name: &str, target: Option<&str>) -> Result<(Source, Vec<String>), String> {
    let notices = Notices::default();
    let spec = SourceSpec {
        target: target.map(str::to_owned),
        notices: notices.clone(),
        ..SourceSpec::new(folder.join(name).to_str().unwrap())
    };
    let told = |notices: Notices| notices.all().iter().map(ToString::to_string).collect();
    open(&spec).map(|source| (source, told(notices))).map_err(|error| error.to_string())
}

/// Writes files with what they hold, and the folders they are in.
fn write(folder: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn grey_png() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/grey.png")).unwrap()
}

const IMAGES: &[u8] = &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9];
const LABELS: &[u8] = &[0, 0, 8, 1, 0, 0, 0, 2, 1, 0];

#[test]
fn images_are_parted_under_every_name_of_the_parts() {
    let png = grey_png();
    for validation in ["validation", "val", "valid", "dev", "Val"] {
        let folder = tempfile::tempdir().unwrap();
        for part in ["train", validation, "test"] {
            for class in ["cat", "dog"] {
                write(folder.path(), &[(&format!("{part}/{class}/1.png"), &png)]);
            }
        }
        write(folder.path(), &[("__MACOSX/cat/._1.png", b"x"), (".ipynb_checkpoints/cat/1.png", &png)]);
        let (source, told) = opened(folder.path(), "", None).unwrap();
        let (validation, test) = (source.validation.unwrap(), source.test.unwrap());
        assert_eq!([source.train.examples(), validation.examples(), test.examples()], [2, 2, 2]);
        assert!(told.is_empty(), "{told:?}");
        write(folder.path(), &[("devel/cat/1.png", &png)]);
        let (_, told) = opened(folder.path(), "", None).unwrap();
        assert!(told[0].ends_with("1 folder left out, such as devel: no part of the data"), "{told:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "val", "valid"] {
        write(folder.path(), &[(&format!("{part}/cat/1.png"), &png)]);
    }
    let error = opened(folder.path(), "", None).unwrap_err();
    assert!(error.ends_with("expected one folder for the validation part, found val and valid"), "{error}");
}

#[test]
fn images_need_no_classes() {
    let (folder, png) = (tempfile::tempdir().unwrap(), grey_png());
    write(folder.path(), &[("b.png", &png), ("a.png", &png), ("README.md", b"# Images\n")]);
    for name in ["", "a.png"] {
        let (source, told) = opened(folder.path(), name, None).unwrap();
        assert!(source.train.target.is_none() && told.is_empty());
        assert!(matches!(source.train.image, Some(ImageShape { channels: 1, .. })));
        let names: Vec<_> = source.files.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, if name.is_empty() { vec!["a.png", "b.png"] } else { vec!["a.png"] });
    }
}

#[test]
fn idx_files_are_found_where_archives_put_them() {
    let pair = |folder: &str, part: &str| {
        [
            (format!("{folder}{part}-images-idx3-ubyte"), IMAGES),
            (format!("{folder}{part}-labels-idx1-ubyte"), LABELS),
        ]
    };
    let write_pairs = |folder: &Path, pairs: &[(String, &[u8])]| {
        pairs.iter().for_each(|(name, bytes)| write(folder, &[(name.as_str(), *bytes)]));
    };
    // Folders with the names of the files, as Kaggle's archive of MNIST has them, beside the files and in their place.
    let folder = tempfile::tempdir().unwrap();
    for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
        let bytes = if name.contains("images") { IMAGES } else { LABELS };
        write(folder.path(), &[(&format!("{name}/{name}"), bytes)]);
    }
    assert_eq!(opened(folder.path(), "", None).unwrap().0.train.examples(), 2);
    write(folder.path(), &[("train-images.idx3-ubyte", IMAGES), ("train-labels.idx1-ubyte", LABELS)]);
    assert_eq!(opened(folder.path(), "", None).unwrap().0.train.examples(), 2);
    // torchvision's place.
    let folder = tempfile::tempdir().unwrap();
    write_pairs(folder.path(), &pair("MNIST/raw/", "train"));
    write_pairs(folder.path(), &pair("MNIST/raw/", "t10k"));
    for name in ["", "MNIST", "MNIST/raw"] {
        assert!(opened(folder.path(), name, None).unwrap().0.test.is_some(), "{name}");
    }
    write_pairs(folder.path(), &pair("FashionMNIST/raw/", "train"));
    let error = opened(folder.path(), "", None).unwrap_err();
    assert!(error.ends_with("FashionMNIST: FashionMNIST, MNIST"), "{error}");
    assert!(opened(folder.path(), "FashionMNIST", None).unwrap().0.test.is_none());
    // Validation parts, and what the system leaves beside.
    let folder = tempfile::tempdir().unwrap();
    write_pairs(folder.path(), &pair("", "train"));
    write_pairs(folder.path(), &pair("", "val"));
    write(folder.path(), &[("._train-images-idx3-ubyte", b"Mac OS X")]);
    assert!(opened(folder.path(), "", None).unwrap().0.validation.is_some());
    // Images and labels exchanged.
    write(folder.path(), &[("train-images-idx3-ubyte", LABELS), ("train-labels-idx1-ubyte", IMAGES)]);
    let error = opened(folder.path(), "", None).unwrap_err();
    assert!(
        error.contains("train-labels-idx1-ubyte: header: expected 1 or 2 dimensions, found 3: images"),
        "{error}"
    );
}

#[test]
fn a_folder_of_files_is_one_table() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("part-0.csv", b"x,c,y\n1,u,a\n2,v,b\n"),
            ("part-1.csv", b"x,c,y\n3,,a\n"),
            ("_SUCCESS", b""),
            ("._SUCCESS.crc", b"crc"),
            (".part-0.csv.crc", b"crc"),
            ("README.md", b"# Data\n"),
        ],
    );
    for name in ["", "part-*.csv"] {
        let (source, _) = opened(folder.path(), name, Some("y")).unwrap();
        assert_eq!(source.train.target, Some(RawTarget::Labels(vec!["a".into(), "b".into(), "a".into()])));
        let Features::Table(table) = source.train.features else { panic!("expected a table") };
        assert_eq!((table.rows, table.columns.len()), (3, 2));
    }
    write(folder.path(), &[("part-2.csv", b"x,z,y\n3,,a\n")]);
    let error = opened(folder.path(), "", Some("y")).unwrap_err();
    assert!(
        error.contains("part-2.csv: header: expected the columns x, c, y, as in the first file"),
        "{error}"
    );
}

#[test]
fn files_named_as_parts_are_parts() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("train.csv", b"x,y\n1,a\n2,b\n3,b\n"),
            ("valid.csv", b"x,y\n1,a\n2,b\n"),
            ("test-00000-of-00001.csv", b"x,y\n1,a\n"),
            ("notes.csv", b"p,q\n1,2\n"),
        ],
    );
    let (source, told) = opened(folder.path(), "", Some("y")).unwrap();
    let (validation, test) = (source.validation.unwrap(), source.test.unwrap());
    assert_eq!([source.train.examples(), validation.examples(), test.examples()], [3, 2, 1]);
    assert!(told[0].ends_with("1 file left out: their names tell no part of the data"), "{told:?}");
}

#[test]
fn arrays_are_parted_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let npy = |shape: &str, count: usize| {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), &vec![1; count]].concat()
    };
    let archive = |members: &[(&str, Vec<u8>)]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let (three, one) = (npy("(3, 2)", 6), npy("(1, 2)", 2));
    for [train, val] in [["x_train", "x_val"], ["train_images", "dev_images"], ["X_train", "X_valid"]] {
        let bytes = archive(&[(train, three.clone()), (val, one.clone()), ("weights", npy("(3,)", 3))]);
        write(folder.path(), &[("a.npz", &bytes)]);
        let (source, told) = opened(folder.path(), "a.npz", None).unwrap();
        assert_eq!((source.train.examples(), source.validation.unwrap().examples()), (3, 1), "{train}");
        assert!(told[0].contains("arrays left out: weights\nhint: examples are x, targets y"), "{told:?}");
    }
    write(folder.path(), &[("a.npz", &archive(&[("arr_0", three), ("arr_1", npy("(3,)", 3))]))]);
    let (source, told) = opened(folder.path(), "a.npz", None).unwrap();
    assert_eq!((source.train.target, told), (Some(RawTarget::Numbers(vec![1.0; 3].into())), vec![]));
}

#[test]
fn a_format_can_be_said() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("words.txt", b"alpha\nbeta\n"), ("points", b"1 1:0.5\n0 2:1\n")]);
    let error = opened(folder.path(), "words.txt", None).unwrap_err();
    assert!(error.ends_with("hint: --format says what it is, as in --format csv"), "{error}");
    let spec = SourceSpec {
        format: Some(Format::Csv),
        header: Some(true),
        ..SourceSpec::new(folder.path().join("words.txt").to_str().unwrap())
    };
    assert_eq!(open(&spec).unwrap().train.examples(), 1);
    assert_eq!(opened(folder.path(), "points", None).unwrap().0.numbering.unwrap().first, 1);
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, expected) in [
        ("a.csv", &b"<!DOCTYPE html>\n<html>"[..], "found an HTML page, as a failed download leaves it"),
        (
            "b.parquet",
            b"x,y\n1,a\n2,b\n",
            "expected a Parquet file, found text, as a CSV file is\nhint: --format csv",
        ),
        ("a.parquet", b"version https://git-lfs.github.com/spec/v1\noid", "found a Git LFS pointer"),
        ("a.json", b"[{\"x\": 1}]", "found a JSON file\nhint: save it as CSV or Parquet"),
        ("a.csv.xz", b"\xfd7zXZ\0\0", "found an xz file\nhint: `unxz -k "),
        ("train-images-idx3-ubyte", b"<html>404", "found an HTML page"),
    ] {
        write(folder.path(), &[(name, bytes)]);
        let error = opened(folder.path(), name, None).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || fs::write(path, "x,y\n1,a\n2,b\n").unwrap())
    };
    let (source, _) = opened(folder.path(), "pipe", Some("y")).unwrap();
    assert_eq!(source.train.examples(), 2);
    writer.join().unwrap();
    let stream = truezero_data::stream::Stream::open(&SourceSpec::new(path.to_str().unwrap()));
    let error = stream.unwrap_err().to_string();
    assert!(error.contains("expected files, which can be read more than once, found a pipe"), "{error}");
}

#[test]
fn images_are_grey_or_in_colour_as_those_that_a_model_was_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let png = |name: &str, image: image::DynamicImage| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image.save(path).unwrap();
    };
    let grey = |value: u8| image::GrayImage::from_pixel(2, 1, image::Luma([value])).into();
    let rgb = |colour: [u8; 3]| image::RgbImage::from_pixel(2, 1, image::Rgb(colour)).into();
    png("grey/a/1.png", grey(10));
    png("grey/b/1.png", grey(20));
    png("rgb/a/1.png", rgb([10, 10, 10]));
    png("rgb/b/1.png", rgb([100, 0, 0]));
    png("small/a/1.png", image::GrayImage::new(1, 1).into());
    png("parts/train/a/1.png", grey(10));
    png("parts/test/a/1.png", rgb([10, 10, 10]));
    // Two RGB images of 1 × 2 pixels.
    let colours =
        [&[0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..], &[10; 6], &[30; 6]].concat();
    write(folder.path(), &[("rgb.idx", &colours)]);

    let read = |name: &str, model: Option<&Preprocessing>| {
        let notices = Notices::default();
        let spec = SourceSpec {
            expected: model.map(|model| Arc::new(model.for_inputs().expected())),
            notices: notices.clone(),
            ..SourceSpec::new(folder.path().join(name).to_str().unwrap())
        };
        let source = open(&spec).map_err(|error| error.to_string())?;
        Ok::<_, String>((source, notices.all().iter().map(ToString::to_string).collect::<Vec<_>>()))
    };
    let pixels = |raw: &Raw| match raw.features.clone() {
        Features::Matrix(batch) => {
            let batch = batch.into_dense();
            let Batch::Dense(batch) = batch else { panic!("a plain array") };
            (0..batch.examples()).map(|row| batch.row(row).to_vec()).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let trained = |name: &str| {
        let raw = read(name, None).unwrap().0.train;
        Preprocessing::fit(&raw, &[0, 1], &PreprocessOptions::default()).unwrap()
    };
    let (grey_model, rgb_model) = (trained("grey"), trained("rgb"));

    let (source, told) = read("rgb", Some(&grey_model)).unwrap();
    assert_eq!(pixels(&source.train), [[10.0, 10.0], [21.26, 21.26]]);
    assert!(told[0].ends_with("2 of 2 images: in colour, made grey, as those trained on are"), "{told:?}");
    let (source, told) = read("rgb.idx", Some(&grey_model)).unwrap();
    assert_eq!(pixels(&source.train), [[10.0, 10.0], [30.0, 30.0]]);
    assert!(told[0].ends_with("rgb.idx: 2 images made grey, as the expected ones are"), "{told:?}");
    let (source, _) = read("grey", Some(&rgb_model)).unwrap();
    assert_eq!(pixels(&source.train), [[10.0; 6], [20.0; 6]]);
    let (source, _) = read("parts", None).unwrap();
    assert_eq!(pixels(&source.test.unwrap()), [[10.0, 10.0]]);

    let error = read("small", Some(&grey_model)).unwrap_err();
    let expected = "a/1.png: image: expected 1 × 2 pixels, as those trained on, found 1 × 1 pixels";
    assert!(error.ends_with(expected), "{error}");
    // A matrix that is not known to be one of images.
    let error = grey_model.for_inputs().inputs(pixels_of(6), &Notices::default()).unwrap_err().to_string();
    assert_eq!(error, "inputs: expected 2 columns, as 1 × 2 grey images have, found 6");
    // Stored with the model.
    let stored: Preprocessing = serde_json::from_str(&serde_json::to_string(&grey_model).unwrap()).unwrap();
    assert_eq!(stored, grey_model);
}

fn pixels_of(width: usize) -> Features {
    Features::Matrix(Batch::Dense(DenseBatch::from_rows(width, &vec![1.0; width])))
}

#[test]
fn partitions_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for year in ["2020", "2021"] {
        write(folder.path(), &[(&format!("year={year}/part-0.csv"), b"x,y\n1,a\n2,b\n")]);
    }
    let error = opened(folder.path(), "", Some("y")).unwrap_err();
    assert!(error.contains("found partitions, as year=2020\nhint: save it as CSV or Parquet"), "{error}");
    let (source, told) = opened(folder.path(), "*/*.csv", Some("y")).unwrap();
    assert_eq!(source.train.examples(), 4);
    assert!(told[0].ends_with("*/*.csv: partitions, as year=2020, are not read as columns"), "{told:?}");
}
