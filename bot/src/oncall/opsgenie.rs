//! Opsgenie: who is on call by a schedule. Source: Opsgenie, "Who is On Call API", Get On Calls with `flat=true`: one answer, without
//! pages, of user names, which are addresses.

use reqwest::Client;
use reqwest::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{LookupError, Turn, Who, secret_header, wire};

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
    let mut url = super::below(api, &["v2", "schedules", schedule, "on-calls"]);
    url.query_pairs_mut().append_pair("scheduleIdentifierType", "id").append_pair("flat", "true");
    let authorization = secret_header(&format!("GenieKey {}", token.expose_secret().trim()))?;
    let answer: Answer = wire::ask(client.get(url).header(AUTHORIZATION, authorization)).await?;
    let turn = |name: String| Turn { who: Who::User { id: name.clone(), email: Some(name) }, from: None, until: None };
    Ok(answer.data.recipients.into_iter().map(turn).collect())
}
