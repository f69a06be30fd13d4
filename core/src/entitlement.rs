//! What a target can hold for an account, and what it says that it holds.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AccessId, AccountName, ConnectorName};

/// The connector's own keys that name what a role gives there, for example `{ role = "app_admin" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(pub BTreeMap<String, serde_json::Value>);

impl Target {
    /// The text value under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(serde_json::Value::as_str)
    }
}

/// One thing one account can hold: the unit of reconciliation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// Which configured connector.
    pub connector: ConnectorName,
    /// The account in that system.
    pub account: AccountName,
    /// What is given.
    pub target: Target,
    /// Set for things made once per access (certificates, temporary accounts), which do not compose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<AccessId>,
}

/// The entitlement's canonical key: equal entitlements have equal keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntitlementKey(pub String);

impl fmt::Display for EntitlementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Entitlement {
    /// `connector/account/{"role":"app_admin"}` and `#access` for instances; the first two are JSON strings when odd.
    pub fn key(&self) -> EntitlementKey {
        let target: serde_json::Value = self.target.0.clone().into_iter().collect();
        let mut key = format!("{}/{}/{target}", quoted(self.connector.as_str()), quoted(self.account.as_str()));
        if let Some(access) = self.instance {
            key.push_str(&format!("#{access}"));
        }
        EntitlementKey(key)
    }
}

/// Names with a `/`, `"` or blank are quoted, so that no two entitlements share a key.
fn quoted(name: &str) -> String {
    if name.contains(['/', '"', '#']) || name.contains(char::is_whitespace) {
        serde_json::Value::from(name).to_string()
    } else {
        name.to_owned()
    }
}

/// What a connector declares that it can do; one conformance kit proves each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The target ends the access by itself at the time given with the grant (the second lease).
    pub native_expiry: bool,
    /// Open sessions can be ended.
    pub ends_sessions: bool,
    /// Overlapping grants are one thing at the target; `false`: each access has an instance of its own.
    pub composes: bool,
    /// `holders` lists everybody who holds a target, whoever gave it.
    pub lists_holders: bool,
    /// A person can hold it without us, so that standing access must be told from ours.
    pub standing_possible: bool,
    /// Each access has an account of its own, made with it and removed with it, and the holder reveals what they sign in with.
    pub makes_accounts: bool,
}

/// What the holder gets to use the access with. Never a secret: certificates and instructions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// How to use it, one or two sentences of plain text.
    pub how: String,
    /// The public material itself, for example a signed certificate, shown as preformatted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// There is a secret beside it, which the holder reveals.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reveals: bool,
}

/// What `inspect` found at the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// The account does not hold it.
    Gone,
    /// It holds it.
    Held {
        /// When the target itself will end it, where it can.
        native_until: Option<DateTime<Utc>>,
        /// What the holder needs; the same after a restart.
        handover: Option<Handover>,
    },
}

/// What the account held before our first grant, recorded in the write-ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// Nothing: what is there now is ours.
    Absent,
    /// It was held already: standing access, which we never take.
    Standing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_never_share_a_key() {
        let entitlement = |connector: &str, account: &str| Entitlement {
            connector: connector.into(),
            account: account.into(),
            target: Target::default(),
            instance: None,
        };
        assert_eq!(entitlement("db", "alice").key().0, "db/alice/{}");
        assert_ne!(entitlement("a/b", "c").key(), entitlement("a", "b/c").key());
        assert_ne!(entitlement("a", "b/{}").key(), entitlement("a", "b").key());
    }
}
