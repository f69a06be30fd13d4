//! Who is told what: the only place that makes slots and picks recipients.
//!
//! Each recipient has one card per access, edited as things change, and the story in its thread. An extension goes on in the thread
//! and under the announcement of the access it extends. What was asked for in one request has one card, its lead's, and one thread.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::talk;
use crate::access::{Access, State};
use crate::effect::{Recipient, Slot};
use crate::id::PersonId;
use crate::notice::NoticeKind;

const REQUEST: &str = "request";
const GRANT: &str = "grant";
const WARNING: &str = "warning";
const FAILING: &str = "revocation-failing";

fn requester(access: &Access) -> Recipient {
    Recipient::Person(access.request.requester.clone())
}

/// The requester's thread: under the card of the chain's first access, or of that one's bundle.
fn thread(access: &Access) -> Slot {
    Slot::new(access.thread(), REQUEST)
}

/// The channels that see grants: the announcement channel, and an incident's own where it was given for one.
fn channels(access: &Access) -> Vec<Recipient> {
    let incident = access.incident_channel().map(|channel| Recipient::Channel(channel.to_owned()));
    [Recipient::Announce].into_iter().chain(incident).collect()
}

fn announcement(access: &Access) -> Slot {
    Slot::new(access.root(), GRANT)
}

impl Draft<'_> {
    /// Every card of the access, as it stands now: the requester's, those of everybody who was asked, and security's of a bypass.
    pub fn tell_cards(&mut self) {
        self.tell_request();
        self.tell_approvers();
        if self.access.review.is_some() {
            self.tell(Recipient::Security, review(&self.access), None, NoticeKind::Review);
        }
    }

    /// A line under security's card of a bypass.
    pub fn tell_security_under_review(&mut self, kind: NoticeKind) {
        let slot = Slot::new(self.access.id, kind.name());
        self.tell(Recipient::Security, slot, Some(review(&self.access)), kind);
    }

    /// The requester's card, one for a whole bundle; an extension's stands in the thread of what it extends.
    fn tell_request(&mut self) {
        let access = &self.access;
        let slot = Slot::new(access.lead(), REQUEST);
        let under = (access.root() != access.id).then(|| thread(access));
        self.tell(requester(access), slot, under, NoticeKind::Request);
    }

    /// A line of the story in the requester's thread. Named by what it tells, so that the same is never told twice.
    pub fn tell_story(&mut self, kind: NoticeKind) {
        let access = &self.access;
        let slot = Slot::new(access.id, format!("{}-{}", kind.name(), access.version));
        self.tell(requester(access), slot, Some(thread(access)), kind);
    }

    /// The cards of everybody who was asked so far: new ones for whoever has none yet, edited ones for the rest.
    pub fn tell_approvers(&mut self) {
        let asked: BTreeSet<(PersonId, usize)> =
            self.access.asked.iter().map(|asked| (asked.person.clone(), asked.step)).collect();
        for (person, step) in asked {
            let slot = approval(&self.access, step);
            self.tell(Recipient::Person(person), slot, None, NoticeKind::Approval { step });
        }
    }

    /// Under the cards of those who were asked in this step and have not agreed: it still waits.
    pub fn tell_reminder(&mut self, step: usize) {
        let waiting: BTreeSet<PersonId> = self.access.waiting_in(step).map(|asked| asked.person.clone()).collect();
        for person in waiting {
            let slot = Slot::new(self.access.id, format!("reminder-{step}"));
            let under = approval(&self.access, step);
            self.tell(Recipient::Person(person), slot, Some(under), NoticeKind::Reminder);
        }
    }

    /// What an approver asks, in the requester's thread; told again when it is answered, and when it no longer matters.
    pub fn tell_question(&mut self, index: usize) {
        let access = &self.access;
        let slot = question(access, index);
        self.tell(requester(access), slot, Some(thread(access)), NoticeKind::Question { index });
    }

    /// The questions that nobody answered, when nobody needs to any more.
    pub fn tell_open_questions(&mut self) {
        let open: Vec<usize> = talk::unanswered(&self.access).collect();
        open.into_iter().for_each(|index| self.tell_question(index));
    }

    /// Under the cards of a step: somebody asked the requester something.
    pub fn tell_question_asked(&mut self, index: usize, step: usize) {
        self.tell_listeners(&question(&self.access, index), step, &NoticeKind::QuestionAsked { index });
    }

    /// Under the cards of a step: what the requester answered.
    pub fn tell_reply(&mut self, to: Vec<usize>, step: usize) {
        let slot = Slot::new(self.access.id, format!("reply-{}", self.access.version));
        self.tell_listeners(&slot, step, &NoticeKind::Replied { to });
    }

    fn tell_listeners(&mut self, slot: &Slot, step: usize, kind: &NoticeKind) {
        for person in talk::listeners(&self.access, step) {
            let asked_in = |step: &usize| self.access.asked_in(*step).any(|asked| asked.person == person);
            let card = (0..=step).rev().find(asked_in).map(|step| approval(&self.access, step));
            self.tell(Recipient::Person(person), slot.clone(), card, kind.clone());
        }
    }

    /// The announcement of the grant, as it stands now; an incident's channel sees it too.
    pub fn tell_announcement(&mut self) {
        let slot = announcement(&self.access);
        for to in channels(&self.access) {
            self.tell(to, slot.clone(), None, NoticeKind::Grant);
        }
    }

    /// A rehearsal is live with the decision that allows it: what is otherwise told once the target has answered.
    pub fn tell_rehearsed(&mut self) {
        if self.access.entitlement().is_none() && matches!(self.access.state, State::Active(_)) {
            self.tell_story(NoticeKind::Granted);
            self.tell_announcement();
        }
    }

    /// It is over: to the requester, and where it was announced.
    pub fn tell_ended(&mut self, announced: bool) {
        self.tell_story(NoticeKind::Ended);
        if announced {
            self.tell_announcement();
            self.tell_under_announcement(NoticeKind::Ended);
        }
    }

    /// A line under the announcement.
    pub fn tell_under_announcement(&mut self, kind: NoticeKind) {
        let slot = Slot::new(self.access.id, kind.name());
        let under = announcement(&self.access);
        for to in channels(&self.access) {
            self.tell(to, slot.clone(), Some(under.clone()), kind.clone());
        }
    }

    /// The holder's warning: first told, later edited so that its buttons go.
    pub fn tell_warning(&mut self) {
        let access = &self.access;
        let slot = Slot::new(access.id, WARNING);
        self.tell(requester(access), slot, Some(thread(access)), NoticeKind::Warning);
    }

    /// Security's notice of a failing revocation: one card, edited with each new error and when it is over.
    pub fn tell_security_failing(&mut self) {
        let slot = Slot::new(self.access.id, FAILING);
        self.tell(Recipient::Security, slot, None, NoticeKind::RevocationFailing);
    }

    /// A line under that card.
    pub fn tell_security_under_failing(&mut self, kind: NoticeKind) {
        let slot = Slot::new(self.access.id, format!("{}-{}", kind.name(), self.access.version));
        let under = Slot::new(self.access.id, FAILING);
        self.tell(Recipient::Security, slot, Some(under), kind);
    }

    /// A card of its own for security.
    pub fn tell_security(&mut self, kind: NoticeKind) {
        let slot = Slot::new(self.access.id, kind.name());
        self.tell(Recipient::Security, slot, None, kind);
    }
}

fn review(access: &Access) -> Slot {
    Slot::new(access.id, "review")
}

fn question(access: &Access, index: usize) -> Slot {
    Slot::new(access.lead(), format!("question-{index}"))
}

fn approval(access: &Access, step: usize) -> Slot {
    Slot::new(access.lead(), format!("approval-{step}"))
}
