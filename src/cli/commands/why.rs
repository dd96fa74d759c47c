//! `use why [PROGRAM]`: which version runs here and why, with all requests and all that was skipped;
//! a tree for people, JSON for programs.

use serde::Serialize;
use usher_shims::call::{Call, calls};
use usher_shims::error::{Escaped, Result};

use crate::cli::explanation::{
    Candidate, CandidateKind, Explanation, FindRelease, InstalledMatch, LatestMatch, SkippedEntry,
    ToolExplanation, explain, install_command, is_requested,
};
use crate::cli::output::{self, Branch, Line, Meaning, Report, Text};
use crate::cli::unknown_program::suggest_program;
use crate::config::folders;
use crate::project::notices::ProjectFindings;
use crate::releases::Finder;
use crate::releases::network::Network;
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::shim_folder::foreign::note_hidden_shims;

/// The explanations of one program, or of all pinned tools.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct WhyReport {
    /// Why each program runs as it does.
    #[serde(rename = "programs")]
    explanations: Vec<Explanation>,
    /// What the trees don't contain.
    #[serde(skip)]
    notes: Vec<Notice>,
}

/// Runs `use why`. A program that can't run is explained like any other.
pub fn run(session: &Session, program: Option<&str>, as_json: bool) -> Result<i32> {
    // Indexes are cached only where the cache is writable; the result is the same.
    let access = folders::write_access(&session.folders).ok();
    let network = Network::with_cache_if(session, access.as_ref());
    let finder = Finder::new(session, &network);
    let report = decide(session, program, &|request| finder.find(request))?;
    note_hidden_shims(session, report.explanations.iter().map(|one| one.program.as_str()));
    output::print(&report, as_json, &*session.reporter)
}

fn decide(session: &Session, program: Option<&str>, find: &FindRelease<'_>) -> Result<WhyReport> {
    let findings = ProjectFindings::of(session);
    let mut notes = Vec::from_iter(findings.unknown_tools());
    notes.extend(findings.unlocked());
    if let Some(program) = program {
        let explanation = explain(session, program_or_main_program(session, program), find)
            .map_err(|error| suggest_program(session, "why", program, error))?;
        return Ok(WhyReport { explanations: vec![explanation], notes });
    }
    let mut explanations = Vec::new();
    for known in session.registry.all() {
        let Some(call) = Call::for_main_program(known.tool) else { continue };
        if is_requested(session, &call)? {
            explanations.push(explain(session, known.tool.main_program(), find)?);
        }
    }
    let skipped: Vec<&SkippedEntry> =
        explanations.iter().flat_map(|one| &one.tools).flat_map(|tool| &tool.skipped).collect();
    let is_skipped =
        |notice: &Notice| skipped.iter().any(|one| notice.what.ends_with(one.text.as_str()));
    notes.extend(findings.unusable().into_iter().filter(|notice| !is_skipped(notice)));
    Ok(WhyReport { explanations, notes })
}

/// A program; for the name of a tool that is none, the tool's main program.
fn program_or_main_program<'a>(session: &Session, program: &'a str) -> &'a str {
    match session.registry.named(program) {
        Ok(known) if calls(&session.index, program, None).is_empty() => known.tool.main_program(),
        _ => program,
    }
}

impl Report for WhyReport {
    fn text(&self) -> Text {
        if self.explanations.is_empty() {
            return "no tool is pinned here: use why PROGRAM".into();
        }
        let mut text = Text::new();
        self.explanations.iter().for_each(|one| text.tree(tree(one)));
        text
    }

    fn notes(&self) -> Vec<Notice> {
        self.notes.clone()
    }
}

fn tree(explanation: &Explanation) -> Branch {
    let mut below: Vec<Branch> = Vec::new();
    for tool in &explanation.tools {
        match explanation.tools.len() {
            1 => below.extend(tool_branches(tool)),
            _ => below.push(Branch::new(tool.tool.to_owned(), tool_branches(tool))),
        }
    }
    below.push(result_branch(explanation));
    below.extend(explanation.hidden_by.as_ref().map(|path| {
        let text = format!("by its name, {path} runs: it comes before the shims on PATH");
        Branch::leaf(Line::of(Meaning::Warning, text))
    }));
    Branch::new(heading(explanation), below)
}

fn heading(explanation: &Explanation) -> Line {
    let selected = explanation.tools.iter().find_map(|tool| {
        let candidate = tool.candidates.iter().find(|candidate| candidate.selected)?;
        Some((tool, candidate))
    });
    let program = Line::from(format!("{}: ", Escaped(&explanation.program)));
    match selected {
        Some((tool, candidate)) if candidate.kind == CandidateKind::Broken => {
            program.and(Meaning::Error, format!("the request for {} is broken", tool.tool))
        }
        Some((tool, candidate)) => {
            let requests = candidate.requests.join(" or ");
            let reason = match (candidate.kind, &tool.version) {
                (CandidateKind::Constraint, Some(_)) => {
                    format!("satisfies {requests} in {}", candidate.origin_text())
                }
                _ => format!("requested by {}", candidate.origin_text()),
            };
            let meaning = match explanation.path {
                Some(_) => Meaning::Active,
                None => Meaning::Error,
            };
            let version = tool.version.clone().unwrap_or(requests);
            program.and(meaning, format!("{} {version}", tool.tool)).then(format!(" ({reason})"))
        }
        None => program.and(Meaning::Muted, "not pinned"),
    }
}

fn tool_branches(tool: &ToolExplanation) -> Vec<Branch> {
    let candidates = tool.candidates.iter().map(candidate_branch).collect();
    let skipped = tool.skipped.iter().map(|skipped| &skipped.text);
    let skipped = skipped.map(|text| Branch::message(Meaning::Muted, text, Vec::new())).collect();
    let installed = tool.installed_versions.iter().map(installed_branch).collect();
    let groups = [
        Branch::group("requests, strongest first", candidates),
        Branch::group("skipped", skipped),
        Branch::group("installed", installed),
        tool.latest_matching.as_ref().map(|latest| latest_branch(tool, latest)),
    ];
    groups.into_iter().flatten().collect()
}

fn candidate_branch(candidate: &Candidate) -> Branch {
    let Candidate { kind, selected, reason, .. } = candidate;
    let normalized = (!candidate.normalized.is_empty()).then(|| {
        let text = format!("normalized: {}", candidate.normalized.join(", "));
        Branch::leaf(Line::of(Meaning::Muted, text))
    });
    let normalized = normalized.into_iter().collect();
    let requests = match candidate.requests.is_empty() {
        true => String::new(),
        false => format!("{} requested by ", candidate.requests.join(" or ")),
    };
    let request = format!("{requests}{}", candidate.origin_text());
    match (kind, selected) {
        (CandidateKind::Broken, true) => {
            Branch::message(Meaning::Error, &format!("{request}: wins, {reason}"), normalized)
        }
        (CandidateKind::Broken, false) => {
            Branch::message(Meaning::Warning, &format!("{request}: loses, {reason}"), normalized)
        }
        (_, true) => {
            let line = Line::of(Meaning::Active, request).then(": ").and(Meaning::Active, "wins");
            Branch::new(line.then(format!(", {reason}")), normalized)
        }
        (_, false) => {
            let text = format!("{request}: loses, {reason}");
            Branch::new(Line::of(Meaning::Muted, text), normalized)
        }
    }
}

fn installed_branch(installed: &InstalledMatch) -> Branch {
    let InstalledMatch { version, store, path, active, retired } = installed;
    let mark = if *active { ", active" } else { "" };
    let meaning = if *active { Meaning::Active } else { Meaning::Muted };
    let line = Line::of(meaning, format!("{version} ({store}{mark}"));
    let line = match retired {
        Some(date) => line.then(", ").and(Meaning::Warning, format!("retired: {date}")),
        None => line,
    };
    Branch::leaf(line.and(meaning, ") ").and(Meaning::Muted, path))
}

fn latest_branch(tool: &ToolExplanation, latest: &LatestMatch) -> Branch {
    let is_latest = format!("the latest release that matches {} is ", latest.request);
    match (&latest.version, latest.is_newer) {
        (Some(version), false) => Branch::leaf(format!("{is_latest}{version}, which is installed")),
        (Some(version), true) => {
            let hint = match is_upgradable(tool) {
                true => format!("use upgrade {}", tool.tool),
                false if tool.version.is_some() => install_command(tool.tool, version),
                false => install_command(tool.tool, &latest.request),
            };
            let line = Line::from(is_latest).and(Meaning::New, version.as_str());
            Branch::new(line, vec![Branch::leaf(Line::hint(hint))])
        }
        (None, _) => {
            let request = &latest.request;
            let what = match latest.is_absent {
                true => format!("no release matches {request}"),
                false => format!("can't look up the latest release that matches {request}"),
            };
            let muted = |text: &String| Branch::leaf(Line::of(Meaning::Muted, text));
            Branch::message(Meaning::Warning, &what, latest.causes.iter().map(muted).collect())
        }
    }
}

/// Whether `use upgrade` would install the latest release: it leaves constraints alone, and versions
/// that aren't installed yet.
fn is_upgradable(tool: &ToolExplanation) -> bool {
    let is_constraint =
        |candidate: &Candidate| candidate.selected && candidate.kind == CandidateKind::Constraint;
    tool.version.is_some() && !tool.candidates.iter().any(is_constraint)
}

fn result_branch(explanation: &Explanation) -> Branch {
    match (&explanation.path, &explanation.error) {
        (Some(path), _) => Branch::leaf(Line::from("runs ").and(Meaning::Active, path.to_string())),
        (None, Some(error)) => {
            let causes = error.causes.iter();
            let causes = causes.map(|cause| Branch::message(Meaning::Plain, cause, Vec::new()));
            let hint = error.hint.iter().map(|hint| Branch::leaf(Line::hint(hint)));
            let what = format!("can't run: {}", error.what);
            Branch::message(Meaning::Error, &what, causes.chain(hint).collect())
        }
        (None, None) => Branch::leaf(Line::of(Meaning::Error, "can't run")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::error::{Error, ErrorKind};
    use usher_shims::version::Version;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::releases::{Release, ToolRequest};
    use crate::session::in_memory::session;

    fn world() -> MemoryWorld {
        MemoryWorld::at("/p")
            .file("/usher/toolchains/node/10.24.1/bin/node", "")
            .file("/usher/toolchains/node/12.20.0/bin/node", "")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
    }

    /// The only release is 12.22.12.
    fn find(tool_request: &ToolRequest<'_>) -> Result<Release> {
        let version = Version::parse("12.22.12").unwrap();
        match tool_request.request.matches(&version, tool_request.known.tool) {
            true => Ok(Release {
                version,
                lts: None,
                source: "site".to_owned(),
                archive: None,
                is_translated: false,
            }),
            false => Err(Error::new(ErrorKind::NoMatchingVersion, "no node release matches")
                .because("nearest: 12.22.12")
                .hint("use available node")),
        }
    }

    fn offline(_: &ToolRequest<'_>) -> Result<Release> {
        Err(Error::new(ErrorKind::Offline, "no release").because("site: no cached index (offline)"))
    }

    fn why_text(world: MemoryWorld) -> String {
        decide(&session(world), Some("node"), &find).unwrap().text().to_string()
    }

    #[test]
    fn every_request_wins_or_loses_for_a_reason() {
        let world = world()
            .file("/p/a/.node-version", "v12 # ours\r\n")
            .file("/p/.nvmrc", "10\n")
            .file("/p/.tool-versions", "python 3.7\n")
            .file("/p/package.json", r#"{"engines":{"node":">=11"}}"#)
            .file("/usher/config/tool-versions", "node 10\n")
            .in_directory("/p/a");
        let report = decide(&session(world), Some("node"), &offline).unwrap();
        insta::assert_snapshot!(report.text(), @"
        node: node 12.22.12 (requested by .node-version:1)
        ├─ requests, strongest first
        │  ├─ v12 requested by .node-version:1: wins, the strongest
        │  │  └─ normalized: CRLF line endings, a comment, a leading v
        │  ├─ 10 requested by /p/.nvmrc:1: loses, /p/a/.node-version is nearer
        │  ├─ >=11 requested by /p/package.json (engines.node): loses, a constraint; 12.22.12 satisfies it
        │  └─ 10 requested by your default, /usher/config/tool-versions:1: loses, the project's request is stronger
        ├─ skipped
        │  └─ /p/.tool-versions names no version of this tool
        ├─ installed
        │  ├─ 12.22.12 (usher, active) /usher/toolchains/node/12.22.12
        │  └─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        ├─ can't look up the latest release that matches v12
        │  └─ site: no cached index (offline)
        └─ runs /usher/toolchains/node/12.22.12/bin/node
        ");
        let node = &serde_json::to_value(&report).unwrap()["programs"][0]["tools"][0];
        assert_eq!(node["version"], "12.22.12");
        assert_eq!(
            node["candidates"][0],
            json!({
                "kind": "pin",
                "requested_by": report.explanations[0].tools[0].candidates[0].requested_by,
                "requests": ["v12"],
                "selected": true,
                "rule": "strongest",
                "reason": "the strongest",
                "normalized": ["CRLF line endings", "a comment", "a leading v"],
            })
        );
        assert_eq!(node["candidates"][1].get("normalized"), None);
        assert_eq!(
            node["installed_versions"][1],
            json!({
                "version": "12.20.0",
                "store": "usher",
                "path": "/usher/toolchains/node/12.20.0",
                "active": false,
            })
        );
        assert_eq!(
            node["latest_matching"],
            json!({
                "request": "v12",
                "version": null,
                "newer": false,
                "error": {
                    "what": "no release",
                    "causes": ["site: no cached index (offline)"],
                    "hint": null,
                    "code": "offline",
                    "exit": 69,
                },
            })
        );
    }

    #[test]
    fn a_variable_may_be_the_label_of_an_image() {
        let world = world().file("/p/.nvmrc", "10").variable("NODE_VERSION", "12.20");
        insta::assert_snapshot!(why_text(world), @r#"
        node: node 12.20.0 (requested by NODE_VERSION)
        ├─ requests, strongest first
        │  ├─ 12.20 requested by NODE_VERSION: wins, the strongest
        │  └─ 10 requested by .nvmrc:1: loses, NODE_VERSION is stronger; if a container image sets it as a label, put ignore_variables = ["NODE_VERSION"] into config.toml
        ├─ installed
        │  └─ 12.20.0 (usher, active) /usher/toolchains/node/12.20.0
        ├─ no release matches 12.20
        │  └─ nearest: 12.22.12
        └─ runs /usher/toolchains/node/12.20.0/bin/node
        "#);
    }

    #[test]
    fn broken_requests_and_missing_versions_cannot_run() {
        let nvmrc = |content: &str| why_text(world().file("/p/.nvmrc", content));
        insta::assert_snapshot!(nvmrc("../x"), @"
        node: the request for node is broken
        ├─ requests, strongest first
        │  └─ invalid node version “../x” (requested by .nvmrc:1): wins, the strongest; a broken request is never skipped
        ├─ installed
        │  ├─ 12.22.12 (usher) /usher/toolchains/node/12.22.12
        │  ├─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        │  └─ 10.24.1 (usher) /usher/toolchains/node/10.24.1
        └─ can't run: invalid node version “../x” (requested by .nvmrc:1)
           ├─ expected a version, a range or an alias
           └─ hint: use node
        ");
        insta::assert_snapshot!(nvmrc("99 12.20 10"), @"
        node: node 12.20.0 (requested by .nvmrc:1)
        ├─ requests, strongest first
        │  └─ 99 or 12.20 or 10 requested by .nvmrc:1: wins, the strongest; 99 isn't installed, 12.20.0 is
        │     └─ normalized: several versions, in order of preference
        ├─ installed
        │  ├─ 12.20.0 (usher, active) /usher/toolchains/node/12.20.0
        │  └─ 10.24.1 (usher) /usher/toolchains/node/10.24.1
        ├─ no release matches 99
        │  └─ nearest: 12.22.12
        └─ runs /usher/toolchains/node/12.20.0/bin/node
        ");
        insta::assert_snapshot!(nvmrc("13"), @"
        node: node 13 (requested by .nvmrc:1)
        ├─ requests, strongest first
        │  └─ 13 requested by .nvmrc:1: wins, the strongest; no installed version matches
        ├─ no release matches 13
        │  └─ nearest: 12.22.12
        └─ can't run: node 13 is not installed (requested by .nvmrc:1)
           └─ hint: use available node
        ");
        let unreadable = why_text(world().file("/p/.nvmrc", "12").unreadable("/p/.nvmrc"));
        insta::assert_snapshot!(unreadable, @"
        node: the request for node is broken
        ├─ requests, strongest first
        │  └─ can't read /p/.nvmrc: wins, the strongest; a broken request is never skipped
        ├─ installed
        │  ├─ 12.22.12 (usher) /usher/toolchains/node/12.22.12
        │  ├─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        │  └─ 10.24.1 (usher) /usher/toolchains/node/10.24.1
        └─ can't run: can't read /p/.nvmrc
           └─ permission denied
        ");
    }

    /// Every line stays in the tree, and has the colour of its meaning.
    #[test]
    #[expect(clippy::too_many_lines, reason = "one tree on each kind of screen")]
    fn the_tree_fits_its_screen() {
        let world = world()
            .file("/p/a/.node-version", "v12\r\n")
            .file("/p/.nvmrc", "10\n")
            .file("/p/package.json", "{\"volta\": {")
            .in_directory("/p/a");
        let text = decide(&session(world.clone()), Some("node"), &offline).unwrap().text();
        insta::assert_snapshot!(text.at_width(60), @"
        node: node 12.22.12 (requested by .node-version:1)
        ├─ requests, strongest first
        │  ├─ v12 requested by .node-version:1: wins, the strongest
        │  │  └─ normalized: CRLF line endings, a leading v
        │  └─ 10 requested by /p/.nvmrc:1: loses, /p/a/.node-version
        │     is nearer
        ├─ skipped
        │  └─ can't parse /p/package.json: EOF while parsing an
        │     object at line 1 column 11
        ├─ installed
        │  ├─ 12.22.12 (usher, active)
        │  │  /usher/toolchains/node/12.22.12
        │  └─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        ├─ can't look up the latest release that matches v12
        │  └─ site: no cached index (offline)
        └─ runs /usher/toolchains/node/12.22.12/bin/node
        ");
        insta::assert_snapshot!(text.at_width(80), @"
        node: node 12.22.12 (requested by .node-version:1)
        ├─ requests, strongest first
        │  ├─ v12 requested by .node-version:1: wins, the strongest
        │  │  └─ normalized: CRLF line endings, a leading v
        │  └─ 10 requested by /p/.nvmrc:1: loses, /p/a/.node-version is nearer
        ├─ skipped
        │  └─ can't parse /p/package.json: EOF while parsing an object at line 1 column
        │     11
        ├─ installed
        │  ├─ 12.22.12 (usher, active) /usher/toolchains/node/12.22.12
        │  └─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        ├─ can't look up the latest release that matches v12
        │  └─ site: no cached index (offline)
        └─ runs /usher/toolchains/node/12.22.12/bin/node
        ");
        insta::assert_snapshot!(text.at_width(120), @"
        node: node 12.22.12 (requested by .node-version:1)
        ├─ requests, strongest first
        │  ├─ v12 requested by .node-version:1: wins, the strongest
        │  │  └─ normalized: CRLF line endings, a leading v
        │  └─ 10 requested by /p/.nvmrc:1: loses, /p/a/.node-version is nearer
        ├─ skipped
        │  └─ can't parse /p/package.json: EOF while parsing an object at line 1 column 11
        ├─ installed
        │  ├─ 12.22.12 (usher, active) /usher/toolchains/node/12.22.12
        │  └─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        ├─ can't look up the latest release that matches v12
        │  └─ site: no cached index (offline)
        └─ runs /usher/toolchains/node/12.22.12/bin/node
        ");
        insta::assert_snapshot!(text.with_meanings(), @"
        node: <Active>node 12.22.12</> (requested by .node-version:1)
        <Muted>├─ </><Heading>requests, strongest first</>
        <Muted>│  ├─ </><Active>v12 requested by .node-version:1</>: <Active>wins</>, the strongest
        <Muted>│  │  └─ </><Muted>normalized: CRLF line endings, a leading v</>
        <Muted>│  └─ </><Muted>10 requested by /p/.nvmrc:1: loses, /p/a/.node-version is nearer</>
        <Muted>├─ </><Heading>skipped</>
        <Muted>│  └─ </><Muted>can't parse /p/package.json: EOF while parsing an object at line 1 column 11</>
        <Muted>├─ </><Heading>installed</>
        <Muted>│  ├─ </><Active>12.22.12 (usher, active) </><Muted>/usher/toolchains/node/12.22.12</>
        <Muted>│  └─ </><Muted>12.20.0 (usher) /usher/toolchains/node/12.20.0</>
        <Muted>├─ </><Warning>can't look up the latest release that matches v12</>
        <Muted>│  └─ </><Muted>site: no cached index (offline)</>
        <Muted>└─ </>runs <Active>/usher/toolchains/node/12.22.12/bin/node</>
        ");
        let broken = world.file("/p/a/.node-version", "../x");
        let text = decide(&session(broken), Some("node"), &find).unwrap().text();
        insta::assert_snapshot!(text.at_width(60), @"
        node: the request for node is broken
        ├─ requests, strongest first
        │  ├─ invalid node version “../x” (requested by
        │  │  .node-version:1): wins, the strongest; a broken
        │  │  request is never skipped
        │  └─ 10 requested by /p/.nvmrc:1: loses, a stronger request
        │     can't be used
        ├─ skipped
        │  └─ can't parse /p/package.json: EOF while parsing an
        │     object at line 1 column 11
        ├─ installed
        │  ├─ 12.22.12 (usher) /usher/toolchains/node/12.22.12
        │  ├─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        │  └─ 10.24.1 (usher) /usher/toolchains/node/10.24.1
        └─ can't run: invalid node version “../x” (requested by
           │ .node-version:1)
           ├─ expected a version, a range or an alias
           └─ hint: use node
        ");
        insta::assert_snapshot!(text.with_meanings(), @"
        node: <Error>the request for node is broken</>
        <Muted>├─ </><Heading>requests, strongest first</>
        <Muted>│  ├─ </><Error>invalid node version “../x” (requested by .node-version:1): wins, the strongest; a broken request is never skipped</>
        <Muted>│  └─ </><Muted>10 requested by /p/.nvmrc:1: loses, a stronger request can't be used</>
        <Muted>├─ </><Heading>skipped</>
        <Muted>│  └─ </><Muted>can't parse /p/package.json: EOF while parsing an object at line 1 column 11</>
        <Muted>├─ </><Heading>installed</>
        <Muted>│  ├─ </><Muted>12.22.12 (usher) /usher/toolchains/node/12.22.12</>
        <Muted>│  ├─ </><Muted>12.20.0 (usher) /usher/toolchains/node/12.20.0</>
        <Muted>│  └─ </><Muted>10.24.1 (usher) /usher/toolchains/node/10.24.1</>
        <Muted>└─ </><Error>can't run: invalid node version “../x” (requested by .node-version:1)</>
        <Muted>   ├─ </>expected a version, a range or an alias
        <Muted>   └─ </><Hint>hint: use node</>
        ");
    }

    #[test]
    fn a_newer_release_has_its_command() {
        let pinned = why_text(world().file("/p/.nvmrc", "12.x || 10"));
        assert!(pinned.contains("is 12.22.12, which is installed\n"), "{pinned}");
        let only_old = || MemoryWorld::at("/p").file("/usher/toolchains/node/12.20.0/bin/node", "");
        let pinned = why_text(only_old().file("/p/.nvmrc", "12"));
        let upgrade = "matches 12 is 12.22.12\n│  └─ hint: use upgrade node\n";
        assert!(pinned.contains(upgrade), "{pinned}");
        let engines = r#"{"engines":{"node":"12"}}"#;
        let constrained = why_text(only_old().file("/p/package.json", engines));
        let install = "is 12.22.12\n│  └─ hint: use install node@12.22.12\n";
        assert!(constrained.contains(install), "{constrained}");
    }

    #[test]
    fn without_a_program_all_pinned_tools_are_explained() {
        let all = |world| decide(&session(world), None, &find).unwrap();
        let none = all(world());
        assert_eq!(none.text(), "no tool is pinned here: use why PROGRAM\n");
        assert_eq!(serde_json::to_string(&none).unwrap(), r#"{"programs":[]}"#);
        let pinned = all(world().file("/p/.tool-versions", "nodejs 12.20.0\npython 3.7\n"));
        let programs: Vec<&str> =
            pinned.explanations.iter().map(|explanation| explanation.program.as_str()).collect();
        assert_eq!(programs, ["node", "python"]);
        insta::assert_snapshot!(why_text(world()), @"
        node: not pinned
        ├─ installed
        │  ├─ 12.22.12 (usher, active) /usher/toolchains/node/12.22.12
        │  ├─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        │  └─ 10.24.1 (usher) /usher/toolchains/node/10.24.1
        └─ runs /usher/toolchains/node/12.22.12/bin/node
        ");
    }

    #[test]
    fn a_file_of_other_programs_counts_last() {
        let world = world()
            .file("/p/a/.env", "NODE_VERSION=10\nPYTHON_VERSION=3.11-slim\n")
            .file("/p/.nvmrc", "12\n")
            .in_directory("/p/a");
        insta::assert_snapshot!(why_text(world.clone()), @"
        node: node 12.22.12 (requested by /p/.nvmrc:1)
        ├─ requests, strongest first
        │  ├─ 12 requested by /p/.nvmrc:1: wins, the strongest
        │  └─ 10 requested by .env:1: loses, .env only counts where no other file pins the tool
        ├─ installed
        │  ├─ 12.22.12 (usher, active) /usher/toolchains/node/12.22.12
        │  └─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        ├─ the latest release that matches 12 is 12.22.12, which is installed
        └─ runs /usher/toolchains/node/12.22.12/bin/node
        ");
        let python = decide(&session(world), Some("python"), &find).unwrap().text().to_string();
        let ignored =
            "├─ skipped\n│  └─ invalid python version “3.11-slim” (requested by .env:2): ";
        assert!(python.contains(ignored), "{python}");
    }

    #[test]
    fn a_constraint_decides_below_every_pin() {
        let engines = |range: &str| format!("{{\"engines\": {{\"node\": \"{range}\"}}}}");
        let world = world().file("/usher/config/tool-versions", "node 10\n");
        insta::assert_snapshot!(why_text(world.clone().file("/p/package.json", engines(">=11"))), @"
        node: node 12.22.12 (satisfies >=11 in package.json (engines.node))
        ├─ requests, strongest first
        │  ├─ >=11 requested by package.json (engines.node): wins, no pin is stronger; 12.22.12 satisfies it
        │  └─ 10 requested by your default, /usher/config/tool-versions:1: loses, it doesn't satisfy the constraint
        ├─ installed
        │  ├─ 12.22.12 (usher, active) /usher/toolchains/node/12.22.12
        │  └─ 12.20.0 (usher) /usher/toolchains/node/12.20.0
        ├─ the latest release that matches >=11 is 12.22.12, which is installed
        └─ runs /usher/toolchains/node/12.22.12/bin/node
        ");
        // Another manager's is no default then, whatever it says.
        let mise = world.clone().variable("MISE_CONFIG_DIR", "/mise");
        let mise = mise.file("/mise/config.toml", "[tools]\nnode = '12'\n");
        let text = why_text(mise.file("/p/package.json", engines(">=11")));
        let reason = "12 requested by your default, /mise/config.toml:2 (tools.node): loses, \
                      your default is stronger";
        assert!(text.contains(reason), "{text}");
        let pinned = world
            .file("/p/package.json", engines(">=11"))
            .file("/p/.prototools", "node = '12.20.0'\n");
        let text = why_text(pinned);
        let lines: Vec<&str> =
            text.lines().map(|line| line.trim_start_matches(['│', ' '])).collect();
        let place = |part: &str| lines.iter().position(|line| line.contains(part));
        assert!(place("12.20.0 requested by") < place(">=11 requested by"), "{text}");
        assert!(place(">=11 requested by") < place("your default"), "{text}");
    }

    #[test]
    fn a_tool_is_explained_by_each_of_its_names() {
        let world = MemoryWorld::at("/p")
            .file("/p/.tool-versions", "erlang 27\nnodejs 12\ngolang 1.22\n")
            .file("/usher/toolchains/erlang/27.3/bin/erl", "")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
            .file("/usher/toolchains/go/1.22.5/bin/go", "");
        for (name, heading) in [
            ("erlang", "erl: erlang 27.3 (requested by .tool-versions:1)\n"),
            ("nodejs", "node: node 12.22.12 (requested by .tool-versions:2)\n"),
            ("golang", "go: go 1.22.5 (requested by .tool-versions:3)\n"),
        ] {
            let why =
                decide(&session(world.clone()), Some(name), &offline).unwrap().text().to_string();
            assert!(why.starts_with(heading), "{name}: {why}");
        }
    }

    #[test]
    fn files_that_decide_nothing_are_notes() {
        let world = world()
            .file("/p/package.json", "{")
            .file("/p/.tool-versions", "terraform 1.5.7\nnodejs 12\n");
        let all = decide(&session(world.clone()), None, &find).unwrap();
        let notes: Vec<String> = all.notes().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(notes.join("\n"), @"
        unknown tool: terraform (.tool-versions)
        ignored: can't parse package.json: EOF while parsing an object at line 1 column 1
        ");
        let node = decide(&session(world), Some("node"), &find).unwrap();
        assert_eq!(node.notes(), ["unknown tool: terraform (.tool-versions)"]);
    }

    #[test]
    fn an_unknown_program_is_an_error() {
        let unknown = decide(&session(world()), Some("frobnicate"), &find).unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::NotFound);
    }
}
