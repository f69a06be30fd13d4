//! Whatever bytes come in, the playground answers with something below 500.

use axum::{body::Body, http::Request};
use proptest::prelude::*;

use crate::setup::*;

#[tokio::test]
async fn too_much_is_refused() {
    let w = workspace().await;
    for path in ["/playground/api/chat.postMessage", "/playground/ui/message", "/playground/response/x"] {
        let request = Request::post(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", "Bearer xoxb-test")
            .body(Body::from(vec![b' '; (1 << 20) + 1]))
            .unwrap();
        assert_eq!(w.send(request).await.status, 413, "{path}");
    }
}

#[test]
fn no_bytes_break_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let w = runtime.block_on(workspace());
    let methods: Vec<_> = jit_playground::method_names().map(|m| format!("api/{m}")).collect();
    let others = [
        "ui/message",
        "ui/action",
        "ui/view",
        "ui/options",
        "ui/read",
        "ui/home_opened",
        "control/misbehave",
        "control/submit",
        "response/abc",
    ];
    let paths: Vec<_> = methods.into_iter().chain(others.map(str::to_owned)).collect();
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        // Nearly right: known keys with any text as values.
        proptest::collection::hash_map(
            prop::sample::select(vec![
                "as",
                "channel",
                "text",
                "blocks",
                "view",
                "ts",
                "thread_ts",
                "cursor",
                "limit",
                "oldest",
                "types",
                "users",
                "metadata",
                "trigger_id",
                "state",
                "action",
                "view_id",
                "hash",
                "user",
                "name",
            ]),
            prop_oneof![
                ".{0,20}".prop_map(serde_json::Value::from),
                any::<i64>().prop_map(serde_json::Value::from),
                prop::sample::select(vec!["C0001", "U0001", "D0001", "[]", "{}", "[{}]", "0", "1700000000.000000"])
                    .prop_map(serde_json::Value::from),
                Just(serde_json::json!({ "blocks": [{}] })),
            ],
            0..6
        )
        .prop_map(|map| serde_json::json!(map).to_string().into_bytes()),
    ];
    let config = ProptestConfig { cases: 400, ..ProptestConfig::default() };
    let path = prop::sample::select(paths);
    let kind = prop::sample::select(vec!["application/json", "application/x-www-form-urlencoded"]);
    proptest!(config, |(path in path, kind in kind, body in bytes, query in "[ -~]{0,30}")| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let request = Request::post(format!("/playground/{path}?{query}"))
            .header("host", "localhost")
            .header("authorization", "Bearer xoxb-test")
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        let answer = runtime.block_on(w.send(request));
        prop_assert!(answer.status.as_u16() < 500, "{path}: {} {}", answer.status, answer.text);
    });
}
