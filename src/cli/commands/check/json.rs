//! The report of `use check` as JSON: `docs/json.md`.

use std::path::Path;

use serde::{Serialize, Serializer};
use usher_shims::pin::{FileLocation, Origin};
use usher_shims::request::Request;

use super::text::name;
use crate::check::{
    Baseline, CheckReport, ComparedMention, Finding, Level, MentionKind, MentionPlace, ToolGroup,
    Verdict,
};
use crate::cli::output::ReportPath;
use crate::cli::output::json::RequestOrigin;

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mentions = self.groups.iter().flat_map(|group| {
            group.mentions.iter().map(|compared| MentionJson::of(&self.root, group, compared))
        });
        let (notes, findings): (Vec<Finding>, Vec<Finding>) =
            self.findings().into_iter().partition(|finding| finding.level == Level::Note);
        let report = CheckJson {
            agrees: !self.fails(),
            project: ReportPath::new(&self.root),
            ignored: self.ignored,
            tools: self.groups.iter().filter_map(ToolJson::of).collect(),
            mentions: mentions.collect(),
            findings: findings.iter().map(FindingJson::of).collect(),
            notes: notes.iter().map(FindingJson::of).collect(),
        };
        report.serialize(serializer)
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CheckJson<'a> {
    /// Whether the exit code is 0.
    agrees: bool,
    /// The project's folder.
    project: ReportPath,
    /// How many places a comment ignores.
    ignored: usize,
    /// The places that decide, several of a tool if folders have their own.
    tools: Vec<ToolJson<'a>>,
    /// Every place that names a version.
    mentions: Vec<MentionJson<'a>>,
    /// Errors and warnings.
    findings: Vec<FindingJson<'a>>,
    /// What isn't compared.
    notes: Vec<FindingJson<'a>>,
}

/// What decides for a tool in some scope.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ToolJson<'a> {
    /// The tool.
    tool: &'static str,
    /// Whether it is a pin; else a constraint, or the first place.
    pinned: bool,
    /// What it requests.
    request: String,
    /// The file, relative to the project's folder.
    file: ReportPath,
    /// The line in the file, counted from 1.
    line: Option<u32>,
    /// What is written there.
    text: &'a str,
}

impl<'a> ToolJson<'a> {
    fn of(group: &'a ToolGroup) -> Option<Self> {
        let baseline = group.baseline.as_ref()?;
        Some(Self {
            tool: group.tool.name,
            pinned: baseline.kind == MentionKind::Pin,
            request: baseline.requested(),
            file: ReportPath::new(&baseline.place.path),
            line: line(&baseline.place),
            text: &baseline.shown,
        })
    }
}

/// A place that names a version, and whether it agrees.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MentionJson<'a> {
    /// The tool.
    tool: &'static str,
    /// The file, relative to the project's folder.
    file: ReportPath,
    /// The line in the file, counted from 1.
    line: Option<u32>,
    /// What names the version: `pin`, `unread-pin`, `constraint`, `lock`, `image`, `variable`, `input`,
    /// `reference` or `virtual-environment`.
    kind: &'static str,
    /// What is written there.
    text: &'a str,
    /// The versions it names, several in a matrix; none if it names a version file.
    requests: Vec<&'a str>,
    /// What came of the comparison.
    verdict: VerdictId,
    /// Whether it agrees; `null` if it can't be compared.
    agrees: Option<bool>,
    /// Of one that doesn't agree: `error`, `warning` or `note`.
    level: Option<&'static str>,
    /// Why it may differ, or can't be compared, in words.
    reason: Option<&'static str>,
    /// The place that decides.
    compared_with: Option<RequestOrigin>,
}

/// What came of a comparison.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum VerdictId {
    /// It agrees with the place that decides.
    Agrees,
    /// It differs, and is meant to.
    Exempt,
    /// It differs.
    Differs,
    /// It can't be compared.
    Unknown,
    /// Nothing decides.
    Alone,
}

impl<'a> MentionJson<'a> {
    fn of(root: &Path, group: &'a ToolGroup, compared: &'a ComparedMention) -> Self {
        let mention = &compared.mention;
        let (verdict, agrees, level, reason) = match compared.verdict {
            Verdict::Agrees => (VerdictId::Agrees, Some(true), None, None),
            Verdict::Exempt(reason) => (VerdictId::Exempt, Some(true), None, Some(reason)),
            Verdict::Differs(level) => (VerdictId::Differs, Some(false), Some(name(level)), None),
            Verdict::Unknown(reason) => (VerdictId::Unknown, None, None, Some(reason)),
            Verdict::Alone => (VerdictId::Alone, None, None, None),
        };
        let other = |baseline: &&Baseline| baseline.place != mention.place;
        Self {
            tool: mention.tool.name,
            file: ReportPath::new(&mention.place.path),
            line: line(&mention.place),
            kind: mention.kind.name(),
            text: &mention.shown,
            requests: mention.requests.iter().map(Request::as_str).collect(),
            verdict,
            agrees,
            level,
            reason,
            compared_with: group
                .baseline
                .as_ref()
                .filter(other)
                .map(|baseline| origin(root, &baseline.place)),
        }
    }
}

/// Something to tell.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FindingJson<'a> {
    /// `error`, `warning` or `note`.
    level: &'static str,
    /// `versions-differ`, `broken-version-file`, `unquoted-number` or `not-compared`.
    rule: &'static str,
    /// The tool; `null` if it is about a file.
    tool: Option<&'static str>,
    /// The file, relative to the project's folder.
    file: Option<ReportPath>,
    /// The line in the file, counted from 1.
    line: Option<u32>,
    /// What is wrong.
    what: &'a str,
}

impl<'a> FindingJson<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            level: name(finding.level),
            rule: finding.rule.id(),
            tool: finding.tool.map(|tool| tool.name),
            file: finding.place.as_ref().map(|place| ReportPath::new(&place.path)),
            line: finding.place.as_ref().and_then(line),
            what: &finding.what,
        }
    }
}

/// A place in a file of the project in this folder.
fn origin(root: &Path, place: &MentionPlace) -> RequestOrigin {
    let mut location = FileLocation::of_file(root.join(&place.path), false);
    location.line = place.line;
    RequestOrigin { text: place.to_string(), ..RequestOrigin::of(&Origin::File(location)) }
}

fn line(place: &MentionPlace) -> Option<u32> {
    (place.line > 0).then_some(place.line)
}
