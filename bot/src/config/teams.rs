//! `[teams]`: the app at Microsoft, and where its tokens and keys come from.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::oncall::is_safe;

/// `[teams]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// The app's (client) id.
    pub app_id: String,
    /// Our tenant; activities of others are refused.
    pub tenant_id: String,
    /// A client secret. Or else a certificate.
    pub app_secret: Option<SecretString>,
    /// A certificate registered with the app, as PEM.
    pub app_certificate: Option<SecretString>,
    /// Its private key, as PEM: PKCS#8, RSA.
    pub app_certificate_key: Option<SecretString>,
    /// Where the keys are told that sign what Teams sends.
    #[serde(default = "metadata")]
    pub openid_metadata_url: Url,
    /// Who must have issued what Teams sends; other in government clouds.
    #[serde(default = "issuer")]
    pub issuer: String,
    /// Where tokens are had.
    #[serde(default = "login")]
    pub login_url: Url,
    /// What tokens are for.
    #[serde(default = "scope")]
    pub scope: String,
}

/// Source: Microsoft, "Bot Connector authentication": the OpenID metadata document for what the connector sends.
fn metadata() -> Url {
    Url::parse("https://login.botframework.com/v1/.well-known/openidconfiguration").expect("a constant address parses")
}

/// Source: the same, `iss` of what the connector sends.
fn issuer() -> String {
    "https://api.botframework.com".to_owned()
}

/// Source: Microsoft, "The client credentials flow".
fn login() -> Url {
    Url::parse("https://login.microsoftonline.com").expect("a constant address parses")
}

/// Source: Microsoft, "Bot Connector authentication", from bot to connector.
fn scope() -> String {
    "https://api.botframework.com/.default".to_owned()
}

/// How the app proves to Microsoft who it is.
#[derive(Clone, Debug)]
pub enum Proof<'a> {
    /// A client secret.
    Secret(&'a SecretString),
    /// Certificate and private key, as PEM.
    Certificate(&'a SecretString, &'a SecretString),
}

impl Teams {
    /// How the app proves who it is; `None` where it was not checked.
    pub fn proof(&self) -> Option<Proof<'_>> {
        match (&self.app_secret, &self.app_certificate, &self.app_certificate_key) {
            (Some(secret), None, None) => Some(Proof::Secret(secret)),
            (None, Some(certificate), Some(key)) => Some(Proof::Certificate(certificate, key)),
            _ => None,
        }
    }

    /// What is wrong with it, with the key.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let ids = [("app_id", &self.app_id), ("tenant_id", &self.tenant_id)];
        if let Some((key, _)) = ids.into_iter().find(|(_, id)| !is_id(id)) {
            return Some((key, format!("teams.{key} is an id from the app's registration in Entra, such as a UUID")));
        }
        if self.proof().is_none() {
            let what = "[teams] takes app_secret, or app_certificate and app_certificate_key, and not both";
            return Some(("", what.to_owned()));
        }
        let secrets = [
            ("app_secret", &self.app_secret),
            ("app_certificate", &self.app_certificate),
            ("app_certificate_key", &self.app_certificate_key),
        ];
        // An unset variable of a shell script is how it comes about.
        let empty =
            |secret: &Option<SecretString>| secret.as_ref().is_some_and(|it| it.expose_secret().trim().is_empty());
        if let Some((key, _)) = secrets.into_iter().find(|(_, secret)| empty(secret)) {
            return Some((key, format!("teams.{key} is empty; it is made under Certificates & secrets of the app")));
        }
        let addresses = [("openid_metadata_url", &self.openid_metadata_url), ("login_url", &self.login_url)];
        let unsafe_one = addresses.into_iter().find(|(_, url)| !is_safe(url));
        unsafe_one.map(|(key, _)| (key, format!("teams.{key} must be https: whoever answers says who speaks to us")))
    }
}

/// What may stand in an address without being escaped.
fn is_id(id: &str) -> bool {
    (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}
