//! Package managers that upgrade themselves, or install another version of a tool as a package: a
//! version in a store stays what it is, and a pinned one still runs.

use usher_definition::SelfUpgrade;
use usher_shims::error::{Error, ErrorKind};
use usher_shims::pin::Pin;
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::resolve::Selection;
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use super::call::PackageManagerCall;
use crate::session::Session;
use crate::session::active::{active_selection, version_label};

/// What a call with a rule for self-upgrades comes to before it runs.
pub(super) enum Effect {
    /// It would replace a version's files.
    Refused(Error),
    /// It upgrades nothing that usher knows: it is any other call.
    None,
}

/// What to do instead of running a call as a child; `None` if it is to run so.
pub(super) fn effect(session: &Session, call: &PackageManagerCall<'_>) -> Option<Effect> {
    let upgrade = call.rule.self_upgrade?;
    if !upgrades_itself(call) {
        return Some(Effect::None);
    }
    match upgrade {
        SelfUpgrade::Elsewhere => None,
        SelfUpgrade::InPlace => Some(match stored_toolchain(call) {
            Some(toolchain) => Effect::Refused(refusal(session, call, toolchain)),
            None => Effect::None,
        }),
    }
}

/// The notes after a call: of each tool of which it requested another version than the pinned one.
pub(super) fn pinned_notes(
    session: &Session,
    call: &PackageManagerCall<'_>,
    has_succeeded: bool,
) -> Vec<String> {
    if call.rule.self_upgrade.is_some() {
        return own_note(session, call).into_iter().collect();
    }
    let words = || call.words.iter().filter_map(|word| word.to_str());
    let is_global = words().any(|word| call.rule.global.iter().any(|one| one == word));
    if !is_global || !has_succeeded {
        return Vec::new();
    }
    let requested = words().filter_map(|word| requested_tool(session, word));
    requested.filter_map(|(tool, request)| pinned_note(session, tool, request.as_ref())).collect()
}

/// The tool and the version that an argument names: `pnpm`, `pnpm@9.14.4`.
fn requested_tool(session: &Session, word: &str) -> Option<(&'static Tool, Option<Request>)> {
    let (name, version) = word.split_once('@').map_or((word, None), |(name, at)| (name, Some(at)));
    let tool = session.registry.all().map(|known| known.tool).find(|tool| tool.name == name)?;
    let request =
        version.and_then(|version| Request::parse(version, tool, RequestTrust::User).ok());
    Some((tool, request))
}

/// The note that a pinned version still runs, unless it matches the request.
fn pinned_note(
    session: &Session,
    tool: &'static Tool,
    request: Option<&Request>,
) -> Option<String> {
    let (toolchain, pin) = pinned(session, tool)?;
    let matches = |version: &Version| request.is_some_and(|request| request.matches(version, tool));
    if toolchain.version.as_ref().is_some_and(matches) {
        return None;
    }
    Some(note(tool, &toolchain, &pin, request))
}

/// The note after a program upgraded itself elsewhere, if its pinned version still runs.
fn own_note(session: &Session, call: &PackageManagerCall<'_>) -> Option<String> {
    let tool = call.plan.tool;
    if !tool.programs.contains(&call.call.program) {
        return None;
    }
    let (toolchain, pin) = pinned(session, tool)?;
    let before = call.plan.toolchain.as_ref()?;
    let request = requested_version(call);
    (toolchain.root == before.root).then(|| note(tool, &toolchain, &pin, request.as_ref()))
}

fn pinned(session: &Session, tool: &'static Tool) -> Option<(Toolchain, Pin)> {
    match active_selection(session, session.registry.named(tool.name).ok()?) {
        Ok(Selection::Toolchain(toolchain, Some(pin))) => Some((toolchain, pin)),
        Ok(_) | Err(_) => None,
    }
}

fn note(tool: &Tool, toolchain: &Toolchain, pin: &Pin, request: Option<&Request>) -> String {
    let (name, version, origin) = (tool.name, version_label(toolchain), &pin.origin);
    let request = request.map_or("latest", Request::as_str);
    format!(
        "{name} is pinned: {version} still runs (requested by {origin})\n  hint: use {name}@{request}"
    )
}

/// Whether a call's first argument that isn't an option is the verb, and none makes it harmless.
fn upgrades_itself(call: &PackageManagerCall<'_>) -> bool {
    let mut words = call.words.iter().filter_map(|word| word.to_str());
    let is_harmless = |word: &str| {
        let option = word.split_once('=').map_or(word, |(option, _)| option);
        call.rule.harmless.iter().any(|one| one == option)
    };
    !words.clone().any(is_harmless)
        && words
            .find(|word| !word.starts_with(['-', '+']))
            .is_some_and(|first| call.call.verbs.contains(&first))
}

/// The toolchain of a call, if its folder stands for a version; the system's has any.
fn stored_toolchain<'a>(call: &PackageManagerCall<'a>) -> Option<&'a Toolchain> {
    call.plan.toolchain.as_ref().filter(|toolchain| match toolchain.store {
        Store::Own | Store::Shared | Store::Adopted(_) | Store::Linked(_) => true,
        Store::System(_) | Store::Folder => false,
    })
}

/// The version among a call's arguments: `deno upgrade 2.1.0`, `--version=2.1.0`.
fn requested_version(call: &PackageManagerCall<'_>) -> Option<Request> {
    let words = call.words.iter().filter_map(|word| word.to_str());
    let values = words.map(|word| word.split_once('=').map_or(word, |(_, value)| value));
    let parsed =
        values.filter_map(|word| Request::parse(word, call.plan.tool, RequestTrust::User).ok());
    parsed.into_iter().find(|request| matches!(request.kind(), RequestKind::Version(_)))
}

fn refusal(session: &Session, call: &PackageManagerCall<'_>, toolchain: &Toolchain) -> Error {
    let (tool, version) = (call.plan.tool.name, version_label(toolchain));
    let origin = pinned(session, call.plan.tool)
        .map_or_else(String::new, |(_, pin)| format!(" (requested by {})", pin.origin));
    let request = requested_version(call);
    let request = request.as_ref().map_or("latest", Request::as_str);
    Error::new(ErrorKind::NotRunnable, format!("{tool} {version} can't replace itself{origin}"))
        .because("an installed version stays as it is")
        .hint(format!("use {tool}@{request}"))
}
