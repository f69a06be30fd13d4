//! A private Redis without persistence: stopping it loses everything, which is what the service must survive. Called by tests and
//! benches.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::folder::Folder;
use super::process::{Launch, Server, on_free_port, program};

/// A running, or for the moment stopped, Redis.
#[derive(Debug)]
pub struct Redis {
    server: Option<Server>,
    port: u16,
    folder: Folder,
}

impl Redis {
    /// Starts one and waits until it answers.
    pub fn start() -> Self {
        let folder = Folder::new("redis");
        let (port, server) = on_free_port(|port| launch(&folder, port));
        Self { server: Some(server), port, folder }
    }

    /// `redis://…`, the same through stop and start.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops it; what it held is lost.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it, empty, on the port it had.
    pub fn start_again(&mut self) {
        self.stop();
        self.server = Some(launch(&self.folder, self.port).expect("its port is still free"));
    }

    /// Forgets everything, as an operator's slip would.
    pub fn flushall(&self) {
        assert_eq!(ask(self.port, "FLUSHALL").as_deref(), Some("+OK\r\n"), "Redis runs and obeys");
    }
}

fn launch(folder: &Folder, port: u16) -> Result<Server, String> {
    let options = [
        ("--port", port.to_string()),
        ("--bind", "127.0.0.1".to_owned()),
        ("--save", String::new()),
        ("--appendonly", "no".to_owned()),
        ("--daemonize", "no".to_owned()),
        ("--dir", folder.path().display().to_string()),
    ];
    let redis = program("redis-server", "redis-server", &[]);
    let launch = Launch {
        program: &redis,
        args: options.into_iter().flat_map(|(key, value)| [key.to_owned(), value]).collect(),
        environment: Vec::new(),
        user: None,
        log: folder.join("log"),
        end_signal: "KILL",
    };
    Server::start(launch, || ask(port, "PING").as_deref() == Some("+PONG\r\n"))
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
