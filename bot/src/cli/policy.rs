//! `jit policy`: proves a policy before it is in force, and explains it.

use clap::{Args, Subcommand};
use jit_connectors::registry::Registry;
use jit_core::access::Channel;
use jit_core::id::PersonId;
use jit_core::policy::Question;
use jit_core::span::Span;

use super::{Failure, Output, WithConfig};
use crate::config::Config;
use crate::snapshot::{Snapshot, Sources};

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Read policy and people, and prove what must hold before they are in force.
    Check(Check),
    /// Tell why a person would get a role, or would not.
    Explain(Explain),
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    with: WithConfig,
}

#[derive(Debug, Args)]
pub struct Explain {
    #[command(flatten)]
    with: WithConfig,
    /// Who asks, by canonical id.
    #[arg(long)]
    person: String,
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
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Check(check) => {
                let (snapshot, sources) = load(&check.with.load()?)?;
                let connectors = snapshot.connectors.keys().cloned().collect();
                for warning in jit_core::policy::advice(&snapshot.policy, &snapshot.directory, &connectors) {
                    eprintln!("{warning}");
                }
                println!(
                    "{}: sound: {} roles, {} rules, {} people; hash {}",
                    sources.policy.display(),
                    snapshot.policy.roles.len(),
                    snapshot.policy.rules.len(),
                    snapshot.directory.people().count(),
                    snapshot.policy.hash
                );
                Ok(())
            }
            Self::Explain(explain) => explain.run(),
        }
    }
}

impl Explain {
    fn run(self) -> Result<(), Failure> {
        let (snapshot, _) = load(&self.with.load()?)?;
        let person = snapshot
            .directory
            .person(&PersonId::new(self.person.clone()))
            .ok_or_else(|| Failure::Usage(anyhow::anyhow!("--person: `{}` is not in the directory", self.person)))?;
        let role = crate::verbs::role_named(&snapshot, &self.role).map_err(|refusal| Failure::Usage(refusal.into()))?;
        let channel = self.channel.map(|name| Channel { id: name.clone(), name });
        let question = Question {
            role,
            requester: person,
            beneficiary: person,
            duration: self.duration,
            chain: None,
            ticket: self.ticket.as_deref(),
            justification: "explained at the command line, not asked for",
            channel: channel.as_ref(),
            now: jit_now(),
        };
        let explanation = snapshot.policy.explain(&question, &snapshot.directory, &[]);
        match self.output {
            Output::Json => {
                let json = serde_json::json!({ "allowed": explanation.allowed, "lines": explanation.lines });
                println!("{json:#}");
            }
            Output::Text => explanation.lines.iter().for_each(|line| println!("{line}")),
        }
        Ok(())
    }
}

/// The command line's clock.
fn jit_now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

fn load(config: &Config) -> Result<(Snapshot, Sources), Failure> {
    let registry = Registry::build(&config.connectors).map_err(|error| Failure::Usage(error.into()))?;
    let sources = Sources { policy: config.path(&config.policy.path), people: config.path(&config.directory.file) };
    let snapshot = crate::app::load(&sources, &registry).map_err(Failure::Usage)?;
    Ok((snapshot, sources))
}
