//! Addresses: a URL, or a file (a mirror on a USB stick).
//!
//! It parses text only, and opens nothing. An address may contain a password, so its type can't be
//! printed or stored whole: `Display`, `Debug` and `Serialize` leave secrets out, and the few places
//! that need them call [`Address::with_secrets`].

use std::fmt;
use std::path::{Component, Path, PathBuf};

use reqwest::Url;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Host;
use usher_shims::error::{Error, ErrorKind, Escaped, Shown};

use super::fetch_error::FetchError;
use crate::files::integrity::sha256;

/// Where something is fetched from.
///
/// `Display` and `Debug` are for messages: `https://…@host.example/path`, without user name, password
/// and query. The serialization leaves all three out.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Box<Location>);

/// The two kinds of addresses.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// A file, given as an absolute path or as `file://`.
    File(LocalFile),
    /// `http://` or `https://`.
    Web(Url),
}

/// A file of this machine.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct LocalFile {
    /// Its absolute path.
    pub(super) path: PathBuf,
    /// The folder of the mirror that it belongs to, which no link may lead out of.
    pub(super) mirror: Option<PathBuf>,
}

impl Address {
    /// The form of a configured address, for messages.
    pub const FORM: &str = "an address that begins with http://, https:// or file://";

    /// Parses `http://…`, `https://…`, `file:///…` or an absolute path.
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        if text.starts_with('/') {
            return Ok(Self::file(PathBuf::from(text)));
        }
        let refused = |cause: &str| {
            let what = format!("can't fetch {}", Escaped(&masked(text)));
            FetchError::BadResponse(Error::new(ErrorKind::BadSetting, what).because(cause))
        };
        let Ok(url) = Url::parse(text) else {
            return Err(refused("an address begins with http://, https://, file:// or /"));
        };
        match url.scheme() {
            "http" | "https" => Ok(Self::of(Location::Web(url))),
            "file" => url
                .to_file_path()
                .map(Self::file)
                .map_err(|()| refused("a file:// address must not name a host")),
            _ => Err(refused("only http, https and file are supported")),
        }
    }

    /// Parses an address of the user's configuration, to which paths are appended: without control
    /// characters, spaces, query and fragment. `None` if usher can't use it.
    pub fn configured(text: &str) -> Option<Self> {
        // The URL standard drops tabs and line ends silently: what was checked would then not be
        // what was written.
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\u{fffd}') {
            return None;
        }
        let (scheme, _) = text.split_once("://")?;
        if !["http", "https", "file"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        // Neither of these survives what is appended.
        Self::parse(text).ok().filter(|_| !text.contains(['?', '#']))
    }

    fn of(location: Location) -> Self {
        Self(Box::new(location))
    }

    fn file(path: PathBuf) -> Self {
        Self::of(Location::File(LocalFile { path, mirror: None }))
    }

    /// The address as a folder: with a slash at its end, or as a mirror that has all its files below
    /// itself.
    #[must_use]
    pub fn into_folder(self) -> Self {
        Self::of(match *self.0 {
            Location::Web(mut url) => {
                if !url.path().ends_with('/') {
                    let path = format!("{}/", url.path());
                    url.set_path(&path);
                }
                Location::Web(url)
            }
            Location::File(LocalFile { path, .. }) => {
                Location::File(LocalFile { mirror: Some(path.clone()), path })
            }
        })
    }

    /// What the answer from this address names by `text`: an address, or a path relative to this
    /// folder. The user name and password aren't passed on; [`admit`](Self::admit) does that.
    ///
    /// # Errors
    ///
    /// Those of [`admit`](Self::admit), and a text that is no address.
    pub fn join(&self, text: &str) -> Result<Self, &'static str> {
        const INVALID: &str = "it names no http or https address";
        let named = match &*self.0 {
            Location::Web(url) => {
                let mut named = url.join(text).map_err(|_| INVALID)?;
                // A relative address inherits them.
                if (named.username(), named.password()) == (url.username(), url.password()) {
                    clear_user(&mut named);
                }
                Self::of_url(named).ok_or(INVALID)?
            }
            Location::File(_) if text.starts_with('/') => Self::file(PathBuf::from(text)),
            Location::File(file) => {
                let folder = Url::from_directory_path(file.folder()).map_err(|()| INVALID)?;
                folder.join(text).ok().and_then(Self::of_url).ok_or(INVALID)?
            }
        };
        self.check(&named)?;
        Ok(named)
    }

    fn of_url(url: Url) -> Option<Self> {
        match url.scheme() {
            "http" | "https" => Some(Self::of(Location::Web(url))),
            "file" => url.to_file_path().ok().map(Self::file),
            _ => None,
        }
    }

    /// An address that the answer from this one named, ready to be fetched: with this one's user name
    /// and password if both are on the same server, and with this one's mirror folder if both are
    /// files.
    ///
    /// # Errors
    ///
    /// Why the answer may not name it: a server names a file or another server of this machine, or a
    /// mirror in a folder names a file outside of that.
    pub fn admit(&self, named: Self) -> Result<Self, &'static str> {
        self.check(&named)?;
        Ok(match (&*self.0, *named.0) {
            (Location::Web(url), Location::Web(named)) => {
                Self::of(Location::Web(with_user_of(url, named)))
            }
            (Location::File(file), Location::File(LocalFile { path, .. })) => {
                let mirror = Some(file.folder().to_path_buf());
                Self::of(Location::File(LocalFile { path, mirror }))
            }
            (_, named) => Self::of(named),
        })
    }

    fn check(&self, named: &Self) -> Result<(), &'static str> {
        match (&*self.0, &*named.0) {
            (Location::Web(_), Location::File(_)) => Err("it names a file of this machine"),
            (Location::Web(from), Location::Web(to)) if is_loopback(to) && !is_loopback(from) => {
                Err("it names a server of this machine")
            }
            (Location::File(mirror), Location::File(file)) if !mirror.contains(&file.path) => {
                Err("it names a file outside of the mirror's folder")
            }
            _ => Ok(()),
        }
    }

    /// The address of `path` in this folder, which the user configured; ready to be fetched.
    pub fn below(&self, path: &str) -> Result<Self, FetchError> {
        let joined = self.join(path).and_then(|joined| self.admit(joined));
        joined.map_err(|why| FetchError::BadResponse(cant_fetch(&self.0).because(why)))
    }

    /// The last part of the path.
    pub fn file_name(&self) -> String {
        let whole = self.without_secrets();
        whole.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The host, with a port that isn't the default one; or a file's path.
    pub fn host(&self) -> String {
        match &*self.0 {
            Location::Web(url) => host_with_port(url),
            Location::File(file) => Shown(&file.path).to_string(),
        }
    }

    /// Whether it is a file of this machine.
    pub fn is_file(&self) -> bool {
        matches!(*self.0, Location::File(_))
    }

    /// Whether what it sends can be changed on the way: it is `http://`, and not this machine's own.
    pub fn is_unprotected(&self) -> bool {
        matches!(&*self.0, Location::Web(url) if is_unprotected(url))
    }

    /// Whether it has a user name, a password or a query, which may be secret.
    pub fn has_secrets(&self) -> bool {
        matches!(&*self.0, Location::Web(url)
            if !url.username().is_empty() || url.password().is_some() || url.query().is_some())
    }

    /// The address without user name, password, query and fragment. It can still be fetched.
    pub fn without_secrets(&self) -> String {
        self.public_url().map_or_else(|path| path, String::from)
    }

    /// As [`without_secrets`](Self::without_secrets), in its parts; for a file, its path as text.
    pub fn public_url(&self) -> Result<Url, String> {
        match &*self.0 {
            Location::File(file) => Err(file.path.to_string_lossy().into_owned()),
            Location::Web(url) => {
                let mut url = url.clone();
                clear_user(&mut url);
                url.set_query(None);
                url.set_fragment(None);
                Ok(url)
            }
        }
    }

    /// The whole address, secrets included: to be connected to, never to be printed or stored.
    pub fn with_secrets(&self) -> String {
        match &*self.0 {
            Location::File(file) => file.path.to_string_lossy().into_owned(),
            Location::Web(url) => url.as_str().to_owned(),
        }
    }

    /// Identifies the address on disk: a hash, 64 hexadecimal digits. User name and password are no
    /// part of it: a short password could be guessed from its hash.
    pub fn id(&self) -> String {
        let mut named = self.clone();
        if let Location::Web(url) = &mut *named.0 {
            clear_user(url);
        }
        sha256(named.with_secrets().as_bytes())
    }

    pub(super) fn location(&self) -> &Location {
        &self.0
    }
}

impl LocalFile {
    /// The mirror's folder, or else the file's own.
    fn folder(&self) -> &Path {
        let own = || self.path.parent().unwrap_or(&self.path);
        self.mirror.as_deref().unwrap_or_else(own)
    }

    /// Whether a path is below the folder, as far as its text shows.
    fn contains(&self, path: &Path) -> bool {
        let is_plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        path.components().all(is_plain) && path.starts_with(self.folder())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.without_secrets())
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| D::Error::custom("invalid address"))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => Shown(&file.path).fmt(f),
            Self::Web(url) => {
                let user = match url.username().is_empty() && url.password().is_none() {
                    true => "",
                    false => "…@",
                };
                let (scheme, host) = (url.scheme(), host_with_port(url));
                let shown = format!("{scheme}://{user}{host}{}", url.path());
                // A password with a slash ends up in the path.
                match url.path().split('/').any(|part| part.find('@').is_some_and(|at| at > 0)) {
                    true => Escaped(&masked(&shown)).fmt(f),
                    false => Escaped(&shown).fmt(f),
                }
            }
        }
    }
}

/// What a message shows of a text that may be an address with a password: nothing before the last
/// `@`, and no query.
pub fn masked(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let (prefix, rest) = match scheme.chars().all(|c| c.is_ascii_alphanumeric()) && !rest.is_empty()
    {
        true => (format!("{scheme}://"), rest),
        false => (String::new(), text),
    };
    let shown = rest.rsplit_once('@').map_or(rest.to_owned(), |(_, host)| format!("…@{host}"));
    format!("{prefix}{}", shown.split(['?', '#']).next().unwrap_or_default())
}

/// The error that this couldn't be fetched; the caller adds the cause.
pub(super) fn cant_fetch(location: &Location) -> Error {
    Error::new(ErrorKind::Network, format!("can't fetch {location}"))
}

/// The host of an address, with a port that isn't the default one.
pub(super) fn host_with_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Adds the user name and password of the first address to one that its server named, if both are on
/// the same server; they are sent to no other.
pub(super) fn with_user_of(first: &Url, mut next: Url) -> Url {
    if first.origin() == next.origin() && next.username().is_empty() && next.password().is_none() {
        // Neither can fail where there is a host.
        let _ = next.set_username(first.username());
        let _ = next.set_password(first.password());
    }
    next
}

/// Removes user name and password.
fn clear_user(url: &mut Url) {
    // Fails only for an address without a host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
}

/// Whether an address is this machine's own, by its text.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => {
            let mapped = ip.to_ipv4_mapped();
            ip.is_loopback()
                || ip.is_unspecified()
                || mapped.is_some_and(|ip| ip.is_loopback() || ip.is_unspecified())
        }
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

/// Whether what a server sends can be changed on the way.
pub(super) fn is_unprotected(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|_| panic!("{text} is an address"))
    }

    #[test]
    fn addresses_are_urls_or_files() {
        let check = |text: &str, expected: &str| {
            let shown = match Address::parse(text) {
                Ok(address) if address.is_file() => format!("file {address}"),
                Ok(address) => format!("web {address}"),
                Err(failure) => Error::from(failure).causes.join("; "),
            };
            assert_eq!(shown, expected, "{text}");
        };
        check("https://a.example/b/c.tgz", "web https://a.example/b/c.tgz");
        check("http://a.example:8080", "web http://a.example:8080/");
        check("https://me:secret@a.example/b?token=secret#c", "web https://…@a.example/b");
        check("/srv/mirror/a%20b", "file /srv/mirror/a%20b");
        check("file:///srv/mirror/a%20b", "file /srv/mirror/a b");
        check("file://other/srv", "a file:// address must not name a host");
        check("srv/mirror", "an address begins with http://, https://, file:// or /");
        check("", "an address begins with http://, https://, file:// or /");
        check("ftp://a.example/b", "only http, https and file are supported");
        check("data:text/plain,x", "only http, https and file are supported");
    }

    #[test]
    fn configured_addresses_are_accepted_or_refused() {
        let check = |text: &str, expected: Option<&str>| {
            let folder = Address::configured(text).map(Address::into_folder);
            assert_eq!(folder.map(|it| it.with_secrets()).as_deref(), expected, "{text:?}");
        };
        check("https://registry.example", Some("https://registry.example/"));
        check("HTTPS://Registry.Example:443/npm", Some("https://registry.example/npm/"));
        check("http://127.0.0.1:4873/", Some("http://127.0.0.1:4873/"));
        check("http://[::1]:4873", Some("http://[::1]:4873/"));
        check("file:///srv/mirror", Some("/srv/mirror"));
        check("https://me:pw@registry.example/x", Some("https://me:pw@registry.example/x/"));
        for refused in [
            "",
            "registry.example",
            "https:registry.example",
            "https://",
            "ftp://registry.example/",
            "javascript://registry.example/",
            "https://registry.example/\n",
            "https://regis\ttry.example/",
            "https://registry.example/\u{1b}[31m",
            "https://registry.example/\u{85}",
            "https://registry.example/a b",
            "https://registry.example/?token=x",
            "https://registry.example/#x",
            "https://registry.example:99999/",
            "https://registry\u{fffd}.example/",
        ] {
            check(refused, None);
        }
    }

    /// Whatever is printed or stored of an address, valid or not, has no secret in it.
    #[test]
    fn secrets_are_never_shown() {
        for text in [
            "https://me:hunter2@a.example:8443/npm/",
            "https://hunter2@a.example/",
            "https://:hunter2@a.example/",
            "https://me:hunter2@a.example:99999/",
            "https://me:hun@hunter2@a.example/",
            "https://me:hunter2 x@a.example:port/",
            "https://me:1/hunter2@a.example/",
            "https://me:/hunter2@a.example/",
            "https://me:?hunter2@a.example/x",
            "https:me:hunter2@a.example/x",
            "ftp://me:hunter2@a.example/",
            "me:hunter2@a.example/x",
            "hunter2@a://b",
            "https://a.example/?token=hunter2",
            "https://a.example/x?user=a@b&token=hunter2",
            "https://a example/x?token=hunter2#hunter2",
            "https://a.example/x#hunter2",
        ] {
            let shown = match Address::parse(text) {
                Ok(address) => {
                    let json = serde_json::to_string(&address).unwrap();
                    // A path with a password can't be told from another one where it is fetched.
                    let json = if text.contains("/hunter2") { String::new() } else { json };
                    format!("{address} {address:?} {} {json}", address.host())
                }
                Err(failure) => Error::from(failure).to_string(),
            };
            assert!(!shown.contains("hunter2"), "{text}: {shown}");
            let id = Address::parse(text).map(|address| address.id());
            let other = Address::parse(&text.replace(":hunter2@a.example:8443", "@a.example:8443"));
            if text.contains(":8443") {
                assert_eq!(id, other.map(|address| address.id()), "a password changes no name");
            }
        }
        let shown = address("https://me:hunter2@a.example/b+c%20d.tgz?x").without_secrets();
        assert_eq!(shown, "https://a.example/b+c%20d.tgz");
        assert_eq!(address("/srv/a?b#c").without_secrets(), "/srv/a?b#c");
    }

    /// An answer from `from` names `text`: what is fetched, secrets included, or why not.
    fn named(from: &str, text: &str) -> String {
        let from = address(from).into_folder();
        let named = from.join(text).and_then(|named| from.admit(named));
        named.map_or_else(str::to_owned, |named| named.with_secrets())
    }

    #[test]
    fn a_servers_answer_never_names_this_machine() {
        const FILE: &str = "it names a file of this machine";
        const SERVER: &str = "it names a server of this machine";
        for (text, expected) in [
            ("https://b.example/x.tgz", "https://b.example/x.tgz"),
            ("http://b.example/x.tgz", "http://b.example/x.tgz"),
            ("/x.tgz", "https://a.example/x.tgz"),
            ("../../x.tgz", "https://a.example/x.tgz"),
            ("file:///etc/passwd", FILE),
            ("file://localhost/etc/passwd", FILE),
            ("FILE:/etc/passwd", FILE),
            (" file:///etc/passwd", FILE),
            ("fi\tle:///etc/passwd", FILE),
            ("file://host/etc/passwd", "it names no http or https address"),
            ("unix:///run/docker.sock", "it names no http or https address"),
            ("data:,x", "it names no http or https address"),
            ("http://127.0.0.1:8080/", SERVER),
            ("http://127.1/", SERVER),
            ("http://2130706433/", SERVER),
            ("http://0.0.0.0/", SERVER),
            ("http://[::1]/", SERVER),
            ("http://[::ffff:127.0.0.1]/", SERVER),
            ("http://LOCALHOST./", SERVER),
            ("//x.localhost/", SERVER),
        ] {
            assert_eq!(named("https://a.example/simple/", text), expected, "{text}");
        }
        // A mirror on this machine that the user configured may name itself.
        let local = named("http://127.0.0.1:4873/", "http://localhost:4873/x.tgz");
        assert_eq!(local, "http://localhost:4873/x.tgz");
    }

    #[test]
    fn a_mirror_folder_names_only_its_own_files() {
        const OUTSIDE: &str = "it names a file outside of the mirror's folder";
        for (text, expected) in [
            ("/srv/mirror/v12/x.tgz", "/srv/mirror/v12/x.tgz"),
            ("file:///srv/mirror/x.tgz", "/srv/mirror/x.tgz"),
            ("v12/x.tgz", "/srv/mirror/v12/x.tgz"),
            ("https://a.example/x.tgz", "https://a.example/x.tgz"),
            ("/srv/mirror2/x.tgz", OUTSIDE),
            ("/srv/mirror/../x.tgz", OUTSIDE),
            ("../x.tgz", OUTSIDE),
            ("%2e%2e/x.tgz", OUTSIDE),
            ("/etc/passwd", OUTSIDE),
            ("file:///srv/mirror/%2e%2e/x.tgz", OUTSIDE),
        ] {
            assert_eq!(named("/srv/mirror", text), expected, "{text}");
        }
    }

    #[test]
    fn credentials_stay_on_their_own_server() {
        let from = "https://me:secret@a.example/npm/";
        for (text, expected) in [
            ("https://a.example/x.tgz", "https://me:secret@a.example/x.tgz"),
            ("x.tgz", "https://me:secret@a.example/npm/x.tgz"),
            ("http://a.example/x.tgz", "http://a.example/x.tgz"),
            ("https://a.example:8443/x.tgz", "https://a.example:8443/x.tgz"),
            ("https://b.example/x.tgz", "https://b.example/x.tgz"),
        ] {
            assert_eq!(named(from, text), expected, "{text}");
        }
        // What an index names, and the cache stores, has none of them.
        let joined = address(from).join("x.tgz").unwrap();
        assert_eq!(joined.with_secrets(), "https://a.example/npm/x.tgz");
    }
}
