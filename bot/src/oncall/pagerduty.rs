//! PagerDuty: who is on call by a schedule, and the incidents of a service. Source: PagerDuty REST API v2, "List all of the on-calls", and "Pagination" (classic).

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::incident::Incident;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{Turn, Who, channel};
use crate::lookup::{self, LookupError, below, secret_header};

/// The provider's own address.
pub(super) const API: &str = "https://api.pagerduty.com";

/// How far ahead is asked for, so that whoever comes next is on call to the second; the answer is asked for again long before.
const AHEAD: TimeDelta = TimeDelta::minutes(15);

#[derive(Deserialize)]
struct Page {
    oncalls: Vec<Entry>,
    more: bool,
}

impl lookup::Page for Page {
    type Entry = Entry;
    fn split(self) -> (Vec<Entry>, bool) {
        (self.oncalls, self.more)
    }
}

#[derive(Deserialize)]
struct Entry {
    user: User,
    /// None: on call by an escalation policy directly.
    schedule: Option<Reference>,
    /// None: for ever.
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

/// Whoever is on call by a schedule's id, now and soon.
pub(super) async fn look(
    client: &Client,
    (api, token): (&Url, &SecretString),
    schedule: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Turn>, LookupError> {
    let found = lookup::pages::<Page>(&address(api, schedule, now), |url| asked(client, url, token)).await?;
    Ok(found.into_iter().filter(|entry| entry.is_of(schedule)).map(Entry::turn).collect())
}

fn address(api: &Url, schedule: &str, now: DateTime<Utc>) -> Url {
    let mut url = below(api, &["oncalls"]);
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    url.query_pairs_mut()
        .append_pair("schedule_ids[]", schedule)
        .append_pair("include[]", "users")
        .append_pair("since", &instant(now))
        .append_pair("until", &instant(now + AHEAD));
    url
}

impl Entry {
    /// What was asked for is looked at again: whatever else an answer holds gives nobody anything.
    fn is_of(&self, schedule: &str) -> bool {
        self.schedule.as_ref().is_some_and(|reference| reference.id == schedule)
    }

    fn turn(self) -> Turn {
        let Self { user: User { id, email }, start, end, .. } = self;
        Turn { who: Who::User { id, email }, from: start, until: end }
    }
}

#[derive(Deserialize)]
struct IncidentPage {
    incidents: Vec<IncidentEntry>,
    more: bool,
}

impl lookup::Page for IncidentPage {
    type Entry = IncidentEntry;
    fn split(self) -> (Vec<IncidentEntry>, bool) {
        (self.incidents, self.more)
    }
}

#[derive(Deserialize)]
struct One {
    incident: IncidentEntry,
}

#[derive(Deserialize)]
struct IncidentEntry {
    id: String,
    incident_number: Option<u64>,
    title: Option<String>,
    status: String,
    service: Option<Reference>,
    conference_bridge: Option<Bridge>,
}

#[derive(Deserialize)]
struct Bridge {
    conference_url: Option<String>,
}

/// The open incidents of a service's id. Source: PagerDuty REST API v2, "List incidents".
pub(super) async fn incidents(
    client: &Client,
    (api, token): (&Url, &SecretString),
    service: &str,
    named: Option<&str>,
) -> Result<Vec<Incident>, LookupError> {
    let mut url = below(api, &["incidents"]);
    url.query_pairs_mut()
        .append_pair("service_ids[]", service)
        .append_pair("statuses[]", TRIGGERED)
        .append_pair("statuses[]", ACKNOWLEDGED)
        .append_pair("date_range", "all")
        .append_pair("include[]", "conference_bridge");
    let found = lookup::pages::<IncidentPage>(&url, |url| asked(client, url, token)).await?;
    Ok(found.into_iter().filter(|entry| entry.is_open_of(service)).map(|it| it.incident(named)).collect())
}

/// Whether an incident is resolved. Source: PagerDuty REST API v2, "Get an incident".
pub(super) async fn resolved(
    client: &Client,
    (api, token): (&Url, &SecretString),
    id: &str,
) -> Result<bool, LookupError> {
    let answer: One = lookup::ask(asked(client, below(api, &["incidents", id]), token)?).await?;
    if answer.incident.id != id {
        return Err(LookupError::new("nonsense", "answers with another incident than the one asked for".to_owned()));
    }
    Ok(answer.incident.status == "resolved")
}

/// Statuses of an incident that is open.
const TRIGGERED: &str = "triggered";
const ACKNOWLEDGED: &str = "acknowledged";

fn asked(client: &Client, url: Url, token: &SecretString) -> Result<RequestBuilder, LookupError> {
    let authorization = secret_header(&format!("Token token={}", token.expose_secret().trim()))?;
    let request = client.get(url).header(AUTHORIZATION, authorization);
    Ok(request.header(ACCEPT, "application/vnd.pagerduty+json;version=2"))
}

impl IncidentEntry {
    /// What was asked for is looked at again, as with on-calls.
    fn is_open_of(&self, service: &str) -> bool {
        let open = [TRIGGERED, ACKNOWLEDGED].contains(&self.status.as_str());
        open && self.service.as_ref().is_some_and(|reference| reference.id == service)
    }

    fn incident(self, named: Option<&str>) -> Incident {
        let number = self.incident_number.map(|number| number.to_string());
        let link = self.conference_bridge.and_then(|bridge| bridge.conference_url);
        let channel = channel::own(link.as_deref(), named, || number.clone());
        let title = super::title(number.as_deref().unwrap_or(&self.id), self.title.as_deref());
        Incident { id: self.id, title, channel }
    }
}
