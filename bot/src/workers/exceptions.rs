//! Exceptions: who answers for listed standing access, and security, hear of its end two weeks before and when it is over; once each.
//!
//! What was told is remembered in the database, so that neither restarts nor other replicas tell it again.

use std::collections::BTreeSet;

use jit_core::bulletin::Bulletin;
use jit_core::effect::{Content, Recipient, Slot, Tell};
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::id::AccessId;
use jit_core::policy::{Exception, REMIND_BEFORE};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut changes = app.dispatch.in_force.changes();
    // What this process knows to have been told, so that the database is not asked each second.
    let mut told = BTreeSet::new();
    loop {
        if let Err(error) = sweep(&app, &mut told).await {
            tracing::error!(error = format!("{error:#}"), "nobody could be reminded of exceptions; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = changes.changed() => {}
            () = tokio::time::sleep(super::SWEEP) => {}
        }
    }
}

async fn sweep(app: &App, told: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let snapshot = app.dispatch.in_force.get();
    let now = app.dispatch.store.now();
    for exception in snapshot.policy.exceptions.iter().map(|listed| &listed.exception) {
        let over = exception.until <= now;
        if !over && exception.until - now > REMIND_BEFORE {
            continue;
        }
        let key = format!("exception/{}/{}", if over { "over" } else { "soon" }, exception.key());
        if told.contains(&key) {
            continue;
        }
        let record = EventRecord {
            access: None,
            version: 0,
            at: now,
            actor: Actor::Timer,
            policy: snapshot.policy.hash.clone(),
            event: Event::ExceptionReminded { exception: exception.clone(), over },
        };
        let owners = exception.owners(&snapshot.directory).into_iter().map(Recipient::Person);
        let tells: Vec<Tell> = owners.chain([Recipient::Security]).map(|to| tell(to, exception, over)).collect();
        app.dispatch.store.remind(&key, record, (&tells, &snapshot.directory)).await?;
        told.insert(key);
    }
    Ok(())
}

fn tell(to: Recipient, exception: &Exception, over: bool) -> Tell {
    let bulletin = Bulletin::Exception { exception: exception.clone(), over };
    let slot = Slot::new(AccessId(Uuid::now_v7()), bulletin.name());
    Tell { to, slot, under: None, content: Content::Bulletin(Box::new(bulletin)) }
}
