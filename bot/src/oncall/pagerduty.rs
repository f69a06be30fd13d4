//! PagerDuty: who is on call by a schedule. Source: PagerDuty REST API v2, "List all of the on-calls", and "Pagination" (classic).

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{LookupError, Turn, Who, secret_header, wire};

/// The provider's own address.
pub(super) const API: &str = "https://api.pagerduty.com";

/// Entries of a page. Source: PagerDuty, "Pagination": at most 100.
const PAGE: usize = 100;

/// A schedule has a handful of people on call: what has more than this is a mistake, or a loop.
const MAX_PAGES: usize = 20;

/// How far ahead is asked for, so that whoever comes next is on call to the second; the answer is asked for again long before.
const AHEAD: TimeDelta = TimeDelta::minutes(15);

#[derive(Deserialize)]
struct Page {
    oncalls: Vec<Entry>,
    more: bool,
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
    let authorization = secret_header(&format!("Token token={}", token.expose_secret().trim()))?;
    let mut turns = Vec::new();
    let mut offset = 0;
    for _ in 0..MAX_PAGES {
        let request = client
            .get(address(api, schedule, now, offset))
            .header(AUTHORIZATION, authorization.clone())
            .header(ACCEPT, "application/vnd.pagerduty+json;version=2");
        let page: Page = wire::ask(request).await?;
        offset += page.oncalls.len();
        let empty = page.oncalls.is_empty();
        turns.extend(page.oncalls.into_iter().filter(|entry| entry.is_of(schedule)).map(Entry::turn));
        if !page.more {
            return Ok(turns);
        }
        if empty {
            return Err(LookupError::new(
                "nonsense",
                "answers with an empty page, and says that there is more".to_owned(),
            ));
        }
    }
    Err(LookupError::new("nonsense", format!("answers with more than {MAX_PAGES} pages")))
}

fn address(api: &Url, schedule: &str, now: DateTime<Utc>, offset: usize) -> Url {
    let mut url = super::below(api, &["oncalls"]);
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    url.query_pairs_mut()
        .append_pair("schedule_ids[]", schedule)
        .append_pair("include[]", "users")
        .append_pair("since", &instant(now))
        .append_pair("until", &instant(now + AHEAD))
        .append_pair("limit", &PAGE.to_string())
        .append_pair("offset", &offset.to_string());
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
