//! Sending a request, and following where it leads.
//!
//! Redirects are followed here and not by the library, so that each hop is given the credentials
//! of its own place and of no other. It must not know what is asked for.

use reqwest::Url;
use reqwest::blocking::Response;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, LOCATION, RANGE,
};
use usher_shims::error::{Error, Escaped, Exit};

use super::super::address::{Place, host};
use super::super::failure::{Asked, Failure, Setback, broken};
use super::answer::{Answer, judge};
use super::{Client, Condition, Wanted, cant_fetch};

/// The most redirects to follow.
const MOST_REDIRECTS: usize = 10;

impl Client {
    /// Asks once, wherever that leads.
    pub(super) fn open_web(
        &self,
        place: &Place,
        url: &Url,
        wanted: &Wanted<'_>,
    ) -> Result<Answer, Setback> {
        let mut next = url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let sent = self.send(&next, wanted);
            let asked = Asked {
                host: host(&next),
                proxy: self.access.proxies.between(&next),
                authorities: self.authorities(),
            };
            let response = sent.map_err(|error| error.setback(&cant_fetch(place), &asked))?;
            let Some(target) = target(&next, &response) else {
                let kind = judge(place, wanted.condition, &asked, &response)?;
                return Ok(Answer::of_server(response, kind, &self.access.patience));
            };
            follows(&next, &target).map_err(|why| astray(place, &next, why))?;
            next = with_user_of(url, target);
        }
        Err(astray(place, &next, "sends from one address to the next without end"))
    }

    fn send(&self, url: &Url, wanted: &Wanted<'_>) -> Result<Response, Unsent> {
        let mut request = self
            .web()
            .map_err(Unsent::Unprepared)?
            .client
            .get(url.clone())
            .header(ACCEPT, wanted.accept)
            .header(ACCEPT_ENCODING, wanted.encoding);
        request = match wanted.condition {
            Condition::Always => request,
            Condition::RestAfter(length, validator) => request
                .header(RANGE, format!("bytes={length}-"))
                .header(IF_RANGE, validator.as_str()),
            Condition::IfChanged(tag) if tag.ends_with('"') => request.header(IF_NONE_MATCH, tag),
            Condition::IfChanged(date) => request.header(IF_MODIFIED_SINCE, date),
        };
        let authorization = self.access.credentials.authorization(url);
        if let Some(Ok(mut value)) = authorization.map(HeaderValue::from_str) {
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.send().map_err(Unsent::Broken)
    }
}

/// Why there is no response.
enum Unsent {
    Unprepared(Failure),
    Broken(reqwest::Error),
}

impl Unsent {
    fn setback(self, what: &str, asked: &Asked<'_>) -> Setback {
        match self {
            Self::Unprepared(failure) => Setback::Final(failure),
            Self::Broken(error) => broken(what, asked, &error),
        }
    }
}

/// Where a response sends us, if it does.
fn target(from: &Url, response: &Response) -> Option<Url> {
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

fn astray(place: &Place, from: &Url, why: &str) -> Setback {
    let cause = format!("{} {why}", Escaped(&host(from)));
    Setback::Final(Failure::Refused(Error::new(Exit::Network, cant_fetch(place)).because(cause)))
}
