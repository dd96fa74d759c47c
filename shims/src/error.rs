//! What a person reads when something went wrong: what happened, the cause, what to type next.
//!
//! Values that the program itself handles are outcomes elsewhere; an [`Error`] only ever ends in
//! front of a reader. It knows its exit code, and nothing of how or where it is printed.

use std::fmt;

/// The exit codes of usher, one meaning each; after `sysexits.h` and POSIX's 126 and 127.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command line makes no sense.
    Usage = 2,
    /// A file (a version file, a definition, an archive) holds what can't be accepted.
    Data = 65,
    /// A server or the network failed.
    Network = 69,
    /// Something can't be created.
    CannotCreate = 73,
    /// Reading or writing failed (disk full and the like).
    Io = 74,
    /// Somebody else holds a lock for too long.
    Locked = 75,
    /// What was downloaded isn't what was published.
    Integrity = 76,
    /// Not permitted.
    Permission = 77,
    /// The program is there but was refused or can't be run.
    NotRunnable = 126,
    /// No such version or program is to be had.
    NotFound = 127,
}

/// An error for a person: lower case, what happened, the cause, what to type next.
///
/// Its `Display` is the message without usher's name in front:
///
/// ```text
/// node 12.99 was asked for by .nvmrc, line 1 (/srv/kresus/.nvmrc), but no such release exists
///   the nearest are 12.22.12 and 13.0.0
///   hint: use node@12
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What happened, and to what.
    pub what: String,
    /// Why, a line each.
    pub causes: Vec<String>,
    /// What to type next.
    pub hint: Option<String>,
    /// How the process ends.
    pub exit: Exit,
}

/// What nearly everything here returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that says what happened to what.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), causes: Vec::new(), hint: None, exit }
    }

    /// A failed read or write of `path`; the exit code follows from the kind of failure.
    pub fn io(verb: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let exit = match error.kind() {
            ErrorKind::PermissionDenied => Exit::Permission,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::AlreadyExists => Exit::CannotCreate,
            ErrorKind::InvalidData | ErrorKind::InvalidInput => Exit::Data,
            _ => Exit::Io,
        };
        // A temporary file's own name, which says nothing to anybody.
        let cause = error.to_string();
        let cause = cause.split(" at path \"").next().unwrap_or_default();
        Self::new(exit, format!("can't {verb} {}", Escaped(&path.to_string_lossy()))).because(cause)
    }

    /// Adds a cause, on a line of its own.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Says what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for cause in &self.causes {
            write!(f, "\n  {cause}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Text from a file, a server or a command line, printed so that it can't steer a terminal:
/// control and bidirectional characters appear as escapes, and what is overlong is cut.
pub struct Escaped<'a>(
    /// The text as it came.
    pub &'a str,
);

/// The most characters of somebody else's text that a message repeats.
const LONGEST: usize = 200;

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, character) in self.0.chars().enumerate() {
            if count == LONGEST {
                return f.write_str("…");
            }
            match character {
                '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    write!(f, "{}", character.escape_unicode())?;
                }
                _ if character.is_control() => write!(f, "{}", character.escape_default())?,
                _ => fmt::Write::write_char(f, character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_from_what_to_hint() {
        let error = Error::new(Exit::NotFound, "node 12.99 is not to be had")
            .because("the nearest are 12.22.12 and 13.0.0")
            .hint("use node@12");
        assert_eq!(
            error.to_string(),
            "node 12.99 is not to be had\n  the nearest are 12.22.12 and 13.0.0\n  hint: use node@12"
        );
    }

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        assert_eq!(Escaped("a\u{1b}[31mb\u{202e}").to_string(), "a\\u{1b}[31mb\\u{202e}");
        assert_eq!(Escaped(&"9".repeat(1_000_000)).to_string().chars().count(), 201);
    }
}
