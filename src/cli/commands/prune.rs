//! `use prune`: takes toolchains away that nobody needs any more, and says which and why.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use serde_json::{Value, json};
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::toolchain::Store;

use super::verify::{absent, counted, is_meant, name};
use super::{Asked, asked, refresh_shims_then};
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::files::walk::disk_usage;
use crate::session::Session;
use crate::store::contents::StoreContents;
use crate::store::own::OwnStore;
use crate::store::place::InstallLocation;
use crate::store::prune::last_use::{days_unused, keeps_access_times, last_use};
use crate::store::prune::references::References;
use crate::store::prune::running::Processes;
use crate::store::prune::{Consent, Facts, Named, Rules, Verdict, judge};
use crate::store::uninstall::uninstall;
use crate::text::human_size;

/// What `use prune` was told.
#[derive(Debug, Args)]
pub struct PruneArguments {
    /// Only these; a version that is named goes whenever it was used
    #[arg(value_name = "TOOL[@VERSION]")]
    pub tools: Vec<String>,
    /// What wasn't used for so many days
    #[arg(long, value_name = "DAYS")]
    pub unused: Option<u64>,
    /// Spare what the projects in this folder ask for; may be given several times
    #[arg(long, value_name = "DIR")]
    pub projects: Vec<PathBuf>,
    /// Say what would go, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Don't ask; and take what runs, if its version is named
    #[arg(short, long)]
    pub yes: bool,
}

/// A toolchain, and what is to become of it.
struct Judged<'a> {
    place: InstallLocation<'a>,
    facts: Facts,
    verdict: Verdict,
    bytes: u64,
}

/// What came of it.
struct Pruned {
    report: Vec<Value>,
    is_changed: bool,
    failed: Option<Error>,
}

/// Runs the verb.
pub fn run(session: &mut Session, typed: &PruneArguments, as_json: bool) -> Result<()> {
    check(typed)?;
    // What isn't there may be what one that was killed took away.
    let pruned = prune(session, typed, as_json).map_err(|failed| match failed.kind() {
        kind if kind.is_absence() => refresh_shims_then(session, failed),
        _ => failed,
    });
    let Pruned { report, is_changed, failed } = pruned?;
    if is_changed {
        refresh_shims(session, &[])?;
    }
    if let Some(error) = failed {
        return Err(error);
    }
    if as_json {
        output::json(&report);
    }
    Ok(())
}

fn prune(session: &Session, typed: &PruneArguments, as_json: bool) -> Result<Pruned> {
    let judged = judge_all(session, typed)?;
    let going: Vec<&Judged<'_>> =
        judged.iter().filter(|one| one.verdict == Verdict::Goes).collect();
    if !as_json {
        print(&judged);
    }
    let bytes: u64 = going.iter().map(|one| one.bytes).sum();
    let question = format!("delete {} ({})?", counted(going.len(), "version"), human_size(bytes));
    let is_agreed = !going.is_empty() && !typed.dry_run && (typed.yes || output::ask(question));
    let (mut gone, mut failed) = (Vec::new(), None);
    if is_agreed {
        failed = delete(session, typed, (&going, as_json), &mut gone).err();
    }
    let report = judged.iter().map(|one| as_value(one, &gone)).collect();
    Ok(Pruned { report, is_changed: !gone.is_empty(), failed })
}

/// Refuses what nobody can mean.
fn check(typed: &PruneArguments) -> Result<()> {
    let refused = |what: &str, hint: &str| Err(Error::new(ErrorKind::Usage, what).hint(hint));
    let is_bare = typed.tools.iter().any(|word| !word.contains('@'));
    match typed.unused {
        None if typed.tools.is_empty() => {
            refused("which versions? unused for how long is yours to say", "use prune --unused 90")
        }
        None if is_bare => refused(
            "which versions of it? unused for how long is yours to say",
            "use prune --unused 90, or name the version: use prune TOOL@VERSION",
        ),
        Some(0) => refused("0 days would mean whatever isn't asked for", "use prune --unused 90"),
        Some(_) | None if !typed.dry_run && !typed.yes && !output::can_ask() => refused(
            "there is no terminal to ask on",
            "use prune --dry-run to see what would go, and --yes to agree beforehand",
        ),
        Some(_) | None => Ok(()),
    }
}

fn judge_all<'a>(session: &'a Session, typed: &PruneArguments) -> Result<Vec<Judged<'a>>> {
    let folder = session.folders.toolchains();
    let contents = StoreContents::of(&session.registry, &folder, &Store::Own)?;
    let words = asked(session, &typed.tools)?;
    for word in &words {
        if !contents.places.iter().any(|place| is_meant(place, word)) {
            return Err(absent(word, &contents));
        }
    }
    if contents.places.is_empty() {
        return Ok(Vec::new());
    }
    let mut references = References::default();
    references.here(session)?;
    for project in &typed.projects {
        references.below(session, project)?;
    }
    if typed.unused.is_some() && !keeps_access_times(&folder) {
        session.note("access times aren't kept here (the file system is mounted with noatime): only what is named goes");
    }
    let consent = if typed.yes { Consent::ProcessArgs } else { Consent::None };
    let rules = Rules { unused: typed.unused, consent };
    let processes = Processes::now();
    let places = contents.places.into_iter().filter_map(|place| {
        let named = named(&place, &words);
        (words.is_empty() || named != Named::No).then_some((place, named))
    });
    let judged = places.map(|(place, named)| {
        let facts = facts(&place, named, (&references, &processes));
        let verdict = judge(&rules, &facts);
        let bytes = disk_usage(&place.root);
        Judged { place, facts, verdict, bytes }
    });
    Ok(judged.collect())
}

fn named(place: &InstallLocation<'_>, words: &[Asked<'_>]) -> Named {
    let meant = words.iter().filter(|word| is_meant(place, word));
    let how = meant.map(|word| if word.request.is_some() { Named::Version } else { Named::Tool });
    how.max_by_key(|named| *named == Named::Version).unwrap_or_default()
}

fn facts(
    place: &InstallLocation<'_>,
    named: Named,
    (references, processes): (&References, &Processes),
) -> Facts {
    let last = last_use(place.known.tool, &place.toolchain());
    Facts {
        named,
        has_venvs: place.known.definition.venvs,
        unused: days_unused(last, SystemTime::now()),
        processes: processes.below(&place.root),
        asked_by: references.by(&place.root).map(str::to_owned),
    }
}

/// Deletes what goes, one after the other; `gone` has what is gone, also where one can't go.
fn delete<'j>(
    session: &Session,
    typed: &PruneArguments,
    (going, as_json): (&[&'j Judged<'j>], bool),
    gone: &mut Vec<&'j PathBuf>,
) -> Result<()> {
    for Judged { place, facts, bytes, .. } in going {
        // Somebody may have started it while the question stood.
        let started = Processes::now().below(&place.root);
        let is_agreed = typed.yes && facts.named == Named::Version;
        if !started.is_empty() && !is_agreed {
            session.note(&format!("{} stays: it was started just now", name(place)));
            continue;
        }
        // Only now: as who we are, the processes of more accounts are seen than as the owner.
        let access = folders::write_access(&session.folders)?;
        uninstall(&OwnStore::new(session, &access), place)?;
        drop(access);
        gone.push(&place.root);
        if !as_json {
            output::line(format_args!("{} is gone ({})", name(place), human_size(*bytes)));
        }
    }
    Ok(())
}

fn print(judged: &[Judged<'_>]) {
    let row = |one: &Judged<'_>| {
        let (word, why) = match &one.verdict {
            Verdict::Goes => ("goes", unused(one.facts.unused)),
            Verdict::Stays(why) => ("stays", why.to_string()),
        };
        vec![word.to_owned(), name(&one.place), human_size(one.bytes), why]
    };
    output::text(output::table(&judged.iter().map(row).collect::<Vec<_>>()).as_bytes());
    if !judged.iter().any(|one| one.verdict == Verdict::Goes) {
        output::line("nothing is to go");
    }
}

fn unused(days: Option<u64>) -> String {
    match days {
        None => "nobody knows when it was used".to_owned(),
        Some(1) => "unused for 1 day".to_owned(),
        Some(days) => format!("unused for {days} days"),
    }
}

fn as_value(one: &Judged<'_>, gone: &[&PathBuf]) -> Value {
    let why = match &one.verdict {
        Verdict::Goes => None,
        Verdict::Stays(why) => Some(why.to_string()),
    };
    json!({
        "tool": one.place.known.tool.name,
        "version": one.place.version.as_str(),
        "path": one.place.root,
        "bytes": one.bytes,
        "unused_days": one.facts.unused,
        "processes": one.facts.processes,
        "goes": one.verdict == Verdict::Goes,
        "gone": gone.contains(&&one.place.root),
        "why": why,
    })
}
