//! Certificates for servers of the tests. Called by tests.

use std::fs;
use std::process::Command;

use super::folder::{Folder, own_uid};
use super::process::run;

/// Makes an authority (`ca.pem`) and a certificate of its making for 127.0.0.1 (`its-server.pem`, `its-server.key`) in the folder,
/// where PostgreSQL can read them.
pub fn certificates(folder: &Folder) {
    let openssl = |args: &str| run(Command::new("openssl").args(args.split(' ')).current_dir(folder.path()));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc";
    fs::write(folder.join("san"), "subjectAltName=IP:127.0.0.1").expect("a folder of ours");
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=server"));
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -out server.pem -days 2 -extfile san");
    // PostgreSQL runs as a user of its own where the tests run as root, and demands that nobody else may read its key.
    for (name, mode) in [("server.key", "600"), ("server.pem", "644")] {
        let mut install = Command::new("install");
        if own_uid() == 0 {
            install.args(["-o", "postgres"]);
        }
        run(install.args(["-m", mode, name, &format!("its-{name}")]).current_dir(folder.path()));
    }
}
