//! `kill -9` at random moments, again and again, under a stream of short lives on PostgreSQL and Redis. Truth is `pg_auth_members`, sudo and
//! sshd. Nothing outlives its end by more than the service was down and two seconds more, nothing is given twice, no request that was
//! acknowledged is lost.
//!
//! `JIT_KILL_SEED` repeats a run's moments, `JIT_KILL_ROUNDS` asks for another number than 200.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use jit_connectors::ssh_ca::SshCa;
use jit_core::access::{Access, State};
use jit_core::event::Event;
use jit_core::id::ShortId;
use jit_store::Store;
use jit_tests::servers::{Folder, Postgres, Redis, Sshd, User};
use jit_tests::site::{RULES, person, quoted, role};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::site::{Plan, Site, fold_equals_row};
use crate::{PATIENCE, TURN};

/// Time with the service up that an access may be seen after its end.
const ALLOWED: TimeDelta = TimeDelta::seconds(2);
/// How long the service is up between two kills, in milliseconds.
const UP_MS: std::ops::Range<u64> = 50..1000;
/// People who hold a role in PostgreSQL, one life after another.
const HOLDERS: usize = 12;
/// Where sudo reads our rules.
const SUDOERS: &str = "/etc/sudoers.d";

/// What is seen of one account at its target, as stretches in which every look found it held.
#[derive(Default)]
struct Seen {
    stretches: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    held: bool,
}

impl Seen {
    fn look(&mut self, at: DateTime<Utc>, held: bool) {
        match (self.held, held, self.stretches.last_mut()) {
            (true, true, Some(stretch)) => stretch.1 = at,
            (_, true, _) => self.stretches.push((at, at)),
            (_, false, _) => {}
        }
        self.held = held;
    }
}

type Watched = Arc<Mutex<BTreeMap<String, Seen>>>;

/// Everything the lives run against.
struct Field {
    site: Site,
    store: Store,
    seen: Watched,
    stop: AtomicBool,
    /// Ids of requests that were acknowledged.
    acknowledged: Mutex<BTreeSet<String>>,
    sshd: Sshd,
    key: std::path::PathBuf,
    sudoer: User,
    guest: User,
    _redis: Redis,
}

impl Drop for Field {
    fn drop(&mut self) {
        // What a failed test left; nothing when it passed.
        for entry in std::fs::read_dir(SUDOERS).into_iter().flatten().flatten() {
            if std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains(self.sudoer.name())) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn holder(number: usize) -> String {
    format!("killed_{number}")
}

fn slack(number: usize) -> String {
    format!("U10{number:02}")
}

async fn field() -> Field {
    let server = Postgres::shared();
    let (redis, folder, sudoer, guest) = (Redis::start(), Folder::new("kill"), User::create(), User::create());
    let admin = server.connect().await;
    for number in 0..HOLDERS {
        let account = holder(number);
        admin.batch_execute(&format!("CREATE ROLE {account} LOGIN; CREATE ROLE {account}_role")).await.unwrap();
    }
    let key = folder.join("key");
    let keygen = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
    assert!(keygen.success());
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let ca = serde_json::json!({
        "ca_key_file": folder.join("ca"), "generate": true, "krl_file": folder.join("krl"), "state_dir": folder.join("issued"),
    });
    drop(SshCa::new(&serde_json::from_value(ca).unwrap()).unwrap());
    let sshd = Sshd::start(&folder.join("ca.pub"), &folder.join("krl"));
    sshd.permit(guest.name(), &[guest.name()]);

    let engineer = |accounts: String| format!("groups = [\"engineering\"]\n{accounts}");
    let mut people = person("bob", "U1099", "groups = [\"security\"]");
    let mut policy = String::from(RULES);
    for number in 0..HOLDERS {
        let account = holder(number);
        people += &person(&account, &slack(number), &engineer(format!("accounts = {{ db = \"{account}\" }}")));
        policy += &role(&account, "db", &format!("role = \"{account}_role\""), "low");
    }
    people += &person("sudoer", "U1080", &engineer(format!("accounts = {{ hosts = \"{}\" }}", sudoer.name())));
    let keys = format!("accounts = {{ ssh = \"{}\" }}\nssh_keys = [\"{}\"]", guest.name(), public.trim());
    people += &person("guest", "U1090", &engineer(keys));
    policy += &role("sudoer", "hosts", "commands = [\"/usr/bin/id\"]", "low");
    policy += &role("guest", "ssh", "", "low");
    let connectors = format!(
        "[connectors.db]\nkind = \"postgres\"\nurl = \"{}\"\n[connectors.hosts]\nkind = \"sudoers\"\n[connectors.ssh]\nkind = \"ssh-ca\"\n\
         ca_key_file = {}\nkrl_file = {}\nstate_dir = {}\n",
        server.url(),
        quoted(&folder.join("ca")),
        quoted(&folder.join("krl")),
        quoted(&folder.join("issued")),
    );
    let mut members: Vec<_> = (0..HOLDERS).map(|number| (slack(number), holder(number))).collect();
    members
        .extend([("U1080", "sudoer"), ("U1090", "guest"), ("U1099", "bob")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    let database = server.fresh_database().await;
    let plan = Plan { database, redis: Some(redis.url()), connectors, people, policy, members };
    let site = Site::start(folder, plan, &[]).await;
    let store = site.store().await;
    Field {
        site,
        store,
        seen: Watched::default(),
        stop: AtomicBool::new(false),
        acknowledged: Mutex::default(),
        sshd,
        key,
        sudoer,
        guest,
        _redis: redis,
    }
}

/// One life after another of a person, until told to stop: each is asked for, and runs out or is ended early.
async fn lives(field: Arc<Field>, (user, role): (String, String), mut chance: StdRng) {
    while !field.stop.load(Ordering::SeqCst) {
        let seconds = chance.random_range(1..4);
        let answer = field
            .site
            .says(&user, &format!("/jit request {role} for {seconds}s because the service is being killed"))
            .await;
        let words = answer.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let mut ids = words.filter_map(|word| ShortId::parse(word).filter(|id| id.as_str() == word));
        let id = ids.next().unwrap_or_else(|| panic!("{role}: {answer}"));
        field.acknowledged.lock().unwrap().insert(id.to_string());
        // sshd is asked until it refuses, so the guest's lives run out.
        let early = role != "guest" && chance.random_bool(0.4);
        let begun = Instant::now();
        let mut done = false;
        loop {
            let access = field.store.by_short(&id).await.unwrap().expect("what was acknowledged is stored");
            match &access.state {
                State::Closed(_) => break,
                State::Active(_) if early && !done => {
                    field.site.says(&user, &format!("/jit done {id}")).await;
                    done = true;
                }
                State::Active(active) if role == "guest" => {
                    let certificate = active.handover.as_ref().and_then(|h| h.text.clone()).expect("a certificate");
                    logins(&field, &certificate, &id).await;
                }
                _ => {}
            }
            assert!(begun.elapsed() < PATIENCE, "never over: {access:?}\n{}", field.site.service.lock().unwrap().log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Logs in with a certificate until sshd refuses it; that has to come.
async fn logins(field: &Arc<Field>, certificate: &str, id: &ShortId) {
    let begun = Instant::now();
    let file = field.site.folder.join(format!("certificate-{id}"));
    std::fs::write(&file, certificate).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    loop {
        let (at, with) = (Utc::now(), (Arc::clone(field), file.clone()));
        let login = move || with.0.sshd.ssh(with.0.guest.name(), &with.0.key, &with.1).arg("true").output().unwrap();
        let accepted = tokio::task::spawn_blocking(login).await.unwrap().status.success();
        field.seen.lock().unwrap().entry("guest".to_owned()).or_default().look(at, accepted);
        if !accepted {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{id} is accepted for ever");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Looks at `pg_auth_members` all the time.
async fn watch_postgres(field: Arc<Field>) {
    let client = Postgres::shared().connect().await;
    let select = "SELECT r.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname LIKE 'killed\\_%'";
    let select = client.prepare(select).await.unwrap();
    while !field.stop.load(Ordering::SeqCst) || !field.store.all_open().await.unwrap().is_empty() {
        let at = Utc::now();
        let held: BTreeSet<String> = client.query(&select, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        {
            let mut seen = field.seen.lock().unwrap();
            (0..HOLDERS).map(holder).for_each(|account| {
                let held = held.contains(&account);
                seen.entry(account).or_default().look(at, held);
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks sudo all the time.
async fn watch_sudo(field: Arc<Field>) {
    while !field.stop.load(Ordering::SeqCst) || !field.store.all_open().await.unwrap().is_empty() {
        let (at, name) = (Utc::now(), field.sudoer.name().to_owned());
        let held = tokio::task::spawn_blocking(move || sudo_permits(&name)).await.unwrap();
        field.seen.lock().unwrap().entry("sudoer".to_owned()).or_default().look(at, held);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn sudo_permits(name: &str) -> bool {
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "-l", "-U", name, "--", "/usr/bin/id"]).output().unwrap().status.success()
}

/// Kills and starts again; from when to when the service was down each time.
fn kill(field: &Field, rounds: usize, chance: &mut StdRng) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let mut down = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        // This is the moment itself: nothing is awaited.
        std::thread::sleep(Duration::from_millis(chance.random_range(UP_MS)));
        let mut service = field.site.service.lock().unwrap();
        let from = Utc::now();
        service.kill();
        service.start_again(&[]);
        down.push((from, Utc::now()));
    }
    down
}

/// When an access could be held, by its events: from the elevation's start to the promised end.
async fn span(store: &Store, access: &Access) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let history = store.history(access.id).await.unwrap();
    let at =
        |wanted: &str| history.iter().find(|event| event.record.event.kind() == wanted).map(|event| event.record.at);
    let elevated = history.iter().filter(|event| matches!(event.record.event, Event::Elevated { .. })).count();
    assert!(elevated <= 1, "{} was given {elevated} times", access.short);
    let until = history.iter().find_map(|event| match &event.record.event {
        Event::Elevated { until, .. } => Some(*until),
        _ => None,
    });
    Some((at("elevation-started")?, until.into_iter().chain(at("revocation-started")).min()?))
}

/// How much of a span the service was up.
fn up((from, to): (DateTime<Utc>, DateTime<Utc>), down: &[(DateTime<Utc>, DateTime<Utc>)]) -> TimeDelta {
    let lost = down.iter().map(|(a, b)| (to.min(*b) - from.max(*a)).max(TimeDelta::zero()));
    lost.fold(to - from, |left, lost| left - lost)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn killed_at_any_moment() {
    let _turn = TURN.write().await;
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("JIT_KILL_SEED").unwrap_or_else(rand::random);
    let rounds = usize::try_from(number("JIT_KILL_ROUNDS").unwrap_or(200)).unwrap();
    println!("seed: JIT_KILL_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let field = Arc::new(field().await);
    let mut people: Vec<_> = (0..HOLDERS).map(|number| (slack(number), holder(number))).collect();
    people.extend([("U1080", "sudoer"), ("U1090", "guest")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    let mut tasks = tokio::task::JoinSet::new();
    for person in people {
        tasks.spawn(lives(Arc::clone(&field), person, StdRng::seed_from_u64(chance.random())));
    }
    let watchers = [tokio::spawn(watch_postgres(Arc::clone(&field))), tokio::spawn(watch_sudo(Arc::clone(&field)))];
    let begun = Instant::now();
    let killing = Arc::clone(&field);
    let down = tokio::task::spawn_blocking(move || kill(&killing, rounds, &mut chance)).await.unwrap();
    let took = begun.elapsed();
    field.stop.store(true, Ordering::SeqCst);
    while let Some(life) = tasks.join_next().await {
        life.unwrap();
    }
    for watcher in watchers {
        watcher.await.unwrap();
    }
    assert!(field.site.deaths.lock().unwrap().is_empty(), "it never ends by itself");
    let tally = Tally::of(&field, &down).await;
    println!(
        "{rounds} kills in {took:?}, down for {} ms at most each time; {tally}",
        tally.longest_down.num_milliseconds()
    );
    assert!(tally.late <= ALLOWED, "something outlived its end: {tally}");
}

/// What came of it all.
struct Tally {
    lives: usize,
    stretches: usize,
    /// The longest that anything was seen after its end: by the clock, and with the service up.
    late_by_the_clock: TimeDelta,
    late: TimeDelta,
    longest_down: TimeDelta,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} lives, {} stretches seen at the targets, latest {} ms after its end with the service up ({} ms by the clock)",
            self.lives,
            self.stretches,
            self.late.num_milliseconds(),
            self.late_by_the_clock.num_milliseconds()
        )
    }
}

impl Tally {
    async fn of(field: &Field, down: &[(DateTime<Utc>, DateTime<Utc>)]) -> Self {
        let longest_down = down.iter().map(|(from, to)| *to - *from).max().unwrap_or_default();
        let zero = TimeDelta::zero();
        let mut tally = Self { lives: 0, stretches: 0, late_by_the_clock: zero, late: zero, longest_down };
        let mut known = BTreeSet::new();
        let mut watched = std::mem::take(&mut *field.seen.lock().unwrap());
        for role in (0..HOLDERS).map(holder).chain(["sudoer", "guest"].map(str::to_owned)) {
            let seen = watched.remove(&role).unwrap_or_default();
            let accesses = field.store.by_person(&role.as_str().into(), false, 10_000).await.unwrap();
            let mut spans = Vec::new();
            for access in &accesses {
                assert!(matches!(access.state, State::Closed(_)), "{access:?}");
                fold_equals_row(&field.store, access).await;
                known.insert(access.short.to_string());
                spans.extend(span(&field.store, access).await);
            }
            assert!(!seen.held, "{role} is still held");
            assert!(seen.stretches.len() <= spans.len(), "{role} was given more often than it was asked for");
            let mut late = zero;
            for (from, to) in &seen.stretches {
                let ends = spans.iter().filter(|(begin, _)| begin <= to).map(|(_, end)| *end);
                let end = ends.max().unwrap_or_else(|| panic!("{role} is held from {from} and was never asked for"));
                if *to > end {
                    tally.late_by_the_clock = tally.late_by_the_clock.max(*to - end);
                    late = late.max(up((end, *to), down));
                }
            }
            if late > ALLOWED {
                story(field, &accesses, &seen, down).await;
            }
            tally.late = tally.late.max(late);
            let ms = late.num_milliseconds();
            println!("{role}: {} lives, seen held {} times, {ms} ms late", accesses.len(), seen.stretches.len());
            assert!(!seen.stretches.is_empty(), "{role} was never seen held: {accesses:#?}");
            tally.lives += accesses.len();
            tally.stretches += seen.stretches.len();
        }
        let acknowledged = field.acknowledged.lock().unwrap().clone();
        let lost: Vec<_> = acknowledged.difference(&known).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        no_message_twice(field);
        assert!(!sudo_permits(field.sudoer.name()));
        assert!(!drop_ins_left(field.sudoer.name()), "no rule stays behind");
        tally
    }
}

/// What happened to a person's accesses, for whoever has to find out why something was late.
async fn story(field: &Field, accesses: &[Access], seen: &Seen, down: &[(DateTime<Utc>, DateTime<Utc>)]) {
    for access in accesses {
        let Some((_, end)) = span(&field.store, access).await else { continue };
        let Some(stretch) = seen.stretches.iter().find(|(from, to)| *from < end && *to > end + ALLOWED) else {
            continue;
        };
        let history = field.store.history(access.id).await.unwrap();
        let events = history.iter().map(|event| (event.record.event.kind(), event.record.at.time().to_string()));
        println!("{} was to end at {}, seen {stretch:?}: {:?}", access.short, end.time(), events.collect::<Vec<_>>());
        let near = down.iter().filter(|(from, to)| *to > stretch.0 && *from < stretch.1);
        println!(
            "  down: {:?}",
            near.map(|(from, to)| (from.time().to_string(), to.time().to_string())).collect::<Vec<_>>()
        );
    }
}

fn drop_ins_left(name: &str) -> bool {
    let entries = std::fs::read_dir(Path::new(SUDOERS)).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().any(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains(name)))
}

/// Every message in chat carries the id of its row of the outbox, and no two the same.
fn no_message_twice(field: &Field) {
    let users = (0..HOLDERS).map(slack).chain(["U1080".to_owned(), "U1090".to_owned()]);
    let places =
        users.map(|user| (user, "dm")).chain([("U1099".to_owned(), "#access"), ("U1099".to_owned(), "#security")]);
    let mut seen = BTreeSet::new();
    for (user, place) in places {
        for message in field.site.bot_messages(&user, place) {
            let id = message.metadata.as_ref().map(|metadata| metadata["event_payload"]["outbox_id"].to_string());
            let id = id.unwrap_or_else(|| panic!("a message without an id: {message:?}"));
            assert!(seen.insert(id), "posted twice: {message:?}");
        }
    }
    println!("{} messages in chat, none twice", seen.len());
}
