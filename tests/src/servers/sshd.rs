//! A private sshd that trusts one certificate authority and refuses what a revocation list names. Called by tests. Needs root, as sshd
//! changes to the user who logs in. Only certificates get in: no passwords, no `authorized_keys`.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::folder::{Folder, own_uid};
use super::process::{Launch, Server, on_free_port, program, run};

/// sshd's own demand; Debian makes it when it starts the service, which tests do not. Source: sshd's `PRIVSEP_PATH`.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

/// A running sshd.
#[derive(Debug)]
pub struct Sshd {
    // Before the folder, so that it ends first.
    _server: Server,
    port: u16,
    folder: Folder,
}

impl Sshd {
    /// Starts one that trusts the authority's public key in `trusted_ca` and reads `revoked_keys` (a KRL or a list of public keys) at
    /// every login. Both files stay the caller's; a `revoked_keys` that cannot be read refuses everybody, as sshd has it.
    pub fn start(trusted_ca: &Path, revoked_keys: &Path) -> Self {
        assert_eq!(own_uid(), 0, "sshd needs root to log users in: run the tests as root, as .ci/run does");
        let folder = Folder::new("sshd");
        fs::create_dir_all(PRIVILEGE_SEPARATION).expect("root may");
        fs::create_dir(folder.join("principals")).expect("a folder of ours");
        let key = folder.join("host_key");
        run(Command::new(program("ssh-keygen", "openssh-client", &[]))
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "host", "-f"])
            .arg(&key));
        let (port, server) = on_free_port(|port| launch(&folder, port, trusted_ca, revoked_keys));
        let host_key = fs::read_to_string(key.with_extension("pub")).expect("ssh-keygen made it");
        fs::write(folder.join("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).expect("a folder of ours");
        Self { _server: server, port, folder }
    }

    /// The port on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets certificates with one of these principals, and no others, log in as the user. Until then nobody can.
    pub fn permit(&self, user: &str, principals: &[&str]) {
        fs::write(self.folder.join("principals").join(user), principals.join("\n") + "\n").expect("a folder of ours");
    }

    /// An `ssh` that logs in as the user with this private key and certificate and nothing else; add the command to run there.
    pub fn ssh(&self, user: &str, key: &Path, certificate: &Path) -> Command {
        let mut ssh = Command::new(program("ssh", "openssh-client", &[]));
        ssh.env_remove("SSH_AUTH_SOCK").args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"]);
        ssh.args(["-o", "StrictHostKeyChecking=yes", "-o"])
            .arg(option("UserKnownHostsFile", &self.folder.join("known_hosts")));
        ssh.arg("-o").arg(option("CertificateFile", certificate)).arg("-i").arg(key);
        ssh.args(["-p", &self.port.to_string(), &format!("{user}@127.0.0.1")]).stdin(Stdio::null());
        ssh
    }

    /// What sshd has said so far: why a login was refused.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

fn launch(folder: &Folder, port: u16, trusted_ca: &Path, revoked_keys: &Path) -> Result<Server, String> {
    let config = folder.join("sshd_config");
    let lines = [
        format!("Port {port}"),
        "ListenAddress 127.0.0.1".to_owned(),
        format!("HostKey {}", folder.join("host_key").display()),
        "PidFile none".to_owned(),
        "LogLevel VERBOSE".to_owned(),
        format!("TrustedUserCAKeys {}", trusted_ca.display()),
        format!("RevokedKeys {}", revoked_keys.display()),
        format!("AuthorizedPrincipalsFile {}/%u", folder.join("principals").display()),
        "AuthorizedKeysFile none".to_owned(),
        // The temporary folder is everybody's, which strict modes would not have.
        "StrictModes no".to_owned(),
        "AuthenticationMethods publickey".to_owned(),
        "PasswordAuthentication no".to_owned(),
        "KbdInteractiveAuthentication no".to_owned(),
        "UsePAM no".to_owned(),
        "UseDNS no".to_owned(),
        // Tells each session what it logged in with, which connectors that end sessions need.
        "ExposeAuthInfo yes".to_owned(),
        // Many logins at once are what some tests are about.
        "MaxStartups 100".to_owned(),
    ];
    fs::write(&config, lines.join("\n") + "\n").expect("a folder of ours");
    let sshd: PathBuf = program("sshd", "openssh-server", &[]);
    let args = ["-D", "-e", "-f", &config.display().to_string()].map(str::to_owned).to_vec();
    let launch = Launch {
        program: &sshd,
        args,
        environment: Vec::new(),
        user: None,
        log: folder.join("log"),
        end_signal: "TERM",
    };
    Server::start(launch, || greets(port))
}

fn greets(port: u16) -> bool {
    let mut greeting = [0; 8];
    TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1))
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.read_exact(&mut greeting)
        })
        .is_ok()
        && &greeting == b"SSH-2.0-"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::User;

    fn keygen(args: &[&str], file: &Path) {
        run(Command::new("ssh-keygen").arg("-q").args(args).arg(file));
    }

    #[test]
    fn a_certificate_gets_in_and_a_revoked_one_does_not() {
        let (folder, user) = (Folder::new("keys"), User::create());
        let [ca, key, revoked] = ["ca", "key", "revoked"].map(|name| folder.join(name));
        keygen(&["-t", "ed25519", "-N", "", "-f"], &ca);
        keygen(&["-t", "ed25519", "-N", "", "-f"], &key);
        let public = key.with_extension("pub");
        keygen(&["-s", &ca.display().to_string(), "-I", "one", "-n", "admin", "-z", "7", "-V", "-1m:+5m"], &public);
        fs::write(&revoked, "").unwrap();
        let sshd = Sshd::start(&ca.with_extension("pub"), &revoked);
        let certificate = folder.join("key-cert.pub");
        let login = || sshd.ssh(user.name(), &key, &certificate).args(["id", "-un"]).output().unwrap();
        assert!(!login().status.success(), "no principal is permitted yet");
        sshd.permit(user.name(), &["admin"]);
        let output = login();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), user.name(), "{}", sshd.log());
        fs::copy(&certificate, &revoked).unwrap();
        assert!(!login().status.success(), "revoked at once");
    }
}
