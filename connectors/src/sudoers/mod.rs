//! sudo on this machine: one drop-in per entitlement, with `NOTBEFORE` and `NOTAFTER`, so that sudo itself refuses after the end. The
//! workers call it through the contract; it needs to run as root.
//!
//! In a sandbox the folder is any folder: rules are written and taken away just the same, and no sudo reads them.

mod processes;
mod tools;
mod wire;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, Handover, Holding, Target};
use jit_core::span::Span;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::contract::{Attempt, Connector, ConnectorError, Ended, Granted, Holder};
use crate::durable::{self, Fresh};
use crate::machine;
use processes::Account;
use tools::Tools;
use wire::{Found, Rule, Validity};

/// `[connectors.NAME]` with `kind = "sudoers"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder that sudo includes.
    #[serde(default = "system_folder")]
    pub dir: PathBuf,
    /// The folder is for show: no sudo reads it, nothing is verified with sudo, and no process is ended.
    #[serde(default)]
    pub sandbox: bool,
    /// Whether sudo asks for the person's password.
    #[serde(default)]
    pub ask_password: bool,
    /// Where `visudo` is. In a sandbox it may be missing.
    #[serde(default = "visudo")]
    pub visudo: PathBuf,
    /// Where `sudo` is.
    #[serde(default = "sudo")]
    pub sudo: PathBuf,
    /// How long elevated processes may take to end after being asked, before they are forced.
    #[serde(default = "grace")]
    pub grace: Span,
}

fn system_folder() -> PathBuf {
    "/etc/sudoers.d".into()
}

fn visudo() -> PathBuf {
    "/usr/sbin/visudo".into()
}

fn sudo() -> PathBuf {
    "/usr/bin/sudo".into()
}

fn grace() -> Span {
    Span::seconds(1)
}

/// How long a look-up may take that carries no deadline of its own.
const LOOKUP: Duration = Duration::from_secs(10);

/// sudo demands that nobody may write a drop-in. Source: sudoers(5), `sudoers_mode`.
const MODE: u32 = 0o440;

/// The connector.
pub struct Sudoers {
    config: Config,
    tools: Tools,
    /// One change of the folder at a time.
    turn: Mutex<()>,
}

impl Sudoers {
    /// Checks the configuration.
    pub fn new(config: &Config) -> Result<Self, String> {
        if !config.dir.is_absolute() && !config.sandbox {
            return Err(format!("`dir`: {} is not an absolute path", config.dir.display()));
        }
        if config.sandbox {
            std::fs::create_dir_all(&config.dir)
                .map_err(|error| format!("`dir`: {}: {error}", config.dir.display()))?;
        }
        let tools = Tools { visudo: config.visudo.clone(), sudo: config.sudo.clone() };
        Ok(Self { config: config.clone(), tools, turn: Mutex::new(()) })
    }

    fn place(&self, e: &Entitlement) -> PathBuf {
        self.config.dir.join(wire::file_name(e))
    }

    fn read(&self, place: &Path) -> Result<Option<String>, ConnectorError> {
        let bytes = durable::read(place).map_err(|error| failed("reading", place, &error))?;
        if bytes.is_none() && !self.config.dir.is_dir() {
            let dir = self.config.dir.display();
            return Err(ConnectorError::retry(format!("the folder {dir} is not there: make it, or correct `dir`")));
        }
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Every drop-in of ours in the folder.
    fn all(&self) -> Result<Vec<Found>, ConnectorError> {
        let dir = &self.config.dir;
        let entries = std::fs::read_dir(dir).map_err(|error| failed("reading", dir, &error))?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| failed("reading", dir, &error))?;
            if entry.file_name().to_str().is_some_and(wire::is_ours)
                && let Some(text) = self.read(&entry.path())?
            {
                found.push(Found::read(&text));
            }
        }
        Ok(found)
    }

    /// Writes, checks and puts the drop-in there; takes it back when sudo does not take it as it is meant.
    async fn put(&self, e: &Entitlement, rule: &Rule, text: &str, a: &Attempt) -> Result<(), ConnectorError> {
        let place = self.place(e);
        let before = self.read(&place)?;
        let fresh = Fresh::beside(&place, text.as_bytes(), MODE).map_err(|error| failed("writing", &place, &error))?;
        if !self.config.sandbox || self.config.visudo.exists() {
            self.tools.check_file(fresh.path(), a.remaining()?).await?;
        }
        fresh.put(&place).map_err(|error| failed("writing", &place, &error))?;
        if self.config.sandbox {
            return Ok(());
        }
        let Err(error) = self.accepted(e, rule, a).await else { return Ok(()) };
        let undone = match before {
            Some(text) => durable::write(&place, text.as_bytes(), MODE),
            None => durable::remove(&place),
        };
        undone.map_err(|error| failed("taking back", &place, &error))?;
        Err(error)
    }

    /// Whether all of sudo's configuration is still good, and sudo permits now what the rule says.
    async fn accepted(&self, e: &Entitlement, rule: &Rule, a: &Attempt) -> Result<(), ConnectorError> {
        self.tools.check_all(a.remaining()?).await?;
        if self.tools.permits(e.account.as_str(), rule, a.remaining()?).await? {
            return Ok(());
        }
        Err(ConnectorError::permanent(format!(
            "sudo does not heed the drop-in for {}: see that sudoers includes {}, that `hosts` names this machine, and that no later \
             rule forbids it",
            e.account,
            self.config.dir.display()
        )))
    }

    fn handover(&self, e: &Entitlement, rule: &Rule, written: Option<&str>) -> Handover {
        let example = rule.commands.first().map_or("COMMAND", String::as_str);
        let example = example.strip_suffix(" \"\"").unwrap_or(example);
        let how = if self.config.sandbox {
            format!("Sandbox: the rule is in {}, and no sudo reads it.", self.place(e).display())
        } else if rule.run_as == "root" {
            format!("On the machine: sudo {example}")
        } else {
            format!("On the machine: sudo -u {} {example}", rule.run_as)
        };
        Handover { how, text: written.map(str::to_owned), reveals: false }
    }

    async fn account(&self, e: &Entitlement, within: Duration) -> Result<Account, ConnectorError> {
        let name = wire::user(e.account.as_str()).map_err(ConnectorError::permanent)?.to_owned();
        let uid = tools::user_id(&name, within).await?;
        Ok(Account { name, uid })
    }
}

#[async_trait]
impl Connector for Sudoers {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_expiry: true,
            ends_sessions: !self.config.sandbox,
            composes: true,
            // Rules that others wrote elsewhere are many-shaped and are not listed.
            lists_holders: false,
            standing_possible: !self.config.sandbox,
            makes_accounts: false,
        }
    }

    async fn grant(&self, e: &Entitlement, until: DateTime<Utc>, a: &Attempt) -> Result<Granted, ConnectorError> {
        let rule = Rule::of(&e.target).map_err(ConnectorError::permanent)?;
        let now = Utc::now();
        let text = rule
            .render(e, &Validity { from: now, until }, self.config.ask_password, a)
            .map_err(ConnectorError::permanent)?;
        let found = Found::read(&text);
        if wire::whole(until) <= now {
            return Err(ConnectorError::permanent(format!("the end {until} of the grant to {} has passed", e.account)));
        }
        if !self.config.sandbox && self.account(e, a.remaining()?).await?.uid.is_none() {
            return Err(ConnectorError::permanent(format!(
                "this machine has no account `{}`: create it, or correct the person's account",
                e.account
            )));
        }
        let _turn = self.turn.lock().await;
        a.remaining()?;
        self.put(e, &rule, &text, a).await?;
        Ok(Granted { native_until: found.until, handover: Some(self.handover(e, &rule, Some(&found.rule))) })
    }

    async fn revoke(&self, e: &Entitlement, a: &Attempt) -> Result<(), ConnectorError> {
        let _turn = self.turn.lock().await;
        a.remaining()?;
        let place = self.place(e);
        durable::remove(&place).map_err(|error| failed("removing", &place, &error))
    }

    async fn end_sessions(&self, e: &Entitlement, a: &Attempt) -> Result<Ended, ConnectorError> {
        if self.config.sandbox {
            return Ok(Ended::default());
        }
        let account = self.account(e, a.remaining()?).await?;
        let (grace, within) = (Duration::from_secs(self.config.grace.as_seconds()), a.remaining()?);
        let ended = tokio::task::spawn_blocking(move || {
            machine::end(|all| processes::elevated(all, &account, machine::own_pid()), grace, within)
        })
        .await;
        let machine::Count { seen, left } = match ended {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(ConnectorError::permanent("other people's processes are not ours to end: run jit as root"));
            }
            Ok(Err(error)) => {
                return Err(ConnectorError::retry(format!("ending the elevated processes of {}: {error}", e.account)));
            }
            Err(_) => {
                return Err(ConnectorError::retry(format!("ending the elevated processes of {} broke off", e.account)));
            }
        };
        if left > 0 {
            return Err(ConnectorError::retry(format!("{left} elevated processes of {} still run", e.account)));
        }
        Ok(Ended { sessions: u32::try_from(seen).unwrap_or(u32::MAX) })
    }

    async fn inspect(&self, e: &Entitlement) -> Result<Holding, ConnectorError> {
        let rule = Rule::of(&e.target).map_err(ConnectorError::permanent)?;
        // A drop-in counts while it is there, also after its own end: what is gone has been removed.
        if let Some(text) = self.read(&self.place(e))? {
            let found = Found::read(&text);
            let handover = Some(self.handover(e, &rule, Some(&found.rule)));
            return Ok(Holding::Held { native_until: found.until, handover });
        }
        if self.config.sandbox {
            return Ok(Holding::Gone);
        }
        // Another drop-in of ours that gives as much answers for itself; what sudo permits beyond ours is standing access.
        let ours =
            self.all()?.into_iter().filter_map(|found| found.entitlement).filter(|other| other.account == e.account);
        if ours.filter_map(|other| Rule::of(&other.target).ok()).any(|other| other.covers(&rule)) {
            return Ok(Holding::Gone);
        }
        let account = self.account(e, LOOKUP).await?;
        if account.uid.is_none() || !self.tools.permits(&account.name, &rule, LOOKUP).await? {
            return Ok(Holding::Gone);
        }
        Ok(Holding::Held { native_until: None, handover: Some(self.handover(e, &rule, None)) })
    }

    async fn holders(&self, target: &Target) -> Result<Vec<Holder>, ConnectorError> {
        let wanted = Rule::of(target).map_err(ConnectorError::permanent)?;
        let mut holders = Vec::new();
        for Found { entitlement, until, .. } in self.all()? {
            if let Some(e) = entitlement.filter(|e| Rule::of(&e.target).is_ok_and(|rule| rule == wanted)) {
                holders.push(Holder { account: e.account, until });
            }
        }
        holders.sort();
        Ok(holders)
    }

    fn check_target(&self, target: &Target) -> Result<(), String> {
        Rule::of(target).map(drop)
    }

    async fn probe(&self) -> Result<(), ConnectorError> {
        let dir = self.config.dir.display();
        if !self.config.dir.is_dir() {
            return Err(ConnectorError::permanent(format!("the folder {dir} is not there: make it, or correct `dir`")));
        }
        let place = self.config.dir.join("jit-probe");
        if let Err(error) = Fresh::beside(&place, b"# jit looks whether it may write here\n", MODE) {
            return Err(ConnectorError::permanent(format!(
                "{dir}: {error}: let jit write there (on a real machine, run it as root)"
            )));
        }
        if self.config.sandbox {
            return Ok(());
        }
        if !rustix::process::geteuid().is_root() {
            return Err(ConnectorError::permanent(
                "only root may change sudo's rules and end elevated processes: run jit as root",
            ));
        }
        self.tools.check_all(LOOKUP).await
    }
}

fn failed(doing: &str, place: &Path, error: &std::io::Error) -> ConnectorError {
    let what = format!("{doing} {}: {error}", place.display());
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            ConnectorError::permanent(format!("{what}. Let jit write there; on a real machine, run it as root."))
        }
        _ => ConnectorError::retry(what),
    }
}

#[cfg(test)]
mod tests {
    use jit_core::id::AccessId;
    use serde_json::json;

    use super::*;

    fn sandbox(dir: &Path) -> Sudoers {
        let config = json!({ "dir": dir, "sandbox": true, "visudo": "/nowhere/visudo" });
        Sudoers::new(&serde_json::from_value(config).unwrap()).unwrap()
    }

    fn attempt() -> Attempt {
        Attempt {
            access: AccessId(Default::default()),
            generation: 1,
            deadline: Utc::now() + chrono::TimeDelta::seconds(5),
        }
    }

    #[tokio::test]
    async fn a_sandbox_needs_no_sudo() {
        let folder = tempfile::tempdir().unwrap();
        let sudoers = sandbox(&folder.path().join("rules"));
        let target = serde_json::from_value(json!({ "commands": ["ALL"] })).unwrap();
        let e = Entitlement { connector: "hosts".into(), account: "alice".into(), target, instance: None };
        sudoers.probe().await.unwrap();
        assert_eq!(sudoers.inspect(&e).await.unwrap(), Holding::Gone);
        let until = Utc::now() + chrono::TimeDelta::minutes(5);
        let granted = sudoers.grant(&e, until, &attempt()).await.unwrap();
        assert_eq!(granted.native_until, Some(wire::whole(until)));
        let Holding::Held { native_until, handover } = sudoers.inspect(&e).await.unwrap() else { panic!("held") };
        assert_eq!((native_until, handover), (granted.native_until, granted.handover));
        assert_eq!(sudoers.holders(&e.target).await.unwrap().len(), 1);
        sudoers.revoke(&e, &attempt()).await.unwrap();
        assert_eq!(sudoers.inspect(&e).await.unwrap(), Holding::Gone);
    }

    #[tokio::test]
    async fn a_folder_that_is_lost_is_an_error_and_never_gone() {
        let folder = tempfile::tempdir().unwrap();
        let sudoers = sandbox(&folder.path().join("rules"));
        let target = serde_json::from_value(json!({ "commands": ["ALL"] })).unwrap();
        let e = Entitlement { connector: "hosts".into(), account: "alice".into(), target, instance: None };
        std::fs::remove_dir(folder.path().join("rules")).unwrap();
        assert!(!sudoers.inspect(&e).await.unwrap_err().is_permanent());
        assert!(sudoers.probe().await.is_err());
    }
}
