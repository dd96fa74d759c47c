//! The lockfile `usher.lock`: which version each request of its folder means, and which archives may be
//! fetched for that version.
//!
//! It is TOML in one form only, an entry per line. So a diff shows what changed, version control merges
//! it like any text, and a shim reads the requests line by line and stops before the archives:
//!
//! ```toml
//! # Written by `use lock`, which also resolves merge conflicts here.
//! format = 1
//! sources = ["nodejs.org"]
//! requests = [
//!   { tool = "node", request = "22", file = ".nvmrc", version = "22.11.0" },
//! ]
//! archives = [
//!   { tool = "node", version = "22.11.0", source = "nodejs.org", platform = "linux-x64", hash = "sha256:…" },
//! ]
//! ```

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::iter::Peekable;

use crate::version::Version;

/// The name of a lockfile, which lies beside the version files that it is for.
pub const LOCKFILE: &str = "usher.lock";

/// How this format is called in the file.
const FORMAT: &str = "format = 1";

/// What the file says of itself.
const COMMENT: &str = "# Written by `use lock`, which also resolves merge conflicts here.";

/// The most bytes of a text in the file.
const MAX_TEXT: usize = 512;

/// A lockfile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockfile {
    /// The names of the sources that are locked; empty for all of each tool's.
    pub sources: Vec<String>,
    /// What requests mean.
    pub requests: Vec<LockedRequest>,
    /// What may be fetched.
    pub archives: Vec<LockedArchive>,
}

/// Which version a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRequest {
    /// The tool.
    pub tool: String,
    /// The request, as its file has it. Another one in the file makes the entry stale.
    pub request: String,
    /// The path of the version file, from the lockfile's folder.
    pub file: String,
    /// The version.
    pub version: Version,
    /// The entry's line in the lockfile, from 1; 0 before it is written.
    pub line: u32,
}

/// An archive that may be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedArchive {
    /// The tool.
    pub tool: String,
    /// The version.
    pub version: Version,
    /// The name of the source, which the registry has.
    pub source: String,
    /// The platform, as the source's table in the registry has it: `linux-x64`.
    pub platform: String,
    /// The archive's hash, `sha256:…` or `sha512:…`; `None` where upstream publishes none.
    pub hash: Option<String>,
    /// Its size in bytes, where the source says it.
    pub size: Option<u64>,
    /// The archives beside it, as `NAME HASH`.
    pub parts: Vec<String>,
    /// The entry's line in the lockfile, from 1; 0 before it is written.
    pub line: u32,
}

/// Why a text is no lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it. It never repeats what the line says.
    pub reason: String,
    /// Whether the file is of another format, which this usher can't replace.
    pub is_foreign: bool,
}

type Result<T> = std::result::Result<T, LockError>;

/// Something of an entry, or what is wrong with it.
type EntryResult<T> = std::result::Result<T, String>;

/// The fields of an entry: names and values.
type FieldList<'t> = Vec<(&'t str, Value<'t>)>;

/// The value of a field.
enum Value<'t> {
    Text(Cow<'t, str>),
    Number(u64),
    List(Vec<Cow<'t, str>>),
}

impl Lockfile {
    /// Reads a lockfile.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = Lines::new(text);
        lines.expect_format()?;
        let sources = sources(&mut lines)?;
        let requests = entries(&mut lines, "requests", request, LockedRequest::key)?;
        let archives = entries(&mut lines, "archives", archive, LockedArchive::key)?;
        match lines.next() {
            None => Ok(Self { sources, requests, archives }),
            Some((line, _)) => Err(LockError::new(line, "expected the end of the file")),
        }
    }

    /// The entries of a file that is no lockfile any more, as after a conflict of version control: each
    /// line that is one. Of two for the same, the higher version counts, and no archive.
    pub fn salvage(text: &str) -> Self {
        let mut found = Self::default();
        let mut contradictory = HashSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("sources = ")
                && let Ok((list, "")) = list(rest)
            {
                found.sources = list.into_iter().map(Cow::into_owned).collect();
                continue;
            }
            let Ok(fields) = table(line) else { continue };
            if fields.iter().any(|(name, _)| *name == "request") {
                let Ok(entry) = request(0, fields) else { continue };
                match found.requests.iter_mut().find(|known| known.is_for_same(&entry)) {
                    Some(known) if known.version < entry.version => *known = entry,
                    Some(_) => {}
                    None => found.requests.push(entry),
                }
            } else if let Ok(entry) = archive(0, fields) {
                match found.archives.iter().find(|known| known.is_for_same(&entry)) {
                    Some(known) if *known != entry => {
                        contradictory.insert(entry.key().map(str::to_owned));
                    }
                    Some(_) => {}
                    None => found.archives.push(entry),
                }
            }
        }
        found.archives.retain(|one| !contradictory.contains(&one.key().map(str::to_owned)));
        found
    }

    /// Puts the entries into the order of the file.
    pub fn sort(&mut self) {
        self.requests.sort_by(|one, other| one.key().cmp(&other.key()));
        self.archives.sort_by(|one, other| one.key().cmp(&other.key()));
    }
}

/// What a lockfile says of one request: its version, and the entry's line. This is all that a shim reads
/// of it: it looks at the form of each entry, and at the content of its own.
pub fn locked_version(
    text: &str,
    [tool, request, file]: [&str; 3],
) -> Result<Option<(Version, u32)>> {
    let wanted = [tool, request, file].map(|text| Quoted(text).to_string());
    let mut lines = Lines::new(text);
    lines.expect_format()?;
    lines.next_if(|line| line.starts_with("sources = ["));
    let mut found = None;
    lines.entries("requests", &mut |line, text| {
        let [version, ours @ ..] = request_fields(text).ok_or(NO_ENTRY)?;
        let is_ours =
            ours.iter().zip(&wanted).all(|(one, wanted)| *one == &wanted[1..wanted.len() - 1]);
        if !is_ours {
            return Ok(());
        }
        if found.is_some() {
            return Err(TWICE.to_owned());
        }
        found = Some((exact_version(version)?, line));
        Ok(())
    })?;
    Ok(found)
}

/// The texts of `  { tool = "…", request = "…", file = "…", version = "…" },` as they are in the file:
/// the version first.
fn request_fields(line: &str) -> Option<[&str; 4]> {
    let mut rest = line.strip_prefix("  { ")?;
    let mut texts = [""; 4];
    for (place, name) in
        [(1, "tool = \""), (2, "request = \""), (3, "file = \""), (0, "version = \"")]
    {
        let inner = rest.strip_prefix(name)?;
        let end = end_of_text(inner)?;
        texts[place] = &inner[..end];
        rest = &inner[end + 1..];
        if place != 0 {
            rest = rest.strip_prefix(", ")?;
        }
    }
    (rest == " },").then_some(texts)
}

/// Where the quotation mark is that ends a text.
fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}

fn exact_version(text: &str) -> EntryResult<Version> {
    let version = Version::parse(text).filter(|version| version.as_str() == text);
    version.ok_or_else(|| "the version is not an exact one".to_owned())
}

impl LockedRequest {
    /// What it is for: tool, file and request. No other entry is for the same.
    pub fn key(&self) -> [&str; 3] {
        [&self.tool, &self.file, &self.request]
    }

    /// Whether another entry is for the same.
    pub fn is_for_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl LockedArchive {
    /// What it is for: tool, version, source and platform. No other entry is for the same.
    pub fn key(&self) -> [&str; 4] {
        [&self.tool, self.version.as_str(), &self.source, &self.platform]
    }

    /// Whether another entry is for the same.
    pub fn is_for_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// Why a line is none.
const NO_ENTRY: &str = "expected an entry as `use lock` writes it";

/// Why an entry can't be a second one.
const TWICE: &str = "it says again what a line above says";

/// The names of the sources, where the file has some.
fn sources(lines: &mut Lines<'_>) -> Result<Vec<String>> {
    let Some((line, text)) = lines.next_if(|line| line.starts_with("sources = ")) else {
        return Ok(Vec::new());
    };
    let (list, rest) =
        list(&text["sources = ".len()..]).map_err(|reason| LockError::new(line, reason))?;
    match rest {
        "" => Ok(list.into_iter().map(Cow::into_owned).collect()),
        _ => Err(LockError::new(line, "expected the end of the line")),
    }
}

/// The entries of a list, no two of which are for the same.
fn entries<T, const N: usize>(
    lines: &mut Lines<'_>,
    name: &str,
    read: fn(u32, FieldList<'_>) -> EntryResult<T>,
    key: fn(&T) -> [&str; N],
) -> Result<Vec<T>> {
    let mut entries = Vec::new();
    let mut known = HashSet::new();
    lines.entries(name, &mut |line, text| {
        let entry = read(line, table(text)?)?;
        let is_new = known.insert(key(&entry).map(str::to_owned));
        entries.push(entry);
        if is_new { Ok(()) } else { Err(TWICE.to_owned()) }
    })?;
    Ok(entries)
}

fn request(line: u32, fields: FieldList<'_>) -> EntryResult<LockedRequest> {
    let mut fields = Fields(fields.into_iter().peekable());
    let request = LockedRequest {
        tool: fields.text("tool")?,
        request: fields.text("request")?,
        file: fields.text("file")?,
        version: fields.version()?,
        line,
    };
    let is_inside = |part: &str| !matches!(part, "" | "." | "..");
    if !request.file.split('/').all(is_inside) {
        return Err("the file is not a path from this folder".to_owned());
    }
    fields.end()?;
    Ok(request)
}

fn archive(line: u32, fields: FieldList<'_>) -> EntryResult<LockedArchive> {
    let mut fields = Fields(fields.into_iter().peekable());
    let archive = LockedArchive {
        tool: fields.text("tool")?,
        version: fields.version()?,
        source: fields.text("source")?,
        platform: fields.text("platform")?,
        hash: fields.optional("hash").map(as_text).transpose()?,
        size: fields.optional("size").as_ref().map(as_number).transpose()?,
        parts: fields.optional("parts").map(as_list).transpose()?.unwrap_or_default(),
        line,
    };
    fields.end()?;
    if archive.hash.as_deref().is_some_and(|hash| !is_hash(hash)) {
        return Err("the hash is neither sha256: nor sha512: with its digits".to_owned());
    }
    let is_part = |part: &String| part.rsplit_once(' ').is_some_and(|(_, hash)| is_hash(hash));
    if !archive.parts.iter().all(is_part) {
        return Err("a part is not a name and a hash".to_owned());
    }
    Ok(archive)
}

/// Whether a text is `sha256:` or `sha512:` and that many digits.
fn is_hash(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let Some((algorithm, digits)) = text.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha512" => 128,
        _ => return false,
    };
    digits.len() == length && digits.bytes().all(is_digit)
}

/// The fields of an entry, in their order.
struct Fields<'t>(Peekable<std::vec::IntoIter<(&'t str, Value<'t>)>>);

impl<'t> Fields<'t> {
    fn optional(&mut self, name: &str) -> Option<Value<'t>> {
        self.0.next_if(|(next, _)| *next == name).map(|(_, value)| value)
    }

    fn text(&mut self, name: &str) -> EntryResult<String> {
        as_text(self.optional(name).ok_or_else(|| format!("expected {name}"))?)
    }

    fn version(&mut self) -> EntryResult<Version> {
        exact_version(&self.text("version")?)
    }

    fn end(&mut self) -> EntryResult<()> {
        match self.0.next() {
            None => Ok(()),
            Some(_) => Err("a field is unknown, twice there, or not in its place".to_owned()),
        }
    }
}

fn as_text(value: Value<'_>) -> EntryResult<String> {
    match value {
        Value::Text(text) => Ok(text.into_owned()),
        Value::Number(_) | Value::List(_) => Err("expected a text in quotes".to_owned()),
    }
}

fn as_number(value: &Value<'_>) -> EntryResult<u64> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::Text(_) | Value::List(_) => Err("expected a number".to_owned()),
    }
}

fn as_list(value: Value<'_>) -> EntryResult<Vec<String>> {
    match value {
        Value::List(list) => Ok(list.into_iter().map(Cow::into_owned).collect()),
        Value::Text(_) | Value::Number(_) => Err("expected a list".to_owned()),
    }
}

/// The lines of a lockfile with their numbers, without comments and empty ones.
struct Lines<'t> {
    rest: std::str::Lines<'t>,
    /// The number of the line before the rest.
    last: u32,
    /// A line that was looked at.
    peeked: Option<(u32, &'t str)>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text.lines(), last: 0, peeked: None }
    }

    fn next(&mut self) -> Option<(u32, &'t str)> {
        if let Some(peeked) = self.peeked.take() {
            return Some(peeked);
        }
        loop {
            let line = self.rest.next()?;
            self.last += 1;
            if !line.is_empty() && !line.starts_with('#') {
                return Some((self.last, line));
            }
        }
    }

    /// The next line, if it is of this kind.
    fn next_if(&mut self, is_meant: impl Fn(&str) -> bool) -> Option<(u32, &'t str)> {
        let line = self.next()?;
        if is_meant(line.1) {
            return Some(line);
        }
        self.peeked = Some(line);
        None
    }

    /// Reads the line that names the format.
    fn expect_format(&mut self) -> Result<()> {
        match self.next() {
            Some((_, FORMAT)) => Ok(()),
            Some((line, text)) if text.starts_with("format = ") => {
                let reason = format!("usher {} doesn't know this format", crate::index::VERSION);
                Err(LockError { line, reason, is_foreign: true })
            }
            other => {
                let line = other.map_or(1, |(line, _)| line);
                Err(LockError::new(line, "expected “format = 1”"))
            }
        }
    }

    /// Reads the entries of a list, each on a line of its own.
    fn entries(
        &mut self,
        name: &str,
        entry: &mut dyn FnMut(u32, &'t str) -> EntryResult<()>,
    ) -> Result<()> {
        let opening = self.next();
        let rest = opening.and_then(|(_, text)| text.strip_prefix(name)?.strip_prefix(" = ["));
        let mut last = opening.map_or(1, |(line, _)| line);
        match rest {
            Some("]") => return Ok(()),
            Some("") => {}
            _ => return Err(LockError::new(last, &format!("expected “{name} = [”"))),
        }
        while let Some((line, text)) = self.next() {
            if text == "]" {
                return Ok(());
            }
            last = line;
            entry(line, text).map_err(|reason| LockError::new(line, &reason))?;
        }
        Err(LockError::new(last, "expected “]” below"))
    }
}

type Parsed<'t, T> = std::result::Result<(T, &'t str), &'static str>;

/// The fields of `  { name = value, … },`.
fn table(line: &str) -> std::result::Result<FieldList<'_>, &'static str> {
    let mut rest = line.strip_prefix("  { ").ok_or(NO_ENTRY)?;
    let mut fields = Vec::with_capacity(4);
    loop {
        let (name, value) = rest.split_once(" = ").ok_or(NO_ENTRY)?;
        let (value, after) = parse_value(value)?;
        fields.push((name, value));
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None if after == " }," => return Ok(fields),
            None => return Err(NO_ENTRY),
        }
    }
}

fn parse_value(text: &str) -> Parsed<'_, Value<'_>> {
    match text.as_bytes().first() {
        Some(b'"') => quoted(text).map(|(text, rest)| (Value::Text(text), rest)),
        Some(b'[') => list(text).map(|(list, rest)| (Value::List(list), rest)),
        _ => {
            let end = text.bytes().take_while(u8::is_ascii_digit).count();
            let number = text[..end].parse().map_err(|_| "expected a text, a number or a list")?;
            Ok((Value::Number(number), &text[end..]))
        }
    }
}

/// `["a", "b"]`
fn list(text: &str) -> Parsed<'_, Vec<Cow<'_, str>>> {
    let mut rest = text.strip_prefix('[').ok_or("expected a list")?;
    let mut list = Vec::new();
    if let Some(rest) = rest.strip_prefix(']') {
        return Ok((list, rest));
    }
    loop {
        let (item, after) = quoted(rest)?;
        list.push(item);
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None => return Ok((list, after.strip_prefix(']').ok_or("expected “]”")?)),
        }
    }
}

/// A text in double quotes. TOML's escapes are two: of a quotation mark and of a backslash.
fn quoted(text: &str) -> Parsed<'_, Cow<'_, str>> {
    const NO_TEXT: &str = "expected a text in quotes";
    let inner = text.strip_prefix('"').ok_or(NO_TEXT)?;
    let mut owned: Option<String> = None;
    let mut begin = 0;
    let mut characters = inner.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => {
                let last = &inner[begin..place];
                let text = match owned {
                    Some(text) => Cow::Owned(text + last),
                    None => Cow::Borrowed(last),
                };
                if text.len() > MAX_TEXT {
                    return Err("the text is too long");
                }
                return Ok((text, &inner[place + 1..]));
            }
            '\\' => {
                let Some((_, escaped @ ('"' | '\\'))) = characters.next() else {
                    return Err("the text has an unknown escape");
                };
                let text = owned.get_or_insert_default();
                text.push_str(&inner[begin..place]);
                text.push(escaped);
                begin = place + 2;
            }
            character if character.is_control() => return Err("the text has a control character"),
            _ => {}
        }
    }
    Err(NO_TEXT)
}

impl LockError {
    fn new(line: u32, reason: &str) -> Self {
        Self { line, reason: reason.to_owned(), is_foreign: false }
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// A text as the file has it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{escaped}\"")
    }
}

/// A list of texts as the file has it.
struct QuotedList<'a>(&'a [String]);

impl fmt::Display for QuotedList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (place, text) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Quoted(text))?;
        }
        f.write_str("]")
    }
}

/// The file's text.
impl fmt::Display for Lockfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{COMMENT}\n{FORMAT}")?;
        if !self.sources.is_empty() {
            writeln!(f, "sources = {}", QuotedList(&self.sources))?;
        }
        writeln!(f, "requests = [")?;
        for LockedRequest { tool, request, file, version, line: _ } in &self.requests {
            let [tool, request, file] = [tool, request, file].map(|text| Quoted(text));
            let version = Quoted(version.as_str());
            writeln!(
                f,
                "  {{ tool = {tool}, request = {request}, file = {file}, version = {version} }},"
            )?;
        }
        writeln!(f, "]\narchives = [")?;
        for archive in &self.archives {
            let [tool, version] = [&archive.tool, archive.version.as_str()].map(Quoted);
            let [source, platform] = [&archive.source, &archive.platform].map(|text| Quoted(text));
            write!(f, "  {{ tool = {tool}, version = {version}, source = {source}")?;
            write!(f, ", platform = {platform}")?;
            if let Some(hash) = &archive.hash {
                write!(f, ", hash = {}", Quoted(hash))?;
            }
            if let Some(size) = archive.size {
                write!(f, ", size = {size}")?;
            }
            if !archive.parts.is_empty() {
                write!(f, ", parts = {}", QuotedList(&archive.parts))?;
            }
            writeln!(f, " }},")?;
        }
        writeln!(f, "]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lockfile() -> Lockfile {
        let version = Version::parse("12.22.12").unwrap();
        let request = |request: &str| LockedRequest {
            tool: "node".into(),
            request: request.into(),
            file: ".config/mise.toml".into(),
            version: version.clone(),
            line: 0,
        };
        let archive = |platform: &str, hash: Option<String>| LockedArchive {
            tool: "node".into(),
            version: version.clone(),
            source: "npm".into(),
            platform: platform.into(),
            hash,
            size: Some(7),
            parts: vec![format!("npm 6.14.16 sha256:{}", "b".repeat(64))],
            line: 0,
        };
        let hash = Some(format!("sha512:{}", "a".repeat(128)));
        Lockfile {
            sources: vec!["npm".into(), "a \"b\" \\c".into()],
            requests: vec![request("12"), request("a \"b\\\" c")],
            archives: vec![archive("linux-x64", hash), archive("macos-x64", None)],
        }
    }

    fn without_lines(mut content: Lockfile) -> Lockfile {
        content.requests.iter_mut().for_each(|one| one.line = 0);
        content.archives.iter_mut().for_each(|one| one.line = 0);
        content
    }

    #[test]
    fn what_is_written_is_read_again() {
        for content in [Lockfile::default(), lockfile()] {
            let text = content.to_string();
            let read = Lockfile::parse(&text).unwrap();
            assert_eq!(without_lines(read.clone()), content);
            assert_eq!(without_lines(Lockfile::salvage(&text)), content);
            for request in &content.requests {
                let key = [&request.tool, &request.request, &request.file].map(|one| &**one);
                let (version, line) = locked_version(&text, key).unwrap().expect("an entry");
                let same = read.requests.iter().find(|one| one.line == line).expect("its line");
                assert_eq!((&version, &*same.request), (&request.version, &*request.request));
            }
            assert_eq!(locked_version(&text, ["node", "13", "x"]), Ok(None));
            let windows = text.replace('\n', "\r\n");
            assert_eq!(without_lines(Lockfile::parse(&windows).unwrap()), content);
        }
    }

    #[test]
    fn of_a_conflict_the_higher_version_counts_and_no_archive() {
        let text = lockfile().to_string();
        let theirs = text.replace("version = \"12.22.12\" },", "version = \"12.22.13\" },");
        let theirs = theirs.replace(&"a".repeat(128), &"c".repeat(128));
        let found =
            Lockfile::salvage(&format!("<<<<<<< ours\n{text}=======\n{theirs}>>>>>>> theirs\n"));
        let versions: Vec<&str> = found.requests.iter().map(|one| one.version.as_str()).collect();
        assert_eq!(versions, ["12.22.13", "12.22.13"]);
        let platforms: Vec<&str> = found.archives.iter().map(|one| &*one.platform).collect();
        assert_eq!(platforms, ["macos-x64"]);
    }

    #[test]
    fn a_broken_archive_is_an_error_with_its_line() {
        let text = lockfile().to_string();
        for (from, to, expected) in [
            ("sha512:", "sha1:", "line 9: the hash is neither sha256: nor sha512: with its digits"),
            ("6.14.16 sha256", "6.14.16 md5", "line 9: a part is not a name and a hash"),
            ("size = 7", "size = \"7\"", "line 9: expected a number"),
            (
                "size = 7",
                "size = 99999999999999999999",
                "line 9: expected a text, a number or a list",
            ),
            ("macos-x64", "linux-x64", "line 10: it says again what a line above says"),
            ("]\narchives", "]\nnews", "line 8: expected “archives = [”"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = Lockfile::parse(&text.replace(from, to)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let long = "1".repeat(600);
        for (to, expected) in [
            ("request = \"12\", file = \"../x\"", "the file is not a path from this folder"),
            ("request = \"12\", file = \"/etc/passwd\"", "the file is not a path from this folder"),
            ("request = 12, file = \"x\"", "expected a text in quotes"),
            ("request = \"12\", request = \"12\"", "expected file"),
            ("request = \"\u{1b}[0m\", file = \"x\"", "the text has a control character"),
            (&format!("request = \"{long}\", file = \"x\""), "the text is too long"),
        ] {
            let from = "request = \"12\", file = \".config/mise.toml\"";
            let error = Lockfile::parse(&text.replace(from, to)).unwrap_err();
            assert_eq!(error.to_string(), format!("line 5: {expected}"), "{to}");
        }
        let error = Lockfile::parse(&format!("{text}more\n")).unwrap_err();
        assert_eq!(error.to_string(), "line 12: expected the end of the file");
        let error = Lockfile::parse(text.strip_suffix("]\n").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "line 10: expected “]” below");
    }
}
