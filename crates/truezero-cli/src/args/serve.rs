use std::path::PathBuf;

use truezero_serve::limits;

/// Serve models over HTTP
///
/// Clients of the Open Inference Protocol (Triton's and others) send tensors to /v2/models/NAME/infer, as JSON or
/// bytes, dense or sparse; others send records with the columns or texts that the model was trained on to
/// /v1/predict. /openapi.json describes all there is, /metrics is for Prometheus.
///
/// Stops at SIGINT or SIGTERM when the requests under way are answered. SIGHUP reads the models anew; a file that
/// cannot be used leaves its model as it was.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct ServeArgs {
    /// Model files that `truezero train` or `truezero pretrain` wrote; clients call each by its file's name without
    /// the ending, or as NAME=PATH says
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<String>,
    /// Host and port to listen on; port 0 takes any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub addr: String,
    /// File with a token that clients must show, as `Authorization: Bearer TOKEN` [default: the environment variable
    /// TRUEZERO_TOKEN, if it is set]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Name by which clients may call the server, beside localhost and its address; `*` for any. May be given several
    /// times. With a token any name will do
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// Listen beyond this machine even without a token
    #[arg(long)]
    pub insecure: bool,
    /// Replace models when their files change
    #[arg(long)]
    pub watch: bool,
    /// Threads to compute with [default: all cores but one, which talks to clients]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Print one JSON document when listening: the address and the models
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What requests may cost.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// How long a request waits for others to be computed with, in milliseconds; those that wait anyway are
    /// computed together even at 0
    #[arg(long, value_name = "MS", default_value_t = 0.0, value_parser = milliseconds)]
    pub max_delay: f64,
    /// Most examples that are computed together
    #[arg(long, value_name = "N", default_value_t = limits::BATCH, value_parser = positive)]
    pub max_batch: usize,
    /// Most examples of a request
    #[arg(long, value_name = "N", default_value_t = limits::EXAMPLES, value_parser = positive)]
    pub max_examples: usize,
    /// Most values of an example, and most inputs of a model
    #[arg(long, value_name = "N", default_value_t = limits::WIDTH, value_parser = positive)]
    pub max_width: usize,
    /// Largest body of a request, in MiB
    #[arg(long, value_name = "MIB", default_value_t = limits::BODY_BYTES >> 20, value_parser = positive)]
    pub max_body: usize,
    /// Most memory that requests take together, in MiB
    #[arg(long, value_name = "MIB", default_value_t = limits::MEMORY_BYTES >> 20, value_parser = positive)]
    pub max_memory: usize,
    /// Most requests that wait; further ones are answered 503 with Retry-After
    #[arg(long, value_name = "N", default_value_t = limits::QUEUE, value_parser = positive)]
    pub max_queue: usize,
    /// Most open connections; further ones wait to be accepted
    #[arg(long, value_name = "N", default_value_t = limits::CONNECTIONS, value_parser = positive)]
    pub max_connections: usize,
    /// Longest time for the body of a request, its turn and its answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = limits::TIMEOUT_SECONDS,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
}

/// Largest value of a limit: products of two still fit.
const MOST: usize = 1 << 30;
/// Longest delay, in milliseconds.
const LONGEST_DELAY: f64 = 10_000.0;

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=MOST) => Ok(number),
        _ => Err(format!("expected a whole number from 1 to {MOST}")),
    }
}

fn milliseconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=LONGEST_DELAY).contains(&number) => Ok(number),
        _ => Err(format!("expected a number from 0 to {LONGEST_DELAY}")),
    }
}

const EXAMPLES: &str = "\
Examples:
  truezero serve model.safetensors
  truezero serve digits=model.safetensors reviews.safetensors --watch
  truezero serve model.safetensors --addr 0.0.0.0:8080 --token-file token.txt
  curl 127.0.0.1:8080/v2/models/model
  curl 127.0.0.1:8080/v1/predict --json '{\"model\": \"reviews\", \"records\": [{\"text\": \"a fine film\"}]}'";
