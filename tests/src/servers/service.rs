//! The built `jit` as a process of its own, over a configuration file: for tests that kill it and benches that measure it. Called by
//! tests and benches. Must not know what is in the configuration.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::folder::Folder;
use super::process::{Launch, Server};

/// A running, or for the moment stopped, `jit serve`.
#[derive(Debug)]
pub struct Service {
    server: Option<Server>,
    config: PathBuf,
    port: u16,
    folder: Folder,
}

impl Service {
    /// Starts it and waits until `/readyz` says so. The configuration's `server.listen` must be this port on the loopback.
    pub fn start(config: &Path, port: u16) -> Self {
        Self::start_with(config, port, &[])
    }

    /// The same with these variables on top of the environment.
    pub fn start_with(config: &Path, port: u16, environment: &[(&str, &str)]) -> Self {
        let mut service = Self { server: None, config: config.to_owned(), port, folder: Folder::new("jit") };
        service.start_again(environment);
        service
    }

    /// `http://…` of its front door.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it on the same configuration, with these variables on top of the environment (such as `JIT_FAILPOINT`), and waits until it
    /// is ready.
    pub fn start_again(&mut self, environment: &[(&str, &str)]) {
        self.try_start_again(environment).unwrap_or_else(|why| panic!("jit does not start: {why}"));
    }

    /// The same where it may end before it is ready, as at a fail point; `Err` has the end of its log.
    pub fn try_start_again(&mut self, environment: &[(&str, &str)]) -> Result<(), String> {
        self.stop();
        let program = program();
        let launch = Launch {
            program: &program,
            args: vec!["serve".to_owned(), "--config".to_owned(), self.config.display().to_string()],
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            user: None,
            log: self.log_file(),
            end_signal: "TERM",
        };
        let port = self.port;
        self.server = Some(Server::start(launch, move || is_ready(port))?);
        Ok(())
    }

    /// Stops it in order, as an operator would.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Kills it, as a power cut would. What it started lives on.
    pub fn kill(&mut self) {
        self.server.take().into_iter().for_each(Server::kill);
    }

    /// Waits until it ends by itself, as at a fail point.
    pub fn wait(&mut self) -> ExitStatus {
        self.server.take().expect("it was started").wait()
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::is_running)
    }

    /// All it has logged, over every start.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// The binary that cargo put beside this test's own folder, or `$JIT_BIN`.
fn program() -> PathBuf {
    let built = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.parent()?.join("jit")));
    let program = std::env::var_os("JIT_BIN").map(PathBuf::from).or(built).unwrap_or_else(|| PathBuf::from("jit"));
    assert!(program.is_file(), "{} is not built: run tests/run, or cargo build -p jit-bot first", program.display());
    program
}

fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: jit\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
