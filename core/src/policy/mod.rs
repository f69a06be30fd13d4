//! Policy: who may have which role, for how long, and who must agree.
//!
//! [`model`] is what a loaded policy is, [`parse`] reads it from TOML with positions, [`check`] proves what must hold before
//! it is loaded, [`Policy::judge`] judges one request, [`Policy::explain`] words why, and [`cases`] are its
//! table tests. A route is fixed when asked; who may vote on it, and whether the person may still have the role, is asked anew each
//! time.

mod bypass;
pub mod cases;
mod check;
mod digest;
mod evaluate;
mod exception;
mod explain;
mod faults;
pub(crate) mod glob;
mod hours;
mod justification;
pub mod model;
mod parse;
mod parse_cases;
mod parse_hours;
mod parse_role;
mod parse_rule;
mod parse_windows;
mod people;
pub(crate) mod quorum;
mod tickets;
mod together;
mod windows;

pub use bypass::RULE as BYPASS;
pub use check::{advice, check};
pub use digest::{Digest, Given};
pub use evaluate::{Judgement, Question};
pub use exception::{Exception, Holder, Listed, REMIND_BEFORE};
pub use explain::{Explanation, FILLED};
pub use hours::moment;
pub use model::*;
pub use parse::parse;
pub use parse_cases::parse_cases;
pub(crate) use tickets::refuse as refuse_ticket;
pub(crate) use together::Together;

pub use chrono_tz::Tz;

pub use crate::document::{Problem, Severity, SourceFile};

#[cfg(test)]
mod tests;
