//! One server process: started in a process group of its own, awaited by a condition, ended with all it started. Used by the servers of
//! this module.
//!
//! The kernel ends a server when its maker dies (`setpriv --pdeathsig`), so a killed test leaves nothing running. The kernel means
//! the *thread* that started it; tests run on threads that end early, so one thread that lives as long as the process starts them all.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// Longest time a server may take to become ready, on a machine that compiles at the same time.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Longest time a server may take to end when asked politely.
const END_WITHIN: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(3);

type Order = (Command, Sender<std::io::Result<Child>>);
static KEEPER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (orders, inbox) = channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, answer) in inbox {
            // Who asked may have given up; the child is then ended with the process.
            let _ = answer.send(command.spawn());
        }
    });
    Mutex::new(orders)
});

/// A program to run as a server.
pub(super) struct Launch<'a> {
    /// The program, as found by [`program`].
    pub program: &'a Path,
    pub args: Vec<String>,
    /// Set on top of this process's environment.
    pub environment: Vec<(String, String)>,
    /// The user to run as, when this process is root.
    pub user: Option<&'a str>,
    /// Where its output goes; shown when it does not become ready.
    pub log: PathBuf,
    /// The signal that ends it quickly.
    pub end_signal: &'static str,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    end_signal: &'static str,
}

impl Server {
    /// Starts it and waits until `ready`. `Err` carries the log's end when it stopped instead, which may be due to a port that was taken.
    pub(super) fn start(launch: Launch<'_>, ready: impl Fn() -> bool) -> Result<Self, String> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", launch.end_signal]);
        if let Some(user) = launch.user {
            command.args(["--reuid", user, "--regid", user, "--init-groups"]);
        }
        let log =
            File::options().create(true).append(true).open(&launch.log).expect("the log lies in a folder of ours");
        command.arg("--").arg(launch.program).args(&launch.args).envs(launch.environment).current_dir("/");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("an open file")).stderr(log);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = spawn(command).unwrap_or_else(|e| panic!("cannot run setpriv (Debian package util-linux): {e}"));
        let mut server = Self { child, end_signal: launch.end_signal };
        let started = Instant::now();
        while !ready() {
            if let Some(status) = server.child.try_wait().expect("our child") {
                return Err(format!("{} ended ({status}): {}", launch.program.display(), tail(&launch.log)));
            }
            if started.elapsed() > READY_WITHIN {
                panic!("{} is not ready after {READY_WITHIN:?}: {}", launch.program.display(), tail(&launch.log));
            }
            std::thread::sleep(POLL);
        }
        Ok(server)
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it and only it, as a power cut would.
    pub(super) fn kill(mut self) {
        // That it ended by itself is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it ends by itself.
    pub(super) fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("our child")
    }

    /// Whether it still runs.
    pub(super) fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    fn end(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_some()) {
            return;
        }
        // Sessions of sshd leave its process group, so they are noted before their parent goes.
        let offspring = descendants(self.pid());
        signal_group(self.end_signal, self.pid());
        let asked = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if asked.elapsed() > END_WITHIN {
                signal_group("KILL", self.pid());
                let _ = self.child.wait();
                break;
            }
            std::thread::sleep(POLL);
        }
        offspring.into_iter().filter(|&(pid, started)| start_time(pid) == Some(started)).for_each(|(pid, _)| {
            signal("KILL", &pid.to_string());
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A program's path, looked for in `PATH`, the system's folders and `more`.
pub(super) fn program(name: &str, package: &str, more: &[PathBuf]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from))
        .chain(more.iter().cloned())
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| {
            panic!(
                "{name} is not installed: run tests/install, or apt-get install {package}; tests never go without it"
            )
        })
}

/// Runs a program to its end; what it says on failure is the panic's text.
pub(super) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?} failed ({}): {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A loopback port that nobody listens on, below the range from which the kernel takes ports for outgoing connections.
pub fn free_port() -> u16 {
    (0..1000)
        .map(|_| rand::random_range(12_000..32_000))
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("one of 20,000 ports is free")
}

/// Starts a server on a free port; another port is tried when somebody else took it in between.
pub(super) fn on_free_port(start: impl Fn(u16) -> Result<Server, String>) -> (u16, Server) {
    let mut why = String::new();
    for _ in 0..5 {
        let port = free_port();
        match start(port) {
            Ok(server) => return (port, server),
            Err(e) => why = e,
        }
    }
    panic!("a server did not start: {why}");
}

/// Sends a signal to one process, given as its id, or to a group, given as its negated id. That it is gone already is no error.
pub(super) fn signal(name: &str, target: &str) {
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$0\" -- \"$1\"", name, target])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

fn signal_group(name: &str, leader: u32) {
    signal(name, &format!("-{leader}"));
}

fn spawn(command: Command) -> std::io::Result<Child> {
    let (answer, reply) = channel();
    let orders = KEEPER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    orders.send((command, answer)).expect("the keeper lives as long as the process");
    drop(orders);
    reply.recv().expect("the keeper answers every order")
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// All processes below one, with the times they started at, which tell them from later ones that got the same id.
fn descendants(of: u32) -> Vec<(u32, u64)> {
    let all: Vec<_> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| stat(pid).map(|(parent, started)| (pid, parent, started)))
        .collect();
    let mut found = Vec::new();
    let mut parents = vec![of];
    while let Some(parent) = parents.pop() {
        for &(pid, _, started) in all.iter().filter(|(_, p, _)| *p == parent) {
            found.push((pid, started));
            parents.push(pid);
        }
    }
    found
}

fn start_time(pid: u32) -> Option<u64> {
    stat(pid).map(|(_, started)| started)
}

/// Parent and start time of a process. Source: proc(5), fields 4 and 22; the name in field 2 may hold spaces and parentheses.
fn stat(pid: u32) -> Option<(u32, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<_> = text.rsplit_once(") ")?.1.split(' ').collect();
    Some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
}
