//! A login for each access, made with it and removed with it, in place of a membership of the person's own account: for vendors and
//! contractors who have none. The workers call it through the contract.
//!
//! `VALID UNTIL` is the second lease: a password is the only way in that is given, and PostgreSQL refuses it from then on. There is none
//! until the holder reveals one. A login of the same name that we did not make, by its comment, is never touched.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, Handover, Holding, Target};
use jit_core::id::AccountName;
use secrecy::SecretString;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::connect::{Failure, Link, Session};
use super::{Config, LOOKUP, check_target, end_sessions, role, wire};
use crate::contract::{Attempt, Connector, ConnectorError, Credentials, Ended, Granted, Holder};

/// Sessions of one login at a time.
const CONNECTIONS: u32 = 10;

/// Letters of a password, none of which is taken for another.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679";

/// Letters in a password: 49 of them 24 times are more than 128 bits.
const LENGTH: usize = 24;

/// The connector.
pub struct Ephemeral {
    link: Link,
}

impl Ephemeral {
    /// Checks the configuration; connects at the first call.
    pub fn new(config: &Config) -> Result<Self, String> {
        Ok(Self { link: Link::new(config)? })
    }

    fn handover(&self, account: &str) -> Handover {
        let address = self.link.address();
        let how = format!("Reveal a password, then: {}", address.psql(account));
        Handover { how, text: None, reveals: true }
    }
}

/// A login as it is there.
struct Login {
    /// We made it, for this access.
    ours: bool,
    enabled: bool,
    until: Option<DateTime<Utc>>,
    /// A password would be taken now.
    valid: bool,
}

/// The login of an entitlement, and the comment by which we know it as ours.
struct Wanted {
    role: String,
    account: String,
    comment: String,
}

impl Wanted {
    fn of(e: &Entitlement) -> Result<Self, ConnectorError> {
        let role = role(&e.target).map_err(ConnectorError::permanent)?.to_owned();
        let account = wire::name(e.account.as_str()).map_err(ConnectorError::permanent)?.to_owned();
        let access = e.instance.ok_or_else(|| ConnectorError::permanent("a login is made for one access"))?;
        Ok(Self { role, account, comment: format!("made by jit for access {access}") })
    }

    fn quoted(&self) -> String {
        wire::quote(&self.account)
    }

    async fn find(&self, session: &Session) -> Result<Option<Login>, Error> {
        let sql = "SELECT coalesce(shobj_description(oid, 'pg_authid'), ''), rolcanlogin, \
             CASE WHEN isfinite(rolvaliduntil) THEN extract(epoch FROM rolvaliduntil)::bigint END, \
             coalesce(rolvaliduntil > now(), false) FROM pg_roles WHERE rolname = $1";
        let row = session.client.query_typed(sql, &[(&self.account, Type::TEXT)]).await?.into_iter().next();
        row.map(|row| {
            let (comment, until): (String, Option<i64>) = (row.try_get(0)?, row.try_get(2)?);
            let until = until.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            Ok(Login { ours: comment == self.comment, enabled: row.try_get(1)?, until, valid: row.try_get(3)? })
        })
        .transpose()
    }

    /// Makes it, or enables it again, a member of the role; `false` when there is a login of that name that is not ours.
    async fn give(&self, session: &Session, until: DateTime<Utc>, left: Duration) -> Result<bool, Error> {
        let (account, until) = (self.quoted(), until.to_rfc3339());
        let login = match self.find(session).await? {
            Some(login) if !login.ours => return Ok(false),
            Some(_) => format!("ALTER ROLE {account} LOGIN VALID UNTIL '{until}'"),
            None => format!(
                "CREATE ROLE {account} LOGIN INHERIT CONNECTION LIMIT {CONNECTIONS} VALID UNTIL '{until}'; \
                 COMMENT ON ROLE {account} IS '{}'",
                self.comment
            ),
        };
        let parties = wire::parties(session, &self.account).await?;
        let grant = wire::grant(session.version, &parties, &self.role, &self.account);
        session.client.batch_execute(&wire::within(left, &format!("{login}; {grant}"))).await?;
        Ok(true)
    }

    /// Nobody signs in with it any more, whatever becomes of the rest.
    async fn disable(&self, session: &Session, left: Duration) -> Result<bool, Error> {
        if !self.find(session).await?.is_some_and(|login| login.ours) {
            return Ok(false);
        }
        let sql = format!("ALTER ROLE {} NOLOGIN PASSWORD NULL VALID UNTIL '-infinity'", self.quoted());
        session.client.batch_execute(&wire::within(left, &sql)).await?;
        Ok(true)
    }

    /// Removes it once it is disabled; what it owns becomes the role's. Told is what keeps it, in PostgreSQL's words.
    async fn remove(&self, session: &Session, left: Duration) -> Result<Option<String>, Error> {
        if !self.find(session).await?.is_some_and(|login| login.ours && !login.enabled) {
            return Ok(None);
        }
        let drop = format!("DROP ROLE {}", self.quoted());
        if kept(session.client.batch_execute(&wire::within(left, &drop)).await)?.is_none() {
            return Ok(None);
        }
        let (account, role) = (self.quoted(), wire::quote(&self.role));
        let parties = wire::parties(session, &self.account).await?;
        let hand_over = format!("REASSIGN OWNED BY {account} TO {role}; DROP OWNED BY {account}");
        // Whoever hands over what one role owns to another has the rights of both: for the length of this transaction.
        let sql = match (session.version < 16, parties.superuser) {
            (_, true) => format!("{hand_over}; {drop}"),
            (true, false) => format!("GRANT {account} TO CURRENT_USER; {hand_over}; {drop}"),
            (false, false) => format!(
                "GRANT {account}, {role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER; {hand_over}; \
                 REVOKE {account}, {role} FROM CURRENT_USER GRANTED BY CURRENT_USER; {drop}"
            ),
        };
        kept(session.client.batch_execute(&wire::within(left, &sql)).await)
    }
}

/// What still depends on a role that was to be dropped.
fn kept(dropped: Result<(), Error>) -> Result<Option<String>, Error> {
    match dropped {
        Ok(()) => Ok(None),
        Err(error) if error.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
            let detail = error.as_db_error().and_then(|db| db.detail()).unwrap_or_default();
            Ok(Some(detail.replace('\n', ", ")))
        }
        // Another owner was faster.
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A new password, and what the server keeps of it.
fn password() -> (SecretString, String) {
    let letter = |_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]);
    let password: String = (0..LENGTH).map(letter).collect();
    let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
    (password.into(), verifier)
}

#[async_trait]
impl Connector for Ephemeral {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_expiry: true,
            ends_sessions: true,
            composes: false,
            lists_holders: true,
            standing_possible: false,
            makes_accounts: true,
        }
    }

    async fn grant(&self, e: &Entitlement, until: DateTime<Utc>, a: &Attempt) -> Result<Granted, ConnectorError> {
        let (wanted, until) = (std::sync::Arc::new(Wanted::of(e)?), until.trunc_subsecs(0));
        let what = format!("making the login {}", wanted.account);
        let made = self
            .link
            .run(&what, a.remaining()?, |session, left| {
                let wanted = wanted.clone();
                async move { wanted.give(&session, until, left).await }
            })
            .await?;
        if !made {
            return Err(ConnectorError::permanent(format!(
                "{what}: there is one of that name that jit did not make. Rename or drop it, and ask again."
            )));
        }
        Ok(Granted { native_until: Some(until), handover: Some(self.handover(&wanted.account)) })
    }

    async fn revoke(&self, e: &Entitlement, a: &Attempt) -> Result<(), ConnectorError> {
        let wanted = std::sync::Arc::new(Wanted::of(e)?);
        let what = format!("disabling the login {}", wanted.account);
        let disabled = self
            .link
            .run(&what, a.remaining()?, |session, left| {
                let wanted = wanted.clone();
                async move { wanted.disable(&session, left).await }
            })
            .await?;
        if !disabled {
            return Ok(());
        }
        let what = format!("REVOKE {} FROM {}", wanted.role, wanted.account);
        let revoked = self
            .link
            .run(&what, a.remaining()?, |session, left| {
                let wanted = wanted.clone();
                async move { wire::revoke(&session, &wanted.role, &wanted.account, left).await }
            })
            .await;
        match revoked {
            // What is left is somebody else's grant to it, and goes when the login is removed.
            Ok(_) | Err(Failure::Missing(_)) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn end_sessions(&self, e: &Entitlement, a: &Attempt) -> Result<Ended, ConnectorError> {
        let wanted = std::sync::Arc::new(Wanted::of(e)?);
        let ended = end_sessions(&self.link, &wanted.account, a).await?;
        let what = format!("removing the login {}", wanted.account);
        let kept = self
            .link
            .run(&what, a.remaining()?, |session, left| {
                let wanted = wanted.clone();
                async move { wanted.remove(&session, left).await }
            })
            .await?;
        match kept {
            None => Ok(ended),
            Some(kept) => {
                let (account, role) = (wanted.quoted(), wire::quote(&wanted.role));
                Err(ConnectorError::permanent(format!(
                    "{what}: it is disabled and its sessions have ended, and it still owns something ({kept}). In each database that is \
                     named there: REASSIGN OWNED BY {account} TO {role}; DROP OWNED BY {account};"
                )))
            }
        }
    }

    async fn inspect(&self, e: &Entitlement) -> Result<Holding, ConnectorError> {
        let wanted = std::sync::Arc::new(Wanted::of(e)?);
        let what = format!("reading the login {}", wanted.account);
        let found = self
            .link
            .run(&what, LOOKUP, |session, _| {
                let wanted = wanted.clone();
                async move {
                    let login = wanted.find(&session).await?.filter(|login| login.ours);
                    let member = !wire::ways(&session, &wanted.role, &wanted.account).await?.is_empty();
                    let held = login.filter(|login| login.enabled || member);
                    // Where half of it is missing it has no end that anybody asked for, so it is given once more.
                    Ok(held.map(|login| login.until.filter(|_| login.enabled && member)))
                }
            })
            .await?;
        Ok(match found {
            None => Holding::Gone,
            Some(native_until) => Holding::Held { native_until, handover: Some(self.handover(&wanted.account)) },
        })
    }

    async fn holders(&self, target: &Target) -> Result<Vec<Holder>, ConnectorError> {
        let role = role(target).map_err(ConnectorError::permanent)?.to_owned();
        let what = format!("reading the members of {role}");
        let members = self
            .link
            .run(&what, LOOKUP, |session, _| {
                let role = role.clone();
                async move {
                    let members = wire::members(&session, &role).await?;
                    let sql = "SELECT rolname::text, CASE WHEN isfinite(rolvaliduntil) THEN \
                         extract(epoch FROM rolvaliduntil)::bigint END FROM pg_roles WHERE rolname = ANY($1) ORDER BY 1";
                    let rows = session.client.query_typed(sql, &[(&members, Type::TEXT_ARRAY)]).await?;
                    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<Vec<_>, Error>>()
                }
            })
            .await?;
        let holder = |(account, until): (String, Option<i64>)| Holder {
            account: AccountName::new(account),
            until: until.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        };
        Ok(members.into_iter().map(holder).collect())
    }

    async fn reveal(&self, e: &Entitlement, a: &Attempt) -> Result<Credentials, ConnectorError> {
        let wanted = std::sync::Arc::new(Wanted::of(e)?);
        let what = format!("setting a password for {}", wanted.account);
        let (secret, verifier) = password();
        let sql = format!("ALTER ROLE {} PASSWORD '{verifier}'", wanted.quoted());
        let set = self
            .link
            .run(&what, a.remaining()?, |session, left| {
                let (wanted, sql) = (wanted.clone(), sql.clone());
                async move {
                    if !wanted.find(&session).await?.is_some_and(|login| login.ours && login.enabled && login.valid) {
                        return Ok(false);
                    }
                    session.client.batch_execute(&wire::within(left, &sql)).await.map(|()| true)
                }
            })
            .await?;
        if !set {
            return Err(ConnectorError::permanent(format!("{what}: the login is not enabled there any more")));
        }
        let address = self.link.address();
        let account = wanted.account.as_str();
        Ok(Credentials { facts: address.facts(account), how: address.psql(account), secret })
    }

    fn check_target(&self, target: &Target) -> Result<(), String> {
        check_target(target)
    }

    async fn probe(&self) -> Result<(), ConnectorError> {
        let rights = self
            .link
            .run("reading our rights", LOOKUP, |session, _| async move { wire::rights(&session).await })
            .await?;
        rights.check()?;
        rights.check_creates()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn passwords_are_new_each_time_and_only_their_verifier_is_sent() {
        let (one, verifier) = password();
        let (two, _) = password();
        assert_eq!(one.expose_secret().len(), LENGTH);
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(verifier.starts_with("SCRAM-SHA-256$") && !verifier.contains(one.expose_secret()));
        assert!(!verifier.contains('\''));
    }
}
