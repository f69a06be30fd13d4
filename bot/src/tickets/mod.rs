//! Tickets: looked up in Jira, ServiceNow or a file, by workers and by the command line, never by a request. What comes of it is a command.
//!
//! Whose a ticket is, is known by the provider's user id where the configuration says so, else by the address, which is one person's; never
//! by a name.

mod file;
mod jira;
pub(crate) mod screening;
mod servicenow;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use jit_core::directory::Directory;
use jit_core::document::Problem;
use jit_core::id::PersonId;
use jit_core::ticket::{Assignee, Finding, Ticket, TicketId, TicketSources};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::Config;
use crate::config::tickets::TicketsKind;
use crate::lookup::{self, LookupError, within};
use crate::metrics;
use crate::source_file;

/// How long one look may take: less than Screening lasts, so that what the source says of it is told.
const DEADLINE: Duration = Duration::from_secs(4);

/// The longest of each text that is kept of a ticket.
const LONGEST_TITLE: usize = 120;
const LONGEST_WORD: usize = 60;

/// The configured sources, by name.
#[derive(Clone, Debug)]
pub struct Tickets {
    sources: BTreeMap<String, Source>,
    client: Client,
}

#[derive(Clone, Debug)]
struct Source {
    kind: Kind,
    refresh: TimeDelta,
    ids: BTreeMap<String, PersonId>,
}

#[derive(Clone, Debug)]
enum Kind {
    Jira { api: Api, version: u8 },
    Servicenow { api: Api, table: String, closed: Vec<String> },
    File(PathBuf),
}

/// Where a provider is asked, and as whom.
#[derive(Clone, Debug)]
struct Api {
    base: Url,
    user: Option<String>,
    token: SecretString,
}

/// A ticket in its source's words.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    title: String,
    status: String,
    open: bool,
    whose: Option<Whose>,
}

/// Whose it is, in its source's words.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    /// A person of ours.
    Person(PersonId),
    /// A user of the provider's.
    User { id: Option<String>, name: String, email: Option<String> },
}

impl Tickets {
    /// Those of a configuration; asks nobody.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        let source = |(name, source): (&String, &crate::config::tickets::Tickets)| {
            const CHECKED: &str = "the configuration was checked";
            let api = || {
                Ok::<_, anyhow::Error>(Api {
                    base: source.api_url.clone().context(CHECKED)?,
                    user: source.user.clone(),
                    token: source.token.clone().context(CHECKED)?,
                })
            };
            let kind = match source.kind(name).context(CHECKED)? {
                TicketsKind::Jira => {
                    Kind::Jira { api: api()?, version: source.api_version.unwrap_or(jira::API_VERSION) }
                }
                TicketsKind::Servicenow => Kind::Servicenow {
                    api: api()?,
                    table: source.table.clone().unwrap_or_else(|| servicenow::TABLE.to_owned()),
                    closed: source.closed_states.clone().unwrap_or_else(servicenow::closed_states),
                },
                TicketsKind::File => Kind::File(config.path(source.path.as_deref().unwrap_or(Path::new("")))),
            };
            Ok((name.clone(), Source { kind, refresh: source.refresh.delta(), ids: source.user_ids.clone() }))
        };
        let sources = config.tickets.iter().map(source).collect::<anyhow::Result<_>>()?;
        Ok(Self { sources, client: lookup::client().context("the HTTP client")? })
    }

    /// Looks one ticket up, within four seconds. `Ok` is what its source says of it, whether it exists or not.
    pub async fn look(&self, ticket: &TicketId, directory: &Directory) -> Result<Finding, LookupError> {
        let looked = self.ask(ticket).await;
        metrics::ticket_lookup(&ticket.source, &looked);
        let (source, found) = looked?;
        Ok(found.map_or(Finding::Missing, |found| Finding::Ticket(source.ticket(found, directory))))
    }

    async fn ask(&self, TicketId { source: name, id }: &TicketId) -> Result<(&Source, Option<Found>), LookupError> {
        let none = || LookupError::new("refused", "is no configured source".to_owned());
        let source = self.sources.get(name).ok_or_else(none)?;
        let found = within(DEADLINE, async {
            match &source.kind {
                Kind::Jira { api, version } => jira::look(&self.client, (api, *version), id).await,
                Kind::Servicenow { api, table, closed } => {
                    servicenow::look(&self.client, (api, table, closed), id).await
                }
                Kind::File(path) => file::look(path.clone(), id).await,
            }
        });
        Ok((source, found.await?))
    }

    /// Whether a source answers, and takes our key: a clause for people.
    pub async fn check(&self, name: &str) -> Result<String, LookupError> {
        let none = || LookupError::new("refused", "is no configured source".to_owned());
        let source = self.sources.get(name).ok_or_else(none)?;
        within(DEADLINE, async {
            match &source.kind {
                Kind::Jira { api, version } => jira::check(&self.client, (api, *version)).await,
                Kind::Servicenow { api, table, .. } => servicenow::check(&self.client, (api, table)).await,
                Kind::File(path) => file::check(path.clone()).await,
            }
        })
        .await
    }

    /// The names of the sources.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// Entries of `user_ids` that name nobody: the source, the user id and the person.
    pub fn lost_ids(&self, directory: &Directory) -> Vec<(&str, &str, &PersonId)> {
        let all = self
            .sources
            .iter()
            .flat_map(|(name, source)| source.ids.iter().map(move |(user, id)| (name.as_str(), user.as_str(), id)));
        all.filter(|(_, _, id)| directory.person(id).is_none()).collect()
    }

    /// How often a source is asked after one and the same ticket.
    pub(crate) fn refresh_of(&self, source: &str) -> Option<TimeDelta> {
        Some(self.sources.get(source)?.refresh)
    }
}

impl Source {
    fn ticket(&self, Found { title, status, open, whose }: Found, directory: &Directory) -> Ticket {
        let assignee = whose.map(|whose| self.assignee(whose, directory));
        Ticket { title: line(&title, LONGEST_TITLE), status: line(&status, LONGEST_WORD), open, assignee }
    }

    fn assignee(&self, whose: Whose, directory: &Directory) -> Assignee {
        match whose {
            Whose::Person(id) => Assignee { name: directory.name(&id).to_owned(), person: Some(id) },
            Whose::User { id, name, email } => {
                let by_id = id.and_then(|id| self.ids.get(&id)).cloned();
                let by_email = || directory.by_email(email.as_deref()?).map(|person| person.id.clone());
                Assignee { name: line(&name, LONGEST_WORD), person: by_id.or_else(by_email) }
            }
        }
    }
}

impl Api {
    /// A request that shows who asks to nobody but the provider.
    fn get(&self, client: &Client, url: Url) -> RequestBuilder {
        let token = self.token.expose_secret().trim();
        let request = client.get(url).header(reqwest::header::ACCEPT, "application/json");
        match &self.user {
            Some(user) => request.basic_auth(user, Some(token)),
            None => request.bearer_auth(token),
        }
    }
}

/// One line of text, cut where it is too long.
fn line(text: &str, longest: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    match plain.chars().count() > longest {
        true => plain.chars().take(longest - 1).chain(['…']).collect(),
        false => plain.to_owned(),
    }
}

/// A source as the files know it: the patterns of its ids, and its file where it is one.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The patterns.
    pub patterns: Vec<String>,
    /// The file.
    pub path: Option<PathBuf>,
}

/// The sources of a configuration, with their files.
pub fn known(config: &Config) -> BTreeMap<String, Known> {
    let known = |(name, source): (&String, &crate::config::tickets::Tickets)| {
        let file = source.path.as_deref().filter(|_| source.kind(name) == Some(TicketsKind::File));
        let path = file.map(|path| config.path(path));
        (name.clone(), Known { patterns: source.pattern.all().to_vec(), path })
    };
    config.tickets.iter().map(known).collect()
}

/// What a policy may go by, and what is wrong in the files.
pub fn sources(known: &BTreeMap<String, Known>, directory: &Directory) -> (TicketSources, Vec<Problem>) {
    let files = known.values().filter_map(|known| known.path.as_deref());
    let problems = files.flat_map(|path| source_file::checked::<file::Tickets>(path, directory).1).collect();
    (known.iter().map(|(name, known)| (name.clone(), known.patterns.clone())).collect(), problems)
}
