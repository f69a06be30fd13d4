//! `jit freeze` and `jit unfreeze`: from the database alone, seen by the service at once.

use crate::program::jit;
use crate::site::{Site, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_freezes_lists_and_lifts_beside_the_service() {
    let site = Site::new().await;
    let _service = site.serve();
    let config = site.config();
    until("it answers", async || site.says("U0001", "/jit freeze").await.contains("Nothing is frozen").then_some(()))
        .await;
    jit(&["freeze", "--config", &config, "--role", "orders-lwo", "--because", "x"])
        .await
        .is(2, &["--role", "did you mean"]);
    jit(&["freeze", "--config", &config, "--person", "alcie", "--because", "x"]).await.is(2, &["did you mean `alice`"]);
    jit(&["freeze", "--config", &config, "--person", "alice"]).await.is(2, &["--because"]);
    jit(&["freeze", "--config", &config, "--because", " "]).await.is(1, &["needs a reason"]);
    let said = jit(&["freeze", "--config", &config, "--person", "alice", "--because", "her laptop was stolen"]).await;
    assert!(said.is(0, &[]).out.contains("her laptop was stolen"), "{said:?}");
    jit(&["freeze", "--config", &config, "--person", "alice", "--because", "again"]).await.is(1, &["frozen already"]);
    let listed = jit(&["freeze", "--config", &config, "--output", "json"]).await;
    let listed = listed.is(0, &[]).json();
    assert_eq!((&listed[0]["scope"], &listed[0]["reason"]), (&"person:alice".into(), &"her laptop was stolen".into()));
    let refused = site.says("U0001", "/jit request orders-low for 10m because checking the order totals").await;
    assert!(refused.contains("frozen for alice, by the operator") && !refused.contains("laptop"), "{refused}");
    jit(&["unfreeze", "--config", &config]).await.is(1, &["not frozen"]);
    let said = jit(&["unfreeze", "--config", &config, "--person", "alice"]).await;
    assert!(said.is(0, &[]).out.contains("Nothing is frozen"), "{said:?}");
    assert!(site.says("U0001", "/jit freeze").await.contains("Nothing is frozen"));
}

#[tokio::test]
async fn it_freezes_while_the_service_is_down_and_the_policy_cannot_be_read() {
    let site = Site::new().await;
    let config = site.config();
    jit(&["freeze", "--config", &config, "--because", "x"]).await.is(2, &["there is no database"]);
    jit(&["migrate", "--config", &config]).await.is(0, &[]);
    site.edit("policy/all.toml", "[[role]]", "[[roel]]");
    let said = jit(&["freeze", "--config", &config, "--because", "the policy is broken as well"]).await;
    said.is(0, &["warning"]);
    assert!(said.out.contains("the policy is broken as well"), "{said:?}");
    assert!(!said.out.contains("unknown"), "whoever runs it is named, without a login too: {said:?}");
}
