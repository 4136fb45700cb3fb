//! Debian packages unpacked into a folder, by any user and without a change to the machine.
//!
//! apt gets a configuration of its own (sources, lists, caches, an empty database of what is
//! installed), so neither the machine's packages nor its settings matter. The lists are verified
//! against the keys of Debian's keyring and the packages against the lists, as ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SUITES: [(&str, &str); 2] = [
    ("http://deb.debian.org/debian", "bookworm"),
    ("http://deb.debian.org/debian-security", "bookworm-security"),
];

/// An apt whose whole state lies in one folder.
pub(crate) struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// Sets up in `folder` and fetches the lists of packages for amd64 and arm64.
    ///
    /// # Errors
    /// What is missing on this machine, or what apt said.
    pub(crate) fn set_up(folder: &Path) -> Result<Self, String> {
        if !Path::new(KEYRING).exists() {
            return Err(format!("{KEYRING} is not on this machine"));
        }
        for part in ["state/lists/partial", "cache/archives/partial", "packages"] {
            fs::create_dir_all(folder.join(part))
                .map_err(|error| format!("cannot create {part}: {error}"))?;
        }
        let sources =
            SUITES.map(|(url, suite)| format!("deb [signed-by={KEYRING}] {url} {suite} main\n")).concat();
        let at = folder.display();
        let configuration = format!(
            r#"Dir::State "{at}/state";
Dir::State::status "{at}/status";
Dir::Cache "{at}/cache";
Dir::Etc::main "-";
Dir::Etc::parts "-";
Dir::Etc::sourcelist "{at}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; "arm64"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
"#
        );
        for (name, text) in
            [("sources.list", sources.as_str()), ("status", ""), ("apt.conf", configuration.as_str())]
        {
            fs::write(folder.join(name), text).map_err(|error| format!("cannot write {name}: {error}"))?;
        }
        let apt = Self { folder: folder.to_owned() };
        // Without the option an update that reached no server would count as a success.
        output(apt.command("apt-get").args(["update", "-q", "--error-on=any"]))?;
        Ok(apt)
    }

    /// The packages `roots` need at run time, themselves included, without looking beyond `stop`.
    ///
    /// # Errors
    /// What apt said.
    pub(crate) fn closure(&self, roots: &[&str], stop: &[&str]) -> Result<BTreeSet<String>, String> {
        // Asked for all at once: each call of apt-cache reads the whole lists.
        let listing =
            output(self.command("apt-cache").args(["depends", "--important", "--recurse"]).args(roots))?;
        let dependencies = dependencies(&listing);
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = roots.to_vec();
        while let Some(package) = open.pop() {
            if !stop.contains(&package) && found.insert(package.to_owned()) {
                open.extend(dependencies.get(package).into_iter().flatten());
            }
        }
        Ok(found)
    }

    /// Downloads packages and unpacks them all into the folder `to`.
    ///
    /// # Errors
    /// What apt or dpkg said.
    pub(crate) fn unpack<'a>(
        &self,
        packages: impl IntoIterator<Item = &'a str>,
        to: &Path,
    ) -> Result<(), String> {
        let store = self.folder.join("packages");
        output(self.command("apt-get").current_dir(&store).args(["download", "-q"]).args(packages))?;
        let entries = fs::read_dir(&store).map_err(|error| format!("cannot list packages: {error}"))?;
        for entry in entries {
            let archive = entry.map_err(|error| format!("cannot list packages: {error}"))?.path();
            output(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(to))?;
            fs::remove_file(&archive).map_err(|error| format!("cannot remove a package: {error}"))?;
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.folder.join("apt.conf")).env("LC_ALL", "C");
        command
    }
}

/// Writes a script that runs `line` with the script's own arguments added.
#[cfg(unix)]
pub(crate) fn write_script(path: &Path, line: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, format!("#!/bin/sh\n{line} \"$@\"\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
pub(crate) fn write_script(_path: &Path, _line: &str) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// What each package needs, in what `apt-cache depends` prints; `<…>` are names nobody must provide.
fn dependencies(listing: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut package = "";
    for line in listing.lines() {
        if !line.starts_with([' ', '|']) {
            package = line;
        }
        let line = line.trim_start_matches([' ', '|']);
        let name = line.strip_prefix("Depends: ").or_else(|| line.strip_prefix("PreDepends: "));
        if let Some(name) = name.filter(|name| !name.starts_with('<')) {
            all.entry(package).or_default().push(name);
        }
    }
    all
}

/// What a command prints; when it fails, its name and the telling line of its complaint.
fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let result = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program} cannot be started on this machine: {error}"))?;
    if result.status.success() {
        return Ok(String::from_utf8_lossy(&result.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&result.stderr);
    // apt's first error is the cause, and those after it are consequences.
    let cause = complaint.lines().find(|line| line.starts_with("E: ")).or(complaint.lines().last());
    Err(format!("{program} failed: {}", cause.unwrap_or("it did not say why")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_the_listing() {
        let listing = "rustc-web
  PreDepends: zlib1g
  Depends: libstd-rust-web-dev
 |Depends: libc-dev
  Depends: <virtual-thing>
    libc6-dev
  Recommends: cargo-web
zlib1g
  Depends: libc6
";
        let expected =
            [("rustc-web", vec!["zlib1g", "libstd-rust-web-dev", "libc-dev"]), ("zlib1g", vec!["libc6"])];
        assert_eq!(dependencies(listing), BTreeMap::from(expected));
    }

    #[test]
    fn a_failure_says_what_failed_and_why() {
        let complaint = output(Command::new("sh").args(["-c", "echo first >&2; echo last >&2; exit 3"]));
        assert_eq!(complaint, Err("sh failed: last".to_owned()));
        let complaint =
            output(Command::new("sh").args(["-c", "echo E: cause >&2; echo E: last >&2; exit 100"]));
        assert_eq!(complaint, Err("sh failed: E: cause".to_owned()));
        let complaint = output(&mut Command::new("no-such-program")).unwrap_err();
        assert!(complaint.starts_with("no-such-program cannot be started on this machine: "), "{complaint}");
    }
}
