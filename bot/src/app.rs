//! The service put together: everything the doors and the workers share. Made once, cloned cheaply.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use anyhow::Context;
use jit_chat::deliver::Chat;
use jit_chat::slack::api::Api;
use jit_chat::slack::decode::Home;
use jit_chat::slack::deliver::{Channels, Slack as SlackChat};
use jit_chat::slack::socket::SocketApi;
use jit_chat::slack::verify::Verifier;
use jit_chat::teams::api::Api as Connector;
use jit_chat::teams::assertion::Certificate;
use jit_chat::teams::decode::Home as TeamsHome;
use jit_chat::teams::deliver::{Channels as TeamsChannels, Teams as TeamsChat};
use jit_chat::teams::keys::Keys;
use jit_chat::teams::token::{Proof, Tokens};
use jit_chat::teams::verify::Verifier as TeamsVerifier;
use jit_connectors::registry::Registry;
use jit_core::access::Platform;
use jit_core::bulletin::Bulletin;
use jit_core::effect::{Content, Recipient, Slot, Tell};
use jit_core::entitlement::Capabilities;
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::id::{AccessId, ConnectorName, PolicyHash};
use jit_store::{Clock, CommitError, Store};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::{Config, teams};
use crate::conversations::Conversations;
use crate::dispatch::Dispatch;
use crate::oncall::Oncall;
use crate::snapshot::{InForce, Snapshot, Sources};
use crate::tickets::Tickets;
use crate::verbs::Verbs;

/// How many problems of a policy are told in chat.
const SHOWN: usize = 5;

/// The parts.
#[derive(Clone)]
pub struct App {
    /// How things change.
    pub dispatch: Dispatch,
    /// The systems.
    pub registry: Registry,
    /// Slack, where it is configured.
    pub slack: Option<Arc<Slack>>,
    /// Microsoft Teams, where it is configured.
    pub teams: Option<Arc<Teams>>,
    /// Where policy and people are read from; reloaded when they change.
    pub sources: Sources,
    /// Where on-call rotations are looked up.
    pub oncall: Arc<Oncall>,
    /// Where tickets are looked up.
    pub tickets: Arc<Tickets>,
    /// The name of this process among replicas: owner of its leases.
    pub instance: Arc<str>,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
}

/// What the Slack door needs.
pub struct Slack {
    /// Calls out.
    pub chat: Arc<SlackChat>,
    /// Checks what comes in.
    pub verifier: Verifier,
    /// Whose people are served; others are refused.
    pub home: Home,
    /// Socket Mode, where it is configured.
    pub socket: Option<SocketApi>,
}

/// What the Teams door needs.
pub struct Teams {
    /// Calls out.
    pub chat: Arc<TeamsChat>,
    /// Checks what comes in.
    pub verifier: TeamsVerifier,
    /// Whose people are served; others are refused.
    pub home: TeamsHome,
}

impl App {
    /// Puts the service together: opens the store, brings the database to this version, reads policy and people, and refuses to start
    /// when a live access names a connector that the configuration lacks.
    pub async fn build(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let registry = Registry::build(&config.connectors)?;
        Self::with_registry(config, clock, registry).await
    }

    /// The same over connectors made elsewhere.
    pub async fn with_registry(config: &Config, clock: Clock, registry: Registry) -> anyhow::Result<Self> {
        let snapshot = load(&Sources::of(config), &registry)?;
        let app = Self::assemble(config, clock, registry, snapshot).await?;
        require_connectors(&app.dispatch.store, &app.registry.capabilities()).await?;
        app.dispatch.look_who_is_away().await?;
        app.record_policy(None).await?;
        Ok(app)
    }

    /// As much of the service as taking access back needs, which must go on whatever else is broken: with a policy or people that
    /// cannot be read it knows nobody and sends no notices, and what was given through a connector that is not there stays open. Each
    /// problem found is told.
    pub async fn for_revoking(config: &Config) -> anyhow::Result<(Self, Vec<String>)> {
        let mut problems = Vec::new();
        let registry = Registry::of(config.connectors.iter().filter_map(|(name, connector)| {
            let built = Registry::build(&BTreeMap::from([(name.clone(), connector.clone())]));
            let registry = built.map_err(|error| problems.push(config.connector_error(&error).to_string())).ok()?;
            Some((name.clone(), Arc::clone(registry.get(name)?)))
        }));
        let snapshot = load(&Sources::of(config), &registry).or_else(|error| {
            problems.push(format!("{error:#}"));
            let mut snapshot = Snapshot::empty(registry.capabilities())?;
            Sources::of(config).place(&mut snapshot.directory);
            Ok::<_, anyhow::Error>(snapshot)
        })?;
        let mut app = Self::assemble(config, Clock::Record, registry, snapshot).await?;
        if !problems.is_empty() {
            app.slack = None;
            app.teams = None;
        }
        Ok((app, problems))
    }

    async fn assemble(config: &Config, clock: Clock, registry: Registry, snapshot: Snapshot) -> anyhow::Result<Self> {
        let redis = config.redis.as_ref().map(|redis| redis.url.expose_secret());
        let opened = Store::open(config.database.url.expose_secret(), redis, clock).await;
        let store = opened
            .context("the database of `database.url` cannot be used; check the address, and that the server runs")?;
        store.migrate().await.context("bringing the database to this version")?;
        // Before any worker looks: what an earlier process was at is free for them.
        store.reclaim().await.context("giving back what a process that is gone was at")?;
        let instance = store.name().into();
        let teams = config.teams.as_ref().map(|teams| teams_of(teams, config, &store)).transpose()?.map(Arc::new);
        let dispatch = Dispatch { store, in_force: InForce::new(snapshot) };
        let slack = config.slack.as_ref().map(|slack| slack_of(slack, config)).transpose()?.map(Arc::new);
        Ok(Self {
            dispatch,
            registry,
            slack,
            teams,
            sources: Sources::of(config),
            oncall: Arc::new(Oncall::of(config)?),
            tickets: Arc::new(Tickets::of(config)?),
            instance,
            metrics: crate::metrics::install()?,
        })
    }

    /// The chat platforms, to the outbox.
    pub fn chats(&self) -> Vec<Arc<dyn Chat>> {
        let slack = self.slack.iter().map(|slack| Arc::clone(&slack.chat) as Arc<dyn Chat>);
        slack.chain(self.teams.iter().map(|teams| Arc::clone(&teams.chat) as Arc<dyn Chat>)).collect()
    }

    /// The verbs.
    pub fn verbs(&self) -> Verbs {
        Verbs { dispatch: self.dispatch.clone() }
    }

    /// Reads policy and people again. What is in force stays when the new one has problems, and security is told of them.
    pub async fn reload(&self) -> anyhow::Result<()> {
        let (sources, registry) = (self.sources.clone(), self.registry.clone());
        // Reading a large policy and proving it takes long enough to be felt by whoever types meanwhile.
        let snapshot = match tokio::task::spawn_blocking(move || load(&sources, &registry)).await? {
            Ok(snapshot) => snapshot,
            Err(error) => {
                self.tell_problems(&error).await?;
                return Err(error);
            }
        };
        let before = self.dispatch.in_force.get().policy.hash.clone();
        let changed = before != snapshot.policy.hash;
        self.dispatch.in_force.set(snapshot);
        if changed {
            self.record_policy(Some(before)).await?;
        }
        Ok(())
    }

    /// A change of policy is evidence, and security's business.
    async fn record_policy(&self, before: Option<PolicyHash>) -> anyhow::Result<()> {
        let after = self.dispatch.in_force.get().policy.hash.clone();
        tracing::info!(policy = %after, "policy in force");
        let expired = self.dispatch.in_force.get().policy.expired(self.dispatch.store.now());
        self.sources.placed(expired).iter().for_each(|warning| tracing::warn!(%warning, "an exception is over"));
        let told = before.clone().map(|before| Bulletin::PolicyLoaded { before, after: after.clone() });
        let dedupe = told.as_ref().map(|_| after.to_string());
        self.publish(Event::PolicyLoaded { before }, told, dedupe).await
    }

    /// So is one that could not be put in force.
    async fn tell_problems(&self, error: &anyhow::Error) -> anyhow::Result<()> {
        let text = format!("{error:#}");
        let mut problems: Vec<String> = text.lines().map(str::to_owned).collect();
        let event = Event::PolicyRefused { problems: problems.len() };
        let more = problems.len().saturating_sub(SHOWN);
        problems.truncate(SHOWN);
        self.publish(event, Some(Bulletin::PolicyRefused { problems, more }), Some(text)).await
    }

    /// Records an event about the service and tells security of it. What all replicas see at once (`dedupe` says what) is told once: since
    /// the latest change of policy.
    async fn publish(&self, event: Event, told: Option<Bulletin>, dedupe: Option<String>) -> anyhow::Result<()> {
        let store = &self.dispatch.store;
        let snapshot = self.dispatch.in_force.get();
        let policy = snapshot.policy.hash.clone();
        let actor = Actor::Operator { name: operator() };
        let record = EventRecord { access: None, version: 0, at: store.now(), actor, policy, event };
        let tells: Vec<Tell> = told
            .into_iter()
            .map(|bulletin| Tell {
                to: Recipient::Security,
                slot: Slot::new(AccessId(Uuid::now_v7()), bulletin.name()),
                under: None,
                content: Content::Bulletin(Box::new(bulletin)),
            })
            .collect();
        let key = match dedupe {
            Some(what) => {
                let latest = store.latest("policy-loaded").await?.map(|(at, _)| at.timestamp_micros());
                let what = hex::encode(Sha256::digest(format!("{latest:?} {what}")));
                Some(format!("{}:{what}", record.event.kind()))
            }
            None => None,
        };
        match store.publish(record, (&tells, &snapshot.directory), key.as_deref()).await {
            Ok(()) | Err(CommitError::Duplicate { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The system's user name of whoever runs this process.
pub fn operator() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()))
        .or_else(account)
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The account that this process runs as: its name, or its number where it has none. Without a login nothing else says so.
fn account() -> Option<String> {
    let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    Some(named.unwrap_or(uid))
}

/// Policy and people, with each role's target judged by its connector.
pub fn load(sources: &Sources, registry: &Registry) -> anyhow::Result<Snapshot> {
    let snapshot = sources.load(&registry.capabilities())?;
    let wrong: Vec<String> = snapshot
        .policy
        .roles
        .values()
        .filter_map(|role| {
            let connector = registry.get(&role.connector)?;
            let what = connector.check_target(&role.target).err()?;
            let file = sources.policy.join(&role.place.file);
            Some(format!("{}:{}: role `{}`: {what}", file.display(), role.place.line, role.name))
        })
        .collect();
    anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(snapshot)
}

/// What was given through a connector can only be taken back through it.
async fn require_connectors(store: &Store, known: &BTreeMap<ConnectorName, Capabilities>) -> anyhow::Result<()> {
    let live = store.connectors_in_use().await?;
    let missing: Vec<&str> = live.iter().filter(|name| !known.contains_key(name)).map(ConnectorName::as_str).collect();
    anyhow::ensure!(
        missing.is_empty(),
        "live accesses were given through connectors that the configuration lacks: {}; put them back under [connectors]: \
         what was given through them can only be taken back through them",
        missing.join(", ")
    );
    Ok(())
}

/// The Slack door of a configuration.
pub fn slack_of(slack: &crate::config::Slack, config: &Config) -> anyhow::Result<Slack> {
    let http = reqwest::Client::builder().build().context("the HTTP client")?;
    let socket = slack.app_token.clone().map(|token| SocketApi::new(http.clone(), slack.api_url.as_str(), token));
    let api = Api::new(http, slack.api_url.as_str(), slack.bot_token.clone());
    let [announce, security] =
        [&config.channels.announce, &config.channels.security].map(|place| place.on(Platform::Slack).to_owned());
    let channels = Channels { announce, security };
    Ok(Slack {
        chat: Arc::new(SlackChat::new(api, channels)),
        verifier: Verifier::new(slack.signing_secret.all().iter().cloned()),
        home: Home(slack.team_id.clone()),
        socket,
    })
}

/// The Teams door of a configuration.
pub fn teams_of(teams: &teams::Teams, config: &Config, store: &Store) -> anyhow::Result<Teams> {
    // A bearer goes where it was meant to go.
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().context("the HTTP client")?;
    let proof = match teams.proof() {
        Some(teams::Proof::Secret(secret)) => Proof::Secret(secret.clone()),
        Some(teams::Proof::Certificate(certificate, key)) => {
            let read = Certificate::parse(certificate.expose_secret(), key.expose_secret());
            Proof::Certificate(Box::new(read.map_err(|what| anyhow::anyhow!("teams.{what}"))?))
        }
        None => anyhow::bail!("[teams] takes app_secret, or app_certificate and app_certificate_key"),
    };
    let tokens = Tokens::new(http.clone(), (&teams.login_url, &teams.tenant_id), (&teams.app_id, &teams.scope), proof);
    let tokens = tokens.context("teams.login_url is no address of a server")?;
    let [announce, security] =
        [&config.channels.announce, &config.channels.security].map(|place| place.on(Platform::Teams).to_owned());
    let channels = TeamsChannels { announce, security, fallback: config.channels.fallback.clone() };
    let api = Connector::new(http, tokens, &teams.app_id, &teams.tenant_id);
    let keys = Keys::new(teams.openid_metadata_url.clone()).context("the HTTP client")?;
    Ok(Teams {
        chat: Arc::new(TeamsChat::new(api, channels, Arc::new(Conversations(store.clone())))),
        verifier: TeamsVerifier::new(keys, &teams.app_id, [teams.issuer.clone()]),
        home: TeamsHome(teams.tenant_id.clone()),
    })
}
