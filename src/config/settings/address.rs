//! Addresses of servers and folders in settings: checked once, and printed without a user name and
//! password.
//!
//! It never connects anywhere.

use std::fmt;

use url::{Position, Url};

/// An http, https or file address without control characters, spaces, query or fragment.
///
/// `Display` and `Debug` leave out a user name and password; [`Address::as_str`] has them.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// The form, for messages.
    pub const FORM: &str = "an address that begins with http://, https:// or file://";

    /// Reads an address; `None` if usher can't use it.
    pub fn parse(text: &str) -> Option<Self> {
        // The URL standard drops tabs and line ends silently: what was checked would then not be
        // what was written.
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\u{fffd}') {
            return None;
        }
        let (scheme, _) = text.split_once("://")?;
        if !["http", "https", "file"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        // Paths are appended to an address, which neither of these survives.
        (url.query().is_none() && url.fragment().is_none()).then_some(Self(url))
    }

    /// The address with a slash at its end, so that paths can be appended.
    #[must_use]
    pub fn into_folder(mut self) -> Self {
        if !self.0.path().ends_with('/') {
            let path = format!("{}/", self.0.path());
            self.0.set_path(&path);
        }
        self
    }

    /// The whole address, secrets included: to be connected to, never to be printed.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address in its parts, secrets included.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.username().is_empty() && self.0.password().is_none() {
            return f.write_str(self.0.as_str());
        }
        write!(f, "{}://…@{}", self.0.scheme(), &self.0[Position::BeforeHost..])
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_accepted_or_refused() {
        let check = |text: &str, expected: Option<&str>| {
            let folder = Address::parse(text).map(Address::into_folder);
            assert_eq!(folder.as_ref().map(Address::as_str), expected, "{text:?}");
        };
        check("https://registry.example", Some("https://registry.example/"));
        check("HTTPS://Registry.Example:443/npm", Some("https://registry.example/npm/"));
        check("http://127.0.0.1:4873/", Some("http://127.0.0.1:4873/"));
        check("http://[::1]:4873", Some("http://[::1]:4873/"));
        check("file:///srv/mirror", Some("file:///srv/mirror/"));
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

    #[test]
    fn user_name_and_password_are_never_printed() {
        let address = Address::parse("https://me:hunter2@registry.example:8443/npm/").unwrap();
        assert_eq!(address.to_string(), "https://…@registry.example:8443/npm/");
        assert_eq!(format!("{address:?}"), "Address(https://…@registry.example:8443/npm/)");
        let address = Address::parse("https://hunter2@registry.example/").unwrap();
        assert_eq!(address.to_string(), "https://…@registry.example/");
    }
}
