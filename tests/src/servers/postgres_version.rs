//! Which PostgreSQL: Debian's, and a newer one that `tests/install` keeps in the cache. Used by `postgres.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::folder::{Folder, own_uid, root};
use super::process::{program, run};

/// The versions that customers' differences are tested with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The system's own, 15 with Debian 12.
    Debian,
    /// One after 16, since when each grantor's grant of a role stands for itself.
    Newer,
}

impl Version {
    /// The path of one of its programs.
    pub(super) fn program(self, name: &str) -> PathBuf {
        match self {
            Self::Debian => debian(name),
            Self::Newer => {
                static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
                PROGRAMS.get_or_init(within_reach).join("bin").join(name)
            }
        }
    }

    /// A word for folders.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Debian => "postgres",
            Self::Newer => "postgres-newer",
        }
    }
}

/// Debian keeps the server's programs out of `PATH`, one folder per version; the newest is taken.
fn debian(name: &str) -> PathBuf {
    let mut folders = versions(Path::new("/usr/lib/postgresql"));
    folders.iter_mut().for_each(|folder| folder.push("bin"));
    program(name, "postgresql", &folders)
}

/// Folders named after versions, the newest first.
fn versions(below: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(below)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(|c: char| c.is_ascii_digit()))
        .map(|entry| entry.path())
        .collect();
    found.sort_by_cached_key(|folder| std::cmp::Reverse(numbers(folder)));
    found
}

/// `[18, 4, 0, 17]` of `…/18.4.0-beta.17`.
fn numbers(folder: &Path) -> Vec<u32> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// The newer one's folder, where the server's user can reach it: a home folder is closed to others, so root's tests make a copy below
/// their root.
fn within_reach() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap_or_default();
    let below = cache.join("jit/postgres");
    let kept = versions(&below).into_iter().next().unwrap_or_else(|| {
        panic!("no newer PostgreSQL below {}: run tests/install; tests never go without it", below.display())
    });
    if own_uid() != 0 {
        return kept;
    }
    let copy = root().join(kept.file_name().expect("a version"));
    if !copy.exists() {
        let fresh = Folder::new("newer");
        run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(&kept).arg(fresh.join("copy")));
        // Two processes may come here at once: the first wins, and the loser's goes with its folder.
        if let Err(e) = fs::rename(fresh.join("copy"), &copy) {
            assert!(copy.exists(), "cannot keep a copy of {}: {e}", kept.display());
        }
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let sorted = ["9.6.0", "18.4.0-beta.16", "18.4.0-beta.17", "18.10.0"].map(|v| numbers(Path::new(v)));
        assert!(sorted.is_sorted(), "{sorted:?}");
    }
}
