//! The store against real SQLite, PostgreSQL and Redis: what must hold whatever races, crashes or goes away.

#![expect(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod commit;
mod conversations;
mod crash;
mod entitlements;
mod homes;
mod members;
mod newer;
mod open;
mod outbox;
mod outbox_model;
mod past;
mod pooler;
mod postgres_tls;
mod redis;
mod redis_tls;
mod texts;
mod timers;
mod world;
