//! The user guide: its pages belong together, and every command and snippet in them runs.

use std::path::Path;
use std::process::Command;

use crate::python::install;
use crate::steps::{Outcome, check};

pub(crate) fn run(root: &Path) -> Outcome {
    let programs = match install(root) {
        Ok(programs) => programs,
        Err(outcome) => return outcome,
    };
    let python = || {
        let mut command = Command::new(programs.join("python"));
        command.current_dir(root);
        command
    };
    let site = root.join("target/guide");
    match check(python().args(["-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir"]).arg(site)) {
        Outcome::Passed => check(python().arg("docs/check_guide.py")),
        other => other,
    }
}
