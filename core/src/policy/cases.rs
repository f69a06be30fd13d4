//! Table tests of a policy: what somebody asks for in a made-up situation, and what is expected to come of it. Kept in files beside the
//! policy, read by [`super::parse_cases`], judged by `jit policy test` as production judges requests. Judges nothing itself.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::{Channel, Origin, Platform};
use crate::command::Ask;
use crate::directory::{Directory, Rotations};
use crate::entitlement::EntitlementKey;
use crate::facts::OpenAccess;
use crate::id::{AccessId, PersonId, RoleName, ShortId};
use crate::incident::Incidents;
use crate::personal::Personal;
use crate::policy::evaluate::list;
use crate::policy::{Judgement, Place, Route};
use crate::refusal::{Code, Refusal};
use crate::span::Span;
use crate::ticket::{Finding, Known};

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// For people; who asks for what, unless given.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Who asks.
    pub person: PersonId,
    /// Who shall get it.
    pub beneficiary: PersonId,
    /// Which role.
    pub role: RoleName,
    /// For how long.
    pub duration: Span,
    /// When; now, unless given.
    pub at: Option<DateTime<Utc>>,
    /// When it shall begin; at once, unless given.
    pub start: Option<DateTime<Utc>>,
    /// In which channel.
    pub channel: Option<Channel>,
    /// With which ticket.
    pub ticket: Option<String>,
    /// What its source says of that ticket; it is not known unless given.
    pub finding: Option<Finding>,
    /// Why.
    pub justification: String,
    /// What the beneficiary has already.
    pub holds: Vec<RoleName>,
    /// What the beneficiary has asked for, and nobody has decided yet.
    pub pending: Vec<RoleName>,
    /// Who is on call; nobody, unless given.
    pub oncall: Rotations,
    /// Which incidents are open; it is not known unless given.
    pub incidents: Incidents,
    /// What must come of it.
    pub expected: Expected,
}

/// What must come of a case; whatever is not given may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The kind of outcome.
    pub kind: Kind,
    /// The rule that decides, or that refuses.
    pub rule: Option<String>,
    /// Step by step, who is asked: exactly these.
    pub approvers: Option<Vec<BTreeSet<PersonId>>>,
    /// The stable code of the refusal.
    pub code: Option<Code>,
    /// A part of what the refusal says; case does not matter.
    pub says: Option<String>,
}

/// The three ways in which a judgement goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Policy agrees by itself.
    Auto,
    /// People must agree.
    Approval,
    /// It is refused.
    Refused,
}

impl Case {
    /// The request that it makes; ids and salt are made up.
    pub fn ask(&self) -> Ask {
        Ask {
            id: AccessId(Uuid::nil()),
            short: ShortId::from_random([0; ShortId::LENGTH]),
            requester: self.person.clone(),
            beneficiary: self.beneficiary.clone(),
            role: self.role.clone(),
            more: Vec::new(),
            duration: self.duration,
            starts_at: self.start,
            justification: Personal::new(self.justification.as_str(), [0; 16]),
            ticket: self.ticket.clone(),
            origin: Origin { platform: Platform::Cli, channel: self.channel.clone() },
            extends: None,
            emergency: false,
            drill: false,
        }
    }

    /// What is known of its ticket.
    pub fn known(&self) -> Known<'_> {
        Known::Found(self.finding.as_ref())
    }

    /// The people of a directory, with those on call whom the case says, and its incidents.
    pub fn people<'a>(&self, directory: &'a Directory) -> Cow<'a, Directory> {
        let mut people = Cow::Borrowed(directory);
        if self.oncall != *directory.oncall() {
            people.to_mut().set_oncall(self.oncall.clone());
        }
        if self.incidents != *directory.all_incidents() {
            people.to_mut().set_incidents(self.incidents.clone());
        }
        people
    }

    /// What is open of the beneficiary at that moment; ids are made up.
    pub fn open(&self) -> Vec<OpenAccess> {
        let all =
            self.holds.iter().map(|role| (role, "active")).chain(self.pending.iter().map(|role| (role, "pending")));
        let open = |(number, (role, state)): (u32, (&RoleName, &str))| OpenAccess {
            id: AccessId(Uuid::from_u128(u128::from(number))),
            short: ShortId::from_random([0, 0, 0, 0, number / 30, number]),
            beneficiary: self.beneficiary.clone(),
            role: role.clone(),
            state: state.to_owned(),
            starts: None,
            until: None,
            extends: None,
            entitlement: Some(EntitlementKey(format!("{number}/{role}"))),
        };
        (1..).zip(all).map(open).collect()
    }
}

impl Kind {
    /// The kind of a judgement.
    pub fn of(outcome: &Result<Judgement, Refusal>) -> Self {
        match outcome {
            Ok(judgement) => Self::of_route(&judgement.route),
            Err(_) => Self::Refused,
        }
    }

    /// The kind of a route that was fixed.
    pub fn of_route(route: &Route) -> Self {
        if route.is_auto() { Self::Auto } else { Self::Approval }
    }

    /// The word of the files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Approval => "approval",
            Self::Refused => "refused",
        }
    }
}

impl Expected {
    /// Whether this outcome is the expected one.
    pub fn holds(&self, outcome: &Result<Judgement, Refusal>) -> bool {
        let (rule, refusal) = match outcome {
            Ok(judgement) => (Some(&judgement.route.rule), None),
            Err(refusal) => (refusal.rule.as_ref(), Some(refusal)),
        };
        let asked = outcome.as_ref().map_or_else(|_| Vec::new(), asked);
        let said = |words: &String| {
            refusal.is_some_and(|refusal| refusal.to_string().to_lowercase().contains(&words.to_lowercase()))
        };
        self.kind == Kind::of(outcome)
            && self.rule.as_ref().is_none_or(|expected| rule == Some(expected))
            && self.approvers.as_ref().is_none_or(|expected| asked == *expected)
            && self.code.is_none_or(|code| refusal.is_some_and(|refusal| refusal.code == code))
            && self.says.as_ref().is_none_or(said)
    }
}

fn asked(judgement: &Judgement) -> Vec<BTreeSet<PersonId>> {
    judgement.approvers.iter().map(|people| people.iter().cloned().collect()).collect()
}

impl fmt::Display for Expected {
    /// ``approval by the rule `single`, asking bob``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if let Some(rule) = &self.rule {
            write!(f, " by the rule `{rule}`")?;
        }
        if let Some(code) = self.code {
            write!(f, " as `{}`", code.as_str())?;
        }
        if let Some(approvers) = &self.approvers {
            let steps: Vec<String> = approvers.iter().map(|people| some(people.iter())).collect();
            write!(f, ", asking {}", steps.join(", then "))?;
        }
        self.says.as_ref().map_or(Ok(()), |says| write!(f, ", saying “{says}”"))
    }
}

/// What came out, in a line: ``approval by the rule `single`, asking 1 of bob``; a refusal in its own words.
pub fn words(outcome: &Result<Judgement, Refusal>) -> String {
    match outcome {
        Ok(judgement) => {
            let decided = format!("{} by the rule `{}`", Kind::of(outcome).as_str(), judgement.route.rule);
            let steps = judgement.route.steps.iter().zip(&judgement.approvers);
            let steps: Vec<String> =
                steps.map(|(step, people)| format!("{} of {}", step.count, some(people.iter()))).collect();
            if steps.is_empty() { decided } else { format!("{decided}, asking {}", steps.join(", then ")) }
        }
        Err(refusal) => {
            let by = refusal.rule.as_ref().map(|rule| format!(" by the rule `{rule}`")).unwrap_or_default();
            format!("refused{by} as `{}`: {} {}", refusal.code.as_str(), refusal.what, refusal.next)
        }
    }
}

/// The first few people, and how many more.
fn some<'a>(people: impl ExactSizeIterator<Item = &'a PersonId>) -> String {
    const MOST: usize = 12;
    let count = people.len();
    let mut names: Vec<String> = people.take(MOST).map(ToString::to_string).collect();
    if count > MOST {
        names.push(format!("{} others", count - MOST));
    }
    if names.is_empty() { "nobody".to_owned() } else { list(&names) }
}
