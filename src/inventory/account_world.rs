//! The operating system as an account sees it, for root, who looks at what other accounts use: only the
//! account's own folders, with that account's rights.
//!
//! What is in them is hostile input. A link that leads out of the account's folders isn't followed,
//! what isn't a regular file isn't opened for long, and nothing is read that the account can't read
//! itself: a home on a network file system is unreadable for root anyway.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use usher_shims::world::{FileContent, FileMeta, Identity, Os, World};

use super::accounts::MachineAccount;
use crate::files::account::with_rights_of;
use crate::sys::Account;

/// The most entries of an account's folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The operating system, as one account sees its own folders.
pub struct AccountWorld {
    account: Account,
    home: PathBuf,
    /// The folders that aren't left, as they are named and without links.
    roots: Vec<PathBuf>,
    /// What was read, since every tool has the same default's file.
    read: Mutex<BTreeMap<PathBuf, Content>>,
    /// Whether the thread that looks into this world has the account's rights already.
    has_rights: AtomicBool,
}

/// What reading gave. An error is kept as its kind and text.
type Content = std::result::Result<FileContent, (io::ErrorKind, String)>;

impl AccountWorld {
    /// The world of an account.
    pub fn new(account: &MachineAccount) -> Self {
        let rights = Account { user: account.user, group: account.group };
        let is_moved = |path: &&PathBuf| !path.starts_with(&account.home);
        let moved = account.folders.iter().flat_map(|one| [&one.data, &one.config]);
        let named: Vec<&PathBuf> =
            [&account.home].into_iter().chain(moved.filter(is_moved)).collect();
        // A link to an account's folder may lead to what is another one's.
        let is_own = |path: &PathBuf| {
            *path == account.home || path.metadata().is_ok_and(|seen| seen.uid() == account.user)
        };
        let physical = named.iter().filter(|path| is_own(path));
        let physical = physical.filter_map(|path| as_account(rights, || path.canonicalize()).ok());
        // A home that is the root would be everything.
        let roots = named.iter().map(|path| (*path).clone()).chain(physical);
        let roots = roots.filter(|path| path.parent().is_some()).collect();
        let has_rights = AtomicBool::new(false);
        Self {
            account: rights,
            home: account.home.clone(),
            roots,
            read: Mutex::default(),
            has_rights,
        }
    }

    /// Runs `look`, which looks into this world on this thread. To change the account once for all of
    /// it saves changing it for each read.
    pub fn look<T>(&self, look: impl FnOnce() -> T) -> T {
        as_account(self.account, || {
            self.has_rights.store(true, Ordering::Relaxed);
            let result = look();
            self.has_rights.store(false, Ordering::Relaxed);
            result
        })
    }

    /// The names in one of the account's folders, without those of links to folders elsewhere; none if
    /// there is no such folder.
    pub fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let Some(physical) = self.physical_inside(folder)? else { return Ok(Vec::new()) };
        self.with_rights(|| {
            let entries = match std::fs::read_dir(&physical) {
                Err(error) if is_absent(&error) => return Ok(Vec::new()),
                entries => entries?,
            };
            let names = entries.map(|entry| Ok(entry?.file_name())).take(MOST_ENTRIES + 1);
            let names = names.collect::<io::Result<Vec<_>>>()?;
            match names.len() > MOST_ENTRIES {
                true => Err(io::Error::other(format!("it has more than {MOST_ENTRIES} entries"))),
                false => Ok(names),
            }
        })
    }

    /// Where a path of the account's leads; `None` if it is absent. An error if that is outside of its
    /// folders.
    fn physical_inside(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        if !self.is_inside(path) {
            return Ok(None);
        }
        let found = self.with_rights(|| match path.symlink_metadata() {
            Ok(_) => path.canonicalize().map(Some),
            Err(error) => Err(error),
        });
        match found {
            Ok(Some(physical)) if !self.is_inside(&physical) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a link there leads out of the home",
            )),
            Err(error) if is_absent(&error) => Ok(None),
            found => found,
        }
    }

    fn is_inside(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }

    fn with_rights<T>(&self, read: impl FnOnce() -> T) -> T {
        match self.has_rights.load(Ordering::Relaxed) {
            true => read(),
            false => as_account(self.account, read),
        }
    }

    fn read_now(&self, path: &Path) -> io::Result<FileContent> {
        let physical = self.physical_inside(path)?.ok_or(io::ErrorKind::NotFound)?;
        let content = self.with_rights(|| Os.read(&physical))?;
        // A link may have been put there meanwhile.
        match self.identity_without_links(&physical) == Some(content.meta.identity) {
            true => Ok(content),
            false => Err(io::Error::other("it was replaced just now")),
        }
    }
}

/// Reads with an account's rights; root's own are root's.
fn as_account<T>(account: Account, read: impl FnOnce() -> T) -> T {
    with_rights_of((account.user != 0).then_some(account), read)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl World for AccountWorld {
    fn variable(&self, name: &str) -> Option<OsString> {
        (name == "HOME").then(|| self.home.clone().into_os_string())
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        Vec::new()
    }

    fn process(&self) -> u32 {
        Os.process()
    }

    fn account(&self) -> u32 {
        self.account.user
    }

    fn groups(&self) -> Vec<u32> {
        Vec::new()
    }

    /// An account's projects are searched as such, and not from here.
    fn directory(&self) -> io::Result<PathBuf> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn is_process_directory(&self) -> bool {
        false
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let Some(folder) = self.physical_inside(folder)? else { return Ok(()) };
        let mut places = Vec::new();
        self.with_rights(|| {
            Os.visit_existing(&folder, names, &mut |place| {
                places.push(place);
                ControlFlow::Continue(())
            })
        })?;
        let _ = places.into_iter().try_for_each(visit);
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        let mut read = self.read.lock().map_err(|_| io::Error::other("a thread panicked"))?;
        let content = read.entry(path.to_path_buf()).or_insert_with(|| {
            self.read_now(path).map_err(|error| (error.kind(), error.to_string()))
        });
        content.clone().map_err(|(kind, text)| io::Error::new(kind, text))
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        let Some(folder) = self.physical_inside(folder)? else { return Ok(()) };
        self.with_rights(|| Os.folders(&folder, visit))
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        match self.physical_inside(path)? {
            Some(path) => self.with_rights(|| Os.metadata(&path)),
            None => Ok(None),
        }
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        self.with_rights(|| Os.entry(path))
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        self.with_rights(|| Os.identity_without_links(path))
    }

    /// A program of an environment leads to its version, which is elsewhere.
    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        self.with_rights(|| Os.physical(path))
    }

    fn is_writable(&self, _: &Path) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;
    use crate::inventory::accounts::AccountFolders;

    #[test]
    fn an_accounts_world_ends_at_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let [home, moved] = ["home", "moved"].map(|name| folder.path().join(name));
        fs::create_dir_all(home.join(".config")).unwrap();
        fs::create_dir(&moved).unwrap();
        for file in ["home/own", "moved/own", "secret"] {
            fs::write(folder.path().join(file), file).unwrap();
        }
        let link = |target: &str, name: &str| symlink(target, home.join(name)).unwrap();
        link("../secret", "out");
        link("own", "in");
        link("../moved", "other");
        link("/proc/self/fd", "descriptors");
        let made = fs::metadata(&home).unwrap();
        let world = AccountWorld::new(&MachineAccount {
            name: "a".to_owned(),
            user: made.uid(),
            group: made.gid(),
            home: home.clone(),
            folders: vec![AccountFolders { data: moved.clone(), config: moved }],
        });
        let read = |name: &str| {
            let content = world.read(&home.join(name));
            content.map(|one| String::from_utf8(one.bytes).unwrap()).map_err(|one| one.to_string())
        };
        let out = Err("a link there leads out of the home".to_owned());
        assert_eq!(read("own"), Ok("home/own".to_owned()));
        assert_eq!(read("in"), Ok("home/own".to_owned()));
        assert_eq!(read("other/own"), Ok("moved/own".to_owned()));
        assert_eq!(read("out"), out);
        assert_eq!(read("descriptors"), out);
        assert_eq!(read(".config"), Err("it is not a regular file".to_owned()));
        assert_eq!(
            world.read(&folder.path().join("secret")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert!(world.names(&home.join("descriptors")).is_err());
        assert_eq!(world.names(&home.join("absent")).unwrap().len(), 0);
        assert_eq!(world.names(&home.join("other")).unwrap(), ["own"]);
    }
}
