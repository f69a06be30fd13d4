//! The accesses that samples of cards speak of: a few people, one role, every state. For snapshots, validators and the docs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::access::*;
use jit_core::advice::{Advice, Held, Signal};
use jit_core::directory::{Directory, Person};
use jit_core::entitlement::{Entitlement, Handover, Target};
use jit_core::freeze::{Freeze, Scope};
use jit_core::id::{AccessId, PersonId, PolicyHash, ShortId};
use jit_core::incident::{IncidentId, Named, OnCall};
use jit_core::notice::{Notice, NoticeKind};
use jit_core::personal::Personal;
use jit_core::policy::{Closing, Level, Risk, Route, Step, Subject, Tz, Window};
use jit_core::refusal::{Code, Refusal};
use jit_core::span::Span;
use jit_core::ticket::{Assignee, Demand, Finding, Looked, Terms, Ticket, TicketId};

use super::Context;

/// One notice in one state.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The notice and the state, such as `request-pending`.
    pub name: String,
    /// What is told.
    pub notice: Notice,
}

impl Sample {
    /// A notice of a kind about an access.
    pub fn new(state: &str, kind: NoticeKind, access: Access) -> Self {
        Self {
            name: state.to_owned(),
            notice: Notice { kind, access, bundle: Vec::new(), at: now(), reader: None, extended: None },
        }
    }

    /// As this person reads it.
    pub(super) fn read_by(mut self, reader: &str) -> Self {
        self.notice.reader = Some(reader.into());
        self
    }

    /// More time was granted, until in an hour and a half.
    pub(super) fn extended(mut self) -> Self {
        let Access { id, short, .. } = extension(active());
        self.notice.extended = Some(jit_core::notice::Extended { id, short, until: minutes(90) });
        self
    }

    /// Puts the notice's name before the state's.
    pub(super) fn of(self, notice: &str) -> Self {
        Self { name: format!("{notice}-{}", self.name).replace('_', "-"), ..self }
    }
}

/// A freeze by Dana; lifted 20 minutes later where somebody did.
pub fn freeze(scope: Scope, lifted: Option<Revoker>) -> Freeze {
    Freeze {
        id: uuid::Uuid::nil(),
        scope,
        by: Revoker::Person("dana".into()),
        reason: text("Credentials of the orders database leaked"),
        since: now(),
        lifted: lifted.map(|by| (by, minutes(20))),
    }
}

/// 21 November 2026, 14:00 UTC: when all samples happen.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_269_600, 0).expect("a date within chrono's range")
}

/// So many minutes after [`now`].
pub fn minutes(minutes: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minutes)
}

/// What wording needs, from a directory of [`people`].
pub fn context(directory: &Directory) -> Context<'_> {
    Context { directory, now: now() }
}

/// Alice, her manager Bob, Dana and Erin of security, and Carl, a contractor without a Slack id.
pub fn people() -> Directory {
    let person = |id: &str, name: &str, slack: Option<&str>| Person {
        id: id.into(),
        name: name.to_owned(),
        email: Some(format!("{id}@acme.test")),
        slack: slack.map(str::to_owned),
        teams: slack.map(|id| format!("00000000-0000-4000-8000-{:0>12}", id.trim_start_matches('U'))),
        chat: None,
        manager: Some("bob".into()),
        groups: BTreeSet::new(),
        active: true,
        kind: Default::default(),
        until: None,
        accounts: BTreeMap::new(),
        ssh_keys: Vec::new(),
        zone: Default::default(),
        oncall: std::collections::BTreeSet::new(),
    };
    Directory::new([
        person("alice", "Alice Ames", Some("U0001")),
        person("bob", "Bob Brown", Some("U0002")),
        person("dana", "Dana Diaz", Some("U0003")),
        person("erin", "Erin Engel", Some("U0004")),
        person("carl", "Carl Cole", None),
    ])
}

/// Alice has asked; her manager Bob is asked, then one of security.
pub fn pending() -> Access {
    Access {
        id: id(1),
        short: short("A-7K3F9Q"),
        version: 2,
        request: Request {
            requester: "alice".into(),
            beneficiary: "alice".into(),
            role: "orders-db-admin".into(),
            title: "Orders database, administrator".to_owned(),
            level: Level::Admin,
            environment: "production".to_owned(),
            risk: Risk::High,
            owner: "group:data".to_owned(),
            entitlement: Entitlement {
                connector: "orders-db".into(),
                account: "alice".into(),
                target: Target(BTreeMap::from([("role".to_owned(), "app_admin".into())])),
                instance: None,
            },
            duration: Span::hours(1),
            starts_at: None,
            justification: text("Incident 42: orders stuck in state PAID, need to replay the queue"),
            ticket: Some("OPS-12".to_owned()),
            origin: Origin {
                platform: Platform::Slack,
                channel: Some(Channel { id: "C0042".to_owned(), name: "inc-42".to_owned() }),
            },
            extends: None,
            rehearsal: None,
            bundle: None,
            tells_beneficiary: false,
        },
        route: Route {
            rule: "production, high risk".to_owned(),
            steps: vec![
                Step { any: vec![Subject::Manager], count: 1, delegation: true },
                Step { any: vec![Subject::Group("security".to_owned())], count: 1, delegation: true },
            ],
            remind_after: Span::minutes(15),
            escalate_after: Span::minutes(30),
            escalate_to: vec![],
            timeout: Span::hours(8),
            warn_before: Span::minutes(15),
            oncall: None,
            ticket: None,
        },
        policy: PolicyHash::new("5e1f"),
        requested_at: now(),
        asked: vec![asked("bob", 0)],
        skipped: vec![],
        votes: vec![],
        advice: Some(Box::new(advice())),
        questions: vec![],
        ticket: None,
        activated_at: None,
        review: None,
        closing: None,
        state: State::Pending(Pending::opened(0, now())),
    }
}

/// What is known of Alice: she held it before, is on call and holds something else.
pub fn advice() -> Advice {
    Advice {
        uses: 4,
        last_use: Some(minutes(-4 * 24 * 60)),
        holds: vec![Held { short: short("A-HX2K7P"), title: "Hosts, root".to_owned(), until: Some(minutes(30)) }],
        oncall: Some(vec!["pagerduty/PORDERS".to_owned()]),
        signals: vec![],
    }
}

/// The same request, with everything about it that can stand out.
pub fn standing_out(mut access: Access) -> Access {
    let held = |n: i64| Held {
        short: short("A-HX2K7P"),
        title: format!("Orders, shard {n}, administrator"),
        until: (n > 0).then(|| minutes(n * 10)),
    };
    access.advice = Some(Box::new(Advice {
        uses: 0,
        last_use: None,
        holds: (0..5).map(held).collect(),
        oncall: Some(vec![]),
        signals: vec![
            Signal::Misuse { at: minutes(-9 * 24 * 60) },
            Signal::FirstTime,
            Signal::OddHour,
            Signal::Long { longest: Span::hours(1) },
            Signal::NoTicket,
        ],
    }));
    access
}

/// Bob is looking at it, and so is Erin.
pub fn looked_at(mut access: Access) -> Access {
    if let State::Pending(pending) = &mut access.state {
        let claim = |by: &str, after| Claim { by: by.into(), since: minutes(after) };
        pending.claims = vec![claim("bob", 2), claim("erin", 4)];
    }
    access
}

/// Bob has asked Alice something; answered, where she has.
pub fn asked_back(mut access: Access, answered: bool) -> Access {
    let reply = || Reply { by: "alice".into(), at: minutes(5), text: text("Only `orders_2026`, about 300 rows <b>") };
    access.questions = vec![Question {
        by: "bob".into(),
        at: minutes(3),
        text: text("Which tables do you have to touch?"),
        reply: answered.then(reply),
    }];
    access
}

/// Bob has agreed to half an hour; Dana and Erin are asked.
pub fn second_step() -> Access {
    Access {
        asked: vec![asked("bob", 0), asked("dana", 1), asked("erin", 1)],
        votes: vec![vote("bob", 0, Some(Span::minutes(30)))],
        state: State::Pending(Pending::opened(1, minutes(3))),
        ..pending()
    }
}

/// Bob is away, and Erin stands in; Carl cannot be reached.
pub fn away(access: Access) -> Access {
    let skipped = |person: &str, why| Skipped { person: person.into(), step: 0, why };
    Access {
        asked: vec![Asked { instead_of: Some("bob".into()), ..asked("erin", 0) }],
        skipped: vec![
            skipped("bob", Unasked::Away { until: minutes(2 * 24 * 60), delegate: Some("erin".into()) }),
            skipped("carl", Unasked::NotInChat),
        ],
        ..access
    }
}

/// Nobody is left to ask.
pub fn nobody_left(access: Access) -> Access {
    let skipped = |person: &str, why| Skipped { person: person.into(), step: 0, why };
    let why = Unasked::Away { until: minutes(60), delegate: None };
    let pending =
        Pending { escalations: 1, escalated_at: Some(minutes(3)), exhausted: true, ..Pending::opened(0, now()) };
    Access {
        skipped: vec![skipped("bob", Unasked::Disabled), skipped("carl", Unasked::NotNamed), skipped("erin", why)],
        state: State::Pending(pending),
        ..access
    }
}

/// An access as an emergency bypass: nobody was asked, security has a day to review it; reviewed as misuse or not, where it was.
pub fn bypass(access: Access, misuse: Option<bool>) -> Access {
    let note = |misuse| match misuse {
        true => "No incident was open, and the customer table was exported",
        false => "Statements match incident 42; the queue was replayed and nothing else",
    };
    let verdict = misuse.map(|misuse| Verdict { by: "dana".into(), misuse, note: text(note(misuse)), at: minutes(90) });
    Access {
        votes: vec![],
        asked: vec![],
        route: Route { rule: jit_core::policy::BYPASS.to_owned(), steps: vec![], ..access.route },
        review: Some(Review {
            by: vec![Subject::Group("security".to_owned())],
            due: minutes(24 * 60),
            reminded: false,
            overdue: false,
            unknown: vec![],
            verdict,
        }),
        ..access
    }
}

/// The same, when much was down.
pub fn unknowing(mut access: Access) -> Access {
    let rotation = Unknown::Rotation { name: "pagerduty/PORDERS".to_owned() };
    let incidents = Unknown::Incidents { service: "pagerduty/PSERVICE".to_owned() };
    access.review.iter_mut().for_each(|review| {
        review.unknown = vec![Unknown::Ticket, rotation.clone(), incidents.clone()];
    });
    access
}

/// The ticket of every sample that goes by one.
pub fn ops_12() -> TicketId {
    TicketId { source: "jira".to_owned(), id: "OPS-12".to_owned() }
}

/// Asked under a rule that goes by tickets, and looked up.
pub fn ticketed(mut access: Access) -> Access {
    let terms = Terms { open: true, assigned: true, ends: true };
    access.route.ticket = Some(Box::new(Demand { ticket: ops_12(), terms }));
    let assignee = Some(Assignee { name: "Alice Ames".to_owned(), person: Some("alice".into()) });
    let title = "Orders stuck in state PAID <!channel>".to_owned();
    let finding = Finding::Ticket(Ticket { title, status: "In Progress".to_owned(), open: true, assignee });
    access.ticket = Some(Box::new(Looked { ticket: ops_12(), finding, at: now() }));
    access
}

/// Its ticket is being looked up: before anybody is asked, or once more when its start has come.
pub fn screening(at_start: bool) -> Access {
    let access = if at_start { later(elevating()) } else { pending() };
    let asked = if at_start { access.asked.clone() } else { vec![] };
    let since = if at_start { minutes(120) } else { now() };
    let deadline = since + jit_core::decide::SCREENING_LASTS;
    let state = State::Screening(Screening { since, deadline, ticket: ops_12(), at_start });
    let ticketed = ticketed(access);
    Access { asked, ticket: ticketed.ticket.clone().filter(|_| at_start), state, advice: None, ..ticketed }
}

/// Its ticket was not as policy demands.
pub fn ticket_refused() -> Access {
    let refusal = Refusal::new(
        Code::Ticket,
        "The ticket `OPS-12` could not be looked up: `jira` did not answer within 5 s.",
        "Ask again in a moment; if it stays so, tell who runs this service.",
    )
    .by_rule("production, high risk");
    let finding = Finding::Unknown { why: "did not answer within 5 s".to_owned() };
    let mut access = ticketed(Access { votes: vec![], asked: vec![], ..closed(Outcome::Refused { refusal }) });
    access.ticket = Some(Box::new(Looked { ticket: ops_12(), finding, at: now() }));
    access
}

/// Its ticket was closed before anybody had decided.
pub fn ticket_closed() -> Access {
    ticketed(Access { votes: vec![], ..closed(Outcome::TicketClosed { ticket: ops_12() }) })
}

/// The same, and nobody came in time.
pub fn overdue(access: Access) -> Access {
    let mut access = bypass(access, None);
    access.review.iter_mut().for_each(|review| (review.due, review.overdue) = (minutes(-10), true));
    access
}

/// To begin in two hours; agreed, unless it still waits for people.
pub fn later(access: Access) -> Access {
    let mut access = access;
    access.request.starts_at = Some(minutes(120));
    if matches!(access.state, State::Elevating(_)) {
        access.state = State::Scheduled(Scheduled { since: minutes(5), start: minutes(120) });
    }
    access
}

/// Its start came, and policy did not allow it then.
pub fn not_started() -> Access {
    let refusal = Refusal::new(
        Code::PolicyChanged,
        "Policy does not allow it now: at most 3 may be open at a time, and `A-2MWX4P` is open.",
        "Ask again, as policy says it now.",
    );
    later(closed(Outcome::NotStarted { refusal }))
}

/// In a window that ends before the time is over.
pub fn cut(access: Access) -> Access {
    let closing = Closing {
        at: minutes(40),
        zone: Tz::Europe__Berlin,
        window: Window::ChangeWindow { name: "Friday release".to_owned() },
    };
    let mut access = Access { closing: Some(closing), ..access };
    if let State::Active(active) = &mut access.state {
        active.until = minutes(40);
    }
    access
}

/// The same access as a rehearsal.
pub fn rehearsed(mut access: Access, rehearsal: Rehearsal) -> Access {
    access.request.rehearsal = Some(rehearsal);
    match &mut access.state {
        State::Active(active) => (active.native_until, active.handover) = (None, None),
        State::Closed(Closed { outcome: Outcome::Ended { proof, .. }, .. }) => *proof = Proof::Untouched,
        _ => {}
    }
    access
}

/// The same, asked for together with two other roles, in the same state.
pub fn bundled(mut sample: Sample) -> Sample {
    let access = &sample.notice.access;
    let other = |number, id: &str, role: &str, title: &str, (level, risk)| {
        let mut other = access.clone();
        (other.id, other.short, other.advice) = (self::id(number), short(id), None);
        let request = &mut other.request;
        (request.role, request.title, request.level, request.risk) = (role.into(), title.to_owned(), level, risk);
        other.route.rule = "production, the rest".to_owned();
        other
    };
    let mut all = vec![
        other(21, "A-3HX8VM", "orders-db-reader", "Orders database, reader", (Level::ReadOnly, Risk::Low)),
        access.clone(),
        other(22, "A-9QW4RT", "host-login", "Hosts, log in", (Level::Write, Risk::Medium)),
    ];
    let member =
        |access: &Access| Member { id: access.id, short: access.short.clone(), role: access.request.role.clone() };
    let bundle = Bundle { lead: access.id, members: all.iter().map(member).collect() };
    all.iter_mut().for_each(|access| access.request.bundle = Some(Box::new(bundle.clone())));
    sample.notice.access = all.remove(1);
    sample.notice.bundle = all;
    sample
}

/// The same, and each has gone its own way: one could not be set up, one is being taken back.
pub fn parted(sample: Sample) -> Sample {
    let mut sample = bundled(sample);
    sample.notice.bundle[0].state = failed().state;
    sample.notice.bundle[1].state = match sample.notice.access.is_open() {
        true => revoking(false).state,
        false => expired(Proof::Gone { sessions_ended: 1 }).state,
    };
    sample
}

/// The target resists, and may still come round.
pub fn troubled() -> Access {
    let mut access = elevating();
    if let State::Elevating(elevating) = &mut access.state {
        elevating.trouble = Some("too many connections".to_owned());
    }
    access
}

/// The target refused for good.
pub fn failed() -> Access {
    let cause = EndCause::ElevationFailed { error: "role \"app_admin\" does not exist".to_owned() };
    closed(Outcome::Ended { cause, proof: Proof::Gone { sessions_ended: 0 } })
}

/// Both have agreed; the target is at work.
pub fn elevating() -> Access {
    Access {
        votes: vec![vote("bob", 0, None), vote("dana", 1, None)],
        state: State::Elevating(Elevating {
            since: minutes(5),
            duration: Span::hours(1),
            native_until: minutes(66),
            deadline: minutes(7),
            trouble: None,
        }),
        ..second_step()
    }
}

/// Live for an hour.
pub fn active() -> Access {
    Access {
        activated_at: Some(now()),
        state: State::Active(Active {
            since: now(),
            until: minutes(60),
            native_until: Some(minutes(61)),
            warned: false,
            spared: false,
            handover: Some(Handover {
                how: "Connect as usual and run SET ROLE app_admin.".to_owned(),
                text: None,
                reveals: false,
            }),
        }),
        ..elevating()
    }
}

/// Being taken back, because its time was over; failing where asked for.
pub fn revoking(failing: bool) -> Access {
    let failing = failing.then(|| Failing {
        since: minutes(-20),
        alerted_at: minutes(-20),
        error: "connection refused (orders-db:5432)".to_owned(),
    });
    Access { state: State::Revoking(Revoking { cause: EndCause::Expired, since: minutes(-20), failing }), ..active() }
}

/// Over.
pub fn closed(outcome: Outcome) -> Access {
    Access { state: State::Closed(Closed { at: now(), outcome }), ..active() }
}

/// Over, because its time was.
pub fn expired(proof: Proof) -> Access {
    closed(Outcome::Ended { cause: EndCause::Expired, proof })
}

/// Denied by Bob.
pub fn denied() -> Access {
    Access {
        votes: vec![],
        state: closed(Outcome::Denied { by: "bob".into(), instead_of: None, reason: text("Not during the freeze") })
            .state,
        ..pending()
    }
}

/// An access that policy gave at once: its holder was on call, because of an incident.
pub fn on_call(access: Access) -> Access {
    let key = IncidentId { source: "pagerduty".to_owned(), id: "PT4KHLK".to_owned() };
    let (service, title) = ("pagerduty/PF9KMXH".to_owned(), "#42 Orders <!channel> are slow".to_owned());
    let oncall = OnCall {
        rotation: "pagerduty/PORDERS".to_owned(),
        incident: Some(Named { key, service, title }),
        channel: Some("C0042".to_owned()),
        ends_with_incident: true,
    };
    let rule = "on call in an incident channel".to_owned();
    let route = Route { rule, steps: vec![], oncall: Some(Box::new(oncall)), ..access.route };
    Access { votes: vec![], asked: vec![], route, ..access }
}

/// Asked on behalf of Carl.
pub fn on_behalf(mut access: Access) -> Access {
    access.request.beneficiary = "carl".into();
    access
}

/// Carl hears of it too.
pub fn told(mut access: Access) -> Access {
    access.request.tells_beneficiary = true;
    access
}

/// Half an hour more of [`active`], as the given access stands.
pub fn extension(mut access: Access) -> Access {
    access.id = id(2);
    access.short = short("A-M4X8TD");
    access.request.duration = Span::minutes(30);
    access.request.extends = Some(Extends {
        parent: id(1),
        parent_short: short("A-7K3F9Q"),
        root: id(1),
        from: minutes(12),
        chain_since: minutes(-48),
        channel: None,
        thread: None,
    });
    access
}

/// What a hostile or careless person might type.
pub fn odd_words(mut access: Access) -> Access {
    access.request.justification =
        text("<!channel> *now* `rm` <https://evil.test|click> & :tada: \u{202e}gnp.exe\n> quoted");
    access
}

/// Bob's own words, salted for samples.
pub fn text(text: &str) -> Personal {
    Personal::new(text, [7; 16])
}

/// Alice's standing access, listed; or an account's, which is over.
pub fn exception(over: bool) -> jit_core::policy::Exception {
    use jit_core::policy::{Exception, Holder};
    Exception {
        role: "orders-db-admin".into(),
        holder: if over { Holder::Account("svc_reports".into()) } else { Holder::Person("alice".into()) },
        owner: if over { Subject::Person("dana".into()) } else { Subject::Group("data".to_owned()) },
        until: minutes(if over { -60 } else { 60 * 24 * 10 }),
        reason: "Runs the nightly export until it has a role of its own".to_owned(),
    }
}

/// A day on call: what is held still, what was for an incident, what was not.
pub fn oncall_digest(more: usize) -> jit_core::bulletin::Bulletin {
    use jit_core::policy::Given;
    let closed = Given::of(&expired_on_call()).expect("policy gave it");
    let closed = Given { since: closed.until - chrono::TimeDelta::seconds(25 * 60 + 7), ..closed };
    let held = Given::of(&on_call(active())).expect("policy gave it");
    let given = vec![Given { incident: None, ..closed.clone() }, closed, Given { person: "carl".into(), ..held }];
    let zone = jit_core::policy::Tz::Europe__Berlin;
    jit_core::bulletin::Bulletin::OncallDigest { from: minutes(-24 * 60), until: minutes(0), zone, given, more }
}

fn expired_on_call() -> Access {
    on_call(expired(Proof::Gone { sessions_ended: 1 }))
}

/// Somebody who was asked.
pub fn asked(person: &str, step: usize) -> Asked {
    Asked { person: person.into(), step, escalated: false, instead_of: None }
}

fn vote(by: &str, step: usize, at_most: Option<Span>) -> Vote {
    Vote { by: PersonId::from(by), step, instead_of: None, at: minutes(2), at_most }
}

fn id(number: u128) -> AccessId {
    // A version 7 id, so that samples look like the real thing.
    AccessId(uuid_of(0x0193_4f1e_5c00_7000_8000_0000_0000_0000 | number))
}

fn uuid_of(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn short(text: &str) -> ShortId {
    ShortId::parse(text).expect("a well-formed short id")
}
