//! `jit doctor`: checks everything reachable, and tells how to mend what is wrong.

mod oncall;
mod teams;
mod tickets;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use jit_chat::deliver::ChatError;
use jit_chat::slack::manifest::SCOPES;
use jit_chat::slack::socket::SocketApi;
use jit_connectors::registry::Registry;
use jit_core::access::Platform;
use jit_store::{Clock, Store};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{Failure, Output, WithConfig};
use crate::app;
use crate::config::Config;
use crate::snapshot::{Snapshot, Sources};

/// Longest that one check may take.
/// More than the store gives a server, so that its own words are told.
const PATIENCE: Duration = Duration::from_secs(12);
/// Clocks further apart than this make signatures stale and ends wrong. Source: Slack refuses after 5 minutes; we want to know long before.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// Checks configuration, policy, on-call rotations, tickets, database, Redis, connectors and chat.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    with: WithConfig,
    /// How the findings are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    fine: bool,
    /// What was found; for what is wrong, how to mend it.
    says: String,
}

/// The findings so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn fine(&mut self, what: impl Into<String>, says: impl Into<String>) {
        self.0.push(Finding { what: what.into(), fine: true, says: says.into() });
    }

    fn wrong(&mut self, what: impl Into<String>, says: impl Into<String>) {
        self.0.push(Finding { what: what.into(), fine: false, says: says.into() });
    }

    fn note<E: std::fmt::Display>(&mut self, what: impl Into<String>, found: Result<String, E>, mend: &str) {
        match found {
            Ok(says) => self.fine(what, says),
            Err(error) => self.wrong(what, format!("{error}. {mend}")),
        }
    }
}

impl Doctor {
    /// Looks at everything, prints the findings, and fails when something is wrong.
    pub(super) async fn run(self) -> Result<(), Failure> {
        crate::logs::text();
        let config = self.with.load()?;
        let mut findings = Findings::default();
        findings.fine("configuration", "read");
        let registry = registry(&config, &mut findings);
        let snapshot = app::load(&Sources::of(&config), &registry);
        match &snapshot {
            Ok(snapshot) => findings.fine("policy and people", format!("sound, hash {}", snapshot.policy.hash)),
            Err(error) => {
                findings.wrong("policy and people", format!("{error:#}. Mend them; `jit policy check` looks again."))
            }
        }
        if let Ok(snapshot) = &snapshot {
            oncall::look(&config, snapshot, &mut findings).await;
            tickets::look(&config, snapshot, &mut findings).await;
        }
        let store = store(&config, &mut findings).await;
        connectors(&registry, &mut findings).await;
        let snapshot = snapshot.as_ref().ok();
        if let Some(snapshot) = snapshot {
            people(snapshot, &mut findings);
        }
        if let Some(slack) = &config.slack {
            chat(&config, slack, snapshot, &mut findings).await;
        }
        if let Some(teams) = &config.teams {
            teams::look((&config, teams), snapshot, store.as_ref(), &mut findings).await;
        }
        if config.platforms().is_empty() {
            findings.wrong(
                "chat",
                "no platform is configured. Add [slack] or [teams]; docs/slack.md and docs/teams.md tell how.",
            );
        }
        self.print(findings.0)
    }

    fn print(&self, findings: Vec<Finding>) -> Result<(), Failure> {
        match self.output {
            Output::Json => {
                println!("{}", serde_json::to_string_pretty(&findings).map_err(anyhow::Error::from)?);
            }
            Output::Text => {
                for Finding { what, fine, says } in &findings {
                    println!("{} {what}: {says}", if *fine { "ok   " } else { "WRONG" });
                }
            }
        }
        match findings.iter().filter(|finding| !finding.fine).count() {
            0 => Ok(()),
            wrong => {
                Err(Failure::Refused(anyhow::anyhow!("{wrong} of {} checks found something wrong", findings.len())))
            }
        }
    }
}

/// The connectors that can be made; the others are findings.
fn registry(config: &Config, findings: &mut Findings) -> Registry {
    let mut made = Vec::new();
    for (name, connector) in &config.connectors {
        let built = Registry::build(&BTreeMap::from([(name.clone(), connector.clone())]));
        match built {
            Ok(registry) => made.extend(registry.get(name).map(|connector| (name.clone(), Arc::clone(connector)))),
            Err(error) => findings.wrong(format!("connector {name}"), config.connector_error(&error).to_string()),
        }
    }
    Registry::of(made)
}

/// The database, where it can be used.
async fn store(config: &Config, findings: &mut Findings) -> Option<Store> {
    if let Some(file) = config.sqlite_file().filter(|file| !file.exists()) {
        findings.wrong("database", format!("there is no file {} yet. Run `jit migrate`.", file.display()));
        return None;
    }
    let redis = config.redis.as_ref().map(|redis| redis.url.expose_secret());
    let opened = Store::open(config.database.url.expose_secret(), redis, Clock::Record);
    let store = match tokio::time::timeout(PATIENCE, opened).await {
        Ok(Ok(store)) => store,
        Ok(Err(error)) => {
            let error = anyhow::Error::from(error);
            findings
                .wrong("database", format!("{error:#}. Check database.url and that the server runs and lets us in."));
            return None;
        }
        Err(_) => {
            findings.wrong("database", "does not answer. Check database.url and that the server runs.");
            return None;
        }
    };
    let mut usable = false;
    match store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            findings.fine("database", "reachable, at this version");
            usable = true;
        }
        Ok(pending) => {
            findings.wrong("database", format!("{} migrations are pending. Run `jit migrate`.", pending.len()));
        }
        Err(error) => findings.wrong("database", format!("{:#}", anyhow::Error::from(error))),
    }
    durable(&store, findings).await;
    let skew = (store.now() - Utc::now()).abs();
    skewed("clock against the database", skew, findings);
    if let Some(redis) = store.ping().await.redis {
        let mend = "Check redis.url and that it runs. Without it everything goes on from the database, less precisely.";
        findings.note("redis", redis.map(|()| "reachable".to_owned()), mend);
    }
    usable.then_some(store)
}

/// Whoever is on no platform that is configured can neither ask nor be asked.
fn people(snapshot: &Snapshot, findings: &mut Findings) {
    let active: Vec<_> = snapshot.directory.people().filter(|person| person.active).collect();
    let without = active.iter().filter(|person| !snapshot.directory.in_chat(person));
    let without: Vec<&str> = without.map(|person| person.id.as_str()).collect();
    if without.is_empty() {
        findings.fine("people", format!("all {} have an id on a configured chat platform", active.len()));
    } else {
        let mend = "Add `slack = \"U…\"` or `teams = \"…\"` in people.toml: they can neither ask nor be asked.";
        findings
            .wrong("people", format!("without an id on a configured chat platform: {}. {mend}", without.join(", ")));
    }
}

/// What was acknowledged must outlive a power cut.
async fn durable(store: &Store, findings: &mut Findings) {
    let what = "durable commits";
    match store.durability().await {
        Ok(settings) => {
            let loose = |(name, value): &(&String, &String)| {
                name.as_str() != "journal_mode" && matches!(value.as_str(), "off" | "0")
            };
            let off: Vec<&str> = settings.iter().filter(loose).map(|(name, _)| name.as_str()).collect();
            if off.is_empty() {
                findings.fine(what, "on");
            } else {
                findings.wrong(what, format!("off: {}. Switch them on at the database server.", off.join(", ")));
            }
        }
        Err(error) => findings.wrong(what, format!("{:#}", anyhow::Error::from(error))),
    }
}

fn skewed(what: &str, skew: TimeDelta, findings: &mut Findings) {
    let ms = skew.num_milliseconds();
    if skew > SKEW {
        findings
            .wrong(what, format!("{ms} ms apart. Run a time service (chrony, systemd-timesyncd) on both machines."));
    } else {
        findings.fine(what, format!("{ms} ms apart"));
    }
}

async fn connectors(registry: &Registry, findings: &mut Findings) {
    for (name, connector) in registry.iter() {
        let what = format!("connector {name}");
        match tokio::time::timeout(PATIENCE, connector.probe()).await {
            Ok(Ok(())) => {
                let can = connector.capabilities();
                let lacks = [(can.native_expiry, "no expiry of its own"), (can.ends_sessions, "cannot end sessions")];
                let labels: Vec<&str> = lacks.iter().filter(|(has, _)| !has).map(|(_, label)| *label).collect();
                let label = if labels.is_empty() { String::new() } else { format!("; {}", labels.join(", ")) };
                findings.fine(what, format!("reachable{label}"));
            }
            // What is for good says itself how it is mended.
            Ok(Err(error)) if error.is_permanent() => findings.wrong(what, error.to_string()),
            Ok(Err(error)) => {
                let mend = format!("Check [connectors.{name}] and that the system runs and lets us in.");
                findings.wrong(what, format!("{error}. {mend}"));
            }
            Err(_) => findings.wrong(what, "does not answer. Check its address and that the system runs."),
        }
    }
}

async fn chat(config: &Config, slack: &crate::config::Slack, snapshot: Option<&Snapshot>, findings: &mut Findings) {
    let door = match app::slack_of(slack, config) {
        Ok(door) => door,
        Err(error) => return findings.wrong("slack", format!("{error:#}")),
    };
    let identity = match door.chat.api().auth_test().await {
        Ok(identity) => identity,
        Err(error) => {
            let mend = "Check slack.bot_token: it begins with xoxb- and is shown under OAuth & Permissions of the app.";
            return findings.wrong("slack token", format!("{error}. {mend}"));
        }
    };
    if identity.team == slack.team_id || identity.enterprise.as_deref() == Some(slack.team_id.as_str()) {
        findings.fine("slack token", format!("belongs to workspace {}", identity.team));
    } else {
        let mend = "Use the token of that workspace, or mend slack.team_id.";
        findings.wrong("slack token", format!("belongs to workspace {}, not {}. {mend}", identity.team, slack.team_id));
    }
    let missing: Vec<&str> = SCOPES
        .iter()
        .map(|(scope, _)| *scope)
        .filter(|scope| !identity.scopes.iter().any(|has| has == scope))
        .collect();
    if missing.is_empty() {
        findings.fine("slack scopes", "all there");
    } else {
        let mend = "Update the app from `jit manifest slack` and install it again.";
        findings.wrong("slack scopes", format!("missing: {}. {mend}", missing.join(", ")));
    }
    if let Some(there) = identity.date {
        skewed("clock against Slack", (there - now()).abs(), findings);
    }
    if let Some(socket) = &door.socket {
        socket_mode(socket, findings).await;
    }
    for (key, name) in [("announce", &config.channels.announce), ("security", &config.channels.security)] {
        channel(&door, (key, name.on(Platform::Slack)), findings).await;
    }
    if let Some(snapshot) = snapshot {
        people_in_slack(&door, snapshot, findings).await;
    }
}

/// Whether the app's own token opens sockets. The address that it got is not used.
async fn socket_mode(socket: &SocketApi, findings: &mut Findings) {
    let what = "slack app token";
    match socket.open().await {
        Ok(_) => findings.fine(what, "opens sockets"),
        Err(error) => {
            let mend = "Check slack.app_token: it begins with xapp-, is made under Basic Information, App-Level Tokens, with the \
                        scope connections:write, and Socket Mode is switched on for the app.";
            findings.wrong(what, format!("{error}. {mend}"));
        }
    }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

async fn channel(door: &app::Slack, (key, name): (&str, &str), findings: &mut Findings) {
    let what = format!("channels.{key} {name}");
    let found: Result<_, ChatError> = async {
        let id = door.chat.channel(name).await?;
        door.chat.api().channel_info(&id).await
    }
    .await;
    match found {
        Ok(info) if info["is_member"] == true => findings.fine(what, "the bot is in it"),
        Ok(_) => findings.wrong(what, format!("the bot is not in it. Type `/invite @jit` in {name}.")),
        Err(error) => {
            findings.wrong(what, format!("{error}. Make the channel, or mend channels.{key}, and invite the bot."))
        }
    }
}

async fn people_in_slack(door: &app::Slack, snapshot: &Snapshot, findings: &mut Findings) {
    let mut unknown = Vec::new();
    for person in snapshot.directory.people().filter(|person| person.active) {
        let Some(id) = person.slack.as_deref() else { continue };
        match door.chat.api().user_info(id).await {
            Ok(user) if user["deleted"] == true => unknown.push(format!("{} ({id} is deactivated)", person.id)),
            Ok(_) => {}
            Err(ChatError::Permanent { code }) => unknown.push(format!("{} ({id}: {code})", person.id)),
            Err(error) => return findings.wrong("people in Slack", format!("{error}. Try again later.")),
        }
    }
    if unknown.is_empty() {
        findings.fine("people in Slack", "every id is a live account");
    } else {
        findings.wrong("people in Slack", format!("{}. Mend people.toml.", unknown.join(", ")));
    }
}
