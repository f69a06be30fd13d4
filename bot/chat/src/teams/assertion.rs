//! A certificate in place of a client secret: the app signs a small statement of who it is. Called by [`super::token`].
//!
//! Source: Microsoft, "Microsoft identity platform application authentication certificate credentials".

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long a statement counts; it is used at once.
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// A certificate and its key.
pub struct Certificate {
    key: RsaKeyPair,
    /// The certificate's SHA-256, as Microsoft looks for it.
    thumbprint: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads both, as PEM. The error says which one is wrong, and nothing of what it holds.
    pub fn parse(certificate: &str, key: &str) -> Result<Self, &'static str> {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|_| "app_certificate is no certificate in PEM (-----BEGIN CERTIFICATE-----)")?;
        let wrong = "app_certificate_key is no RSA key in PEM (-----BEGIN PRIVATE KEY-----), of 2048 bits at least";
        let key = match PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| wrong)? {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(wrong),
        };
        Ok(Self { key: key.map_err(|_| wrong)?, thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)) })
    }

    /// The statement: this app, to this address, now.
    pub(super) fn assertion(&self, app_id: &str, audience: &str, now: DateTime<Utc>) -> Result<String, &'static str> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience, "iss": app_id, "sub": app_id, "jti": Uuid::new_v4().to_string(),
            "nbf": now.timestamp(), "iat": now.timestamp(), "exp": (now + LIFE).timestamp(),
        });
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| "the key of app_certificate_key does not sign")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
