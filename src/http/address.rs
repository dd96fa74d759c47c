//! Where something lies: on the web, or in a file (a mirror on a stick).
//!
//! It reads text only, and opens nothing.

use std::fmt;
use std::path::PathBuf;

use reqwest::Url;
use usher_shims::error::{Error, ErrorKind, Escaped, Shown};

use super::fetch_error::FetchError;

/// A parsed address.
///
/// `Display` is for messages: without a user's name, password or query, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// An absolute path, given as such or as `file://`.
    File(PathBuf),
    /// `http://` or `https://`.
    Web(Url),
}

impl Location {
    /// Reads `http://…`, `https://…`, `file:///…` or an absolute path.
    pub(super) fn parse(address: &str) -> Result<Self, FetchError> {
        if address.starts_with('/') {
            return Ok(Self::File(PathBuf::from(address)));
        }
        let refused = |cause: &str| {
            let what = format!("can't fetch {}", Escaped(address));
            FetchError::BadResponse(Error::new(ErrorKind::BadSetting, what).because(cause))
        };
        let Ok(url) = Url::parse(address) else {
            return Err(refused("that is no address: http://, https://, file:// or /"));
        };
        match url.scheme() {
            "http" | "https" => Ok(Self::Web(url)),
            "file" => url
                .to_file_path()
                .map(Self::File)
                .map_err(|()| refused("a file's address names no other machine")),
            _ => Err(refused("only http, https and file are known here")),
        }
    }
}

/// An address as people may read it.
pub fn redacted_url(address: &str) -> String {
    Location::parse(address).map_or_else(|_| "no address".to_owned(), |place| place.to_string())
}

/// Who is asked there: a host, with its port where that isn't the usual one; a file's path.
pub fn host_label(address: &str) -> String {
    match Location::parse(address) {
        Ok(Location::Web(url)) => host(&url),
        Ok(_) | Err(_) => redacted_url(address),
    }
}

/// An address without a user's name, password, query or fragment, which may be secret.
pub fn without_secrets(address: &str) -> String {
    let Ok(Location::Web(mut url)) = Location::parse(address) else { return address.to_owned() };
    // Fails only for addresses that have no host, which these have.
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
                let host = host(url);
                Escaped(&format!("{}://{host}{}", url.scheme(), url.path())).fmt(f)
            }
        }
    }
}

/// The error that nothing could be fetched from there; its cause is to be added.
pub(super) fn cant_fetch(location: &Location) -> Error {
    Error::new(ErrorKind::Network, format!("can't fetch {location}"))
}

/// The host of an address, with the port where it isn't the usual one.
pub(super) fn host(url: &Url) -> String {
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
    fn what_may_be_secret_is_left_out() {
        let check = |address: &str, expected: &str| {
            assert_eq!(without_secrets(address), expected);
        };
        check("https://me:secret@a.example:8080/b?token=secret#c", "https://a.example:8080/b");
        check("https://a.example/b+c%20d.tar.gz", "https://a.example/b+c%20d.tar.gz");
        check("/srv/a?b#c", "/srv/a?b#c");
    }

    #[test]
    fn addresses_are_of_the_web_or_of_files() {
        check("https://a.example/b/c.tgz", "web https://a.example/b/c.tgz");
        check("http://a.example:8080", "web http://a.example:8080/");
        check("https://me:secret@a.example/b?token=secret#c", "web https://a.example/b");
        check("/srv/mirror/a%20b", "file /srv/mirror/a%20b");
        check("file:///srv/mirror/a%20b", "file /srv/mirror/a b");
        check("file://other/srv", "a file's address names no other machine");
        check("srv/mirror", "that is no address: http://, https://, file:// or /");
        check("", "that is no address: http://, https://, file:// or /");
        check("ftp://a.example/b", "only http, https and file are known here");
        check("data:text/plain,x", "only http, https and file are known here");
    }

    #[test]
    fn secrets_are_left_out() {
        for (address, expected, asked) in [
            ("https://me:secret@a.example/b?token=secret", "https://a.example/b", "a.example"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("file:///srv/mirror/index.json", "/srv/mirror/index.json", "/srv/mirror/index.json"),
            ("ftp://a.example/", "no address", "no address"),
        ] {
            assert_eq!(
                (redacted_url(address).as_str(), host_label(address).as_str()),
                (expected, asked)
            );
        }
    }
}
