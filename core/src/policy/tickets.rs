//! What a rule demands of the ticket that is named, and what is said when it does not hold. Nothing is looked up here: what was found comes
//! with the question. What is not known counts as untrue.

use crate::directory::Directory;
use crate::id::PersonId;
use crate::policy::evaluate::list;
use crate::policy::faults::{Fault, Faults};
use crate::policy::{Question, Rule, TicketNeed};
use crate::refusal::{Code, Refusal};
use crate::ticket::{Demand, Finding, Known, Terms, Ticket, TicketId, source_of};

/// How many patterns of ids a refusal names.
const SHOWN: usize = 6;

/// What does not hold of the ticket that is named; nothing while it is still to be looked up.
pub(super) fn faults(terms: Terms, question: &Question<'_>, directory: &Directory) -> Vec<Fault> {
    let Some(named) = question.ticket().filter(|_| terms.demand_anything()) else { return Vec::new() };
    let finding = match question.known {
        Known::Fitting => return Vec::new(),
        Known::NotYet => None,
        Known::Found(finding) => Some(finding),
    };
    let Some(ticket) = source_of(directory.ticket_sources(), named) else { return vec![nobody_s(named, directory)] };
    let parties = [&question.requester.id, &question.beneficiary.id];
    finding.map_or_else(Vec::new, |finding| misses(terms, (&ticket, finding), parties, directory))
}

/// The refusal of what was demanded when it was asked for, whatever policy says now.
pub(crate) fn refuse(
    demand: &Demand,
    finding: Option<&Finding>,
    parties: [&PersonId; 2],
    directory: &Directory,
) -> Option<Refusal> {
    let mut faults = Faults::default();
    let misses = misses(demand.terms, (&demand.ticket, finding), parties, directory);
    misses.into_iter().for_each(|fault| faults.push(fault));
    faults.into_result().err()
}

fn misses(
    terms: Terms,
    (TicketId { source, id }, finding): (&TicketId, Option<&Finding>),
    parties: [&PersonId; 2],
    directory: &Directory,
) -> Vec<Fault> {
    let fault = |what: String, next: &str| Fault::new(Code::Ticket, what, next);
    let ticket = match finding {
        Some(Finding::Ticket(ticket)) => ticket,
        Some(Finding::Missing) => {
            return vec![fault(format!("`{source}` has no ticket `{id}`"), "check how it is written")];
        }
        Some(Finding::Unknown { why }) => {
            let what = format!("the ticket `{id}` could not be looked up: `{source}` {why}");
            return vec![fault(what, "ask again in a moment; if it stays so, tell who runs this service")];
        }
        None => return vec![fault(format!("the ticket `{id}` was never looked up"), "ask anew, so that it is")],
    };
    let mut misses = Vec::new();
    if terms.open && !ticket.open {
        let what = format!("the ticket `{id}` is closed (“{}”)", ticket.status);
        misses.push(fault(what, "name one that is open"));
    }
    if terms.assigned && !is_theirs(ticket, parties) {
        let what = format!("the ticket `{id}` is assigned to {}", whose(ticket, directory));
        misses.push(fault(what, "have it assigned to whoever needs the access, or name another one"));
    }
    misses
}

/// Whether a ticket is assigned to one of these people.
fn is_theirs(ticket: &Ticket, parties: [&PersonId; 2]) -> bool {
    let person = ticket.assignee.as_ref().and_then(|assignee| assignee.person.as_ref());
    person.is_some_and(|person| parties.contains(&person))
}

fn whose(ticket: &Ticket, directory: &Directory) -> String {
    match &ticket.assignee {
        None => "nobody".to_owned(),
        Some(assignee) => match &assignee.person {
            Some(person) => directory.name(person).to_owned(),
            None => format!("“{}”, who is nobody known here", assignee.name),
        },
    }
}

fn nobody_s(named: &str, directory: &Directory) -> Fault {
    let patterns: Vec<String> =
        directory.ticket_sources().values().flatten().take(SHOWN).map(|pattern| format!("`{pattern}`")).collect();
    let next = match patterns.is_empty() {
        true => "ask whoever runs this service to add a source of tickets".to_owned(),
        false => format!("tickets are written like {}", list(&patterns)),
    };
    Fault::new(Code::Ticket, format!("`{}` is the id of no ticket that can be looked up", shown(named)), next)
}

/// As much of what somebody typed as is worth repeating.
fn shown(named: &str) -> String {
    const MOST: usize = 40;
    let plain = |c: &char| !c.is_control() && *c != '`';
    named.chars().filter(plain).take(MOST).collect()
}

/// What a rule demands, in a clause; nothing where it demands nothing.
pub(super) fn words(rule: &Rule) -> Option<String> {
    let Terms { open, assigned, ends } = rule.ticket_terms;
    let article = match rule.ticket {
        TicketNeed::None => return None,
        TicketNeed::Optional if !rule.ticket_terms.demand_anything() => return None,
        TicketNeed::Optional => "a ticket, if one is named,",
        TicketNeed::Required => "a ticket",
    };
    let mut that: Vec<&str> = Vec::new();
    that.extend(open.then_some("is open"));
    that.extend(assigned.then_some("is assigned to whoever asks or gets it"));
    let that = if that.is_empty() { String::new() } else { format!(" that {}", that.join(" and ")) };
    let until = if ends { ", and only until that is closed" } else { "" };
    Some(format!("with {article}{that}{until}"))
}
