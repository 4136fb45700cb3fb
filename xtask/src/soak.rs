//! Spoiled files and requests for some time: what the tests try briefly, from other seeds.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::steps::{Outcome, cargo, check};

/// What the tests are told by: how many seconds each is to take.
const SECONDS: &str = "TRUEZERO_SOAK_SECONDS";
/// Kilobytes of addresses that the readers of files may use. The largest file they are given has some kilobytes.
const MEMORY: u64 = 1 << 20;

/// Half of the time for every format of files, half for the server; says whether nothing was found.
pub(crate) fn run(root: &Path, seconds: u64) -> ExitCode {
    let seconds = seconds.div_ceil(2).to_string();
    let tests = [
        ("truezero-data", "hostile", "spoiled_files_for_a_while", Some(MEMORY)),
        ("truezero-cli", "serving_memory", "spoiled_requests_for_a_while", None),
    ];
    let mut code = ExitCode::SUCCESS;
    for (package, file, test, memory) in tests {
        // Compilers may use more memory than what they compile.
        let mut build = cargo(root);
        build.args(["test", "--package", package, "--test", file, "--no-run"]);
        let mut outcome = check(&mut build);
        if outcome == Outcome::Passed {
            let run = cargo(root);
            let mut command = match memory {
                None => run,
                Some(kilobytes) => {
                    let mut limited = Command::new("sh");
                    let script = format!("ulimit -v {kilobytes} && exec \"$@\"");
                    limited.current_dir(root).args(["-c", &script, "sh"]).arg(run.get_program());
                    limited
                }
            };
            command.args([
                "test",
                "--package",
                package,
                "--test",
                file,
                "--",
                "--ignored",
                "--nocapture",
                test,
            ]);
            outcome = check(command.env(SECONDS, &seconds));
        }
        if let Outcome::Failed(why) | Outcome::NotRun(why) = outcome {
            eprintln!("error: {why}");
            code = ExitCode::FAILURE;
        }
    }
    code
}
