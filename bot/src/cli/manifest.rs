//! `jit manifest`: the app manifest for this deployment, made from the verb table.

use clap::Subcommand;
use url::Url;

use super::Failure;

/// For which platform.
#[derive(Debug, Subcommand)]
pub enum Manifest {
    /// Slack's app manifest, as JSON, to paste into "Create an app from a manifest".
    Slack {
        /// How the outside reaches this deployment, such as https://jit.example.com
        #[arg(long)]
        url: Url,
    },
}

impl Manifest {
    /// Prints it.
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::Slack { url } = self;
        let plain =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if url.scheme() != "https" || !plain {
            return Err(Failure::Usage(anyhow::anyhow!(
                "--url: Slack calls https addresses without user, query or fragment only, such as https://jit.example.com"
            )));
        }
        let manifest = jit_chat::slack::manifest::manifest(&url);
        println!("{}", serde_json::to_string_pretty(&manifest).map_err(anyhow::Error::from)?);
        Ok(())
    }
}
