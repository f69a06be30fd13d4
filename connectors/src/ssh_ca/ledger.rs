//! What the authority has issued and revoked: one file, whole or not at all, so that a crash forgets nothing that was handed out.
//! The revocation list is made from it. Blocking: the connector calls it on a thread that may block.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::entitlement::Entitlement;
use jit_core::id::AccessId;
use serde::{Deserialize, Serialize};

use super::wire::{self, Serials};
use crate::durable;

/// How long after its end a certificate stays on the list: hosts' clocks may be slow.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// Rises with every revocation list written.
    pub(super) version: u64,
    /// Live certificates by entitlement key.
    pub(super) issued: BTreeMap<String, Issued>,
    /// Certificates that no host may take any more, until their own end has passed.
    pub(super) revoked: Vec<Revoked>,
}

/// What one entitlement has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Issued {
    pub(super) entitlement: Entitlement,
    pub(super) access: AccessId,
    pub(super) until: DateTime<Utc>,
    /// The newest, one for each key of the person's.
    pub(super) current: Vec<Certificate>,
    /// Those with an earlier end, still good until then.
    pub(super) older: Vec<Certificate>,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Certificate {
    pub(super) serial: u64,
    /// The authority's public key in OpenSSH's form.
    pub(super) authority: String,
    pub(super) until: DateTime<Utc>,
    /// As it stands in a `…-cert.pub` file.
    pub(super) text: String,
}

/// A certificate that was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Revoked {
    /// The entitlement's key.
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) certificate: Certificate,
}

impl Ledger {
    /// Revokes what an entitlement has.
    pub(super) fn revoke(&mut self, key: &str) {
        if let Some(issued) = self.issued.remove(key) {
            self.refuse(key, issued.current.into_iter().chain(issued.older));
        }
    }

    /// Puts certificates on the list.
    pub(super) fn refuse(&mut self, key: &str, certificates: impl IntoIterator<Item = Certificate>) {
        self.revoked.extend(certificates.into_iter().map(|certificate| Revoked { key: key.to_owned(), certificate }));
    }

    /// Forgets revoked certificates that no clock takes any more.
    pub(super) fn prune(&mut self, now: DateTime<Utc>) {
        self.revoked.retain(|revoked| revoked.certificate.until + MARGIN > now);
    }

    /// What the list must hold.
    pub(super) fn serials(&self) -> Serials {
        let mut serials = Serials::new();
        for Revoked { certificate, .. } in &self.revoked {
            if let Some(authority) = authority_bytes(&certificate.authority) {
                serials.entry(authority).or_default().insert(certificate.serial);
            }
        }
        serials
    }
}

/// An authority's key as revocation lists name it.
pub(super) fn authority_bytes(openssh: &str) -> Option<Vec<u8>> {
    ssh_key::PublicKey::from_openssh(openssh).ok()?.to_bytes().ok()
}

/// Where the ledger and the list are.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) state_dir: PathBuf,
    pub(super) krl_file: PathBuf,
}

/// The files while this process has them to itself.
pub(super) struct Locked<'f> {
    files: &'f Files,
    _lock: File,
}

impl Files {
    fn ledger(&self) -> PathBuf {
        self.state_dir.join("ledger.json")
    }

    /// Makes the folder, an empty ledger and an empty list where there are none.
    pub(super) fn prepare(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.state_dir)?;
        if let Some(folder) = self.krl_file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        if !self.ledger().exists() {
            durable::write(&self.ledger(), &serde_json::to_vec(&Ledger::default())?, 0o600)?;
        }
        let locked = self.lock()?;
        let mut ledger = locked.read()?;
        locked.refresh(&mut ledger, Utc::now())
    }

    /// Waits until no other process of ours is at work there.
    pub(super) fn lock(&self) -> io::Result<Locked<'_>> {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(self.state_dir.join("lock"))?;
        lock.lock()?;
        Ok(Locked { files: self, _lock: lock })
    }
}

impl Locked<'_> {
    /// A ledger that is not there has been lost, and is an error: it would pass for "nothing was issued".
    pub(super) fn read(&self) -> io::Result<Ledger> {
        let bytes = durable::read(&self.files.ledger())?;
        let lost = || io::Error::new(io::ErrorKind::NotFound, "the ledger is gone: restore `state_dir` from a backup");
        Ok(serde_json::from_slice(&bytes.ok_or_else(lost)?)?)
    }

    /// Writes the ledger, then the list.
    pub(super) fn write(&self, ledger: &mut Ledger, now: DateTime<Utc>) -> io::Result<()> {
        ledger.prune(now);
        ledger.version += 1;
        durable::write(&self.files.ledger(), &serde_json::to_vec(ledger)?, 0o600)?;
        self.refresh(ledger, now)
    }

    /// Writes the list where it differs from what it must be: after a crash between the two, or after somebody changed it.
    pub(super) fn refresh(&self, ledger: &mut Ledger, now: DateTime<Utc>) -> io::Result<()> {
        let serials = ledger.serials();
        if self.listed()? == Some(serials.clone()) {
            return Ok(());
        }
        let date = u64::try_from(now.timestamp()).unwrap_or_default();
        let list = wire::write(ledger.version, date, &serials);
        durable::write(place(&self.files.krl_file).as_path(), &list, 0o644)
    }

    /// What the list really holds; none where there is no list, or one that somebody else wrote.
    pub(super) fn listed(&self) -> io::Result<Option<Serials>> {
        Ok(durable::read(&self.files.krl_file)?.as_deref().and_then(wire::read))
    }
}

/// A bare file name is in this folder.
fn place(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new(".").join(path),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_revoked_stays_listed_until_no_clock_takes_it() {
        let at = |seconds: i64| DateTime::from_timestamp(1_792_000_000 + seconds, 0).unwrap();
        let certificate = Certificate { serial: 1, authority: String::new(), until: at(0), text: String::new() };
        let mut ledger = Ledger::default();
        ledger.refuse("a", [certificate]);
        ledger.prune(at(3599));
        assert_eq!(ledger.revoked.len(), 1);
        ledger.prune(at(3600));
        assert_eq!(ledger.revoked.len(), 0);
    }

    #[test]
    fn a_lost_ledger_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { state_dir: folder.path().join("state"), krl_file: folder.path().join("krl") };
        files.prepare().unwrap();
        assert_eq!(files.lock().unwrap().read().unwrap(), Ledger::default());
        assert_eq!(files.lock().unwrap().listed().unwrap(), Some(Serials::new()));
        std::fs::remove_file(files.ledger()).unwrap();
        assert!(files.lock().unwrap().read().is_err());
    }
}
