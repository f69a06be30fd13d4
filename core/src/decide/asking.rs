//! Who is asked: the people of a step as far as they can be asked now, those who stand in for them, and further ones above them.
//!
//! Called when a step opens, when the directory or somebody's presence has changed, and by the timer of the escalation. Who may vote is
//! judged in `vote.rs`, anew at every click.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use crate::access::{Access, Pending, Skipped, State, Unasked};
use crate::advice::advise;
use crate::directory::Directory;
use crate::event::Event;
use crate::id::PersonId;
use crate::notice::NoticeKind;
use crate::policy::Policy;

/// Who is to be asked in a step, and who is not.
#[derive(Debug)]
struct Standing {
    people: BTreeMap<PersonId, Option<PersonId>>,
    skipped: Vec<Skipped>,
}

/// Opens a step and asks its people; where too few of them can be asked, further ones at once.
pub(super) fn open_step(draft: &mut Draft<'_>, step: usize) {
    let Standing { people, skipped } = standing(&draft.access, step, draft.facts.policy, draft.facts.directory);
    let (asked, instead_of) = split(people);
    let access = &draft.access;
    let advice = advise(&access.request, &access.route.rule, draft.facts, draft.now).map(Box::new);
    draft.event(Event::StepOpened { step, asked, instead_of, skipped, advice });
    if is_short(&draft.access, step) {
        escalate(draft, step);
    }
}

/// Asks whoever is to be asked now that somebody has left, is away, or is back; where too few are left, further ones at once.
pub(super) fn again(draft: &mut Draft<'_>, pending: &Pending) {
    let step = pending.step;
    let Some(Standing { people, skipped }) = change(&draft.access, step, draft.facts.policy, draft.facts.directory)
    else {
        return;
    };
    let (asked, instead_of) = split(people);
    draft.event(Event::AskedAgain { step, asked, instead_of, skipped });
    if is_short(&draft.access, step) {
        escalate(draft, step);
    }
    draft.tell_cards();
    tell_asked(draft);
}

/// Whether `again` would change something: for whoever looks through what waits.
pub fn is_to_ask_again(access: &Access, policy: &Policy, directory: &Directory) -> bool {
    match &access.state {
        State::Pending(pending) => change(access, pending.step, policy, directory).is_some(),
        _ => false,
    }
}

/// Asks the next level, beside those who were asked.
pub(super) fn escalate(draft: &mut Draft<'_>, step: usize) {
    let access = &draft.access;
    let (route, spent) = (&access.route, access.spent());
    let from = climbed_from(access, step);
    let added = draft.facts.policy.escalation(&route.escalate_to, &from, &access.request, draft.facts.directory);
    let added: Vec<PersonId> = added.into_iter().filter(|person| !spent.contains(person)).collect();
    draft.event(Event::Escalated { added });
}

/// Tells the parties whom an escalation of this decision has added, and whoever it asks in another's place for whom they stand in.
pub(super) fn tell_asked(draft: &mut Draft<'_>) {
    for (step, person, away) in draft.just_standing_in() {
        draft.tell_standing_in(step, person, away);
    }
    if let Some(to) = draft.just_escalated().filter(|to| !to.is_empty()) {
        draft.tell_story(NoticeKind::Escalated { to });
    }
}

/// Whom an escalation climbs from: everybody who was asked, and those whom the step names and who cannot be. Whoever was asked and is not any
/// more, such as a delegate of somebody who came back, may be asked anew as the next level.
pub(super) fn climbed_from(access: &Access, step: usize) -> Vec<PersonId> {
    let asked = access.asked_in(step).map(|asked| &asked.person);
    let mut from: BTreeSet<&PersonId> = asked.chain(access.skipped_in(step).map(|skipped| &skipped.person)).collect();
    for skipped in access.skipped_in(step).filter(|skipped| skipped.why == Unasked::NotNamed) {
        from.remove(&skipped.person);
    }
    from.into_iter().cloned().collect()
}

/// Whether fewer people can be asked than must agree still.
fn is_short(access: &Access, step: usize) -> bool {
    let agreed = access.votes.iter().filter(|vote| vote.step == step).count();
    let count = access.route.steps.get(step).map_or(0, |step| step.count as usize);
    access.waiting_in(step).count() + agreed < count
}

/// Who of a step is to be asked now. Nobody whose say has been used, and nobody in place of such a person.
fn standing(access: &Access, step: usize, policy: &Policy, directory: &Directory) -> Standing {
    let Some(of) = access.route.steps.get(step) else {
        return Standing { people: BTreeMap::new(), skipped: Vec::new() };
    };
    let spent = access.spent();
    let asking = policy.asking(of, &access.request, directory);
    let free = |person: &PersonId| !spent.contains(person);
    let people = asking.people.into_iter();
    let people = people.filter(|(person, instead_of)| free(person) && instead_of.as_ref().is_none_or(free)).collect();
    let skipped = asking.skipped.into_iter().filter(|(person, _)| free(person));
    let skipped = skipped.map(|(person, why)| Skipped { person, step, why }).collect();
    Standing { people, skipped }
}

/// What has to change of who is asked: those to ask beside the others, and all who are not asked from now on; nothing when all is as it
/// should be.
fn change(access: &Access, step: usize, policy: &Policy, directory: &Directory) -> Option<Standing> {
    let Standing { mut people, mut skipped } = standing(access, step, policy, directory);
    let voted = |person: &PersonId| access.votes.iter().any(|vote| vote.by == *person);
    for asked in access.asked_in(step).filter(|asked| !voted(&asked.person)) {
        let person = &asked.person;
        let told = people.contains_key(person) || skipped.iter().any(|skipped| skipped.person == *person);
        let above = || {
            let from = climbed_from(access, step);
            policy.above(&access.route.escalate_to, &from, &access.request, directory).contains(person)
        };
        if told || (asked.escalated && directory.reachable(person) && above()) {
            continue;
        }
        let why = match (directory.active(person), directory.absence(person)) {
            (None, _) => Unasked::Disabled,
            (Some(person), _) if !directory.in_chat(person) => Unasked::NotInChat,
            (_, Some(absence)) => Unasked::Away { until: absence.until, delegate: None },
            _ => Unasked::NotNamed,
        };
        skipped.push(Skipped { person: person.clone(), step, why });
    }
    let before = |person: &PersonId, instead_of: &Option<PersonId>| {
        access
            .asked_in(step)
            .any(|asked| asked.person == *person && (asked.escalated || asked.instead_of == *instead_of))
    };
    people.retain(|person, instead_of| !before(person, instead_of));
    skipped.sort_by(|a, b| a.person.cmp(&b.person));
    let same = people.is_empty() && access.skipped_in(step).eq(&skipped);
    (!same).then_some(Standing { people, skipped })
}

fn split(people: BTreeMap<PersonId, Option<PersonId>>) -> (Vec<PersonId>, BTreeMap<PersonId, PersonId>) {
    let instead_of = people.iter().filter_map(|(person, for_whom)| Some((person.clone(), for_whom.clone()?))).collect();
    (people.into_keys().collect(), instead_of)
}
