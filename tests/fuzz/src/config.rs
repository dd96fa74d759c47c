//! Users' configuration of npm and pip: it is understood or refused, and yields only addresses,
//! paths and headers.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use reqwest::header::HeaderValue;
use usher::config::npm::NpmAccess;
use usher::config::npm::npmrc::{self, NpmrcEntry};
use usher::config::pip::PipAccess;
use usher::config::settings::{Address, Settings};
use usher::config::sources::ConfigSources;
use usher_shims::error::{Error, ErrorKind};

use super::assert_printable;

/// The variables for placeholders.
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
    let sources = ConfigSources {
        settings: &Settings::default(),
        config: Path::new("/home/me/.config/usher/config.toml"),
        variables: &variables,
        home: Some(Path::new(HOME)),
        read: &|path| match path == Path::new("/home/me/.npmrc") {
            true => Ok(bytes.to_vec()),
            false => Err(io::ErrorKind::NotFound.into()),
        },
    };
    match NpmAccess::load(&sources, None) {
        Ok(access) => assert_sound(&access),
        Err(error) => assert_refused(&error),
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
        // A placeholder is longer than its brackets, which limits the number of values.
        assert!(entry.key.len() + entry.value.len() <= 2 * text.len() * (longest + 1));
    }
    assert_prints_to_the_same(&npmrc::parse(&text, &|_| None));
}

/// Checks npm's resulting settings.
fn assert_sound(access: &NpmAccess) {
    assert_folder(&access.registry);
    for proxy in [&access.proxy, &access.https_proxy].into_iter().flatten() {
        assert!(!proxy.is_file(), "{proxy}");
    }
    if let Some(file) = &access.cafile {
        assert!(file.path.is_absolute());
        assert_printable(&file.path.to_string_lossy());
    }
    assert_printable(&access.origin);
    let registry = access.registry.public_url();
    if let Some(header) = registry.ok().and_then(|url| access.credentials.authorization(&url)) {
        assert!(HeaderValue::from_str(header).is_ok(), "{header:?} isn't a valid header");
        let shown = format!("{:?}", access.credentials);
        let (_, secret) = header.split_once(' ').expect("a header has a scheme");
        // A short secret may happen to be part of a host's name.
        assert!(secret.len() < 40 || !shown.contains(secret), "Debug shows a secret: {shown}");
    }
}

/// Checks the reason why a configuration is refused.
fn assert_refused(error: &Error) {
    assert_printable(&error.to_string());
    let kinds = [ErrorKind::NoRegistry, ErrorKind::BadFile, ErrorKind::BadSetting];
    assert!(kinds.contains(&error.kind()), "{error}");
}

/// Checks a base address.
fn assert_folder(address: &Address) {
    let whole = address.with_secrets();
    assert!(address.is_file() || whole.ends_with('/'), "{address}");
    assert_printable(&address.to_string());
    assert_eq!(Address::parse(&whole).map(Address::into_folder).as_ref(), Ok(address));
}

/// Writes entries as in a file, and reads them again. Skips entries that can't be quoted: with a
/// placeholder, or with an equals sign in the key.
fn assert_prints_to_the_same(entries: &[NpmrcEntry]) {
    let quotable = |entry: &&NpmrcEntry| {
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
    let sources = ConfigSources {
        settings: &Settings::default(),
        config: Path::new("/home/me/.config/usher/config.toml"),
        variables: &[],
        home: Some(Path::new(HOME)),
        read: &|path| match path == Path::new("/home/me/.config/pip/pip.conf") {
            true => Ok(bytes.to_vec()),
            false => Err(io::ErrorKind::NotFound.into()),
        },
    };
    match PipAccess::load(&sources, &|| None) {
        Ok(access) => {
            assert_folder(&access.index);
            assert_printable(&access.origin);
            assert!(access.cert.is_none_or(|file| file.path.is_absolute()));
        }
        Err(error) => assert_refused(&error),
    }
}
