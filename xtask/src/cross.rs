//! The kernels' tests on aarch64: NEON must give the same bits as the scalar code.
//!
//! The standard library for aarch64, the compiler of the very same version, a linker and the emulator
//! are Debian packages, unpacked below target/cross; nothing is installed on the machine.

use std::fs;
use std::path::{Path, PathBuf};

use crate::debian::{Apt, write_script};
use crate::steps::{Outcome, cargo, check};

const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Programs for this machine, unpacked with the libraries they need.
const PROGRAMS: [&str; 2] = ["rustc-web", "binutils-aarch64-linux-gnu"];

/// What every machine with Rust has already, and must keep using as it is.
const ON_THE_MACHINE: [&str; 5] = ["libc6", "libc-dev", "libgcc-s1", "gcc", "binutils"];

/// Unpacked without what they depend on: to link and to emulate they need none of it.
const PROGRAMS_ALONE: [&str; 3] =
    ["gcc-12-aarch64-linux-gnu", "libgcc-12-dev-arm64-cross", "qemu-user-static"];

/// Libraries for aarch64.
const LIBRARIES: [&str; 4] =
    ["libstd-rust-web-dev:arm64", "libc6:arm64", "libc6-dev:arm64", "libgcc-s1:arm64"];

/// Random cases per property: far fewer than natively, for the emulator is slow.
const CASES: &str = "32";

/// Where in the unpacked packages a compiler keeps its targets.
const RUSTLIB: &str = "usr/lib/rustlib";

pub(crate) fn run(root: &Path) -> Outcome {
    let mut command = cargo(root);
    command.args(["test", "--package", "truezero-sparse", "--lib", "--tests"]).env("PROPTEST_CASES", CASES);
    if cfg!(target_arch = "aarch64") {
        return check(&mut command);
    }
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Outcome::NotRun("the cross compiler runs on Linux on x86-64 only".into());
    }
    let tools = match Tools::prepare(&root.join("target/cross")) {
        Ok(tools) => tools,
        Err(reason) => return Outcome::NotRun(reason),
    };
    // The emulator goes in as a list: a path in the variable for it would be split at spaces.
    let runner = format!("target.{TARGET}.runner=['{}']", tools.script("emulate").display());
    check(
        command
            .args(["--target", TARGET, "--config", &runner])
            .env("RUSTC", tools.script("rustc"))
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", tools.script("link-aarch64"))
            .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", tools.script("link-here"))
            .env("CARGO_TARGET_DIR", tools.folder.join("build"))
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("RUSTC_WRAPPER"),
    )
}

/// A compiler, a linker and an emulator below one folder.
struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Fetches what is not there yet; a folder left half-filled is filled anew.
    fn prepare(folder: &Path) -> Result<Self, String> {
        let tools = Self { folder: folder.to_owned() };
        let recipe = format!("{PROGRAMS:?} {PROGRAMS_ALONE:?} {LIBRARIES:?}\n{}", folder.display());
        let complete = folder.join("complete");
        if fs::read_to_string(&complete).is_ok_and(|text| text == recipe) {
            return Ok(tools);
        }
        println!("fetching a compiler and an emulator for aarch64 into {} (250 MB)", folder.display());
        if folder.exists() {
            fs::remove_dir_all(folder)
                .map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
        }
        let apt = Apt::set_up(&folder.join("apt"))?;
        let here = apt.closure(&PROGRAMS, &ON_THE_MACHINE)?;
        apt.unpack(here.iter().map(String::as_str).chain(PROGRAMS_ALONE), &tools.here())?;
        apt.unpack(LIBRARIES, &tools.there())?;
        tools.finish().map_err(|error| format!("cannot set up {}: {error}", folder.display()))?;
        fs::write(&complete, recipe)
            .map_err(|error| format!("cannot write {}: {error}", complete.display()))?;
        Ok(tools)
    }

    /// Files that run on this machine.
    fn here(&self) -> PathBuf {
        self.folder.join("x86_64")
    }

    /// Files for the emulated machine.
    fn there(&self) -> PathBuf {
        self.folder.join("aarch64")
    }

    fn script(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Puts the target's standard library where the compiler looks and writes the scripts that call
    /// each program with the libraries it was built for.
    fn finish(&self) -> std::io::Result<()> {
        let (here, there) = (self.here(), self.there());
        fs::rename(there.join(RUSTLIB).join(TARGET), here.join(RUSTLIB).join(TARGET))?;
        fs::create_dir(self.folder.join("bin"))?;
        let (here, there) = (here.display(), there.display());
        let programs = format!("{here}/usr/bin");
        // The compiler hands its library path on to the linkers: the one for aarch64 comes from the
        // same distribution and needs it, the machine's own must not see it.
        write_script(
            &self.script("rustc"),
            &format!("LD_LIBRARY_PATH='{here}/usr/lib/x86_64-linux-gnu' exec '{programs}/rustc'"),
        )?;
        write_script(&self.script("link-here"), "unset LD_LIBRARY_PATH\nexec cc")?;
        write_script(
            &self.script("link-aarch64"),
            &format!(
                "exec '{programs}/aarch64-linux-gnu-gcc-12' --sysroot='{there}' -B'{programs}/aarch64-linux-gnu-'"
            ),
        )?;
        write_script(&self.script("emulate"), &format!("exec '{programs}/qemu-aarch64-static' -L '{there}'"))
    }
}
