//! The form of `/jit request`: only roles that this person may ask for, and above them what would happen if it were sent now.

use jit_core::answer::RoleLine;
use jit_core::decide::MOST_ROLES;
use jit_core::id::RoleName;
use jit_core::policy::{Judgement, Level};
use jit_core::refusal::Refusal;
use jit_core::span::Span;
use jit_core::ticket::Demand;

use super::{duration, reason};
use crate::card::{Block, Line};
use crate::cards::{Context, words};
use crate::form::{Choice, Field, Form, FormKind, Input, Meta, field};

/// More roles than these are searched for instead of listed; the limit of Slack's menus.
const LISTED: usize = 100;

/// What the form is made of.
#[derive(Clone, Debug)]
pub struct RequestForm<'a> {
    /// The roles that this person may ask for.
    pub roles: &'a [RoleLine],
    /// What is filled in already.
    pub filled: Filled,
    /// What would happen.
    pub preview: Preview<'a>,
    /// Fewest characters of a reason.
    pub min_reason: usize,
    /// Travels in the form.
    pub meta: Meta,
}

/// What is filled in already, by the line typed or before a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Only roles of this level are offered.
    pub level: Option<Level>,
    /// The roles.
    pub roles: Vec<RoleName>,
    /// For how long.
    pub duration: Option<Span>,
    /// Why.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// When it shall begin, as typed.
    pub at: Option<String>,
}

/// What would happen if it were sent as it is.
#[derive(Clone, Copy, Debug)]
pub enum Preview<'a> {
    /// Nothing can be said yet.
    None,
    /// These would be asked.
    Judged(&'a Judgement),
    /// It would be refused.
    Refused(&'a Refusal),
}

/// Makes the form.
pub fn request(form: &RequestForm, context: &Context) -> Form {
    let kind = FormKind::Request;
    if form.roles.is_empty() {
        let intro = Line::new("There is no role that you may ask for. ")
            .code("/jit why ROLE")
            .plain(" says why, and who could change that.");
        let title = "Ask for access".to_owned();
        return Form {
            kind,
            title,
            submit: None,
            intro: super::said(intro),
            fields: vec![],
            preview: vec![],
            meta: form.meta.clone(),
        };
    }
    let mut fields: Vec<Field> = level(form).into_iter().collect();
    fields.push(role(form));
    fields.extend(duration::fields("For how long?", longest(form), form.filled.duration, true));
    let hint = "Approvers, the announcement channel and the audit trail show it.";
    fields.push(reason("Why do you need it?", hint, form.min_reason, form.filled.reason.clone()));
    fields.push(ticket(form.filled.ticket.clone()));
    fields.push(at(form.filled.at.clone()));
    let intro =
        form.meta.on_behalf_of.as_ref().map(|person| Line::new("You ask on behalf of ").strong(person).plain("."));
    Form {
        kind,
        title: "Ask for access".to_owned(),
        submit: Some("Ask".to_owned()),
        intro: intro.map(super::said).unwrap_or_default(),
        fields,
        preview: preview(form, context),
        meta: form.meta.clone(),
    }
}

/// The roles whose name or title holds the text, as options.
pub fn role_choices(roles: &[RoleLine], query: &str) -> Vec<Choice> {
    let query = query.trim().to_lowercase();
    let fits = |role: &&RoleLine| {
        query.is_empty()
            || role.name.as_str().to_lowercase().contains(&query)
            || role.title.to_lowercase().contains(&query)
    };
    roles.iter().filter(fits).take(LISTED).map(choice).collect()
}

fn choice(role: &RoleLine) -> Choice {
    Choice {
        value: role.name.to_string(),
        label: format!(
            "{} ({}, {}{})",
            role.title,
            words::level(role.level),
            role.environment,
            if role.pilot { ", pilot" } else { "" }
        ),
    }
}

/// Filters the roles; only where there is something to filter.
fn level(form: &RequestForm) -> Option<Field> {
    let mut levels: Vec<Level> = form.roles.iter().map(|role| role.level).collect();
    levels.sort();
    levels.dedup();
    let choice = |level: Level| Choice { value: words::level(level).to_owned(), label: words::level(level).to_owned() };
    (levels.len() > 1).then(|| Field {
        id: field::LEVEL,
        label: "Level".to_owned(),
        hint: Some("Shows only roles of this level.".to_owned()),
        input: Input::Select {
            options: levels.into_iter().map(choice).collect(),
            selected: form.filled.level.map(|level| words::level(level).to_owned()),
            external: false,
        },
        optional: true,
        live: true,
    })
}

/// The roles chosen stay among the options, whatever the level says.
fn role(form: &RequestForm) -> Field {
    let chosen = &form.filled.roles;
    let fits =
        |role: &&RoleLine| form.filled.level.is_none_or(|level| role.level == level) || chosen.contains(&role.name);
    let options: Vec<Choice> = form.roles.iter().filter(fits).map(choice).collect();
    let listed = |role: &String| options.iter().any(|option| option.value == *role);
    let selected = chosen.iter().map(ToString::to_string).filter(listed).collect();
    Field {
        id: field::ROLE,
        label: "Roles".to_owned(),
        hint: Some(format!("One, or several that you need together: at most {MOST_ROLES}.")),
        input: Input::MultiSelect { external: options.len() > LISTED, selected, options, max: MOST_ROLES },
        optional: false,
        live: true,
    }
}

/// The longest duration to offer: what policy said, else the shortest of the roles' own, else a day.
fn longest(form: &RequestForm) -> Span {
    let chosen = form.roles.iter().filter(|role| form.filled.roles.contains(&role.name));
    let of_roles = chosen.map(|role| role.max_duration).min();
    match (form.preview, of_roles) {
        (Preview::Judged(judgement), Some(role)) => judgement.max_duration.min(role),
        (Preview::Judged(judgement), None) => judgement.max_duration,
        (_, role) => role.unwrap_or(Span::hours(24)),
    }
}

fn ticket(initial: Option<String>) -> Field {
    Field {
        id: field::TICKET,
        label: "Ticket".to_owned(),
        hint: Some("Some rules need one.".to_owned()),
        input: Input::Text { multiline: false, min: 0, max: 100, initial, placeholder: Some("OPS-12".to_owned()) },
        optional: true,
        live: false,
    }
}

fn at(initial: Option<String>) -> Field {
    let placeholder = Some("tomorrow 09:00".to_owned());
    Field {
        id: field::AT,
        label: "Start".to_owned(),
        hint: Some("At once where left empty. Policy is asked again when it starts.".to_owned()),
        input: Input::Text { multiline: false, min: 0, max: 60, initial, placeholder },
        optional: true,
        live: false,
    }
}

fn preview(form: &RequestForm, context: &Context) -> Vec<Block> {
    let roles = form.filled.roles.len();
    let lines = match form.preview {
        Preview::None => vec![Line::new("Choose a role to see who will be asked.")],
        Preview::Judged(judgement) if judgement.route.is_auto() => vec![
            Line::default().strong("✅ Nobody needs to be asked: ").plain(match roles {
                0 | 1 => format!("the rule “{}” approves it by itself.", judgement.route.rule),
                _ => "policy approves all of them by itself.".to_owned(),
            }),
            at_most(judgement.max_duration),
            ticket_first(judgement),
            begins(judgement),
            cut(judgement),
        ],
        Preview::Judged(judgement) => {
            vec![
                asked(judgement, context),
                together(roles),
                at_most(judgement.max_duration),
                ticket_first(judgement),
                begins(judgement),
                cut(judgement),
            ]
        }
        Preview::Refused(refusal) => {
            let line =
                Line::default().strong("🚫 As it stands, it would be refused: ").sentence(&refusal.what).plain(" ");
            let ask = refusal.ask.as_ref().map(|ask| words::owner(ask, context));
            let who = ask.map_or_else(Line::default, |who| Line::new(format!("To change that, ask {who}.")));
            vec![line.sentence(&refusal.next), who]
        }
    };
    lines.into_iter().filter(|line| !line.0.is_empty()).map(|line| Block::Text(line.0)).collect()
}

fn asked(judgement: &Judgement, context: &Context) -> Line {
    judgement.approvers.iter().enumerate().fold(Line::default(), |line, (step, people)| {
        let names = words::joined(people.iter().map(|id| context.directory.name(id).to_owned()).collect(), "or");
        let needed = judgement.route.steps.get(step).map_or(1, |step| step.count);
        let line = line.strong(if step == 0 { "Will be asked: " } else { " Then: " });
        match needed {
            1 => line.plain(format!("{names}.")),
            n => line.plain(format!("{n} of {names}.")),
        }
    })
}

/// Nothing is looked up for a preview.
fn ticket_first(judgement: &Judgement) -> Line {
    let line = |demand: &Demand| {
        Line::default()
            .strong("The ticket will be checked first: ")
            .plain(format!("{} in {}.", demand.ticket.id, demand.ticket.source))
    };
    judgement.route.ticket.as_deref().map_or_else(Line::default, line)
}

/// That what would be approved by itself waits as well.
fn together(roles: usize) -> Line {
    match roles {
        0 | 1 => Line::default(),
        _ => Line::new(format!(
            "All {roles} roles are decided together, as the strictest of them is: all are given, or none."
        )),
    }
}

/// A later start.
fn begins(judgement: &Judgement) -> Line {
    let line = |start| Line::default().strong("Starts ").at_and_left(start).plain(", and is judged again then.");
    judgement.begins.map_or_else(Line::default, line)
}

/// A window that could end it before its time is over.
fn cut(judgement: &Judgement) -> Line {
    judgement.closing.as_ref().map_or_else(Line::default, words::closing_at)
}

fn at_most(longest: Span) -> Line {
    Line::new(format!("It may last at most {longest}."))
}
