//! `jit freeze` and `jit unfreeze`: the kill switch from the database alone. Works while the service is down, and beside it; with a
//! policy or people that cannot be read, too.

use clap::Args;
use jit_core::access::Revoker;
use jit_core::event::Actor;
use jit_core::freeze::{Freeze as InForce, Scope};
use jit_core::id::{PersonId, RoleName};
use serde_json::json;

use super::{Failure, Output, WithConfig};
use crate::app::{App, operator};
use crate::dispatch::ActError;
use crate::verbs::personal;

/// What is frozen: everything, a role, or a person.
#[derive(Debug, Args)]
struct Choice {
    /// Only this role.
    #[arg(long, conflicts_with = "person")]
    role: Option<String>,
    /// Only this person, by canonical id.
    #[arg(long)]
    person: Option<String>,
}

/// Stops new access; without `--because` it lists what is stopped.
#[derive(Debug, Args)]
pub struct Freeze {
    #[command(flatten)]
    with: WithConfig,
    #[command(flatten)]
    choice: Choice,
    /// Why: everybody who is refused reads it.
    #[arg(long)]
    because: Option<String>,
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Allows new access again.
#[derive(Debug, Args)]
pub struct Unfreeze {
    #[command(flatten)]
    with: WithConfig,
    #[command(flatten)]
    choice: Choice,
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Freeze {
    /// Freezes, and prints what is frozen then.
    pub(super) async fn run(self) -> Result<(), Failure> {
        let (app, _) = super::for_revoking(&self.with).await?;
        match (self.because, &self.choice) {
            (Some(reason), choice) => {
                let scope = choice.scope(&app)?;
                let done = app
                    .dispatch
                    .freeze(
                        scope,
                        personal(reason),
                        (&Revoker::Operator(operator()), &Actor::Operator { name: operator() }),
                    )
                    .await;
                done.map_err(failure)?;
            }
            (None, Choice { role: None, person: None }) => {}
            (None, _) => {
                return Err(Failure::Usage(anyhow::anyhow!("a freeze needs a reason: --because \"…\"")));
            }
        }
        print(&app, self.output).await
    }
}

impl Unfreeze {
    /// Lifts, and prints what is frozen then.
    pub(super) async fn run(self) -> Result<(), Failure> {
        let (app, _) = super::for_revoking(&self.with).await?;
        let scope = self.choice.scope(&app)?;
        app.dispatch
            .unfreeze(&scope, (&Revoker::Operator(operator()), &Actor::Operator { name: operator() }))
            .await
            .map_err(failure)?;
        print(&app, self.output).await
    }
}

impl Choice {
    /// A misspelt name would freeze nothing. Where policy or people cannot be read, names cannot be checked.
    fn scope(&self, app: &App) -> Result<Scope, Failure> {
        let snapshot = app.dispatch.in_force.get();
        let readable = snapshot.directory.people().next().is_some();
        match (&self.role, &self.person) {
            (Some(role), _) => {
                let name = RoleName::new(role.as_str());
                if readable && snapshot.policy.role(&name).is_none() {
                    return Err(super::unknown("--role", role, snapshot.policy.roles.keys().map(RoleName::as_str)));
                }
                Ok(Scope::Role(name))
            }
            (None, Some(person)) => {
                let id = PersonId::new(person.as_str());
                if readable && snapshot.directory.person(&id).is_none() {
                    let known: Vec<_> = snapshot.directory.people().map(|person| person.id.as_str()).collect();
                    return Err(super::unknown("--person", person, known.into_iter()));
                }
                Ok(Scope::Person(id))
            }
            (None, None) => Ok(Scope::Everything),
        }
    }
}

fn failure(error: ActError) -> Failure {
    Failure::Refused(anyhow::anyhow!("{error}"))
}

async fn print(app: &App, output: Output) -> Result<(), Failure> {
    let freezes = app.dispatch.freezes().await.map_err(failure)?;
    match output {
        Output::Json => {
            let freezes: Vec<_> = freezes.iter().map(shown).collect();
            println!("{}", serde_json::to_string_pretty(&freezes).map_err(anyhow::Error::from)?);
        }
        Output::Text if freezes.is_empty() => println!("Nothing is frozen."),
        Output::Text => {
            let snapshot = app.dispatch.in_force.get();
            for freeze in &freezes {
                let what = freeze.scope.words(&snapshot.directory);
                println!("{what}: frozen since {} by {}: {}", freeze.since, by(freeze), freeze.reason.text());
            }
        }
    }
    Ok(())
}

fn by(freeze: &InForce) -> &str {
    match &freeze.by {
        Revoker::Person(person) => person.as_str(),
        Revoker::Operator(name) => name,
    }
}

fn shown(freeze: &InForce) -> serde_json::Value {
    json!({ "scope": freeze.scope.key(), "by": by(freeze), "since": freeze.since, "reason": freeze.reason.text() })
}
