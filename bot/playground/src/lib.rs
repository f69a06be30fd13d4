//! Playground: a small chat workspace that speaks Slack's Web API, signs what it sends as Slack
//! does, and is as strict as Slack. The demo shows it in a browser; the end-to-end tests act
//! through its handle. It knows nothing of the bot but its address.
//!
//! - [`Playground`] is the handle: `router()` to serve, `command`/`click`/`submit` to act as a person,
//!   `transcript`/`calls`/`wait_for` to look, `misbehave` to have a bad day.
//! - [`check_blocks`] and [`check_view`] check Block Kit without a playground.
//!
//! - [`Pager`] is a provider of on-call rotations and incidents, for the demo to mount and for tests.
//!
//! Inside: `world` is the state under one lock; `api` is what the bot calls; `acts` is what people
//! do; `outbound` signs and sends; `browser` and `control` are the two ways in over HTTP.

mod acts;
mod api;
mod blocks;
mod browser;
mod config;
mod control;
mod conversation;
mod escape;
mod failure;
mod faults;
mod form;
mod ids;
mod message;
mod outbound;
mod pager;
mod playground;
mod respond;
mod router;
mod socket;
mod tickets;
mod views;
mod world;

pub use acts::{CommandAnswer, Submission};
pub use api::method_names;
pub use blocks::{Surface, check_blocks, check_view};
pub use config::{BotIdentity, Channel, Clock, Complete, Completion, Config, Hint, Member};
pub use failure::Failure;
pub use faults::{Fault, Misbehaviour};
pub use message::{SLACKBOT, StoredMessage};
pub use outbound::{ACKNOWLEDGE_WITHIN, sign};
pub use pager::{AnIncident, Mood, OnCall, Pager};
pub use playground::Playground;
pub use views::View;
pub use world::ApiCall;
