//! Who is told what: the only place that makes slots and picks recipients.
//!
//! Where one person asks for another both hear of it, each in a conversation of their own. Each recipient has one card per access, edited as
//! things change, and the story in its thread. An extension goes on in the thread and under the announcement of the access it extends. What was
//! asked for in one request has one card, its lead's, and one thread.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::talk;
use crate::access::{Access, Closed, EndCause, Outcome, State};
use crate::effect::{Recipient, Slot};
use crate::facts::OpenAccess;
use crate::id::PersonId;
use crate::notice::{Extended, Notice, NoticeKind};

const REQUEST: &str = "request";
const GRANT: &str = "grant";
const WARNING: &str = "warning";
const FAILING: &str = "revocation-failing";

/// The thread of each of the parties: under the card of the chain's first access, or of that one's bundle.
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

/// Why it ends, or ended.
fn cause(access: &Access) -> Option<&EndCause> {
    match &access.state {
        State::Revoking(revoking) => Some(&revoking.cause),
        State::Closed(Closed { outcome: Outcome::Ended { cause, .. }, .. }) => Some(cause),
        _ => None,
    }
}

fn extended_by(extension: &OpenAccess) -> Option<Extended> {
    let until = extension.until.filter(|_| extension.state == "active")?;
    Some(Extended { id: extension.id, short: extension.short.clone(), until })
}

impl Draft<'_> {
    /// Every card of the access, as it stands now: those of its parties, those of everybody who was asked, and security's of a bypass.
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

    /// The parties' cards, one for a whole bundle; an extension's stands in the thread of what it extends.
    fn tell_request(&mut self) {
        let slot = Slot::new(self.access.lead(), REQUEST);
        let under = (self.access.root() != self.access.id).then(|| thread(&self.access));
        let (access, bundle) = self.whole();
        let extended = self.extended().filter(|_| bundle.is_empty());
        self.tell_card(&slot, under, (access, bundle, extended));
        self.tell_first_card();
    }

    /// The card of the chain's first access shows how long the whole lasts: what it extends while that is live, then the extension itself.
    fn tell_first_card(&mut self) {
        let access = self.access.clone();
        // What ended with the access it extends is told there.
        let ended_with_it = cause(&access) == Some(&EndCause::ParentEnded);
        if access.root() == access.id || access.activated_at.is_none() || ended_with_it {
            return;
        }
        // The card of a bundle shows each of it by itself.
        if access.request.extends.as_ref().is_none_or(|extends| extends.thread.is_some()) {
            return;
        }
        let parent = self.facts.parent.filter(|parent| matches!(parent.state, State::Active(_)));
        let shown = match parent {
            Some(parent) => (parent.clone(), Vec::new(), extended_by(&OpenAccess::from(&access))),
            None => (access.clone(), Vec::new(), self.extended()),
        };
        self.tell_card(&thread(&access), None, shown);
    }

    fn tell_card(
        &mut self,
        slot: &Slot,
        under: Option<Slot>,
        (access, bundle, extended): (Access, Vec<Access>, Option<Extended>),
    ) {
        for party in self.parties() {
            let (access, bundle, extended) = (access.clone(), bundle.clone(), extended.clone());
            let notice = Notice { kind: NoticeKind::Request, access, bundle, at: self.now, reader: None, extended };
            self.tell_of(party, (slot.clone(), under.clone()), notice);
        }
    }

    /// The extension of this access that is live and goes on: of what was ended early the extensions end too.
    fn extended(&self) -> Option<Extended> {
        let id = self.access.id;
        if cause(&self.access).is_some_and(|cause| !cause.is_foreseen()) {
            return None;
        }
        self.facts.open.iter().find(|open| open.extends == Some(id)).and_then(extended_by)
    }

    /// A line of the story in the parties' threads. Named by what it tells, so that the same is never told twice.
    pub fn tell_story(&mut self, kind: NoticeKind) {
        let slot = Slot::new(self.access.id, format!("{}-{}", kind.name(), self.access.version));
        let under = thread(&self.access);
        self.tell_parties(&slot, Some(&under), &kind);
    }

    /// Who hears where it stands. A beneficiary who has no chat identity any more hears nothing: it would wait for them for ever.
    fn parties(&self) -> Vec<Recipient> {
        let request = &self.access.request;
        let reached = |id: &&PersonId| {
            **id == request.requester
                || self.facts.directory.person(id).is_some_and(|person| self.facts.directory.in_chat(person))
        };
        self.access.told().filter(reached).cloned().map(Recipient::Person).collect()
    }

    fn tell_parties(&mut self, slot: &Slot, under: Option<&Slot>, kind: &NoticeKind) {
        for party in self.parties() {
            self.tell(party, slot.clone(), under.cloned(), kind.clone());
        }
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

    /// Under the card of somebody who stands in: for whom.
    pub fn tell_standing_in(&mut self, step: usize, person: PersonId, away: PersonId) {
        let slot = Slot::new(self.access.id, format!("stands-in-{}", self.access.version));
        let under = approval(&self.access, step);
        self.tell(Recipient::Person(person), slot, Some(under), NoticeKind::StandsIn { away });
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

    /// What an approver asks, in the parties' threads; told again when it is answered, and when it no longer matters.
    pub fn tell_question(&mut self, index: usize) {
        let (slot, under) = (question(&self.access, index), thread(&self.access));
        self.tell_parties(&slot, Some(&under), &NoticeKind::Question { index });
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

    /// It is over: to the parties, and where it was announced.
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

    /// The parties' warning: first told, later edited so that its buttons go.
    pub fn tell_warning(&mut self) {
        let (slot, under) = (Slot::new(self.access.id, WARNING), thread(&self.access));
        self.tell_parties(&slot, Some(&under), &NoticeKind::Warning);
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
