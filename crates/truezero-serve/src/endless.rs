//! Answers that have no end of their own, such as events sent to a page: they end when the server stops.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::Frame;

use crate::app::Shared;

/// Ends what has no end.
pub(crate) async fn end(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    // What knows its length comes to its end.
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let stopped = Box::pin(async move { app.stopped().await });
    response.map(|body| Body::new(UntilStopped { body, stopped }))
}

/// A body that ends when the server stops.
struct UntilStopped {
    body: Body,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HttpBody for UntilStopped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.stopped.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}
