//! Virtual environments of Python, each below target/ and with the requirements that a file pins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest Python that is good enough: that of the package.
const OLDEST: (u32, u32) = (3, 11);

/// Interpreters, in the order in which they are tried.
const INTERPRETERS: [&str; 4] = ["python3", "python3.13", "python3.12", "python3.11"];

/// An environment in `folder`, made anew when its requirements change; where its programs are.
pub(crate) fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let recipe = fs::read_to_string(requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    let (environment, complete) = (folder.join("venv"), folder.join("complete"));
    let programs = environment.join("bin");
    // An environment knows where it is, so one that was moved is not used.
    let recipe = format!("{recipe}\n{}", environment.display());
    if fs::read_to_string(&complete).is_ok_and(|text| text == recipe) {
        return Ok(programs);
    }
    let Some(python) = INTERPRETERS.into_iter().find(|python| is_recent(python)) else {
        return Err(format!("there is no Python {}.{} or later on this machine", OLDEST.0, OLDEST.1));
    };
    println!("installing {} into {}", requirements.display(), environment.display());
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    said(Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(programs.join("python"));
    said(pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
    fs::write(&complete, recipe).map_err(|error| format!("cannot write {}: {error}", complete.display()))?;
    Ok(programs)
}

fn is_recent(python: &str) -> bool {
    let script = format!("import sys; sys.exit(sys.version_info < ({}, {}))", OLDEST.0, OLDEST.1);
    let mut command = Command::new(python);
    let status = command.args(["-c", &script]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Runs a command whose failure means that the step cannot be carried out here.
pub(crate) fn said(command: &mut Command) -> Result<(), String> {
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
