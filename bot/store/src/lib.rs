//! Store: SQL is the truth; Redis is an index and a bell.
//!
//! Called by the shell (`jit-bot`): it loads facts, lets core decide, and hands what came out to [`Store::commit`], one
//! transaction for everything. Workers lease what is to be done: [`Store::lease_tells`], [`Timers`],
//! [`Store::lease_entitlements`]. Nothing here decides anything, and nothing here calls the network but for the database and Redis.
//!
//! Everything is safe against crashes between any two steps: what is leased comes back when the lease ends, what is done twice is
//! done once (versions are compared and set, generations fence), and what Redis loses is found in SQL within a second.

mod absences;
mod bells_redis;
mod budget;
mod bulletins;
mod clock;
mod commit;
mod conversations;
mod counts;
mod database;
mod entitlements;
mod error;
mod events;
mod homes;
mod load;
mod members;
mod outbox;
mod past;
mod pooler;
mod presence;
mod redis_link;
mod replays;
mod rows;
mod sql;
mod store;
mod texts;
mod timers;
mod timers_redis;
mod timers_sql;
mod told;
mod wakeups;

pub use clock::{Clock, VirtualClock};
pub use commit::{Change, Commit, Committed};
pub use conversations::Conversation;
pub use counts::Counts;
pub use entitlements::{LeasedEntitlement, Release, Share};
pub use error::{CommitError, StoreError};
pub use events::StoredEvent;
pub use homes::DueHome;
pub use load::Dependent;
pub use members::Member;
pub use outbox::{Handle, Leased, Message, Parked};
pub use past::{Stretch, reading};
pub use store::{Health, Store};
pub use timers::{Due, Timers};
pub use wakeups::Wakeups;
