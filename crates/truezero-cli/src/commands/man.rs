//! `truezero man`: manual pages from the same definitions as `--help`.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use truezero_data::files::{Kind, Output};

use crate::args::{Cli, ManArgs};
use crate::failure::Failure;
use crate::{files, output};

/// A page of this manual, of any version.
const PAGE: Kind<'static> = Kind {
    name: "a page of truezero's manual",
    is: &|beginning| beginning.windows(TITLE.len()).any(|at| at == TITLE),
};

/// How the titles of the pages begin.
const TITLE: &[u8] = b".TH truezero";

pub fn run(args: &ManArgs) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    match &args.out {
        None => output::stream(|out| Man::new(command).render(out)),
        Some(folder) => {
            fs::create_dir_all(folder).map_err(Failure::io("create", folder))?;
            write_all(&command, folder)
        }
    }
}

/// A page for a command and for each verb below it.
fn write_all(command: &Command, folder: &Path) -> Result<(), Failure> {
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        write_all(verb, folder)?;
    }
    let page = Man::new(command.clone());
    let output = Output::new(&folder.join(page.get_filename()), PAGE)
        .map_err(|error| error.with_hint("name another folder with --out"))?;
    files::write(&output, |file| page.render(file))
}
