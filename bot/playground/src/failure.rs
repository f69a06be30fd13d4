//! Why something a person did came to nothing.

use axum::http::HeaderMap;

/// What went wrong with an act of a person.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The bot took longer than three seconds.
    #[error("the bot did not acknowledge within 3 s")]
    NotAcknowledged,
    /// The bot answered with something other than 200.
    #[error("the bot answered with HTTP status {code}")]
    Status {
        /// The status.
        code: u16,
        /// The headers of the answer.
        headers: Box<HeaderMap>,
    },
    /// No connection to the bot, or it broke.
    #[error("the bot cannot be reached: {0}")]
    Unreachable(String),
    /// The bot's answer is not one Slack would take.
    #[error("the bot's answer is refused: {error} {messages:?}")]
    BadAnswer {
        /// Slack's error name.
        error: String,
        /// Details.
        messages: Vec<String>,
    },
    /// The person cannot do this: no such channel, button, view, option.
    #[error("{0}")]
    NotPossible(String),
    /// What was waited for did not happen.
    #[error("what was waited for did not happen in time")]
    TimedOut,
}

impl Failure {
    /// Slack's word for it, in "/jit failed with the error …".
    pub(crate) fn slack_word(&self) -> String {
        match self {
            Self::NotAcknowledged | Self::TimedOut => "operation_timeout".to_owned(),
            Self::Status { code, .. } => format!("http_status_{code}"),
            Self::Unreachable(_) => "dispatch_failed".to_owned(),
            Self::BadAnswer { error, .. } => error.clone(),
            Self::NotPossible(what) => what.clone(),
        }
    }

    pub(crate) fn not_possible(what: impl Into<String>) -> Self {
        Self::NotPossible(what.into())
    }
}
