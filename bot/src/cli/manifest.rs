//! `jit manifest`: the app manifest for this deployment, made from the verb table.

use std::path::PathBuf;

use clap::Subcommand;
use jit_chat::teams::manifest;
use url::Url;
use uuid::Uuid;

use super::{Failure, WithConfig};

/// For which platform.
#[derive(Debug, Subcommand)]
pub enum Manifest {
    /// Slack's app manifest, as JSON, to paste into "Create an app from a manifest".
    Slack {
        /// How the outside reaches this deployment, such as https://jit.example.com; without it, `public_url` of the configuration.
        #[arg(long)]
        url: Option<Url>,
        /// For Socket Mode: `jit` opens a socket to Slack (`slack.app_token`), and Slack needs no address.
        #[arg(long, conflicts_with = "url")]
        socket_mode: bool,
        #[command(flatten)]
        with: WithConfig,
    },
    /// Teams' app manifest, as JSON; with --out, the whole app package, to upload in the Teams admin centre.
    Teams {
        /// How the outside reaches this deployment, such as https://jit.example.com; without it, `public_url` of the configuration.
        #[arg(long)]
        url: Option<Url>,
        /// The app's (client) id in Entra; without it, `app_id` of the configuration.
        #[arg(long)]
        app_id: Option<Uuid>,
        /// Where the package is written: a zip of the manifest and two icons.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        with: WithConfig,
    },
}

impl Manifest {
    /// Prints it.
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Slack { socket_mode: true, .. } => print(&jit_chat::slack::manifest::socket_manifest()),
            Self::Slack { url, with, .. } => {
                let url = address(url, &with, "Slack calls")?;
                print(&jit_chat::slack::manifest::manifest(&url))
            }
            Self::Teams { url, app_id, out, with } => teams(address(url, &with, "Teams takes")?, app_id, out, &with),
        }
    }
}

fn print(manifest: &serde_json::Value) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(manifest).map_err(anyhow::Error::from)?);
    Ok(())
}

/// Prints the manifest, or writes the whole package.
fn teams(url: Url, app: Option<Uuid>, out: Option<PathBuf>, with: &WithConfig) -> Result<(), Failure> {
    let app = match app {
        Some(app) => app,
        None => configured_app(with)?,
    };
    let Some(out) = out else {
        print!("{}", manifest::printed(&url, app));
        return Ok(());
    };
    let package = manifest::package(&url, app).map_err(anyhow::Error::from)?;
    std::fs::write(&out, package)
        .map_err(|error| Failure::Usage(anyhow::anyhow!("--out {}: {error}", out.display())))?;
    eprintln!("{} is the app package: an administrator uploads it in the Teams admin centre.", out.display());
    Ok(())
}

/// How the outside reaches this deployment, from the option or the configuration.
fn address(url: Option<Url>, with: &WithConfig, who: &str) -> Result<Url, Failure> {
    let (url, named) = match url {
        Some(url) => (url, "--url"),
        None => (configured(with)?, "public_url"),
    };
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if url.scheme() != "https" || !plain {
        return Err(Failure::Usage(anyhow::anyhow!(
            "{named}: {who} https addresses without user, query or fragment only, such as https://jit.example.com"
        )));
    }
    Ok(url)
}

/// The app's id that the configuration names.
fn configured_app(with: &WithConfig) -> Result<Uuid, Failure> {
    let config = with.load().map_err(|error| Failure::Usage(anyhow::anyhow!("without --app-id, {error}")))?;
    let teams = config
        .teams
        .ok_or_else(|| Failure::Usage(anyhow::anyhow!("say which app it is: --app-id, or `app_id` under [teams]")))?;
    teams.app_id.parse().map_err(|_| {
        Failure::Usage(anyhow::anyhow!("`app_id` under [teams]: the id of an app is a UUID, as Entra shows it"))
    })
}

/// The address that the configuration names.
fn configured(with: &WithConfig) -> Result<Url, Failure> {
    let config = with.load().map_err(|error| Failure::Usage(anyhow::anyhow!("without --url, {error}")))?;
    config.server.public_url.ok_or_else(|| {
        Failure::Usage(anyhow::anyhow!(
            "say how the outside reaches this deployment: --url, or `public_url` under [server]"
        ))
    })
}
