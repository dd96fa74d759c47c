//! A report as it is printed for a person: the places that disagree, and what to do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use usher_shims::error::{Error, ErrorKind, Escaped, Shown};
use usher_shims::request::Request;
use usher_shims::world::World as _;

use crate::check::{
    Baseline, CheckReport, ComparedMention, Finding, Level, Mention, MentionKind, MentionPlace,
    Rule, ToolGroup, Verdict, has_fix,
};
use crate::cli::output::{Line, Meaning, Report, Text};
use crate::session::Session;
use crate::session::reporter::Notice;

/// The exit code if something disagrees: `docs/exit-codes.md`.
const DISAGREES: i32 = 1;

/// The exit code of a check, whatever it prints.
pub(super) fn exit_code(report: &CheckReport) -> i32 {
    if report.fails() { DISAGREES } else { 0 }
}

/// A report as it is printed for a person.
pub(super) struct CheckOutput {
    pub(super) report: CheckReport,
    /// The working directory, relative to the project's folder.
    directory: PathBuf,
    /// Whether `use check --fix` would change something.
    is_fixable: bool,
}

impl CheckOutput {
    pub(super) fn of(session: &Session, report: CheckReport) -> Self {
        let directory = session.world.directory().unwrap_or_default();
        let directory = directory.strip_prefix(&report.root).unwrap_or(Path::new("")).to_path_buf();
        let is_fixable = report.worst() == Some(Level::Error) && has_fix(session, &report);
        Self { report, directory, is_fixable }
    }

    /// A path as a person types it here.
    fn seen(&self, path: &Path) -> PathBuf {
        let own: Vec<_> = self.directory.components().collect();
        let shared = own.iter().zip(path.components()).take_while(|(own, other)| *own == other);
        let shared = match path.is_absolute() {
            true => return path.to_path_buf(),
            false => shared.count(),
        };
        let up = own.iter().skip(shared).map(|_| Path::new(".."));
        up.chain(path.components().skip(shared).map(|part| Path::new(part.as_os_str()))).collect()
    }

    pub(super) fn seen_place(&self, place: &MentionPlace) -> MentionPlace {
        MentionPlace { path: self.seen(&place.path), line: place.line }
    }

    fn finding_line(&self, finding: &Finding) -> Line {
        let place = finding.place.as_ref().map(|place| format!("{}: ", self.seen_place(place)));
        let place = place.unwrap_or_default();
        label(finding.level).then(format!(" {place}{}", Escaped(&finding.what)))
    }
}

impl Serialize for CheckOutput {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.report.serialize(serializer)
    }
}

impl Report for CheckOutput {
    fn text(&self) -> Text {
        let mut text = Text::new();
        for group in &self.report.groups {
            let mut differing = group.differing().peekable();
            let (Some(baseline), true) = (&group.baseline, differing.peek().is_some()) else {
                continue;
            };
            let place = self.seen_place(&baseline.place);
            let sentence = Baseline { place, ..baseline.clone() }.sentence();
            text.line(Line::of(Meaning::Heading, group.tool.name).then(format!(": {sentence}")));
            for (mention, level) in differing {
                let place = self.seen_place(&mention.place);
                let what = format!(" {place}: {}", mention.text());
                text.line(Line::from("  ").join(label(level)).then(what));
            }
        }
        let findings = self.report.findings();
        let of_files = findings.iter().filter(|finding| finding.rule != Rule::VersionsDiffer);
        of_files.for_each(|finding| text.line(self.finding_line(finding)));
        if !findings.iter().any(|finding| finding.level < Level::Note) {
            let agreement = Line::of(Meaning::Active, agreement(&self.report));
            text.line(agreement.then(ignored(&self.report)));
        }
        text
    }

    fn notes(&self) -> Vec<Notice> {
        summary(self).map(|error| Notice::note(error.to_string())).into_iter().collect()
    }

    fn exit_code(&self) -> i32 {
        exit_code(&self.report)
    }
}

/// A level's name in text, in JSON and in SARIF.
pub(super) fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// `error:`, in the colour of its level.
fn label(level: Level) -> Line {
    let meaning = match level {
        Level::Error => Meaning::Error,
        Level::Warning => Meaning::Warning,
        Level::Note => Meaning::Muted,
    };
    Line::of(meaning, format!("{}:", name(level)))
}

fn agreement(report: &CheckReport) -> String {
    let is_exempt = |one: &&ComparedMention| matches!(one.verdict, Verdict::Exempt(_));
    match (report.counts().0, report.mentions().filter(is_exempt).count()) {
        (0, _) => "no versions to compare are named here".to_owned(),
        (1, 0) => "the one place that names a version agrees".to_owned(),
        (all, 0) => format!("all {all} places that name a version agree"),
        (all, 1) => format!("{} of {all} places agree, and 1 differs on purpose", all - 1),
        (all, some) => {
            format!("{} of {all} places agree, and {some} differ on purpose", all - some)
        }
    }
}

/// How many places a comment leaves out, behind the number of the others: `; 2 are ignored`.
fn ignored(report: &CheckReport) -> String {
    match report.ignored {
        0 => String::new(),
        1 => "; 1 is ignored".to_owned(),
        all => format!("; {all} are ignored"),
    }
}

/// How many places disagree, and what to do; nothing if none does.
fn summary(output: &CheckOutput) -> Option<Error> {
    let (all, differing) = output.report.counts();
    let places = match (all, differing) {
        (_, 0) => None,
        (1, _) => Some("the one place that names a version disagrees".to_owned()),
        (_, 1) => Some(format!("1 of {all} places that name a version disagrees")),
        _ => Some(format!("{differing} of {all} places that name a version disagree")),
    };
    let files = match output.report.broken.len() {
        0 => None,
        1 => Some("1 version file can't be used".to_owned()),
        all => Some(format!("{all} version files can't be used")),
    };
    let what: Vec<String> = [places, files].into_iter().flatten().collect();
    if what.is_empty() {
        return None;
    }
    let what = what.join(", and ") + &ignored(&output.report);
    let error = Error::new(ErrorKind::FaultsFound, what);
    Some(match hint(output) {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// What to change or to type.
fn hint(output: &CheckOutput) -> Option<String> {
    let differing: Vec<&ToolGroup> =
        output.report.groups.iter().filter(|group| group.differing().next().is_some()).collect();
    let command = if output.is_fixable { " (use check --fix)" } else { "" };
    match differing.as_slice() {
        [] => None,
        [group] => hint_for(output, group, command),
        _ => Some(format!("change these places{command}, or what pins the tools")),
    }
}

/// The same if it is about one tool in one scope.
fn hint_for(output: &CheckOutput, group: &ToolGroup, command: &str) -> Option<String> {
    let baseline = group.baseline.as_ref()?;
    let mentions: Vec<&Mention> = group.differing().map(|(mention, _)| mention).collect();
    let numbers: Option<BTreeSet<&str>> = mentions
        .iter()
        .map(|mention| mention.unquoted.as_ref().map(|number| number.written.as_str()))
        .collect();
    if let Some(numbers) = numbers {
        let quoted: Vec<String> = numbers.iter().map(|number| format!("'{number}'")).collect();
        return Some(format!("quote it: {}{command}", quoted.join(", ")));
    }
    if baseline.kind != MentionKind::Pin {
        return Some(format!("pin the version: use {}@VERSION", group.tool.name));
    }
    let files: BTreeSet<PathBuf> =
        mentions.iter().map(|mention| output.seen(&mention.place.path)).collect();
    let files: Vec<String> = files.iter().map(|path| Shown(path).to_string()).collect();
    let pin = Shown(&output.seen(&baseline.place.path)).to_string();
    let is_kind = |kind: MentionKind| mentions.iter().any(|mention| mention.kind == kind);
    if mentions.iter().all(|mention| mention.kind == MentionKind::Constraint) {
        return Some(format!("change the pin in {pin}, or widen what {} requires", listed(&files)));
    }
    // What a program writes, and a range, aren't changed to the pin.
    let kept = [MentionKind::Constraint, MentionKind::Lock, MentionKind::VirtualEnvironment];
    if kept.into_iter().any(is_kind) {
        return Some(format!(
            "make {} agree with the pin in {pin}, or change that",
            listed(&files)
        ));
    }
    let change = format!("change {} to {}{command}", listed(&files), wanted(baseline));
    let is_written_here = output.directory.as_os_str().is_empty() && is_own_file(&baseline.place);
    Some(match wanted_by_all(&mentions).filter(|_| is_written_here) {
        Some(request) => format!("{change}, or the pin: use {}@{request}", group.tool.name),
        None => format!("{change}, or the pin in {pin}"),
    })
}

/// What a place would have to say: a version, without what only the pin's own file spells so.
fn wanted(baseline: &Baseline) -> String {
    let requested = baseline.requested();
    let is_number = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    match requested.strip_prefix(">=") {
        Some(least) => format!("{} or later", least.trim()),
        None if is_number(requested.trim_start_matches('v')) => requested,
        None => "that version".to_owned(),
    }
}

/// Whether a file belongs to the project's own folder, so that `use TOOL@REQUEST` there changes it.
fn is_own_file(place: &MentionPlace) -> bool {
    let folder = place.path.parent().unwrap_or(Path::new(""));
    folder.as_os_str().is_empty() || folder.as_os_str().as_encoded_bytes().starts_with(b".")
}

/// The request that all places have alike, if a shell takes it as it is.
fn wanted_by_all<'a>(mentions: &[&'a Mention]) -> Option<&'a Request> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-/".contains(c);
    let [request] = mentions.first()?.requests.as_slice() else { return None };
    let is_alike = mentions
        .iter()
        .all(|mention| mention.unquoted.is_none() && mention.requests == [request.clone()]);
    (is_alike && request.as_str().chars().all(is_plain)).then_some(request)
}

/// The most names that a hint lists.
const MAX_LISTED: usize = 3;

/// `a, b and c`; of many how many there are.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        _ if names.len() > MAX_LISTED => format!("these {} files", names.len()),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_shims::request::RequestTrust;
    use usher_shims::tool::{TOOLS, Tool};

    use super::*;
    use crate::check::{BrokenFile, ComparedMention, MentionScope, Note, UnquotedNumber, Verdict};

    fn place(path: &str, line: u32) -> MentionPlace {
        MentionPlace { path: path.into(), line }
    }

    fn node() -> &'static Tool {
        Tool::named(TOOLS, "node").unwrap()
    }

    fn requests(texts: &[&str]) -> Vec<Request> {
        let parse = |text: &&str| Request::parse(text, node(), RequestTrust::Project).unwrap();
        texts.iter().map(parse).collect()
    }

    fn mention(path: &str, line: u32, texts: &[&str], verdict: Verdict) -> ComparedMention {
        let mention = Mention {
            tool: node(),
            requests: requests(texts),
            place: place(path, line),
            kind: MentionKind::Input,
            shown: format!("node-version: {}", texts.join(", ")),
            scope: MentionScope::Folder(PathBuf::new()),
            job: None,
            exempt: None,
            unquoted: None,
        };
        ComparedMention { mention, verdict }
    }

    const ERROR: Verdict = Verdict::Differs(Level::Error);
    const WARNING: Verdict = Verdict::Differs(Level::Warning);

    fn group(
        (path, kind, request): (&str, MentionKind, &str),
        mentions: Vec<ComparedMention>,
    ) -> ToolGroup {
        let baseline = Baseline {
            requests: requests(&[request]),
            place: place(path, 1),
            shown: request.to_owned(),
            kind,
        };
        ToolGroup { tool: node(), baseline: Some(baseline), mentions }
    }

    fn output(groups: Vec<ToolGroup>) -> CheckOutput {
        let report = CheckReport {
            root: "/p".into(),
            groups,
            broken: Vec::new(),
            notes: Vec::new(),
            ignored: 0,
            strict: false,
        };
        CheckOutput { report, directory: PathBuf::new(), is_fixable: false }
    }

    /// Standard output, the notes and the exit code.
    fn noted(output: &CheckOutput) -> String {
        output.notes().iter().map(ToString::to_string).collect()
    }

    fn printed(output: &CheckOutput) -> String {
        format!("{}{}\n= {}", output.text(), noted(output), output.exit_code())
    }

    const PIN: (&str, MentionKind, &str) = (".nvmrc", MentionKind::Pin, "20");

    #[test]
    fn places_with_several_values() {
        let mentions = vec![
            mention("ci.yml", 1, &["20"], Verdict::Agrees),
            mention("ci.yml", 3, &["16", "18"], ERROR),
            mention("Dockerfile", 2, &["16"], ERROR),
            mention("Dockerfile", 5, &["latest"], Verdict::Unknown("it means many")),
        ];
        let mut output = output(vec![group(PIN, mentions)]);
        insta::assert_snapshot!(printed(&output), @"
        node: .nvmrc:1 pins 20
          error: ci.yml:3: node-version: 16, 18
          error: Dockerfile:2: node-version: 16
        2 of 3 places that name a version disagree
          hint: change Dockerfile and ci.yml to 20, or the pin in .nvmrc
        = 1
        ");
        output.is_fixable = true;
        insta::assert_snapshot!(noted(&output), @"
        2 of 3 places that name a version disagree
          hint: change Dockerfile and ci.yml to 20 (use check --fix), or the pin in .nvmrc
        ");
    }

    #[test]
    fn levels_have_colours() {
        let mentions =
            vec![mention("ci.yml", 3, &["16"], ERROR), mention("Dockerfile", 2, &["16"], WARNING)];
        let mut output = output(vec![group(PIN, mentions)]);
        let why = "no version".to_owned();
        output.report.notes = vec![Note { place: None, why, shown: String::new() }];
        insta::assert_snapshot!(output.text().with_meanings(), @"
        <Heading>node</>: .nvmrc:1 pins 20
          <Error>error:</> ci.yml:3: node-version: 16
          <Warning>warning:</> Dockerfile:2: node-version: 16
        <Muted>note:</> no version
        ");
        output.report.groups.clear();
        insta::assert_snapshot!(output.text().with_meanings(), @"
        <Muted>note:</> no version
        <Active>no versions to compare are named here</>
        ");
    }

    #[test]
    fn places_with_one_value() {
        let mentions = || {
            vec![mention("a/Dockerfile", 3, &["16"], ERROR), mention("ci.yml", 3, &["16"], ERROR)]
        };
        let mut output = output(vec![group(PIN, mentions())]);
        insta::assert_snapshot!(printed(&output), @"
        node: .nvmrc:1 pins 20
          error: a/Dockerfile:3: node-version: 16
          error: ci.yml:3: node-version: 16
        2 of 2 places that name a version disagree
          hint: change a/Dockerfile and ci.yml to 20, or the pin: use node@16
        = 1
        ");
        // From another folder, paths are those to type there, and `use` may change another pin.
        output.directory = "a/b".into();
        insta::assert_snapshot!(printed(&output), @"
        node: ../../.nvmrc:1 pins 20
          error: ../Dockerfile:3: node-version: 16
          error: ../../ci.yml:3: node-version: 16
        2 of 2 places that name a version disagree
          hint: change ../../ci.yml and ../Dockerfile to 20, or the pin in ../../.nvmrc
        = 1
        ");
        output.report.groups = vec![group(("a/.nvmrc", MentionKind::Pin, "20"), mentions())];
        insta::assert_snapshot!(printed(&output), @"
        node: ../.nvmrc:1 pins 20
          error: ../Dockerfile:3: node-version: 16
          error: ../../ci.yml:3: node-version: 16
        2 of 2 places that name a version disagree
          hint: change ../../ci.yml and ../Dockerfile to 20, or the pin in ../.nvmrc
        = 1
        ");
    }

    #[test]
    fn numbers_without_quotes() {
        let mut number = mention("ci.yml", 3, &["16.1"], ERROR);
        let written = "16.10".to_owned();
        number.mention.unquoted = Some(UnquotedNumber { line: 3, written, read: "16.1".into() });
        let mut output = output(vec![group((".nvmrc", MentionKind::Pin, "16.10"), vec![number])]);
        output.is_fixable = true;
        insta::assert_snapshot!(printed(&output), @"
        node: .nvmrc:1 pins 16.10
          error: ci.yml:3: node-version: 16.1, which is 16.1 without quotes
        the one place that names a version disagrees
          hint: quote it: '16.10' (use check --fix)
        = 1
        ");
        let other = mention("Dockerfile", 3, &["18"], ERROR);
        output.report.groups[0].mentions.push(other);
        insta::assert_snapshot!(noted(&output), @"
        2 of 2 places that name a version disagree
          hint: change Dockerfile and ci.yml to 16.10 (use check --fix), or the pin in .nvmrc
        ");
    }

    #[test]
    fn a_constraint_in_place_of_a_pin() {
        let mentions = vec![mention("Dockerfile", 3, &["16"], WARNING)];
        let decides = ("package.json", MentionKind::Constraint, ">=18");
        let mut output = output(vec![group(decides, mentions)]);
        insta::assert_snapshot!(printed(&output), @"
        node: nothing pins it, and package.json:1 says >=18
          warning: Dockerfile:3: node-version: 16
        the one place that names a version disagrees
          hint: pin the version: use node@VERSION
        = 0
        ");
        output.report.strict = true;
        assert_eq!(output.exit_code(), 1);
    }

    #[test]
    fn broken_files_and_notes() {
        let mentions = vec![mention("ci.yml", 3, &["16"], ERROR)];
        let mut output = output(vec![group(PIN, mentions), group(PIN, Vec::new())]);
        let broken = BrokenFile { place: place("old/.nvmrc", 0), what: "it is empty".to_owned() };
        output.report.broken.push(broken);
        output.report.notes = vec![
            Note { place: None, why: "too many files".to_owned(), shown: String::new() },
            Note {
                place: Some(place("Dockerfile", 4)),
                why: "no version".to_owned(),
                shown: "FROM node:\u{1b}x".to_owned(),
            },
        ];
        insta::assert_snapshot!(printed(&output), @r#"
        node: .nvmrc:1 pins 20
          error: ci.yml:3: node-version: 16
        error: old/.nvmrc: it is empty
        note: too many files
        note: Dockerfile:4: not compared, no version: FROM node:\u{1b}x
        the one place that names a version disagrees, and 1 version file can't be used
          hint: change ci.yml to 20, or the pin: use node@16
        = 1
        "#);
        output.report.groups.clear();
        insta::assert_snapshot!(printed(&output), @r#"
        error: old/.nvmrc: it is empty
        note: too many files
        note: Dockerfile:4: not compared, no version: FROM node:\u{1b}x
        1 version file can't be used
        = 1
        "#);
        output.report.broken.clear();
        insta::assert_snapshot!(printed(&output), @r#"
        note: too many files
        note: Dockerfile:4: not compared, no version: FROM node:\u{1b}x
        no versions to compare are named here

        = 0
        "#);
        output.report.notes.clear();
        output.report.groups =
            vec![group(PIN, vec![mention(".nvmrc", 1, &["20"], Verdict::Agrees)])];
        insta::assert_snapshot!(printed(&output), @"
        the one place that names a version agrees

        = 0
        ");
    }

    #[test]
    fn ignored_places_are_counted() {
        let mentions = |verdict| vec![group(PIN, vec![mention("ci.yml", 3, &["16"], verdict)])];
        let mut output = output(mentions(Verdict::Agrees));
        output.report.ignored = 1;
        assert_eq!(output.text(), "the one place that names a version agrees; 1 is ignored\n");
        output.report.ignored = 2;
        output.report.groups = mentions(ERROR);
        let said = noted(&output);
        assert!(said.starts_with("the one place that names a version disagrees; 2 are ignored\n"));
    }

    #[test]
    fn several_tools_have_one_hint() {
        let one = || group(PIN, vec![mention("ci.yml", 3, &["16"], ERROR)]);
        let mut output = output(vec![one(), one()]);
        insta::assert_snapshot!(noted(&output), @"
        2 of 2 places that name a version disagree
          hint: change these places, or what pins the tools
        ");
        output.is_fixable = true;
        insta::assert_snapshot!(noted(&output), @"
        2 of 2 places that name a version disagree
          hint: change these places (use check --fix), or what pins the tools
        ");
    }

    #[test]
    fn json_has_every_place() {
        let mentions = vec![
            mention("Dockerfile", 1, &["20"], Verdict::Agrees),
            mention("ci.yml", 0, &["16"], ERROR),
            mention("ci.yml", 4, &["18"], Verdict::Exempt("continue-on-error")),
            mention("ci.yml", 5, &["latest"], Verdict::Unknown("it means many")),
        ];
        let mut output = output(vec![group(PIN, mentions)]);
        output.report.notes =
            vec![Note { place: None, why: "too many files".to_owned(), shown: String::new() }];
        let printed = serde_json::to_value(&output).unwrap();
        assert_eq!(printed["agrees"], json!(false));
        assert_eq!(
            printed["tools"],
            json!([{
                "tool": "node",
                "pinned": true,
                "request": "20",
                "file": ".nvmrc",
                "line": 1,
                "text": "20",
            }])
        );
        let verdicts: Vec<_> = printed["mentions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| json!([one["line"], one["agrees"], one["level"], one["reason"]]))
            .collect();
        assert_eq!(
            verdicts,
            [
                json!([1, true, null, null]),
                json!([null, false, "error", null]),
                json!([4, true, null, "continue-on-error"]),
                json!([5, null, null, "it means many"]),
            ]
        );
        assert_eq!(
            printed["findings"],
            json!([{
                "level": "error",
                "rule": "versions-differ",
                "tool": "node",
                "file": "ci.yml",
                "line": null,
                "what": "node: node-version: 16, but .nvmrc:1 pins 20",
            }])
        );
        assert_eq!(printed["notes"][0]["what"], json!("too many files"));
    }
}
