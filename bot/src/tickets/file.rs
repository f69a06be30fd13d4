//! Tickets from a file. Read anew at every look; judges nobody's existence, which [`super::sources`] does before a policy is in force.

use std::path::PathBuf;

use jit_core::id::PersonId;
use jit_core::ticket::is_id;
use serde::Deserialize;
use toml::Spanned;

use super::{Found, Whose};
use crate::lookup::LookupError;
use crate::source_file::{self, SourceFile, Wrong, line_of};

/// A whole file, each ticket with its line.
#[derive(Debug)]
pub(super) struct Tickets(Vec<(usize, TicketText)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    ticket: Vec<Spanned<TicketText>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketText {
    id: String,
    title: Option<String>,
    status: Status,
    assignee: Option<PersonId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Closed,
}

/// A ticket by its id.
pub(super) async fn look(path: PathBuf, id: &str) -> Result<Option<Found>, LookupError> {
    let id = id.to_owned();
    let read = move |tickets: &Tickets| tickets.0.iter().find(|(_, ticket)| ticket.id == id).map(|it| it.1.found());
    source_file::look(path, move |_, tickets| Ok(read(tickets))).await
}

/// How many it has.
pub(super) async fn check(path: PathBuf) -> Result<String, LookupError> {
    let shown = path.display().to_string();
    let count = source_file::look(path, |_, tickets: &Tickets| Ok(tickets.0.len())).await?;
    Ok(format!("{shown} has {count} {}", if count == 1 { "ticket" } else { "tickets" }))
}

impl SourceFile for Tickets {
    const WHAT: &'static str = "tickets";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let read: Text = source_file::toml(text)?;
        let mut tickets: Vec<(usize, TicketText)> = Vec::new();
        for ticket in read.ticket {
            let line = line_of(text, ticket.span().start);
            let ticket = ticket.into_inner();
            if !is_id(&ticket.id) {
                let what = format!("`{}` is no id of a ticket: letters, digits, - _ and .", ticket.id.escape_debug());
                return Err(Wrong { line, what });
            }
            if tickets.iter().any(|(_, other)| other.id == ticket.id) {
                return Err(Wrong { line, what: format!("there are two tickets `{}`", ticket.id) });
            }
            tickets.push((line, ticket));
        }
        Ok(Self(tickets))
    }

    fn people(&self) -> impl Iterator<Item = (usize, &PersonId)> {
        self.0.iter().filter_map(|(line, ticket)| Some((*line, ticket.assignee.as_ref()?)))
    }
}

impl TicketText {
    fn found(&self) -> Found {
        let open = self.status == Status::Open;
        let status = if open { "open" } else { "closed" }.to_owned();
        Found {
            title: self.title.clone().unwrap_or_default(),
            status,
            open,
            whose: self.assignee.clone().map(Whose::Person),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_read_and_what_is_wrong_has_its_line() {
        let good =
            "[[ticket]]\nid = \"OPS-12\"\ntitle = \"Orders are stuck\"\nstatus = \"open\"\nassignee = \"alice\"\n";
        let tickets =
            Tickets::parse(&format!("# ours\n{good}\n[[ticket]]\nid = \"OPS-13\"\nstatus = \"closed\"\n")).unwrap();
        let people: Vec<_> = tickets.people().map(|(line, id)| (line, id.as_str())).collect();
        assert_eq!((tickets.0.len(), people), (2, vec![(2, "alice")]));
        let found = tickets.0.into_iter().map(|(_, ticket)| ticket.found()).collect::<Vec<_>>();
        assert!(found[0].open && found[0].title == "Orders are stuck" && !found[1].open);
        for (text, line, what) in [
            ("[[ticket]]\nid = \"OPS-12\"\n", 1, "missing field `status`"),
            ("[[ticket]]\nid = \"OPS-12\"\nstatus = \"done\"\n", 3, "unknown variant `done`"),
            ("[[ticket]]\nid = \"OPS-12\"\nstatus = \"open\"\nowner = \"alice\"\n", 4, "unknown field `owner`"),
            ("[[ticket]]\nid = \"OPS/12\"\nstatus = \"open\"\n", 1, "`OPS/12` is no id of a ticket"),
            ("nonsense", 1, ""),
        ] {
            let wrong = Tickets::parse(text).unwrap_err();
            assert!(wrong.line == line && wrong.what.contains(what), "{text}: {wrong:?}");
        }
        let twice = Tickets::parse(&format!("{good}{good}")).unwrap_err();
        assert_eq!((twice.line, twice.what.as_str()), (6, "there are two tickets `OPS-12`"));
    }
}
