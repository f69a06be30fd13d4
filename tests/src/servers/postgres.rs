//! A private PostgreSQL with durable commits (`fsync` and `synchronous_commit` on, as in production). Called by tests and benches.
//!
//! `initdb` takes seconds, so its result is made once below the tests' root and copied. It refuses root, so root runs all of it as
//! `postgres`, the user that Debian's package makes.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

use super::folder::{Folder, own_uid, root};
use super::postgres_version::Version;
use super::process::{Launch, Server, on_free_port, run};

/// The user that runs the server where this process is root.
const SYSTEM_USER: &str = "postgres";

static SHARED: OnceLock<Postgres> = OnceLock::new();
static SHARED_NEWER: OnceLock<Postgres> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The database into which nobody gets without a password.
pub const WITH_PASSWORDS: &str = "with_passwords";

/// A running, or for the moment stopped, PostgreSQL. Everybody on the loopback is trusted, but for one database.
#[derive(Debug)]
pub struct Postgres {
    version: Version,
    server: Option<Server>,
    port: u16,
    folder: Folder,
}

impl Postgres {
    /// Starts one of its own, Debian's, and waits until it accepts connections.
    pub fn start() -> Self {
        Self::start_of(Version::Debian)
    }

    /// The same of that version.
    pub fn start_of(version: Version) -> Self {
        let folder = Folder::new(version.name());
        copy_template(version, &folder);
        let (port, server) = on_free_port(|port| launch(version, &folder, port));
        Self { version, server: Some(server), port, folder }
    }

    /// The one that all tests of this process share; it ends with the process. Take a [`Postgres::fresh_database`] of it, and make
    /// server-wide things (roles) only under names of your own.
    pub fn shared() -> &'static Self {
        Self::shared_of(Version::Debian)
    }

    /// The same of that version.
    pub fn shared_of(version: Version) -> &'static Self {
        let shared = match version {
            Version::Debian => &SHARED,
            Version::Newer => &SHARED_NEWER,
        };
        shared.get_or_init(|| Self::start_of(version))
    }

    /// `postgres://…` as superuser, into the database `postgres`; the same through stop and start.
    pub fn url(&self) -> String {
        self.url_for("postgres")
    }

    /// The same, into another database.
    pub fn url_for(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// The address for a user that somebody has made.
    pub fn url_as(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// The port on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database and gives its address.
    pub async fn fresh_database(&self) -> String {
        let name = format!("fresh_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.connect().await.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a superuser may");
        self.url_for(&name)
    }

    /// A connection as superuser to the database `postgres`.
    pub async fn connect(&self) -> Client {
        Self::connect_to(&self.url()).await
    }

    /// A connection to any address of this module.
    pub async fn connect_to(url: &str) -> Client {
        Self::try_connect_to(url).await.unwrap_or_else(|e| panic!("cannot connect to {url}: {e}"))
    }

    /// A connection that may be refused.
    pub async fn try_connect_to(url: &str) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        // Its failures reach whoever uses the client.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Has it speak TLS as well, with the folder's [`super::certificates`], and waits until it does.
    pub async fn speak_tls(&self, folder: &Folder) {
        let admin = self.connect().await;
        for (setting, file) in [("ssl_key_file", "its-server.key"), ("ssl_cert_file", "its-server.pem")] {
            let sql = format!("ALTER SYSTEM SET {setting} = '{}'", folder.join(file).display());
            admin.batch_execute(&sql).await.expect("a superuser may");
        }
        for sql in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
            admin.batch_execute(sql).await.expect("a superuser may");
        }
        let begin = Instant::now();
        // Sessions learn of it in their own time; the postmaster, who answers new ones, has learned of it before them.
        while admin.query_one("SHOW ssl", &[]).await.expect("it runs").get::<_, &str>(0) != "on" {
            assert!(begin.elapsed() < Duration::from_secs(20), "it does not speak TLS");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops it, ending open sessions; what was committed stays.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it on the port and data it had.
    pub fn start_again(&mut self) {
        self.stop();
        self.server = Some(launch(self.version, &self.folder, self.port).expect("its port is still free"));
    }

    /// Stops and starts it.
    pub fn restart(&mut self) {
        self.start_again();
    }
}

fn launch(version: Version, folder: &Folder, port: u16) -> Result<Server, String> {
    let data = folder.join("data");
    let pid_file = data.join("postmaster.pid");
    // Left by a stop that had to be forced; the server would take it for its own.
    let _ = fs::remove_file(&pid_file);
    let settings = [
        ("port", port.to_string()),
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("unix_socket_directories", String::new()),
        ("fsync", "on".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("max_connections", "400".to_owned()),
        ("shared_buffers", "64MB".to_owned()),
        ("log_min_messages", "warning".to_owned()),
    ];
    let mut args = vec!["-D".to_owned(), data.display().to_string()];
    args.extend(settings.into_iter().flat_map(|(key, value)| ["-c".to_owned(), format!("{key}={value}")]));
    let postgres = version.program("postgres");
    // SIGINT is the "fast" shutdown. Source: PostgreSQL, "Shutting Down the Server".
    let launch = Launch {
        program: &postgres,
        args,
        environment: Vec::new(),
        user: server_user(),
        log: folder.join("log"),
        end_signal: "INT",
    };
    // What pg_ctl waits for: line 8 of the lock file.
    let ready = || {
        fs::read_to_string(&pid_file).is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
    };
    Server::start(launch, ready)
}

fn server_user() -> Option<&'static str> {
    (own_uid() == 0).then_some(SYSTEM_USER)
}

fn copy_template(version: Version, folder: &Folder) {
    let initdb = version.program("initdb");
    let told = run(Command::new(&initdb).arg("--version"));
    // Programs that were upgraded meanwhile make one of their own.
    let template = root().join(format!("postgres-template-{}", told.split(' ').nth(2).unwrap_or_default().trim()));
    if !template.exists() {
        let fresh = Folder::new("initdb");
        let data = fresh.join("data");
        let mut command = Command::new("setpriv");
        if let Some(user) = server_user() {
            run(Command::new("chown").arg(user).arg(fresh.path()));
            command.args(["--reuid", user, "--regid", user, "--init-groups"]);
        }
        command.arg("--").arg(initdb).arg("-D").arg(&data).current_dir("/");
        run(command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]));
        // Two processes may come here at once: the first wins, and the loser's goes with its folder.
        if let Err(e) = fs::rename(&data, &template) {
            assert!(template.exists(), "cannot keep initdb's result: {e}");
        }
    }
    run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(&template).arg(folder.join("data")));
    let access = folder.join("data/pg_hba.conf");
    let trusting = fs::read_to_string(&access).expect("initdb wrote it");
    fs::write(&access, format!("host {WITH_PASSWORDS} all 127.0.0.1/32 scram-sha-256\n{trusting}")).expect("writable");
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[tokio::test]
    async fn commits_survive_a_restart_and_sessions_do_not(
        #[values(Version::Debian, Version::Newer)] version: Version,
    ) {
        let mut postgres = Postgres::start_of(version);
        let client = postgres.connect().await;
        client.batch_execute("CREATE TABLE t AS SELECT 42 AS n").await.unwrap();
        postgres.stop();
        assert!(client.query_one("SELECT 1", &[]).await.is_err());
        assert!(Postgres::try_connect_to(&postgres.url()).await.is_err());
        postgres.start_again();
        let row = postgres.connect().await.query_one("SELECT n FROM t", &[]).await.unwrap();
        assert_eq!(row.get::<_, i32>(0), 42);
    }

    #[tokio::test]
    async fn the_shared_one_gives_databases_of_one_s_own() {
        let (a, b) = (Postgres::shared().fresh_database().await, Postgres::shared().fresh_database().await);
        assert_ne!(a, b);
        Postgres::connect_to(&a).await.batch_execute("CREATE TABLE t ()").await.unwrap();
        Postgres::connect_to(&b).await.batch_execute("CREATE TABLE t ()").await.unwrap();
    }

    #[rstest]
    #[case(Version::Debian, 15..)]
    #[case(Version::Newer, 16..)]
    #[tokio::test]
    async fn commits_are_durable(#[case] version: Version, #[case] majors: std::ops::RangeFrom<i32>) {
        let client = Postgres::shared_of(version).connect().await;
        let row = client.query_one("SELECT current_setting('server_version_num')::int / 10000", &[]).await.unwrap();
        assert!(majors.contains(&row.get(0)), "{row:?}");
        for setting in ["fsync", "synchronous_commit"] {
            let row = client.query_one(&format!("SHOW {setting}"), &[]).await.unwrap();
            assert_eq!(row.get::<_, &str>(0), "on", "{setting}");
        }
    }
}
