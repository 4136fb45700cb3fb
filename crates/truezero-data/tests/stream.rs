//! What a stream gives, piece after piece, is what reading everything into memory gives.
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "for tables of some lines, clarity goes before an allocation"
)]
#![allow(clippy::from_iter_instead_of_collect, reason = "arrow arrays are named by their type")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, DurationMicrosecondArray, Float64Array, Int64Array, NullArray, RecordBatch,
    StringArray,
};
use truezero_data::preprocess::{PreprocessOptions, Preprocessing};
use truezero_data::stream::Stream;
use truezero_data::{ColumnValues, Features, Notices, Raw, RawTarget, SourceSpec, WideBatch, open};
use zip::CompressionMethod;

/// Each example as text, exactly.
fn examples(raw: &Raw) -> Vec<String> {
    let target = |row: usize| match &raw.target {
        None => String::new(),
        Some(target) => format!("{:?}", target.select(&[row])),
    };
    let features = |row: usize| match &raw.features {
        Features::Matrix(batch) => numbers(&batch.clone().into(), row),
        Features::Wide(batch) => numbers(batch, row),
        Features::Table(table) => {
            let cell = |values: &ColumnValues| match values {
                ColumnValues::Numbers(numbers) => format!("{:?}", numbers[row]),
                ColumnValues::Categories(words) => format!("{:?}", words[row]),
                ColumnValues::Text(texts) => format!("text {:?}", texts[row]),
            };
            let columns = table.columns.iter();
            columns.map(|column| format!("{}: {}, ", column.name, cell(&column.values))).collect()
        }
    };
    (0..raw.examples()).map(|row| format!("{} | {} | {:?}", features(row), target(row), raw.image)).collect()
}

/// Pieces in which 32 bits are enough are the same numbers as elsewhere.
fn numbers(batch: &WideBatch, row: usize) -> String {
    let mut text = format!("{} {}", batch.is_dense(), batch.width());
    batch.each(row, |column, value| text += &format!(" {column}:{value}"));
    text
}

/// Streams in pieces of several sizes; each must give the examples in memory. How many pieces there were at least.
fn same(spec: &SourceSpec, whole: &[Raw]) -> usize {
    let expected: Vec<String> = whole.iter().flat_map(examples).collect();
    let mut most = 0;
    for values in [1, 7, 40, 1 << 22] {
        let stream = Stream::open(spec).unwrap().in_pieces_of(values);
        assert_eq!(stream.examples(), expected.len());
        for _ in 0..2 {
            let pieces: Vec<Raw> = stream.pieces().map(Result::unwrap).collect();
            most = most.max(pieces.len());
            let found: Vec<String> = pieces.iter().flat_map(examples).collect();
            assert_eq!(found, expected, "pieces of {values} values");
        }
    }
    most
}

fn spec(data: &Path, target: Option<&str>) -> SourceSpec {
    let data = data.to_str().unwrap();
    SourceSpec { target: target.map(str::to_owned), text: vec![], ..SourceSpec::new(data) }
}

#[test]
fn text_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let mut text = String::from("\u{feff}age,colour,note,y\n");
    for row in 0..60 {
        let note = ["plain", "\"two\nlines, with a comma\"", "\"a \"\"quote\"\"\"", "5\" wide", ""][row % 5];
        let colour = ["red", "", "blue", "NA"][row % 4];
        text += &format!(
            "{}.5,{colour},{note},{}\n{}",
            row * 7 % 11,
            row % 3,
            if row % 9 == 0 { "\n" } else { "" }
        );
    }
    fs::write(&path, text).unwrap();
    let spec = SourceSpec { text: vec!["note".into()], ..spec(&path, Some("y")) };
    assert!(same(&spec, &[open(&spec).unwrap().train]) > 20);
}

#[test]
fn columns_are_typed_by_all_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("part-1.csv"), "code,y\n01,1\n2,0\n").unwrap();
    fs::write(folder.path().join("part-2.csv"), "code,y\nx,1\n").unwrap();
    fs::write(folder.path().join("all.txt"), "code,y\n01,1\n2,0\nx,1\n").unwrap();
    fs::rename(folder.path().join("all.txt"), folder.path().join("whole.csv")).unwrap();
    let whole = open(&spec(&folder.path().join("whole.csv"), Some("y"))).unwrap().train;
    same(&spec(&folder.path().join("part-*.csv"), Some("y")), &[whole]);

    fs::write(folder.path().join("part-3.csv"), "code,z\nx,1\n").unwrap();
    let error = Stream::open(&spec(&folder.path().join("part-*.csv"), None)).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "part-3.csv: header: expected the columns code, y, as in the first file, found code, z"
        )
    );
    let error = Stream::open(&spec(&folder.path().join("none-*.csv"), None)).unwrap_err().to_string();
    assert!(error.contains("no such file\nhint: give a file, a folder of files, or a pattern"), "{error}");
}

#[test]
fn sparse_text_has_one_numbering() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = ("1 1:0.5 3:2\n# nothing\n0 2:1\n1 4:1\n", "0 9:1\n0 1:1 2:1\n");
    fs::write(folder.path().join("1.svm"), one).unwrap();
    fs::write(folder.path().join("2.svm"), two).unwrap();
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("whole.svm");
    fs::write(&whole, format!("{one}{two}")).unwrap();
    let whole = open(&spec(&whole, None)).unwrap();
    let stream = Stream::open(&spec(folder.path(), None)).unwrap();
    assert_eq!(stream.numbering(), whole.numbering);
    assert!(same(&spec(folder.path(), None), &[whole.train]) >= 5);
}

#[test]
fn arrays_keep_the_form_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    // Dense on the whole, though the first rows are all zero.
    let values: Vec<f32> = (0..40 * 3).map(|at| if at < 30 { 0.0 } else { at as f32 }).collect();
    let mut bytes =
        b"\x93NUMPY\x01\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (40, 3), }".to_vec();
    bytes.resize(127, b' ');
    bytes.push(b'\n');
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let path = folder.path().join("x.npy");
    fs::write(&path, &bytes).unwrap();
    let labels: String = (0..40).map(|row| format!("{}\n", row % 2)).collect();
    fs::write(folder.path().join("y.txt"), labels).unwrap();
    let spec = SourceSpec { labels: Some(folder.path().join("y.txt")), ..spec(&path, None) };
    assert!(same(&spec, &[open(&spec).unwrap().train]) >= 20);

    fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
    let error = Stream::open(&spec).unwrap_err().to_string();
    assert!(error.contains("row"), "{error}");
}

/// Of IDX images, each file in memory has the form that suits it; a stream of them has that of all.
#[test]
fn files_that_come_whole_have_the_form_of_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = |pixels: [u8; 40]| [&[0, 0, 8, 2, 0, 0, 0, 10, 0, 0, 0, 4][..], &pixels].concat();
    let mut sparse = [0; 40];
    sparse[7] = 200;
    fs::write(folder.path().join("1-images.idx"), file(sparse)).unwrap();
    fs::write(folder.path().join("2-images.idx"), file([9; 40])).unwrap();
    let labels: String = (0..20).map(|row| format!("{}\n", row % 2)).collect();
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("y.txt"), labels).unwrap();
    let pattern = folder.path().join("*.idx");
    let spec = SourceSpec { labels: Some(place.path().join("y.txt")), ..spec(&pattern, None) };
    let stream = Stream::open(&spec).unwrap();
    let pieces: Vec<Raw> = stream.pieces().map(Result::unwrap).collect();
    assert_eq!(pieces.len(), 2);
    assert!(
        pieces.iter().all(|raw| matches!(raw.features, Features::Matrix(truezero_sparse::Batch::Dense(_))))
    );
    truezero_data::stream::fit(&stream, &[], &truezero_data::PreprocessOptions::default()).unwrap();
}

#[test]
fn row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Float64Array::from_iter((0..50).map(|row| (row % 7 != 0).then_some(f64::from(row))));
    let words = StringArray::from_iter((0..50).map(|row| (row % 5 != 0).then(|| format!("w{}", row % 3))));
    let labels = StringArray::from_iter_values((0..50).map(|row| format!("c{}", row % 2)));
    let columns: [(&str, std::sync::Arc<dyn arrow_array::Array>); 3] = [
        ("n", std::sync::Arc::new(numbers)),
        ("w", std::sync::Arc::new(words)),
        ("y", std::sync::Arc::new(labels)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = folder.path().join("a.parquet");
    let settings =
        parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(20)).build();
    let file = fs::File::create(&path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), Some(settings)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let spec = spec(&path, Some("y"));
    assert!(same(&spec, &[open(&spec).unwrap().train]) >= 20);
}

#[test]
fn a_column_that_is_missing_in_one_file_is_named_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, columns: &[&str]| {
        let values = || std::sync::Arc::new(Float64Array::from_iter((0..4).map(|row| Some(f64::from(row)))));
        let columns = columns.iter().map(|&name| (name, values() as std::sync::Arc<dyn arrow_array::Array>));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = fs::File::create(folder.path().join(name)).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    };
    save("1.parquet", &["a", "b", "y"]);
    save("2.parquet", &["a", "y"]);
    let spec = spec(folder.path(), Some("y"));
    let error = open(&spec).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "2.parquet: columns: expected the columns a, b, as in the first file, found no column \"b\""
        ),
        "{error}"
    );
    let pieces = Stream::open(&spec).map(|stream| stream.pieces().find_map(Result::err).unwrap().to_string());
    assert_eq!(pieces.unwrap_or_else(|error| error.to_string()), error);
}

#[test]
fn a_doubtful_cell_of_one_of_several_files_is_named_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |odd: &str| format!("x,y\n1,a\n2,b\n3,a\n{odd},b\n");
    fs::write(folder.path().join("1.csv"), rows("4")).unwrap();
    fs::write(folder.path().join("2.csv"), rows("K")).unwrap();
    let spec = spec(folder.path(), Some("y"));
    open(&spec).unwrap();
    let told = spec.notices.all()[0].place.clone();
    assert!(told.ends_with("2.csv: line 5, column \"x\""), "{told}");
}

/// Writes a table as Arrow or as Parquet, by the name of the file.
fn save(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let columns = columns.into_iter().map(|(name, values)| (name, values, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let file = fs::File::create(path).unwrap();
    if path.extension().is_some_and(|end| end == "parquet") {
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    } else {
        let mut writer = arrow_ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
    }
}

#[test]
fn a_column_has_one_kind_though_its_type_differs_between_files() {
    let labels = || Arc::new(StringArray::from(vec!["no", "yes"])) as ArrayRef;
    let read = |end: &str| {
        let folder = tempfile::tempdir().unwrap();
        save(
            &folder.path().join(format!("1.{end}")),
            vec![
                ("word", Arc::new(StringArray::from(vec!["a", "b"]))),
                ("code", Arc::new(Int64Array::from(vec![Some(7), None]))),
                ("flag", Arc::new(BooleanArray::from(vec![true, false]))),
                ("y", labels()),
            ],
        );
        save(
            &folder.path().join(format!("2.{end}")),
            vec![
                ("word", Arc::new(NullArray::new(2))),
                ("code", Arc::new(StringArray::from(vec!["K", "7"]))),
                ("flag", Arc::new(NullArray::new(2))),
                ("y", labels()),
            ],
        );
        let spec = spec(folder.path(), Some("y"));
        let whole = open(&spec).unwrap().train;
        same(&spec, std::slice::from_ref(&whole));
        let rules = Preprocessing::fit(&whole, &[0, 1, 2, 3], &PreprocessOptions::default()).unwrap();
        let expected = Some(Arc::new(rules.for_inputs().expected()));
        let of_model = SourceSpec { expected, ..spec };
        let again = rules.inputs(open(&of_model).unwrap().train.features, &Notices::default());
        assert_eq!(again.unwrap(), rules.inputs(whole.features.clone(), &Notices::default()).unwrap());
        let Features::Table(table) = whole.features else { panic!("expected a table") };
        table.columns.into_iter().map(|column| format!("{:?}", column.values)).collect::<Vec<_>>()
    };
    let expected = [
        r#"Categories([Some("a"), Some("b"), None, None])"#,
        r#"Categories([Some("7"), None, Some("K"), Some("7")])"#,
        r#"Categories([Some("true"), Some("false"), None, None])"#,
    ];
    assert_eq!(read("parquet"), expected);
    assert_eq!(read("arrow"), expected);
}

#[test]
fn durations_are_left_out_of_every_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["1.parquet", "1.arrow"] {
        let path = folder.path().join(name);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("x", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
            ("took", Arc::new(DurationMicrosecondArray::from(vec![5, 6]))),
            ("y", Arc::new(StringArray::from(vec!["no", "yes"]))),
        ];
        save(&path, columns);
        let spec = spec(&path, Some("y"));
        let Features::Table(table) = open(&spec).unwrap().train.features else { panic!("expected a table") };
        assert_eq!(table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["x"]);
        let told = &spec.notices.all()[0].message;
        assert_eq!(told, "left out, as nothing is made of their types: took (durations)", "{name}");
    }
}

/// An NPY file of one dimension, or a string.
fn array(code: &str, shape: &str, elements: Vec<u8>) -> Vec<u8> {
    let header = format!("{{'descr': '{code}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\0\x76\0".to_vec();
    bytes.extend(format!("{header:<117}\n").into_bytes());
    bytes.extend(elements);
    bytes
}

/// An archive of a 5 × 9 matrix in compressed rows, one of them empty, one unsorted and one with a repeated entry.
fn compressed_rows(method: CompressionMethod, indptr: &[u32]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let indices = [0, 8, 7, 2, 3, 3, 1, 4];
    let values = [0.5f32, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let members = [
        ("indices", array("<i4", "(8,)", words(&indices))),
        ("indptr", array("<i4", &format!("({},)", indptr.len()), words(indptr))),
        ("format", array("|S3", "()", b"csr".to_vec())),
        ("shape", array("<i4", "(2,)", words(&[5, 9]))),
        ("data", array("<f4", "(8,)", values.iter().flat_map(|value| value.to_le_bytes()).collect())),
    ];
    archive(method, &members)
}

fn archive(method: CompressionMethod, members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Plain arrays come whole, in the form of all of them; beside them a matrix in compressed rows does, too.
#[test]
fn archives_of_plain_arrays_come_whole() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plain = |name: &str, values: &[f32], rows: usize| {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let labels = (0..rows as u8).map(|row| row % 2).collect();
        let members = [
            ("x", array("<f4", &format!("({rows}, {})", values.len() / rows), bytes)),
            ("y", array("|u1", &format!("({rows},)"), labels)),
        ];
        fs::write(name, archive(CompressionMethod::Deflated, &members)).unwrap();
    };
    let path = |folder: &Path, name: &str| folder.join(name).to_str().unwrap().to_owned();
    // The first file alone would be kept without its zeros, the whole would not.
    let values: Vec<f32> = (0..60).map(|at| if at < 24 && at != 5 { 0.0 } else { at as f32 }).collect();
    plain(&path(folder.path(), "1.npz"), &values[..24], 4);
    plain(&path(folder.path(), "2.npz"), &values[24..], 6);
    plain(&path(place.path(), "whole.npz"), &values, 10);
    let whole = open(&spec(&place.path().join("whole.npz"), None)).unwrap().train;
    assert!(matches!(whole.features, Features::Matrix(truezero_sparse::Batch::Dense(_))));
    assert_eq!(same(&spec(folder.path(), None), &[whole]), 2);

    let mixed = tempfile::tempdir().unwrap();
    fs::write(mixed.path().join("1.npz"), compressed_rows(CompressionMethod::Stored, &[0, 2, 2, 4, 6, 8]))
        .unwrap();
    let full = [1.0f32; 45].iter().flat_map(|value| value.to_le_bytes()).collect();
    let members = [("x", array("<f4", "(5, 9)", full))];
    fs::write(mixed.path().join("2.npz"), archive(CompressionMethod::Stored, &members)).unwrap();
    let stream = Stream::open(&spec(mixed.path(), None)).unwrap();
    let dense = |raw: Raw| matches!(raw.features, Features::Matrix(truezero_sparse::Batch::Dense(_)));
    assert_eq!(stream.pieces().map(|raw| dense(raw.unwrap())).collect::<Vec<_>>(), [true, true]);
}

#[test]
fn compressed_rows_come_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    for (name, method) in [("a.npz", CompressionMethod::Stored), ("b.npz", CompressionMethod::Deflated)] {
        let path = folder.path().join(name);
        fs::write(&path, compressed_rows(method, &[0, 2, 2, 4, 6, 8])).unwrap();
        let spec = spec(&path, None);
        assert_eq!(same(&spec, &[open(&spec).unwrap().train]), 5);
    }
    let part = |name: &str| open(&spec(&folder.path().join(name), None)).unwrap().train;
    assert_eq!(same(&spec(folder.path(), None), &[part("a.npz"), part("b.npz")]), 10);
}

#[test]
fn what_is_wrong_with_compressed_rows_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let error = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let error = Stream::open(&spec(&path, None)).unwrap_err().to_string();
        error.split_once("a.npz: ").unwrap().1.to_owned()
    };
    let stored = |indptr: &[u32]| compressed_rows(CompressionMethod::Stored, indptr);
    for (indptr, expected) in [
        (&[1, 2, 2, 4, 6, 8][..], "indptr.npy: element 1: expected 0, found 1"),
        (&[0, 2, 1, 4, 6, 8], "indptr.npy: element 3: expected offsets rising from 0 to 8, found 1"),
        (&[0, 2, 2, 4, 6, 9], "indptr.npy: element 6: expected offsets rising from 0 to 8, found 9"),
        (&[0, 2, 2, 4, 6, 7], "indptr.npy: element 6: expected offsets rising from 0 to 8, found 7"),
        (&[0, 2, 8], "indptr.npy: expected one offset more than the 5 of shape.npy, found 3"),
    ] {
        assert_eq!(error(&stored(indptr)), expected);
    }
    // A value that is another than when it was written.
    let mut damaged = stored(&[0, 2, 2, 4, 6, 8]);
    let at = damaged.windows(4).rposition(|bytes| bytes == 7.0f32.to_le_bytes()).unwrap();
    damaged[at] = 1;
    assert!(error(&damaged).starts_with("data.npy: compressed data: expected a whole stream"));
}

#[test]
fn a_checksum_is_of_names_and_contents() {
    let folder = tempfile::tempdir().unwrap();
    let sum = |place: &str, name: &str, text: &str| {
        let folder = folder.path().join(place);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Stream::open(&spec(&path, Some("y"))).unwrap().checksum().unwrap()
    };
    let first = sum("here", "a.csv", "x,y\n1,0\n2,1\n");
    assert_eq!(sum("there", "a.csv", "x,y\n1,0\n2,1\n"), first, "a copy is the same data");
    assert_ne!(sum("there", "a.csv", "x,y\n1,0\n2,0\n"), first, "other numbers of the same length");
    assert_ne!(sum("there", "b.csv", "x,y\n1,0\n2,1\n"), first, "another order of files");
}

#[test]
fn files_of_other_formats_come_whole() {
    let folder = tempfile::tempdir().unwrap();
    let images = |count: u8| {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2];
        bytes.extend((0..4 * count).map(|value| value * 3));
        bytes
    };
    fs::write(folder.path().join("1.idx"), images(3)).unwrap();
    fs::write(folder.path().join("2.idx"), images(2)).unwrap();
    let part = |name: &str| open(&spec(&folder.path().join(name), None)).unwrap().train;
    assert_eq!(same(&spec(folder.path(), None), &[part("1.idx"), part("2.idx")]), 2);
}

#[test]
fn a_file_that_changes_meanwhile_is_an_error_and_ends_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "x,y\n1,0\n2,1\n").unwrap();
    let stream = Stream::open(&spec(&path, Some("y"))).unwrap();
    fs::write(&path, "x,y\n1,0\n").unwrap();
    let pieces: Vec<_> = stream.pieces().collect();
    assert_eq!(pieces.len(), 2);
    let error = pieces[1].as_ref().unwrap_err().to_string();
    assert!(error.contains("expected 2 examples, as in the first pass"), "{error}");
    fs::write(&path, "x,y\n1,0\n2,1\n3,1\n").unwrap();
    assert!(stream.pieces().next().unwrap().is_err());
}

#[test]
fn labels_are_those_of_their_examples() {
    let target = RawTarget::Labels(["a", "b", "c"].map(str::to_owned).to_vec());
    assert_eq!(target.select(&[2, 0]), RawTarget::Labels(vec!["c".into(), "a".into()]));
}
