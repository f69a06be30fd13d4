//! The real sudo, with throw-away users and drop-ins in the one folder that it reads. Needs root.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use jit_connectors::contract::Connector;
use jit_connectors::sudoers::{Config, Sudoers};
use jit_connectors::testkit::{Session, Subject};
use jit_core::entitlement::{Entitlement, Handover, Holding, Target};
use jit_tests::servers::{Folder, User};
use serde_json::json;

use crate::shell::{LOOP, Shell};
use crate::{attempt, conforms, target};

/// The folder that sudo includes. Source: sudoers as Debian ships it.
const SYSTEM: &str = "/etc/sudoers.d";

/// The machine, its users of this test, and what must not stay behind.
struct Machine {
    users: Mutex<Vec<User>>,
}

impl Machine {
    fn new() -> Self {
        Self { users: Mutex::default() }
    }

    fn config(more: serde_json::Value) -> Config {
        let mut config = json!({ "dir": SYSTEM });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(config).unwrap()
    }

    fn connector(&self) -> Sudoers {
        Sudoers::new(&Self::config(json!({}))).unwrap()
    }

    fn entitlement_to(&self, value: serde_json::Value) -> Entitlement {
        let user = User::create();
        let account = user.name().into();
        self.users.lock().unwrap().push(user);
        Entitlement { connector: "hosts".into(), account, target: target(value), instance: None }
    }

    /// A program run by the account, without any right of sudo's.
    fn by(&self, e: &Entitlement, program: &str, args: &[&str]) -> std::process::Command {
        let users = self.users.lock().unwrap();
        let user = users.iter().find(|user| user.name() == e.account.as_str()).unwrap();
        let mut command = user.command(program);
        command.args(args);
        command
    }

    fn sudo(&self, e: &Entitlement, args: &[&str]) -> Output {
        self.by(e, "sudo", &[&["-n"], args].concat()).output().unwrap()
    }

    fn behind(e: &Entitlement) -> PathBuf {
        Path::new(SYSTEM).join(format!("{}-by-hand", e.account))
    }

    /// Our drop-ins in the system's folder that are about this test's users.
    fn drop_ins(&self) -> Vec<PathBuf> {
        let users = self.users.lock().unwrap();
        let about = |path: &PathBuf| {
            let text = fs::read_to_string(path).unwrap_or_default();
            users.iter().any(|user| text.contains(user.name()))
        };
        fs::read_dir(SYSTEM).unwrap().map(|entry| entry.unwrap().path()).filter(about).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // What a failed test left; nothing when it passed.
        for path in self.drop_ins() {
            let _ = fs::remove_file(path);
        }
    }
}

#[async_trait]
impl Subject for Machine {
    async fn connect(&self) -> Arc<dyn Connector> {
        Arc::new(self.connector())
    }

    async fn unreachable(&self) -> Arc<dyn Connector> {
        Arc::new(Sudoers::new(&Self::config(json!({ "dir": "/nowhere/sudoers.d" }))).unwrap())
    }

    async fn entitlement(&self) -> Entitlement {
        self.entitlement_to(json!({ "commands": ["/usr/bin/id", "/usr/bin/bash"] }))
    }

    fn target(&self) -> Target {
        target(json!({ "commands": ["/usr/bin/id", "/usr/bin/bash"] }))
    }

    async fn works(&self, e: &Entitlement, _with: Option<&Handover>) -> bool {
        let output = self.sudo(e, &["/usr/bin/id", "-un"]);
        let ran = output.stdout == b"root\n";
        assert_eq!(ran, output.status.success(), "{output:?}");
        ran
    }

    async fn elevated_session(&self, e: &Entitlement, _with: Option<&Handover>) -> Box<dyn Session> {
        Box::new(Shell::start(self.by(e, "sudo", &["-n", "/usr/bin/bash", "-c", LOOP]), "root"))
    }

    async fn other_session(&self, e: &Entitlement) -> Box<dyn Session> {
        Box::new(Shell::start(self.by(e, "bash", &["-c", LOOP]), e.account.as_str()))
    }

    async fn give_behind(&self, e: &Entitlement) {
        let path = Self::behind(e);
        fs::write(&path, format!("{} ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/bash\n", e.account)).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o440)).unwrap();
    }

    async fn take_behind(&self, e: &Entitlement) {
        fs::remove_file(Self::behind(e)).unwrap();
    }

    fn bad_targets(&self) -> Vec<Target> {
        vec![
            target(json!({})),
            target(json!({ "commands": ["id"] })),
            target(json!({ "commands": ["/usr/bin/*"] })),
            target(json!({ "commands": ["/usr/bin/id\nALL ALL=(ALL) NOPASSWD: ALL"] })),
            target(json!({ "commands": ["/usr/bin/id"], "run_as": "%wheel" })),
            target(json!({ "commands": ["/usr/bin/id"], "comands": [] })),
        ]
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sudo_conforms() {
    let machine = Machine::new();
    conforms(&machine, 14).await;
    assert_eq!(machine.drop_ins(), Vec::<PathBuf>::new(), "nothing stays behind");
}

/// Starts something that outlives its `sudo` and tells its process id, so that one can see whether it still runs.
fn detached(machine: &Machine, e: &Entitlement, how: &str) -> PathBuf {
    let script = format!("{how} sleep 1000 </dev/null >/dev/null 2>&1 & echo $!");
    let output = machine.sudo(e, &["/usr/bin/bash", "-c", &script]);
    let pid = String::from_utf8(output.stdout).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    assert!(!pid.trim().is_empty() && process.exists(), "{how}: {}", String::from_utf8_lossy(&output.stderr));
    process
}

fn runs(process: &Path) -> bool {
    fs::read_to_string(process.join("stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn detached_processes_end_and_the_persons_own_live() {
    let machine = Machine::new();
    let (connector, e) = (machine.connector(), machine.entitlement().await);
    connector.grant(&e, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    let elevated: Vec<_> = ["nohup", "setsid", "exec setsid nohup", "trap '' TERM; setsid"]
        .into_iter()
        .map(|how| detached(&machine, &e, how))
        .collect();
    let mut own = machine.other_session(&e).await;
    let another = machine.entitlement().await;
    connector.grant(&another, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    let kept = detached(&machine, &another, "setsid");
    connector.revoke(&e, &attempt()).await.unwrap();
    assert!(
        elevated.iter().all(|process| runs(process)),
        "sudo leaves them running; otherwise ending them would not be needed"
    );
    let ended = connector.end_sessions(&e, &attempt()).await.unwrap();
    assert!(ended.sessions >= 4, "{ended:?}");
    assert_eq!(elevated.iter().filter(|process| runs(process)).count(), 0);
    assert!(own.works().await);
    assert!(runs(&kept), "another person's elevated process is not ours to end");
    connector.revoke(&another, &attempt()).await.unwrap();
    connector.end_sessions(&another, &attempt()).await.unwrap();
    assert!(!runs(&kept));
}

#[tokio::test]
async fn arguments_mean_exactly_themselves() {
    let machine = Machine::new();
    let odd = "a,b:c=d*e?[f]#g!h^ i%j@k(l)m";
    let commands = [format!("/usr/bin/printf {odd}"), "/usr/bin/id \"\"".to_owned()];
    let e = machine.entitlement_to(json!({ "commands": commands }));
    let connector = machine.connector();
    connector.grant(&e, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
    let words: Vec<_> = ["/usr/bin/printf"].into_iter().chain(odd.split(' ')).collect();
    assert!(machine.sudo(&e, &words).status.success());
    for denied in [
        vec!["/usr/bin/printf", "a,b:c=dXe?[f]#g!h^", "i%j@k(l)m"],
        vec!["/usr/bin/printf", "a"],
        vec!["/usr/bin/printf"],
        vec!["/usr/bin/id", "-u"],
        vec!["/usr/bin/whoami"],
    ] {
        assert!(!machine.sudo(&e, &denied).status.success(), "{denied:?}");
    }
    assert!(machine.sudo(&e, &["/usr/bin/id"]).status.success());
    connector.revoke(&e, &attempt()).await.unwrap();
    assert!(!machine.sudo(&e, &words).status.success());
}

#[tokio::test]
async fn overlapping_rules_answer_for_themselves() {
    let machine = Machine::new();
    let connector = machine.connector();
    let all = machine.entitlement_to(json!({ "commands": ["ALL"] }));
    let id = Entitlement { target: target(json!({ "commands": ["/usr/bin/id"] })), ..all.clone() };
    let until = Utc::now() + TimeDelta::minutes(5);
    connector.grant(&id, until, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&all).await.unwrap(), Holding::Gone);
    connector.grant(&all, until, &attempt()).await.unwrap();
    connector.revoke(&id, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&id).await.unwrap(), Holding::Gone, "what is left is the other's");
    assert!(machine.sudo(&id, &["/usr/bin/id"]).status.success());
    connector.revoke(&all, &attempt()).await.unwrap();
    assert_eq!(connector.inspect(&all).await.unwrap(), Holding::Gone);
    assert!(!machine.sudo(&id, &["/usr/bin/id"]).status.success());
}

#[tokio::test]
async fn a_rule_that_sudo_does_not_heed_is_taken_back() {
    let machine = Machine::new();
    let elsewhere = machine.entitlement_to(json!({ "commands": ["/usr/bin/id"], "hosts": ["elsewhere"] }));
    let until = Utc::now() + TimeDelta::minutes(5);
    let error = machine.connector().grant(&elsewhere, until, &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("hosts"), "{error}");
    assert_eq!(machine.drop_ins(), Vec::<PathBuf>::new());
    let nobody = Entitlement { account: "nobody-here".into(), ..machine.entitlement().await };
    let error = machine.connector().grant(&nobody, until, &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("no account"), "{error}");
}

#[tokio::test]
async fn when_visudo_finds_fault_the_rule_before_comes_back() {
    let machine = Machine::new();
    let folder = Folder::new("visudo");
    let script = |body: &str| {
        let path = folder.join("visudo");
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Sudoers::new(&Machine::config(json!({ "visudo": path }))).unwrap()
    };
    let e = machine.entitlement().await;
    let until = Utc::now() + TimeDelta::minutes(5);
    machine.connector().grant(&e, until, &attempt()).await.unwrap();
    let before = fs::read(&machine.drop_ins()[0]).unwrap();
    for fault in
        ["[ \"$1\" = -cqf ] || { echo a fault in the whole >&2; exit 1; }", "echo a fault in the file >&2; exit 1"]
    {
        let error = script(fault).grant(&e, until + TimeDelta::minutes(9), &attempt()).await.unwrap_err();
        assert!(error.is_permanent() && error.to_string().contains("a fault in the"), "{error}");
        assert_eq!(machine.drop_ins().len(), 1, "no temporary file stays");
        assert_eq!(fs::read(&machine.drop_ins()[0]).unwrap(), before);
    }
    machine.connector().revoke(&e, &attempt()).await.unwrap();
    assert_eq!(machine.drop_ins(), Vec::<PathBuf>::new());
}
