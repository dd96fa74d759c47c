//! Which proxy stands between us and an address.
//!
//! It is told what the user set; it must not know where.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy, Url};
use usher_shims::error::{Error, Escaped, Exit};

use super::super::address::host;
use super::super::failure::Failure;

/// Which proxies to go through; with all fields `None`, none at all.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The address of the proxy for `http://`.
    pub http: Option<String>,
    /// The address of the proxy for `https://`.
    pub https: Option<String>,
    /// Hosts to reach directly, in the form of `NO_PROXY`.
    pub except: Option<String>,
}

impl Proxies {
    /// What the variables say that curl reads too: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, …, in
    /// capitals or small letters.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let said = |name: &str| {
            let spellings = [name.to_owned(), name.to_lowercase()];
            spellings.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty())
        };
        let all = said("ALL_PROXY");
        // In a CGI program a client's header `Proxy:` arrives as HTTP_PROXY.
        let http = match variable("REQUEST_METHOD") {
            Some(_) => variable("http_proxy"),
            None => said("HTTP_PROXY"),
        };
        Self {
            http: http.or_else(|| all.clone()),
            https: said("HTTPS_PROXY").or(all),
            except: said("NO_PROXY"),
        }
    }

    /// Host and port of the proxy for an address, for messages: without its user and password.
    pub(in super::super) fn between(&self, url: &Url) -> Option<String> {
        let text = |setting: &Option<String>| setting.clone().unwrap_or_default();
        let matcher = Matcher::builder()
            .http(text(&self.http))
            .https(text(&self.https))
            .no(text(&self.except))
            .build();
        let found = matcher.intercept(&url.as_str().parse().ok()?)?;
        Some(found.uri().authority().map_or_else(String::new, |proxy| {
            let shown = Url::parse(&format!("http://{proxy}"));
            shown.map_or_else(|_| proxy.host().to_owned(), |url| host(&url))
        }))
    }

    /// All of them, as the library wants them.
    pub(super) fn all(&self) -> Result<Vec<Proxy>, Failure> {
        let except = self.except.as_deref().and_then(NoProxy::from_string);
        let http = self.http.as_ref().map(Proxy::http);
        let https = self.https.as_ref().map(Proxy::https);
        let made = [http, https].into_iter().flatten().map(|proxy| match proxy {
            Ok(proxy) => Ok(proxy.no_proxy(except.clone())),
            Err(error) => Err(unusable(&error)),
        });
        made.collect()
    }
}

/// The address itself stays out of the message: there may be a password in it.
fn unusable(error: &reqwest::Error) -> Failure {
    let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let error = Error::new(Exit::Data, "the address of the proxy can't be used")
        .because(Escaped(&why).to_string())
        .hint("look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and npm's settings for proxies");
    Failure::Fatal(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proxies for `http://a.example/` and `https://a.example/`.
    fn check(variables: &[(&str, &str)], expected: &str) {
        let variable = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxies = Proxies::from_variables(&variable);
        assert!(proxies.all().is_ok(), "{variables:?}");
        let shown = ["http://a.example/", "https://a.example/"].map(|address| {
            proxies.between(&Url::parse(address).unwrap()).unwrap_or("-".to_owned())
        });
        assert_eq!(shown.join(" "), expected, "{variables:?}");
    }

    #[test]
    fn variables_name_proxies() {
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
}
