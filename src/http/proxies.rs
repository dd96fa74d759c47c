//! Which proxy is used for an address.
//!
//! It is a plain value. It must not know which variables and files it comes from.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy, Url};
use usher_shims::error::{Error, ErrorKind, Escaped};

use super::address::host_with_port;
use super::fetch_error::FetchError;

/// The proxies; with all fields `None`, none is used.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The address of the proxy for `http://`.
    pub http: Option<String>,
    /// The address of the proxy for `https://`.
    pub https: Option<String>,
    /// Hosts that are reached without a proxy, in the format of `NO_PROXY`.
    pub except: Option<String>,
}

impl Proxies {
    /// Host and port of the proxy for an address, for messages: without user name and password.
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        let text = |setting: &Option<String>| setting.clone().unwrap_or_default();
        let matcher = Matcher::builder()
            .http(text(&self.http))
            .https(text(&self.https))
            .no(text(&self.except))
            .build();
        let found = matcher.intercept(&url.as_str().parse().ok()?)?;
        Some(found.uri().authority().map_or_else(String::new, |proxy| {
            let shown = Url::parse(&format!("http://{proxy}"));
            shown.map_or_else(|_| proxy.host().to_owned(), |url| host_with_port(&url))
        }))
    }

    /// The proxies in the library's types.
    pub(crate) fn to_reqwest(&self) -> Result<Vec<Proxy>, FetchError> {
        let except = self.except.as_deref().and_then(NoProxy::from_string);
        let http = self.http.as_ref().map(Proxy::http);
        let https = self.https.as_ref().map(Proxy::https);
        let made = [http, https].into_iter().flatten().map(|proxy| match proxy {
            Ok(proxy) => Ok(proxy.no_proxy(except.clone())),
            Err(error) => Err(unusable_proxy_error(&error)),
        });
        made.collect()
    }
}

/// The address itself is not in the message: it may contain a password.
fn unusable_proxy_error(error: &reqwest::Error) -> FetchError {
    let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let error = Error::new(ErrorKind::BadSetting, "the proxy's address is invalid")
        .because(Escaped(&why).to_string())
        .hint("check the proxy settings: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY");
    FetchError::Fatal(error)
}
