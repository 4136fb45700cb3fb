//! The observatory's page in a real browser.
//!
//! Chromium and Node.js are the machine's own, or else Debian's, unpacked below target/browser; Node's
//! packages are always there. Nothing is installed on the machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::debian::{Apt, write_script};
use crate::steps::{Outcome, cargo, check};

/// Where the tests are.
const TESTS: &str = "crates/truezero-observatory/tests/browser";
const FILES: [&str; 3] = ["draw.test.js", "look.test.js", "train.test.js"];

/// The machine's own browser.
const CHROMIUM: &str = "/usr/bin/chromium";
/// The oldest Node.js that the packages run on.
const NODE: u32 = 18;

/// Fonts, for text without them has no width.
const BROWSER_PACKAGES: [&str; 2] = ["chromium", "fonts-dejavu-core"];
const NODE_PACKAGES: [&str; 2] = ["nodejs", "npm"];
/// What every machine with Rust has already, and must keep using as it is.
const ON_THE_MACHINE: [&str; 4] = ["libc6", "libgcc-s1", "libstdc++6", "debconf"];

pub(crate) fn run(root: &Path) -> Outcome {
    let tools = match Tools::prepare(root) {
        Ok(tools) => tools,
        Err(reason) => return Outcome::NotRun(reason),
    };
    match check(cargo(root).args(["build", "--package", "truezero-cli"])) {
        Outcome::Passed => {}
        other => return other,
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    check(
        Command::new(&tools.node)
            .current_dir(root.join(TESTS))
            .args(["--test", "--test-concurrency=1"])
            .args(FILES)
            .env("CHROMIUM", &tools.chromium)
            .env("TEST_PACKAGES", &tools.packages)
            .env("TRUEZERO", target.join("debug/truezero")),
    )
}

/// What runs the tests.
struct Tools {
    chromium: PathBuf,
    node: PathBuf,
    packages: PathBuf,
}

impl Tools {
    fn prepare(root: &Path) -> Result<Self, String> {
        let folder = root.join("target/browser");
        let own = Path::new(CHROMIUM);
        let chromium = if own.exists() {
            own.to_owned()
        } else {
            let unpacked = folder.join("chromium");
            unpack(&unpacked, &BROWSER_PACKAGES, "a browser (300 MB)")?;
            chromium_in(&unpacked)
                .map_err(|error| format!("cannot set up {}: {error}", unpacked.display()))?
        };
        let (node, npm) = if own_node() {
            ("node".into(), Command::new("npm"))
        } else {
            let unpacked = folder.join("node");
            unpack(&unpacked, &NODE_PACKAGES, "Node.js (150 MB)")?;
            node_in(&unpacked).map_err(|error| format!("cannot set up {}: {error}", unpacked.display()))?
        };
        let packages = folder.join("packages");
        install(npm, &root.join(TESTS), &packages)?;
        Ok(Self { chromium, node, packages })
    }
}

/// Whether the machine has a Node.js and an npm that will do.
fn own_node() -> bool {
    let says = |program: &str| {
        let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let version = says("node").and_then(|version| major(&version));
    version.is_some_and(|version| version >= NODE) && says("npm").is_some()
}

/// The first number of a version such as v18.20.4.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Unpacks Debian packages with all they need, unless that has been done; a folder left half-filled is filled
/// anew.
fn unpack(folder: &Path, packages: &[&str], what: &str) -> Result<(), String> {
    let complete = folder.join("complete");
    let recipe = format!("{packages:?} in {}", folder.display());
    if fs::read_to_string(&complete).is_ok_and(|text| text == recipe) {
        return Ok(());
    }
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err(format!("{what} is not on this machine, and is unpacked on Linux on x86-64 only"));
    }
    println!("fetching {what} into {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
    }
    let apt = Apt::set_up(&folder.join("apt"))?;
    let all = apt.closure(packages, &ON_THE_MACHINE)?;
    apt.unpack(all.iter().map(String::as_str), folder)?;
    fs::write(&complete, recipe).map_err(|error| format!("cannot write {}: {error}", complete.display()))
}

/// A script that starts the unpacked browser with its own libraries and fonts.
fn chromium_in(folder: &Path) -> std::io::Result<PathBuf> {
    let (script, fonts) = (folder.join("start-chromium"), folder.join("fonts.conf"));
    let at = folder.display();
    fs::write(
        &fonts,
        format!("<fontconfig><dir>{at}/usr/share/fonts</dir><cachedir>{at}/fonts</cachedir></fontconfig>\n"),
    )?;
    let line = format!(
        "export LD_LIBRARY_PATH='{at}/usr/lib/x86_64-linux-gnu:{at}/lib/x86_64-linux-gnu' FONTCONFIG_FILE='{}'\n\
         exec '{at}/usr/lib/chromium/chromium'",
        fonts.display()
    );
    write_script(&script, &line)?;
    Ok(script)
}

/// A script that starts the unpacked Node.js, and its npm.
fn node_in(folder: &Path) -> std::io::Result<(PathBuf, Command)> {
    let script = folder.join("start-node");
    let at = folder.display();
    let line = format!(
        "export LD_LIBRARY_PATH='{at}/usr/lib/x86_64-linux-gnu:{at}/lib/x86_64-linux-gnu' \
         NODE_PATH='{at}/usr/share/nodejs'\nexec '{at}/usr/bin/node'"
    );
    write_script(&script, &line)?;
    let mut npm = Command::new(&script);
    npm.arg(folder.join("usr/share/nodejs/npm/bin/npm-cli.js"));
    Ok((script, npm))
}

/// Installs the packages that the lock file beside the tests names.
fn install(mut npm: Command, tests: &Path, packages: &Path) -> Result<(), String> {
    let failed = |error| format!("cannot write {}: {error}", packages.display());
    fs::create_dir_all(packages).map_err(failed)?;
    for name in ["package.json", "package-lock.json"] {
        let wanted = fs::read(tests.join(name)).map_err(|error| format!("cannot read {name}: {error}"))?;
        fs::write(packages.join(name), wanted).map_err(failed)?;
    }
    let installed = npm
        .current_dir(packages)
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
        .env("npm_config_cache", packages.join("cache"))
        .stdin(Stdio::null())
        .output();
    match installed {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "npm could not install the packages: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Err(format!("npm cannot be started on this machine: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_of_the_page_is_run() {
        let mut found: Vec<String> = fs::read_dir(crate::root().join(TESTS))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".test.js"))
            .collect();
        found.sort();
        assert_eq!(found, FILES);
    }

    #[test]
    fn versions_are_read() {
        assert_eq!((major("v18.20.4"), major("9.2.0"), major("none")), (Some(18), Some(9), None));
    }
}
