//! The `/jit` language: a line of text becomes a [`Line`], or a refusal that says what to write instead.
//!
//! Both chat platforms and the playground's composer use it; chat has undone the platform's own encoding before. Keywords
//! are read in any case; clauses come in any order; how far `because` reaches is said in `clauses.rs`. The verb table
//! ([`VERBS`]) is the only list of verbs. Nothing here knows roles, people or accesses: names are looked up later.

mod clauses;
mod complete;
mod duration;

#[cfg(test)]
mod tests;
mod time;
mod verbs;
mod words;

use std::fmt;

pub use crate::nearest::nearest;
pub use complete::{Completion, complete};
pub use time::time;
pub use verbs::{VERBS, Verb};
pub use words::LONGEST_LINE;

use crate::id::ShortId;
use crate::refusal::{Code, Refusal};
use crate::span::{Span, SpanError};
use verbs::Takes;

/// What somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Ask for a role.
    Request(RequestLine),
    /// Elevate at once in an emergency.
    Emergency {
        /// Which role, for how long, why.
        line: RequestLine,
        /// Only practise it.
        drill: bool,
    },
    /// Ask for more time.
    Extend {
        /// On which access.
        id: ShortId,
        /// How much more.
        duration: Option<Span>,
        /// Why.
        because: Option<String>,
    },
    /// Agree.
    Approve {
        /// To which request.
        id: ShortId,
        /// For at most so long.
        at_most: Option<Span>,
    },
    /// Refuse.
    Deny {
        /// Which request.
        id: ShortId,
        /// Why.
        because: Option<String>,
    },
    /// Say that one is looking at it.
    Claim {
        /// Which request.
        id: ShortId,
    },
    /// Ask the requester something.
    Ask {
        /// About which request.
        id: ShortId,
        /// What; asked for in a form where left out.
        text: Option<String>,
    },
    /// Answer what approvers asked.
    Reply {
        /// About which request.
        id: ShortId,
        /// What; asked for in a form where left out.
        text: Option<String>,
    },
    /// Take a request back.
    Cancel {
        /// Which.
        id: ShortId,
    },
    /// Give access back.
    Done {
        /// Which.
        id: ShortId,
    },
    /// Get a new password for an account that was made for the access.
    Reveal {
        /// Of which.
        id: ShortId,
    },
    /// End somebody's access.
    Revoke {
        /// Which.
        id: ShortId,
        /// Why.
        because: Option<String>,
    },
    /// Stop new access, or tell what is stopped.
    Freeze {
        /// A role, or `@` and a person; everything where left out.
        what: Option<String>,
        /// Why; left out with nothing else said, what is frozen is told.
        because: Option<String>,
    },
    /// Allow it again.
    Unfreeze {
        /// As with `Freeze`.
        what: Option<String>,
    },
    /// All at a glance.
    Home,
    /// What is mine.
    Mine,
    /// One access.
    Show {
        /// Which.
        id: ShortId,
    },
    /// Say that one is away, or tell whether one is.
    Away {
        /// Until when, as typed.
        until: Option<String>,
        /// Who decides instead, without `@`.
        delegate: Option<String>,
    },
    /// Be here again.
    Back,
    /// What waits for me.
    Pending,
    /// The catalogue.
    Roles {
        /// Only those that hold this text.
        text: Option<String>,
    },
    /// Who holds a role.
    Who {
        /// Which.
        role: String,
    },
    /// What policy says of me and a role.
    Why {
        /// Which.
        role: String,
        /// Further ones, asked for together with it.
        more: Vec<String>,
    },
    /// Words that begin with nothing like a verb: what people just say.
    Unclear,
    /// What can be written.
    Help {
        /// Of one verb only; in lower case, perhaps unknown.
        verb: Option<String>,
    },
}

/// The clauses of a request; what is missing is asked for in a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestLine {
    /// Which role, as typed.
    pub role: Option<String>,
    /// Further roles, as typed.
    pub more: Vec<String>,
    /// For how long.
    pub duration: Option<Span>,
    /// When it shall begin, as typed.
    pub at: Option<String>,
    /// For whom, without `@`.
    pub on_behalf_of: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// Why.
    pub because: Option<String>,
}

/// Reads a line, with or without a leading `/jit`; an empty one asks for help.
pub fn parse(text: &str) -> Result<Line, Refusal> {
    let length = text.chars().count();
    if length > LONGEST_LINE {
        return Err(Refusal::new(
            Code::NotUnderstood,
            format!("The line has {length} characters; at most {LONGEST_LINE} are read."),
            "Shorten it.",
        ));
    }
    let line = without_prefix(text);
    let first = line.split_whitespace().next().unwrap_or_default();
    if first.is_empty() || first == "?" {
        return Ok(Line::Help { verb: None });
    }
    let verb = match verbs::verb(first) {
        Some(verb) => verb,
        None if verbs::near(first).is_none() => return Ok(Line::Unclear),
        None => return Err(verbs::unknown(first)),
    };
    if matches!(verb.takes, Takes::Text | Takes::IdAndText) {
        let rest = line[line.find(first).map_or(0, |at| at + first.len())..].trim();
        let rest = rest.trim_matches(['"', '“', '”']).trim();
        return (verb.build)(verb, clauses::Said::only(rest));
    }
    let words = words::words(line)?;
    (verb.build)(verb, clauses::read(verb, line, &words[1..])?)
}

/// A duration by itself, as people type it: `2h`, `90 minutes`.
pub fn span(text: &str) -> Result<Span, SpanError> {
    Span::parse(text).or_else(|error| {
        let words = words::words(text).unwrap_or_default();
        let read = duration::duration(&words).filter(|(_, length)| *length == words.len());
        read.map(|(span, _)| span).ok_or(error)
    })
}

/// What help shows: every verb, or the one that is named.
pub fn help(verb: Option<&str>) -> Result<Vec<&'static Verb>, Refusal> {
    match verb {
        None => Ok(VERBS.iter().collect()),
        Some(name) => verbs::verb(name).map(|verb| vec![verb]).ok_or_else(|| verbs::unknown(name)),
    }
}

/// Whether a word has a meaning of its own in a line, so that no role can have it for a name.
pub(crate) fn is_keyword(word: &str) -> bool {
    let words = clauses::Clause::ALL.iter().flat_map(|clause| clause.keyword().split(' '));
    words.chain(["jit", "/jit", clauses::AND]).any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Without blanks around and without the command itself.
fn without_prefix(text: &str) -> &str {
    let text = text.trim_start();
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.eq_ignore_ascii_case("/jit") || first.eq_ignore_ascii_case("jit") {
        text[first.len()..].trim_start()
    } else {
        text
    }
}

impl fmt::Display for RequestLine {
    /// The line that reads back as this one: `request orders-db-admin for 1h because "…"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("request")?;
        if let Some(role) = &self.role {
            write!(f, " {}", word(role))?;
        }
        for role in &self.more {
            write!(f, " {} {}", clauses::AND, word(role))?;
        }
        if let Some(duration) = self.duration {
            write!(f, " for {duration}")?;
        }
        if let Some(at) = &self.at {
            write!(f, " at {}", words::quote(at))?;
        }
        if let Some(person) = &self.on_behalf_of {
            write!(f, " on behalf of @{person}")?;
        }
        if let Some(ticket) = &self.ticket {
            write!(f, " ticket {}", word(ticket))?;
        }
        match &self.because {
            Some(because) => write!(f, " because {}", words::quote(because)),
            None => Ok(()),
        }
    }
}

/// A name, quoted when it would be read as something else.
fn word(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.contains(char::is_whitespace)
        && !name.contains(',')
        && !name.eq_ignore_ascii_case(clauses::AND)
        && !clauses::Clause::ALL.iter().any(|clause| clause.keyword().eq_ignore_ascii_case(name));
    if plain { name.to_owned() } else { words::quote(name) }
}
