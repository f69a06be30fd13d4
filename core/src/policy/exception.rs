//! Listed exceptions: standing access that is known, which jit neither gave nor takes, with somebody who answers for it and an end.
//!
//! An exception gives nobody anything and decides nothing: it only says of what is found that it is known. Read with the policy; shown by
//! `/jit who` and `jit policy check`; its owner and security are reminded of its end.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::document::{Problem, Severity, Table};
use crate::entitlement::Entitlement;
use crate::id::{AccountName, PersonId, RoleName};
use crate::policy::parse::title;
use crate::policy::parse_role::{owner, plain};
use crate::policy::parse_windows::moment;
use crate::policy::people::held_by;
use crate::policy::{Place, Policy, Role, Subject};

/// How long before its end an exception's owner and security are reminded.
pub const REMIND_BEFORE: TimeDelta = TimeDelta::days(14);

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The role that gives the same.
    pub role: RoleName,
    /// Who holds it.
    pub holder: Holder,
    /// Who answers for it.
    pub owner: Subject,
    /// From then on it is not listed any more: the end of its last day, in UTC.
    pub until: DateTime<Utc>,
    /// Why it is left there; the policy's words.
    pub reason: String,
}

/// Who holds what is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// A person, by whatever account they have there.
    Person(PersonId),
    /// An account of the role's system that need be nobody's.
    Account(AccountName),
}

/// One line, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it says.
    pub exception: Exception,
    /// For messages.
    pub place: Place,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => write!(f, "{person}"),
            Self::Account(account) => write!(f, "the account {account}"),
        }
    }
}

impl Exception {
    /// Its last day, for people.
    pub fn last_day(&self) -> String {
        (self.until - TimeDelta::seconds(1)).format("%-d %b %Y").to_string()
    }

    /// Names what is told of it: the same line with another end is told of anew.
    pub fn key(&self) -> String {
        let holder = match &self.holder {
            Holder::Person(person) => format!("person:{person}"),
            Holder::Account(account) => format!("account:{account}"),
        };
        format!("{}/{holder}/{}", self.role, self.until.timestamp())
    }

    /// Who is to be told: everybody active who answers for it.
    pub fn owners(&self, directory: &Directory) -> Vec<PersonId> {
        let people =
            directory.people().filter(|person| directory.active(&person.id).is_some() && held_by(&self.owner, person));
        people.map(|person| person.id.clone()).collect()
    }
}

impl Policy {
    /// What is listed of a role, whatever the name of the role that it was listed under; what is over included.
    pub fn exceptions_of<'a>(&'a self, role: &'a Role) -> impl Iterator<Item = &'a Exception> {
        let alike = move |exception: &&Exception| {
            self.role(&exception.role)
                .is_some_and(|other| (&other.connector, &other.target) == (&role.connector, &role.target))
        };
        self.exceptions.iter().map(|listed| &listed.exception).filter(alike)
    }

    /// What lists that this account holds this by itself, and is not over.
    pub fn exception_for(
        &self,
        entitlement: &Entitlement,
        directory: &Directory,
        now: DateTime<Utc>,
    ) -> Option<&Exception> {
        let about = |exception: &&Exception| {
            let Some(role) = self.role(&exception.role) else { return false };
            let holds = match &exception.holder {
                Holder::Account(account) => *account == entitlement.account,
                Holder::Person(person) => directory
                    .person(person)
                    .is_some_and(|person| person.accounts.get(&role.connector) == Some(&entitlement.account)),
            };
            holds && (&role.connector, &role.target) == (&entitlement.connector, &entitlement.target)
        };
        let live = self.exceptions.iter().map(|listed| &listed.exception).filter(|exception| now < exception.until);
        live.filter(about).max_by_key(|exception| exception.until)
    }

    /// The lines whose time is over, as warnings: a date alone must not keep a policy, or people, from being read.
    pub fn expired(&self, now: DateTime<Utc>) -> Vec<Problem> {
        let over = self.exceptions.iter().filter(|listed| listed.exception.until <= now);
        over.map(|Listed { exception, place }| {
            let (line, column) = place.of("until");
            let Exception { role, holder, .. } = exception;
            Problem {
                file: place.file.clone(),
                line,
                column,
                what: format!("the exception of {holder} from `{role}` is over since {}", exception.last_day()),
                hint: Some(
                    "take the access away at the system and this line with it, or give it a later `until`".to_owned(),
                ),
                severity: Severity::Warning,
            }
        })
        .collect()
    }
}

/// Reads one `[[exception]]`.
pub(super) fn exception(mut table: Table<'_, '_>) -> Option<Exception> {
    let role = table.need_text("role").and_then(|text| plain(&table, "role", text)).map(RoleName::new);
    let person = table.text("person").and_then(|text| plain(&table, "person", text)).map(PersonId::new);
    let account = table.text("account").and_then(|text| title(&table, "account", text)).map(AccountName::new);
    let holder = match (table.has("person"), table.has("account")) {
        (true, false) => person.map(Holder::Person),
        (false, true) => account.map(Holder::Account),
        _ => {
            let hint = "write `person = \"alice\"`, or `account = \"svc_reports\"` for one that is nobody's".to_owned();
            table.problem("an exception is of one `person` or of one `account`", Some(hint));
            None
        }
    };
    let owner = table.need_text("owner").and_then(|text| owner(&table, text));
    let until = table.need_local("until");
    let until = until.and_then(|text| moment(&table, "until", &text, (Tz::UTC, true)));
    let reason = table.need_text("reason").and_then(|text| title(&table, "reason", text));
    table.finish();
    Some(Exception { role: role?, holder: holder?, owner: owner?, until: until?, reason: reason? })
}
