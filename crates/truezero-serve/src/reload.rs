//! Models replaced while requests come.

use std::sync::Arc;
use std::time::Duration;

use crate::app::Shared;
use crate::event::{Event, Log};
use crate::registry::Looks;

/// Between two looks at the files.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads every model anew.
pub(crate) fn all(app: &Shared, log: &Log) {
    app.registry.reload(&counted(app, log));
}

/// Looks again and again for files that have changed. Looking works on every file system, where being told
/// does not; and a file that has stopped changing is likely to be whole.
pub(crate) async fn watch(app: Shared, log: Log) {
    let log = counted(&app, &log);
    let mut looks = Looks::new();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let (app, log) = (Arc::clone(&app), Arc::clone(&log));
        let look = tokio::task::spawn_blocking(move || {
            app.registry.reload_changed(&mut looks, &log);
            looks
        });
        looks = look.await.unwrap_or_default();
    }
}

/// A log that counts reloads as well.
fn counted(app: &Shared, log: &Log) -> Log {
    let (app, log) = (Arc::clone(app), Arc::clone(log));
    Arc::new(move |event| {
        match &event {
            Event::Reloaded { model, .. } => app.metrics.reloaded(model, "replaced"),
            Event::Unchanged { model, .. } => app.metrics.reloaded(model, "unchanged"),
            Event::Kept { model, .. } => app.metrics.reloaded(model, "refused"),
            _ => {}
        }
        log(event);
    })
}
