//! PostgreSQL: an account is made a member of a role, and taken out of it. The workers call it through the contract.
//!
//! PostgreSQL has no expiry of a membership, so there is no second lease here. A session that is in `SET ROLE` keeps the role after
//! the revoke: ending the account's sessions is what makes the end real. Only what we gave is taken; what somebody else gave meanwhile
//! is told, with the statement that takes it.

mod connect;
mod ephemeral;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, Handover, Holding, Target};
use secrecy::SecretString;
use serde::Deserialize;

pub use ephemeral::Ephemeral;

use crate::contract::{Attempt, Connector, ConnectorError, Ended, Granted, Holder};
use crate::target;

/// `[connectors.NAME]` with `kind = "postgres"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `postgres://user:password@host:port/database`. Other hosts than this machine are reached over TLS only, unless the URL says
    /// `sslmode=disable`; the certificate is always verified.
    #[serde(deserialize_with = "crate::secret::read")]
    pub url: SecretString,
    /// Certificates (PEM) that the server's is verified against, instead of the machine's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Whose accounts are made members of roles.
    #[serde(default)]
    pub accounts: Accounts,
}

/// Whose accounts a connector gives roles to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accounts {
    /// People's own, as the directory names them.
    #[default]
    Own,
    /// A login of its own for each access.
    Ephemeral,
}

/// How long a look-up may take that carries no deadline of its own.
const LOOKUP: Duration = Duration::from_secs(10);

/// The connector.
pub struct Postgres {
    link: connect::Link,
}

impl Postgres {
    /// Checks the configuration; connects at the first call.
    pub fn new(config: &Config) -> Result<Self, String> {
        Ok(Self { link: connect::Link::new(config)? })
    }
}

#[async_trait]
impl Connector for Postgres {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_expiry: false,
            ends_sessions: true,
            composes: true,
            lists_holders: true,
            standing_possible: true,
            makes_accounts: false,
        }
    }

    async fn grant(&self, e: &Entitlement, _until: DateTime<Utc>, a: &Attempt) -> Result<Granted, ConnectorError> {
        let role = role(&e.target).map_err(ConnectorError::permanent)?;
        let account = wire::name(e.account.as_str()).map_err(ConnectorError::permanent)?;
        let what = format!("GRANT {role} TO {account}");
        let within_reach = self
            .link
            .run(&what, a.remaining()?, |session, left| {
                let (role, account) = (role.to_owned(), account.to_owned());
                async move {
                    let parties = wire::parties(&session, &account).await?;
                    if parties.out_of_reach {
                        return Ok(false);
                    }
                    let sql = wire::grant(session.version, &parties, &role, &account);
                    session.client.batch_execute(&wire::within(left, &sql)).await.map(|()| true)
                }
            })
            .await?;
        if !within_reach {
            return Err(ConnectorError::permanent(format!(
                "{what}: {account} is a superuser, who holds every role already and whose sessions only a superuser can end. \
                 Name an account of theirs that is none."
            )));
        }
        Ok(Granted { native_until: None, handover: Some(handover(role, true)) })
    }

    async fn revoke(&self, e: &Entitlement, a: &Attempt) -> Result<(), ConnectorError> {
        let role = role(&e.target).map_err(ConnectorError::permanent)?;
        let account = wire::name(e.account.as_str()).map_err(ConnectorError::permanent)?;
        let what = format!("REVOKE {role} FROM {account}");
        let revoked = self
            .link
            .run(&what, a.remaining()?, |session, left| {
                let (role, account) = (role.to_owned(), account.to_owned());
                async move { wire::revoke(&session, &role, &account, left).await }
            })
            .await;
        let remaining = match revoked {
            Err(connect::Failure::Missing(_)) => return Ok(()),
            other => other?,
        };
        if remaining.is_empty() {
            return Ok(());
        }
        Err(ConnectorError::permanent(format!(
            "{what}: what we gave is taken, and {account} still holds the role by what somebody else granted meanwhile. \
             Take that as well: {};",
            remaining.join("; ")
        )))
    }

    async fn end_sessions(&self, e: &Entitlement, a: &Attempt) -> Result<Ended, ConnectorError> {
        let account = wire::name(e.account.as_str()).map_err(ConnectorError::permanent)?;
        end_sessions(&self.link, account, a).await
    }

    async fn inspect(&self, e: &Entitlement) -> Result<Holding, ConnectorError> {
        let role = role(&e.target).map_err(ConnectorError::permanent)?;
        let account = wire::name(e.account.as_str()).map_err(ConnectorError::permanent)?;
        let what = format!("reading whether {account} is a member of {role}");
        let mut ways = self
            .link
            .run(&what, LOOKUP, |session, _| {
                let (role, account) = (role.to_owned(), account.to_owned());
                async move { wire::ways(&session, &role, &account).await }
            })
            .await?;
        ways.retain(|way| way.counts(role));
        if ways.is_empty() {
            return Ok(Holding::Gone);
        }
        let set = ways.iter().any(|way| way.set);
        Ok(Holding::Held { native_until: None, handover: Some(handover(role, set)) })
    }

    async fn holders(&self, target: &Target) -> Result<Vec<Holder>, ConnectorError> {
        let role = role(target).map_err(ConnectorError::permanent)?;
        let what = format!("reading the members of {role}");
        let members = self
            .link
            .run(&what, LOOKUP, |session, _| {
                let role = role.to_owned();
                async move { wire::members(&session, &role).await }
            })
            .await?;
        Ok(members.into_iter().map(|name| Holder { account: name.as_str().into(), until: None }).collect())
    }

    fn check_target(&self, target: &Target) -> Result<(), String> {
        check_target(target)
    }

    async fn probe(&self) -> Result<(), ConnectorError> {
        let rights = self
            .link
            .run("reading our rights", LOOKUP, |session, _| async move { wire::rights(&session).await })
            .await?;
        rights.check()
    }
}

/// Whether a role's target is one that this connector understands.
fn check_target(target: &Target) -> Result<(), String> {
    target::only_keys(target, &["role"])?;
    role(target).map(drop)
}

/// Ends every session of an account, and waits until they have ended.
async fn end_sessions(link: &connect::Link, account: &str, a: &Attempt) -> Result<Ended, ConnectorError> {
    let what = format!("ending the sessions of {account}");
    let until = tokio::time::Instant::now() + a.remaining()?;
    let pids = link
        .run(&what, a.remaining()?, |session, _| {
            let account = account.to_owned();
            async move { wire::terminate(&session, &account).await }
        })
        .await?;
    let mut pause = Duration::from_millis(2);
    while !pids.is_empty() {
        let left = link
            .run(&what, a.remaining()?, |session, _| {
                let (account, pids) = (account.to_owned(), pids.clone());
                async move { wire::count(&session, &account, &pids).await }
            })
            .await?;
        if left == 0 {
            break;
        }
        if tokio::time::Instant::now() + pause > until {
            return Err(ConnectorError::retry(format!("{what}: {left} of {} still run", pids.len())));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
    Ok(Ended { sessions: u32::try_from(pids.len()).unwrap_or(u32::MAX) })
}

/// The role of a target.
fn role(target: &Target) -> Result<&str, String> {
    let role = wire::name(target::text(target, "role")?)?;
    if ["public", "none"].contains(&role) {
        return Err(format!("`{role}` is a word that PostgreSQL keeps for itself, not a role"));
    }
    Ok(role)
}

/// How the holder uses it; `set`: `SET ROLE` is allowed, as with all that we give.
fn handover(role: &str, set: bool) -> Handover {
    let quoted = wire::quote(role);
    let how = if set {
        format!("Connect as usual, then: SET ROLE {quoted};")
    } else {
        format!("Connect as usual: the rights of {quoted} are yours without SET ROLE.")
    };
    Handover { how, text: None, reveals: false }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn connector(url: &str) -> Result<Postgres, String> {
        Postgres::new(&Config { url: url.to_owned().into(), ca_file: None, accounts: Accounts::Own })
    }

    #[tokio::test]
    async fn targets_are_checked() {
        let postgres = connector("postgres://bot@127.0.0.1/db").unwrap();
        let check = |value| postgres.check_target(&serde_json::from_value(value).unwrap());
        assert_eq!(check(json!({ "role": "app_admin" })), Ok(()));
        assert_eq!(check(json!({ "role": "Odd \"name\"; --" })), Ok(()));
        for bad in [
            json!({}),
            json!({ "role": "" }),
            json!({ "role": "public" }),
            json!({ "role": 7 }),
            json!({ "role": "a\u{0}b" }),
            json!({ "role": "x".repeat(64) }),
            json!({ "role": "a", "database": "b" }),
        ] {
            assert!(check(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn bad_urls_are_told_without_their_text() {
        for bad in
            ["", "postgres://", "hunter2", "postgres://u:hunter2@host:port/db", "postgres://u:hunter2@h/db?sslmod=x"]
        {
            let error = connector(bad).err().unwrap();
            assert!(error.contains("url") && !error.contains("hunter2"), "{bad}: {error}");
        }
    }
}
