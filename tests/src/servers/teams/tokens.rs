//! Microsoft's signatures and bearers: RS256 keys made at the start, the tokens that activities come with, right and wrong in every way,
//! and the bearers that the bot is given for its secret.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{self, RsaEncoding};
use serde_json::{Map, Value, json};

/// How long a bearer of the bot lives: shorter than Microsoft's hour, so that journeys outlive it.
pub(super) const BEARER_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The private keys that there are, in memory: made once, since making one takes a while. The last one is never published.
static KEYS: LazyLock<Vec<KeyPair>> = LazyLock::new(|| {
    let make = || {
        let args = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"];
        let output = Command::new("openssl").args(args).output().expect("openssl is there: run tests/install");
        // Versions of openssl differ in how they wrap it.
        let key = KeyPair::from_pkcs8(&output.stdout).or_else(|_| KeyPair::from_der(&output.stdout));
        key.expect("openssl makes RSA keys")
    };
    (0..4).map(|_| make()).collect()
});

/// Makes the keys, if that was not done: it takes longer than anybody who asks for them waits.
pub(super) async fn make_keys() {
    tokio::task::spawn_blocking(|| KEYS.len()).await.expect("openssl makes keys");
}

/// One of the keys: its name and which pair it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(usize);

impl Key {
    /// The one that Microsoft never published.
    pub const FORGED: Self = Self(3);

    /// `kid`.
    pub fn id(self) -> String {
        format!("key-{}", self.0)
    }

    fn pair(self) -> &'static KeyPair {
        &KEYS[self.0]
    }

    /// The entry of the key document.
    fn published(self, endorsements: &[String]) -> Value {
        let parts = PublicKeyComponents::<Vec<u8>>::from(self.pair().public());
        json!({
            "kty": "RSA", "use": "sig", "kid": self.id(), "x5t": self.id(), "n": BASE64.encode(parts.n), "e": BASE64.encode(parts.e),
            "endorsements": endorsements,
        })
    }
}

/// The keys in force, and the bearers given.
#[derive(Debug)]
pub(super) struct Tokens {
    /// Signs from now on.
    pub(super) signing: Key,
    published: Vec<Key>,
    /// The channels that the published keys may speak for.
    pub(super) endorsements: Vec<String>,
    bearers: BTreeMap<String, DateTime<Utc>>,
    /// How often the bot asked for a bearer, the metadata, the keys.
    pub(super) asked: Asked,
    /// What is answered instead of the metadata and the keys.
    pub(super) ill: Option<(u16, String)>,
}

/// How often something was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Bearers.
    pub bearers: usize,
    /// The OpenID metadata.
    pub metadata: usize,
    /// The keys.
    pub keys: usize,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            signing: Key(0),
            published: vec![Key(0)],
            endorsements: vec!["msteams".to_owned()],
            bearers: BTreeMap::new(),
            asked: Asked::default(),
            ill: None,
        }
    }

    /// The next key signs from now on; the key document holds it alone.
    pub(super) fn rotate(&mut self) {
        let next = Key(self.signing.0 + 1);
        assert!(next != Key::FORGED, "no more keys were made");
        self.signing = next;
        self.published = vec![next];
    }

    /// The key document.
    pub(super) fn document(&self) -> Value {
        json!({ "keys": self.published.iter().map(|key| key.published(&self.endorsements)).collect::<Vec<_>>() })
    }

    /// A fresh bearer for the bot.
    pub(super) fn give(&mut self, now: DateTime<Utc>) -> Value {
        let bearer = format!("bearer-hunter2-{}", self.bearers.len());
        self.bearers.insert(bearer.clone(), now + BEARER_LIFE);
        json!({
            "token_type": "Bearer", "expires_in": BEARER_LIFE.num_seconds(), "ext_expires_in": BEARER_LIFE.num_seconds(), "access_token": bearer,
        })
    }

    /// Whether a bearer is one of ours and still good.
    pub(super) fn is_good(&self, bearer: &str, now: DateTime<Utc>) -> bool {
        self.bearers.get(bearer).is_some_and(|until| now < *until)
    }

    /// No bearer that was given is good any more.
    pub(super) fn revoke_bearers(&mut self) {
        self.bearers.values_mut().for_each(|until| *until = DateTime::UNIX_EPOCH);
    }
}

/// What an activity comes with: right as made, and whatever a test makes of it.
#[derive(Clone, Debug)]
pub struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    key: Key,
}

impl Token {
    /// As Microsoft's connector signs for this bot.
    pub(super) fn right(key: Key, app_id: &str, service_url: &str, now: DateTime<Utc>) -> Self {
        let now = now.timestamp();
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": key.id(), "x5t": key.id() });
        let claims = json!({
            "iss": "https://api.botframework.com", "aud": app_id, "serviceurl": service_url, "nbf": now, "exp": now + 3600,
        });
        let object = |value: Value| value.as_object().cloned().expect("it is one");
        Self { header: object(header), claims: object(claims), key }
    }

    /// With another claim; null takes it away.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        set(&mut self.claims, name, value);
        self
    }

    /// With another entry of the header; null takes it away.
    #[must_use]
    pub fn header(mut self, name: &str, value: Value) -> Self {
        set(&mut self.header, name, value);
        self
    }

    /// Signed by another key; the header goes on naming the first.
    #[must_use]
    pub fn signed_by(self, key: Key) -> Self {
        Self { key, ..self }
    }

    /// The compact form: signed as its header says; `none` and what is unknown are not signed at all.
    pub fn text(&self) -> String {
        let part = |map: &Map<String, Value>| BASE64.encode(Value::Object(map.clone()).to_string());
        let signed = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = match self.header.get("alg").and_then(Value::as_str) {
            Some("RS256") => self.rsa(&signature::RSA_PKCS1_SHA256, signed.as_bytes()),
            Some("RS384") => self.rsa(&signature::RSA_PKCS1_SHA384, signed.as_bytes()),
            Some("RS512") => self.rsa(&signature::RSA_PKCS1_SHA512, signed.as_bytes()),
            Some("PS256") => self.rsa(&signature::RSA_PSS_SHA256, signed.as_bytes()),
            // The old confusion: the public key as a shared secret.
            Some("HS256") => {
                let public = self.key.pair().public().as_ref();
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public);
                ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            _ => Vec::new(),
        };
        format!("{signed}.{}", BASE64.encode(signature))
    }

    fn rsa(&self, how: &'static dyn RsaEncoding, signed: &[u8]) -> Vec<u8> {
        let pair = self.key.pair();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(how, &SystemRandom::new(), signed, &mut signature).expect("the key signs");
        signature
    }
}

fn set(map: &mut Map<String, Value>, name: &str, value: Value) {
    if value.is_null() {
        map.remove(name);
    } else {
        map.insert(name.to_owned(), value);
    }
}
