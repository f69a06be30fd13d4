//! Role membership in real PostgreSQLs, Debian's and one in which each grantor's grant stands for itself, through a login that has only
//! the rights that the documentation asks for.

mod ephemeral;
mod memberships;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use jit_connectors::contract::Connector;
use jit_connectors::postgres::{Accounts, Config, Postgres as PostgresConnector};
use jit_connectors::testkit::{Session, Subject};
use jit_core::entitlement::{Entitlement, Handover, Holding, Target};
use jit_tests::servers::{Folder, Postgres, Version, certificates, free_port};
use rstest::rstest;
use serde_json::json;
use tokio_postgres::Client;

use crate::{attempt, conforms, target, within};

const PASSWORD: &str = "conformance-hunter2";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database with a role worth having, and a bot that may give it.
struct Database {
    server: &'static Postgres,
    admin: Client,
    /// Tells the roles of this test from those of the others.
    name: String,
}

impl Database {
    async fn new(version: Version, rights: &str) -> Self {
        Self::set_up(version, &format!("CREATE ROLE jit_bot LOGIN PASSWORD '…'; {rights}")).await
    }

    /// With the statements of the documentation.
    async fn with_rights(version: Version) -> Self {
        Self::set_up(version, documented(version)).await
    }

    /// Runs statements about `jit_bot` and `app_admin`, under names of this test's own.
    async fn set_up(version: Version, rights: &str) -> Self {
        let name = format!("conf{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let server = Postgres::shared_of(version);
        let admin = server.connect().await;
        let rights = rights
            .replace("jit_bot", &format!("{name}_bot"))
            .replace("app_admin", &format!("{name}_admin"))
            .replace('…', PASSWORD);
        let setup = format!(
            "CREATE ROLE {name}_admin; CREATE TABLE {name}_orders (id int); \
             GRANT INSERT ON {name}_orders TO {name}_admin; {rights}"
        );
        admin.batch_execute(&setup).await.unwrap();
        Self { server, admin, name }
    }

    /// Statements of an administrator; `$` is this test's name.
    async fn run(&self, sql: &str) {
        self.admin.batch_execute(&sql.replace('$', &self.name)).await.unwrap();
    }

    fn connector_at(&self, port: u16) -> PostgresConnector {
        let url = format!("postgres://{}_bot:{PASSWORD}@127.0.0.1:{port}/postgres", self.name);
        PostgresConnector::new(&Config { url: url.into(), ca_file: None, accounts: Accounts::Own }).unwrap()
    }

    fn connector(&self) -> PostgresConnector {
        self.connector_at(self.server.port())
    }

    async fn entitlement_for(&self, role: &str) -> Entitlement {
        let account = format!("{}_account{}", self.name, COUNT.fetch_add(1, Ordering::Relaxed));
        self.admin.batch_execute(&format!("CREATE ROLE {account} LOGIN")).await.unwrap();
        let target = target(json!({ "role": role }));
        Entitlement { connector: "orders-db".into(), account: account.as_str().into(), target, instance: None }
    }

    async fn login(&self, e: &Entitlement) -> Client {
        Postgres::connect_to(&self.server.url_as(e.account.as_str(), "postgres")).await
    }

    async fn elevated(&self, e: &Entitlement) -> Inserting {
        let client = self.login(e).await;
        client.batch_execute(&format!("SET ROLE {}_admin", self.name)).await.unwrap();
        Inserting { client, statement: format!("INSERT INTO {}_orders VALUES (1)", self.name) }
    }
}

/// The rights that `docs/connectors.md` asks for: the first SQL for versions from 16 on, the second for older ones.
fn documented(version: Version) -> &'static str {
    let (_, postgres) = include_str!("../../../docs/connectors.md").split_once("\n## postgres\n").unwrap();
    let mut blocks = postgres.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let (newer, older) = (blocks.next().unwrap(), blocks.next().unwrap());
    if version == Version::Newer { newer } else { older }
}

/// An open connection that does one thing again and again.
struct Inserting {
    client: Client,
    statement: String,
}

#[async_trait]
impl Session for Inserting {
    async fn works(&mut self) -> bool {
        self.client.batch_execute(&self.statement).await.is_ok()
    }
}

#[async_trait]
impl Subject for Database {
    async fn connect(&self) -> Arc<dyn Connector> {
        Arc::new(self.connector())
    }

    async fn unreachable(&self) -> Arc<dyn Connector> {
        Arc::new(self.connector_at(free_port()))
    }

    async fn entitlement(&self) -> Entitlement {
        self.entitlement_for(&format!("{}_admin", self.name)).await
    }

    fn target(&self) -> Target {
        target(json!({ "role": format!("{}_admin", self.name) }))
    }

    async fn works(&self, e: &Entitlement, _with: Option<&Handover>) -> bool {
        let sql = format!("SET ROLE {0}_admin; INSERT INTO {0}_orders VALUES (1)", self.name);
        self.login(e).await.batch_execute(&sql).await.is_ok()
    }

    async fn elevated_session(&self, e: &Entitlement, _with: Option<&Handover>) -> Box<dyn Session> {
        Box::new(self.elevated(e).await)
    }

    async fn other_session(&self, _e: &Entitlement) -> Box<dyn Session> {
        let other = self.entitlement().await;
        Box::new(Inserting { client: self.login(&other).await, statement: "SELECT 1".to_owned() })
    }

    async fn give_behind(&self, e: &Entitlement) {
        self.admin.batch_execute(&format!("GRANT {}_admin TO {}", self.name, e.account)).await.unwrap();
    }

    async fn take_behind(&self, e: &Entitlement) {
        self.admin.batch_execute(&format!("REVOKE {}_admin FROM {}", self.name, e.account)).await.unwrap();
    }

    fn bad_targets(&self) -> Vec<Target> {
        vec![
            target(json!({})),
            target(json!({ "role": "" })),
            target(json!({ "role": "public" })),
            target(json!({ "role": "x".repeat(64) })),
            target(json!({ "role": "a", "rolle": "b" })),
        ]
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_conforms(#[values(Version::Debian, Version::Newer)] version: Version) {
    conforms(&Database::with_rights(version).await, 13).await;
}

#[rstest]
#[tokio::test]
async fn an_open_session_in_set_role_fails_its_next_insert_after_the_end(
    #[values(Version::Debian, Version::Newer)] version: Version,
) {
    let database = Database::with_rights(version).await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    connector.grant(&e, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    let mut session = database.elevated(&e).await;
    assert!(session.works().await);
    connector.revoke(&e, &attempt()).await.unwrap();
    assert!(session.works().await, "PostgreSQL leaves it the role; otherwise ending sessions would not be needed");
    assert_eq!(connector.end_sessions(&e, &attempt()).await.unwrap().sessions, 1);
    assert!(!session.works().await);
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}

#[rstest]
#[tokio::test]
async fn what_comes_through_another_role_is_seen_unless_it_is_ours(
    #[values(Version::Debian, Version::Newer)] version: Version,
) {
    let database = Database::with_rights(version).await;
    let name = &database.name;
    let more = format!(
        "CREATE ROLE {name}_staff; CREATE ROLE {name}_lead; GRANT {name}_admin TO {name}_staff, {name}_lead; \
         GRANT {name}_lead TO {name}_bot WITH ADMIN OPTION"
    );
    database.admin.batch_execute(&more).await.unwrap();
    let connector = database.connector();
    let held = async |e: &Entitlement| connector.inspect(e).await.unwrap() != Holding::Gone;

    let member = database.entitlement().await;
    database.admin.batch_execute(&format!("GRANT {name}_staff TO {}", member.account)).await.unwrap();
    assert!(held(&member).await, "a member of the staff holds what the staff holds");

    let lead = database.entitlement_for(&format!("{name}_lead")).await;
    let admin = Entitlement { target: database.target(), ..lead.clone() };
    connector.grant(&lead, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    assert!(held(&lead).await);
    assert!(!held(&admin).await, "what another grant of ours brings along is that grant's");
    let holders = connector.holders(&database.target()).await.unwrap();
    let listed = |account: &str| holders.iter().any(|holder| holder.account.as_str() == account);
    assert!(listed(member.account.as_str()) && listed(lead.account.as_str()) && listed(&format!("{name}_staff")));
}

#[rstest]
#[tokio::test]
async fn names_are_taken_literally(#[values(Version::Debian, Version::Newer)] version: Version) {
    let database = Database::with_rights(version).await;
    let (role, account) =
        (format!("{} odd\"; DROP ROLE x; --", database.name), format!("{} Häns 'n' co.", database.name));
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let more = format!(
        "CREATE ROLE {0}; CREATE ROLE {1} LOGIN; GRANT {0} TO {2}_bot WITH ADMIN OPTION",
        quoted(&role),
        quoted(&account),
        database.name
    );
    database.admin.batch_execute(&more).await.unwrap();
    let target = target(json!({ "role": role }));
    let e = Entitlement { connector: "db".into(), account: account.as_str().into(), target, instance: None };
    let connector = database.connector();
    let granted = connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    assert!(granted.handover.unwrap().how.contains(&quoted(&role)));
    assert_ne!(connector.inspect(&e).await.unwrap(), Holding::Gone);
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}

#[rstest]
#[tokio::test]
async fn an_account_or_role_that_is_missing_stops_a_grant_and_not_a_revoke(
    #[values(Version::Debian, Version::Newer)] version: Version,
) {
    let database = Database::with_rights(version).await;
    let connector = database.connector();
    let here = database.entitlement().await;
    let no_account = Entitlement { account: "nobody-here".into(), ..here.clone() };
    let no_role = Entitlement { target: target(json!({ "role": "nothing-here" })), ..here };
    for e in [no_account, no_role] {
        let error = connector.grant(&e, Utc::now(), &attempt()).await.unwrap_err();
        assert!(error.is_permanent() && error.to_string().contains("Create it"), "{error}");
        connector.revoke(&e, &attempt()).await.unwrap();
        assert_eq!(connector.end_sessions(&e, &attempt()).await.unwrap().sessions, 0);
        assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
    }
}

#[rstest]
#[tokio::test]
async fn missing_rights_are_told_with_what_mends_them(#[values(Version::Debian, Version::Newer)] version: Version) {
    let bare = Database::new(version, "").await;
    let (connector, e) = (bare.connector(), bare.entitlement().await);
    let error = connector.probe().await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("WITH ADMIN OPTION"), "{error}");
    let error = connector.grant(&e, Utc::now(), &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("ADMIN OPTION"), "{error}");
    let deaf = Database::new(version, "GRANT app_admin TO jit_bot WITH ADMIN OPTION").await;
    let (connector, e) = (deaf.connector(), deaf.entitlement().await);
    let error = connector.probe().await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("GRANT pg_signal_backend"), "{error}");
    let _open = deaf.login(&e).await;
    let error = connector.end_sessions(&e, &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("pg_signal_backend"), "{error}");
    let url = deaf.server.url_as("nobody_here", "postgres");
    let unknown = PostgresConnector::new(&Config { url: url.into(), ca_file: None, accounts: Accounts::Own }).unwrap();
    assert!(unknown.probe().await.unwrap_err().is_permanent());
}

#[rstest]
#[tokio::test]
async fn a_lost_connection_is_not_noticed(#[values(Version::Debian, Version::Newer)] version: Version) {
    let database = Database::with_rights(version).await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    // The server ends the kept connection, as a restart would, and the next call finds it dead.
    let sql = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = $1";
    for _ in 0..3 {
        let login = format!("{}_bot", database.name);
        assert_eq!(database.admin.query_one(sql, &[&login]).await.unwrap().get::<_, i64>(0), 1);
        assert_ne!(connector.inspect(&e).await.unwrap(), Holding::Gone);
        assert_eq!(database.admin.query_one(sql, &[&login]).await.unwrap().get::<_, i64>(0), 1);
        connector.revoke(&e, &attempt()).await.unwrap();
        connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn tls_is_used_and_the_servers_certificate_verified(#[values(Version::Debian, Version::Newer)] version: Version) {
    let (server, folder) = (Postgres::start_of(version), Folder::new("tls"));
    certificates(&folder);
    server.speak_tls(&folder).await;
    let admin = server.connect().await;
    admin.batch_execute("CREATE ROLE tls_bot LOGIN SUPERUSER").await.unwrap();
    let connector = |host: &str, ca_file: Option<PathBuf>| {
        let url = format!("postgres://tls_bot@{host}:{}/postgres?sslmode=verify-full", server.port());
        PostgresConnector::new(&Config { url: url.into(), ca_file, accounts: Accounts::Own }).unwrap()
    };
    let trusting = connector("127.0.0.1", Some(folder.join("ca.pem")));
    trusting.probe().await.unwrap();
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'tls_bot'";
    assert_eq!(admin.query_one(encrypted, &[]).await.unwrap().get::<_, Option<bool>>(0), Some(true));
    let error = connector("localhost", Some(folder.join("ca.pem"))).probe().await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "another name than the certificate's: {error}");
    let error = connector("127.0.0.1", None).probe().await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "an authority that nobody trusts: {error}");
}

#[rstest]
#[tokio::test]
async fn nothing_acts_after_its_deadline(#[values(Version::Debian, Version::Newer)] version: Version) {
    let database = Database::with_rights(version).await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    let mut blocker = database.server.connect().await;
    let lock = blocker.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE pg_auth_members IN EXCLUSIVE MODE").await.unwrap();
    let begin = Instant::now();
    let error = connector.grant(&e, Utc::now(), &within(TimeDelta::milliseconds(400))).await.unwrap_err();
    assert!(!error.is_permanent() && begin.elapsed() < Duration::from_secs(2), "{error} after {:?}", begin.elapsed());
    lock.rollback().await.unwrap();
    // Whoever still waited for the lock would have it now, so this look comes after any late grant.
    let mut again = database.server.connect().await;
    let lock = again.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE pg_auth_members IN EXCLUSIVE MODE").await.unwrap();
    drop(lock);
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}
