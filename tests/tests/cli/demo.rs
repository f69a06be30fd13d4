//! `jit demo` as a newcomer starts it, twice by mistake too.

use std::process::Stdio;

use jit_tests::servers::Folder;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};

use crate::PATIENCE;
use crate::program::{command, jit};
use crate::site::until;

/// A running demo.
struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it printed first.
    line: String,
}

impl Demo {
    async fn start(listen: &str, data: &str) -> Self {
        let mut demo = command();
        demo.args(["demo", "--listen", listen, "--data", data]).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = demo.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, out.read_line(&mut line)).await.expect("it says its address").unwrap();
        Self { child, out, line }
    }

    fn address(&self) -> &str {
        self.line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_else(|| panic!("{}", self.line))
    }

    /// Stops it as Ctrl-C does; what else it had printed.
    async fn stop(mut self) -> String {
        let pid = self.child.id().unwrap().to_string();
        assert!(tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
        assert!(tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap().success());
        let mut rest = String::new();
        while self.out.read_line(&mut rest).await.unwrap() > 0 {}
        rest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_one_address_and_takes_another_port_when_its_own_is_taken() {
    let folder = Folder::new("demo");
    let data = |name: &str| folder.join(name).display().to_string();
    let first = Demo::start("127.0.0.1:0", &data("a")).await;
    let second = Demo::start(first.address(), &data("b")).await;
    assert_ne!(first.address(), second.address());
    for demo in [&first, &second] {
        let page = reqwest_get(&format!("http://{}/playground/", demo.address())).await;
        assert!(page.contains("<html"), "{page}");
        assert_eq!(
            reqwest_get(&format!("http://{}/readyz", demo.address())).await,
            r#"{"database":"ok","redis":null}"#
        );
    }
    assert_eq!(second.stop().await, "", "one line, one address");
    assert_eq!(first.stop().await, "");
}

async fn reqwest_get(url: &str) -> String {
    jit_bot::install_crypto();
    reqwest::get(url).await.unwrap().error_for_status().unwrap().text().await.unwrap()
}

/// The page as a newcomer drives it.
struct Page(String);

impl Page {
    async fn get(&self, path: &str) -> String {
        reqwest_get(&format!("http://{}{path}", self.0)).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}/playground/ui/{path}", self.0);
        let request =
            reqwest::Client::new().post(url).header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Waits until somebody sees words in a channel, or in their own conversation with jit.
    async fn sees(&self, who: &str, channel: Option<&str>, words: &str) {
        let list: Value =
            serde_json::from_str(&self.get(&format!("/playground/ui/conversations?as={who}")).await).unwrap();
        let all = list["conversations"].as_array().unwrap();
        let wanted = |it: &&Value| channel.map_or(it["kind"] == "im", |channel| it["id"] == channel);
        let id = all.iter().find(wanted).expect("the conversation")["id"].as_str().unwrap().to_owned();
        let seen = async || {
            let seen = self.get(&format!("/playground/ui/history?as={who}&channel={id}")).await;
            seen.contains(words).then_some(())
        };
        until(&format!("{who} sees {words:?}"), seen).await;
    }

    /// Who is on call, and what is wrong, is looked up once it runs; asked before that, it would be the normal way.
    async fn sources_unknown(&self, count: usize) {
        let metric = format!("\njit_oncall_unknown {count}\n");
        until(&metric, async || self.get("/metrics").await.contains(&metric).then_some(())).await;
    }
}

/// The hint for Olive, as the page sends it, and the pager below the hints: what PagerDuty says over its REST API decides.
#[tokio::test(flavor = "multi_thread")]
async fn the_pager_gives_access_in_an_incident_takes_it_back_and_may_be_down() {
    let folder = Folder::new("demo");
    let data = folder.join("data").display().to_string();
    let demo = Demo::start("127.0.0.1:0", &data).await;
    let page = Page(demo.address().to_owned());
    let boot: Value = serde_json::from_str(&page.get("/playground/ui/bootstrap").await).unwrap();
    assert_eq!(boot["pager"], json!({ "incidents": [42], "open": true, "down": false }));
    let hint = boot["hints"].as_array().unwrap().iter().find(|hint| hint["as"] == "U0004").expect("a hint for Olive");
    let ask = json!({ "as": "U0004", "channel": hint["channel"], "text": hint["type"].as_str().unwrap().replace("2m", "20m") });
    page.sources_unknown(0).await;
    page.post("message", ask.clone()).await;
    page.sees("U0004", Some("C0001"), "on call in an incident's own channel").await;
    page.sees("U0004", None, "Live:").await;

    assert_eq!(page.post("pager", json!({ "open": false })).await["pager"]["open"], false);
    page.sees("U0004", None, "verified gone").await;

    // It is open again, and nobody can be asked who is on call: the normal way.
    page.post("pager", json!({ "open": true, "down": true })).await;
    page.sources_unknown(2).await;
    page.post("message", ask).await;
    page.sees("U0002", None, "orders hang in incident 42").await;
    page.post("pager", json!({ "down": false })).await;
    page.sources_unknown(0).await;
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_to_this_machine_only() {
    let folder = Folder::new("demo");
    let data = folder.join("data").display().to_string();
    for listen in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:0"] {
        jit(&["demo", "--listen", listen, "--data", &data]).await.is(2, &["--listen", "loopback"]);
    }
    assert!(!folder.join("data").exists(), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_folder_is_kept_and_what_was_changed_stays() {
    let folder = Folder::new("demo");
    let data = folder.join("data").display().to_string();
    Demo::start("127.0.0.1:0", &data).await.stop().await;
    let rules = folder.join("data/policy/rules.toml");
    let changed = std::fs::read_to_string(&rules).unwrap().replace("up_to = \"15m\"", "up_to = \"10m\"");
    std::fs::write(&rules, &changed).unwrap();
    std::fs::remove_file(folder.join("data/policy/roles.toml")).unwrap();
    let config = folder.join("data/jit.toml").display().to_string();
    Demo::start("127.0.0.1:0", &data).await.stop().await;
    assert_eq!(std::fs::read_to_string(&rules).unwrap(), changed);
    assert!(folder.join("data/policy/roles.toml").exists(), "what was deleted comes back");
    assert!(folder.join("data/jit.db").exists());
    jit(&["policy", "check", "--config", &config]).await.is(0, &[]);
    let bad = changed.replace("auto_approve", "auto_aprove");
    std::fs::write(&rules, bad).unwrap();
    let said = jit(&["demo", "--listen", "127.0.0.1:0", "--data", &data]).await;
    said.is(2, &["policy/rules.toml:", "did you mean `auto_approve`?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_demos_do_not_share_a_folder() {
    let folder = Folder::new("demo");
    let data = folder.join("data").display().to_string();
    let first = Demo::start("127.0.0.1:0", &data).await;
    let config = std::fs::read_to_string(folder.join("data/jit.toml")).unwrap();
    let second = jit(&["demo", "--listen", "127.0.0.1:0", "--data", &data]).await;
    second.is(1, &["another demo runs", "--data"]);
    assert_eq!(std::fs::read_to_string(folder.join("data/jit.toml")).unwrap(), config, "the first one's is untouched");
    first.stop().await;
    Demo::start("127.0.0.1:0", &data).await.stop().await;
}
