//! From the Approve click to access that was verified in PostgreSQL, as the service's own database says, with the membership read from
//! `pg_auth_members` besides. Against GRANT and the same reading by hand.

use std::time::{Duration, Instant};

use tokio_postgres::Client as Database;

use crate::distribution::{Samples, compare, goal};
use crate::world::{ELEVATED, World, manager_of, slack_id};

const POLL: Duration = Duration::from_micros(500);

/// Measures and prints; whether the goal is met.
pub async fn run(world: &World) -> bool {
    let own = world.own_database().await;
    let target = world.target.connect().await;
    let mut clicks = Vec::with_capacity(ELEVATED.len());
    for person in ELEVATED {
        let text = "request orders-admin for 1h because looking into the failed nightly import";
        world.client.command(&slack_id(person), text).await;
        let manager = slack_id(manager_of(person));
        let (message, button) = world.slack.button_for(&manager, "Approve").await;
        let started = Instant::now();
        world.client.click(&manager, &message, &button).await;
        verified(&own, person).await;
        clicks.push(started.elapsed());
        assert!(is_member(&target, &format!("account{person}")).await, "verified means that the target has it");
    }
    let clicks = Samples::new("Approve click to verified", clicks);
    compare(&clicks, &Samples::new("baseline: GRANT and read back by hand", by_hand(&target).await));
    goal("approve to verified p50", clicks.percentile(50.0), Duration::from_millis(50))
}

async fn verified(own: &Database, person: usize) {
    let sql = "SELECT 1 FROM accesses WHERE beneficiary = $1 AND role = 'orders-admin' AND state = 'active'";
    let person = format!("p{person}");
    let given_up = Instant::now() + Duration::from_secs(30);
    while own.query(sql, &[&person]).await.expect("the service made the table").is_empty() {
        assert!(Instant::now() < given_up, "{person} was never elevated");
        tokio::time::sleep(POLL).await;
    }
}

async fn is_member(target: &Database, account: &str) -> bool {
    let sql = "SELECT 1 FROM pg_auth_members WHERE roleid = 'app_admin'::regrole AND member = to_regrole($1)";
    !target.query(sql, &[&account]).await.expect("a superuser may").is_empty()
}

async fn by_hand(target: &Database) -> Vec<Duration> {
    target.batch_execute("CREATE ROLE somebody").await.expect("a superuser may");
    let mut took = Vec::with_capacity(ELEVATED.len());
    for _ in ELEVATED {
        let started = Instant::now();
        target.batch_execute("GRANT app_admin TO somebody").await.expect("a superuser may");
        assert!(is_member(target, "somebody").await);
        took.push(started.elapsed());
        target.batch_execute("REVOKE app_admin FROM somebody").await.expect("a superuser may");
    }
    took
}
