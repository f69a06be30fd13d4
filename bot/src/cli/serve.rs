//! `jit serve` and `jit migrate`.

use anyhow::Context;
use jit_connectors::registry::Registry;
use jit_store::Clock;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::{Failure, WithConfig};
use crate::app::App;
use crate::service::{self, Doors};

/// Runs the service until it is told to stop.
pub(super) async fn serve(with: WithConfig) -> Result<(), Failure> {
    crate::logs::json();
    let config = with.load()?;
    if config.platforms().is_empty() {
        return Err(Failure::Usage(anyhow::anyhow!(
            "{}: no chat platform is configured; add [slack] or [teams], see docs/slack.md and docs/teams.md",
            with.config.display()
        )));
    }
    let registry =
        Registry::build(&config.connectors).map_err(|error| Failure::Usage(config.connector_error(&error).into()))?;
    let app = App::with_registry(&config, Clock::Record, registry).await.map_err(Failure::Usage)?;
    let listener = listen(config.server.listen).await?;
    let inner = match config.server.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let stop = service::stop_on_signal()?;
    service::run(app, Doors { outer: listener, inner, beside: None }, stop).await?;
    Ok(())
}

async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; end what listens there, or change [server] in the configuration")
    });
    bound.map_err(Failure::Usage)
}

/// Brings the database to this version.
pub(super) async fn migrate(with: WithConfig) -> Result<(), Failure> {
    crate::logs::text();
    let config = with.load()?;
    let opened = jit_store::Store::open(config.database.url.expose_secret(), None, Clock::Record).await;
    let store = opened
        .context("the database of `database.url` cannot be used; check the address, and that the server runs")
        .map_err(Failure::Usage)?;
    store.migrate().await.context("bringing the database to this version")?;
    println!("The database is at this version.");
    Ok(())
}
