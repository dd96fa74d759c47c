//! `use verify [TOOL[@VERSION]…]`: whether what is on disk is as it was installed.

use serde_json::{Value, json};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::toolchain::Store;

use super::{ToolArgument, count_of, tool_arguments};
use crate::cli::output;
use crate::session::Session;
use crate::session::current::store_label;
use crate::store::contents::{StoreContents, UnexpectedEntry};
use crate::store::location::InstallLocation;
use crate::store::verify::{Difference, ReceiptProblem, Verified, removed_meanwhile, verify};

/// The most faults of a toolchain that are told to a person.
const MAX_LISTED: usize = 10;

/// Runs the verb; faults end it with [`ErrorKind::FaultsFound`]'s exit code, which is the result.
pub fn run(session: &Session, words: &[String], as_json: bool) -> Result<i32> {
    let contents = chosen(session, words)?;
    let mut report = Vec::new();
    let mut faulty = Vec::new();
    for location in &contents.locations {
        let verified = verify(location)?;
        match verified.receipt_problem {
            Some(ReceiptProblem::Gone) if words.is_empty() => continue,
            Some(ReceiptProblem::Gone) => return Err(removed_meanwhile(location)),
            _ => {}
        }
        if !verified.is_intact() {
            faulty.push(format!("{}@{}", location.known.tool.name, location.version));
        }
        match as_json {
            true => report.push(as_value(location, &verified)),
            false => print(location, &verified),
        }
    }
    let is_well = faulty.is_empty() && contents.unexpected.is_empty();
    let code = if is_well { 0 } else { i32::from(ErrorKind::FaultsFound.exit_code()) };
    if as_json {
        let unexpected: Vec<Value> = contents.unexpected.iter().map(stray_as_value).collect();
        output::json(&json!({ "whole": is_well, "toolchains": report, "strays": unexpected }));
        return Ok(code);
    }
    for unexpected_entry in &contents.unexpected {
        output::line(format_args!("{}: {}", Shown(&unexpected_entry.path), unexpected_entry.what));
    }
    match contents.locations.len() {
        0 if is_well => output::line("no version is in usher's own store"),
        _ => {}
    }
    if !is_well {
        session.note(
            &summary(contents.locations.len(), &faulty, contents.unexpected.len()).to_string(),
        );
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
    for store in &session.index.shared {
        contents
            .locations
            .extend(StoreContents::of(&session.registry, store, &Store::Shared)?.locations);
    }
    let mut chosen = StoreContents::default();
    for asked in tool_arguments(session, words)? {
        let before = chosen.locations.len();
        let fitting = contents.locations.iter().filter(|location| is_meant(location, &asked));
        chosen.locations.extend(fitting.cloned());
        if chosen.locations.len() == before {
            return Err(absent(&asked, &contents));
        }
    }
    chosen.locations.sort_by(|one, other| one.root.cmp(&other.root));
    chosen.locations.dedup_by(|one, other| one.root == other.root);
    Ok(chosen)
}

pub(super) fn is_meant(location: &InstallLocation<'_>, asked: &ToolArgument<'_>) -> bool {
    let tool = asked.known.tool;
    let fits =
        asked.request.as_ref().is_none_or(|request| request.matches(&location.version, tool));
    location.known.tool.name == tool.name && fits
}

/// Nothing of what was named is there.
pub(super) fn absent(asked: &ToolArgument<'_>, contents: &StoreContents<'_>) -> Error {
    let tool = asked.known.tool.name;
    let of_tool = contents.locations.iter().filter(|location| location.known.tool.name == tool);
    let there: Vec<&str> = of_tool.map(|location| location.version.as_str()).collect();
    let name = match &asked.request {
        Some(request) => format!("{tool} {request}"),
        None => tool.to_owned(),
    };
    let error = Error::new(ErrorKind::NotInstalled, format!("{name} is not in usher's store"));
    match there.as_slice() {
        [] => error.hint("use list"),
        there => error.because(format!("installed: {}", there.join(", "))),
    }
}

fn print(location: &InstallLocation<'_>, verified: &Verified) {
    let name = name(location);
    let findings = &verified.findings;
    if let Some(receipt_problem) = &verified.receipt_problem {
        return output::line(format_args!("{name}: {}", told(receipt_problem)));
    }
    let packages = match findings.packages.len() {
        0 => String::new(),
        count => format!(", and {count} that package managers added"),
    };
    if findings.differences.is_empty() {
        let count = findings.compared;
        return output::line(format_args!(
            "{name} is as it was installed: {count} files{packages}"
        ));
    }
    let count = count_of(findings.differences.len(), "fault");
    output::line(format_args!("{name}: {count} in {} files{packages}", findings.compared));
    for difference in findings.differences.iter().take(MAX_LISTED) {
        output::line(format_args!("  {}", line(difference)));
    }
    if let more @ 1.. = findings.differences.len().saturating_sub(MAX_LISTED) {
        output::line(format_args!("  and {more} more, which --json lists"));
    }
    if findings.differences.iter().any(|difference| difference.is_package) {
        output::line("  a package manager may have replaced a package that came with it");
    }
}

/// `node 12.22.12`, and whose it is unless it is usher's own.
pub(super) fn name(location: &InstallLocation<'_>) -> String {
    let name = format!("{} {}", location.known.tool.name, location.version);
    match &location.store {
        Store::Own => name,
        other => format!("{name} ({})", store_label(other)),
    }
}

/// Why a toolchain can't be compared.
pub(super) fn told(receipt_problem: &ReceiptProblem) -> String {
    match receipt_problem {
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

fn line(difference: &Difference) -> String {
    let path = if difference.path.is_empty() { "its own folder" } else { &difference.path };
    let detail = match difference.detail.as_str() {
        "" => String::new(),
        detail => format!(" ({})", Escaped(detail)),
    };
    format!("{:10}  {}{detail}", difference.what.word(), Escaped(path))
}

fn summary(all: usize, faulty: &[String], unexpected: usize) -> Error {
    let mut said = Vec::new();
    if !faulty.is_empty() {
        let verb = if faulty.len() == 1 { "isn't" } else { "aren't" };
        said.push(format!("{} of {all} {verb} as installed", faulty.len()));
    }
    if unexpected > 0 {
        let verb = if unexpected == 1 { "doesn't" } else { "don't" };
        said.push(format!("{} {verb} belong in the store", count_of(unexpected, "thing")));
    }
    let error = Error::new(ErrorKind::FaultsFound, said.join(", and "));
    match faulty.first() {
        Some(first) if faulty.len() == 1 => error.hint(format!("use repair {first}")),
        Some(_) => error.hint("use repair"),
        None => error.hint("move away what lies there"),
    }
}

fn as_value(location: &InstallLocation<'_>, verified: &Verified) -> Value {
    json!({
        "tool": location.known.tool.name,
        "version": location.version.as_str(),
        "store": store_label(&location.store),
        "path": location.root,
        "whole": verified.is_intact(),
        "trouble": verified.receipt_problem,
        "compared": verified.findings.compared,
        "faults": verified.findings.differences,
        "packages": verified.findings.packages,
    })
}

fn stray_as_value(unexpected_entry: &UnexpectedEntry) -> Value {
    json!({ "path": unexpected_entry.path.to_string_lossy(), "what": unexpected_entry.what })
}
