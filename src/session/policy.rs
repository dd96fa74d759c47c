//! The machine's policy, `/etc/usher/policy.toml`: what no account can override.
//!
//! Which versions may run, the shims decide too ([`usher_shims::policy`]); here is what only
//! installing needs, and the check of the whole file. It parses a text, and reads no file.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use toml::de::{DeTable, DeValue};
use usher_definition::line_of;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::policy::{
    self, ALLOW, CONTACT, DENY, PolicyList, invalid_policy, policy_file, split_entry,
};
use usher_shims::request::{Request, RequestTrust};

use crate::http::AllowedSources;
use crate::registry::Registry;
use crate::text::{closest, human_size};

/// How long a shim waits for a request to be served, if the policy doesn't say.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// Who may install versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FetchPolicy {
    /// Every account, in its own store.
    #[default]
    Accounts,
    /// The machine, at an account's request.
    Requests,
    /// The machine alone.
    Machine,
}

/// What the policy has for installing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachinePolicy {
    /// Who may install versions.
    pub fetch: FetchPolicy,
    /// How long an account's shim waits until its request is served.
    pub wait: Duration,
    /// The hosts that may be asked; `None` if all may.
    pub sources: Option<AllowedSources>,
    /// The most bytes that an account's own store may hold.
    pub room: Option<u64>,
    /// Which versions may run, and who can be asked.
    pub versions: policy::Policy,
    /// The lines of the keys, counted from 1.
    lines: Vec<(&'static str, usize)>,
}

/// A line of `use policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rule {
    /// Its key: `allow`.
    pub key: &'static str,
    /// Its value, in one line.
    pub value: String,
    /// Its line in the file, counted from 1.
    pub line: usize,
}

/// A key of the file: its name, the form of its value, an example, and what it sets; false for an
/// invalid value.
struct Key {
    name: &'static str,
    form: &'static str,
    example: &'static str,
    set: fn(&mut MachinePolicy, &DeValue<'_>) -> bool,
}

const KEYS: [Key; 7] = [
    Key {
        name: ALLOW,
        form: "a list of tools, with requests or without",
        example: r#"allow = ["node@>=12"]"#,
        // Read by the hot half; an empty list is refused there.
        set: |_, value| texts(value).is_some(),
    },
    Key {
        name: DENY,
        form: "a list of tools, with requests or without",
        example: r#"deny = ["node@17"]"#,
        set: |_, value| texts(value).is_some(),
    },
    Key {
        name: "fetch",
        form: r#""accounts", "requests" or "machine""#,
        example: r#"fetch = "machine""#,
        set: |policy, value| {
            let all = [FetchPolicy::Accounts, FetchPolicy::Requests, FetchPolicy::Machine];
            let found = all.into_iter().find(|one| value.as_str() == Some(one.name()));
            found.map(|found| policy.fetch = found).is_some()
        },
    },
    Key {
        name: "wait",
        form: "a whole number of seconds",
        example: "wait = 60",
        set: |policy, value| {
            let seconds = value.as_integer().filter(|integer| integer.radix() == 10);
            let seconds = seconds.and_then(|integer| integer.as_str().parse().ok());
            seconds.map(|seconds| policy.wait = Duration::from_secs(seconds)).is_some()
        },
    },
    Key {
        name: "sources",
        form: r#"a list of hosts, or "file" for this machine's files"#,
        example: r#"sources = ["nodejs.org"]"#,
        set: |policy, value| {
            let hosts = texts(value).filter(|hosts| hosts.iter().all(|host| is_host(host)));
            policy.sources = hosts.map(|hosts| AllowedSources { hosts, place: String::new() });
            policy.sources.is_some()
        },
    },
    Key {
        name: "room",
        form: r#"a size in "MB" or "GB""#,
        example: r#"room = "2 GB""#,
        set: |policy, value| {
            policy.room = value.as_str().and_then(parse_size);
            policy.room.is_some()
        },
    },
    Key {
        name: CONTACT,
        form: "text",
        example: r#"contact = "help@host.example""#,
        set: |_, value| value.as_str().is_some(),
    },
];

impl Default for MachinePolicy {
    fn default() -> Self {
        Self {
            fetch: FetchPolicy::default(),
            wait: DEFAULT_WAIT,
            sources: None,
            room: None,
            versions: policy::Policy::default(),
            lines: Vec::new(),
        }
    }
}

impl FetchPolicy {
    /// Its spelling in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Requests => "requests",
            Self::Machine => "machine",
        }
    }
}

impl MachinePolicy {
    /// Reads the content of the policy's file at `path`, with these tools.
    ///
    /// An error for invalid TOML, an unknown key, an invalid value, and a tool or a request that
    /// doesn't exist: a policy that isn't understood as it was meant holds nothing.
    pub fn parse(path: &Path, content: &[u8], registry: &Registry) -> Result<Self> {
        let text = str::from_utf8(content);
        let text = text.map_err(|_| invalid_policy(path, "it is not UTF-8 text"))?;
        let mut policy = Self::default();
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            invalid_policy(path, &format!("line {line}: {}", Escaped(error.message())))
        })?;
        for (name, value) in table.get_ref() {
            let line = line_of(text, name.span().start);
            let name = name.get_ref();
            let Some(key) = KEYS.iter().find(|key| key.name == name) else {
                return Err(unknown_key(path, line, name));
            };
            if !(key.set)(&mut policy, value.get_ref()) {
                let reason = format!("line {line}: {} must be {}", key.name, key.form);
                let error = invalid_policy(path, &reason);
                return Err(error.because(format!("example: {}", key.example)));
            }
            policy.lines.push((key.name, line));
        }
        let place = policy.place("sources");
        policy.sources = policy.sources.map(|sources| AllowedSources { place, ..sources });
        let versions = policy::Policy::parse(content);
        policy.versions = versions.map_err(|reason| invalid_policy(path, &reason))?;
        let PolicyList { line, entries } = &policy.versions.deny;
        let denied = entries.iter().map(|entry| (*line, entry));
        let allowed = policy.versions.allow.iter();
        let allowed = allowed.flat_map(|list| list.entries.iter().map(|entry| (list.line, entry)));
        for (line, entry) in allowed.chain(denied) {
            check_entry(path, line, entry, registry)?;
        }
        Ok(policy)
    }

    /// Where a key is: `/etc/usher/policy.toml:3`.
    fn place(&self, key: &str) -> String {
        let line = self.lines.iter().find(|(name, _)| *name == key).map_or(1, |(_, line)| *line);
        format!("{}:{line}", Shown(&policy_file()))
    }

    /// The error for a version that an account may not install.
    pub fn fetch_refusal(&self, name: &str) -> Error {
        let what = format!("{name} is not installed on this machine");
        let error = Error::new(ErrorKind::Forbidden, what).because(format!(
            "accounts install no versions: fetch = \"{}\" ({})",
            self.fetch.name(),
            self.place("fetch")
        ));
        let tool = name.split(' ').next().unwrap_or(name);
        self.versions.with_contact(error).hint(format!("use list {tool}"))
    }

    /// An error if an account's store, with a version that is about to be added, needs more bytes
    /// than it may hold.
    pub fn check_room(&self, name: &str, used: u64, added: u64) -> Result<()> {
        let Some(room) = self.room.filter(|room| used.saturating_add(added) > *room) else {
            return Ok(());
        };
        let what = format!("there is no room for {name}, which needs {}", human_size(added));
        let place = self.place("room");
        let error = Error::new(ErrorKind::Forbidden, what).because(format!(
            "your versions use {} of the {} that an account may ({place})",
            human_size(used),
            human_size(room)
        ));
        Err(self.versions.with_contact(error).hint("use prune --unused 30"))
    }

    /// What it limits.
    pub fn rules(&self) -> Vec<Rule> {
        let list = |list: &[String]| list.join(", ");
        let value = |key: &str| match key {
            ALLOW => {
                self.versions.allow.as_ref().map_or_else(String::new, |one| list(&one.entries))
            }
            DENY => list(&self.versions.deny.entries),
            "fetch" => self.fetch.name().to_owned(),
            "wait" => format!("{} s", self.wait.as_secs()),
            "sources" => self.sources.as_ref().map_or_else(String::new, |one| list(&one.hosts)),
            "room" => self.room.map_or_else(String::new, human_size),
            _ => self.versions.contact.clone().unwrap_or_default(),
        };
        let rule =
            |(key, line): &(&'static str, usize)| Rule { key, value: value(key), line: *line };
        self.lines.iter().map(rule).collect()
    }
}

/// Checks the tool and the request of an entry.
fn check_entry(path: &Path, line: u32, entry: &str, registry: &Registry) -> Result<()> {
    let (name, request) = split_entry(entry);
    let reason = match (registry.named(name), request) {
        (Err(error), _) => error.line(),
        (Ok(_), None) => return Ok(()),
        (Ok(known), Some(text)) => match Request::parse(text, known.tool, RequestTrust::Project) {
            Ok(_) => return Ok(()),
            Err(reason) => format!("“{}”: {reason}", Escaped(entry)),
        },
    };
    Err(invalid_policy(path, &format!("line {line}: {reason}")))
}

fn unknown_key(path: &Path, line: usize, name: &str) -> Error {
    let error = invalid_policy(path, &format!("line {line}: unknown key {}", Escaped(name)));
    match closest(name, KEYS.iter().map(|key| key.name)) {
        Some(nearest) => error.because(format!("nearest: {nearest}")),
        None => error.because(format!("keys: {}", KEYS.map(|key| key.name).join(", "))),
    }
}

/// The texts of a list.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    let items = value.as_array()?;
    items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

/// Whether a text can be a host's name, with a port or without, and nothing more.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
}

/// A size in bytes: `2 GB`, `500MB`.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = [("GB", 1_000_000_000), ("MB", 1_000_000)]
        .into_iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim_end(), unit)))?;
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<MachinePolicy> {
        MachinePolicy::parse(&policy_file(), text.as_bytes(), &Registry::load()?)
    }

    #[test]
    fn a_policy_has_what_no_account_can_override() {
        let text = r#"
            allow = ["node@>=12", "python"]
            deny = ["node@17"]
            fetch = "requests"
            wait = 5
            sources = ["nodejs.org", "127.0.0.1:8080", "file"]
            room = "2 GB"
            contact = "help@host.example"
        "#;
        let policy = parsed(text).unwrap();
        assert_eq!(policy.fetch, FetchPolicy::Requests);
        assert_eq!(policy.wait, Duration::from_secs(5));
        assert_eq!(policy.room, Some(2_000_000_000));
        let rules = policy.rules();
        assert_eq!(rules.len(), KEYS.len());
        let rule = Rule { key: ALLOW, value: "node@>=12, python".to_owned(), line: 2 };
        assert_eq!(rules[0], rule);
        let sources = policy.sources.unwrap();
        assert_eq!(sources.hosts, ["nodejs.org", "127.0.0.1:8080", "file"]);
        assert_eq!(sources.place, "/etc/usher/policy.toml:6");
        assert_eq!(parsed("").unwrap(), MachinePolicy::default());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for (text, expected) in [
            ("allow = 'node'", "line 1: allow must be a list of tools"),
            ("allow = []", "`allow` is not a list of tools"),
            ("\ndeny = ['nod@8']", "line 2: unknown tool “nod”"),
            ("deny = ['node@!!']", "line 1: “node@!!”"),
            ("fetch = 'nobody'", "line 1: fetch must be \"accounts\""),
            ("sources = ['https://nodejs.org/']", "line 1: sources must be a list of hosts"),
            ("room = '2'", "line 1: room must be a size"),
            ("room = 'many GB'", "line 1: room must be a size"),
            ("wait = '5'", "line 1: wait must be a whole number"),
            ("contacts = 'me'", "nearest: contact"),
            ("allow = [", "line 1: "),
        ] {
            let error = parsed(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BadFile, "{text}");
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_store_may_hold_what_there_is_room_for() {
        let policy = parsed("room = '2 MB'").unwrap();
        assert!(policy.check_room("node 12.0.0", 1_000_000, 1_000_000).is_ok());
        let error = policy.check_room("node 12.0.0", 1_500_000, 600_000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no room for node 12.0.0, which needs 600.0 kB\n  your versions use 1.5 MB of \
             the 2.0 MB that an account may (/etc/usher/policy.toml:1)\n  hint: use prune --unused 30"
        );
    }
}
