//! `views.*`: the bot opens, changes and publishes views.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Call, Outcome, Refused, args::invalid, refuse};
use crate::{
    blocks::{self, limits},
    views::View,
    world::World,
};

/// Reads and checks a view; `kind` is `modal` or `home`.
pub(crate) fn check(view: &Value, kind: &str) -> Result<Value, Refused> {
    if view.to_string().len() > limits::VIEW_BYTES {
        return Err(refuse("view_too_large"));
    }
    let problems = blocks::check_view(view, kind);
    if !problems.is_empty() {
        return Err(refuse("invalid_arguments").because(problems));
    }
    let mut view = view.clone();
    if let Some(list) = view["blocks"].as_array_mut() {
        blocks::fill_ids(list);
    }
    Ok(view)
}

impl Call<'_> {
    fn view(&self, kind: &str) -> Result<Value, Refused> {
        let view = self.args.structure("view", "invalid_arguments")?;
        check(&view.ok_or_else(|| invalid("missing required field: view"))?, kind)
    }

    /// The person whose act gave the trigger id, and whether they acted in a modal.
    fn redeem(&mut self) -> Result<(String, bool), Refused> {
        if self.args.has("interactivity_pointer") {
            return Err(refuse("invalid_interactivity_pointer"));
        }
        let trigger = self.args.required("trigger_id")?;
        self.world.triggers.redeem(&trigger, Instant::now()).map_err(refuse)
    }

    fn hash(&self) -> Result<Option<String>, Refused> {
        Ok(self.args.text("hash")?.filter(|h| !h.is_empty()))
    }
}

fn shown(world: &mut World, view: &View) -> Value {
    world.show_view(view);
    json!({ "view": view.for_api(&world.config.bot, &world.config.team_id) })
}

pub(super) fn open(call: &mut Call<'_>) -> Outcome {
    let content = call.view("modal")?;
    let (user, _) = call.redeem()?;
    let (view, closed) = call.world.views.open(&user, content).map_err(refuse)?;
    for gone in closed {
        call.world.tell(&user, json!({ "type": "view_closed", "view_id": gone.id }));
    }
    Ok(shown(call.world, &view))
}

pub(super) fn push(call: &mut Call<'_>) -> Outcome {
    let content = call.view("modal")?;
    let (user, in_modal) = call.redeem()?;
    if !in_modal {
        return Err(refuse("not_found"));
    }
    let view = call.world.views.push(&user, content).map_err(refuse)?;
    Ok(shown(call.world, &view))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let content = call.view("modal")?;
    let id = match (call.args.text("view_id")?, call.args.text("external_id")?) {
        (Some(id), _) if !id.is_empty() => id,
        (_, Some(external)) => {
            let view = call.world.views.by_external_id(&external).ok_or_else(|| refuse("not_found"))?;
            view.id.clone()
        }
        _ => return Err(invalid("missing required field: view_id")),
    };
    let home = call.world.views.find(&id).is_some_and(|v| v.content["type"] == "home");
    if home {
        return Err(refuse("not_found"));
    }
    let hash = call.hash()?;
    let view = call.world.views.update(&id, content, hash.as_deref()).map_err(refuse)?;
    let answer = json!({ "view": view.for_api(&call.world.config.bot, &call.world.config.team_id) });
    // A view below the top changes unseen.
    if call.world.views.top(&view.user).is_some_and(|top| top.id == view.id) {
        call.world.show_view(&view);
    }
    Ok(answer)
}

pub(super) fn publish(call: &mut Call<'_>) -> Outcome {
    let user = call.args.required("user_id")?;
    let content = call.view("home")?;
    if call.world.active(&user).is_none() {
        return Err(invalid("user_id is not a person of this workspace"));
    }
    let hash = call.hash()?;
    let view = call.world.views.publish(&user, content, hash.as_deref()).map_err(refuse)?;
    Ok(shown(call.world, &view))
}
