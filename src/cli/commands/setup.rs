//! `use setup [SHELL]`: puts the shims on PATH in the shell's files and lets the shell complete `use`,
//! or undoes both.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::world::World as _;

use crate::cli::output::{self, ReportPath};
use crate::cli::search_path::{SearchPath, hiding_text};
use crate::cli::shell_setup::{
    FileChange, NamingLine, ReadFile, Shell, ShellFolders, apply, diff, function_folder,
    line_naming, path_line, plan, plan_removal, quoted, read,
};
use crate::files::account::with_owners_rights;
use crate::files::remove::remove_empty;
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::sys::SYSTEM;

/// The arguments of `use setup`.
#[derive(Debug, Default, Args)]
pub struct SetupArguments {
    /// Whose files.
    #[command(flatten)]
    pub target: SetupTarget,
    /// Make the change without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Undo the change
    #[arg(long)]
    pub undo: bool,
    /// Only print the line for PATH
    #[arg(long)]
    pub print: bool,
}

/// Whose files are changed: those of one account's shell, or the machine's.
#[derive(Debug, Default, Args)]
pub struct SetupTarget {
    /// Which shell: bash, zsh, fish, sh, nushell or elvish; without it, yours
    pub shell: Option<String>,
    /// Change the files in /etc, for all accounts of the machine; needs root
    #[arg(long, conflicts_with = "shell")]
    pub system: bool,
}

/// What is done to a shell's files.
#[derive(Debug)]
struct SetupPlan {
    shell: Shell,
    changes: Vec<FileChange>,
    is_undo: bool,
    /// What is typed to make the changes.
    command: String,
}

/// The files of a shell, or of the machine.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SetupAnswer {
    /// The files.
    pub(super) files: Vec<SetupReport>,
}

/// A file, as programs read it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct SetupReport {
    /// The file.
    pub(super) file: ReportPath,
    /// Whether it was changed: `false` without `--yes`.
    pub(super) changed: bool,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &SetupArguments, as_json: bool) -> Result<()> {
    if arguments.print {
        let shell = shell(session, arguments.target.shell.as_deref())?;
        let home = shell_folders(session).ok().map(|folders| folders.home);
        let line = path_line(shell, &session.folders.shims(), home.as_deref())?;
        return output::print_exact(format!("{line}\n").as_bytes());
    }
    let plan = decide(session, arguments, &read)?;
    let is_shown = output::can_ask() && io::stdout().is_terminal();
    let asks = is_shown && !arguments.yes && !as_json && !plan.changes.is_empty();
    if asks {
        output::print_text(plan.diffs())?;
    }
    let is_done =
        arguments.yes || (asks && output::confirm("make this change?", "nothing was written"));
    if is_done {
        let home = shell_folders(session)?.home;
        let left = arguments.undo.then(|| function_folder(plan.shell, &session.folders.shims()));
        let change = || {
            apply(&plan.changes, &home)?;
            left.flatten().map_or(Ok(()), |folder| remove_empty(&folder))
        };
        with_owners_rights(&home, change).map_err(|error| plan.by_hand(error))?;
    }
    match () {
        () if as_json => output::print_answer(&SetupAnswer { files: plan.reports(is_done) }),
        () if asks && !is_done => Ok(()),
        () if asks => output::print_text(plan.done()),
        () => output::print_text(plan.text(is_done)),
    }?;
    let is_set_up = !plan.is_undo && (is_done || plan.changes.is_empty());
    if is_set_up && let Some(notice) = still_hiding(session, &plan, &read) {
        session.reporter.notice(&notice);
    }
    Ok(())
}

/// The warning that programs come before the shims although the shell's files have usher's lines.
fn still_hiding(session: &Session, plan: &SetupPlan, read: ReadFile<'_>) -> Option<Notice> {
    let path = SearchPath::of(session)?.without_venvs(session);
    if path.is_behind_system() && !plan.changes.is_empty() {
        // The answer says already that a new shell is needed.
        return None;
    }
    let hiding = path.all_hiding(session);
    let (first, folders) = (hiding.first()?, shell_folders(session).ok()?);
    let hint = remedy_by_hand(plan.shell, &folders, (&path, first), read);
    Some(Notice::warning(hiding_text(&hiding)).hint(hint))
}

/// `use setup` as it can be typed here: where the shims aren't on PATH, by the path of `use`.
pub fn command_here(session: &Session, shell: Shell) -> String {
    if SearchPath::of(session).is_some() {
        return format!("{} setup", shell.own_name());
    }
    let called = session.given.os_arguments().first().map(PathBuf::from);
    let called = called.filter(|path| path.components().nth(1).is_some());
    let path = called.unwrap_or_else(|| session.folders.shims().join("use"));
    let path = path.to_string_lossy();
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@,".contains(c));
    match (shell, is_plain) {
        (_, true) => format!("{path} setup"),
        (Shell::Nushell, false) => format!("^{} setup", quoted(shell, &path)),
        (_, false) => format!("{} setup", quoted(shell, &path)),
    }
}

/// As [`command_here`], in the shell that the variable SHELL names.
pub fn command_of_account(session: &Session) -> String {
    command_here(session, shell(session, None).unwrap_or(Shell::Sh))
}

/// What is typed or changed where a program comes before the shims on PATH: `use setup`, as long as that
/// changes something.
pub fn remedy(session: &Session, path: &SearchPath, hiding: &Path) -> String {
    if session.folders.is_system_wide {
        return "use setup --system".to_owned();
    }
    let (Ok(shell), Ok(folders)) = (shell(session, None), shell_folders(session)) else {
        return command_of_account(session);
    };
    match plan(shell, &folders, &session.folders.shims(), &read) {
        Ok(changes) if changes.is_empty() => remedy_by_hand(shell, &folders, (path, hiding), &read),
        Ok(_) | Err(_) => command_here(session, shell),
    }
}

/// The same where a shell's files have usher's lines. In a new shell they put the shims first if the
/// system's programs were; any other folder was put first behind these lines.
fn remedy_by_hand(
    shell: Shell,
    folders: &ShellFolders,
    (path, hiding): (&SearchPath, &Path),
    read: ReadFile<'_>,
) -> String {
    if path.is_behind_system() {
        return format!("open a new {shell}");
    }
    let folder = hiding.parent().unwrap_or(hiding);
    let shown = Shown(folder);
    match line_naming(shell, folders, folder, read) {
        Some(NamingLine { file, line, name }) => {
            let (file, name) = (Shown(&file), Escaped(&name));
            format!("change what puts {shown} first: {file}:{line} names {name}")
        }
        None => format!("change what puts {shown} first in the files of your {shell}"),
    }
}

fn decide(session: &Session, arguments: &SetupArguments, read: ReadFile<'_>) -> Result<SetupPlan> {
    let shell = shell(session, arguments.target.shell.as_deref())?;
    let folders = shell_folders(session)?;
    let shims = session.folders.shims();
    let (changes, undo) = match arguments.undo {
        false => (plan(shell, &folders, &shims, read)?, ""),
        true => (plan_removal(shell, &folders, &shims, read)?, " --undo"),
    };
    let command = format!("{} {shell}{undo}", command_here(session, shell));
    Ok(SetupPlan { shell, changes, is_undo: arguments.undo, command })
}

/// The shell that was named, else the one that the variable SHELL names.
fn shell(session: &Session, named: Option<&str>) -> Result<Shell> {
    if let Some(name) = named {
        return name.parse();
    }
    let variable = session.world.variable("SHELL").unwrap_or_default();
    variable.to_string_lossy().parse().map_err(|_| {
        Error::new(ErrorKind::Usage, "the variable SHELL doesn't name a shell that usher knows")
            .because(format!("known shells: {}", Shell::NAMES))
            .hint(format!("{} bash", command_here(session, Shell::Sh)))
    })
}

pub(super) fn shell_folders(session: &Session) -> Result<ShellFolders> {
    let folder =
        |name| session.world.variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let Some(home) = session.folders.user_home.clone().or_else(|| folder("HOME")) else {
        return Err(Error::new(ErrorKind::NoHome, "can't find your home folder")
            .hint("export HOME=/your/home"));
    };
    let (zdotdir, xdg_config) = (folder("ZDOTDIR"), folder("XDG_CONFIG_HOME"));
    Ok(ShellFolders { home, zdotdir, xdg_config, system: SYSTEM })
}

impl SetupPlan {
    /// What to do by hand if a file can't be written.
    fn by_hand(&self, error: Error) -> Error {
        let is_refused = matches!(error.kind(), ErrorKind::Permission | ErrorKind::CannotCreate);
        match (is_refused, self.is_undo) {
            (false, _) => error,
            (true, true) => error.hint("delete usher's lines by hand"),
            (true, false) => error
                .because("usher's line can be added by hand")
                .hint(format!("{} --print", self.command)),
        }
    }

    /// The changes as a diff, and what to do next.
    fn text(&self, is_done: bool) -> String {
        let Self { shell, changes, is_undo, command } = self;
        match (changes.is_empty(), is_done) {
            (true, _) if *is_undo => format!("{shell}: no file mentions usher\n"),
            (true, _) => format!("{shell}: already set up\n"),
            (false, true) => self.diffs() + &self.done(),
            (false, false) => {
                format!("{}nothing written yet; to write it: {command} --yes\n", self.diffs())
            }
        }
    }

    fn diffs(&self) -> String {
        self.changes.iter().map(diff).collect()
    }

    fn done(&self) -> String {
        match self.is_undo {
            true => "done\n".to_owned(),
            false => format!("done; open a new {} to use it\n", self.shell),
        }
    }

    fn reports(&self, is_done: bool) -> Vec<SetupReport> {
        let report = |change: &FileChange| SetupReport {
            file: ReportPath::new(&change.path),
            changed: is_done,
        };
        self.changes.iter().map(report).collect()
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn arguments(words: &str) -> SetupArguments {
        let has = |flag: &str| words.split(' ').any(|word| word == flag);
        let shell = words.split(' ').find(|word| !word.is_empty() && !word.starts_with('-'));
        SetupArguments {
            target: SetupTarget { shell: shell.map(str::to_owned), system: false },
            undo: has("--undo"),
            ..Default::default()
        }
    }

    /// The plan where `.profile` in the home folder has this text.
    fn planned(words: &str, profile: Option<&str>) -> Result<SetupPlan> {
        let session = session(MemoryWorld::at("/p").variable("SHELL", "/bin/dash"));
        let read = |path: &Path| match path.ends_with(".profile") {
            true => Ok(profile.map(str::to_owned)),
            false => Ok(None),
        };
        decide(&session, &arguments(words), &read)
    }

    #[test]
    fn the_shell_is_named_or_the_users_own() {
        assert_eq!(planned("", None).unwrap().shell, Shell::Sh);
        assert_eq!(planned("fish", None).unwrap().shell, Shell::Fish);
        assert_eq!(planned("nu", None).unwrap().shell, Shell::Nushell);
        assert_eq!(planned("tcsh", None).unwrap_err().kind(), ErrorKind::Usage);
        let nameless = session(MemoryWorld::at("/p").variable("PATH", "/usher/shims"));
        insta::assert_snapshot!(shell(&nameless, None).unwrap_err(), @r"
        the variable SHELL doesn't name a shell that usher knows
          known shells: bash, zsh, fish, sh, nushell and elvish
          hint: use setup bash
        ");
    }

    #[test]
    fn the_command_works_where_it_is_shown() {
        let on_path = session(MemoryWorld::at("/p").variable("PATH", "/bin:/usher/shims"));
        assert_eq!(command_here(&on_path, Shell::Fish), "use setup");
        assert_eq!(command_here(&on_path, Shell::Nushell), "usher setup");
        let mut elsewhere = session(MemoryWorld::at("/p").variable("PATH", "/bin"));
        assert_eq!(command_of_account(&elsewhere), "/usher/shims/use setup");
        for (called, shell, expected) in [
            (c"./shims/usher", Shell::Bash, "./shims/usher setup"),
            (c"use", Shell::Bash, "/usher/shims/use setup"),
            (c"/it's/use", Shell::Zsh, r"'/it'\''s/use' setup"),
            (c"/it's/use", Shell::Fish, r"'/it\'s/use' setup"),
            (c"/it's/use", Shell::Elvish, "'/it''s/use' setup"),
            (c"/it's/use", Shell::Nushell, r#"^"/it's/use" setup"#),
        ] {
            elsewhere.given.arguments = vec![called];
            assert_eq!(command_here(&elsewhere, shell), expected, "{called:?}");
        }
    }

    #[test]
    fn a_plan_is_shown_with_what_to_type_next() {
        let plan = planned("sh", Some("export A=1\n")).unwrap();
        let text = plan.text(false);
        assert!(text.starts_with("--- /home/u/.profile\n+++ /home/u/.profile\n"), "{text}");
        assert!(
            text.ends_with("\nnothing written yet; to write it: /usher/shims/use setup sh --yes\n"),
            "{text}"
        );
        assert!(plan.text(true).ends_with("\ndone; open a new sh to use it\n"));
        insta::assert_snapshot!(serde_json::to_string(&plan.reports(true)).unwrap(), @r#"[{"file":"/home/u/.profile","changed":true}]"#);
    }

    #[test]
    fn what_comes_before_the_shims_has_a_remedy() {
        let of = |path: &str, profile: &str| {
            let world = MemoryWorld::at("/p")
                .file("/usher/shims/node", "")
                .file("/usr/bin/node", "")
                .file("/home/u/.nvm/bin/node", "")
                .variable("PATH", path);
            let session = session(world);
            let read = |path: &Path| Ok(path.ends_with(".profile").then(|| profile.to_owned()));
            let mut plan = decide(&session, &arguments("sh"), &read).unwrap();
            plan.changes.clear();
            still_hiding(&session, &plan, &read).map(|one| one.to_string()).unwrap_or_default()
        };
        assert_eq!(of("/usher/shims:/usr/bin", ""), "");
        insta::assert_snapshot!(of("/usr/bin:/usher/shims", ""), @"
        /usr/bin/node comes before the shims on PATH and hides one
          hint: open a new sh
        ");
        insta::assert_snapshot!(of("/home/u/.nvm/bin:/usher/shims:/usr/bin", "\n. ~/.nvm/nvm.sh\n"), @"
        /home/u/.nvm/bin/node comes before the shims on PATH and hides one
          hint: change what puts /home/u/.nvm/bin first: /home/u/.profile:2 names .nvm
        ");
        insta::assert_snapshot!(of("/home/u/.nvm/bin:/usher/shims:/usr/bin", ""), @"
        /home/u/.nvm/bin/node comes before the shims on PATH and hides one
          hint: change what puts /home/u/.nvm/bin first in the files of your sh
        ");
    }

    #[test]
    fn where_nothing_is_to_change_that_is_said() {
        let done = planned("sh", Some("export A=1\n")).unwrap().changes[0].after.clone().unwrap();
        let again = planned("sh", Some(&done)).unwrap();
        assert_eq!(again.text(false), "sh: already set up\n");
        let undone = planned("sh --undo", Some(&done)).unwrap();
        assert_eq!(undone.changes[0].after.as_deref(), Some("export A=1\n"));
        let text = undone.text(false);
        assert!(
            text.ends_with("written yet; to write it: /usher/shims/use setup sh --undo --yes\n"),
            "{text}"
        );
        assert!(undone.text(true).ends_with("\ndone\n"));
        let none = planned("sh --undo", Some("export A=1\n")).unwrap();
        assert_eq!(none.text(true), "sh: no file mentions usher\n");
    }
}
