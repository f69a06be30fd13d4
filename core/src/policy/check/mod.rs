//! Proves what must hold before a policy is loaded, on today's directory and configuration. Called at load, at reload and
//! by `jit policy check`; it judges no request.
//!
//! Errors ([`check`]) keep the policy from being loaded: unknown names, high risk approved automatically or by one person alone,
//! production beyond eight hours, windows that never open, requests that nobody could approve, contradictions. Warnings ([`advice`]) are worth a look: rules
//! that never decide, roles that nobody may ask for, names that match nothing.
//!
//! Who is on call changes by the hour, so nothing is proven by it: a rotation counts as nobody where approvers are counted, and as
//! somebody where it is asked whether anybody may have a role. A policy is loaded or not whatever a provider answers.

mod bounds;
mod names;
mod reach;
mod tickets;
mod windows;

use std::collections::BTreeSet;

use crate::directory::Directory;
use crate::document::{Problem, Severity};
use crate::id::ConnectorName;
use crate::policy::{Place, Policy, Role, Rule};

/// What keeps a policy that could be read from being loaded, by place.
pub fn check(policy: &Policy, directory: &Directory, connectors: &BTreeSet<ConnectorName>) -> Vec<Problem> {
    everything(policy, directory, connectors).into_iter().filter(Problem::is_error).collect()
}

/// What is odd, though it can be loaded, by place.
pub fn advice(policy: &Policy, directory: &Directory, connectors: &BTreeSet<ConnectorName>) -> Vec<Problem> {
    everything(policy, directory, connectors).into_iter().filter(|problem| !problem.is_error()).collect()
}

fn everything(policy: &Policy, directory: &Directory, connectors: &BTreeSet<ConnectorName>) -> Vec<Problem> {
    let mut check = Check { policy, directory, connectors, problems: Vec::new() };
    check.names();
    check.bounds();
    check.reach();
    check.windows();
    check.tickets();
    check.problems.sort();
    check.problems.dedup();
    check.problems
}

struct Check<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
    connectors: &'a BTreeSet<ConnectorName>,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn error(&mut self, place: &Place, path: &str, what: String, hint: Option<String>) {
        self.note(Severity::Error, place, path, what, hint);
    }

    fn warning(&mut self, place: &Place, path: &str, what: String, hint: Option<String>) {
        self.note(Severity::Warning, place, path, what, hint);
    }

    fn note(&mut self, severity: Severity, place: &Place, path: &str, what: String, hint: Option<String>) {
        let (line, column) = place.of(path);
        self.problems.push(Problem { file: place.file.clone(), line, column, what, hint, severity });
    }

    /// The roles that a rule is about.
    fn roles_of(&self, rule: &'a Rule) -> impl Iterator<Item = &'a Role> {
        self.policy.roles.values().filter(|role| rule.matches.holds(role))
    }
}

/// The first few names, and how many more.
fn some<T: std::fmt::Display>(items: &[T]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = items.iter().take(MOST).map(|item| format!("`{item}`")).collect();
    let more = items.len().saturating_sub(MOST);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
