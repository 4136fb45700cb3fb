//! The gate before all routes: who may ask, how long it may take, and what a body may cost.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;

use crate::body::{Metered, Packing};
use crate::held::Held;
use crate::hosts::Hosts;
use crate::intake::Intake;
use crate::limits::{Limits, SMALL_ANSWER_BYTES};
use crate::memory::Memory;
use crate::problem::Problem;

/// What all routes of a server stand behind; a clone is the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Rules>);

struct Rules {
    limits: Limits,
    hosts: Hosts,
    memory: Memory,
    watch: Box<dyn Fn(Answered<'_>) + Send + Sync>,
}

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The route as it is declared, if there is one.
    pub route: Option<&'a str>,
    /// Of the answer.
    pub status: u16,
    /// From the head of the request to the head of the answer.
    pub took: Duration,
}

impl Gate {
    /// A gate with these limits, for those who ask under these names.
    #[must_use]
    pub fn new(limits: Limits, hosts: Hosts) -> Self {
        let memory = Memory::new(limits.memory_bytes);
        Self(Arc::new(Rules { limits, hosts, memory, watch: Box::new(|_| ()) }))
    }

    /// The same, but it tells of every request that was answered.
    ///
    /// # Panics
    /// If the gate was cloned or used before.
    #[must_use]
    pub fn watched(mut self, watch: impl Fn(Answered<'_>) + Send + Sync + 'static) -> Self {
        Arc::get_mut(&mut self.0).expect("the only clone").watch = Box::new(watch);
        self
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Routes behind the gate. A fault in one of them is answered 500.
    pub fn guard(&self, routes: Router) -> Router {
        routes
            .layer(CatchPanicLayer::custom(|_| Problem::internal().into_response()))
            .layer(from_fn_with_state(self.clone(), pass))
    }

    /// Checks the head of a request and puts its body under control.
    fn admit(&self, request: Request) -> Result<(Request, Intake), Problem> {
        let Rules { limits, hosts, memory, .. } = &*self.0;
        let (mut parts, body) = request.into_parts();
        hosts.check(&parts)?;
        let packing = Packing::of(&parts.headers)?;
        let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        if length
            .and_then(|length| length.parse().ok())
            .is_some_and(|length: usize| length > limits.body_bytes)
        {
            return Err(Problem::too_large("bytes of the body", limits.body_bytes));
        }
        // They tell of the body as it came; routes see it unpacked.
        if packing != Packing::Plain {
            parts.headers.remove(header::CONTENT_ENCODING);
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        let intake = Intake::new(memory.take(0)?, body.is_end_stream());
        parts.extensions.insert(intake.clone());
        let body = Metered::new(body, packing, limits.body_bytes, intake.clone());
        Ok((Request::from_parts(parts, Body::new(body)), intake))
    }

    async fn answer(&self, request: Request, next: Next) -> Result<Response, Problem> {
        let (request, intake) = self.admit(request)?;
        let limit = self.0.limits.timeout;
        let answer = timeout(limit, next.run(request)).await;
        // Whatever a route made of a body that was refused.
        if let Some(problem) = intake.refusal() {
            return Err(problem);
        }
        let seconds = limit.as_secs_f64();
        let answer = answer.map_err(|_| {
            if intake.is_complete() {
                Problem::busy(format!("no answer within {seconds} s"))
            } else {
                Problem::slow(seconds)
            }
        })?;
        let Some(bytes) =
            answer.body().size_hint().exact().filter(|&bytes| bytes > SMALL_ANSWER_BYTES as u64)
        else {
            return Ok(answer);
        };
        let share = Arc::new(intake.keep(usize::try_from(bytes).unwrap_or(usize::MAX))?);
        Ok(answer.map(|body| Body::new(Held { body, share })))
    }
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = gate.answer(request, next).await.unwrap_or_else(IntoResponse::into_response);
    let route = route.as_ref().map(MatchedPath::as_str);
    (gate.0.watch)(Answered { route, status: response.status().as_u16(), took: began.elapsed() });
    response
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("limits", &self.limits)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::body::Bytes;
    use axum::routing::{get, post};
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use http_body_util::BodyExt;
    use std::io::Write;
    use tower::ServiceExt;

    use super::*;
    use crate::intake::Posted;

    const LIMITS: Limits = Limits {
        body_bytes: 100_000,
        memory_bytes: 300_000,
        connections: 10,
        head: Duration::from_secs(5),
        timeout: Duration::from_millis(200),
    };

    fn gate() -> Gate {
        Gate::new(LIMITS, Hosts::new(Ipv4Addr::LOCALHOST.into(), &[]).unwrap())
    }

    fn routes() -> Router {
        Router::new()
            .route("/length", post(async |Posted { bytes, .. }: Posted| bytes.len().to_string()))
            // One that knows nothing of the gate.
            .route("/unaware", post(async |bytes: Bytes| bytes.len().to_string()))
            .route("/large", get(async || vec![0_u8; 200_000]))
            .route("/never", get(std::future::pending::<()>))
            .route("/broken", get(async || -> () { panic!("a fault") }))
    }

    async fn ask(gate: &Gate, path: &str, encoding: &str, body: Option<Body>) -> Response {
        let method = if body.is_some() { "POST" } else { "GET" };
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let request = request.header("content-encoding", encoding).body(body.unwrap_or_default()).unwrap();
        gate.guard(routes()).oneshot(request).await.unwrap()
    }

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    /// A body that says nothing and does not end.
    fn silent() -> Body {
        struct Silent;
        impl HttpBody for Silent {
            type Data = Bytes;
            type Error = axum::Error;

            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
                std::task::Poll::Pending
            }
        }
        Body::new(Silent)
    }

    fn packed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 2] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        zlib.write_all(bytes).unwrap();
        [("gzip", gzip.finish().unwrap()), ("deflate", zlib.finish().unwrap())]
    }

    #[tokio::test]
    async fn every_route_has_a_limit_and_a_deadline_for_its_body() {
        for path in ["/length", "/unaware"] {
            let gate = gate();
            assert_eq!(text(ask(&gate, path, "identity", Some(vec![7; 1000].into())).await).await, "1000");
            let large = Body::from_stream(futures(vec![vec![7; 60_000], vec![7; 60_000]]));
            assert_eq!(ask(&gate, path, "identity", Some(large)).await.status(), 413, "{path}");
            assert_eq!(ask(&gate, path, "identity", Some(silent())).await.status(), 408, "{path}");
        }
        assert_eq!(ask(&gate(), "/never", "identity", None).await.status(), 503);
        assert_eq!(ask(&gate(), "/broken", "identity", None).await.status(), 500);
    }

    /// Pieces of a body whose length is not told.
    fn futures(pieces: Vec<Vec<u8>>) -> impl tokio_stream::Stream<Item = Result<Vec<u8>, axum::Error>> {
        tokio_stream::iter(pieces.into_iter().map(Ok))
    }

    #[tokio::test]
    async fn packed_bodies_are_unpacked_within_the_limit() {
        let gate = gate();
        for (name, packed) in packed(&vec![7; 90_000]) {
            let answer = ask(&gate, "/length", name, Some(packed.clone().into())).await;
            assert_eq!(text(answer).await, "90000", "{name}");
            let cut = packed[..packed.len() - 6].to_vec();
            assert_eq!(ask(&gate, "/length", name, Some(cut.into())).await.status(), 400, "{name}");
        }
        for (name, bomb) in packed(&vec![0; 50 << 20]) {
            assert_eq!(ask(&gate, "/length", name, Some(bomb.into())).await.status(), 413, "{name}");
        }
        for name in ["br", "zstd", "gzip, deflate"] {
            let answer = ask(&gate, "/length", name, Some("x".into())).await;
            assert_eq!(answer.status(), 415);
            assert_eq!(answer.headers()["accept-encoding"], "gzip, deflate");
        }
    }

    #[tokio::test]
    async fn an_answer_counts_until_it_is_gone() {
        let gate = gate();
        let first = ask(&gate, "/large", "identity", None).await;
        assert_eq!(first.status(), 200);
        assert_eq!(ask(&gate, "/large", "identity", None).await.status(), 503, "the first has the memory");
        let mut body = first.into_body();
        let bytes = body.frame().await.unwrap().unwrap();
        drop(body);
        assert_eq!(ask(&gate, "/large", "identity", None).await.status(), 503, "it is not sent yet");
        drop(bytes);
        assert_eq!(ask(&gate, "/large", "identity", None).await.status(), 200);
    }
}
