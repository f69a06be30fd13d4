//! A store on each backend, and accesses to put into it. Called by the tests of the store only.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::access::{Access, EndCause, Origin, Outcome, Platform, Proof, Request};
use jit_core::apply::apply;
use jit_core::directory::{Directory, parse_people};
use jit_core::effect::{Content, Effect, Recipient, Slot, Tell};
use jit_core::entitlement::{Entitlement, Target};
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::id::{AccessId, PersonId, PolicyHash, ShortId};
use jit_core::notice::{Notice, NoticeKind};
use jit_core::personal::Personal;
use jit_core::policy::{Level, Risk, Route};
use jit_core::span::Span;
use jit_store::{Change, Clock, Commit, CommitError, Store, VirtualClock};
use jit_tests::servers::{Folder, Postgres, Version};
use uuid::Uuid;

/// How long tests lease things for.
pub const LEASE: Duration = Duration::from_secs(30);

/// The databases that everything must hold on.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    Sqlite,
    Postgres,
    /// A newer version than Debian's.
    NewerPostgres,
}

impl Backend {
    /// The address of an empty database; the folder must outlive it.
    pub async fn fresh(self) -> (String, Folder) {
        let folder = Folder::new("store");
        let url = match self {
            Self::Sqlite => format!("sqlite://{}", folder.join("jit.db").display()),
            Self::Postgres => Postgres::shared().fresh_database().await,
            Self::NewerPostgres => Postgres::shared_of(Version::Newer).fresh_database().await,
        };
        (url, folder)
    }
}

/// A migrated store with a clock that stands still.
pub struct World {
    pub store: Store,
    /// Says on which platforms people are told.
    pub directory: Directory,
    pub clock: VirtualClock,
    pub url: String,
    _folder: Folder,
}

pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_812_800, 0).expect("a time")
}

impl World {
    pub async fn new(backend: Backend) -> Self {
        let (url, folder) = backend.fresh().await;
        Self::at(url, folder).await
    }

    /// The same in an empty database somewhere; the folder is kept as long.
    pub async fn at(url: String, folder: Folder) -> Self {
        let clock = VirtualClock::new(noon());
        let store = Store::open(&url, None, Clock::Virtual(clock.clone())).await.expect("it opens");
        store.migrate().await.expect("it migrates");
        Self { store, directory: Directory::default(), clock, url, _folder: folder }
    }

    /// The same over Slack and Teams, with bob on both.
    pub async fn on_both_platforms(backend: Backend) -> Self {
        let mut world = Self::new(backend).await;
        world.bob_prefers(Platform::Slack);
        world
    }

    /// From now on bob would rather be told there.
    pub fn bob_prefers(&mut self, platform: Platform) {
        let people = format!(
            "[[person]]\nid = \"bob\"\nname = \"Bob\"\nslack = \"U0002\"\nteams = \"aad-2\"\nchat = \"{}\"\n",
            platform.as_str()
        );
        self.directory = parse_people("people.toml", &people, None).expect("sound");
        self.directory.set_platforms(vec![Platform::Slack, Platform::Teams]);
    }

    /// Another replica on the same database.
    pub async fn replica(&self) -> Store {
        Store::open(&self.url, None, Clock::Virtual(self.clock.clone())).await.expect("it opens")
    }

    /// Commits a new request of a person.
    pub async fn requested(&self, person: &str) -> Access {
        let (access, records) = request(person, self.store.now());
        let committed = save(&self.store, None, &access, &records, &[]).await;
        committed.expect("nobody is in the way");
        access
    }

    /// Commits events on an access.
    pub async fn on(&self, before: &Access, events: Vec<Event>, effects: &[Effect]) -> Access {
        let (after, records) = next(before, events, self.store.now());
        let done = save_told(&self.store, (Some(before), &after), &records, (effects, &self.directory)).await;
        done.expect("nobody is in the way");
        after
    }

    /// A request that is agreed: the connectors are to work.
    pub async fn elevating(&self, person: &str) -> Access {
        let access = self.requested(person).await;
        self.on(&access, vec![start(self.store.now())], &[Effect::Reconcile]).await
    }

    /// A verified access that lasts so long.
    pub async fn active(&self, person: &str, lasts: TimeDelta) -> Access {
        let access = self.elevating(person).await;
        self.on(&access, vec![elevated(self.store.now(), lasts)], &[]).await
    }

    /// Takes an access back and closes it.
    pub async fn closed(&self, access: &Access) -> Access {
        let cause = EndCause::Expired;
        let access =
            self.on(access, vec![Event::RevocationStarted { cause: cause.clone() }], &[Effect::Reconcile]).await;
        let outcome = Outcome::Ended { cause, proof: Proof::Gone { sessions_ended: 0 } };
        self.on(&access, vec![Event::Closed { outcome }], &[]).await
    }
}

/// Changes the database beside the store.
pub async fn beside(world: &World, statement: &str) {
    let db = sea_orm::Database::connect(&world.url).await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&db, statement).await.unwrap();
    db.close().await.unwrap();
}

/// Commits without a dedupe key or a person's version.
pub async fn save(
    store: &Store,
    before: Option<&Access>,
    after: &Access,
    records: &[EventRecord],
    effects: &[Effect],
) -> Result<(), CommitError> {
    save_told(store, (before, after), records, (effects, &Directory::default())).await
}

/// The same, told on the platforms of a directory.
async fn save_told(
    store: &Store,
    (before, after): (Option<&Access>, &Access),
    records: &[EventRecord],
    (effects, directory): (&[Effect], &Directory),
) -> Result<(), CommitError> {
    let commit = Commit {
        changes: &[Change { before, after, records, effects }],
        directory,
        person_version: None,
        shared_versions: &[],
        dedupe: None,
        answer: None,
    };
    let committed = store.commit(commit).await?;
    store.announce(&committed);
    Ok(())
}

/// A request and its first event; ids are fresh.
pub fn request(person: &str, at: DateTime<Utc>) -> (Access, Vec<EventRecord>) {
    let access = AccessId(Uuid::now_v7());
    let short = ShortId::from_random(rand::random());
    let request = Box::new(Request {
        requester: PersonId::new(person),
        beneficiary: PersonId::new(person),
        role: "orders-db-admin".into(),
        title: "Orders database, administrator".into(),
        level: Level::Admin,
        environment: "production".into(),
        risk: Risk::Medium,
        owner: "dana".into(),
        entitlement: Entitlement {
            connector: "orders-db".into(),
            account: person.into(),
            target: Target([("role".to_owned(), "app_admin".into())].into()),
            instance: None,
        },
        duration: Span::hours(1),
        starts_at: None,
        justification: Personal::new(format!("{person} mends the orders"), rand::random()),
        ticket: None,
        origin: Origin { platform: Platform::Slack, channel: None },
        extends: None,
        rehearsal: None,
        bundle: None,
    });
    let route = Route {
        rule: "medium".into(),
        steps: Vec::new(),
        remind_after: Span::minutes(15),
        escalate_after: Span::minutes(30),
        escalate_to: Vec::new(),
        timeout: Span::hours(8),
        warn_before: Span::minutes(15),
        oncall: None,
        ticket: None,
    };
    let records = records(
        access,
        0,
        vec![Event::Requested { short, request, route, closing: None, on_duty: None }, opened()],
        at,
    );
    (fold(None, &records), records)
}

pub fn opened() -> Event {
    let (instead_of, skipped) = (std::collections::BTreeMap::new(), vec![]);
    Event::StepOpened { step: 0, asked: vec!["bob".into()], instead_of, skipped, advice: None }
}

pub fn start(at: DateTime<Utc>) -> Event {
    Event::ElevationStarted {
        duration: Span::hours(1),
        native_until: at + TimeDelta::seconds(3660),
        deadline: at + TimeDelta::minutes(5),
        closing: None,
    }
}

pub fn elevated(at: DateTime<Utc>, lasts: TimeDelta) -> Event {
    Event::Elevated { since: at, until: at + lasts, native_until: None, handover: None }
}

/// The access after further events, and their records.
pub fn next(before: &Access, events: Vec<Event>, at: DateTime<Utc>) -> (Access, Vec<EventRecord>) {
    let records = records(before.id, before.version, events, at);
    (fold(Some(before.clone()), &records), records)
}

fn records(access: AccessId, version: u64, events: Vec<Event>, at: DateTime<Utc>) -> Vec<EventRecord> {
    let record = |(version, event)| EventRecord {
        access: Some(access),
        version,
        at,
        actor: Actor::Person { id: "alice".into(), via: Platform::Slack },
        policy: PolicyHash::new("p1"),
        event,
    };
    (version + 1..).zip(events).map(record).collect()
}

pub fn fold(start: Option<Access>, records: &[EventRecord]) -> Access {
    records.iter().fold(start, apply).expect("it began")
}

/// A notice for a recipient's slot; `word` tells contents apart.
pub fn tell(access: &Access, to: &Recipient, slot: &str, word: &str) -> Effect {
    let at = access.requested_at;
    let kind = NoticeKind::Approved { by: word.into(), at_most: None };
    let notice = Notice { kind, access: access.clone(), bundle: Vec::new(), at };
    Effect::Tell(Box::new(Tell {
        to: to.clone(),
        slot: Slot::new(access.id, slot),
        under: None,
        content: Content::Notice(Box::new(notice)),
    }))
}

/// The `word` of [`tell`].
pub fn word(tell: &Tell) -> &str {
    match &tell.notice().unwrap().kind {
        NoticeKind::Approved { by, .. } => by.as_str(),
        other => panic!("not one of ours: {other:?}"),
    }
}
