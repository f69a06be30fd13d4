//! Phrases that several cards share, so that the same thing is said in the same words everywhere.

use chrono::{DateTime, Utc};
use jit_core::access::{
    Access, Asked, Claim, Elevating, EndCause, Pending, Proof, Rehearsal, Review, Revoker, Screening, Skipped, State,
    Unasked, Unknown, Vote,
};
use jit_core::id::PersonId;
use jit_core::notice::Notice;
use jit_core::policy::{Closing, Exception, Holder, Level, Risk, Step, Subject};
use jit_core::ticket::Finding;

use super::Context;
use crate::card::{Inline, Line};

/// The role's title; of an extension, that it is about more time.
pub fn what(access: &Access) -> String {
    match &access.request.extends {
        Some(_) => format!("more time on {}", access.request.title),
        None => access.request.title.clone(),
    }
}

/// Whether the person who asked is the one who gets it.
pub fn own(access: &Access) -> bool {
    access.request.is_own()
}

/// Who reads what is told to a party: the one who asked, unless it says otherwise.
pub fn reader(notice: &Notice) -> &PersonId {
    notice.reader.as_ref().unwrap_or(&notice.access.request.requester)
}

/// The holder's name.
pub fn holder<'a>(access: &'a Access, context: &Context<'a>) -> &'a str {
    context.name(&access.request.beneficiary)
}

/// `Carl Cole`, or `Carl Cole, sponsored by Alice Ames`: whoever reads of an access hears of both.
pub fn holder_of(access: &Access, context: &Context) -> String {
    let holder = holder(access, context);
    match own(access) {
        true => holder.to_owned(),
        false => format!("{holder}, sponsored by {}", context.name(&access.request.requester)),
    }
}

/// Whether this party is told how to use it: the holder, or who asked for it where the holder hears nothing.
pub fn is_handed(access: &Access, reader: &PersonId) -> bool {
    *reader == access.request.beneficiary || !access.request.tells_beneficiary
}

/// Whether there is a password of it to reveal now.
pub fn reveals(access: &Access) -> bool {
    matches!(&access.state, State::Active(active) if active.handover.as_ref().is_some_and(|handover| handover.reveals))
}

/// Who asked on behalf of the holder; nothing where they asked themselves.
pub fn sponsor(access: &Access) -> Option<(String, Vec<Inline>)> {
    (!own(access)).then(|| fact("Sponsor", Line::default().person(&access.request.requester)))
}

/// `Alice Ames`, or `Alice Ames, for Carl Cole`.
pub fn asker(access: &Access, context: &Context) -> String {
    let asker = context.name(&access.request.requester);
    if own(access) { asker.to_owned() } else { format!("{asker}, for {},", holder(access, context)) }
}

/// Names in a sentence: `Bob`, `Bob and Dana`, `Bob, Dana and Erin`.
pub fn names<'a>(people: impl IntoIterator<Item = &'a PersonId>, context: &Context<'a>) -> String {
    joined(people.into_iter().map(|id| context.name(id).to_owned()).collect(), "and")
}

/// The same, linked and therefore notified.
pub fn mentions<'a>(people: impl IntoIterator<Item = &'a PersonId>) -> Line {
    listed(people.into_iter().map(|id| Line::default().person(id)).collect())
}

/// Who is asked to agree to a step and has not, linked; and for whom, where they stand in for somebody.
pub fn waiting(access: &Access, step: usize, context: &Context) -> Line {
    let one = |asked: &Asked| {
        let line = Line::default().person(&asked.person);
        asked.instead_of.iter().fold(line, |line, away| line.plain(format!(" (for {})", context.name(away))))
    };
    let people: Vec<Line> = access.waiting_in(step).map(one).collect();
    if people.is_empty() { Line::new("nobody") } else { listed(people) }
}

/// Whom a step names and who is not asked, and why; nothing when all of them are.
pub fn unasked(access: &Access, step: usize, context: &Context) -> Line {
    let skipped: Vec<_> = access.skipped_in(step).collect();
    skipped_people(&skipped, context)
}

/// The same of any people.
pub fn skipped_people(skipped: &[&Skipped], context: &Context) -> Line {
    const MOST: usize = 5;
    let one = |skipped: &&Skipped| {
        let line = Line::new(context.name(&skipped.person));
        match &skipped.why {
            Unasked::Disabled => line.plain(" (disabled)"),
            Unasked::NotInChat => line.plain(" (no chat account in the directory)"),
            Unasked::Away { until, delegate: None } => line.plain(" (away until ").at(*until).plain(")"),
            Unasked::Away { until, delegate: Some(delegate) } => {
                let stands_in = format!(", {} decides instead)", context.name(delegate));
                line.plain(" (away until ").at(*until).plain(stands_in)
            }
            Unasked::NotNamed => line.plain(" (not asked any more)"),
        }
    };
    let mut people: Vec<Line> = skipped.iter().take(MOST).map(one).collect();
    if skipped.len() > MOST {
        people.push(Line::new(format!("{} more", skipped.len() - MOST)));
    }
    if people.is_empty() { Line::default() } else { Line::new("Not asked: ").then(listed(people)).plain(".") }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(lines: Vec<Line>) -> Line {
    let last = lines.len().saturating_sub(1);
    lines.into_iter().enumerate().fold(Line::default(), |line, (i, one)| match i {
        0 => one,
        i if i == last => line.plain(" and ").then(one),
        _ => line.plain(", ").then(one),
    })
}

/// `a`, `a and b`, `a, b and c`.
pub fn joined(mut words: Vec<String>, and: &str) -> String {
    let Some(last) = words.pop() else { return "nobody".to_owned() };
    if words.is_empty() { last } else { format!("{} {and} {last}", words.join(", ")) }
}

/// That its window takes it back before its time would be over; nothing where that is not so.
pub fn cut(access: &Access) -> Line {
    let end = match &access.state {
        State::Screening(_) => return Line::default(),
        State::Pending(pending) => access.planned().map_or(pending.since + access.duration().delta(), |(_, end)| end),
        State::Scheduled(scheduled) => scheduled.start + access.duration().delta(),
        State::Elevating(elevating) => elevating.since + elevating.duration.delta(),
        State::Active(active) => active.until,
        State::Revoking(_) | State::Closed(_) => return Line::default(),
    };
    match access.closing.as_ref().filter(|closing| closing.at <= end) {
        Some(closing) => closing_at(closing),
        None => Line::default(),
    }
}

/// When a window takes access back, and which.
pub fn closing_at(closing: &Closing) -> Line {
    let line = Line::default().strong("Taken back at the latest ").at_and_left(closing.at);
    line.plain(", when ").sentence(&closing.window.to_string()).plain(".")
}

/// Why nothing is given, in a word; `None` for what is real.
pub fn rehearsal(access: &Access) -> Option<&'static str> {
    access.request.rehearsal.map(|rehearsal| match rehearsal {
        Rehearsal::Drill => "Drill",
        Rehearsal::Pilot => "Pilot",
    })
}

/// What every card about a rehearsal says: `Pilot: nothing was changed in orders-db.`
pub fn untouched(access: &Access) -> Option<String> {
    let why = rehearsal(access)?;
    let changed = if access.is_open() { "nothing is changed" } else { "nothing was changed" };
    Some(format!("{why}: {changed} in {}.", place(access)))
}

/// `(pilot: nothing is changed)`, for lists.
pub fn marked(access: &Access) -> String {
    rehearsal(access).map_or_else(String::new, |why| format!(" ({}: nothing is given)", why.to_lowercase()))
}

/// What waits with it, for lists that name the one that leads alone.
pub fn beside(access: &Access) -> String {
    let waits = matches!(access.state, State::Pending(_));
    match access.request.bundle.as_ref().filter(|_| waits).map_or(0, |bundle| bundle.members.len() - 1) {
        0 => String::new(),
        1 => " and another role".to_owned(),
        more => format!(" and {more} more roles"),
    }
}

/// Whether the one that leads speaks for it: while they wait, they are one request.
pub fn is_spoken_for(access: &Access) -> bool {
    access.follows() && access.waits_together()
}

/// What happens once all have agreed; an extension moves an end instead of giving anything.
pub fn being_set_up(access: &Access) -> &'static str {
    match access.request.extends {
        _ if access.request.rehearsal.is_some() => "it counts as given, and nothing is changed",
        Some(_) => "the end is being moved",
        None => "access is being set up",
    }
}

/// What the target says while access is being set up, and until when it is tried.
pub fn trouble(trouble: &str, state: &Elevating) -> Line {
    Line::default()
        .strong("The target has trouble: ")
        .code(trouble)
        .plain(". It is tried again until ")
        .at(state.deadline)
        .plain("; then whatever was given is taken back.")
}

/// The level, in a word.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::ReadOnly => "read-only",
        Level::Write => "write",
        Level::Admin => "admin",
    }
}

/// The risk, in two words.
pub fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low risk",
        Risk::Medium => "medium risk",
        Risk::High => "high risk",
    }
}

/// `admin, production, high risk`.
pub fn kind(access: &Access) -> String {
    let request = &access.request;
    format!("{}, {}, {}", level(request.level), request.environment, risk(request.risk))
}

/// Who agreed: names, or the rule by itself.
pub fn approvers(access: &Access, context: &Context) -> String {
    if access.review.is_some() {
        "nobody, it was taken in an emergency".to_owned()
    } else if access.votes.is_empty() {
        format!("policy (rule “{}”)", access.route.rule)
    } else {
        agreed(access, context)
    }
}

/// Everybody who agreed so far, and for whom: `Bob (for Dana) and Erin`.
pub fn agreed(access: &Access, context: &Context) -> String {
    let one = |vote: &Vote| match &vote.instead_of {
        Some(away) => format!("{} (for {})", context.name(&vote.by), context.name(away)),
        None => context.name(&vote.by).to_owned(),
    };
    joined(access.votes.iter().map(one).collect(), "and")
}

/// Who refused, and for whom: `Bob`, `Bob (for Dana)`.
pub fn denier(by: &PersonId, instead_of: Option<&PersonId>, context: &Context) -> String {
    let away = instead_of.map_or_else(String::new, |away| format!(" (for {})", context.name(away)));
    format!("{}{away}", context.name(by))
}

/// Whom a step asks, as policy says it: `the manager`, `2 of group security`.
pub fn step(step: &Step, access: &Access, context: &Context) -> String {
    let people: Vec<String> = step.any.iter().map(|one| subject(one, access, context)).collect();
    let single = matches!(step.any.as_slice(), [Subject::Person(_) | Subject::Manager]);
    match step.count {
        1 if single => joined(people, "or"),
        1 => format!("one of {}", joined(people, "or")),
        count => format!("{count} of {}", joined(people, "or")),
    }
}

fn subject(subject: &Subject, access: &Access, context: &Context) -> String {
    match subject {
        Subject::Person(id) => context.name(id).to_owned(),
        Subject::Group(group) => format!("group {group}"),
        Subject::Oncall(rotation) => format!("on call ({rotation})"),
        Subject::Manager => format!("{}'s manager", holder(access, context)),
        Subject::Owner => format!("the role's owner ({})", owner(&access.request.owner, context)),
    }
}

/// A role's owner as policy writes it, for people.
pub fn owner(owner: &str, context: &Context) -> String {
    match Subject::try_from(owner.to_owned()) {
        Ok(Subject::Group(group)) => format!("group {group}"),
        Ok(Subject::Person(id)) => context.directory.name(&id).to_owned(),
        _ => owner.to_owned(),
    }
}

/// Who is looking at it, and since when.
pub fn looking(pending: &Pending, context: &Context) -> Line {
    let Some((first, others)) = pending.claims.split_first() else { return Line::default() };
    let since = |line: Line, claim: &Claim| {
        line.strong(context.directory.name(&claim.by)).plain(" is looking at it since ").at(claim.since)
    };
    others.iter().fold(since(Line::new("👀 "), first), |line, claim| since(line.plain(", "), claim)).plain(".")
}

/// Who holds what is listed as an exception.
pub fn exempt(exception: &Exception, context: &Context) -> String {
    match &exception.holder {
        Holder::Person(person) => context.directory.name(person).to_owned(),
        Holder::Account(account) => format!("the account {account}"),
    }
}

/// When a waiting request gives up.
pub fn gives_up(access: &Access, pending: &Pending) -> DateTime<Utc> {
    let timeout = jit_core::timer::gives_up(access, pending);
    access.request.extends.as_ref().map_or(timeout, |extends| timeout.min(extends.from))
}

/// A later start, where one was asked for.
pub fn starts(access: &Access) -> Option<(String, Vec<Inline>)> {
    access.request.starts_at.map(|start| fact("Starts", Line::default().at_and_left(start)))
}

/// Why, and with which ticket: the person's own words.
pub fn reasons(access: &Access) -> Vec<(String, Vec<Inline>)> {
    let request = &access.request;
    let mut facts = vec![fact("Why", Line::default().quote(request.justification.text()))];
    if let Some(ticket) = &request.ticket {
        facts.push(fact("Ticket", Line::new(ticket).then(found(access))));
    }
    facts
}

/// What was found of its ticket when it was looked up last: `: “Orders are stuck” (In Progress, assigned to Alice Ames)`.
fn found(access: &Access) -> Line {
    let Some(looked) = &access.ticket else { return Line::default() };
    match &looked.finding {
        Finding::Missing => Line::new(format!(" ({} has no such ticket)", looked.ticket.source)),
        Finding::Unknown { .. } => Line::new(format!(" ({} could not be asked)", looked.ticket.source)),
        Finding::Ticket(ticket) => {
            let whose = ticket.assignee.as_ref().map_or("nobody", |assignee| &assignee.name);
            let title = match ticket.title.as_str() {
                "" => Line::default(),
                title => Line::new(": ").quote(title),
            };
            title.plain(format!(" ({}, assigned to {whose})", ticket.status))
        }
    }
}

/// That it ends when its ticket is closed.
pub fn ends_with_ticket(access: &Access) -> Option<(String, Vec<Inline>)> {
    let ticket = access.route.ticket.as_ref()?.ends_with()?;
    Some(fact("Ends with it", Line::new(format!("It is taken back when {} is closed in {}", ticket.id, ticket.source))))
}

/// That a ticket is being looked up.
pub fn checking(state: &Screening) -> Line {
    Line::new("Checking ticket ").code(&state.ticket.id).plain(format!(" in {} … ", state.ticket.source))
}

/// What was not known when a bypass was taken.
pub fn unknown(review: &Review) -> Line {
    let one = |unknown: &Unknown| match unknown {
        Unknown::Ticket => "whether there is an open ticket (none is looked up in an emergency)".to_owned(),
        Unknown::Rotation { name } => format!("who is on call by {name}"),
        Unknown::Incidents { service } => format!("whether {service} has an open incident"),
    };
    match review.unknown.is_empty() {
        true => Line::default(),
        false => Line::default()
            .strong("Not known when it was taken: ")
            .plain(joined(review.unknown.iter().map(one).collect(), "and"))
            .plain("."),
    }
}

/// Why policy agreed by itself, where somebody was on call.
pub fn on_call(access: &Access) -> Option<(String, Vec<Inline>)> {
    let oncall = access.route.oncall.as_ref()?;
    let line = Line::new("by ").code(&oncall.rotation);
    let line = match &oncall.incident {
        Some(incident) if oncall.ends_with_incident => {
            line.plain(format!("; incident {}, and it ends when that is resolved", incident.title))
        }
        Some(incident) => line.plain(format!("; incident {}", incident.title)),
        None => line,
    };
    Some(fact("On call", line))
}

/// A label and its value.
pub fn fact(label: &str, value: Line) -> (String, Vec<Inline>) {
    (label.to_owned(), value.0)
}

/// The small print under a card: what one needs to talk about it.
pub fn small_print(access: &Access) -> Line {
    Line::default().code(access.short.as_str()).plain(" · ").code(access.request.role.as_str())
}

/// Why it ends, as a sentence without its full stop.
pub fn cause(cause: &EndCause, context: &Context) -> Line {
    match cause {
        EndCause::Expired => Line::new("Its time is up"),
        EndCause::WindowClosed { closed } => Line::new("Its time is up, since ").sentence(&closed.to_string()),
        EndCause::Done { by } => Line::new(format!("{} was done with it", context.directory.name(by))),
        EndCause::Revoked { by, reason } => {
            Line::new(format!("{} took it back: ", revoker(by, context))).quote(reason.text())
        }
        EndCause::Cancelled { by } => Line::new(format!("{} cancelled it", context.directory.name(by))),
        EndCause::ElevationFailed { error } => Line::new("The target refused it: ").code(error),
        EndCause::ElevationTimedOut { error: Some(error) } => {
            Line::new("The target did not manage in time: ").code(error)
        }
        EndCause::ElevationTimedOut { error: None } => Line::new("The target did not manage in time"),
        EndCause::Leaver { person } => {
            Line::new(format!("{} is disabled or no longer in the directory", context.directory.name(person)))
        }
        EndCause::IncidentResolved { title } => Line::new(format!("The incident {title} is resolved")),
        EndCause::TicketClosed { ticket } => {
            Line::new(format!("The ticket {} is closed in {}", ticket.id, ticket.source))
        }
        EndCause::ParentEnded => Line::new("The access that it extends ended early"),
    }
}

/// Who took it back.
pub fn revoker(by: &Revoker, context: &Context) -> String {
    match by {
        Revoker::Person(id) => context.directory.name(id).to_owned(),
        Revoker::Operator(name) => format!("An operator ({name})"),
    }
}

/// What the inspection found: "verified gone" is said of [`Proof::Gone`] alone.
pub fn proof(proof: &Proof, access: &Access) -> Line {
    let place = place(access);
    match proof {
        Proof::Gone { sessions_ended: 0 } => Line::default().strong("Verified gone").plain(format!(" at {place}.")),
        Proof::Gone { sessions_ended } => {
            let sessions = if *sessions_ended == 1 { "session was" } else { "sessions were" };
            Line::default()
                .strong("Verified gone")
                .plain(format!(" at {place}; {sessions_ended} open {sessions} ended."))
        }
        Proof::RemainsUnder { short } => Line::default()
            .strong(format!("It remains under {short}"))
            .plain(", which gives the same, and ends with that."),
        Proof::Untouched => {
            Line::default().strong("Nothing was given").plain(format!(", so nothing had to be taken back at {place}."))
        }
        Proof::RemainsStanding => Line::default()
            .strong("It remains: standing access")
            .plain(format!(" at {place}, held before and not given by jit. Security was told.")),
    }
}

/// Where the access is: the connector's name.
pub fn place(access: &Access) -> &str {
    access.request.entitlement.connector.as_str()
}

/// Exactly what the target holds, for whoever has to look there by hand.
pub fn by_hand(access: &Access) -> Vec<(String, Vec<Inline>)> {
    let entitlement = &access.request.entitlement;
    let target: Vec<String> = entitlement
        .target
        .0
        .iter()
        .map(|(key, value)| format!("{key} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let sponsor = sponsor(access).into_iter();
    let system = vec![
        fact("System", Line::default().code(entitlement.connector.as_str())),
        fact("Account", Line::default().code(entitlement.account.as_str())),
        fact("Holds", Line::default().code(target.join(", "))),
    ];
    sponsor.chain(system).collect()
}

/// What a failing revocation means, for everybody who can see it.
pub fn failing(access: &Access) -> Line {
    let State::Revoking(revoking) = &access.state else { return Line::default() };
    let Some(failing) = &revoking.failing else { return Line::default() };
    Line::default()
        .strong("Revocation failing")
        .plain(" since ")
        .at_and_left(failing.since)
        .plain(". It is tried again and again without end, until it is verified gone.")
}
