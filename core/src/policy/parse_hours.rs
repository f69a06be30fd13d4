//! Reads `hours = { days = "Mon-Fri", from = "08:00", to = "20:00", zone = "Europe/Berlin" }`.

use chrono::{NaiveTime, Weekday};

use crate::document::{At, Table};
use crate::policy::Hours;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

pub(super) fn hours(mut table: Table<'_, '_>) -> Option<Hours> {
    let days = table.need_texts("days").and_then(|texts| days(&table, &texts));
    let from = table.need_text("from").and_then(|text| time(&table, "from", &text, false));
    let to = table.need_text("to").and_then(|text| time(&table, "to", &text, true));
    let zone = table.need_zone("zone");
    if let (Some(from), Some(to)) = (from, to)
        && from == to
        && from != NaiveTime::MIN
    {
        table.problem("`hours` begin and end at the same time", Some("use 00:00 to 24:00 for whole days".to_owned()));
    }
    table.finish();
    Some(Hours { days: days?, from: from?, to: to?, zone: zone? })
}

/// `Mon-Fri`, `Sat,Sun`, `["Mon", "Wed-Fri"]`; in order, each once.
fn days(table: &Table<'_, '_>, texts: &[At<String>]) -> Option<Vec<Weekday>> {
    let mut found = Vec::new();
    let mut fine = true;
    for (part, at) in texts.iter().flat_map(|text| text.value.split(',').map(|part| (part.trim(), text.at))) {
        let ends = match part.split_once('-') {
            Some((first, last)) => day(first).zip(day(last)),
            None => day(part).map(|day| (day, day)),
        };
        let Some((first, last)) = ends else {
            let shown: String = part.escape_debug().take(40).collect();
            let what = format!("`{shown}` names no days");
            table.reader().problem(at, what, Some("write for example `Mon-Fri` or `Sat,Sun`".to_owned()));
            fine = false;
            continue;
        };
        let mut day = first;
        found.push(day);
        while day != last {
            day = day.succ();
            found.push(day);
        }
    }
    found.sort_by_key(Weekday::num_days_from_monday);
    found.dedup();
    fine.then_some(found)
}

fn day(text: &str) -> Option<Weekday> {
    let text = text.trim().to_ascii_lowercase();
    DAYS.iter()
        .find(|(short, day)| text == *short || (text.ends_with("day") && text == long(*day)))
        .map(|(_, day)| *day)
}

fn long(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

/// `HH:MM`; `24:00` at the end of a window is its day's end, which is kept as `00:00`.
pub(super) fn time(table: &Table<'_, '_>, key: &str, text: &At<String>, is_end: bool) -> Option<NaiveTime> {
    if is_end && text.value == "24:00" {
        return Some(NaiveTime::MIN);
    }
    let read = text.value.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2);
    let time = read.and_then(|(h, m)| NaiveTime::from_hms_opt(digits(h)?, digits(m)?, 0));
    if time.is_none() {
        let shown: String = text.value.escape_debug().take(20).collect();
        table.reader().problem(text.at, format!("`{key}`: `{shown}` is not a time like 08:00"), None);
    }
    time
}

fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}
