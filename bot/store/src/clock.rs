//! The clock of record: what is due is judged by the database's clock, so that replicas with crooked clocks agree.
//!
//! The store reads it without I/O: an offset is measured now and then ([`Record::measure`]) and carried on by the
//! machine's steady clock in between, so that a step of the local wall clock moves nothing. Tests use a [`VirtualClock`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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

/// What the server showed at about an instant of our steady clock.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Instant,
    shown: DateTime<Utc>,
    /// How far off it may be: half the round trip.
    off_by: Duration,
}

impl Anchor {
    /// Carried on by the steady clock.
    fn now(&self) -> DateTime<Utc> {
        self.shown + TimeDelta::from_std(self.at.elapsed()).unwrap_or(TimeDelta::MAX)
    }
}

/// How fast two clocks drift apart at most, as a part of the time. Source: RFC 5905, the frequency tolerance of NTP, is 15 in a million;
/// clocks of virtual machines that nobody disciplines are a good deal worse.
const DRIFT: u32 = 5_000;

impl Record {
    /// From a first measurement.
    pub fn new(reading: Reading) -> Self {
        Self { anchor: Mutex::new(reading.into()) }
    }

    /// Takes a new measurement in place of the one before, unless the old one, carried on until now, says more: a slow answer says
    /// little.
    pub fn measure(&self, reading: Reading) {
        let new = Anchor::from(reading);
        let mut anchor = self.lock();
        let old_off_by = anchor.off_by + anchor.at.elapsed() / DRIFT;
        // Both cannot be true: the server's clock was set, or this machine slept, which its steady clock does not count.
        let stepped = (new.now() - anchor.now()).abs().to_std().is_ok_and(|apart| apart > new.off_by + old_off_by);
        if stepped || new.off_by <= old_off_by {
            *anchor = new;
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.lock().now()
    }

    fn lock(&self) -> MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One reading of the server's clock: asked then, answered then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub asked: Instant,
    pub answered: Instant,
    pub shown: DateTime<Utc>,
}

impl From<Reading> for Anchor {
    /// The server read its clock about in the middle of the round trip.
    fn from(Reading { asked, answered, shown }: Reading) -> Self {
        let off_by = answered.saturating_duration_since(asked) / 2;
        Self { at: asked + off_by, shown, off_by }
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
    use super::*;

    /// Asked so long ago, answered so long after, with so many seconds.
    fn reading(ago: Duration, took: Duration, shown: i64) -> Reading {
        let asked = Instant::now() - ago;
        Reading { asked, answered: asked + took, shown: instant(shown * 1_000_000) }
    }

    #[test]
    fn the_clock_of_record_follows_the_server_whatever_the_local_clock_says() {
        let second = Duration::from_secs(1);
        let record = Record::new(reading(2 * second, 2 * second, 5));
        let since = record.now() - instant(5_000_000);
        assert!(since >= TimeDelta::seconds(1) && since < TimeDelta::seconds(2), "half the round trip: {since}");
        record.measure(reading(second, second / 100, 9_000));
        assert!(record.now() >= instant(9_000_900_000), "a step of the server's clock is followed");
    }

    #[test]
    fn a_slow_answer_does_not_spoil_a_good_measurement_but_is_better_than_an_old_one() {
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        let record = Record::new(reading(10 * second, second / 1000, 5));
        let before = record.now();
        record.measure(reading(second, second / 2, 14));
        let moved = record.now() - before;
        assert!(moved >= TimeDelta::zero() && moved < TimeDelta::milliseconds(100), "14 s or 14.5 s: {moved}");
        let record = Record::new(reading(hour, second / 1000, 5));
        record.measure(reading(second, second / 2, 9_000));
        assert!(record.now() > instant(9_000_000_000), "two clocks may be 720 ms apart after an hour");
    }

    #[test]
    fn a_step_is_followed_whichever_way_and_however_slow_the_answer() {
        let second = Duration::from_secs(1);
        for (shown, least) in [(9_000, 9_000), (2, 2)] {
            let record = Record::new(reading(10 * second, second / 1000, 5));
            record.measure(reading(second, second / 2, shown));
            let off = record.now() - instant(least * 1_000_000);
            assert!(off >= TimeDelta::milliseconds(500) && off < TimeDelta::seconds(2), "{shown}: {off}");
        }
    }

    #[test]
    fn now_is_whole_milliseconds() {
        let clock = VirtualClock::new(instant(1_234_567));
        assert_eq!(Running::Virtual(clock.clone()).now(), instant(1_234_000));
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(clock.now(), instant(2_234_567));
    }
}
