//! JSON: what every `--json` answer has in common. `docs/json.md` describes the answers, and
//! `docs/schema/json.schema.json`, which is made of these types, is their schema.
//!
//! An answer is one object, and begins with the number of its [`FORMAT`]. A key has one name and one
//! meaning in all of them; what is written somewhere is a [`RequestOrigin`], and what failed an
//! [`ErrorReport`].

use std::fmt::{self, Display, Write as _};

use serde::Serialize;
use usher_shims::error::{Error, Result};
use usher_shims::pin::{FileLocation, Origin};

use crate::store::prune::references::{Reference, ReferencePlace};

use super::report_path::ReportPath;
use super::streams::{print_exact, unwritten};
use super::visible::replace_hidden;

/// The number of the format. It changes if a key disappears, or means something else.
pub const FORMAT: u32 = 1;

/// An answer, as it is printed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Envelope<T> {
    /// The number of this format.
    #[cfg_attr(test, schemars(extend("const" = FORMAT)))]
    format: u32,
    #[serde(flatten)]
    answer: T,
}

/// The answer of a command that fails before it has a result.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErrorAnswer {
    /// What went wrong.
    pub error: ErrorReport,
}

/// An answer that is a list of versions.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Versions<'a, T> {
    /// The versions.
    pub versions: &'a [T],
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "error"))]
pub struct ErrorReport {
    /// What happened.
    pub what: String,
    /// Why, a line each.
    pub causes: Vec<String>,
    /// A command to type next.
    pub hint: Option<String>,
    /// What kind of error it is; see `docs/exit-codes.md`.
    pub code: &'static str,
    /// The exit code of a command that ends with it.
    pub exit: u8,
}

/// Where a request is written. What doesn't apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "origin"))]
pub struct RequestOrigin {
    /// What kind of place it is.
    pub kind: OriginKind,
    /// The file's absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<ReportPath>,
    /// The line in the file, counted from 1; left out where only the field is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The field of a JSON or TOML document: `engines.node`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The name that the program was called by, or that of a versioned shim: `node12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The place as people see it: `.nvmrc:1`.
    pub text: String,
}

/// The kind of place where a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OriginKind {
    /// A file of the project.
    File,
    /// A variable.
    Variable,
    /// The user's default.
    Default,
    /// The machine's default.
    Machine,
    /// The default that the administrator set for the account.
    Account,
    /// The default that the administrator set for one of the account's groups.
    Group,
    /// A first argument: `+12`.
    Argument,
    /// The name that the program was called by: `node12`.
    Name,
    /// The command line of `use`.
    CommandLine,
    /// A shim that `use shim` made.
    Shim,
    /// Another account.
    OtherAccount,
}

impl ErrorReport {
    /// The error in an answer.
    pub fn of(error: &Error) -> Self {
        Self {
            what: error.what.clone(),
            causes: error.causes.clone(),
            hint: error.hint.clone(),
            code: error.kind().code(),
            exit: error.kind().exit_code(),
        }
    }
}

impl Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl RequestOrigin {
    /// The origin in an answer.
    pub fn of(origin: &Origin) -> Self {
        let plain = |kind| Self::of_kind(kind, origin.to_string());
        let located = |kind, location: &FileLocation| Self {
            file: Some(ReportPath::new(&location.path)),
            line: (location.line > 0).then_some(location.line),
            field: location.field.map(str::to_owned),
            ..plain(kind)
        };
        match origin {
            Origin::Argument => plain(OriginKind::Argument),
            Origin::CommandLine => plain(OriginKind::CommandLine),
            Origin::Name(name) => Self { name: Some(name.clone()), ..plain(OriginKind::Name) },
            Origin::Variable(name) => {
                Self { variable: Some((*name).to_owned()), ..plain(OriginKind::Variable) }
            }
            Origin::File(location) => located(OriginKind::File, location),
            Origin::Default(location) => located(OriginKind::Default, location),
            Origin::Account(location) => located(OriginKind::Account, location),
            Origin::Group(location) => located(OriginKind::Group, location),
            Origin::Machine(location) => located(OriginKind::Machine, location),
        }
    }

    /// What requests a toolchain.
    pub fn of_reference(reference: &Reference) -> Self {
        let text = || reference.text.clone();
        match &reference.place {
            ReferencePlace::Origin(origin) => Self::of(origin),
            ReferencePlace::Shim(entry) => {
                Self { name: Some(entry.clone()), ..Self::of_kind(OriginKind::Shim, text()) }
            }
            ReferencePlace::OtherAccount => Self::of_kind(OriginKind::OtherAccount, text()),
        }
    }

    /// An origin of which no more is known than its kind.
    fn of_kind(kind: OriginKind, text: String) -> Self {
        Self { kind, file: None, line: None, field: None, variable: None, name: None, text }
    }
}

impl Display for RequestOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Prints a command's answer to `--json`: one object.
pub fn print_answer(answer: &impl Serialize) -> Result<()> {
    print_json(&Envelope { format: FORMAT, answer })
}

/// As [`print_answer`], on one line.
pub fn print_answer_line(answer: &impl Serialize) -> Result<()> {
    let envelope = Envelope { format: FORMAT, answer };
    let text = serde_json::to_string(&envelope).map_err(|error| unwritten(&error.into()))?;
    print_json_text(&text)
}

/// Prints a value as JSON, in another program's format. Hidden characters in its texts are JSON's own
/// escapes, so that it is exact and can't steer a terminal either.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritten(&error.into()))?;
    print_json_text(&text)
}

fn print_json_text(text: &str) -> Result<()> {
    let text = replace_hidden(text, &|shown, character| match character {
        '\n' => shown.push('\n'),
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                // Writing into memory never fails.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    });
    print_exact(format!("{text}\n").as_bytes())
}
