//! The buttons of access, with the same label and look wherever they stand.

use jit_core::access::{Access, Rehearsal};
use jit_core::id::PersonId;

use super::words;
use crate::card::{Action, Button, Verb};

/// Agree.
pub fn approve(access: &Access) -> Button {
    Button::on(Verb::Approve, access.id, "Approve").primary().described(format!("Approve {}", access.short))
}

/// Agree for less time.
pub fn approve_shorter(access: &Access) -> Button {
    Button::on(Verb::ApproveShorter, access.id, "Approve for less time…")
        .described(format!("Approve {} for less time", access.short))
}

/// Refuse, with a reason.
pub fn deny(access: &Access) -> Button {
    Button::on(Verb::Deny, access.id, "Deny…").danger().described(format!("Deny {}", access.short))
}

/// Say that one is looking at it.
pub fn claim(access: &Access) -> Button {
    Button::on(Verb::Claim, access.id, "I'm looking").described(format!("Say that you are looking at {}", access.short))
}

/// Ask the requester something.
pub fn ask(access: &Access) -> Button {
    Button::on(Verb::Ask, access.id, "Ask a question…").described(format!("Ask a question about {}", access.short))
}

/// Answer what approvers asked.
pub fn reply(access: &Access) -> Button {
    Button::on(Verb::Reply, access.id, "Reply…").primary().described(format!("Answer about {}", access.short))
}

/// Take the request back.
pub fn cancel(access: &Access) -> Button {
    Button::on(Verb::Cancel, access.id, "Cancel request").described(format!("Cancel request {}", access.short))
}

/// Ask for more time.
pub fn extend(access: &Access) -> Button {
    Button::on(Verb::Extend, access.id, "Extend…").described(format!("Ask for more time on {}", access.short))
}

/// End it now.
pub fn done(access: &Access) -> Button {
    Button::on(Verb::Done, access.id, "I'm done").described(format!("End {} now", access.short)).confirmed(
        "End it now?",
        format!("Your access {} is taken back at once and open sessions end.", access.short),
        "End it now",
    )
}

/// End all that is left of what was asked for together, of which something is given.
pub fn all_done(lead: &Access) -> Button {
    Button::on(Verb::Cancel, lead.id, "I'm done").described(format!("End all of {} now", lead.short)).confirmed(
        "End all of it now?",
        "All roles of this request are taken back at once and open sessions end.",
        "End all of it now",
    )
}

/// Take back all that was asked for together, of which nothing has begun.
pub fn cancel_all(lead: &Access) -> Button {
    Button::on(Verb::Cancel, lead.id, "Cancel all").described(format!("Cancel all of {}", lead.short))
}

/// End what somebody holds whom one sponsors.
pub fn end(access: &Access) -> Button {
    Button::on(Verb::Done, access.id, "End it").described(format!("End {} now", access.short)).confirmed(
        "End it now?",
        format!("The access {} is taken back at once and open sessions end.", access.short),
        "End it now",
    )
}

/// Set and see a new password of the account that was made for it.
pub fn reveal(access: &Access) -> Button {
    Button::on(Verb::Reveal, access.id, "Reveal…")
        .primary()
        .described(format!("Reveal the password of {}", access.short))
}

/// What a party can do with access of which more time was granted already: still more on that, and end the whole.
pub fn of_what_goes_on(access: &Access, extension: &Access, reader: &PersonId) -> Vec<Button> {
    let more = of_the_party(extension, reader)
        .into_iter()
        .filter(|button| matches!(button.action, Action::On(Verb::Extend, _)));
    let reveals =
        of_the_party(access, reader).into_iter().filter(|button| matches!(button.action, Action::On(Verb::Reveal, _)));
    reveals.chain(more).chain(of_the_party(access, reader).pop()).collect()
}

/// What a party of live access can do with it. Only who asked for it asks for more time; drills are not extended.
pub fn of_the_party(access: &Access, reader: &PersonId) -> Vec<Button> {
    let extend = access.request.rehearsal != Some(Rehearsal::Drill) && access.request.requester == *reader;
    let over = if access.request.beneficiary == *reader { done(access) } else { end(access) };
    let reveals = words::reveals(access) && words::is_handed(access, reader);
    let reveal = reveals.then(|| self::reveal(access));
    reveal.into_iter().chain(extend.then(|| self::extend(access))).chain([over]).collect()
}

/// Take it back from somebody, with a reason.
pub fn revoke(access: &Access) -> Button {
    Button::on(Verb::Revoke, access.id, "Revoke…").danger().described(format!("Take back {}", access.short))
}

/// Say that a bypass was justified.
pub fn justified(access: &Access) -> Button {
    Button::on(Verb::Justified, access.id, "Justified…").primary().described(format!("{} was justified", access.short))
}

/// Say that it was misuse.
pub fn misuse(access: &Access) -> Button {
    Button::on(Verb::Misuse, access.id, "Misuse…").danger().described(format!("{} was misuse", access.short))
}

/// Show all of it.
pub fn show(access: &Access) -> Button {
    Button::on(Verb::Show, access.id, "Show").described(format!("Show {}", access.short))
}

/// Ask for the same again.
pub fn again(access: &Access) -> Button {
    let together = access.request.bundle.as_ref().map(|bundle| &bundle.members);
    let described = match together {
        Some(members) => format!("Ask for these {} roles again", members.len()),
        None => format!("Ask for {} again", access.request.title),
    };
    let roles: Vec<_> = match together {
        Some(members) => members.iter().map(|member| member.role.clone()).collect(),
        None => vec![access.request.role.clone()],
    };
    Button::request(roles, "Ask again…").described(described)
}
