//! The machine's policy: what the administrator decided, and no account can override.
//!
//! Both halves read the file. A shim needs to know which versions may run; `use` reads the rest of it
//! and checks the whole (`src/config/policy.rs`). The operating system's own programs aren't
//! concerned: the administrator installed them, and they run without usher too.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Escaped, Result, Shown};
use crate::folders::Folders;
use crate::read::{RawRequest, ReadError, read_toml};
use crate::tool::VersionField;
use crate::world::{World, read_optional};

/// The key of the tools that are allowed.
pub const ALLOW: &str = "allow";
/// The key of the tools that are denied.
pub const DENY: &str = "deny";
/// The key of the one to ask.
pub const CONTACT: &str = "contact";

static FIELDS: [VersionField; 3] =
    [VersionField::pinning(ALLOW), VersionField::pinning(DENY), VersionField::pinning(CONTACT)];

/// Which versions may run and be installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The only tools that are allowed; `None` if all are.
    pub allow: Option<PolicyList>,
    /// Tools that are denied, even if they are allowed.
    pub deny: PolicyList,
    /// Who can be asked about it.
    pub contact: Option<String>,
}

/// A list of tools, each with a request or without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyList {
    /// The line of its first entry, counted from 1.
    pub line: u32,
    /// The entries as written: `node@>=12`, `python`.
    pub entries: Vec<String>,
}

/// The policy's file: `/etc/usher/policy.toml`.
pub fn policy_file() -> PathBuf {
    Folders::machine().config.join("policy.toml")
}

/// Splits an entry into the tool and its request.
pub fn split_entry(entry: &str) -> (&str, Option<&str>) {
    entry.split_once('@').map_or((entry, None), |(tool, request)| (tool, Some(request)))
}

impl Policy {
    /// Reads the policy's file; without one, everything is allowed.
    pub fn load(world: &impl World) -> Result<Self> {
        let path = policy_file();
        let file = read_optional(world, &path).map_err(|error| Error::io("read", &path, error))?;
        let Some(file) = file else { return Ok(Self::default()) };
        Self::parse(&file.bytes).map_err(|reason| invalid_policy(&path, &reason))
    }

    /// Reads the text of the file; the error is a short reason.
    pub fn parse(text: &[u8]) -> std::result::Result<Self, ReadError> {
        let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8 text")?;
        let mut policy = Self::default();
        for RawRequest { texts, line, field } in read_toml(text, &FIELDS)? {
            let list = PolicyList { line, entries: texts };
            match field.map(|field| field.path) {
                Some(ALLOW) => policy.allow = Some(list),
                Some(DENY) => policy.deny = list,
                _ => policy.contact = list.entries.into_iter().next(),
            }
        }
        // The reader passes over an empty list, and that must not allow everything.
        if policy
            .allow
            .as_ref()
            .map_or_else(|| has_key(text, ALLOW), |list| list.entries.is_empty())
        {
            return Err(format!("`{ALLOW}` is not a list of tools: [\"node@>=12\"]"));
        }
        Ok(policy)
    }

    /// Adds to an error who can be asked about it.
    pub fn with_contact(&self, error: Error) -> Error {
        match &self.contact {
            Some(contact) => error.because(format!("questions: {}", Escaped(contact))),
            None => error,
        }
    }
}

/// Whether a line sets this key.
fn has_key(text: &str, key: &str) -> bool {
    let mut lines = text.lines().map(str::trim_start);
    lines.any(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))
}

/// The error for a policy that can't be used: nothing is allowed then.
#[cold]
pub fn invalid_policy(path: &Path, reason: &str) -> Error {
    let what = format!("invalid policy {}", Shown(path));
    let error = Error::new(ErrorKind::BadFile, what).because(reason);
    // Another file is only checked.
    match path.as_os_str() == policy_file().as_os_str() {
        true => error.because("nothing runs or is installed until it is corrected"),
        false => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_from_its_file() {
        let text = b"# ours\nallow = ['node@>=12', 'python']\ncontact = 'help@host.example'\n";
        let policy = Policy::parse(text).unwrap();
        let entries = ["node@>=12", "python"].map(str::to_owned).to_vec();
        assert_eq!(policy.allow, Some(PolicyList { line: 2, entries }));
        assert_eq!(policy.deny, PolicyList::default());
        assert_eq!(policy.contact.as_deref(), Some("help@host.example"));
        assert_eq!(Policy::parse(b"fetch = 'machine'").unwrap(), Policy::default());
    }

    #[test]
    fn an_invalid_policy_is_an_error() {
        assert!(Policy::parse(b"allow = [").is_err());
        for empty in ["allow = []", " allow=[\n]", "allow = {}"] {
            let error = Policy::parse(empty.as_bytes()).unwrap_err();
            assert!(error.starts_with("`allow` is not a list of tools"), "{error}");
        }
        assert!(Policy::parse(b"\xff").is_err());
    }
}
