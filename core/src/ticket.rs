//! Tickets as their source says them, and what policy may demand of one. The shell looks a ticket up while an access is Screening
//! ([`crate::access::State::Screening`]); what was found is an event, and the access remembers it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::PersonId;
use crate::policy::glob::glob;

/// The longest id of a ticket that is looked up. Source: Jira's longest is a project key of 10 characters and a number.
const LONGEST_ID: usize = 64;

/// The configured sources of tickets, by name, each with the patterns of its ids (`OPS-*`).
pub type TicketSources = BTreeMap<String, Vec<String>>;

/// Which ticket of which source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketId {
    /// The name of the source in the configuration, such as `jira`.
    pub source: String,
    /// As people write it, such as `OPS-12`.
    pub id: String,
}

/// A ticket that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What it is about, in a line.
    pub title: String,
    /// Its status in the source's words, such as `In Progress`.
    pub status: String,
    /// It is not closed.
    pub open: bool,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
}

/// Whose a ticket is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignee {
    /// The source's words for them; decides nothing.
    pub name: String,
    /// Who that is here: by the configuration, or by the one address that is theirs alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "kebab-case")]
pub enum Finding {
    /// It exists.
    Ticket(Ticket),
    /// Its source has no such ticket.
    Missing,
    /// It could not be looked up, which counts as if nothing of it were true.
    Unknown {
        /// A clause that follows on the source's name, without secrets.
        why: String,
    },
}

/// What was found of the ticket of an access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Which.
    pub ticket: TicketId,
    /// What was found.
    pub finding: Finding,
    /// When.
    pub at: DateTime<Utc>,
}

/// What must be true of a ticket that is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// It exists and is open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// It is assigned to the requester or the beneficiary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assigned: bool,
    /// The access is taken back when it is closed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends: bool,
}

/// The ticket that a route demands to be looked up, and what must be true of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Which.
    pub ticket: TicketId,
    /// What must be true.
    #[serde(flatten)]
    pub terms: Terms,
}

/// What is known of the ticket of a request when it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// Nothing yet: it is looked up before anybody is asked and before anything is given.
    NotYet,
    /// This was found; nothing when it was never looked up, which counts as unknown.
    Found(Option<&'a Finding>),
    /// Whatever is demanded: of a question in which no ticket is named yet.
    Fitting,
}

impl Terms {
    /// Whether a ticket has to be looked up.
    pub fn demand_anything(self) -> bool {
        self.open || self.assigned || self.ends
    }
}

impl Demand {
    /// The ticket whose end ends the access.
    pub fn ends_with(&self) -> Option<&TicketId> {
        self.terms.ends.then_some(&self.ticket)
    }
}

impl Finding {
    /// The ticket, where it exists.
    pub fn ticket(&self) -> Option<&Ticket> {
        match self {
            Self::Ticket(ticket) => Some(ticket),
            Self::Missing | Self::Unknown { .. } => None,
        }
    }
}

/// The source whose ticket an id is: the first one by name with a pattern that fits. What is not written like an id is nobody's, so that
/// nothing else ever gets into an address or a query.
pub fn source_of(sources: &TicketSources, id: &str) -> Option<TicketId> {
    if !is_id(id) {
        return None;
    }
    let fits = |patterns: &Vec<String>| patterns.iter().any(|pattern| glob(pattern, id));
    let (source, _) = sources.iter().find(|(_, patterns)| fits(patterns))?;
    Some(TicketId { source: source.clone(), id: id.to_owned() })
}

/// Letters, digits, `-`, `_` and `.`, beginning with a letter or a digit.
pub fn is_id(text: &str) -> bool {
    text.len() <= LONGEST_ID
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_the_first_source_whose_pattern_fits_and_nothing_else_is_an_id() {
        let sources = TicketSources::from([
            ("jira".to_owned(), vec!["OPS-*".to_owned(), "SEC-*".to_owned()]),
            ("now".to_owned(), vec!["*".to_owned()]),
        ]);
        let of = |id: &str| source_of(&sources, id).map(|ticket| ticket.source);
        assert_eq!(of("OPS-12").as_deref(), Some("jira"));
        assert_eq!(of("SEC-1").as_deref(), Some("jira"));
        assert_eq!(of("INC0010001").as_deref(), Some("now"));
        let long = "A".repeat(LONGEST_ID + 1);
        for hostile in [
            "",
            "OPS-1/../../myself",
            "OPS-1?expand=x",
            "OPS-1#x",
            "OPS-1^ORactive=true",
            "OPS 1",
            "OPS-1%2f",
            "../OPS-1",
            "..",
            "OPS-1\n",
            "ÖPS-1",
            "-OPS",
            "a..b",
            &long,
        ] {
            assert_eq!(of(hostile), None, "{hostile}");
        }
    }
}
