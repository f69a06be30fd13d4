//! Words why a person would have a role or not: rule by rule, in plain lines. For `jit policy explain` and `/jit why`.

use crate::directory::{Directory, Person};
use crate::facts::OpenAccess;
use crate::id::PersonId;
use crate::policy::evaluate::{Deciding, auto_misses, known, list, owner_name, sentence};
use crate::policy::people::{asking, held_by, holds};
use crate::policy::{Policy, Question, Role, Rule, Step, tickets};
use crate::ticket::Known;

/// Why, in lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the request would go its way; of a blank question, whether some request could.
    pub allowed: bool,
    /// Plain text, names in backquotes; each a sentence or two.
    pub lines: Vec<String>,
}

impl Policy {
    /// Explains a judgement. A question without a justification is blank: the person would still fill in why, for how
    /// long and a ticket, so these are told as what it takes and not as what is missing.
    pub fn explain(&self, question: &Question<'_>, directory: &Directory, open: &[OpenAccess]) -> Explanation {
        let blank = question.justification.trim().is_empty();
        let duration = question.duration.min(self.longest(question.role)).max(self.limits.min_duration);
        let filled =
            Question { duration, ticket: Some("-"), known: Known::Fitting, justification: FILLED, ..*question };
        let question = if blank { &filled } else { question };
        let mut lines = vec![about(question.role, directory)];
        if question.role.pilot {
            lines.push(
                "It is only tried out: requests are judged, asked and recorded, and nothing is given.".to_owned(),
            );
        }
        let deciding = known(question, directory).and_then(|()| self.deciding(question, directory));
        for rule in self.rules_of(&question.role.name) {
            let decides = deciding.as_ref().is_ok_and(|deciding| std::ptr::eq(deciding.rule, rule));
            lines.push(rule_line(rule, question, directory, decides));
        }
        if let Ok(deciding) = &deciding {
            lines.extend(self.route_lines(deciding, question, directory));
        }
        let judged = self.judge(question, directory, open);
        let closing = judged.as_ref().ok().and_then(|judgement| judgement.closing.as_ref());
        if let Some(closing) = closing.filter(|closing| closing.at < question.ends()) {
            let at = closing.moment(question.now);
            lines.push(format!(
                "Asked for now, {} would be taken back {at}, when {}.",
                question.duration, closing.window
            ));
        }
        let refusal = judged.err();
        if let Some(refusal) = &refusal {
            lines.push(format!("It would be refused. {} {}", refusal.what, refusal.next));
            lines.push(format!("{} could change that.", owner_name(&question.role.owner, directory)));
        }
        Explanation { allowed: refusal.is_none(), lines }
    }

    fn route_lines(&self, deciding: &Deciding<'_>, question: &Question<'_>, directory: &Directory) -> Vec<String> {
        let rule = deciding.rule;
        let mut lines = Vec::new();
        if deciding.auto {
            lines.push("Nobody need agree.".to_owned());
        } else {
            let steps = rule.steps.iter().map(|step| {
                let people = names(asking(step, question.parties(), directory).people.keys(), directory);
                if step.count == 1 { people } else { format!("{} of {people}", step.count) }
            });
            lines.push(format!("It would ask {}.", steps.collect::<Vec<_>>().join(", then ")));
        }
        let threshold = rule.auto_approve.as_ref().filter(|_| deciding.auto).map(|auto| auto.up_to);
        let longest = self.longest_under(question.role, rule);
        let mut takes = vec![format!("at most {} at a time", threshold.map_or(longest, |up_to| up_to.min(longest)))];
        let calendar = self.calendar(question.role, rule);
        takes.extend(calendar.words(question.now));
        takes.extend(question.role.max_simultaneous.map(|max| format!("held by at most {max} at a time")));
        takes.extend(tickets::words(rule));
        lines.push(sentence(&takes.join(", ")));
        if !calendar.is_always_open() {
            lines.push(calendar.at_end().to_owned());
        }
        lines
    }
}

/// A justification that passes, for questions in which it is not known.
pub const FILLED: &str = "A justification of honest length, standing in for the one that the person would still have to \
    write: it says what happened, which system is concerned, what has to be done there, why it cannot wait, and who \
    else knows about it. Minimums of policy go up to five hundred characters, so this text is longer than that: it \
    goes on to describe the steps that are planned, the way back if one of them fails, the people who were told \
    beforehand, and the place where the result will be written down once everything is finished and checked by all.";

fn about(role: &Role, directory: &Directory) -> String {
    let Role { name, title, environment, .. } = role;
    let risk = format!("{:?}", role.risk).to_lowercase();
    format!(
        "`{name}`: {title}. Environment {environment}, {risk} risk, owned by {}.",
        owner_name(&role.owner, directory)
    )
}

fn rule_line(rule: &Rule, question: &Question<'_>, directory: &Directory, decides: bool) -> String {
    let mut line = format!("Rule `{}`", rule.name);
    if !rule.place.file.is_empty() {
        line.push_str(&format!(" ({}:{})", rule.place.file, rule.place.line));
    }
    let person = question.beneficiary;
    if !holds(&rule.who, person) || !holds(&rule.who, question.requester) {
        let who: Vec<String> = rule.who.iter().map(|who| format!("`{who}`")).collect();
        return format!("{line} is for {}, and `{}` is not among them.", list(&who), outsider(rule, question));
    }
    let through = rule.who.iter().find(|who| held_by(who, person)).map(ToString::to_string).unwrap_or_default();
    line.push_str(&format!(" applies to `{}` through `{through}`", person.id));
    if let Some(auto) = &rule.auto_approve {
        let misses = auto_misses(auto, question, directory);
        if misses.is_empty() {
            line.push_str(", and approves by itself");
        } else {
            let whats: Vec<&str> = misses.iter().map(|miss| miss.what.as_str()).collect();
            line.push_str(&format!(", and approves by itself, but {}", whats.join(", and ")));
        }
    }
    if !rule.steps.is_empty() {
        let steps: Vec<String> = rule.steps.iter().map(step_words).collect();
        line.push_str(&format!("; it asks {}", steps.join(", then ")));
    }
    line.push_str(if decides { ". It decides." } else { "." });
    line
}

fn outsider<'a>(rule: &Rule, question: &Question<'a>) -> &'a PersonId {
    let inside = |person: &Person| holds(&rule.who, person);
    if inside(question.beneficiary) { &question.requester.id } else { &question.beneficiary.id }
}

fn step_words(step: &Step) -> String {
    let any: Vec<String> = step.any.iter().map(|subject| format!("`{subject}`")).collect();
    format!("{} of {}", step.count, list(&any))
}

/// People's names, the first few.
fn names<'a>(people: impl ExactSizeIterator<Item = &'a PersonId>, directory: &'a Directory) -> String {
    const MOST: usize = 8;
    let count = people.len();
    if count == 0 {
        return "nobody".to_owned();
    }
    let mut names: Vec<String> = people.take(MOST).map(|id| directory.name(id).to_owned()).collect();
    if count > MOST {
        names.push(format!("{} others", count - MOST));
    }
    list(&names)
}
