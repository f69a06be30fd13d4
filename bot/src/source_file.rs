//! A file that stands in place of a provider: of rotations, or of tickets. Read anew at every look, and once by whoever puts a policy in
//! force, who also sees to it that the people it names exist.

use std::path::{Path, PathBuf};

use jit_core::directory::Directory;
use jit_core::document::{Problem, Severity};
use jit_core::id::PersonId;
use jit_core::nearest::nearest;
use serde::de::DeserializeOwned;

use crate::lookup::LookupError;

/// The longest file that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a file cannot be used: where, and a clause.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    /// The clause.
    pub what: String,
}

impl Wrong {
    /// As a failed look.
    pub fn at(self, path: &Path) -> LookupError {
        LookupError::new("failed", format!("{}:{}: {}", path.display(), self.line, self.what))
    }
}

/// What a file says.
pub(crate) trait SourceFile: Sized + Send + 'static {
    /// What it holds, in the plural.
    const WHAT: &'static str;

    /// Reads its text.
    fn parse(text: &str) -> Result<Self, Wrong>;

    /// Everybody who is named, and in which line.
    fn people(&self) -> impl Iterator<Item = (usize, &PersonId)>;

    /// Reads a file.
    fn read(path: &Path) -> Result<Self, Wrong> {
        let whole = |what: String| Wrong { line: 0, what };
        let cannot = |error: std::io::Error| whole(format!("the {} cannot be read: {error}", Self::WHAT));
        if std::fs::metadata(path).map_err(cannot)?.len() > MAX_BYTES {
            return Err(whole(format!("the {} are larger than {MAX_BYTES} bytes", Self::WHAT)));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(cannot)?)
    }
}

/// Reads TOML.
pub(crate) fn toml<T: DeserializeOwned>(text: &str) -> Result<T, Wrong> {
    toml::from_str(text).map_err(|error| Wrong {
        line: error.span().map_or(0, |span| line_of(text, span.start)),
        what: error.message().replace('\n', " "),
    })
}

/// In which line a byte is, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// What is seen in a file, read where it may take its time.
pub(crate) async fn look<F: SourceFile, T: Send + 'static>(
    path: PathBuf,
    look: impl FnOnce(&Path, &F) -> Result<T, LookupError> + Send + 'static,
) -> Result<T, LookupError> {
    let looking = tokio::task::spawn_blocking(move || {
        let file = F::read(&path).map_err(|wrong| wrong.at(&path))?;
        look(&path, &file)
    });
    looking.await.unwrap_or_else(|error| Err(LookupError::new("failed", format!("could not be read: {error}"))))
}

/// Reads a file, with everything that is wrong in it and people who do not exist.
pub(crate) fn checked<F: SourceFile>(path: &Path, directory: &Directory) -> (Option<F>, Vec<Problem>) {
    let file = path.display().to_string();
    let problem = |line, what, hint| Problem {
        file: file.clone(),
        line,
        column: usize::from(line > 0),
        what,
        hint,
        severity: Severity::Error,
    };
    match F::read(path) {
        Ok(read) => {
            let strangers = read.people().filter(|(_, id)| directory.person(id).is_none());
            let problems = strangers.map(|(line, id)| {
                let near = nearest(id.as_str(), directory.people().map(|person| person.id.as_str()));
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                problem(line, format!("there is no person `{id}`"), hint)
            });
            let problems = problems.collect();
            (Some(read), problems)
        }
        Err(Wrong { line, what }) => (None, vec![problem(line, what, None)]),
    }
}
