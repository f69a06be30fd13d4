//! Rate budgets, such as Slack's per method and channel: shared by all replicas through Redis, else kept in this process.
//!
//! Both are the same bucket, held as one number: the instant at which it would be full again. A call moves it on by one
//! token's time, unless the bucket would be emptier than empty.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::Pipeline;

use crate::Store;

/// Buckets that are full are forgotten once there are more than this.
const KEPT: usize = 4096;

/// KEYS bucket; ARGV microseconds per token, burst. Gives how many microseconds to wait; 0: go, a token was taken.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local token, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = full + token - now - token * burst
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full + token), 'PX', math.ceil((full + token - now) / 1000) + 1)
return 0";

/// The buckets of this process, for while Redis is away or not configured.
#[derive(Debug, Default)]
pub(crate) struct LocalBudgets {
    full_at: Mutex<HashMap<String, Instant>>,
}

impl LocalBudgets {
    fn take(&self, key: &str, token: Duration, burst: u32, now: Instant) -> Option<Duration> {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > KEPT {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let full_at = buckets.get(key).map_or(now, |full_at| (*full_at).max(now)) + token;
        let wait = (full_at - now).saturating_sub(token * burst);
        if !wait.is_zero() {
            return Some(wait);
        }
        buckets.insert(key.to_owned(), full_at);
        None
    }
}

impl Store {
    /// Takes one token of a bucket that refills at `per_second` and holds `burst`. `None`: go; otherwise wait so long and ask again.
    pub async fn budget(&self, key: &str, per_second: f64, burst: u32) -> Option<Duration> {
        let token = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::from_secs(60));
        let burst = burst.max(1);
        if let Some(link) = self.redis().filter(|link| link.available()) {
            let mut pipeline = Pipeline::new();
            pipeline.cmd("EVAL").arg(TAKE).arg(1).arg(link.key(&format!("{{budget:{key}}}")));
            pipeline.arg(u64::try_from(token.as_micros()).unwrap_or(u64::MAX)).arg(burst);
            if let Ok((wait_us,)) = link.run::<(u64,)>(&pipeline).await {
                return (wait_us > 0).then(|| Duration::from_micros(wait_us));
            }
        }
        self.inner().budgets.take(key, token, burst, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_then_one_token_at_a_time() {
        let (budgets, token) = (LocalBudgets::default(), Duration::from_millis(1000));
        let start = Instant::now();
        let take = |ms| budgets.take("chat.postMessage/C1", token, 2, start + Duration::from_millis(ms));
        assert_eq!((take(0), take(0)), (None, None));
        assert_eq!(take(0), Some(Duration::from_millis(1000)));
        assert_eq!(take(400), Some(Duration::from_millis(600)), "asking costs nothing");
        assert_eq!(take(1000), None);
        assert_eq!(take(1000), Some(Duration::from_millis(1000)));
        assert_eq!(budgets.take("chat.postMessage/C2", token, 2, start), None, "each key has its own");
    }
}
