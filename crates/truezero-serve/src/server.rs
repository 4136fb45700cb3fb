//! The server put together, from its models to its end.

use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::runtime::Builder;
use truezero::Model;
use truezero_http::{Gate, Hosts, Problem};

use crate::app::{App, Shared};
use crate::auth::{self, Token};
use crate::endless;
use crate::error::Error;
use crate::event::{Event, Log};
use crate::limits::Limits;
use crate::queue::Queue;
use crate::registry::{ModelFile, Registry};
use crate::{reload, routes, signals};

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Host and port to listen on; port 0 for any that is free.
    pub addr: String,
    /// What clients must show, if anything.
    pub token: Option<Token>,
    /// Names that clients may call the server by, beside those of this machine; `*` allows any. With a token, any is
    /// allowed.
    pub allow_hosts: Vec<String>,
    /// Whether to listen beyond loopback without a token.
    pub insecure: bool,
    /// Whether models are replaced when their files change.
    pub watch: bool,
    /// Threads to compute with.
    pub threads: usize,
    /// What requests may cost.
    pub limits: Limits,
}

/// A server that listens, but does not answer yet.
pub struct Server {
    app: Shared,
    listener: TcpListener,
    addr: SocketAddr,
    worker: JoinHandle<()>,
    page: Router,
    hosts: Hosts,
    options: Options,
    log: Log,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("addr", &self.addr)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Loads models and listens.
    ///
    /// # Errors
    /// If there is no model, one cannot be used, the address cannot be had, or anybody could use it.
    pub fn open(models: &[ModelFile], options: Options, log: Log) -> Result<Self, Error> {
        let listening = |source| Error::System { operation: format!("listen on {}", options.addr), source };
        let addrs: Vec<SocketAddr> = options.addr.to_socket_addrs().map_err(listening)?.collect();
        if options.token.is_none()
            && !options.insecure
            && let Some(&addr) = addrs.iter().find(|addr| !addr.ip().is_loopback())
        {
            return Err(Error::Open { addr });
        }
        let registry = Registry::open(models, &options.limits)?;
        let listener = TcpListener::bind(addrs.as_slice()).map_err(listening)?;
        listener.set_nonblocking(true).map_err(listening)?;
        let addr = listener.local_addr().map_err(listening)?;
        let hosts = hosts(addr, &options)?;
        let (queue, worker) = Queue::start(&options.limits, options.threads)
            .map_err(|source| Error::System { operation: "start a thread".to_owned(), source })?;
        let app = Arc::new(App::new(registry, queue, options.limits.clone(), options.token.is_some()));
        Ok(Self { app, listener, addr, worker, page: Router::new(), hosts, options, log })
    }

    /// Serves these paths as well, behind the same token and the same gate.
    ///
    /// The server's own paths begin with `/v1/` and `/v2`, or are `/metrics` and `/openapi.json`.
    #[must_use]
    pub fn with_page(self, page: Router) -> Self {
        Self { page: self.page.merge(page), ..self }
    }

    /// The networks that are served, as they are whenever it is asked, by name.
    pub fn models(&self) -> impl Fn() -> Vec<(String, Arc<Model>)> + Send + Sync + 'static {
        let app = Arc::clone(&self.app);
        move || {
            let all = app.registry.all().into_iter();
            all.filter_map(|served| Some((served.name.clone(), Arc::clone(served.model()?)))).collect()
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until the process is asked to stop (SIGINT, SIGTERM), and reads the models anew when it is asked to
    /// (SIGHUP). A second request to stop is obeyed at once.
    ///
    /// # Errors
    /// The system's, where it refuses threads or signals.
    pub fn run(self) -> Result<(), Error> {
        let log = Arc::clone(&self.log);
        self.answer(move |app| {
            signals::on_reload(move || reload::all(&app, &log))?;
            signals::stop()
        })
    }

    /// Answers until `stop` is ready.
    ///
    /// # Errors
    /// The system's, where it refuses threads.
    pub fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        self.answer(|_| Ok(stop))
    }

    fn answer<F: Future<Output = ()>>(
        self,
        stop: impl FnOnce(Shared) -> Result<F, Error>,
    ) -> Result<(), Error> {
        let Self { app, listener, addr, worker, page, hosts, options, log } = self;
        let system = |operation: &str| {
            let operation = operation.to_owned();
            move |source| Error::System { operation, source }
        };
        let cores = truezero_sparse::available_threads();
        let runtime = Builder::new_multi_thread()
            .thread_name("truezero-http")
            // Parsing large bodies keeps a core busy, and each thread that does holds on to some memory.
            .max_blocking_threads(cores + 1)
            .enable_all()
            .build()
            .map_err(system("start threads"))?;
        let finished = runtime.block_on(async {
            let stop = stop(Arc::clone(&app))?;
            let listener = tokio::net::TcpListener::from_std(listener).map_err(system("listen"))?;
            if options.watch {
                tokio::spawn(reload::watch(Arc::clone(&app), Arc::clone(&log)));
            }
            log(Event::Listening { addr });
            let router = assemble(&app, page, options.token);
            let counting = Arc::clone(&app);
            let gate = Gate::new(options.limits.of_clients(), hosts)
                .watched(move |answered| counting.metrics.answered(answered));
            let stopping = || {
                app.stop();
                log(Event::Stopping);
            };
            Ok::<_, Error>(truezero_http::serve(listener, router, &gate, stop, stopping).await)
        });
        app.queue.close();
        runtime.shutdown_background();
        if finished? {
            // It has nothing more to compute, and never panics: faults of a computation are caught.
            let _ = worker.join();
        } else {
            log(Event::CutOff);
        }
        Ok(())
    }
}

/// The names that clients may call the server by.
fn hosts(addr: SocketAddr, options: &Options) -> Result<Hosts, Error> {
    // The name that it was told to listen at is one of its own.
    let own =
        options.addr.rsplit_once(':').map(|(name, _)| name).filter(|name| name.parse::<IpAddr>().is_err());
    let own = own.filter(|name| !name.is_empty() && !name.starts_with('[')).map(str::to_owned);
    let allowed: Vec<String> = options.allow_hosts.iter().cloned().chain(own).collect();
    let hosts = Hosts::new(addr.ip(), &allowed).map_err(|found| Error::Host { found })?;
    // Who shows the token is no page of somebody else's.
    Ok(if options.token.is_some() { hosts.with_any() } else { hosts })
}

/// The server's own paths and others, behind what holds for all of them.
fn assemble(app: &Shared, page: Router, token: Option<Token>) -> Router {
    routes::router(Arc::clone(app))
        .merge(page)
        .fallback(async || Problem::not_found("no such path; /openapi.json lists those there are"))
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn_with_state(Arc::clone(app), endless::end))
        .layer(from_fn_with_state(token, auth::check))
}
