//! The server against clients that are not ours: Triton's, and a tester that reads its description.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::{Outcome, cargo, check};

/// What the tests in Python are, and what they need.
const TESTS: &str = "crates/truezero-serve/tests/python";

pub(crate) fn run(root: &Path) -> Outcome {
    let folder = root.join("target/serve");
    let python = match environment(&folder, &root.join(TESTS).join("requirements.txt")) {
        Ok(python) => python,
        Err(reason) => return Outcome::NotRun(reason),
    };
    let built = check(cargo(root).args(["build", "--package", "truezero-cli"]));
    if built != Outcome::Passed {
        return built;
    }
    let truezero = root.join("target/debug/truezero");
    for test in ["triton.py", "description.py"] {
        let script = root.join(TESTS).join(test);
        let outcome = check(Command::new(&python).arg(script).arg(&truezero).arg(&folder));
        if outcome != Outcome::Passed {
            return outcome;
        }
    }
    Outcome::Passed
}

/// A virtual environment with the requirements, made anew when they change; its Python.
fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let recipe = fs::read_to_string(requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    let (environment, complete) = (folder.join("venv"), folder.join("complete"));
    let python = environment.join("bin/python");
    // An environment knows where it is, so one that was moved is not used.
    let recipe = format!("{recipe}\n{}", environment.display());
    if fs::read_to_string(&complete).is_ok_and(|text| text == recipe) {
        return Ok(python);
    }
    println!("installing clients into {} (100 MB)", environment.display());
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    said(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    said(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
    fs::write(&complete, recipe).map_err(|error| format!("cannot write {}: {error}", complete.display()))?;
    Ok(python)
}

/// Runs a command whose failure means that the step cannot be carried out here.
fn said(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program} cannot be started on this machine: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaint = if complaint.trim().is_empty() {
        String::from_utf8_lossy(&output.stdout).into_owned()
    } else {
        complaint
    };
    Err(format!("{program} failed: {}", complaint.lines().last().unwrap_or("it did not say why")))
}
