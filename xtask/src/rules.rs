//! Rules of this repository that no ordinary linter knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::steps::Outcome;

/// The longest a source file may be, in lines.
const MAX_LINES: usize = 500;

/// Endings of the files whose length counts.
const SOURCE_ENDINGS: [&str; 6] = ["rs", "py", "js", "ts", "css", "sh"];

/// The one folder whose code may do what the compiler cannot check.
const KERNELS: &str = "crates/truezero-sparse/";

/// Written apart, so that this file does not break its own rule.
const KEYWORD: &str = concat!("un", "safe");

/// What comes after it in code.
const FOLLOWERS: [&str; 6] = ["{", "(", "fn ", "impl", "trait ", "extern"];

/// What the root file of every other crate begins with.
const FORBIDDEN: &str = "#![forbid(unsafe_code)]";

/// Where files are written, and what downloads into folders of its own.
const WRITERS: [&str; 2] = ["crates/truezero-data/src/files/", "crates/truezero-data/src/fetch/"];

/// What would write past them, and so over whatever a command reads.
const WRITING: [&str; 4] = ["File::create(", "fs::write(", "OpenOptions::new(", ".persist("];

/// Applies every rule to every file that git tracks or would track.
pub(crate) fn run(root: &Path) -> Outcome {
    let listing =
        Command::new("git").current_dir(root).args(["ls-files", "-co", "--exclude-standard"]).output();
    let names = match listing {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(output) => return Outcome::NotRun(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => return Outcome::NotRun(format!("cannot start git: {error}")),
    };
    let mut complaints = Vec::new();
    for name in names.lines().filter(|name| SOURCE_ENDINGS.contains(&ending(name))) {
        // A file deleted but not yet committed is still listed.
        let Ok(text) = fs::read_to_string(root.join(name)) else { continue };
        complaints.extend(judge(name, &text));
    }
    for complaint in &complaints {
        println!("{complaint}");
    }
    match complaints.len() {
        0 => Outcome::Passed,
        count => Outcome::Failed(format!("rules broken in {count} places, listed above")),
    }
}

/// What is wrong with one file, given by its path from the root and its content.
fn judge(name: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        complaints.push(format!("{name}: {lines} lines, expected at most {MAX_LINES}; split it by idea"));
    }
    if ending(name) == "rs" && !name.starts_with(KERNELS) {
        for (index, line) in text.lines().enumerate() {
            if has_keyword(line) {
                complaints.push(format!("{name}:{}: {KEYWORD} code outside {KERNELS}", index + 1));
            }
        }
        complaints.extend(writes(name, text));
        if is_crate_root(name) && !text.lines().any(|line| line.trim() == FORBIDDEN) {
            complaints.push(format!("{name}: {FORBIDDEN} is missing"));
        }
    }
    complaints
}

/// Where the code of a crate, its tests left out, writes files by itself.
fn writes(name: &str, text: &str) -> Vec<String> {
    let is_code = name.starts_with("crates/") && name.contains("/src/") && !name.ends_with("tests.rs");
    if !is_code || WRITERS.iter().any(|writer| name.starts_with(writer)) {
        return Vec::new();
    }
    let code = text.lines().enumerate().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    let writing = code.filter(|(_, line)| {
        let code = line.split("//").next().unwrap_or_default();
        WRITING.iter().any(|call| code.contains(call))
    });
    writing
        .map(|(index, _)| format!("{name}:{}: files are written by truezero_data::files::Output", index + 1))
        .collect()
}

/// What follows the last dot of a path.
fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Whether the code of a line, its comment left out, uses the keyword; as a word in a text it may stand.
fn has_keyword(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(KEYWORD).any(|(at, _)| {
        let after = code[at + KEYWORD.len()..].trim_start();
        after.is_empty() || FOLLOWERS.iter().any(|follower| after.starts_with(follower))
    })
}

/// Whether the file is where a library or a program starts.
fn is_crate_root(name: &str) -> bool {
    ["/src/lib.rs", "/src/main.rs"].iter().any(|ending| name.ends_with(ending)) || name.contains("/src/bin/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_named_with_its_length() {
        assert_eq!(judge("docs/plot.js", &"x\n".repeat(500)), Vec::<String>::new());
        assert_eq!(
            judge("docs/plot.js", &"x\n".repeat(501)),
            ["docs/plot.js: 501 lines, expected at most 500; split it by idea"]
        );
    }

    #[test]
    fn the_keyword_is_welcome_in_the_kernels_only() {
        let text = format!("fn f() {{\n    {KEYWORD} {{ g() }}\n}}\n");
        assert_eq!(
            judge("crates/truezero/tests/t.rs", &text),
            [format!("crates/truezero/tests/t.rs:2: {KEYWORD} code outside crates/truezero-sparse/")]
        );
        assert!(judge("crates/truezero-sparse/src/avx2.rs", &text).is_empty());
    }

    #[test]
    fn files_are_written_by_the_one_writer() {
        let text = "fn f() {\n    fs::write(path, text);\n}\n#[cfg(test)]\nfs::write(path, text);\n";
        assert_eq!(
            judge("crates/truezero-cli/src/f.rs", text),
            ["crates/truezero-cli/src/f.rs:2: files are written by truezero_data::files::Output"]
        );
        assert!(judge("crates/truezero-data/src/files/output.rs", text).is_empty());
        assert!(judge("crates/truezero-cli/tests/f.rs", text).is_empty());
    }

    #[test]
    fn comments_texts_and_lint_names_are_not_the_keyword() {
        assert!(!has_keyword(&format!("// {KEYWORD} {{ is not needed }}")));
        assert!(!has_keyword(&format!("let text = \"{KEYWORD} at any speed\";")));
        assert!(!has_keyword("#![deny(unsafe_code)]"));
        assert!(has_keyword(&format!("pub {KEYWORD} fn f() {{")));
        assert!(has_keyword(&format!("#[{KEYWORD}(no_mangle)]")));
        assert!(has_keyword(&format!("{KEYWORD} impl Send for A {{}}")));
        assert!(has_keyword(&format!("let x = {KEYWORD}")));
    }

    #[test]
    fn every_crate_root_but_the_kernels_forbids_it() {
        let complaint = "crates/truezero/src/lib.rs: #![forbid(unsafe_code)] is missing";
        assert_eq!(judge("crates/truezero/src/lib.rs", "//! Docs.\n"), [complaint]);
        assert!(judge("crates/truezero/src/lib.rs", "//! Docs.\n\n#![forbid(unsafe_code)]\n").is_empty());
        assert!(judge("crates/truezero/src/layer.rs", "//! Docs.\n").is_empty());
        assert!(judge("crates/truezero-sparse/src/lib.rs", "//! Docs.\n").is_empty());
        assert!(!judge("crates/truezero-cli/src/bin/extra.rs", "//! Docs.\n").is_empty());
    }
}
