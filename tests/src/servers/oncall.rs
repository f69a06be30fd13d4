//! A provider of on-call rotations and incidents on the loopback: the playground's, at an address of its own.

use std::ops::Deref;

use jit_playground::Pager;
pub use jit_playground::{AnIncident, Mood, OnCall};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The key that both providers take.
pub const ONCALL_TOKEN: &str = "oncall-hunter2";

/// See the module.
#[derive(Debug)]
pub struct OncallProvider {
    /// `api_url`.
    pub url: String,
    pager: Pager,
    _server: JoinSet<()>,
}

impl OncallProvider {
    /// Starts one, with nobody on call.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port for the provider");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let pager = Pager::new(ONCALL_TOKEN);
        let router = pager.router();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("the provider serves") });
        Self { url, pager, _server: server }
    }

    /// The tables of `jit.toml` for both providers.
    pub fn configuration(&self) -> String {
        let table = |name: &str| format!("[oncall.{name}]\napi_url = \"{}\"\ntoken = \"{ONCALL_TOKEN}\"\n", self.url);
        table("pagerduty") + &table("opsgenie")
    }
}

impl Deref for OncallProvider {
    type Target = Pager;
    fn deref(&self) -> &Pager {
        &self.pager
    }
}
