//! Private real servers for tests: each starts on a free loopback port in a folder of its own, and is gone when dropped or when the
//! test process ends, however it ends. Called by tests and benches. A server that is not installed is a panic with a clear sentence,
//! never a skip. Must not touch a server, a user or a file that it did not make.

mod certificates;
mod folder;
mod oncall;
mod pgbouncer;
mod postgres;
mod postgres_version;
mod process;
mod redis;
mod service;
mod sshd;
mod teams;
mod tickets;
mod users;

pub use certificates::certificates;
pub use folder::Folder;
pub use oncall::{AnIncident, Mood, ONCALL_TOKEN, OnCall, OncallProvider};
pub use pgbouncer::PgBouncer;
pub use postgres::{Postgres, WITH_PASSWORDS};
pub use postgres_version::Version;
pub use process::free_port;
pub use redis::Redis;
pub use service::Service;
pub use sshd::Sshd;
pub use teams::{
    APP_ID, APP_SECRET, AgentsPlayground, Asked, CARD, Conversation, Dialog, Exchange, Fault, Field, Key, Member,
    Message, Scope, Submitted, TENANT, Teams, Token,
};
pub use tickets::{ATicket, TICKET_TOKEN, TICKET_USER, TicketProvider};
pub use users::User;
