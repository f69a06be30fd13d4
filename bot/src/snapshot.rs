//! What is in force: policy, directory and connectors, as one immutable snapshot behind a pointer.
//!
//! A request sees one snapshot from beginning to end; a reload swaps the pointer and disturbs nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use jit_core::access::Platform;
use jit_core::directory::{Absences, Directory, Person, Rotations};
use jit_core::entitlement::Capabilities;
use jit_core::event::Actor;
use jit_core::facts::{Facts, InUse, OpenAccess};
use jit_core::id::ConnectorName;
use jit_core::incident::Incidents;
use jit_core::policy::{self, Policy, Problem, SourceFile};
use jit_core::ticket::Known;
use tokio::sync::watch;

use crate::config::Config;

/// Everything decisions are made on.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The policy.
    pub policy: Policy,
    /// The people.
    pub directory: Directory,
    /// What each configured connector can do.
    pub connectors: BTreeMap<ConnectorName, Capabilities>,
}

impl Snapshot {
    /// Nobody and no role, over these connectors: for taking access back where policy or people cannot be read.
    pub fn empty(connectors: BTreeMap<ConnectorName, Capabilities>) -> anyhow::Result<Self> {
        let policy = policy::parse(&[]).map_err(SourceError::Problems)?;
        Ok(Self { policy, directory: Directory::default(), connectors })
    }

    /// The facts of one decision; without what is frozen, and without the parent of an extension.
    pub fn facts<'a>(&'a self, actor: &'a Actor, open: &'a [OpenAccess]) -> Facts<'a> {
        Facts {
            actor,
            policy: &self.policy,
            directory: &self.directory,
            connectors: &self.connectors,
            open,
            freezes: &[],
            unreviewed: &[],
            past: None,
            in_use: InUse::default(),
            ticket: Known::NotYet,
            parent: None,
            bundle: &[],
            of_roles: &[],
            together: &[],
        }
    }

    /// A person of the directory by their Slack id.
    pub fn by_slack(&self, user: &str) -> Option<&Person> {
        self.directory.by_slack(user)
    }
}

/// Where policy and people are read from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The policy's folder.
    pub policy: PathBuf,
    /// `people.toml`.
    pub people: PathBuf,
    /// The chat platforms that are configured.
    pub platforms: Vec<Platform>,
    /// The sources of on-call rotations, with the file of those that are one.
    pub oncall: BTreeMap<String, Option<PathBuf>>,
    /// The sources of tickets.
    pub tickets: BTreeMap<String, crate::tickets::Known>,
}

/// Policy or people that cannot be put in force; what is in force stays.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Each problem with file, line and hint.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<Problem>),
    /// Readable, but what must hold before it is in force does not.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unproven(Vec<Problem>),
    /// A file that cannot be read.
    #[error("{0:#}")]
    Unreadable(#[from] anyhow::Error),
}

impl Sources {
    /// Where a configuration says.
    pub fn of(config: &Config) -> Self {
        Self {
            policy: config.path(&config.policy.path),
            people: config.path(&config.directory.file),
            platforms: config.platforms(),
            oncall: crate::oncall::files(config),
            tickets: crate::tickets::known(config),
        }
    }

    /// Reads and proves both as of a time, without putting them in force. Nobody is on call in what is read: a worker looks who is.
    pub fn load(
        &self,
        connectors: &BTreeMap<ConnectorName, Capabilities>,
        now: DateTime<Utc>,
    ) -> Result<Snapshot, SourceError> {
        let names: BTreeSet<ConnectorName> = connectors.keys().cloned().collect();
        let shown = self.people.display().to_string();
        let text = std::fs::read_to_string(&self.people).with_context(|| format!("the directory {shown}"))?;
        let mut directory =
            jit_core::directory::parse_people(&shown, &text, Some(&names)).map_err(SourceError::Problems)?;
        directory.set_time(now);
        let making = connectors.iter().filter(|(_, can)| can.makes_accounts).map(|(name, _)| name.clone());
        directory.set_making_accounts(making.collect());
        let (rotations, mut problems) = crate::oncall::known(&self.oncall, &directory);
        let (tickets, wrong) = crate::tickets::sources(&self.tickets, &directory);
        problems.extend(wrong);
        if !problems.is_empty() {
            return Err(SourceError::Problems(problems));
        }
        directory.set_oncall_sources(rotations);
        self.place(&mut directory);
        directory.set_ticket_sources(tickets);
        let files = read_policy(&self.policy)?;
        let policy = policy::parse(&files).map_err(|problems| SourceError::Problems(self.placed(problems)))?;
        let problems = policy::check(&policy, &directory, &names);
        if !problems.is_empty() {
            return Err(SourceError::Unproven(self.placed(problems)));
        }
        Ok(Snapshot { policy, directory, connectors: connectors.clone() })
    }
}

impl Sources {
    /// Says on which platforms people are found; without any, as if it were Slack, so that policy can be looked at.
    pub fn place(&self, directory: &mut Directory) {
        if !self.platforms.is_empty() {
            directory.set_platforms(self.platforms.clone());
        }
    }

    /// The problems under the paths that their files have outside the policy's folder.
    pub fn placed(&self, mut problems: Vec<Problem>) -> Vec<Problem> {
        let people = self.people.display().to_string();
        for problem in problems.iter_mut().filter(|problem| problem.file != people) {
            problem.file = self.policy.join(&problem.file).display().to_string();
        }
        problems
    }
}

/// Longest policy that is read: 10 MiB in all, far beyond the largest real one; more is a mistake or an attack.
pub const MAX_POLICY_BYTES: u64 = 10 * 1024 * 1024;

/// A policy's files; there must be some.
pub fn read_policy(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let files = read_below(folder)?;
    anyhow::ensure!(!files.is_empty(), "the policy folder {} has no *.toml", folder.display());
    Ok(files)
}

/// Every `*.toml` below a folder, in order of its name, but for what is hidden and what is in folders called `tests`.
pub fn read_below(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let entries = std::fs::read_dir(&next).with_context(|| format!("the policy folder {}", next.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("the policy folder {}", next.display()))?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if hidden || path.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let mut total = 0;
    paths
        .into_iter()
        .map(|path| {
            total += std::fs::metadata(&path).map_or(0, |meta| meta.len());
            anyhow::ensure!(total <= MAX_POLICY_BYTES, "the policy is larger than {MAX_POLICY_BYTES} bytes in all");
            let text = std::fs::read_to_string(&path).with_context(|| format!("the policy {}", path.display()))?;
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            Ok(SourceFile { name, text })
        })
        .collect()
}

/// The pointer to what is in force.
#[derive(Clone, Debug)]
pub struct InForce(Arc<watch::Sender<Arc<Snapshot>>>);

impl InForce {
    /// Begins with a snapshot.
    pub fn new(snapshot: Snapshot) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(snapshot))))
    }

    /// What is in force now.
    pub fn get(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.borrow())
    }

    /// Puts another in force. Whoever is on call or away stays so: of that the files know nothing.
    pub fn set(&self, mut snapshot: Snapshot) {
        self.0.send_modify(|current| {
            snapshot.directory.set_oncall(current.directory.oncall().clone());
            snapshot.directory.set_incidents(current.directory.all_incidents().clone());
            snapshot.directory.set_absences(current.directory.absences().clone());
            if let Some(time) = current.directory.time() {
                snapshot.directory.set_time(snapshot.directory.time().map_or(time, |own| own.max(time)));
            }
            *current = Arc::new(snapshot);
        });
    }

    /// Puts in force who is on call and which incidents are open, with the policy and the people that are in force.
    pub fn set_oncall(&self, rotations: &Rotations, incidents: &Incidents) {
        let is_so = |it: &Directory| it.oncall() == rotations && it.all_incidents() == incidents;
        self.change(is_so, |directory| {
            directory.set_oncall(rotations.clone());
            directory.set_incidents(incidents.clone());
        });
    }

    /// Puts in force what time it is, where somebody's contract has ended since: they are active no more.
    pub fn set_time(&self, now: DateTime<Utc>) {
        self.change(|it| !it.is_of_another_time(now), |directory| directory.set_time(now));
    }

    /// Puts in force who is away.
    pub fn set_absences(&self, absences: &Absences) {
        self.change(|it| it.absences() == absences, |directory| directory.set_absences(absences.clone()));
    }

    /// Changes what the directory knows beside its file, unless it is so already.
    fn change(&self, is_so: impl Fn(&Directory) -> bool, change: impl Fn(&mut Directory)) {
        let mut before = self.get();
        while !is_so(&before.directory) {
            // Copied outside the lock, so that nobody waits for it; done again when a reload came in between.
            let mut next = Snapshot::clone(&before);
            change(&mut next.directory);
            let next = Arc::new(next);
            let swapped = self.0.send_if_modified(|current| {
                let same = Arc::ptr_eq(current, &before);
                if same {
                    *current = Arc::clone(&next);
                }
                same
            });
            if swapped {
                return;
            }
            before = self.get();
        }
    }

    /// Tells of every snapshot that is put in force from now on.
    pub fn changes(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.subscribe()
    }
}
