//! `jit policy test`: table tests beside the policy.

use std::fs;

use jit_bot::demo;
use jit_tests::servers::Folder;

use crate::program::jit;
use crate::site::Site;

const GOOD: &str = r#"
[[case]]
person = "alice"
role = "orders-low"
duration = "30m"
expect = "auto"
rule = "low risk, at once"

[[case]]
person = "alice"
role = "orders-medium"
at = 2026-11-23T09:30:00+01:00
holds = ["orders-low", "other-low"]
expect = "approval"
approvers = [["bob"]]
"#;

const BAD: &str = r#"
[[case]]
name = "low risk for longer"
person = "alice"
role = "orders-low"
duration = "31m"
expect = "auto"

[[case]]
person = "alice"
role = "orders-medium"
expect = "approval"
approvers = [["sam"]]
"#;

async fn with(tests: &[(&str, &str)]) -> Site {
    let site = Site::new().await;
    fs::create_dir_all(site.path("policy/tests/more")).unwrap();
    tests.iter().for_each(|(name, text)| site.write(&format!("policy/tests/{name}"), text));
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_out_otherwise_is_told_with_the_refusals_own_words() {
    let site = with(&[("good.toml", GOOD)]).await;
    let said = jit(&["policy", "test", "--config", &site.config()]).await;
    assert_eq!(said.is(0, &[]).out, "2 passed, 0 failed\n");

    site.write("policy/tests/more/bad.toml", BAD);
    let said = jit(&["policy", "test", "--config", &site.config()]).await;
    let lines: Vec<&str> = said.is(1, &["2 of 4 cases failed"]).out.lines().collect();
    let file = site.path("policy/tests/more/bad.toml");
    assert_eq!(
        lines,
        [
            format!(
                "{file}:2:1: low risk for longer: expected auto; came out refused by the rule `low risk, at once` as \
                 `duration`: The rule `low risk, at once` would allow you `orders-low`, but only up to 30m. Ask for at most 30m."
            ),
            format!(
                "{file}:9:1: alice asks for orders-medium: expected approval, asking sam; came out approval by the rule \
                 `medium risk, one approval`, asking 1 of bob"
            ),
            "2 passed, 2 failed".to_owned(),
        ]
    );

    let said = jit(&["policy", "test", "--config", &site.config(), "--output", "json"]).await;
    let found = said.is(1, &[]).json();
    assert_eq!((&found["passed"], &found["failed"]), (&2.into(), &2.into()));
    let failed = &found["cases"][2];
    assert_eq!((&failed["file"], &failed["line"], &failed["passed"]), (&file.into(), &2.into(), &false.into()));
    assert_eq!((&failed["expected"], &failed["came_out"]["code"]), (&"auto".into(), &"duration".into()), "{found}");
    assert_eq!(found["cases"][1]["came_out"]["approvers"], serde_json::json!([["bob"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_fails_the_tests_that_it_breaks() {
    let site = with(&[("good.toml", GOOD)]).await;
    site.edit("policy/all.toml", "up_to = \"30m\"", "up_to = \"20m\"");
    let said = jit(&["policy", "test", "--config", &site.config()]).await;
    assert!(said.is(1, &[]).out.contains("only up to 20m"), "{said:?}");
    // What does not hold by itself is no policy to be tested.
    site.edit("people.toml", "manager = \"bob\"\n", "");
    jit(&["policy", "test", "--config", &site.config()]).await.is(1, &[&site.path("policy/all.toml")]);
    // And tests are no part of the policy: what they say changes nothing of it.
    jit(&["policy", "check", "--config", &site.config()]).await.is(1, &[&site.path("policy/all.toml")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_has_file_line_column_and_the_nearest_name() {
    let text = "[[case]]\nperson = \"alcie\"\nrole = \"orders-medum\"\nexpct = \"auto\"\nexpect = \"auto\"\n";
    let site = with(&[("bad.toml", text)]).await;
    let file = site.path("policy/tests/bad.toml");
    let words = [
        format!("{file}:2:10: there is no person `alcie`; did you mean `alice`?"),
        format!("{file}:3:8: there is no role `orders-medum`; did you mean `orders-medium`?"),
        format!("{file}:4:1: unknown key `expct` in [[case]]; did you mean `expect`?"),
    ];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    jit(&["policy", "test", "--config", &site.config()]).await.is(2, &words);
    let said = jit(&["policy", "test", "--config", &site.config(), "--output", "json"]).await;
    let found = said.is(2, &words).json();
    let problem = &found["problems"][0];
    assert_eq!((&problem["line"], &problem["hint"]), (&2.into(), &"did you mean `alice`?".into()), "{found}");
    jit(&["policy", "check", "--config", &site.config()]).await.is(0, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_are_none_the_first_one_is_shown_and_it_passes() {
    for folder in [false, true] {
        let site = Site::new().await;
        if folder {
            fs::create_dir_all(site.path("policy/tests")).unwrap();
        }
        let said = jit(&["policy", "test", "--config", &site.config()]).await;
        let first = site.path("policy/tests/first.toml");
        assert!(said.is(0, &[]).out.contains("There are no tests yet") && said.out.contains(&first), "{said:?}");
        let (_, example) = said.out.split_once("\n\n").unwrap();
        fs::create_dir_all(site.path("policy/tests")).unwrap();
        site.write("policy/tests/first.toml", example);
        assert_eq!(jit(&["policy", "test", "--config", &site.config()]).await.is(0, &[]).out, "1 passed, 0 failed\n");
    }
    let site = Site::new().await;
    let found = jit(&["policy", "test", "--config", &site.config(), "--output", "json"]).await.is(0, &[]).json();
    assert_eq!(found, serde_json::json!({ "passed": 0, "failed": 0, "cases": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_policy_passes_its_own() {
    let folder = Folder::new("demo");
    for (name, text) in demo::FILES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(folder.join("ssh-ca")).unwrap();
    let base = "http://127.0.0.1:1/".parse().unwrap();
    fs::write(folder.join("jit.toml"), demo::configuration(folder.path(), &base)).unwrap();
    let config = folder.join("jit.toml").display().to_string();
    let said = jit(&["policy", "test", "--config", &config]).await;
    assert!(said.is(0, &[]).out.ends_with(" passed, 0 failed\n") && !said.out.starts_with("0 "), "{said:?}");
}
