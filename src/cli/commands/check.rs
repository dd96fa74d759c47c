//! `use check`: where a project's files disagree with what usher would run, for people and for CI.

use std::fmt;
use std::path::Path;

use serde_json::{Value, json};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::pin::Origin;
use usher_shims::request::Request;

use crate::check::{Asker, Group, Judged, Measure, Note, Place, Report, Verdict, What, check};
use crate::cli::output;
use crate::session::Session;

/// The exit code where something disagrees: `docs/exit-codes.md`.
const DISAGREES: i32 = 1;

/// Runs the verb; the result is its exit code.
pub fn run(session: &Session, as_json: bool) -> Result<i32> {
    let report = check(session)?;
    match as_json {
        true => output::json(&as_value(&report)),
        false => print(session, &report),
    }
    Ok(if report.agrees() { 0 } else { DISAGREES })
}

fn print(session: &Session, report: &Report) {
    for group in &report.groups {
        let mut disagreeing = disagreeing(group).peekable();
        if let (Some(measure), true) = (&group.measure, disagreeing.peek().is_some()) {
            output::line(format_args!("{}: {}", group.tool.name, headline(group, measure)));
        }
        for judged in disagreeing {
            output::line(format_args!("  {}", shown(judged)));
        }
    }
    for note in &report.notes {
        output::line(format_args!("note: {}", Noted(note)));
    }
    let (agree, disagree) = (report.count(&Verdict::Agrees), report.count(&Verdict::Disagrees));
    match (agree, disagree) {
        (0, 0) => output::line("nothing here names a version that can be compared"),
        (1, 0) => output::line("the one place that names a version agrees"),
        (all, 0) => output::line(format_args!("all {all} places that name a version agree")),
        _ => session.note(&summary(report, (agree + disagree, disagree)).to_string()),
    }
}

fn disagreeing(group: &Group) -> impl Iterator<Item = &Judged> {
    group.judged.iter().filter(|judged| judged.verdict == Verdict::Disagrees)
}

/// What is in force: `usher runs 20.1.0 here, asked for by .nvmrc, line 1`.
fn headline(group: &Group, measure: &Measure) -> String {
    let place = In(&group.folder);
    let asked = measure.requests.first().map(ToString::to_string).unwrap_or_default();
    let by = match &measure.asker {
        Asker::File(at, field) => format!("{}{}", At(at), Field(*field)),
        Asker::Outside(origin) => origin.to_string(),
        Asker::Mention(at, shown) => {
            let first = format!("{}: {}", At(at), Escaped(shown));
            return format!("no version file asks for it; the first to name a version is {first}");
        }
    };
    match &measure.what {
        What::Version(version) => format!("usher runs {version} {place}, asked for by {by}"),
        What::ToolRequest => format!("usher would get {asked} {place}, asked for by {by}"),
        What::Unknown => format!("usher runs {asked} {place}, asked for by {by}"),
    }
}

fn shown(judged: &Judged) -> String {
    format!("{}: {}", At(&judged.mention.place), Escaped(&judged.mention.shown))
}

/// How many disagree, and what to do.
fn summary(report: &Report, (all, disagree): (usize, usize)) -> Error {
    let what = match (all, disagree) {
        (1, _) => "the one place that names a version disagrees".to_owned(),
        (_, 1) => format!("1 of {all} places that name a version disagrees"),
        _ => format!("{disagree} of {all} places that name a version disagree"),
    };
    let hint = "change the places above, or what this project asks for";
    let first = report.groups.iter().find_map(|group| Some((group, disagreeing(group).next()?)));
    let example = first.and_then(|(group, judged)| example(group, judged));
    let hint = example.map_or_else(|| hint.to_owned(), |example| format!("{hint}: {example}"));
    Error::new(ErrorKind::FaultsFound, what).hint(hint)
}

/// What to type so that a place agrees.
fn example(group: &Group, judged: &Judged) -> Option<String> {
    if let Some(Asker::Outside(Origin::Variable(name))) =
        group.measure.as_ref().map(|one| &one.asker)
    {
        return Some(format!("unset {name}"));
    }
    // What a shell would understand otherwise isn't offered for typing.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-/".contains(c);
    let request =
        judged.mention.requests.first().filter(|request| request.chars().all(is_plain))?;
    Some(format!("use {}@{request}", group.tool.name))
}

fn as_value(report: &Report) -> Value {
    let all = report.groups.iter().flat_map(|group| &group.judged);
    json!({
        "agree": report.agrees(),
        "project": report.root.to_string_lossy(),
        "tools": report.groups.iter().filter_map(tool_value).collect::<Vec<_>>(),
        "mentions": all.map(mention_value).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(note_value).collect::<Vec<_>>(),
    })
}

fn tool_value(group: &Group) -> Option<Value> {
    let measure = group.measure.as_ref()?;
    let version = match &measure.what {
        What::Version(version) => Some(version.to_string()),
        What::ToolRequest | What::Unknown => None,
    };
    let origin = match &measure.asker {
        Asker::File(at, field) => format!("{}{}", At(at), Field(*field)),
        Asker::Outside(origin) => origin.to_string(),
        Asker::Mention(at, _) => At(at).to_string(),
    };
    Some(json!({
        "tool": group.tool.name,
        "folder": folder(&group.folder),
        "version": version,
        "request": measure.requests.first().map(Request::as_str),
        "origin": origin,
    }))
}

fn mention_value(judged: &Judged) -> Value {
    let mention = &judged.mention;
    let agrees = match judged.verdict {
        Verdict::Agrees => Some(true),
        Verdict::Disagrees => Some(false),
        Verdict::Open(_) => None,
    };
    json!({
        "tool": mention.tool.name,
        "file": mention.place.path.to_string_lossy(),
        "line": line(&mention.place),
        "kind": mention.kind.name(),
        "text": mention.shown,
        "requests": mention.requests,
        "agrees": agrees,
    })
}

fn note_value(note: &Note) -> Value {
    let file = note.place.as_ref().map(|place| place.path.to_string_lossy());
    json!({ "file": file, "line": note.place.as_ref().and_then(line), "what": note.what })
}

fn line(place: &Place) -> Option<u32> {
    (place.line > 0).then_some(place.line)
}

fn folder(path: &Path) -> String {
    match path.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => path.to_string_lossy().into_owned(),
    }
}

/// A folder of the project, in a sentence.
struct In<'a>(&'a Path);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_os_str().is_empty() {
            true => f.write_str("here"),
            false => write!(f, "in {}", Shown(self.0)),
        }
    }
}

/// A place of the project: `Dockerfile, line 3`.
struct At<'a>(&'a Place);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown(&self.0.path))?;
        match self.0.line {
            0 => Ok(()),
            line => write!(f, ", line {line}"),
        }
    }
}

/// The field of a place, where it has one.
struct Field(Option<&'static str>);

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |field| write!(f, ", {field}"))
    }
}

/// A note with its place.
struct Noted<'a>(&'a Note);

impl fmt::Display for Noted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "{}: ", At(place))?;
        }
        write!(f, "{}", Escaped(&self.0.what))
    }
}
