//! What approvers do short of deciding: say that they are looking at it, and ask back. Neither stops the clock, and neither keeps
//! anybody else from deciding.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::draft::Draft;
use super::{end, vote};
use crate::access::{Access, Pending, Question, State};
use crate::event::Event;
use crate::id::PersonId;
use crate::personal::Personal;
use crate::refusal::{Code, Refusal};

/// How long somebody is shown as looking at a request, unless they decide before.
pub const CLAIM_LASTS: TimeDelta = TimeDelta::minutes(15);
/// Most questions about one request: a longer talk is for a conversation of their own.
pub const MOST_QUESTIONS: usize = 10;
/// Longest question, and longest answer, in characters.
pub const LONGEST_WORDS: usize = 500;

/// Somebody who may decide is looking at it. Again: nothing new.
pub(super) fn claim(draft: &mut Draft<'_>, pending: &Pending, by: &PersonId) -> Result<(), Refusal> {
    vote::may_vote(&draft.access, pending, by, draft.facts)?;
    if pending.claims.iter().any(|claim| claim.by == *by) {
        return Ok(());
    }
    draft.event(Event::Claimed { by: by.clone() });
    draft.tell_cards();
    Ok(())
}

/// Whoever has been looking for a while, and has not decided, is no longer shown.
pub(super) fn release(draft: &mut Draft<'_>, pending: &Pending) {
    let over = pending.claims.iter().filter(|claim| claim.since + CLAIM_LASTS <= draft.now);
    let by = over.map(|claim| claim.by.clone()).collect();
    draft.event(Event::Released { by });
    draft.tell_cards();
}

/// Asks the requester something.
pub(super) fn question(
    draft: &mut Draft<'_>,
    pending: &Pending,
    by: &PersonId,
    text: &Personal,
) -> Result<(), Refusal> {
    vote::may_vote(&draft.access, pending, by, draft.facts)?;
    words(text, "question")?;
    let index = draft.access.questions.len();
    if index >= MOST_QUESTIONS {
        let what = format!("{} questions were asked about {} already.", MOST_QUESTIONS, draft.access.short);
        return Err(Refusal::new(Code::Limit, what, "Talk to them directly, or decide on what you know."));
    }
    draft.event(Event::Questioned { text: text.clone(), by: by.clone() });
    draft.tell_question(index);
    draft.tell_question_asked(index, pending.step);
    Ok(())
}

/// Answers every question that the one who answers has seen, and that has no answer.
pub(super) fn reply(
    draft: &mut Draft<'_>,
    (by, text): (&PersonId, &Personal),
    seen: Option<usize>,
) -> Result<(), Refusal> {
    end::holder(&draft.access, by)?;
    let short = draft.access.short.clone();
    let State::Pending(pending) = draft.access.state.clone() else {
        let what = format!("{short} waits for nobody any more, so there is nothing to answer.");
        return Err(Refusal::new(Code::WrongState, what, format!("`/jit show {short}` tells its story.")));
    };
    words(text, "answer")?;
    let seen = seen.unwrap_or(usize::MAX);
    let to: Vec<usize> = unanswered(&draft.access).filter(|index| *index < seen).collect();
    if to.is_empty() {
        let what = format!("No question about {short} waits for an answer.");
        return Err(Refusal::new(Code::WrongState, what, "What approvers ask comes to the thread of your request."));
    }
    draft.event(Event::Replied { by: by.clone(), text: text.clone(), to: to.clone() });
    draft.tell_approvers();
    to.iter().for_each(|index| draft.tell_question(*index));
    draft.tell_reply(to, pending.step);
    Ok(())
}

/// The questions that wait for an answer, by their place.
pub(super) fn unanswered(access: &Access) -> impl Iterator<Item = usize> {
    let open = |(index, question): (usize, &Question)| question.reply.is_none().then_some(index);
    access.questions.iter().enumerate().filter_map(open)
}

/// Those to whom questions and answers of a step go, beside the requester: who was asked in it and has not agreed, and who asked back.
pub(super) fn listeners(access: &Access, step: usize) -> BTreeSet<PersonId> {
    let voted = |person: &PersonId| access.votes.iter().any(|vote| vote.by == *person);
    let asked = access.asked_in(step).map(|asked| asked.person.clone());
    asked.chain(access.questions.iter().map(|question| question.by.clone())).filter(|person| !voted(person)).collect()
}

fn words(text: &Personal, what: &str) -> Result<(), Refusal> {
    let length = text.text().trim().chars().count();
    match length {
        0 => Err(Refusal::new(
            Code::Justification,
            format!("The {what} has no words."),
            "Write what you want them to know or to tell you.",
        )),
        1..=LONGEST_WORDS => Ok(()),
        _ => Err(Refusal::new(
            Code::Justification,
            format!("The {what} has {length} characters; at most {LONGEST_WORDS} are taken."),
            "Shorten it, or talk to them directly.",
        )),
    }
}
