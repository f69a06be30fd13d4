//! Redis over TLS and behind a password.

use std::time::{Duration, Instant};

use jit_store::{Clock, Store};
use jit_tests::servers::Redis;

use crate::world::Backend;

const PASSWORD: &str = "redis-hunter2";

async fn open(redis: &str) -> (Store, jit_tests::servers::Folder) {
    let (url, folder) = Backend::Sqlite.fresh().await;
    let store = Store::open(&url, Some(redis), Clock::Record).await.unwrap();
    store.migrate().await.unwrap();
    (store, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_used_over_tls_with_its_password() {
    let redis = Redis::start_with_tls(PASSWORD);
    let (store, _folder) = open(&format!("{}?ca_file={}", redis.url(), redis.ca_file().display())).await;
    let begin = Instant::now();
    while !store.timers_are_indexed() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", store.ping().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(store.ping().await.redis, Some(Ok(())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_certificate_or_the_password_is_told() {
    let redis = Redis::start_with_tls(PASSWORD);
    let ca_file = redis.ca_file().display().to_string();
    let trusted = format!("{}?ca_file={ca_file}", redis.url());
    for (url, says) in [
        (redis.url(), "UnknownIssuer"),
        (trusted.replace("127.0.0.1", "localhost"), "not valid for name"),
        (trusted.replace(PASSWORD, "redis-hunter3"), "Password authentication failed"),
        (trusted.replace(&format!(":{PASSWORD}@"), ""), "NOAUTH"),
    ] {
        let (store, _folder) = open(&url).await;
        // On a busy machine its patience may be over first.
        let begin = Instant::now();
        loop {
            let told = store.ping().await.redis.unwrap().unwrap_err();
            assert!(!told.contains("hunter"), "{told}");
            if told.contains(says) {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{url}: {told}");
        }
    }
}
