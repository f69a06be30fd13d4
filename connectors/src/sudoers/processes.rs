//! Which processes of this machine run with what sudo gave an account, and ending them, detached ones too. Reads `/proc`.
//!
//! Told by three signs, since each alone misses some: `SUDO_UID` in the environment, descent from a `sudo` that the account started, and
//! the login id that the kernel keeps. The account's ordinary processes are never touched, nor this process and its ancestors.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// What `/proc` tells about a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    pid: i32,
    parent: i32,
    session: i32,
    /// With the pid, one process for ever: pids come again.
    started: u64,
    name: String,
    /// Real, effective, saved and file system user.
    users: [u32; 4],
    sudo_uid: Option<u32>,
    sudo_user: Option<String>,
    login: Option<u32>,
}

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

/// Ends them all: asks first, and forces after `grace`. How many there were; the second number is how many still run at the deadline.
pub(super) fn end(account: &Account, grace: Duration, within: Duration) -> io::Result<(usize, usize)> {
    let begin = Instant::now();
    let mut seen = BTreeSet::new();
    let mut pause = Duration::from_millis(2);
    loop {
        let processes = read_all(Path::new("/proc"))?;
        let left = elevated(&processes, account, std::process::id().cast_signed());
        if left.is_empty() || begin.elapsed() >= within {
            return Ok((seen.len(), left.len()));
        }
        let force = begin.elapsed() >= grace;
        for process in left {
            let fresh = seen.insert((process.pid, process.started));
            if fresh || force {
                signal(process, if force { Signal::KILL } else { Signal::TERM })?;
            }
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// The processes that run with what sudo gave the account.
fn elevated<'p>(processes: &'p [Process], account: &Account, own: i32) -> Vec<&'p Process> {
    let find = |pid: i32| processes.iter().find(|process| process.pid == pid);
    let ordinary = |process: &Process| account.uid.is_some_and(|uid| process.users == [uid; 4]);
    let spared = ancestors(processes, own);
    let by_sudo = |process: &Process| {
        let environment = process.sudo_uid.is_some() && process.sudo_uid == account.uid
            || process.sudo_user.as_deref() == Some(account.name.as_str());
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

/// This process and those above it: ending one of them would end the service itself, which somebody may have started by sudo.
fn ancestors(processes: &[Process], own: i32) -> BTreeSet<i32> {
    let mut line = BTreeSet::from([1]);
    let mut at = Some(own);
    while let Some(pid) = at.filter(|pid| line.insert(*pid)) {
        at = processes.iter().find(|process| process.pid == pid).map(|process| process.parent);
    }
    line
}

/// Signals exactly this process, not another that got its pid since.
fn signal(process: &Process, signal: Signal) -> io::Result<()> {
    let Some(pid) = Pid::from_raw(process.pid) else { return Ok(()) };
    let gone = |error: &rustix::io::Errno| *error == rustix::io::Errno::SRCH;
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Err(error) if gone(&error) => return Ok(()),
        other => other?,
    };
    let still = read(Path::new("/proc"), process.pid)?.is_some_and(|now| now.started == process.started);
    match pidfd_send_signal(handle, signal) {
        _ if !still => Ok(()),
        Err(error) if !gone(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

fn read_all(proc: &Path) -> io::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir(proc)? {
        let pid = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        if let Some(pid) = pid
            && let Some(process) = read(proc, pid)?
        {
            processes.push(process);
        }
    }
    Ok(processes)
}

/// One process; none when it has ended, or is a zombie, which runs nothing.
fn read(proc: &Path, pid: i32) -> io::Result<Option<Process>> {
    let folder = proc.join(pid.to_string());
    let parts = [fs::read(folder.join("stat")), fs::read(folder.join("status")), fs::read(folder.join("environ"))];
    let [stat, status, environment] = match parts {
        [Ok(stat), Ok(status), Ok(environment)] => [stat, status, environment],
        parts => {
            let error = parts.into_iter().find_map(Result::err).expect("one of them failed");
            let ended = error.kind() == io::ErrorKind::NotFound
                || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error());
            return if ended { Ok(None) } else { Err(error) };
        }
    };
    let login = fs::read_to_string(folder.join("loginuid")).ok().and_then(|text| text.trim().parse().ok());
    let login = login.filter(|uid| *uid != u32::MAX);
    Ok(parse(pid, &String::from_utf8_lossy(&stat), &String::from_utf8_lossy(&status), &environment)
        .map(|process| Process { login, ..process }))
}

/// Source: proc(5), `/proc/pid/stat` (state, ppid, session, starttime) and `/proc/pid/status` (Uid).
fn parse(pid: i32, stat: &str, status: &str, environment: &[u8]) -> Option<Process> {
    let (head, rest) = stat.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let users: Vec<u32> = users.split_whitespace().filter_map(|uid| uid.parse().ok()).collect();
    let variable = |name: &str| {
        let mut all = environment.split(|byte| *byte == 0);
        all.find_map(|entry| std::str::from_utf8(entry.strip_prefix(name.as_bytes())?).ok())
    };
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
        name,
        users: users.try_into().ok()?,
        sudo_uid: variable("SUDO_UID=").and_then(|uid| uid.parse().ok()),
        sudo_user: variable("SUDO_USER=").map(str::to_owned),
        login: None,
    })
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
        let environment = |p: Process| Process { sudo_uid: Some(ALICE), sudo_user: Some("alice".into()), ..p };
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
            Process { sudo_uid: Some(1001), ..process(30, 1, 0, "sh") },
            process(31, 1, 0, "cron"),
            process(32, 1, 1001, "bash"),
        ];
        assert_eq!(chosen(&processes), [20, 21, 22, 23, 24, 25, 26, 27]);
    }

    #[test]
    fn the_service_and_its_ancestors_are_spared() {
        let mine = |pid, parent| Process { sudo_uid: Some(ALICE), ..process(pid, parent, 0, "jit") };
        assert_eq!(chosen(&[process(1, 0, 0, "init"), mine(80, 1), mine(90, 80), mine(91, 1)]), [91]);
    }

    #[test]
    fn a_user_who_is_gone_is_known_by_name() {
        let account = Account { name: "alice".into(), uid: None };
        let left = Process { sudo_user: Some("alice".into()), ..process(5, 1, 0, "sleep") };
        let other = process(6, 1, 0, "sleep");
        assert_eq!(elevated(&[left.clone(), other], &account, 90), [&left]);
    }

    #[test]
    fn proc_is_read_as_it_is_written() {
        let stat = "7 (a) b) S 6 7 5 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1000 1";
        let status = "Name:\ta) b\nUid:\t1000\t0\t0\t0\nGid:\t0\t0\t0\t0\n";
        let found = parse(7, stat, status, b"A=1\0SUDO_UID=1000\0SUDO_USER=alice\0").unwrap();
        assert_eq!((found.name.as_str(), found.parent, found.session, found.started), ("a) b", 6, 5, 4711));
        assert_eq!(
            (found.users, found.sudo_uid, found.sudo_user.as_deref()),
            ([1000, 0, 0, 0], Some(1000), Some("alice"))
        );
        assert_eq!(parse(7, &stat.replace(" S ", " Z "), status, b""), None);
        assert_eq!(parse(7, "", "", b""), None);
        let own = read(Path::new("/proc"), std::process::id().cast_signed()).unwrap().unwrap();
        assert!(read_all(Path::new("/proc")).unwrap().iter().any(|process| process.pid == own.pid));
    }
}
