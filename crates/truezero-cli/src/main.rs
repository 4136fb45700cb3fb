//! The `truezero` command.

#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "a program has no interface to other crates")]
#![allow(
    clippy::format_push_string,
    reason = "for texts that people read, clarity goes before an allocation"
)]

mod args;
mod commands;
mod config;
mod failure;
mod files;
mod json;
mod measure;
mod output;
mod progress;
mod signal;
mod table;
mod tensorboard;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Verb};
use failure::Failure;

fn main() -> ExitCode {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !truezero_data::formats::panic_is_caught() {
            print(panic);
        }
    }));
    match run(std::env::args_os().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&format!("error: {}", failure::chain(&failure)));
            failure.exit_code()
        }
    }
}

fn run(arguments: Vec<OsString>) -> Result<(), Failure> {
    let mut cli = Cli::parse_from(&arguments);
    if let Verb::Train(train) = &cli.verb
        && let Some(file) = &train.run.config
    {
        let has_data = train.data.is_some();
        cli = Cli::parse_from(config::merge(file, arguments, has_data)?);
    }
    match cli.verb {
        Verb::Train(args) => commands::train::run(*args),
        Verb::Pretrain(args) => commands::pretrain::run(&args),
        Verb::Evaluate(args) => commands::evaluate::run(&args),
        Verb::Predict(args) => commands::predict::run(&args),
        Verb::Inspect(args) => commands::inspect::run(&args),
        Verb::Encode(args) => commands::encode::run(&args),
        Verb::Export(args) => commands::export::run(&args),
        Verb::Import(args) => commands::import::run(&args),
        Verb::Observe(args) => commands::observe::run(&args),
        Verb::Serve(args) => commands::serve::run(&args),
        Verb::Paper(args) => commands::paper::run(&args),
        Verb::Bench(args) => commands::bench::run(&args),
        Verb::Fetch(args) => commands::fetch::run(&args),
        Verb::Completions(args) => commands::completions::run(&args),
        Verb::Man(args) => commands::man::run(&args),
    }
}
