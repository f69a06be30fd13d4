//! Opsgenie: who is on call by a schedule, and the incidents of a service. Source: Opsgenie, "Who is On Call API", Get On Calls with `flat=true`: one answer, without
//! pages, of user names, which are addresses.

use std::collections::BTreeMap;

use jit_core::incident::Incident;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{Turn, Who, channel};
use crate::lookup::{self, LookupError, below, secret_header};

/// The provider's own address; `https://api.eu.opsgenie.com` for accounts of the EU.
pub(super) const API: &str = "https://api.opsgenie.com";

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "onCallRecipients")]
    recipients: Vec<String>,
}

/// Whoever is on call now by a schedule's id.
pub(super) async fn look(
    client: &Client,
    (api, token): (&Url, &SecretString),
    schedule: &str,
) -> Result<Vec<Turn>, LookupError> {
    let mut url = below(api, &["v2", "schedules", schedule, "on-calls"]);
    url.query_pairs_mut().append_pair("scheduleIdentifierType", "id").append_pair("flat", "true");
    let answer: Answer = lookup::ask(asked(client, url, token)?).await?;
    let turn = |name: String| Turn { who: Who::User { id: name.clone(), email: Some(name) }, from: None, until: None };
    Ok(answer.data.recipients.into_iter().map(turn).collect())
}

#[derive(Deserialize)]
struct IncidentPage {
    data: Vec<IncidentEntry>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    next: Option<String>,
}

impl lookup::Page for IncidentPage {
    type Entry = IncidentEntry;
    fn split(self) -> (Vec<IncidentEntry>, bool) {
        (self.data, self.paging.and_then(|paging| paging.next).is_some())
    }
}

#[derive(Deserialize)]
struct One {
    data: IncidentEntry,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IncidentEntry {
    id: String,
    tiny_id: Option<String>,
    message: Option<String>,
    status: String,
    #[serde(default)]
    impacted_services: Vec<String>,
    #[serde(default)]
    extra_properties: BTreeMap<String, serde_json::Value>,
}

/// The open incidents that impact a service, by its id. Source: Opsgenie, "Incident API", List Incidents. Which of the open ones are about
/// the service is looked at here.
pub(super) async fn incidents(
    client: &Client,
    (api, token): (&Url, &SecretString),
    service: &str,
    named: Option<&str>,
) -> Result<Vec<Incident>, LookupError> {
    let mut url = below(api, &["v1", "incidents"]);
    url.query_pairs_mut()
        .append_pair("query", "status:open")
        .append_pair("sort", "createdAt")
        .append_pair("order", "asc");
    let found = lookup::pages::<IncidentPage>(&url, |url| asked(client, url, token)).await?;
    Ok(found.into_iter().filter(|entry| entry.is_open_of(service)).map(|it| it.incident(named)).collect())
}

/// Whether an incident is resolved. Source: Opsgenie, "Incident API", Get Incident.
pub(super) async fn resolved(
    client: &Client,
    (api, token): (&Url, &SecretString),
    id: &str,
) -> Result<bool, LookupError> {
    let mut url = below(api, &["v1", "incidents", id]);
    url.query_pairs_mut().append_pair("identifierType", "id");
    let answer: One = lookup::ask(asked(client, url, token)?).await?;
    if answer.data.id != id {
        return Err(LookupError::new("nonsense", "answers with another incident than the one asked for".to_owned()));
    }
    Ok(matches!(answer.data.status.as_str(), "resolved" | "closed"))
}

fn asked(client: &Client, url: Url, token: &SecretString) -> Result<RequestBuilder, LookupError> {
    let authorization = secret_header(&format!("GenieKey {}", token.expose_secret().trim()))?;
    Ok(client.get(url).header(AUTHORIZATION, authorization))
}

impl IncidentEntry {
    fn is_open_of(&self, service: &str) -> bool {
        self.status == "open" && self.impacted_services.iter().any(|impacted| impacted == service)
    }

    fn incident(self, named: Option<&str>) -> Incident {
        let links = self.extra_properties.values().filter_map(|value| value.as_str());
        let channel = channel::own(links, named, || self.tiny_id.clone());
        let title = super::title(self.tiny_id.as_deref().unwrap_or(&self.id), self.message.as_deref());
        Incident { id: self.id, title, channel }
    }
}
