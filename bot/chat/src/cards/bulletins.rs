//! Bulletins: what is told about the service itself. One function per bulletin.

use chrono::{DateTime, Utc};
use jit_core::bulletin::Bulletin;
use jit_core::freeze::{Freeze, Scope};
use jit_core::id::PolicyHash;
use jit_core::policy::{Exception, Given, Tz};
use jit_core::span::Span;

use super::{Context, sample, words};
use crate::card::{Card, Line, Tone};

/// Words one.
pub fn card(bulletin: &Bulletin, context: &Context) -> Card {
    match bulletin {
        Bulletin::Freeze { freeze } => freeze_card(freeze, context),
        Bulletin::Exception { exception, over } => exception_card(exception, *over, context),
        Bulletin::OncallDigest { from, until, zone, given, more } => {
            digest((*from, *until, *zone), given, *more, context)
        }
        Bulletin::PolicyLoaded { before, after } => loaded(before, after),
        Bulletin::PolicyRefused { problems, more } => refused(problems, *more),
    }
}

fn freeze_card(freeze: &Freeze, context: &Context) -> Card {
    let what = freeze.scope.words(context.directory);
    let why = words::fact("Why", Line::default().quote(freeze.reason.text()));
    let by = Line::new(format!("{} froze it ", words::revoker(&freeze.by, context))).at(freeze.since).plain(".");
    match &freeze.lifted {
        None => Card::new(Tone::Danger, format!("New access is frozen: {what}"))
            .text(by.plain(
                " Requests and approvals are refused; what is held goes on to its end and is taken back as ever.",
            ))
            .facts(vec![why])
            .context(
                Line::new("Security lifts it with ")
                    .code(format!("/jit unfreeze{}", argument(&freeze.scope)))
                    .plain("."),
            ),
        Some((who, at)) => Card::new(Tone::Over, format!("No longer frozen: {what}"))
            .text(
                Line::new(format!("{} lifted it ", words::revoker(who, context)))
                    .at(*at)
                    .plain(". New access is given again."),
            )
            .facts(vec![why]),
    }
}

/// What is written after the verb for this scope.
pub(super) fn argument(scope: &Scope) -> String {
    match scope {
        Scope::Everything => String::new(),
        Scope::Role(role) => format!(" {role}"),
        Scope::Person(person) => format!(" @{person}"),
    }
}

fn exception_card(exception: &Exception, over: bool, context: &Context) -> Card {
    let what = format!("{} of {}", exception.role, words::exempt(exception, context));
    let owner = words::owner(&exception.owner.to_string(), context);
    let (tone, title, said) = match over {
        false => (Tone::Warning, "A listed exception ends soon", "It is listed until the end of"),
        true => (Tone::Danger, "A listed exception is over", "It was listed until the end of"),
    };
    Card::new(tone, format!("{title}: {what}"))
        .text(Line::new(format!("{said} {}; {owner} answers for it.", exception.last_day())))
        .text(Line::new(
            "This is standing access, which jit neither gave nor takes: take it away at the system and out of the policy, \
             or agree on a later end there.",
        ))
        .facts(vec![words::fact("Why it was left", Line::new(&exception.reason))])
}

fn digest(
    (from, until, zone): (DateTime<Utc>, DateTime<Utc>, Tz),
    given: &[Given],
    more: usize,
    context: &Context,
) -> Card {
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%a %-d %b %H:%M");
    let count = given.len() + more;
    let card =
        Card::new(Tone::Neutral, format!("Given on call: {count} from {} to {} ({zone})", local(from), local(until)))
            .text(Line::new(
                "Policy gave these by itself, because somebody was on call. Nobody agreed beforehand: have a look.",
            ))
            .list(given.iter().map(|given| given_on_call(given, context)).collect());
    match more {
        0 => card,
        more => card.text(Line::new(format!("And {more} more, which are in the record as well."))),
    }
    .context(Line::new("More about one: ").code("/jit show ID").plain("."))
}

fn given_on_call(given: &Given, context: &Context) -> Line {
    let line = Line::default().strong(context.name(&given.person)).plain(": ").plain(&given.title).plain(", ");
    let line = match &given.incident {
        Some(incident) => line.plain("for the incident ").strong(incident).plain(", "),
        None => line,
    };
    let line = line.plain("on ").code(&given.rotation).plain(", from ").at(given.since);
    let line = match given.live {
        true => line.plain(", still held, until ").at(given.until),
        false => line.plain(format!(", for {}", lasted(given))),
    };
    line.plain(" (").code(given.access.to_string()).plain(")")
}

/// How long it was held, in minutes; what was shorter in seconds.
fn lasted(given: &Given) -> Span {
    let seconds = (given.until - given.since).num_seconds().max(0).unsigned_abs();
    Span::seconds(if seconds < 60 { seconds } else { seconds / 60 * 60 })
}

fn loaded(before: &PolicyHash, after: &PolicyHash) -> Card {
    Card::line(Tone::Neutral, "Another policy is in force").text(
        Line::new("From ").code(short(before)).plain(" to ").code(short(after)).plain(
            ". What was asked under the old one is judged anew at every approval; the stricter of the two wins.",
        ),
    )
}

/// As much of a hash as people compare.
fn short(hash: &PolicyHash) -> String {
    hash.to_string().chars().take(12).collect()
}

fn refused(problems: &[String], more: usize) -> Card {
    let mut card = Card::new(Tone::Warning, "The changed policy or directory was not put in force").text(Line::new(
        "It has problems; what was in force before stays so. Mend the files: they are read again as soon as they change.",
    ));
    for problem in problems {
        card = card.text(Line::default().code(problem));
    }
    if more > 0 {
        card.text(Line::new(format!("And {more} more; `jit policy check` lists all of them.")))
    } else {
        card
    }
}

/// Every bulletin in every state, by name.
pub fn samples() -> Vec<(String, Bulletin)> {
    use jit_core::access::Revoker;
    let freeze = |scope, lifted| Bulletin::Freeze { freeze: sample::freeze(scope, lifted) };
    let hash = |text: &str| PolicyHash::new(text.repeat(32));
    let problem = |n: u32| {
        format!("policy/rules.toml:{n}:9: rule `low` names the role `orders-raed`; did you mean `orders-read`?")
    };
    let of = |name: &str, bulletin| (format!("bulletin-{name}"), bulletin);
    vec![
        of("freeze", freeze(Scope::Everything, None)),
        of("freeze-role", freeze(Scope::Role("orders-db-admin".into()), None)),
        of("freeze-person", freeze(Scope::Person("alice".into()), None)),
        of("freeze-lifted", freeze(Scope::Everything, Some(Revoker::Operator("root".to_owned())))),
        of("exception-soon", Bulletin::Exception { exception: sample::exception(false), over: false }),
        of("exception-over", Bulletin::Exception { exception: sample::exception(true), over: true }),
        of("oncall-digest", sample::oncall_digest(0)),
        of("oncall-digest-more", sample::oncall_digest(17)),
        of("policy-loaded", Bulletin::PolicyLoaded { before: hash("ab"), after: hash("cd") }),
        of("policy-refused", Bulletin::PolicyRefused { problems: vec![problem(3), problem(9)], more: 4 }),
    ]
}
