//! The `truezero` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    truezero_cli::run(std::env::args_os().collect()).into()
}
