//! The provider of on-call rotations as the page shows and drives it: its incident is opened and resolved, and it goes down and comes back.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BadRequest, Body};
use crate::{
    pager::{Mood, Pager},
    playground::Playground,
};

/// How it answers while it is down.
const DOWN: Mood = Mood::Refuses(503, None);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drive {
    /// Whether its incident is open.
    open: Option<bool>,
    /// Whether it is down.
    down: Option<bool>,
}

pub(super) async fn drive(
    State(playground): State<Playground>,
    Body(drive): Body<Drive>,
) -> Result<Json<Value>, BadRequest> {
    let pager = playground.pager().ok_or_else(|| BadRequest::new(StatusCode::NOT_FOUND, "there is no pager here"))?;
    if let Some(open) = drive.open {
        for mut incident in pager.incidents() {
            incident.status = if open { "triggered" } else { "resolved" };
            pager.incident(incident);
        }
    }
    if let Some(down) = drive.down {
        pager.behaves(if down { DOWN } else { Mood::Well });
    }
    Ok(Json(json!({ "ok": true, "pager": shown(pager) })))
}

/// What there is to see of it.
pub(super) fn shown(pager: &Pager) -> Value {
    let incidents = pager.incidents();
    let numbers: Vec<u64> = incidents.iter().map(|incident| incident.number).collect();
    let open = incidents.iter().any(|incident| incident.status != "resolved");
    json!({ "incidents": numbers, "open": open, "down": pager.mood() == DOWN })
}
