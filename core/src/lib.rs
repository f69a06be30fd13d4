//! Domain of `jit`: what an access is, who may have it, and what happens next.
//!
//! Pure: no I/O, no clock, no randomness. The shell loads every fact, calls [`decide::decide`], stores what comes
//! back in one transaction, and only then acts on the effects.

pub mod absence;
pub mod access;
pub mod advice;
pub mod answer;
pub mod apply;
pub mod bulletin;
pub mod canonical;
pub mod command;
pub mod decide;
pub mod directory;
pub mod document;
pub mod effect;
pub mod entitlement;
pub mod event;
pub mod facts;
pub mod freeze;
pub mod grammar;
pub mod id;
pub mod incident;
pub mod nearest;
pub mod notice;
pub mod personal;
pub mod policy;
pub mod reconcile;
pub mod refusal;
pub mod route;
pub mod span;
pub mod ticket;
pub mod timer;
