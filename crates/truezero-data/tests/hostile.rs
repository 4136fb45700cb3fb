//! Hostile input: kept files that must lead to the error written beside them, and valid files damaged in
//! every way that must lead to some answer.
//!
//! A format is added by its entry point in `truezero_data::fuzzing`, a folder in `tests/hostile` with
//! files and `errors.txt`, and a valid example in [`valid`].

use std::collections::BTreeMap;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use truezero_data::fuzzing::FORMATS;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

#[test]
fn kept_files_lead_to_the_errors_beside_them() {
    for &(format, parse) in FORMATS {
        let folder = tests().join("hostile").join(format);
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name == "errors.txt" {
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let error = parse(&name, &bytes).expect_err(&name).to_string();
            found.insert(name, error);
        }
        let found = found.values().fold(String::new(), |text, error| text + error + "\n");
        let expected = fs::read_to_string(folder.join("errors.txt")).unwrap_or_default();
        assert!(found == expected, "{format}/errors.txt says\n{expected}\nbut the errors are\n{found}");
    }
}

/// Valid files of a format.
fn valid(format: &str) -> Vec<Vec<u8>> {
    let fixtures = |names: &[&str]| -> Vec<Vec<u8>> {
        names.iter().map(|name| fs::read(tests().join("fixtures").join(name)).unwrap()).collect()
    };
    match format {
        "arrow" => fixtures(&["table.arrow", "table_lz4.arrow", "polars.arrow", "wide.arrow"]),
        "cifar" => vec![vec![1; 3073]],
        "csv" => {
            vec![b"x,y\n1.5,a\n-2,b\n".to_vec(), "name;y;z\n\"quoted; \"\"twice\"\"\";1;\nÖ;2;3\n".into()]
        }
        "idx" => vec![
            b"\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x0212345678".to_vec(),
            b"\0\0\x0d\x02\0\0\0\x01\0\0\0\x02\x3f\x80\0\0\x40\0\0\0".to_vec(),
            b"\0\0\x08\x01\0\0\0\x03123".to_vec(),
        ],
        "image" => fixtures(&["grey.png", "colour.jpg"]),
        "labels" => vec![b"1\n-2.5\n03\n".to_vec(), b"cat\ndog\ncat\n".to_vec()],
        "norb" => vec![
            b"\x55\x4c\x3d\x1e\x04\0\0\0\x01\0\0\0\x01\0\0\0\x03\0\0\0\x03\0\0\0abcdefghi".to_vec(),
            b"\x54\x4c\x3d\x1e\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x04\0\0\0".to_vec(),
        ],
        "npy" => fixtures(&["dense_f4.npy", "fortran.npy", "images.npy", "text.npy"]),
        "npz" => {
            fixtures(&["csr_f64.npz", "csr_f32_stored.npz", "csc_f64.npz", "coo_f64.npz", "train_test.npz"])
        }
        "parquet" => fixtures(&["table.parquet", "table_zstd.parquet", "types.parquet"]),
        "svmlight" => {
            vec![b"1 qid:3 1:0.5 7:-2e3 # comment\n-1 2:1\n".to_vec(), b"1,2 3:1 1:1\n 4:4\n".to_vec()]
        }
        _ => panic!("no valid example of {format}"),
    }
}

/// Damaged copies of each valid file.
const DAMAGES: u64 = 3000;

#[test]
fn damaged_files_never_panic() {
    for &(format, parse) in FORMATS {
        for (at, whole) in valid(format).into_iter().enumerate() {
            let name = format!("{format} {at}");
            parse(&name, &whole).unwrap();
            for length in 0..whole.len() {
                let answer = catch_unwind(|| parse(&name, &whole[..length]));
                let answer = answer.unwrap_or_else(|_| panic!("{name} cut to {length} bytes panics"));
                // Text may end anywhere, and decoders of images do not always mind a missing end.
                if !["csv", "labels", "svmlight", "image"].contains(&format)
                    && (format != "cifar" || length > 0)
                {
                    answer.expect_err(&format!("{name} cut to {length} bytes"));
                }
            }
            for seed in 0..DAMAGES {
                let damaged = damage(&whole, seed);
                let answer = catch_unwind(|| parse(&name, &damaged));
                assert!(answer.is_ok(), "{name} damaged by seed {seed} panics");
            }
        }
    }
}

/// How many seconds [`spoiled_files_for_a_while`] is to take; `cargo xtask soak` says it.
const SECONDS: &str = "TRUEZERO_SOAK_SECONDS";

/// Goes on where [`damaged_files_never_panic`] ends, each format in turn, until the time is over. `cargo xtask soak` bounds the
/// memory of this process, so that an allocation out of proportion ends it.
#[test]
#[ignore = "takes as long as it is told to: cargo xtask soak"]
#[allow(clippy::print_stdout, reason = "what was tried is the result")]
fn spoiled_files_for_a_while() {
    let seconds: u64 = std::env::var(SECONDS).map_or(1, |text| text.parse().expect(SECONDS));
    let end = Instant::now() + Duration::from_secs(seconds);
    // What the arrow crates stumble over becomes an error of the file.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !truezero_data::formats::panic_is_caught() {
            print(panic);
        }
    }));
    let files: Vec<_> = FORMATS.iter().map(|&(format, parse)| (format, parse, valid(format))).collect();
    let (mut spoiled, mut slowest) = (0u64, Duration::ZERO);
    for seed in DAMAGES.. {
        for (format, parse, wholes) in &files {
            for (at, whole) in wholes.iter().enumerate() {
                let damaged = damage(&damage(whole, seed), !seed);
                let started = Instant::now();
                let answer = catch_unwind(|| parse(format, &damaged));
                assert!(answer.is_ok(), "{format} {at} damaged by seed {seed} panics");
                slowest = slowest.max(started.elapsed());
                spoiled += 1;
            }
        }
        if Instant::now() >= end {
            break;
        }
    }
    println!("{spoiled} spoiled files read in {seconds} s, the slowest in {slowest:.1?}");
}

/// Changes a few bytes: to anything, to an extreme, by one bit; or leaves out or repeats a few.
fn damage(whole: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut below = |bound: usize| (random.next_u64() % bound.max(1) as u64) as usize;
    let mut bytes = whole.to_vec();
    for _ in 0..=below(4) {
        let at = below(bytes.len());
        if bytes.is_empty() {
            break;
        }
        match below(5) {
            0 => bytes[at] = below(256) as u8,
            1 => bytes[at] = [0, 0x7f, 0x80, 0xff][below(4)],
            2 => bytes[at] ^= 1 << below(8),
            3 => drop(bytes.drain(at..bytes.len().min(at + 1 + below(8)))),
            _ => {
                let piece = bytes[at..bytes.len().min(at + 1 + below(8))].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}
