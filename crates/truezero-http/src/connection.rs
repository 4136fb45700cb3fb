//! Connections: as many as allowed, none of them held by a client that is slow on purpose.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::gate::Gate;
use crate::limits::CONNECTION_BYTES;

/// Pause after the system refused a connection, usually because too many files are open.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a client that has been answered may be silent before its connection is closed, if it does not close it. What
/// it still sends of a request is passed over, for as long as the limits let a request take.
const LINGER: Duration = Duration::from_secs(1);

/// Serves routes behind a gate. Accepts connections until `stop` is ready; then lets those there are finish what they
/// have begun. False if that took too long.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    gate: &Gate,
    stop: impl Future<Output = ()>,
    stopping: impl FnOnce(),
) -> bool {
    let (router, limits) = (gate.guard(routes), gate.limits());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(CONNECTION_BYTES);
    // A client may say that nothing more comes from it, and wait for the answer.
    http.half_close(true);
    let places = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = tokio::select! {
            () = &mut stop => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let stream = TokioIo::new(Patient { stream, limit: limits.timeout, overdue: None, lingering: None });
        let connection = http.serve_connection(stream, TowerToHyperService::new(router.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _ = connection.await; // what a client does wrong concerns nobody else
            drop(place);
        });
    }
    drop(listener);
    stopping();
    // A request that has begun takes at most its time, and its answer once more.
    timeout(2 * limits.timeout, graceful.shutdown()).await.is_ok()
}

/// A stream on which an answer must be taken within some time.
struct Patient {
    stream: TcpStream,
    limit: Duration,
    /// When the answer that is being sent must be gone.
    overdue: Option<Pin<Box<Sleep>>>,
    /// Once all is said: when the connection is closed though the client has not closed it.
    lingering: Option<Lingering>,
}

/// When a connection is closed on which nothing more is said.
struct Lingering {
    /// Unless something comes before.
    silent: Pin<Box<Sleep>>,
    /// Whatever comes.
    end: Pin<Box<Sleep>>,
}

impl Patient {
    /// For a stream that takes no more at present: an error if it did not for too long.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let limit = self.limit;
        let overdue = self.overdue.get_or_insert_with(|| Box::pin(sleep(limit)));
        overdue.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Pending => self.wait(cx),
            written @ Poll::Ready(_) => written,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bytes) {
            Poll::Pending => self.wait(cx),
            written @ Poll::Ready(_) => written,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when all that was to be sent is.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.overdue = None;
        }
        flushed
    }

    /// Says that nothing more comes, and passes over what the client still sends, until it has closed too. Closing
    /// while there is something to be read resets the connection, and a client that sends a body which was
    /// refused would lose the answer that says so.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        let Self { stream, limit, lingering, .. } = &mut *self;
        let Lingering { silent, end } = lingering.get_or_insert_with(|| Lingering {
            silent: Box::pin(sleep(LINGER.min(*limit))),
            end: Box::pin(sleep(*limit)),
        });
        let mut scratch = [0; 1 << 12];
        while end.as_mut().poll(cx).is_pending() {
            let mut passed = ReadBuf::new(&mut scratch);
            match Pin::new(&mut *stream).poll_read(cx, &mut passed)? {
                Poll::Ready(()) if passed.filled().is_empty() => break,
                Poll::Ready(()) => silent.as_mut().reset(Instant::now() + LINGER),
                Poll::Pending => {
                    ready!(silent.as_mut().poll(cx));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
