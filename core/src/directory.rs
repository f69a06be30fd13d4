//! The directory: who exists, who their manager is, which accounts are theirs. An immutable snapshot.

mod people;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use people::parse_people;

use crate::access::Platform;
use crate::id::{AccountName, ConnectorName, PersonId};
use crate::incident::{Incident, Incidents};
use crate::ticket::TicketSources;

/// One human being and every identity of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Canonical and immutable.
    pub id: PersonId,
    /// For people to read; decides nothing.
    pub name: String,
    /// Unique. Says who a provider of on-call rotations or of tickets means; decides nothing else.
    pub email: Option<String>,
    /// Slack user id in our workspace, such as `U0001`.
    pub slack: Option<String>,
    /// Entra object id.
    pub teams: Option<String>,
    /// Where they would rather be told, with identities on several platforms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<Platform>,
    /// Who their manager is.
    pub manager: Option<PersonId>,
    /// Groups of the directory.
    pub groups: BTreeSet<String>,
    /// `false`: may neither ask, decide nor hold. Of whoever's contract is over [`Directory::active`] says the same.
    pub active: bool,
    /// How they belong to the organisation.
    pub kind: Kind,
    /// The end of their contract: they hold nothing beyond it, and count as disabled from then on.
    pub until: Option<DateTime<Utc>>,
    /// The time zone that they write times in; UTC unless said.
    pub zone: Tz,
    /// Connector to account there; one account, one person.
    pub accounts: BTreeMap<ConnectorName, AccountName>,
    /// Registered SSH public keys.
    pub ssh_keys: Vec<String>,
    /// The rotations, such as `pagerduty/PSCHEDULE`, that they are on now. No file says so: [`Directory::set_oncall`] does.
    #[serde(skip)]
    pub oncall: BTreeSet<String>,
}

/// How somebody belongs to the organisation. Only employees sponsor others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One of its own.
    #[default]
    Employee,
    /// Works for it for a time.
    Contractor,
    /// Works for a supplier.
    Vendor,
}

impl Kind {
    /// The word of `people.toml`, and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Contractor => "contractor",
            Self::Vendor => "vendor",
        }
    }
}

/// Somebody who is away: not asked, and for whom perhaps another stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// Until when.
    pub until: DateTime<Utc>,
    /// Who is asked instead. Never reaches further: a delegate who is away as well stands in for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<PersonId>,
}

/// Who is away now.
pub type Absences = BTreeMap<PersonId, Absence>;

/// Who is on call, by rotation (`source/schedule`). A rotation that is not there is unknown: nobody is on it.
pub type Rotations = BTreeMap<String, BTreeSet<PersonId>>;

/// The configured sources of rotations, by name; with the names of their rotations where those are known beforehand.
pub type OncallSources = BTreeMap<String, Option<BTreeSet<String>>>;

/// Everybody, with the look-ups that decisions need.
#[derive(Clone, Debug)]
pub struct Directory {
    platforms: Vec<Platform>,
    people: BTreeMap<PersonId, Person>,
    by_slack: HashMap<String, PersonId>,
    by_teams: HashMap<String, PersonId>,
    by_group: BTreeMap<String, BTreeSet<PersonId>>,
    oncall: Rotations,
    incidents: Incidents,
    oncall_sources: OncallSources,
    ticket_sources: TicketSources,
    absences: Absences,
    /// The connectors that make an account for each access.
    making: BTreeSet<ConnectorName>,
    /// The ends of contracts, the first one first.
    ends: Vec<DateTime<Utc>>,
    /// What time it is: contracts that have ended by then are over. `None`: before all of them.
    time: Option<DateTime<Utc>>,
}

impl Default for Directory {
    /// Nobody, over Slack alone.
    fn default() -> Self {
        Self {
            platforms: vec![Platform::Slack],
            people: BTreeMap::new(),
            by_slack: HashMap::new(),
            by_teams: HashMap::new(),
            by_group: BTreeMap::new(),
            oncall: Rotations::new(),
            incidents: Incidents::new(),
            oncall_sources: OncallSources::new(),
            ticket_sources: TicketSources::new(),
            absences: Absences::new(),
            making: BTreeSet::new(),
            ends: Vec::new(),
            time: None,
        }
    }
}

impl Directory {
    /// Indexes people. The caller has checked that ids and identities are unique.
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        let mut directory = Self::default();
        for person in people {
            if let Some(slack) = &person.slack {
                directory.by_slack.insert(slack.clone(), person.id.clone());
            }
            if let Some(teams) = &person.teams {
                directory.by_teams.insert(teams.to_lowercase(), person.id.clone());
            }
            for group in &person.groups {
                directory.by_group.entry(group.clone()).or_default().insert(person.id.clone());
            }
            directory.ends.extend(person.until);
            directory.people.insert(person.id.clone(), person);
        }
        directory.ends.sort();
        directory
    }

    /// Says which chat platforms are configured, the first one first.
    pub fn set_platforms(&mut self, platforms: Vec<Platform>) {
        self.platforms = platforms;
    }

    /// The chat platforms that are configured.
    pub fn platforms(&self) -> &[Platform] {
        &self.platforms
    }

    /// Whether a card can reach them: they have an identity on a platform that is configured.
    pub fn in_chat(&self, person: &Person) -> bool {
        self.platforms.iter().any(|platform| person.identity(*platform).is_some())
    }

    /// Says what time it is: whoever's contract has ended by then is active no more.
    pub fn set_time(&mut self, now: DateTime<Utc>) {
        self.time = Some(now);
    }

    /// The time that was said last.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.time
    }

    /// Whether saying another time would change who is active.
    pub fn is_of_another_time(&self, now: DateTime<Utc>) -> bool {
        let over = |by: DateTime<Utc>| self.ends.partition_point(|end| *end <= by);
        self.time.map_or(0, over) != over(now)
    }

    /// Says where rotations come from: a policy may name those of these sources only.
    pub fn set_oncall_sources(&mut self, sources: OncallSources) {
        self.oncall_sources = sources;
    }

    /// The sources of rotations.
    pub fn oncall_sources(&self) -> &OncallSources {
        &self.oncall_sources
    }

    /// Says where tickets come from: only those of these sources can be looked up.
    pub fn set_ticket_sources(&mut self, sources: TicketSources) {
        self.ticket_sources = sources;
    }

    /// The sources of tickets.
    pub fn ticket_sources(&self) -> &TicketSources {
        &self.ticket_sources
    }

    /// Says who is on call now, in place of what was said before. Whoever is disabled or not in this directory is on no rotation.
    pub fn set_oncall(&mut self, mut rotations: Rotations) {
        for people in rotations.values_mut() {
            people.retain(|id| self.active(id).is_some());
        }
        for person in self.people.values_mut() {
            let on = rotations.iter().filter(|(_, people)| people.contains(&person.id));
            person.oncall = on.map(|(rotation, _)| rotation.clone()).collect();
        }
        self.oncall = rotations;
    }

    /// Who is on call now.
    pub fn oncall(&self) -> &Rotations {
        &self.oncall
    }

    /// Says who is away now, in place of what was said before.
    pub fn set_absences(&mut self, absences: Absences) {
        self.absences = absences;
    }

    /// Who is away now.
    pub fn absences(&self) -> &Absences {
        &self.absences
    }

    /// Until when somebody is away, and who stands in.
    pub fn absence(&self, id: &PersonId) -> Option<&Absence> {
        self.absences.get(id)
    }

    /// Whether a question would reach somebody now: active, in chat, and not away.
    pub fn reachable(&self, id: &PersonId) -> bool {
        self.active(id).is_some_and(|person| self.in_chat(person)) && !self.absences.contains_key(id)
    }

    /// The active people on a rotation (`source/schedule`) now; `None` when that is not known, which is nobody.
    pub fn rotation(&self, name: &str) -> Option<&BTreeSet<PersonId>> {
        self.oncall.get(name)
    }

    /// Says which connectors make an account for each access, so that nobody needs one there.
    pub fn set_making_accounts(&mut self, connectors: BTreeSet<ConnectorName>) {
        self.making = connectors;
    }

    /// Whether a person can be given something by a connector: they have an account there, or one is made for them.
    pub fn has_account(&self, person: &Person, connector: &ConnectorName) -> bool {
        person.accounts.contains_key(connector) || self.making.contains(connector)
    }

    /// Says which incidents are open now, in place of what was said before.
    pub fn set_incidents(&mut self, incidents: Incidents) {
        self.incidents = incidents;
    }

    /// Every open incident that is known.
    pub fn all_incidents(&self) -> &Incidents {
        &self.incidents
    }

    /// The open incidents of a service (`source/service`); `None` when that is not known, which is none.
    pub fn incidents(&self, service: &str) -> Option<&[Incident]> {
        self.incidents.get(service).map(Vec::as_slice)
    }

    /// The person of a canonical id.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// The person, if their account is not disabled and their contract is not over.
    pub fn active(&self, id: &PersonId) -> Option<&Person> {
        self.person(id).filter(|person| person.active && !self.is_over(person))
    }

    fn is_over(&self, person: &Person) -> bool {
        person.until.zip(self.time).is_some_and(|(until, now)| until <= now)
    }

    /// The person of a Slack user id.
    pub fn by_slack(&self, id: &str) -> Option<&Person> {
        self.by_slack.get(id).and_then(|id| self.people.get(id))
    }

    /// The person of an Entra object id, in whatever letters it is written.
    pub fn by_teams(&self, id: &str) -> Option<&Person> {
        self.by_teams.get(&id.to_lowercase()).and_then(|id| self.people.get(id))
    }

    /// The one person of an address; nobody when several have it.
    pub fn by_email(&self, email: &str) -> Option<&Person> {
        let email = email.trim().to_lowercase();
        let mut found =
            self.people().filter(|person| person.email.as_ref().is_some_and(|has| has.to_lowercase() == email));
        let first = found.next()?;
        found.next().is_none().then_some(first)
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

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: &str = r#"
[[person]]
id = "alice"
name = "Alice"
[[person]]
id = "otto"
name = "Otto"
active = false
"#;

    fn on(rotation: &str, people: &[&str]) -> Rotations {
        BTreeMap::from([(rotation.to_owned(), people.iter().map(|id| PersonId::new(*id)).collect())])
    }

    #[test]
    fn on_call_are_active_people_of_the_directory_and_only_those_said_last() {
        let mut directory = parse_people("people.toml", PEOPLE, None).unwrap();
        let is_on = |directory: &Directory, who: &str, rotation: &str| {
            directory.person(&PersonId::new(who)).unwrap().oncall.contains(rotation)
        };
        assert_eq!(directory.rotation("pagerduty/P1"), None);
        directory.set_oncall(on("pagerduty/P1", &["alice", "otto", "ghost"]));
        assert_eq!(directory.rotation("pagerduty/P1"), Some(&BTreeSet::from(["alice".into()])));
        assert!(is_on(&directory, "alice", "pagerduty/P1"));
        assert!(!is_on(&directory, "otto", "pagerduty/P1"), "a disabled account is on no rotation");
        assert!(!is_on(&directory, "alice", "pagerduty/P2"));
        directory.set_oncall(on("pagerduty/P2", &["alice"]));
        assert!(!is_on(&directory, "alice", "pagerduty/P1") && is_on(&directory, "alice", "pagerduty/P2"));
        directory.set_oncall(Rotations::new());
        assert!(!is_on(&directory, "alice", "pagerduty/P2"));
        assert_eq!(directory.rotation("pagerduty/P2"), None);
    }

    #[test]
    fn a_contract_ends_with_its_last_day_on_the_persons_own_clock() {
        let text = "[[person]]\nid = \"carl\"\nname = \"Carl\"\nkind = \"contractor\"\nzone = \"Europe/Berlin\"\nuntil = 2026-12-31\n";
        let mut directory = parse_people("people.toml", text, None).unwrap();
        let carl = PersonId::new("carl");
        assert_eq!(directory.person(&carl).unwrap().kind, Kind::Contractor);
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert!(directory.active(&carl).is_some(), "nobody has said what time it is");
        let (last, over) = (at("2026-12-31T22:59:59Z"), at("2026-12-31T23:00:00Z"));
        assert!(!directory.is_of_another_time(last) && directory.is_of_another_time(over));
        directory.set_time(last);
        assert!(directory.active(&carl).is_some() && directory.is_of_another_time(over));
        directory.set_time(over);
        assert!(directory.active(&carl).is_none() && !directory.is_of_another_time(over));
        directory.set_oncall(on("pagerduty/P1", &["carl"]));
        assert_eq!(directory.rotation("pagerduty/P1"), Some(&BTreeSet::new()));
    }
}
