//! Sending a request, and following where it leads.
//!
//! Redirects are followed here and not by the library, so that each hop is given the credentials
//! of its own place and of no other. It must not know what is asked for.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, LOCATION, RANGE,
};
use reqwest::{Url, blocking};
use usher_shims::error::Escaped;

use super::address::{Location, cant_fetch, host};
use super::diagnose::{Endpoint, broken};
use super::fetch_error::{AttemptError, FetchError};
use super::network_config::{HttpClient, NetworkConfig};
use super::response::{HttpRequest, RequestCondition, Response, judge};

/// The most redirects to follow.
const MOST_REDIRECTS: usize = 10;

/// Asks once, wherever that leads.
pub(super) fn open(
    config: &NetworkConfig,
    client: &HttpClient,
    (location, url): (&Location, &Url),
    request: &HttpRequest<'_>,
) -> Result<Response, AttemptError> {
    let mut next = url.clone();
    for _ in 0..=MOST_REDIRECTS {
        let sent = send(config, client, &next, request);
        let endpoint = Endpoint {
            host: host(&next),
            proxy: config.proxies.between(&next),
            trust: client.trust(config),
        };
        let response = sent.map_err(|error| broken(cant_fetch(location), &endpoint, &error))?;
        let Some(target) = target(&next, &response) else {
            let kind = judge(location, request.condition, &endpoint, &response)?;
            return Ok(Response::of_server(response, kind, &config.timeouts));
        };
        follows(&next, &target).map_err(|why| astray(location, &next, why))?;
        next = with_user_of(url, target);
    }
    Err(astray(location, &next, "sends from one address to the next without end"))
}

fn send(
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
    sending.send()
}

/// Where a response sends us, if it does.
fn target(from: &Url, response: &blocking::Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    from.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// Whether a redirect may be followed: not out of encryption, and never onto this machine's disk.
pub(super) fn follows(from: &Url, to: &Url) -> Result<(), &'static str> {
    match to.scheme() {
        "https" => Ok(()),
        "http" if from.scheme() == "http" => Ok(()),
        "http" => Err("sends from https:// to http://, which is not followed"),
        _ => Err("sends to what is neither http:// nor https://"),
    }
}

/// A user and password that stand in the address that was asked for stay good on that server, and
/// go to no other.
fn with_user_of(first: &Url, mut next: Url) -> Url {
    // Neither can fail where there is a host.
    let (user, password) = match first.origin() == next.origin() {
        true => (first.username(), first.password()),
        false => ("", None),
    };
    let _ = next.set_username(user);
    let _ = next.set_password(password);
    next
}

fn astray(location: &Location, from: &Url, why: &str) -> AttemptError {
    let cause = format!("{} {why}", Escaped(&host(from)));
    AttemptError::Permanent(FetchError::BadResponse(cant_fetch(location).because(cause)))
}
