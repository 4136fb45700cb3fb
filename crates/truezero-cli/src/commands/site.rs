//! A page served on this machine, for this machine, on a thread of its own.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use truezero_http::{Gate, Hosts};
use truezero_observatory::LIMITS;

use crate::failure::Failure;

/// How long what is being answered may take after the end.
const PATIENCE: Duration = Duration::from_secs(1);

/// A server that runs until it is closed.
pub struct Site {
    runtime: Runtime,
    address: SocketAddr,
    end: oneshot::Sender<()>,
    server: JoinHandle<bool>,
}

impl Site {
    /// Serves a router at an address that only this machine reaches: nobody is asked for a password.
    /// `names` are those it may be asked by beside this machine's own.
    pub fn open(router: axum::Router, address: SocketAddr, names: &[String]) -> Result<Self, Failure> {
        if !address.ip().is_loopback() {
            let message = format!("{address} can be reached from other machines");
            let hint = "use 127.0.0.1, and from elsewhere a tunnel: ssh -L 8080:127.0.0.1:8080 HOST";
            return Err(Failure::hinted(message, hint));
        }
        let failed = |error| {
            Failure::hinted(
                format!("cannot serve at {address}: {error}"),
                "choose another port, or 0 for any",
            )
        };
        let hosts = Hosts::new(address.ip(), names).map_err(|found| {
            Failure::Message(format!("--allow-host: expected the name of a host or `*`, found {found:?}"))
        })?;
        let gate = Gate::new(LIMITS, hosts);
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(failed)?;
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (end, ended) = oneshot::channel();
        let server = runtime.spawn(async move {
            // A sender that is gone has ended it, too.
            let ended = async { drop(ended.await) };
            truezero_http::serve(listener, router, &gate, ended, || ()).await
        });
        Ok(Self { runtime, address, end, server })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves until an interrupt (Ctrl-C), which must be listened for: within Python nobody else does.
    /// `ending` is called before what is being answered is waited for.
    pub fn wait(mut self, ending: impl FnOnce()) -> Result<(), Failure> {
        let failed = self.runtime.block_on(async {
            tokio::select! {
                served = &mut self.server => Some(served),
                _ = tokio::signal::ctrl_c() => None,
            }
        });
        match failed {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(Failure::Message(format!("the server failed: {error}"))),
            None => {
                ending();
                self.close();
                Ok(())
            }
        }
    }

    /// Finishes what is being answered, if that is soon, and ends.
    pub fn close(self) {
        let Self { runtime, server, end, .. } = self;
        drop(end);
        // Whether it came to an end in time makes no difference any more.
        let _ = runtime.block_on(async { tokio::time::timeout(PATIENCE, server).await });
        runtime.shutdown_background();
    }
}
