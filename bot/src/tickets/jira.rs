//! Jira, Cloud or Data Center. Sources: Jira Cloud platform REST API v3, "Get issue"; Jira Data Center REST API v2, the same.

use reqwest::Client;
use serde::Deserialize;

use super::{Api, Found, Whose};
use crate::lookup::{self, LookupError, below};

/// The version of Jira Cloud.
pub(super) const API_VERSION: u8 = 3;

/// The status category of everything that is over, whatever its statuses are called. Source: Jira Cloud, "Get status category".
const DONE: &str = "done";

#[derive(Deserialize)]
struct Issue {
    key: String,
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    summary: Option<String>,
    status: Status,
    assignee: Option<User>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    name: String,
    status_category: Category,
}

#[derive(Deserialize)]
struct Category {
    key: String,
}

/// Cloud knows people by `accountId` and may hide their address; Data Center by `name`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    account_id: Option<String>,
    name: Option<String>,
    email_address: Option<String>,
    display_name: Option<String>,
}

/// An issue by its key.
pub(super) async fn look(client: &Client, (api, version): (&Api, u8), key: &str) -> Result<Option<Found>, LookupError> {
    let mut url = below(&api.base, &["rest", "api", &version.to_string(), "issue", key]);
    url.query_pairs_mut().append_pair("fields", "summary,status,assignee");
    let Some(issue): Option<Issue> = lookup::ask_for(api.get(client, url)).await? else { return Ok(None) };
    // What was asked for is looked at again. An issue that was moved has another key, and is another ticket.
    if !issue.key.eq_ignore_ascii_case(key) {
        return Err(LookupError::new("nonsense", "answers with another ticket than the one asked for".to_owned()));
    }
    Ok(Some(issue.fields.found()))
}

/// Whose key ours is.
pub(super) async fn check(client: &Client, (api, version): (&Api, u8)) -> Result<String, LookupError> {
    let url = below(&api.base, &["rest", "api", &version.to_string(), "myself"]);
    let user: User = lookup::ask(api.get(client, url)).await?;
    let name = user.display_name.or(user.name).unwrap_or_default();
    Ok(format!("answers; asked as {}", super::line(&name, super::LONGEST_WORD)))
}

impl Fields {
    fn found(self) -> Found {
        let Status { name: status, status_category } = self.status;
        let open = status_category.key != DONE;
        Found { title: self.summary.unwrap_or_default(), status, open, whose: self.assignee.map(User::whose) }
    }
}

impl User {
    fn whose(self) -> Whose {
        let id = self.account_id.or(self.name);
        let name = self.display_name.or_else(|| id.clone()).unwrap_or_default();
        Whose::User { id, name, email: self.email_address }
    }
}
