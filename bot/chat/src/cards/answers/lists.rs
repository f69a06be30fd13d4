//! `/jit mine`, `pending`, `who`, `roles` and `why`.

use std::collections::BTreeSet;

use jit_core::access::{Access, State};
use jit_core::advice::HIGHEST;
use jit_core::answer::{Answer, RoleLine};
use jit_core::id::RoleName;
use jit_core::policy::{Exception, Level, Risk};
use jit_core::span::Span;

use super::{acted, entry, stands};
use crate::card::{Button, Card, Line, Tone};
use crate::cards::{Context, button, sample, words};

/// Entries with buttons of their own; more would hide what matters.
const WITH_BUTTONS: usize = 10;
/// Entries of a plain list.
const LISTED: usize = 25;

pub(super) fn mine(accesses: &[Access], context: &Context) -> Card {
    let shown = accesses.iter().filter(|access| !words::is_spoken_for(access));
    let (open, over): (Vec<&Access>, Vec<&Access>) = shown.partition(|access| access.is_open());
    if accesses.is_empty() {
        return Card::line(Tone::Neutral, "You hold nothing, and have asked for nothing")
            .text(Line::default().code("/jit roles").plain(" lists what you can ask for."))
            .actions(vec![Button::request(None, "Ask for a role…").primary()]);
    }
    let mut card = Card::line(
        Tone::Neutral,
        if open.is_empty() { "You hold nothing now" } else { "What you hold, and what you have asked for" },
    );
    card = self::open(card, &open, WITH_BUTTONS, context);
    if !over.is_empty() {
        let over = over.iter().take(5).map(|access| line(access, context));
        card = card.text(Line::default().strong("Over")).list(over.collect());
    }
    card
}

/// What is not over, each with what its holder can do.
pub(in crate::cards) fn open(card: Card, accesses: &[&Access], max: usize, context: &Context) -> Card {
    let shown = accesses.iter().take(max);
    let card = shown.fold(card, |card, access| card.text(line(access, context)).actions(acted::own(access)));
    card.text(more(accesses.len(), max))
}

/// What it is, whose, and where it stands.
pub(in crate::cards) fn line(access: &Access, context: &Context) -> Line {
    let whose = match words::own(access) {
        true => Line::default(),
        false => Line::new(format!(" for {}", words::holder(access, context))),
    };
    entry(access).then(whose).plain(": ").then(stands(access, context)).plain(".")
}

pub(super) fn pending(accesses: &[Access], context: &Context) -> Card {
    if accesses.is_empty() {
        return Card::line(Tone::Success, "Nothing waits for you");
    }
    let title = match accesses.iter().any(|access| access.review_due().is_some()) {
        true => format!("{} you", count(accesses.len(), "decision waits for", "decisions wait for")),
        false => count(accesses.len(), "request waits for you", "requests wait for you"),
    };
    waiting(Card::line(Tone::Pending, title), accesses, WITH_BUTTONS, context)
}

/// What waits for somebody, each with the buttons that decide.
pub(in crate::cards) fn waiting(card: Card, accesses: &[Access], max: usize, context: &Context) -> Card {
    let card = accesses.iter().take(max).fold(card, |card, access| {
        if let Some(due) = access.review_due() {
            let line = Line::default()
                .code(access.short.as_str())
                .plain(format!(" {} took ", words::holder(access, context)))
                .strong(words::what(access))
                .plain(words::marked(access))
                .plain(" in an emergency, to be reviewed by ")
                .at_and_left(due)
                .plain(": ")
                .quote(access.request.justification.text())
                .plain(".");
            return card.text(line).actions(vec![
                button::justified(access),
                button::misuse(access),
                button::show(access),
            ]);
        }
        let line = Line::default()
            .code(access.short.as_str())
            .plain(format!(" {} asks for ", words::asker(access, context)))
            .strong(words::what(access))
            .plain(words::marked(access))
            .plain(format!(" for {}, ", access.duration()))
            .quote(access.request.justification.text())
            .plain(".");
        let line = access
            .advice
            .iter()
            .fold(line, |line, advice| line.plain(format!(" Risk score {} of {HIGHEST}.", advice.score())));
        let buttons = vec![
            button::approve(access),
            button::approve_shorter(access),
            button::deny(access),
            button::ask(access),
            button::show(access),
        ];
        let unasked = match &access.state {
            State::Pending(state) => words::unasked(access, state.step, context),
            _ => Line::default(),
        };
        card.text(line).text(unasked).actions(buttons)
    });
    card.text(more(accesses.len(), max))
}

pub(super) fn who(role: &RoleName, accesses: &[Access], hidden: usize, context: &Context) -> Card {
    let real = accesses.iter().filter(|access| access.entitlement().is_some());
    let people: BTreeSet<_> = real.map(|access| &access.request.beneficiary).collect();
    let title = match people.len() + hidden {
        0 => format!("Nobody holds {role} now"),
        holders => format!("{} {role} now", count(holders, "person holds", "people hold")),
    };
    let list = accesses.iter().take(LISTED).map(|access| {
        Line::default()
            .strong(words::holder(access, context))
            .plain(": ")
            .then(stands(access, context))
            .plain(words::marked(access))
            .plain(" ")
            .code(access.short.as_str())
    });
    let card = Card::line(Tone::Neutral, title).list(list.collect()).text(more(accesses.len(), LISTED));
    match hidden {
        0 => card,
        n => card.text(Line::new(format!("{n} of them you may not see; the role's owner and security can."))),
    }
}

/// Standing access that is listed, which is held beside what was given.
pub(super) fn exceptions(exceptions: &[Exception], context: &Context) -> Vec<Line> {
    exceptions
        .iter()
        .take(LISTED)
        .map(|exception| {
            let over = if exception.until <= context.now { "was listed until " } else { "listed until " };
            Line::default()
                .strong(words::exempt(exception, context))
                .plain(format!(": standing access, {over}{}", exception.last_day()))
                .plain(format!("; {} answers for it: ", words::owner(&exception.owner.to_string(), context)))
                .plain(&exception.reason)
        })
        .collect()
}

pub(super) fn roles(text: Option<&str>, roles: &[RoleLine]) -> Card {
    let about = text.map_or_else(String::new, |text| format!(" for “{text}”"));
    if roles.is_empty() {
        return Card::line(Tone::Neutral, format!("No role found{about}"))
            .text(Line::default().code("/jit roles").plain(" lists all that you can ask for."));
    }
    let (mine, others): (Vec<&RoleLine>, Vec<&RoleLine>) = roles.iter().partition(|role| role.requestable);
    let list = |roles: &[&RoleLine]| roles.iter().take(LISTED).map(|role| role_line(role)).collect();
    let title = match mine.is_empty() {
        true => format!("No role that you can ask for{about}"),
        false => format!("{}{about}", count(roles.len(), "role", "roles")),
    };
    let mut card = Card::line(Tone::Neutral, title);
    if !mine.is_empty() {
        let ask = Button::request(None, "Ask for a role…").primary();
        card = card
            .text(Line::default().strong("You can ask for"))
            .list(list(&mine))
            .text(more(mine.len(), LISTED))
            .actions(vec![ask]);
    }
    if !others.is_empty() {
        let why = Line::default().strong("Others").plain(" (").code("/jit why ROLE").plain(" says why not)");
        card = card.text(why).list(list(&others)).text(more(others.len(), LISTED));
    }
    card
}

fn role_line(role: &RoleLine) -> Line {
    Line::default().code(role.name.as_str()).plain(format!(
        " {}: {}, {}, {}, at most {}{}",
        role.title,
        words::level(role.level),
        role.environment,
        words::risk(role.risk),
        role.max_duration,
        if role.pilot { "; only tried out: nothing is given" } else { "" }
    ))
}

pub(super) fn why(roles: &[RoleName], lines: &[String]) -> Card {
    let roles = words::joined(roles.iter().map(ToString::to_string).collect(), "and");
    Card::line(Tone::Neutral, format!("What policy says about you and {roles}"))
        .list(lines.iter().map(|line| Line::default().sentence(line)).collect())
}

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// Said when a list was cut.
fn more(all: usize, shown: usize) -> Line {
    if all > shown { Line::new(format!("… and {} more.", all - shown)) } else { Line::default() }
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    use jit_core::access::Proof;
    let role = |name: &str, title: &str, requestable| RoleLine {
        name: name.into(),
        title: title.to_owned(),
        level: Level::Admin,
        environment: "production".to_owned(),
        risk: Risk::High,
        max_duration: Span::hours(4),
        requestable,
        pilot: name == "hosts-root",
    };
    let accesses = vec![
        sample::active(),
        sample::extension(sample::pending()),
        sample::expired(Proof::Gone { sessions_ended: 0 }),
    ];
    let catalogue =
        vec![role("orders-db-admin", "Orders database, administrator", true), role("hosts-root", "Hosts, root", false)];
    vec![
        ("mine".to_owned(), Answer::Mine { accesses }),
        ("mine-empty".to_owned(), Answer::Mine { accesses: vec![] }),
        (
            "pending".to_owned(),
            Answer::Pending {
                accesses: vec![sample::away(sample::pending()), sample::on_behalf(sample::second_step())],
            },
        ),
        ("pending-many".to_owned(), Answer::Pending { accesses: vec![sample::odd_words(sample::pending()); 40] }),
        (
            "pending-review".to_owned(),
            Answer::Pending { accesses: vec![sample::pending(), sample::bypass(sample::active(), None)] },
        ),
        ("pending-empty".to_owned(), Answer::Pending { accesses: vec![] }),
        (
            "who".to_owned(),
            Answer::Who {
                role: "orders-db-admin".into(),
                accesses: vec![sample::active(), sample::revoking(true)],
                hidden: 1,
                exceptions: vec![sample::exception(false), sample::exception(true)],
            },
        ),
        (
            "who-pilot".to_owned(),
            Answer::Who {
                role: "orders-db-admin".into(),
                accesses: vec![sample::rehearsed(sample::active(), jit_core::access::Rehearsal::Pilot)],
                hidden: 0,
                exceptions: vec![],
            },
        ),
        (
            "who-nobody".to_owned(),
            Answer::Who { role: "orders-db-admin".into(), accesses: vec![], hidden: 0, exceptions: vec![] },
        ),
        ("roles".to_owned(), Answer::Roles { text: Some("admin".to_owned()), roles: catalogue }),
        ("roles-none".to_owned(), Answer::Roles { text: Some("amdin".to_owned()), roles: vec![] }),
        (
            "why".to_owned(),
            Answer::Why {
                roles: vec!["hosts-root".into()],
                lines: vec![
                    "Rule `production, high risk` matches the role but is for `group:sre`, and you are not in it."
                        .to_owned(),
                    "No other rule matches `hosts-root`. Its owner, Bob Brown, could change that.".to_owned(),
                ],
            },
        ),
    ]
}
