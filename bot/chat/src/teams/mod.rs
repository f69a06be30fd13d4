//! Microsoft Teams: what it sends, decoded; what we say, rendered, posted and edited.

pub mod reference;
