//! What is known of the rotations and services that the policy names: when to look again, and who is on call by what was seen last. Pure; the worker
//! looks and tells.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::directory::{Directory, Rotations};
use jit_core::incident::{Incident, Incidents};

use super::{Oncall, Turn};
use crate::lookup::LookupError;

/// The first wait after a failed look; it doubles up to the source's `refresh`.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(5);

/// A look that has brought nothing after so long never will.
const LOST_LOOK: TimeDelta = TimeDelta::seconds(60);

/// See the module: by name (`source/…`), what looks at it bring.
#[derive(Debug, Default)]
pub(crate) struct Roster<T>(BTreeMap<String, Known<T>>);

#[derive(Debug)]
struct Known<T> {
    /// What was seen last, and when it was asked for.
    seen: Option<(DateTime<Utc>, T)>,
    next: DateTime<Utc>,
    looking: Option<DateTime<Utc>>,
    failures: u32,
    /// Told once that nobody counts as on call any more.
    lost: bool,
}

/// What has changed about a rotation, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The first failure in a row.
    Failing,
    /// The first look after failures that brought something.
    Recovered,
}

impl<T> Roster<T> {
    /// The rotations to be looked at now; they count as being looked at. Those that the policy no longer names are forgotten.
    pub fn due(&mut self, named: &BTreeSet<String>, now: DateTime<Utc>) -> Vec<String> {
        self.0.retain(|rotation, _| named.contains(rotation));
        for name in named {
            let fresh = || Known { seen: None, next: now, looking: None, failures: 0, lost: false };
            self.0.entry(name.clone()).or_insert_with(fresh);
        }
        let mut due = Vec::new();
        for (rotation, known) in &mut self.0 {
            let under_way = known.looking.is_some_and(|since| now - since < LOST_LOOK);
            if !under_way && known.next <= now {
                known.looking = Some(now);
                due.push(rotation.clone());
            }
        }
        due
    }

    /// Takes what a look brought that began at an instant, at something that is looked at so often.
    pub fn heard(
        &mut self,
        refresh: TimeDelta,
        rotation: &str,
        asked: DateTime<Utc>,
        brought: Result<T, LookupError>,
    ) -> Option<News> {
        let known = self.0.get_mut(rotation).filter(|known| known.looking == Some(asked))?;
        known.looking = None;
        match brought {
            Ok(seen) => {
                let recovered = known.failures > 0;
                *known =
                    Known { seen: Some((asked, seen)), next: asked + refresh, looking: None, failures: 0, lost: false };
                recovered.then_some(News::Recovered)
            }
            Err(error) => {
                let wait = FIRST_WAIT * 2_i32.pow(known.failures.min(8));
                let told = error.wait.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
                known.next = asked + wait.min(refresh).max(told);
                known.failures += 1;
                (known.failures == 1).then_some(News::Failing)
            }
        }
    }

    /// What was seen not too long ago.
    fn fresh<'a>(&'a self, oncall: &'a Oncall, now: DateTime<Utc>) -> impl Iterator<Item = (&'a String, &'a T)> {
        self.0.iter().filter_map(move |(name, known)| {
            let (at, seen) = known.seen.as_ref()?;
            (now - *at <= oncall.source_of(name)?.max_age).then_some((name, seen))
        })
    }

    /// Those that have just become unknown because the last answer is too old, or because the first look failed.
    pub fn newly_lost<V>(&mut self, known_now: &BTreeMap<String, V>) -> Vec<String> {
        let lost = self
            .0
            .iter_mut()
            .filter(|(name, known)| known.failures > 0 && !known.lost && !known_now.contains_key(*name));
        lost.map(|(name, known)| {
            known.lost = true;
            name.clone()
        })
        .collect()
    }

    /// How many are not known now.
    pub fn unknown<V>(&self, known_now: &BTreeMap<String, V>) -> usize {
        self.0.keys().filter(|name| !known_now.contains_key(*name)).count()
    }
}

impl Roster<Vec<Turn>> {
    /// Who is on call now. A rotation never seen, or too long ago, is not among them.
    pub fn rotations(&self, oncall: &Oncall, directory: &Directory, now: DateTime<Utc>) -> Rotations {
        let people = |(name, turns): (&String, &Vec<Turn>)| (name.clone(), oncall.people(name, turns, directory, now));
        self.fresh(oncall, now).map(people).collect()
    }
}

impl Roster<Vec<Incident>> {
    /// Which incidents are open now. A service never seen, or too long ago, is not among them.
    pub fn incidents(&self, oncall: &Oncall, now: DateTime<Utc>) -> Incidents {
        self.fresh(oncall, now).map(|(name, open)| (name.clone(), open.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jit_core::id::PersonId;

    use super::super::{Kind, Source, Who};
    use super::*;
    use crate::lookup;

    const P1: &str = "pagerduty/P1";
    const MINUTE: TimeDelta = TimeDelta::seconds(60);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn oncall() -> Oncall {
        crate::install_crypto();
        let source = Source {
            kind: Kind::File("none".into()),
            max_age: TimeDelta::seconds(600),
            refresh: MINUTE,
            incident_channel: None,
            ids: BTreeMap::from([("U9".to_owned(), PersonId::new("carl"))]),
        };
        Oncall { sources: [("pagerduty".to_owned(), source)].into(), client: lookup::client().unwrap() }
    }

    fn directory() -> Directory {
        let person = |id: &str, more: &str| format!("[[person]]\nid = \"{id}\"\nname = \"Same Name\"\n{more}\n");
        let text = person("alice", "email = \"Alice@acme.test\"")
            + &person("otto", "email = \"otto@acme.test\"\nactive = false")
            + &person("carl", "email = \"carl@acme.test\"");
        jit_core::directory::parse_people("people.toml", &text, None).unwrap()
    }

    fn user(id: &str, email: Option<&str>) -> Turn {
        Turn { who: Who::User { id: id.into(), email: email.map(Into::into) }, from: None, until: None }
    }

    fn failure(wait: Option<u64>) -> Result<Vec<Turn>, LookupError> {
        Err(LookupError { wait: wait.map(Duration::from_secs), ..LookupError::new("failed", String::new()) })
    }

    fn named() -> BTreeSet<String> {
        [P1.to_owned()].into()
    }

    #[test]
    fn the_last_answer_counts_until_it_is_too_old_and_then_nobody() {
        let (oncall, directory) = (oncall(), directory());
        let mut roster = Roster::default();
        assert!(roster.rotations(&oncall, &directory, at(0)).is_empty());
        assert_eq!(roster.due(&named(), at(0)), [P1]);
        assert!(roster.due(&named(), at(1)).is_empty(), "it is being looked at");
        assert_eq!(roster.heard(MINUTE, P1, at(0), Ok(vec![user("U1", Some("alice@ACME.test"))])), None);
        assert!(roster.due(&named(), at(59)).is_empty());
        assert_eq!(roster.due(&named(), at(60)), [P1]);
        assert_eq!(roster.heard(MINUTE, P1, at(60), failure(None)), Some(News::Failing));
        assert!(roster.due(&named(), at(64)).is_empty());
        assert_eq!(roster.due(&named(), at(65)), [P1], "again after five seconds");
        assert_eq!(roster.heard(MINUTE, P1, at(65), failure(None)), None, "told once");
        let then = roster.rotations(&oncall, &directory, at(600));
        assert_eq!(then[P1], ["alice".into()].into());
        assert!(roster.newly_lost(&then).is_empty());
        let later = roster.rotations(&oncall, &directory, at(601));
        assert!(later.is_empty());
        assert_eq!((roster.newly_lost(&later), roster.newly_lost(&later)), (vec![P1.to_owned()], Vec::new()));
        assert_eq!(roster.unknown(&later), 1);
        assert_eq!(roster.due(&named(), at(700)), [P1]);
        assert_eq!(roster.heard(MINUTE, P1, at(700), Ok(Vec::new())), Some(News::Recovered));
        assert!(roster.rotations(&oncall, &directory, at(701))[P1].is_empty(), "nobody is on call, for certain");
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_and_late_answers_are_not_taken() {
        let oncall = oncall();
        let mut roster = Roster::default();
        roster.due(&named(), at(0));
        roster.heard(MINUTE, P1, at(0), failure(Some(300)));
        assert!(roster.due(&named(), at(299)).is_empty());
        assert_eq!(roster.due(&named(), at(300)), [P1]);
        assert_eq!(roster.due(&named(), at(360)), [P1], "the look was lost");
        roster.heard(MINUTE, P1, at(300), Ok(vec![user("U1", Some("alice@acme.test"))]));
        assert!(roster.rotations(&oncall, &directory(), at(361)).is_empty(), "it is older than one begun since");
        assert!(roster.due(&BTreeSet::new(), at(361)).is_empty());
        assert!(roster.0.is_empty(), "what is no longer named is forgotten");
    }

    #[test]
    fn people_are_known_by_id_or_address_and_never_by_name() {
        let (oncall, directory) = (oncall(), directory());
        let on = |turns: &[Turn]| oncall.people(P1, turns, &directory, at(0)).into_iter().collect::<Vec<_>>();
        assert_eq!(on(&[user("U1", Some("alice@acme.test"))]), [PersonId::new("alice")]);
        assert_eq!(on(&[user("U9", Some("alice@acme.test"))]), [PersonId::new("carl")], "the explicit id wins");
        for nobody in [user("U1", None), user("alice", Some("Same Name")), user("U1", Some("otto@acme.test"))] {
            assert_eq!(on(&[nobody]), []);
        }
        let timed =
            |from, until| Turn { from: Some(at(from)), until: Some(at(until)), ..user("U1", Some("alice@acme.test")) };
        assert_eq!(on(&[timed(1, 9)]), []);
        assert_eq!(on(&[timed(-9, 0)]), []);
        assert_eq!(on(&[timed(0, 1)]), [PersonId::new("alice")]);
    }
}
