//! The machine's policy: what the administrator decided, and no account can override.
//!
//! Both halves read the file. A shim needs to know which versions may run; `use` reads the rest of it
//! and checks the whole (`src/config/policy.rs`). The operating system's own programs aren't
//! concerned: the administrator installed them, and they run without usher too.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Escaped, Result, Shown};
use crate::folders::Folders;
use crate::read::{RawRequest, ReadError, read_toml};
use crate::request::{Request, RequestTrust};
use crate::tool::{Tool, VersionField};
use crate::toolchain::Toolchain;
use crate::version::Version;
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

/// What the policy has about one tool.
#[derive(Debug)]
pub struct ToolPolicy<'p> {
    policy: &'p Policy,
    tool: &'p Tool,
    /// The requests that are allowed; `None` if all versions are.
    allowed: Option<Vec<Option<Request>>>,
    denied: Vec<Option<Request>>,
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
            return Err(format!("`{ALLOW}` is not a list of tools: [\"node@>=12\", \"python\"]"));
        }
        Ok(policy)
    }

    /// What it has about a tool; `None` if all versions are allowed. An error for an invalid request.
    pub fn of_tool<'p>(&'p self, tool: &'p Tool) -> Result<Option<ToolPolicy<'p>>> {
        let denied = self.deny.of_tool(tool)?;
        let allowed = self.allow.as_ref().map(|allow| allow.of_tool(tool)).transpose()?;
        // All of its versions are allowed.
        let allowed = allowed.filter(|allowed| !allowed.contains(&None));
        if allowed.is_none() && denied.is_empty() {
            return Ok(None);
        }
        Ok(Some(ToolPolicy { policy: self, tool, allowed, denied }))
    }

    /// Adds to an error who can be asked about it.
    pub fn with_contact(&self, error: Error) -> Error {
        match &self.contact {
            Some(contact) => error.because(format!("questions: {}", Escaped(contact))),
            None => error,
        }
    }
}

impl PolicyList {
    /// The requests of a tool; `None` is any version.
    fn of_tool(&self, tool: &Tool) -> Result<Vec<Option<Request>>> {
        let entries = self.entries.iter().map(|entry| split_entry(entry));
        let entries = entries.filter(|(name, _)| tool.all_names().any(|known| known == *name));
        let parse = |text| match Request::parse(text, tool, RequestTrust::Project) {
            Ok(request) => Ok(Some(request)),
            Err(reason) => {
                let reason = format!("line {}: {}@{text}: {reason}", self.line, tool.name);
                Err(invalid_policy(&policy_file(), &reason))
            }
        };
        entries.map(|(_, request)| request.map_or(Ok(None), parse)).collect()
    }
}

impl ToolPolicy<'_> {
    /// Whether a version is allowed.
    pub fn allows(&self, version: &Version) -> bool {
        !self.is_in(&self.denied, version)
            && self.allowed.as_ref().is_none_or(|allowed| self.is_in(allowed, version))
    }

    fn is_in(&self, requests: &[Option<Request>], version: &Version) -> bool {
        let is_one = |request: &Option<Request>| {
            request.as_ref().is_none_or(|request| request.matches(version, self.tool))
        };
        requests.iter().any(is_one)
    }

    /// Refuses a toolchain whose version isn't allowed, or isn't known.
    pub fn check(&self, toolchain: &Toolchain) -> Result<()> {
        match &toolchain.version {
            Some(version) if self.allows(version) => Ok(()),
            version => Err(self.refusal(version.as_ref())),
        }
    }

    /// The error for a version that isn't allowed; without one for a folder that the user named.
    #[cold]
    pub fn refusal(&self, version: Option<&Version>) -> Error {
        let tool = self.tool.name;
        let denied = version.is_some_and(|version| self.is_in(&self.denied, version));
        let (key, list) = match &self.policy.allow {
            Some(allow) if !denied => (ALLOW, allow),
            _ => (DENY, &self.policy.deny),
        };
        let what = match version {
            Some(version) => format!("{tool} {version} is not allowed on this machine"),
            None => format!("a {tool} of unknown version is not allowed on this machine"),
        };
        let own: Vec<String> = list
            .entries
            .iter()
            .filter(|entry| self.tool.all_names().any(|known| known == split_entry(entry).0))
            .map(|entry| Escaped(entry).to_string())
            .collect();
        let entries = if own.is_empty() { format!("no {tool}") } else { own.join(", ") };
        let place = format!("{}:{}", Shown(&policy_file()), list.line);
        let error = Error::new(ErrorKind::Forbidden, what);
        let error = error.because(format!("{place}: `{key}` has {entries}"));
        self.policy.with_contact(error).hint(format!("use list {tool}"))
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
    Error::new(ErrorKind::BadFile, format!("invalid policy {}", Shown(path)))
        .because(reason)
        .because("nothing runs or is installed until it is corrected")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::TOOLS;

    /// What a policy says of versions of a tool: `+` for allowed.
    fn check(policy: &str, tool: &str, versions: &str, expected: &str) {
        let policy = Policy::parse(policy.as_bytes()).unwrap();
        let tool = Tool::named(TOOLS, tool).unwrap();
        let rules = policy.of_tool(tool).unwrap();
        let allows = |text: &str| {
            let version = Version::parse(text).unwrap();
            rules.as_ref().is_none_or(|rules| rules.allows(&version))
        };
        let found: Vec<&str> =
            versions.split(' ').map(|one| if allows(one) { "+" } else { "-" }).collect();
        assert_eq!(found.join(" "), expected, "{policy:?} {versions}");
    }

    #[test]
    fn a_policy_allows_and_denies_versions() {
        check("", "node", "8.0.0 20.1.0", "+ +");
        check("allow = ['node@>=12', 'python']", "node", "8.0.0 12.0.0 20.1.0", "- + +");
        check("allow = ['node@>=12', 'python']", "python", "3.9.1", "+");
        check("allow = ['node@>=12', 'python']", "ruby", "3.1.0", "-");
        check("allow = ['nodejs@8', 'node@12']", "node", "8.1.0 10.0.0 12.1.0", "+ - +");
        check("deny = ['node@17']", "node", "16.1.0 17.9.1", "+ -");
        check("deny = ['node']", "node", "16.1.0", "-");
        check("allow = ['node']\ndeny = ['node@17']", "node", "16.1.0 17.9.1", "+ -");
    }

    #[test]
    fn a_refusal_names_the_file_the_line_and_who_to_ask() {
        let text = "# ours\nallow = ['node@>=12', 'python']\ncontact = 'help@host.example'\n";
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let refused = |tool: &str, version: Option<&str>| {
            let tool = Tool::named(TOOLS, tool).unwrap();
            let version = version.map(|text| Version::parse(text).unwrap());
            policy.of_tool(tool).unwrap().unwrap().refusal(version.as_ref()).to_string()
        };
        assert_eq!(
            refused("node", Some("8.0.0")),
            "node 8.0.0 is not allowed on this machine\n  \
             /etc/usher/policy.toml:2: `allow` has node@>=12\n  \
             questions: help@host.example\n  hint: use list node"
        );
        assert!(refused("ruby", None).contains("a ruby of unknown version"));
        assert!(refused("ruby", Some("3.1.0")).contains("`allow` has no ruby"));
    }

    #[test]
    fn an_invalid_policy_is_an_error() {
        assert!(Policy::parse(b"allow = [").is_err());
        for empty in ["allow = []", " allow=[\n]", "allow = {}"] {
            let error = Policy::parse(empty.as_bytes()).unwrap_err();
            assert!(error.starts_with("`allow` is not a list of tools"), "{error}");
        }
        assert!(Policy::parse(b"\xff").is_err());
        let policy = Policy::parse(b"deny = ['node@!']").unwrap();
        let error = policy.of_tool(Tool::named(TOOLS, "node").unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadFile);
        assert!(error.to_string().contains("line 1: node@!"), "{error}");
    }
}
