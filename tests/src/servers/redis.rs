//! A private Redis without persistence: stopping it loses everything, which is what the service must survive. Called by tests and
//! benches.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use super::certificates::certificates;
use super::folder::Folder;
use super::process::{Launch, Server, on_free_port, program};

/// A running, or for the moment stopped, Redis.
#[derive(Debug)]
pub struct Redis {
    server: Option<Server>,
    port: u16,
    folder: Folder,
    password: Option<&'static str>,
}

impl Redis {
    /// Starts one and waits until it answers.
    pub fn start() -> Self {
        Self::launched(None)
    }

    /// Starts one that speaks TLS only, with a certificate of its own authority ([`Redis::ca_file`]), and asks for a password.
    pub fn start_with_tls(password: &'static str) -> Self {
        Self::launched(Some(password))
    }

    fn launched(password: Option<&'static str>) -> Self {
        let folder = Folder::new("redis");
        if password.is_some() {
            certificates(&folder);
        }
        let (port, server) = on_free_port(|port| launch(&folder, port, password));
        Self { server: Some(server), port, folder, password }
    }

    /// `redis://…` or `rediss://…`, the same through stop and start.
    pub fn url(&self) -> String {
        match self.password {
            None => format!("redis://127.0.0.1:{}", self.port),
            Some(password) => format!("rediss://:{password}@127.0.0.1:{}", self.port),
        }
    }

    /// The authority of its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Stops it; what it held is lost.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it, empty, on the port it had.
    pub fn start_again(&mut self) {
        self.stop();
        self.server = Some(launch(&self.folder, self.port, self.password).expect("its port is still free"));
    }

    /// Forgets everything, as an operator's slip would.
    pub fn flushall(&self) {
        assert_eq!(ask(self.port, "FLUSHALL").as_deref(), Some("+OK\r\n"), "Redis runs and obeys");
    }
}

fn launch(folder: &Folder, port: u16, password: Option<&str>) -> Result<Server, String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut options = match password {
        None => vec![("--port", port.to_string())],
        Some(password) => vec![
            ("--port", "0".to_owned()),
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", file("its-server.pem")),
            ("--tls-key-file", file("its-server.key")),
            ("--tls-ca-cert-file", file("ca.pem")),
            ("--tls-auth-clients", "no".to_owned()),
            ("--requirepass", password.to_owned()),
        ],
    };
    options.extend([
        ("--bind", "127.0.0.1".to_owned()),
        ("--save", String::new()),
        ("--appendonly", "no".to_owned()),
        ("--daemonize", "no".to_owned()),
        ("--dir", folder.path().display().to_string()),
    ]);
    let redis = program("redis-server", "redis-server", &[]);
    let launch = Launch {
        program: &redis,
        args: options.into_iter().flat_map(|(key, value)| [key.to_owned(), value]).collect(),
        environment: Vec::new(),
        user: None,
        log: folder.join("log"),
        end_signal: "KILL",
    };
    // With TLS nothing is asked in the clear: it accepts connections when it is up.
    let up = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    Server::start(launch, || if password.is_some() { up() } else { ask(port, "PING").as_deref() == Some("+PONG\r\n") })
}

fn ask(port: u16, command: &str) -> Option<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flush_and_restart_lose_everything_and_the_address_stays() {
        let mut redis = Redis::start();
        let url = redis.url();
        assert_eq!(ask(redis.port, "SET a 1").as_deref(), Some("+OK\r\n"));
        redis.flushall();
        assert_eq!(ask(redis.port, "EXISTS a").as_deref(), Some(":0\r\n"));
        assert_eq!(ask(redis.port, "SET a 1").as_deref(), Some("+OK\r\n"));
        redis.stop();
        assert_eq!(ask(redis.port, "PING"), None);
        redis.start_again();
        assert_eq!(ask(redis.port, "EXISTS a").as_deref(), Some(":0\r\n"));
        assert_eq!(redis.url(), url);
    }
}
