//! Releases of usher itself: where they are, what they have, and why they may be trusted.
//!
//! ```text
//! RELEASES/latest                        one line: the newest version
//! RELEASES/VERSION/use-PLATFORM          the program, which carries the shim
//! RELEASES/VERSION/SHA256SUMS            the hash of each file
//! RELEASES/VERSION/SHA256SUMS.minisig    the signature of that file, whose trusted comment is
//!                                        `usher VERSION`
//! ```
//!
//! Any folder or web server can have that layout, a mirror too: the signature is checked against the
//! key that was built in. `latest` isn't signed; a server that holds a release back can't pass an old
//! one off as a newer one.
//!
//! | what | file |
//! |---|---|
//! | checking a signature | [`signature`] |
//! | packages of other managers that usher comes in | [`package`] |

pub mod package;
pub mod signature;

use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::version::Version;

use crate::files::integrity::Integrity;
use crate::http::{Address, Client};
use crate::sys::machine;
use signature::ReleaseKey;

/// The most bytes of `latest`, of the hashes and of a signature.
const MAX_TEXT: u64 = 64 << 10;

/// The name of the file of hashes in a release's folder.
const SUMS: &str = "SHA256SUMS";

/// What is decided when usher is built. Both are empty in a plain build.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildSettings {
    /// The address of the folder of releases.
    pub releases: &'static str,
    /// The public key of releases, as minisign prints it.
    pub release_key: &'static str,
}

/// The releases at an address.
#[derive(Debug)]
pub struct OwnReleases {
    folder: Address,
    key: ReleaseKey,
}

/// The program of a release.
#[derive(Debug)]
pub struct OwnRelease {
    /// The version.
    pub version: Version,
    /// Where the program is.
    pub address: Address,
    /// Its hash, which was signed.
    pub integrity: Integrity,
}

impl OwnReleases {
    /// The releases that this build names, or those at `mirror`.
    pub fn new(build: BuildSettings, mirror: Option<&str>) -> Result<Self> {
        let without = |what: &str| {
            Error::new(ErrorKind::Usage, format!("this usher was built without {what}"))
                .because("it was built from a checkout, or for a package manager")
                .hint("./install.sh in a newer checkout")
        };
        if build.release_key.is_empty() {
            return Err(without("the key of its releases"));
        }
        let folder = match mirror.unwrap_or(build.releases) {
            "" => return Err(without("the address of its releases")),
            text => Address::parse(text)?.into_folder(),
        };
        Ok(Self { folder, key: ReleaseKey::parse(build.release_key)? })
    }

    /// The newest version.
    pub fn latest(&self, client: &Client) -> Result<Version> {
        let address = self.folder.below("latest")?;
        let text = client.get(&address, MAX_TEXT)?;
        let text = String::from_utf8_lossy(&text);
        Version::parse(text.trim()).ok_or_else(|| {
            let what = format!("{} is no version", Escaped(&address.without_secrets()));
            Error::new(ErrorKind::Network, what)
        })
    }

    /// The program for this platform in a release, whose hashes are signed.
    pub fn find(&self, client: &Client, version: &Version) -> Result<OwnRelease> {
        let sums = self.folder.below(&format!("{version}/{SUMS}"))?;
        let signature = self.folder.below(&format!("{version}/{SUMS}.minisig"))?;
        let text = client.get(&sums, MAX_TEXT)?;
        let signature = client.get(&signature, MAX_TEXT)?;
        self.key
            .check(&text, &String::from_utf8_lossy(&signature), &format!("usher {version}"))
            .map_err(|error| error.because(sums.without_secrets()))?;
        let name = file_name();
        let text = String::from_utf8_lossy(&text);
        let Some(integrity) = Integrity::from_shasums(&text, &name) else {
            let what = format!("usher {version} has no program for this platform");
            return Err(Error::new(ErrorKind::NoMatchingVersion, what)
                .because(format!("{} has no {name}", sums.without_secrets())));
        };
        let address = self.folder.below(&format!("{version}/{name}"))?;
        Ok(OwnRelease { version: version.clone(), address, integrity })
    }
}

/// The name of the program for this platform in a release's folder: `use-linux-x64`. A build for
/// glibc has another name than the static one, and is replaced by its like.
pub fn file_name() -> String {
    let library = if cfg!(target_env = "gnu") { "-glibc" } else { "" };
    format!("use-{}-{}{library}", std::env::consts::OS, machine())
}
