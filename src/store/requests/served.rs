//! What was installed for which account: `served` in the spool's folder, a line for each version. An
//! account can't fill the machine's store with one request after the other.

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::name::Name;
use usher_shims::version::Version;

use super::{RequestSpool, VersionRequest};
use crate::files::clock::unix_seconds;
use crate::files::own_folder;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;

/// How many versions that are still installed one account may have requested first.
pub const MAX_INSTALLED_PER_ACCOUNT: usize = 16;

/// How many lines the record keeps.
const MAX_LINES: usize = 10_000;

/// Versions that were installed for accounts, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServedVersions(Vec<ServedVersion>);

/// A version, and the account that requested it first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ServedVersion {
    seconds: u64,
    account: u32,
    tool: Name,
    version: Version,
}

impl ServedVersions {
    /// Reads the record. Lines that aren't of this form are passed over.
    pub fn load(spool: &RequestSpool) -> Result<Self> {
        let content = own_folder::read(&spool.folder.join("served"))?;
        Ok(content
            .map(|content| Self::parse(&String::from_utf8_lossy(&content.bytes)))
            .unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let parse = |line: &str| {
            let mut words = line.split(' ');
            Some(ServedVersion {
                seconds: words.next()?.parse().ok()?,
                account: words.next()?.parse().ok()?,
                tool: Name::parse(words.next()?)?,
                version: Version::parse(words.next()?)?,
            })
        };
        Self(text.lines().filter_map(parse).collect())
    }

    /// Refuses an account that has as many versions on the machine as one may have. `is_installed`
    /// tells which are still there.
    pub fn check(
        &self,
        account: u32,
        is_installed: impl Fn(&Name, &Version) -> bool,
    ) -> Result<()> {
        let of_account = self.0.iter().filter(|served| served.account == account);
        let count = of_account.filter(|one| is_installed(&one.tool, &one.version)).count();
        if count < MAX_INSTALLED_PER_ACCOUNT {
            return Ok(());
        }
        let what = format!("the machine has installed {count} versions for account {account}");
        Err(Error::new(ErrorKind::Forbidden, what)
            .because(format!("an account can request {MAX_INSTALLED_PER_ACCOUNT}")))
    }

    /// Records that a version was installed for a request.
    pub fn add(
        &mut self,
        _: &WriteAccess,
        spool: &RequestSpool,
        request: &VersionRequest,
    ) -> Result<()> {
        let VersionRequest { tool, version, account, .. } = request.clone();
        self.0.push(ServedVersion { seconds: unix_seconds(), account, tool, version });
        let surplus = self.0.len().saturating_sub(MAX_LINES);
        self.0.drain(..surplus);
        let replacement = FileReplacement {
            target: &spool.folder.join("served"),
            staging: &spool.folder,
            prefix: ".served-",
            mode: FileMode::Exact(0o644),
            durability: Durability::Synced,
        };
        replacement.write(self.text().as_bytes())
    }

    fn text(&self) -> String {
        let line = |served: &ServedVersion| {
            let ServedVersion { seconds, account, tool, version } = served;
            format!("{seconds} {account} {tool} {version}\n")
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_read_back_and_counts_what_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let spool = RequestSpool::of(folder.path());
        let access = WriteAccess::for_test();
        spool.prepare(&access).unwrap();
        let mut served = ServedVersions::load(&spool).unwrap();
        for minor in 0..MAX_INSTALLED_PER_ACCOUNT {
            let name = format!("node@12.{minor}.0@1001");
            served.check(1001, |_, _| true).unwrap();
            served.add(&access, &spool, &VersionRequest::parse(&name).unwrap()).unwrap();
        }
        assert_eq!(ServedVersions::load(&spool).unwrap(), served);
        let error = served.check(1001, |_, _| true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        served.check(1002, |_, _| true).unwrap();
        served.check(1001, |_, version| version.as_str() != "12.3.0").unwrap();
    }

    #[test]
    fn damaged_lines_are_passed_over() {
        let text = "1 1001 node 12.0.0\n\nx\n2 1001 node\n3 1001 ../x 1\n4 1002 go 1.22.0\n";
        assert_eq!(ServedVersions::parse(text).text(), "1 1001 node 12.0.0\n4 1002 go 1.22.0\n");
    }
}
