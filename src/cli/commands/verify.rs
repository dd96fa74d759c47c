//! `use verify [TOOL[@VERSION]…]`: whether what is on disk is as it was installed.

use serde_json::{Value, json};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::toolchain::Store;

use super::{Asked, asked};
use crate::cli::output;
use crate::session::Session;
use crate::session::current::store_label;
use crate::store::contents::{StoreContents, UnexpectedEntry};
use crate::store::place::InstallLocation;
use crate::store::verify::{Fault, ReceiptProblem, Verified, taken_away, verify};

/// The most faults of a toolchain that are told to a person.
const MOST_TOLD: usize = 10;

/// Runs the verb; faults end it with [`ErrorKind::FaultsFound`]'s exit code, which is the result.
pub fn run(session: &Session, words: &[String], as_json: bool) -> Result<i32> {
    let contents = chosen(session, words)?;
    let mut report = Vec::new();
    let mut faulty = Vec::new();
    for place in &contents.places {
        let verified = verify(place)?;
        match verified.trouble {
            Some(ReceiptProblem::Gone) if words.is_empty() => continue,
            Some(ReceiptProblem::Gone) => return Err(taken_away(place)),
            _ => {}
        }
        if !verified.is_whole() {
            faulty.push(format!("{}@{}", place.known.tool.name, place.version));
        }
        match as_json {
            true => report.push(as_value(place, &verified)),
            false => print(place, &verified),
        }
    }
    let is_well = faulty.is_empty() && contents.strays.is_empty();
    let code = if is_well { 0 } else { i32::from(ErrorKind::FaultsFound.exit_code()) };
    if as_json {
        let strays: Vec<Value> = contents.strays.iter().map(stray_as_value).collect();
        output::json(&json!({ "whole": is_well, "toolchains": report, "strays": strays }));
        return Ok(code);
    }
    for stray in &contents.strays {
        output::line(format_args!("{}: {}", Shown(&stray.path), stray.what));
    }
    match contents.places.len() {
        0 if is_well => output::line("no version is in usher's own store"),
        _ => {}
    }
    if !is_well {
        session.note(&summary(contents.places.len(), &faulty, contents.strays.len()).to_string());
    }
    Ok(code)
}

/// The toolchains that are meant: usher's own, and of tools that are named the shared ones, too.
pub(super) fn chosen<'a>(session: &'a Session, words: &[String]) -> Result<StoreContents<'a>> {
    let mut contents =
        StoreContents::of(&session.registry, &session.folders.toolchains(), &Store::Own)?;
    if words.is_empty() {
        return Ok(contents);
    }
    for store in &session.index.shared_stores {
        contents.places.extend(StoreContents::of(&session.registry, store, &Store::Shared)?.places);
    }
    let mut chosen = StoreContents::default();
    for asked in asked(session, words)? {
        let before = chosen.places.len();
        let fitting = contents.places.iter().filter(|place| is_meant(place, &asked));
        chosen.places.extend(fitting.cloned());
        if chosen.places.len() == before {
            return Err(absent(&asked, &contents));
        }
    }
    chosen.places.sort_by(|one, other| one.root.cmp(&other.root));
    chosen.places.dedup_by(|one, other| one.root == other.root);
    Ok(chosen)
}

pub(super) fn is_meant(place: &InstallLocation<'_>, asked: &Asked<'_>) -> bool {
    let tool = asked.known.tool;
    let fits = asked.request.as_ref().is_none_or(|request| request.matches(&place.version, tool));
    place.known.tool.name == tool.name && fits
}

/// Nothing of what was named is there.
pub(super) fn absent(asked: &Asked<'_>, contents: &StoreContents<'_>) -> Error {
    let tool = asked.known.tool.name;
    let of_tool = contents.places.iter().filter(|place| place.known.tool.name == tool);
    let there: Vec<&str> = of_tool.map(|place| place.version.as_str()).collect();
    let name = match &asked.request {
        Some(request) => format!("{tool} {request}"),
        None => tool.to_owned(),
    };
    let error = Error::new(ErrorKind::NotInstalled, format!("{name} isn't in usher's store"));
    match there.as_slice() {
        [] => error.hint("use list"),
        there => error.because(format!("there is {}", there.join(", "))),
    }
}

fn print(place: &InstallLocation<'_>, verified: &Verified) {
    let name = name(place);
    let findings = &verified.findings;
    if let Some(trouble) = &verified.trouble {
        return output::line(format_args!("{name}: {}", told(trouble)));
    }
    let packages = match findings.packages.len() {
        0 => String::new(),
        count => format!(", and {count} that package managers added"),
    };
    if findings.faults.is_empty() {
        let count = findings.compared;
        return output::line(format_args!(
            "{name} is as it was installed: {count} files{packages}"
        ));
    }
    let count = counted(findings.faults.len(), "fault");
    output::line(format_args!("{name}: {count} in {} files{packages}", findings.compared));
    for fault in findings.faults.iter().take(MOST_TOLD) {
        output::line(format_args!("  {}", line(fault)));
    }
    if let more @ 1.. = findings.faults.len().saturating_sub(MOST_TOLD) {
        output::line(format_args!("  and {more} more, which --json lists"));
    }
    if findings.faults.iter().any(|fault| fault.is_package) {
        output::line("  a package manager may have replaced a package that came with it");
    }
}

/// `node 12.22.12`, and whose it is unless it is usher's own.
pub(super) fn name(place: &InstallLocation<'_>) -> String {
    let name = format!("{} {}", place.known.tool.name, place.version);
    match &place.store {
        Store::Own => name,
        other => format!("{name} ({})", store_label(other)),
    }
}

/// Why a toolchain can't be compared.
pub(super) fn told(trouble: &ReceiptProblem) -> String {
    match trouble {
        ReceiptProblem::Gone => "it was taken away meanwhile".to_owned(),
        ReceiptProblem::NoFolder(why) => format!("no folder stands in its place: {}", Escaped(why)),
        ReceiptProblem::NoReceipt => "it has no receipt to be compared with".to_owned(),
        ReceiptProblem::DamagedReceipt(why) => format!("its receipt is damaged: {}", Escaped(why)),
        ReceiptProblem::LaterReceipt(form) => {
            format!("its receipt is of form {form}, which a later usher wrote")
        }
        ReceiptProblem::OtherReceipt(other) => format!("its receipt is that of {}", Escaped(other)),
    }
}

fn line(fault: &Fault) -> String {
    let path = if fault.path.is_empty() { "its own folder" } else { &fault.path };
    let detail = match fault.detail.as_str() {
        "" => String::new(),
        detail => format!(" ({})", Escaped(detail)),
    };
    format!("{:10}  {}{detail}", fault.what.word(), Escaped(path))
}

pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn summary(all: usize, faulty: &[String], strays: usize) -> Error {
    let mut said = Vec::new();
    if !faulty.is_empty() {
        let verb = if faulty.len() == 1 { "isn't" } else { "aren't" };
        said.push(format!("{} of {all} {verb} as installed", faulty.len()));
    }
    if strays > 0 {
        let verb = if strays == 1 { "doesn't" } else { "don't" };
        said.push(format!("{} {verb} belong in the store", counted(strays, "thing")));
    }
    let error = Error::new(ErrorKind::FaultsFound, said.join(", and "));
    match faulty.first() {
        Some(first) if faulty.len() == 1 => error.hint(format!("use repair {first}")),
        Some(_) => error.hint("use repair"),
        None => error.hint("move away what lies there"),
    }
}

fn as_value(place: &InstallLocation<'_>, verified: &Verified) -> Value {
    json!({
        "tool": place.known.tool.name,
        "version": place.version.as_str(),
        "store": store_label(&place.store),
        "path": place.root,
        "whole": verified.is_whole(),
        "trouble": verified.trouble,
        "compared": verified.findings.compared,
        "faults": verified.findings.faults,
        "packages": verified.findings.packages,
    })
}

fn stray_as_value(stray: &UnexpectedEntry) -> Value {
    json!({ "path": stray.path.to_string_lossy(), "what": stray.what })
}
