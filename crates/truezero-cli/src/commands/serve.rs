//! `truezero serve`: models behind HTTP.

use std::env::{self, VarError};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use truezero_observatory::Observatory;
use truezero_serve::{Event, Limits, ModelFile, Options, Server, Token};

use super::observe::default_report;
use crate::args::{LimitArgs, ServeArgs, threads};
use crate::failure::Failure;
use crate::{json, output};

/// Where the token is if no file is named.
const TOKEN: &str = "TRUEZERO_TOKEN";

#[derive(Serialize)]
struct Document {
    url: String,
    models: Vec<String>,
}

pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let models: Vec<ModelFile> = args.models.iter().map(|model| ModelFile::parse(model)).collect();
    let options = Options {
        addr: args.addr.clone(),
        token: token(args)?,
        allow_hosts: args.allow_host.clone(),
        insecure: args.insecure,
        watch: args.watch,
        threads: args.threads.map_or_else(|| threads(None).saturating_sub(1).max(1), usize::from),
        limits: limits(&args.limits),
    };
    let server = Server::open(&models, options, Arc::new(|event: Event| output::note(&event.to_string())))?;
    let page = Observatory::new(server.models()).with_report(Some(default_report()));
    let server = server.with_page(page.router());
    if args.json {
        let models = models.into_iter().map(|model| model.name).collect();
        json::document(&Document { url: format!("http://{}", server.addr()), models })?;
    }
    Ok(server.run()?)
}

fn token(args: &ServeArgs) -> Result<Option<Token>, Failure> {
    let text = match &args.token_file {
        Some(path) => Some(fs::read_to_string(path).map_err(Failure::io("read", path))?),
        None => match env::var(TOKEN) {
            Ok(text) => Some(text),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => {
                return Err(Failure::Message(format!("{TOKEN}: expected ASCII characters, found others")));
            }
        },
    };
    Ok(text.map(|text| Token::new(&text)).transpose()?)
}

fn limits(args: &LimitArgs) -> Limits {
    Limits {
        body_bytes: args.max_body << 20,
        examples: args.max_examples,
        width: args.max_width,
        memory_bytes: args.max_memory << 20,
        queue: args.max_queue,
        connections: args.max_connections,
        batch: args.max_batch,
        timeout: Duration::from_secs(args.timeout),
        delay: Duration::from_secs_f64(args.max_delay / 1e3),
        ..Limits::default()
    }
}
