//! Which processes of this machine run with what sudo gave an account.
//!
//! Told by three signs, since each alone misses some: `SUDO_UID` in the environment, descent from a `sudo` that the account started, and
//! the login id that the kernel keeps. The account's ordinary processes are never meant, nor this process and its ancestors.

use std::collections::BTreeSet;

use crate::machine::{Process, ancestors};

/// Whose processes are meant.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    /// None when the machine knows no such user any more.
    pub(super) uid: Option<u32>,
}

/// Programs that carry a login, and whose process is root's with that login's id.
const LOGIN_PROGRAMS: [&str; 11] = [
    "sshd",
    "sshd-session",
    "login",
    "su",
    "systemd",
    "(sd-pam)",
    "cron",
    "crond",
    "atd",
    "gdm-session-wor",
    "lightdm",
];

/// The processes that run with what sudo gave the account.
pub(super) fn elevated<'p>(processes: &'p [Process], account: &Account, own: i32) -> Vec<&'p Process> {
    let find = |pid: i32| processes.iter().find(|process| process.pid == pid);
    let ordinary = |process: &Process| account.uid.is_some_and(|uid| process.users == [uid; 4]);
    let spared = ancestors(processes, own);
    let by_sudo = |process: &Process| {
        let uid = process.variable("SUDO_UID").and_then(|uid| uid.parse().ok());
        let environment =
            uid.is_some() && uid == account.uid || process.variable("SUDO_USER") == Some(account.name.as_str());
        let itself = process.name == "sudo" && account.uid == Some(process.users[0]);
        environment || itself
    };
    let adopted = |process: &Process| find(process.parent).is_none_or(|parent| parent.login != process.login);
    let by_login = |process: &Process| {
        process.login.is_some()
            && process.login == account.uid
            && adopted(process)
            && !LOGIN_PROGRAMS.contains(&process.name.as_str())
    };
    let mut chosen: BTreeSet<i32> = BTreeSet::new();
    loop {
        let more: Vec<i32> = processes
            .iter()
            .filter(|process| !chosen.contains(&process.pid) && !ordinary(process) && !spared.contains(&process.pid))
            .filter(|process| {
                by_sudo(process)
                    || by_login(process)
                    || chosen.contains(&process.parent)
                    || chosen.contains(&process.session)
            })
            .map(|process| process.pid)
            .collect();
        if more.is_empty() {
            return processes.iter().filter(|process| chosen.contains(&process.pid)).collect();
        }
        chosen.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: u32 = 1000;

    fn process(pid: i32, parent: i32, uid: u32, name: &str) -> Process {
        Process { pid, parent, session: 1, started: 1, name: name.to_owned(), users: [uid; 4], ..Process::default() }
    }

    fn chosen(processes: &[Process]) -> Vec<i32> {
        let account = Account { name: "alice".into(), uid: Some(ALICE) };
        elevated(processes, &account, 90).iter().map(|process| process.pid).collect()
    }

    #[test]
    fn elevated_processes_are_told_from_ordinary_ones() {
        let environment = |p: Process| Process { environment: b"SUDO_USER=alice\0SUDO_UID=1000\0".to_vec(), ..p };
        let login = |p: Process| Process { login: Some(ALICE), ..p };
        let processes = [
            process(1, 0, 0, "init"),
            login(process(10, 2, 0, "sshd")),
            login(process(11, 10, ALICE, "bash")),
            // Her own shell with the variable set by herself is not elevated.
            environment(process(12, 11, ALICE, "bash")),
            Process { users: [ALICE, 0, 0, 0], ..login(process(20, 11, 0, "sudo")) },
            Process { session: 21, ..process(21, 20, 0, "sudo") },
            environment(process(22, 21, 0, "sh")),
            // Its environment cleared, but still a child; adopted, but in the session of the elevated one.
            process(23, 22, 0, "sleep"),
            Process { session: 21, ..process(24, 1, 0, "sleep") },
            // Detached: adopted by init, a session of its own, the environment kept, or cleared but for the kernel's login id.
            Process { session: 25, ..environment(process(25, 1, 0, "sleep")) },
            Process { session: 26, ..login(process(26, 1, 0, "sleep")) },
            // As another user than root.
            environment(process(27, 1, 33, "php")),
            // Others: another's sudo, the machine's own.
            Process { environment: b"SUDO_UID=1001\0".to_vec(), ..process(30, 1, 0, "sh") },
            process(31, 1, 0, "cron"),
            process(32, 1, 1001, "bash"),
        ];
        assert_eq!(chosen(&processes), [20, 21, 22, 23, 24, 25, 26, 27]);
    }

    #[test]
    fn the_service_and_its_ancestors_are_spared() {
        let mine = |pid, parent| Process { environment: b"SUDO_UID=1000\0".to_vec(), ..process(pid, parent, 0, "jit") };
        assert_eq!(chosen(&[process(1, 0, 0, "init"), mine(80, 1), mine(90, 80), mine(91, 1)]), [91]);
    }

    #[test]
    fn a_user_who_is_gone_is_known_by_name() {
        let account = Account { name: "alice".into(), uid: None };
        let left = Process { environment: b"SUDO_USER=alice\0".to_vec(), ..process(5, 1, 0, "sleep") };
        let other = process(6, 1, 0, "sleep");
        assert_eq!(elevated(&[left.clone(), other], &account, 90), [&left]);
    }
}
