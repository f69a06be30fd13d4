//! `users.*`, `team.info`, `auth.test`, `api.test`: who is who.

use serde_json::{Map, Value, json};

use super::{Call, Outcome, need_scope, page::page, refuse};
use crate::{config::Member, world::World};

fn render(world: &World, person: &Member) -> Value {
    let mut profile = json!({
        "real_name": person.real_name, "display_name": person.name, "title": person.title, "team": world.config.team_id,
        "real_name_normalized": person.real_name, "display_name_normalized": person.name,
    });
    if need_scope(&world.config.bot.scopes, "users:read.email").is_ok() {
        profile["email"] = json!(person.email);
    }
    json!({
        "id": person.id, "team_id": world.config.team_id, "name": person.name, "deleted": person.deleted,
        "real_name": person.real_name, "tz": person.tz, "profile": profile,
        "is_admin": false, "is_owner": false, "is_bot": false, "is_app_user": false,
        "is_restricted": person.is_guest, "is_ultra_restricted": false, "is_email_confirmed": true, "updated": 0,
    })
}

fn render_bot(world: &World) -> Value {
    let bot = &world.config.bot;
    json!({
        "id": bot.user_id, "team_id": world.config.team_id, "name": bot.name, "real_name": bot.name, "deleted": false,
        "is_bot": true, "is_app_user": false, "is_restricted": false, "is_ultra_restricted": false, "updated": 0,
        "profile": {
            "real_name": bot.name, "display_name": bot.name, "api_app_id": bot.app_id, "bot_id": bot.bot_id,
            "team": world.config.team_id,
        },
    })
}

pub(super) fn info(call: &mut Call<'_>) -> Outcome {
    let user = call.args.required("user")?;
    if user == call.world.config.bot.user_id {
        return Ok(json!({ "user": render_bot(call.world) }));
    }
    let person = call.world.person(&user).ok_or_else(|| refuse("user_not_found"))?;
    Ok(json!({ "user": render(call.world, person) }))
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let world = &*call.world;
    let mut members: Vec<Value> = world.config.people.iter().map(|p| render(world, p)).collect();
    members.push(render_bot(world));
    let mut answer = page(call.args, "members", members)?;
    answer["cache_ts"] = json!(world.now().timestamp());
    Ok(answer)
}

pub(super) fn lookup_by_email(call: &mut Call<'_>) -> Outcome {
    let email = call.args.required("email")?;
    let world = &*call.world;
    let person = world.config.people.iter().find(|p| !p.deleted && p.email.eq_ignore_ascii_case(&email));
    let person = person.ok_or_else(|| refuse("users_not_found"))?;
    Ok(json!({ "user": render(world, person) }))
}

pub(super) fn team_info(call: &mut Call<'_>) -> Outcome {
    let config = &call.world.config;
    if call.args.text("team")?.is_some_and(|team| !team.is_empty() && team != config.team_id) {
        return Err(refuse("team_not_found"));
    }
    Ok(json!({ "team": {
        "id": config.team_id, "name": config.team_name, "domain": team_domain(&config.team_name), "email_domain": "",
    } }))
}

/// The workspace's part of a host name.
pub(crate) fn team_domain(name: &str) -> String {
    name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

pub(super) fn auth_test(call: &mut Call<'_>) -> Outcome {
    let config = &call.world.config;
    Ok(json!({
        "url": format!("https://{}.slack.com/", team_domain(&config.team_name)),
        "team": config.team_name, "user": config.bot.name, "team_id": config.team_id,
        "user_id": config.bot.user_id, "bot_id": config.bot.bot_id, "is_enterprise_install": false,
    }))
}

pub(super) fn api_test(call: &mut Call<'_>) -> Outcome {
    let args = call.args.to_value();
    if let Some(error) = call.args.text("error")?.filter(|e| !e.is_empty()) {
        return Err(refuse(&error).with("args", args));
    }
    let mut answer = json!({});
    if args.as_object().is_some_and(|map: &Map<_, _>| !map.is_empty()) {
        answer["args"] = args;
    }
    Ok(answer)
}
