//! `use check`: where a project's files disagree with the active versions, for people and for CI.

use std::fmt;
use std::path::Path;

use serde::{Serialize, Serializer};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::pin::Origin;
use usher_shims::request::Request;

use crate::check::{
    Agreement, Baseline, CheckReport, ComparedMention, Expected, MentionPlace, Note, Requester,
    ToolGroup, check,
};
use crate::cli::output::{self, Report, ReportPath};
use crate::session::Session;

/// The exit code if something disagrees: `docs/exit-codes.md`.
const DISAGREES: i32 = 1;

/// Runs `use check`; returns the exit code.
pub fn run(session: &Session, as_json: bool) -> Result<i32> {
    output::print(&check(session)?, as_json, &*session.reporter)
}

impl Report for CheckReport {
    fn text(&self) -> String {
        let mut lines = Vec::new();
        for group in &self.groups {
            let mut disagreeing = disagreeing(group).peekable();
            if let (Some(baseline), true) = (&group.baseline, disagreeing.peek().is_some()) {
                lines.push(format!("{}: {}", group.tool.name, heading(group, baseline)));
            }
            lines.extend(disagreeing.map(|compared| format!("  {}", place_and_text(compared))));
        }
        lines.extend(self.notes.iter().map(|note| format!("note: {}", NoteLine(note))));
        match (self.count(&Agreement::Agrees), self.count(&Agreement::Disagrees)) {
            (0, 0) => lines.push("no version that can be compared is named here".to_owned()),
            (1, 0) => lines.push("the one place that names a version agrees".to_owned()),
            (all, 0) => lines.push(format!("all {all} places that name a version agree")),
            _ => {}
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    fn notes(&self) -> Vec<String> {
        match self.agrees() {
            true => Vec::new(),
            false => vec![summary(self).to_string()],
        }
    }

    fn exit_code(&self) -> i32 {
        if self.agrees() { 0 } else { DISAGREES }
    }
}

fn disagreeing(group: &ToolGroup) -> impl Iterator<Item = &ComparedMention> {
    group.mentions.iter().filter(|compared| compared.agreement == Agreement::Disagrees)
}

/// The active version: `usher runs 20.1.0 here (requested by .nvmrc:1)`.
fn heading(group: &ToolGroup, baseline: &Baseline) -> String {
    let folder = InFolder(&group.folder);
    let request = baseline.requests.first().map(ToString::to_string).unwrap_or_default();
    let requester = match &baseline.requester {
        Requester::File(place, field) => format!("{}{}", At(place), FieldLabel(*field)),
        Requester::Outside(origin) => origin.to_string(),
        Requester::Mention(place, shown) => {
            let first = format!("{}: {}", At(place), Escaped(shown));
            return format!("not pinned; the first place that names a version is {first}");
        }
    };
    match &baseline.expected {
        Expected::Version(version) => {
            format!("usher runs {version} {folder} (requested by {requester})")
        }
        Expected::NotInstalled => {
            format!("{request} is requested {folder} by {requester}, but not installed")
        }
        Expected::Unknown => format!("usher runs {request} {folder} (requested by {requester})"),
    }
}

fn place_and_text(compared: &ComparedMention) -> String {
    format!("{}: {}", At(&compared.mention.place), Escaped(&compared.mention.shown))
}

/// How many places disagree, and what to do.
fn summary(report: &CheckReport) -> Error {
    let disagree = report.count(&Agreement::Disagrees);
    let all = report.count(&Agreement::Agrees) + disagree;
    let what = match (all, disagree) {
        (1, _) => "the one place that names a version disagrees".to_owned(),
        (_, 1) => format!("1 of {all} places that name a version disagrees"),
        _ => format!("{disagree} of {all} places that name a version disagree"),
    };
    let hint = "change these places, or the pin";
    let first = report.groups.iter().find_map(|group| Some((group, disagreeing(group).next()?)));
    let example = first.and_then(|(group, compared)| example(group, compared));
    let hint = example.map_or_else(|| hint.to_owned(), |example| format!("{hint}: {example}"));
    Error::new(ErrorKind::FaultsFound, what).hint(hint)
}

/// A command after which a place agrees.
fn example(group: &ToolGroup, compared: &ComparedMention) -> Option<String> {
    if let Some(Requester::Outside(Origin::Variable(name))) =
        group.baseline.as_ref().map(|one| &one.requester)
    {
        return Some(format!("unset {name}"));
    }
    // What a shell would interpret isn't offered for typing.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-/".contains(c);
    let mut requests = compared.mention.requests.iter();
    let request = requests.next().filter(|request| request.chars().all(is_plain))?;
    Some(format!("use {}@{request}", group.tool.name))
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mentions = self.groups.iter().flat_map(|group| &group.mentions);
        let report = CheckJson {
            agrees: self.agrees(),
            project: ReportPath::new(&self.root),
            tools: self.groups.iter().filter_map(ToolJson::of).collect(),
            mentions: mentions.map(MentionJson::of).collect(),
            notes: self.notes.iter().map(NoteJson::of).collect(),
        };
        report.serialize(serializer)
    }
}

#[derive(Serialize)]
struct CheckJson<'a> {
    agrees: bool,
    project: ReportPath,
    tools: Vec<ToolJson<'a>>,
    mentions: Vec<MentionJson<'a>>,
    notes: Vec<NoteJson<'a>>,
}

/// The active version of a tool in a folder.
#[derive(Serialize)]
struct ToolJson<'a> {
    tool: &'static str,
    folder: String,
    version: Option<String>,
    request: Option<&'a str>,
    requested_by: String,
}

impl<'a> ToolJson<'a> {
    fn of(group: &'a ToolGroup) -> Option<Self> {
        let baseline = group.baseline.as_ref()?;
        Some(Self {
            tool: group.tool.name,
            folder: match group.folder.as_os_str().is_empty() {
                true => ".".to_owned(),
                false => group.folder.to_string_lossy().into_owned(),
            },
            version: match &baseline.expected {
                Expected::Version(version) => Some(version.to_string()),
                Expected::NotInstalled | Expected::Unknown => None,
            },
            request: baseline.requests.first().map(Request::as_str),
            requested_by: match &baseline.requester {
                Requester::File(place, field) => format!("{}{}", At(place), FieldLabel(*field)),
                Requester::Outside(origin) => origin.to_string(),
                Requester::Mention(place, _) => At(place).to_string(),
            },
        })
    }
}

/// A place that names a version, and whether it agrees.
#[derive(Serialize)]
struct MentionJson<'a> {
    tool: &'static str,
    file: ReportPath,
    line: Option<u32>,
    kind: &'static str,
    text: &'a str,
    requests: &'a [String],
    agrees: Option<bool>,
}

impl<'a> MentionJson<'a> {
    fn of(compared: &'a ComparedMention) -> Self {
        let mention = &compared.mention;
        Self {
            tool: mention.tool.name,
            file: ReportPath::new(&mention.place.path),
            line: line(&mention.place),
            kind: mention.kind.name(),
            text: &mention.shown,
            requests: &mention.requests,
            agrees: match compared.agreement {
                Agreement::Agrees => Some(true),
                Agreement::Disagrees => Some(false),
                Agreement::Unknown(_) => None,
            },
        }
    }
}

#[derive(Serialize)]
struct NoteJson<'a> {
    file: Option<ReportPath>,
    line: Option<u32>,
    what: &'a str,
}

impl<'a> NoteJson<'a> {
    fn of(note: &'a Note) -> Self {
        Self {
            file: note.place.as_ref().map(|place| ReportPath::new(&place.path)),
            line: note.place.as_ref().and_then(line),
            what: &note.what,
        }
    }
}

fn line(place: &MentionPlace) -> Option<u32> {
    (place.line > 0).then_some(place.line)
}

/// A folder of the project, in a sentence.
struct InFolder<'a>(&'a Path);

impl fmt::Display for InFolder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_os_str().is_empty() {
            true => f.write_str("here"),
            false => write!(f, "in {}", Shown(self.0)),
        }
    }
}

/// A place of the project: `Dockerfile:3`.
struct At<'a>(&'a MentionPlace);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown(&self.0.path))?;
        match self.0.line {
            0 => Ok(()),
            line => write!(f, ":{line}"),
        }
    }
}

/// The field of a place, if it has one: ` (engines.node)`.
struct FieldLabel(Option<&'static str>);

impl fmt::Display for FieldLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |field| write!(f, " ({field})"))
    }
}

/// A note with its place.
struct NoteLine<'a>(&'a Note);

impl fmt::Display for NoteLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "{}: ", At(place))?;
        }
        write!(f, "{}", Escaped(&self.0.what))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::request::RequestTrust;
    use usher_shims::tool::{TOOLS, Tool};
    use usher_shims::version::Version;

    use super::*;
    use crate::check::{Mention, MentionKind};

    fn node() -> &'static Tool {
        Tool::named(TOOLS, "node").unwrap()
    }

    fn mention_place(path: &str, line: u32) -> MentionPlace {
        MentionPlace { path: path.into(), line }
    }

    fn baseline(expected: Expected, requester: Requester) -> Baseline {
        let request = Request::parse("20", node(), RequestTrust::Project).unwrap();
        Baseline { expected, requests: vec![request], requester, is_constraint: false }
    }

    fn image(line: u32, request: &str, agreement: Agreement) -> ComparedMention {
        let mention = Mention {
            tool: node(),
            requests: vec![request.to_owned()],
            read: Vec::new(),
            place: mention_place("Dockerfile", line),
            kind: MentionKind::Image,
            shown: format!("FROM node:{request}"),
        };
        ComparedMention { mention, agreement }
    }

    fn report(baseline: Baseline, mentions: Vec<ComparedMention>) -> CheckReport {
        let group =
            ToolGroup { tool: node(), folder: "".into(), baseline: Some(baseline), mentions };
        CheckReport { root: "/p".into(), groups: vec![group], notes: Vec::new() }
    }

    fn nvmrc() -> Requester {
        Requester::File(mention_place(".nvmrc", 1), None)
    }

    fn active() -> Baseline {
        baseline(Expected::Version(Version::parse("20.1.0").unwrap()), nvmrc())
    }

    #[test]
    fn places_that_disagree() {
        let mut report = report(
            active(),
            vec![
                image(1, "20", Agreement::Agrees),
                image(3, "16", Agreement::Disagrees),
                image(5, "latest", Agreement::Unknown("it means different versions over time")),
            ],
        );
        report.notes.push(Note {
            place: Some(mention_place("ci.yml", 0)),
            what: "invalid YAML\u{1b}".into(),
        });
        insta::assert_snapshot!(report.text(), @r#"
        node: usher runs 20.1.0 here (requested by .nvmrc:1)
          Dockerfile:3: FROM node:16
        note: ci.yml: invalid YAML\u{1b}
        "#);
        insta::assert_snapshot!(report.notes().concat(), @"
        1 of 2 places that name a version disagrees
          hint: change these places, or the pin: use node@16
        ");
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            json!({
                "agrees": false,
                "project": "/p",
                "tools": [{
                    "tool": "node",
                    "folder": ".",
                    "version": "20.1.0",
                    "request": "20",
                    "requested_by": ".nvmrc:1",
                }],
                "mentions": [
                    {
                        "tool": "node",
                        "file": "Dockerfile",
                        "line": 1,
                        "kind": "image",
                        "text": "FROM node:20",
                        "requests": ["20"],
                        "agrees": true,
                    },
                    {
                        "tool": "node",
                        "file": "Dockerfile",
                        "line": 3,
                        "kind": "image",
                        "text": "FROM node:16",
                        "requests": ["16"],
                        "agrees": false,
                    },
                    {
                        "tool": "node",
                        "file": "Dockerfile",
                        "line": 5,
                        "kind": "image",
                        "text": "FROM node:latest",
                        "requests": ["latest"],
                        "agrees": null,
                    },
                ],
                "notes": [{ "file": "ci.yml", "line": null, "what": "invalid YAML\u{1b}" }],
            })
        );
    }

    #[test]
    fn places_that_agree() {
        let agree = |count: u32| {
            (1..=count).map(|line| image(line, "20", Agreement::Agrees)).collect::<Vec<_>>()
        };
        assert_eq!(
            report(active(), agree(1)).text(),
            "the one place that names a version agrees\n"
        );
        let three = report(active(), agree(3));
        assert_eq!(three.text(), "all 3 places that name a version agree\n");
        assert_eq!((three.notes().len(), three.exit_code()), (0, 0));
        let none = report(active(), Vec::new());
        assert_eq!(none.text(), "no version that can be compared is named here\n");
    }

    #[test]
    fn what_mentions_are_compared_with() {
        let heading = |expected, requester| {
            let disagreeing = vec![image(3, "16", Agreement::Disagrees)];
            let report = report(baseline(expected, requester), disagreeing);
            let first = report.text().lines().next().unwrap_or_default().to_owned();
            format!("{first}\n{}", report.notes().concat())
        };
        insta::assert_snapshot!(heading(Expected::NotInstalled, nvmrc()), @"
        node: 20 is requested here by .nvmrc:1, but not installed
        the one place that names a version disagrees
          hint: change these places, or the pin: use node@16
        ");
        let field = Requester::File(mention_place("package.json", 0), Some("engines.node"));
        insta::assert_snapshot!(heading(Expected::NotInstalled, field), @"
        node: 20 is requested here by package.json (engines.node), but not installed
        the one place that names a version disagrees
          hint: change these places, or the pin: use node@16
        ");
        let variable = Requester::Outside(Origin::Variable("NODE_VERSION"));
        insta::assert_snapshot!(heading(Expected::Unknown, variable), @"
        node: usher runs 20 here (requested by NODE_VERSION)
        the one place that names a version disagrees
          hint: change these places, or the pin: unset NODE_VERSION
        ");
        let mention = Requester::Mention(mention_place("Dockerfile", 1), "FROM node:20".to_owned());
        insta::assert_snapshot!(heading(Expected::NotInstalled, mention), @"
        node: not pinned; the first place that names a version is Dockerfile:1: FROM node:20
        the one place that names a version disagrees
          hint: change these places, or the pin: use node@16
        ");
    }
}
