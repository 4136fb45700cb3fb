//! Sparse input is never made dense: a wide svmlight file trains in little memory.
#![cfg(target_os = "linux")] // where the shell can limit a process's address space

mod common;

use std::io::Write;

use common::{Place, succeeded};

const EXAMPLES: u32 = 20_000;
const WIDTH: u32 = 100_000;
const ACTIVE: u32 = 50;
/// The inputs would fill 8 GB as a dense array; as active values they fill 8 MB.
const LIMIT_KILOBYTES: u32 = 400_000;

#[test]
fn a_wide_sparse_file_trains_in_a_fraction_of_its_dense_size() {
    let place = Place::new();
    let mut file = std::io::BufWriter::new(std::fs::File::create(place.path("wide.svmlight")).unwrap());
    for example in 0..EXAMPLES {
        let class = example % 2;
        write!(file, "{class}").unwrap();
        for k in 0..ACTIVE {
            // Rising by about 2000; the class decides which of two neighbours is active.
            let index = k * (WIDTH / ACTIVE) + (example.wrapping_mul(2_654_435_761) >> 22) % 900 * 2 + class;
            write!(file, " {}:1", index + 1).unwrap();
        }
        writeln!(file).unwrap();
    }
    drop(file);
    let train = "ulimit -v $1 && exec \"$2\" train wide.svmlight --hidden 16 --epochs 1 --threads 2 --json";
    let limit = LIMIT_KILOBYTES.to_string();
    let mut command = place.command("sh");
    command.args(["-c", train, "sh", &limit, env!("CARGO_BIN_EXE_truezero")]);
    let text = succeeded(&["train"], &command.output().unwrap());
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(report["test_error"].as_f64().unwrap() < 0.01, "{text}");
}
