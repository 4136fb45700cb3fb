//! The observatory's page in a real browser.
//!
//! Chromium is the machine's own, or else Debian's, unpacked below target/browser. Node.js, from a wheel for
//! Python, and its packages are always there. Nothing is installed on the machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::{Apt, write_script};
use crate::environment::{environment, said};
use crate::steps::{Outcome, cargo, check};

/// Where the tests are.
const TESTS: &str = "crates/truezero-observatory/tests/browser";
const FILES: [&str; 5] = ["draw.test.js", "look.test.js", "serve.test.js", "sweep.test.js", "train.test.js"];

/// The machine's own browser.
const CHROMIUM: &str = "/usr/bin/chromium";
/// Fonts, for text without them has no width.
const PACKAGES: [&str; 2] = ["chromium", "fonts-dejavu-core"];
/// Starts the unpacked browser.
const START: &str = "start";
/// What every machine with Rust has already, and must keep using as it is.
const ON_THE_MACHINE: [&str; 3] = ["libc6", "libgcc-s1", "debconf"];

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
        let chromium = if own.exists() { own.to_owned() } else { unpacked(&folder.join("chromium"))? };
        let programs = environment(&folder, &root.join(TESTS).join("requirements.txt"))?;
        let packages = folder.join("packages");
        install(&programs.join("npm"), &root.join(TESTS), &packages)?;
        Ok(Self { chromium, node: programs.join("node"), packages })
    }
}

/// Debian's browser with all it needs, unpacked unless that has been done; a folder left half-filled is filled
/// anew.
fn unpacked(folder: &Path) -> Result<PathBuf, String> {
    let (complete, recipe) = (folder.join("complete"), format!("{PACKAGES:?} in {}", folder.display()));
    if fs::read_to_string(&complete).is_ok_and(|text| text == recipe) {
        return Ok(folder.join(START));
    }
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err(format!("{CHROMIUM} is not on this machine, and Debian's runs on Linux on x86-64 only"));
    }
    println!("fetching a browser into {} (1 GB)", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
    }
    let apt = Apt::set_up(&folder.join("apt"))?;
    let all = apt.closure(&PACKAGES, &ON_THE_MACHINE)?;
    apt.unpack(all.iter().map(String::as_str), folder)?;
    finish(folder, &recipe).map_err(|error| format!("cannot set up {}: {error}", folder.display()))?;
    Ok(folder.join(START))
}

/// Writes a script that starts the browser with its own libraries and fonts.
fn finish(folder: &Path, recipe: &str) -> std::io::Result<()> {
    let (at, fonts) = (folder.display(), folder.join("fonts.conf"));
    fs::write(
        &fonts,
        format!("<fontconfig><dir>{at}/usr/share/fonts</dir><cachedir>{at}/fonts</cachedir></fontconfig>\n"),
    )?;
    let line = format!(
        "export LD_LIBRARY_PATH='{at}/usr/lib/x86_64-linux-gnu:{at}/usr/lib/x86_64-linux-gnu/pulseaudio:\
         {at}/lib/x86_64-linux-gnu' FONTCONFIG_FILE='{}'\n\
         exec '{at}/usr/lib/chromium/chromium'",
        fonts.display()
    );
    write_script(&folder.join(START), &line)?;
    fs::write(folder.join("complete"), recipe)
}

/// Installs the packages that the lock file beside the tests names, unless that has been done.
fn install(npm: &Path, tests: &Path, packages: &Path) -> Result<(), String> {
    let failed = |error| format!("cannot write {}: {error}", packages.display());
    let read = |name: &str| {
        fs::read(tests.join(name)).map_err(|error| format!("cannot read {name} of the tests: {error}"))
    };
    let (complete, lock) = (packages.join("complete"), read("package-lock.json")?);
    if fs::read(&complete).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    fs::create_dir_all(packages).map_err(failed)?;
    fs::write(packages.join("package.json"), read("package.json")?).map_err(failed)?;
    fs::write(packages.join("package-lock.json"), &lock).map_err(failed)?;
    let mut npm = Command::new(npm);
    npm.current_dir(packages).env("npm_config_cache", packages.join("cache"));
    said(npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]))?;
    fs::write(&complete, lock).map_err(failed)
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
}
