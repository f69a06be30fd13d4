//! Reads `[[blackout]]` and `[[change_window]]`. Called by [`super::parse`] alone.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

use crate::document::{At, Table};
use crate::policy::hours::instant;
use crate::policy::parse::title;
use crate::policy::parse_hours::hours;
use crate::policy::parse_rule::matches;
use crate::policy::{Blackout, ChangeWindow, Period, Place, Times};

pub(super) fn blackout(mut table: Table<'_, '_>) -> Option<Blackout> {
    let name = table.need_text("name").and_then(|name| title(&table, "name", name));
    let matches = matches(&mut table);
    let during = period(&mut table);
    table.finish();
    Some(Blackout { name: name?, matches: matches?, during: during?, place: Place::default() })
}

pub(super) fn change_window(mut table: Table<'_, '_>) -> Option<ChangeWindow> {
    let name = table.need_text("name").and_then(|name| title(&table, "name", name));
    let matches = matches(&mut table);
    let (weekly, once) = (table.has("hours"), table.has("from") || table.has("to") || table.has("zone"));
    let times = match (weekly, once) {
        (true, false) => table.table("hours").and_then(hours).map(Times::Weekly),
        (false, true) => period(&mut table).map(Times::Once),
        (true, true) => {
            table.problem("a change window has either `hours` or `from` and `to`", None);
            None
        }
        (false, false) => {
            let hint = "write `hours = { … }` for every week, or `from`, `to` and `zone` for once".to_owned();
            table.problem("[[change_window]] needs `hours`, or `from` and `to`", Some(hint));
            None
        }
    };
    table.finish();
    Some(ChangeWindow { name: name?, matches: matches?, times: times?, place: Place::default() })
}

/// `from`, `to` and `zone`: days, both included, or local times of which the last is not included.
fn period(table: &mut Table<'_, '_>) -> Option<Period> {
    let zone = table.need_zone("zone");
    let from = table.need_local("from");
    let to = table.need_local("to");
    let (zone, from, to) = (zone?, from?, to?);
    let begins = moment(table, "from", &from, (zone, false))?;
    let ends = moment(table, "to", &to, (zone, true))?;
    if ends <= begins {
        let what = format!("`to`, {}, is not after `from`, {}", to.value, from.value);
        table.reader().problem(to.at, what, None);
        return None;
    }
    Some(Period { from: begins, to: ends, zone })
}

/// `2026-12-24`, or `2026-12-24T18:00` with or without seconds. A day means its beginning, or its end where something ends with it.
pub(crate) fn moment(
    table: &Table<'_, '_>,
    key: &str,
    text: &At<String>,
    (zone, is_end): (Tz, bool),
) -> Option<DateTime<Utc>> {
    let written = text.value.trim().replace(' ', "T");
    let day = || {
        let day = NaiveDate::parse_from_str(&written, "%Y-%m-%d").ok()?;
        let day = if is_end { day.succ_opt()? } else { day };
        day.and_hms_opt(0, 0, 0)
    };
    let time = |form| NaiveDateTime::parse_from_str(&written, form).ok();
    let local = day().or_else(|| time("%Y-%m-%dT%H:%M")).or_else(|| time("%Y-%m-%dT%H:%M:%S"));
    let read = local.and_then(|local| instant(zone, local));
    if read.is_none() {
        let shown: String = text.value.escape_debug().take(40).collect();
        let what =
            format!("`{key}`: `{shown}` is neither a day like 2026-12-24 nor a local time like 2026-12-24T18:00");
        let offset = written.parse::<DateTime<Utc>>().is_ok();
        let hint = offset.then(|| "leave the offset out: `zone` says it".to_owned());
        table.reader().problem(text.at, what, hint);
    }
    read
}
