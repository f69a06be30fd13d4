//! The outbox: notices in order per platform and recipient, at most one of them in flight, unsent ones of a slot collapsed to the newest.
//!
//! Written by commit; leased by the shell's delivery workers, one for each platform, so that a platform that is down holds back no
//! other. Which platform carries a notice is decided when it is queued ([`jit_core::route`]): a person is told on one, and what
//! is told again goes where its message is, or waits to be. A row is `queued` until it is `delivered`, or `parked` because it can
//! never be, or `superseded` by another one of its slot. The head of a recipient's queue keeps the others back while it is
//! leased or waits for another attempt.
//!
//! A newer notice for a slot that waits unsent becomes that row's content, so that its place in the queue and its id stay: a worker
//! that may have posted before a crash looks for the row's id at the platform. While the row is in flight, the newer notice is
//! a row of its own and follows as an edit.
//!
//! Only [`HEADS`] and counting ask for `state = 'queued'`; what asks for certain rows asks for `done_us IS NULL`, which says the same.
//! For as soon as the queue was once found empty PostgreSQL believes that the index of queued rows holds one, and would read through
//! all of them for each row looked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jit_core::access::Platform;
use jit_core::directory::Directory;
use jit_core::effect::{Recipient, Slot, Tell};
use jit_core::id::AccessId;
use jit_core::route::{Route, route};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use crate::clock::{instant, micros};
use crate::error::{Doing, StoreError};
use crate::events::version;
use crate::wakeups::Ring;
use crate::{Store, homes, rows, sql, texts};

/// Where a message was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    /// Which platform.
    pub platform: Platform,
    /// The conversation's id there.
    pub conversation: String,
    /// The message's id there.
    pub ts: String,
}

/// A posted message and whose slot it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// [`Recipient::key`].
    pub recipient: String,
    /// The slot.
    pub slot: Slot,
    /// Where it is.
    pub handle: Handle,
}

/// A notice to deliver now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The row; the same through every attempt and every change of content.
    pub id: i64,
    /// Where.
    pub platform: Platform,
    /// Which of its contents this is.
    pub revision: u64,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// When it was first queued.
    pub created_at: DateTime<Utc>,
    /// What to tell.
    pub tell: Tell,
    /// Where the slot's message was posted, if it was: edit it.
    pub posted: Option<Handle>,
    /// Where the message it stands under was posted, if it was.
    pub under: Option<Handle>,
}

/// A notice that can never be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The row.
    pub id: i64,
    /// Why.
    pub error: String,
    /// What was to be told; `None`: that is what cannot be read.
    pub tell: Option<Tell>,
}

/// The head of each recipient's queue on the platform `$1`, as `heads(id)`. Steps from recipient to recipient by the index, so that a long
/// queue (chat was down for an hour) costs no more than a short one.
const HEADS: &str = "WITH RECURSIVE recipients(recipient) AS (
        SELECT min(recipient) FROM outbox WHERE state = 'queued' AND platform = $1
        UNION ALL
        SELECT (SELECT min(outbox.recipient) FROM outbox
                WHERE outbox.state = 'queued' AND outbox.platform = $1 AND outbox.recipient > recipients.recipient)
        FROM recipients WHERE recipients.recipient IS NOT NULL),
    heads(id) AS (
        SELECT (SELECT min(outbox.id) FROM outbox
                WHERE outbox.state = 'queued' AND outbox.platform = $1 AND outbox.recipient = recipients.recipient)
        FROM recipients WHERE recipients.recipient IS NOT NULL)";

/// The platforms that carry notices.
const PLATFORMS: [Platform; 2] = [Platform::Slack, Platform::Teams];

/// Queues notices in the commit's transaction, each on the platforms that carry it; the platform of each. Nothing was queued yet about accesses
/// that are `new`.
pub(crate) async fn enqueue<C: ConnectionTrait>(
    db: &C,
    (tells, directory): (&[&Tell], &Directory),
    new: &BTreeSet<AccessId>,
    now_us: i64,
) -> Result<Vec<Platform>, StoreError> {
    const DOING: &str = "queue notices";
    if tells.is_empty() {
        return Ok(Vec::new());
    }
    let routes: Vec<Route> = tells.iter().map(|tell| route(tell, directory)).collect();
    let placed = placed(db, tells, &routes, new).await.doing(DOING)?;
    let (mut entries, mut queued) = (Vec::with_capacity(tells.len()), Vec::with_capacity(tells.len()));
    for (tell, route) in tells.iter().zip(&routes) {
        let platforms = match route {
            Route::Each(platforms) => platforms.clone(),
            Route::One(platforms) => placed.one(tell, platforms).into_iter().collect(),
        };
        let body = rows::document(tell, "a notice")?;
        let maybe = !new.contains(&tell.slot.access);
        let entry = |platform: &Platform| (key(*platform, &tell.to, &tell.slot), body.clone(), maybe);
        entries.extend(platforms.iter().map(entry));
        queued.extend(platforms);
    }
    let replaced = replace(db, &entries, now_us).await.doing(DOING)?;
    entries.retain(|(key, _, _)| !replaced.contains(key));
    if entries.is_empty() {
        return Ok(queued);
    }
    let value = |(key, body, _): &Entry| -> [Value; 8] {
        let [platform, recipient, access, slot] = values_of(key);
        [platform, recipient, access, slot, body.as_str().into(), "queued".into(), now_us.into(), now_us.into()]
    };
    let insert = format!(
        "INSERT INTO outbox (platform, recipient, access, slot, body, state, created_us, due_us) VALUES {}",
        sql::rows(entries.len(), 8)
    );
    sql::execute(db, &insert, entries.iter().flat_map(value).collect()).await.doing(DOING)?;
    Ok(queued)
}

/// Platform, recipient, access, slot.
type Key = (String, String, String, String);
/// A slot, its notice's text, and whether something may be queued for it already.
type Entry = (Key, String, bool);

fn key(platform: Platform, to: &Recipient, slot: &Slot) -> Key {
    (platform.as_str().to_owned(), to.key(), slot.access.to_string(), slot.name.clone())
}

fn values_of((platform, recipient, access, slot): &Key) -> [Value; 4] {
    [platform, recipient, access, slot].map(|text| text.as_str().into())
}

/// On which platform a slot's message is, or is queued.
#[derive(Default)]
struct Placed(BTreeMap<(String, String, String), Platform>);

impl Placed {
    /// Of these platforms the one where the message is, else where the one is that it stands under, else the first.
    fn one(&self, tell: &Tell, platforms: &[Platform]) -> Option<Platform> {
        let of = |slot: &Slot| {
            let place = self.0.get(&(tell.to.key(), slot.access.to_string(), slot.name.clone())).copied();
            place.filter(|place| platforms.contains(place))
        };
        of(&tell.slot).or_else(|| of(tell.under.as_ref()?)).or(platforms.first().copied())
    }
}

/// Looks where messages are that could be on one platform or another; with one platform nothing has to be looked for.
async fn placed<C: ConnectionTrait>(
    db: &C,
    tells: &[&Tell],
    routes: &[Route],
    new: &BTreeSet<AccessId>,
) -> Result<Placed, DbErr> {
    let open = tells.iter().zip(routes).filter(|(_, route)| matches!(route, Route::One(of) if of.len() > 1));
    let slots: BTreeSet<(String, &Slot)> = open
        .flat_map(|(tell, _)| {
            [Some(&tell.slot), tell.under.as_ref()].into_iter().flatten().map(|slot| (tell.to.key(), slot))
        })
        .filter(|(_, slot)| !new.contains(&slot.access))
        .collect();
    let slots: Vec<_> = slots.into_iter().collect();
    let mut placed = Placed::default();
    for slots in slots.chunks(SLOTS) {
        let one = |n: usize| {
            let [recipient, access, slot] = [1, 2, 3].map(|column| 3 * n + column);
            let slot = format!("recipient = ${recipient} AND access = ${access} AND slot = ${slot}");
            format!(
                "SELECT recipient, access, slot, platform, changed_us AS since FROM messages WHERE {slot}
                 UNION ALL SELECT recipient, access, slot, platform, created_us FROM outbox WHERE done_us IS NULL AND {slot}"
            )
        };
        // The newest last, so that it counts.
        let select = format!("{} ORDER BY since", each(slots.len(), one));
        let value = |(to, slot): &(String, &Slot)| -> [Value; 3] {
            [to.as_str().into(), slot.access.to_string().into(), slot.name.as_str().into()]
        };
        for row in sql::query(db, &select, slots.iter().flat_map(value).collect()).await? {
            let key = (row.try_get("", "recipient")?, row.try_get("", "access")?, row.try_get("", "slot")?);
            placed.0.insert(key, platform(&row)?);
        }
    }
    Ok(placed)
}

/// Slots of one statement: SQLite joins at most 500 queries.
const SLOTS: usize = 100;

/// One query for each slot. Of slots in one condition PostgreSQL takes out what they have in common, and reads through all that shares it.
fn each(count: usize, query: impl Fn(usize) -> String) -> String {
    (0..count).map(query).collect::<Vec<_>>().join(" UNION ALL ")
}

/// Gives waiting rows of the same slots the new content; the slots for which there was one.
async fn replace<C: ConnectionTrait>(db: &C, entries: &[Entry], now_us: i64) -> Result<BTreeSet<Key>, DbErr> {
    let again: Vec<_> = entries.iter().filter(|(_, _, maybe)| *maybe).collect();
    let mut replaced = BTreeSet::new();
    for again in again.chunks(SLOTS) {
        replaced.append(&mut replace_some(db, again, now_us).await?);
    }
    Ok(replaced)
}

async fn replace_some<C: ConnectionTrait>(db: &C, again: &[&Entry], now_us: i64) -> Result<BTreeSet<Key>, DbErr> {
    let value = |(key, body, _): &&Entry| -> [Value; 5] {
        let [platform, recipient, access, slot] = values_of(key);
        [platform, recipient, access, slot, body.as_str().into()]
    };
    let mut values: Vec<Value> = again.iter().flat_map(value).collect();
    values.push(now_us.into());
    // Said once more, by values: whatever the order of the join, the index of slots serves.
    let one = |n: usize| {
        let [platform, recipient, access, slot] = [1, 2, 3, 4].map(|column| 5 * n + column);
        format!(
            "SELECT id FROM outbox WHERE done_us IS NULL AND platform = ${platform} AND recipient = ${recipient}
             AND access = ${access} AND slot = ${slot}"
        )
    };
    let update = format!(
        "UPDATE outbox SET body = new.column5, revision = revision + 1 FROM (VALUES {}) AS new
         WHERE id IN ({}) AND done_us IS NULL AND lease_us <= ${} AND platform = new.column1
         AND recipient = new.column2 AND access = new.column3 AND slot = new.column4
         RETURNING id, platform, recipient, access, slot",
        sql::rows(again.len(), 5),
        each(again.len(), one),
        values.len()
    );
    let (mut replaced, mut surplus) = (BTreeSet::new(), Vec::<Value>::new());
    let mut rows = sql::query(db, &update, values).await?;
    rows.sort_by_key(|row| row.try_get::<i64>("", "id").unwrap_or(i64::MAX));
    for row in rows {
        let text = |column| row.try_get::<String>("", column);
        let key = (text("platform")?, text("recipient")?, text("access")?, text("slot")?);
        // Two rows of one slot wait where one was in flight when the other came, and its worker died: the first one stays.
        if !replaced.insert(key) {
            surplus.push(row.try_get::<i64>("", "id")?.into());
        }
    }
    if !surplus.is_empty() {
        let ids = sql::list(1, surplus.len());
        surplus.push(now_us.into());
        let update =
            format!("UPDATE outbox SET state = 'superseded', done_us = ${} WHERE id IN ({ids})", surplus.len());
        sql::execute(db, &update, surplus).await?;
    }
    Ok(replaced)
}

impl Store {
    /// Leases the heads of at most `max` recipients' queues on a platform.
    pub async fn lease_tells(
        &self,
        platform: Platform,
        max: u32,
        (owner, lease): (&str, Duration),
    ) -> Result<Vec<Leased>, StoreError> {
        const DOING: &str = "lease notices";
        let now = self.now();
        let backend = self.db().backend;
        let free = format!(
            "SELECT id FROM outbox WHERE {} AND done_us IS NULL AND due_us <= $4 AND lease_us <= $4
             ORDER BY id LIMIT $5 {}",
            sql::among(backend, "SELECT id FROM heads"),
            sql::skip_locked(backend)
        );
        let update = format!(
            "{HEADS}
             UPDATE outbox SET lease_owner = $2, lease_us = $3, attempts = attempts + 1 WHERE {}
             RETURNING id, revision, attempts, created_us, body",
            sql::among(backend, &free)
        );
        let (until, now) = (micros(now + lease), micros(now));
        let values = vec![platform.as_str().into(), owner.into(), until.into(), now.into(), i64::from(max).into()];
        let rows = sql::query(&self.db().writer, &update, values).await.doing(DOING)?;
        let mut leased = rows.iter().map(columns).collect::<Result<Vec<_>, _>>().doing(DOING)?;
        leased.sort_by_key(|columns| columns.id);
        let read = self.tells(leased.iter().map(|columns| columns.body.as_str())).await?;
        let (mut readable, mut tells) = (Vec::with_capacity(leased.len()), Vec::with_capacity(leased.len()));
        for (columns, tell) in leased.into_iter().zip(read) {
            match tell {
                Ok(tell) => {
                    readable.push(columns);
                    tells.push(tell);
                }
                Err(error) => {
                    // It must not keep the others of its recipient, nor of this batch, from being told.
                    tracing::error!(notice = columns.id, %error, "a notice cannot be read; parked");
                    self.park(columns.id, &format!("unreadable: {error}")).await?;
                }
            }
        }
        let messages = self.messages_for(platform, &tells).await?;
        let find = |to: &Recipient, slot: &Slot| {
            let key = to.key();
            messages.iter().find(|m| m.recipient == key && m.slot == *slot).map(|m| m.handle.clone())
        };
        let hydrated = readable.into_iter().zip(tells).map(|(columns, tell)| Leased {
            id: columns.id,
            platform,
            revision: columns.revision,
            attempts: columns.attempts,
            created_at: columns.created_at,
            posted: find(&tell.to, &tell.slot),
            under: tell.under.as_ref().and_then(|under| find(&tell.to, under)),
            tell,
        });
        Ok(hydrated.collect())
    }

    /// It was delivered there; the next of this recipient may go. If its content was changed since, it stays queued, as an edit.
    pub async fn delivered(&self, leased: &Leased, handle: &Handle) -> Result<(), StoreError> {
        const DOING: &str = "note a delivery";
        let now_us = micros(self.now());
        let transaction = self.db().begin().await.doing(DOING)?;
        let done = "UPDATE outbox SET lease_owner = NULL, lease_us = 0, due_us = $3,
                    state = CASE WHEN revision = $2 THEN 'delivered' ELSE 'queued' END,
                    done_us = CASE WHEN revision = $2 THEN $3 END
                    WHERE id = $1 AND done_us IS NULL
                    RETURNING state = 'queued' OR EXISTS (
                        SELECT 1 FROM outbox AS behind WHERE behind.state = 'queued' AND behind.platform = outbox.platform
                        AND behind.recipient = outbox.recipient AND behind.id > outbox.id) AS more";
        let values = vec![leased.id.into(), version(leased.revision).into(), now_us.into()];
        let row = sql::one(&transaction, done, values).await.doing(DOING)?;
        // What is queued for them in this very moment waits for the next sweep at most.
        let more = row.map(|row| row.try_get("", "more")).transpose().doing(DOING)?.unwrap_or(true);
        put(&transaction, &leased.tell.to, &leased.tell.slot, handle, now_us).await?;
        let homes = match &leased.tell.to {
            Recipient::Person(person) => homes::touch(&transaction, person, now_us).await.doing(DOING)?,
            Recipient::Announce | Recipient::Security | Recipient::Channel(_) => false,
        };
        transaction.commit().await.doing(DOING)?;
        let free = if more { Ring::outbox(&[leased.platform]) } else { Ring::default() };
        self.ring(Ring { homes, ..free });
        Ok(())
    }

    /// It was not delivered; it is tried again then. If a newer one of its slot has come, with that content.
    pub async fn retry(&self, id: i64, at: DateTime<Utc>, error: &str) -> Result<(), StoreError> {
        const DOING: &str = "put a notice back";
        let now_us = micros(self.now());
        let transaction = self.db().begin().await.doing(DOING)?;
        let back = "UPDATE outbox SET lease_owner = NULL, lease_us = 0, due_us = $2, error = $3
                    WHERE id = $1 AND done_us IS NULL RETURNING platform, recipient, access, slot";
        let back = sql::one(&transaction, back, vec![id.into(), micros(at).into(), error.into()]).await.doing(DOING)?;
        if let Some(row) = back {
            take_newer(&transaction, id, &row, now_us).await.doing(DOING)?;
        }
        transaction.commit().await.doing(DOING)
    }

    /// It can never be delivered; the next of this recipient may go.
    pub async fn park(&self, id: i64, error: &str) -> Result<(), StoreError> {
        let update = "UPDATE outbox SET state = 'parked', done_us = $2, lease_owner = NULL, lease_us = 0, error = $3
                      WHERE id = $1 AND done_us IS NULL";
        let values = vec![id.into(), micros(self.now()).into(), error.into()];
        sql::execute(&self.db().writer, update, values).await.doing("park a notice")?;
        self.ring(Ring::outbox(&PLATFORMS));
        Ok(())
    }

    /// Whom it is for is on another platform by now: it goes there, and keeps its id and with it its place.
    pub async fn reroute(&self, id: i64, platform: Platform) -> Result<(), StoreError> {
        let update = "UPDATE outbox SET platform = $2, lease_owner = NULL, lease_us = 0, due_us = $3
                      WHERE id = $1 AND done_us IS NULL";
        let values = vec![id.into(), platform.as_str().into(), micros(self.now()).into()];
        sql::execute(&self.db().writer, update, values).await.doing("send a notice by another platform")?;
        self.ring(Ring::outbox(&PLATFORMS));
        Ok(())
    }

    /// What was parked, newest first.
    pub async fn parked(&self, max: u32) -> Result<Vec<Parked>, StoreError> {
        type Row = (i64, Option<String>, String);
        const DOING: &str = "load parked notices";
        let select = "SELECT id, error, body FROM outbox WHERE state = 'parked' ORDER BY id DESC LIMIT $1";
        let rows = sql::query(&self.db().reader, select, vec![i64::from(max).into()]).await.doing(DOING)?;
        let columns = |row: &QueryResult| -> Result<Row, DbErr> {
            Ok((row.try_get("", "id")?, row.try_get("", "error")?, row.try_get("", "body")?))
        };
        let parked = rows.iter().map(columns).collect::<Result<Vec<_>, _>>().doing(DOING)?;
        let tells = self.tells(parked.iter().map(|(_, _, body)| body.as_str())).await?;
        let entry = |((id, error, _), tell): (Row, Result<Tell, _>)| Parked {
            id,
            error: error.unwrap_or_default(),
            tell: tell.ok(),
        };
        Ok(parked.into_iter().zip(tells).map(entry).collect())
    }

    /// When the next notice may be tried (leased ones: when their lease ends); `None`: everything is delivered.
    pub async fn next_tell(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const DOING: &str = "look for the next notice";
        let select = format!(
            "{HEADS} SELECT min(CASE WHEN lease_us > due_us THEN lease_us ELSE due_us END) AS next_us
             FROM outbox WHERE {}",
            sql::among(self.db().backend, "SELECT id FROM heads")
        );
        let mut next: Option<i64> = None;
        for platform in PLATFORMS {
            let row = sql::one(&self.db().reader, &select, vec![platform.as_str().into()]).await.doing(DOING)?;
            let there: Option<Option<i64>> = row.map(|row| row.try_get("", "next_us")).transpose().doing(DOING)?;
            next = next.into_iter().chain(there.flatten()).min();
        }
        Ok(next.map(instant))
    }

    /// Where the message of a slot was posted on a platform.
    pub async fn message(
        &self,
        platform: Platform,
        recipient: &Recipient,
        slot: &Slot,
    ) -> Result<Option<Handle>, StoreError> {
        let select = "WHERE platform = $1 AND recipient = $2 AND access = $3 AND slot = $4";
        let values = values_of(&key(platform, recipient, slot)).into();
        Ok(self.messages(select, values).await?.pop().map(|message| message.handle))
    }

    /// Notes where the message of a slot is, outside a delivery (one found again after a crash, or posted by a click's answer).
    pub async fn put_message(&self, recipient: &Recipient, slot: &Slot, handle: &Handle) -> Result<(), StoreError> {
        put(&self.db().writer, recipient, slot, handle, micros(self.now())).await
    }

    /// Every message about an access.
    pub async fn messages_of(&self, access: AccessId) -> Result<Vec<Message>, StoreError> {
        self.messages("WHERE access = $1 ORDER BY recipient, slot, platform", vec![access.to_string().into()]).await
    }

    /// The messages that these notices edit or stand under.
    async fn messages_for(&self, platform: Platform, tells: &[Tell]) -> Result<Vec<Message>, StoreError> {
        let slots = tells.iter().flat_map(|t| t.under.iter().chain([&t.slot]).map(move |slot| (&t.to, slot)));
        let slots: Vec<_> = slots.collect();
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let value = |(to, slot): &(&Recipient, &Slot)| values_of(&key(platform, to, slot));
        let select = format!("WHERE (platform, recipient, access, slot) IN (VALUES {})", sql::rows(slots.len(), 4));
        self.messages(&select, slots.iter().flat_map(value).collect()).await
    }

    async fn messages(&self, rest: &str, values: Vec<Value>) -> Result<Vec<Message>, StoreError> {
        const DOING: &str = "load messages";
        let select = format!("SELECT recipient, access, slot, platform, conversation, ts FROM messages {rest}");
        let rows = sql::query(&self.db().reader, &select, values).await.doing(DOING)?;
        rows.iter().map(message).collect::<Result<_, _>>().doing(DOING)
    }

    /// Notices of their stored texts, personal texts put back; in the same order.
    pub(crate) async fn tells<'a>(
        &self,
        bodies: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Result<Tell, serde_json::Error>>, StoreError> {
        let parsed: Vec<Result<serde_json::Value, _>> = bodies.map(serde_json::from_str).collect();
        let mut documents: Vec<_> = parsed.iter().filter_map(|document| document.as_ref().ok().cloned()).collect();
        texts::hydrate(&self.db().reader, &mut documents).await.doing("load notices")?;
        let mut documents = documents.into_iter();
        let tell = |document: Result<_, _>| {
            document.and_then(|parsed| serde_json::from_value(documents.next().unwrap_or(parsed)))
        };
        Ok(parsed.into_iter().map(tell).collect())
    }
}

struct Columns {
    id: i64,
    revision: u64,
    attempts: u32,
    created_at: DateTime<Utc>,
    body: String,
}

fn columns(row: &QueryResult) -> Result<Columns, DbErr> {
    Ok(Columns {
        id: row.try_get("", "id")?,
        revision: u64::try_from(row.try_get::<i64>("", "revision")?).unwrap_or(0),
        attempts: u32::try_from(row.try_get::<i64>("", "attempts")?).unwrap_or(u32::MAX),
        created_at: instant(row.try_get("", "created_us")?),
        body: row.try_get("", "body")?,
    })
}

fn platform(row: &QueryResult) -> Result<Platform, DbErr> {
    let platform: String = row.try_get("", "platform")?;
    serde_json::from_value(platform.into()).map_err(|e| DbErr::Type(e.to_string()))
}

fn message(row: &QueryResult) -> Result<Message, DbErr> {
    let platform = platform(row)?;
    Ok(Message {
        recipient: row.try_get("", "recipient")?,
        slot: Slot::new(rows::id(row, "access")?, row.try_get::<String>("", "slot")?),
        handle: Handle { platform, conversation: row.try_get("", "conversation")?, ts: row.try_get("", "ts")? },
    })
}

/// A row that goes back into the queue takes the content of the newest one of its slot behind it, and supersedes those.
async fn take_newer<C: ConnectionTrait>(db: &C, id: i64, row: &QueryResult, now_us: i64) -> Result<(), DbErr> {
    let slot = || -> Result<[Value; 4], DbErr> {
        let text = |column| row.try_get::<String>("", column);
        Ok([text("platform")?.into(), text("recipient")?.into(), text("access")?.into(), text("slot")?.into()])
    };
    let newer = "done_us IS NULL AND id > $1 AND platform = $2 AND recipient = $3 AND access = $4 AND slot = $5";
    let take = format!(
        "UPDATE outbox SET revision = revision + 1,
         body = (SELECT body FROM outbox WHERE {newer} ORDER BY id DESC LIMIT 1)
         WHERE id = $1 AND EXISTS (SELECT 1 FROM outbox WHERE {newer})"
    );
    let values = std::iter::once(id.into()).chain(slot()?).collect();
    if sql::execute(db, &take, values).await? == 1 {
        let supersede = format!("UPDATE outbox SET state = 'superseded', done_us = $6 WHERE {newer}");
        let values = std::iter::once(id.into()).chain(slot()?).chain([now_us.into()]).collect();
        sql::execute(db, &supersede, values).await?;
    }
    Ok(())
}

async fn put<C: ConnectionTrait>(
    db: &C,
    recipient: &Recipient,
    slot: &Slot,
    handle: &Handle,
    now_us: i64,
) -> Result<(), StoreError> {
    let upsert = "INSERT INTO messages (platform, recipient, access, slot, conversation, ts, changed_us)
                  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (platform, recipient, access, slot) DO UPDATE SET
                  conversation = excluded.conversation, ts = excluded.ts, changed_us = excluded.changed_us";
    let handed = [handle.conversation.as_str().into(), handle.ts.as_str().into(), now_us.into()];
    let values = values_of(&key(handle.platform, recipient, slot)).into_iter().chain(handed).collect();
    sql::execute(db, upsert, values).await.map(drop).doing("note where a message is")
}
