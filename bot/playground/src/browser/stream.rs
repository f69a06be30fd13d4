//! The stream of events for one person, as server-sent events. A browser that reconnects gets
//! `hello` and reloads the history; one that cannot keep up is dropped and reconnects.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use tokio_stream::wrappers::ReceiverStream;

use super::{Ask, BadRequest, look::known};
use crate::playground::Playground;

/// Silence after which a comment is sent, so that nobody takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
pub(super) struct As {
    #[serde(rename = "as")]
    user: String,
}

pub(super) async fn stream(
    State(playground): State<Playground>,
    Ask(ask): Ask<As>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, BadRequest> {
    let events = playground.change(|world| {
        known(world, &ask.user)?;
        Ok::<_, BadRequest>(world.listen(&ask.user))
    })?;
    let events = ReceiverStream::new(events).map(|event| Ok(Event::default().data(event.to_string())));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("still here")))
}
