//! Tables of the state machine, one file per topic. A line is `events > effects`, effects in order, `recipient:notice`.

mod active;
mod advice;
mod asking;
mod bundle;
mod changes;
mod elevating;
mod emergency;
mod extension;
mod later;
mod laws;
mod oncall;
mod pending;
mod reaching;
mod rehearsal;
mod revoking;
mod screening;
mod states;
mod talking;
mod windows;
mod world;
