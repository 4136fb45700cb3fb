//! Verbs that print texts about the command itself.

use std::path::PathBuf;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = COMPLETIONS)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

const COMPLETIONS: &str = "\
Examples:
  source <(truezero completions bash)
  truezero completions fish > ~/.config/fish/completions/truezero.fish";

/// Print the manual page, or write the pages of all verbs
#[derive(Debug, clap::Args)]
#[command(after_help = MAN)]
pub struct ManArgs {
    /// Folder to write truezero.1, truezero-train.1 … into
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

const MAN: &str = "\
Examples:
  truezero man | man -l -
  truezero man --out ~/.local/share/man/man1";
