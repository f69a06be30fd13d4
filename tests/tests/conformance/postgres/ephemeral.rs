//! Logins made for one access each, in a database into which nobody gets without a password.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jit_connectors::postgres::Ephemeral;
use jit_core::id::AccessId;
use jit_tests::servers::WITH_PASSWORDS;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::*;

/// A database of its own, and a login that has only the rights that the documentation asks for.
struct Vendors {
    server: &'static Postgres,
    admin: Client,
    name: String,
    /// What was revealed last, by account.
    revealed: Mutex<BTreeMap<String, SecretString>>,
}

impl Vendors {
    async fn new(version: Version) -> Self {
        Self::with(version, documented(version)).await
    }

    async fn with(version: Version, rights: &str) -> Self {
        let name = format!("conf{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let server = Postgres::shared_of(version);
        let admin = server.connect().await;
        // Several tests may make it, and one does.
        let made = admin.batch_execute(&format!("CREATE DATABASE {WITH_PASSWORDS}")).await;
        tracing::debug!(?made, "the database with passwords");
        admin.batch_execute("ALTER ROLE postgres PASSWORD 'administrators-hunter2'").await.unwrap();
        let url = server.url_as("postgres:administrators-hunter2", WITH_PASSWORDS);
        let admin = Postgres::connect_to(&url).await;
        let rights = rights
            .replace("jit_bot", &format!("{name}_bot"))
            .replace("app_admin", &format!("{name}_admin"))
            .replace('…', PASSWORD);
        let setup = format!(
            "CREATE ROLE {name}_admin; CREATE SCHEMA {name}; CREATE TABLE {name}.orders (id int); \
             GRANT USAGE, CREATE ON SCHEMA {name} TO {name}_admin; GRANT INSERT ON {name}.orders TO {name}_admin; {rights}"
        );
        admin.batch_execute(&setup).await.unwrap();
        Self { server, admin, name, revealed: Mutex::default() }
    }

    fn connector_at(&self, port: u16) -> Ephemeral {
        let url = format!("postgres://{}_bot:{PASSWORD}@127.0.0.1:{port}/{WITH_PASSWORDS}", self.name);
        Ephemeral::new(&Config { url: url.into(), ca_file: None, accounts: Accounts::Ephemeral }).unwrap()
    }

    fn connector(&self) -> Ephemeral {
        self.connector_at(self.server.port())
    }

    fn new_entitlement(&self) -> Entitlement {
        let account = format!("jit_{}_{}", self.name, COUNT.fetch_add(1, Ordering::Relaxed));
        let instance = Some(AccessId(Uuid::now_v7()));
        Entitlement { connector: "vendors".into(), account: account.as_str().into(), target: self.target(), instance }
    }

    async fn login(&self, e: &Entitlement, secret: &SecretString) -> Option<Client> {
        let user = format!("{}:{}", e.account, secret.expose_secret());
        Postgres::try_connect_to(&self.server.url_as(&user, WITH_PASSWORDS)).await.ok()
    }

    /// With a new secret where there is one to be had, else with the last.
    async fn newest(&self, e: &Entitlement) -> Option<SecretString> {
        let revealed = self.connector().reveal(e, &attempt()).await.ok().map(|credentials| credentials.secret);
        let mut all = self.revealed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = revealed {
            all.insert(e.account.to_string(), secret);
        }
        all.get(e.account.as_str()).cloned()
    }

    fn inserting(&self, client: Client) -> Inserting {
        Inserting { client, statement: format!("INSERT INTO {}.orders VALUES (1)", self.name) }
    }

    async fn exists(&self, e: &Entitlement) -> bool {
        let sql = "SELECT count(*) FROM pg_roles WHERE rolname = $1";
        self.admin.query_one(sql, &[&e.account.as_str()]).await.unwrap().get::<_, i64>(0) == 1
    }
}

#[async_trait]
impl Subject for Vendors {
    async fn connect(&self) -> Arc<dyn Connector> {
        Arc::new(self.connector())
    }

    async fn unreachable(&self) -> Arc<dyn Connector> {
        Arc::new(self.connector_at(free_port()))
    }

    async fn entitlement(&self) -> Entitlement {
        self.new_entitlement()
    }

    fn target(&self) -> Target {
        target(json!({ "role": format!("{}_admin", self.name) }))
    }

    async fn works(&self, e: &Entitlement, _with: Option<&Handover>) -> bool {
        let Some(secret) = self.newest(e).await else { return false };
        match self.login(e, &secret).await {
            Some(client) => self.inserting(client).works().await,
            None => false,
        }
    }

    async fn signs_in(&self, e: &Entitlement, secret: &SecretString) -> bool {
        self.login(e, secret).await.is_some()
    }

    async fn elevated_session(&self, e: &Entitlement, _with: Option<&Handover>) -> Box<dyn Session> {
        let secret = self.newest(e).await.unwrap();
        Box::new(self.inserting(self.login(e, &secret).await.unwrap()))
    }

    async fn other_session(&self, _e: &Entitlement) -> Box<dyn Session> {
        Box::new(Inserting { client: self.server.connect().await, statement: "SELECT 1".to_owned() })
    }

    async fn give_behind(&self, _e: &Entitlement) {
        unreachable!("nobody holds a login that is made for an access without us")
    }

    async fn take_behind(&self, _e: &Entitlement) {
        unreachable!("nobody holds a login that is made for an access without us")
    }

    fn bad_targets(&self) -> Vec<Target> {
        vec![target(json!({})), target(json!({ "role": "public" })), target(json!({ "role": "a", "rolle": "b" }))]
    }

    fn secrets(&self) -> Vec<String> {
        let revealed = self.revealed.lock().unwrap_or_else(PoisonError::into_inner);
        revealed.values().map(|secret| secret.expose_secret().to_owned()).chain([PASSWORD.to_owned()]).collect()
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn ephemeral_logins_conform(#[values(Version::Debian, Version::Newer)] version: Version) {
    conforms(&Vendors::new(version).await, 14).await;
}

#[rstest]
#[tokio::test]
async fn what_its_holder_made_becomes_the_role_s_and_the_login_is_removed(
    #[values(Version::Debian, Version::Newer)] version: Version,
) {
    let vendors = Vendors::new(version).await;
    let (connector, e, name) = (vendors.connector(), vendors.new_entitlement(), vendors.name.clone());
    connector.grant(&e, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    let secret = connector.reveal(&e, &attempt()).await.unwrap().secret;
    let client = vendors.login(&e, &secret).await.unwrap();
    let make = format!("CREATE TABLE {name}.notes (id int); INSERT INTO {name}.notes VALUES (7)");
    client.batch_execute(&make).await.unwrap();
    let lock = format!("BEGIN; INSERT INTO {name}.notes VALUES (8)");
    client.batch_execute(&lock).await.unwrap();
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
    assert!(vendors.login(&e, &secret).await.is_none(), "disabled before its sessions have ended");
    assert_eq!(connector.end_sessions(&e, &attempt()).await.unwrap().sessions, 1);
    assert!(!vendors.exists(&e).await);
    let owner = "SELECT tableowner::text FROM pg_tables WHERE tablename = 'notes' AND schemaname = $1";
    let owner: String = vendors.admin.query_one(owner, &[&name]).await.unwrap().get(0);
    assert_eq!(owner, format!("{name}_admin"));
    let rows = format!("SELECT count(*) FROM {name}.notes");
    assert_eq!(vendors.admin.query_one(&rows, &[]).await.unwrap().get::<_, i64>(0), 1, "nothing of it is lost");
    let mine = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.grantor \
         WHERE r.rolname = $1 AND g.rolname = $1 AND NOT m.admin_option";
    let left = vendors.admin.query_one(mine, &[&format!("{name}_bot")]).await.unwrap().get::<_, i64>(0);
    assert_eq!(left, 0, "our login keeps no right that it took for a moment");
}

#[rstest]
#[tokio::test]
async fn what_it_owns_elsewhere_is_told_and_the_login_stays_disabled(
    #[values(Version::Debian, Version::Newer)] version: Version,
) {
    let vendors = Vendors::new(version).await;
    let (connector, e) = (vendors.connector(), vendors.new_entitlement());
    connector.grant(&e, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    let elsewhere = vendors.server.connect().await;
    let table = format!("{}_elsewhere", vendors.name);
    elsewhere
        .batch_execute(&format!("CREATE TABLE {table} (id int); ALTER TABLE {table} OWNER TO {}", e.account))
        .await
        .unwrap();
    connector.revoke(&e, &attempt()).await.unwrap();
    let error = connector.end_sessions(&e, &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("database postgres"), "{error}");
    assert!(error.to_string().contains("REASSIGN OWNED BY"), "{error}");
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
    elsewhere.batch_execute(&format!("DROP TABLE {table}")).await.unwrap();
    connector.end_sessions(&e, &attempt()).await.unwrap();
    assert!(!vendors.exists(&e).await);
}

#[rstest]
#[tokio::test]
async fn a_login_that_is_not_ours_is_never_touched(#[values(Version::Debian, Version::Newer)] version: Version) {
    let vendors = Vendors::new(version).await;
    let (connector, e) = (vendors.connector(), vendors.new_entitlement());
    let make = format!("CREATE ROLE {} LOGIN PASSWORD 'their-own'", e.account);
    vendors.admin.batch_execute(&make).await.unwrap();
    let theirs = SecretString::from("their-own");
    let error = connector.grant(&e, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("did not make"), "{error}");
    assert!(connector.reveal(&e, &attempt()).await.is_err());
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
    assert!(vendors.login(&e, &theirs).await.is_some());
    let another = Entitlement { instance: Some(AccessId(Uuid::now_v7())), ..e.clone() };
    vendors.admin.batch_execute(&format!("DROP ROLE {}", e.account)).await.unwrap();
    connector.grant(&e, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    assert!(connector.grant(&another, Utc::now(), &attempt()).await.is_err(), "another access's");
    connector.revoke(&another, &attempt()).await.unwrap();
    assert_ne!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}

#[rstest]
#[tokio::test]
async fn the_right_to_make_logins_is_missed(#[values(Version::Debian, Version::Newer)] version: Version) {
    let rights = documented(version).replace(" CREATEROLE", "");
    let vendors = Vendors::with(version, &rights).await;
    let error = vendors.connector().probe().await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("CREATEROLE"), "{error}");
}

/// The rights that `docs/connectors.md` asks for, with those for logins that are made.
fn documented(version: Version) -> &'static str {
    let (_, ephemeral) =
        include_str!("../../../../docs/connectors.md").split_once("\n### Ephemeral accounts\n").unwrap();
    let mut blocks = ephemeral.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let (newer, older) = (blocks.next().unwrap(), blocks.next().unwrap());
    if version == Version::Newer { newer } else { older }
}
