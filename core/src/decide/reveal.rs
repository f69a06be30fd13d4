//! Reveal: the holder of an account that was made for them gets a new secret for it. Decided and recorded before the target is asked; the
//! secret itself is nothing that is decided on, and is kept nowhere.

use super::draft::Draft;
use super::end;
use crate::access::{Access, State};
use crate::event::Event;
use crate::facts::Facts;
use crate::id::PersonId;
use crate::refusal::{Code, Refusal};

/// Whether a person may have the secret of an access now: whoever gets the access, or who asked for it where they cannot
/// be reached in chat.
pub fn may_reveal(access: &Access, by: &PersonId, facts: &Facts<'_>) -> Result<(), Refusal> {
    end::holder(access, by)?;
    if !matches!(access.state, State::Active(_)) {
        let what = format!("{} is not live, so there is nothing to reveal.", access.short);
        return Err(Refusal::new(Code::WrongState, what, format!("`/jit show {}` tells its story.", access.short)));
    }
    let (request, directory) = (&access.request, facts.directory);
    if directory.active(by).is_none() {
        let next = "Ask who administers jit, if that is a mistake.";
        return Err(Refusal::new(Code::Disabled, "Your account is disabled.", next));
    }
    let Some(beneficiary) = directory.active(&request.beneficiary) else {
        let what = format!("{} is disabled or has left.", directory.name(&request.beneficiary));
        return Err(Refusal::new(Code::Disabled, what, "It is about to be taken back."));
    };
    if *by != request.beneficiary && directory.in_chat(beneficiary) {
        let name = directory.name(&request.beneficiary);
        let what = format!("Only {name} sees the password of {}.", access.short);
        return Err(Refusal::new(
            Code::NotPermitted,
            what,
            format!("They press Reveal on their own card of it, or say `/jit reveal {}`.", access.short),
        ));
    }
    let made =
        access.entitlement().is_some_and(|e| facts.connectors.get(&e.connector).is_some_and(|can| can.makes_accounts));
    if !made {
        let what = format!("{} has no password to reveal.", access.short);
        return Err(Refusal::new(
            Code::WrongState,
            what,
            format!("`/jit show {}` tells how it is used.", access.short),
        ));
    }
    Ok(())
}

/// Notes that it is revealed; whoever carries it out asks the target next.
pub(super) fn reveal(draft: &mut Draft<'_>, by: &PersonId) -> Result<(), Refusal> {
    may_reveal(&draft.access, by, draft.facts)?;
    draft.event(Event::Revealed { by: by.clone() });
    Ok(())
}
