//! Hours of a rule: days and local times of a zone, daylight saving included.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone, Utc, Weekday};

use crate::policy::Hours;

impl Hours {
    /// Whether an instant lies within. A window that ends before it begins runs past midnight and belongs to the day
    /// on which it began.
    pub fn contain(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.zone);
        let (day, time) = (local.date_naive(), local.time());
        if self.past_midnight() {
            let yesterday = day.pred_opt().is_some_and(|day| self.on(day));
            return (self.on(day) && time >= self.from) || (yesterday && time < self.to);
        }
        self.on(day) && time >= self.from && (self.to_day_end() || time < self.to)
    }

    /// The next beginning after an instant, as people read it; `None` without any day.
    pub(super) fn next_opening(&self, now: DateTime<Utc>) -> Option<String> {
        let today = now.with_timezone(&self.zone).date_naive();
        let opening = (0..=8).filter_map(|ahead| today.checked_add_days(Days::new(ahead))).find_map(|day| {
            let from = self.zone.from_local_datetime(&day.and_time(self.from)).earliest()?;
            (self.on(day) && from > now).then_some(from)
        })?;
        Some(opening.format("%A %H:%M %Z").to_string())
    }

    fn on(&self, day: NaiveDate) -> bool {
        self.days.contains(&day.weekday())
    }

    fn to_day_end(&self) -> bool {
        self.to == chrono::NaiveTime::MIN
    }

    fn past_midnight(&self) -> bool {
        !self.to_day_end() && self.to <= self.from
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = days_as_text(&self.days);
        let to = if self.to_day_end() { "24:00".to_owned() } else { self.to.format("%H:%M").to_string() };
        write!(f, "{days} {}-{to} ({})", self.from.format("%H:%M"), self.zone)
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
    use chrono::NaiveTime;

    use super::*;

    fn hours(days: &[Weekday], from: u32, to: u32) -> Hours {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        Hours { days: days.to_vec(), from: at(from), to: at(to), zone: chrono_tz::Europe::Berlin }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    const WORK: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

    #[test]
    fn edges_are_from_inclusive_to_exclusive_in_the_zone() {
        let work = hours(&WORK, 8, 20);
        for (instant, inside) in [
            ("2026-11-20T07:00:00Z", true), // Friday 08:00 in winter
            ("2026-11-20T06:59:59Z", false),
            ("2026-11-20T18:59:59Z", true),
            ("2026-11-20T19:00:00Z", false),
            ("2026-11-21T10:00:00Z", false), // Saturday
            ("2026-07-10T06:00:00Z", true),  // 08:00 in summer
            ("2026-07-10T05:59:59Z", false),
        ] {
            assert_eq!(work.contain(at(instant)), inside, "{instant}");
        }
        assert!(hours(&WORK, 8, 0).contain(at("2026-11-20T22:59:59Z")));
        assert!(!hours(&WORK, 8, 0).contain(at("2026-11-20T23:00:00Z")));
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_it_began_on() {
        let night = hours(&[Weekday::Fri], 22, 6);
        assert!(night.contain(at("2026-11-20T21:00:00Z")));
        assert!(night.contain(at("2026-11-21T04:59:59Z")));
        assert!(!night.contain(at("2026-11-21T05:00:00Z")));
        assert!(!night.contain(at("2026-11-20T04:00:00Z")));
    }

    #[test]
    fn people_read_when_it_opens_next() {
        let work = hours(&WORK, 8, 20);
        assert_eq!(work.next_opening(at("2026-11-20T19:00:00Z")).as_deref(), Some("Monday 08:00 CET"));
        assert_eq!(work.to_string(), "Mon-Fri 08:00-20:00 (Europe/Berlin)");
        assert_eq!(hours(&[Weekday::Sun, Weekday::Sat], 0, 0).to_string(), "Sat, Sun 00:00-24:00 (Europe/Berlin)");
        assert_eq!(hours(&[], 0, 0).next_opening(at("2026-11-20T19:00:00Z")), None);
    }
}
