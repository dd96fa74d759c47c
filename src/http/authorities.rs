//! Whose signature under a certificate counts, where a person has said so: `SSL_CERT_FILE` and
//! `SSL_CERT_DIR`.
//!
//! What they name takes the place of the machine's own authorities, and nothing widens it: where
//! it can't be read, nobody is trusted, and the message about a certificate says why. It must not
//! know what is fetched.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};
use usher_shims::error::Escaped;

/// The authorities that a person named in the place of the machine's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// A file of PEM certificates.
    pub file: Option<PathBuf>,
    /// Folders of such files.
    pub folders: Option<Vec<PathBuf>>,
}

/// A file of PEM certificates that are accepted beside the machine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Who names it, for messages: a variable, or a line of a file.
    pub origin: String,
}

/// What was found in the places that were named.
#[derive(Default)]
pub(super) struct LoadedAuthorities {
    /// All that can be an authority's.
    pub(super) certificates: Vec<Certificate>,
    /// What is said of each place, to a person whose certificate isn't accepted.
    pub(super) told: Vec<String>,
    /// Whether something is wrong with one of them.
    pub(super) is_faulty: bool,
}

impl Authorities {
    /// The variable for a file, as OpenSSL reads it.
    pub const FILE: &str = "SSL_CERT_FILE";
    /// The variable for folders.
    pub const FOLDERS: &str = "SSL_CERT_DIR";

    /// Whether a person named any, be they there or not.
    pub(super) fn are_configured(&self) -> bool {
        self.file.is_some() || self.folders.is_some()
    }

    /// Looks at what was named, as far as it can be read.
    pub(super) fn read(&self) -> LoadedAuthorities {
        let mut found = LoadedAuthorities::default();
        if let Some(file) = &self.file {
            found.add(Self::FILE, file, certificates_in(file));
        }
        match self.folders.as_deref() {
            Some([]) => found.add(Self::FOLDERS, Path::new(""), Ok(Vec::new())),
            folders => folders.unwrap_or_default().iter().for_each(|folder| {
                found.add(Self::FOLDERS, folder, certificates_below(folder));
            }),
        }
        found
    }
}

impl LoadedAuthorities {
    fn add(&mut self, variable: &str, path: &Path, read: Result<Vec<Certificate>, String>) {
        let shown = path.to_string_lossy();
        let shown = Escaped(&shown);
        let told = match read {
            _ if path.as_os_str().is_empty() => {
                Err(format!("{variable} is set, and names nothing"))
            }
            Ok(certificates) => {
                self.certificates.extend(certificates);
                Ok(format!("{variable} names {shown}, which counts in the machine's place"))
            }
            Err(why) => Err(format!("{variable} names {shown}, which {why}")),
        };
        self.is_faulty |= told.is_err();
        self.told.push(told.unwrap_or_else(|fault| fault));
    }
}

/// The certificates in a PEM file that can be an authority's, or why there are none.
pub(super) fn certificates_in(file: &Path) -> Result<Vec<Certificate>, String> {
    // Asked before it is opened: opening a pipe would wait for its other end.
    if fs::metadata(file).is_ok_and(|seen| !seen.is_file()) {
        return Err("is no file".to_owned());
    }
    let found = load_certs_from_paths(Some(file), None);
    fit(found, "holds no certificate in the form PEM")
}

/// The same of all files in a folder; what is no certificate may lie there as well.
fn certificates_below(folder: &Path) -> Result<Vec<Certificate>, String> {
    fit(load_certs_from_paths(None, Some(folder)), "holds no certificate")
}

/// Those that can be an authority's, or why there are `none`.
fn fit(found: CertificateResult, none: &str) -> Result<Vec<Certificate>, String> {
    let certificates = found.certs.into_iter();
    let certificates = certificates.filter(|one| RootCertStore::empty().add(one.clone()).is_ok());
    let fit: Vec<_> = certificates.filter_map(|one| Certificate::from_der(&one).ok()).collect();
    let unread = found.errors.into_iter().find_map(|error| match error.kind {
        ErrorKind::Io { inner, .. } => Some(format!("can't be read: {inner}")),
        _ => None,
    });
    match fit.is_empty() {
        true => Err(unread.unwrap_or_else(|| none.to_owned())),
        false => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = Authorities::FILE;
    const FOLDERS: &str = Authorities::FOLDERS;

    fn named(variable: &str, path: &Path) -> Authorities {
        let is_given = !path.as_os_str().is_empty();
        if variable == FILE {
            return Authorities { file: Some(path.to_owned()), folders: None };
        }
        let folders = is_given.then(|| path.to_owned()).into_iter().collect();
        Authorities { file: None, folders: Some(folders) }
    }

    #[test]
    fn what_is_named_and_can_not_be_used_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("empty"), "").unwrap();
        fs::write(at("garbage"), "\x7fELF\0no certificate").unwrap();
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        fs::write(at("cut"), pem).unwrap();
        fs::create_dir(at("folder")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        let check = |variable: &str, value: &Path, expected: &str| {
            let roots = named(variable, value);
            let LoadedAuthorities { certificates, told, is_faulty } = roots.read();
            assert!(roots.are_configured() && certificates.is_empty(), "{variable} {value:?}");
            let told = told.concat().replace(&*value.to_string_lossy(), "PATH");
            assert!(is_faulty && told.starts_with(expected), "{variable}: {told}");
        };
        let none = "SSL_CERT_FILE names PATH, which holds no certificate";
        for name in ["empty", "garbage", "cut"] {
            check(FILE, &at(name), none);
        }
        check(FILE, &at("absent"), "SSL_CERT_FILE names PATH, which can't be read: No such file");
        for name in ["folder", "pipe"] {
            check(FILE, &at(name), "SSL_CERT_FILE names PATH, which is no file");
        }
        check(FOLDERS, &at("folder"), "SSL_CERT_DIR names PATH, which holds no certificate");
        check(FOLDERS, &at("empty"), "SSL_CERT_DIR names PATH, which can't be read: Not a dir");
        // Replacing nothing would put the name everywhere.
        for variable in [FILE, FOLDERS] {
            let roots = named(variable, Path::new(""));
            let told = vec![format!("{variable} is set, and names nothing")];
            let found = roots.read();
            assert_eq!((found.told, found.is_faulty), (told, true));
        }
        assert!(!Authorities::default().are_configured());
    }
}
