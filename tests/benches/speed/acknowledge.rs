//! How long Slack waits for its 200 under 32 clients: for `/jit help`, which reads nothing, and for `/jit request`, which is durable in
//! PostgreSQL by then. At once (each client sends again as soon as it is answered: the most the machine can do) and at a pace (each
//! sends once a second, far more than people type). Against an axum handler that does nothing, and a bare durable INSERT.

use std::future::Future;
use std::ops::Range;
use std::time::{Duration, Instant};

use axum::{Router, routing::post};
use futures::future::join_all;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

use crate::client::Client;
use crate::distribution::{Samples, compare, goal};
use crate::world::{ASKING, World, slack_id};

pub const CLIENTS: usize = 32;
const EACH: usize = 50;
pub const PACE: Duration = Duration::from_secs(1);

/// Measures and prints; whether the goal is met.
pub async fn run(world: &World) -> bool {
    let echo = Client::new(echo().await);
    let middle = ASKING.start + CLIENTS * EACH;
    assert_eq!(middle + CLIENTS * EACH, ASKING.end, "everybody asks once");
    println!("\nacknowledge: {CLIENTS} clients, each as fast as it is answered");
    round(world, &echo, None, ASKING.start..middle).await;
    println!("\nacknowledge: {CLIENTS} clients, each every {} ms", PACE.as_millis());
    let request = round(world, &echo, Some(PACE), middle..ASKING.end).await;
    goal("durable request p99, paced", request.percentile(99.0), Duration::from_millis(25))
}

/// One measurement of everything; `people` ask once each.
async fn round(world: &World, echo: &Client, pace: Option<Duration>, people: Range<usize>) -> Samples {
    let client = &world.client;
    let help = measure(pace, EACH, |_| async { client.command(&slack_id(1), "help").await.0 }).await;
    let plain = measure(pace, EACH, |_| async { echo.command(&slack_id(1), "help").await.0 }).await;
    compare(&Samples::new("/jit help", help), &Samples::new("baseline: an empty axum handler", plain));

    let (first, asked) = (people.start, Instant::now());
    let requests = measure(pace, EACH, |number| async move {
        let text = "request orders-admin for 1h because looking into the failed nightly import";
        client.command(&slack_id(first + number), text).await.0
    })
    .await;
    println!("  durable requests: {:.0} a second", (CLIENTS * EACH) as f64 / asked.elapsed().as_secs_f64());
    must_be_stored(world, people).await;
    let requests = Samples::new("/jit request, durable", requests);
    compare(&requests, &Samples::new("baseline: one durable INSERT", inserts(world, pace).await));
    requests
}

/// Every client's durations, all together; each sends so often.
pub async fn measure<F: Future<Output = Duration>>(
    pace: Option<Duration>,
    each: usize,
    send: impl Fn(usize) -> F,
) -> Vec<Duration> {
    let one = |client: usize| {
        let send = &send;
        async move {
            let mut ticks = pace.map(tokio::time::interval);
            if let Some(ticks) = &mut ticks {
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                // Clients do not move in step.
                tokio::time::sleep(PACE * client as u32 / CLIENTS as u32).await;
            }
            let mut took = Vec::with_capacity(each);
            for number in 0..each {
                if let Some(ticks) = &mut ticks {
                    ticks.tick().await;
                }
                took.push(send(client * each + number).await);
            }
            took
        }
    };
    join_all((0..CLIENTS).map(one)).await.into_iter().flatten().collect()
}

/// An acknowledgement that stored nothing would be a fast lie.
pub async fn must_be_stored(world: &World, people: Range<usize>) {
    let ids: Vec<_> = people.map(|person| format!("p{person}")).collect();
    let sql = "SELECT count(*) FROM accesses WHERE beneficiary = ANY($1)";
    let stored: i64 = world.own_database().await.query_one(sql, &[&ids]).await.expect("the service made it").get(0);
    assert_eq!(stored, ids.len() as i64, "every acknowledged request is stored");
}

/// The same number of bare durable commits, on the same server.
async fn inserts(world: &World, pace: Option<Duration>) -> Vec<Duration> {
    let first = world.database.connect().await;
    first.batch_execute("CREATE TABLE IF NOT EXISTS bare (number BIGINT)").await.expect("a superuser may");
    let connections = join_all((0..CLIENTS).map(|_| world.database.connect())).await;
    let connections = &connections;
    measure(pace, EACH, |number| async move {
        let started = Instant::now();
        let insert = format!("INSERT INTO bare VALUES ({number})");
        connections[number / EACH].batch_execute(&insert).await.expect("a superuser may");
        started.elapsed()
    })
    .await
}

async fn echo() -> String {
    let router = Router::new().fallback(post(|body: String| async move { body.len().to_string() }));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}
