//! All routes in one place. Called by `Playground::router`.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::Redirect,
    routing::{any, get, post},
};

use crate::{api, browser, control, playground::Playground, respond, socket};

/// Largest body of the Web API and the browser protocol.
const BODY_BYTES: usize = 1024 * 1024;

pub(crate) fn router(playground: Playground) -> Router {
    // For browsers and test programs of this machine.
    let local = Router::new()
        .route("/playground/", get(browser::assets::page))
        .route("/playground/assets/{name}", get(browser::assets::file))
        .nest("/playground/ui", browser::routes())
        .nest("/playground/control", control::routes())
        .layer(middleware::from_fn_with_state(playground.clone(), browser::guard::local_only));
    // For the bot, which shows a token.
    let bot = Router::new()
        .route("/playground/api/{method}", any(api::call))
        .route("/playground/response/{token}", post(respond::respond))
        .route("/playground/socket", get(socket::socket));
    let own = Router::new()
        .route("/", get(|| async { Redirect::temporary("/playground/") }))
        .route("/playground", get(|| async { Redirect::temporary("/playground/") }))
        .merge(local)
        .merge(bot)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(playground.clone());
    // For the bot as well, which takes it for a provider of on-call rotations.
    match playground.pager() {
        Some(pager) => own.nest("/playground/pager", pager.router()),
        None => own,
    }
}
