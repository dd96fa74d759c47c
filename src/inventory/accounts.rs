//! The machine's accounts, for root: who they are, and where each may have folders of usher's.
//!
//! Accounts come from `getent passwd`, which lists those of a directory service too where that is
//! allowed, and from `/etc/passwd`. No crate was taken for it: those that were looked at (uzers,
//! nix) walk the list with functions that aren't safe, and load a directory service's modules into a
//! process of root's. Folders beside the homes of people (`/home/*`) whose owners aren't listed count
//! as homes as well: many directory services don't list their accounts.
//!
//! An account's folders of usher's are those of its home, and those that its running processes name by
//! `USHER_HOME`, `XDG_CONFIG_HOME` and `XDG_DATA_HOME`; `/etc/environment` names some for all.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::folders::Folders;

use super::probe::{Limits, ProbeResult, ProbeRights, TIMEOUT, probe_within};

/// The list of accounts on this machine itself.
const PASSWD: &str = "/etc/passwd";

/// Where `getent` may be. It isn't searched for on root's PATH.
const GETENT: [&str; 2] = ["/usr/bin/getent", "/bin/getent"];

/// The variables of all accounts.
const ENVIRONMENT: &str = "/etc/environment";

/// The most bytes of a list of accounts, or of a process's environment.
const MOST_BYTES: u64 = 64 << 20;

/// People have numbers from here on, by the convention of all distributions; below are services.
const FIRST_PERSON: u32 = 1_000;

/// The number of `nobody`, which is no person.
const NOBODY: u32 = 65_534;

/// The variables that move usher's folders.
const VARIABLES: [&str; 3] = ["USHER_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];

/// An account of the machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MachineAccount {
    /// Its name; the number of one that isn't listed.
    pub name: String,
    /// Its number.
    pub user: u32,
    /// The number of its primary group.
    pub group: u32,
    /// Its home folder, which may not exist.
    pub home: PathBuf,
    /// Its folders of usher's, whether they exist or not.
    pub folders: Vec<AccountFolders>,
}

/// Folders of usher's that an account may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountFolders {
    /// The data folder.
    pub data: PathBuf,
    /// The configuration folder.
    pub config: PathBuf,
}

/// The accounts of this machine, by name. An error if the caller isn't root.
pub fn machine_accounts() -> Result<Vec<MachineAccount>> {
    require_root("see what other accounts use")?;
    let here = read_bounded(Path::new(PASSWD))
        .map_err(|error| Error::io("read", Path::new(PASSWD), error))?;
    let mut accounts = parse_accounts(&here);
    accounts.extend(parse_accounts(&listed_by_getent()));
    let mut seen = BTreeSet::new();
    accounts.retain(|account| seen.insert((account.user, account.home.clone())));
    accounts.extend(unlisted(&accounts));
    let moved = MovedFolders::find();
    for account in &mut accounts {
        account.folders = moved.of(account);
    }
    accounts.sort();
    Ok(accounts)
}

/// An error if the caller isn't root, who alone can do this.
pub fn require_root(what: &str) -> Result<()> {
    match geteuid().is_root() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Permission, format!("only root can {what}"))
            .because("this is about other accounts of the machine")),
    }
}

/// What `getent` lists; nothing where there is none, or where its directory service doesn't answer in
/// time.
fn listed_by_getent() -> Vec<u8> {
    let limits = Limits { time: TIMEOUT, bytes: MOST_BYTES };
    let program = GETENT.iter().map(Path::new).find(|path| path.exists());
    let listed = program
        .map(|program| probe_within(program, &["passwd".to_owned()], limits, ProbeRights::Caller));
    match listed {
        Some(Ok(ProbeResult::Output(text))) => text.into_bytes(),
        Some(Ok(ProbeResult::Failed(_) | ProbeResult::TimedOut) | Err(_)) | None => Vec::new(),
    }
}

/// The accounts in a list of `NAME:x:USER:GROUP:COMMENT:HOME:SHELL`. Lines of another form are left
/// out, and so are relative homes.
fn parse_accounts(list: &[u8]) -> Vec<MachineAccount> {
    let account = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let mut number = |skip| str::from_utf8(fields.nth(skip)?).ok()?.parse().ok();
        let (user, group) = (number(1)?, number(0)?);
        let home = PathBuf::from(OsStr::from_bytes(fields.nth(1)?));
        let name = String::from_utf8_lossy(name).into_owned();
        home.is_absolute().then(|| MachineAccount { name, user, group, home, folders: Vec::new() })
    };
    list.split(|byte| *byte == b'\n').filter_map(account).collect()
}

/// The homes beside those of people whose owners aren't listed.
fn unlisted(listed: &[MachineAccount]) -> Vec<MachineAccount> {
    let is_person = |one: &&MachineAccount| one.user >= FIRST_PERSON && one.user != NOBODY;
    let beside: BTreeSet<&Path> = listed
        .iter()
        .filter(is_person)
        .filter_map(|account| account.home.parent())
        .filter(|folder| folder.parent().is_some())
        .chain([Path::new("/home")])
        .collect();
    let known: BTreeSet<&Path> = listed.iter().map(|account| account.home.as_path()).collect();
    let users: BTreeSet<u32> = listed.iter().map(|account| account.user).collect();
    let entries = beside.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let home = |entry: fs::DirEntry| {
        let (home, seen) = (entry.path(), entry.metadata().ok()?);
        let is_new = seen.is_dir() && !known.contains(home.as_path());
        let is_persons = seen.uid() >= FIRST_PERSON && !users.contains(&seen.uid());
        (is_new && is_persons).then(|| MachineAccount {
            name: seen.uid().to_string(),
            user: seen.uid(),
            group: seen.gid(),
            home,
            folders: Vec::new(),
        })
    };
    entries.flatten().filter_map(home).collect()
}

/// The values of the variables that move usher's folders.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct FolderVariables([Option<PathBuf>; 3]);

impl FolderVariables {
    /// Of an environment: entries that end with a null byte or a line end.
    fn parse(environment: &[u8]) -> Self {
        let mut found = Self::default();
        for entry in environment.split(|byte| matches!(byte, b'\0' | b'\n')) {
            for (variable, value) in VARIABLES.iter().zip(&mut found.0) {
                let text = entry.strip_prefix(variable.as_bytes());
                let Some(text) = text.and_then(|text| text.strip_prefix(b"=")) else { continue };
                let path = PathBuf::from(OsString::from_vec(text.trim_ascii().to_vec()));
                *value = Some(path).filter(|path| path.is_absolute());
            }
        }
        found
    }

    /// The folders of an account with these variables.
    fn folders(&self, home: &Path) -> Option<AccountFolders> {
        let [usher_home, config, data] = &self.0;
        if let Some(usher_home) = usher_home {
            let folders = Folders::named(usher_home, None);
            let is_own = !folders.is_system_wide;
            return is_own.then_some(AccountFolders { data: folders.data, config: folders.config });
        }
        let variable = |name: &str| match name {
            "XDG_CONFIG_HOME" => config.clone().map(OsString::from),
            "XDG_DATA_HOME" => data.clone().map(OsString::from),
            _ => None,
        };
        let folders = Folders::of_account(&variable, Some(home.to_path_buf()))?;
        Some(AccountFolders { data: folders.data, config: folders.config })
    }
}

/// The variables of running processes, by their accounts, and those of all accounts.
#[derive(Debug, Default)]
struct MovedFolders {
    of_processes: BTreeMap<u32, BTreeSet<FolderVariables>>,
    of_all: FolderVariables,
}

impl MovedFolders {
    fn find() -> Self {
        let of_all = read_bounded(Path::new(ENVIRONMENT)).unwrap_or_default();
        let mut found = Self { of_all: FolderVariables::parse(&of_all), ..Self::default() };
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !name.as_bytes().iter().all(u8::is_ascii_digit) {
                continue;
            }
            let Ok(user) = entry.metadata().map(|seen| seen.uid()) else { continue };
            // A process may end meanwhile.
            let environment = read_bounded(&entry.path().join("environ")).unwrap_or_default();
            let variables = FolderVariables::parse(&environment);
            if variables != FolderVariables::default() {
                found.of_processes.entry(user).or_default().insert(variables);
            }
        }
        found
    }

    /// The folders that an account may have: those of its home first.
    fn of(&self, account: &MachineAccount) -> Vec<AccountFolders> {
        let own = self.of_processes.get(&account.user).into_iter().flatten();
        let usual = FolderVariables::default();
        let all = [&usual, &self.of_all].into_iter().chain(own);
        let mut folders = Vec::new();
        for one in all.filter_map(|variables| variables.folders(&account.home)) {
            if !folders.contains(&one) {
                folders.push(one);
            }
        }
        folders
    }
}

/// A file's content. An error if it is longer than any list or environment.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    fs::File::open(path)?.take(MOST_BYTES).read_to_end(&mut content)?;
    match u64::try_from(content.len()).is_ok_and(|length| length < MOST_BYTES) {
        true => Ok(content),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_accounts_are_parsed_and_other_lines_left_out() {
        let list = b"root:x:0:0:root:/root:/bin/bash\nalice:x:1000:100:A, b:/home/alice:/bin/sh\n\
                     # comment\nbad:x:-1:5::/home/bad:\nshort:x:1:2\nrel:x:5:5::home:\n\
                     +::::::\n\xff:x:1001:1001::/home/\xff:/bin/sh\n";
        let found = parse_accounts(list);
        let text = |one: &MachineAccount| {
            format!("{} {} {} {}", one.name, one.user, one.group, one.home.display())
        };
        let found: Vec<String> = found.iter().map(text).collect();
        let odd = "\u{fffd} 1001 1001 /home/\u{fffd}";
        assert_eq!(found, ["root 0 0 /root", "alice 1000 100 /home/alice", odd]);
    }

    fn check(environment: &str, expected: Option<[&str; 2]>) {
        let folders = FolderVariables::parse(environment.as_bytes()).folders(Path::new("/home/a"));
        let found = folders.map(|one| [one.data, one.config]);
        assert_eq!(found, expected.map(|paths| paths.map(PathBuf::from)), "{environment:?}");
    }

    #[test]
    fn an_environment_names_an_accounts_folders() {
        let usual = ["/home/a/.local/share/usher", "/home/a/.config/usher"];
        check("", Some(usual));
        check("PATH=/bin\0USHER_HOME=\0XDG_DATA_HOME=relative\0", Some(usual));
        check("USHER_HOME=/srv/u\0HOME=/x\0", Some(["/srv/u", "/srv/u/config"]));
        check("XDG_CONFIG_HOME=/c\0", Some([usual[0], "/c/usher"]));
        check("A=1\nXDG_DATA_HOME=/d\n", Some(["/d/usher", usual[1]]));
        // The machine's own store is no account's.
        check("USHER_HOME=/opt/usher\0", None);
    }
}
