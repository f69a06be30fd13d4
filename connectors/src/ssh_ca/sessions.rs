//! Sessions on this machine that logged in with certificates of ours. Needs `ExposeAuthInfo yes` in sshd's configuration: sshd then
//! writes into a file what each session authenticated with, and names the file in the session's environment.

use std::collections::BTreeSet;
use std::fs;

use ssh_key::Certificate;

use crate::machine::{Process, ancestors};

/// Names the file in a session's environment. Source: sshd_config(5), `ExposeAuthInfo`.
const VARIABLE: &str = "SSH_USER_AUTH";

/// The processes of the sessions that logged in with one of the certificates, and the sshd that serves each.
pub(super) fn of<'p>(processes: &'p [Process], serials: &BTreeSet<u64>, own: i32) -> Vec<&'p Process> {
    let spared = ancestors(processes, own);
    let logged_in = |process: &Process| {
        let file = process.variable(VARIABLE).and_then(|path| fs::read_to_string(path).ok());
        file.is_some_and(|text| used(&text).any(|serial| serials.contains(&serial)))
    };
    let inside: BTreeSet<i32> =
        processes.iter().filter(|process| logged_in(process)).map(|process| process.pid).collect();
    let serves = |process: &Process| {
        process.name.starts_with("sshd")
            && processes.iter().any(|child| inside.contains(&child.pid) && child.parent == process.pid)
    };
    let meant =
        |process: &&Process| !spared.contains(&process.pid) && (inside.contains(&process.pid) || serves(process));
    processes.iter().filter(meant).collect()
}

/// The serials of the certificates in sshd's file: lines such as `publickey ssh-ed25519-cert-v01@openssh.com AAAA…`.
fn used(text: &str) -> impl Iterator<Item = u64> {
    text.lines().filter_map(|line| Certificate::from_openssh(line.strip_prefix("publickey ")?).ok()).map(|c| c.serial())
}
