//! Times as people type them: `18:00`, `6pm`, `tomorrow 09:00`, `Mon 09:00`, `2026-12-24`, `2026-12-24 09:00 UTC`, RFC 3339.
//!
//! Read on the clock of the person who writes, so the caller gives the zone and what time it is. A day alone begins at midnight, a time of
//! day alone is the next one, a weekday is the next one. Local times that a change of the clocks leaves out, or lets come twice, are refused
//! rather than guessed. Whether a time is too early or too late is the caller's to know.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use crate::grammar::clauses::shown;
use crate::grammar::words::bare;
use crate::refusal::{Code, Refusal};

/// The longest text that is looked at.
const LONGEST: usize = 60;

/// The day of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    Date(NaiveDate),
    Weekday(Weekday),
    /// So many days from today.
    Ahead(u64),
}

/// The instant that a text means to somebody whose clock shows the time of `zone`.
pub fn time(text: &str, now: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, Refusal> {
    let not_a_time = || not_a_time(text);
    let text = text.trim();
    if text.len() > LONGEST {
        return Err(not_a_time());
    }
    if let Some(instant) = with_offset(text) {
        return Ok(instant);
    }
    let lower = text.to_ascii_lowercase();
    let mut words: Vec<&str> =
        lower.split_whitespace().map(bare).filter(|word| !matches!(*word, "at" | "on")).collect();
    let utc = matches!(words.last(), Some(&"utc" | &"z"));
    if utc {
        words.pop();
    }
    let zone = if utc { Tz::UTC } else { zone };
    let (day, at) = day_and_time(&words).ok_or_else(not_a_time)?;
    let local = now.with_timezone(&zone).naive_local();
    let (today, at_begin) = (local.date(), at.unwrap_or_default());
    let ahead = |ahead| today.checked_add_days(Days::new(ahead));
    let date = match (day, at) {
        (None, None) => None,
        (Some(Day::Date(date)), _) => Some(date),
        (Some(Day::Ahead(days)), _) => ahead(days),
        (Some(Day::Weekday(weekday)), _) => {
            (0..=7).filter_map(ahead).find(|date| date.weekday() == weekday && date.and_time(at_begin) > local)
        }
        (None, Some(at)) => (0..=1).filter_map(ahead).find(|date| date.and_time(at) > local),
    };
    instant(date.ok_or_else(not_a_time)?.and_time(at_begin), zone)
}

/// RFC 3339, with or without seconds, with `T` or a blank.
fn with_offset(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replacen(' ', "T", 1).to_ascii_uppercase();
    let text = text.strip_suffix('Z').map_or(text.clone(), |text| format!("{text}+00:00"));
    let without_seconds = || DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M%:z");
    let read = DateTime::parse_from_rfc3339(&text).or_else(|_| without_seconds()).ok()?;
    Some(read.with_timezone(&Utc))
}

/// At most one day and one time of day, in any order, and nothing else.
fn day_and_time(words: &[&str]) -> Option<(Option<Day>, Option<NaiveTime>)> {
    let (mut day, mut at) = (None, None);
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let half = words.next_if(|next| matches!(**next, "am" | "pm"));
        if let Some((date, clock)) = word.split_once('t').filter(|(date, _)| date.contains('-')) {
            day = if day.is_none() { Some(date_of(date)?) } else { return None };
            at = if at.is_none() && half.is_none() { Some(time_of_day(clock)?) } else { return None };
        } else if let Some(read) = day_of(word).filter(|_| day.is_none() && half.is_none()) {
            day = Some(read);
        } else {
            let clock = format!("{word}{}", half.unwrap_or(&""));
            at = if at.is_none() { Some(time_of_day(&clock)?) } else { return None };
        }
    }
    Some((day, at))
}

/// Whether a word may be part of a time; `clauses.rs` ends a clause where none follows.
pub(super) fn is_time(word: &str) -> bool {
    let word = bare(word).to_ascii_lowercase();
    let date_and_clock =
        word.split_once('t').is_some_and(|(date, clock)| date_of(date).is_some() && clock.contains(':'));
    let other = ["am", "pm", "utc", "z"].contains(&word.as_str());
    other || day_of(&word).is_some() || time_of_day(&word).is_some() || date_and_clock
}

fn instant(local: NaiveDateTime, zone: Tz) -> Result<DateTime<Utc>, Refusal> {
    let shown = local.format("%Y-%m-%d %H:%M");
    let next = "Write another time, or one with its offset, such as `2026-12-24T09:00+01:00`.";
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) => Ok(instant.with_timezone(&Utc)),
        LocalResult::None => {
            let what = format!("There is no {shown} in {zone}: the clocks are put forward then.");
            Err(Refusal::new(Code::NotUnderstood, what, next))
        }
        LocalResult::Ambiguous(..) => {
            let what = format!("{shown} comes twice in {zone}: the clocks are put back then.");
            Err(Refusal::new(Code::NotUnderstood, what, next))
        }
    }
}

fn day_of(word: &str) -> Option<Day> {
    match word {
        "today" | "tonight" => Some(Day::Ahead(0)),
        "tomorrow" => Some(Day::Ahead(1)),
        _ => weekday(word).map(Day::Weekday).or_else(|| date_of(word)),
    }
}

/// `mon`, `monday`.
fn weekday(word: &str) -> Option<Weekday> {
    let letters = word.len() == 3 || word.ends_with("day");
    word.parse().ok().filter(|_| letters && word.bytes().all(|b| b.is_ascii_lowercase()))
}

/// `2026-12-24`.
fn date_of(word: &str) -> Option<Day> {
    let mut parts = word.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(digits(year)?).ok()?, digits(month)?, digits(day)?)?;
    Some(Day::Date(date))
}

/// `18:00`, `9:30am`, `6pm`, `noon`.
fn time_of_day(word: &str) -> Option<NaiveTime> {
    match word {
        "noon" => return NaiveTime::from_hms_opt(12, 0, 0),
        "midnight" => return Some(NaiveTime::MIN),
        _ => {}
    }
    let (clock, afternoon) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(false)),
        (_, Some(clock)) => (clock, Some(true)),
        _ => (word, None),
    };
    let (hour, minute) = match clock.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (digits(hour)?, digits(minute)?),
        None if afternoon.is_some() => (digits(clock)?, 0),
        _ => return None,
    };
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

fn digits(text: &str) -> Option<u32> {
    let fine = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fine { text.parse().ok() } else { None }
}

fn not_a_time(text: &str) -> Refusal {
    Refusal::new(
        Code::NotUnderstood,
        format!("`{}` is not a time.", shown(text)),
        "Write times like `18:00`, `tomorrow 09:00`, `Mon 09:00`, `2026-12-24` or `2026-12-24T09:00+01:00`.",
    )
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// It is Friday, 20 November 2026, 11:30 in Berlin.
    const NOW: &str = "2026-11-20T10:30:00Z";

    #[rstest]
    #[case("18:00", "2026-11-20T17:00:00Z")]
    #[case("11:30", "2026-11-21T10:30:00Z")]
    #[case("9:00", "2026-11-21T08:00:00Z")]
    #[case("6pm", "2026-11-20T17:00:00Z")]
    #[case("6:30 PM", "2026-11-20T17:30:00Z")]
    #[case("12am", "2026-11-20T23:00:00Z")]
    #[case("12pm", "2026-11-20T11:00:00Z")]
    #[case("noon", "2026-11-20T11:00:00Z")]
    #[case("midnight", "2026-11-20T23:00:00Z")]
    #[case("18:00 UTC", "2026-11-20T18:00:00Z")]
    #[case("today 18:00", "2026-11-20T17:00:00Z")]
    #[case("today 08:00", "2026-11-20T07:00:00Z")]
    #[case("tonight 20:00", "2026-11-20T19:00:00Z")]
    #[case("tomorrow", "2026-11-20T23:00:00Z")]
    #[case("tomorrow 09:00", "2026-11-21T08:00:00Z")]
    #[case("tomorrow at 9am", "2026-11-21T08:00:00Z")]
    #[case("09:00 tomorrow", "2026-11-21T08:00:00Z")]
    #[case("Mon", "2026-11-22T23:00:00Z")]
    #[case("Mon 09:00", "2026-11-23T08:00:00Z")]
    #[case("Monday 09:00", "2026-11-23T08:00:00Z")]
    #[case("on Fri 09:00", "2026-11-27T08:00:00Z")]
    #[case("Fri 12:00", "2026-11-20T11:00:00Z")]
    #[case("2026-12-24", "2026-12-23T23:00:00Z")]
    #[case("2026-12-24 09:00", "2026-12-24T08:00:00Z")]
    #[case("2026-12-24T09:00", "2026-12-24T08:00:00Z")]
    #[case("2026-12-24 09:00 UTC", "2026-12-24T09:00:00Z")]
    #[case("2026-07-01 09:00", "2026-07-01T07:00:00Z")]
    #[case("2026-12-24T09:00:00+05:30", "2026-12-24T03:30:00Z")]
    #[case("2026-12-24T09:00:00Z", "2026-12-24T09:00:00Z")]
    #[case("2026-12-24 09:00:00Z", "2026-12-24T09:00:00Z")]
    #[case("2026-12-24T09:00+01:00", "2026-12-24T08:00:00Z")]
    #[case("2026-12-24T09:00Z", "2026-12-24T09:00:00Z")]
    #[case("2020-01-01", "2019-12-31T23:00:00Z")]
    fn is_the_instant_that_people_mean(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(time(text, at(NOW), Berlin), Ok(at(expected)), "{text}");
    }

    #[rstest]
    fn is_refused_with_examples(
        #[values(
            "",
            "soon",
            "25:00",
            "18:60",
            "13pm",
            "0am",
            "18",
            "18:0",
            "tomorrow tomorrow",
            "18:00 19:00",
            "Mon Tue",
            "2026-02-30",
            "2026-13-01",
            "26-12-24",
            "2026-12-24-01",
            "next week",
            "\u{661}8:00",
            "18:00 CET",
            "-1:00",
            "99999-01-01",
            "Mon 2026-12-24",
            "mo",
            "mond",
            "today noon 18:00",
            "am",
            "2026-12-24T25:00",
            "T09:00"
        )]
        text: &str,
    ) {
        let refusal = time(text, at(NOW), Berlin).unwrap_err();
        assert!(refusal.what.ends_with("is not a time."), "{text}: {refusal}");
        assert!(refusal.next.contains("`tomorrow 09:00`"));
    }

    /// Berlin puts the clocks forward from 02:00 to 03:00 on 29 March 2026, and back from 03:00 to 02:00 on 25 October.
    #[test]
    fn changes_of_the_clocks_are_never_guessed() {
        let says = |text: &str, now: &str| time(text, at(now), Berlin).unwrap_err().what;
        assert_eq!(
            says("2026-03-29 02:30", NOW),
            "There is no 2026-03-29 02:30 in Europe/Berlin: the clocks are put forward then."
        );
        assert_eq!(says("tomorrow 02:30", "2026-03-28T10:00:00Z"), says("2026-03-29 02:30", NOW));
        assert_eq!(
            says("2026-10-25 02:30", NOW),
            "2026-10-25 02:30 comes twice in Europe/Berlin: the clocks are put back then."
        );
        let fine = [
            ("2026-03-29 01:59", "2026-03-29T00:59:00Z"),
            ("2026-03-29 03:00", "2026-03-29T01:00:00Z"),
            ("2026-10-25 01:59", "2026-10-24T23:59:00Z"),
            ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
            ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
            ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z"),
        ];
        for (text, expected) in fine {
            assert_eq!(time(text, at(NOW), Berlin), Ok(at(expected)), "{text}");
        }
        // The day before, 25 hours lie between the same two local times.
        assert_eq!(time("tomorrow 12:00", at("2026-10-24T10:00:00Z"), Berlin), Ok(at("2026-10-25T11:00:00Z")));
    }

    proptest! {
        /// A time of day alone, and a weekday, are always still to come, and never further than a week and a day.
        #[test]
        fn what_has_no_date_is_the_next(hour in 3u32..24, minute in 0u32..60, after in 0i64..366 * 24 * 60, day in 0usize..8) {
            let now = at(NOW) + chrono::TimeDelta::minutes(after);
            let days = ["", "mon ", "tue ", "wed ", "thu ", "fri ", "sat ", "sun "];
            let instant = time(&format!("{}{hour:02}:{minute:02}", days[day]), now, Berlin).unwrap();
            let local = instant.with_timezone(&Berlin).time();
            prop_assert_eq!((chrono::Timelike::hour(&local), chrono::Timelike::minute(&local)), (hour, minute));
            let most = if day == 0 { 25 } else { 7 * 24 + 1 };
            prop_assert!(instant > now && instant - now <= chrono::TimeDelta::hours(most));
        }

        #[test]
        fn any_text_is_a_time_or_is_refused(text in "\\PC{0,80}") {
            let _ = time(&text, at(NOW), Berlin);
            let _ = is_time(&text);
        }
    }
}
