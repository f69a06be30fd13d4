//! `jit revoke-all`: takes access back from the database alone. Works while the service is down, and beside it; with a policy or people
//! that cannot be read, too. Never says that nothing is open unless it looked into the right database under names that exist.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use jit_core::access::{Access, Outcome, Proof, Revoker, State};
use jit_core::command::Command;
use jit_core::event::Actor;
use jit_core::id::RoleName;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Failure, Output, WithConfig};
use crate::app::{App, operator};
use crate::dispatch::ActError;
use crate::verbs::personal;

/// Every open access, or those of a role or a person.
#[derive(Debug, Args)]
pub struct RevokeAll {
    #[command(flatten)]
    with: WithConfig,
    /// Only this role.
    #[arg(long)]
    role: Option<String>,
    /// Only this person, by canonical id.
    #[arg(long)]
    person: Option<String>,
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
    /// How long to wait until everything is verified gone; what is not goes on being tried by the service.
    #[arg(long, default_value = "60s")]
    wait: jit_core::span::Span,
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl RevokeAll {
    /// Revokes, waits for the proof, and prints what came of each.
    pub(super) async fn run(self) -> Result<(), Failure> {
        let (app, problems) = super::for_revoking(&self.with).await?;
        if !problems.is_empty() {
            eprintln!(
                "jit: warning: going on from the database alone; nobody is told in chat until the service runs again"
            );
        }
        let open = app.dispatch.store.all_open().await.map_err(anyhow::Error::from)?;
        let unreadable = app.dispatch.store.unreadable_open().await.map_err(anyhow::Error::from)?;
        for id in &unreadable {
            eprintln!("jit: warning: access {id} cannot be read from the database, so it is not revoked by this");
        }
        self.check_names(&app, &open)?;
        let chosen: Vec<Access> = open.into_iter().filter(|access| self.wants(access)).collect();
        if chosen.is_empty() {
            self.print(&[])?;
            return all_read(&unreadable);
        }
        if !self.yes && !confirmed(&chosen)? {
            return Err(Failure::Refused(anyhow::anyhow!("nothing was revoked; say yes, or give --yes")));
        }
        let after = self.revoke(&app, &chosen).await?;
        self.print(&after)?;
        let left = after.iter().filter(|access| access.is_open()).count();
        if left > 0 {
            return Err(Failure::Refused(anyhow::anyhow!(
                "{left} of {} are not verified gone yet; they are tried without end while the service runs, or run this again",
                after.len()
            )));
        }
        all_read(&unreadable)
    }

    /// Gives the commands, and works on them until they are done or the wait is over.
    async fn revoke(&self, app: &App, chosen: &[Access]) -> anyhow::Result<Vec<Access>> {
        let operator = operator();
        let actor = Actor::Operator { name: operator.clone() };
        let mut failed = Vec::new();
        for access in chosen {
            let command = Command::Revoke {
                by: Revoker::Operator(operator.clone()),
                reason: personal("jit revoke-all by an operator"),
            };
            // One that ended meanwhile is refused, which is what was wanted; what fails must not keep the next ones.
            if let Err(ActError::Failed(error)) = app.dispatch.act(access.id, command, &actor, None).await {
                failed.push(format!("{}: {error:#}", access.short));
            }
        }
        // Only now: what was about to be given when the service ended is not given first.
        let stop = CancellationToken::new();
        let mut workers = crate::workers::start_revoking(app, &stop);
        let after = self.wait_for(app, chosen).await;
        stop.cancel();
        while workers.join_next().await.is_some() {}
        anyhow::ensure!(failed.is_empty(), "not revoked: {}; run this again", failed.join("; "));
        after
    }

    fn wants(&self, access: &Access) -> bool {
        let request = &access.request;
        let of = |person: &String| request.beneficiary.as_str() == person || request.requester.as_str() == person;
        self.role.as_ref().is_none_or(|role| request.role.as_str() == role) && self.person.as_ref().is_none_or(of)
    }

    /// A misspelt name would look like "nothing is open", which is the worst that this can say.
    fn check_names(&self, app: &App, open: &[Access]) -> Result<(), Failure> {
        let snapshot = app.dispatch.in_force.get();
        let requests = || open.iter().map(|access| &access.request);
        let mut roles: BTreeSet<&str> = snapshot.policy.roles.keys().map(RoleName::as_str).collect();
        roles.extend(requests().map(|request| request.role.as_str()));
        let mut people: BTreeSet<&str> = snapshot.directory.people().map(|person| person.id.as_str()).collect();
        people.extend(requests().flat_map(|request| [request.beneficiary.as_str(), request.requester.as_str()]));
        for (option, name, known) in [("--role", &self.role, roles), ("--person", &self.person, people)] {
            if let Some(name) = name.as_deref().filter(|name| !known.contains(name)) {
                return Err(super::unknown(option, name, known.into_iter()));
            }
        }
        Ok(())
    }

    async fn wait_for(&self, app: &App, chosen: &[Access]) -> anyhow::Result<Vec<Access>> {
        let end = Instant::now() + Duration::from_secs(self.wait.as_seconds());
        loop {
            let mut after = Vec::with_capacity(chosen.len());
            for access in chosen {
                after
                    .push(app.dispatch.store.access(access.id).await?.context("an access vanished from the database")?);
            }
            if after.iter().all(|access| !access.is_open()) || Instant::now() >= end {
                return Ok(after);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn print(&self, accesses: &[Access]) -> anyhow::Result<()> {
        if self.output == Output::Json {
            let accesses: Vec<Value> = accesses.iter().map(shown).collect();
            println!("{}", serde_json::to_string_pretty(&accesses)?);
        } else if accesses.is_empty() {
            println!("Nothing is open that fits; nothing to revoke.");
        } else {
            accesses.iter().for_each(|access| println!("{}  {}", line(access), proof(access)));
        }
        Ok(())
    }
}

/// What cannot be read may be held all the same.
fn all_read(unreadable: &[String]) -> Result<(), Failure> {
    if unreadable.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(anyhow::anyhow!(
        "{} open accesses cannot be read and were left alone: {}; look into the table `accesses`, and take them away at the system by hand",
        unreadable.len(),
        unreadable.join(", ")
    )))
}

/// What programs read of an access: names and outcome, nobody's words and no secrets.
fn shown(access: &Access) -> Value {
    let request = &access.request;
    json!({
        "id": access.id, "short": access.short, "state": access.state_name(), "role": request.role,
        "requester": request.requester, "beneficiary": request.beneficiary,
        "connector": request.entitlement.connector, "account": request.entitlement.account,
        "over": !access.is_open(), "outcome": proof(access),
    })
}

/// What is known of the end.
fn proof(access: &Access) -> String {
    match &access.state {
        State::Closed(closed) => match &closed.outcome {
            Outcome::Ended { proof: Proof::Gone { .. }, .. } => "verified gone".to_owned(),
            Outcome::Ended { proof: Proof::RemainsUnder { short }, .. } => format!("remains under {short}"),
            Outcome::Ended { proof: Proof::Untouched, .. } => "rehearsed: nothing was given".to_owned(),
            Outcome::Ended { proof: Proof::RemainsStanding, .. } => "remains: standing".to_owned(),
            _ => "never given".to_owned(),
        },
        State::Revoking(revoking) => match &revoking.failing {
            Some(failing) => format!("revocation failing: {}", failing.error),
            None => "being revoked".to_owned(),
        },
        _ => "open".to_owned(),
    }
}

fn line(access: &Access) -> String {
    let request = &access.request;
    format!("{}  {:<10}  {}  {}", access.short, access.state_name(), request.beneficiary, request.role)
}

/// Asks on stderr: stdout is for what programs read.
fn confirmed(chosen: &[Access]) -> anyhow::Result<bool> {
    chosen.iter().for_each(|access| eprintln!("{}", line(access)));
    eprint!("Revoke these {}? Type yes: ", chosen.len());
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("reading the confirmation")?;
    Ok(answer.trim() == "yes")
}
