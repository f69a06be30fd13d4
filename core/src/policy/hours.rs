//! When a window stands open: hours of a week and single periods, in a zone, daylight saving included.
//!
//! A window is a row of stretches `[opens, closes)`, each of which begins on a local day. A local time that the clocks show twice means the
//! first time; one that they skip means the moment at which they are put forward. So no stretch depends on how somebody reads a clock.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use crate::policy::{Hours, Period, Times};

/// How far ahead an opening is looked for: a weekly window has one within this, unless it never has.
const DAYS_AHEAD: u64 = 15;

impl Hours {
    /// When the stretch ends that holds an instant; `None` outside. A stretch that runs past midnight belongs to the day on which it began.
    pub fn closes(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = at.with_timezone(&self.zone).date_naive();
        let days = [today.pred_opt(), Some(today)].into_iter().flatten();
        let holding = days.filter_map(|day| self.stretch(day)).filter(|(from, to)| *from <= at && at < *to);
        holding.map(|(_, to)| to).max()
    }

    /// The next beginning after an instant; `None` where it never opens.
    pub fn opens(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = after.with_timezone(&self.zone).date_naive();
        let days = (0..=DAYS_AHEAD).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        days.filter_map(|day| self.stretch(day)).map(|(from, _)| from).find(|from| *from > after)
    }

    /// How long a stretch lasts by the clock on the wall.
    pub(super) fn length(&self) -> TimeDelta {
        let length = self.to - self.from;
        if length <= TimeDelta::zero() { length + TimeDelta::days(1) } else { length }
    }

    /// What begins on a local day: nothing on other days, and nothing that the clocks skip whole.
    fn stretch(&self, day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        if !self.days.contains(&day.weekday()) {
            return None;
        }
        let last = if self.to <= self.from { day.succ_opt()? } else { day };
        let (from, to) = (instant(self.zone, day.and_time(self.from))?, instant(self.zone, last.and_time(self.to))?);
        (from < to).then_some((from, to))
    }
}

impl Times {
    /// When the stretch ends that holds an instant; `None` outside.
    pub(super) fn closes(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Weekly(hours) => hours.closes(at),
            Self::Once(period) => period.contains(at).then_some(period.to),
        }
    }

    /// The next beginning after an instant.
    pub(super) fn opens(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Weekly(hours) => hours.opens(after),
            Self::Once(period) => Some(period.from).filter(|from| *from > after),
        }
    }

    /// The zone that it is told in.
    pub(super) fn zone(&self) -> Tz {
        match self {
            Self::Weekly(hours) => hours.zone,
            Self::Once(period) => period.zone,
        }
    }
}

impl Period {
    /// From its beginning, up to but not including its end.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

/// The instant of a local time: the first of two, and the moment of the change for one that is skipped.
pub(crate) fn instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    // The longest time ever skipped is a day: Samoa, 30 December 2011.
    let minutes = (0..=24 * 60).filter_map(|minute| local.checked_add_signed(TimeDelta::minutes(minute)));
    minutes.filter_map(|local| zone.from_local_datetime(&local).earliest()).next().map(|found| found.to_utc())
}

/// An instant as people read it in a zone: `Mon 08:00 Europe/Berlin`, with its date when it is more than six days from `now`.
pub fn moment(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> String {
    let near = (at - now).abs() < TimeDelta::days(6);
    let form = if near { "%a %H:%M" } else { "%a %-d %b %Y %H:%M" };
    format!("{} {zone}", at.with_timezone(&zone).format(form))
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = days_as_text(&self.days);
        let to = if self.to == NaiveTime::MIN { "24:00".to_owned() } else { self.to.format("%H:%M").to_string() };
        write!(f, "{days} {}-{to} ({})", self.from.format("%H:%M"), self.zone)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).format("%-d %b %Y %H:%M");
        write!(f, "{} to {} ({})", local(self.from), local(self.to), self.zone)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekly(hours) => hours.fmt(f),
            Self::Once(period) => period.fmt(f),
        }
    }
}

/// `Mon-Fri`, `Sat, Sun`: runs of three and more are shortened.
fn days_as_text(days: &[Weekday]) -> String {
    let mut numbers: Vec<u32> = days.iter().map(Weekday::num_days_from_monday).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let name = |number: u32| {
        u8::try_from(number).ok().and_then(|n| Weekday::try_from(n).ok()).map_or_else(String::new, |d| d.to_string())
    };
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let words = runs.into_iter().map(|(first, last)| match last - first {
        0 => name(first),
        1 => format!("{}, {}", name(first), name(last)),
        _ => format!("{}-{}", name(first), name(last)),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: &[Weekday], from: &str, to: &str) -> Hours {
        let at = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        Hours { days: days.to_vec(), from: at(from), to: at(to), zone: chrono_tz::Europe::Berlin }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn contain(hours: &Hours, instant: &str) -> bool {
        hours.closes(at(instant)).is_some()
    }

    const WORK: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

    #[test]
    fn edges_are_from_inclusive_to_exclusive_in_the_zone() {
        let work = hours(&WORK, "08:00", "20:00");
        for (instant, inside) in [
            ("2026-11-20T07:00:00Z", true), // Friday 08:00 in winter
            ("2026-11-20T06:59:59Z", false),
            ("2026-11-20T18:59:59Z", true),
            ("2026-11-20T19:00:00Z", false),
            ("2026-11-21T10:00:00Z", false), // Saturday
            ("2026-07-10T06:00:00Z", true),  // 08:00 in summer
            ("2026-07-10T05:59:59Z", false),
        ] {
            assert_eq!(contain(&work, instant), inside, "{instant}");
        }
        let to_midnight = hours(&WORK, "08:00", "00:00");
        assert!(contain(&to_midnight, "2026-11-20T22:59:59Z"));
        assert!(!contain(&to_midnight, "2026-11-20T23:00:00Z"));
        assert_eq!(work.closes(at("2026-11-20T12:00:00Z")), Some(at("2026-11-20T19:00:00Z")));
        assert_eq!(work.closes(at("2026-07-10T12:00:00Z")), Some(at("2026-07-10T18:00:00Z")));
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_it_began_on() {
        let night = hours(&[Weekday::Fri], "22:00", "06:00");
        assert!(contain(&night, "2026-11-20T21:00:00Z"));
        assert!(contain(&night, "2026-11-21T04:59:59Z"));
        assert!(!contain(&night, "2026-11-21T05:00:00Z"));
        assert!(!contain(&night, "2026-11-20T04:00:00Z"));
        assert_eq!(night.closes(at("2026-11-20T22:00:00Z")), Some(at("2026-11-21T05:00:00Z")));
        assert_eq!(night.closes(at("2026-11-21T02:00:00Z")), Some(at("2026-11-21T05:00:00Z")));
    }

    /// Berlin puts the clocks forward on 29 March 2026 at 02:00 (01:00 UTC), and back on 25 October 2026 at 03:00 (01:00 UTC).
    #[test]
    fn on_the_days_of_the_change_a_window_is_as_long_as_the_clocks_say() {
        let every = [Weekday::Sun, Weekday::Sat];
        let night = hours(&every, "22:00", "06:00");
        let length = |from: &str| {
            let from = at(from);
            assert_eq!(night.opens(from - TimeDelta::seconds(1)), Some(from));
            (night.closes(from).unwrap() - from).num_hours()
        };
        assert_eq!(length("2026-03-28T21:00:00Z"), 7, "an hour is skipped in it");
        assert_eq!(length("2026-10-24T20:00:00Z"), 9, "an hour comes twice in it");
        assert_eq!(length("2026-11-21T21:00:00Z"), 8);
    }

    #[test]
    fn times_that_are_skipped_or_come_twice_have_one_meaning() {
        // From a skipped time: open from the moment of the change on.
        let from_skipped = hours(&[Weekday::Sun], "02:30", "04:00");
        assert_eq!(from_skipped.opens(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
        assert_eq!(from_skipped.closes(at("2026-03-29T01:00:00Z")), Some(at("2026-03-29T02:00:00Z")));
        // To a skipped time: closed at that moment.
        let to_skipped = hours(&[Weekday::Sun], "01:00", "02:30");
        assert_eq!(to_skipped.closes(at("2026-03-29T00:30:00Z")), Some(at("2026-03-29T01:00:00Z")));
        assert!(!contain(&to_skipped, "2026-03-29T01:00:00Z"));
        // Whole within the skipped hour: not on that day, but a week later.
        let gone = hours(&[Weekday::Sun], "02:10", "02:50");
        assert_eq!(gone.opens(at("2026-03-28T12:00:00Z")), Some(at("2026-04-05T00:10:00Z")));
        // Twice: the first time, for beginning and end alike; never open, closed and open again.
        let twice = hours(&[Weekday::Sun], "01:00", "02:30");
        assert_eq!(twice.closes(at("2026-10-24T23:30:00Z")), Some(at("2026-10-25T00:30:00Z")));
        assert!(!contain(&twice, "2026-10-25T00:30:00Z"), "02:30 for the first time");
        assert!(!contain(&twice, "2026-10-25T01:10:00Z"), "02:10 for the second time");
        let from_twice = hours(&[Weekday::Sun], "02:30", "04:00");
        assert_eq!(from_twice.opens(at("2026-10-24T12:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
        assert!(contain(&from_twice, "2026-10-25T01:10:00Z"), "02:10 for the second time");
    }

    #[test]
    fn people_read_when_it_opens_next() {
        let work = hours(&WORK, "08:00", "20:00");
        let friday = at("2026-11-20T19:00:00Z");
        let opens = work.opens(friday).unwrap();
        assert_eq!(moment(opens, work.zone, friday), "Mon 08:00 Europe/Berlin");
        assert_eq!(moment(opens, work.zone, friday - TimeDelta::days(10)), "Mon 23 Nov 2026 08:00 Europe/Berlin");
        assert_eq!(work.to_string(), "Mon-Fri 08:00-20:00 (Europe/Berlin)");
        let weekend = hours(&[Weekday::Sun, Weekday::Sat], "00:00", "00:00");
        assert_eq!(weekend.to_string(), "Sat, Sun 00:00-24:00 (Europe/Berlin)");
        assert_eq!(weekend.length(), TimeDelta::days(1));
        assert_eq!(hours(&[], "00:00", "00:00").opens(friday), None);
    }
}
