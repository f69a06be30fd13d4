//! How late an end is: from the instant an access was to end to its revocation begun, and to verified gone. 1,000 accesses of a connector
//! that answers at once, so that only the timers and our own work are measured. Against bare timers of the runtime.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio_postgres::Client as Database;

use crate::distribution::{Samples, compare, goal};
use crate::world::{HOLDING, World, slack_id};

const ENDS: usize = HOLDING.end - HOLDING.start;
/// Between two requests, so also between two ends.
const APART: Duration = Duration::from_millis(20);
/// Long enough that asking is over before most of the ends.
const HELD: &str = "30s";

/// Measures and prints; whether the goal is met.
pub async fn run(world: &World) -> bool {
    let own = world.own_database().await;
    let mut ticks = tokio::time::interval(APART);
    for person in HOLDING {
        ticks.tick().await;
        let text = format!("request held-briefly for {HELD} because measuring how late an end is");
        world.client.command(&slack_id(person), &text).await;
    }
    reached(&own, "SELECT count(*) FROM accesses WHERE role = 'held-briefly' AND state = 'closed'").await;
    let due = ends(&own).await;
    assert_eq!(due.len(), ENDS, "each was held");

    let begun = Samples::new("due to revocation begun", late(&own, "revocation-started", &due).await);
    compare(&begun, &Samples::new("baseline: a bare tokio timer", bare_timers().await));
    println!("{}", Samples::new("due to verified gone", late(&own, "closed", &due).await));
    goal("timer lateness p99", begun.percentile(99.0), Duration::from_millis(50))
}

/// Waits until a count covers all.
async fn reached(own: &Database, count: &str) {
    let given_up = Instant::now() + Duration::from_secs(120);
    loop {
        let reached: i64 = own.query_one(count, &[]).await.expect("the service made the table").get(0);
        if reached == ENDS as i64 {
            return;
        }
        assert!(Instant::now() < given_up, "{reached} of {ENDS}: {count}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// When each was to end, in microseconds.
async fn ends(own: &Database) -> HashMap<String, i64> {
    let sql =
        "SELECT access, (extract(epoch FROM (convert_from(bytes, 'UTF8')::jsonb #>> '{event,until}')::timestamptz)
                   * 1000000)::bigint
               FROM events JOIN accesses ON accesses.id = events.access
               WHERE kind = 'elevated' AND role = 'held-briefly'";
    let rows = own.query(sql, &[]).await.expect("the service made the table");
    let held = rows.iter().map(|row| (row.get(0), row.get(1)));
    held.collect()
}

/// How long after its end each had an event. The service's clock and the events' are one machine's.
async fn late(own: &Database, kind: &str, due: &HashMap<String, i64>) -> Vec<Duration> {
    let rows = own.query("SELECT access, at_us FROM events WHERE kind = $1", &[&kind]).await.expect("its table");
    let late: Vec<_> = rows
        .iter()
        .filter_map(|row| Some(row.get::<_, i64>(1) - due.get(row.get::<_, Option<&str>>(0)?)?))
        .map(|micros| Duration::from_micros(u64::try_from(micros).expect("nothing ends before its end")))
        .collect();
    assert_eq!(late.len(), ENDS, "{kind}: once each");
    late
}

async fn bare_timers() -> Vec<Duration> {
    let start = tokio::time::Instant::now() + Duration::from_millis(100);
    let timer = |number: usize| async move {
        let due = start + APART * number as u32 / 10;
        tokio::time::sleep_until(due).await;
        due.elapsed()
    };
    join_all((0..ENDS).map(timer)).await
}
