//! Random histories: people, timers, connectors and reloads in any order, with doubles, crashes and clock jumps. Each decision is
//! held against the laws that the tables of the state machine keep to, the whole history against those of this file.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use jit_core::{
    access, advice, apply, canonical, command, decide, directory, effect, entitlement, event, facts, freeze, id,
    incident, notice, personal, policy, refusal, span, ticket, timer,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

#[path = "../src/decide/tests/laws.rs"]
mod laws;
#[path = "../src/decide/tests/world.rs"]
#[expect(dead_code, reason = "the tables use what the properties do not")]
mod world;

use access::{Access, Outcome, Proof, Revoker, State};
use command::{Ask, Command};
use id::{AccessId, PersonId};
use notice::NoticeKind;
use policy::{AtWindowEnd, Blackout, Conflict, Hours, Period, Place, Risk, RoleMatch, Step, Subject};
use span::Span;
use timer::{TimerKind, timers};
use world::{PEOPLE, World, text};

const ROLES: [&str; 6] = ["logs-read", "orders-write", "orders-admin", "vault-admin", "host-login", "vendor-login"];
const DURATIONS: [&str; 5] = ["5m", "15m", "1h", "2h", "4h"];

/// One thing that happens; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Move {
    Ask {
        who: usize,
        for_whom: Option<usize>,
        role: usize,
        duration: usize,
    },
    Later {
        who: usize,
        role: usize,
        duration: usize,
        ahead: i64,
    },
    /// Several roles in one request, perhaps for a later start.
    AskAll {
        who: usize,
        roles: Vec<usize>,
        duration: usize,
        ahead: Option<i64>,
    },
    Reveal {
        who: usize,
        which: usize,
    },
    Extend {
        who: usize,
        which: usize,
        duration: usize,
    },
    /// Anybody.
    Approve {
        who: usize,
        which: usize,
        at_most: Option<usize>,
    },
    /// One of those who were asked.
    Agree {
        nth: usize,
        which: usize,
    },
    Claim {
        who: usize,
        which: usize,
    },
    Question {
        nth: usize,
        which: usize,
    },
    Reply {
        who: Option<usize>,
        which: usize,
    },
    Deny {
        who: usize,
        which: usize,
    },
    Cancel {
        who: usize,
        which: usize,
    },
    Done {
        who: usize,
        which: usize,
    },
    Revoke {
        who: Option<usize>,
        which: usize,
    },
    Elevated {
        which: usize,
        native: Option<i64>,
        ago: i64,
    },
    ElevationFailed {
        which: usize,
        permanent: bool,
    },
    Settled {
        which: usize,
        proof: usize,
    },
    RevocationFailed {
        which: usize,
        error: usize,
    },
    /// A timer, due or not.
    Timer {
        which: usize,
        kind: usize,
    },
    /// All that are due, the oldest first.
    Sweep,
    Clock {
        seconds: i64,
    },
    Reload {
        change: usize,
    },
    /// The extensions of what ended early hear of it only now.
    Children,
    Bypass {
        who: usize,
        role: usize,
        drill: bool,
    },
    Review {
        who: usize,
        which: usize,
        misuse: bool,
    },
    /// The directory is looked through for those who have left.
    Leavers,
    /// The incident is resolved, says its source.
    Resolved {
        which: usize,
    },
    /// A ticket was looked up: of what waits for it, mostly in time.
    Looked {
        which: usize,
        finding: usize,
    },
    /// The ticket is closed, says its source.
    TicketClosed {
        which: usize,
    },
    /// A command that was sent before is sent again.
    Again {
        nth: usize,
    },
    /// The next decision is lost before it is stored.
    Crash,
}

fn moves() -> impl Strategy<Value = Move> {
    let (who, which, small) = (0..PEOPLE.len(), 0..6usize, 0..8usize);
    // Alice, ann and bob can have most of the roles.
    let asker = prop_oneof![5 => Just(0), 2 => Just(1), 2 => Just(2), 1 => who.clone()];
    prop_oneof![
        8 => (asker, prop::option::weighted(0.3, who.clone()), 0..ROLES.len(), 0..DURATIONS.len())
            .prop_map(|(who, for_whom, role, duration)| Move::Ask { who, for_whom, role, duration }),
        3 => (prop_oneof![Just(0), Just(1), Just(2)], 0..ROLES.len(), 0..DURATIONS.len(), -600..30_000i64)
            .prop_map(|(who, role, duration, ahead)| Move::Later { who, role, duration, ahead }),
        6 => (
            prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2), 1 => who.clone()],
            prop::sample::subsequence((0..ROLES.len()).collect::<Vec<_>>(), 2..=3).prop_shuffle(),
            0..DURATIONS.len(),
            prop::option::weighted(0.3, -600..30_000i64),
        )
            .prop_map(|(who, roles, duration, ahead)| Move::AskAll { who, roles, duration, ahead }),
        8 => (who.clone(), which.clone(), 0..DURATIONS.len())
            .prop_map(|(who, which, duration)| Move::Extend { who, which, duration }),
        4 => (who.clone(), which.clone(), prop::option::of(0..DURATIONS.len()))
            .prop_map(|(who, which, at_most)| Move::Approve { who, which, at_most }),
        14 => (small.clone(), which.clone()).prop_map(|(nth, which)| Move::Agree { nth, which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Move::Claim { who, which }),
        2 => (small.clone(), which.clone()).prop_map(|(nth, which)| Move::Question { nth, which }),
        2 => (prop::option::weighted(0.3, who.clone()), which.clone())
            .prop_map(|(who, which)| Move::Reply { who, which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Move::Deny { who, which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Move::Cancel { who, which }),
        2 => (who.clone(), which.clone()).prop_map(|(who, which)| Move::Done { who, which }),
        2 => (prop::option::of(who.clone()), which.clone()).prop_map(|(who, which)| Move::Revoke { who, which }),
        8 => (which.clone(), prop::option::of(-10..100_000i64), 0..90i64)
            .prop_map(|(which, native, ago)| Move::Elevated { which, native, ago }),
        2 => (which.clone(), any::<bool>()).prop_map(|(which, permanent)| Move::ElevationFailed { which, permanent }),
        6 => (which.clone(), 0..3usize).prop_map(|(which, proof)| Move::Settled { which, proof }),
        5 => (which.clone(), 0..2usize).prop_map(|(which, error)| Move::RevocationFailed { which, error }),
        3 => (which.clone(), 0..TimerKind::ALL.len()).prop_map(|(which, kind)| Move::Timer { which, kind }),
        6 => Just(Move::Sweep),
        5 => prop_oneof![-120..600i64, 600..20_000i64].prop_map(|seconds| Move::Clock { seconds }),
        4 => (0..CHANGES.len()).prop_map(|change| Move::Reload { change }),
        4 => Just(Move::Children),
        3 => Just(Move::Leavers),
        2 => which.clone().prop_map(|which| Move::Resolved { which }),
        10 => (which.clone(), 0..9usize).prop_map(|(which, finding)| Move::Looked { which, finding }),
        2 => which.clone().prop_map(|which| Move::TicketClosed { which }),
        3 => (who.clone(), 0..ROLES.len(), any::<bool>())
            .prop_map(|(who, role, drill)| Move::Bypass { who, role, drill }),
        3 => (who.clone(), which.clone(), any::<bool>()).prop_map(|(who, which, misuse)| Move::Review { who, which, misuse }),
        4 => (who.clone(), which.clone()).prop_map(|(who, which)| Move::Reveal { who, which }),
        3 => any::<prop::sample::Index>().prop_map(|nth| Move::Again { nth: nth.index(64) }),
        3 => Just(Move::Crash),
    ]
}

/// What administrators do to policy and directory meanwhile. The first puts everything back.
const CHANGES: &[fn(&mut World)] = &[
    |w| {
        let fresh = World::new();
        (w.parts, w.people, w.freezes) = (fresh.parts, fresh.people, fresh.freezes);
        (w.rotations, w.incidents) = (fresh.rotations, fresh.incidents);
        w.absences = fresh.absences;
    },
    |w| w.away("bob", Some("ann")),
    |w| w.away("bob", Some("alice")),
    |w| w.away("dana", Some("bob")),
    |w| w.away("sam", None),
    |w| w.absences.clear(),
    |w| w.person("eve").slack = None,
    |w| w.rule("dual").steps.iter_mut().for_each(|step| step.delegation = false),
    |w| w.person("alice").active = false,
    |w| w.person("carl").slack = None,
    |w| w.person("carl").until = Some(w.now + TimeDelta::minutes(40)),
    |w| w.person("alice").until = Some(w.now + TimeDelta::hours(2)),
    |w| w.person("ann").kind = directory::Kind::Contractor,
    |w| w.rule("single").sponsors.clear(),
    |w| w.away("sam", Some("carl")),
    |w| _ = w.person("carl").groups.insert("security".to_owned()),
    |w| w.person("bob").active = false,
    |w| w.person("sam").groups.clear(),
    |w| w.person("mallory").active = true,
    |w| w.person("alice").manager = Some("eve".into()),
    |w| w.person("bob").manager = Some("alice".into()),
    |w| _ = w.person("ann").groups.insert("security".to_owned()),
    |w| w.role("orders-write").risk = Risk::High,
    |w| w.role("logs-read").risk = Risk::High,
    |w| w.role("orders-admin").owner = Subject::Group("engineering".to_owned()),
    |w| {
        w.rule("single").steps.push(Step {
            any: vec![Subject::Group("security".to_owned())],
            count: 1,
            delegation: true,
        })
    },
    |w| w.rule("dual").max_duration = Some(Span::minutes(30)),
    |w| w.rule("vault").who.clear(),
    |w| w.role("orders-write").pilot = true,
    |w| w.role("logs-read").pilot = true,
    |w| w.parts.limits.max_simultaneous = 1,
    |w| (w.role("orders-write").max_simultaneous, w.parts.limits.max_simultaneous_total) = (Some(1), Some(2)),
    |w| w.rule("single").hours = Some(hours(8, 15)),
    |w| {
        (w.rule("low").hours, w.rule("low").at_window_end) = (Some(hours(8, 12)), AtWindowEnd::Keep);
    },
    |w| {
        let during =
            Period { from: w.now + TimeDelta::hours(2), to: w.now + TimeDelta::hours(5), zone: policy::Tz::UTC };
        let blackout =
            Blackout { name: "move".to_owned(), matches: RoleMatch::default(), during, place: Place::default() };
        w.parts.blackouts.push(blackout);
    },
    |w| w.freeze(freeze::Scope::Everything),
    |w| w.parts.conflicts.push(conflict(&["orders-admin", "vault-admin"])),
    |w| w.on_call("alice"),
    |w| w.incidents.clear(),
    |w| w.ticketed("single"),
    |w| ["low", "dual", "vault", "hosts"].into_iter().for_each(|rule| w.ticketed(rule)),
    |w| w.freeze(freeze::Scope::Person("alice".into())),
];

fn hours(from: u32, to: u32) -> Hours {
    let at = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let days = (0..7u8).map(|day| chrono::Weekday::try_from(day).unwrap()).collect();
    Hours { days, from: at(from), to: at(to), zone: policy::Tz::UTC }
}

fn conflict(roles: &[&str]) -> Conflict {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    Conflict { name: "one or the other".to_owned(), roles, place: Place::default() }
}

/// A history in the making.
struct History {
    world: World,
    sent: Vec<(AccessId, Command)>,
    crash: bool,
    /// How often each event was made, and each refusal: to see that the histories reach everything.
    seen: BTreeMap<String, u32>,
}

impl History {
    fn new() -> Self {
        Self { world: World::new(), sent: Vec::new(), crash: false, seen: BTreeMap::new() }
    }

    fn run(moves: &[Move]) -> Self {
        let mut history = Self::new();
        for next in moves {
            history.go(next);
            history.children_are_bounded();
        }
        history
    }

    fn which(&self, which: usize) -> Option<AccessId> {
        self.newest(which, |_| true)
    }

    /// One of those in a state; the newest are the likeliest to be open.
    fn newest(&self, which: usize, wanted: impl Fn(&State) -> bool) -> Option<AccessId> {
        let all = self.world.accesses.iter().filter(|(_, access)| wanted(&access.state));
        let all: Vec<_> = all.map(|(id, _)| *id).collect();
        all.len().checked_sub(1).map(|last| all[last - which % all.len()])
    }

    /// One of those who were asked in the step that is open.
    fn one_asked(&self, nth: usize, which: usize) -> Option<PersonId> {
        let access = self.world.access(self.which(which)?);
        let State::Pending(pending) = &access.state else { return None };
        let asked: Vec<_> = access.asked_in(pending.step).collect();
        asked.get(nth % asked.len().max(1)).map(|asked| asked.person.clone())
    }

    fn go(&mut self, next: &Move) {
        let person = |number: usize| PersonId::from(PEOPLE[number]);
        let now = self.world.now;
        match *next {
            Move::Ask { who, for_whom, role, duration } => {
                let ask = self.world.ask(PEOPLE[who], ROLES[role], DURATIONS[duration]);
                let beneficiary = for_whom.map_or_else(|| ask.beneficiary.clone(), person);
                let ticket = Some("OPS-12".to_owned());
                self.send(ask.id, Command::Request(Box::new(Ask { beneficiary, ticket, ..ask })));
            }
            Move::Later { who, role, duration, ahead } => {
                let ask = self.world.ask(PEOPLE[who], ROLES[role], DURATIONS[duration]);
                let starts_at = Some(now + TimeDelta::seconds(ahead));
                let ticket = Some("OPS-12".to_owned());
                self.send(ask.id, Command::Request(Box::new(Ask { starts_at, ticket, ..ask })));
            }
            Move::AskAll { who, ref roles, duration, ahead } => {
                let roles: Vec<&str> = roles.iter().map(|role| ROLES[*role]).collect();
                let ask = self.world.ask_all(PEOPLE[who], &roles, DURATIONS[duration]);
                let starts_at = ahead.map(|ahead| now + TimeDelta::seconds(ahead));
                let ticket = Some("OPS-12".to_owned());
                self.send(ask.id, Command::Request(Box::new(Ask { starts_at, ticket, ..ask })));
            }
            Move::Extend { who, which, duration } => {
                // Of what is active, if anything is: an extension of anything else is refused.
                let active = self.newest(which, |state| matches!(state, State::Active(_)));
                let Some(parent) = active.or_else(|| self.which(which)) else { return };
                // Mostly by whoever asked for the first.
                let requester = self.world.access(parent).request.requester.clone();
                let name = PEOPLE.iter().find(|id| **id == requester.as_str()).unwrap();
                let who = if who == 0 { PEOPLE[duration] } else { name };
                let ask = self.world.ask_more(who, parent, DURATIONS[duration]);
                self.send(ask.id, Command::Request(Box::new(ask)));
            }
            Move::Approve { who, which, at_most } => {
                let at_most = at_most.map(|number| Span::parse(DURATIONS[number]).unwrap());
                self.send_to(which, Command::Approve { by: person(who), at_most });
            }
            Move::Agree { nth, which } => {
                let Some(by) = self.one_asked(nth, which) else { return };
                self.send_to(which, Command::Approve { by, at_most: None });
            }
            Move::Claim { who, which } => self.send_to(which, Command::Claim { by: person(who) }),
            Move::Question { nth, which } => {
                let Some(by) = self.one_asked(nth, which) else { return };
                self.send_to(which, Command::Question { by, text: text("which table?") });
            }
            Move::Reply { who, which } => {
                let Some(id) = self.which(which) else { return };
                let requester = self.world.access(id).request.requester.clone();
                let by = who.map_or(requester, person);
                self.send(id, Command::Reply { by, text: text("the orders one"), seen: None });
            }
            Move::Deny { who, which } => {
                self.send_to(which, Command::Deny { by: person(who), reason: text("no") });
            }
            Move::Cancel { who, which } => self.send_to(which, Command::Cancel { by: person(who) }),
            Move::Done { who, which } => self.send_to(which, Command::Done { by: person(who) }),
            Move::Revoke { who, which } => {
                let operator = || Revoker::Operator("root".to_owned());
                let by = who.map_or_else(operator, |who| Revoker::Person(person(who)));
                self.send_to(which, Command::Revoke { by, reason: text("misuse") });
            }
            Move::Elevated { which, native, ago } => {
                let native_until = native.map(|seconds| now + TimeDelta::seconds(seconds));
                let verified_at = now - TimeDelta::seconds(ago);
                self.send_to(which, Command::Elevated { verified_at, native_until, handover: None });
            }
            Move::ElevationFailed { which, permanent } => {
                self.send_to(which, Command::ElevationFailed { error: "no route".to_owned(), permanent });
            }
            Move::Settled { which, proof } => {
                let gone = Proof::Gone { sessions_ended: 1 };
                let under = Proof::RemainsUnder { short: id::ShortId::from_random([3; 6]) };
                let proof = [gone, under, Proof::RemainsStanding][proof].clone();
                self.send_to(which, Command::Settled { proof });
            }
            Move::RevocationFailed { which, error } => {
                self.send_to(which, Command::RevocationFailed { error: ["no route", "denied"][error].to_owned() });
            }
            Move::Timer { which, kind } => self.send_to(which, Command::Timer { kind: TimerKind::ALL[kind] }),
            Move::Sweep => self.sweep(),
            Move::Clock { seconds } => self.world.now += TimeDelta::seconds(seconds),
            Move::Reload { change } => CHANGES[change](&mut self.world),
            Move::Children => self.world.end_children(),
            Move::Leavers => self.leavers(),
            Move::Resolved { which } => self.resolved(which),
            Move::Bypass { who, role, drill } => {
                let ask = self.world.ask(PEOPLE[who], ROLES[role], "30m");
                let ask = Ask { emergency: true, drill, ..ask };
                self.send(ask.id, Command::Request(Box::new(ask)));
            }
            Move::Review { who, which, misuse } => {
                self.send_to(which, Command::Review { by: person(who), misuse, note: text("looked at it") });
            }
            Move::Reveal { who, which } => self.send_to(which, Command::Reveal { by: person(who) }),
            Move::Looked { which, finding } => self.looked(which, finding),
            Move::TicketClosed { which } => self.ticket_closed(which),
            Move::Again { nth } => {
                if let Some((id, command)) = self.sent.get(nth).cloned() {
                    self.send(id, command);
                }
            }
            Move::Crash => self.crash = true,
        }
    }

    /// Afterwards nobody who has left holds anything or waits for it, and nothing of anybody else has changed.
    fn leavers(&mut self) {
        self.crash = false;
        for (id, before) in self.world.accesses.clone() {
            let left = |person: &PersonId| {
                let now = self.world.now;
                let here = |p: &directory::Person| p.active && p.until.is_none_or(|until| until > now);
                !self.world.people.values().any(|p| p.id == *person && here(p))
            };
            let gone = left(&before.request.beneficiary) || left(&before.request.requester);
            self.send(id, Command::Recheck);
            let after = &self.world.accesses[&id].clone();
            let version = after.version;
            match gone {
                true => assert!(matches!(after.state, State::Revoking(_) | State::Closed(_)), "{after:?}"),
                // Others may be asked, and nothing else.
                false => {
                    let State::Pending(pending) = &after.state else {
                        // What waits for its start is over where it could not begin any more.
                        let not_begun = |state: &State| matches!(state, State::Closed(closed) if matches!(closed.outcome, Outcome::NotStarted { .. }));
                        let waited = matches!(before.state, State::Scheduled(_));
                        assert!(*after == before || (waited && not_begun(&after.state)), "{after:?}");
                        continue;
                    };
                    let same = Access { asked: before.asked.clone(), skipped: before.skipped.clone(), ..after.clone() };
                    let same = Access { state: before.state.clone(), version: before.version, ..same };
                    assert_eq!(same, before);
                    assert!(matches!(&before.state, State::Pending(before) if before.step == pending.step));
                    self.send(id, Command::Recheck);
                    assert_eq!(self.world.accesses[&id].version, version, "looking again changes nothing more");
                }
            }
        }
    }

    /// Afterwards nothing live ends with that incident; what does not is as it was.
    fn resolved(&mut self, which: usize) {
        self.crash = false;
        let Some(id) = self.which(which) else { return };
        let before = self.world.access(id).clone();
        let bound = before.route.oncall.as_ref().is_some_and(|oncall| oncall.ends_with().is_some());
        self.send(id, Command::IncidentResolved { incident: world::incident_42() });
        let after = self.world.access(id);
        match before.state {
            State::Elevating(_) | State::Active(_) if bound => assert_eq!(after.state_name(), "revoking"),
            _ => assert_eq!(*after, before),
        }
    }

    /// What is found of a ticket: mostly that it is open and the requester's.
    fn looked(&mut self, which: usize, finding: usize) {
        let screening = self.newest(which, |state| matches!(state, State::Screening(_)));
        let Some(id) = screening.or_else(|| self.which(which)) else { return };
        let whose = self.world.access(id).request.requester.to_string();
        let finding = match finding {
            0 => world::found(false, &whose),
            1 => ticket::Finding::Missing,
            2 => ticket::Finding::Unknown { why: "answers 500".to_owned() },
            _ => world::found(true, &whose),
        };
        self.send(id, Command::TicketLooked { ticket: world::ops_12(), finding });
    }

    /// Afterwards nothing that was given, or is agreed or asked, for that ticket goes on; what does not end with it is as it was.
    fn ticket_closed(&mut self, which: usize) {
        self.crash = false;
        let Some(id) = self.which(which) else { return };
        let before = self.world.access(id).clone();
        let is_bound =
            |access: &Access| access.route.ticket.as_ref().is_some_and(|demand| demand.ends_with().is_some());
        let members = before.request.bundle.iter().flat_map(|bundle| &bundle.members);
        // While they wait, what ends one of those that were asked for together ends all.
        let together = before.waits_together() && members.map(|member| self.world.access(member.id)).any(is_bound);
        let bound = is_bound(&before) || together;
        self.send(id, Command::TicketClosed { ticket: world::ops_12() });
        let after = self.world.access(id);
        match before.state {
            State::Elevating(_) | State::Active(_) if bound => {
                assert!(matches!(after.state_name(), "revoking" | "closed"));
            }
            State::Pending(_) | State::Scheduled(_) if bound => assert_eq!(after.state_name(), "closed"),
            _ => assert_eq!(*after, before),
        }
    }

    fn send_to(&mut self, which: usize, command: Command) {
        if let Some(id) = self.which(which) {
            self.send(id, command);
        }
    }

    fn send(&mut self, id: AccessId, command: Command) {
        let again = matches!(command, Command::Request(_)) && self.world.accesses.contains_key(&id);
        if again {
            return; // The store's key of the access refuses it.
        }
        let decided = self.world.decide(id, &command);
        if std::mem::take(&mut self.crash) {
            return;
        }
        match &decided {
            Ok(decision) => {
                for record in decision.all().flat_map(|part| &part.records) {
                    *self.seen.entry(record.event.kind().to_owned()).or_default() += 1;
                }
                self.world.store(decision);
            }
            Err(refusal) => *self.seen.entry(format!("refused {}", refusal.code.as_str())).or_default() += 1,
        }
        self.sent.push((id, command));
    }

    /// Fires what is due; one that is due always changes something, or it would be due for ever.
    fn sweep(&mut self) {
        while let Some((_, kind, id)) = self.world.next_timer().filter(|(due, ..)| *due <= self.world.now) {
            let decision = self.world.send(id, Command::Timer { kind }).unwrap();
            assert!(!decision.records.is_empty(), "the due timer {} changes nothing", kind.as_str());
        }
    }

    /// The end of the world: children hear, timers fire, connectors answer; after that nothing is open.
    fn finish(&mut self) {
        for _ in 0..50 {
            self.world.end_children();
            self.sweep();
            let revoking: Vec<_> = self.world.accesses.values().filter(|a| a.state_name() == "revoking").collect();
            for id in revoking.into_iter().map(|access| access.id).collect::<Vec<_>>() {
                self.world.gone(id);
            }
            match self.world.next_timer() {
                Some((due_at, ..)) => self.world.now = self.world.now.max(due_at),
                None => break,
            }
        }
        for access in self.world.accesses.values() {
            assert!(!access.is_open(), "{} stays {}", access.short, access.state_name());
            assert_eq!(timers(access), []);
        }
    }

    /// At most one extension of an access is open at a time.
    fn children_are_bounded(&self) {
        let open = self.world.accesses.values().filter(|access| access.is_open());
        let parents: Vec<_> = open.filter_map(|a| a.request.extends.as_ref().map(|e| e.parent)).collect();
        assert_eq!(parents.iter().collect::<BTreeSet<_>>().len(), parents.len(), "two extensions of one access");
    }

    /// The stored events alone give every row.
    fn folds(&self) {
        let mut folded: BTreeMap<AccessId, Access> = BTreeMap::new();
        for record in &self.world.records {
            let id = record.access.unwrap();
            let access = apply::apply(folded.remove(&id), record).unwrap();
            folded.insert(id, access);
        }
        assert_eq!(folded, self.world.accesses);
    }

    /// A slot is one message: always the same kind of notice, under a message that was told before; a line of the story is told once.
    fn tells(&self) {
        let mut told: BTreeMap<(String, effect::Slot), &'static str> = BTreeMap::new();
        for tell in &self.world.told {
            let key = (tell.to.key(), tell.slot.clone());
            let name = tell.notice().unwrap().kind.name();
            if let Some(before) = told.insert(key.clone(), name) {
                assert_eq!(before, name, "{key:?}");
                let story = matches!(
                    tell.notice().unwrap().kind,
                    NoticeKind::Approved { .. }
                        | NoticeKind::Escalated { .. }
                        | NoticeKind::Granted
                        | NoticeKind::Ended
                        | NoticeKind::Reminder
                        | NoticeKind::StandsIn { .. }
                        | NoticeKind::QuestionAsked { .. }
                        | NoticeKind::Replied { .. }
                        | NoticeKind::RevocationStillFailing
                        | NoticeKind::RevocationRecovered
                );
                assert!(!story, "{key:?} is told twice");
            }
            if let Some(under) = &tell.under {
                let above = (tell.to.key(), under.clone());
                assert!(told.contains_key(&above), "{key:?} stands under {above:?}, which nobody told");
            }
        }
    }

    /// The requester of everything that is over heard of it exactly once, and nobody more often, unless it ran out while its extension went on.
    fn tells_the_end_once(&self) {
        for access in self.world.accesses.values() {
            let State::Closed(closed) = &access.state else { continue };
            let heard = |person: &PersonId| {
                let to = effect::Recipient::Person(person.clone());
                let ended = |tell: &&effect::Tell| {
                    tell.to == to && tell.slot.access == access.id && tell.notice().unwrap().kind == NoticeKind::Ended
                };
                self.world.told.iter().filter(ended).count()
            };
            let count = heard(&access.request.requester);
            // Who gets it may have lost their chat identity for a while; that both hear the same at a time is a law. Nobody hears it twice.
            assert!(access.told().all(|person| heard(person) < 2), "{} was told twice", access.short);
            // What waited with others to the end was over with their lead.
            let went_on = |event: &event::Event| {
                use event::Event::{ElevationStarted, Rehearsed, Scheduled};
                matches!(event, Scheduled { .. } | ElevationStarted { .. } | Rehearsed { .. })
            };
            let mut records = self.world.records.iter().filter(|record| record.access == Some(access.id));
            if access.follows() && !records.any(|record| went_on(&record.event)) {
                let lead = &self.world.accesses[&access.lead()];
                assert_eq!((count, &lead.state), (0, &access.state));
                continue;
            }
            let ran_out = matches!(&closed.outcome, Outcome::Ended { cause, .. } if cause.is_foreseen());
            let extended = self.world.accesses.values().any(|child| {
                child.activated_at.is_some() && child.request.extends.as_ref().is_some_and(|e| e.parent == access.id)
            });
            assert!(count == 1 || (count == 0 && ran_out && extended), "{} was told {count} times", access.short);
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_laws_hold(moves in prop::collection::vec(moves(), 1..90)) {
        let mut history = History::run(&moves);
        history.folds();
        history.finish();
        history.folds();
        history.tells();
        history.tells_the_end_once();
    }
}

/// The histories are worth something only if they get everywhere.
#[test]
fn random_histories_reach_every_event_and_the_refusals_of_decisions() {
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(moves(), 60..90);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let all = [
        "requested",
        "screening-started",
        "ticket-looked",
        "step-opened",
        "reminded",
        "escalated",
        "asked-again",
        "approved",
        "claimed",
        "released",
        "questioned",
        "replied",
        "elevation-started",
        "elevation-troubled",
        "elevated",
        "rehearsed",
        "revealed",
        "warned",
        "warning-spared",
        "revocation-started",
        "revocation-failed",
        "revocation-alerted",
        "closed",
        "refused own-request",
        "refused not-approver",
        "refused already-voted",
        "refused already-decided",
        "refused policy-changed",
        "refused disabled",
        "refused duplicate",
        "refused limit",
        "refused wrong-state",
        "refused not-permitted",
        "refused no-approver",
        "refused duration",
        "refused hours",
        "refused start",
        "refused contract",
        "scheduled",
        "refused blackout",
        "live after 1 votes beside another",
        "live after 2 votes beside another",
    ];
    // As many as it takes, within reason.
    for _ in 0..1_000 {
        if all.iter().all(|name| seen.contains_key(*name)) {
            break;
        }
        let moves = strategy.new_tree(&mut runner).unwrap().current();
        let mut history = History::run(&moves);
        history.finish();
        for record in &history.world.records {
            *seen.entry(record.event.kind().to_owned()).or_default() += 1;
        }
        let bundles = history.world.accesses.values().filter(|access| access.follows());
        for bundle in bundles.filter(|access| access.activated_at.is_some()) {
            *seen.entry(format!("live after {} votes beside another", bundle.votes.len())).or_default() += 1;
        }
        for (name, count) in history.seen.into_iter().filter(|(name, _)| name.starts_with("refused")) {
            *seen.entry(name).or_default() += count;
        }
    }
    for name in all {
        assert!(seen.contains_key(name), "{name} is never reached: {seen:?}");
    }
}
