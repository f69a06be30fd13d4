//! Hot reload: policy and people, and the files of on-call rotations and of tickets, are looked at every second, and put in force when they
//! changed and are sound.

use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often the files are looked at. They are read when two looks in a row see the same: half-written people would look like leavers.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut seen = stamps(&app);
    let mut changed = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = stamps(&app);
        if now == seen {
            changed = None;
            continue;
        }
        if changed.as_ref() != Some(&now) {
            changed = Some(now);
            continue;
        }
        seen = now;
        match app.reload().await {
            Ok(()) => tracing::info!("policy and people were read again"),
            Err(error) => {
                tracing::error!(
                    problems = format!("{error:#}"),
                    "the changed policy or people have problems; the old ones stay in force"
                );
            }
        }
    }
}

/// Every file's path, size and time of change.
fn stamps(app: &App) -> Vec<(std::path::PathBuf, u64, Option<SystemTime>)> {
    let mut stamps = Vec::new();
    let mut look = vec![app.sources.people.clone(), app.sources.policy.clone()];
    look.extend(app.sources.oncall.values().flatten().cloned());
    look.extend(app.sources.tickets.values().filter_map(|known| known.path.clone()));
    while let Some(path) = look.pop() {
        if path.is_dir() {
            look.extend(entries(&path));
        } else if let Ok(meta) = std::fs::metadata(&path) {
            stamps.push((path, meta.len(), meta.modified().ok()));
        }
    }
    stamps.sort();
    stamps
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
        .unwrap_or_default()
}
