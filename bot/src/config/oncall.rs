//! `[oncall.NAME]`: where on-call rotations come from. Read with the rest of the configuration; asks nobody.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jit_core::id::PersonId;
use jit_core::span::Span;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Host, Url};

/// One source of rotations; the policy names its rotations `oncall:NAME/schedule`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oncall {
    /// Left out: the name is the kind.
    pub kind: Option<OncallKind>,
    /// Another base than the provider's own.
    pub api_url: Option<Url>,
    /// The provider's key for its API.
    pub token: Option<SecretString>,
    /// For `file`: the rotations.
    pub path: Option<PathBuf>,
    /// How old an answer may be; after that nobody is on call.
    #[serde(default = "max_age")]
    pub max_age: Span,
    /// How often the provider is asked.
    #[serde(default = "refresh")]
    pub refresh: Span,
    /// The provider's user id (or, with Opsgenie, user name) to the person, for those whose address there is another.
    #[serde(default)]
    pub oncall_ids: BTreeMap<String, PersonId>,
    /// How incidents' own channels are called, such as `inc-{number}`.
    pub incident_channel: Option<String>,
}

/// Whose schedules they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OncallKind {
    /// PagerDuty, REST API v2.
    Pagerduty,
    /// Opsgenie, REST API v2.
    Opsgenie,
    /// A file of ours.
    File,
}

fn max_age() -> Span {
    Span::minutes(10)
}

fn refresh() -> Span {
    Span::seconds(60)
}

/// Asked more often than that, providers refuse. Source: PagerDuty, "REST API rate limits": 960 a minute for everything of an account.
pub(super) const REFRESH_AT_LEAST: Span = Span::seconds(10);

/// Somebody who left the rotation that long ago may still be approved by it.
const MAX_AGE_AT_MOST: Span = Span::hours(1);

impl Oncall {
    /// The kind, by name where it is not given.
    pub fn kind(&self, name: &str) -> Option<OncallKind> {
        self.kind.or(match name {
            "pagerduty" => Some(OncallKind::Pagerduty),
            "opsgenie" => Some(OncallKind::Opsgenie),
            "file" => Some(OncallKind::File),
            _ => None,
        })
    }

    /// What is wrong: the key, and a sentence.
    pub(super) fn fault(&self, name: &str) -> Option<(&'static str, String)> {
        let table = format!("oncall.{name}");
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            return Some(("", format!("[{table}]: a source's name has letters, digits, - and _")));
        }
        let Some(kind) = self.kind(name) else {
            return Some(("", format!("{table}.kind is missing; it is \"pagerduty\", \"opsgenie\" or \"file\"")));
        };
        let file = kind == OncallKind::File;
        let out_of_place = [
            ("path", !file && self.path.is_some(), "a file's"),
            ("api_url", file && self.api_url.is_some(), "a provider's"),
            ("token", file && self.token.is_some(), "a provider's"),
            ("oncall_ids", file && !self.oncall_ids.is_empty(), "a provider's; the file names people"),
        ];
        if let Some((key, _, whose)) = out_of_place.into_iter().find(|(_, wrong, _)| *wrong) {
            return Some((key, format!("{table}.{key} is {whose}")));
        }
        if file && self.path.is_none() {
            return Some(("", format!("{table}.path is missing; it names the file of the rotations")));
        }
        let token = self.token.as_ref();
        if !file && token.is_none_or(|token| token.expose_secret().trim().is_empty()) {
            let key = if token.is_some() { "token" } else { "" };
            return Some((key, format!("{table}.token is missing or empty; make a read-only API key there")));
        }
        if self.api_url.as_ref().is_some_and(|url| !is_safe(url)) {
            let what = "must be https (or on this machine): whoever answers says who is approved at once";
            return Some(("api_url", format!("{table}.api_url {what}")));
        }
        if self.incident_channel.as_ref().is_some_and(|name| !name.contains("{number}")) {
            let what = format!("{table}.incident_channel holds {{number}}, such as \"inc-{{number}}\"");
            return Some(("incident_channel", what));
        }
        if self.refresh < REFRESH_AT_LEAST {
            return Some(("refresh", format!("{table}.refresh is at least {REFRESH_AT_LEAST}")));
        }
        if self.max_age < self.refresh || self.max_age > MAX_AGE_AT_MOST {
            let what = format!("{table}.max_age is between `refresh`, {}, and {MAX_AGE_AT_MOST}", self.refresh);
            return Some(("max_age", what));
        }
        None
    }
}

/// https; plain http on this machine's own loopback only.
pub(super) fn is_safe(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here)
}
