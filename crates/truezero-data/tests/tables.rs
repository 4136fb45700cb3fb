//! Tables in files are read for what they are: text of several dialects, and files written by pyarrow
//! (tests/fixtures/make_tables.py).

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use truezero_data::files::{Kind, Output};
use truezero_data::formats::save_parquet::{Written, save_parquet};
use truezero_data::formats::{TableOptions, arrow, csv, parquet};
use truezero_data::{
    ColumnValues, Features, Input, PreprocessOptions, Preprocessing, Raw, RawTarget, SourceSpec, Task, open,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn options(target: &str, text: &[&str]) -> TableOptions {
    TableOptions {
        target: Some(target.to_owned()).filter(|target| !target.is_empty()),
        text: text.iter().map(|&name| name.to_owned()).collect(),
        ..TableOptions::default()
    }
}

fn try_csv(text: &str, options: &TableOptions) -> Result<Raw, String> {
    csv::parse(Input::from_bytes("test.csv", text.as_bytes()), options).map_err(|error| error.to_string())
}

fn read_csv(text: &str) -> Raw {
    try_csv(text, &TableOptions::default()).unwrap()
}

/// Columns as text, for comparison.
fn shown(raw: &Raw) -> Vec<String> {
    let Features::Table(table) = &raw.features else { panic!("expected a table") };
    let values = |values: &ColumnValues| match values {
        ColumnValues::Numbers(numbers) => format!("{numbers:?}"),
        ColumnValues::Categories(words) => {
            let words: Vec<&str> = words.iter().map(|word| word.as_deref().unwrap_or("-")).collect();
            format!("{words:?}")
        }
        ColumnValues::Text(texts) => format!("text {texts:?}"),
    };
    table.columns.iter().map(|column| format!("{} {}", column.name, values(&column.values))).collect()
}

#[test]
fn columns_are_typed_by_all_their_rows() {
    let text = "age,colour,review,label\n41,red,\"Good, I \"\"think\"\"\",yes\n,NA,?,no\n 3e1 ,7,2,no\n";
    let raw = try_csv(text, &options("label", &["review"])).unwrap();
    assert_eq!(
        shown(&raw),
        [
            "age [41.0, NaN, 30.0]",
            "colour [\"red\", \"-\", \"7\"]",
            "review text [\"Good, I \\\"think\\\"\", \"\", \"2\"]",
        ]
    );
    assert_eq!(raw.target, Some(RawTarget::Labels(vec!["yes".into(), "no".into(), "no".into()])));
    assert_eq!(raw.examples(), 3);
}

#[test]
fn every_sign_of_a_missing_value_is_known() {
    let raw = read_csv("x,y\n1,a\n,b\nNA,c\nn/a,d\nnan,e\nNaN,f\nNULL,g\n?,h\n\"\",i\n");
    assert_eq!(shown(&raw)[0], "x [1.0, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN]");
}

#[test]
fn dialects_are_told_by_content() {
    let expected = ["a [1.0, 3.0]", "b [\"x\", \"y\"]"];
    for text in ["a,b\n1,x\n3,y\n", "a;b\r\n1;x\r\n\r\n3;y", "a\tb\n1\tx\n3\ty\n", "\u{feff}a,b\n1,x\n3,y\n"]
    {
        assert_eq!(shown(&read_csv(text)), expected, "{text:?}");
    }
}

#[test]
fn a_header_is_told_by_content() {
    // A word above numbers.
    assert_eq!(shown(&read_csv("a,2019\n1,2\n")), ["a [1.0]", "2019 [2.0]"]);
    // Numbers only.
    assert_eq!(shown(&read_csv("1,2\n3,4\n")), ["column 1 [1.0, 3.0]", "column 2 [2.0, 4.0]"]);
    // Words only: those of a header do not recur.
    assert_eq!(shown(&read_csv("a,b\nx,y\nx,z\n")), ["a [\"x\", \"x\"]", "b [\"y\", \"z\"]"]);
    assert_eq!(shown(&read_csv("x,b\nx,y\n")), ["column 1 [\"x\", \"x\"]", "column 2 [\"b\", \"y\"]"]);
    // A column that is asked for.
    let raw = try_csv("0,1,7\n1,2,3\n", &options("7", &[])).unwrap();
    assert_eq!(shown(&raw), ["0 [1.0]", "1 [2.0]"]);
    // A name that is missing is made up, but the first column is an index without one.
    assert_eq!(shown(&read_csv("a,,b\n1,2,3\n")), ["a [1.0]", "column 2 [2.0]", "b [3.0]"]);
    assert_eq!(shown(&read_csv(",b\n1,2\n")), ["b [2.0]"]);
    let wanted = TableOptions { columns: vec!["column 1".into(), "b".into()], ..TableOptions::default() };
    assert_eq!(shown(&try_csv(",b\n1,2\n", &wanted).unwrap()), ["column 1 [1.0]", "b [2.0]"]);
    // Names that count the columns.
    assert_eq!(shown(&read_csv("0,1,2\n7,8,9\n")), ["0 [7.0]", "1 [8.0]", "2 [9.0]"]);
    // What the caller says counts.
    let none = TableOptions { header: Some(false), ..TableOptions::default() };
    assert_eq!(shown(&try_csv("a\n1\n", &none).unwrap()), ["column 1 [\"a\", \"1\"]"]);
    let some = TableOptions { header: Some(true), ..TableOptions::default() };
    assert_eq!(shown(&try_csv("1,2\n3,4\n", &some).unwrap()), ["1 [3.0]", "2 [4.0]"]);
}

#[test]
fn several_targets_are_numbers() {
    let raw = try_csv("x,a,b\n1,2.5,true\n3,4,FALSE\n", &options("b, a", &[])).unwrap();
    let rows =
        RawTarget::Rows { width: 2, values: vec![1.0, 2.5, 0.0, 4.0], names: vec!["b".into(), "a".into()] };
    assert_eq!(raw.target, Some(rows));
    assert_eq!(shown(&raw), ["x [1.0, 3.0]"]);
    let one = try_csv("x,\"a,b\"\n1,2\n", &options("a,b", &[])).unwrap();
    assert_eq!(one.target, Some(RawTarget::Numbers(vec![2.0].into())));
    let error = |target: &str| try_csv("x,a,b\n1,2,red\n", &options(target, &[])).unwrap_err();
    assert_eq!(
        error("a,b"),
        "test.csv: line 2, target \"b\": expected a number, as there are several targets, found \"red\""
    );
    assert_eq!(
        error("a,a"),
        "test.csv: target \"a\": expected distinct columns, found the same column twice"
    );
    assert_eq!(
        error("a,c"),
        "test.csv: target \"c\": expected one of the columns x, a, b, found no column of that name"
    );
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    let error = try_csv("x,y\n\n\"1\n2\",3\n\n\n4,\n", &options("y", &[])).unwrap_err();
    assert_eq!(error, "test.csv: line 7, column \"y\": expected a target, found a missing value");
}

#[test]
fn infinity_is_a_word_among_words() {
    assert_eq!(shown(&read_csv("x,z\ninf,1\nsup,2\n")), ["x [\"inf\", \"sup\"]", "z [1.0, 2.0]"]);
    let text = try_csv("x,z\ninf,1\n", &options("", &["x"])).unwrap();
    assert_eq!(shown(&text), ["x text [\"inf\"]", "z [1.0]"]);
}

#[test]
fn gzipped_tables_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.tsv.gz");
    let mut encoder = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
    encoder.write_all(b"a,b\tc\n1\t2\n").unwrap();
    encoder.finish().unwrap();
    assert_eq!(shown(&csv::read(&path, &TableOptions::default()).unwrap()), ["a,b [1.0]", "c [2.0]"]);
}

const COLUMNS: [&str; 14] = [
    "whole [1.0, NaN, -3.0]",
    "small [1.0, 2.0, 3.0]",
    "real [0.5, NaN, 2.5]",
    "flag [\"true\", \"false\", \"-\"]",
    "word [\"red\", \"-\", \"blue\"]",
    "large text [\"a\", \"b\", \"c\"]",
    "dictionary [\"x\", \"y\", \"x\"]",
    "list[0] [1.0, 3.0, 5.0]",
    "list[1] [2.0, NaN, 6.0]",
    "fixed[0] [1.0, 4.0, 7.0]",
    "fixed[1] [2.0, 5.0, 8.0]",
    "fixed[2] [3.0, 6.0, 9.0]",
    "nothing [NaN, NaN, NaN]",
    "view [\"short\", \"a view of more than twelve bytes\", \"-\"]",
];

#[test]
fn parquet_and_arrow_files_hold_the_same_table() {
    let options = options("y", &["large"]);
    let target = Some(RawTarget::Labels(vec!["no".into(), "yes".into(), "no".into()]));
    for name in ["table.arrow", "table_lz4.arrow", "table_zstd.arrows"] {
        let raw = arrow::read(&fixture(name), &options).unwrap();
        assert_eq!(shown(&raw), COLUMNS, "{name}");
        assert_eq!(raw.target, target);
    }
    for name in ["table.parquet", "table_zstd.parquet"] {
        let raw = parquet::read(&fixture(name), &options).unwrap();
        assert_eq!(shown(&raw), COLUMNS[..13], "{name}");
        assert_eq!(raw.target, target);
    }
}

#[test]
fn formats_of_tables_are_told_by_content() {
    for name in ["table.arrow", "table_zstd.arrows", "table.parquet"] {
        let mut spec = SourceSpec::new(fixture(name).to_str().unwrap());
        spec.target = Some("small".to_owned());
        let source = open(&spec).unwrap();
        assert_eq!(source.train.target, Some(RawTarget::Numbers(vec![1.0, 2.0, 3.0].into())), "{name}");
    }
}

#[test]
fn numbers_are_no_text() {
    let error = parquet::read(&fixture("table.parquet"), &options("y", &["small"])).unwrap_err().to_string();
    let expected = "table.parquet: column \"small\": expected strings, to be read as text, found numbers";
    assert!(error.ends_with(expected), "{error}");
}

const TYPES: [&str; 3] = ["price [1.25, NaN, -3.0]", "half [0.5, 1.5, -2.0]", "decimals[0] [1.0, 1.0, 1.0]"];
const LEFT_OUT: &str = "day (dates), when (timestamps), zone (timestamps), time (times), bytes (bytes), uuid (bytes), \
                        pair (structures), map (maps), words (lists of something else than numbers), lists (lists of \
                        something else than numbers)";

#[test]
fn columns_of_every_type_are_numbers_or_words_or_left_out() {
    let read = |name: &str| {
        let options = options("y", &[]);
        let path = fixture(name);
        let raw = if name.ends_with(".parquet") {
            parquet::read(&path, &options)
        } else {
            arrow::read(&path, &options)
        };
        let told: Vec<String> = options.notices.all().iter().map(|notice| notice.message.clone()).collect();
        (shown(&raw.unwrap()), told)
    };
    let told = vec![format!("left out, as nothing is made of their types: {LEFT_OUT}")];
    assert_eq!(read("types.parquet"), (TYPES.map(str::to_owned).into(), told.clone()));
    let with_flag = [&TYPES[..], &["flag [\"true\", \"false\", \"-\"]"]].concat();
    assert_eq!(read("types.arrow"), (with_flag.iter().map(|&column| column.to_owned()).collect(), told));
    // An index of pandas, one part of it with a name.
    for name in ["index.parquet", "index.arrow"] {
        let told = vec!["left out, as it is the index of a pandas table: customer".to_owned()];
        assert_eq!(read(name), (vec!["x [1.5, 2.5, 3.5]".to_owned()], told), "{name}");
    }
    let polars = ["x [1.5, NaN, 3.5]", "word [\"red\", \"-\", \"blue\"]"].map(str::to_owned).into();
    assert_eq!(read("polars.arrow"), (polars, vec![]));
    // Integers of 128 bits, which the decoder does not know.
    for name in ["wide.arrow", "wide.arrows"] {
        let left_out = "wide (bytes), list (lists of something else than numbers)";
        let told = vec![format!("left out, as nothing is made of their types: {left_out}")];
        assert_eq!(read(name), (vec!["x [1.5, 2.5, 3.5]".to_owned()], told), "{name}");
        let error = arrow::read(&fixture(name), &options("wide", &[])).unwrap_err().to_string();
        let expected =
            "column \"wide\": expected numbers, booleans, strings or lists of numbers, found bytes";
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_column_that_is_asked_for_is_of_a_type_that_can_be_read() {
    let error = |target: &str, text: &[&str]| {
        parquet::read(&fixture("types.parquet"), &options(target, text)).unwrap_err().to_string()
    };
    let expected =
        "column \"when\": expected numbers, booleans, strings or lists of numbers, found timestamps";
    assert!(error("when", &[]).ends_with(expected));
    assert!(error("y", &["when"]).ends_with(expected));
    let raw = parquet::read(&fixture("index.parquet"), &options("customer", &[])).unwrap();
    assert_eq!(raw.target, Some(RawTarget::Numbers(vec![7.0, 8.0, 9.0].into())));
}

#[test]
fn a_first_line_of_excel_names_the_delimiter() {
    let raw = try_csv("sep=|\nx|y\n1,5|a\n2,5|b\n", &options("y", &[])).unwrap();
    assert_eq!(raw.target, Some(RawTarget::Labels(vec!["a".into(), "b".into()])));
    // The line counts in what errors say, and it is passed over where the delimiter is given, too.
    let error = try_csv("sep=;\nx;y\n1;a\n2\n", &options("y", &[])).unwrap_err();
    assert_eq!(error, "test.csv: line 4: expected 2 cells, as in the first row, found 1: \"2\"");
    let given = TableOptions { delimiter: Some(b','), ..options("y", &[]) };
    assert_eq!(shown(&try_csv("sep=;\nx,y\n1,a\n2,b\n", &given).unwrap()), ["x [1.0, 2.0]"]);
}

#[test]
fn comments_and_titles_are_told_with_what_to_do() {
    let error = |text: &str| try_csv(text, &options("y", &[])).unwrap_err();
    let told = error("# by me\nx,y\n1,a\n2,b\n");
    assert!(
        told.starts_with("test.csv: line 1: expected the first of the rows of 2 cells, found a comment"),
        "{told}"
    );
    assert!(told.ends_with("delete the lines above it, as in tail -n +2 test.csv > table.csv"), "{told}");
    assert_eq!(
        error("x,y\n1,a\n# the end\n"),
        "test.csv: line 3: expected 2 cells, as in the first row, found 1: \"# the end\"\n\
         hint: comments are not read: delete such lines"
    );
    let told = error(&format!("Sales,,\nx,z,y\n{}", "1,2,a\n".repeat(30)));
    assert!(
        told.ends_with("hint: the names are read from the first line, which seems to be a title: delete it"),
        "{told}"
    );
}

#[test]
fn the_closest_names_of_columns_are_suggested() {
    let error =
        |target: &str| try_csv("Species,weight,species_id\na,1,2\n", &options(target, &[])).unwrap_err();
    let told = error("species");
    assert!(
        told.starts_with("test.csv: target \"species\": expected one of the columns Species, weight,"),
        "{told}"
    );
    assert!(told.ends_with("\nhint: the closest names are \"Species\", \"species_id\""), "{told}");
    assert!(error("wieght").ends_with("\nhint: the closest name is \"weight\""));
    assert!(error("q").ends_with("found no column of that name"));
}

#[test]
fn labels_of_digits_keep_their_spelling() {
    let labels = |path: &Path| {
        let raw = parquet::read(path, &options("y", &[])).unwrap();
        let rows: Vec<usize> = (0..raw.examples()).collect();
        let task = PreprocessOptions { task: Some(Task::Classify), ..PreprocessOptions::default() };
        Preprocessing::fit(&raw, &rows, &task).unwrap().labels().to_vec()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.parquet");
    let words = ["01", "02", "010"].map(str::to_owned).to_vec();
    let columns = vec![
        ("x".to_owned(), Written::Numbers(vec![1.0, 2.0, 3.0])),
        ("y".to_owned(), Written::Words(words)),
    ];
    save_parquet(columns, &Output::new(&path, Kind { name: "a table", is: &|_| true }).unwrap()).unwrap();
    assert_eq!(labels(&path), ["01", "02", "010"]);
}
