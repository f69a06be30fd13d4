//! Leavers and movers: what somebody holds or asks for ends when the directory no longer has them as active, and where it is somebody who was
//! asked to decide, or is away, others are asked.
//!
//! Looked through at the start, as soon as another directory is in force, and every minute, so that neither a crash nor a request that was
//! decided on the old directory leaves anything behind. Whether it must end is core's to say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jit_core::access::Access;
use jit_core::command::Command;
use jit_core::decide::is_to_ask_again;
use jit_core::event::Actor;
use jit_core::id::{AccessId, PersonId};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::snapshot::Snapshot;

/// How often everything is looked through in any case, and again after a look that failed.
const EVERY: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(2);
/// How many of those that wait are read at once: reading them takes turns with whoever types.
const AT_ONCE: usize = 50;

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut changes = app.dispatch.in_force.changes();
    let mut looked = Looked::default();
    loop {
        let wait = match sweep(&app, &mut looked).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "what leavers hold, and who is asked, could not be looked through; trying again"
                );
                AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = changes.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn sweep(app: &App, looked: &mut Looked) -> anyhow::Result<()> {
    let store = &app.dispatch.store;
    let snapshot = app.dispatch.in_force.get();
    let dependents = store.dependents().await?;
    let waiting = dependents.iter().filter(|it| it.waits).map(|it| (it.id, it.version)).collect();
    let unread = looked.unread(&snapshot, waiting);
    let left = |people: &[PersonId; 2]| people.iter().any(|person| snapshot.directory.active(person).is_none());
    let mut concerned: Vec<AccessId> = dependents.iter().filter(|it| left(&it.people)).map(|it| it.id).collect();
    for page in unread.chunks(AT_ONCE) {
        let (accesses, today) = (store.readable(page).await?, Arc::clone(&snapshot));
        // Beside the runtime: with thousands that wait, whoever types meanwhile would feel it.
        let judge = move || -> Vec<(AccessId, u64, bool)> {
            let again = |access: &Access| is_to_ask_again(access, &today.policy, &today.directory);
            accesses.iter().map(|access| (access.id, access.version, again(access))).collect()
        };
        for (access, version, again) in tokio::task::spawn_blocking(judge).await? {
            if again {
                concerned.push(access);
            } else {
                looked.settled.insert(access, version);
            }
        }
    }
    let mut outcome = Ok(());
    for access in concerned {
        failpoint!("leavers-before-command");
        // One that cannot be ended now keeps no other from it.
        if let Err(error) = app.dispatch.act(access, Command::Recheck, &Actor::Directory, None).await {
            outcome = Err(error.into());
        }
    }
    outcome
}

/// What waits and was found to be asked of the right people, so that it is not read again until it or what is in force is another.
#[derive(Default)]
struct Looked {
    /// What was in force.
    on: Option<Arc<Snapshot>>,
    /// Each access, in the version that was read.
    settled: HashMap<AccessId, u64>,
}

impl Looked {
    /// Those that are still to be read; what waits no more is forgotten.
    fn unread(&mut self, snapshot: &Arc<Snapshot>, waiting: HashMap<AccessId, u64>) -> Vec<AccessId> {
        if !self.on.as_ref().is_some_and(|on| Arc::ptr_eq(on, snapshot)) {
            *self = Self { on: Some(Arc::clone(snapshot)), settled: HashMap::new() };
        }
        self.settled.retain(|id, version| waiting.get(id) == Some(version));
        let mut unread: Vec<AccessId> = waiting.into_keys().filter(|id| !self.settled.contains_key(id)).collect();
        unread.sort_unstable();
        unread
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn id(number: u128) -> AccessId {
        AccessId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn what_is_as_it_should_be_is_read_once_until_it_or_what_is_in_force_changes() {
        let snapshot = || Arc::new(Snapshot::empty(BTreeMap::new()).unwrap());
        let waiting = |of: &[(u128, u64)]| of.iter().map(|(number, version)| (id(*number), *version)).collect();
        let (before, mut looked) = (snapshot(), Looked::default());
        assert_eq!(looked.unread(&before, waiting(&[(1, 1), (2, 1)])), [id(1), id(2)]);
        looked.settled.insert(id(1), 1);
        assert_eq!(
            looked.unread(&before, waiting(&[(1, 1), (2, 1), (3, 1)])),
            [id(2), id(3)],
            "2 was to be asked again"
        );
        looked.settled.extend([(id(2), 2), (id(3), 1)]);
        assert_eq!(looked.unread(&before, waiting(&[(1, 2), (2, 2), (3, 1)])), [id(1)], "it is another version by now");
        looked.settled.insert(id(1), 2);
        assert_eq!(looked.unread(&before, waiting(&[(2, 2)])), []);
        assert_eq!(looked.settled.len(), 1, "what waits no more takes no room");
        assert_eq!(looked.unread(&snapshot(), waiting(&[(2, 2)])), [id(2)], "other people may be in force");
    }
}
