//! The Python package: installed by pip into an environment below target/, and tested there.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::steps::{Outcome, check};

/// The oldest Python that the package is for.
const OLDEST: (u32, u32) = (3, 11);

/// Interpreters, in the order in which they are tried.
const INTERPRETERS: [&str; 4] = ["python3", "python3.13", "python3.12", "python3.11"];

/// What pytest runs: test modules, and the examples in the documentation of the package that was installed.
const TESTED: [&str; 4] = ["python/tests", "--doctest-modules", "--pyargs", "truezero"];

pub(crate) fn run(root: &Path) -> Outcome {
    let Some(python) = INTERPRETERS.into_iter().find(|python| is_recent(python)) else {
        return Outcome::NotRun(format!("there is no Python {}.{} or later", OLDEST.0, OLDEST.1));
    };
    let environment = root.join("target/python");
    let inside = environment.join("bin/python");
    if !works(&inside)
        && let failed @ Outcome::Failed(_) =
            check(Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment))
    {
        return failed;
    }
    let inside = || {
        let mut command = Command::new(&inside);
        command.current_dir(root);
        command
    };
    let requirements = ["-m", "pip", "install", "--quiet", "-r", "python/tests/requirements.txt"];
    // Compiled as for the tests in Rust, so that most of it is there already.
    let package = ["-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", "."];
    for outcome in [
        check(inside().args(requirements)),
        check(
            inside()
                .args(package)
                .env("MATURIN_PEP517_ARGS", "--profile dev")
                .env("CARGO_TARGET_DIR", root.join("target")),
        ),
    ] {
        if outcome != Outcome::Passed {
            return outcome;
        }
    }
    check(inside().args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]).args(TESTED))
}

/// Whether a command is a Python that the package is for.
fn is_recent(python: &str) -> bool {
    let script = format!("import sys; sys.exit(sys.version_info < ({}, {}))", OLDEST.0, OLDEST.1);
    succeeds(Command::new(python).args(["-c", &script]))
}

/// Whether an environment is there and whole.
fn works(python: &Path) -> bool {
    succeeds(Command::new(python).args(["-m", "pip", "--version"]))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
