//! The buttons of access, with the same label and look wherever they stand.

use jit_core::access::{Access, Rehearsal};

use crate::card::{Button, Verb};

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

/// End all that is left of what was asked for together.
pub fn all_done(lead: &Access) -> Button {
    Button::on(Verb::Cancel, lead.id, "I'm done").described(format!("End all of {} now", lead.short)).confirmed(
        "End all of it now?",
        "All roles of this request are taken back at once and open sessions end.",
        "End all of it now",
    )
}

/// What the holder of live access can do with it; drills are not extended.
pub fn of_the_holder(access: &Access) -> Vec<Button> {
    let extend = access.request.rehearsal != Some(Rehearsal::Drill);
    extend.then(|| self::extend(access)).into_iter().chain([done(access)]).collect()
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

/// Ask for the same again; of several roles in an empty form.
pub fn again(access: &Access) -> Button {
    let role = access.request.bundle.is_none().then(|| access.request.role.clone());
    Button::request(role, "Ask again…").described(format!("Ask for {} again", access.request.title))
}
