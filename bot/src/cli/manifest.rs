//! `jit manifest`: the app manifest for this deployment, made from the verb table.

use clap::Subcommand;
use url::Url;

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
}

impl Manifest {
    /// Prints it.
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::Slack { url, socket_mode, with } = self;
        if socket_mode {
            let manifest = jit_chat::slack::manifest::socket_manifest();
            println!("{}", serde_json::to_string_pretty(&manifest).map_err(anyhow::Error::from)?);
            return Ok(());
        }
        let (url, named) = match url {
            Some(url) => (url, "--url"),
            None => (configured(&with)?, "public_url"),
        };
        let plain =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if url.scheme() != "https" || !plain {
            return Err(Failure::Usage(anyhow::anyhow!(
                "{named}: Slack calls https addresses without user, query or fragment only, such as https://jit.example.com"
            )));
        }
        let manifest = jit_chat::slack::manifest::manifest(&url);
        println!("{}", serde_json::to_string_pretty(&manifest).map_err(anyhow::Error::from)?);
        Ok(())
    }
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
