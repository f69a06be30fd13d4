//! The verb table: the one place that says which verbs there are. Parsing, help, completion and the Slack manifest read it.

use crate::decide::MOST_ROLES;
use crate::grammar::clauses::{Clause, Said, shown};
use crate::grammar::words::bare;
use crate::grammar::{Line, RequestLine, nearest};
use crate::id::{RoleName, ShortId};
use crate::refusal::{Code, Refusal};

/// A verb, for help and for reading.
#[derive(Debug)]
pub struct Verb {
    /// What is typed.
    pub name: &'static str,
    /// Its form: `[…]` may be left out.
    pub usage: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// A line that works.
    pub example: &'static str,
    pub(super) takes: Takes,
    pub(super) clauses: &'static [Clause],
    pub(super) build: fn(&Verb, Said) -> Result<Line, Refusal>,
}

/// The role that examples name.
const EXAMPLE_ROLE: &str = "orders-db-admin";

impl Verb {
    /// The example, with a role that the reader may ask for where one is known.
    pub fn example_with(&self, role: Option<&RoleName>) -> String {
        role.map_or_else(|| self.example.to_owned(), |role| self.example.replace(EXAMPLE_ROLE, role.as_str()))
    }
}

/// What stands beside the clauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Id,
    Role,
    /// One role, or several: separated by commas, `and`, or both.
    Roles,
    Verb,
    /// The rest of the line as it is.
    Text,
    /// An id, and the rest of the line as it is.
    IdAndText,
}

/// Every verb, in the order of help.
pub const VERBS: &[Verb] = &[
    Verb {
        name: "request",
        usage: "request [ROLES] [for TIME] [at TIME] [on behalf of ID] [ticket ID] [because WHY]",
        summary: "Ask for a role, or for several at once; what you leave out is asked for in a form.",
        example: "request orders-db-admin for 1h because the orders index is broken",
        takes: Takes::Roles,
        clauses: &[Clause::For, Clause::At, Clause::OnBehalfOf, Clause::Ticket, Clause::Because],
        build: |_, said| request(said).map(Line::Request),
    },
    Verb {
        name: "emergency",
        usage: "emergency [--drill] ROLE for DURATION because TEXT",
        summary: "Take a role at once in an emergency, or practise that; security reviews it afterwards.",
        example: "emergency orders-db-admin for 30m because checkout is down, incident 42",
        takes: Takes::Role,
        clauses: &[Clause::For, Clause::Ticket, Clause::Because, Clause::Drill],
        build: |_, said| Ok(Line::Emergency { drill: said.drill, line: request(said)? }),
    },
    Verb {
        name: "home",
        usage: "home",
        summary: "All at a glance: what waits for you, what you hold and for how long, what you asked for.",
        example: "home",
        takes: Takes::Nothing,
        clauses: &[],
        build: |_, _| Ok(Line::Home),
    },
    Verb {
        name: "mine",
        usage: "mine",
        summary: "What you hold and what you asked for, with buttons.",
        example: "mine",
        takes: Takes::Nothing,
        clauses: &[],
        build: |_, _| Ok(Line::Mine),
    },
    Verb {
        name: "extend",
        usage: "extend ID [for DURATION] [because TEXT]",
        summary: "Ask for more time on access that you hold.",
        example: "extend A-7K3F9Q for 30m because the repair takes longer",
        takes: Takes::Id,
        clauses: &[Clause::For, Clause::Because],
        build: |verb, said| Ok(Line::Extend { id: id(verb, &said)?, duration: said.duration, because: said.because }),
    },
    Verb {
        name: "done",
        usage: "done ID",
        summary: "Give access back before its time is over.",
        example: "done A-7K3F9Q",
        takes: Takes::Id,
        clauses: &[],
        build: |verb, said| Ok(Line::Done { id: id(verb, &said)? }),
    },
    Verb {
        name: "reveal",
        usage: "reveal ID",
        summary: "Set and see a new password of an account that was made for your access.",
        example: "reveal A-7K3F9Q",
        takes: Takes::Id,
        clauses: &[],
        build: |verb, said| Ok(Line::Reveal { id: id(verb, &said)? }),
    },
    Verb {
        name: "cancel",
        usage: "cancel ID",
        summary: "Take back a request of yours that is not granted yet.",
        example: "cancel A-7K3F9Q",
        takes: Takes::Id,
        clauses: &[],
        build: |verb, said| Ok(Line::Cancel { id: id(verb, &said)? }),
    },
    Verb {
        name: "show",
        usage: "show ID",
        summary: "Where one request or access stands.",
        example: "show A-7K3F9Q",
        takes: Takes::Id,
        clauses: &[],
        build: |verb, said| Ok(Line::Show { id: id(verb, &said)? }),
    },
    Verb {
        name: "pending",
        usage: "pending",
        summary: "The requests that wait for your decision.",
        example: "pending",
        takes: Takes::Nothing,
        clauses: &[],
        build: |_, _| Ok(Line::Pending),
    },
    Verb {
        name: "approve",
        usage: "approve ID [for DURATION]",
        summary: "Agree to a request, for less time if you like.",
        example: "approve A-7K3F9Q for 30m",
        takes: Takes::Id,
        clauses: &[Clause::For],
        build: |verb, said| Ok(Line::Approve { id: id(verb, &said)?, at_most: said.duration }),
    },
    Verb {
        name: "deny",
        usage: "deny ID because TEXT",
        summary: "Refuse a request, and say why.",
        example: "deny A-7K3F9Q because the reader role is enough for this",
        takes: Takes::Id,
        clauses: &[Clause::Because],
        build: |verb, said| Ok(Line::Deny { id: id(verb, &said)?, because: said.because }),
    },
    Verb {
        name: "claim",
        usage: "claim ID",
        summary: "Tell the others that you are looking at a request; they can decide all the same.",
        example: "claim A-7K3F9Q",
        takes: Takes::Id,
        clauses: &[],
        build: |verb, said| Ok(Line::Claim { id: id(verb, &said)? }),
    },
    Verb {
        name: "ask",
        usage: "ask ID [TEXT]",
        summary: "Ask the requester something before you decide.",
        example: "ask A-7K3F9Q which tables do you have to touch?",
        takes: Takes::IdAndText,
        clauses: &[],
        build: |verb, said| id_and_text(verb, said).map(|(id, text)| Line::Ask { id, text }),
    },
    Verb {
        name: "reply",
        usage: "reply ID [TEXT]",
        summary: "Answer what approvers asked about your request.",
        example: "reply A-7K3F9Q only orders_2026, about 300 rows",
        takes: Takes::IdAndText,
        clauses: &[],
        build: |verb, said| id_and_text(verb, said).map(|(id, text)| Line::Reply { id, text }),
    },
    Verb {
        name: "revoke",
        usage: "revoke ID because TEXT",
        summary: "End somebody's access now; for the role's owner and security.",
        example: "revoke A-7K3F9Q because the laptop was stolen",
        takes: Takes::Id,
        clauses: &[Clause::Because],
        build: |verb, said| Ok(Line::Revoke { id: id(verb, &said)?, because: said.because }),
    },
    Verb {
        name: "away",
        usage: "away [until TIME] [delegate @PERSON]",
        summary: "Be asked for no decisions until then; somebody may decide for you. Alone: whether you are away.",
        example: "away until Mon 09:00 delegate @carol",
        takes: Takes::Nothing,
        clauses: &[Clause::Until, Clause::Delegate],
        build: |_, said| Ok(Line::Away { until: said.until, delegate: said.delegate }),
    },
    Verb {
        name: "back",
        usage: "back",
        summary: "You are here again before the time that you said.",
        example: "back",
        takes: Takes::Nothing,
        clauses: &[],
        build: |_, _| Ok(Line::Back),
    },
    Verb {
        name: "roles",
        usage: "roles [TEXT]",
        summary: "The roles that you may ask for.",
        example: "roles orders",
        takes: Takes::Text,
        clauses: &[],
        build: |_, said| Ok(Line::Roles { text: said.subject }),
    },
    Verb {
        name: "who",
        usage: "who ROLE",
        summary: "Who holds a role now.",
        example: "who orders-db-admin",
        takes: Takes::Role,
        clauses: &[],
        build: |verb, said| Ok(Line::Who { role: role(verb, said)? }),
    },
    Verb {
        name: "why",
        usage: "why ROLE[, ROLE …]",
        summary: "What policy says when you ask for a role, rule by rule, or for several at once.",
        example: "why orders-db-admin",
        takes: Takes::Roles,
        clauses: &[],
        build: |verb, mut said| {
            few(&said)?;
            let more = std::mem::take(&mut said.more);
            Ok(Line::Why { role: role(verb, said)?, more })
        },
    },
    Verb {
        name: "freeze",
        usage: "freeze [ROLE | @PERSON] [because TEXT]",
        summary: "Stop new access to everything, a role or for a person (security); alone: what is frozen.",
        example: "freeze orders-db-admin because the credentials leaked",
        takes: Takes::Role,
        clauses: &[Clause::Because],
        build: |_, said| Ok(Line::Freeze { what: said.subject, because: said.because }),
    },
    Verb {
        name: "unfreeze",
        usage: "unfreeze [ROLE | @PERSON]",
        summary: "Allow again what was frozen; for security.",
        example: "unfreeze orders-db-admin",
        takes: Takes::Role,
        clauses: &[],
        build: |_, said| Ok(Line::Unfreeze { what: said.subject }),
    },
    Verb {
        name: "help",
        usage: "help [VERB]",
        summary: "What you can write here.",
        example: "help request",
        takes: Takes::Verb,
        clauses: &[],
        build: |_, said| Ok(Line::Help { verb: said.subject.map(|verb| verb.to_lowercase()) }),
    },
];

/// The verb of a name, in any case.
pub(super) fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name.eq_ignore_ascii_case(bare(name)))
}

/// The verb that somebody may have meant.
pub(super) fn near(name: &str) -> Option<&'static str> {
    nearest(name, VERBS.iter().map(|verb| verb.name))
}

/// For an unknown verb.
pub(super) fn unknown(name: &str) -> Refusal {
    let next = match near(name) {
        Some(verb) => format!("Did you mean `{verb}`?"),
        None => "Write `/jit help` to see what there is.".to_owned(),
    };
    Refusal::new(Code::NotUnderstood, format!("I do not know the word `{}`.", shown(name)), next)
}

fn request(said: Said) -> Result<RequestLine, Refusal> {
    few(&said)?;
    let Said { subject, more, duration, at, on_behalf_of, ticket, because, .. } = said;
    Ok(RequestLine { role: subject, more, duration, at, on_behalf_of, ticket, because })
}

/// As many roles as go in one request, before any of them is looked up.
fn few(said: &Said) -> Result<(), Refusal> {
    if said.more.len() < MOST_ROLES {
        return Ok(());
    }
    let what = format!("{} roles are asked for; at most {MOST_ROLES} go in one request.", said.more.len() + 1);
    Err(Refusal::new(Code::Limit, what, "Ask for fewer at a time."))
}

fn id(verb: &Verb, said: &Said) -> Result<ShortId, Refusal> {
    let example = format!("Write for example `/jit {}`; `/jit mine` and `/jit pending` show ids.", verb.example);
    let Some(text) = said.subject.as_deref() else {
        let what = format!("`{}` needs the id of an access.", verb.name);
        return Err(Refusal::new(Code::NotUnderstood, what, example));
    };
    let what = || format!("`{}` is not the id of an access; they look like `A-7K3F9Q`.", shown(text));
    ShortId::parse(text.trim_end_matches(['.', '!', '?']))
        .ok_or_else(|| Refusal::new(Code::NotUnderstood, what(), example))
}

/// An id, and whatever follows it, word for word.
fn id_and_text(verb: &Verb, said: Said) -> Result<(ShortId, Option<String>), Refusal> {
    let line = said.subject.unwrap_or_default();
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
    let id = id(verb, &Said::only(bare(first).trim_end_matches([':', ','])))?;
    let text = rest.trim();
    Ok((id, (!text.is_empty()).then(|| text.to_owned())))
}

fn role(verb: &Verb, said: Said) -> Result<String, Refusal> {
    said.subject.filter(|role| !role.is_empty()).ok_or_else(|| {
        let what = format!("`{}` needs a role.", verb.name);
        Refusal::new(
            Code::NotUnderstood,
            what,
            format!("Write for example `/jit {}`; `/jit roles` lists them.", verb.example),
        )
    })
}
