//! Runs the built `jit` and keeps what it said.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::PATIENCE;

/// What a command said, and its exit code.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Asserts the exit code, and that stderr holds each of these.
    #[track_caller]
    pub fn is(&self, code: i32, err: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for words in err {
            assert!(self.err.contains(words), "no {words:?} in {self:#?}");
        }
        self
    }

    /// What stdout holds, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The binary, ready for arguments; ended with the test, and without what the machine's environment may say to it.
pub fn command() -> Command {
    let built = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("jit");
    let program = std::env::var_os("JIT_BIN").map_or(built, PathBuf::from);
    assert!(
        program.is_file(),
        "{} is not built: run tests/run, or cargo build --workspace --bins first",
        program.display()
    );
    let mut command = Command::new(program);
    for name in ["JIT_CONFIG", "JIT_LOG", "SUDO_USER", "USER", "LOGNAME"] {
        command.env_remove(name);
    }
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub async fn jit(arguments: &[&str]) -> Said {
    told(arguments, "").await
}

/// The same with something on its stdin.
pub async fn told(arguments: &[&str], input: &str) -> Said {
    let mut command = command();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // That it does not read what it was told is its own affair.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("jit {arguments:?} does not end")).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
