//! Certificate authorities that the user configured: `SSL_CERT_FILE` and `SSL_CERT_DIR`.
//!
//! They replace the system's authorities. A file that can't be read never brings the system's back:
//! then every certificate is rejected, and the message about that names the reason. It must not know
//! what is fetched.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};
use usher_shims::error::{Error, Escaped, Result};

use crate::files::shortage::is_shortage;

/// Where to find the certificate authorities that replace the system's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// A file of PEM certificates.
    pub file: Option<PathBuf>,
    /// Folders of such files.
    pub folders: Option<Vec<PathBuf>>,
}

/// A file of PEM certificates of authorities that are trusted beside the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaFile {
    /// The file.
    pub path: PathBuf,
    /// What names it, for messages: a variable, or a line of a file.
    pub origin: String,
}

/// The certificates of the configured files and folders.
#[derive(Default)]
pub(super) struct LoadedAuthorities {
    /// Those that can be an authority's.
    pub(super) certificates: Vec<Certificate>,
    /// A note about each file and folder, for the message about a rejected certificate.
    pub(super) notes: Vec<String>,
    /// Whether one of them has a problem.
    pub(super) has_problem: bool,
}

impl Authorities {
    /// The variable for a file, as OpenSSL reads it.
    pub const FILE: &str = "SSL_CERT_FILE";
    /// The variable for folders, as OpenSSL reads it.
    pub const FOLDERS: &str = "SSL_CERT_DIR";

    /// Whether the user configured any, even if none exists.
    pub(super) fn are_configured(&self) -> bool {
        self.file.is_some() || self.folders.is_some()
    }

    /// Reads the certificates that can be read. An error only where the machine has no room to read.
    pub(super) fn load(&self) -> Result<LoadedAuthorities> {
        let mut found = LoadedAuthorities::default();
        if let Some(file) = &self.file {
            found.add(Self::FILE, file, certificates_in_file(file))?;
        }
        match self.folders.as_deref() {
            Some([]) => found.add(Self::FOLDERS, Path::new(""), Ok(Vec::new()))?,
            folders => folders.unwrap_or_default().iter().try_for_each(|folder| {
                found.add(Self::FOLDERS, folder, certificates_in_folder(folder))
            })?,
        }
        Ok(found)
    }
}

impl LoadedAuthorities {
    fn add(&mut self, variable: &str, path: &Path, read: CertificateList) -> Result<()> {
        let shown = path.to_string_lossy();
        let shown = Escaped(&shown);
        let note = match read {
            _ if path.as_os_str().is_empty() => Err(format!("{variable} is set, but empty")),
            Ok(certificates) => {
                self.certificates.extend(certificates);
                Ok(format!("{variable} names {shown}, which replaces the system's authorities"))
            }
            Err(NoCertificates::Unread(error)) if is_shortage(&error) => {
                return Err(Error::io("read", path, error));
            }
            Err(why) => Err(format!("{variable} names {shown}, which {why}")),
        };
        self.has_problem |= note.is_err();
        self.notes.push(note.unwrap_or_else(|problem| problem));
        Ok(())
    }
}

/// Why a file or folder has no certificates of authorities. It prints as it follows “which” in a message.
#[derive(Debug)]
pub(super) enum NoCertificates {
    /// It can't be read.
    Unread(io::Error),
    /// It has none, for this reason.
    Unusable(&'static str),
}

impl fmt::Display for NoCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(error) => write!(f, "can't be read: {error}"),
            Self::Unusable(why) => f.write_str(why),
        }
    }
}

/// The certificates that can be an authority's, or why there are none.
type CertificateList = std::result::Result<Vec<Certificate>, NoCertificates>;

/// The certificates in a PEM file that can be an authority's.
pub(super) fn certificates_in_file(file: &Path) -> CertificateList {
    // Checked before it is opened: opening a pipe would wait for its other end.
    if fs::metadata(file).is_ok_and(|seen| !seen.is_file()) {
        return Err(NoCertificates::Unusable("is not a file"));
    }
    let found = load_certs_from_paths(Some(file), None);
    authorities_of(found, "holds no PEM certificates")
}

/// As [`certificates_in_file`], of all files in a folder. Other files in it are ignored.
fn certificates_in_folder(folder: &Path) -> CertificateList {
    authorities_of(load_certs_from_paths(None, Some(folder)), "holds no certificates")
}

/// The certificates that can be an authority's. Without any, the error is what couldn't be read,
/// else `none`. Without room to read all, the others don't count either.
fn authorities_of(found: CertificateResult, none: &'static str) -> CertificateList {
    let certificates = found.certs.into_iter();
    let certificates = certificates.filter(|one| RootCertStore::empty().add(one.clone()).is_ok());
    let usable: Vec<_> = certificates.filter_map(|one| Certificate::from_der(&one).ok()).collect();
    let unread = found.errors.into_iter().find_map(|error| match error.kind {
        ErrorKind::Io { inner, .. } => Some(inner),
        _ => None,
    });
    match unread {
        Some(error) if usable.is_empty() || is_shortage(&error) => {
            Err(NoCertificates::Unread(error))
        }
        None if usable.is_empty() => Err(NoCertificates::Unusable(none)),
        Some(_) | None => Ok(usable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = Authorities::FILE;
    const FOLDERS: &str = Authorities::FOLDERS;

    fn configured(variable: &str, path: &Path) -> Authorities {
        let is_given = !path.as_os_str().is_empty();
        if variable == FILE {
            return Authorities { file: Some(path.to_owned()), folders: None };
        }
        let folders = is_given.then(|| path.to_owned()).into_iter().collect();
        Authorities { file: None, folders: Some(folders) }
    }

    #[test]
    fn unusable_files_and_folders_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("empty"), "").unwrap();
        fs::write(at("garbage"), "\x7fELF\0no certificate").unwrap();
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        fs::write(at("cut"), pem).unwrap();
        fs::create_dir(at("folder")).unwrap();
        crate::files::make_fifo(&at("pipe"));
        let check = |variable: &str, value: &Path, expected: &str| {
            let authorities = configured(variable, value);
            let loaded = authorities.load().unwrap();
            let LoadedAuthorities { certificates, notes, has_problem } = loaded;
            assert!(
                authorities.are_configured() && certificates.is_empty(),
                "{variable} {value:?}"
            );
            let notes = notes.concat().replace(&*value.to_string_lossy(), "PATH");
            assert!(has_problem && notes.starts_with(expected), "{variable}: {notes}");
        };
        let none = "SSL_CERT_FILE names PATH, which holds no PEM certificates";
        for name in ["empty", "garbage", "cut"] {
            check(FILE, &at(name), none);
        }
        check(FILE, &at("absent"), "SSL_CERT_FILE names PATH, which can't be read: No such file");
        for name in ["folder", "pipe"] {
            check(FILE, &at(name), "SSL_CERT_FILE names PATH, which is not a file");
        }
        check(FOLDERS, &at("folder"), "SSL_CERT_DIR names PATH, which holds no certificates");
        check(FOLDERS, &at("empty"), "SSL_CERT_DIR names PATH, which can't be read: Not a dir");
        // `check` can't replace an empty path.
        for variable in [FILE, FOLDERS] {
            let loaded = configured(variable, Path::new("")).load().unwrap();
            let notes = vec![format!("{variable} is set, but empty")];
            assert_eq!((loaded.notes, loaded.has_problem), (notes, true));
        }
        assert!(!Authorities::default().are_configured());
    }
}
