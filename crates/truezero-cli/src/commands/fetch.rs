//! `truezero fetch`: public data sets into the cache.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use truezero_data::fetch::{self, Progress};

use crate::args::FetchArgs;
use crate::failure::Failure;
use crate::{json, output};

/// A data set that is in the cache.
#[derive(Serialize)]
struct Fetched<'a> {
    name: &'a str,
    folder: String,
}

pub fn run(args: &FetchArgs) -> Result<(), Failure> {
    if args.list {
        let names = fetch::names();
        return if args.json { json::document(&names) } else { output::print(&(names.join("\n") + "\n")) };
    }
    let mut fetched = Vec::new();
    for name in &args.names {
        let mut display = Display::default();
        let folder = fetch::fetch(name, &mut |progress| display.show(progress));
        display.end_file();
        fetched.push(Fetched { name, folder: folder?.display().to_string() });
    }
    if args.json {
        return json::document(&fetched);
    }
    let lines = fetched.iter().map(|Fetched { name, folder }| format!("{name} is in {folder}\n"));
    output::print(&lines.collect::<String>())
}

/// A bar for the file that is being received; elsewhere than on a terminal, a line for each file.
#[derive(Default)]
struct Display {
    file: String,
    bar: Option<ProgressBar>,
}

impl Display {
    fn show(&mut self, Progress { file, received, total }: Progress) {
        if self.file != file {
            self.end_file();
            file.clone_into(&mut self.file);
            if stderr().is_terminal() {
                let bar = ProgressBar::new(total);
                let template = "{msg} {bar:24} {bytes}/{total_bytes} {bytes_per_sec}";
                bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
                bar.set_message(file.to_owned());
                self.bar = Some(bar);
            } else {
                output::note(&format!("receiving {file}, {total} bytes"));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(received);
        }
    }

    fn end_file(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
