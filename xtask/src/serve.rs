//! The server against clients that are not ours: Triton's, and a tester that reads its description.

use std::path::Path;
use std::process::Command;

use crate::environment::environment;
use crate::steps::{Outcome, cargo, check};

/// What the tests in Python are, and what they need.
const TESTS: &str = "crates/truezero-serve/tests/python";

pub(crate) fn run(root: &Path) -> Outcome {
    let folder = root.join("target/serve");
    let python = match environment(&folder, &root.join(TESTS).join("requirements.txt")) {
        Ok(programs) => programs.join("python"),
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
