//! On whose behalf somebody asks. People are found by their ids alone; a name only helps to say which id was meant.

use jit_core::access::Platform;
use jit_core::answer::RoleLine;
use jit_core::directory::Person;
use jit_core::id::PersonId;
use jit_core::policy::Role;
use jit_core::refusal::{Code, Refusal};

use super::freeze::person_named;
use super::{Speaker, Verbs, role_line};
use crate::snapshot::Snapshot;

/// How many people of one name a refusal lists.
const SHOWN: usize = 5;

/// The person on whose behalf somebody asks, as they typed it. What is only somebody's name, or looks like an id, is nobody.
pub(super) fn beneficiary<'a>(
    snapshot: &'a Snapshot,
    mention: &str,
    platform: Platform,
) -> Result<&'a Person, Refusal> {
    let mention = mention.trim();
    person_named(snapshot, mention, platform).map_err(|refusal| called(snapshot, mention).unwrap_or(refusal))
}

/// Why a name is not enough; nothing where nobody is called so.
fn called(snapshot: &Snapshot, mention: &str) -> Option<Refusal> {
    if let Some(odd) = mention.chars().find(|c| !c.is_ascii() && c.is_alphanumeric()) {
        let what = format!("`{mention}` is no id: it holds `{odd}`, and ids hold a-z, 0-9 and . _ - only.");
        let next = "What looks like somebody's id is not theirs. Mention them, or write their id.";
        return Some(Refusal::new(Code::NotFound, what, next));
    }
    let name = mention.to_lowercase();
    let is = |person: &&Person| {
        let full = person.name.to_lowercase();
        full == name || full.split_whitespace().any(|word| word == name)
    };
    let people: Vec<&Person> = snapshot.directory.people().filter(is).collect();
    let shown: Vec<String> =
        people.iter().take(SHOWN).map(|person| format!("`@{}` ({})", person.id, person.name)).collect();
    let what = match people.len() {
        0 => return None,
        1 => format!("`{mention}` is a name, and names decide nothing."),
        n => format!("`{mention}` is what {n} people are called, and names decide nothing."),
    };
    let next = format!("Write the id of the one you mean: {}.", shown.join(", "));
    Some(Refusal::new(Code::NotFound, what, next))
}

impl Verbs {
    /// On whose behalf somebody may ask for something, in order of id.
    pub fn sponsored_by(&self, speaker: &Speaker) -> Vec<PersonId> {
        let snapshot = self.dispatch.in_force.get();
        snapshot.policy.sponsored_by(&speaker.person, &snapshot.directory).into_iter().cloned().collect()
    }

    /// The roles that somebody may ask for: for themselves, or on behalf of another. Who may ask for nothing of their own, and has not said for
    /// whom, sees what they may ask for on behalf of anybody.
    pub fn requestable(&self, speaker: &Speaker, whom: Option<&PersonId>) -> Vec<RoleLine> {
        let snapshot = self.dispatch.in_force.get();
        let (policy, directory) = (&snapshot.policy, &snapshot.directory);
        let me = &speaker.person;
        let line = |role: &Role| role_line(&snapshot, role, true);
        if let Some(whom) = whom.filter(|whom| **whom != me.id) {
            let Some(beneficiary) = directory.person(whom) else { return Vec::new() };
            return policy.sponsorable((me, beneficiary), directory).map(line).collect();
        }
        let own: Vec<RoleLine> = policy.requestable(me, directory).map(line).collect();
        if !own.is_empty() {
            return own;
        }
        policy.roles.values().filter(|role| policy.lets_sponsor(role, me)).map(line).collect()
    }
}
