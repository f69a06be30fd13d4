//! `/jit show`: one access, whole, with its story and what this person may do.

use jit_core::access::Access;
use jit_core::answer::Answer;
use jit_core::event::EventRecord;

use super::{history, stands};
use crate::card::{Button, Card, Inline, Line, Tone};
use crate::cards::{Context, bundle, button, sample, words};

pub(super) fn card(
    (access, others): (&Access, &[Access]),
    events: &[EventRecord],
    may: &[String],
    context: &Context,
) -> Card {
    let title = format!("{} {} for {}", access.short, words::what(access), words::holder(access, context));
    let buttons = may.iter().filter_map(|verb| button_of(verb, access)).collect();
    Card::new(Tone::Neutral, title)
        .text(Line::default().strong("Now: ").then(stands(access, context)).plain("."))
        .facts(facts(access, context))
        .text(words::cut(access))
        .text(if others.is_empty() { Line::default() } else { Line::default().strong("Asked for together") })
        .list(bundle::standing(&bundle::all(access, others), context))
        .text(Line::default().strong("Its story"))
        .list(history::lines(events, context))
        .actions(buttons)
        .context(words::small_print(access).plain(format!(" · policy {}", short_hash(access.policy.as_str()))))
}

fn facts(access: &Access, context: &Context) -> Vec<(String, Vec<Inline>)> {
    let request = &access.request;
    let mut facts = Vec::new();
    if !words::own(access) {
        facts.push(words::fact("Asked by", Line::new(context.name(&request.requester))));
    }
    facts.push(words::fact("For how long", Line::new(access.duration().to_string())));
    facts.extend(words::starts(access));
    facts.extend(words::reasons(access));
    facts.push(words::fact("Kind", Line::new(words::kind(access))));
    facts.push(words::fact("Owner", Line::new(words::owner(&request.owner, context))));
    facts.push(words::fact("Rule", Line::new(&access.route.rule)));
    let steps: Vec<String> = access.route.steps.iter().map(|step| words::step(step, access, context)).collect();
    if !steps.is_empty() {
        facts.push(words::fact("Must agree", Line::new(steps.join(", then "))));
    }
    facts
}

fn button_of(verb: &str, access: &Access) -> Option<Button> {
    Some(match verb {
        "approve" => button::approve(access),
        "deny" => button::deny(access),
        "cancel" => button::cancel(access),
        "extend" => button::extend(access),
        "done" => button::done(access),
        "revoke" => button::revoke(access),
        _ => return None,
    })
}

fn short_hash(hash: &str) -> String {
    hash.chars().take(12).collect()
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    let show = |access: Access, may: &[&str]| Answer::Show {
        history: history::sample(&access),
        access: Box::new(access),
        bundle: Vec::new(),
        may: may.iter().map(|verb| (*verb).to_owned()).collect(),
    };
    let parted =
        sample::parted(sample::Sample::new("", jit_core::notice::NoticeKind::Request, sample::active())).notice;
    let bundle = Answer::Show {
        history: history::sample(&parted.access),
        access: Box::new(parted.access),
        bundle: parted.bundle,
        may: vec!["extend".to_owned(), "done".to_owned()],
    };
    vec![
        ("show-bundle".to_owned(), bundle),
        ("show-pending".to_owned(), show(sample::second_step(), &["approve", "deny"])),
        ("show-ticket".to_owned(), show(sample::ticketed(sample::pending()), &["approve", "deny"])),
        ("show-scheduled".to_owned(), show(sample::later(sample::elevating()), &["cancel"])),
        ("show-active".to_owned(), show(sample::active(), &["extend", "done", "revoke"])),
        ("show-failing".to_owned(), show(sample::revoking(true), &[])),
    ]
}
