//! The process ends at each fail point in turn, is started again, and everything comes to the same end as if nothing had happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::StreamExt;
use jit_bot::failpoint::ALL;
use jit_connectors::fake::FakeTarget;
use jit_core::access::{Access, Outcome, Proof, State};
use jit_core::ticket::Finding;
use jit_store::Store;
use jit_tests::servers::{Folder, Postgres, Redis};
use jit_tests::site::{RULES, person, quoted, role};
use rstest::rstest;

use crate::TURN;
use crate::site::{Plan, Site, fold_equals_row};

/// Deployments at once: they mostly wait for leases.
const AT_ONCE: usize = 12;
/// Later hits of points that are passed at more than one step of a life.
const LATER: [(&str, std::ops::RangeInclusive<u64>); 7] = [
    ("dispatch-before-commit", 2..=8),
    ("dispatch-after-commit", 2..=8),
    ("dispatch-after-bells", 2..=3),
    ("reconcile-before-first-inspect", 2..=4),
    ("reconcile-before-report", 2..=4),
    ("outbox-after-send", 2..=6),
    ("timer-before-command", 2..=2),
];
const ALICE: &str = "U0001";
const BOB: &str = "U0002";
/// SIGABRT, which is how a fail point ends the process.
const ABORTED: Option<i32> = Some(6);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    Embedded,
    Scaled,
}

/// Where the truth is read.
enum Truth {
    Fake(FakeTarget),
    Postgres { account: String },
}

impl Truth {
    /// What the person holds at the target.
    async fn held(&self) -> u64 {
        match self {
            Self::Fake(target) => target.state().held.len() as u64,
            Self::Postgres { account } => {
                let select =
                    "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = $1";
                let row = Postgres::shared().connect().await.query_one(select, &[account]).await.unwrap();
                u64::try_from(row.get::<_, i64>(0)).unwrap()
            }
        }
    }
}

/// What may be had while a ticket is open. It is written over the rule that gives what is of low risk.
const TICKETED: &str = r#"[[rule]]
name = "while its ticket is open"
match = { roles = ["change"] }
who = ["group:engineering"]
auto_approve = { up_to = "30m" }
ticket = "required"
ticket_open = true
end_with_ticket = true

"#;

/// The ticket, open or closed.
fn ticket(folder: &Folder, status: &str) {
    let text = format!("[[ticket]]\nid = \"OPS-12\"\nstatus = \"{status}\"\n");
    std::fs::write(folder.join("tickets.toml"), text).unwrap();
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A deployment whose service ends at a point (none: never), and where its truth is.
async fn site(backend: Backend, redis: &Redis, point: Option<&str>) -> (Site, Truth) {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = Folder::new("crash");
    let (database, redis, connectors, truth, account) = match backend {
        Backend::Embedded => {
            let file = folder.join("target.json");
            let connectors = format!("[connectors.orders-db]\nkind = \"fake\"\nstate_file = {}\n", quoted(&file));
            let target = FakeTarget::persisted(FakeTarget::CAPABILITIES, Arc::new(chrono::Utc::now), file);
            let database = format!("sqlite://{}", folder.join("jit.db").display());
            (database, None, connectors, Truth::Fake(target), "alice".to_owned())
        }
        Backend::Scaled => {
            let server = Postgres::shared();
            let account = format!("alice_{number}");
            let make = format!(
                "CREATE ROLE {account} LOGIN; CREATE ROLE read_{number}; CREATE ROLE write_{number}; CREATE ROLE change_{number}"
            );
            server.connect().await.batch_execute(&make).await.unwrap();
            let connectors = format!("[connectors.orders-db]\nkind = \"postgres\"\nurl = \"{}\"\n", server.url());
            let truth = Truth::Postgres { account: account.clone() };
            (server.fresh_database().await, Some(redis.url()), connectors, truth, account)
        }
    };
    let tickets = "[tickets.ops]\nkind = \"file\"\npattern = \"OPS-*\"\npath = \"tickets.toml\"\nrefresh = \"10s\"\n";
    ticket(&folder, "open");
    let plan = Plan {
        database,
        redis,
        connectors: connectors + tickets,
        people: person(
            "alice",
            ALICE,
            &format!("manager = \"bob\"\ngroups = [\"engineering\"]\naccounts = {{ orders-db = \"{account}\" }}"),
        ) + &person("bob", BOB, "groups = [\"engineering\", \"security\"]"),
        policy: role("read", "orders-db", &format!("role = \"read_{number}\""), "low")
            + &role("write", "orders-db", &format!("role = \"write_{number}\""), "medium")
            + &role("change", "orders-db", &format!("role = \"change_{number}\""), "low")
            + TICKETED
            + RULES,
        members: vec![(ALICE.to_owned(), "alice".to_owned()), (BOB.to_owned(), "bob".to_owned())],
    };
    let armed: Vec<_> = point.iter().map(|point| ("JIT_FAILPOINT", *point)).collect();
    (Site::start(folder, plan, &armed).await, truth)
}

/// Alice's access of a role, the extension or not.
async fn access(store: &Store, role: &str, extension: bool) -> Option<Access> {
    let all = store.by_person(&"alice".into(), false, 50).await.unwrap();
    all.into_iter().find(|a| a.request.role.as_str() == role && a.request.extends.is_some() == extension)
}

/// Bob agrees, again until it is agreed.
async fn agreed(site: &Site, store: &Store, extension: bool) -> Access {
    site.until("approved", async || {
        let access = access(store, "write", extension).await?;
        if matches!(access.state, State::Pending(_)) {
            site.says(BOB, &format!("/jit approve {}", access.short)).await;
        }
        let access = store.access(access.id).await.unwrap()?;
        matches!(access.state, State::Active(_)).then_some(access)
    })
    .await
}

/// Four lives: one that policy agrees to and that runs out, one that is had for a ticket and ends when that is closed, one that Bob agrees
/// to, that is extended, and that Alice ends, and one that ends because she leaves.
async fn live(site: &Site, store: &Store) {
    site.until("asked", async || {
        site.says(ALICE, "/jit request read for 8s because checking the order totals").await;
        access(store, "read", false).await
    })
    .await;
    site.until("given for its ticket", async || {
        site.says(ALICE, "/jit request change for 5m ticket OPS-12 because the schema of the orders changes").await;
        access(store, "change", false).await.filter(|access| matches!(access.state, State::Active(_)))
    })
    .await;
    ticket(&site.folder, "closed");
    site.until("asked", async || {
        site.says(ALICE, "/jit request write for 5m because the export is broken since noon").await;
        access(store, "write", false).await
    })
    .await;
    let first = agreed(site, store, false).await;
    site.until("extension asked", async || {
        let text = format!("/jit extend {} for 5m because the export needs longer", first.short);
        site.says(ALICE, &text).await;
        access(store, "write", true).await
    })
    .await;
    agreed(site, store, true).await;
    site.until("done", async || {
        site.says(ALICE, &format!("/jit done {}", first.short)).await;
        let now = store.access(first.id).await.unwrap()?;
        (!matches!(now.state, State::Active(_))).then_some(())
    })
    .await;
    site.rest(store).await;
    let last = site
        .until("asked again", async || {
            site.says(ALICE, "/jit request read for 10m because checking the order totals again").await;
            let access = access(store, "read", false).await?;
            matches!(access.state, State::Active(_)).then_some(access.id)
        })
        .await;
    let people = site.folder.join("people.toml");
    let text = std::fs::read_to_string(&people).unwrap();
    std::fs::write(&people, text.replacen("id = \"alice\"", "id = \"alice\"\nactive = false", 1)).unwrap();
    site.until("taken from whoever left", async || {
        let access = store.access(last).await.unwrap()?;
        matches!(access.state, State::Closed(_)).then_some(())
    })
    .await;
    site.rest(store).await;
}

/// What must be the same, crash or not: how each access ended, and which messages there are about it for whom.
type End = BTreeMap<String, Vec<String>>;

async fn end(site: &Site, store: &Store, truth: &Truth) -> End {
    assert_eq!(truth.held().await, 0, "the target holds nothing");
    if let Truth::Fake(target) = truth {
        let stretches = target.state().intervals;
        assert_eq!(stretches.len(), 4, "each was held in one stretch: {stretches:?}");
        assert!(stretches.iter().all(|stretch| stretch.to.is_some()));
    }
    let mut end = End::new();
    let mut messages = Vec::new();
    let accesses = store.by_person(&"alice".into(), false, 50).await.unwrap();
    let last = accesses.iter().max_by_key(|access| closed_at(access)).unwrap();
    assert!(matches!(proof(last), Proof::Gone { .. }), "the last to close is verified gone: {last:?}");
    for access in accesses {
        fold_equals_row(store, &access).await;
        let extension = if access.request.extends.is_some() { ", extended" } else { "" };
        let State::Closed(closed) = &access.state else { panic!("{access:?}") };
        let mut told: Vec<String> = Vec::new();
        for message in store.messages_of(access.id).await.unwrap() {
            // Versions differ with the order of events; whether a warning was due depends on how long the restart took.
            let kind = message.slot.name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
            if kind != "warning" && kind != "ends-soon" {
                told.push(format!("{kind} to {}", message.recipient));
            }
            messages.push(message.handle.ts);
        }
        // What was not known of a ticket in time, since the process was down, gave nothing, and was asked again.
        if let (Outcome::Refused { .. }, Some(Finding::Unknown { .. })) = (&closed.outcome, finding(&access)) {
            continue;
        }
        let Outcome::Ended { cause, .. } = &closed.outcome else { panic!("{access:?}") };
        told.sort();
        let name = format!("{}{extension}: {}", access.request.role, serde_json::to_value(cause).unwrap()["cause"]);
        assert!(end.insert(name.clone(), told).is_none(), "one access each: {name}");
    }
    let places = [(ALICE, "dm"), (BOB, "dm"), (ALICE, "#access"), (ALICE, "#security")];
    let mut posted: Vec<String> =
        places.iter().flat_map(|(user, place)| site.bot_messages(user, place)).map(|message| message.ts).collect();
    posted.sort();
    messages.sort();
    assert_eq!(posted, messages, "every message in chat is the one of its slot: none was posted twice, none is lost");
    end
}

fn finding(access: &Access) -> Option<&Finding> {
    access.ticket.as_ref().map(|looked| &looked.finding)
}

fn proof(access: &Access) -> &Proof {
    match &access.state {
        State::Closed(closed) => match &closed.outcome {
            Outcome::Ended { proof, .. } => proof,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn closed_at(access: &Access) -> Option<chrono::DateTime<chrono::Utc>> {
    match &access.state {
        State::Closed(closed) => Some(closed.at),
        _ => None,
    }
}

async fn ends(backend: Backend, redis: &Redis, point: Option<&str>) -> End {
    let (site, truth) = site(backend, redis, point).await;
    let store = site.store().await;
    live(&site, &store).await;
    let end = end(&site, &store, &truth).await;
    let deaths = site.deaths.lock().unwrap().clone();
    let expected = if point.is_some() { vec![ABORTED] } else { vec![] };
    assert_eq!(deaths, expected, "{point:?}: the process ended there, once");
    end
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_point_leads_to_the_same_end(#[case] backend: Backend) {
    let _turn = TURN.read().await;
    let redis = Arc::new(Redis::start());
    let undisturbed = ends(backend, &redis, None).await;
    assert_eq!(undisturbed.len(), 5, "{undisturbed:#?}");
    let later = LATER.into_iter().flat_map(|(name, hits)| hits.map(move |hit| format!("{name}:{hit}")));
    let points: Vec<String> = ALL.iter().map(|name| (*name).to_owned()).chain(later).collect();
    let begun = std::time::Instant::now();
    let runs = futures::stream::iter(points.clone()).map(|point| {
        let redis = Arc::clone(&redis);
        // Each has a runtime of its own: it waits for processes.
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let end = runtime.block_on(ends(backend, &redis, Some(&point)));
            (point, end)
        })
    });
    let mut wrong = Vec::new();
    let mut runs = runs.buffer_unordered(AT_ONCE);
    while let Some(run) = runs.next().await {
        match run {
            Ok((point, end)) if end != undisturbed => wrong.push(format!("{point}: {end:#?}")),
            Ok(_) => {}
            Err(error) => wrong.push(error.to_string()),
        }
    }
    assert!(wrong.is_empty(), "undisturbed: {undisturbed:#?}\n{}", wrong.join("\n"));
    println!(
        "{backend:?}: {} crashes at {} points, the same end each time, in {:?}",
        points.len(),
        ALL.len(),
        begun.elapsed()
    );
}
