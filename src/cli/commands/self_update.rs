//! `use self update [VERSION]`: replaces usher by a release, whose hash and signature are checked. The
//! old one works until the new one has its name.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::index::VERSION;
use usher_shims::version::Version;
use usher_shims::world::World as _;

use crate::cli::output::{self, Report, ReportPath, Text};
use crate::cli::own_home::put_programs;
use crate::config::folders;
use crate::files::interrupt::Unfinished;
use crate::files::lock::Locks;
use crate::files::staging::Staging;
use crate::files::write_access::WriteAccess;
use crate::http::{Client, DownloadSpec, Downloads};
use crate::own_release::package::Package;
use crate::own_release::{BuildSettings, OwnRelease, OwnReleases};
use crate::releases::network::Network;
use crate::session::Session;
use crate::shim_folder::OWN_NAMES;

/// The arguments of `use self update`.
#[derive(Debug, Args)]
pub struct SelfUpdateArguments {
    /// Another version than the newest; an older one, too
    #[arg(value_name = "VERSION")]
    pub version: Option<String>,
    /// The folder of releases, or a mirror of it
    #[arg(long, value_name = "FILE-OR-URL")]
    pub from: Option<String>,
}

/// What became of usher itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SelfUpdateReport {
    /// The version before.
    previous_version: String,
    /// The version now.
    version: String,
    /// Whether it was replaced.
    updated: bool,
    /// The program.
    path: ReportPath,
}

/// Runs the command.
pub fn run(
    session: &Session,
    build: BuildSettings,
    arguments: &SelfUpdateArguments,
    as_json: bool,
) -> Result<i32> {
    let program = own_program(session)?;
    let releases = OwnReleases::new(build, arguments.from.as_deref())?;
    let wanted = arguments.version.as_deref().map(parse_version).transpose()?;
    if session.settings.offline {
        return Err(Error::new(ErrorKind::Offline, "usher is offline, and a release is fetched")
            .hint(session.settings.online_hint()));
    }
    let access = folders::write_access(&session.folders)?;
    let network = Network::with_cache(session, &access);
    let client = network.client();
    let own = parse_version(VERSION)?;
    let version = match &wanted {
        Some(version) => version.clone(),
        None => releases.latest(client)?,
    };
    let is_due = if wanted.is_some() { version != own } else { version > own };
    if is_due {
        let unfinished = Unfinished::other(&format!("usher {own} stays as it is"));
        let release = releases.find(client, &version)?;
        replace(session, &access, client, (&release, &unfinished))?;
    }
    let report = SelfUpdateReport {
        previous_version: own.to_string(),
        version: if is_due { version } else { own }.to_string(),
        updated: is_due,
        path: ReportPath::new(&program),
    };
    drop(network);
    drop(access);
    if is_due {
        refresh(session, &program, &report)?;
    }
    output::print(&report, as_json, &*session.reporter)
}

fn parse_version(text: &str) -> Result<Version> {
    Version::parse(text).ok_or_else(|| {
        let what = format!("not a version of usher: “{}”", Escaped(text));
        Error::new(ErrorKind::Usage, what).hint(format!("use self update {VERSION}"))
    })
}

/// The program that is replaced: the home's own, which no other manager installed.
fn own_program(session: &Session) -> Result<PathBuf> {
    let (world, folders) = (&session.world, &session.folders);
    if let Some(package) = Package::of_home(world, folders, &session.program)? {
        let what = format!("usher was installed by {}", package.name);
        return Err(Error::new(ErrorKind::Usage, what).hint(package.update));
    }
    let program = folders.shims().join(OWN_NAMES[0]);
    let is_link = fs::symlink_metadata(&program).is_ok_and(|seen| seen.is_symlink());
    if is_link {
        let what = format!("{} is the machine's", Shown(&program));
        return Err(Error::new(ErrorKind::Permission, what)
            .because("the machine's administrator updates it"));
    }
    if !world.is_program(&program) {
        let what = format!("usher isn't installed in {}", Shown(&folders.data));
        return Err(Error::new(ErrorKind::NotFound, what).hint("use self install"));
    }
    Ok(program)
}

/// Fetches a release, tries it, and gives it the name of `use`.
fn replace(
    session: &Session,
    access: &WriteAccess,
    client: &Client,
    (release, unfinished): (&OwnRelease, &Unfinished),
) -> Result<()> {
    let (folders, version) = (&session.folders, &release.version);
    let locks = Locks::new(access, folders.locks());
    let staging = Staging::new(&folders.staging(), &locks, "usher")?;
    let task = session.reporter.task("downloading", &format!("usher {version}"));
    let downloads = Downloads::new(access, &folders.cache, staging.path());
    let spec =
        DownloadSpec { address: &release.address, integrity: Some(&release.integrity), size: None };
    let downloaded = downloads.fetch(client, &spec, &*task).map_err(Error::from)?;
    let content =
        fs::read(downloaded.path()).map_err(|error| Error::io("read", downloaded.path(), error))?;
    let tried = staging.path().join("use");
    fs::write(&tried, &content)
        .and_then(|()| fs::set_permissions(&tried, Permissions::from_mode(0o755)))
        .map_err(|error| Error::io("write", &tried, error))?;
    check_runs(&tried, version)?;
    let lock = session.settings.lock_timeout;
    let _lock = locks.lock("shims", lock, &|text| session.note(text))?;
    let shims = folders.shims();
    let [first, second] = OWN_NAMES.map(|name| shims.join(name));
    unfinished.complete(|| put_programs(access, &content, [&first, &second], &shims))?;
    downloaded.discard();
    Ok(())
}

/// An error unless a program says that it is this version.
fn check_runs(program: &Path, version: &Version) -> Result<()> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let refused = |because: String| {
        let what = format!("usher {version} doesn't run on this machine");
        Error::new(ErrorKind::ProgramFailed, what).because(because)
    };
    let output = output.map_err(|error| refused(error.to_string()))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match output.status.success() && printed.split_whitespace().any(|word| word == version.as_str())
    {
        true => Ok(()),
        false if output.status.success() => {
            Err(refused(format!("it says “{}”", Escaped(printed.trim()))))
        }
        false => Err(refused(output.status.to_string())),
    }
}

/// Lets the new program make its shims and their index. Its own message says what it can't.
fn refresh(session: &Session, program: &Path, report: &SelfUpdateReport) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["self", "install"]).stdin(Stdio::null()).stdout(Stdio::null());
    if session.folders.is_system_wide {
        command.arg("--system");
    }
    let ended = command.status().map_err(|error| Error::io("run", program, error))?;
    if ended.success() {
        return Ok(());
    }
    let SelfUpdateReport { version, previous_version, .. } = report;
    let what = format!("usher {version} replaced {previous_version}, but made no shims");
    let error = Error::new(ErrorKind::ProgramFailed, what);
    Err(error.because(ended.to_string()).hint("use reshim"))
}

impl Report for SelfUpdateReport {
    fn text(&self) -> Text {
        let Self { previous_version, version, updated, .. } = self;
        match updated {
            true => format!("usher {version} replaced {previous_version}").into(),
            false => format!("usher {version} is the newest release").into(),
        }
    }
}
