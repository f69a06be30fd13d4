//! The folders that servers live in, one each, below one root: `$JIT_TESTS_DIR`, or `jit-tests-<uid>` in the system's temporary folder.
//! Used by the servers of this module. A folder carries the id of the process that made it, so that the next process can clear away
//! what a killed one left.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

static COUNTER: AtomicU32 = AtomicU32::new(0);
static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = std::env::var_os("JIT_TESTS_DIR")
        .map_or_else(|| std::env::temp_dir().join(format!("jit-tests-{}", own_uid())), PathBuf::from);
    prepare(&root);
    sweep(&root);
    root
});

/// A folder of this process, removed with everything in it when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new, empty folder that others may pass through but not list.
    pub fn new(purpose: &str) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = ROOT.join(format!("{}-{number}-{purpose}", std::process::id()));
        make(&path);
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of something in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Already gone is as good as removed now; what stays behind is swept by the next process.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The root that all processes of one user share.
pub(super) fn root() -> &'static Path {
    &ROOT
}

/// The user this process runs as.
pub(super) fn own_uid() -> u32 {
    fs::metadata("/proc/self").expect("Linux has /proc").uid()
}

/// Whether a process with this id is alive.
pub(super) fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn make(path: &Path) {
    fs::DirBuilder::new()
        .mode(0o711)
        .create(path)
        .unwrap_or_else(|e| panic!("cannot make the folder {}: {e}", path.display()));
}

fn prepare(root: &Path) {
    if !root.exists() {
        // Another test process may make it in this very moment.
        let _ = fs::DirBuilder::new().mode(0o711).recursive(true).create(root);
    }
    let meta = fs::symlink_metadata(root).unwrap_or_else(|e| panic!("cannot make the folder {}: {e}", root.display()));
    assert!(meta.is_dir() && meta.uid() == own_uid(), "{} is not a folder of ours: remove it", root.display());
    fs::set_permissions(root, fs::Permissions::from_mode(0o711)).expect("a folder of ours");
}

fn sweep(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|n| n.split_once('-')).and_then(|(pid, _)| pid.parse::<u32>().ok());
        if maker.is_some_and(|pid| !is_alive(pid)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_gone_when_dropped() {
        let folder = Folder::new("drop");
        fs::write(folder.join("file"), "x").unwrap();
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_process_left_is_swept_and_the_living_are_left_alone() {
        let root = Folder::new("sweep");
        // Process ids end at 2^22, so nobody has this one.
        let (dead, living) = (root.join("99999999-0-x"), root.join(format!("{}-0-x", std::process::id())));
        make(&dead);
        make(&living);
        sweep(root.path());
        assert!(!dead.exists());
        assert!(living.exists());
    }
}
