//! The report of `use check` as JSON: `docs/json.md`.

use serde::{Serialize, Serializer};
use usher_shims::request::Request;

use super::text::name;
use crate::check::{
    Baseline, CheckReport, ComparedMention, Finding, Level, MentionKind, MentionPlace, ToolGroup,
    Verdict,
};
use crate::cli::output::ReportPath;

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mentions = self.groups.iter().flat_map(|group| {
            group.mentions.iter().map(|compared| MentionJson::of(group, compared))
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
struct CheckJson<'a> {
    agrees: bool,
    project: ReportPath,
    ignored: usize,
    tools: Vec<ToolJson<'a>>,
    mentions: Vec<MentionJson<'a>>,
    findings: Vec<FindingJson<'a>>,
    notes: Vec<FindingJson<'a>>,
}

/// What decides for a tool in some scope.
#[derive(Serialize)]
struct ToolJson<'a> {
    tool: &'static str,
    pinned: bool,
    request: String,
    file: ReportPath,
    line: Option<u32>,
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
struct MentionJson<'a> {
    tool: &'static str,
    file: ReportPath,
    line: Option<u32>,
    kind: &'static str,
    text: &'a str,
    requests: Vec<&'a str>,
    agrees: Option<bool>,
    level: Option<&'static str>,
    reason: Option<&'static str>,
    compared_with: Option<String>,
}

impl<'a> MentionJson<'a> {
    fn of(group: &'a ToolGroup, compared: &'a ComparedMention) -> Self {
        let mention = &compared.mention;
        let (agrees, level, reason) = match compared.verdict {
            Verdict::Agrees => (Some(true), None, None),
            Verdict::Exempt(reason) => (Some(true), None, Some(reason)),
            Verdict::Differs(level) => (Some(false), Some(name(level)), None),
            Verdict::Unknown(reason) => (None, None, Some(reason)),
            Verdict::Alone => (None, None, None),
        };
        let other = |baseline: &&Baseline| baseline.place != mention.place;
        Self {
            tool: mention.tool.name,
            file: ReportPath::new(&mention.place.path),
            line: line(&mention.place),
            kind: mention.kind.name(),
            text: &mention.shown,
            requests: mention.requests.iter().map(Request::as_str).collect(),
            agrees,
            level,
            reason,
            compared_with: group
                .baseline
                .as_ref()
                .filter(other)
                .map(|baseline| baseline.place.to_string()),
        }
    }
}

/// Something to tell.
#[derive(Serialize)]
struct FindingJson<'a> {
    level: &'static str,
    rule: &'static str,
    tool: Option<&'static str>,
    file: Option<ReportPath>,
    line: Option<u32>,
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

fn line(place: &MentionPlace) -> Option<u32> {
    (place.line > 0).then_some(place.line)
}
