//! Version requests: one grammar for everything that people write.
//!
//! Exact (`12.0.0`), partial (`12`, `3.7`, `12.x`, `v12`), ranges in the tool's dialect, aliases
//! (`lts`, `lts/hydrogen`, `lts/-1`, `latest`), `system`, the name of a folder in an adopted store,
//! and `path:/somewhere`, which a project's file can't request.

use std::fmt;
use std::path::PathBuf;

use crate::name::Name;
use crate::normalize::{normalize, without_prefix};
use crate::range::{Build, Dialect, Range};
use crate::tool::{FieldRole, LtsLine, Tool, VersionField};
use crate::version::{Version, is_operator, strip_v};

/// Why a text is no request.
pub const NO_REQUEST: &str = "expected a version, a range or an alias";

/// The most bytes that a request may have.
const MAX_LENGTH: usize = 256;

/// A request: its text and its meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    text: Box<str>,
    kind: RequestKind,
}

/// The meaning of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum RequestKind {
    /// An exact or partial version: every version that begins with these numbers.
    Version(Version),
    /// This version alone, which a lockfile says. No text is parsed as this.
    Exact(Version),
    /// A range.
    Range(Range),
    /// The newest version: `latest`, `current`, `stable`, `*`.
    Latest,
    /// The newest of the long-term support lines: `lts`, `lts/*`.
    Lts,
    /// The newest of a line, counted back from the newest: `lts/-1`.
    LtsBack(usize),
    /// The newest of the line of this name: `lts/hydrogen`.
    LtsNamed(Name),
    /// The program that would run without usher.
    System,
    /// The folder of a toolchain.
    Path(PathBuf),
    /// The name of a folder in an adopted store: a virtual environment of pyenv.
    Named(Name),
}

/// The author of a request, which limits what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestTrust {
    /// A project's file: a version and nothing else.
    Project,
    /// The user: the command line, a variable, the user's default.
    User,
}

impl Request {
    /// Reads a request for a tool; the error is a short reason.
    pub fn parse(text: &str, tool: &Tool, trust: RequestTrust) -> Result<Self, &'static str> {
        Self::parse_in(text, tool, tool.dialect, trust)
    }

    /// Reads a request in a field of a project's file, in the field's own dialect.
    pub fn parse_field(
        text: &str,
        tool: &Tool,
        field: &VersionField,
    ) -> Result<Self, &'static str> {
        let text = truncated(bare(text), field.version_components);
        let dialect = field.dialect.unwrap_or(tool.dialect);
        match field.role {
            FieldRole::Constraint => Self::parse_constraint(text, tool, dialect),
            FieldRole::Pin | FieldRole::Either => {
                Self::parse_in(text, tool, dialect, RequestTrust::Project)
            }
        }
    }

    /// Reads a constraint: a range, or what else limits the versions. A word limits none.
    fn parse_constraint(text: &str, tool: &Tool, dialect: Dialect) -> Result<Self, &'static str> {
        let text = text.replace(['\n', '\r', '\t'], " ");
        if text.len() <= MAX_LENGTH
            && let Some(range) = Range::parse_bare(&text, dialect)
        {
            let text = as_minimum(text, dialect);
            return Ok(Self { text: text.into(), kind: RequestKind::Range(range) });
        }
        let kind = parse_kind(bare(&text), tool, dialect, RequestTrust::Project)?;
        match &kind {
            RequestKind::Named(_) | RequestKind::System | RequestKind::Path(_) => {
                Err("expected a range")
            }
            RequestKind::Version(version) if !version.flavour().is_empty() => {
                Err("expected a range")
            }
            RequestKind::Range(range) if *range.build() != Build::Default => Err("invalid range"),
            RequestKind::Version(_)
            | RequestKind::Exact(_)
            | RequestKind::Range(_)
            | RequestKind::Latest
            | RequestKind::Lts
            | RequestKind::LtsBack(_)
            | RequestKind::LtsNamed(_) => Ok(Self { text: bare(&text).into(), kind }),
        }
    }

    fn parse_in(
        text: &str,
        tool: &Tool,
        dialect: Dialect,
        trust: RequestTrust,
    ) -> Result<Self, &'static str> {
        let text = bare(text).replace('\t', " ");
        match parse_kind(&text, tool, dialect, trust)? {
            RequestKind::Range(range) if range.is_empty() => Err("no version is in this range"),
            kind => Ok(Self { text: text.into(), kind }),
        }
    }

    /// A request for this version alone.
    pub fn of_version(version: Version) -> Self {
        Self { text: version.as_str().into(), kind: RequestKind::Exact(version) }
    }

    /// The request as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its meaning.
    pub fn kind(&self) -> &RequestKind {
        &self.kind
    }

    /// Whether the text can hardly be anything else than a request of this tool: a version without a
    /// flavour, a range, an alias. Any word is a name, and with digits behind it a flavour.
    pub fn is_plain(&self, tool: &Tool) -> bool {
        match &self.kind {
            RequestKind::Version(version) => {
                let flavour = version.flavour();
                flavour.is_empty() || tool.vendors.contains(&flavour) || is_known(flavour, tool)
            }
            RequestKind::LtsNamed(name) => tool.lts.iter().any(|line| line.name == name.as_str()),
            RequestKind::Range(range) => {
                let bounds = match range.build() {
                    Build::Flavour(name) if is_known(name, tool) => self.text.strip_prefix(&**name),
                    Build::Default | Build::FreeThreaded | Build::Flavour(_) => None,
                };
                let bounds = bounds.unwrap_or(&self.text);
                bounds.split(is_between_versions).all(is_version_of_range)
            }
            RequestKind::Named(_) => false,
            RequestKind::Exact(_)
            | RequestKind::Latest
            | RequestKind::Lts
            | RequestKind::LtsBack(_)
            | RequestKind::System
            | RequestKind::Path(_) => true,
        }
    }

    /// Whether it can name a release, and no image: `18` and `18.0.0-rc.1`, but not `18-alpine`.
    pub fn has_release_tail(&self) -> bool {
        !matches!(&self.kind, RequestKind::Version(version) if !version.has_release_tail())
    }

    /// Whether a version of this tool matches.
    ///
    /// Never for `system` and a path, which aren't versions. A name may be a flavour.
    pub fn matches(&self, version: &Version, tool: &Tool) -> bool {
        match &self.kind {
            RequestKind::Version(requested) => begins_with(version, requested, tool),
            RequestKind::Exact(requested) => version == requested,
            RequestKind::Range(range) => is_in_range(version, range, tool),
            RequestKind::Latest => has_default_flavour(version, tool) && !version.is_prerelease(),
            RequestKind::Lts => tool.lts.iter().any(|line| is_of(version, line, tool)),
            RequestKind::LtsBack(steps) => {
                tool.lts.iter().rev().nth(*steps).is_some_and(|line| is_of(version, line, tool))
            }
            RequestKind::LtsNamed(name) => tool
                .lts
                .iter()
                .find(|line| line.name == name.as_str())
                .is_some_and(|line| is_of(version, line, tool)),
            RequestKind::Named(name) => {
                is_flavour(version, name.as_str()) && !version.is_prerelease()
            }
            RequestKind::System | RequestKind::Path(_) => false,
        }
    }

    /// Whether a version may be what it meant some day: which lines have long-term support changes.
    pub fn may_mean(&self, version: &Version, tool: &Tool) -> bool {
        match &self.kind {
            RequestKind::Lts | RequestKind::LtsBack(_) | RequestKind::LtsNamed(_) => true,
            _ => self.matches(version, tool),
        }
    }

    /// The exact version that it names, if it names one.
    pub fn exact(&self, tool: &Tool) -> Option<&Version> {
        match &self.kind {
            RequestKind::Exact(version) => Some(version),
            RequestKind::Version(version)
                if version.numbers().as_slice().len() >= usize::from(tool.version_components) =>
            {
                Some(version)
            }
            RequestKind::Version(_)
            | RequestKind::Range(_)
            | RequestKind::Latest
            | RequestKind::Lts
            | RequestKind::LtsBack(_)
            | RequestKind::LtsNamed(_)
            | RequestKind::System
            | RequestKind::Path(_)
            | RequestKind::Named(_) => None,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::error::Escaped(&self.text).fmt(f)
    }
}

/// Whether a character is between the versions of a range.
fn is_between_versions(c: char) -> bool {
    c.is_whitespace() || is_operator(c) || matches!(c, '|' | ',')
}

fn is_version_of_range(word: &str) -> bool {
    let wildcards = ["", "x", "X", "*", "-"];
    wildcards.contains(&word) || strip_v(word).starts_with(|c: char| c.is_ascii_digit())
}

/// The most bytes of a text that a message repeats as a possible request. Composer's and npm's
/// ranges of six releases have half as many.
const MAX_SHOWN_LENGTH: usize = 128;

/// The most letters and digits in a row, and the most changes between lower case, upper case and
/// digits, in a word of a request. `adoptopenjdk-openj9-jre-8.0.292+10.openj9-0.26.0` has 12 and 2,
/// `jdk8u292b10` has 11 and 5; npm's tokens have 36 in a row, and UUIDs about 13 changes.
const MAX_WORD: (usize, usize) = (16, 8);

/// Whether a text in a file looks like a request, valid or not, so that a message may repeat it:
/// anything else may be a secret.
pub fn looks_like_request(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" ._+-*/<>=~^|!,@".contains(&byte);
    text.len() <= MAX_SHOWN_LENGTH
        && text.bytes().all(is_allowed)
        && text.split([' ', '|', ',']).all(looks_like_word)
}

fn looks_like_word(word: &str) -> bool {
    let (mut row, mut changes, mut last) = (0, 0, 0);
    word.bytes().all(|byte| {
        let class = match byte {
            b'a'..=b'z' => 1,
            b'A'..=b'Z' => 2,
            b'0'..=b'9' => 3,
            _ => 0,
        };
        row = if class == 0 { 0 } else { row + 1 };
        changes += usize::from(class != 0 && last != 0 && class != last);
        last = class;
        row <= MAX_WORD.0 && changes <= MAX_WORD.1
    })
}

fn parse_kind(
    text: &str,
    tool: &Tool,
    dialect: Dialect,
    trust: RequestTrust,
) -> Result<RequestKind, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > MAX_LENGTH {
        return Err("it is too long");
    }
    if text.contains(char::is_control) {
        return Err("it has control characters");
    }
    let text = first_of_list(text, trust);
    if text == "system" {
        return Ok(RequestKind::System);
    }
    // mise's prefix for partial versions; not needed here.
    let text = text.strip_prefix("prefix:").unwrap_or(text);
    if let Some(kind) = foreign(text, trust) {
        return kind;
    }
    let bare = without_prefix(text, tool);
    if let Some(kind) = alias(bare, tool) {
        return Ok(kind);
    }
    let is_any = dialect == Dialect::Npm && matches!(bare, "x" | "X");
    if is_any {
        return Range::parse(bare, dialect).map(RequestKind::Range).ok_or("invalid range");
    }
    if let Some(range) = Range::of_builds(bare, dialect) {
        return range.map(RequestKind::Range);
    }
    let bare = normalize(without_wildcard(bare), tool);
    if let Some(kind) = alias(&bare, tool) {
        return Ok(kind);
    }
    if let Some(version) = Version::parse(&bare) {
        return Ok(RequestKind::Version(version));
    }
    match Name::parse(&bare) {
        Some(name) if bare.starts_with(|c: char| c.is_ascii_alphabetic()) || is_branch(&bare) => {
            Ok(RequestKind::Named(name))
        }
        _ => Err(NO_REQUEST),
    }
}

/// Whether a text is another manager's name of a branch: `16.x-dev`, `7.4snapshot`.
fn is_branch(text: &str) -> bool {
    [".x-dev", ".x-next", "snapshot"].iter().any(|end| text.ends_with(end))
}

/// The first of several versions with colons between them, as in pyenv's variable.
fn first_of_list(text: &str, trust: RequestTrust) -> &str {
    let first = text.split_once(':').map(|(first, _)| first);
    let is_version = |first: &&str| {
        *first == "system" || strip_v(first).starts_with(|c: char| c.is_ascii_digit())
    };
    first.filter(|_| trust == RequestTrust::User).filter(is_version).unwrap_or(text)
}

/// Whether a text in a project's file is understood, and refused: a path, an address.
pub fn is_refused(text: &str) -> bool {
    let scheme = bare(text).split_once(':').map_or("", |(scheme, _)| scheme);
    scheme == "path" || BUILDS.contains(&scheme)
}

/// What other managers build or fetch.
const BUILDS: [&str; 5] = ["ref", "file", "git", "http", "https"];

/// `path:`, `ref:` and addresses: syntax of other managers, which project files can't use.
fn foreign(text: &str, trust: RequestTrust) -> Option<Result<RequestKind, &'static str>> {
    let (scheme, rest) = text.split_once(':')?;
    Some(match (scheme, trust) {
        ("path", RequestTrust::User) if rest.starts_with('/') => Ok(RequestKind::Path(rest.into())),
        ("path", RequestTrust::User) => Err("a path must begin with `/`"),
        ("path", RequestTrust::Project) => Err(
            "`path:` is accepted on the command line, in a variable and in your own default only",
        ),
        _ if BUILDS.contains(&scheme) => {
            Err("usher runs published versions, nothing is built or fetched from an address")
        }
        _ => Err(NO_REQUEST),
    })
}

fn alias(text: &str, tool: &Tool) -> Option<RequestKind> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "latest" | "current" | "stable" | "*" => return Some(RequestKind::Latest),
        name if name == tool.name => return Some(RequestKind::Latest),
        "lts" | "lts/*" | "lts-*" | "lts/latest" | "lts-latest" if !tool.lts.is_empty() => {
            return Some(RequestKind::Lts);
        }
        _ => {}
    }
    if tool.lts.is_empty() {
        return None;
    }
    let line = lower.strip_prefix("lts/").or_else(|| lower.strip_prefix("lts-"))?;
    match line.strip_prefix('-') {
        Some(steps) => steps.parse().ok().map(RequestKind::LtsBack),
        None => Name::parse(line).map(RequestKind::LtsNamed),
    }
}

fn without_wildcard(text: &str) -> &str {
    let mut rest = text;
    while let Some(shorter) = [".x", ".X", ".*"].iter().find_map(|wild| rest.strip_suffix(wild)) {
        rest = shorter;
    }
    rest
}

/// A text without the spaces and quotes around it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inside = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).map_or(text, bare)
}

/// A bare version as the minimum that it is in some dialects: `go 1.22` is `>=1.22`.
fn as_minimum(text: String, dialect: Dialect) -> String {
    let is_bare = text.starts_with(|c: char| c.is_ascii_digit() || c == 'v');
    match dialect {
        Dialect::Minimum | Dialect::Perl if is_bare => format!(">={text}"),
        Dialect::Npm
        | Dialect::Pep440
        | Dialect::Poetry
        | Dialect::Gem
        | Dialect::Elixir
        | Dialect::Composer
        | Dialect::Minimum
        | Dialect::Perl => text,
    }
}

/// A version cut to its first `parts` numbers.
fn truncated(text: &str, parts: u8) -> &str {
    let is_version = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let end = text.match_indices('.').nth(usize::from(parts).saturating_sub(1));
    end.filter(|_| is_version).map_or(text, |(end, _)| &text[..end])
}

/// Whether a version begins with a requested one; a pre-release only if the request is one.
///
/// A request that looks like a version may be a flavour with a version in its name, or its
/// beginning: `pypy3.10`, `pypy3`.
fn begins_with(version: &Version, requested: &Version, tool: &Tool) -> bool {
    let rest = version.flavour().strip_prefix(requested.as_str());
    let is_flavour = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if !requested.flavour().is_empty() && is_flavour {
        return !version.is_prerelease();
    }
    let is_of_any_vendor = requested.flavour().is_empty()
        && tool.vendors.contains(&version.flavour())
        && !version.is_free_threaded();
    // `3.14rc1` is of 3.14.0.
    let is_whole = requested.is_prerelease() && !requested.tail().starts_with('-');
    let numbers = version.numbers().as_slice().starts_with(requested.numbers().as_slice())
        && (!is_whole || version.numbers().is_same(requested.numbers()));
    let tail = match requested.tail() {
        "" => !version.is_prerelease(),
        _ => version.continues(requested),
    };
    numbers && tail && (is_of_any_vendor || version.is_same_kind(requested))
}

/// Whether a version matches a request without a flavour.
pub fn has_default_flavour(version: &Version, tool: &Tool) -> bool {
    let flavour = version.flavour();
    !version.is_free_threaded() && (flavour.is_empty() || tool.vendors.contains(&flavour))
}

/// Whether a version is in a range and of the range's build. A version in the flavour's name counts
/// for it: `pypy3.10-7.3.19` is a Python 3.10.
fn is_in_range(version: &Version, range: &Range, tool: &Tool) -> bool {
    match range.build() {
        Build::Default => has_default_flavour(version, tool) && range.contains(version),
        Build::FreeThreaded => {
            version.is_free_threaded() && version.flavour().is_empty() && range.contains(version)
        }
        Build::Flavour(name) if is_flavour(version, name) => {
            let language = Version::parse(&version.flavour()[name.len()..]);
            !version.is_prerelease() && range.contains(language.as_ref().unwrap_or(version))
        }
        Build::Flavour(_) => false,
    }
}

/// Whether a version's flavour has this name, with or without digits: `pypy`.
fn is_flavour(version: &Version, name: &str) -> bool {
    let rest = version.flavour().strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether the word that a flavour begins with is in the tool's table of spellings: `pypy` of
/// `pypy3.10`.
fn is_known(flavour: &str, tool: &Tool) -> bool {
    let word = flavour.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    let is_spelled = |(_, spelling): &(&str, &str)| {
        spelling
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic()))
    };
    !word.is_empty() && tool.normalize.iter().any(is_spelled)
}

fn is_of(version: &Version, line: &LtsLine, tool: &Tool) -> bool {
    has_default_flavour(version, tool)
        && Range::parse(line.versions, tool.dialect).is_some_and(|range| range.contains(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::TOOLS;

    fn tool(name: &str) -> &'static Tool {
        Tool::named(TOOLS, name).unwrap()
    }

    fn check(name: &str, request: &str, inside: &str, outside: &str) {
        let tool = tool(name);
        let parsed = Request::parse(request, tool, RequestTrust::Project)
            .unwrap_or_else(|reason| panic!("{request}: {reason}"));
        for (list, expected) in [(inside, true), (outside, false)] {
            for text in list.split_whitespace() {
                let version = Version::parse(text).unwrap();
                assert_eq!(parsed.matches(&version, tool), expected, "{text} for {request}");
            }
        }
    }

    #[test]
    fn requests_match_versions() {
        check("node", "12", "12.0.0 12.22.12", "1.2.0 13.0.0 12.0.0-rc.1");
        check("node", "v12", "12.0.0", "13.0.0");
        check("node", "12.x", "12.0.0", "13.0.0");
        check("node", "\"12.1.x\"", "12.1.0", "12.2.0");
        check("node", "prefix:12", "12.0.0 12.22.12", "13.0.0");
        check("node", "10.15", "10.15.0 10.15.3", "10.1.5 10.16.0");
        check("node", "node-v12.0.0", "12.0.0", "12.0.1");
        check("node", "latest", "26.0.0", "26.0.0-rc1");
        check("node", "node", "26.0.0", "");
        check("node", "lts", "12.13.0 18.20.1", "12.12.0 13.0.0 19.0.0");
        check("node", "lts/*", "24.11.0", "25.0.0");
        check("node", "lts/Hydrogen", "18.12.0 18.20.8", "18.11.0 20.9.0");
        check("node", "lts/-1", "22.11.0", "24.11.0 20.9.0");
        check("node", "x", "4.0.0", "");
        check("node", ">=10 <12", "11.0.0", "12.0.0");
        check("node", "lts/unheard", "", "18.12.0");
        check("python", "3.7", "3.7.0 3.7.16", "3.70.0 3.7.0rc1 3.7.1t");
        check("python", "3.13t", "3.13.1t", "3.13.1");
        check("python", "python-3.9.1", "3.9.1", "3.9.2");
        check("python", "3.13.0rc2", "3.13.0rc2", "3.13.0 3.13.0rc1");
        check("python", "pypy3.10", "pypy3.10-7.3.17", "3.10.1 pypy3.11-7.3.17");
        check("python", "pypy", "pypy3.10-7.3.17", "3.10.1 graalpy-24.1.1");
        check("python", "pypy3", "pypy3.10-7.3.17", "3.10.1 pypy2.7-7.3.17 3.1.1");
        check("elixir", "1.17", "1.17.3-otp-27 1.17.3", "1.18.0-otp-27 1.17.0-rc.1-otp-27");
        check("elixir", "1.17-otp-27", "1.17.3-otp-27", "1.17.3 1.17.3-otp-26");
        check("python", ">=3.8,<3.10", "3.9.18", "3.10.0");
        check("python", ">=3.13t", "3.13.2t 3.14.0t", "3.13.2 3.12.1t");
        check("python", ">=3.12,<3.14t", "3.13.2t", "3.13.2 3.14.0t");
        check("python", "pypy>=3.10,<3.11", "pypy3.10-7.3.19", "3.10.1 pypy3.11-7.3.19");
        check("python", "cpython@>=3.12,<3.13", "3.12.1", "3.13.0 pypy3.12-7.3.19");
        check("python", "any", "3.13.2", "3.14.0rc1 3.13.2t pypy3.10-7.3.19");
        check("python", "312", "3.12.1", "3.1.2");
        check("python", "313t", "3.13.2t", "3.13.2");
        check("python", "pp310", "pypy3.10-7.3.19", "3.10.1");
        check("ruby", "jruby > 9.3, < 9.5", "jruby-9.4.8.0", "9.4.8 jruby-9.5.0.0");
    }

    #[test]
    fn hostile_requests_are_rejected() {
        let node = tool("node");
        let long = "1".repeat(1_000_000);
        let hostile = [
            "",
            " ",
            "../../x",
            "/etc/passwd",
            "a/../../b",
            "12/../../x",
            "..",
            ".",
            "~",
            "~root",
            "12\0",
            "12 ; rm",
            "$(x)",
            "`x`",
            "%2e%2e",
            "．．/x",
            "\\..\\x",
            "*x",
            "-rf",
            "--version",
            "ref:main",
            "file:///x",
            "https://x/y",
            "path:/x",
            "git+ssh://x",
            "lts/../x",
            "lts/-x",
            "ＡＢ",
            "a b",
            &long,
            "80000000000000000000",
            "1\n2",
            "\u{202e}12",
        ];
        for text in hostile {
            let parsed = Request::parse(text, node, RequestTrust::Project);
            assert!(parsed.is_err(), "{:?}", &text.chars().take(40).collect::<String>());
        }
    }

    #[test]
    fn requests_look_like_requests_and_secrets_do_not() {
        for text in [
            "12",
            "v12.22.12",
            "lts/hydrogen",
            "^18.18.0 || ^20.9.0 || >=21.1.0",
            "3.13.0rc2",
            ">=3.8,!=3.9.7,<4.0",
            "~> 3.2",
            "adoptopenjdk-openj9-jre-8.0.292+10.openj9-0.26.0",
            "semeru-openj9-21.0.5+11_openj9-0.48.0",
            "jdk8u292b10",
            "graalvm-community-21.0.2",
            "temurin-21.0.5+11.0.LTS",
            "pypy3.10-7.3.17",
            "miniconda3-py311_24.1.2-0",
            "../../x",
            "0.14.0-dev.2577",
            "1.17.3-otp-27",
            "18-alpine3.20",
            "3.11.9-slim-bookworm",
            "^7.4 || ~8.0.0 || ~8.1.0 || ~8.2.0 || ~8.3.0 || ~8.4.0",
        ] {
            assert!(looks_like_request(text), "{text}");
        }
        for text in [
            "npm_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX",
            "npm_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "ghp_000000000000000000000000000000000000",
            "06d6a3c2-5f2e-4b7a-9c1d-e0f1a2b3c4d5",
            "//registry.example/:_authToken=x",
            "root:*:19000:0:99999:7:::",
            "p4$$word",
            "a\tb",
            "dXNlcjpoZW1saWdlc1Bhc3N3b3J0",
            "\u{1b}[31m",
            "ключ",
            "https://user:pass@host/",
        ] {
            assert!(!looks_like_request(text), "{text}");
        }
        assert!(!looks_like_request(&"12 ".repeat(50)));
    }

    #[test]
    fn only_users_can_request_a_folder() {
        let parsed = Request::parse("path:/opt/node", tool("node"), RequestTrust::User).unwrap();
        assert_eq!(parsed.kind(), &RequestKind::Path("/opt/node".into()));
        assert!(Request::parse("path:node", tool("node"), RequestTrust::User).is_err());
    }

    #[test]
    fn the_first_version_of_a_list_in_a_variable_counts() {
        let python = tool("python");
        let parsed = |text, trust| Request::parse(text, python, trust).map(|one| one.kind);
        let version = |text| Ok(RequestKind::Version(Version::parse(text).unwrap()));
        assert_eq!(parsed("3.11.7:3.12", RequestTrust::User), version("3.11.7"));
        assert_eq!(parsed("system:3.12", RequestTrust::User), Ok(RequestKind::System));
        assert!(parsed("3.11.7:3.12", RequestTrust::Project).is_err());
        assert!(parsed("x:3.12", RequestTrust::User).is_err());
    }

    #[test]
    fn only_complete_versions_are_exact_requests() {
        let exact = |text| {
            let tool = tool("node");
            Request::parse(text, tool, RequestTrust::User)
                .unwrap()
                .exact(tool)
                .map(ToString::to_string)
        };
        assert_eq!(exact("v12.0.0"), Some("12.0.0".to_owned()));
        assert_eq!((exact("12.0"), exact("lts")), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn request_parsing_never_panics(text in "\\PC*") {
            let _ = Request::parse(&text, tool("node"), RequestTrust::User);
            let _ = Request::parse(&text, tool("python"), RequestTrust::Project);
        }

        #[test]
        fn requests_round_trip(text in "(v|node-|lts/)?[0-9a-z*.<>=^~| -]{1,12}") {
            let tool = tool("node");
            if let Ok(request) = Request::parse(&text, tool, RequestTrust::Project) {
                proptest::prop_assert_eq!(Request::parse(request.as_str(), tool, RequestTrust::Project), Ok(request));
            }
        }
    }
}
