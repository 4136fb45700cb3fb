//! `truezero observe`: the page, served and opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use truezero::Model;
use truezero_observatory::Observatory;
use truezero_paper::REPORT;

use super::site::Site;
use crate::args::ObserveArgs;
use crate::failure::Failure;
use crate::output;

/// Where `truezero paper` puts its report unless told otherwise.
const PAPER: &str = "paper";

pub fn run(args: &ObserveArgs) -> Result<(), Failure> {
    let models = args.model.as_deref().map(load).transpose()?.map_or_else(Vec::new, |model| vec![model]);
    let report = report(args.report.as_deref())?;
    let observatory = Observatory::new(move || models.clone()).with_report(report);
    observatory.prepare();
    let site = Site::open(observatory.router(), args.addr, &args.allow_host)?;
    output::print(&format!("{}\n", site.url()))?;
    if !args.no_open && open::that_detached(site.url()).is_err() {
        output::note("no browser could be opened; the page is at the address above");
    }
    output::note("Ctrl-C ends it");
    // The pages that listen would be waited for.
    site.wait(|| observatory.close())
}

/// The model under the name of its file.
fn load(path: &Path) -> Result<(String, Arc<Model>), Failure> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok((name, Arc::new(Model::load(path)?)))
}

/// The report asked for, which must be there, or the one that may be there.
fn report(asked: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    match asked {
        Some(path) if !path.is_file() => {
            let message = format!("{} is not there", path.display());
            Err(Failure::hinted(message, "`truezero paper` writes a report"))
        }
        Some(path) => Ok(Some(path.to_owned())),
        None => Ok(Some(default_report())),
    }
}

/// The report that is linked if it is there.
pub fn default_report() -> PathBuf {
    Path::new(PAPER).join(REPORT)
}
