//! A file fetched to disk, which is whole and what was published, or isn't there.
//!
//! It must not know what is in the file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use usher_shims::error::{Error, Exit};

use super::address::Place;
use super::client::{Body, Client, Wanted, cant_fetch, is_web_page, too_long, unread, web_page};
use super::failure::{Failure, Setback};
use super::integrity::{Hasher, Integrity, Mismatch};

/// No toolchain is larger: the largest today (a JDK) has an eighth of this.
const LARGEST: u64 = 4 << 30;

/// What to download.
pub struct Artifact<'a> {
    /// Where it lies: `http://`, `https://`, `file://` or an absolute path.
    pub address: &'a str,
    /// The hash it was published under; `None` where upstream publishes none.
    pub integrity: Option<&'a Integrity>,
}

/// What was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// The SHA-256 of the file, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The length of the file in bytes.
    pub size: u64,
}

/// Is told how a download goes on.
pub trait Progress {
    /// It begins, perhaps once more from the start; with the bytes to come, if that is known.
    fn begin(&self, total: Option<u64>);
    /// So many more bytes have come.
    fn advance(&self, bytes: u64);
    /// It ended, well or not.
    fn end(&self);
}

/// Says nothing.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// Downloads an artifact to `into`, where nothing may be yet.
///
/// If this succeeds, the file is complete, has the wanted hash, and is readable by its owner
/// only. If not, there is no file: what came isn't what was published ([`Failure::Fatal`] with
/// [`Exit::Integrity`]), it couldn't be written ([`Failure::Fatal`]), or it didn't come.
pub fn download(
    client: &Client,
    artifact: &Artifact<'_>,
    into: &Path,
    progress: &dyn Progress,
) -> Result<Downloaded, Failure> {
    let place = Place::parse(artifact.address)?;
    let integrity = artifact.integrity;
    Transfer { client, place, integrity, progress, limit: LARGEST }.run(into)
}

struct Transfer<'a> {
    client: &'a Client,
    place: Place,
    integrity: Option<&'a Integrity>,
    progress: &'a dyn Progress,
    limit: u64,
}

impl Transfer<'_> {
    fn run(&self, into: &Path) -> Result<Downloaded, Failure> {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(into)
            .map_err(|error| Failure::Fatal(Error::io("create", into, &error)))?;
        let done = self.client.tries(|| self.once(&mut file, into));
        if done.is_err() {
            // What failed before is what matters; a file left behind lies in a folder that is
            // swept.
            let _ = fs::remove_file(into);
        }
        done
    }

    fn once(&self, file: &mut File, into: &Path) -> Result<Downloaded, Setback> {
        let wanted = Wanted { accept: "*/*", encoding: "identity" };
        let mut body = self.client.open(&self.place, &wanted)?;
        if body.length.is_some_and(|length| length > self.limit) {
            return Err(Setback::Final(too_long(&self.place, self.limit)));
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(|error| unwritten(into, &error))?;
        self.progress.begin(body.length);
        let copied = self.copy(&mut body, &mut |bytes| {
            file.write_all(bytes).map_err(|error| unwritten(into, &error))
        });
        self.progress.end();
        let (hasher, size) = copied?;
        if let Some(length) = body.length.filter(|length| *length != size) {
            let why = format!("only {size} of {length} bytes came");
            let error = Error::new(Exit::Network, cant_fetch(&self.place)).because(why);
            return Err(Setback::Passing(Failure::Unreachable(error), None));
        }
        let sha256 = hasher.finish().map_err(|mismatch| self.mismatched(&mismatch))?;
        Ok(Downloaded { sha256, size })
    }

    fn copy(
        &self,
        body: &mut Body,
        write: &mut dyn FnMut(&[u8]) -> Result<(), Setback>,
    ) -> Result<(Hasher, u64), Setback> {
        let mut hasher = Hasher::new(self.integrity);
        let mut buffer = vec![0; 64 << 10];
        let mut size = 0;
        loop {
            let count = match body.bytes.read(&mut buffer) {
                Ok(0) => return Ok((hasher, size)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unread(&self.place, &error)),
            };
            let bytes = &buffer[..count];
            if size == 0 && is_web_page(bytes) {
                return Err(Setback::Final(web_page(&self.place)));
            }
            size += count as u64;
            if size > self.limit {
                return Err(Setback::Final(too_long(&self.place, self.limit)));
            }
            hasher.update(bytes);
            write(bytes)?;
            self.progress.advance(count as u64);
        }
    }

    fn mismatched(&self, mismatch: &Mismatch) -> Setback {
        let Mismatch { wanted, seen } = mismatch;
        let error =
            Error::new(Exit::Integrity, format!("{} is not what was published", self.place))
                .because(format!("published: {wanted}"))
                .because(format!("received:  {seen}"))
                .hint("try again later; if it stays so, ask whoever runs that server or proxy");
        Setback::Final(Failure::Fatal(error))
    }
}

fn unwritten(into: &Path, error: &io::Error) -> Setback {
    Setback::Final(Failure::Fatal(Error::io("write", into, error)))
}

#[cfg(test)]
mod tests;
