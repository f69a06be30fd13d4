//! Misbehaviour on demand: the answers a real workspace gives on a bad day.
//! Set by tests through the handle or `/playground/control/`; consulted by the Web API only.

use std::time::Duration;

/// How to misbehave, for which methods, how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// `chat.postMessage`, `chat.*`, `*`; `response_url` for response addresses.
    pub method: String,
    /// What goes wrong.
    pub fault: Fault,
    /// How many calls it hits; `None` until `behave` is called.
    pub times: Option<u32>,
}

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 with `Retry-After`, nothing applied.
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
        /// Whether Slack's JSON body comes with it; proxies before Slack send none.
        body: bool,
    },
    /// 500 without a body, nothing applied.
    ServerError,
    /// The call is applied after this time.
    Delay(Duration),
    /// The connection breaks in the middle of the answer.
    DropConnection {
        /// Whether the call was applied before it broke.
        applied: bool,
    },
}

/// The misbehaviours in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Misbehaviour>);

impl Faults {
    pub(crate) fn add(&mut self, misbehaviour: Misbehaviour) {
        self.0.push(misbehaviour);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that hits this call, if any; counts it.
    pub(crate) fn strike(&mut self, method: &str) -> Option<Fault> {
        let at = self.0.iter().position(|m| matches(&m.method, method) && m.times != Some(0))?;
        let found = &mut self.0[at];
        let fault = found.fault.clone();
        if let Some(times) = &mut found.times {
            *times -= 1;
            if *times == 0 {
                self.0.remove(at);
            }
        }
        Some(fault)
    }
}

fn matches(pattern: &str, method: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => method.starts_with(prefix),
        None => pattern == method,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_what_matches_as_often_as_asked() {
        let mut faults = Faults::default();
        faults.add(Misbehaviour { method: "chat.*".into(), fault: Fault::ServerError, times: Some(2) });
        assert_eq!(faults.strike("views.open"), None);
        assert_eq!(faults.strike("chat.update"), Some(Fault::ServerError));
        assert_eq!(faults.strike("chat.postMessage"), Some(Fault::ServerError));
        assert_eq!(faults.strike("chat.postMessage"), None);
        faults.add(Misbehaviour { method: "*".into(), fault: Fault::ServerError, times: None });
        assert!((0..9).all(|_| faults.strike("users.info").is_some()));
        faults.clear();
        assert_eq!(faults.strike("users.info"), None);
    }

    #[test]
    fn zero_times_never_strikes() {
        let mut faults = Faults::default();
        faults.add(Misbehaviour { method: "*".into(), fault: Fault::ServerError, times: Some(0) });
        assert_eq!(faults.strike("api.test"), None);
    }
}
