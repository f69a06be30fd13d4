//! What was asked in the past, event by event, with what was open at that moment. For `jit policy replay`. Folds events as they were
//! applied when they happened; judges nothing, and keeps no more than what was open at a time.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use jit_core::access::{Access, Member, Outcome, Rehearsal, Request, State};
use jit_core::apply::apply;
use jit_core::command::Ask;
use jit_core::event::{Actor, Attempt, Event, EventRecord};
use jit_core::facts::OpenAccess;
use jit_core::id::{AccessId, PersonId, RoleName, ShortId};
use jit_core::incident::OnDuty;
use jit_core::personal::Personal;
use jit_core::policy::{FILLED, Route};
use jit_core::span::Span;
use jit_core::ticket::Finding;
use jit_store::{Store, StoreError, StoredEvent, Stretch};
use uuid::Uuid;

/// How many events are read at once.
const PAGE: u32 = 500;

/// Something that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// When.
    pub at: DateTime<Utc>,
    /// What became of it, unless it was refused.
    pub access: Option<AccessId>,
    /// Who asked.
    pub requester: PersonId,
    /// Which role, or which ones together.
    pub roles: Vec<RoleName>,
    /// What was decided then.
    pub was: Was,
    /// The request, or why too little is known of it.
    pub request: Result<Again, &'static str>,
}

impl Asked {
    /// Its roles, as people write them.
    pub fn named(&self) -> String {
        self.roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// A request as it was made, to be judged again.
#[derive(Clone, Debug)]
pub(super) struct Again {
    /// As it was; words that were erased are made up.
    pub ask: Ask,
    /// For an extension: the whole chain from the first activation to the new end, and when it goes on.
    pub chain: Option<(Span, DateTime<Utc>)>,
    /// What was found of its ticket before anybody was asked.
    pub finding: Option<Finding>,
    /// Who was on call then, where the policy of that time asked and the record says it.
    pub on_duty: Option<Box<OnDuty>>,
}

/// What policy decided then.
#[derive(Clone, Debug)]
pub(super) enum Was {
    /// It went this way.
    Routed(Route),
    /// It was refused.
    Refused {
        /// The stable code.
        code: String,
        /// The rule that refused.
        rule: Option<String>,
    },
}

/// A stretch of the past, page by page.
pub(super) struct Past<'a> {
    store: &'a Store,
    since: DateTime<Utc>,
    next: i64,
    last: i64,
    open: Open,
}

/// What was open, as of the last event that was applied.
#[derive(Default)]
struct Open {
    accesses: HashMap<AccessId, Access>,
    /// In the order in which they were asked for.
    of: HashMap<PersonId, Vec<AccessId>>,
}

impl<'a> Past<'a> {
    /// Goes back to an instant, and finds what was open then.
    pub async fn since(store: &'a Store, since: DateTime<Utc>) -> Result<Self, StoreError> {
        let mut open = Open::default();
        // Nothing since: an empty stretch.
        let Stretch { first, last } = store.stretch(since).await?.unwrap_or(Stretch { first: 1, last: 0 });
        let before = store.open_before(first).await?;
        for some in before.chunks(100) {
            let events = store.histories_before(some, first).await?;
            events.iter().for_each(|event| open.apply(&event.record));
        }
        Ok(Self { store, since, next: first, last, open })
    }

    /// The next events; none when the stretch is over.
    pub async fn page(&mut self) -> Result<Vec<StoredEvent>, StoreError> {
        if self.next > self.last {
            return Ok(Vec::new());
        }
        let mut events = self.store.events_from(self.next, PAGE).await?;
        events.retain(|event| event.position <= self.last);
        self.next = events.last().map_or(i64::MAX, |event| event.position + 1);
        Ok(events)
    }

    /// What was asked with an event that has not been applied yet, if it is a request.
    pub fn asked(&self, record: &EventRecord) -> Option<Asked> {
        if record.at < self.since {
            return None;
        }
        match &record.event {
            // What was asked for together is judged together, with the one that leads.
            Event::Requested { request, .. } if follows(record, request) => None,
            Event::Requested { short, request, route, on_duty, .. } => {
                Some(requested(record, (short, request, route), on_duty.clone()))
            }
            Event::Refused { verb, .. } if matches!(verb.as_str(), "request" | "extend" | "emergency") => {
                self.refused(record)
            }
            _ => None,
        }
    }

    /// Adds what was found of the ticket of a request that was made, and that it was refused for that.
    pub async fn looked_up(&self, asked: &mut Asked) -> Result<(), StoreError> {
        let (Was::Routed(Route { ticket: Some(_), .. }), Some(id), Ok(again)) =
            (&asked.was, asked.access, &mut asked.request)
        else {
            return Ok(());
        };
        let history = self.store.history(id).await?;
        let finding = history.iter().find_map(|event| match &event.record.event {
            Event::TicketLooked { finding, .. } => Some(finding.clone()),
            _ => None,
        });
        let refused = history.iter().find_map(|event| match &event.record.event {
            Event::Closed { outcome: Outcome::Refused { refusal } } => Some(refusal),
            _ => None,
        });
        if finding.is_none() {
            asked.request = Err("what it needed to know of its ticket was never found");
        } else {
            again.finding = finding;
        }
        if let Some(refusal) = refused {
            asked.was = Was::Refused { code: refusal.code.as_str().to_owned(), rule: refusal.rule.clone() };
        }
        Ok(())
    }

    /// Everything that was open of a person.
    pub fn open_of(&self, person: &PersonId) -> Vec<OpenAccess> {
        let ids = self.open.of.get(person).into_iter().flatten();
        ids.filter_map(|id| self.open.accesses.get(id)).map(OpenAccess::from).collect()
    }

    /// What was so after an event.
    pub fn apply(&mut self, record: &EventRecord) {
        self.open.apply(record);
    }

    fn refused(&self, record: &EventRecord) -> Option<Asked> {
        let Event::Refused { code, verb, subject, rule, words, attempt } = &record.event else { return None };
        let Actor::Person { id: requester, .. } = &record.actor else { return None };
        let together = attempt.iter().map(|attempt| &attempt.roles).find(|roles| !roles.is_empty());
        let roles = together.cloned().unwrap_or_else(|| vec![RoleName::new(subject)]);
        let request = match attempt {
            None => Err("what was asked for is not in the record of that time"),
            _ if code == "review-overdue" => Err("an earlier bypass was not reviewed then, which no policy says"),
            _ if code == "frozen" => Err("new access was frozen then, which no policy says"),
            _ if code == "justification" && words.as_ref().is_some_and(Personal::is_erased) => {
                Err("the words that it was refused for were erased")
            }
            Some(attempt) => self.attempted(&roles, attempt, words.as_ref()).map(|mut again| {
                again.ask.emergency = verb == "emergency";
                again
            }),
        };
        let was = Was::Refused { code: code.clone(), rule: rule.clone() };
        Some(Asked { at: record.at, access: None, requester: requester.clone(), roles, was, request })
    }

    fn attempted(
        &self,
        roles: &[RoleName],
        attempt: &Attempt,
        words: Option<&Personal>,
    ) -> Result<Again, &'static str> {
        let extended = attempt.extends.map(|parent| self.extended(&parent, attempt.duration));
        let chain = extended.map(|chain| chain.ok_or("what it was to extend was not live")).transpose()?;
        let member = |(role, number): (&RoleName, u128)| Member {
            id: AccessId(Uuid::from_u128(number)),
            short: ShortId::from_random([0; ShortId::LENGTH]),
            role: role.clone(),
        };
        let ask = Ask {
            id: AccessId(Uuid::nil()),
            short: ShortId::from_random([0; ShortId::LENGTH]),
            requester: attempt.requester.clone(),
            beneficiary: attempt.beneficiary.clone(),
            role: roles[0].clone(),
            more: roles[1..].iter().zip(1..).map(member).collect(),
            duration: attempt.duration,
            starts_at: attempt.starts_at,
            justification: words.map_or_else(|| Personal::new("", [0; 16]), passing),
            ticket: attempt.ticket.clone(),
            origin: attempt.origin.clone(),
            extends: None,
            emergency: false,
            drill: attempt.drill,
        };
        Ok(Again { ask, chain, finding: None, on_duty: attempt.on_duty.clone() })
    }

    /// How long the chain would have lasted, from what was live at that moment.
    fn extended(&self, parent: &AccessId, more: Span) -> Option<(Span, DateTime<Utc>)> {
        let parent = self.open.accesses.get(parent)?;
        let State::Active(active) = &parent.state else { return None };
        let since = parent.request.extends.as_ref().map_or(active.since, |extends| extends.chain_since);
        Some((chained(active.until, since, more), active.until))
    }
}

impl Open {
    fn apply(&mut self, record: &EventRecord) {
        let Some(id) = record.access else { return };
        let before = self.accesses.remove(&id);
        let new = before.is_none();
        let Some(after) = apply(before, record) else { return };
        let of = self.of.entry(after.request.beneficiary.clone()).or_default();
        if !after.is_open() {
            of.retain(|other| *other != id);
            if of.is_empty() {
                self.of.remove(&after.request.beneficiary);
            }
            return;
        }
        if new {
            of.push(id);
        }
        self.accesses.insert(id, after);
    }
}

fn follows(record: &EventRecord, request: &Request) -> bool {
    request.bundle.as_ref().is_some_and(|bundle| Some(bundle.lead) != record.access)
}

fn requested(
    record: &EventRecord,
    (short, request, route): (&ShortId, &Request, &Route),
    on_duty: Option<Box<OnDuty>>,
) -> Asked {
    let chain = request.extends.as_ref();
    let chain = chain.map(|extends| (chained(extends.from, extends.chain_since, request.duration), extends.from));
    let alone =
        Member { id: record.access.unwrap_or(AccessId(Uuid::nil())), short: short.clone(), role: request.role.clone() };
    let mut members = request.bundle.as_ref().map_or_else(|| vec![alone], |bundle| bundle.members.clone());
    let Member { id, short, role } = members.remove(0);
    let ask = Ask {
        id,
        short,
        requester: request.requester.clone(),
        beneficiary: request.beneficiary.clone(),
        role,
        more: members,
        duration: request.duration,
        starts_at: request.starts_at,
        justification: passing(&request.justification),
        ticket: request.ticket.clone(),
        origin: request.origin.clone(),
        extends: None,
        emergency: route.rule == jit_core::policy::BYPASS,
        drill: request.rehearsal == Some(Rehearsal::Drill),
    };
    let requester = request.requester.clone();
    let roles = ask.members().into_iter().map(|member| member.role).collect();
    let was = Was::Routed(route.clone());
    Asked {
        at: record.at,
        access: record.access,
        requester,
        roles,
        was,
        request: Ok(Again { ask, chain, finding: None, on_duty }),
    }
}

/// What maximum durations count of an extension.
fn chained(from: DateTime<Utc>, since: DateTime<Utc>, more: Span) -> Span {
    Span::seconds((from - since).num_seconds().max(0).unsigned_abs()).plus(more)
}

/// The words themselves; some that pass where they were erased, since they passed then.
fn passing(words: &Personal) -> Personal {
    if words.is_erased() { Personal::new(FILLED, [0; 16]) } else { words.clone() }
}
