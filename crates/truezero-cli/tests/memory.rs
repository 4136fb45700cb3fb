//! Memory is what the weights and the active values need: sparse input is never made dense, and no
//! large network is ever in memory twice.
#![cfg(target_os = "linux")] // where the shell can limit a process's address space

mod common;

use std::io::Write;
use std::process::Output;

use common::{Place, failed, succeeded};
use flate2::{Compression, write::GzEncoder};

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
    let train = ["train", "wide.svmlight", "--hidden", "16", "--epochs", "1", "--threads", "2", "--json"];
    let report = within(&place, LIMIT_KILOBYTES, &train);
    assert!(report["test_error"].as_f64().unwrap() < 0.01, "{report}");
}

/// A twentieth of 20 GB that are to be trained on within 2 GB: so many examples of so many 64-bit numbers,
/// which are fewer to read than 32-bit ones.
const STREAMED: usize = 250_000;
const STREAMED_WIDTH: usize = 500;
const STREAMED_FILES: usize = 4;
/// A twentieth of 2 GB, and what the program takes before it reads anything (55 MB without optimisation).
const STREAMED_KILOBYTES: u32 = 100_000 + 55_000;

#[test]
fn a_stream_trains_in_less_memory_than_its_examples_take() {
    // Not where temporary files usually are, which may be memory.
    let place = Place::below(env!("CARGO_TARGET_TMPDIR"));
    let rows = STREAMED / STREAMED_FILES;
    std::fs::create_dir(place.path("shards")).unwrap();
    // Some rows again and again, for what is read is not compared: numbers that no zero can be skipped among, the class in
    // some of them.
    let mut noise = common::Noise(1);
    let row = |class: usize| {
        let mut number = |column: usize| noise.next() + if column % 50 == class { 2.0 } else { 0.0 };
        (0..STREAMED_WIDTH).flat_map(|column| number(column).to_le_bytes()).collect::<Vec<u8>>()
    };
    let block: Vec<u8> = [0, 1].map(row).concat().repeat(50);
    for shard in 0..STREAMED_FILES {
        let header =
            format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {STREAMED_WIDTH}), }}");
        let path = place.path(&format!("shards/{shard}.npy"));
        let mut file = std::fs::File::create(path).unwrap();
        file.write_all(b"\x93NUMPY\x01\0\x76\0").unwrap();
        writeln!(file, "{header:<117}").unwrap();
        (0..rows / 100).for_each(|_| file.write_all(&block).unwrap());
    }
    place.write("labels", "0\n1\n".repeat(STREAMED / 2));
    let run = ["--labels", "labels", "--hidden", "8", "--batch-size", "100", "--epochs", "1"];
    let run = [&run[..], &["--threads", "1", "--json", "--quiet"]].concat();
    let small = ["--stream", "--shuffle-buffer", "2000", "--validation", "500", "--test-fraction", "500"];
    let report = within(&place, STREAMED_KILOBYTES, &[&["train", "shards"], &run[..], &small].concat());
    assert!(report["test_error"].as_f64().unwrap() < 0.01, "{report}");
    assert_eq!(report["examples"]["train"], STREAMED - 1000);
    let evaluate =
        ["evaluate", "model.safetensors", "shards/0.npy", "--stream", "--labels", "few", "--threads", "1"];
    place.write("few", "0\n1\n".repeat(rows / 2));
    let report = within(&place, STREAMED_KILOBYTES, &[&evaluate[..], &["--json"]].concat());
    assert_eq!(report["examples"], rows);

    // The limit is one: in memory, a quarter of the examples are too many.
    let run =
        ["train", "shards/0.npy", "--labels", "few", "--hidden", "8", "--epochs", "1", "--threads", "1"];
    assert!(!limited(&place, STREAMED_KILOBYTES, &run).status.success());
}

#[test]
fn a_network_that_no_memory_holds_is_refused_before_it_is_made() {
    let place = Place::with_flowers();
    place.write("wide.svmlight", "1 1:1\n0 67108864:1\n".repeat(10));
    let flowers = ["flowers.csv", "--target", "kind"];
    // Scales of so many columns alone are refused, too.
    let wide = ["wide.svmlight", "--scaling", "none"];
    for (data, hidden) in
        [(&flowers[..], "4000000,4000000"), (&flowers, "16777216,16777216"), (&wide, "1000000")]
    {
        for verb in ["train", "pretrain"] {
            let found = place.error(&[&[verb], data, &["--hidden", hidden]].concat());
            assert!(found.contains(": expected at most "), "{verb} {hidden}: {found}");
            assert!(found.contains("iB of weights"), "{verb} {hidden}: {found}");
        }
    }
}

/// What is read, and a network whose weights take more: as one that needs both would not fit.
const TIGHT_KILOBYTES: u32 = 300_000;

#[test]
fn where_memory_ends_there_is_an_error() {
    let place = Place::with_flowers();
    // A file of some kilobytes in which there is more than that.
    let packed = |name: &str, start: &str, piece: &str, megabytes: usize| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(start.as_bytes()).unwrap();
        let piece = piece.repeat((1 << 20) / piece.len());
        (0..megabytes).for_each(|_| encoder.write_all(piece.as_bytes()).unwrap());
        place.write(name, encoder.finish().unwrap());
    };
    packed("line.csv.gz", "x,y\n1,2\n", "a", 280);
    packed("cells.csv.gz", "x,y\n1,2\n", ",", 280);
    packed("words.csv.gz", "x,y\n", "a,b\n", 40);
    packed("examples.svmlight.gz", "", "1 1:1\n", 160);
    packed("labels.gz", "", "a\n", 40);
    let small = ["--hidden", "4", "--epochs", "1", "--threads", "1"];
    for data in [
        &["line.csv.gz", "--target", "y"][..],
        &["cells.csv.gz", "--target", "y"],
        &["words.csv.gz", "--target", "y"],
        &["examples.svmlight.gz"],
        &["flowers.csv", "--ignore", "kind", "--labels", "labels.gz"],
        &["flowers.csv", "--target", "kind", "--hidden", "20000,20000"],
        &["flowers.csv", "--target", "kind", "--hidden", "200000", "--batch-size", "4000000000"],
    ] {
        let run = if data.contains(&"--hidden") { &small[2..] } else { &small };
        let arguments = [&["train"], data, run].concat();
        let told = failed(&arguments, &limited(&place, TIGHT_KILOBYTES, &arguments));
        let long = told.contains("a longer one") || told.contains(" cells");
        assert!(long || told.contains("memory"), "{data:?}: {told}");
    }

    // 100 MB of weights, which are read where there is not as much.
    let large = ["train", "flowers.csv", "--target", "kind", "--hidden", "5000,5000", "--epochs", "1"];
    place.ok(&[&large[..], &["--threads", "1", "--quiet"]].concat());
    place.ok(&["export", "model.safetensors", "--onnx", "model.onnx"]);
    for arguments in [
        &["predict", "model.safetensors", "flowers.csv", "--threads", "1"][..],
        &["evaluate", "model.safetensors", "flowers.csv", "--threads", "1"],
        &["encode", "model.safetensors", "flowers.csv", "--threads", "1", "--out", "codes.npz"],
        &["export", "model.safetensors", "--onnx", "again.onnx"],
        &["import", "model.onnx", "--out", "again.safetensors"],
        &["serve", "model.safetensors", "--addr", "127.0.0.1:0"],
    ] {
        let told = failed(arguments, &limited(&place, 100_000, arguments));
        assert!(told.contains("memory"), "{arguments:?}: {told}");
    }
}

#[test]
fn trainings_of_a_sweep_share_the_memory_there_is() {
    let place = Place::with_flowers();
    // Each takes 48 MB: all six of them more than there is, two or three do not.
    place.write(
        "sweep.toml",
        "method = \"grid\"\n[train]\ndata = \"flowers.csv\"\ntarget = \"kind\"\nhidden = [2000, 2000]\n\
         epochs = 1\n[vary]\nseed = [1, 2, 3, 4, 5, 6]\n",
    );
    let found = within(&place, 220_000, &["sweep", "sweep.toml", "--json", "--quiet", "--jobs", "6"]);
    let trials = found["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 6);
    assert!(trials.iter().all(|trial| trial["state"] == "done"), "{found}");
}

/// What the command prints if its address space may not exceed so many kilobytes.
fn within(place: &Place, kilobytes: u32, arguments: &[&str]) -> serde_json::Value {
    let text = succeeded(arguments, &limited(place, kilobytes, arguments));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}"))
}

fn limited(place: &Place, kilobytes: u32, arguments: &[&str]) -> Output {
    let mut command = place.command("sh");
    let script = "ulimit -v $1 && shift && exec \"$@\"";
    command.args(["-c", script, "sh", &kilobytes.to_string(), env!("CARGO_BIN_EXE_truezero")]);
    // The allocator sets aside 64 MB of addresses for each thread, which are not memory. Once large pieces have
    // been given back it takes others from the heap, where two threads leave gaps that depend on the timing.
    command.args(arguments).envs([("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072")]);
    command.output().unwrap()
}

/// Units of each of two hidden layers: 72 MB of weights, above which the best weights are kept in a file.
const UNITS: u32 = 4240;
const WEIGHTS_KILOBYTES: u32 = UNITS * UNITS * 4 / 1024;
/// Program (45 MB without optimisation), libraries, stack, data, mini-batches: they take 55 MB. A second
/// copy of the weights would not fit in what is left.
const REST_KILOBYTES: u32 = 85_000;

#[test]
fn a_large_network_is_trained_saved_and_loaded_with_its_weights_in_memory_once() {
    let place = Place::new();
    let mut text = String::new();
    for example in 0..40 {
        text += ["0 1:1 3:1\n", "1 2:1 3:1\n", "0 1:1 4:1\n", "1 2:1 4:1\n"][example % 4];
    }
    place.write("small.svmlight", text);
    let limit = WEIGHTS_KILOBYTES + REST_KILOBYTES;
    let hidden = format!("{UNITS},{UNITS}");
    let train = |more: &[&str]| {
        let run = ["train", "small.svmlight", "--hidden", &hidden, "--threads", "1", "--quiet", "--json"];
        within(&place, limit, &[&run[..], more].concat())
    };
    // So slow that no epoch costs less than the first, which stays the best; the last is not it.
    let report = train(&["--learning-rate", "1e-30", "--epochs", "3"]);
    assert_eq!((&report["epochs"], &report["best_epoch"]), (&3.into(), &1.into()), "{report}");
    let arguments = ["evaluate", "model.safetensors", "small.svmlight", "--threads", "1", "--json"];
    let loaded = within(&place, limit, &arguments);
    assert!(loaded["error"].as_f64().is_some(), "{loaded}");
}
