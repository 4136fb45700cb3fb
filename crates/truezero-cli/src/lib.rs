//! The `truezero` command, as a function: the program calls it, and so does the Python package. For work on a cluster,
//! which Python drives, its parts are at hand too: sweeps, and one network trained by many workers.

#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "the interface to other crates is a function and two modules")]
#![allow(
    clippy::format_push_string,
    reason = "for texts that people read, clarity goes before an allocation"
)]

mod args;
pub mod averaging;
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

pub mod sweep {
    //! Sweeps whose trainings run in other processes, for the Python package.

    pub use crate::commands::sweep::elsewhere::{Sweep, Training, train};
    pub use crate::failure::Failure;
}

use std::ffi::OsString;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use truezero_sparse::memory;

use args::{Cli, Verb};
use commands::Ended;
use failure::Failure;

/// Exit code of a command that did what it was asked.
const SUCCESS: u8 = 0;

/// Does what the command line asks for, the program's name first among the arguments; returns the exit code:
/// 0 for success, 2 for a wrong usage, 130 (143) for work that an interrupt (SIGTERM) broke off, also if what there was
/// is saved, 1 for any other failure, told on standard error.
pub fn run(arguments: Vec<OsString>) -> u8 {
    signal::outlive_file_limit();
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !truezero_data::formats::panic_is_caught() {
            print(panic);
        }
    }));
    let done = memory::catch(|| parse_and_do(arguments));
    match done.unwrap_or_else(|error| Err(truezero::Error::from(error).into())) {
        Ok(code) => code,
        Err(failure) => {
            output::note(&format!("error: {}", failure::chain(&failure)));
            failure.exit_code()
        }
    }
}

fn parse_and_do(arguments: Vec<OsString>) -> Result<u8, Failure> {
    let mut parsed = Cli::try_parse_from(&arguments);
    if let Ok(Cli { verb: Verb::Train(train) }) = &parsed
        && let Some(file) = &train.run.config
    {
        let has_data = train.data.is_some();
        parsed = Cli::try_parse_from(config::merge(file, arguments, has_data)?);
    }
    let cli = match parsed {
        Ok(cli) => cli,
        Err(mut error) => {
            if error.kind() == ErrorKind::UnknownArgument {
                // That a word after `--` is a value would help nobody: a misspelt option is none.
                error.remove(ContextKind::Suggested);
            }
            // Help goes to standard output, complaints elsewhere; nobody listening is no failure.
            let _ = error.print();
            if is_one_too_many(&error) {
                output::note(
                    "hint: files that belong together are one folder, or one pattern in quotes, as in 'part-*.csv' with --stream",
                );
            }
            return Ok(u8::try_from(error.exit_code()).unwrap_or(u8::MAX));
        }
    };
    let ended = match cli.verb {
        Verb::Train(args) => return commands::train::run(*args).map(code),
        Verb::Pretrain(args) => return commands::pretrain::run(&args).map(code),
        Verb::Sweep(args) => return commands::sweep::run(&args).map(code),
        Verb::Predict(args) => return commands::predict::run(&args).map(code),
        Verb::Encode(args) => return commands::encode::run(&args).map(code),
        Verb::Evaluate(args) => commands::evaluate::run(&args),
        Verb::Inspect(args) => commands::inspect::run(&args),
        Verb::Export(args) => commands::export::run(&args),
        Verb::Import(args) => commands::import::run(&args),
        Verb::Observe(args) => commands::observe::run(&args),
        Verb::Serve(args) => commands::serve::run(&args),
        Verb::Paper(args) => commands::paper::run(&args),
        Verb::Bench(args) => commands::bench::run(&args),
        Verb::Fetch(args) => commands::fetch::run(&args),
        Verb::Completions(args) => commands::completions::run(&args),
        Verb::Man(args) => commands::man::run(&args),
    };
    ended.map(|()| SUCCESS)
}

/// Whether a word is left over that is no option: a shell makes many of a pattern.
fn is_one_too_many(error: &clap::Error) -> bool {
    let word = error.get(ContextKind::InvalidArg);
    error.kind() == ErrorKind::UnknownArgument
        && matches!(word, Some(ContextValue::String(word)) if !word.starts_with('-'))
}

fn code(ended: Ended) -> u8 {
    match ended {
        Ended::Complete => SUCCESS,
        Ended::BrokenOff => signal::exit_code(),
    }
}
