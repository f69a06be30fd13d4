//! Certificates of ours and a real sshd that trusts the authority and reads the revocation list. Needs root.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use jit_connectors::contract::Connector;
use jit_connectors::ssh_ca::SshCa;
use jit_connectors::testkit::{Session, Subject};
use jit_core::entitlement::{Entitlement, Handover, Target};
use jit_core::id::AccessId;
use jit_tests::servers::{Folder, Sshd, User};
use serde_json::json;
use uuid::Uuid;

use crate::shell::{LOOP, Shell};
use crate::{attempt, conforms, target};

/// A host that trusts our authority, and its users, each with a key of their own.
struct Host {
    sshd: Sshd,
    users: Mutex<Vec<User>>,
    count: AtomicU32,
    // Last, so that what uses it ends first.
    folder: Folder,
}

impl Host {
    fn new() -> Self {
        let folder = Folder::new("ssh-ca");
        let made = connector(&folder, "state");
        assert!(fs::read_to_string(folder.join("ca.pub")).unwrap().starts_with(made.public_key()));
        let sshd = Sshd::start(&folder.join("ca.pub"), &folder.join("krl"));
        Self { sshd, users: Mutex::default(), count: AtomicU32::new(0), folder }
    }

    fn connector(&self) -> SshCa {
        connector(&self.folder, "state")
    }

    fn user(&self) -> String {
        let user = User::create();
        let name = user.name().to_owned();
        self.sshd.permit(&name, &[&name]);
        let key = self.key(&name);
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
        assert!(made.success());
        self.users.lock().unwrap().push(user);
        name
    }

    fn key(&self, user: &str) -> PathBuf {
        self.folder.join(format!("key-{user}"))
    }

    /// A new access of the user.
    fn access_of(&self, user: &str) -> Entitlement {
        let key = fs::read_to_string(self.key(user).with_extension("pub")).unwrap();
        Entitlement {
            connector: "ssh".into(),
            account: user.into(),
            target: target(json!({ "public_keys": [key.trim()] })),
            instance: Some(AccessId(Uuid::now_v7())),
        }
    }

    /// The ssh of whoever has this handover.
    fn ssh(&self, e: &Entitlement, with: Option<&Handover>) -> Command {
        let text = with.and_then(|handover| handover.text.as_deref()).unwrap_or_default();
        let file = self.folder.join(format!("certificate-{}", self.count.fetch_add(1, Ordering::Relaxed)));
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        self.sshd.ssh(e.account.as_str(), &self.key(e.account.as_str()), &file)
    }

    fn session(&self, e: &Entitlement, with: Option<&Handover>) -> Box<dyn Session> {
        let mut ssh = self.ssh(e, with);
        ssh.arg(LOOP).stderr(Stdio::null());
        Box::new(Shell::start(ssh, e.account.as_str()))
    }
}

fn connector(folder: &Folder, state: &str) -> SshCa {
    let config = json!({
        "ca_key_file": folder.join("ca"), "generate": true, "krl_file": folder.join("krl"),
        "state_dir": folder.join(state), "sshd_sessions": "local",
    });
    SshCa::new(&serde_json::from_value(config).unwrap()).unwrap()
}

#[async_trait]
impl Subject for Host {
    async fn connect(&self) -> Arc<dyn Connector> {
        Arc::new(self.connector())
    }

    async fn unreachable(&self) -> Arc<dyn Connector> {
        let lost = format!("lost-{}", self.count.fetch_add(1, Ordering::Relaxed));
        let config = json!({
            "ca_key_file": self.folder.join("ca"), "krl_file": self.folder.join(&lost).join("krl"), "state_dir": self.folder.join(&lost),
        });
        let connector = SshCa::new(&serde_json::from_value(config).unwrap()).unwrap();
        fs::remove_dir_all(self.folder.join(&lost)).unwrap();
        Arc::new(connector)
    }

    async fn entitlement(&self) -> Entitlement {
        self.access_of(&self.user())
    }

    fn target(&self) -> Target {
        Target::default()
    }

    async fn works(&self, e: &Entitlement, with: Option<&Handover>) -> bool {
        let output = self.ssh(e, with).args(["id", "-un"]).output().unwrap();
        let ran = output.stdout == format!("{}\n", e.account).as_bytes();
        assert_eq!(ran, output.status.success(), "{output:?} {}", self.sshd.log());
        ran
    }

    async fn elevated_session(&self, e: &Entitlement, with: Option<&Handover>) -> Box<dyn Session> {
        self.session(e, with)
    }

    /// The same person's, through another access.
    async fn other_session(&self, e: &Entitlement) -> Box<dyn Session> {
        let other = self.access_of(e.account.as_str());
        let granted = self.connector().grant(&other, Utc::now() + TimeDelta::minutes(5), &attempt()).await.unwrap();
        self.session(&other, granted.handover.as_ref())
    }

    async fn give_behind(&self, _e: &Entitlement) {
        unreachable!("certificates come from us alone")
    }

    async fn take_behind(&self, _e: &Entitlement) {
        unreachable!("certificates come from us alone")
    }

    fn bad_targets(&self) -> Vec<Target> {
        vec![
            target(json!({ "principals": [] })),
            target(json!({ "public_keys": ["ssh-ed25519 AAAA"] })),
            target(json!({ "source_address": "everywhere" })),
            target(json!({ "extensions": ["permit-all"] })),
            target(json!({ "principal": ["root"] })),
        ]
    }

    fn secrets(&self) -> Vec<String> {
        let key = fs::read_to_string(self.folder.join("ca")).unwrap();
        key.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_certificates_conform() {
    conforms(&Host::new(), 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_good_from_its_own_address_alone() {
    let host = Host::new();
    let user = host.user();
    let connector = host.connector();
    let until = Utc::now() + TimeDelta::minutes(5);
    for (address, expected) in [("127.0.0.0/8", true), ("10.1.2.3", false)] {
        let mut e = host.access_of(&user);
        e.target.0.insert("source_address".to_owned(), json!(address));
        let granted = connector.grant(&e, until, &attempt()).await.unwrap();
        assert_eq!(host.works(&e, granted.handover.as_ref()).await, expected, "{address}: {}", host.sshd.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_permits_what_the_role_says_and_no_more() {
    let host = Host::new();
    let user = host.user();
    host.sshd.permit(&user, &["deploy"]);
    let connector = host.connector();
    let until = Utc::now() + TimeDelta::minutes(5);
    let mut e = host.access_of(&user);
    let granted = connector.grant(&e, until, &attempt()).await.unwrap();
    assert!(!host.works(&e, granted.handover.as_ref()).await, "the host wants another principal");
    e.target.0.insert("principals".to_owned(), json!(["deploy"]));
    e.target.0.insert("force_command".to_owned(), json!("echo only this"));
    let granted = connector.grant(&e, until, &attempt()).await.unwrap();
    let output = host.ssh(&e, granted.handover.as_ref()).args(["id", "-un"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "only this\n", "{}", host.sshd.log());
}
