//! Being away: nobody asks one for decisions until a time, and somebody may decide instead.
//!
//! The shell stores what comes of it with its event, and puts it in force with the directory ([`Directory::set_absences`]); who is asked then
//! is policy's to say. A delegate stands in at the steps that name whoever is away, and nowhere else.

use chrono::{DateTime, TimeDelta, Utc};

use crate::directory::{Absence, Directory, Person};
use crate::event::{Actor, Event, EventRecord};
use crate::id::{PersonId, PolicyHash};
use crate::refusal::{Code, Refusal};

/// The longest that somebody may say to be away: whoever is gone for longer needs somebody else in the directory.
pub const LONGEST: TimeDelta = TimeDelta::days(92);

/// Somebody goes away, or says so anew.
pub fn absence(
    person: &Person,
    until: DateTime<Utc>,
    delegate: Option<&PersonId>,
    (directory, now): (&Directory, DateTime<Utc>),
) -> Result<Absence, Refusal> {
    let refuse = |code, what: String, next: &str| Err(Refusal::new(code, what, next));
    let shown = |at: DateTime<Utc>| at.with_timezone(&person.zone).format("%-d %b %Y %H:%M %Z").to_string();
    if until <= now {
        let what = format!("{} is over already.", shown(until));
        return refuse(Code::Duration, what, "Write a time that is still to come, such as `until tomorrow 09:00`.");
    }
    if until - now > LONGEST {
        let what = format!("{} is more than {} days away.", shown(until), LONGEST.num_days());
        return refuse(
            Code::Duration,
            what,
            "Name an earlier time; ask an administrator of jit when you leave for longer.",
        );
    }
    let Some(delegate) = delegate else { return Ok(Absence { until, delegate: None }) };
    let name = directory.name(delegate);
    let next = "Name somebody else, or leave `delegate` out: then those above you are asked.";
    if *delegate == person.id {
        return refuse(Code::NotPermitted, "You cannot stand in for yourself.".to_owned(), next);
    }
    if !directory.active(delegate).is_some_and(|person| directory.in_chat(person)) {
        return refuse(Code::Disabled, format!("{name} cannot be asked: disabled, or not in chat."), next);
    }
    if let Some(other) = directory.absence(delegate) {
        return refuse(Code::NotPermitted, format!("{name} is away as well, until {}.", shown(other.until)), next);
    }
    Ok(Absence { until, delegate: Some(delegate.clone()) })
}

/// The event of going away; of being back, without an absence.
pub fn record(
    person: &PersonId,
    absence: Option<&Absence>,
    (actor, policy): (&Actor, &PolicyHash),
    now: DateTime<Utc>,
) -> EventRecord {
    let person = person.clone();
    let event = match absence {
        Some(Absence { until, delegate }) => Event::WentAway { person, until: *until, delegate: delegate.clone() },
        None => Event::CameBack { person },
    };
    EventRecord { access: None, version: 0, at: now, actor: actor.clone(), policy: policy.clone(), event }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::parse_people;

    const PEOPLE: &str = r#"
[[person]]
id = "alice"
name = "Alice"
slack = "U0001"
zone = "Europe/Berlin"
[[person]]
id = "bob"
name = "Bob"
slack = "U0002"
[[person]]
id = "carl"
name = "Carl"
[[person]]
id = "otto"
name = "Otto"
slack = "U0003"
active = false
"#;

    fn says(until: &str, delegate: Option<&str>, bob_is_away: bool) -> Result<Absence, String> {
        let mut directory = parse_people("people.toml", PEOPLE, None).unwrap();
        let now: DateTime<Utc> = "2026-11-20T10:00:00Z".parse().unwrap();
        if bob_is_away {
            let absence = Absence { until: now + TimeDelta::hours(1), delegate: None };
            directory.set_absences([("bob".into(), absence)].into());
        }
        let delegate = delegate.map(PersonId::new);
        let alice = directory.person(&"alice".into()).unwrap();
        absence(alice, until.parse().unwrap(), delegate.as_ref(), (&directory, now)).map_err(|refusal| refusal.what)
    }

    #[test]
    fn bounds_and_delegates() {
        let until = "2026-11-23T08:00:00Z";
        assert_eq!(says(until, Some("bob"), false).unwrap().delegate, Some("bob".into()));
        assert_eq!(says(until, None, false).unwrap().delegate, None);
        for (until, delegate, away, expected) in [
            ("2026-11-20T10:00:00Z", None, false, "20 Nov 2026 11:00 CET is over already."),
            ("2027-02-20T10:00:01Z", None, false, "20 Feb 2027 11:00 CET is more than 92 days away."),
            (until, Some("alice"), false, "You cannot stand in for yourself."),
            (until, Some("otto"), false, "Otto cannot be asked: disabled, or not in chat."),
            (until, Some("carl"), false, "Carl cannot be asked: disabled, or not in chat."),
            (until, Some("ghost"), false, "ghost cannot be asked: disabled, or not in chat."),
            (until, Some("bob"), true, "Bob is away as well, until 20 Nov 2026 12:00 CET."),
        ] {
            assert_eq!(says(until, delegate, away), Err(expected.to_owned()));
        }
        assert!(says("2027-02-20T10:00:00Z", None, false).is_ok(), "just not too long");
    }
}
