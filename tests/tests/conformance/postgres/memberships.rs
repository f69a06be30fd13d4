//! Whose membership it is, and whether it can be used: what PostgreSQL 16 changed, and what was and is the same before and after.

use chrono::Utc;
use jit_connectors::contract::Connector;
use jit_connectors::testkit::{Session, Subject};
use jit_core::entitlement::Holding;
use jit_tests::servers::{Postgres, Version};
use rstest::rstest;

use super::Database;
use crate::attempt;

#[tokio::test]
async fn our_grant_is_taken_and_nobody_elses() {
    let database = Database::with_rights(Version::Newer).await;
    database.run("CREATE ROLE $_dba LOGIN CREATEROLE; GRANT $_admin TO $_dba WITH ADMIN TRUE").await;
    let dba = Postgres::connect_to(&database.server.url_as(&format!("{}_dba", database.name), "postgres")).await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    let (role, account) = (format!("{}_admin", database.name), e.account.to_string());
    let rows = async || {
        let sql = "SELECT count(*) FROM pg_auth_members WHERE member = $1::text::regrole";
        database.admin.query_one(sql, &[&account]).await.unwrap().get::<_, i64>(0)
    };

    // For administration alone: nothing is held, ours comes beside it, and it is all that goes.
    dba.batch_execute(&format!("GRANT {role} TO {account} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")).await.unwrap();
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
    connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    assert!(database.works(&e, None).await);
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!((connector.inspect(&e).await.unwrap(), rows().await), (Holding::Gone, 1));

    // Two others grant the same while ours runs: ours goes, theirs stay, and it is told who must take them.
    connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    dba.batch_execute(&format!("GRANT {role} TO {account} WITH SET TRUE")).await.unwrap();
    database.give_behind(&e).await;
    assert_eq!(rows().await, 3);
    for _ in 0..2 {
        let error = connector.revoke(&e, &attempt()).await.unwrap_err();
        for grantor in [format!("{}_dba", database.name), "postgres".to_owned()] {
            let mend = format!("REVOKE \"{role}\" FROM \"{account}\" GRANTED BY \"{grantor}\"");
            assert!(error.is_permanent() && error.to_string().contains(&mend), "{error}");
        }
        assert_eq!(rows().await, 2);
        assert_ne!(connector.inspect(&e).await.unwrap(), Holding::Gone);
    }
    database.run(&format!("REVOKE {role} FROM {account} GRANTED BY $_dba; REVOKE {role} FROM {account}")).await;
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}

#[tokio::test]
async fn up_to_15_a_membership_is_one_whoever_grants_it() {
    let database = Database::with_rights(Version::Debian).await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    database.give_behind(&e).await;
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}

#[rstest]
#[tokio::test]
async fn what_somebody_else_gave_through_another_role_is_told_at_the_end(
    #[values(Version::Debian, Version::Newer)] version: Version,
) {
    let database = Database::with_rights(version).await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    database.run(&format!("CREATE ROLE $_staff; GRANT $_admin TO $_staff; GRANT $_staff TO {}", e.account)).await;
    let error = connector.revoke(&e, &attempt()).await.unwrap_err();
    let mend = format!("REVOKE \"{}_staff\" FROM \"{}\"", database.name, e.account);
    assert!(error.is_permanent() && error.to_string().contains(&mend), "{error}");
    database.run(&format!("REVOKE $_staff FROM {}", e.account)).await;
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}

/// What `inspect` and `holders` say is compared with what PostgreSQL does, over chains of two memberships with every pair of options.
#[tokio::test]
async fn a_membership_counts_when_it_can_be_used() {
    let database = Database::with_rights(Version::Newer).await;
    let connector = database.connector();
    let options =
        ["SET TRUE, INHERIT TRUE", "SET TRUE, INHERIT FALSE", "SET FALSE, INHERIT TRUE", "SET FALSE, INHERIT FALSE"];
    for (number, (first, second)) in options.iter().flat_map(|a| options.iter().map(move |b| (a, b))).enumerate() {
        let e = database.entitlement().await;
        let between = format!("{}_between{number}", database.name);
        let setup = format!(
            "CREATE ROLE {between}; GRANT {between} TO {} WITH {first}; GRANT $_admin TO {between} WITH {second}",
            e.account
        );
        database.run(&setup).await;
        let client = database.login(&e).await;
        let insert = format!("INSERT INTO {}_orders VALUES (1)", database.name);
        let inherited = client.batch_execute(&insert).await.is_ok();
        let set = client.batch_execute(&format!("SET ROLE {}_admin", database.name)).await.is_ok();
        let through = client.batch_execute(&format!("RESET ROLE; SET ROLE {between}; {insert}")).await.is_ok();
        let holding = connector.inspect(&e).await.unwrap();
        let case = format!("{first}, then {second}: {holding:?}");
        assert_eq!(holding != Holding::Gone, inherited || set || through, "{case}");
        if let Holding::Held { handover, .. } = holding {
            assert_eq!(handover.unwrap().how.contains("then: SET ROLE"), set, "{case}");
        }
        let listed =
            connector.holders(&database.target()).await.unwrap().iter().any(|holder| holder.account == e.account);
        assert_eq!(listed, inherited || set || through, "{case}");
    }
}

#[rstest]
#[tokio::test]
async fn superusers_and_their_sessions_are_out_of_reach(#[values(Version::Debian, Version::Newer)] version: Version) {
    let database = Database::with_rights(version).await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    database.run(&format!("ALTER ROLE {} SUPERUSER", e.account)).await;
    let _open = database.login(&e).await;
    let error = connector.end_sessions(&e, &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().to_lowercase().contains("superuser"), "{error}");
    connector.revoke(&e, &attempt()).await.unwrap();
    let error = connector.grant(&e, Utc::now(), &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("is a superuser"), "{error}");
    assert_eq!(connector.inspect(&e).await.unwrap(), Holding::Gone);
}

#[tokio::test]
async fn createrole_alone_gives_nothing_from_16_on() {
    let database =
        Database::new(Version::Newer, "ALTER ROLE jit_bot CREATEROLE; GRANT pg_signal_backend TO jit_bot").await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    let error = connector.probe().await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("WITH ADMIN OPTION"), "{error}");
    let error = connector.grant(&e, Utc::now(), &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("ADMIN OPTION"), "{error}");
    // Another role's ADMIN OPTION would make the grant that role's, and not ours to tell from others.
    database.run("CREATE ROLE $_bots; GRANT $_admin TO $_bots WITH ADMIN OPTION; GRANT $_bots TO $_bot").await;
    assert!(connector.probe().await.unwrap_err().to_string().contains("WITH ADMIN OPTION"));
    let error = connector.grant(&e, Utc::now(), &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("itself ADMIN OPTION"), "{error}");
}

#[tokio::test]
async fn the_documented_rights_give_our_login_nothing_of_the_role_from_16_on() {
    let database = Database::with_rights(Version::Newer).await;
    let url = format!("postgres://{}_bot@127.0.0.1:{}/postgres", database.name, database.server.port());
    let bot = Postgres::connect_to(&url).await;
    assert!(bot.batch_execute(&format!("INSERT INTO {}_orders VALUES (1)", database.name)).await.is_err());
    assert!(bot.batch_execute(&format!("SET ROLE {}_admin", database.name)).await.is_err());
    let holders = database.connector().holders(&database.target()).await.unwrap();
    assert_eq!(holders, [], "who may only administer it holds nothing");
}

#[rstest]
#[tokio::test]
async fn a_superuser_as_login_gives_and_takes_as_well(#[values(Version::Debian, Version::Newer)] version: Version) {
    let database = Database::new(version, "ALTER ROLE jit_bot SUPERUSER").await;
    let (connector, e) = (database.connector(), database.entitlement().await);
    connector.probe().await.unwrap();
    connector.grant(&e, Utc::now(), &attempt()).await.unwrap();
    let mut session = database.elevated(&e).await;
    assert!(session.works().await && connector.inspect(&e).await.unwrap() != Holding::Gone);
    connector.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(connector.end_sessions(&e, &attempt()).await.unwrap().sessions, 1);
    assert!(!session.works().await && connector.inspect(&e).await.unwrap() == Holding::Gone);
}
