//! The directory: who exists, who their manager is, which accounts are theirs. An immutable snapshot.

mod people;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

pub use people::parse_people;

use crate::id::{AccountName, ConnectorName, PersonId};

/// One human being and every identity of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Canonical and immutable.
    pub id: PersonId,
    /// For people to read; decides nothing.
    pub name: String,
    /// For people to read; decides nothing.
    pub email: Option<String>,
    /// Slack user id in our workspace, such as `U0001`.
    pub slack: Option<String>,
    /// Entra object id.
    pub teams: Option<String>,
    /// Who their manager is.
    pub manager: Option<PersonId>,
    /// Groups of the directory.
    pub groups: BTreeSet<String>,
    /// `false`: may neither ask, decide nor hold.
    pub active: bool,
    /// Connector to account there; one account, one person.
    pub accounts: BTreeMap<ConnectorName, AccountName>,
    /// Registered SSH public keys.
    pub ssh_keys: Vec<String>,
}

/// Everybody, with the look-ups that decisions need.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    people: BTreeMap<PersonId, Person>,
    by_slack: HashMap<String, PersonId>,
    by_teams: HashMap<String, PersonId>,
    by_group: BTreeMap<String, BTreeSet<PersonId>>,
}

impl Directory {
    /// Indexes people. The caller has checked that ids and identities are unique.
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        let mut directory = Self::default();
        for person in people {
            for (identity, index) in
                [(&person.slack, &mut directory.by_slack), (&person.teams, &mut directory.by_teams)]
            {
                if let Some(identity) = identity {
                    index.insert(identity.clone(), person.id.clone());
                }
            }
            for group in &person.groups {
                directory.by_group.entry(group.clone()).or_default().insert(person.id.clone());
            }
            directory.people.insert(person.id.clone(), person);
        }
        directory
    }

    /// The person of a canonical id.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// The person, if their account is not disabled.
    pub fn active(&self, id: &PersonId) -> Option<&Person> {
        self.person(id).filter(|person| person.active)
    }

    /// The person of a Slack user id.
    pub fn by_slack(&self, id: &str) -> Option<&Person> {
        self.by_slack.get(id).and_then(|id| self.people.get(id))
    }

    /// The person of an Entra object id.
    pub fn by_teams(&self, id: &str) -> Option<&Person> {
        self.by_teams.get(id).and_then(|id| self.people.get(id))
    }

    /// The members of a group, disabled ones included; `None` when there is no such group.
    pub fn group(&self, name: &str) -> Option<&BTreeSet<PersonId>> {
        self.by_group.get(name)
    }

    /// Everybody, by id.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Every group's name.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.by_group.keys().map(String::as_str)
    }

    /// The name for people to read; the id when the person is gone from the directory.
    pub fn name<'a>(&'a self, id: &'a PersonId) -> &'a str {
        self.person(id).map_or(id.as_str(), |person| &person.name)
    }
}
