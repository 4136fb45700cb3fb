//! Running the real command in a folder of its own.
#![allow(clippy::format_push_string, reason = "for tables of some lines, clarity goes before an allocation")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of this")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A small network that learns the flowers within a second.
pub const SMALL: [&str; 6] = ["--hidden", "20,20", "--epochs", "8", "--quiet", "--json"];

/// A folder that commands run in.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A place in another folder than that of temporary files.
    pub fn below(folder: &str) -> Self {
        Self { folder: tempfile::tempdir_in(folder).unwrap() }
    }

    /// A place with `flowers.csv`: 150 flowers to be told apart.
    pub fn with_flowers() -> Self {
        let place = Self::new();
        place.write("flowers.csv", flowers(150, 1));
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of all files, hidden ones too.
    pub fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("TRUEZERO_CACHE", self.path("cache"));
        command
    }

    pub fn truezero(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_truezero"));
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.truezero(arguments).output().unwrap()
    }

    /// What a command that must succeed prints.
    pub fn ok(&self, arguments: &[&str]) -> String {
        succeeded(arguments, &self.run(arguments))
    }

    /// The document that a command that must succeed prints.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}"))
    }

    /// Trains a small network; the document.
    pub fn train(&self, arguments: &[&str]) -> Value {
        self.json(&[&["train"], arguments, &SMALL].concat())
    }

    /// What a command that must fail says: on standard error only, in the form of an error, and without
    /// leaving a file; from `error:` on.
    pub fn error(&self, arguments: &[&str]) -> String {
        let before = self.files();
        let output = self.run(arguments);
        assert_eq!(self.files(), before, "{arguments:?} leaves files as they are");
        failed(arguments, &output)
    }
}

pub fn succeeded(arguments: &[&str], output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}\n{errors}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn failed(arguments: &[&str], output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
    assert_eq!(output.stdout, b"", "{arguments:?} prints a result");
    let lines = || message.split_inclusive('\n');
    assert_eq!(lines().filter(|line| line.starts_with("error: ")).count(), 1, "{arguments:?}: {message}");
    lines().skip_while(|line| !line.starts_with("error: ")).collect()
}

/// A table of `count` flowers of three kinds, told by four numbers and a colour.
pub fn flowers(count: usize, seed: u64) -> String {
    let mut noise = Noise(seed);
    let mut text = String::from("sepal,petal,height,scent,colour,kind\n");
    for at in 0..count {
        let kind = at % 3;
        let centre = [[5.0, 1.0, 20.0, 0.3], [6.0, 4.0, 30.0, 0.5], [7.0, 6.0, 25.0, 0.9]][kind];
        for (value, spread) in centre.iter().zip([0.4, 0.4, 3.0, 0.1]) {
            text += &format!("{:.3},", value + spread * noise.next());
        }
        let colour = ["white", "yellow", "blue"][if noise.next() > 0.0 { kind } else { at % 2 }];
        text += &format!("{colour},{}\n", ["aster", "briar", "clover"][kind]);
    }
    text
}

/// A table of `count` rows in which `y` is 1000 + 50 (a − b), nearly.
pub fn prices(count: usize, seed: u64) -> String {
    let mut noise = Noise(seed);
    let mut text = String::from("a,b,y,z\n");
    for _ in 0..count {
        let (a, b) = (noise.next(), noise.next());
        let y = 1000.0 + 50.0 * (a - b) + noise.next();
        text += &format!("{a:.4},{b:.4},{y:.4},{:.5}\n", 0.01 * a);
    }
    text
}

/// Numbers between −1 and 1 that look random.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
