//! SSH certificates: an authority on this machine signs the person's registered keys for a short time, and puts what ends early on a
//! revocation list. The workers call it through the contract. Hosts trust the authority (`TrustedUserCAKeys`) and read the list
//! (`RevokedKeys`).
//!
//! Each access has certificates of its own, so nothing composes. A certificate ends by itself, whatever becomes of us.

mod authority;
mod ledger;
mod sessions;
mod wire;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, Handover, Holding, Target};
use serde::Deserialize;

use crate::contract::{Attempt, Connector, ConnectorError, Ended, Granted, Holder};
use crate::machine;
use authority::{Authority, Wanted};
use ledger::{Files, Issued, Locked};

/// `[connectors.NAME]` with `kind = "ssh-ca"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The authority's private key, OpenSSH format, without a passphrase, readable by us alone.
    pub ca_key_file: PathBuf,
    /// Makes the key when there is none, with its public part in `….pub`.
    #[serde(default)]
    pub generate: bool,
    /// The revocation list that hosts read as `RevokedKeys`.
    pub krl_file: PathBuf,
    /// Where what was issued is remembered. To be backed up: lost, early revocation is lost until the certificates end by themselves.
    pub state_dir: PathBuf,
    /// Whether sessions can be ended.
    #[serde(default)]
    pub sshd_sessions: SshdSessions,
}

/// Which open sessions can be ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SshdSessions {
    /// None: an open session lives on after the end.
    #[default]
    None,
    /// Those of this machine's sshd, which must have `ExposeAuthInfo yes`.
    Local,
}

/// How long a look-up may take that carries no deadline of its own.
const LOOKUP: Duration = Duration::from_secs(10);

/// How long a session may take to end after being asked, before it is forced.
const GRACE: Duration = Duration::from_millis(500);

/// The connector.
pub struct SshCa {
    inner: Arc<Inner>,
}

struct Inner {
    authority: Authority,
    files: Files,
    sshd_sessions: SshdSessions,
}

impl SshCa {
    /// Reads or makes the key, and prepares the ledger and the list.
    pub fn new(config: &Config) -> Result<Self, String> {
        let authority = Authority::open(&config.ca_key_file, config.generate)?;
        let files = Files { state_dir: config.state_dir.clone(), krl_file: config.krl_file.clone() };
        files.prepare().map_err(|error| format!("`state_dir` or `krl_file`: {error}"))?;
        Ok(Self { inner: Arc::new(Inner { authority, files, sshd_sessions: config.sshd_sessions }) })
    }

    /// The authority's public key, for hosts' `TrustedUserCAKeys`.
    pub fn public_key(&self) -> &str {
        &self.inner.authority.public
    }

    /// Runs blocking work with the files to itself.
    async fn work<T: Send + 'static>(
        &self,
        what: String,
        within: Duration,
        work: impl FnOnce(&Inner, &Locked<'_>) -> Result<T, ConnectorError> + Send + 'static,
    ) -> Result<T, ConnectorError> {
        let inner = Arc::clone(&self.inner);
        let begin = std::time::Instant::now();
        let doing = what.clone();
        let blocking = tokio::task::spawn_blocking(move || {
            let locked = inner.files.lock().map_err(|error| failed(&doing, &error))?;
            if begin.elapsed() >= within {
                return Err(ConnectorError::retry(format!("{doing}: its turn came too late")));
            }
            work(&inner, &locked)
        });
        match tokio::time::timeout(within, blocking).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(ConnectorError::retry(format!("{what}: it broke off"))),
            Err(_) => Err(ConnectorError::retry(format!("{what}: not done in time"))),
        }
    }
}

impl Inner {
    fn grant(
        &self,
        locked: &Locked<'_>,
        e: &Entitlement,
        until: DateTime<Utc>,
        a: &Attempt,
    ) -> Result<Granted, ConnectorError> {
        let what = format!("issuing certificates for {}", e.account);
        let wanted = Wanted::of(&e.target).map_err(ConnectorError::permanent)?;
        if wanted.keys.is_empty() {
            return Err(ConnectorError::permanent(format!(
                "{} has no registered SSH key: add it to the person's `ssh_keys` in the directory",
                e.account
            )));
        }
        let (key, now) = (e.key().0, Utc::now());
        if until <= now {
            return Err(ConnectorError::permanent(format!("{what}: the end {until} has passed")));
        }
        let mut ledger = locked.read().map_err(|error| failed(&what, &error))?;
        let before = ledger.issued.remove(&key);
        let issued = match before {
            // The same again: what was handed out stays as it is.
            Some(issued)
                if issued.until == until && issued.current.iter().all(|c| c.authority == self.authority.public) =>
            {
                locked.refresh(&mut ledger, now).map_err(|error| failed(&what, &error))?;
                return Ok(granted(&issued, &wanted));
            }
            before => {
                let current = self.authority.sign(e, &wanted, until, a.access).map_err(ConnectorError::permanent)?;
                let mut older: Vec<_> =
                    before.into_iter().flat_map(|issued| issued.current.into_iter().chain(issued.older)).collect();
                // What would outlive the new end ends now.
                let outlives: Vec<_> = older.extract_if(.., |certificate| certificate.until > until).collect();
                ledger.refuse(&key, outlives);
                older.retain(|certificate| certificate.until > now);
                Issued { entitlement: e.clone(), access: a.access, until, current, older }
            }
        };
        ledger.issued.insert(key, issued.clone());
        locked.write(&mut ledger, now).map_err(|error| failed(&what, &error))?;
        Ok(granted(&issued, &wanted))
    }

    /// Held while the ledger says so, or while something that was revoked is not yet on the list that hosts read.
    fn inspect(&self, locked: &Locked<'_>, e: &Entitlement) -> Result<Holding, ConnectorError> {
        let what = format!("reading what was issued for {}", e.account);
        let wanted = Wanted::of(&e.target).map_err(ConnectorError::permanent)?;
        let (key, now) = (e.key().0, Utc::now());
        let ledger = locked.read().map_err(|error| failed(&what, &error))?;
        let listed = locked.listed().map_err(|error| failed(&what, &error))?.unwrap_or_default();
        let unlisted = ledger.revoked.iter().filter(|revoked| revoked.key == key).map(|revoked| &revoked.certificate);
        let unlisted = unlisted.filter(|certificate| {
            let on_list = ledger::authority_bytes(&certificate.authority)
                .and_then(|authority| listed.get(&authority))
                .is_some_and(|serials| serials.contains(&certificate.serial));
            !on_list && certificate.until > now
        });
        let unlisted = unlisted.map(|certificate| certificate.until).max();
        Ok(match (ledger.issued.get(&key), unlisted) {
            (Some(issued), unlisted) => Holding::Held {
                native_until: Some(unlisted.unwrap_or(issued.until).max(issued.until)),
                handover: granted(issued, &wanted).handover,
            },
            (None, Some(until)) => Holding::Held { native_until: Some(until), handover: None },
            (None, None) => Holding::Gone,
        })
    }

    fn revoke(&self, locked: &Locked<'_>, e: &Entitlement) -> Result<(), ConnectorError> {
        let what = format!("revoking the certificates of {}", e.account);
        let (key, now) = (e.key().0, Utc::now());
        let mut ledger = locked.read().map_err(|error| failed(&what, &error))?;
        let written = if ledger.issued.contains_key(&key) {
            ledger.revoke(&key);
            locked.write(&mut ledger, now)
        } else {
            locked.refresh(&mut ledger, now)
        };
        written.map_err(|error| failed(&what, &error))
    }

    /// The serials that an entitlement had.
    fn revoked(&self, locked: &Locked<'_>, e: &Entitlement) -> Result<BTreeSet<u64>, ConnectorError> {
        let ledger = locked.read().map_err(|error| failed("reading what was revoked", &error))?;
        let key = e.key().0;
        Ok(ledger
            .revoked
            .iter()
            .filter(|revoked| revoked.key == key)
            .map(|revoked| revoked.certificate.serial)
            .collect())
    }
}

fn granted(issued: &Issued, wanted: &Wanted) -> Granted {
    let account = issued.entitlement.account.as_str();
    let name = wanted.principals.as_ref().and_then(|names| names.first()).map_or(account, String::as_str);
    let how = format!(
        "Save the line that belongs to your key beside it (for ~/.ssh/id_ed25519 as ~/.ssh/id_ed25519-cert.pub), then: ssh {name}@HOST"
    );
    let lines: Vec<_> = issued.current.iter().map(|certificate| certificate.text.as_str()).collect();
    Granted {
        native_until: Some(issued.until),
        handover: Some(Handover { how, text: Some(lines.join("\n")), reveals: false }),
    }
}

fn failed(what: &str, error: &std::io::Error) -> ConnectorError {
    let what = format!("{what}: {error}");
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            ConnectorError::permanent(format!("{what}. Let jit write to `state_dir` and to the folder of `krl_file`."))
        }
        _ => ConnectorError::retry(what),
    }
}

#[async_trait]
impl Connector for SshCa {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_expiry: true,
            ends_sessions: self.inner.sshd_sessions == SshdSessions::Local,
            composes: false,
            lists_holders: true,
            standing_possible: false,
            makes_accounts: false,
        }
    }

    async fn grant(&self, e: &Entitlement, until: DateTime<Utc>, a: &Attempt) -> Result<Granted, ConnectorError> {
        let (e, a, until) = (e.clone(), *a, until.trunc_subsecs(0));
        let what = format!("issuing certificates for {}", e.account);
        self.work(what, a.remaining()?, move |inner, locked| inner.grant(locked, &e, until, &a)).await
    }

    async fn revoke(&self, e: &Entitlement, a: &Attempt) -> Result<(), ConnectorError> {
        let e = e.clone();
        let what = format!("revoking the certificates of {}", e.account);
        self.work(what, a.remaining()?, move |inner, locked| inner.revoke(locked, &e)).await
    }

    async fn end_sessions(&self, e: &Entitlement, a: &Attempt) -> Result<Ended, ConnectorError> {
        if self.inner.sshd_sessions == SshdSessions::None {
            return Ok(Ended::default());
        }
        let (account, e) = (e.account.clone(), e.clone());
        let what = format!("ending the SSH sessions of {account}");
        let serials = self.work(what.clone(), a.remaining()?, move |inner, locked| inner.revoked(locked, &e)).await?;
        let within = a.remaining()?;
        let ended = tokio::task::spawn_blocking(move || {
            machine::end(|all| sessions::of(all, &serials, machine::own_pid()), GRACE, within)
        });
        match ended.await {
            Ok(Ok(count)) if count.left > 0 => {
                Err(ConnectorError::retry(format!("{what}: {} processes still run", count.left)))
            }
            Ok(Ok(count)) => Ok(Ended { sessions: u32::try_from(count.seen).unwrap_or(u32::MAX) }),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(ConnectorError::permanent(
                format!("{what}: only root may: run jit as root, or set sshd_sessions = \"none\""),
            )),
            Ok(Err(error)) => Err(ConnectorError::retry(format!("{what}: {error}"))),
            Err(_) => Err(ConnectorError::retry(format!("{what}: it broke off"))),
        }
    }

    async fn inspect(&self, e: &Entitlement) -> Result<Holding, ConnectorError> {
        let e = e.clone();
        let what = format!("reading what was issued for {}", e.account);
        self.work(what, LOOKUP, move |inner, locked| inner.inspect(locked, &e)).await
    }

    async fn holders(&self, target: &Target) -> Result<Vec<Holder>, ConnectorError> {
        let wanted = Wanted::of(target).map_err(ConnectorError::permanent)?;
        let what = "reading what was issued".to_owned();
        let ledger = self
            .work(what.clone(), LOOKUP, move |_, locked| locked.read().map_err(|error| failed(&what, &error)))
            .await?;
        let now = Utc::now();
        let live = ledger.issued.into_values().filter(|issued| issued.until > now);
        let same =
            live.filter(|issued| Wanted::of(&issued.entitlement.target).is_ok_and(|other| other.gives_as(&wanted)));
        let mut holders: Vec<_> =
            same.map(|issued| Holder { account: issued.entitlement.account, until: Some(issued.until) }).collect();
        holders.sort();
        Ok(holders)
    }

    fn check_target(&self, target: &Target) -> Result<(), String> {
        Wanted::of(target).map(drop)
    }

    async fn probe(&self) -> Result<(), ConnectorError> {
        self.work("preparing the ledger and the revocation list".to_owned(), LOOKUP, |_, locked| {
            let mut ledger = locked.read().map_err(|error| failed("reading the ledger", &error))?;
            let now = Utc::now();
            locked.write(&mut ledger, now).map_err(|error| failed("writing the ledger and the revocation list", &error))
        })
        .await?;
        if self.inner.sshd_sessions == SshdSessions::Local && !rustix::process::geteuid().is_root() {
            return Err(ConnectorError::permanent(
                "only root may end SSH sessions: run jit as root, or set sshd_sessions = \"none\"",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
