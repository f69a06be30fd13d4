//! What stands in a request's way, gathered so that a person hears of everything at once.

use crate::policy::evaluate::sentence;
use crate::refusal::{Code, Refusal};

/// One thing in the way: two clauses, without capital letter and full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub code: Code,
    pub what: String,
    pub next: String,
}

/// Everything in the way, in the order of checking.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Fault {
    pub fn new(code: Code, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code, what: what.into(), next: next.into() }
    }
}

impl Faults {
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// One refusal for all; its code is the first one's.
    pub fn into_result(self) -> Result<(), Refusal> {
        let Some(first) = self.0.first() else { return Ok(()) };
        let joined = |part: fn(&Fault) -> &str| self.0.iter().map(part).collect::<Vec<_>>().join("; ");
        let (what, next) = (joined(|fault| &fault.what), joined(|fault| &fault.next));
        Err(Refusal::new(first.code, sentence(&what), sentence(&next)))
    }
}
