//! Rotations from a file: people who take turns by a cron expression in a time zone, and shifts that stand in place of turns.
//!
//! Read anew at every look; judges nobody's existence, which [`super::known`] does before a policy is in force.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use jit_core::id::PersonId;
use jit_core::incident::{Incident, OwnChannel};
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{Turn, Who, channel};
use crate::lookup::LookupError;
use crate::source_file::{self, SourceFile, Wrong, line_of};

/// How many handovers are counted from `since`: two years of hourly ones, half a century of daily ones.
const MAX_HANDOVERS: usize = 20_000;

/// How far ahead turns are told; the file is looked at again long before.
const AHEAD: TimeDelta = TimeDelta::hours(2);

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct Rotations {
    rotations: Vec<Rotation>,
    shifts: Vec<Shift>,
    incidents: Vec<IncidentText>,
}

#[derive(Debug)]
struct Rotation {
    line: usize,
    name: String,
    people: Vec<PersonId>,
    /// None: nobody takes turns, the one person is always on call.
    turns: Option<Handovers>,
}

#[derive(Debug)]
struct Handovers {
    cron: Cron,
    since: DateTime<Tz>,
}

#[derive(Debug)]
struct Shift {
    line: usize,
    rotation: String,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    person: PersonId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    rotation: Vec<RotationText>,
    #[serde(default)]
    shift: Vec<ShiftText>,
    #[serde(default)]
    incident: Vec<IncidentText>,
}

/// An incident stands in the file until everything that was given for it has ended: what is gone is not said to be resolved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentText {
    id: String,
    service: String,
    title: Option<String>,
    channel: Option<String>,
    #[serde(default)]
    resolved: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationText {
    name: Spanned<String>,
    zone: Option<String>,
    people: Vec<PersonId>,
    handover: Option<String>,
    since: Option<Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShiftText {
    rotation: Spanned<String>,
    from: Datetime,
    to: Datetime,
    person: PersonId,
}

/// Whoever is on call by a rotation, now and soon.
pub(super) async fn look(path: PathBuf, rotation: &str, now: DateTime<Utc>) -> Result<Vec<Turn>, LookupError> {
    let rotation = rotation.to_owned();
    source_file::look(path, move |path, rotations: &Rotations| {
        let turns = rotations.turns(&rotation, now);
        let none = || LookupError::new("refused", format!("has no rotation `{rotation}` in {}", path.display()));
        turns.ok_or_else(none)?.map_err(|wrong| wrong.at(path))
    })
    .await
}

/// The open incidents of a service.
pub(super) async fn incidents(path: PathBuf, service: &str, named: Option<&str>) -> Result<Vec<Incident>, LookupError> {
    let (service, named) = (service.to_owned(), named.map(str::to_owned));
    source_file::look(path, move |_, rotations: &Rotations| {
        let open = rotations.incidents.iter().filter(|incident| incident.service == service && !incident.resolved);
        Ok(open.map(|incident| incident.read(named.as_deref())).collect())
    })
    .await
}

/// Whether an incident is resolved.
pub(super) async fn resolved(path: PathBuf, id: &str) -> Result<bool, LookupError> {
    let id = id.to_owned();
    source_file::look(path, move |path, rotations: &Rotations| {
        let found = rotations.incidents.iter().find(|incident| incident.id == id);
        let none = || LookupError::new("refused", format!("has no incident `{id}` in {}", path.display()));
        found.map(|incident| incident.resolved).ok_or_else(none)
    })
    .await
}

impl SourceFile for Rotations {
    const WHAT: &'static str = "rotations";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let read: Text = source_file::toml(text)?;
        let mut rotations = Self::default();
        for rotation in read.rotation {
            let line = line_of(text, rotation.name.span().start);
            let rotation = rotation.checked(line).map_err(|what| Wrong { line, what })?;
            if rotations.rotations.iter().any(|other| other.name == rotation.name) {
                return Err(Wrong { line, what: format!("there are two rotations `{}`", rotation.name) });
            }
            rotations.rotations.push(rotation);
        }
        for shift in read.shift {
            let line = line_of(text, shift.rotation.span().start);
            rotations.shifts.push(shift.checked(line).map_err(|what| Wrong { line, what })?);
        }
        for (at, incident) in read.incident.iter().enumerate() {
            if read.incident[..at].iter().any(|other| other.id == incident.id) {
                return Err(Wrong { line: 0, what: format!("there are two incidents `{}`", incident.id) });
            }
        }
        rotations.incidents = read.incident;
        Ok(rotations)
    }

    fn people(&self) -> impl Iterator<Item = (usize, &PersonId)> {
        let turns = self.rotations.iter().flat_map(|rotation| rotation.people.iter().map(|id| (rotation.line, id)));
        turns.chain(self.shifts.iter().map(|shift| (shift.line, &shift.person)))
    }
}

impl IncidentText {
    fn read(&self, named: Option<&str>) -> Incident {
        let own = || channel::own([], named, || Some(self.id.clone()));
        let channel = self.channel.as_deref().map(OwnChannel::written).or_else(own);
        Incident { id: self.id.clone(), title: super::title(&self.id, self.title.as_deref()), channel }
    }
}

impl RotationText {
    fn checked(self, line: usize) -> Result<Rotation, String> {
        let Self { name, zone, people, handover, since } = self;
        let name = name.into_inner();
        if name.is_empty() || name.contains(char::is_control) {
            return Err("a rotation's name is one line of text".to_owned());
        }
        let turns = match (handover, since) {
            (None, None) if people.len() == 1 => None,
            (Some(handover), Some(since)) if !people.is_empty() => {
                let zone = zone.as_deref().unwrap_or("UTC");
                let zone: Tz =
                    zone.parse().map_err(|_| format!("`{zone}` is no time zone; write it like Europe/Berlin"))?;
                Some(Handovers { cron: cron(&handover)?, since: instant(since, Some(zone))?.with_timezone(&zone) })
            }
            _ => return Err(format!("`{name}` needs `people`, `handover` and `since`, or one person alone")),
        };
        Ok(Rotation { line, name, people, turns })
    }
}

impl ShiftText {
    fn checked(self, line: usize) -> Result<Shift, String> {
        let Self { rotation, from, to, person } = self;
        let (from, to) = (instant(from, None)?, instant(to, None)?);
        if to <= from {
            return Err("a shift's `to` is after its `from`".to_owned());
        }
        Ok(Shift { line, rotation: rotation.into_inner(), from, to, person })
    }
}

/// Five fields: minute, hour, day of the month, month, day of the week.
fn cron(text: &str) -> Result<Cron, String> {
    let wrong =
        || format!("`{text}` is no handover; write it like \"0 9 * * MON\": minute, hour, day, month, day of the week");
    if text.split_whitespace().count() != 5 {
        return Err(wrong());
    }
    Cron::from_str(text).map_err(|_| wrong())
}

/// A date and time, with its offset or in the zone; a date alone is its midnight.
fn instant(value: Datetime, zone: Option<Tz>) -> Result<DateTime<Utc>, String> {
    let text = value.to_string();
    let fixed = DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc());
    let local = || -> Option<DateTime<Utc>> {
        let date = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        let naive = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok().or_else(date)?;
        Some(naive.and_local_timezone(zone?).earliest()?.to_utc())
    };
    fixed.ok().or_else(local).ok_or_else(|| format!("`{text}` is no instant; write it like 2026-11-02T09:00:00+01:00"))
}

impl Rotations {
    /// What a policy may name.
    pub fn names(&self) -> BTreeSet<String> {
        let rotations = self.rotations.iter().map(|rotation| rotation.name.clone());
        rotations.chain(self.shifts.iter().map(|shift| shift.rotation.clone())).collect()
    }

    /// The turns of a rotation from now on; `None` when there is no such rotation.
    fn turns(&self, name: &str, now: DateTime<Utc>) -> Option<Result<Vec<Turn>, Wrong>> {
        let rotation = self.rotations.iter().find(|rotation| rotation.name == name);
        let shifts: Vec<&Shift> = self.shifts.iter().filter(|shift| shift.rotation == name).collect();
        if rotation.is_none() && shifts.is_empty() {
            return None;
        }
        let turns = rotation.map_or(Ok(Vec::new()), |rotation| rotation.turns(now));
        Some(turns.map(|turns| {
            let left =
                turns.into_iter().flat_map(|turn| shifts.iter().fold(vec![turn], |turns, shift| without(turns, shift)));
            let instead = shifts.iter().map(|shift| Turn {
                who: Who::Person(shift.person.clone()),
                from: Some(shift.from),
                until: Some(shift.to),
            });
            left.chain(instead).collect()
        }))
    }
}

impl Rotation {
    fn turns(&self, now: DateTime<Utc>) -> Result<Vec<Turn>, Wrong> {
        let Some(Handovers { cron, since }) = &self.turns else {
            let always = |person: &PersonId| Turn { who: Who::Person(person.clone()), from: None, until: None };
            return Ok(self.people.iter().map(always).collect());
        };
        let mut turns = Vec::new();
        let mut from = *since;
        for person in self.people.iter().cycle().take(MAX_HANDOVERS) {
            if from.to_utc() > now + AHEAD {
                return Ok(turns);
            }
            let until = cron
                .find_next_occurrence(&from, false)
                .map_err(|_| Wrong { line: self.line, what: format!("the handover of `{}` never comes", self.name) })?;
            if until.to_utc() > now {
                let who = Who::Person(person.clone());
                turns.push(Turn { who, from: Some(from.to_utc()), until: Some(until.to_utc()) });
            }
            from = until;
        }
        let what = format!("`{}` has had more than {MAX_HANDOVERS} handovers; give it a later `since`", self.name);
        Err(Wrong { line: self.line, what })
    }
}

/// What is left of turns outside a shift.
fn without(turns: Vec<Turn>, shift: &Shift) -> Vec<Turn> {
    let mut left = Vec::new();
    for turn in turns {
        let apart =
            turn.until.is_some_and(|until| until <= shift.from) || turn.from.is_some_and(|from| from >= shift.to);
        if apart {
            left.push(turn);
            continue;
        }
        if turn.from.is_none_or(|from| from < shift.from) {
            left.push(Turn { until: Some(shift.from), ..turn.clone() });
        }
        if turn.until.is_none_or(|until| until > shift.to) {
            left.push(Turn { from: Some(shift.to), ..turn });
        }
    }
    left
}

#[cfg(test)]
mod tests;
