//! `[tickets.NAME]`: where tickets are looked up. Read with the rest of the configuration; asks nobody.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jit_core::id::PersonId;
use jit_core::span::Span;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::oncall::{REFRESH_AT_LEAST, is_safe};

/// One source of tickets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tickets {
    /// Left out: the name is the kind.
    pub kind: Option<TicketsKind>,
    /// Which ids are its own, such as `OPS-*`.
    pub pattern: OneOrMany,
    /// The base of a provider's API.
    pub api_url: Option<Url>,
    /// The provider's key, sent as a bearer; with `user` a password or key of that user.
    pub token: Option<SecretString>,
    /// Whose key it is, where the provider wants to know.
    pub user: Option<String>,
    /// For `jira`: 3, or 2 with Data Center.
    pub api_version: Option<u8>,
    /// For `servicenow`: the table.
    pub table: Option<String>,
    /// For `servicenow`: the values of `state` that mean closed.
    pub closed_states: Option<Vec<String>>,
    /// For `file`: the tickets.
    pub path: Option<PathBuf>,
    /// How often it is asked after the tickets with which live accesses end.
    #[serde(default = "refresh")]
    pub refresh: Span,
    /// The provider's user id to the person, for those whose address there is another or is not shown.
    #[serde(default)]
    pub user_ids: BTreeMap<String, PersonId>,
}

/// Whose tickets they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketsKind {
    /// Jira, REST API: Cloud or Data Center.
    Jira,
    /// ServiceNow, Table API.
    Servicenow,
    /// A file of ours.
    File,
}

/// A text, or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
pub enum OneOrMany {
    /// The usual case.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

fn refresh() -> Span {
    Span::seconds(60)
}

impl Tickets {
    /// The kind, by name where it is not given.
    pub fn kind(&self, name: &str) -> Option<TicketsKind> {
        self.kind.or(match name {
            "jira" => Some(TicketsKind::Jira),
            "servicenow" => Some(TicketsKind::Servicenow),
            "file" => Some(TicketsKind::File),
            _ => None,
        })
    }

    /// What is wrong: the key, and a sentence.
    pub(super) fn fault(&self, name: &str) -> Option<(&'static str, String)> {
        let table = format!("tickets.{name}");
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            return Some(("", format!("[{table}]: a source's name has letters, digits, - and _")));
        }
        let Some(kind) = self.kind(name) else {
            return Some(("", format!("{table}.kind is missing; it is \"jira\", \"servicenow\" or \"file\"")));
        };
        let patterns = self.pattern.all();
        if patterns.is_empty() || !patterns.iter().all(|pattern| is_pattern(pattern)) {
            let what = format!(
                "{table}.pattern says how its ids are written, such as \"OPS-*\": letters, digits, - _ . and *"
            );
            return Some(("pattern", what));
        }
        if let Some((key, whose)) = self.out_of_place(kind) {
            return Some((key, format!("{table}.{key} is {whose}")));
        }
        if self.refresh < REFRESH_AT_LEAST {
            return Some(("refresh", format!("{table}.refresh is at least {REFRESH_AT_LEAST}")));
        }
        if kind == TicketsKind::File {
            let what = format!("{table}.path is missing; it names the file of the tickets");
            return self.path.is_none().then_some(("", what));
        }
        self.unusable(&table)
    }

    /// A key of another kind.
    fn out_of_place(&self, kind: TicketsKind) -> Option<(&'static str, &'static str)> {
        let file = kind == TicketsKind::File;
        let provider_s = "a provider's";
        [
            ("path", !file && self.path.is_some(), "a file's"),
            ("api_url", file && self.api_url.is_some(), provider_s),
            ("token", file && self.token.is_some(), provider_s),
            ("user", file && self.user.is_some(), provider_s),
            ("user_ids", file && !self.user_ids.is_empty(), "a provider's; the file names people"),
            ("api_version", kind != TicketsKind::Jira && self.api_version.is_some(), "Jira's"),
            ("table", kind != TicketsKind::Servicenow && self.table.is_some(), "ServiceNow's"),
            ("closed_states", kind != TicketsKind::Servicenow && self.closed_states.is_some(), "ServiceNow's"),
        ]
        .into_iter()
        .find_map(|(key, wrong, whose)| wrong.then_some((key, whose)))
    }

    /// What keeps a provider from being asked.
    fn unusable(&self, table: &str) -> Option<(&'static str, String)> {
        let Some(api) = &self.api_url else {
            return Some(("", format!("{table}.api_url is missing, such as \"https://acme.atlassian.net\"")));
        };
        if !is_safe(api) {
            let what = "must be https (or on this machine): whoever answers says what may be given";
            return Some(("api_url", format!("{table}.api_url {what}")));
        }
        let token = self.token.as_ref();
        if token.is_none_or(|token| token.expose_secret().trim().is_empty()) {
            let key = if token.is_some() { "token" } else { "" };
            return Some((key, format!("{table}.token is missing or empty; make a read-only key there")));
        }
        if self.user.as_ref().is_some_and(|user| user.is_empty() || user.contains([':', '\n'])) {
            return Some(("user", format!("{table}.user is a user's name or address")));
        }
        if self.api_version.is_some_and(|version| !(2..=3).contains(&version)) {
            return Some(("api_version", format!("{table}.api_version is 3, or 2 with Data Center")));
        }
        if self.table.as_ref().is_some_and(|name| !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')) {
            return Some(("table", format!("{table}.table is the name of a table, such as \"incident\"")));
        }
        None
    }
}

fn is_pattern(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.*".contains(&b))
}
