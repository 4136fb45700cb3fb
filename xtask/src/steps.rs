//! The steps of `cargo xtask test`: each a name and a function that says how it went.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::{browser, cross, guide, python, rules, serve};

/// One check, run from the repository's root.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(root: &Path) -> Outcome,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// The check was made and what it found is not in order.
    Failed(String),
    /// The check could not be made on this machine, so nothing is known.
    NotRun(String),
}

/// Every step, cheapest first.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "format", about: "rustfmt would change nothing", run: format },
    Step {
        name: "rules",
        about: "the repository's own rules: short files, unsafe in one crate",
        run: rules::run,
    },
    Step { name: "lint", about: "clippy has nothing to say", run: lint },
    Step { name: "docs", about: "the documentation builds without warnings", run: docs },
    Step { name: "test", about: "unit, property and integration tests, and examples in the docs", run: test },
    Step { name: "browser", about: "the observatory's page in a headless Chromium", run: browser::run },
    Step { name: "python", about: "the Python package, installed by pip, and its tests", run: python::run },
    Step {
        name: "ray",
        about: "sweeps, scoring and training on a Ray cluster of two nodes",
        run: python::ray,
    },
    Step { name: "guide", about: "every command and snippet of the user guide", run: guide::run },
    Step { name: "serve", about: "the server against Triton's client and schemathesis", run: serve::run },
    Step { name: "aarch64", about: "the kernels' tests on an emulated aarch64, for NEON", run: cross::run },
];

/// Runs `steps` to the last, even when one fails, and sums them up.
pub(crate) fn run(root: &Path, steps: &[Step]) -> ExitCode {
    let on_ci = env::var("CI").is_ok_and(|value| value == "true");
    let started = Instant::now();
    let mut results = Vec::new();
    for step in steps {
        println!("\n==> {}: {}", step.name, step.about);
        let started = Instant::now();
        let outcome = (step.run)(root);
        let seconds = started.elapsed();
        println!("{}", summary_line(step.name, &outcome, seconds).trim_start());
        results.push((step.name, outcome, seconds));
    }
    println!("\nSummary");
    for (name, outcome, seconds) in &results {
        println!("{}", summary_line(name, outcome, *seconds));
    }
    println!("  total {:.1} s", started.elapsed().as_secs_f64());
    let outcomes: Vec<Outcome> = results.into_iter().map(|(_, outcome, _)| outcome).collect();
    if outcomes.iter().any(|outcome| matches!(outcome, Outcome::NotRun(_))) {
        let verdict = if on_ci { ", and on CI that is a failure" } else { ", not fine" };
        println!("  A step was NOT RUN: what it checks is unknown{verdict}");
    }
    if succeeded(&outcomes, on_ci) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the run as a whole counts as a success; on CI every check must have been made.
fn succeeded(outcomes: &[Outcome], on_ci: bool) -> bool {
    outcomes.iter().all(|outcome| match outcome {
        Outcome::Passed => true,
        Outcome::Failed(_) => false,
        Outcome::NotRun(_) => !on_ci,
    })
}

fn summary_line(name: &str, outcome: &Outcome, time: Duration) -> String {
    let (word, why) = match outcome {
        Outcome::Passed => ("ok", ""),
        Outcome::Failed(why) => ("FAILED", why.as_str()),
        Outcome::NotRun(why) => ("NOT RUN", why.as_str()),
    };
    format!("  {word:<8} {name:<9} {:>7.1} s  {why}", time.as_secs_f64()).trim_end().to_owned()
}

fn format(root: &Path) -> Outcome {
    check(cargo(root).args(["fmt", "--all", "--check"]))
}

fn lint(root: &Path) -> Outcome {
    check(cargo(root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Of the libraries only: the binary shares its name with one of them, and with it the output path.
fn docs(root: &Path) -> Outcome {
    check(cargo(root).args(["doc", "--no-deps", "--workspace", "--lib"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn test(root: &Path) -> Outcome {
    check(cargo(root).args(["test", "--workspace", "--no-fail-fast"]))
}

/// The cargo that runs us.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs a command, with its output going to ours, and demands that it succeeds.
pub(crate) fn check(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("{} ended with {status}", shown(command))),
        Err(error) => Outcome::Failed(format!("cannot start {}: {error}", shown(command))),
    }
}

/// The command as one would type it, without its folders.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words: Vec<_> =
        std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_run_fails_only_on_ci() {
        let not_run = Outcome::NotRun("no apt".into());
        assert!(succeeded(&[Outcome::Passed, not_run.clone()], false));
        assert!(!succeeded(&[Outcome::Passed, not_run.clone()], true));
        assert!(!succeeded(&[Outcome::Passed, Outcome::Failed("2 tests".into()), not_run], false));
    }

    #[test]
    fn what_was_not_run_is_never_shown_as_success() {
        let line = summary_line("aarch64", &Outcome::NotRun("no apt".into()), Duration::from_millis(1250));
        assert_eq!(line, "  NOT RUN  aarch64       1.2 s  no apt");
        assert_eq!(
            summary_line("lint", &Outcome::Passed, Duration::from_secs(3)),
            "  ok       lint          3.0 s"
        );
    }

    #[test]
    fn a_failing_command_is_named_with_its_status() {
        let Outcome::Failed(why) = check(cargo(crate::root()).arg("no-such-command").stderr(null())) else {
            panic!("an unknown command cannot succeed");
        };
        assert!(why.contains("cargo no-such-command` ended with exit status: 101"), "{why}");
        let Outcome::Failed(why) = check(&mut Command::new("/no/such/program")) else {
            panic!("a program that is not there cannot succeed");
        };
        assert!(why.starts_with("cannot start `program`: "), "{why}");
    }

    fn null() -> std::process::Stdio {
        std::process::Stdio::null()
    }
}
