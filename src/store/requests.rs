//! The spool of requests: accounts that may not download leave the name of a version there, and
//! `use sync` installs it in the machine's store.
//!
//! ```text
//! account: node 12.22.12 is missing ─▶ new/node@12.22.12@1001 ─▶ waits until that is gone
//! machine: use sync ─▶ installs it ─▶ answers/node@12.22.12@1001 ─▶ deletes the request
//! ```
//!
//! All that a request says is in its file's name, which is parsed strictly; the machine never opens the
//! file, follows no link, and takes the account from the file's owner. Creating a name is one step, so
//! that there is no half a request.
//!
//! | what | file |
//! |---|---|
//! | an account leaves a request, and waits | [`leave`] |
//! | the machine takes requests, and answers them | [`take`] |
//! | what was installed for whom | [`served`] |

pub mod leave;
pub mod served;
pub mod take;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use usher_shims::error::{Error, ErrorKind};
use usher_shims::name::Name;
use usher_shims::version::Version;

/// Between the parts of a request's name. No tool and no version has one.
const SEPARATOR: char = '@';

/// How many names an account tries for one request: others may have taken some.
const MAX_TRIES: u8 = 9;

/// The spool in the machine's data folder.
#[derive(Debug, Clone)]
pub struct RequestSpool {
    folder: PathBuf,
}

/// A request: a tool and a version, and the account that left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRequest {
    /// The tool's name, which may be unknown.
    pub tool: Name,
    /// The version.
    pub version: Version,
    /// The number of the account.
    pub account: u32,
    /// Which of its names it is: another account may have taken the first.
    attempt: u8,
}

/// What became of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Why it was refused, or couldn't be served; `None` if the version is installed.
    pub error: Option<AnswerError>,
}

/// An error, as the account that left a request gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnswerError {
    code: String,
    what: String,
    causes: Vec<String>,
    hint: Option<String>,
}

impl RequestSpool {
    /// The spool of the machine with this data folder.
    pub fn of(machine: &Path) -> Self {
        Self { folder: machine.join("requests") }
    }

    /// The folder in which accounts leave requests.
    pub fn new_requests(&self) -> PathBuf {
        self.folder.join("new")
    }

    /// The folder with the machine's answers.
    fn answers(&self) -> PathBuf {
        self.folder.join("answers")
    }
}

impl VersionRequest {
    /// The name of its file: `node@12.22.12@1001`.
    fn file_name(&self) -> String {
        let Self { tool, version, account, attempt } = self;
        let name = format!("{tool}{SEPARATOR}{version}{SEPARATOR}{account}");
        match attempt {
            0 => name,
            attempt => format!("{name}{SEPARATOR}{attempt}"),
        }
    }

    /// Parses a file's name; `None` if it isn't exactly one that [`file_name`](Self::file_name) makes.
    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split(SEPARATOR);
        let tool = Name::parse(parts.next()?)?;
        let version = Version::parse(parts.next()?)?;
        let account = parts.next()?.parse().ok()?;
        let attempt = parts.next().map_or(Some(0), |text| text.parse().ok())?;
        let request = Self { tool, version, account, attempt };
        (attempt <= MAX_TRIES && request.file_name() == name).then_some(request)
    }
}

impl Answer {
    /// The version is installed.
    pub fn served() -> Self {
        Self { error: None }
    }

    /// The version isn't installed, for this reason.
    pub fn refused(error: &Error) -> Self {
        Self {
            error: Some(AnswerError {
                code: error.kind().code().to_owned(),
                what: error.what.clone(),
                causes: error.causes.clone(),
                hint: None,
            }),
        }
    }
}

impl AnswerError {
    /// The error for the account: what it says was escaped where it was put together.
    fn into_error(self) -> Error {
        let mut kinds = ErrorKind::ALL.iter().copied();
        let kind = kinds.find(|kind| kind.code() == self.code);
        // The machine has tried all sources: this account's would not be tried in their place.
        let kind = kind.filter(|kind| !kind.is_unavailability());
        let error = Error::new(kind.unwrap_or(ErrorKind::NotInstalled), self.what);
        let error = self.causes.into_iter().fold(error, Error::because);
        error.because("the machine was asked to install it (fetch = \"requests\")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attempt: u8) -> VersionRequest {
        VersionRequest {
            tool: Name::parse("java").unwrap(),
            version: Version::parse("temurin-17.0.15+6").unwrap(),
            account: 1001,
            attempt,
        }
    }

    #[test]
    fn a_request_is_a_files_name() {
        for (attempt, name) in
            [(0, "java@temurin-17.0.15+6@1001"), (3, "java@temurin-17.0.15+6@1001@3")]
        {
            assert_eq!(request(attempt).file_name(), name);
            assert_eq!(VersionRequest::parse(name), Some(request(attempt)));
        }
    }

    #[test]
    fn any_other_name_is_no_request() {
        for name in [
            "",
            "node",
            "node@12.0.0",
            "node@12.0.0@",
            "node@12.0.0@-1",
            "node@12.0.0@+1",
            "node@12.0.0@01",
            "node@12.0.0@1@0",
            "node@12.0.0@1@99",
            "node@12.0.0@1@1@1",
            "node@12.0.0@4294967296",
            "node@v12.0.0@1",
            "node@lts@1",
            "node@../x@1",
            "..@12.0.0@1",
            "no de@12.0.0@1",
            "node@12.0.0 @1",
            "node@12.0.0@1\n",
            ".node@12.0.0@1",
        ] {
            assert_eq!(VersionRequest::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn an_answer_is_read_back_with_its_kind() {
        let refusal = Error::new(ErrorKind::Forbidden, "node 17.0.0 is not allowed")
            .because("policy.toml:1")
            .hint("use list node");
        let text = serde_json::to_string(&Answer::refused(&refusal)).unwrap();
        let answer: Answer = serde_json::from_str(&text).unwrap();
        let error = answer.error.unwrap().into_error();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert_eq!(error.what, "node 17.0.0 is not allowed");
        assert_eq!(error.causes[0], "policy.toml:1");
        let served = serde_json::to_string(&Answer::served()).unwrap();
        assert!(serde_json::from_str::<Answer>(&served).unwrap().error.is_none());
    }
}
