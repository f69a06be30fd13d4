//! The command line of `jit`.

mod demo;
mod doctor;
mod freeze;
mod manifest;
mod policy;
mod revoke_all;
mod serve;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jit_core::nearest::nearest;

use crate::app::App;
use crate::config::Config;

/// Just-in-time privileged access, asked for and approved in chat.
#[derive(Debug, Parser)]
#[command(name = "jit", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve(WithConfig),
    /// Start playground, service and a sample policy on this machine; nothing else is needed.
    Demo(demo::Demo),
    /// Bring the database to this version; `serve` does it too.
    Migrate(WithConfig),
    /// Check the policy, test it, explain what it says, or judge the past by it.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Print the app manifest for this deployment.
    #[command(subcommand)]
    Manifest(manifest::Manifest),
    /// Check everything reachable, and tell how to mend what is wrong.
    Doctor(doctor::Doctor),
    /// Take access back from the database alone; the service need not run.
    RevokeAll(revoke_all::RevokeAll),
    /// Stop new access, of everything, of a role or for a person; what is held goes on to its end. Alone it lists what is stopped.
    Freeze(freeze::Freeze),
    /// Allow new access again.
    Unfreeze(freeze::Unfreeze),
}

/// Which configuration.
#[derive(Clone, Debug, Args)]
pub struct WithConfig {
    /// The configuration file.
    #[arg(long, env = "JIT_CONFIG", default_value = "jit.toml", value_name = "FILE")]
    config: PathBuf,
}

impl WithConfig {
    /// Reads it.
    pub fn load(&self) -> Result<Config, Failure> {
        Config::load(&self.config).map_err(|error| Failure::Usage(error.into()))
    }
}

/// What taking access back and the kill switch work on, whatever else is broken, with what was found broken. A database that is not there is
/// the wrong folder, not an empty one.
async fn for_revoking(with: &WithConfig) -> Result<(App, Vec<String>), Failure> {
    crate::logs::text();
    let config = with.load()?;
    if let Some(file) = config.sqlite_file().filter(|file| !file.exists()) {
        let error = anyhow::anyhow!(
            "there is no database {}; name the service's own configuration with --config",
            file.display()
        );
        return Err(Failure::Usage(error));
    }
    let (app, problems) = App::for_revoking(&config).await.map_err(Failure::Usage)?;
    problems.iter().for_each(|problem| eprintln!("jit: warning: {problem}"));
    Ok((app, problems))
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Why a command did not succeed: decides the exit code.
#[derive(Debug)]
pub enum Failure {
    /// A check failed, or what was asked for was refused: 1.
    Refused(anyhow::Error),
    /// Wrong usage or configuration: 2.
    Usage(anyhow::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused(error) | Self::Usage(error)) = self;
        write!(f, "{error:#}")
    }
}

/// A name that nobody and nothing has, with the nearest one that somebody or something has.
fn unknown<'a>(option: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let hint = nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Failure::Usage(anyhow::anyhow!("{option}: there is no `{name}`{hint}"))
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(error)
    }
}

/// Runs the command line and turns its outcome into an exit code; errors go to stderr.
pub async fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Serve(with) => serve::serve(with).await,
        Command::Demo(demo) => demo.run().await,
        Command::Migrate(with) => serve::migrate(with).await,
        Command::Policy(policy) => policy.run().await,
        Command::Manifest(manifest) => manifest.run(),
        Command::Doctor(doctor) => doctor.run().await,
        Command::RevokeAll(revoke_all) => revoke_all.run().await,
        Command::Freeze(freeze) => freeze.run().await,
        Command::Unfreeze(unfreeze) => unfreeze.run().await,
    };
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    eprintln!("jit: {failure}");
    ExitCode::from(match failure {
        Failure::Refused(_) => 1,
        Failure::Usage(_) => 2,
    })
}
