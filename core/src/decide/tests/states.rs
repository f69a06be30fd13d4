//! Renders the state table from the code: `docs/STATES.md` is out of date when this fails; `UPDATE_DOCS=1` rewrites it.

use std::fmt::Write;
use std::path::Path;

use super::world::World;
use crate::access::Revoker;
use crate::command::Command;
use crate::id::AccessId;
use crate::span::Span;
use crate::timer::{TimerKind, timers};

type Make = fn(&mut World) -> AccessId;
type Act = fn(&mut World, AccessId) -> String;

const STATES: [(&str, Make); 12] = [
    ("Screening", World::screening),
    ("Screening, at its start", World::screening_at_start),
    ("Pending", |w| w.request("alice", "orders-write", "1h")),
    ("Pending, looked at", |w| {
        let id = w.request("alice", "orders-write", "1h");
        w.claim("bob", id);
        id
    }),
    ("Pending, an extension", |w| {
        let parent = w.active();
        w.now += Span::minutes(40).delta();
        w.extend("alice", parent, "1h")
    }),
    ("Scheduled", |w| w.scheduled("47h30m")),
    ("Elevating", World::elevating),
    ("Active", World::active),
    ("Active, a rehearsal", |w| {
        w.role("orders-write").pilot = true;
        w.elevating()
    }),
    ("Revoking", World::revoking),
    ("Revoking, failing", |w| {
        let id = w.revoking();
        w.not_taken(id, "no route");
        id
    }),
    ("Closed", |w| {
        let id = w.revoking();
        w.gone(id);
        id
    }),
];

/// Every command, from everybody who may be told apart; late timers fire when all of them are due.
const COMMANDS: &[(&str, Act)] = &[
    ("approve, the last vote", |w, id| w.approve("bob", id)),
    ("approve, by somebody who has no say", |w, id| w.approve("sam", id)),
    ("approve, by the requester", |w, id| w.approve("alice", id)),
    ("claim, by somebody who has a say", |w, id| w.claim("bob", id)),
    ("ask back, by somebody who has a say", |w, id| w.question("bob", id)),
    ("ask back, by somebody who has no say", |w, id| w.question("sam", id)),
    ("answer, with nothing asked", |w, id| w.reply("alice", id)),
    ("deny", |w, id| w.deny("dana", id)),
    ("cancel, by the holder", |w, id| w.cancel("alice", id)),
    ("cancel, by somebody else", |w, id| w.cancel("bob", id)),
    ("done, by the holder", |w, id| w.done("alice", id)),
    ("reveal, by the holder", |w, id| w.reveal("alice", id)),
    ("reveal, by somebody else", |w, id| w.reveal("bob", id)),
    ("revoke, by owner, security or holder", |w, id| w.revoke("dana", id)),
    ("revoke, by somebody else", |w, id| w.revoke("bob", id)),
    ("revoke, by an operator", |w, id| {
        let by = Revoker::Operator("root".to_owned());
        w.line(id, Command::Revoke { by, reason: super::world::text("an incident") })
    }),
    ("extend", |w, id| w.extend_line("alice", id, "30m")),
    ("connector: elevated", |w, id| w.verified(id)),
    ("connector: elevation failed, may pass", |w, id| w.trouble(id, "later", false)),
    ("connector: elevation failed for good", |w, id| w.trouble(id, "never", true)),
    ("connector: settled", |w, id| w.gone(id)),
    ("connector: revocation failed", |w, id| w.not_taken(id, "another error")),
    ("the access it extends ended early", |w, id| w.line(id, Command::ParentEnded)),
    ("its incident is resolved", |w, id| {
        w.bind_to_incident(id);
        w.resolved(id)
    }),
    ("its ticket is as demanded", |w, id| w.looked(id, super::world::found(true, "alice"))),
    ("its ticket is not", |w, id| w.looked(id, super::world::found(false, "alice"))),
    ("another ticket was looked up", |w, id| {
        let ticket = crate::ticket::TicketId { source: "jira".to_owned(), id: "OPS-13".to_owned() };
        w.line(id, Command::TicketLooked { ticket, finding: super::world::found(true, "alice") })
    }),
    ("its ticket is closed", |w, id| {
        w.bind_to_ticket(id);
        w.ticket_closed(id)
    }),
    ("somebody was disabled or has left", |w, id| {
        w.person("alice").active = false;
        w.line(id, Command::Recheck)
    }),
];

const HEAD: &str = "\
# States of an access

Made from the code by a test (`core/src/decide/tests/states.rs`); do not edit. `UPDATE_DOCS=1 cargo test -p jit-core states`
writes it anew.

Cells say which events a command makes, and the state after them where it changes; *refused* with the code that the person
is told; `·` means that nothing happens, which is what late and doubled answers and stale timers come to. The access is
`orders-write`, which one of two people can agree to.

```
                  not as demanded, not known in time, cancel
      ┌──────────────────────────────────────────────────────┐
      │                deny, cancel, time-out, lapse         │
 Screening  ┌──────────────────────────────────────────────┐ │
      ▲   └►│                                              ▼ ▼
 request ─► Pending ─► Elevating ─► Active ─► Revoking ─► Closed
            │          ▲   └───────────────────▲           ▲
            │          │    fails, too late, cancelled     │
            └─► Scheduled ─────────────────────────────────┘
                          cancel, not allowed any more
```

A request whose rule demands something of its ticket is Screening first, and goes on as if it had been asked then; one that is Scheduled is
Screening once more when its start comes. Until then nobody is asked, and nothing is given.

Once a connector may have been called, the only way to Closed is through Revoking, with what the inspection proved. A rehearsal (a drill, or
of a role that is only tried out) goes from Pending to Active to Closed: no connector is called for it.
";

fn render() -> String {
    let mut page = HEAD.to_owned();
    let commands = COMMANDS.iter().map(|(name, act)| ((*name).to_owned(), *act));
    table(&mut page, "Commands", commands, false);
    let timers: Vec<(String, Act)> = vec![
        ("`screening-deadline`".to_owned(), |w, id| w.fire(id, TimerKind::ScreeningDeadline)),
        ("`remind`".to_owned(), |w, id| w.fire(id, TimerKind::Remind)),
        ("`escalate`".to_owned(), |w, id| w.fire(id, TimerKind::Escalate)),
        ("`release` (of who is looking)".to_owned(), |w, id| w.fire(id, TimerKind::Release)),
        ("`time-out`".to_owned(), |w, id| w.fire(id, TimerKind::TimeOut)),
        ("`lapse` (of extensions)".to_owned(), |w, id| w.fire(id, TimerKind::Lapse)),
        ("`start` (of what begins later)".to_owned(), |w, id| w.fire(id, TimerKind::Start)),
        ("`elevation-deadline`".to_owned(), |w, id| w.fire(id, TimerKind::ElevationDeadline)),
        ("`warn`".to_owned(), |w, id| w.fire(id, TimerKind::Warn)),
        ("`end`".to_owned(), |w, id| w.fire(id, TimerKind::End)),
        ("`alert`".to_owned(), |w, id| w.fire(id, TimerKind::Alert)),
        ("`review-due` (of bypasses)".to_owned(), |w, id| w.fire(id, TimerKind::ReviewDue)),
        ("`review-overdue` (of bypasses)".to_owned(), |w, id| w.fire(id, TimerKind::ReviewOverdue)),
    ];
    assert_eq!(timers.len(), TimerKind::ALL.len());
    table(&mut page, "Timers, when they are due", timers.into_iter(), true);
    told(&mut page);
    due(&mut page);
    page
}

fn table(page: &mut String, title: &str, rows: impl Iterator<Item = (String, Act)>, late: bool) {
    let names: Vec<_> = STATES.iter().map(|(name, _)| *name).collect();
    write!(page, "\n## {title}\n\n| | {} |\n|---{}|\n", names.join(" | "), "|---".repeat(names.len())).unwrap();
    for (name, act) in rows {
        let cells: Vec<_> = STATES.iter().map(|(_, make)| cell(*make, act, late)).collect();
        writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
}

fn cell(make: Make, act: Act, late: bool) -> String {
    let mut world = World::new();
    let id = make(&mut world);
    if late {
        world.now += Span::hours(48).delta();
    }
    let before = world.state(id);
    let line = act(&mut world, id);
    if line == "nothing" {
        return "·".to_owned();
    }
    if let Some(code) = line.strip_prefix("refused ") {
        return format!("*refused* {code}");
    }
    let events = line.split(" > ").next().unwrap_or_default().replace(' ', ", ");
    let after = world.state(id);
    if before == after { events } else { format!("{events} → **{after}**") }
}

/// Who is told what: the effects of each command where it does something.
fn told(page: &mut String) {
    page.push_str(
        "\n## Who is told\n\nRecipient and notice, in order; `alice` is the requester, the others were asked. `reconcile` wakes \
         the connector's worker, `screen` the one that looks tickets up.\n\n| State | Command | Effects |\n|---|---|---|\n",
    );
    for (state, make) in STATES {
        for (name, act) in COMMANDS {
            let mut world = World::new();
            let id = make(&mut world);
            if let Some((_, effects)) = act(&mut world, id).split_once(" > ") {
                writeln!(page, "| {state} | {name} | {effects} |").unwrap();
            }
        }
    }
}

/// Which timers each state has.
fn due(page: &mut String) {
    page.push_str(
        "\n## Timers of each state\n\nMinutes after the state began, for an hour of `orders-write`, to begin in 47 h 30 min where it is scheduled; an extension is asked for \
         20 minutes before the end.\n\n| State | Timers |\n|---|---|\n",
    );
    for (state, make) in STATES {
        let mut world = World::new();
        let id = make(&mut world);
        let mut due: Vec<_> = timers(world.access(id))
            .into_iter()
            .map(|timer| ((timer.due_at - world.now).num_minutes(), timer.kind.as_str()))
            .collect();
        due.sort_unstable();
        let due: Vec<_> = due.into_iter().map(|(minutes, kind)| format!("{kind} {minutes}")).collect();
        let due = if due.is_empty() { "none".to_owned() } else { due.join(", ") };
        writeln!(page, "| {state} | {due} |").unwrap();
    }
}

#[test]
fn the_table_in_the_docs_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/STATES.md");
    let page = render();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/STATES.md is out of date: run `UPDATE_DOCS=1 cargo test -p jit-core states`");
}
