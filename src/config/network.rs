//! Proxies and certificates from variables.
//!
//! It looks up variables with a given function, and reads no file.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::http::{Authorities, CaFile, Proxies};

/// The proxies from curl's variables: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, …, in upper or lower
/// case.
pub fn proxies(variable: &dyn Fn(&str) -> Option<String>) -> Proxies {
    let value_of = |name: &str| {
        let spellings = [name.to_owned(), name.to_lowercase()];
        spellings.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty())
    };
    let all = value_of("ALL_PROXY");
    // In a CGI program a client's header `Proxy:` arrives as HTTP_PROXY.
    let http = match variable("REQUEST_METHOD") {
        Some(_) => variable("http_proxy"),
        None => value_of("HTTP_PROXY"),
    };
    Proxies {
        http: http.or_else(|| all.clone()),
        https: value_of("HTTPS_PROXY").or(all),
        except: value_of("NO_PROXY"),
    }
}

/// The certificate authorities from `SSL_CERT_FILE` and `SSL_CERT_DIR`, which replace the
/// machine's.
pub fn authorities(variable: &dyn Fn(&str) -> Option<OsString>) -> Authorities {
    let folders = variable(Authorities::FOLDERS).map(|folders| {
        std::env::split_paths(&folders).filter(|path| !path.as_os_str().is_empty()).collect()
    });
    Authorities { file: variable(Authorities::FILE).map(PathBuf::from), folders }
}

/// The certificates that Node.js's own programs trust in addition.
pub fn extra_ca_files(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<CaFile> {
    const NAME: &str = "NODE_EXTRA_CA_CERTS";
    let file = |path| CaFile { path: PathBuf::from(path), origin: NAME.to_owned() };
    variable(NAME).map(file).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// The proxies for `http://a.example/` and `https://a.example/`.
    fn check(variables: &[(&str, &str)], expected: &str) {
        let variable = |key: &str| {
            let found = variables.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = super::proxies(&variable);
        assert!(found.to_reqwest().is_ok(), "{variables:?}");
        let shown = ["http://a.example/", "https://a.example/"].map(|address| {
            found.proxy_for(&Url::parse(address).unwrap()).unwrap_or("-".to_owned())
        });
        assert_eq!(shown.join(" "), expected, "{variables:?}");
    }

    #[test]
    fn proxies_are_read_from_variables() {
        check(&[], "- -");
        check(&[("HTTPS_PROXY", "http://me:secret@p.example:3128")], "- p.example:3128");
        check(&[("https_proxy", "p.example:3128"), ("HTTPS_PROXY", "")], "- p.example:3128");
        check(&[("HTTP_PROXY", "http://p.example")], "p.example -");
        check(&[("HTTP_PROXY", "http://p.example"), ("REQUEST_METHOD", "GET")], "- -");
        check(
            &[("ALL_PROXY", "http://p.example:1"), ("https_proxy", "http://q.example:2")],
            "p.example:1 q.example:2",
        );
        check(&[("all_proxy", "socks5h://p.example:1080")], "p.example:1080 p.example:1080");
        for except in ["a.example", ".example", "*", "b.example, a.example"] {
            check(&[("ALL_PROXY", "http://p.example:1"), ("NO_PROXY", except)], "- -");
        }
        check(
            &[("ALL_PROXY", "http://p.example:1"), ("no_proxy", "x.example")],
            "p.example:1 p.example:1",
        );
    }

    #[test]
    fn certificate_authorities_are_read_from_variables() {
        let named = |name: &str, value: &str| {
            authorities(&|variable| (variable == name).then(|| OsString::from(value)))
        };
        let folders = |paths: &[&str]| Some(paths.iter().map(PathBuf::from).collect());
        assert_eq!(named("SSL_CERT_FILE", "/a").file, Some(PathBuf::from("/a")));
        assert_eq!(named("SSL_CERT_FILE", "").file, Some(PathBuf::new()));
        assert_eq!(named("SSL_CERT_DIR", "/a::/b").folders, folders(&["/a", "/b"]));
        assert_eq!(named("SSL_CERT_DIR", "").folders, folders(&[]));
        assert_eq!(named("PATH", "/a"), Authorities::default());
    }
}
