//! The emergency bypass: access at once and without anybody's agreement, for whom policy permits it, reviewed afterwards.
//!
//! What keeps a request back for the sake of order (hours, tickets, the number of accesses, whom to ask) does not count here; what keeps it
//! back for the sake of safety does: an account, the longest duration, a justification that says something, conflicting roles.

use crate::directory::{Directory, Person};
use crate::facts::OpenAccess;
use crate::policy::evaluate::{Question, known, owner_name};
use crate::policy::faults::{Fault, Faults};
use crate::policy::people::holds;
use crate::policy::{Emergency, Policy, Role, Route, justification};
use crate::refusal::{Code, Refusal};
use crate::span::Span;

/// How a bypass is told where a rule would be.
pub const RULE: &str = "emergency bypass";

/// The states in which nothing can have been given.
const NOT_GIVEN: [&str; 3] = ["screening", "pending", "scheduled"];

impl Policy {
    /// What lets this person take this role in an emergency: the first `[[emergency]]` that is about both.
    pub fn bypass(&self, role: &Role, person: &Person, directory: &Directory) -> Option<&Emergency> {
        let person = directory.active(&person.id)?;
        self.emergencies.iter().find(|emergency| emergency.matches.holds(role) && holds(&emergency.who, person))
    }

    /// The roles that this person may take in an emergency, in order of name.
    pub fn bypassable<'a>(&'a self, person: &Person, directory: &Directory) -> Vec<&'a Role> {
        self.roles.values().filter(|role| self.bypass(role, person, directory).is_some()).collect()
    }

    /// Judges a bypass; `open` is everything open of the beneficiary. The route asks nobody.
    pub fn judge_bypass(
        &self,
        question: &Question<'_>,
        directory: &Directory,
        open: &[OpenAccess],
    ) -> Result<(Route, &Emergency), Refusal> {
        let role = question.role;
        let by_owner = |refusal: Refusal| refusal.by_rule(RULE).ask(owner_name(&role.owner, directory));
        known(question, directory).map_err(by_owner)?;
        let emergency = self.bypass(role, question.beneficiary, directory);
        let emergency = emergency.filter(|_| question.requester.id == question.beneficiary.id).ok_or_else(|| {
            by_owner(Refusal::new(
                Code::NotPermitted,
                format!("Policy does not let you take `{}` in an emergency.", role.name),
                format!("`/jit request {}` asks in the normal way.", role.name),
            ))
        })?;
        let live = open.iter().find(|access| access.role == role.name && !NOT_GIVEN.contains(&access.state.as_str()));
        if let Some(live) = live {
            let next = format!("See where it stands with `show {}`.", live.short);
            let what = format!("You have `{}` already as `{}`.", role.name, live.short);
            return Err(Refusal::new(Code::Duplicate, what, next));
        }
        let mut faults = Faults::default();
        let longest = self.longest_bypass(role, emergency);
        let (duration, least) = (question.duration, self.limits.min_duration);
        if duration < least || duration.is_zero() {
            let what = format!("{duration} is shorter than the minimum of {least}");
            faults.push(Fault::new(Code::Duration, what, format!("take it for at least {least}")));
        }
        if duration > longest {
            let what = format!("{duration} is longer than the {longest} of a bypass");
            faults.push(Fault::new(Code::Duration, what, format!("take it for at most {longest}")));
        }
        if let Some(fault) = justification::fault(question.justification, self.limits.min_justification) {
            faults.push(fault);
        }
        self.conflict_faults(question, open, &mut faults);
        faults.into_result().map_err(by_owner)?;
        Ok((route(), emergency))
    }

    /// The longest that a role may be taken for in an emergency.
    pub fn longest_bypass(&self, role: &Role, emergency: &Emergency) -> Span {
        emergency.max_duration.min(role.max_duration).min(self.limits.longest_in(&role.environment))
    }
}

/// Nobody is asked, so nobody is reminded; the holder is warned as ever.
fn route() -> Route {
    Route {
        rule: RULE.to_owned(),
        steps: Vec::new(),
        remind_after: Span::MAX,
        escalate_after: Span::MAX,
        escalate_to: Vec::new(),
        timeout: Span::MAX,
        warn_before: Span::minutes(15),
        oncall: None,
        ticket: None,
    }
}
