//! Whether a request comes from Slack: its signature and its age. Called with the raw body before anything reads it.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

/// Longest age of a signed Slack request, and as far into the future. Source: Slack, "Verifying requests from Slack".
pub const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// The header of the time, in seconds.
pub const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";
/// The header of the signature.
pub const SIGNATURE_HEADER: &str = "x-slack-signature";

/// Checks signatures with one secret, or with two while they are rotated.
#[derive(Clone, Debug)]
pub struct Verifier {
    secrets: Vec<SecretString>,
}

/// Why a request is not believed. The same answer to all: 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A header is missing or not readable.
    #[error("the request is not signed")]
    Unsigned,
    /// Too old, or from the future: a replay, or a wrong clock.
    #[error("the request's time is more than five minutes off")]
    Stale,
    /// Not signed with our secret.
    #[error("the request's signature is wrong")]
    Wrong,
}

impl Verifier {
    /// Takes the signing secrets, the present one and perhaps the next; empty ones are left out, since anybody could sign with them.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self { secrets: secrets.into_iter().filter(|secret| !secret.expose_secret().trim().is_empty()).collect() }
    }

    /// Checks the two headers against the raw body.
    pub fn verify(
        &self,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Rejected> {
        let (timestamp, signature) = timestamp.zip(signature).ok_or(Rejected::Unsigned)?;
        let sent = seconds(timestamp).ok_or(Rejected::Unsigned)?;
        let given = signature.strip_prefix("v0=").and_then(|hex| hex::decode(hex).ok()).ok_or(Rejected::Unsigned)?;
        if (now - sent).abs() > WINDOW {
            return Err(Rejected::Stale);
        }
        // All secrets are tried whatever the first says, so that the time taken says nothing.
        let matches = self.secrets.iter().fold(Choice::from(0), |found, secret| {
            found | sign(secret, timestamp, body).as_slice().ct_eq(given.as_slice())
        });
        if bool::from(matches) { Ok(()) } else { Err(Rejected::Wrong) }
    }
}

/// Only digits, as Slack sends them: the text is part of what is signed.
fn seconds(timestamp: &str) -> Option<DateTime<Utc>> {
    let digits = !timestamp.is_empty() && timestamp.len() <= 12 && timestamp.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| timestamp.parse().ok()).flatten().and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

fn sign(secret: &SecretString, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// The worked example of Slack's "Verifying requests from Slack".
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const AT: &str = "1531420618";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn verifier(secrets: &[&str]) -> Verifier {
        Verifier::new(secrets.iter().map(|secret| SecretString::from(*secret)))
    }

    fn after(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_531_420_618 + seconds, 0).unwrap()
    }

    #[rstest]
    #[case::now(0, Ok(()))]
    #[case::just_in_time(300, Ok(()))]
    #[case::too_old(301, Err(Rejected::Stale))]
    #[case::early(-300, Ok(()))]
    #[case::from_the_future(-301, Err(Rejected::Stale))]
    fn age(#[case] seconds: i64, #[case] expected: Result<(), Rejected>) {
        let verifier = verifier(&[SECRET]);
        assert_eq!(verifier.verify(Some(AT), Some(SIGNATURE), BODY.as_bytes(), after(seconds)), expected);
    }

    #[test]
    fn either_of_two_secrets_will_do_and_no_other() {
        let verify = |secrets: &[&str], body: &str| {
            verifier(secrets).verify(Some(AT), Some(SIGNATURE), body.as_bytes(), after(0))
        };
        assert_eq!(verify(&["next", SECRET], BODY), Ok(()));
        assert_eq!(verify(&[SECRET, "next"], BODY), Ok(()));
        assert_eq!(verify(&["next"], BODY), Err(Rejected::Wrong));
        assert_eq!(verify(&[], BODY), Err(Rejected::Wrong));
        assert_eq!(verify(&[SECRET], &BODY.replace("foobar", "foobaz")), Err(Rejected::Wrong));
    }

    #[test]
    fn an_empty_secret_lets_nobody_in() {
        let body = b"text=hi";
        let forged = format!("v0={}", hex::encode(sign(&SecretString::from(""), AT, body)));
        assert_eq!(verifier(&["", " "]).verify(Some(AT), Some(&forged), body, after(0)), Err(Rejected::Wrong));
    }

    #[test]
    fn headers_must_be_there_and_be_readable() {
        let verify = |at, signature| verifier(&[SECRET]).verify(at, signature, BODY.as_bytes(), after(0));
        for (at, signature) in [
            (None, Some(SIGNATURE)),
            (Some(AT), None),
            (Some("+1531420618"), Some(SIGNATURE)),
            (Some("1531420618 "), Some(SIGNATURE)),
            (Some(""), Some(SIGNATURE)),
            (Some(AT), Some("v1=a2114d57")),
            (Some(AT), Some("v0=zz")),
        ] {
            assert_eq!(verify(at, signature), Err(Rejected::Unsigned), "{at:?} {signature:?}");
        }
        assert_eq!(verify(Some(AT), Some("v0=")), Err(Rejected::Wrong));
    }

    proptest! {
        #[test]
        fn nothing_forged_gets_in(at in any::<String>(), signature in any::<String>(), body in any::<Vec<u8>>()) {
            prop_assert!(verifier(&[SECRET]).verify(Some(&at), Some(&signature), &body, after(0)).is_err());
        }
    }
}
