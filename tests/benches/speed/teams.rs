//! How long Teams' connector waits for its 200 under 32 people at a pace (each sends once a second, far more than people type): for `help`,
//! which reads nothing, and for `request`, which is durable in PostgreSQL by then. And how long the check of a token takes whose key is known,
//! against the RSA signature that is in it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::Utc;
use jit_chat::teams::keys::Keys;
use jit_chat::teams::verify::{PUBLIC_ISSUER, Verifier};
use jit_tests::servers::{APP_ID, Member, Teams};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

use crate::acknowledge::{CLIENTS, PACE, measure, must_be_stored};
use crate::distribution::{Samples, compare, goal};
use crate::world::{IN_TEAMS, World};

const TOKENS: usize = 2_000;
const EACH: usize = (IN_TEAMS.end - IN_TEAMS.start) / CLIENTS;

/// Measures and prints; whether the goals are met.
pub async fn run(world: &World) -> bool {
    println!("\nteams: the token of an activity");
    let met = token(&world.teams).await;
    println!("\nteams: {CLIENTS} people, each every {} ms", PACE.as_millis());
    met & activities(world).await
}

/// Somebody of the tenant.
pub fn member(person: usize) -> Member {
    let object_id = format!("8c0e4a7e-0000-4000-8000-{person:012}");
    Member { who: format!("p{person}"), name: format!("Person {person}"), object_id }
}

async fn token(teams: &Teams) -> bool {
    let service = teams.service_url();
    let microsoft = service.strip_suffix("connector/").expect("where its connector is");
    let keys = Keys::new(format!("{microsoft}openid").parse().expect("a URL")).expect("an HTTP client");
    let verifier = Verifier::new(keys, APP_ID, [PUBLIC_ISSUER.to_owned()]);
    let (text, now) = (teams.token().text(), Utc::now());
    let authorization = format!("Bearer {text}");
    verifier.verify(Some(&authorization), now).await.expect("it is right");
    let mut checked = Vec::with_capacity(TOKENS);
    for _ in 0..TOKENS {
        let started = Instant::now();
        black_box(verifier.verify(Some(black_box(&authorization)), now).await).expect("it is right");
        checked.push(started.elapsed());
    }
    let checked = Samples::new("a token, its key known", checked);
    compare(&checked, &Samples::new("baseline: its RSA signature alone", signatures(microsoft, &text).await));
    goal("a token p99", checked.percentile(99.0), Duration::from_micros(200))
}

/// What cannot be done without.
async fn signatures(microsoft: &str, token: &str) -> Vec<Duration> {
    let published: Value =
        reqwest::get(format!("{microsoft}keys")).await.expect("it answers").json().await.expect("its keys");
    let part = |name: &str| BASE64.decode(published["keys"][0][name].as_str().expect("a key")).expect("base64url");
    let key = RsaPublicKeyComponents { n: part("n"), e: part("e") };
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let signature = BASE64.decode(signature).expect("base64url");
    let check = |_| {
        let started = Instant::now();
        key.verify(&RSA_PKCS1_2048_8192_SHA256, black_box(signed.as_bytes()), &signature).expect("it is signed");
        started.elapsed()
    };
    (0..TOKENS).map(check).collect()
}

async fn activities(world: &World) -> bool {
    let (http, authorization) = (reqwest::Client::new(), format!("Bearer {}", world.teams.token().text()));
    let send = |person: usize, text: &'static str| {
        let who = member(person).who;
        let activity = world.teams.message(&who, &who, text).to_string();
        let post = http.post(format!("{}/api/messages", world.client.base())).header("authorization", &authorization);
        async move {
            let started = Instant::now();
            let answer = post.header("content-type", "application/json").body(activity).send().await;
            let answer = answer.expect("the service answers");
            let took = started.elapsed();
            assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap_or_default());
            took
        }
    };
    let help = measure(Some(PACE), EACH, |number| send(IN_TEAMS.start + number, "help")).await;
    let text = "request orders-admin for 1h because looking into the failed nightly import";
    let requests = measure(Some(PACE), EACH, |number| send(IN_TEAMS.start + number, text)).await;
    must_be_stored(world, IN_TEAMS).await;
    let requests = Samples::new("request, durable", requests);
    compare(&requests, &Samples::new("baseline: help", help));
    goal("durable message p99, paced", requests.percentile(99.0), Duration::from_millis(15))
}
