//! The machine's processes: what `/proc` tells of them, and ending exactly those that are meant. For connectors whose sessions are
//! processes. Blocking: callers are on a thread that may block.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rustix::process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open, pidfd_send_signal};

/// What `/proc` tells about a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) session: i32,
    /// With the pid, one process for ever: pids come again.
    pub(crate) started: u64,
    pub(crate) name: String,
    /// Real, effective, saved and file system user.
    pub(crate) users: [u32; 4],
    /// The login id that the kernel keeps through every change of user, where it keeps one.
    pub(crate) login: Option<u32>,
    /// As it was when the program began; entries end in NUL.
    pub(crate) environment: Vec<u8>,
}

impl Process {
    /// A variable of its environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let mut all = self.environment.split(|byte| *byte == 0);
        all.find_map(|entry| std::str::from_utf8(entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?).ok())
    }
}

/// How an ending went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Processes that were meant.
    pub(crate) seen: usize,
    /// Those of them that still run.
    pub(crate) left: usize,
}

/// Ends every process that is chosen: asks first, and forces after `grace`. Looks again until none is left, since processes fork while
/// we look, or until the time is over.
pub(crate) fn end(
    choose: impl Fn(&[Process]) -> Vec<&Process>,
    grace: Duration,
    within: Duration,
) -> io::Result<Count> {
    if !geteuid().is_root() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let begin = Instant::now();
    let mut seen = BTreeSet::new();
    let mut pause = Duration::from_millis(2);
    loop {
        let processes = read_all(Path::new("/proc"))?;
        let left = choose(&processes);
        if left.is_empty() || begin.elapsed() >= within {
            return Ok(Count { seen: seen.len(), left: left.len() });
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

/// This process and those above it: ending one of them would end the service itself.
pub(crate) fn ancestors(processes: &[Process], own: i32) -> BTreeSet<i32> {
    let mut line = BTreeSet::from([1]);
    let mut at = Some(own);
    while let Some(pid) = at.filter(|pid| line.insert(*pid)) {
        at = processes.iter().find(|process| process.pid == pid).map(|process| process.parent);
    }
    line
}

/// This process's id.
pub(crate) fn own_pid() -> i32 {
    std::process::id().cast_signed()
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
    let parts = [fs::read(folder.join("stat")), fs::read(folder.join("status"))];
    let [stat, status] = match parts {
        [Ok(stat), Ok(status)] => [stat, status],
        parts => {
            let error = parts.into_iter().find_map(Result::err).expect("one of them failed");
            return if has_ended(&error) { Ok(None) } else { Err(error) };
        }
    };
    let environment = match fs::read(folder.join("environ")) {
        Ok(environment) => environment,
        Err(error) if has_ended(&error) => return Ok(None),
        // The kernel's own threads, and programs that hide theirs even from root: their descent and login still tell.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Vec::new(),
        Err(error) => return Err(error),
    };
    let login = fs::read_to_string(folder.join("loginuid")).ok().and_then(|text| text.trim().parse().ok());
    let login = login.filter(|uid| *uid != u32::MAX);
    let process = parse(pid, &String::from_utf8_lossy(&stat), &String::from_utf8_lossy(&status));
    Ok(process.map(|process| Process { login, environment, ..process }))
}

fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// Source: proc(5), `/proc/pid/stat` (state, ppid, session, starttime) and `/proc/pid/status` (Uid).
fn parse(pid: i32, stat: &str, status: &str) -> Option<Process> {
    let (head, rest) = stat.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let users: Vec<u32> = users.split_whitespace().filter_map(|uid| uid.parse().ok()).collect();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
        name,
        users: users.try_into().ok()?,
        ..Process::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_as_it_is_written() {
        let stat = "7 (a) b) S 6 7 5 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1000 1";
        let status = "Name:\ta) b\nUid:\t1000\t0\t0\t0\nGid:\t0\t0\t0\t0\n";
        let found = parse(7, stat, status).unwrap();
        assert_eq!((found.name.as_str(), found.parent, found.session, found.started), ("a) b", 6, 5, 4711));
        assert_eq!(found.users, [1000, 0, 0, 0]);
        assert_eq!(parse(7, &stat.replace(" S ", " Z "), status), None);
        assert_eq!(parse(7, "", ""), None);
        let all = read_all(Path::new("/proc")).unwrap();
        let own = all.iter().find(|process| process.pid == own_pid()).unwrap();
        assert_eq!(own.variable("PATH"), std::env::var("PATH").ok().as_deref());
        assert!(ancestors(&all, own.pid).contains(&own.parent));
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let process =
            Process { environment: b"XSUDO_UID=1\0SUDO_UID=1000\0SUDO_USER=alice\0".to_vec(), ..Process::default() };
        assert_eq!((process.variable("SUDO_UID"), process.variable("SUDO_U")), (Some("1000"), None));
    }
}
