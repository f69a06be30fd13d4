//! ServiceNow. Source: ServiceNow REST API reference, "Table API", retrieve multiple records.

use reqwest::Client;
use serde::Deserialize;

use super::{Api, Found, Whose};
use crate::lookup::{self, LookupError, below};

/// The table that is asked where the configuration names none.
pub(super) const TABLE: &str = "incident";

/// The states of an incident that is over: resolved, closed, cancelled. Source: ServiceNow, "Incident state".
pub(super) fn closed_states() -> Vec<String> {
    ["6", "7", "8"].map(str::to_owned).into()
}

/// The fields that are asked for; those with a dot are of the user it is assigned to.
const FIELDS: &str = "number,short_description,state,assigned_to,assigned_to.email,assigned_to.user_name";

#[derive(Deserialize)]
struct Answer<T> {
    result: Vec<T>,
}

#[derive(Deserialize)]
struct Record {
    number: Both,
    short_description: Option<Both>,
    state: Both,
    assigned_to: Option<Both>,
    #[serde(rename = "assigned_to.email")]
    email: Option<Both>,
    #[serde(rename = "assigned_to.user_name")]
    user_name: Option<Both>,
}

#[derive(Deserialize)]
struct Anything {}

/// `sysparm_display_value=all`: what it is, and how people read it. A field that is empty has empty texts.
#[derive(Deserialize)]
struct Both {
    value: Option<String>,
    display_value: Option<String>,
}

/// A record by its number.
pub(super) async fn look(
    client: &Client,
    (api, table, closed): (&Api, &str, &[String]),
    number: &str,
) -> Result<Option<Found>, LookupError> {
    let mut url = below(&api.base, &["api", "now", "table", table]);
    // The number is letters, digits, - _ and . only (`jit_core::ticket::is_id`): it cannot end its clause of the query with a `^`.
    url.query_pairs_mut()
        .append_pair("sysparm_query", &format!("number={number}"))
        .append_pair("sysparm_fields", FIELDS)
        .append_pair("sysparm_display_value", "all")
        .append_pair("sysparm_exclude_reference_link", "true")
        .append_pair("sysparm_limit", "1");
    let answer: Option<Answer<Record>> = lookup::ask_for(api.get(client, url)).await?;
    let Some(record) = answer.and_then(|answer| answer.result.into_iter().next()) else { return Ok(None) };
    // What was asked for is looked at again: with a query that it does not understand ServiceNow answers with any record.
    if !record.number.is(number) {
        return Err(LookupError::new("nonsense", "answers with another ticket than the one asked for".to_owned()));
    }
    Ok(Some(record.found(closed)))
}

/// Whether the table can be read.
pub(super) async fn check(client: &Client, (api, table): (&Api, &str)) -> Result<String, LookupError> {
    let mut url = below(&api.base, &["api", "now", "table", table]);
    url.query_pairs_mut().append_pair("sysparm_fields", "number").append_pair("sysparm_limit", "1");
    let _: Answer<Anything> = lookup::ask(api.get(client, url)).await?;
    Ok(format!("answers; the table {table} can be read"))
}

impl Record {
    fn found(self, closed: &[String]) -> Found {
        let open = !closed.iter().any(|state| self.state.is(state) || self.state.display_value.as_ref() == Some(state));
        let whose = self.assigned_to.and_then(Both::shown).map(|name| Whose::User {
            id: self.user_name.and_then(Both::text),
            name,
            email: self.email.and_then(Both::text),
        });
        let title = self.short_description.and_then(Both::text).unwrap_or_default();
        Found { title, status: self.state.shown().unwrap_or_default(), open, whose }
    }
}

impl Both {
    fn is(&self, value: &str) -> bool {
        self.value.as_deref() == Some(value)
    }

    fn text(self) -> Option<String> {
        self.value.filter(|text| !text.is_empty())
    }

    fn shown(self) -> Option<String> {
        let Self { value, display_value } = self;
        display_value.filter(|text| !text.is_empty()).or(value.filter(|text| !text.is_empty()))
    }
}
