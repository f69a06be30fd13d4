//! What an approver is told of the person beside the request: their past in the role, what they hold now, and the risk score with
//! its reasons. A few short facts; called by [`super::approval`].

use jit_core::access::Access;
use jit_core::advice::{Advice, HIGH, HIGHEST, Held, LATELY, LOOKED_AT, Signal};

use super::words;
use crate::card::{Inline, Line};

/// How many of the things that somebody holds are named.
const NAMED: usize = 2;

/// The facts; none where nothing is known.
pub(super) fn facts(access: &Access) -> Vec<(String, Vec<Inline>)> {
    let Some(advice) = &access.advice else { return Vec::new() };
    let before = advice.last_use.map(|last| words::fact("Held before", used(advice.uses).at(last)));
    let mut facts: Vec<_> = before.into_iter().collect();
    facts.push(words::fact("Right now", now(advice)));
    facts.push(words::fact("Risk score", score(advice)));
    facts
}

fn used(uses: usize) -> Line {
    let days = LATELY.num_days();
    Line::new(match uses {
        0 => format!("not in {days} days, last "),
        1 => String::new(),
        LOOKED_AT.. => format!("{LOOKED_AT} times or more in {days} days, last "),
        uses => format!("{uses} times in {days} days, last "),
    })
}

/// On call or not, where that is known, and what else they hold.
fn now(advice: &Advice) -> Line {
    let oncall = match &advice.oncall {
        None => Line::default(),
        Some(rotations) if rotations.is_empty() => Line::new("not on call; "),
        Some(rotations) => Line::new(format!("on call for {}; ", words::joined(rotations.clone(), "and"))),
    };
    let Some((first, others)) = advice.holds.split_first() else { return oncall.plain("holds nothing else") };
    let named = others.iter().take(NAMED - 1);
    let line = named.fold(oncall.plain("holds ").then(held(first)), |line, other| line.plain(", ").then(held(other)));
    match advice.holds.len() {
        n if n > NAMED => line.plain(format!(" and {} more", n - NAMED)),
        _ => line,
    }
}

fn held(held: &Held) -> Line {
    let line = Line::new(&held.title);
    held.until.into_iter().fold(line, |line, until| line.plain(" until ").at(until))
}

fn score(advice: &Advice) -> Line {
    let score = advice.score();
    let of = format!("{score} of {HIGHEST}");
    let line = if score >= HIGH { Line::default().strong(format!("⚠️ {of}")) } else { Line::new(of) };
    let Some((first, others)) = advice.signals.split_first() else { return line.plain(", nothing stands out") };
    others.iter().fold(line.plain(": ").then(signal(first)), |line, other| line.plain("; ").then(signal(other)))
}

fn signal(signal: &Signal) -> Line {
    match signal {
        Signal::Misuse { at } => Line::new("misused an emergency bypass, found ").at(*at),
        Signal::FirstTime => Line::new("first time in this role"),
        Signal::OddHour => Line::new("asked at an unusual time of day for them"),
        Signal::Long { longest } => Line::new(format!("long, {longest} is the longest there is")),
        Signal::NoTicket => Line::new("no ticket"),
    }
}
