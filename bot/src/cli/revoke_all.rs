//! `jit revoke-all`: takes access back from the database alone. Works while the service is down, and beside it.

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use jit_core::access::{Access, Revoker};
use jit_core::command::Command;
use jit_core::event::Actor;
use jit_core::id::{PersonId, RoleName};
use jit_store::Clock;
use tokio_util::sync::CancellationToken;

use super::{Failure, Output, WithConfig};
use crate::app::{App, operator};
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
        crate::logs::text();
        let config = self.with.load()?;
        let app = App::build(&config, Clock::Record).await.map_err(Failure::Usage)?;
        let chosen = self.choose(&app).await?;
        if chosen.is_empty() {
            self.print(&[])?;
            return Ok(());
        }
        if !self.yes {
            list(&chosen);
            if !confirmed(chosen.len())? {
                return Err(Failure::Refused(anyhow::anyhow!("nothing was revoked")));
            }
        }
        let stop = CancellationToken::new();
        let mut workers = crate::workers::start(&app, &stop);
        let operator = operator();
        let actor = Actor::Operator { name: operator.clone() };
        for access in &chosen {
            let command = Command::Revoke {
                by: Revoker::Operator(operator.clone()),
                reason: personal("jit revoke-all by an operator"),
            };
            // One that ended meanwhile is refused, which is what was wanted; anything else is ours and stops here.
            if let Err(crate::dispatch::ActError::Failed(error)) =
                app.dispatch.act(access.id, command, &actor, None).await
            {
                return Err(error.context(format!("revoking {}", access.short)).into());
            }
        }
        let after = self.wait_for(&app, &chosen).await?;
        stop.cancel();
        while workers.join_next().await.is_some() {}
        self.print(&after)?;
        let left = after.iter().filter(|access| access.is_open()).count();
        if left > 0 {
            return Err(Failure::Refused(anyhow::anyhow!(
                "{left} of {} are not verified gone yet; they are tried without end while the service runs, or run this again",
                after.len()
            )));
        }
        Ok(())
    }

    async fn choose(&self, app: &App) -> anyhow::Result<Vec<Access>> {
        let role = self.role.as_ref().map(RoleName::new);
        let person = self.person.as_ref().map(PersonId::new);
        let open = app.dispatch.store.all_open().await?;
        Ok(open
            .into_iter()
            .filter(|access| role.as_ref().is_none_or(|role| access.request.role == *role))
            .filter(|access| {
                let of =
                    |person: &PersonId| access.request.beneficiary == *person || access.request.requester == *person;
                person.as_ref().is_none_or(of)
            })
            .collect())
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
            println!("{}", serde_json::to_string_pretty(accesses)?);
        } else if accesses.is_empty() {
            println!("Nothing is open that fits; nothing to revoke.");
        } else {
            list(accesses);
        }
        Ok(())
    }
}

fn list(accesses: &[Access]) {
    for access in accesses {
        let request = &access.request;
        println!("{}  {:<10}  {}  {}", access.short, access.state_name(), request.beneficiary, request.role);
    }
}

fn confirmed(count: usize) -> anyhow::Result<bool> {
    eprint!("Revoke these {count}? Type yes: ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("reading the confirmation")?;
    Ok(line.trim() == "yes")
}
