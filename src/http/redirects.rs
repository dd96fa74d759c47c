//! Sends a request and follows redirects.
//!
//! Redirects are followed here and not by the library, so that each server gets its own credentials
//! and no others. It must not know what is requested.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, LOCATION, RANGE,
};
use reqwest::{Url, blocking};
use usher_shims::error::Escaped;

use super::address::{Location, cant_fetch, host_with_port, is_loopback, with_user_of};
use super::diagnose::{Endpoint, connection_error};
use super::fetch_error::{AttemptError, FetchError};
use super::network_config::{HttpClient, NetworkConfig};
use super::response::{HttpRequest, RequestCondition, Response, classify_response};

/// The most redirects to follow.
const MAX_REDIRECTS: usize = 10;

/// Sends one request, without retries. Follows redirects.
pub(super) fn send_following_redirects(
    config: &NetworkConfig,
    client: &HttpClient,
    url: &Url,
    request: &HttpRequest<'_>,
) -> Result<Response, AttemptError> {
    let location = Location::Web(url.clone());
    let mut next = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let host = host_with_port(&next);
        config.check_source(&location, Some(&host)).map_err(AttemptError::Permanent)?;
        let sent = send_once(config, client, &next, request);
        let endpoint =
            Endpoint { host, proxy: config.proxies.proxy_for(&next), trust: client.trust(config) };
        let response =
            sent.map_err(|error| connection_error(cant_fetch(&location), &endpoint, &error))?;
        config.plain_http.record(&next);
        let Some(target) = redirect_target(&next, &response) else {
            let kind = classify_response(&location, request.condition, &endpoint, &response)?;
            return Ok(Response::from_server(response, kind, &config.timeouts));
        };
        check_redirect(&next, &target).map_err(|why| redirect_error(&location, &next, why))?;
        next = with_user_of(url, without_user(target));
    }
    Err(redirect_error(&location, &next, "redirects too often"))
}

fn send_once(
    config: &NetworkConfig,
    client: &HttpClient,
    url: &Url,
    request: &HttpRequest<'_>,
) -> reqwest::Result<blocking::Response> {
    let mut sending = client
        .client
        .get(url.clone())
        .header(ACCEPT, request.accept)
        .header(ACCEPT_ENCODING, request.encoding);
    sending = match request.condition {
        RequestCondition::Unconditional => sending,
        RequestCondition::ResumeFrom(length, validator) => {
            sending.header(RANGE, format!("bytes={length}-")).header(IF_RANGE, validator.as_str())
        }
        RequestCondition::IfModified(tag) if tag.ends_with('"') => {
            sending.header(IF_NONE_MATCH, tag)
        }
        RequestCondition::IfModified(date) => sending.header(IF_MODIFIED_SINCE, date),
    };
    let authorization = config.credentials.authorization(url);
    if let Some(Ok(mut value)) = authorization.map(HeaderValue::from_str) {
        value.set_sensitive(true);
        sending = sending.header(AUTHORIZATION, value);
    }
    // The library's errors contain the whole address.
    sending.send().map_err(reqwest::Error::without_url)
}

/// Where a response redirects to, if it does.
fn redirect_target(from: &Url, response: &blocking::Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    from.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// Whether a redirect may be followed: not from https:// to http://, never to a local file, and to a
/// server of this machine only from another one.
pub(super) fn check_redirect(from: &Url, to: &Url) -> Result<(), &'static str> {
    match to.scheme() {
        "http" | "https" if is_loopback(to) && !is_loopback(from) => {
            Err("redirects to a server of this machine, which is not followed")
        }
        "https" => Ok(()),
        "http" if from.scheme() == "http" => Ok(()),
        "http" => Err("redirects from https:// to http://, which is not followed"),
        _ => Err("redirects to an address that is neither http:// nor https://"),
    }
}

/// A redirect's address without the user name and password that a server put in it, or that a relative
/// one inherited.
fn without_user(mut target: Url) -> Url {
    // Fails only for an address without a host.
    let _ = target.set_username("").and_then(|()| target.set_password(None));
    target
}

fn redirect_error(location: &Location, from: &Url, why: &str) -> AttemptError {
    let cause = format!("{} {why}", Escaped(&host_with_port(from)));
    AttemptError::Permanent(FetchError::BadResponse(cant_fetch(location).because(cause)))
}
