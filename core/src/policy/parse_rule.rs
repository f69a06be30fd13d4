//! Reads `[[rule]]` and `[[emergency]]`. Called by [`super::parse`] alone.

use crate::document::{At, Table};
use crate::policy::parse::title;
use crate::policy::parse_hours::hours;
use crate::policy::parse_role::{LEVELS, RISKS, plain, role_name_patterns, subject};
use crate::policy::{
    AtWindowEnd, AutoApprove, Emergency, EscalateTo, OWN_CHANNEL, Place, Review, RoleMatch, Rule, Step, Subject,
    TicketNeed,
};
use crate::span::Span;
use crate::ticket::Terms;

const TICKETS: &[(&str, TicketNeed)] =
    &[("none", TicketNeed::None), ("optional", TicketNeed::Optional), ("required", TicketNeed::Required)];

const AT_WINDOW_END: &[(&str, AtWindowEnd)] = &[("cut", AtWindowEnd::Cut), ("keep", AtWindowEnd::Keep)];

/// Defaults of a rule.
const REMIND_AFTER: Span = Span::minutes(15);
const ESCALATE_AFTER: Span = Span::minutes(30);
const TIMEOUT: Span = Span::hours(8);
const WARN_BEFORE: Span = Span::minutes(15);

/// The most people that a step can ask for.
const MOST_PEOPLE: u32 = 20;

pub(super) fn rule(mut table: Table<'_, '_>) -> Option<Rule> {
    let name = table.need_text("name").and_then(|text| title(&table, "name", text));
    let matches = matches(&mut table);
    let who = who(&mut table);
    let steps = steps(&mut table);
    let auto_given = table.has("auto_approve");
    let auto_approve = table.table("auto_approve").and_then(auto);
    if !table.has("steps") && !auto_given {
        let hint = "add for example `steps = [ { any = [\"manager\"] } ]`".to_owned();
        table.problem("[[rule]] needs `steps` or `auto_approve`", Some(hint));
    }
    let max_duration = table.span("max_duration").map(|span| span.value);
    let ticket = table.one_of("ticket", TICKETS).unwrap_or_default();
    let ticket_terms = ticket_terms(&mut table, ticket);
    let hours_given = table.has("hours");
    let hours = table.table("hours").and_then(hours);
    let at_window_end = table.one_of("at_window_end", AT_WINDOW_END).unwrap_or_default();
    let remind_after = table.span("remind_after").map_or(REMIND_AFTER, |span| span.value);
    let escalate_after = table.span("escalate_after").map_or(ESCALATE_AFTER, |span| span.value);
    let escalate_to = escalate_to(&mut table);
    let timeout = table.span("timeout").map_or(TIMEOUT, |span| span.value);
    let warn_before = table.span("warn_before").map_or(WARN_BEFORE, |span| span.value);
    table.finish();
    // Whatever is missing was noted as a problem, so that the policy is not loaded.
    Some(Rule {
        name: name?,
        matches: matches?,
        who: who?,
        steps: steps?,
        auto_approve: if auto_given { Some(auto_approve?) } else { None },
        max_duration,
        ticket,
        ticket_terms,
        hours: if hours_given { Some(hours?) } else { None },
        at_window_end,
        remind_after,
        escalate_after,
        escalate_to: escalate_to?,
        timeout,
        warn_before,
        place: Place::default(),
    })
}

/// What must be true of a ticket can only be demanded of one that may be named.
fn ticket_terms(table: &mut Table<'_, '_>, need: TicketNeed) -> Terms {
    let keys = ["ticket_open", "ticket_assigned", "end_with_ticket"];
    let [open, assigned, ends] = keys.map(|key| table.boolean(key).unwrap_or_default());
    let terms = Terms { open, assigned, ends };
    let first = keys.iter().zip([open, assigned, ends]).find(|(_, set)| *set);
    if let Some((key, _)) = first.filter(|_| need == TicketNeed::None) {
        let hint = "add `ticket = \"required\"`, or `\"optional\"`".to_owned();
        table.problem(format!("`{key}` contradicts `ticket = \"none\"`"), Some(hint));
    } else if ends && !open {
        // Else what is given for a ticket that is closed already would be taken back at once.
        table.problem("`end_with_ticket` needs `ticket_open`", Some("add `ticket_open = true`".to_owned()));
    }
    terms
}

pub(super) fn emergency(mut table: Table<'_, '_>) -> Option<Emergency> {
    let matches = matches(&mut table);
    let who = who(&mut table);
    let max_duration = table.span("max_duration");
    if max_duration.is_none() && !table.has("max_duration") {
        table.problem("[[emergency]] needs `max_duration`", None);
    }
    let review = table.need_table("review").and_then(review);
    table.finish();
    let place = Place::default();
    Some(Emergency { matches: matches?, who: who?, max_duration: max_duration?.value, review: review?, place })
}

fn review(mut table: Table<'_, '_>) -> Option<Review> {
    let by = table
        .need_texts("by")
        .and_then(|by| subjects(&table, &by, can_ask, "reviewers are people, `group:` or `oncall:`"));
    let within = table.span("within").map_or(Span::hours(24), |span| span.value);
    table.finish();
    Some(Review { by: by?, within })
}

pub(super) fn matches(table: &mut Table<'_, '_>) -> Option<RoleMatch> {
    let mut inner = table.need_table("match")?;
    let roles = inner.texts("roles").map(|patterns| role_name_patterns(&inner, patterns));
    let risk = inner.some_of("risk", RISKS);
    let level = inner.some_of("level", LEVELS);
    let names = |inner: &mut Table<'_, '_>, key: &'static str| {
        let texts = inner.texts(key)?;
        texts.into_iter().map(|text| plain(inner, key, text)).collect::<Option<Vec<_>>>()
    };
    let environment = names(&mut inner, "environment");
    let tags = names(&mut inner, "tags");
    let roles = match roles {
        Some(roles) => Some(roles?),
        None => None,
    };
    let matches = RoleMatch { roles, risk, environment, level, tags };
    let empty = ["roles", "risk", "environment", "level", "tags"].iter().all(|key| !inner.has(key));
    if empty {
        inner.problem("`match` names nothing", Some("`roles = [\"*\"]` means every role".to_owned()));
    }
    inner.finish();
    Some(matches)
}

fn can_ask(subject: &Subject) -> bool {
    matches!(subject, Subject::Person(_) | Subject::Group(_) | Subject::Oncall(_))
}

pub(super) fn who(table: &mut Table<'_, '_>) -> Option<Vec<Subject>> {
    let texts = table.need_texts("who")?;
    subjects(table, &texts, can_ask, "`who` is people, `group:` or `oncall:`")
}

fn subjects(
    table: &Table<'_, '_>,
    texts: &[At<String>],
    allowed: fn(&Subject) -> bool,
    otherwise: &str,
) -> Option<Vec<Subject>> {
    // Every text is looked at, so that each wrong one is told.
    let read: Vec<_> = texts.iter().map(|text| subject(table, text, allowed, otherwise)).collect();
    read.into_iter().collect()
}

fn steps(table: &mut Table<'_, '_>) -> Option<Vec<Step>> {
    let given = table.has("steps");
    let tables = table.tables("steps");
    if given && tables.is_empty() {
        table.problem("`steps` of [[rule]] is empty", Some("leave it out, or name who must agree".to_owned()));
    }
    let read: Vec<_> = tables.into_iter().map(step).collect();
    read.into_iter().collect()
}

fn step(mut table: Table<'_, '_>) -> Option<Step> {
    let any = table.need_texts("any").and_then(|any| subjects(&table, &any, |_| true, ""));
    let count_given = table.has("count");
    let count = table.number("count", 1..MOST_PEOPLE + 1);
    let delegation = if table.has("delegation") { table.boolean("delegation") } else { Some(true) };
    table.finish();
    Some(Step { any: any?, count: if count_given { count? } else { 1 }, delegation: delegation? })
}

fn auto(mut table: Table<'_, '_>) -> Option<AutoApprove> {
    let up_to = table.span("up_to");
    if up_to.is_none() && !table.has("up_to") {
        table.problem("`auto_approve` needs `up_to`", Some("the usual is `\"15m\"`".to_owned()));
    }
    let channels_given = table.has("in_channels");
    let channels = table.texts("in_channels").map(|texts| texts.into_iter().map(|text| text.value).collect());
    let incident_given = table.has("require_incident");
    let incident = table.texts("require_incident").map(|texts| texts.into_iter().map(|text| text.value).collect());
    let end_with_incident = table.boolean("end_with_incident").unwrap_or_default();
    let own = |channels: &Vec<String>| channels.iter().any(|channel| channel == OWN_CHANNEL);
    let hint = || Some("add for example `require_incident = \"pagerduty/PSERVICE\"`".to_owned());
    if end_with_incident && !incident_given {
        table.problem("`end_with_incident` needs `require_incident`", hint());
    }
    if channels.as_ref().is_some_and(own) && !incident_given {
        table.problem(format!("`{OWN_CHANNEL}` needs `require_incident`"), hint());
    }
    table.finish();
    Some(AutoApprove {
        up_to: up_to?.value,
        in_channels: if channels_given { Some(channels?) } else { None },
        require_incident: if incident_given { Some(incident?) } else { None },
        end_with_incident,
    })
}

fn escalate_to(table: &mut Table<'_, '_>) -> Option<Vec<EscalateTo>> {
    if !table.has("escalate_to") {
        return Some(vec![EscalateTo::ManagerOfApprover]);
    }
    let mut read = Vec::new();
    for text in table.texts_or_none("escalate_to")? {
        match EscalateTo::try_from(text.value) {
            Ok(to) => read.push(to),
            Err(error) => {
                table.reader().problem(text.at, error, None);
                return None;
            }
        }
    }
    Some(read)
}
