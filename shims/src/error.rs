//! Errors for people: what happened, the cause, what to type next.
//!
//! An [`Error`] is printed in the end. What the program does about it before follows from its
//! [`ErrorKind`] alone, and so does the exit code. It knows nothing of how it is printed.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

/// Makes the enum, its codes and its exit codes out of one table of
/// `/// meaning`, `Kind = "code", exit code;`.
macro_rules! kinds {
    ($($(#[doc = $meaning:literal])+ $kind:ident = $code:literal, $exit:literal;)+) => {
        /// The kind of an error, for the program and for readers of `--json`. `docs/exit-codes.md`
        /// has a row for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorKind {
            $($(#[doc = $meaning])+ $kind,)+
        }

        impl ErrorKind {
            /// All kinds, in the order of their exit codes.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The kind's name in `--json`, which never changes.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)+
                }
            }

            /// The exit code of `use`, after `sysexits.h` and POSIX's 126 and 127.
            pub const fn exit_code(self) -> u8 {
                match self {
                    $(Self::$kind => $exit,)+
                }
            }

            /// Its meaning.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($($meaning),+).trim_ascii(),)+
                }
            }
        }
    };
}

kinds! {
    /// The command line is invalid.
    Usage = "usage", 2;
    /// No tool has this name.
    UnknownTool = "unknown-tool", 2;
    /// A file (a version file, a definition, a receipt) is invalid.
    BadFile = "bad-file", 65;
    /// A setting or a variable is unknown or invalid.
    BadSetting = "bad-setting", 65;
    /// A value can't be written in this file.
    BadValue = "bad-value", 65;
    /// An archive is damaged or has refused content.
    BadArchive = "bad-archive", 65;
    /// A program that usher ran failed.
    ProgramFailed = "program-failed", 65;
    /// A check found something wrong.
    FaultsFound = "faults-found", 65;
    /// A server or the network failed.
    Network = "network", 69;
    /// The network is needed, and usher is offline.
    Offline = "offline", 69;
    /// No registry's address is configured.
    NoRegistry = "no-registry", 69;
    /// The machine's policy doesn't allow this source.
    ForbiddenSource = "forbidden-source", 69;
    /// No release is built for this platform.
    UnsupportedPlatform = "unsupported-platform", 69;
    /// A file can't be created: a read-only disk, an existing name.
    CannotCreate = "cannot-create", 73;
    /// The user has no home folder.
    NoHome = "no-home", 73;
    /// Reading or writing failed.
    Io = "io", 74;
    /// The disk is full.
    DiskFull = "disk-full", 74;
    /// Another process changed a file in the meantime.
    Changed = "changed", 74;
    /// Another process held a lock for longer than `lock_timeout`.
    LockTimeout = "lock-timeout", 75;
    /// A download doesn't match its published hash or size.
    Integrity = "integrity", 76;
    /// The machine's policy forbids it.
    Forbidden = "forbidden", 77;
    /// Permission denied.
    Permission = "permission", 77;
    /// A program exists but can't be run, or the call was refused.
    NotRunnable = "not-runnable", 126;
    /// The program was not found.
    NotFound = "not-found", 127;
    /// No release matches a request.
    NoMatchingVersion = "no-matching-version", 127;
    /// A version is not installed.
    NotInstalled = "not-installed", 127;
}

impl ErrorKind {
    /// The exit code of a shim: a shell's for a command that it can't find, or can't run.
    pub const fn shim_exit_code(self) -> u8 {
        if self.is_absence() || self.is_unavailability() { 127 } else { 126 }
    }

    /// Whether a requested program or version doesn't exist, according to every source.
    pub const fn is_absence(self) -> bool {
        matches!(self, Self::NotFound | Self::NoMatchingVersion | Self::NotInstalled)
    }

    /// Whether a source is unavailable, and another one may have the release.
    pub const fn is_unavailability(self) -> bool {
        matches!(
            self,
            Self::Network
                | Self::Offline
                | Self::NoRegistry
                | Self::ForbiddenSource
                | Self::UnsupportedPlatform
        )
    }

    /// Whether the command line is the problem.
    pub const fn is_usage(self) -> bool {
        matches!(self, Self::Usage | Self::UnknownTool)
    }

    /// The kind of a failed read or write.
    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Permission,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::AlreadyExists => Self::CannotCreate,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::BadFile,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io,
        }
    }
}

/// An error for a person: lower case, what happened, the cause, what to type next.
///
/// Its `Display` is the message without usher's name in front:
///
/// ```text
/// no node release matches 12.99 (requested by /srv/kresus/.nvmrc:1)
///   nearest: 12.22.12, 13.0.0
///   hint: use node@12
/// ```
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Arc<io::Error>>,
    /// What happened, and to what.
    pub what: String,
    /// Why, a line each.
    pub causes: Vec<String>,
    /// What to type next.
    pub hint: Option<String>,
}

/// The result of nearly every function here.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that states what happened to what.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, source: None, what: what.into(), causes: Vec::new(), hint: None }
    }

    /// A failed read or write of `path`; the kind follows from the failure's.
    pub fn io(verb: &str, path: &Path, error: io::Error) -> Self {
        // Without a temporary file's name, which helps no one.
        let cause = error.to_string();
        let cause = cause.split(" at path \"").next().unwrap_or_default().to_owned();
        let what = format!("can't {verb} {}", Shown(path));
        let kind = ErrorKind::of_io(&error);
        Self { source: Some(Arc::new(error)), ..Self::new(kind, what) }.because(cause)
    }

    /// Adds a cause, on a line of its own.
    // Errors are rare and this has many callers: inlined, it makes the shim a page larger.
    #[must_use]
    #[inline(never)]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Replaces the description of what happened.
    #[must_use]
    pub fn renamed(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    /// Adds what to type next.
    // Not inlined, as `because`.
    #[must_use]
    #[inline(never)]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What happened and why, in one line, without what to type next.
    pub fn line(&self) -> String {
        let mut line = self.what.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        line
    }

    /// Why it happened, outermost first; empty if that says it all.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// Errors are equal if they have the same kind and text.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.what, &self.causes, &self.hint)
            == (other.kind, &other.what, &other.causes, &other.hint)
    }
}

impl Eq for Error {}

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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Text from a file, a server or a command line, printed so that it can't steer a terminal or look
/// like other text: what [`is_hidden`] appears as an escape, and what is overlong is cut.
pub struct Escaped<'a>(
    /// The text as it came.
    pub &'a str,
);

/// A path in a message, escaped like any other text from outside, its bytes that aren't UTF-8 as
/// `\xff`; whole, since the system limits how long it can be.
pub struct Shown<'a>(
    /// The path as it came.
    pub &'a Path,
);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never cut: a hint with half a path isn't a command.
        for chunk in self.0.as_os_str().as_bytes().utf8_chunks() {
            chunk.valid().chars().try_for_each(|character| escape(character, f))?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

/// The most characters of a text from outside that a message repeats.
const MAX_LENGTH: usize = 200;

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, character) in self.0.chars().enumerate() {
            if count == MAX_LENGTH {
                return f.write_str("…");
            }
            escape(character, f)?;
        }
        Ok(())
    }
}

fn escape(character: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match is_hidden(character) {
        true => write!(f, "{}", character.escape_default()),
        false => fmt::Write::write_char(f, character),
    }
}

/// Whether a character has an effect in place of a shape: Unicode's general categories Cc (controls),
/// Cf (formats: the order of writing, invisible marks, tags), Zl and Zp (line ends).
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_cause_lines_and_hint() {
        let error = Error::new(ErrorKind::NoMatchingVersion, "no node release matches 12.99")
            .because("nearest: 12.22.12, 13.0.0")
            .hint("use node@12");
        assert_eq!(
            error.to_string(),
            "no node release matches 12.99\n  nearest: 12.22.12, 13.0.0\n  hint: use node@12"
        );
    }

    #[test]
    fn an_io_error_keeps_its_source() {
        use std::error::Error as _;
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        let error = Error::io("write", Path::new("/x\u{1b}"), full);
        assert_eq!(error.kind(), ErrorKind::DiskFull);
        assert_eq!(error.what, "can't write /x\\u{1b}");
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.and_then(io::Error::raw_os_error), Some(libc::ENOSPC));
    }

    #[test]
    fn every_error_kind_has_a_unique_code() {
        let mut codes: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn untrusted_text_is_escaped_and_truncated() {
        assert_eq!(Escaped("a\u{1b}[31mb\u{202e}").to_string(), "a\\u{1b}[31mb\\u{202e}");
        assert_eq!(
            Escaped("a\u{ad}\u{2028}\u{9b}\u{e0041}é\t").to_string(),
            "a\\u{ad}\\u{2028}\\u{9b}\\u{e0041}é\\t"
        );
        assert_eq!(Escaped(&"9".repeat(1_000_000)).to_string().chars().count(), 201);
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/a\xff\xc3(\xe2\x80\xae"));
        assert_eq!(Shown(path).to_string(), "/a\\xff\\xc3(\\u{202e}");
    }
}
