//! The playground from outside: a tiny bot on a real socket answers it, the Web API and the browser
//! protocol are called through the router as a bot and a page would call them.
#![allow(clippy::unwrap_used)]

mod bot;
mod setup;

mod bytes;
mod faults;
mod live;
mod messages;
mod methods;
mod people;
mod views;
