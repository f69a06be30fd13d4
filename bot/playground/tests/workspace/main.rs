//! The playground from outside: a tiny bot on a real socket answers it, the Web API and the browser
//! protocol are called through the router as a bot and a page would call them.
#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod bot;
mod setup;

mod bytes;
mod faults;
mod live;
mod messages;
mod methods;
mod people;
mod views;
