//! Slack: what it sends, decoded; what we say, rendered, posted and edited.
//!
//! [`verify`] and [`decode`] take what comes in; [`render`] and [`view`] turn cards and forms into Block Kit; [`api`] speaks Slack's Web
//! API, and [`deliver`] is the outbox worker's way to it. Nothing here knows a rule or a word of the product.

pub mod api;
pub mod connector;
pub mod decode;
pub mod deliver;
pub mod limits;
pub mod manifest;
pub mod render;
pub mod socket;
pub mod text;
pub mod verify;
pub mod view;
