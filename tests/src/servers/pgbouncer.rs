//! A private PgBouncer in front of a PostgreSQL: what many put between. Called by tests.

use std::fs;
use std::net::TcpStream;

use super::folder::{Folder, own_uid};
use super::postgres::Postgres;
use super::process::{Launch, Server, on_free_port, program};

/// A running PgBouncer.
#[derive(Debug)]
pub struct PgBouncer {
    _server: Server,
    port: u16,
    _folder: Folder,
}

impl PgBouncer {
    /// Starts one in front of the server and waits until it accepts connections. `settings`: lines of its configuration, such as
    /// `pool_mode = transaction`.
    pub fn start(postgres: &Postgres, settings: &str) -> Self {
        let folder = Folder::new("pgbouncer");
        fs::write(folder.join("users"), "\"postgres\" \"\"\n\"jit\" \"\"\n").expect("a folder of ours");
        let (port, server) = on_free_port(|port| launch(&folder, port, postgres.port(), settings));
        Self { _server: server, port, _folder: folder }
    }

    /// The address of a database behind it.
    pub fn url_as(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }
}

fn launch(folder: &Folder, port: u16, postgres: u16, settings: &str) -> Result<Server, String> {
    let configuration = format!(
        "[databases]\n* = host=127.0.0.1 port={postgres}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = trust\nauth_file = {}\n{settings}\n",
        folder.join("users").display()
    );
    let file = folder.join("pgbouncer.ini");
    fs::write(&file, configuration).expect("a folder of ours");
    let pgbouncer = program("pgbouncer", "pgbouncer", &[]);
    let launch = Launch {
        program: &pgbouncer,
        args: vec![file.display().to_string()],
        environment: Vec::new(),
        // It refuses root, as PostgreSQL does.
        user: (own_uid() == 0).then_some("postgres"),
        log: folder.join("log"),
        end_signal: "TERM",
    };
    Server::start(launch, || TcpStream::connect(("127.0.0.1", port)).is_ok())
}
