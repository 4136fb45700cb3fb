//! `truezero paper`: the experiments of the paper, a report and what was found.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use truezero_paper::result::{Outcome, Results};
use truezero_paper::{Error, Limits, Name, Progress, REPORT, RESULTS, Scale, Settings};

use crate::args::{PaperArgs, threads};
use crate::failure::Failure;
use crate::{json, output, signal};

pub fn run(args: &PaperArgs) -> Result<(), Failure> {
    let settings = Settings {
        data: args.data.clone(),
        out: args.out.clone(),
        scale: if args.quick { Scale::Quick } else { Scale::Full },
        limits: Limits { epochs: args.epochs, seeds: args.seeds, networks: args.networks },
        threads: threads(args.threads),
        seed: args.seed,
    };
    signal::listen()?;
    let watch = Watch::new(args.quiet);
    let results = truezero_paper::run(&args.experiments, &settings, &watch);
    watch.finish();
    let results = results.map_err(|error| match error {
        Error::Stopped => {
            let message = "stopped before the end\nhint: the same command goes on from there";
            Failure::BrokenOff(message.to_owned())
        }
        error => error.into(),
    })?;
    if args.json {
        return json::document(&results);
    }
    output::print(&text(args, &results))
}

/// What the experiments that were asked for found, and where the rest is.
fn text(args: &PaperArgs, results: &Results) -> String {
    let asked = |outcome: &&Outcome| {
        args.experiments.is_empty() || args.experiments.iter().any(|name| name.as_str() == outcome.name)
    };
    let mut text = String::new();
    for outcome in results.experiments.iter().filter(asked) {
        text += &format!("{}\n{}\n\n", outcome.title, outcome.finding);
    }
    let [report, results] = [REPORT, RESULTS].map(|file| args.out.join(file));
    text += &format!("report in {}, figures in {}\n", report.display(), results.display());
    text
}

/// A bar for the networks of an experiment; elsewhere than on a terminal, a line for each.
enum Watch {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Watch {
    fn new(quiet: bool) -> Self {
        if quiet {
            Self::Nothing
        } else if stderr().is_terminal() {
            let bar = ProgressBar::new(0);
            let template = "{prefix} {bar:24} {pos}/{len} {wide_msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
            Self::Bar(bar)
        } else {
            Self::Lines
        }
    }

    fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Watch {
    fn experiment(&self, name: Name) {
        match self {
            Self::Bar(bar) => {
                bar.suspend(|| output::note(&format!("{name}: {}", name.about())));
                bar.set_prefix(name.as_str());
                bar.set_message("");
                bar.set_length(0);
                bar.set_position(0);
            }
            Self::Lines => output::note(&format!("{name}: {}", name.about())),
            Self::Nothing => {}
        }
    }

    fn network(&self, name: Name, done: usize, of: usize, line: &str) {
        match self {
            Self::Bar(bar) => {
                bar.set_length(of as u64);
                bar.set_position(done as u64);
                bar.set_message(line.to_owned());
            }
            Self::Lines => output::note(&format!("{name} {done}/{of}: {line}")),
            Self::Nothing => {}
        }
    }

    fn stop(&self) -> bool {
        signal::interrupted()
    }
}
