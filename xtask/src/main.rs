//! Chores of this repository, run as `cargo xtask …`; `cargo xtask --help` lists them.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod browser;
mod cross;
mod debian;
mod environment;
mod guide;
mod python;
mod rules;
mod serve;
mod soak;
mod steps;

use std::path::Path;
use std::process::ExitCode;

use steps::STEPS;

/// Seconds that `soak` takes unless it is told.
const SOAK_SECONDS: u64 = 120;
/// Exit code for a command line that is not understood.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["test"] => steps::run(root(), STEPS),
        ["test", "--only", name] => match STEPS.iter().position(|step| step.name == name) {
            Some(found) => steps::run(root(), &STEPS[found..=found]),
            None => usage(&format!("no step is named {name:?}")),
        },
        ["soak"] => soak::run(root(), SOAK_SECONDS),
        ["soak", "--seconds", seconds] => match seconds.parse() {
            Ok(seconds) => soak::run(root(), seconds),
            Err(_) => usage(&format!("--seconds: expected a whole number, found {seconds:?}")),
        },
        ["--help" | "-h" | "help"] | ["test", "--help" | "-h"] => {
            print!("{}", help());
            ExitCode::SUCCESS
        }
        [] => usage("a task is missing"),
        _ => usage(&format!("cannot make sense of {:?}", arguments.join(" "))),
    }
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root")
}

fn usage(complaint: &str) -> ExitCode {
    eprintln!("error: {complaint}\nhint: cargo xtask --help lists tasks and steps");
    ExitCode::from(USAGE)
}

fn help() -> String {
    let steps: Vec<String> = STEPS.iter().map(|step| format!("  {:<9} {}", step.name, step.about)).collect();
    format!(
        "Chores of the truezero repository

Usage: cargo xtask test                every check there is
       cargo xtask test --only STEP    one of them
       cargo xtask soak                spoiled files and requests for two minutes
       cargo xtask soak --seconds N    the same for so long

Steps:
{}

A step that this machine cannot carry out is reported as NOT RUN; where the environment says CI=true
that fails the run. What a step needs is installed below target/, never elsewhere.
",
        steps.join("\n")
    )
}
