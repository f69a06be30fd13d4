//! Who is on call, and which incidents are open. Sources (PagerDuty, Opsgenie, a file) are looked at by a worker, never by a request: what it knows is put in force
//! with the directory, and a rotation that is not known, or no longer, is nobody.
//!
//! People are known by the provider's immutable user id where the configuration says so, else by their address, which the directory has
//! made sure is one person's; never by a name.

mod channel;
mod file;
mod opsgenie;
mod pagerduty;
pub(crate) mod roster;
pub(crate) mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use jit_core::directory::{Directory, OncallSources};
use jit_core::document::Problem;
use jit_core::id::PersonId;
use jit_core::incident::{Incident, IncidentId};
use reqwest::Client;
use secrecy::SecretString;
use url::Url;

use crate::config::Config;
use crate::config::oncall::OncallKind;
use crate::lookup::{self, DEADLINE, LookupError, within};
use crate::source_file;

/// Somebody's time on call, as the source says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub who: Who,
    /// None: since ever.
    pub from: Option<DateTime<Utc>>,
    /// The first instant that is no longer theirs; none: for ever.
    pub until: Option<DateTime<Utc>>,
}

/// Whom a source means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person of ours.
    Person(PersonId),
    /// A user of the provider's.
    User {
        /// Immutable.
        id: String,
        /// Where it is known.
        email: Option<String>,
    },
}

impl Turn {
    fn holds(&self, now: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// The configured sources, by name.
#[derive(Clone, Debug)]
pub struct Oncall {
    sources: BTreeMap<String, Source>,
    client: Client,
}

#[derive(Clone, Debug)]
struct Source {
    kind: Kind,
    max_age: TimeDelta,
    refresh: TimeDelta,
    ids: BTreeMap<String, PersonId>,
    /// How an incident's own channel is called: `inc-{number}`.
    incident_channel: Option<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    Pagerduty { api: Url, token: SecretString },
    Opsgenie { api: Url, token: SecretString },
    File(PathBuf),
}

impl Oncall {
    /// Those of a configuration; asks nobody.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        let source = |(name, source): (&String, &crate::config::oncall::Oncall)| {
            let kind = source.kind(name).context("the configuration was checked")?;
            let token = || source.token.clone().context("the configuration was checked");
            let api = |own| Ok::<_, anyhow::Error>(source.api_url.clone().map_or_else(|| Url::parse(own), Ok)?);
            let kind = match kind {
                OncallKind::Pagerduty => Kind::Pagerduty { api: api(pagerduty::API)?, token: token()? },
                OncallKind::Opsgenie => Kind::Opsgenie { api: api(opsgenie::API)?, token: token()? },
                OncallKind::File => Kind::File(config.path(source.path.as_deref().unwrap_or(Path::new("")))),
            };
            let (max_age, refresh) = (source.max_age.delta(), source.refresh.delta());
            let (ids, incident_channel) = (source.oncall_ids.clone(), source.incident_channel.clone());
            Ok((name.clone(), Source { kind, max_age, refresh, ids, incident_channel }))
        };
        let sources = config.oncall.iter().map(source).collect::<anyhow::Result<_>>()?;
        Ok(Self { sources, client: lookup::client().context("the HTTP client")? })
    }

    /// Looks at one rotation (`source/schedule`), within five seconds.
    pub async fn look(&self, rotation: &str, now: DateTime<Utc>) -> Result<Vec<Turn>, LookupError> {
        let (source, schedule) = self.found(rotation)?;
        within(DEADLINE, async {
            match &source.kind {
                Kind::Pagerduty { api, token } => pagerduty::look(&self.client, (api, token), schedule, now).await,
                Kind::Opsgenie { api, token } => opsgenie::look(&self.client, (api, token), schedule).await,
                Kind::File(path) => file::look(path.clone(), schedule, now).await,
            }
        })
        .await
    }

    /// Looks at the open incidents of one service (`source/service`), within five seconds.
    pub async fn incidents(&self, service: &str) -> Result<Vec<Incident>, LookupError> {
        let (source, service) = self.found(service)?;
        let named = source.incident_channel.as_deref();
        within(DEADLINE, async {
            match &source.kind {
                Kind::Pagerduty { api, token } => {
                    pagerduty::incidents(&self.client, (api, token), service, named).await
                }
                Kind::Opsgenie { api, token } => opsgenie::incidents(&self.client, (api, token), service, named).await,
                Kind::File(path) => file::incidents(path.clone(), service, named).await,
            }
        })
        .await
    }

    /// Whether its source says that an incident is resolved, within five seconds. Only `Ok(true)` says so.
    pub async fn resolved(&self, incident: &IncidentId) -> Result<bool, LookupError> {
        let Some(source) = self.sources.get(&incident.source) else {
            return Err(LookupError::new("refused", "is no configured source".to_owned()));
        };
        within(DEADLINE, async {
            match &source.kind {
                Kind::Pagerduty { api, token } => pagerduty::resolved(&self.client, (api, token), &incident.id).await,
                Kind::Opsgenie { api, token } => opsgenie::resolved(&self.client, (api, token), &incident.id).await,
                Kind::File(path) => file::resolved(path.clone(), &incident.id).await,
            }
        })
        .await
    }

    /// The source of a rotation or a service, and what it calls it.
    fn found<'a>(&self, name: &'a str) -> Result<(&Source, &'a str), LookupError> {
        let found = name.split_once('/').and_then(|(source, rest)| Some((self.sources.get(source)?, rest)));
        found.ok_or_else(|| LookupError::new("refused", "is no configured source".to_owned()))
    }

    /// The active people whose turn it is.
    pub fn people(
        &self,
        rotation: &str,
        turns: &[Turn],
        directory: &Directory,
        now: DateTime<Utc>,
    ) -> BTreeSet<PersonId> {
        let now_on = turns.iter().filter(|turn| turn.holds(now));
        now_on.filter_map(|turn| self.person(rotation, &turn.who, directory)).collect()
    }

    /// The active person whom a source means.
    pub fn person(&self, rotation: &str, who: &Who, directory: &Directory) -> Option<PersonId> {
        let id = match who {
            Who::Person(id) => Some(id),
            Who::User { id, email } => match self.source_of(rotation)?.ids.get(id) {
                Some(person) => Some(person),
                None => directory.by_email(email.as_deref()?).map(|person| &person.id),
            },
        };
        id.and_then(|id| directory.active(id)).map(|person| person.id.clone())
    }

    /// Those of the source whose turn it is and who are nobody active here: the source's words for them.
    pub fn strangers(&self, rotation: &str, turns: &[Turn], directory: &Directory, now: DateTime<Utc>) -> Vec<String> {
        let unknown = |turn: &&Turn| turn.holds(now) && self.person(rotation, &turn.who, directory).is_none();
        let words = |turn: &Turn| match &turn.who {
            Who::Person(id) => id.to_string(),
            Who::User { id, email: Some(email) } if id != email => format!("{id} ({email})"),
            Who::User { id, .. } => id.clone(),
        };
        turns.iter().filter(unknown).map(words).collect()
    }

    /// Entries of `oncall_ids` that name nobody: the source, the user id and the person.
    pub fn lost_ids(&self, directory: &Directory) -> Vec<(&str, &str, &PersonId)> {
        let all = self
            .sources
            .iter()
            .flat_map(|(name, source)| source.ids.iter().map(move |(user, id)| (name.as_str(), user.as_str(), id)));
        all.filter(|(_, _, id)| directory.person(id).is_none()).collect()
    }

    /// How often a source is looked at.
    pub(crate) fn refresh_of(&self, source: &str) -> Option<TimeDelta> {
        Some(self.sources.get(source)?.refresh)
    }

    fn source_of(&self, rotation: &str) -> Option<&Source> {
        self.sources.get(rotation.split_once('/')?.0)
    }
}

/// What a policy may name: the configured sources, and the rotations of those that are files; what is wrong in these.
pub fn known(config_files: &BTreeMap<String, Option<PathBuf>>, directory: &Directory) -> (OncallSources, Vec<Problem>) {
    let mut sources = OncallSources::new();
    let mut problems = Vec::new();
    for (name, path) in config_files {
        let Some(path) = path else {
            sources.insert(name.clone(), None);
            continue;
        };
        let (rotations, wrong) = source_file::checked::<file::Rotations>(path, directory);
        problems.extend(wrong);
        sources.insert(name.clone(), rotations.map(|rotations| rotations.names()));
    }
    (sources, problems)
}

/// The files among the sources of a configuration.
pub fn files(config: &Config) -> BTreeMap<String, Option<PathBuf>> {
    let path = |(name, source): (&String, &crate::config::oncall::Oncall)| {
        let file = source.path.as_deref().filter(|_| source.kind(name) == Some(OncallKind::File));
        (name.clone(), file.map(|path| config.path(path)))
    };
    config.oncall.iter().map(path).collect()
}

/// What people call an incident: its number and the beginning of its title.
fn title(number: &str, title: Option<&str>) -> String {
    const LONGEST: usize = 120;
    let plain = |c: &char| !c.is_control();
    let words: String = title.unwrap_or_default().chars().filter(plain).take(LONGEST).collect();
    format!("#{number} {}", words.trim()).trim_end().to_owned()
}
