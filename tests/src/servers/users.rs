//! Throw-away Unix users, for the real sudo and the real sshd. Called by tests. Needs root. Removed on drop, with their processes and
//! home; those that a killed test left are removed by the next process that makes one.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use super::folder::{is_alive, own_uid, root};
use super::process::{program, run, signal};

/// Names are this, the maker's process id, `n`, a number. No dot: sudo ignores drop-ins whose names contain one.
const PREFIX: &str = "jittest";

static COUNTER: AtomicU32 = AtomicU32::new(0);
static SWEEP: Once = Once::new();

/// A user with a home, a shell, no password (`*`, not `!`, which sshd takes for locked) and no groups.
#[derive(Debug)]
pub struct User {
    name: String,
    uid: u32,
}

impl User {
    /// Makes one.
    pub fn create() -> Self {
        assert_eq!(own_uid(), 0, "making Unix users needs root: run the tests as root, as .ci/run does");
        SWEEP.call_once(sweep);
        let name = format!("{PREFIX}{}n{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let _turn = take_turn();
        let useradd = program("useradd", "passwd", &[]);
        run(Command::new(useradd).args(["--create-home", "--shell", "/bin/bash", "--password", "*", &name]));
        let uid = run(Command::new("id").args(["-u", &name])).trim().parse().expect("id prints a number");
        Self { name, uid }
    }

    /// The login name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user id.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        PathBuf::from("/home").join(&self.name)
    }

    /// A program to be run as this user, in its home, with a clean environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &self.name, "--regid", &self.name, "--init-groups", "--reset-env", "--"]);
        command.arg(program.as_ref()).current_dir(self.home());
        command
    }
}

impl Drop for User {
    fn drop(&mut self) {
        remove(&self.name, Some(self.uid));
    }
}

fn remove(name: &str, uid: Option<u32>) {
    uid.into_iter().for_each(end_processes);
    let _turn = take_turn();
    // Runs in drop, where a second panic would hide the first; what stays is swept by the next process.
    let _ = Command::new(program("userdel", "passwd", &[])).args(["--force", "--remove", name]).output();
}

/// Ends what the user left running. A process may fork while we look, so until none is found.
fn end_processes(uid: u32) {
    for _ in 0..100 {
        let own: Vec<_> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.metadata().is_ok_and(|meta| meta.uid() == uid))
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| is_running(*pid))
            .collect();
        if own.is_empty() {
            return;
        }
        own.iter().for_each(|pid| signal("KILL", &pid.to_string()));
    }
}

/// A zombie has ended; its parent alone can clear it away.
fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|text| Some(!text.rsplit_once(") ")?.1.starts_with('Z')))
        .unwrap_or(false)
}

/// `useradd` and `userdel` fail when another of them holds the lock on the password file for long, so tests take turns, over processes.
fn take_turn() -> File {
    let lock = File::create(root().join("users.lock")).expect("a folder of ours");
    lock.lock().expect("a local file can be locked");
    lock
}

fn sweep() {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    for line in passwd.lines() {
        let fields: Vec<_> = line.split(':').collect();
        let maker = fields[0].strip_prefix(PREFIX).and_then(|rest| rest.split_once('n')?.0.parse::<u32>().ok());
        if maker.is_some_and(|pid| !is_alive(pid)) {
            remove(fields[0], fields.get(2).and_then(|uid| uid.parse().ok()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::Stdio;

    use super::*;

    #[test]
    fn a_user_works_and_goes_with_its_processes() {
        let user = User::create();
        let shadow = fs::read_to_string("/etc/shadow").unwrap();
        assert!(shadow.lines().any(|line| line.starts_with(&format!("{}:*:", user.name()))));
        assert_eq!(run(user.command("id").arg("-un")).trim(), user.name());
        let mut command = user.command("sh");
        let mut left_running = command.args(["-c", "echo up; exec sleep 1000"]).stdout(Stdio::piped()).spawn().unwrap();
        left_running.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
        let (name, home) = (user.name().to_owned(), user.home());
        drop(user);
        assert!(!left_running.wait().unwrap().success());
        assert!(!home.exists());
        assert!(!fs::read_to_string("/etc/passwd").unwrap().contains(&format!("{name}:")));
    }
}
