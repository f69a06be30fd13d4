//! The certificate authority: its key, what a target lets it sign, and the signing. Pure but for reading the key file.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::entitlement::{Entitlement, Target};
use jit_core::id::AccessId;
use ssh_key::certificate::{Builder, CertType};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};

use super::ledger::Certificate;
use crate::{durable, target};

/// The keys of a target. The service puts the person's registered keys into `public_keys` when access is asked for.
const KEYS: [&str; 5] = ["public_keys", "principals", "source_address", "extensions", "force_command"];

/// What a certificate may permit. Source: OpenSSH, PROTOCOL.certkeys.
const EXTENSIONS: [&str; 5] =
    ["permit-pty", "permit-port-forwarding", "permit-agent-forwarding", "permit-X11-forwarding", "permit-user-rc"];

/// How long before its making a certificate is good: hosts' clocks may be slow.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// The shortest RSA key taken, in bits. Source: OpenSSH, `RequiredRSASize` of hardened configurations; NIST SP 800-131A.
const SHORTEST_RSA: usize = 2048;

/// What a target asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) keys: Vec<PublicKey>,
    /// None: the account's own name.
    pub(super) principals: Option<Vec<String>>,
    source_address: Option<String>,
    extensions: Vec<String>,
    force_command: Option<String>,
}

impl Wanted {
    pub(super) fn of(target: &Target) -> Result<Self, String> {
        target::only_keys(target, &KEYS)?;
        let keys = target::optional_texts(target, "public_keys")?.unwrap_or_default();
        let keys: Result<Vec<_>, _> = keys.into_iter().map(key).collect();
        let principals = target::optional_texts(target, "principals")?;
        for name in principals.iter().flatten() {
            principal(name)?;
        }
        let source_address = target::optional_text(target, "source_address")?;
        source_address.map_or(Ok(()), addresses)?;
        let extensions = target::optional_texts(target, "extensions")?.unwrap_or_else(|| vec!["permit-pty"]);
        if let Some(unknown) = extensions.iter().find(|name| !EXTENSIONS.contains(name)) {
            return Err(format!("`extensions`: `{}` is none of {}", unknown.escape_debug(), EXTENSIONS.join(", ")));
        }
        let force_command = target::optional_text(target, "force_command")?;
        if force_command.is_some_and(|command| command.contains(char::is_control)) {
            return Err("`force_command` holds a control sign".to_owned());
        }
        Ok(Self {
            keys: keys?,
            principals: principals.map(|names| names.into_iter().map(str::to_owned).collect()),
            source_address: source_address.map(str::to_owned),
            extensions: extensions.into_iter().map(str::to_owned).collect(),
            force_command: force_command.map(str::to_owned),
        })
    }

    /// Whether both give the same, whosever keys they are for.
    pub(super) fn gives_as(&self, other: &Self) -> bool {
        let rest = |wanted: &Self| {
            let Self { principals, source_address, extensions, force_command, .. } = wanted;
            (principals.clone(), source_address.clone(), extensions.clone(), force_command.clone())
        };
        rest(self) == rest(other)
    }

    /// The names to log in as.
    pub(super) fn principals(&self, account: &str) -> Result<Vec<String>, String> {
        match &self.principals {
            Some(names) => Ok(names.clone()),
            None => principal(account).map(|()| vec![account.to_owned()]),
        }
    }
}

fn key(line: &str) -> Result<PublicKey, String> {
    let wrong = |why: &str| format!("`public_keys`: {why}; register a line such as `ssh-ed25519 AAAA… name`");
    let key = PublicKey::from_openssh(line.trim()).map_err(|_| wrong("a line is not an OpenSSH public key"))?;
    match (key.algorithm(), key.key_data()) {
        (Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256, _) => {
            Ok(key)
        }
        (_, KeyData::Rsa(rsa)) if rsa.n.as_positive_bytes().is_some_and(|n| n.len() * 8 >= SHORTEST_RSA) => Ok(key),
        (_, KeyData::Rsa(_)) => Err(wrong("an RSA key is shorter than 2048 bits")),
        (other, _) => Err(wrong(&format!("keys of type {other} are not taken"))),
    }
}

/// Names that no host's list of principals could take for two, or for a comment.
fn principal(name: &str) -> Result<(), String> {
    let odd = name.is_empty() || name.contains(|c: char| c.is_control() || c.is_whitespace() || ",#\"'".contains(c));
    if odd { Err(format!("`{}` cannot be a principal", name.escape_debug())) } else { Ok(()) }
}

/// Addresses and networks, with commas between. Source: OpenSSH, PROTOCOL.certkeys, `source-address`.
fn addresses(list: &str) -> Result<(), String> {
    let good = |part: &str| {
        let (address, length) = part.split_once('/').map_or((part, None), |(address, length)| (address, Some(length)));
        let Ok(address) = address.parse::<IpAddr>() else { return false };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= longest))
    };
    match list.split(',').find(|part| !good(part)) {
        Some(part) => Err(format!(
            "`source_address`: `{}` is not an address or a network such as 10.0.0.0/8",
            part.escape_debug()
        )),
        None => Ok(()),
    }
}

/// The signing key.
pub(super) struct Authority {
    key: PrivateKey,
    /// In OpenSSH's form, without a comment.
    pub(super) public: String,
}

impl Authority {
    /// Reads the key; where told so, makes one when there is none, with its public part in `….pub` for the hosts.
    pub(super) fn open(path: &Path, generate: bool) -> Result<Self, String> {
        let at = path.display();
        if generate && !path.exists() {
            make(path).map_err(|error| format!("`ca_key_file`: making {at}: {error}"))?;
        }
        let pem = std::fs::read(path).map_err(|error| {
            format!("`ca_key_file`: {at}: {error}; make one with ssh-keygen -t ed25519, or set generate = true")
        })?;
        let mode =
            std::fs::metadata(path).map_err(|error| format!("`ca_key_file`: {at}: {error}"))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(format!("`ca_key_file`: others may read {at}: chmod 600 {at}"));
        }
        let key =
            PrivateKey::from_openssh(&pem).map_err(|_| format!("`ca_key_file`: {at} is not an OpenSSH private key"))?;
        if key.is_encrypted() {
            return Err(format!(
                "`ca_key_file`: {at} has a passphrase; remove it with ssh-keygen -p and keep the file to jit alone"
            ));
        }
        let mut public = key.public_key().clone();
        public.set_comment("");
        let public = public.to_openssh().map_err(|_| format!("`ca_key_file`: {at} cannot be used"))?;
        Ok(Self { key, public })
    }

    /// One certificate for each registered key.
    pub(super) fn sign(
        &self,
        e: &Entitlement,
        wanted: &Wanted,
        until: DateTime<Utc>,
        access: AccessId,
    ) -> Result<Vec<Certificate>, String> {
        let principals = wanted.principals(e.account.as_str())?;
        let id = format!("{access}:{}", e.account);
        let one = |key: &PublicKey| {
            let from = u64::try_from((Utc::now() - SKEW).timestamp()).unwrap_or_default();
            let end = u64::try_from(until.timestamp()).unwrap_or_default();
            // Serial 0 means "none" to OpenSSH.
            let serial = rand::random::<u64>().max(1);
            let text = self.certificate(key, &Terms { principals: &principals, wanted, id: &id, serial, from, end });
            let text = text.map_err(|error| format!("signing a certificate for {}: {error}", e.account))?;
            Ok(Certificate { serial, authority: self.public.clone(), until, text })
        };
        wanted.keys.iter().map(one).collect()
    }

    fn certificate(&self, key: &PublicKey, terms: &Terms<'_>) -> ssh_key::Result<String> {
        let nonce: [u8; 32] = rand::random();
        let mut builder = Builder::new(nonce, key.key_data().clone(), terms.from.min(terms.end), terms.end)?;
        builder.serial(terms.serial)?.key_id(terms.id)?.cert_type(CertType::User)?.comment(terms.id)?;
        for name in terms.principals {
            builder.valid_principal(name)?;
        }
        if let Some(command) = &terms.wanted.force_command {
            builder.critical_option("force-command", command)?;
        }
        if let Some(list) = &terms.wanted.source_address {
            builder.critical_option("source-address", list)?;
        }
        for name in &terms.wanted.extensions {
            builder.extension(name, "")?;
        }
        builder.sign(&self.key)?.to_openssh()
    }
}

/// What one certificate says.
struct Terms<'t> {
    principals: &'t [String],
    wanted: &'t Wanted,
    id: &'t str,
    serial: u64,
    from: u64,
    end: u64,
}

fn make(path: &Path) -> Result<(), String> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let keypair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&rand::random()));
    let key = PrivateKey::new(keypair, "jit certificate authority").map_err(|error| error.to_string())?;
    let pem = key.to_openssh(LineEnding::LF).map_err(|error| error.to_string())?;
    let public = key.public_key().to_openssh().map_err(|error| error.to_string())? + "\n";
    let beside = path.with_extension("pub");
    durable::write(&beside, public.as_bytes(), 0o644).map_err(|error| error.to_string())?;
    durable::write(path, pem.as_bytes(), 0o600).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ alice";

    fn wanted(value: serde_json::Value) -> Result<Wanted, String> {
        Wanted::of(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn targets_are_checked() {
        assert!(wanted(json!({})).is_ok(), "registered keys come with the request");
        assert!(
            wanted(json!({ "public_keys": [KEY], "principals": ["admin"], "source_address": "10.0.0.0/8,::1" }))
                .is_ok()
        );
        for bad in [
            json!({ "principals": [] }),
            json!({ "principals": "admin" }),
            json!({ "principals": ["a,b"] }),
            json!({ "principals": ["a\nb"] }),
            json!({ "public_keys": ["ssh-ed25519 AAAA"] }),
            json!({ "public_keys": ["ssh-dss AAAAB3NzaC1kc3MAAACB"] }),
            json!({ "source_address": "everywhere" }),
            json!({ "source_address": "10.0.0.0/33" }),
            json!({ "source_address": "10.0.0.1, 10.0.0.2" }),
            json!({ "extensions": ["permit-all"] }),
            json!({ "force_command": "a\nb" }),
            json!({ "principal": ["admin"] }),
        ] {
            assert!(wanted(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_kept_to_ourselves() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/ca");
        assert!(Authority::open(&path, false).err().unwrap().contains("generate = true"));
        let made = Authority::open(&path, true).unwrap();
        assert_eq!(Authority::open(&path, true).unwrap().public, made.public);
        let beside = std::fs::read_to_string(path.with_extension("pub")).unwrap();
        assert!(beside.starts_with(&made.public));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Authority::open(&path, true).err().unwrap().contains("chmod 600"));
    }

    #[test]
    fn a_certificate_says_what_was_asked() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(&folder.path().join("ca"), true).unwrap();
        let target = json!({ "public_keys": [KEY, KEY], "force_command": "uptime", "source_address": "10.0.0.0/8" });
        let target: Target = serde_json::from_value(target).unwrap();
        let e = Entitlement { connector: "ssh".into(), account: "alice".into(), target, instance: None };
        let until = DateTime::from_timestamp(Utc::now().timestamp() + 600, 0).unwrap();
        let wanted = Wanted::of(&e.target).unwrap();
        let signed = authority.sign(&e, &wanted, until, AccessId(Default::default())).unwrap();
        assert_eq!(signed.len(), 2);
        assert_ne!(signed[0].serial, signed[1].serial);
        let certificate = ssh_key::Certificate::from_openssh(&signed[0].text).unwrap();
        assert_eq!(certificate.valid_principals(), ["alice"]);
        assert_eq!(certificate.valid_before(), u64::try_from(until.timestamp()).unwrap());
        assert_eq!(certificate.serial(), signed[0].serial);
        assert_eq!(certificate.critical_options().get("force-command").map(String::as_str), Some("uptime"));
        assert_eq!(certificate.extensions().keys().collect::<Vec<_>>(), ["permit-pty"]);
        assert!(certificate.key_id().ends_with(":alice"));
    }
}
