//! Which `Authorization` header is sent to which address. The only place that decides it, for first
//! requests and for redirects.
//!
//! It sends nothing, and must not know which file a credential comes from.

use std::fmt;

use reqwest::Url;

/// An `Authorization` header and its scope. `Debug` omits the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    scope: String,
    authorization: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.scope)
    }
}

impl Credential {
    /// A header's value (`Bearer …`, `Basic …`) for all addresses at and below `scope`: the host, a
    /// port that isn't the default one, and the beginning of the path: `host.example/private/`.
    pub fn new(scope: &str, authorization: String) -> Self {
        Self { scope: scope.trim_start_matches('/').to_owned(), authorization }
    }

    /// Whether an address is in the scope. Names are compared whole: `host.example/a` covers neither
    /// `host.example/ab` nor `host.example.evil.example/a`.
    fn covers(&self, address: &Url) -> bool {
        let Ok(scope) = Url::parse(&format!("{}://{}", address.scheme(), self.scope)) else {
            return false;
        };
        let Some(rest) = address.path().strip_prefix(scope.path().trim_end_matches('/')) else {
            return false;
        };
        scope.host_str() == address.host_str()
            && scope.port_or_known_default() == address.port_or_known_default()
            && (rest.is_empty() || rest.starts_with('/'))
    }
}

/// All credentials of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    all: Vec<Credential>,
    unencrypted: Option<Url>,
}

impl Credentials {
    /// All of a user's credentials. Of those that cover an address, the one with the longest scope
    /// is sent.
    ///
    /// `home` is the server that they were configured for. If its address begins with `http://`, it
    /// gets them unencrypted, and no other server does: a redirect from `https://` to `http://` must
    /// not reveal a secret.
    pub fn new(all: Vec<Credential>, home: Option<&Url>) -> Self {
        Self { all, unencrypted: home.filter(|home| home.scheme() == "http").cloned() }
    }

    /// The value of the `Authorization` header for an address. It must not be printed, and must be
    /// looked up again after each redirect.
    pub fn authorization(&self, address: &Url) -> Option<&str> {
        let is_home = |home: &Url| home.origin() == address.origin();
        if address.scheme() != "https" && !self.unencrypted.as_ref().is_some_and(is_home) {
            return None;
        }
        let covering = self.all.iter().filter(|credential| credential.covers(address));
        let deepest = covering.max_by_key(|credential| credential.scope.len())?;
        Some(&deepest.authorization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_whole_names() {
        let check = |scope: &str, address: &str, expected: bool| {
            let credential = Credential::new(scope, String::new());
            let covered = credential.covers(&Url::parse(address).unwrap());
            assert_eq!(covered, expected, "{scope} {address}");
        };
        check("a.example/", "https://a.example/x/y", true);
        check("a.example", "https://A.example/x/y", true);
        check("//a.example:443/x/", "https://a.example/x", true);
        check("a.example/x", "https://a.example/x/y", true);
        check("a.example/x/", "https://a.example/xy", false);
        check("a.example/x/", "https://a.example/x/../y", false);
        check("a.example/x/", "https://a.example/x/%2e%2e/y", false);
        check("a.example/", "https://a.example.evil.example/", false);
        check("a.example/", "https://b.example/a.example/", false);
        check("a.example/", "https://a.example@b.example/", false);
        check("a.example/", "https://a.example:8443/", false);
        check("", "https://a.example/", false);
    }

    #[test]
    fn secrets_are_sent_unencrypted_only_to_an_unencrypted_home() {
        let check = |home: &str, address: &str, expected: Option<&str>| {
            let all = ["a.example/", "a.example/deep/"]
                .map(|scope| Credential::new(scope, scope.to_owned()));
            let credentials = Credentials::new(all.to_vec(), Url::parse(home).ok().as_ref());
            let address = Url::parse(address).unwrap();
            assert_eq!(credentials.authorization(&address), expected, "{home} {address}");
        };
        check("https://a.example/", "https://a.example/x", Some("a.example/"));
        check("https://a.example/", "https://a.example/deep/x", Some("a.example/deep/"));
        check("https://a.example/", "http://a.example/x", None);
        check("http://a.example/", "http://a.example/x", Some("a.example/"));
        check("http://a.example/", "https://a.example/x", Some("a.example/"));
        check("http://b.example/", "http://a.example/x", None);
    }
}
