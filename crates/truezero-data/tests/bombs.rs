//! Few bytes that stand for many: whatever a format makes of them, memory stays in proportion to the bytes, up to what a
//! result may take.
#![cfg(target_os = "linux")] // where a process can be asked for the most memory it took

use std::fs;
use std::io::{Cursor, Write};
use std::process::Command;

use flate2::{Compression, write::GzEncoder};
use truezero_data::fuzzing::FORMATS;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Pieces of 1 MB that each bomb expands to.
const PIECES: usize = 256;
/// Bytes that may be made of each.
const LIMIT: u64 = 64 << 20;
/// Memory that reading one of them may take: what is read, what it becomes, and a vector that doubles as it grows.
const MOST_KILOBYTES: u64 = 6 * LIMIT / 1024;
/// What tells this program, called by itself, which bomb to read, as which format.
const BOMB: &str = "TRUEZERO_TEST_BOMB";

/// Something to begin with, and then zeros: a gzip file of many parts.
fn gzipped(start: &[u8]) -> Vec<u8> {
    let part = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    [part(start), part(&vec![0; 1 << 20]).repeat(PIECES)].concat()
}

/// An archive whose only member is an array of that shape and one byte for each number.
fn zipped(shape: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file("x.npy", options).unwrap();
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
    archive.write_all(b"\x93NUMPY\x01\0\x76\0").unwrap();
    writeln!(archive, "{header:<117}").unwrap();
    let piece = vec![0; 1 << 20];
    (0..PIECES).for_each(|_| archive.write_all(&piece).unwrap());
    archive.finish().unwrap().into_inner()
}

#[test]
fn memory_stays_in_proportion_to_the_bytes() {
    let zeros = gzipped(&[]);
    let mut bombs: Vec<(&str, Vec<u8>)> =
        FORMATS.iter().map(|&(format, _)| (format, zeros.clone())).collect();
    bombs.push(("npz", zipped("(262144, 1024)")));
    bombs.push(("idx", gzipped(b"\0\0\x08\x02\0\x04\0\0\0\0\x04\0")));
    for (format, name) in [
        ("arrow", "nulls"),
        ("arrow", "one_long_word"),
        ("parquet", "one_long_word"),
        ("parquet", "run_of_nulls"),
        ("parquet", "wide_group"),
    ] {
        let path = format!("{}/tests/hostile/{format}/{name}", env!("CARGO_MANIFEST_DIR"));
        bombs.push((format, fs::read(path).unwrap()));
    }
    let folder = tempfile::tempdir().unwrap();
    for (at, (format, bytes)) in bombs.into_iter().enumerate() {
        let path = folder.path().join("bomb");
        fs::write(&path, &bytes).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "reads_a_bomb", "--nocapture", "--ignored"]);
        let output = command.env(BOMB, format!("{format}:{}", path.display())).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "bomb {at} of {format} ends the process: {output:?}");
        let most = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let most: u64 = most.split_whitespace().next().unwrap().parse().unwrap();
        assert!(most < MOST_KILOBYTES, "bomb {at} of {format}, {} bytes: {most} kB", bytes.len());
    }
}

/// Called by the test above, in a process of its own.
#[test]
#[ignore = "reads what another test names"]
#[allow(clippy::print_stdout, reason = "that is how it answers")]
fn reads_a_bomb() {
    let Ok(bomb) = std::env::var(BOMB) else { return };
    let (format, path) = bomb.split_once(':').unwrap();
    let (_, parse) = FORMATS.iter().find(|(name, _)| *name == format).unwrap();
    truezero_data::set_max_memory(LIMIT);
    let _ = parse("bomb", &fs::read(path).unwrap());
    let status = fs::read_to_string("/proc/self/status").unwrap();
    println!("\n{}", status.lines().find(|line| line.starts_with("VmHWM:")).unwrap());
}
