//! Durations as people compare them: percentiles, and how many times a baseline of the same run. Called by every bench.

use std::fmt;
use std::time::Duration;

/// What was measured, under a name.
pub struct Samples {
    what: String,
    sorted: Vec<Duration>,
}

impl Samples {
    /// Takes the measurements; there must be some.
    pub fn new(what: impl Into<String>, mut measured: Vec<Duration>) -> Self {
        let what = what.into();
        assert!(!measured.is_empty(), "nothing was measured for {what}");
        measured.sort_unstable();
        Self { what, sorted: measured }
    }

    /// The duration that so many percent of the measurements do not exceed (nearest rank).
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = (percent / 100.0 * self.sorted.len() as f64).ceil() as usize;
        self.sorted[rank.clamp(1, self.sorted.len()) - 1]
    }

    fn max(&self) -> Duration {
        self.percentile(100.0)
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:<44} n={:<6}", self.what, self.sorted.len())?;
        for (name, value) in [
            ("p50", self.percentile(50.0)),
            ("p90", self.percentile(90.0)),
            ("p99", self.percentile(99.0)),
            ("max", self.max()),
        ] {
            write!(f, " {name} {:>9}", short(value))?;
        }
        Ok(())
    }
}

/// Prints a measurement beside its baseline.
pub fn compare(measured: &Samples, baseline: &Samples) {
    println!("{measured}\n{baseline}");
    let times = |percent| {
        measured.percentile(percent).as_secs_f64() / baseline.percentile(percent).as_secs_f64().max(f64::MIN_POSITIVE)
    };
    println!("  {:<44} {:>8} p50 {:>8.1}x p99 {:>8.1}x", "ratio in this run", "", times(50.0), times(99.0));
}

/// Prints whether a goal is met, and says so.
pub fn goal(what: &str, measured: Duration, below: Duration) -> bool {
    let met = measured < below;
    let verdict = if met { "met" } else { "MISSED" };
    println!("  goal: {what} < {}: {} ({verdict})", short(below), short(measured));
    met
}

fn short(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0..10_000 => format!("{nanos} ns"),
        10_000..10_000_000 => format!("{:.1} µs", nanos as f64 / 1e3),
        _ => format!("{:.1} ms", nanos as f64 / 1e6),
    }
}
