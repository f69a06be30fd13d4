//! One connection per connector, kept and made anew when it breaks; deadlines; errors put into the contract's two kinds.
//! Knows no statement: those are in `wire`.

use std::future::Future;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Config;
use crate::contract::ConnectorError;

/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The way to one database.
pub(super) struct Link {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    live: Mutex<Option<Arc<Session>>>,
}

/// Where a database is.
pub(super) struct Address {
    host: String,
    port: u16,
    database: String,
}

impl Address {
    /// Label and value each, for people.
    pub(super) fn facts(&self, account: &str) -> Vec<(&'static str, String)> {
        vec![
            ("Host", self.host.clone()),
            ("Port", self.port.to_string()),
            ("Database", self.database.clone()),
            ("User", account.to_owned()),
        ]
    }

    /// The line for `psql`, which asks for the password.
    pub(super) fn psql(&self, account: &str) -> String {
        let Self { host, port, database } = self;
        format!("psql -h {host} -p {port} -U {account} -d {database}")
    }
}

/// An open connection.
pub(super) struct Session {
    pub(super) client: Client,
    /// The server's major version, for example 15.
    pub(super) version: u32,
}

/// A statement that failed.
pub(super) enum Failure {
    /// A role or account does not exist.
    Missing(String),
    /// Anything else.
    Other(ConnectorError),
}

impl From<Failure> for ConnectorError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Missing(what) => Self::permanent(what),
            Failure::Other(error) => error,
        }
    }
}

impl Link {
    pub(super) fn new(settings: &Config) -> Result<Self, String> {
        // Verification is never left out here, so the modes that ask for it are what `require` already means.
        let url = settings.url.expose_secret();
        let url = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
        let mut config = tokio_postgres::Config::from_str(&url).map_err(|_| {
            "`url` is not a PostgreSQL URL; write postgres://user:password@host:5432/database".to_owned()
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("`url` names no host; write postgres://user:password@host:5432/database".to_owned());
        }
        let local = is_local(&config);
        let encrypted = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Require => true,
            _ => !local,
        };
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECT).keepalives_idle(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name("jit");
        }
        let tls = encrypted.then(|| tls(settings)).transpose()?;
        Ok(Self { config, tls, live: Mutex::new(None) })
    }

    /// Where people reach it, as far as our own way there tells.
    pub(super) fn address(&self) -> Address {
        let host = self.config.get_hosts().first().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        Address {
            host: host.unwrap_or_else(|| "localhost".to_owned()),
            port: self.config.get_ports().first().copied().unwrap_or(5432),
            database: self.config.get_dbname().unwrap_or("postgres").to_owned(),
        }
    }

    /// Runs one idempotent piece of work within the time given; once more when the kept connection turns out to be dead.
    pub(super) async fn run<T, F, W>(&self, what: &str, within: Duration, work: F) -> Result<T, Failure>
    where
        F: Fn(Arc<Session>, Duration) -> W,
        W: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let deadline = Instant::now() + within;
        let mut again = true;
        loop {
            let (session, kept) = self.session(what, deadline).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout_at(deadline, work(Arc::clone(&session), left)).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) if kept && again && is_lost(&session, &error) => {
                    again = false;
                    self.forget(&session).await;
                }
                Ok(Err(error)) => return Err(classify(what, &error)),
                Err(_) => {
                    self.abandon(&session).await;
                    return Err(Failure::Other(ConnectorError::retry(format!("{what}: no answer in time"))));
                }
            }
        }
    }

    /// The open connection and whether it was open before.
    async fn session(&self, what: &str, deadline: Instant) -> Result<(Arc<Session>, bool), Failure> {
        let late = || Failure::Other(ConnectorError::retry(format!("{what}: the database was not reached in time")));
        let mut live = timeout_at(deadline, self.live.lock()).await.map_err(|_| late())?;
        if let Some(session) = live.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok((Arc::clone(session), true));
        }
        let opened = timeout_at(deadline, self.open()).await.map_err(|_| late())?;
        let session = Arc::new(opened.map_err(|error| classify(what, &error))?);
        *live = Some(Arc::clone(&session));
        Ok((session, false))
    }

    async fn open(&self) -> Result<Session, tokio_postgres::Error> {
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                let version = major(connection.parameter("server_version"));
                tokio::spawn(logged(connection));
                Ok(Session { client, version })
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                let version = major(connection.parameter("server_version"));
                tokio::spawn(logged(connection));
                Ok(Session { client, version })
            }
        }
    }

    /// The next call opens another connection.
    async fn forget(&self, session: &Arc<Session>) {
        let mut live = self.live.lock().await;
        if live.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, session)) {
            *live = None;
        }
    }

    /// Gives a connection up whose answer is overdue, and asks the server to stop what it does there: nothing may act after its deadline.
    async fn abandon(&self, session: &Arc<Session>) {
        self.forget(session).await;
        let cancel = session.client.cancel_token();
        let tls = self.tls.clone();
        tokio::spawn(async move {
            let cancelled = async {
                match tls {
                    None => cancel.cancel_query(NoTls).await,
                    Some(tls) => cancel.cancel_query(tls).await,
                }
            };
            if !matches!(tokio::time::timeout(CONNECT, cancelled).await, Ok(Ok(()))) {
                tracing::debug!("an overdue statement could not be cancelled; its own time-out ends it");
            }
        });
    }
}

/// Whether the connection has ended: found closed, or the server's last word on it, as when it restarts.
fn is_lost(session: &Session, error: &tokio_postgres::Error) -> bool {
    let last_words = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN];
    session.client.is_closed() || error.is_closed() || error.code().is_some_and(|code| last_words.contains(code))
}

async fn logged<F: Future<Output = Result<(), tokio_postgres::Error>>>(connection: F) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to PostgreSQL ended; the next call opens another");
    }
}

/// `15` of `15.18 (Debian …)`; what cannot be read counts as new.
fn major(version: Option<&str>) -> u32 {
    let digits: String = version.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(u32::MAX)
}

fn is_local(config: &tokio_postgres::Config) -> bool {
    let loopback =
        |name: &str| name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    config.get_hostaddrs().iter().all(IpAddr::is_loopback)
        && config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => loopback(name),
            Host::Unix(_) => true,
        })
}

fn tls(settings: &Config) -> Result<MakeRustlsConnect, String> {
    let mut roots = rustls::RootCertStore::empty();
    match &settings.ca_file {
        Some(path) => {
            let wrong = |error: &dyn std::fmt::Display| format!("`ca_file` {}: {error}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
                roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err("no certificates to verify the server's with: set `ca_file`, or install ca-certificates".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Whether it may pass, and how to mend it when it does not. The server's own words are kept: they name roles, never passwords.
fn classify(what: &str, error: &tokio_postgres::Error) -> Failure {
    let Some(db) = error.as_db_error() else {
        let mut causes = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            causes = format!("{causes}: {cause}");
            source = cause.source();
        }
        return Failure::Other(ConnectorError::retry(format!("{what}: {causes}")));
    };
    let said = match db.detail() {
        Some(detail) => format!("{what}: PostgreSQL says `{}` ({detail})", db.message()),
        None => format!("{what}: PostgreSQL says `{}`", db.message()),
    };
    let mend = |how: &str| Failure::Other(ConnectorError::permanent(format!("{said}. {how}")));
    match db.code() {
        &SqlState::UNDEFINED_OBJECT => {
            Failure::Missing(format!("{said}. Create it, or correct the role's target or the person's account."))
        }
        &SqlState::INSUFFICIENT_PRIVILEGE => mend(
            "Give our login itself ADMIN OPTION on the role (GRANT role TO bot WITH ADMIN OPTION), and pg_signal_backend to end sessions. \
             Of superusers it can do neither.",
        ),
        &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            mend("Correct the user and password of the connector's `url`, or pg_hba.conf.")
        }
        &SqlState::INVALID_CATALOG_NAME => mend("Correct the database in the connector's `url`."),
        &SqlState::READ_ONLY_SQL_TRANSACTION => mend("Point the connector's `url` to the primary."),
        &SqlState::INVALID_GRANT_OPERATION => {
            mend("The role and the account cannot be joined; correct the role's target.")
        }
        _ => Failure::Other(ConnectorError::retry(said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encrypted(url: &str) -> bool {
        Link::new(&Config { url: url.to_owned().into(), ca_file: None, accounts: crate::postgres::Accounts::Own })
            .unwrap()
            .tls
            .is_some()
    }

    #[test]
    fn other_machines_are_reached_over_tls() {
        assert!(!encrypted("postgres://bot@127.0.0.1/db"));
        assert!(!encrypted("postgres://bot@[::1]:5433/db"));
        assert!(!encrypted("postgres://bot@%2Fvar%2Frun%2Fpostgresql/db"));
        assert!(!encrypted("host=/tmp user=bot dbname=db"));
        assert!(!encrypted("postgres://bot@db.example.test/db?sslmode=disable"));
        for tls in ["require", "prefer", "verify-full"] {
            assert!(encrypted(&format!("postgres://bot@db.example.test/db?sslmode={tls}")), "{tls}");
        }
        assert!(encrypted("postgres://bot@db.example.test/db"));
        assert!(encrypted("postgres://bot@127.0.0.1/db?sslmode=require"));
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major(Some("15.18 (Debian 15.18-0+deb12u1)")), 15);
        assert_eq!(major(Some("17beta1")), 17);
        assert_eq!(major(None), u32::MAX);
    }
}
