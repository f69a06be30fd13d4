//! What must hold for every policy, every directory, every text.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{PEOPLE, POLICY, connectors, request, source};
use crate::access::Channel;
use crate::directory::{Directory, Kind, Person, parse_people};
use crate::facts::InUse;
use crate::id::PersonId;
use crate::policy::{
    AtWindowEnd, AutoApprove, EscalateTo, Level, Limits, Parts, Place, Policy, Question, Risk, Role, RoleMatch, Rule,
    Step, Subject, TicketNeed, Visibility, check, parse,
};
use crate::span::Span;

const IDS: [&str; 6] = ["p0", "p1", "p2", "p3", "p4", "p5"];
const GROUPS: [&str; 3] = ["g0", "g1", "g2"];

fn risk() -> impl Strategy<Value = Risk> {
    prop::sample::select(vec![Risk::Low, Risk::Medium, Risk::High])
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        prop::sample::select(IDS.to_vec()).prop_map(|id| Subject::Person(id.into())),
        prop::sample::select(GROUPS.to_vec()).prop_map(|name| Subject::Group(name.to_owned())),
        Just(Subject::Manager),
        Just(Subject::Owner),
        Just(Subject::Oncall("p/s".to_owned())),
    ]
}

fn directory() -> impl Strategy<Value = Directory> {
    let groups = prop::collection::btree_set(prop::sample::select(GROUPS.to_vec()), 0..3);
    let kind = prop_oneof![3 => Just(Kind::Employee), 1 => Just(Kind::Contractor), 1 => Just(Kind::Vendor)];
    let one = (any::<bool>(), groups, prop::option::of(0..IDS.len()), kind);
    prop::collection::vec(one, IDS.len()).prop_map(|people| {
        Directory::new(people.into_iter().enumerate().map(|(index, (active, groups, manager, kind))| Person {
            id: IDS[index].into(),
            name: IDS[index].to_owned(),
            email: None,
            slack: Some(format!("U000{index}")),
            teams: None,
            chat: None,
            manager: manager.map(|manager| IDS[manager].into()),
            groups: groups.into_iter().map(str::to_owned).collect(),
            active,
            kind,
            until: None,
            accounts: BTreeMap::from([("c".into(), IDS[index].into())]),
            ssh_keys: Vec::new(),
            zone: chrono_tz::Tz::UTC,
            oncall: std::collections::BTreeSet::new(),
        }))
    })
}

fn role(number: usize) -> impl Strategy<Value = Role> {
    (risk(), subject(), prop::bool::ANY).prop_map(move |(risk, owner, production)| Role {
        name: format!("r{number}").as_str().into(),
        title: "R".to_owned(),
        connector: "c".into(),
        target: crate::entitlement::Target::default(),
        level: Level::Write,
        environment: if production { "production" } else { "staging" }.to_owned(),
        risk,
        owner,
        tags: BTreeSet::new(),
        max_duration: Span::hours(8),
        max_simultaneous: None,
        pilot: false,
        place: Place::default(),
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let roles = prop::option::of(prop::collection::vec(prop::sample::select(vec!["*", "r0", "r*", "*1"]), 1..3));
    let risks = prop::option::of(prop::collection::vec(risk(), 1..3));
    let step = (prop::collection::vec(subject(), 1..3), 1u32..3).prop_map(|(any, count)| Step {
        any,
        count,
        delegation: true,
    });
    let auto = prop::option::of((1u64..600).prop_map(|n| AutoApprove {
        up_to: Span::minutes(n),
        in_channels: None,
        require_incident: None,
        end_with_incident: false,
    }));
    let who = prop::collection::vec(subject(), 1..3);
    let who = (who, prop::collection::vec(subject(), 0..3));
    (roles, risks, prop::collection::vec(step, 0..3), auto, who).prop_map(
        |(roles, risk, steps, auto_approve, (who, sponsors))| Rule {
            name: "rule".to_owned(),
            matches: RoleMatch {
                roles: roles.map(|names| names.into_iter().map(str::to_owned).collect()),
                risk,
                ..RoleMatch::default()
            },
            who,
            sponsors,
            steps,
            auto_approve,
            max_duration: None,
            ticket: TicketNeed::None,
            ticket_terms: crate::ticket::Terms::default(),
            hours: None,
            at_window_end: AtWindowEnd::Cut,
            remind_after: Span::minutes(15),
            escalate_after: Span::minutes(30),
            escalate_to: vec![EscalateTo::ManagerOfApprover],
            timeout: Span::hours(8),
            warn_before: Span::minutes(15),
            place: Place::default(),
        },
    )
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (role(0), role(1), prop::collection::vec(rule(), 0..6)).prop_map(|(a, b, rules)| {
        Policy::new(Parts {
            hash: crate::id::PolicyHash::new("h"),
            roles: [a, b].map(|role| (role.name.clone(), role)).into(),
            rules,
            conflicts: Vec::new(),
            limits: Limits::default(),
            security: Vec::new(),
            digest: None,
            visibility: Visibility::Parties,
            emergencies: Vec::new(),
            exceptions: Vec::new(),
            blackouts: Vec::new(),
            change_windows: Vec::new(),
        })
    })
}

proptest! {
    /// The heart: no high risk without people, no route without enough distinct people who may decide.
    #[test]
    fn routes_keep_the_promises(
        policy in any_policy(),
        directory in directory(),
        (who, by) in (0..IDS.len(), 0..IDS.len()),
        same in prop::bool::weighted(0.8),
        minutes in 1u64..600,
    ) {
        let beneficiary = directory.person(&IDS[who].into()).unwrap();
        let requester = if same { beneficiary } else { directory.person(&IDS[by].into()).unwrap() };
        let channel = Channel { id: "C1".to_owned(), name: "inc-1".to_owned() };
        for role in policy.roles.values() {
            let question = Question {
                role, requester, beneficiary,
                duration: Span::minutes(minutes),
                chain: None,
                ticket: None,
                known: crate::ticket::Known::NotYet,
                justification: "the orders index is broken",
                channel: Some(&channel),
                now: super::world::WORKDAY.parse().unwrap(),
                start: None,
                in_use: InUse::default(),
                together: &[],
            agreed: false,
            by_rotation: true,
            };
            let explanation = policy.explain(&question, &directory, &[]);
            let judged = policy.judge(&question, &directory, &[]);
            prop_assert_eq!(explanation.allowed, judged.is_ok());
            let Ok(judgement) = judged else { continue };
            prop_assert!(!(judgement.route.is_auto() && role.risk == Risk::High), "automatic high risk");
            prop_assert!(requester.active && beneficiary.active);
            prop_assert!(policy.permits(role, beneficiary, &directory));
            if requester.id != beneficiary.id {
                prop_assert!(!judgement.route.is_auto(), "automatic on behalf of another");
                prop_assert_eq!(requester.kind, Kind::Employee);
                prop_assert!(policy.may_sponsor(role, requester, beneficiary, &directory));
                prop_assert!(policy.sponsored_by(requester, &directory).contains(&beneficiary.id));
            }
            prop_assert!(question.duration <= judgement.max_duration);
            prop_assert!(judgement.max_duration <= role.max_duration);
            prop_assert!(role.environment != "production" || judgement.max_duration <= Span::hours(8));
            let everybody: BTreeSet<&PersonId> = judgement.approvers.iter().flatten().collect();
            prop_assert!(everybody.len() as u64 >= u64::from(judgement.route.quorum()));
            let request = request(&policy, IDS[who], requester.id.as_str(), role.name.as_str());
            for (step, asked) in judgement.route.steps.iter().zip(&judgement.approvers) {
                let voters = policy.voters(step, &request, &directory);
                prop_assert_eq!(&voters.iter().cloned().collect::<Vec<_>>(), asked);
                for voter in voters.iter().chain(&policy.escalation(&judgement.route.escalate_to, asked, &request, &directory)) {
                    prop_assert!(*voter != requester.id && *voter != beneficiary.id);
                    prop_assert!(directory.active(voter).is_some());
                }
            }
        }
    }

    /// The index over rules is an index: it finds what looking at every rule and every role finds.
    #[test]
    fn the_rules_of_a_role_are_those_that_mean_it(
        names in prop::collection::btree_set("[ab]{1,4}", 1..8),
        patterns in prop::collection::vec(prop::collection::vec("[ab*]{1,4}", 1..4), 1..6),
        risks in prop::collection::vec(risk(), 8),
    ) {
        let names: Vec<&String> = names.iter().collect();
        let mut text = String::new();
        for (name, risk) in names.iter().zip(&risks) {
            let risk = format!("{risk:?}").to_lowercase();
            text += &format!(
                "[[role]]\nname = \"{name}\"\nconnector = \"c\"\nlevel = \"write\"\nenvironment = \"staging\"\n\
                 risk = \"{risk}\"\nowner = \"p0\"\n"
            );
        }
        for (number, patterns) in patterns.iter().enumerate() {
            let risk = if number % 2 == 0 { ", risk = [\"low\", \"medium\"]" } else { "" };
            text += &format!(
                "[[rule]]\nname = \"{number}\"\nmatch = {{ roles = {patterns:?}{risk} }}\nwho = \"p0\"\n\
                 steps = [{{ any = \"manager\" }}]\n"
            );
        }
        let policy = parse(&source(&text)).unwrap();
        for role in policy.roles.values() {
            let found: Vec<&str> = policy.rules_of(&role.name).map(|rule| rule.name.as_str()).collect();
            let meant = policy.rules.iter().filter(|rule| rule.matches.holds(role));
            prop_assert_eq!(found, meant.map(|rule| rule.name.as_str()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&source(&text));
        let _ = parse_people("people.toml", &text, None);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse(&source(&text));
        let _ = parse_people("people.toml", &text, None);
    }

    /// Texts that are nearly right go deeper than noise.
    #[test]
    fn no_damage_panics(at in any::<prop::sample::Index>(), with in "[\\PC\n\"\\[\\]{}=,*]{0,8}", cut in 0usize..12) {
        for sample in [POLICY, PEOPLE] {
            let letters: Vec<char> = sample.chars().collect();
            let at = at.index(letters.len());
            let end = (at + cut).min(letters.len());
            let damaged: String = letters[..at].iter().copied().chain(with.chars()).chain(letters[end..].iter().copied()).collect();
            if let Err(problems) = parse(&source(&damaged)) {
                prop_assert!(problems.iter().all(|problem| problem.line > 0 && problem.column > 0));
            } else if let Ok(policy) = parse(&source(&damaged)) {
                let people = parse_people("people.toml", PEOPLE, None).unwrap();
                let _ = check(&policy, &people, &connectors());
            }
            let _ = parse_people("people.toml", &damaged, Some(&connectors()));
        }
    }
}
