//! Files that are there whole or not at all, also after a power cut. Blocking: callers are on a thread that may block.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file on its way: written and safe on disk, beside the place where it belongs, and under a name that nobody reads. Dropped
/// without being put there, it is removed.
pub(crate) struct Fresh {
    file: NamedTempFile,
}

impl Fresh {
    /// Writes it beside `place`. The name begins with a dot and holds another one: sudo does not read such files.
    pub(crate) fn beside(place: &Path, bytes: &[u8], mode: u32) -> io::Result<Self> {
        let folder = place.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let mut file = tempfile::Builder::new().prefix(&prefix(place)).suffix(".new").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
        file.as_file().sync_all()?;
        Ok(Self { file })
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Puts it into its place, over what is there.
    pub(crate) fn put(self, place: &Path) -> io::Result<()> {
        self.file.persist(place)?;
        sync_folder(place)
    }
}

/// Writes the file whole or not at all.
pub(crate) fn write(place: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    Fresh::beside(place, bytes, mode)?.put(place)
}

/// Removes the file, and what a crash left on its way to it; that none is there is no error.
pub(crate) fn remove(place: &Path) -> io::Result<()> {
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    let prefix = prefix(place);
    for entry in std::fs::read_dir(place.parent().ok_or(io::ErrorKind::InvalidInput)?)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".new")) {
            std::fs::remove_file(entry.path())?;
        }
    }
    sync_folder(place)
}

/// The bytes, or none when there is no such file.
pub(crate) fn read(place: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(place) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn prefix(place: &Path) -> String {
    format!(".{}.", place.file_name().unwrap_or_default().to_string_lossy())
}

fn sync_folder(place: &Path) -> io::Result<()> {
    File::open(place.parent().ok_or(io::ErrorKind::InvalidInput)?)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_whole_and_go_with_their_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("jit-1");
        write(&place, b"one", 0o440).unwrap();
        write(&place, b"two", 0o440).unwrap();
        assert_eq!(read(&place).unwrap().unwrap(), b"two");
        assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o440);
        std::mem::forget(Fresh::beside(&place, b"left by a crash", 0o440).unwrap());
        std::fs::write(folder.path().join("jit-2"), "another's").unwrap();
        remove(&place).unwrap();
        remove(&place).unwrap();
        assert_eq!(read(&place).unwrap(), None);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["jit-2"]);
    }
}
