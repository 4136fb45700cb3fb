//! What happens to a server that whoever runs it wants to know.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::error::Error;

/// Told of everything that happens.
pub type Log = Arc<dyn Fn(Event) + Send + Sync>;

/// Something that happens to a server.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// It takes requests.
    Listening {
        /// Where.
        addr: SocketAddr,
    },
    /// A model was replaced.
    Reloaded {
        /// Its name.
        model: String,
        /// The new version.
        version: String,
    },
    /// The file of a model holds what is served already.
    Unchanged {
        /// Its name.
        model: String,
        /// The version.
        version: String,
    },
    /// The file of a model cannot be used, so the model stays as it was.
    Kept {
        /// Its name.
        model: String,
        /// The version that is still served.
        version: String,
        /// What is wrong with the file.
        error: Error,
    },
    /// It takes no more requests and finishes those it has.
    Stopping,
    /// Not all requests were finished in time.
    CutOff,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { addr } => write!(f, "listening on http://{addr}"),
            Self::Reloaded { model, version } => write!(f, "{model}: now serving version {version}"),
            Self::Unchanged { model, version } => write!(f, "{model}: unchanged, still version {version}"),
            Self::Kept { model, version, error } => {
                let reason = chain(error);
                write!(
                    f,
                    "warning: {model}: still serving version {version}, for its new file cannot be used: {reason}"
                )
            }
            Self::Stopping => {
                write!(f, "stopping: finishing the requests under way; interrupt again to stop at once")
            }
            Self::CutOff => write!(f, "warning: some requests could not be finished in time"),
        }
    }
}

/// An error and its causes, without the hint.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string().lines().next().unwrap_or_default().to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {}", error.to_string().lines().next().unwrap_or_default());
        cause = error.source();
    }
    text
}
