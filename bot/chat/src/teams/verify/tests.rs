//! One valid token, and everything that can be wrong with one. Each check has a case that only it refuses.

use std::sync::LazyLock;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{self, RsaKeyPair};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::teams::keys::{LIFE, REFETCH, RETRY};

const APP: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const SERVICE: &str = "https://smba.trafficmanager.net/emea/";

/// The worked example of RFC 7515, appendix A.2: a key that everybody knows.
const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ\
    S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV\
    MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const E: &str = "AQAB";
const D: &str = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO\
    -pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYT\
    CBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
const P: &str = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2K\
    KDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
const Q: &str = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_H\
    lB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
const DP: &str = "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vm\
    AktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0";
const DQ: &str = "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9c\
    jz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU";
const QI: &str = "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnb\
    JtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U";

fn bytes(base64: &str) -> Vec<u8> {
    BASE64.decode(base64).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// Another key: the same but for one bit, so nothing that we can sign is signed by it.
fn other_modulus() -> String {
    let mut n = bytes(N);
    n[100] ^= 1;
    BASE64.encode(n)
}

fn rsa(algorithm: &str, message: &str) -> Vec<u8> {
    static PAIR: LazyLock<RsaKeyPair> = LazyLock::new(|| {
        let public_key = PublicKeyComponents { n: bytes(N), e: bytes(E) };
        let [d, p, q, d_p, d_q, q_inv] = [D, P, Q, DP, DQ, QI].map(bytes);
        RsaKeyPair::from_components(&KeyPairComponents { public_key, d, p, q, dP: d_p, dQ: d_q, qInv: q_inv }).unwrap()
    });
    let padding: &dyn signature::RsaEncoding = match algorithm {
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        _ => &signature::RSA_PKCS1_SHA256,
    };
    let mut signed = vec![0; PAIR.public().modulus_len()];
    PAIR.sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signed).unwrap();
    signed
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

fn token(header: &Value, claims: &Value) -> String {
    let message = unsigned(header, claims);
    let signature = rsa(header["alg"].as_str().unwrap_or_default(), &message);
    format!("{message}.{}", BASE64.encode(signature))
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "k1", "x5t": "k1" })
}

fn claims() -> Value {
    let now = now().timestamp();
    json!({ "iss": PUBLIC_ISSUER, "aud": APP, "nbf": now, "exp": now + 3_600, "serviceurl": SERVICE })
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(key)),
        value => object[key] = value,
    }
    object
}

fn jwk(kid: &str, n: &str) -> Value {
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": E, "endorsements": ["msteams", "skype"] })
}

/// The connector's published keys.
struct Published(MockServer);

impl Published {
    async fn start(keys: Value) -> Self {
        let server = Self(MockServer::start().await);
        server.publish(keys).await;
        server
    }

    async fn publish(&self, keys: Value) {
        self.0.reset().await;
        let metadata = json!({ "issuer": PUBLIC_ISSUER, "jwks_uri": format!("{}/keys", self.0.uri()) });
        let answers = [("/metadata", metadata), ("/keys", json!({ "keys": keys }))];
        for (at, body) in answers {
            let delay = std::time::Duration::from_millis(20);
            let answer = ResponseTemplate::new(200).set_body_json(body).set_delay(delay);
            Mock::given(path(at)).respond_with(answer).mount(&self.0).await;
        }
    }

    async fn fail(&self) {
        self.0.reset().await;
    }

    async fn fetches(&self) -> usize {
        self.0.received_requests().await.unwrap().iter().filter(|request| request.url.path() == "/metadata").count()
    }

    fn verifier(&self) -> Verifier {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = Keys::new(format!("{}/metadata", self.0.uri()).parse().unwrap()).unwrap();
        Verifier::new(keys, APP, [PUBLIC_ISSUER.to_owned()])
    }
}

async fn ours() -> (Published, Verifier) {
    let published = Published::start(json!([jwk("k1", N), jwk("k2", &other_modulus())])).await;
    let verifier = published.verifier();
    (published, verifier)
}

async fn judged(token: &str) -> Result<(), Rejected> {
    let (_published, verifier) = ours().await;
    verifier.verify(Some(&format!("Bearer {token}")), now()).await.map(drop)
}

#[rstest]
#[case("RS256")]
#[case("RS384")]
#[case("RS512")]
#[tokio::test]
async fn the_connectors_token_is_believed(#[case] algorithm: &str) {
    assert_eq!(judged(&token(&with(header(), "alg", json!(algorithm)), &claims())).await, Ok(()));
}

#[rstest]
#[case::of_another_cloud("iss", json!("https://api.botframework.us"), Rejected::Issuer)]
#[case::of_our_tenant("iss", json!("https://sts.windows.net/72f988bf/"), Rejected::Issuer)]
#[case::issuers("iss", json!([PUBLIC_ISSUER]), Rejected::Unreadable)]
#[case::no_issuer("iss", Value::Null, Rejected::Unreadable)]
#[case::of_another_bot("aud", json!("22222222-aaaa-4bbb-8ccc-000000000001"), Rejected::Audience)]
#[case::in_other_case("aud", json!(APP.to_uppercase()), Rejected::Audience)]
#[case::a_list_that_names_us("aud", json!([APP, "another"]), Rejected::Unreadable)]
#[case::a_list_of_us_alone("aud", json!([APP]), Rejected::Unreadable)]
#[case::no_audience("aud", Value::Null, Rejected::Unreadable)]
#[case::expired("exp", json!(now().timestamp() - 300), Rejected::Expired)]
#[case::long_expired("exp", json!(i64::MIN), Rejected::Expired)]
#[case::no_end("exp", Value::Null, Rejected::Unreadable)]
#[case::an_end_in_words("exp", json!("2099-01-01"), Rejected::Unreadable)]
#[case::not_yet_valid("nbf", json!(now().timestamp() + 301), Rejected::Early)]
#[case::never_valid("nbf", json!(i64::MAX), Rejected::Early)]
#[case::no_beginning("nbf", Value::Null, Rejected::Unreadable)]
#[case::for_no_service("serviceurl", Value::Null, Rejected::Unreadable)]
#[tokio::test]
async fn a_claim_that_is_wrong_is_refused(#[case] claim: &str, #[case] value: Value, #[case] expected: Rejected) {
    assert_eq!(judged(&token(&header(), &with(claims(), claim, value))).await, Err(expected));
}

#[rstest]
#[case::within_the_leeway_after("exp", -299)]
#[case::within_the_leeway_before("nbf", 300)]
#[tokio::test]
async fn clocks_may_be_five_minutes_apart(#[case] claim: &str, #[case] seconds: i64) {
    assert_eq!(judged(&token(&header(), &with(claims(), claim, json!(now().timestamp() + seconds)))).await, Ok(()));
}

#[rstest]
#[case::unknown_key("kid", json!("k3"), Rejected::UnknownKey)]
#[case::no_key("kid", Value::Null, Rejected::UnknownKey)]
#[case::another_key("kid", json!("k2"), Rejected::Signature)]
#[case::other_padding("alg", json!("PS256"), Rejected::Algorithm)]
#[case::secret_of_its_own("alg", json!("HS256"), Rejected::Algorithm)]
#[case::nothing("alg", json!("none"), Rejected::Unreadable)]
#[case::no_algorithm("alg", Value::Null, Rejected::Unreadable)]
#[case::what_we_do_not_understand("crit", json!(["exp"]), Rejected::Unreadable)]
#[tokio::test]
async fn a_header_that_is_wrong_is_refused(#[case] field: &str, #[case] value: Value, #[case] expected: Rejected) {
    assert_eq!(judged(&token(&with(header(), field, value), &claims())).await, Err(expected));
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    for secret in [bytes(N), N.as_bytes().to_vec(), jwk("k1", N).to_string().into_bytes()] {
        let message = unsigned(&with(header(), "alg", json!("HS256")), &claims());
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(message.as_bytes());
        let forged = format!("{message}.{}", BASE64.encode(mac.finalize().into_bytes()));
        assert_eq!(judged(&forged).await, Err(Rejected::Algorithm));
    }
    let unsigned = unsigned(&with(header(), "alg", json!("none")), &claims());
    assert_eq!(judged(&format!("{unsigned}.")).await, Err(Rejected::Unreadable));
}

#[tokio::test]
async fn what_was_signed_cannot_be_changed() {
    let valid = token(&header(), &claims());
    let [head, body, signature] = valid.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let more = BASE64.encode(with(claims(), "exp", json!(now().timestamp() + 999_999)).to_string());
    let mut wrong = bytes(signature);
    wrong[200] ^= 1;
    for forged in [
        format!("{head}.{more}.{signature}"),
        format!("{head}.{body}.{}", BASE64.encode(wrong)),
        format!("{head}.{body}."),
        // A key that the token brings itself is nobody's.
        format!("{}.{body}.{signature}", BASE64.encode(with(header(), "jwk", jwk("k1", N)).to_string())),
    ] {
        assert_eq!(judged(&forged).await, Err(Rejected::Signature));
    }
}

#[tokio::test]
async fn only_a_bearer_token_of_a_sane_length_is_looked_at() {
    let (_published, verifier) = ours().await;
    let valid = token(&header(), &claims());
    let verify = async |authorization: Option<String>| verifier.verify(authorization.as_deref(), now()).await.map(drop);
    assert_eq!(verify(Some(format!("bearer {valid}"))).await, Ok(()));
    let missing = [None, Some(valid.clone()), Some("Bearer ".to_owned()), Some(format!("Basic {valid}"))];
    for authorization in missing {
        assert_eq!(verify(authorization.clone()).await, Err(Rejected::Missing), "{authorization:?}");
    }
    let long = token(&header(), &with(claims(), "more", json!("x".repeat(MAX_TOKEN_BYTES))));
    assert_eq!(verify(Some(format!("Bearer {long}"))).await, Err(Rejected::TooLong));
}

#[tokio::test]
async fn a_token_speaks_for_its_service_and_its_channels_only() {
    let (_published, verifier) = ours().await;
    let verified = verifier.verify(Some(&format!("Bearer {}", token(&header(), &claims()))), now()).await.unwrap();
    assert_eq!(verified.vouches_for(SERVICE, "msteams"), Ok(()));
    for elsewhere in ["https://evil.example/", "", "https://smba.trafficmanager.net/emea/../evil"] {
        assert_eq!(verified.vouches_for(elsewhere, "msteams"), Err(Rejected::ServiceUrl));
    }
    for channel in ["webchat", "", "MSTEAMS"] {
        assert_eq!(verified.vouches_for(SERVICE, channel), Err(Rejected::Endorsement));
    }
}

#[tokio::test]
async fn a_key_without_endorsements_speaks_for_no_channel() {
    let published = Published::start(json!([with(jwk("k1", N), "endorsements", Value::Null)])).await;
    let verifier = published.verifier();
    let verified = verifier.verify(Some(&format!("Bearer {}", token(&header(), &claims()))), now()).await.unwrap();
    assert_eq!(verified.vouches_for(SERVICE, "msteams"), Err(Rejected::Endorsement));
}

#[tokio::test]
async fn keys_for_something_else_sign_nothing() {
    for other in [with(jwk("k1", N), "use", json!("enc")), with(jwk("k1", N), "kty", json!("EC"))] {
        let published = Published::start(json!([other, jwk("k2", &other_modulus())])).await;
        let judged = published.verifier().verify(Some(&format!("Bearer {}", token(&header(), &claims()))), now()).await;
        assert_eq!(judged.map(drop), Err(Rejected::UnknownKey));
    }
}

/// A token of a key, at a time, that is valid then.
async fn at(verifier: &Verifier, kid: &str, when: DateTime<Utc>) -> Result<(), Rejected> {
    let claims = with(claims(), "nbf", json!(when.timestamp()));
    let claims = with(claims, "exp", json!(when.timestamp() + 3_600));
    let token = token(&with(header(), "kid", json!(kid)), &claims);
    verifier.verify(Some(&format!("Bearer {token}")), when).await.map(drop)
}

#[tokio::test]
async fn everybody_waits_for_the_same_fetch_and_a_known_key_for_none() {
    let (published, verifier) = ours().await;
    let all = futures::future::join_all((0..32).map(|_| at(&verifier, "k1", now()))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(published.fetches().await, 1);
    published.fail().await;
    assert_eq!(at(&verifier, "k1", now() + TimeDelta::hours(11)).await, Ok(()));
    assert_eq!(published.fetches().await, 0);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_an_hour() {
    let (published, verifier) = ours().await;
    let unknown = Err(Rejected::UnknownKey);
    for minutes in [0, 1, 59] {
        assert_eq!(at(&verifier, "new", now() + TimeDelta::minutes(minutes)).await, unknown);
    }
    assert_eq!(published.fetches().await, 1);
    published.publish(json!([jwk("new", N)])).await;
    assert_eq!(at(&verifier, "new", now() + REFETCH - TimeDelta::seconds(1)).await, unknown);
    assert_eq!(at(&verifier, "new", now() + REFETCH).await, Ok(()));
    assert_eq!(published.fetches().await, 1);
    // What is no longer published is no longer believed.
    assert_eq!(at(&verifier, "k1", now() + REFETCH).await, unknown);
}

#[tokio::test]
async fn keys_that_cannot_be_had_let_nobody_in_and_take_nobody_out_before_their_time() {
    let (published, verifier) = ours().await;
    published.fail().await;
    let unknown = Err(Rejected::UnknownKey);
    assert_eq!(at(&verifier, "k1", now()).await, unknown);
    published.publish(json!([jwk("k1", N)])).await;
    assert_eq!(at(&verifier, "k1", now() + RETRY - TimeDelta::seconds(1)).await, unknown, "not asked again so soon");
    let fetched = now() + RETRY;
    assert_eq!(at(&verifier, "k1", fetched).await, Ok(()));
    published.fail().await;
    assert_eq!(at(&verifier, "new", fetched + REFETCH).await, unknown);
    assert_eq!(at(&verifier, "k1", fetched + LIFE - TimeDelta::seconds(1)).await, Ok(()));
    assert_eq!(at(&verifier, "k1", fetched + LIFE).await, unknown, "older than a day");
}

#[tokio::test]
async fn nonsense_instead_of_keys_is_a_failed_fetch() {
    let (published, verifier) = ours().await;
    assert_eq!(at(&verifier, "k1", now()).await, Ok(()));
    for (hours, nonsense) in [(2, json!([])), (3, json!([{ "kty": "RSA" }])), (4, json!("keys"))] {
        published.publish(nonsense).await;
        let later = now() + TimeDelta::hours(hours);
        assert_eq!(at(&verifier, "new", later).await, Err(Rejected::UnknownKey));
        assert_eq!(at(&verifier, "k1", later).await, Ok(()), "what was known stays known");
    }
}

#[tokio::test]
async fn keys_half_a_day_old_are_fetched_beside_the_request() {
    let (published, verifier) = ours().await;
    assert_eq!(at(&verifier, "k1", now()).await, Ok(()));
    published.publish(json!([jwk("k1", N), jwk("new", N)])).await;
    let later = now() + TimeDelta::hours(13);
    assert_eq!(at(&verifier, "k1", later).await, Ok(()));
    let fetched = async {
        while published.fetches().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), fetched).await.expect("nobody has to ask for them");
    assert_eq!(at(&verifier, "new", later).await, Ok(()), "which waits for the fetch under way");
    assert_eq!(published.fetches().await, 1);
}

/// Far above what it takes, which `tests/bench` measures; a check that fetched or slept would miss it even here, unoptimised.
#[tokio::test]
async fn a_known_key_takes_no_time() {
    let (_published, verifier) = ours().await;
    let authorization = format!("Bearer {}", token(&header(), &claims()));
    verifier.verify(Some(&authorization), now()).await.unwrap();
    let best = async {
        let mut best = std::time::Duration::MAX;
        for _ in 0..50 {
            let started = Instant::now();
            verifier.verify(Some(&authorization), now()).await.unwrap();
            best = best.min(started.elapsed());
        }
        best
    };
    let best = best.await;
    assert!(best < std::time::Duration::from_millis(2), "{best:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_else_gets_in(authorization in any::<String>(), part in "[A-Za-z0-9_.-]{0,80}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_published, verifier) = ours().await;
            for text in [authorization.clone(), format!("Bearer {authorization}"), format!("Bearer {part}")] {
                assert!(verifier.verify(Some(&text), now()).await.is_err());
            }
        });
    }
}
