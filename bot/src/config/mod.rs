//! `jit.toml`: what the operator configures. Read once at start; unknown keys, wrong values and missing secrets are errors that name
//! file and line, and never show a secret.

mod secrets;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jit_connectors::registry::ConnectorConfig;
use jit_core::id::ConnectorName;
use jit_core::nearest::nearest;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where we listen.
    pub server: Server,
    /// Where the truth is kept.
    pub database: Database,
    /// Left out: in-process timers.
    pub redis: Option<Redis>,
    /// Left out: no Slack.
    pub slack: Option<Slack>,
    /// Where everybody is told.
    pub channels: Channels,
    /// Where the policy is.
    pub policy: Policy,
    /// Where the people are.
    pub directory: Directory,
    /// The systems.
    #[serde(default)]
    pub connectors: BTreeMap<ConnectorName, ConnectorConfig>,
    /// The folder of the file: relative paths count from here.
    #[serde(skip)]
    pub base: PathBuf,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// How the outside reaches us, for the manifest.
    pub public_url: Option<Url>,
    /// Health, readiness and metrics on an address of their own.
    pub metrics_listen: Option<SocketAddr>,
}

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://jit.db` or `postgres://user@host/db`.
    pub url: SecretString,
}

/// `[redis]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://host:port`.
    pub url: SecretString,
}

/// `[slack]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// One, or two while rotating.
    pub signing_secret: OneOrTwo,
    /// `xoxb-…`
    pub bot_token: SecretString,
    /// Our workspace; others are refused.
    pub team_id: String,
    /// Another base than Slack's own.
    #[serde(default = "slack_api")]
    pub api_url: Url,
}

/// A secret, or two while the old one is being replaced.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of at most two while rotating")]
pub enum OneOrTwo {
    /// The usual case.
    One(SecretString),
    /// While rotating.
    Two(Vec<SecretString>),
}

impl OneOrTwo {
    /// All of them.
    pub fn all(&self) -> &[SecretString] {
        match self {
            Self::One(secret) => std::slice::from_ref(secret),
            Self::Two(secrets) => secrets,
        }
    }
}

/// `[channels]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// Grants, warnings, revocations.
    pub announce: String,
    /// Failures and everything security must see.
    pub security: String,
}

/// `[policy]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A folder; every `*.toml` below it.
    pub path: PathBuf,
}

/// `[directory]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// `people.toml`.
    pub file: PathBuf,
}

/// Slack's own address. Source: Slack, "Web API".
fn slack_api() -> Url {
    Url::parse("https://slack.com/api").expect("a constant address parses")
}

/// Why the configuration cannot be used: one sentence with file and line, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError(format!("{shown}: cannot be read: {error}; name another file with --config or JIT_CONFIG"))
        })?;
        let base = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Self::parse(&text, &shown.to_string(), &base, &|name| std::env::var(name).ok())
    }

    /// Reads a text; `environment` gives the values of `{ env = "NAME" }`.
    pub fn parse(
        text: &str,
        file: &str,
        base: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let filled = secrets::fill(text, file, base, environment)?;
        let mut config: Self = toml::from_str(&filled.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = filled.text[..at.min(filled.text.len())].matches('\n').count() + 1;
            ConfigError(filled.redact(&format!("{file}:{line}: {}", worded(error.message()))))
        })?;
        base.clone_into(&mut config.base);
        config.check(file)?;
        Ok(config)
    }

    /// A path of the configuration, counted from the file's folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    fn check(&self, file: &str) -> Result<(), ConfigError> {
        if let Some(slack) = &self.slack {
            let secrets = slack.signing_secret.all().len();
            if secrets == 0 || secrets > 2 {
                return Err(ConfigError(format!(
                    "{file}: slack.signing_secret takes one secret, or two while rotating"
                )));
            }
            if !slack.team_id.starts_with('T') {
                return Err(ConfigError(format!("{file}: slack.team_id is a workspace's id, such as T0001")));
            }
        }
        Ok(())
    }
}

/// serde's sentence in ours: an unknown key names the nearest known one.
fn worded(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else { return message.replace('\n', " ") };
    let Some((unknown, expected)) = rest.split_once('`') else { return message.replace('\n', " ") };
    let known = expected.split('`').skip(1).step_by(2);
    match nearest(unknown, known) {
        Some(near) => format!("unknown key `{unknown}`; did you mean `{near}`?"),
        None => format!("unknown key `{unknown}`{}", expected.replace("expected", "known are")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r##"
[server]
listen = "127.0.0.1:8080"
[database]
url = "sqlite://jit.db"
[slack]
signing_secret = [{ env = "OLD" }, "two"]
bot_token = { env = "TOKEN" }
team_id = "T0001"
[channels]
announce = "#access"
security = "#security"
[policy]
path = "policy"
[directory]
file = "people.toml"
"##;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        let environment = |name: &str| matches!(name, "OLD" | "TOKEN").then(|| format!("hush-\"{name}\"\n"));
        Config::parse(text, "jit.toml", Path::new(""), &environment)
    }

    #[test]
    fn secrets_come_from_the_environment() {
        use secrecy::ExposeSecret;
        let config = parse(GOOD).unwrap();
        let slack = config.slack.as_ref().unwrap();
        assert_eq!(slack.bot_token.expose_secret(), "hush-\"TOKEN\"");
        assert_eq!(slack.signing_secret.all().len(), 2);
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn errors_name_file_line_and_the_nearest_key_and_no_secret() {
        for (from, to, expected) in [
            ("listen", "lisen", "jit.toml:3: unknown key `lisen`; did you mean `listen`?"),
            ("TOKEN", "NOPE", "jit.toml:8: the environment has no NOPE; set it before starting"),
            ("[policy]", "[polcy]", "jit.toml:13: unknown key `polcy`; did you mean `policy`?"),
            ("{ env = \"TOKEN\" }", "{ file = \"/nope/x\" }", "jit.toml:8: /nope/x cannot be read:"),
            ("\"T0001\"", "{ env = \"TOKEN\" }", "jit.toml: slack.team_id is a workspace's id"),
        ] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        let wrong = parse(&GOOD.replace("\"127.0.0.1:8080\"", "{ env = \"TOKEN\" }")).unwrap_err().to_string();
        assert!(!wrong.contains("hush"), "{wrong}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in proptest::prelude::any::<String>()) {
            let _ = parse(&text);
        }
    }
}
