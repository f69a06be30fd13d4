//! `jit demo`: the whole product on this machine, with a chat playground in the browser and a sample policy. No server, no network.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jit_store::Clock;
use tokio::net::TcpListener;
use url::Url;

use super::Failure;
use crate::app::App;
use crate::config::Config;
use crate::demo;
use crate::service::{self, Doors};

/// Where it listens and where it keeps its files.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to listen; another free port is taken when this one is in use.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The folder for database, policy and the sandbox of the connectors; kept between runs.
    #[arg(long, default_value = "jit-demo-data", value_name = "DIR")]
    data: PathBuf,
}

impl Demo {
    /// Runs it until it is told to stop.
    pub(super) async fn run(self) -> Result<(), Failure> {
        crate::logs::text();
        if !self.listen.ip().is_loopback() {
            return Err(Failure::Usage(anyhow::anyhow!(
                "--listen: the playground lets anybody act as anybody, so it listens on a loopback address only, not {}",
                self.listen
            )));
        }
        let listener = self.bind().await?;
        let address = listener.local_addr().context("reading the address")?;
        let base = Url::parse(&format!("http://{address}/")).context("the address as a URL")?;
        let _alone = self.lock()?;
        let config = prepare(&self.data, &base).map_err(Failure::Usage)?;
        let app = App::build(&config, Clock::Record).await.map_err(Failure::Usage)?;
        let playground = demo::playground(&app, &base);
        // Whoever reads the address may stop us at once, in order.
        let stop = service::stop_on_signal()?;
        println!("jit demo: open {base} in a browser. Ctrl-C stops it; its files are in {}.", self.data.display());
        let doors = Doors { outer: listener, inner: None, beside: Some(playground.router()) };
        service::run(app, doors, stop).await?;
        Ok(())
    }

    /// Holds the data folder for as long as the file is open: two services on one folder would each send every notice. The system lets
    /// go of it however this process ends.
    fn lock(&self) -> Result<File, Failure> {
        let path = self.data.join(".lock");
        let file = std::fs::create_dir_all(&self.data)
            .and_then(|()| File::options().create(true).truncate(false).write(true).open(&path))
            .with_context(|| format!("--data: {} cannot be written", path.display()))
            .map_err(Failure::Usage)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Failure::Refused(anyhow::anyhow!(
                "another demo runs on {}; stop it, or give this one a folder of its own with --data",
                self.data.display()
            ))),
            Err(TryLockError::Error(error)) => {
                Err(Failure::Refused(anyhow::Error::from(error).context(format!("locking {}", path.display()))))
            }
        }
    }

    /// The wished port, or any free one when somebody else has it.
    async fn bind(&self) -> anyhow::Result<TcpListener> {
        match TcpListener::bind(self.listen).await {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                let free = SocketAddr::new(self.listen.ip(), 0);
                TcpListener::bind(free).await.with_context(|| format!("cannot listen on {}", self.listen.ip()))
            }
            bound => bound.with_context(|| format!("cannot listen on {}", self.listen)),
        }
    }
}

/// Writes the sample files where they are missing (changed ones stay), and reads the configuration.
fn prepare(data: &Path, base: &Url) -> anyhow::Result<Config> {
    std::fs::create_dir_all(data).with_context(|| format!("--data: {} cannot be made", data.display()))?;
    let data = data.canonicalize().with_context(|| format!("--data: {}", data.display()))?;
    for (name, text) in demo::FILES {
        let path = data.join(name);
        if !path.exists() {
            let folder = path.parent().unwrap_or(&data);
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    let keys = data.join("ssh-ca");
    std::fs::create_dir_all(&keys).with_context(|| format!("making {}", keys.display()))?;
    let text = demo::configuration(&data, base);
    // Written anew each time: for the other commands of the command line, which take `--config`.
    let file = data.join("jit.toml");
    std::fs::write(&file, &text).with_context(|| format!("writing {}", file.display()))?;
    Config::parse(&text, "the demo's configuration", &data, &|_| None).map_err(Into::into)
}
