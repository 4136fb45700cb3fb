//! The Python package: installed by pip into an environment below target/, and tested there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::environment;
use crate::steps::{Outcome, check};

/// What pytest runs: test modules, and the examples in the documentation of the package that was installed.
const TESTED: [&str; 5] =
    ["python/tests", "--ignore=python/tests/ray", "--doctest-modules", "--pyargs", "truezero"];

pub(crate) fn run(root: &Path) -> Outcome {
    pytest(root, &TESTED)
}

/// What runs on a cluster, on one of two nodes on this machine.
pub(crate) fn ray(root: &Path) -> Outcome {
    pytest(root, &["python/tests/ray"])
}

fn pytest(root: &Path, tested: &[&str]) -> Outcome {
    let programs = match install(root) {
        Ok(programs) => programs,
        Err(outcome) => return outcome,
    };
    check(
        Command::new(programs.join("python"))
            .current_dir(root)
            .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"])
            .args(tested),
    )
}

/// The package as it is now, in an environment with what its tests need; where its programs are.
pub(crate) fn install(root: &Path) -> Result<PathBuf, Outcome> {
    let programs = environment(&root.join("target/python"), &root.join("python/tests/requirements.txt"))
        .map_err(Outcome::NotRun)?;
    let package = ["-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", "."];
    // Compiled as for the tests in Rust, so that most of it is there already.
    let outcome = check(
        Command::new(programs.join("python"))
            .current_dir(root)
            .args(package)
            .env("MATURIN_PEP517_ARGS", "--profile dev")
            .env("CARGO_TARGET_DIR", root.join("target")),
    );
    if outcome == Outcome::Passed { Ok(programs) } else { Err(outcome) }
}
