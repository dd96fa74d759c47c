//! `use install TOOL@VERSION --from ADDRESS-OR-FILE`: installs a version from any archive.

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::tool_policy::ToolPolicy;
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::install::{self, InstallReport};
use super::{ToolArgument, tool_arguments};
use crate::cli::output::ReportPath;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::files::integrity::Integrity;
use crate::http::Address;
use crate::inventory::run_fault;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::session::Session;
use crate::session::active::store_label;
use crate::store::install::fetcher::Fetcher;
use crate::store::install::from_archive::UserArchive;
use crate::store::install::{Installed, install_from_archive};
use crate::store::own::OwnStore;
use crate::store::receipt::Receipt;

/// The archive on the command line.
#[derive(Debug)]
pub struct ArchiveArguments<'a> {
    /// Its address, or its file.
    pub from: &'a str,
    /// Its SHA-256, if the user knows it.
    pub sha256: Option<&'a str>,
}

/// Which version to install from which archive.
struct FromArchivePlan<'a> {
    known: KnownTool<'a>,
    version: Version,
    archive: UserArchive,
}

/// Runs the command.
pub fn run(
    session: &mut Session,
    words: &[String],
    archive: &ArchiveArguments<'_>,
    as_json: bool,
) -> Result<()> {
    let plan = decide(session, words, archive)?;
    let tool = plan.known.tool;
    let report = apply(session, &plan)?;
    if !report.newly_installed {
        session.note(&format!(
            "{} {} is already installed: nothing was taken from {}",
            report.tool, report.version, plan.archive.address
        ));
    }
    refresh_shims(session, &[tool])?;
    install::print(&[report], as_json)
}

fn decide<'a>(
    session: &'a Session,
    words: &[String],
    archive: &ArchiveArguments<'_>,
) -> Result<FromArchivePlan<'a>> {
    let (known, version) = exact_version(session, words)?;
    if let Some(policy) = ToolPolicy::of(&session.index.policy, known.tool)?
        && !policy.allows(&version)
    {
        return Err(policy.refusal(Some(&version)));
    }
    let archive = UserArchive {
        address: address(session, archive.from)?,
        integrity: archive.sha256.map(integrity).transpose()?,
    };
    Ok(FromArchivePlan { known, version, archive })
}

fn apply(session: &Session, plan: &FromArchivePlan<'_>) -> Result<InstallReport> {
    let FromArchivePlan { known, version, archive } = plan;
    let access = folders::write_access(&session.folders)?;
    let network = Network::with_cache(session, &access);
    let store = OwnStore::new(session, &access).without_announcements();
    let fetcher = Fetcher::new(session, &network, &access);
    let Installed { toolchain, already_installed } =
        install_from_archive(store, fetcher, &store.location(*known, version), archive)?;
    // It may need what is only on the machine, or in the home, that it was built in.
    if let Some(reason) = run_fault(&session.folders, *known, &toolchain)? {
        let accounts = if session.folders.is_system_wide { " for every account" } else { "" };
        let name = known.tool.name;
        session.note(&format!("{name} {version} doesn't run{accounts}: {reason}"));
    }
    Ok(InstallReport {
        tool: known.tool.name,
        request: version.to_string(),
        version: version.to_string(),
        store: store_label(&toolchain.store).to_owned(),
        path: ReportPath::new(&toolchain.root),
        host: Receipt::host_of(&toolchain.root),
        newly_installed: !already_installed,
    })
}

/// The one version on the command line. The archive doesn't name its version, so the user does.
fn exact_version<'a>(session: &'a Session, words: &[String]) -> Result<(KnownTool<'a>, Version)> {
    let usage = |what: String| {
        Error::new(ErrorKind::Usage, what).hint("use install node@12.0.0 --from node.tar.gz")
    };
    let mut arguments = tool_arguments(session, words)?;
    let (Some(ToolArgument { known, request }), true) = (arguments.pop(), arguments.is_empty())
    else {
        return Err(usage("`--from` installs one version; several were named".to_owned()));
    };
    let exact = request.as_ref().and_then(|request| request.exact(known.tool).cloned());
    exact.map(|version| (known, version)).ok_or_else(|| {
        let word = words.first().map(String::as_str).unwrap_or_default();
        usage(format!("`--from` needs an exact version; {} isn't", Escaped(word)))
    })
}

/// An address as it is, or a file's absolute path.
fn address(session: &Session, from: &str) -> Result<Address> {
    if from.contains("://") || from.starts_with("http:") || from.starts_with("https:") {
        return Ok(Address::parse(from)?);
    }
    let here = session.world.directory().map_err(|error| {
        Error::new(ErrorKind::Io, "can't find the working directory").because(error.to_string())
    })?;
    let path = here.join(from).into_os_string().into_string().map_err(|path| {
        Error::new(ErrorKind::Usage, format!("can't use the file {}", Shown(Path::new(&path))))
            .because("its path isn't UTF-8")
    })?;
    Ok(Address::parse(&path)?)
}

fn integrity(text: &str) -> Result<Integrity> {
    Integrity::from_hex(text).filter(|hash| matches!(hash, Integrity::Sha256(_))).ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("invalid SHA-256: “{}”", Escaped(text)))
            .because("a SHA-256 has 64 hexadecimal digits")
    })
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn check(word: &str, (from, sha256): (&str, Option<&str>), expected: &str) {
        let session = session(MemoryWorld::at("/p"));
        let words: Vec<String> = word.split(' ').map(str::to_owned).collect();
        let decided = decide(&session, &words, &ArchiveArguments { from, sha256 });
        let decided = decided.map_or_else(
            |error| error.what,
            |plan| format!("{} {} {}", plan.known.tool.name, plan.version, plan.archive.address),
        );
        assert_eq!(decided, expected, "{word} {from}");
    }

    #[test]
    fn an_exact_version_is_taken_from_a_file_or_an_address() {
        check("node@12.0.0", ("n.tgz", None), "node 12.0.0 /p/n.tgz");
        check("node@12.0.0", ("/m/n.tgz", None), "node 12.0.0 /m/n.tgz");
        check("node@v12.0.0", ("http://h/n.tgz", None), "node 12.0.0 http://h/n.tgz");
    }

    #[test]
    fn what_names_no_single_version_is_refused() {
        let partial = "`--from` needs an exact version; node@12 isn't";
        check("node@12", ("n.tgz", None), partial);
        check("node@lts", ("n.tgz", None), "`--from` needs an exact version; node@lts isn't");
        check("node", ("n.tgz", None), "`--from` needs an exact version; node isn't");
        let several = "`--from` installs one version; several were named";
        check("node@12.0.0 go@1.22.1", ("n.tgz", None), several);
        check("node@12.0.0", ("n.tgz", Some("abc")), "invalid SHA-256: “abc”");
    }
}
