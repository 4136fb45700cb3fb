//! Few bytes that stand for many: whatever a format makes of them, memory stays in proportion to the bytes, up to what a
//! result may take.
#![cfg(target_os = "linux")] // where a process can be asked for the most memory it took

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;

use flate2::{Compression, write::GzEncoder};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use truezero_data::fuzzing::FORMATS;
use truezero_data::{MAX_MEMORY, SourceSpec};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Pieces of 1 MB that each bomb expands to.
const PIECES: usize = 128;
const MEGABYTE: usize = 1 << 20;
/// Bytes that may be made of each.
const LIMIT: u64 = 64 << 20;
/// Memory that a process takes besides, and that a vector has as room to grow.
const BESIDES: u64 = 64 << 20;
/// What tells this program, called by itself, what to read.
const BOMB: &str = "TRUEZERO_TEST_BOMB";

/// Something to begin with, then so many times a piece, about a megabyte at a time: a gzip file of many parts.
fn gzipped(start: &[u8], piece: &[u8], pieces: usize) -> Vec<u8> {
    let part = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    [part(start), part(&piece.repeat(MEGABYTE / piece.len())).repeat(pieces)].concat()
}

/// The header of an array.
fn npy(element: &str, fortran: bool, shape: &str) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{element}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    format!("\u{93}NUMPY\u{1}\0\u{76}\0{header:<117}\n").chars().map(|byte| byte as u8).collect()
}

/// An archive of arrays, each with that header and so many megabytes of a byte.
fn zipped(arrays: &[(&str, Vec<u8>, u8)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, header, byte) in arrays {
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(header).unwrap();
        let piece = vec![*byte; MEGABYTE];
        (0..PIECES).for_each(|_| archive.write_all(&piece).unwrap());
    }
    archive.finish().unwrap().into_inner()
}

/// A white image of so many pixels along each side.
fn png(side: u32, colour: ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = vec![255; (side * side) as usize * usize::from(colour.bits_per_pixel() / 8)];
    PngEncoder::new(&mut bytes).write_image(&pixels, side, side, colour).unwrap();
    bytes
}

/// Reads what is named in a process of its own, within a limit; the kilobytes it took, and what it said.
fn read(format: &str, path: &Path, limit: u64) -> (u64, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "reads_a_bomb", "--nocapture", "--ignored"]);
    let output = command.env(BOMB, format!("{format}:{limit}:{}", path.display())).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "a bomb of {format} ends the process: {output:?}");
    let most = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    (most.split_whitespace().next().unwrap().parse().unwrap(), text)
}

/// Demands that it takes at most twice what may be made of it, as vectors are copied when they grow.
fn check(bombs: Vec<(&str, &str, Vec<u8>)>, limit: u64) {
    let folder = tempfile::tempdir().unwrap();
    for (format, name, bytes) in bombs {
        let path = folder.path().join("bomb");
        fs::write(&path, &bytes).unwrap();
        let (most, text) = read(format, &path, limit);
        let expected = (2 * limit + BESIDES) / 1024;
        assert!(most < expected, "{format}, {name}, {} bytes: {most} kB, {text}", bytes.len());
    }
}

#[test]
fn memory_stays_in_proportion_to_the_bytes() {
    let zeros = gzipped(&[], &[0], PIECES);
    let mut bombs: Vec<(&str, &str, Vec<u8>)> =
        FORMATS.iter().map(|&(format, _)| (format, "zeros", zeros.clone())).collect();
    for name in [
        "arrow/nulls",
        "arrow/one_long_word",
        "parquet/one_long_word",
        "parquet/run_of_nulls",
        "parquet/wide_group",
    ] {
        let path = format!("{}/tests/hostile/{name}", env!("CARGO_MANIFEST_DIR"));
        let (format, name) = name.split_once('/').unwrap();
        bombs.push((format, name, fs::read(path).unwrap()));
    }
    check(bombs, LIMIT);
}

#[test]
fn memory_of_texts_is_that_of_their_cells() {
    let text = |start: &[u8], piece: &[u8]| gzipped(start, piece, PIECES);
    check(
        vec![
            ("csv", "one line", text(b"", b"a")),
            ("csv", "one line of cells", text(b"", b",")),
            ("csv", "short rows", text(b"x,y\n", b"1,2\n")),
            ("csv", "rows of words", text(b"x,y\n", b"a,b\n")),
            ("csv", "a quoted cell", text(b"x,y\n1,2\n\"", b"a\n")),
            ("csv", "UTF-16", text(b"\xff\xfe", b"a\0,\0a\0\n\0")),
            ("svmlight", "one line", text(b"1 1:1", b" ")),
            ("svmlight", "short rows", text(b"", b"1\n")),
            ("svmlight", "labels", text(b"1 1:1\n", b"1,")),
            ("svmlight", "rows of labels", text(b"1,2 1:1\n", b"1,2\n")),
            ("labels", "one line", text(b"", b"a")),
            ("labels", "numbers", text(b"", b"01\n")),
            ("labels", "words", text(b"", b"a\n")),
        ],
        LIMIT,
    );
}

#[test]
fn memory_of_arrays_is_that_of_their_numbers() {
    let ones = |header: &[u8]| gzipped(header, &[1], PIECES);
    let matrix = |fortran: bool| npy("|u1", fortran, "(131072, 1024)");
    check(
        vec![
            ("npy", "rows", ones(&matrix(false))),
            ("npy", "columns", ones(&matrix(true))),
            ("npy", "one column, which is padded", ones(&npy("|u1", false, "(134217728, 1)"))),
            ("npy", "labels", ones(&npy("|u1", false, "(134217728,)"))),
            ("npy", "rows of labels", ones(&npy("|u1", true, "(67108864, 2)"))),
            ("npy", "words", gzipped(&npy("<U1", false, "(33554432,)"), b"a\0\0\0", PIECES)),
            ("npz", "zeros", zipped(&[("x", matrix(false), 0)])),
            ("npz", "ones", zipped(&[("x", matrix(false), 1)])),
            ("npz", "parts", zipped(&[("x_train", matrix(false), 0), ("y_train", matrix(true), 1)])),
            ("idx", "images", ones(b"\0\0\x08\x02\0\x04\0\0\0\0\x04\0")),
            ("idx", "labels", ones(b"\0\0\x08\x01\x10\0\0\0")),
        ],
        LIMIT,
    );
}

#[test]
fn memory_of_images_is_that_of_their_pixels() {
    let grey = png(1 << 13, ExtendedColorType::L8);
    // Its header announces as much as a header can.
    let mut huge = png(1, ExtendedColorType::L8);
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    // What decoding an image takes has a limit of its own.
    let limit = 256 << 20;
    check(
        vec![
            ("image", "grey", grey.clone()),
            ("image", "transparent", png(1 << 12, ExtendedColorType::Rgba8)),
            ("image", "announced", huge),
        ],
        limit,
    );
    let folder = tempfile::tempdir().unwrap();
    let image = png(1 << 11, ExtendedColorType::L8);
    for class in ["a", "b"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        (0..100).for_each(|at| fs::write(folder.path().join(format!("{class}/{at}.png")), &image).unwrap());
    }
    let (most, text) = read("source", folder.path(), limit);
    assert!(text.contains("expected data that takes at most 256 MiB of memory"), "{text}");
    assert!(most < (2 * limit + BESIDES) / 1024, "images: {most} kB");
}

#[test]
fn the_limit_holds_at_its_default_too() {
    let text = |start: &[u8], piece: &[u8]| gzipped(start, piece, 4 * PIECES);
    check(
        vec![("csv", "one line", text(b"", b"a")), ("csv", "one line of cells", text(b"", b","))],
        // Far less than the limit: no line may be so long.
        MAX_MEMORY / 3,
    );
}

#[test]
fn honest_data_of_many_columns_takes_a_multiple_of_its_bytes() {
    const COLUMNS: usize = 300_000;
    const BYTES_A_COLUMN: u64 = 1500;
    let names: Vec<String> = (0..COLUMNS).map(|at| format!("c{at}")).collect();
    let row = vec!["1.5"; COLUMNS].join(",");
    let text = format!("{},y\n{row},0\n{row},1\n", names.join(","));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.csv");
    fs::write(&path, text).unwrap();
    let (most, text) = read("csv", &path, MAX_MEMORY);
    assert!(text.contains("read: Ok"), "{text}");
    assert!(most < (COLUMNS as u64 * BYTES_A_COLUMN + BESIDES) / 1024, "{most} kB");
}

/// Called by the tests above, in a process of its own.
#[test]
#[ignore = "reads what another test names"]
#[allow(clippy::print_stdout, reason = "that is how it answers")]
fn reads_a_bomb() {
    let Ok(bomb) = std::env::var(BOMB) else { return };
    let [format, limit, path] = bomb.splitn(3, ':').collect::<Vec<_>>().try_into().unwrap();
    truezero_data::set_max_memory(limit.parse().unwrap());
    let read = if format == "source" {
        truezero_data::open(&SourceSpec::new(path)).map(|_| ())
    } else {
        let (_, parse) = FORMATS.iter().find(|(name, _)| *name == format).unwrap();
        parse("bomb", &fs::read(path).unwrap())
    };
    println!("\nread: {read:?} {}", read.as_ref().err().map(ToString::to_string).unwrap_or_default());
    let status = fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM:")).unwrap());
}
