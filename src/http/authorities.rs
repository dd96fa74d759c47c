//! Whose signature under a certificate counts, where a person has said so: `SSL_CERT_FILE` and
//! `SSL_CERT_DIR`.
//!
//! What they name takes the place of the machine's own authorities, and nothing widens it: where
//! it can't be read, nobody is trusted, and the message about a certificate says why. It must not
//! know what is fetched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use usher_shims::error::Escaped;

/// No file of certificates is larger; the largest bundle today has a twentieth of this.
const LARGEST: u64 = 8 << 20;

/// The authorities that a person named in the place of the machine's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// A file of PEM certificates.
    pub file: Option<PathBuf>,
    /// Folders of such files.
    pub folders: Option<Vec<PathBuf>>,
}

/// What was found in the places that were named.
#[derive(Default)]
struct Found {
    certificates: BTreeSet<Vec<u8>>,
    /// What is said of each place, to a person whose certificate isn't accepted.
    told: Vec<String>,
    is_faulty: bool,
}

impl Authorities {
    /// The variable for a file, as OpenSSL reads it.
    pub const FILE: &str = "SSL_CERT_FILE";
    /// The variable for folders.
    pub const FOLDERS: &str = "SSL_CERT_DIR";

    /// Whether a person named any, be they there or not.
    pub(super) fn are_named(&self) -> bool {
        self.file.is_some() || self.folders.is_some()
    }

    /// What was named, as far as it can be read.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let found = self.read().certificates.into_iter();
        found.filter_map(|bytes| Certificate::from_der(&bytes).ok()).collect()
    }

    /// What there is to say of what was named, and whether something is wrong with it.
    pub(super) fn told(&self) -> (Vec<String>, bool) {
        let found = self.read();
        (found.told, found.is_faulty)
    }

    fn read(&self) -> Found {
        let mut found = Found::default();
        if let Some(file) = &self.file {
            found.take_file(file);
        }
        for folder in self.folders.iter().flatten() {
            found.take_folder(folder);
        }
        if self.folders.as_ref().is_some_and(Vec::is_empty) {
            found.fault(format!("{FOLDERS} is set, and names nothing"));
        }
        found
    }
}

const FILE: &str = Authorities::FILE;
const FOLDERS: &str = Authorities::FOLDERS;

impl Found {
    fn take_file(&mut self, file: &Path) {
        if file.as_os_str().is_empty() {
            return self.fault(format!("{FILE} is set, and names nothing"));
        }
        let shown = file.to_string_lossy();
        let shown = Escaped(&shown);
        match certificates_in(file) {
            Ok(certificates) => {
                self.certificates.extend(certificates);
                let told = format!("{FILE} names {shown}, which counts in the machine's place");
                self.told.push(told);
            }
            Err(why) => self.fault(format!("{FILE} names {shown}, which {why}")),
        }
    }

    /// Takes all files in a folder that are certificates; others may lie there as well.
    fn take_folder(&mut self, folder: &Path) {
        let shown = folder.to_string_lossy();
        let shown = Escaped(&shown);
        let before = self.certificates.len();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                return self
                    .fault(format!("{FOLDERS} names {shown}, which can't be read: {error}"));
            }
        };
        let found = entries.flatten().filter_map(|entry| certificates_in(&entry.path()).ok());
        self.certificates.extend(found.flatten());
        match self.certificates.len() > before {
            true => self
                .told
                .push(format!("{FOLDERS} names {shown}, which counts in the machine's place")),
            false => self.fault(format!("{FOLDERS} names {shown}, which holds no certificate")),
        }
    }

    fn fault(&mut self, told: String) {
        self.told.push(told);
        self.is_faulty = true;
    }
}

/// The certificates in a PEM file that can be an authority's, or why there are none.
pub(super) fn certificates_in(file: &Path) -> Result<Vec<Vec<u8>>, String> {
    let unread = |error| format!("can't be read: {error}");
    let seen = fs::metadata(file).map_err(unread)?;
    // Asked before it is opened: opening a pipe would wait for its other end.
    if !seen.is_file() {
        return Err("is no file".to_owned());
    }
    if seen.len() > LARGEST {
        return Err("is far too large".to_owned());
    }
    let pem = fs::read(file).map_err(unread)?;
    let found = CertificateDer::pem_slice_iter(&pem).flatten();
    let fit = found.filter(|one| RootCertStore::empty().add(one.clone()).is_ok());
    let fit: Vec<Vec<u8>> = fit.map(|one| one.to_vec()).collect();
    match fit.is_empty() {
        true => Err("holds no certificate in the form PEM".to_owned()),
        false => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(roots.are_named() && roots.certificates().is_empty(), "{variable} {value:?}");
            let (told, is_faulty) = roots.told();
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
            assert_eq!(roots.told(), (told, true));
        }
        assert!(!Authorities::default().are_named());
    }
}
