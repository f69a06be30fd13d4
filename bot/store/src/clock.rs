//! The clock of record: what is due is judged by the database's clock, so that replicas with crooked clocks agree.
//!
//! The store reads it without I/O: an offset is measured now and then ([`Record::measure`]) and carried on by the
//! machine's steady clock in between, so that a step of the local wall clock moves nothing. Tests use a [`VirtualClock`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tokio::sync::watch;

/// Which clock a store goes by.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The database's.
    Record,
    /// One that a test sets.
    Virtual(VirtualClock),
}

/// A clock that stands still until it is set. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    now: Arc<watch::Sender<DateTime<Utc>>>,
}

impl VirtualClock {
    /// Stands at an instant.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now: Arc::new(watch::Sender::new(now)) }
    }

    /// What it shows.
    pub fn now(&self) -> DateTime<Utc> {
        *self.now.borrow()
    }

    /// Moves it, also backwards; sleepers look again.
    pub fn set(&self, now: DateTime<Utc>) {
        self.now.send_replace(now);
    }

    /// Moves it on.
    pub fn advance(&self, by: TimeDelta) {
        self.now.send_modify(|now| *now += by);
    }

    /// Is woken by every move after now.
    pub(crate) fn moves(&self) -> watch::Receiver<DateTime<Utc>> {
        self.now.subscribe()
    }
}

/// The clock as the store runs it.
#[derive(Debug)]
pub(crate) enum Running {
    /// SQLite runs in this process: the machine's clock is the database's.
    Local,
    /// A server's clock.
    Record(Record),
    /// A test's.
    Virtual(VirtualClock),
}

impl Running {
    /// What this machine's own clock shows, which may differ from the database's: for deadlines that are kept on this machine.
    pub fn local(&self) -> DateTime<Utc> {
        match self {
            Self::Local | Self::Record(_) => Utc::now(),
            Self::Virtual(clock) => clock.now(),
        }
    }

    /// Now, truncated to milliseconds.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::Local => Utc::now(),
            Self::Record(record) => record.now(),
            Self::Virtual(clock) => clock.now(),
        };
        now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now)
    }
}

/// The database's clock, as of the best measurement.
#[derive(Debug)]
pub(crate) struct Record {
    anchor: Mutex<Anchor>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Instant,
    shown: DateTime<Utc>,
}

impl Record {
    /// From a first measurement: what the server showed between `asked` and now.
    pub fn new(asked: Instant, shown: DateTime<Utc>) -> Self {
        Self { anchor: Mutex::new(Anchor::between(asked, shown)) }
    }

    /// Takes a new measurement in place of the one before.
    pub fn measure(&self, asked: Instant, shown: DateTime<Utc>) {
        *self.lock() = Anchor::between(asked, shown);
    }

    fn now(&self) -> DateTime<Utc> {
        let anchor = *self.lock();
        anchor.shown + TimeDelta::from_std(anchor.at.elapsed()).unwrap_or(TimeDelta::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Anchor {
    /// The server read its clock about in the middle of the round trip.
    fn between(asked: Instant, shown: DateTime<Utc>) -> Self {
        Self { at: asked + asked.elapsed() / 2, shown }
    }
}

/// Microseconds since 1970, as all instants are stored.
pub(crate) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// Reads [`micros`] back; what no instant can show becomes the earliest one.
pub(crate) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_clock_of_record_follows_the_server_whatever_the_local_clock_says() {
        let shown = instant(5_000_000);
        let record = Record::new(Instant::now() - Duration::from_secs(2), shown);
        let since = record.now() - shown;
        assert!(since >= TimeDelta::seconds(1) && since < TimeDelta::seconds(2), "half the round trip: {since}");
        record.measure(Instant::now(), instant(9_000_000_000));
        assert!(record.now() >= instant(9_000_000_000));
    }

    #[test]
    fn now_is_whole_milliseconds() {
        let clock = VirtualClock::new(instant(1_234_567));
        assert_eq!(Running::Virtual(clock.clone()).now(), instant(1_234_000));
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(clock.now(), instant(2_234_567));
    }
}
