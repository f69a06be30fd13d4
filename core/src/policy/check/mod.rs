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
use crate::id::{ConnectorName, PersonId};
use crate::policy::people::belonging;
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
    let mut check = Check::new(policy, directory, connectors);
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
    rules: Vec<About<'a>>,
    problems: Vec<Problem>,
}

/// A rule and what several proofs ask of it. Found once: a policy has many rules, many roles and many people.
struct About<'a> {
    rule: &'a Rule,
    /// The roles that it is about.
    roles: Vec<&'a Role>,
    /// Active people whom it lets ask.
    members: BTreeSet<&'a PersonId>,
}

impl<'a> Check<'a> {
    fn new(policy: &'a Policy, directory: &'a Directory, connectors: &'a BTreeSet<ConnectorName>) -> Self {
        let about = |rule: &'a Rule| About { rule, roles: Vec::new(), members: belonging(&rule.who, directory) };
        let mut rules: Vec<About<'a>> = policy.rules.iter().map(about).collect();
        for role in policy.roles.values() {
            policy.positions_of(&role.name).iter().for_each(|position| rules[*position].roles.push(role));
        }
        Self { policy, directory, connectors, rules, problems: Vec::new() }
    }

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
}

/// The first few names, and how many more.
fn some<T: std::fmt::Display>(items: &[T]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = items.iter().take(MOST).map(|item| format!("`{item}`")).collect();
    let more = items.len().saturating_sub(MOST);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
