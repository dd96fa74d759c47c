//! All files of a release: programs for all platforms, packages, recipes and hashes; and signing it.
//!
//! The formats are the crate `usher-packaging`'s; here programs are built and started.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use usher_packaging::platform::{OLDEST_GLIBC, PLATFORMS, Platform, System};
use usher_packaging::release::{Program, Release, SUMS};
use usher_packaging::settings::Settings;
use usher_packaging::tree::Entry;

use crate::zig::Zig;
use crate::{Outcome, Result, checkout, macho, print, process};

/// The version of everything: the workspace's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Completions, by their shells, and where those look for them below a prefix.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/use"),
    ("zsh", "share/zsh/site-functions/_use"),
    ("fish", "share/fish/vendor_completions.d/use.fish"),
];

/// What is released, and where it goes.
pub(crate) struct Options {
    /// The platforms; all of them, unless some are named.
    platforms: Vec<&'static Platform>,
    /// Programs that were built already, by the names of their platforms.
    programs: BTreeMap<&'static str, PathBuf>,
    /// The folder of releases.
    releases: PathBuf,
    /// The file of minisign's secret key, to sign with.
    key: Option<PathBuf>,
    /// The tag of the commit, which must be of this version.
    tag: Option<String>,
}

impl Options {
    /// What the words after the task's name say.
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        let mut options = Self {
            platforms: Vec::new(),
            programs: BTreeMap::new(),
            releases: process::target_folder().join("releases"),
            key: None,
            tag: None,
        };
        for pair in words.chunks(2) {
            let [name, value] = pair else { return Err(format!("{} needs a value", pair[0])) };
            match name.as_str() {
                "--platform" => options.platforms.push(platform(value)?),
                "--program" => {
                    let (name, file) =
                        value.split_once('=').ok_or("--program needs PLATFORM=FILE")?;
                    let platform = platform(name)?;
                    options.platforms.push(platform);
                    options.programs.insert(platform.name, PathBuf::from(file));
                }
                "--into" => options.releases = PathBuf::from(value),
                "--key" => options.key = Some(PathBuf::from(value)),
                "--tag" => options.tag = Some(value.clone()),
                _ => return Err(format!("unknown option: {name}")),
            }
        }
        if options.platforms.is_empty() {
            options.platforms = PLATFORMS.iter().collect();
        }
        Ok(options)
    }
}

fn platform(name: &str) -> Result<&'static Platform> {
    Platform::named(name).ok_or_else(|| {
        let names = PLATFORMS.map(|platform| platform.name).join(", ");
        format!("unknown platform: {name}; there are {names}")
    })
}

/// Builds and packs a release, and prints the path of its hashes.
pub(crate) fn release(options: &Options) -> Result<Outcome> {
    if let Some(tag) = &options.tag {
        check_tag(tag)?;
    }
    let settings = settings()?;
    let mut programs = Vec::new();
    for platform in &options.platforms {
        let file = match options.programs.get(platform.name) {
            Some(file) => file.clone(),
            None => build(platform, &settings)?,
        };
        if platform.system == System::Macos {
            macho::check(&file, platform.target)?;
        }
        let content = fs::read(&file).map_err(|error| failed(&file, &error))?;
        programs.push(Program { platform, content });
    }
    let targets = programs.iter().map(|program| program.platform.target);
    let metadata: Result<Vec<_>> = targets
        .map(|target| process::metadata(&["--locked", "--filter-platform", target]))
        .collect();
    let release = Release {
        settings: &settings,
        version: VERSION,
        completions: &completions(&programs)?,
        programs: &programs,
        metadata: &metadata?,
    };
    let sums = release.write(release.packages()?, &options.releases)?;
    print(&sums.display().to_string());
    Ok(Outcome::default())
}

/// An error unless a tag is of this version, and the changelog has a section of it with a date.
fn check_tag(tag: &str) -> Result<()> {
    if tag.strip_prefix('v') != Some(VERSION) {
        return Err(format!("the tag {tag} is not of version {VERSION}, which Cargo.toml has"));
    }
    let file = checkout().join("CHANGELOG.md");
    let changelog = fs::read_to_string(&file).map_err(|error| failed(&file, &error))?;
    let heading = format!("## [{VERSION}] - ");
    let is_dated = |rest: &str| rest.starts_with(|character: char| character.is_ascii_digit());
    match changelog.lines().filter_map(|line| line.strip_prefix(&heading)).any(is_dated) {
        true => Ok(()),
        false => Err(format!("CHANGELOG.md has no section “{heading}DATE”")),
    }
}

/// The settings of packages. Variables, which a forge's settings become, replace the addresses.
fn settings() -> Result<Settings> {
    let mut settings = Settings::own()?;
    if let Some(releases) = process::variable("USHER_RELEASES") {
        settings.releases = releases;
    }
    if let Some(key) = process::variable("USHER_RELEASE_KEY") {
        settings.release_key = key;
    }
    Ok(settings)
}

/// Builds the program of a platform.
fn build(platform: &Platform, settings: &Settings) -> Result<PathBuf> {
    let zig = Zig::find()?;
    let target = match platform.system {
        System::LinuxGlibc => format!("{}.{OLDEST_GLIBC}", platform.target),
        System::Linux | System::Macos => platform.target.to_owned(),
    };
    let shim = zig.build_shim(&target)?;
    zig.build_use(&target, &shim, |command| {
        command
            .env("USHER_RELEASES", &settings.releases)
            .env("USHER_RELEASE_KEY", &settings.release_key)
    })
}

/// The completion scripts, which the program for this machine prints.
fn completions(programs: &[Program]) -> Result<Vec<Entry>> {
    let own = Platform::of_this_machine();
    let runs_here = |program: &&Program| Some(program.platform) == own;
    let program = programs.iter().find(runs_here).ok_or_else(|| {
        let name = own.map_or("this machine", |platform| platform.name);
        format!("completions are printed by the program for {name}, which is not among these")
    })?;
    let scratch = process::target_folder().join(format!("completions-{}", std::process::id()));
    let printed = print_completions(&scratch, program);
    let _ = fs::remove_dir_all(&scratch);
    printed
}

fn print_completions(scratch: &Path, program: &Program) -> Result<Vec<Entry>> {
    let file = scratch.join("use");
    fs::create_dir_all(scratch)
        .and_then(|()| fs::write(&file, &program.content))
        .and_then(|()| fs::set_permissions(&file, Permissions::from_mode(0o755)))
        .map_err(|error| failed(&file, &error))?;
    COMPLETIONS
        .into_iter()
        .map(|(shell, place)| {
            let mut command = process::command(&file.to_string_lossy());
            command.args(["completions", shell]).env("USHER_HOME", scratch.join("home"));
            let script = process::output(&mut command)
                .ok_or_else(|| format!("{} doesn't print completions", file.display()))?;
            Ok(Entry::file(place, script))
        })
        .collect()
}

/// Signs the hashes of a release that was built, by minisign. The signature says of which version they
/// are, so that nobody can pass an old release off as a new one.
pub(crate) fn sign(options: &Options) -> Result<Outcome> {
    let key = options.key.as_ref().ok_or("which key? --key FILE, as minisign made it")?;
    let sums = options.releases.join(VERSION).join(SUMS);
    let mut signature = sums.clone().into_os_string();
    signature.push(".minisig");
    let mut command = process::command("minisign");
    command.arg("-S").arg("-s").arg(key).arg("-m").arg(sums).arg("-x").arg(signature);
    process::run(command.args(["-t", &format!("usher {VERSION}")]))?;
    Ok(Outcome::default())
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
