//! Why a server does not start.

use std::net::SocketAddr;
use std::path::PathBuf;

/// What stands in the way of serving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model cannot be used.
    #[error(transparent)]
    Model(#[from] truezero::Error),
    /// A model cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// No model, two of one name, or a name that cannot stand in a path.
    #[error("models: expected {expected}, found {found}\nhint: `name=path` gives a model a name of its own")]
    Names {
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A model is wider than the limit.
    #[error("model {name:?}: expected at most {expected} inputs, found {found}\nhint: raise --max-width")]
    Width {
        /// Its name.
        name: String,
        /// The limit.
        expected: usize,
        /// Its number of inputs.
        found: usize,
    },
    /// The token is empty or cannot stand in a header.
    #[error("token: expected one line of visible ASCII characters, found {found}")]
    Token {
        /// What it is, without saying what it is.
        found: &'static str,
    },
    /// Others could use the models.
    #[error(
        "cannot listen on {addr} without a token: expected a loopback address\nhint: give a token with \
         --token-file, or allow everybody with --insecure"
    )]
    Open {
        /// The address.
        addr: SocketAddr,
    },
    /// A name that no host has.
    #[error("--allow-host: expected the name of a host or `*`, found {found:?}")]
    Host {
        /// What was found.
        found: String,
    },
    /// The operating system refused.
    #[error("cannot {operation}")]
    System {
        /// What was tried.
        operation: String,
        /// The system's answer.
        source: std::io::Error,
    },
}
