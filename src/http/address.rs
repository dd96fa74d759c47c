//! Addresses: a URL, or a file (a mirror on a USB stick).
//!
//! It parses text only, and opens nothing.

use std::fmt;
use std::path::PathBuf;

use reqwest::Url;
use usher_shims::error::{Error, ErrorKind, Escaped, Shown};

use super::fetch_error::FetchError;

/// A parsed address.
///
/// `Display` is for messages: without user name, password and query, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// An absolute path, given as such or as `file://`.
    File(PathBuf),
    /// `http://` or `https://`.
    Web(Url),
}

impl Location {
    /// Parses `http://…`, `https://…`, `file:///…` or an absolute path.
    pub(super) fn parse(address: &str) -> Result<Self, FetchError> {
        if address.starts_with('/') {
            return Ok(Self::File(PathBuf::from(address)));
        }
        let refused = |cause: &str| {
            let what = format!("can't fetch {}", Escaped(address));
            FetchError::BadResponse(Error::new(ErrorKind::BadSetting, what).because(cause))
        };
        let Ok(url) = Url::parse(address) else {
            return Err(refused("an address begins with http://, https://, file:// or /"));
        };
        match url.scheme() {
            "http" | "https" => Ok(Self::Web(url)),
            "file" => url
                .to_file_path()
                .map(Self::File)
                .map_err(|()| refused("a file:// address must not name a host")),
            _ => Err(refused("only http, https and file are supported")),
        }
    }
}

/// An address for messages, without secrets.
pub fn redacted_url(address: &str) -> String {
    let parsed = Location::parse(address);
    parsed.map_or_else(|_| "an invalid address".to_owned(), |location| location.to_string())
}

/// The host of an address, with a port that isn't the default one; or a file's path.
pub fn host_label(address: &str) -> String {
    match Location::parse(address) {
        Ok(Location::Web(url)) => host_with_port(&url),
        Ok(_) | Err(_) => redacted_url(address),
    }
}

/// An address without user name, password, query and fragment, which may be secret. It can still be
/// fetched, unlike a [`redacted_url`].
pub fn without_secrets(address: &str) -> String {
    let Ok(Location::Web(mut url)) = Location::parse(address) else { return address.to_owned() };
    // Fails only for an address without a host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => Shown(path).fmt(f),
            Self::Web(url) => {
                let host = host_with_port(url);
                Escaped(&format!("{}://{host}{}", url.scheme(), url.path())).fmt(f)
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: &str) {
        let shown = match Location::parse(address) {
            Ok(place @ Location::File(_)) => format!("file {place}"),
            Ok(place @ Location::Web(_)) => format!("web {place}"),
            Err(failure) => Error::from(failure).causes.join("; "),
        };
        assert_eq!(shown, expected, "{address}");
    }

    #[test]
    fn secrets_are_removed_from_an_address() {
        let check = |address: &str, expected: &str| {
            assert_eq!(without_secrets(address), expected);
        };
        check("https://me:secret@a.example:8080/b?token=secret#c", "https://a.example:8080/b");
        check("https://a.example/b+c%20d.tar.gz", "https://a.example/b+c%20d.tar.gz");
        check("/srv/a?b#c", "/srv/a?b#c");
    }

    #[test]
    fn addresses_are_urls_or_files() {
        check("https://a.example/b/c.tgz", "web https://a.example/b/c.tgz");
        check("http://a.example:8080", "web http://a.example:8080/");
        check("https://me:secret@a.example/b?token=secret#c", "web https://a.example/b");
        check("/srv/mirror/a%20b", "file /srv/mirror/a%20b");
        check("file:///srv/mirror/a%20b", "file /srv/mirror/a b");
        check("file://other/srv", "a file:// address must not name a host");
        check("srv/mirror", "an address begins with http://, https://, file:// or /");
        check("", "an address begins with http://, https://, file:// or /");
        check("ftp://a.example/b", "only http, https and file are supported");
        check("data:text/plain,x", "only http, https and file are supported");
    }

    #[test]
    fn messages_show_no_secrets() {
        for (address, url, host) in [
            ("https://me:secret@a.example/b?token=secret", "https://a.example/b", "a.example"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("file:///srv/mirror/index.json", "/srv/mirror/index.json", "/srv/mirror/index.json"),
            ("ftp://a.example/", "an invalid address", "an invalid address"),
        ] {
            assert_eq!((redacted_url(address).as_str(), host_label(address).as_str()), (url, host));
        }
    }
}
