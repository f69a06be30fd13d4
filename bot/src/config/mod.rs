//! `jit.toml`: what the operator configures. Read once at start; unknown keys, wrong values and missing secrets are errors that name
//! file and line, and never show a secret.

pub mod channels;
pub mod oncall;
mod place;
mod secrets;
pub mod teams;
pub mod tickets;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use channels::Channels;
use jit_connectors::registry::{ConnectorConfig, RegistryError};
use jit_core::access::Platform;
use jit_core::id::ConnectorName;
use jit_core::nearest::nearest;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use teams::Teams;
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
    /// Left out: no Microsoft Teams.
    pub teams: Option<Teams>,
    /// Where everybody is told.
    pub channels: Channels,
    /// Where the policy is.
    pub policy: Policy,
    /// Where the people are.
    pub directory: Directory,
    /// Where on-call rotations come from, by name.
    #[serde(default)]
    pub oncall: BTreeMap<String, oncall::Oncall>,
    /// Where tickets are looked up, by name.
    #[serde(default)]
    pub tickets: BTreeMap<String, tickets::Tickets>,
    /// The systems.
    #[serde(default)]
    pub connectors: BTreeMap<ConnectorName, ConnectorConfig>,
    /// The folder of the file: relative paths count from here.
    #[serde(skip)]
    pub base: PathBuf,
    /// Its name, and where each connector stands in it, for errors.
    #[serde(skip)]
    file: String,
    #[serde(skip)]
    connector_lines: BTreeMap<ConnectorName, usize>,
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
    /// `xapp-…`: Socket Mode. Left out: Slack calls us.
    pub app_token: Option<SecretString>,
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
            let at = unknown_key(error.message()).and_then(|key| place::of_key(&filled.text, key, at)).unwrap_or(at);
            let line = place::line(&filled.text, at);
            ConfigError(filled.redact(&format!("{file}:{line}: {}", worded(error.message()))))
        })?;
        config.check(&|path: &[&str], what: &str| {
            let line = place::of_path(&filled.text, path).map_or(1, |at| place::line(&filled.text, at));
            ConfigError(format!("{file}:{line}: {what}"))
        })?;
        file.clone_into(&mut config.file);
        base.clone_into(&mut config.base);
        config.database.url = anchored(&config.database.url, base);
        for (name, connector) in &mut config.connectors {
            connector.count_from(base);
            let at = place::of_path(&filled.text, &["connectors", name.as_str()]);
            config.connector_lines.insert(name.clone(), at.map_or(1, |at| place::line(&filled.text, at)));
        }
        Ok(config)
    }

    /// A connector that cannot be made, with file and line.
    pub fn connector_error(&self, error: &RegistryError) -> ConfigError {
        let line = self.connector_lines.get(&error.name).copied().unwrap_or(1);
        ConfigError(format!("{}:{line}: {error}", self.file))
    }

    /// The file of an SQLite database; `None` for servers and for databases in memory.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let path = sqlite_path(self.database.url.expose_secret())?;
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        Url::parse("file:///").ok()?.join(path).ok()?.to_file_path().ok()
    }

    /// The chat platforms, Slack first.
    pub fn platforms(&self) -> Vec<Platform> {
        let slack = self.slack.as_ref().map(|_| Platform::Slack);
        slack.into_iter().chain(self.teams.as_ref().map(|_| Platform::Teams)).collect()
    }

    /// A path of the configuration, counted from the file's folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    fn check(&self, wrong: &dyn Fn(&[&str], &str) -> ConfigError) -> Result<(), ConfigError> {
        for (name, source) in &self.oncall {
            if let Some((key, what)) = source.fault(name) {
                let path: Vec<&str> = ["oncall", name, key].into_iter().filter(|part| !part.is_empty()).collect();
                return Err(wrong(&path, &what));
            }
        }
        if let Some((key, what)) = self.teams.as_ref().and_then(Teams::fault) {
            let path: Vec<&str> = ["teams", key].into_iter().filter(|part| !part.is_empty()).collect();
            return Err(wrong(&path, &what));
        }
        if let Some((key, what)) = self.channels.fault(&self.platforms()) {
            return Err(wrong(&["channels", key], &what));
        }
        for (name, source) in &self.tickets {
            if let Some((key, what)) = source.fault(name) {
                let path: Vec<&str> = ["tickets", name, key].into_iter().filter(|part| !part.is_empty()).collect();
                return Err(wrong(&path, &what));
            }
        }
        let Some(slack) = &self.slack else { return Ok(()) };
        let secrets = slack.signing_secret.all();
        if secrets.is_empty() || secrets.len() > 2 {
            let what = "slack.signing_secret takes one secret, or two while rotating";
            return Err(wrong(&["slack", "signing_secret"], what));
        }
        // An empty key would let anybody sign; an unset variable of a shell script is how it comes about.
        if secrets.iter().any(|secret| secret.expose_secret().trim().is_empty()) {
            return Err(wrong(
                &["slack", "signing_secret"],
                "slack.signing_secret is empty; copy it from the app's Basic Information",
            ));
        }
        if slack.bot_token.expose_secret().trim().is_empty() {
            return Err(wrong(
                &["slack", "bot_token"],
                "slack.bot_token is empty; copy it from the app's OAuth & Permissions",
            ));
        }
        let not_an_app_s = |token: &SecretString| !token.expose_secret().trim().starts_with("xapp-");
        if slack.app_token.as_ref().is_some_and(not_an_app_s) {
            let what = "slack.app_token begins with xapp-: an app-level token with the scope connections:write, from Basic Information";
            return Err(wrong(&["slack", "app_token"], what));
        }
        if !slack.team_id.starts_with(['T', 'E']) {
            return Err(wrong(
                &["slack", "team_id"],
                "slack.team_id is a workspace's id, such as T0001, or an organisation's, such as E0001",
            ));
        }
        Ok(())
    }
}

/// A relative SQLite file counts from the configuration's folder, so that every command finds the same one wherever it is started.
fn anchored(url: &SecretString, base: &Path) -> SecretString {
    let anchor = || -> Option<String> {
        let path = sqlite_path(url.expose_secret()).filter(|path| !path.starts_with('/'))?;
        let folder = Url::from_directory_path(std::path::absolute(base.join(".")).ok()?).ok()?;
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let file = folder.join(&format!("./{path}")).ok()?;
        Some(format!("sqlite://{}{}", file.path(), query.map(|query| format!("?{query}")).unwrap_or_default()))
    };
    anchor().map_or_else(|| url.clone(), SecretString::from)
}

/// What follows the scheme, when it names a file.
fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.is_empty() && !path.starts_with(":memory:")).then_some(path)
}

/// The key that serde does not know.
fn unknown_key(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split_once('`').map(|(key, _)| key)
}

/// serde's sentence in ours: an unknown key names the nearest known one.
fn worded(message: &str) -> String {
    if let Some(missing) = message.strip_prefix("missing field ") {
        return format!("the key {missing} is missing");
    }
    let Some(rest) = message.strip_prefix("unknown field `") else { return message.replace('\n', " ") };
    let Some((unknown, expected)) = rest.split_once('`') else { return message.replace('\n', " ") };
    let known = expected.split('`').skip(1).step_by(2);
    match nearest(unknown, known) {
        Some(near) => format!("unknown key `{unknown}`; did you mean `{near}`?"),
        None => format!(
            "unknown key `{unknown}`{}",
            expected.replace("expected one of", "known are").replace("expected", "known is")
        ),
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
            ("\"T0001\"", "{ env = \"TOKEN\" }", "jit.toml:9: slack.team_id is a workspace's id"),
        ] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        let wrong = parse(&GOOD.replace("\"127.0.0.1:8080\"", "{ env = \"TOKEN\" }")).unwrap_err().to_string();
        assert!(!wrong.contains("hush"), "{wrong}");
    }

    #[test]
    fn a_connector_s_unknown_key_has_its_own_line() {
        let connector = "[connectors.hosts]\nkind = \"fake\"\n\n[connectors.db]\nkind = \"fake\"\nlatncy = \"1s\"\n";
        let error = parse(&format!("{GOOD}{connector}")).unwrap_err().to_string();
        assert_eq!(error, "jit.toml:22: unknown key `latncy`; did you mean `latency`?");
    }

    #[test]
    fn sources_of_rotations_are_whole_and_safe() {
        for (table, expected) in [
            ("[oncall.pagerduty]\ntoken = { env = \"TOKEN\" }\n", None),
            ("[oncall.us]\nkind = \"opsgenie\"\ntoken = \"t\"\noncall_ids = { U1 = \"alice\" }\n", None),
            ("[oncall.file]\npath = \"rotations.toml\"\n", None),
            ("[oncall.pagerduty]\ntoken = \"t\"\napi_url = \"http://127.0.0.1:9/\"\n", None),
            ("[oncall.us]\ntoken = \"t\"\n", Some("17: oncall.us.kind is missing")),
            ("[oncall.us]\nkind = \"pagerdty\"\n", Some("18: unknown variant")),
            ("[oncall.pagerduty]\n", Some("17: oncall.pagerduty.token is missing")),
            ("[oncall.pagerduty]\ntoken = \" \"\n", Some("18: oncall.pagerduty.token is missing or empty")),
            ("[oncall.file]\ntoken = \"t\"\npath = \"x\"\n", Some("18: oncall.file.token is a provider's")),
            ("[oncall.pagerduty]\ntoken = \"t\"\npath = \"x\"\n", Some("19: oncall.pagerduty.path is a file's")),
            (
                "[oncall.pagerduty]\ntoken = \"t\"\napi_url = \"http://pd.test/\"\n",
                Some("19: oncall.pagerduty.api_url must be"),
            ),
            (
                "[oncall.pagerduty]\ntoken = \"t\"\nrefresh = \"1s\"\n",
                Some("19: oncall.pagerduty.refresh is at least 10s"),
            ),
            ("[oncall.pagerduty]\ntoken = \"t\"\nmax_age = \"30s\"\n", Some("19: oncall.pagerduty.max_age is between")),
            ("[oncall.pagerduty]\ntoken = \"t\"\nmax_age = \"2h\"\n", Some("19: oncall.pagerduty.max_age is between")),
            (
                "[oncall.pagerduty]\ntoken = \"t\"\nmaxage = \"2h\"\n",
                Some("19: unknown key `maxage`; did you mean `max_age`?"),
            ),
            ("[oncall.\"a/b\"]\ntoken = \"t\"\n", Some("17: [oncall.a/b]: a source's name")),
        ] {
            let found = parse(&format!("{GOOD}{table}")).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(found, None, "{table}"),
                Some(expected) => {
                    let found = found.unwrap_or_else(|| panic!("{table} is taken"));
                    assert!(found.starts_with(&format!("jit.toml:{expected}")), "{found}");
                }
            }
        }
    }

    #[test]
    fn sources_of_tickets_are_whole_and_safe() {
        let jira = |more: &str| format!("[tickets.jira]\npattern = \"OPS-*\"\n{more}\n");
        let at = "api_url = \"https://acme.test\"\ntoken = { env = \"TOKEN\" }";
        for (table, expected) in [
            (jira(at), None),
            (jira(&format!("{at}\nuser = \"jit@acme.test\"\napi_version = 2\nuser_ids = {{ u1 = \"alice\" }}")), None),
            (
                format!(
                    "[tickets.now]\nkind = \"servicenow\"\npattern = [\"INC*\", \"CHG*\"]\ntable = \"task\"\n{at}\n"
                ),
                None,
            ),
            ("[tickets.file]\npattern = \"*\"\npath = \"tickets.toml\"\n".to_owned(), None),
            ("[tickets.jira]\n".to_owned(), Some("17: the key `pattern` is missing")),
            (jira(""), Some("17: tickets.jira.api_url is missing")),
            (jira("api_url = \"https://acme.test\""), Some("17: tickets.jira.token is missing")),
            (jira("api_url = \"http://acme.test\"\ntoken = \"t\""), Some("19: tickets.jira.api_url must be https")),
            (jira(&format!("{at}\npath = \"x\"")), Some("21: tickets.jira.path is a file's")),
            (jira(&format!("{at}\ntable = \"incident\"")), Some("21: tickets.jira.table is ServiceNow's")),
            (jira(&format!("{at}\napi_version = 4")), Some("21: tickets.jira.api_version is 3, or 2")),
            (jira(&format!("{at}\nrefresh = \"1s\"")), Some("21: tickets.jira.refresh is at least 10s")),
            (jira(&format!("{at}\nuser = \"a:b\"")), Some("21: tickets.jira.user is a user's name")),
            (jira(&format!("{at}\npatern = \"x\"")), Some("21: unknown key `patern`; did you mean `pattern`?")),
            (format!("[tickets.jira]\npattern = \"OPS 1\"\n{at}\n"), Some("18: tickets.jira.pattern says how")),
            (format!("[tickets.jira]\npattern = []\n{at}\n"), Some("18: tickets.jira.pattern says how")),
            (
                format!("[tickets.servicenow]\npattern = \"INC*\"\ntable = \"a/b\"\n{at}\n"),
                Some("19: tickets.servicenow.table is the name"),
            ),
            ("[tickets.file]\npattern = \"*\"\n".to_owned(), Some("17: tickets.file.path is missing")),
            (
                "[tickets.file]\npattern = \"*\"\npath = \"x\"\ntoken = \"t\"\n".to_owned(),
                Some("20: tickets.file.token is a provider's"),
            ),
            ("[tickets.us]\npattern = \"*\"\n".to_owned(), Some("17: tickets.us.kind is missing")),
        ] {
            let found = parse(&format!("{GOOD}{table}")).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(found, None, "{table}"),
                Some(expected) => {
                    let found = found.unwrap_or_else(|| panic!("{table} is taken"));
                    assert!(found.starts_with(&format!("jit.toml:{expected}")), "{found}");
                }
            }
        }
    }

    #[test]
    fn empty_secrets_are_no_secrets() {
        for (from, to, line) in [("\"two\"", "\"\"", 7), ("{ env = \"TOKEN\" }", "\" \"", 8)] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("jit.toml:{line}: slack.")) && error.contains("is empty"), "{error}");
        }
    }

    #[test]
    fn an_app_token_is_an_app_s() {
        let with = |token: &str| parse(&GOOD.replace("team_id", &format!("app_token = \"{token}\"\nteam_id")));
        assert!(with("xapp-1-A-2").is_ok_and(|config| config.slack.is_some_and(|slack| slack.app_token.is_some())));
        for token in ["", "xoxb-hush-1"] {
            let error = with(token).unwrap_err().to_string();
            assert!(
                error.starts_with("jit.toml:9: slack.app_token begins with xapp-") && !error.contains("hush"),
                "{error}"
            );
        }
    }

    const TEAMS: &str = "[teams]\napp_id = \"a-1\"\ntenant_id = \"t-1\"\napp_secret = { env = \"TOKEN\" }\n";

    #[test]
    fn teams_beside_slack_and_alone() {
        let each = |text: &str| {
            let announce = "announce = { slack = \"#access\", teams = \"19:a@thread.tacv2\" }";
            let security = "security = { slack = \"#security\", teams = \"19:s@thread.tacv2\" }";
            text.replace("announce = \"#access\"", announce).replace("security = \"#security\"", security)
        };
        let both = parse(&format!("{}{TEAMS}", each(GOOD))).unwrap();
        assert_eq!(both.platforms(), [Platform::Slack, Platform::Teams]);
        assert_eq!(both.channels.announce.on(Platform::Slack), "#access");
        assert_eq!(both.channels.announce.on(Platform::Teams), "19:a@thread.tacv2");
        assert!(!format!("{both:?}").contains("hush"));
        let (start, end) = (GOOD.find("[slack]").unwrap(), GOOD.find("[channels]").unwrap());
        let alone = format!("{}{}{TEAMS}", &GOOD[..start], &GOOD[end..]).replace("\"#access\"", "\"19:a\"");
        let alone = alone.replace("\"#security\"", "\"19:s\"\nfallback = \"19:f\"");
        assert_eq!(parse(&alone).unwrap().platforms(), [Platform::Teams]);
        for (text, expected) in [
            (format!("{GOOD}{TEAMS}"), "11: channels.announce needs a channel on each platform"),
            (
                each(GOOD).replace(", teams = \"19:s@thread.tacv2\"", "") + TEAMS,
                "12: channels.security has no channel for teams",
            ),
            (GOOD.replace("[policy]", "fallback = \"19:f\"\n[policy]"), "13: channels.fallback is for Teams"),
            (alone.replace("\"19:a\"", "\"#access\""), "7: channels.announce: `#access` is no conversation of Teams"),
            (alone.replace("\"a-1\"", "\"a/../1\""), "15: teams.app_id is an id"),
            (alone.replace("app_secret = { env = \"TOKEN\" }", ""), "14: [teams] takes app_secret, or app_certificate"),
            (alone.replace("{ env = \"TOKEN\" }", "\"\""), "17: teams.app_secret is empty"),
            (alone.clone() + "app_certificate_key = \"k\"\n", "14: [teams] takes app_secret, or"),
            (alone.clone() + "login_url = \"http://login.test\"\n", "18: teams.login_url must be https"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("jit.toml:{expected}")), "{error}\n{text}");
        }
        assert!(parse(&(alone + "login_url = \"http://127.0.0.1:9\"\n")).is_ok(), "a test's own");
    }

    #[test]
    fn a_relative_database_counts_from_the_configuration() {
        let at = |url: &str| {
            let text = GOOD.replace("sqlite://jit.db", url);
            let config = Config::parse(&text, "jit.toml", Path::new("/etc/my jit"), &|_| Some("x".into())).unwrap();
            (config.database.url.expose_secret().to_owned(), config.sqlite_file())
        };
        let file = Some(PathBuf::from("/etc/my jit/jit.db"));
        assert_eq!(at("sqlite://jit.db"), ("sqlite:///etc/my%20jit/jit.db".into(), file.clone()));
        assert_eq!(at("sqlite:jit.db?mode=rwc"), ("sqlite:///etc/my%20jit/jit.db?mode=rwc".into(), file));
        assert_eq!(at("sqlite:///var/jit.db"), ("sqlite:///var/jit.db".into(), Some("/var/jit.db".into())));
        assert_eq!(at("sqlite::memory:"), ("sqlite::memory:".into(), None));
        assert_eq!(at("postgres://jit@db/jit"), ("postgres://jit@db/jit".into(), None));
    }

    /// Texts near the real one: lines left out, doubled, cut, and strewn with what TOML is made of.
    fn mangled() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let bits = prop::sample::select(vec![
            "=",
            "[",
            "]",
            "{ env = \"",
            "\"",
            "\"\"\"",
            "{ file = \"\" }",
            "\u{0}",
            "é",
            "\n",
            "#",
            ".",
        ]);
        prop::collection::vec((0..GOOD.len(), 0..9_usize, bits), 0..8).prop_map(|edits| {
            edits.into_iter().fold(GOOD.to_owned(), |text, (at, drop, bit)| {
                let characters: Vec<char> = text.chars().collect();
                let at = at.min(characters.len());
                let rest = (at + drop).min(characters.len());
                characters[..at].iter().copied().chain(bit.chars()).chain(characters[rest..].iter().copied()).collect()
            })
        })
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::prelude::any::<Vec<u8>>()) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_mangled_configuration_panics_or_shows_a_secret(text in mangled()) {
            if let Err(error) = parse(&text) {
                let error = error.to_string();
                proptest::prop_assert!(error.starts_with("jit.toml:") && !error.contains("hush-"), "{error}");
            }
        }
    }
}
