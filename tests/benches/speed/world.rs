//! The service as it runs at scale, with people and roles enough for every bench: PostgreSQL and Redis of its own, a second PostgreSQL as
//! the system that access is given to. Made once per run.

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::sync::Arc;

use chrono::Utc;
use jit_tests::servers::{Folder, Postgres, Redis, Scope, Service, Teams, free_port};
use jit_tests::site::Configuration;
use tokio_postgres::Client as Database;

use crate::client::Client;
use crate::scale;
use crate::slack::Slack;
use crate::teams::member;

/// `announce` and `security`.
const CHANNELS: [&str; 2] = ["C0001", "C0002"];

/// Everybody. Each asks for one thing at most, so that no limit is met.
const PEOPLE: usize = 6_000;
/// Those who ask to be measured while they wait for the acknowledgement.
pub const ASKING: Range<usize> = 0..3_200;
/// Those who do so in Teams; the others are in Slack.
pub const IN_TEAMS: Range<usize> = 3_200..3_840;
/// Those who get access in the target; each has a manager of their own, [`manager_of`].
pub const ELEVATED: Range<usize> = 4_000..4_200;
/// Those who hold something until it ends.
pub const HOLDING: Range<usize> = 5_000..6_000;

/// Everything running.
pub struct World {
    // In the order in which they end.
    _service: Service,
    _redis: Redis,
    pub database: Postgres,
    pub target: Postgres,
    database_url: String,
    pub slack: Slack,
    pub teams: Teams,
    pub client: Client,
    folder: Folder,
}

impl World {
    /// Starts everything; tells what has to be built first when it is not.
    pub async fn start() -> Self {
        let (database, target, redis) = (Postgres::start(), Postgres::start(), Redis::start());
        prepare(&target).await;
        let database_url = database.fresh_database().await;
        let (slack, slack_api) = Slack::start().await;
        let teams = Teams::start(IN_TEAMS.map(member).collect(), Arc::new(Utc::now)).await;
        for channel in CHANNELS {
            teams.open(channel, Scope::Channel);
        }
        let (folder, port) = (Folder::new("bench"), free_port());
        let configuration = Configuration {
            port,
            database: database_url.clone(),
            redis: Some(redis.url()),
            slack_api: Some(slack_api),
            sockets: false,
            teams: Some(teams.configuration()),
            channels: CHANNELS,
            more: format!(
                "[connectors.db]\nkind = \"postgres\"\nurl = \"{}\"\n[connectors.nothing]\nkind = \"fake\"\n",
                target.url()
            ),
        };
        let config = configuration.write(&folder, &people(), &policy());
        let service = Service::start(&config, port);
        let client = Client::new(service.url());
        Self { _service: service, _redis: redis, database, target, database_url, slack, teams, client, folder }
    }

    /// Adds to the policy's file; the service sees it by itself.
    pub fn change_policy(&self, more: &str) {
        let file = self.folder.join("policy/all.toml");
        fs::write(file, policy() + more).expect("a folder of ours");
    }

    /// A connection to the service's own database.
    pub async fn own_database(&self) -> Database {
        Postgres::connect_to(&self.database_url).await
    }
}

/// The Slack id of a person.
pub fn slack_id(person: usize) -> String {
    format!("U{person:06}")
}

async fn prepare(target: &Postgres) {
    let mut sql = "CREATE ROLE app_admin NOLOGIN;".to_owned();
    for account in ELEVATED {
        let _ = write!(sql, "CREATE ROLE account{account} LOGIN;");
    }
    target.connect().await.batch_execute(&sql).await.expect("a superuser may");
}

/// Who has no manager, and asks for nothing.
const TOP: usize = 4_999;

/// The manager of a person. Those of [`ELEVATED`] manage nobody else.
pub fn manager_of(person: usize) -> usize {
    match person {
        4_000..4_200 => person + 200,
        4_900..5_000 => TOP,
        _ => 4_900 + person % 99,
    }
}

fn people() -> String {
    let mut text = String::new();
    for person in 0..PEOPLE {
        let slack = slack_id(person);
        let group = if person == TOP { "security" } else { "engineering" };
        let _ = write!(
            text,
            "[[person]]\nid = \"p{person}\"\nname = \"Person {person}\"\nemail = \"p{person}@acme.test\"\nslack = \"{slack}\"\n\
             groups = [\"{group}\"]\naccounts = {{ db = \"account{person}\", nothing = \"account{person}\" }}\n"
        );
        if IN_TEAMS.contains(&person) {
            let _ = writeln!(text, "teams = \"{}\"", member(person).object_id);
        }
        if person != TOP {
            let _ = writeln!(text, "manager = \"p{}\"", manager_of(person));
        }
    }
    text + &scale::people()
}

fn policy() -> String {
    OWN_POLICY.to_owned() + &scale::policy()
}

/// What the benches ask for; beside it stand the roles and rules of a company of some size.
const OWN_POLICY: &str = r#"
[[role]]
name = "orders-admin"
title = "Orders database, administrator"
connector = "db"
target = { role = "app_admin" }
level = "admin"
environment = "production"
risk = "medium"
owner = "p1"
max_duration = "4h"

[[role]]
name = "held-briefly"
title = "Held for the time of a bench"
connector = "nothing"
target = { role = "held" }
level = "read-only"
environment = "staging"
risk = "low"
owner = "p1"
max_duration = "4h"

[[rule]]
name = "manager agrees"
match = { roles = ["orders-admin"] }
who = ["group:engineering"]
steps = [{ any = ["manager"] }]

[[rule]]
name = "at once"
match = { roles = ["held-briefly"] }
who = ["group:engineering"]
auto_approve = { up_to = "15m" }
warn_before = "1s"

[limits]
min_duration = "1s"
"#;
