//! Personal texts: kept beside events and snapshots, which hold only salted digests; put back when something is loaded.
//!
//! Called by commit (new texts) and by everything that loads documents. Erasing a text leaves every digest as it was.

use std::collections::{BTreeSet, HashMap};

use jit_core::access::{EndCause, Outcome};
use jit_core::event::{Event, EventRecord};
use jit_core::id::AccessId;
use jit_core::personal::{Personal, fill};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;

use crate::clock::micros;
use crate::error::{Doing, StoreError};
use crate::{Store, sql};

/// Stores the texts that these records brought; ones that are stored already are left alone.
pub(crate) async fn insert<C: ConnectionTrait>(db: &C, records: &[EventRecord]) -> Result<(), DbErr> {
    let mut values: Vec<sea_orm::Value> = Vec::new();
    let mut count = 0;
    for record in records {
        let Some(personal) = text_of(&record.event) else { continue };
        let Some((salt, text)) = personal.fresh() else { continue };
        let access = record.access.map(|id| id.to_string());
        values.extend([personal.digest().into(), access.into(), salt.to_vec().into(), text.into()]);
        count += 1;
    }
    if count == 0 {
        return Ok(());
    }
    let rows = sql::rows(count, 4);
    let insert = format!("INSERT INTO texts (digest, access, salt, body) VALUES {rows} ON CONFLICT DO NOTHING");
    sql::execute(db, &insert, values).await.map(drop)
}

/// The text that an event carries, if it carries one.
fn text_of(event: &Event) -> Option<&Personal> {
    match event {
        Event::Requested { request, .. } => Some(&request.justification),
        Event::RevocationStarted { cause } => reason(cause),
        Event::Closed { outcome: Outcome::Denied { reason, .. } | Outcome::Withdrawn { reason, .. } } => Some(reason),
        Event::Closed { outcome: Outcome::Ended { cause, .. } } => reason(cause),
        Event::Questioned { text, .. } | Event::Replied { text, .. } => Some(text),
        Event::Refused { words, .. } => words.as_ref(),
        Event::Frozen { reason, .. } => Some(reason),
        Event::Reviewed { verdict } => Some(&verdict.note),
        Event::StepOpened { .. }
        | Event::AskedAgain { .. }
        | Event::WentAway { .. }
        | Event::CameBack { .. }
        | Event::Reminded
        | Event::Escalated { .. }
        | Event::Approved { .. }
        | Event::Claimed { .. }
        | Event::Released { .. }
        | Event::Scheduled { .. }
        | Event::ElevationStarted { .. }
        | Event::Rehearsed { .. }
        | Event::ScreeningStarted { .. }
        | Event::TicketLooked { .. }
        | Event::ElevationTroubled { .. }
        | Event::Elevated { .. }
        | Event::Revealed { .. }
        | Event::Warned
        | Event::WarningSpared
        | Event::RevocationFailed { .. }
        | Event::RevocationAlerted
        | Event::Closed {
            outcome:
                Outcome::Cancelled { .. }
                | Outcome::TimedOut
                | Outcome::Lapsed
                | Outcome::Leaver { .. }
                | Outcome::NotStarted { .. }
                | Outcome::Refused { .. }
                | Outcome::TicketClosed { .. },
        }
        | Event::Unfrozen { .. }
        | Event::ReviewOpened { .. }
        | Event::ReviewReminded
        | Event::ReviewOverdue
        | Event::ExceptionReminded { .. }
        | Event::OncallDigested { .. }
        | Event::PolicyRefused { .. }
        | Event::PolicyLoaded { .. } => None,
    }
}

fn reason(cause: &EndCause) -> Option<&Personal> {
    match cause {
        EndCause::Revoked { reason, .. } => Some(reason),
        EndCause::Expired
        | EndCause::WindowClosed { .. }
        | EndCause::Done { .. }
        | EndCause::Cancelled { .. }
        | EndCause::ElevationFailed { .. }
        | EndCause::ElevationTimedOut { .. }
        | EndCause::ParentEnded
        | EndCause::IncidentResolved { .. }
        | EndCause::TicketClosed { .. }
        | EndCause::Leaver { .. } => None,
    }
}

/// Puts the texts into documents, with one query per thousand of them.
pub(crate) async fn hydrate<C: ConnectionTrait>(db: &C, documents: &mut [Value]) -> Result<(), DbErr> {
    let mut digests = BTreeSet::new();
    documents.iter().for_each(|document| collect(document, &mut digests));
    let digests: Vec<String> = digests.into_iter().collect();
    let mut texts: HashMap<String, String> = HashMap::with_capacity(digests.len());
    for chunk in digests.chunks(sql::CHUNK) {
        let select = format!(
            "SELECT digest, body FROM texts WHERE digest IN ({}) AND body IS NOT NULL",
            sql::list(1, chunk.len())
        );
        let values = chunk.iter().map(|digest| digest.as_str().into()).collect();
        for row in sql::query(db, &select, values).await? {
            texts.insert(row.try_get("", "digest")?, row.try_get("", "body")?);
        }
    }
    documents.iter_mut().for_each(|document| fill(document, &|digest| texts.get(digest).cloned()));
    Ok(())
}

/// The digests in a document, wherever [`fill`] would put a text.
fn collect(document: &Value, into: &mut BTreeSet<String>) {
    match document {
        Value::Object(map) => {
            into.extend(map.get("personal").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}

impl Store {
    /// Erases what people wrote about an access, salts included; how many texts it was. Events and their hashes stay as they are. What was
    /// written about a bundle stands with its lead, and goes with any of it.
    pub async fn erase_texts(&self, access: AccessId) -> Result<u64, StoreError> {
        let lead = self.access(access).await?.map_or(access, |access| access.lead());
        let erase = "UPDATE texts SET salt = NULL, body = NULL, erased_us = $3
                     WHERE access IN ($1, $2) AND erased_us IS NULL";
        let values = vec![access.to_string().into(), lead.to_string().into(), micros(self.now()).into()];
        sql::execute(&self.db().writer, erase, values).await.doing("erase texts")
    }
}
