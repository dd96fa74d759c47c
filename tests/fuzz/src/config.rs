//! What people have set up for npm and pip: it is understood or refused, and what comes of it can't
//! be more than an address, a path or a header.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use reqwest::header::HeaderValue;
use usher::config::npm::npmrc::{self, Entry};
use usher::config::npm::{self, NpmAccess};
use usher::config::pip::{self, PipAccess};
use usher::config::settings::{Address, Settings};
use usher_shims::error::Exit;

use super::assert_printable;

/// The environment that placeholders are filled from.
const VARIABLES: [(&str, &str); 5] = [
    ("TOKEN", "s3cret"),
    ("EMPTY", ""),
    ("LOOP", "${LOOP}${TOKEN}"),
    ("LINES", "a\nb=c\r\n"),
    ("HOST", "registry.example"),
];

const HOME: &str = "/home/me";

/// An `.npmrc`.
pub fn npmrc(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let variables: Vec<(OsString, OsString)> =
        VARIABLES.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let found = NpmAccess::load(&npm::ConfigSources {
        settings: &Settings::default(),
        config: Path::new("/home/me/.config/usher/config.toml"),
        variables: &variables,
        home: Some(Path::new(HOME)),
        read: &|path| match path == Path::new("/home/me/.npmrc") {
            true => Ok(bytes.to_vec()),
            false => Err(ErrorKind::NotFound.into()),
        },
        ask: None,
    });
    match found {
        Ok(access) => assert_sound(&access),
        Err(error) => {
            assert_printable(&error.to_string());
            assert!(matches!(error.exit, Exit::Data | Exit::Network), "{error}");
        }
    }
    let lookup = |name: &str| {
        let found = VARIABLES.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let entries = npmrc::parse(&text, &lookup);
    let lines = text.split('\n').count();
    let longest = VARIABLES.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
    for entry in &entries {
        assert!(!entry.key.is_empty());
        assert!((1..=lines).contains(&entry.line));
        // A placeholder is longer than its brackets; so many values fit in at most.
        assert!(entry.key.len() + entry.value.len() <= 2 * text.len() * (longest + 1));
    }
    assert_prints_to_the_same(&npmrc::parse(&text, &|_| None));
}

/// What npm's access came to.
fn assert_sound(access: &NpmAccess) {
    assert_folder(&access.registry);
    for proxy in [&access.proxy, &access.https_proxy].into_iter().flatten() {
        assert!(matches!(proxy.url().scheme(), "http" | "https"), "{proxy}");
    }
    if let Some(path) = &access.cafile {
        assert!(path.is_absolute());
        assert_printable(&path.to_string_lossy());
    }
    assert_printable(&access.origin);
    if let Some(header) = access.credentials.authorization(access.registry.url()) {
        assert!(HeaderValue::from_str(header).is_ok(), "{header:?} can't be sent");
        let shown = format!("{:?}", access.credentials);
        let (_, secret) = header.split_once(' ').expect("a header has a scheme");
        // A short one may be a part of a host's name.
        assert!(secret.len() < 40 || !shown.contains(secret), "Debug shows a secret: {shown}");
    }
}

/// An address that others are joined to.
fn assert_folder(address: &Address) {
    let url = address.url();
    assert!(matches!(url.scheme(), "http" | "https" | "file"), "{address}");
    assert!(url.path().ends_with('/'), "{address}");
    assert_printable(&address.to_string());
    assert_eq!(Address::parse(address.as_str()).as_ref(), Some(address));
}

/// Entries are written as they could stand in a file, and read again. Those are left out whose
/// text can't be quoted so: with a placeholder, or an equals sign in the key.
fn assert_prints_to_the_same(entries: &[Entry]) {
    let quotable = |entry: &&Entry| {
        let both = [&entry.key, &entry.value];
        !entry.key.contains('=') && !both.iter().any(|text| text.contains("${"))
    };
    let plain: Vec<(&str, &str)> = entries
        .iter()
        .filter(quotable)
        .map(|entry| (entry.key.as_str(), entry.value.as_str()))
        .collect();
    let quoted = |text: &str| serde_json::to_string(text).expect("a text is quoted");
    let printed: String =
        plain.iter().map(|(key, value)| format!("{}={}\n", quoted(key), quoted(value))).collect();
    let again = npmrc::parse(&printed, &|_| None);
    let again: Vec<(&str, &str)> =
        again.iter().map(|entry| (entry.key.as_str(), entry.value.as_str())).collect();
    assert_eq!(again, plain, "{printed}");
}

/// A `pip.conf`.
pub fn pip_conf(bytes: &[u8]) {
    let found = PipAccess::load(&pip::ConfigSources {
        settings: &Settings::default(),
        config: Path::new("/home/me/.config/usher/config.toml"),
        variables: &[],
        home: Some(Path::new(HOME)),
        read: &|path| match path == Path::new("/home/me/.config/pip/pip.conf") {
            true => Ok(bytes.to_vec()),
            false => Err(ErrorKind::NotFound.into()),
        },
        ask: &|| None,
    });
    match found {
        Ok(access) => {
            assert_folder(&access.index);
            assert_printable(&access.origin);
            assert!(access.cert.is_none_or(|path| path.is_absolute()));
        }
        Err(error) => {
            assert_printable(&error.to_string());
            assert!(matches!(error.exit, Exit::Data | Exit::Network), "{error}");
        }
    }
}
