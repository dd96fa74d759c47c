//! Which versions of a tool the machine's policy allows.

use std::fmt;

use crate::error::{Error, ErrorKind, Escaped, Result, Shown};
use crate::policy::{ALLOW, DENY, Policy, PolicyList, invalid_policy, policy_file, split_entry};
use crate::request::{Request, RequestTrust};
use crate::tool::Tool;
use crate::toolchain::Toolchain;
use crate::version::Version;

/// What the policy has about one tool.
#[derive(Debug)]
pub struct ToolPolicy<'p> {
    policy: &'p Policy,
    tool: &'p Tool,
    /// The requests that are allowed, of which `None` is any version; no list if all are.
    allowed: Option<Vec<Option<Request>>>,
    denied: Vec<Option<Request>>,
}

impl<'p> ToolPolicy<'p> {
    /// What a policy has about a tool; `None` if all versions are allowed. An error for an invalid
    /// request.
    pub fn of(policy: &'p Policy, tool: &'p Tool) -> Result<Option<Self>> {
        let denied = requests(&policy.deny, tool)?;
        let allowed = policy.allow.as_ref().map(|allow| requests(allow, tool)).transpose()?;
        // All of its versions are allowed.
        let allowed = allowed.filter(|allowed| !allowed.contains(&None));
        if allowed.is_none() && denied.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { policy, tool, allowed, denied }))
    }

    /// Whether a version is allowed.
    pub fn allows(&self, version: &Version) -> bool {
        !self.is_in(&self.denied, version)
            && self.allowed.as_ref().is_none_or(|allowed| self.is_in(allowed, version))
    }

    /// An error if no version that matches a request can be allowed, as far as that is known without
    /// a list of versions.
    pub fn check_request(&self, request: &Request) -> Result<()> {
        if let Some(exact) = request.exact(self.tool) {
            return if self.allows(exact) { Ok(()) } else { Err(self.refusal(Some(exact))) };
        }
        let is_denied = self.denied.contains(&None);
        if !is_denied && self.allowed.as_ref().is_none_or(|allowed| !allowed.is_empty()) {
            return Ok(());
        }
        let refusal = self.refusal(None);
        Err(refusal.renamed(format!("{} is not allowed on this machine", self.tool.name)))
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
        let denied = version.map_or_else(
            || self.denied.contains(&None),
            |version| self.is_in(&self.denied, version),
        );
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

/// The requests of a tool in a list; `None` is any version.
fn requests(list: &PolicyList, tool: &Tool) -> Result<Vec<Option<Request>>> {
    let entries = list.entries.iter().map(|entry| split_entry(entry));
    let entries = entries.filter(|(name, _)| tool.all_names().any(|known| known == *name));
    let parse = |text| match Request::parse(text, tool, RequestTrust::Project) {
        Ok(request) => Ok(Some(request)),
        Err(reason) => {
            let reason = format!("line {}: {}@{text}: {reason}", list.line, tool.name);
            Err(invalid_policy(&policy_file(), &reason))
        }
    };
    entries.map(|(_, request)| request.map_or(Ok(None), parse)).collect()
}

/// Adds to a refusal what requested the version, as the first cause.
#[cold]
pub fn with_origin(mut error: Error, origin: &dyn fmt::Display) -> Error {
    error.causes.insert(0, format!("requested by {origin}"));
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::TOOLS;

    /// What a policy says of versions of a tool: `+` for allowed.
    fn check(policy: &str, tool: &str, versions: &str, expected: &str) {
        let policy = Policy::parse(policy.as_bytes()).unwrap();
        let tool = Tool::named(TOOLS, tool).unwrap();
        let rules = ToolPolicy::of(&policy, tool).unwrap();
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
            ToolPolicy::of(&policy, tool).unwrap().unwrap().refusal(version.as_ref()).to_string()
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
    fn an_invalid_request_is_an_error() {
        let policy = Policy::parse(b"deny = ['node@!']").unwrap();
        let error = ToolPolicy::of(&policy, Tool::named(TOOLS, "node").unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadFile);
        assert!(error.to_string().contains("line 1: node@!"), "{error}");
    }
}
