//! Tests of policy as a whole; small parts are tested beside themselves.

mod cases;
mod checking;
mod exceptions;
mod judging;
mod properties;
mod reading;
mod windows;
mod world;
