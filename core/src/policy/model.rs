//! What a loaded policy is. Built by the parser, immutable afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Deref;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::entitlement::Target;
use crate::id::{ConnectorName, PersonId, PolicyHash, RoleName};
use crate::incident::OnCall;
use crate::policy::glob::glob;
use crate::policy::{Digest, Listed};
use crate::span::Span;
use crate::ticket::{Demand, Terms};

/// The environment that has bounds of its own.
pub const PRODUCTION: &str = "production";

/// A whole policy: its [`Parts`], which read as its own fields, and an index over them. Immutable.
#[derive(Clone, Debug)]
pub struct Policy {
    parts: Parts,
    /// Role to positions in [`Parts::rules`] of the rules that are about it, in their order.
    rules_of: HashMap<RoleName, Vec<usize>>,
    /// Where the tables stand that may be given once, such as `limits`.
    places: BTreeMap<&'static str, Place>,
}

/// What a policy consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// SHA-256 over the files' names and bytes.
    pub hash: PolicyHash,
    /// Every role, by name.
    pub roles: BTreeMap<RoleName, Role>,
    /// Every rule, in order of file name and position.
    pub rules: Vec<Rule>,
    /// Roles that must not be held together.
    pub conflicts: Vec<Conflict>,
    /// Limits for everybody.
    pub limits: Limits,
    /// `[security] who = […]`: may see and revoke everything; `["group:security"]` unless set.
    pub security: Vec<Subject>,
    /// `[security] digest = { … }`: when security is told of what policy gave because somebody was on call; never unless set.
    pub digest: Option<Digest>,
    /// `[visibility] who = "everyone" | "parties"`: what people who have no part in an access learn of it.
    pub visibility: Visibility,
    /// Who may elevate at once in an emergency.
    pub emergencies: Vec<Emergency>,
    /// Standing access that is known.
    pub exceptions: Vec<Listed>,
    /// When roles may not be held.
    pub blackouts: Vec<Blackout>,
    /// The only times at which roles may be held that they are about.
    pub change_windows: Vec<ChangeWindow>,
}

/// What people who have no part in an access learn from `show` and `who`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Nothing: only the parties, the role's owner and security see it.
    #[default]
    Parties,
    /// Who holds which role until when, without justifications.
    Everyone,
}

/// How much a role lets one do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Look.
    ReadOnly,
    /// Change data.
    Write,
    /// Change anything.
    Admin,
}

/// How much harm a role can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// May be given without anybody's agreement.
    Low,
    /// One agreement.
    Medium,
    /// Two different people; never automatic.
    High,
}

/// Something that can be asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its name, unique.
    pub name: RoleName,
    /// For people.
    pub title: String,
    /// Which connector gives it.
    pub connector: ConnectorName,
    /// The connector's own keys.
    pub target: Target,
    /// See [`Level`].
    pub level: Level,
    /// For example `production`.
    pub environment: String,
    /// See [`Risk`].
    pub risk: Risk,
    /// Who answers for it.
    pub owner: Subject,
    /// Data tags such as `pii`.
    pub tags: BTreeSet<String>,
    /// The longest it may be held.
    pub max_duration: Span,
    /// How many may hold it at the same time, where that is limited.
    pub max_simultaneous: Option<u32>,
    /// It is being tried out: judged, asked and recorded, and nothing is given.
    pub pilot: bool,
    /// Where it stands, for messages.
    pub place: Place,
}

/// Where a role or rule stands in the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Relative to the policy's folder.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// Line and column of each value by its path, such as `steps.0.any.1`.
    pub(crate) values: BTreeMap<String, (usize, usize)>,
}

impl Place {
    /// Line and column of a value; those of the whole where it was not given.
    pub(crate) fn of(&self, path: &str) -> (usize, usize) {
        self.values.get(path).copied().unwrap_or((self.line, self.column))
    }

    /// Whether a value was given.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.values.contains_key(path)
    }
}

/// People, by whatever names them in policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// One person, by canonical id.
    Person(PersonId),
    /// `group:name`: the members of a directory group.
    Group(String),
    /// `oncall:provider/schedule`: whoever is on that rotation now.
    Oncall(String),
    /// `manager`: the beneficiary's manager.
    Manager,
    /// `owner`: the role's owner.
    Owner,
}

/// Whom an escalation adds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EscalateTo {
    /// `manager-of-approver`: the managers of those who were asked.
    ManagerOfApprover,
    /// Anybody a step can name.
    Subject(Subject),
}

/// Which roles a rule is about; every given key must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleMatch {
    /// Glob patterns over role names (`*` any characters).
    pub roles: Option<Vec<String>>,
    /// Any of these risks.
    pub risk: Option<Vec<Risk>>,
    /// Any of these environments.
    pub environment: Option<Vec<String>>,
    /// Any of these levels.
    pub level: Option<Vec<Level>>,
    /// Any of these tags.
    pub tags: Option<Vec<String>>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// For people: it is named in every refusal.
    pub name: String,
    /// Which roles.
    pub matches: RoleMatch,
    /// Who may ask.
    pub who: Vec<Subject>,
    /// Who must agree, one step after another; empty for a rule that only approves automatically.
    pub steps: Vec<Step>,
    /// When nobody need agree.
    pub auto_approve: Option<AutoApprove>,
    /// The longest that this rule allows.
    pub max_duration: Option<Span>,
    /// Whether a ticket must be named.
    pub ticket: TicketNeed,
    /// What must be true of one that is named.
    pub ticket_terms: Terms,
    /// When it may be held.
    pub hours: Option<Hours>,
    /// What becomes of it when a window ends.
    pub at_window_end: AtWindowEnd,
    /// After which time approvers are reminded, once a step.
    pub remind_after: Span,
    /// After which time further people are asked.
    pub escalate_after: Span,
    /// Who they are.
    pub escalate_to: Vec<EscalateTo>,
    /// After which time without a decision a step gives up.
    pub timeout: Span,
    /// How long before the end the holder is warned.
    pub warn_before: Span,
    /// Where it stands.
    pub place: Place,
}

/// One step of a route: `count` distinct people of `any`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whose votes count.
    pub any: Vec<Subject>,
    /// How many.
    pub count: u32,
    /// Whether somebody who is away may have another stand in.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub delegation: bool,
}

fn yes() -> bool {
    true
}

/// In `in_channels`: the own channel of the incident that `require_incident` demands. No platform has channels of such a name.
pub const OWN_CHANNEL: &str = "incident:own";

/// When nobody need agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoApprove {
    /// For at most so long (chain of extensions included); under one hour unless on call.
    pub up_to: Span,
    /// Only when asked in one of these channels (id, glob over names, or [`OWN_CHANNEL`]).
    pub in_channels: Option<Vec<String>>,
    /// Only while one of these services (`source/service`) has an open incident.
    pub require_incident: Option<Vec<String>>,
    /// What it gives ends when that incident is resolved.
    pub end_with_incident: bool,
}

/// Whether a ticket must be named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketNeed {
    /// Not asked for.
    #[default]
    None,
    /// May be given.
    Optional,
    /// Must be given.
    Required,
}

/// What becomes of access when the window ends in which it may be held: the rule's hours, a change window, or the time before a blackout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtWindowEnd {
    /// It is taken back.
    #[default]
    Cut,
    /// It runs on to its own end.
    Keep,
}

/// A time during which roles may not be held.
#[derive(Clone, Debug, PartialEq)]
pub struct Blackout {
    /// For people: it is named in every refusal.
    pub name: String,
    /// Which roles.
    pub matches: RoleMatch,
    /// When.
    pub during: Period,
    /// Where it stands.
    pub place: Place,
}

/// A time in which alone roles may be held; of several about a role any one is enough.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeWindow {
    /// For people: it is named in every refusal.
    pub name: String,
    /// Which roles.
    pub matches: RoleMatch,
    /// When.
    pub times: Times,
    /// Where it stands.
    pub place: Place,
}

/// When a window stands open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Times {
    /// Every week.
    Weekly(Hours),
    /// Once.
    Once(Period),
}

/// One stretch of time: from its beginning, up to but not including its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// The zone in which it was written, and is told.
    pub zone: chrono_tz::Tz,
}

/// The end of the window in which an access may be held: it is taken back then at the latest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When.
    pub at: DateTime<Utc>,
    /// The zone that it is told in.
    pub zone: chrono_tz::Tz,
    /// Which window.
    pub window: Window,
}

/// A window whose end takes access back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "window", rename_all = "kebab-case")]
pub enum Window {
    /// The hours of the rule.
    Hours {
        /// As people read them.
        hours: String,
    },
    /// A change window closes.
    ChangeWindow {
        /// Its name.
        name: String,
    },
    /// A blackout begins.
    Blackout {
        /// Its name.
        name: String,
    },
}

/// Days and times of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Which days.
    pub days: Vec<chrono::Weekday>,
    /// From this local time, inclusive.
    pub from: chrono::NaiveTime,
    /// To this local time, exclusive; `00:00` means the day's end.
    pub to: chrono::NaiveTime,
    /// IANA zone.
    pub zone: chrono_tz::Tz,
}

/// Roles that must not be held together, nor one requested while the other is pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// For people.
    pub name: String,
    /// Glob patterns over role names.
    pub roles: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// Limits for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Simultaneous open accesses per person, extensions not counted.
    pub max_simultaneous: u32,
    /// Accesses that may be held at the same time by all people together, where that is limited.
    pub max_simultaneous_total: Option<u32>,
    /// The shortest that may be asked for.
    pub min_duration: Span,
    /// The fewest characters of a justification.
    pub min_justification: usize,
    /// The longest per environment; `production` 4 h, all else 24 h unless set.
    pub max_duration: BTreeMap<String, Span>,
}

/// Who may elevate at once in an emergency, and who reviews it afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Emergency {
    /// Which roles.
    pub matches: RoleMatch,
    /// Who may.
    pub who: Vec<Subject>,
    /// The longest that it may last.
    pub max_duration: Span,
    /// The review that must follow.
    pub review: Review,
    /// Where it stands.
    pub place: Place,
}

/// The review of an emergency.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// Any of these.
    pub by: Vec<Subject>,
    /// How soon.
    pub within: Span,
}

/// Who must agree to one access; fixed when asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The rule that decided.
    pub rule: String,
    /// One after another; empty: policy agreed by itself.
    pub steps: Vec<Step>,
    /// See [`Rule::remind_after`].
    pub remind_after: Span,
    /// See [`Rule::escalate_after`].
    pub escalate_after: Span,
    /// See [`Rule::escalate_to`].
    pub escalate_to: Vec<EscalateTo>,
    /// See [`Rule::timeout`].
    pub timeout: Span,
    /// See [`Rule::warn_before`].
    pub warn_before: Span,
    /// Policy agreed by itself because of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oncall: Option<Box<OnCall>>,
    /// The ticket that is looked up before anybody is asked and before anything is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Box<Demand>>,
}

impl Policy {
    /// Indexes the parts.
    pub fn new(parts: Parts) -> Self {
        let mut rules_of: HashMap<RoleName, Vec<usize>> = HashMap::with_capacity(parts.roles.len());
        for (position, rule) in parts.rules.iter().enumerate() {
            for role in rule.matches.among(&parts.roles) {
                rules_of.entry(role.name.clone()).or_default().push(position);
            }
        }
        Self { parts, rules_of, places: BTreeMap::new() }
    }

    /// Remembers where the tables stand that may be given once.
    pub(super) fn with_places(self, places: BTreeMap<&'static str, Place>) -> Self {
        Self { places, ..self }
    }

    /// Where such a table stands; nowhere when it was left out.
    pub(super) fn place_of(&self, table: &str) -> &Place {
        static NOWHERE: Place = Place { file: String::new(), line: 0, column: 0, values: BTreeMap::new() };
        self.places.get(table).unwrap_or(&NOWHERE)
    }

    /// The role of a name.
    pub fn role(&self, name: &RoleName) -> Option<&Role> {
        self.roles.get(name)
    }

    /// The rules about a role, in their order; none for a role that the policy does not have.
    pub fn rules_of(&self, role: &RoleName) -> impl Iterator<Item = &Rule> {
        self.positions_of(role).iter().map(|position| &self.parts.rules[*position])
    }

    /// Where these rules stand in [`Parts::rules`].
    pub(super) fn positions_of(&self, role: &RoleName) -> &[usize] {
        self.rules_of.get(role).map_or(&[], Vec::as_slice)
    }
}

impl Deref for Policy {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Rule {
    /// Everybody whom it names: who may ask, and who must agree.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.who.iter().chain(self.steps.iter().flat_map(|step| &step.any))
    }
}

impl RoleMatch {
    /// Those of all roles that are meant, each once.
    fn among<'a>(&self, roles: &'a BTreeMap<RoleName, Role>) -> Vec<&'a Role> {
        let mut meant: Vec<&Role> = match &self.roles {
            None => roles.values().collect(),
            Some(patterns) => patterns.iter().flat_map(|pattern| fitting(pattern, roles)).collect(),
        };
        meant.retain(|role| self.holds(role));
        meant.sort_by_key(|role| &role.name);
        meant.dedup_by_key(|role| &role.name);
        meant
    }

    /// Whether a role is meant: every key that is given must hold.
    pub fn holds(&self, role: &Role) -> bool {
        let any_tag = |tags: &Vec<String>| tags.iter().any(|tag| role.tags.contains(tag));
        let any_name = |names: &Vec<String>| names.iter().any(|name| glob(name, role.name.as_str()));
        self.risk.as_ref().is_none_or(|risks| risks.contains(&role.risk))
            && self.environment.as_ref().is_none_or(|environments| environments.contains(&role.environment))
            && self.level.as_ref().is_none_or(|levels| levels.contains(&role.level))
            && self.tags.as_ref().is_none_or(any_tag)
            && self.roles.as_ref().is_none_or(any_name)
    }
}

/// The roles whose names fit a pattern. Looks only at those that begin as it does.
pub(super) fn fitting<'a>(pattern: &str, roles: &'a BTreeMap<RoleName, Role>) -> impl Iterator<Item = &'a Role> {
    let begin = pattern.split('*').next().unwrap_or_default();
    let near = roles.range(RoleName::new(begin)..).map(|(_, role)| role);
    let near = near.take_while(move |role| role.name.as_str().starts_with(begin));
    near.filter(move |role| glob(pattern, role.name.as_str()))
}

impl Conflict {
    /// Whether a role is one of those that must not be held together.
    pub fn names(&self, role: &RoleName) -> bool {
        self.roles.iter().any(|pattern| glob(pattern, role.as_str()))
    }
}

impl Limits {
    /// The longest in an environment.
    pub fn longest_in(&self, environment: &str) -> Span {
        let default = if environment == PRODUCTION { Span::hours(4) } else { Span::hours(24) };
        self.max_duration.get(environment).copied().unwrap_or(default)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_simultaneous: 3,
            max_simultaneous_total: None,
            min_duration: Span::minutes(5),
            min_justification: 12,
            max_duration: BTreeMap::new(),
        }
    }
}

impl Route {
    /// Policy agreed by itself.
    pub fn is_auto(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many people must agree in all.
    pub fn quorum(&self) -> u32 {
        self.steps.iter().map(|step| step.count).sum()
    }
}

impl Subject {
    /// The rotation (`source/schedule`) that it names, where it names one.
    pub fn rotation(&self) -> Option<&str> {
        match self {
            Self::Oncall(rotation) => Some(rotation),
            _ => None,
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("group", name)) if !name.is_empty() => Ok(Self::Group(name.to_owned())),
            Some(("oncall", name)) if !name.is_empty() => Ok(Self::Oncall(name.to_owned())),
            Some((kind, _)) => {
                Err(format!("`{kind}:` names no kind of people; use group: or oncall:, or a person's id"))
            }
            None if text.is_empty() => Err("an empty name names nobody".to_owned()),
            None if text == "manager" => Ok(Self::Manager),
            None if text == "owner" => Ok(Self::Owner),
            None => Ok(Self::Person(PersonId::new(text))),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "{id}"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::Oncall(name) => write!(f, "oncall:{name}"),
            Self::Manager => f.write_str("manager"),
            Self::Owner => f.write_str("owner"),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

impl TryFrom<String> for EscalateTo {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "manager-of-approver" => Ok(Self::ManagerOfApprover),
            _ => Subject::try_from(text).map(Self::Subject),
        }
    }
}

impl From<EscalateTo> for String {
    fn from(to: EscalateTo) -> Self {
        match to {
            EscalateTo::ManagerOfApprover => "manager-of-approver".to_owned(),
            EscalateTo::Subject(subject) => subject.to_string(),
        }
    }
}
