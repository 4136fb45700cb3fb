//! What the operating system asks of the process.

use std::process;

use crate::error::Error;

/// Exit code of a process that was made to stop at once.
const EXIT_AT_ONCE: i32 = 130;

fn refused(source: std::io::Error) -> Error {
    Error::System { operation: "listen for signals".to_owned(), source }
}

/// Ready at SIGINT or SIGTERM. From then on, another one ends the process.
#[cfg(unix)]
pub(crate) fn stop() -> Result<impl Future<Output = ()>, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
    let mut next = async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    Ok(async move {
        next().await;
        tokio::spawn(async move {
            next().await;
            process::exit(EXIT_AT_ONCE);
        });
    })
}

/// Ready at Ctrl-C. From then on, another one ends the process.
#[cfg(not(unix))]
pub(crate) fn stop() -> Result<impl Future<Output = ()>, Error> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tokio::spawn(async {
            let _ = tokio::signal::ctrl_c().await;
            process::exit(EXIT_AT_ONCE);
        });
    })
}

/// Calls `reload` at every SIGHUP, on a thread where it may take its time.
#[cfg(unix)]
pub(crate) fn on_reload(reload: impl Fn() + Send + Sync + 'static) -> Result<(), Error> {
    use std::sync::Arc;
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup()).map_err(refused)?;
    let reload = Arc::new(reload);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let reload = Arc::clone(&reload);
            let _ = tokio::task::spawn_blocking(move || reload()).await;
        }
    });
    Ok(())
}

/// There is no such signal here; `watch` does the same.
#[cfg(not(unix))]
pub(crate) fn on_reload(_reload: impl Fn() + Send + Sync + 'static) -> Result<(), Error> {
    Ok(())
}
