use std::net::SocketAddr;
use std::path::PathBuf;

/// Watch the units of a network fire, on a page in the browser
///
/// Draw a digit and see what a network makes of it, unit by unit; train one and move its penalty
/// meanwhile; compare activation functions. Without MODEL it shows networks that it trains on the
/// embedded digits, which takes some seconds. The page works offline.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct ObserveArgs {
    /// Model file
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Address of this machine to serve the page at; port 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub addr: SocketAddr,
    /// Name by which browsers may call the page, beside localhost and its address, such as that of a proxy before it; `*`
    /// for any. May be given several times
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// Report of `truezero paper` to link [default: paper/report.html, if there is one]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero observe                              networks trained on the embedded digits
  truezero observe model.safetensors
  truezero observe --addr 127.0.0.1:0 --no-open
  truezero train --observe 127.0.0.1:8080       the page of a training that goes on";
