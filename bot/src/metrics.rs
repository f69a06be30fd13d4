//! The metrics of the public surface, by name. The only place that spells them.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::lookup::LookupError;

/// Bounds of the histograms, in seconds: acknowledgements are milliseconds, waits for people are hours.
const FAST: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
const LATE: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 30.0, 120.0, 600.0];
const PEOPLE: &[f64] = &[1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0, 28800.0];

/// Makes the recorder and describes every metric. Once per process; later calls get a recorder of their own that is not installed.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("jit_ack_seconds".into()), FAST)?
        .set_buckets_for_metric(Matcher::Full("jit_time_to_access_seconds".into()), PEOPLE)?
        .set_buckets_for_metric(Matcher::Full("jit_timer_lateness_seconds".into()), LATE)?
        .set_buckets_for_metric(Matcher::Full("jit_revoke_lateness_seconds".into()), LATE)?
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_ok() {
        describe();
    }
    Ok(handle)
}

fn describe() {
    describe_counter!("jit_http_requests_total", "Requests by path and status.");
    describe_histogram!("jit_ack_seconds", "From a request's arrival to its acknowledgement, by path.");
    describe_counter!("jit_commands_total", "Commands by verb and outcome.");
    describe_gauge!("jit_accesses", "Accesses by state, closed ones excluded.");
    describe_histogram!("jit_time_to_access_seconds", "From the request to verified access.");
    describe_histogram!("jit_timer_lateness_seconds", "From when a timer was due to its command.");
    describe_histogram!("jit_revoke_lateness_seconds", "From the end to verified gone.");
    describe_gauge!("jit_revocations_failing", "Accesses whose revocation fails now.");
    describe_gauge!("jit_outbox_parked", "Notices that can never be delivered.");
    describe_gauge!("jit_outbox_pending", "Notices that wait to be delivered.");
    describe_counter!("jit_connector_calls_total", "Calls to targets by connector, call and outcome.");
    describe_counter!("jit_ticket_lookups_total", "Looks at tickets by source and outcome.");
    describe_counter!("jit_oncall_lookups_total", "Looks at on-call rotations and incidents by source and outcome.");
    describe_gauge!(
        "jit_oncall_unknown",
        "Rotations and services of the policy that are not known now: nobody is on call, no incident is open."
    );
    describe_counter!("jit_socket_envelopes_total", "What came over Slack's socket, by kind and outcome.");
    describe_gauge!("jit_sockets", "Open sockets to Slack.");
    describe_counter!("jit_chat_calls_total", "Calls to chat platforms by platform, method and outcome.");
}

/// A command and what came of it.
pub fn command(verb: &'static str, outcome: &'static str) {
    counter!("jit_commands_total", "verb" => verb, "outcome" => outcome).increment(1);
}

/// A request answered.
pub fn http(path: &'static str, status: u16, took: Duration) {
    counter!("jit_http_requests_total", "path" => path, "status" => status.to_string()).increment(1);
    histogram!("jit_ack_seconds", "path" => path).record(took.as_secs_f64());
}

/// What came over Slack's socket, what became of it, and how long it took.
pub fn envelope(kind: &str, outcome: &'static str, took: Duration) {
    const KNOWN: [&str; 3] = ["slash_commands", "interactive", "events_api"];
    let kind = KNOWN.into_iter().find(|known| *known == kind).unwrap_or("other");
    counter!("jit_socket_envelopes_total", "kind" => kind, "outcome" => outcome).increment(1);
    histogram!("jit_ack_seconds", "path" => kind).record(took.as_secs_f64());
}

/// A socket to Slack was opened (1) or closed (-1).
pub fn socket(change: f64) {
    gauge!("jit_sockets").increment(change);
}

/// A call to a target.
pub fn connector_call(connector: &str, call: &'static str, outcome: &'static str) {
    counter!("jit_connector_calls_total", "connector" => connector.to_owned(), "call" => call, "outcome" => outcome)
        .increment(1);
}

/// `ok`, or why not.
fn outcome<T>(looked: &Result<T, LookupError>) -> &'static str {
    looked.as_ref().map_or_else(|error| error.outcome, |_| "ok")
}

/// A ticket was looked at.
pub fn ticket_lookup<T>(source: &str, looked: &Result<T, LookupError>) {
    let outcome = outcome(looked);
    counter!("jit_ticket_lookups_total", "source" => source.to_owned(), "outcome" => outcome).increment(1);
}

/// A look at a rotation or at incidents.
pub fn oncall_lookup<T>(source: &str, looked: &Result<T, LookupError>) {
    let outcome = outcome(looked);
    counter!("jit_oncall_lookups_total", "source" => source.to_owned(), "outcome" => outcome).increment(1);
}

/// How many rotations and services are not known now.
pub fn oncall_unknown(count: usize) {
    gauge!("jit_oncall_unknown").set(as_f64(count as u64));
}

/// How late a timer's command was.
pub fn timer_lateness(late: chrono::TimeDelta) {
    histogram!("jit_timer_lateness_seconds").record(seconds(late));
}

/// How long somebody waited for access.
pub fn time_to_access(took: chrono::TimeDelta) {
    histogram!("jit_time_to_access_seconds").record(seconds(took));
}

/// How long after its end an access was verified gone.
pub fn revoke_lateness(late: chrono::TimeDelta) {
    histogram!("jit_revoke_lateness_seconds").record(seconds(late));
}

/// The gauges, set by the sweep.
pub fn gauges(counts: &jit_store::Counts) {
    for state in ["screening", "pending", "scheduled", "elevating", "active", "revoking"] {
        let count = counts.accesses.get(state).copied().unwrap_or_default();
        gauge!("jit_accesses", "state" => state).set(as_f64(count));
    }
    gauge!("jit_revocations_failing").set(as_f64(counts.revocations_failing));
    gauge!("jit_outbox_parked").set(as_f64(counts.outbox_parked));
    gauge!("jit_outbox_pending").set(as_f64(counts.outbox_pending));
}

fn seconds(span: chrono::TimeDelta) -> f64 {
    span.to_std().unwrap_or_default().as_secs_f64()
}

/// Counts stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
