//! What operators see of a running service: health, readiness, metrics, logs.

use jit_tests::servers::{Postgres, free_port};
use jit_tests::site::{BOT_TOKEN, SIGNING_SECRET};
use serde_json::Value;

use crate::PATIENCE;
use crate::site::{Plan, Site, until};

/// The names of the public surface, and what was added to it.
const METRICS: [&str; 14] = [
    "jit_http_requests_total",
    "jit_ack_seconds",
    "jit_commands_total",
    "jit_accesses",
    "jit_time_to_access_seconds",
    "jit_timer_lateness_seconds",
    "jit_revoke_lateness_seconds",
    "jit_revocations_failing",
    "jit_outbox_pending",
    "jit_outbox_parked",
    "jit_connector_calls_total",
    "jit_chat_calls_total",
    "jit_oncall_lookups_total",
    "jit_oncall_unknown",
];
const WORDS: &str = "the flux capacitor needs draining";

async fn get(port: u16, path: &str) -> (u16, String) {
    let address = format!("127.0.0.1:{port}");
    let raw = format!("GET {path} HTTP/1.1\r\nHost: jit\r\nConnection: close\r\nx-request-id: forged \"id\"\r\n\r\n");
    let exchange = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(raw.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_while_the_database_is_there_and_alive_always() {
    let mut server = Postgres::start();
    let site = Site::of(Plan { database: Some(server.url()), ..Plan::default() }).await;
    let mut service = site.serve();
    assert_eq!(get(site.port, "/readyz").await.0, 200);
    tokio::task::block_in_place(|| server.stop());
    let (status, body) = until("readiness is lost", async || {
        let answer = get(site.port, "/readyz").await;
        (answer.0 != 200).then_some(answer)
    })
    .await;
    assert_eq!(status, 503);
    assert!(body.contains("unreachable") && !body.contains("postgres"), "{body}");
    assert_eq!(get(site.port, "/healthz").await.0, 200, "restarting us would not mend the database");
    tokio::task::block_in_place(|| server.start_again());
    until("it is ready again", async || (get(site.port, "/readyz").await.0 == 200).then_some(())).await;
    assert!(service.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_logs_of_a_life() {
    let rule = "[[rule]]\nname = \"on call\"\nmatch = { risk = \"medium\" }\nwho = [\"oncall:file/orders\"]\nauto_approve = { up_to = \"1h\" }\n\n";
    let more = "[oncall.file]\npath = \"rotations.toml\"\n";
    let site = Site::of(Plan { more: more.to_owned(), roles: rule.to_owned(), ..Plan::default() }).await;
    site.write("rotations.toml", "[[rotation]]\nname = \"orders\"\npeople = [\"alice\"]\n");
    let inner = free_port();
    site.edit("jit.toml", "[server]", &format!("[server]\nmetrics_listen = \"127.0.0.1:{inner}\""));
    // Readiness is on the inner address now; the front door answers something else there.
    let config = site.folder.join("jit.toml");
    let service = tokio::task::block_in_place(|| jit_tests::servers::Service::start(&config, inner));
    assert_eq!(get(inner, "/healthz").await, (200, "ok".to_owned()));
    site.says("U0001", &format!("request orders-low for 2s because {WORDS}")).await;
    until("held", async || site.holds("orders", "alice").then_some(())).await;
    until("gone by itself", async || (!site.holds("orders", "alice")).then_some(())).await;
    until("told", async || site.conversation("U0001").contains("erified gone").then_some(())).await;
    for path in ["/metrics", "/healthz", "/readyz", "/evil-path-hunter3?token=hunter3", "/slack/commands"] {
        let (status, _) = get(site.port, path).await;
        assert!(status == 404 || status == 405, "{path} on the front door answers {status}");
    }

    let metrics = get(inner, "/metrics").await.1;
    let samples: Vec<&str> = metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    for name in METRICS {
        let is = |line: &&&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ', '_']));
        assert!(samples.iter().any(|line| is(&line)), "no {name} in:\n{metrics}");
    }
    for line in &samples {
        let ours = METRICS.iter().any(|name| line.starts_with(name));
        assert!(ours, "a metric that is not of the public surface: {line}");
        assert!(!line.contains("hunter") && !line.contains("U0001") && !line.contains("alice"), "{line}");
    }
    assert!(samples.iter().any(|line| line.contains("path=\"other\"") && line.contains("404")), "{metrics}");

    let log = service.log();
    let mut answered = 0;
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if line["message"] == "answered" {
            let id = line["span"]["request_id"].as_str().unwrap_or_default();
            assert!(uuid::Uuid::parse_str(id).is_ok(), "no id of ours: {line}");
            answered += 1;
        }
    }
    assert!(answered > 0, "{log}");
    for secret in
        [SIGNING_SECRET, BOT_TOKEN, WORDS, "flux", "forged", "hunter3", "trigger_id", "response_url", "blocks"]
    {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
