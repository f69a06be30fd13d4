//! The life of certificates on disk, and OpenSSH's own opinion of what we write.

use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use jit_core::id::AccessId;
use serde_json::json;

use super::*;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> SshCa {
        let config = json!({
            "ca_key_file": self.path("ca"), "generate": true, "krl_file": self.path("krl"), "state_dir": self.path("state"),
        });
        SshCa::new(&serde_json::from_value(config).unwrap()).unwrap()
    }

    /// A fresh key pair of OpenSSH's own making; its public line.
    fn keygen(&self, name: &str, kind: &[&str]) -> String {
        let path = self.path(name);
        keygen(
            &["-q", "-N", "", "-C", name, "-f"]
                .into_iter()
                .chain([path.to_str().unwrap()])
                .chain(kind.iter().copied())
                .collect::<Vec<_>>(),
        );
        std::fs::read_to_string(path.with_extension("pub")).unwrap()
    }
}

fn keygen(args: &[&str]) -> String {
    let output = Command::new("ssh-keygen").args(args).output().expect("ssh-keygen is installed");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn revoked_says_openssh(krl: &Path, certificate: &Path) -> bool {
    let query =
        Command::new("ssh-keygen").arg("-Qf").arg(krl).arg(certificate).output().expect("ssh-keygen is installed");
    let text = String::from_utf8_lossy(&query.stdout).into_owned() + &String::from_utf8_lossy(&query.stderr);
    assert!(text.contains("REVOKED") || text.contains(": ok"), "{text}");
    text.contains("REVOKED")
}

fn entitlement(keys: &[&str], access: u128) -> Entitlement {
    let target = serde_json::from_value(json!({ "public_keys": keys })).unwrap();
    let instance = Some(AccessId(uuid(access)));
    Entitlement { connector: "ssh".into(), account: "alice".into(), target, instance }
}

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn attempt() -> Attempt {
    Attempt { access: AccessId(uuid(9)), generation: 1, deadline: Utc::now() + TimeDelta::seconds(5) }
}

fn soon(minutes: i64) -> DateTime<Utc> {
    (Utc::now() + TimeDelta::minutes(minutes)).trunc_subsecs(0)
}

fn text(granted: &Granted) -> String {
    granted.handover.clone().unwrap().text.unwrap()
}

#[tokio::test]
async fn openssh_reads_what_is_signed_and_revoked() {
    let place = Place::new();
    let keys = [
        place.keygen("ed", &["-t", "ed25519"]),
        place.keygen("ec", &["-t", "ecdsa", "-b", "521"]),
        place.keygen("rsa", &["-t", "rsa", "-b", "2048"]),
    ];
    let ca = place.open();
    let e = entitlement(&keys.each_ref().map(String::as_str), 1);
    let other = entitlement(&[keys[0].as_str()], 2);
    let granted = ca.grant(&e, soon(5), &attempt()).await.unwrap();
    let kept = place.path("kept-cert.pub");
    std::fs::write(&kept, text(&ca.grant(&other, soon(5), &attempt()).await.unwrap())).unwrap();
    assert_eq!(text(&granted).lines().count(), 3);
    let fingerprint = keygen(&["-lf", place.path("ca.pub").to_str().unwrap()]);
    let fingerprint = fingerprint.split_whitespace().nth(1).unwrap();
    for (n, line) in text(&granted).lines().enumerate() {
        let file = place.path(&format!("c{n}-cert.pub"));
        std::fs::write(&file, line).unwrap();
        let listing = keygen(&["-Lf", file.to_str().unwrap()]);
        assert!(listing.contains("user certificate") && listing.contains(fingerprint), "{listing}");
        assert!(listing.contains(":alice") && listing.contains("permit-pty"), "{listing}");
        assert!(!revoked_says_openssh(&place.path("krl"), &file));
    }
    ca.revoke(&e, &attempt()).await.unwrap();
    for n in 0..3 {
        assert!(revoked_says_openssh(&place.path("krl"), &place.path(&format!("c{n}-cert.pub"))));
    }
    assert!(!revoked_says_openssh(&place.path("krl"), &kept), "another access keeps its own");
}

#[tokio::test]
async fn a_restart_finds_the_same_certificates() {
    let place = Place::new();
    let key = place.keygen("ed", &["-t", "ed25519"]);
    let e = entitlement(&[&key], 1);
    let until = soon(5);
    let granted = place.open().grant(&e, until, &attempt()).await.unwrap();
    let again = place.open();
    let held = Holding::Held { native_until: Some(until), handover: granted.handover.clone() };
    assert_eq!(again.inspect(&e).await.unwrap(), held);
    assert_eq!(again.grant(&e, until, &attempt()).await.unwrap(), granted, "the same again is the same certificate");
}

#[tokio::test]
async fn an_earlier_end_revokes_what_would_outlive_it_and_a_later_one_does_not() {
    let place = Place::new();
    let key = place.keygen("ed", &["-t", "ed25519"]);
    let (ca, e) = (place.open(), entitlement(&[&key], 1));
    let mut files = Vec::new();
    for minutes in [5, 9, 3] {
        let granted = ca.grant(&e, soon(minutes), &attempt()).await.unwrap();
        let file = place.path(&format!("m{minutes}-cert.pub"));
        std::fs::write(&file, text(&granted)).unwrap();
        files.push(file);
        if minutes == 9 {
            assert!(!revoked_says_openssh(&place.path("krl"), &files[0]), "it ends by itself, within what is granted");
        }
    }
    assert_eq!(
        files.iter().map(|file| revoked_says_openssh(&place.path("krl"), file)).collect::<Vec<_>>(),
        [true, true, false]
    );
    ca.revoke(&e, &attempt()).await.unwrap();
    assert!(revoked_says_openssh(&place.path("krl"), &files[2]));
}

#[tokio::test]
async fn gone_is_said_only_when_the_hosts_list_says_so() {
    let place = Place::new();
    let key = place.keygen("ed", &["-t", "ed25519"]);
    let (ca, e) = (place.open(), entitlement(&[&key], 1));
    ca.grant(&e, soon(5), &attempt()).await.unwrap();
    let before = std::fs::read(place.path("krl")).unwrap();
    ca.revoke(&e, &attempt()).await.unwrap();
    assert_eq!(ca.inspect(&e).await.unwrap(), Holding::Gone);
    // As after a crash between the ledger and the list, or when somebody put an old list back.
    for list in [before, b"something else".to_vec()] {
        std::fs::write(place.path("krl"), list).unwrap();
        assert!(matches!(ca.inspect(&e).await.unwrap(), Holding::Held { .. }));
        ca.revoke(&e, &attempt()).await.unwrap();
        assert_eq!(ca.inspect(&e).await.unwrap(), Holding::Gone);
    }
    std::fs::remove_file(place.path("state/ledger.json")).unwrap();
    assert!(ca.inspect(&e).await.is_err(), "a lost ledger is never gone");
}

#[tokio::test]
async fn a_person_without_keys_is_told_so() {
    let ca_place = Place::new();
    let e = Entitlement { target: Target::default(), ..entitlement(&[], 1) };
    let error = ca_place.open().grant(&e, soon(5), &attempt()).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("ssh_keys"), "{error}");
}
