//! Versions without their tool, as managers of one tool take them: `use 20`. The tool is named where it is
//! obvious: this project pins no other one that has such versions, or only one has such a version
//! installed.

use usher_shims::error::{Error, ErrorKind, Escaped};
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::store::all_toolchains;
use usher_shims::version::Version;

use super::hints::{hint, is_version_of, tool_of};
use crate::registry::{KnownTool, Registry};
use crate::session::Session;
use crate::session::active::pin_of_files;

/// Where a command was typed: the session is missing if the command line couldn't be parsed.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    /// The tools.
    pub(super) registry: &'a Registry,
    /// What is pinned and installed.
    pub(super) session: Option<&'a Session>,
}

/// Whether a word is no tool, and can be a version of one; a letter that stands for any is a word, too.
pub(super) fn is_lone_version(registry: &Registry, word: &str) -> bool {
    let is_wildcard = ["x", "X", "*"].contains(&word);
    !is_wildcard
        && tool_of(registry, word).is_none()
        && registry.all().any(|known| is_version_of(known, word))
}

/// The error about a version without its tool; `command` is what was meant, with the tool.
pub(super) fn which_tool(
    here: Here<'_>,
    version: &str,
    command: &dyn Fn(KnownTool<'_>) -> Vec<String>,
) -> Error {
    let what = format!("which tool? “{}” is a version", Escaped(version));
    with_tool(here, version, Error::new(ErrorKind::Usage, what), command)
}

/// The same error with the command that was meant, if the tool is obvious; else with an example, which is
/// no hint: it may install what was not meant.
pub(super) fn with_tool(
    here: Here<'_>,
    version: &str,
    error: Error,
    command: &dyn Fn(KnownTool<'_>) -> Vec<String>,
) -> Error {
    // Of some verbs, the tool alone is an argument.
    let meant = |name: &str, known| {
        let pin = format!("{name}@{version}");
        let has_pin = command(known).iter().any(|word| word.ends_with(&format!("@{version}")));
        if has_pin { Escaped(&pin).to_string() } else { name.to_owned() }
    };
    if let Some(known) = obvious_tool(here, version) {
        let meant = meant(known.tool.name, known);
        return error.because(format!("did you mean {meant}?")).hint(hint(&command(known)));
    }
    let example =
        candidates(here, version).into_iter().max_by_key(|known| known_lines(*known, version));
    match example {
        Some(known) => {
            let meant = meant("TOOL", known);
            error.because(format!("write {meant}, for example: {}", hint(&command(known))))
        }
        None => error.because(format!("write TOOL@{}", Escaped(version))),
    }
}

/// How well known a version of a tool is: whether its release line is, and how many are.
fn known_lines(known: KnownTool<'_>, version: &str) -> (bool, usize) {
    let usual = usual_vendor(known);
    let request = Request::parse(version, known.tool, RequestTrust::User).ok();
    let exact = request.as_ref().and_then(|request| match request.kind() {
        RequestKind::Version(version) => Some(version.numbers()),
        _ => None,
    });
    let lines = &known.definition.end_of_life;
    let has_line = exact.is_some_and(|numbers| lines.date_of(usual, numbers.as_slice()).is_some());
    (has_line, lines.count(usual))
}

fn usual_vendor(known: KnownTool<'_>) -> &'static str {
    known.tool.vendors.first().copied().unwrap_or_default()
}

/// The only tool that a version can be of: among those that this project pins, else among those that
/// have a matching version installed.
fn obvious_tool<'a>(here: Here<'a>, version: &str) -> Option<KnownTool<'a>> {
    let session = here.session?;
    let candidates = candidates(here, version);
    let is_pinned = |known: &KnownTool<'_>| pin_of_files(session, *known).is_some();
    let pinned: Vec<KnownTool<'_>> = candidates.iter().copied().filter(is_pinned).collect();
    let is_installed = |known: &KnownTool<'_>| {
        let request = Request::parse(version, known.tool, RequestTrust::User);
        let matches =
            |one: &Version| request.as_ref().is_ok_and(|request| request.matches(one, known.tool));
        installed(session, *known).iter().any(matches)
    };
    let found = match pinned.is_empty() {
        true => candidates.into_iter().filter(is_installed).collect(),
        false => pinned,
    };
    match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The tools that have such versions, as far as that is known without a network: a number is one of the
/// first numbers of installed and pinned versions, or of known release lines.
fn candidates<'a>(here: Here<'a>, version: &str) -> Vec<KnownTool<'a>> {
    let number = first_number(version);
    let has_it = |known: &KnownTool<'_>| {
        let Some(number) = number else { return true };
        let pinned = here.session.and_then(|session| pin_of_files(session, *known));
        let pinned = pinned.as_ref().and_then(|pin| first_number(pin.request()?.as_str()));
        let is_first = |one: &Version| one.numbers().as_slice().first() == Some(&number);
        known.definition.end_of_life.may_begin_with(usual_vendor(*known), number)
            || pinned == Some(number)
            || here.session.is_some_and(|session| installed(session, *known).iter().any(is_first))
    };
    let of_version = here.registry.all().filter(|known| is_version_of(*known, version));
    of_version.filter(has_it).collect()
}

/// The installed versions of a tool; none if they can't be listed.
fn installed(session: &Session, known: KnownTool<'_>) -> Vec<Version> {
    let all = all_toolchains(&session.world, &session.index, known.tool).ok().flatten();
    all.unwrap_or_default().into_iter().filter_map(|toolchain| toolchain.version).collect()
}

/// The first number of a version: 20 of `v20.1`, `>=20` and `20.x`.
fn first_number(version: &str) -> Option<u64> {
    let text = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}
