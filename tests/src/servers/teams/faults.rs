//! What goes wrong at Microsoft on demand.

use std::time::Duration;

/// What goes wrong with a call of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, and seconds to wait where there are some; nothing applied.
    Status(u16, Option<u64>),
    /// Applied after this time.
    Slow(Duration),
    /// The connection breaks in the middle of the answer; whether the call was applied before.
    Dropped {
        /// Whether it was.
        applied: bool,
    },
}

/// A misbehaviour until it has hit often enough.
#[derive(Clone, Debug)]
pub(super) struct Misbehaviour {
    /// A part of the path that is hit; empty: every call.
    pub(super) at: String,
    pub(super) fault: Fault,
    /// How often; `None`: until all is well again.
    pub(super) times: Option<usize>,
}

/// The misbehaviours in force.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Misbehaviour>);

impl Faults {
    /// What goes wrong with a call to a path, if anything does.
    pub(super) fn hit(&mut self, path: &str) -> Option<Fault> {
        let found = self.0.iter_mut().find(|it| path.contains(&it.at) && it.times != Some(0))?;
        found.times = found.times.map(|times| times - 1);
        Some(found.fault.clone())
    }
}
