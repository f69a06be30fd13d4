//! The machine's own programs: `visudo` checks, `sudo -l` tells what is permitted, `getent` knows the accounts.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::wire::Rule;
use crate::contract::ConnectorError;

/// How often visudo must find the same fault.
const LOOKS: u32 = 3;

/// Where the programs are.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    pub(super) visudo: PathBuf,
    pub(super) sudo: PathBuf,
}

impl Tools {
    /// Checks one file's grammar; a file that sudo cannot read is our fault, and stays one.
    pub(super) async fn check_file(&self, file: &Path, within: Duration) -> Result<(), ConnectorError> {
        let output = run(&self.visudo, &["-cqf".as_ref(), file.as_os_str()], within).await?;
        refused(&output, "visudo refuses the drop-in")
    }

    /// Checks all of sudo's configuration. Looks again before it finds fault: a drop-in that another replica takes away while visudo
    /// reads the folder is none.
    pub(super) async fn check_all(&self, within: Duration) -> Result<(), ConnectorError> {
        let mut looks = 0;
        loop {
            let output = run(&self.visudo, &["-cq".as_ref()], within).await?;
            looks += 1;
            if output.status.success() || looks == LOOKS {
                return refused(&output, "visudo finds an error in this machine's sudoers; mend it and try again");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether sudo permits every command of the rule to the account, whatever rule says so. Unlimited rights are told by `visudo`: who
    /// may run that may do everything.
    pub(super) async fn permits(&self, account: &str, rule: &Rule, within: Duration) -> Result<bool, ConnectorError> {
        let everything = [self.visudo.display().to_string()];
        let commands = if rule.commands.is_empty() { &everything[..] } else { &rule.commands };
        for command in commands {
            let words = command.strip_suffix(" \"\"").unwrap_or(command).split(' ');
            let mut args = vec!["-n", "-l", "-U", account, "-u", &rule.run_as, "--"];
            args.extend(words);
            let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
            let output = run(&self.sudo, &args, within).await?;
            match (output.status.code(), is_silent(&output)) {
                (Some(0), _) => (),
                // Denied: nothing is said. Every other failure of sudo's says why, and tells nothing about the account.
                (Some(1), true) => return Ok(false),
                _ => return Err(ConnectorError::retry(format!("sudo -l for {account}: {}", said(&output)))),
            }
        }
        Ok(true)
    }
}

/// The account's user id; none when this machine knows no such account.
pub(super) async fn user_id(account: &str, within: Duration) -> Result<Option<u32>, ConnectorError> {
    let output = run(Path::new("getent"), &["passwd".as_ref(), "--".as_ref(), account.as_ref()], within).await?;
    let text = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        // Source: getent(1), exit status 2: a key was not found.
        Some(2) => Ok(None),
        Some(0) => match text.lines().next().and_then(|line| line.split(':').nth(2)?.parse().ok()) {
            Some(uid) => Ok(Some(uid)),
            None => Err(ConnectorError::retry(format!("getent passwd {account}: unreadable answer"))),
        },
        _ => Err(ConnectorError::retry(format!("getent passwd {account}: {}", said(&output)))),
    }
}

async fn run(program: &Path, args: &[&std::ffi::OsStr], within: Duration) -> Result<Output, ConnectorError> {
    let name = program.display();
    let child = Command::new(program)
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(within, child).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(ConnectorError::permanent(format!(
            "{name} is not there: install sudo, or set its path in the connector's configuration"
        ))),
        Ok(Err(error)) => Err(ConnectorError::retry(format!("{name}: {error}"))),
        Err(_) => Err(ConnectorError::retry(format!("{name}: no answer in time"))),
    }
}

fn refused(output: &Output, what: &str) -> Result<(), ConnectorError> {
    if output.status.success() { Ok(()) } else { Err(ConnectorError::permanent(format!("{what}: {}", said(output)))) }
}

/// Whether sudo complains of nothing. That this machine's own name cannot be resolved is a warning that it gives before any answer.
fn is_silent(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stderr).lines().all(|line| line.starts_with("sudo: unable to resolve host "))
}

/// The first words of a program's complaint.
fn said(output: &Output) -> String {
    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text: String =
        String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    if text.is_empty() { output.status.to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use rstest::rstest;

    use super::*;

    /// As sudo 1.9.13 on Debian 12 says it.
    #[rstest]
    #[case::denied("", true)]
    #[case::denied_by_a_machine_without_a_name("sudo: unable to resolve host db7: Name or service not known\n", true)]
    #[case::no_such_user("sudo: unknown user nobody7\n", false)]
    #[case::both("sudo: unable to resolve host db7: Name or service not known\nsudo: unknown user nobody7\n", false)]
    #[case::broken("/etc/sudoers.d/x:1:6: syntax error\n", false)]
    fn only_the_machine_s_own_name_is_no_complaint(#[case] stderr: &str, #[case] silent: bool) {
        let output =
            Output { status: std::process::ExitStatus::from_raw(256), stdout: Vec::new(), stderr: stderr.into() };
        assert_eq!(is_silent(&output), silent);
    }
}
