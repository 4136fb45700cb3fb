//! The user guide: its pages belong together, and every command and snippet in them runs.

use std::path::Path;
use std::process::Command;

use crate::python::install;
use crate::steps::{Outcome, check};

/// What Spark runs on, which Python's registry does not have.
const JAVA: &str = "java";

pub(crate) fn run(root: &Path) -> Outcome {
    if Command::new(JAVA).arg("-version").output().is_err() {
        return Outcome::NotRun(
            "Java 17 or 21, which the page on clusters starts Spark with, is not there".into(),
        );
    }
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
