//! The parts that all interaction payloads share.

use serde_json::{Value, json};

use crate::{conversation::Conversation, world::World};

impl World {
    /// `type`, `user`, `team`, `api_app_id` and the rest that every payload has.
    pub(crate) fn payload(&self, kind: &str, user: &str) -> Value {
        let config = &self.config;
        let name = self.person(user).map_or("", |p| p.name.as_str());
        json!({
            "type": kind,
            "team": { "id": config.team_id, "domain": crate::api::team_domain(&config.team_name) },
            "user": { "id": user, "username": name, "name": name, "team_id": config.team_id },
            "api_app_id": config.bot.app_id,
            "enterprise": null,
            "is_enterprise_install": false,
        })
    }
}

/// `channel` of a payload.
pub(super) fn channel(conversation: &Conversation) -> Value {
    json!({ "id": conversation.id, "name": conversation.name() })
}
