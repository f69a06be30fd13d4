//! Where Socket Mode's WebSocket is: one call with the app's own token. Called by the shell's socket and by `jit doctor`.

use secrecy::SecretString;
use url::Url;

use super::api::Api;
use crate::deliver::ChatError;

/// The app-level token's way to Slack; it can open sockets and nothing else.
#[derive(Clone, Debug)]
pub struct SocketApi {
    api: Api,
    /// Only a stand-in for Slack on this machine has sockets without TLS.
    plain: bool,
}

impl SocketApi {
    /// Speaks to the same address as the bot's token.
    pub fn new(http: reqwest::Client, base: &str, token: SecretString) -> Self {
        Self { api: Api::new(http, base, token), plain: base.starts_with("http://") }
    }

    /// A fresh address for one connection. It lets in whoever has it, so it is never logged.
    pub async fn open(&self) -> Result<Url, ChatError> {
        let url = self.api.connections_open().await?;
        let url = Url::parse(&url).ok().filter(|url| url.scheme() == "wss" || (self.plain && url.scheme() == "ws"));
        url.ok_or_else(|| ChatError::Retry { what: "the answer has no address of a socket".to_owned(), after: None })
    }
}
