//! What `jit policy replay` prints: each request whose outcome would change or cannot be told, as soon as it is known, and counts at the
//! end. Keeps no list, however long the past is. Nobody's words are printed.

use std::collections::HashMap;
use std::io::{Stdout, Write};

use anyhow::Context;
use chrono::{DateTime, Utc};
use jit_core::access::{Access, Outcome, State};
use jit_core::id::{AccessId, PolicyHash};
use jit_core::policy::cases::{Kind, words};
use jit_core::policy::{Judgement, Step, Subject};
use jit_core::refusal::Refusal;
use jit_store::Store;
use serde_json::{Value, json};

use super::past::{Asked, Was};
use crate::cli::Output;

/// What judging again led to.
pub(super) enum Verdict {
    /// The same outcome.
    Same,
    /// Another one.
    Changed(Result<Judgement, Refusal>),
    /// It cannot be told, and why.
    Unknown(String),
}

/// The report so far.
pub(super) struct Report {
    output: Output,
    out: Stdout,
    since: DateTime<Utc>,
    policy: PolicyHash,
    changed: u64,
    unchanged: u64,
    unknown: u64,
}

impl Report {
    /// Begins.
    pub fn begin(output: Output, since: DateTime<Utc>, policy: &PolicyHash) -> anyhow::Result<Self> {
        let policy = policy.clone();
        let mut report = Self { output, out: std::io::stdout(), since, policy, changed: 0, unchanged: 0, unknown: 0 };
        if output == Output::Json {
            let (since, policy) = (json!(report.since), json!(report.policy));
            report.print(&format!("{{\n  \"since\": {since},\n  \"policy\": {policy},\n  \"requests\": ["))?;
        }
        Ok(report)
    }

    /// Counts, and lists what is worth a line, with what people made of it then.
    pub async fn add(&mut self, store: &Store, judged: Vec<(Asked, Verdict)>) -> anyhow::Result<()> {
        let changed: Vec<AccessId> = judged
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Changed(_)))
            .filter_map(|(asked, _)| asked.access)
            .collect();
        let accesses = store.accesses_of(&changed).await.context("looking up what became of requests")?;
        let accesses: HashMap<AccessId, Access> = accesses.into_iter().map(|access| (access.id, access)).collect();
        for (asked, verdict) in &judged {
            let first = self.changed + self.unknown == 0;
            match verdict {
                Verdict::Same => {
                    self.unchanged += 1;
                    continue;
                }
                Verdict::Changed(_) => self.changed += 1,
                Verdict::Unknown(_) => self.unknown += 1,
            }
            let fate = asked.access.and_then(|id| accesses.get(&id)).and_then(fate);
            match self.output {
                Output::Text => self.print(&(line(asked, verdict, fate) + "\n"))?,
                Output::Json => {
                    let comma = if first { "" } else { "," };
                    self.print(&format!("{comma}\n    {}", shown(asked, verdict, fate)))?;
                }
            }
        }
        Ok(())
    }

    /// Ends, and tells how many would change.
    pub fn end(mut self) -> anyhow::Result<u64> {
        let Self { changed, unchanged, unknown, since, .. } = self;
        let asked = changed + unchanged + unknown;
        let text = match self.output {
            Output::Text => format!(
                "{asked} asked since {}: {changed} would change, {unchanged} would not, {unknown} cannot be told\n",
                minute(since)
            ),
            Output::Json => {
                let close = if changed + unknown == 0 { "]" } else { "\n  ]" };
                format!(
                    "{close},\n  \"asked\": {asked},\n  \"changed\": {changed},\n  \"unchanged\": {unchanged},\n  \
                     \"cannot_be_told\": {unknown}\n}}\n"
                )
            }
        };
        self.print(&text)?;
        Ok(changed)
    }

    /// Whoever reads may have gone: that is an error of theirs, not a crash of ours.
    fn print(&mut self, text: &str) -> anyhow::Result<()> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).context("printing the report")
    }
}

fn line(asked: &Asked, verdict: &Verdict, fate: Option<String>) -> String {
    let mut line = format!("{}  {} for {}", minute(asked.at), asked.requester, asked.named());
    if let Ok(again) = &asked.request {
        let ask = &again.ask;
        if ask.beneficiary != ask.requester {
            line += &format!(" on behalf of {}", ask.beneficiary);
        }
        line += &format!(", {}{}", ask.duration, if again.chain.is_some() { " more" } else { "" });
        if asked.access.is_some() {
            line += &format!(" ({})", ask.short);
        }
    }
    let fate = fate.map(|fate| format!(", {fate}")).unwrap_or_default();
    line += &format!(": was {}{fate}", was(&asked.was));
    match verdict {
        Verdict::Same => line,
        Verdict::Changed(outcome) => format!("{line}; now {}", words(outcome)),
        Verdict::Unknown(why) => format!("{line}; cannot be told: {why}"),
    }
}

fn shown(asked: &Asked, verdict: &Verdict, fate: Option<String>) -> Value {
    let mut was = match &asked.was {
        Was::Routed(route) => {
            json!({ "outcome": Kind::of_route(route).as_str(), "rule": route.rule, "steps": route.steps })
        }
        Was::Refused { code, rule } => json!({ "outcome": Kind::Refused.as_str(), "rule": rule, "code": code }),
    };
    was["then"] = fate.into();
    let mut shown = json!({
        "at": asked.at, "access": asked.access, "requester": asked.requester, "role": asked.named(), "was": was,
    });
    if let Ok(again) = &asked.request {
        let ask = &again.ask;
        shown["short"] = asked.access.map(|_| ask.short.as_str()).into();
        shown["beneficiary"] = ask.beneficiary.as_str().into();
        shown["duration"] = ask.duration.to_string().into();
        shown["extension"] = again.chain.is_some().into();
    }
    match verdict {
        Verdict::Same => {}
        Verdict::Changed(outcome) => shown["now"] = super::judged(outcome),
        Verdict::Unknown(why) => shown["cannot_be_told"] = why.as_str().into(),
    }
    shown
}

/// What was decided then, in the words of [`words`].
fn was(was: &Was) -> String {
    match was {
        Was::Refused { code, rule } => {
            let by = rule.as_ref().map(|rule| format!(" by the rule `{rule}`")).unwrap_or_default();
            format!("refused{by} as `{code}`")
        }
        Was::Routed(route) => {
            let decided = format!("{} by the rule `{}`", Kind::of_route(route).as_str(), route.rule);
            let steps: Vec<String> = route.steps.iter().map(step).collect();
            if steps.is_empty() { decided } else { format!("{decided}, asking {}", steps.join(", then ")) }
        }
    }
}

fn step(Step { any, count, .. }: &Step) -> String {
    let any: Vec<String> = any.iter().map(Subject::to_string).collect();
    format!("{count} of {}", any.join(" or "))
}

/// What people made of it; nothing where nobody was asked.
fn fate(access: &Access) -> Option<String> {
    let approved = || {
        let by: Vec<&str> = access.votes.iter().map(|vote| vote.by.as_str()).collect();
        (!by.is_empty()).then(|| format!("approved by {}", by.join(" and ")))
    };
    match &access.state {
        State::Screening(_) | State::Pending(_) => Some("still undecided".to_owned()),
        State::Scheduled(_) | State::Elevating(_) | State::Active(_) | State::Revoking(_) => approved(),
        State::Closed(closed) => match &closed.outcome {
            Outcome::Denied { by, .. } => Some(format!("denied by {by}")),
            Outcome::TimedOut => Some("nobody decided in time".to_owned()),
            Outcome::NotStarted { .. } | Outcome::Ended { .. } => approved(),
            Outcome::Refused { .. } => None,
            _ => Some("withdrawn before it was decided".to_owned()),
        },
    }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}
