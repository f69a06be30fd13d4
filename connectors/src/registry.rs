//! Builds the configured connectors. The only place that knows all kinds; the service starts with what it makes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jit_core::entitlement::Capabilities;
use jit_core::id::ConnectorName;
use serde::Deserialize;

use crate::contract::Connector;
use crate::{fake, postgres, ssh_ca, sudoers};

/// One `[connectors.NAME]` of the configuration: `kind` and that kind's own keys; unknown keys are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ConnectorConfig {
    /// Role membership in PostgreSQL.
    Postgres(postgres::Config),
    /// Drop-ins of sudo on this machine.
    Sudoers(sudoers::Config),
    /// Short-lived SSH certificates.
    SshCa(ssh_ca::Config),
    /// A target in memory, for tests.
    Fake(fake::Config),
}

impl ConnectorConfig {
    /// Paths that are not absolute count from this folder, the configuration's.
    pub fn count_from(&mut self, base: &Path) {
        let join = |path: &mut PathBuf| *path = base.join(path.as_path());
        match self {
            Self::Postgres(config) => config.ca_file.iter_mut().for_each(join),
            Self::Sudoers(config) => join(&mut config.dir),
            Self::SshCa(config) => {
                [&mut config.ca_key_file, &mut config.krl_file, &mut config.state_dir].into_iter().for_each(join);
            }
            Self::Fake(config) => config.state_file.iter_mut().for_each(join),
        }
    }

    fn build(&self) -> Result<Arc<dyn Connector>, String> {
        Ok(match self {
            Self::Postgres(config) => match config.accounts {
                postgres::Accounts::Own => Arc::new(postgres::Postgres::new(config)?),
                postgres::Accounts::Ephemeral => Arc::new(postgres::Ephemeral::new(config)?),
            },
            Self::Sudoers(config) => Arc::new(sudoers::Sudoers::new(config)?),
            Self::SshCa(config) => Arc::new(ssh_ca::SshCa::new(config)?),
            Self::Fake(config) => Arc::new(fake::FakeTarget::configured(config)?.connector()),
        })
    }
}

/// A connector that cannot be made from its configuration.
#[derive(Debug, thiserror::Error)]
#[error("[connectors.{name}]: {what}")]
pub struct RegistryError {
    /// Which one.
    pub name: ConnectorName,
    /// What is wrong and how to mend it; never a secret.
    pub what: String,
}

/// The connectors by name.
#[derive(Clone, Default)]
pub struct Registry {
    connectors: BTreeMap<ConnectorName, Arc<dyn Connector>>,
}

impl Registry {
    /// Makes each connector. Opens no network connection; reads and, where told so, makes key files and folders.
    pub fn build(configs: &BTreeMap<ConnectorName, ConnectorConfig>) -> Result<Self, RegistryError> {
        let mut connectors = BTreeMap::new();
        for (name, config) in configs {
            let connector = config.build().map_err(|what| RegistryError { name: name.clone(), what })?;
            connectors.insert(name.clone(), connector);
        }
        Ok(Self { connectors })
    }

    /// A registry of connectors made elsewhere, such as a fake whose handle the test keeps.
    pub fn of(connectors: impl IntoIterator<Item = (ConnectorName, Arc<dyn Connector>)>) -> Self {
        Self { connectors: connectors.into_iter().collect() }
    }

    /// The connector of that name.
    pub fn get(&self, name: &ConnectorName) -> Option<&Arc<dyn Connector>> {
        self.connectors.get(name)
    }

    /// What each can do.
    pub fn capabilities(&self) -> BTreeMap<ConnectorName, Capabilities> {
        self.connectors.iter().map(|(name, connector)| (name.clone(), connector.capabilities())).collect()
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &ConnectorName> {
        self.connectors.keys()
    }

    /// All connectors, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&ConnectorName, &Arc<dyn Connector>)> {
        self.connectors.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: serde_json::Value) -> Result<ConnectorConfig, serde_json::Error> {
        serde_json::from_value(text)
    }

    #[test]
    fn unknown_kinds_and_keys_are_errors() {
        let error = |json| read(json).unwrap_err().to_string();
        assert!(error(serde_json::json!({ "kind": "postgresql", "url": "" })).contains("postgres"));
        assert!(error(serde_json::json!({ "kind": "postgres", "url": "x", "usr": "y" })).contains("usr"));
        assert!(error(serde_json::json!({ "kind": "postgres" })).contains("url"));
        assert!(error(serde_json::json!({ "kind": "fake", "late": 1 })).contains("late"));
        assert!(error(serde_json::json!({ "url": "x" })).contains("kind"));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let url = "postgres://bot:hunter2@127.0.0.1/db";
        let config = read(serde_json::json!({ "kind": "postgres", "url": url })).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        let wrong = read(serde_json::json!({ "kind": "postgres", "url": "hunter2://bot:hunter2@[" })).unwrap();
        let built = Registry::build(&[("db".into(), wrong)].into());
        let error = built.err().unwrap().to_string();
        assert!(error.starts_with("[connectors.db]: ") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_was_built_is_found_by_name() {
        let fake = read(serde_json::json!({ "kind": "fake" })).unwrap();
        let registry = Registry::build(&[("b".into(), fake.clone()), ("a".into(), fake)].into()).unwrap();
        assert_eq!(registry.names().map(ConnectorName::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert!(registry.get(&"a".into()).is_some() && registry.get(&"c".into()).is_none());
        assert_eq!(registry.capabilities().len(), 2);
    }
}
