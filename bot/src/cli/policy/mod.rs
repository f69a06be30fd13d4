//! `jit policy`: proves a policy before it is in force, tests it, explains it, and judges the past by it.

mod past;
mod replay;
mod report;
mod test;

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use jit_connectors::registry::Registry;
use jit_core::access::Channel;
use jit_core::directory::Rotations;
use jit_core::facts::InUse;
use jit_core::id::{PersonId, RoleName};
use jit_core::incident::Incidents;
use jit_core::policy::cases::Kind;
use jit_core::policy::{Judgement, Problem, Question, Rule, Subject};
use jit_core::refusal::Refusal;
use jit_core::span::Span;
use jit_core::ticket::{Finding, Known, source_of};
use serde_json::{Value, json};

use super::{Failure, Output, WithConfig};
use crate::config::Config;
use crate::oncall::Oncall;
use crate::snapshot::{Snapshot, SourceError, Sources};
use crate::tickets::Tickets;

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Read policy and people, and prove what must hold before they are in force.
    Check(Check),
    /// Run the table tests that are kept beside the policy, in its folder `tests`.
    ///
    /// Each [[case]] of tests/*.toml says who asks for what in which situation, and what is expected: docs/policy.md, "Tests". They are
    /// judged as requests are in production, with the people of the configured directory. Exit code 1 when one fails.
    Test(test::Test),
    /// Tell why a person would get a role, or would not. Looks up who is on call, which incidents are open and the
    /// ticket, where the rules ask.
    Explain(Explain),
    /// Judge past requests again under a policy, and list the outcomes that would change. Changes nothing.
    ///
    /// From then are: who asked for what and for whom, for how long, when, in which channel, with which ticket and words, and what was open
    /// of them at that moment. From today are: people, groups, managers, accounts, and the connectors; so an outcome may also change because
    /// the directory did. What hangs on facts that are not in the record, such as who was on call then, is listed as not to be told.
    Replay(replay::Replay),
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    with: WithConfig,
    /// How the findings are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, Args)]
pub struct Explain {
    #[command(flatten)]
    with: WithConfig,
    /// Who asks, by canonical id.
    #[arg(long)]
    person: String,
    /// On whose behalf, by canonical id; for themselves where left out.
    #[arg(long)]
    beneficiary: Option<String>,
    /// For which role.
    #[arg(long)]
    role: String,
    /// For how long.
    #[arg(long = "for", default_value = "1h")]
    duration: Span,
    /// In which channel, by name.
    #[arg(long)]
    channel: Option<String>,
    /// With which ticket.
    #[arg(long)]
    ticket: Option<String>,
    /// How the explanation is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Policy {
    /// Runs it.
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Check(check) => check.run(),
            Self::Test(test) => test.run(),
            Self::Explain(explain) => explain.run().await,
            Self::Replay(replay) => replay.run().await,
        }
    }
}

impl Check {
    fn run(&self) -> Result<(), Failure> {
        let config = self.with.load()?;
        let sources = Sources::of(&config);
        let snapshot = match load(&sources, &config) {
            Ok(snapshot) => snapshot,
            Err(failure) => {
                if self.output == Output::Json {
                    let problems: Vec<Value> = problems(&failure).iter().map(shown).collect();
                    println!("{:#}", json!({ "sound": false, "problems": problems, "says": failure.to_string() }));
                }
                return Err(failure);
            }
        };
        let connectors = snapshot.connectors.keys().cloned().collect();
        let mut advice = jit_core::policy::advice(&snapshot.policy, &snapshot.directory, &connectors);
        advice.extend(snapshot.policy.expired(jit_now()));
        let advice = sources.placed(advice);
        let exceptions = snapshot.policy.exceptions.iter().map(|listed| &listed.exception);
        let (policy, people) = (&snapshot.policy, snapshot.directory.people().count());
        let (roles, rules) = (policy.roles.len(), policy.rules.len());
        if self.output == Output::Json {
            let warnings: Vec<Value> = advice.iter().map(shown).collect();
            let found = json!({
                "sound": true, "roles": roles, "rules": rules, "people": people, "hash": policy.hash, "warnings": warnings,
                "exceptions": exceptions.collect::<Vec<_>>(),
            });
            println!("{found:#}");
            return Ok(());
        }
        advice.iter().for_each(|warning| eprintln!("{warning}"));
        for exception in exceptions {
            let jit_core::policy::Exception { role, holder, owner, reason, .. } = exception;
            println!(
                "exception: {holder} holds {role} until {}, {owner} answers for it: {reason}",
                exception.last_day()
            );
        }
        let folder = sources.policy.display();
        println!("{folder}: sound: {roles} roles, {rules} rules, {people} people; hash {}", policy.hash);
        Ok(())
    }
}

/// The single problems of a failure, where it has them.
fn problems(failure: &Failure) -> Vec<Problem> {
    let (Failure::Usage(error) | Failure::Refused(error)) = failure;
    match error.downcast_ref() {
        Some(SourceError::Problems(problems) | SourceError::Unproven(problems)) => problems.clone(),
        _ => Vec::new(),
    }
}

fn shown(problem: &Problem) -> Value {
    let Problem { file, line, column, what, hint, .. } = problem;
    json!({ "file": file, "line": line, "column": column, "what": what, "hint": hint })
}

/// What programs read of a judgement.
fn judged(outcome: &Result<Judgement, Refusal>) -> Value {
    let kind = Kind::of(outcome).as_str();
    match outcome {
        Ok(Judgement { route, approvers, .. }) => {
            json!({ "outcome": kind, "rule": route.rule, "steps": route.steps, "approvers": approvers })
        }
        Err(Refusal { code, what, next, rule, ask }) => {
            json!({ "outcome": kind, "rule": rule, "code": code, "what": what, "next": next, "ask": ask })
        }
    }
}

impl Explain {
    async fn run(self) -> Result<(), Failure> {
        let config = self.with.load()?;
        let mut snapshot = load(&Sources::of(&config), &config)?;
        let role = crate::verbs::role_named(&snapshot, &self.role).map_err(|refusal| Failure::Usage(refusal.into()))?;
        let role = role.name.clone();
        on_call_now(&config, &mut snapshot, &role).await;
        let finding = ticket_now(&config, &snapshot, (&role, self.ticket.as_deref())).await;
        let found = |flag: &'static str, id: &str| {
            snapshot.directory.person(&PersonId::new(id)).ok_or_else(|| {
                let names = snapshot.directory.people().map(|person| person.id.as_str());
                super::unknown(flag, id, names)
            })
        };
        let person = found("--person", &self.person)?;
        let beneficiary = self.beneficiary.as_deref().map_or(Ok(person), |id| found("--beneficiary", id))?;
        let role =
            crate::verbs::role_named(&snapshot, role.as_str()).map_err(|refusal| Failure::Usage(refusal.into()))?;
        let channel = self.channel.map(|name| Channel { id: name.clone(), name });
        let question = Question {
            role,
            requester: person,
            beneficiary,
            duration: self.duration,
            chain: None,
            ticket: self.ticket.as_deref(),
            known: Known::Found(finding.as_ref()),
            justification: "explained at the command line, not asked for",
            channel: channel.as_ref(),
            now: jit_now(),
            start: None,
            in_use: InUse::default(),
            together: &[],
            agreed: false,
            by_rotation: true,
        };
        let explanation = snapshot.policy.explain(&question, &snapshot.directory, &[]);
        match self.output {
            Output::Json => {
                let json = json!({ "allowed": explanation.allowed, "lines": explanation.lines });
                println!("{json:#}");
            }
            Output::Text => explanation.lines.iter().for_each(|line| println!("{line}")),
        }
        Ok(())
    }
}

/// Looks up who is on call and which incidents are open, as far as the rules about a role ask. What cannot be looked up is said, and is
/// nobody and none, as in the service.
async fn on_call_now(config: &Config, snapshot: &mut Snapshot, role: &RoleName) {
    let asked = |rule: &Rule| {
        let rotations: Vec<String> = rule.subjects().filter_map(Subject::rotation).map(str::to_owned).collect();
        let services: Vec<String> =
            rule.auto_approve.iter().flat_map(|auto| auto.require_incident.iter().flatten().cloned()).collect();
        (rotations, services)
    };
    let (rotations, services): (Vec<_>, Vec<_>) = snapshot.policy.rules_of(role).map(asked).unzip();
    let (rotations, services): (BTreeSet<String>, BTreeSet<String>) =
        (rotations.into_iter().flatten().collect(), services.into_iter().flatten().collect());
    if rotations.is_empty() && services.is_empty() {
        return;
    }
    let oncall = match Oncall::of(config) {
        Ok(oncall) => oncall,
        Err(error) => return eprintln!("Who is on call cannot be looked up: {error:#}"),
    };
    let now = jit_now();
    let (mut on, mut open) = (Rotations::new(), Incidents::new());
    for rotation in rotations {
        match oncall.look(&rotation, now).await {
            Ok(turns) => {
                let people = oncall.people(&rotation, &turns, &snapshot.directory, now);
                on.insert(rotation, people);
            }
            Err(error) => eprintln!("{rotation} {error}: nobody counts as on call by it"),
        }
    }
    for service in services {
        match oncall.incidents(&service).await {
            Ok(found) => drop(open.insert(service, found)),
            Err(error) => eprintln!("{service} {error}: no incident of it counts as open"),
        }
    }
    snapshot.directory.set_oncall(on);
    snapshot.directory.set_incidents(open);
}

/// Looks a ticket up, where rules about a role go by it. What cannot be looked up counts as untrue, as in the service.
async fn ticket_now(
    config: &Config,
    snapshot: &Snapshot,
    (role, ticket): (&RoleName, Option<&str>),
) -> Option<Finding> {
    let asks = snapshot.policy.rules_of(role).any(|rule| rule.ticket_terms.demand_anything());
    let ticket = source_of(snapshot.directory.ticket_sources(), ticket.filter(|_| asks)?.trim())?;
    let looked = match Tickets::of(config) {
        Ok(tickets) => tickets.look(&ticket, &snapshot.directory).await.map_err(|error| error.what),
        Err(error) => Err(format!("cannot be asked: {error:#}")),
    };
    Some(looked.unwrap_or_else(|why| Finding::Unknown { why }))
}

/// The command line's clock.
fn jit_now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// What cannot be read is wrong configuration; what can be read and does not hold is a check that failed.
fn load(sources: &Sources, config: &Config) -> Result<Snapshot, Failure> {
    let registry =
        Registry::build(&config.connectors).map_err(|error| Failure::Usage(config.connector_error(&error).into()))?;
    crate::app::load(sources, &registry, jit_now()).map_err(|error| match error.downcast_ref() {
        Some(SourceError::Unproven(_)) => Failure::Refused(error),
        _ => Failure::Usage(error),
    })
}
