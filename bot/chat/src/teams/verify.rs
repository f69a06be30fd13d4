//! Whether a request comes from the Bot Framework's connector, for this bot: its bearer token. Called with the headers before a byte of the
//! body is read; what the token says of the body ([`Verified::vouches_for`]) is held against it when it is decoded.
//!
//! Source of every check: Bot Framework, "Authentication with the Bot Connector API", "Authenticate requests from the Bot Connector service
//! to your bot".

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;

use super::keys::{Key, Keys};
use super::rsa;

/// How far the connector's clock and ours may be apart.
pub const LEEWAY: TimeDelta = TimeDelta::minutes(5);
/// Longest token that is looked at; the connector's have some 1,500 bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Who signs in the public cloud.
pub const PUBLIC_ISSUER: &str = "https://api.botframework.com";

const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// Checks tokens.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Keys,
    app_id: String,
    issuers: Vec<String>,
}

/// A request that comes from the connector.
#[derive(Clone, Debug)]
pub struct Verified {
    service_url: String,
    key: Arc<Key>,
}

/// Why a request is not believed. The same answer to all: 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejected {
    /// There is no bearer token.
    #[error("the request carries no token")]
    Missing,
    /// Not three parts of JSON and signature, not signed at all, or a claim is missing or of another kind.
    #[error("the token cannot be read")]
    Unreadable,
    /// Longer than any that the connector makes.
    #[error("the token is too long")]
    TooLong,
    /// Signed in a way that we do not take.
    #[error("the token is not signed with RS256, RS384 or RS512")]
    Algorithm,
    /// The key is not the connector's, or cannot be had now.
    #[error("the token is signed with a key that is not known")]
    UnknownKey,
    /// Signed by somebody else, or changed since.
    #[error("the token's signature is wrong")]
    Signature,
    /// Made by somebody else.
    #[error("the token is of another issuer")]
    Issuer,
    /// Meant for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Over.
    #[error("the token has expired")]
    Expired,
    /// Not begun.
    #[error("the token is not valid yet")]
    Early,
    /// Meant for what another service sends.
    #[error("the token is for another service's address")]
    ServiceUrl,
    /// The key may not sign for the channel.
    #[error("the token's key is not endorsed for the channel")]
    Endorsement,
}

/// What a token must say. A list where one text is expected is an error, and so is what is missing.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    nbf: i64,
    serviceurl: String,
}

impl Verifier {
    /// For the bot of an id, with what signs of one of these issuers.
    pub fn new(keys: Keys, app_id: impl Into<String>, issuers: impl IntoIterator<Item = String>) -> Self {
        rsa::install();
        Self { keys, app_id: app_id.into(), issuers: issuers.into_iter().collect() }
    }

    /// Has the keys fetched, so that the first request need not wait for them.
    pub async fn warm(&self, now: DateTime<Utc>) {
        // No key has this name.
        let _ = self.keys.find("", now).await;
    }

    /// Checks the `Authorization` header. Without I/O where the key is known.
    pub async fn verify(&self, authorization: Option<&str>, now: DateTime<Utc>) -> Result<Verified, Rejected> {
        let token = bearer(authorization).ok_or(Rejected::Missing)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejected::TooLong);
        }
        let header = decode_header(token).map_err(|_| Rejected::Unreadable)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Rejected::Algorithm);
        }
        // What must be understood and is not: RFC 7515, 4.1.11.
        if header.crit.is_some() {
            return Err(Rejected::Unreadable);
        }
        let kid = header.kid.ok_or(Rejected::UnknownKey)?;
        let key = self.keys.find(&kid, now).await.ok_or(Rejected::UnknownKey)?;
        let claims = signed(token, &key)?;
        self.check(&claims, now)?;
        Ok(Verified { service_url: claims.serviceurl, key })
    }

    fn check(&self, claims: &Claims, now: DateTime<Utc>) -> Result<(), Rejected> {
        let leeway = LEEWAY.num_seconds();
        if !self.issuers.contains(&claims.iss) {
            return Err(Rejected::Issuer);
        }
        if claims.aud != self.app_id {
            return Err(Rejected::Audience);
        }
        if now.timestamp() >= claims.exp.saturating_add(leeway) {
            return Err(Rejected::Expired);
        }
        if now.timestamp() < claims.nbf.saturating_sub(leeway) {
            return Err(Rejected::Early);
        }
        Ok(())
    }
}

impl Verified {
    /// Whether the token speaks for what an activity says of itself.
    pub fn vouches_for(&self, service_url: &str, channel: &str) -> Result<(), Rejected> {
        if self.service_url != service_url {
            return Err(Rejected::ServiceUrl);
        }
        if !self.key.endorsements.iter().any(|endorsed| endorsed == channel) {
            return Err(Rejected::Endorsement);
        }
        Ok(())
    }
}

fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The claims of a token that this key has signed. Times and names are checked by [`Verifier::check`], on the clock of record.
fn signed(token: &str, key: &Key) -> Result<Claims, Rejected> {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms = ALGORITHMS.to_vec();
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = decode::<Claims>(token, &key.decoding, &validation).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Rejected::Signature,
        ErrorKind::InvalidAlgorithm => Rejected::Algorithm,
        _ => Rejected::Unreadable,
    })?;
    Ok(decoded.claims)
}

#[cfg(test)]
mod tests;
