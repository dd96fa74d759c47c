//! Asking for what changed since it was asked for last: a server that recognises the validator it
//! gave then answers with a word instead of the whole.
//!
//! It must not know where what was fetched is kept.

use reqwest::blocking::Response;
use reqwest::header::{
    ETAG, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};

use super::{Client, Wanted, answered, body, is_web_page, send, web_page, whole};
use crate::fetch::address::Place;
use crate::fetch::failure::{Failure, Setback};

/// The longest validator that is kept, in bytes; a server that means well needs fewer.
const LONGEST: usize = 1024;

/// What a server calls the state of what it gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// What is kept, and may have changed since.
pub struct Kept<'a> {
    /// Where it was fetched from.
    pub address: &'a str,
    /// The most bytes that it may have.
    pub limit: u64,
    /// The kinds of answer that are understood, as the `Accept` header has it.
    pub accept: &'a str,
    /// What the server called its state; without one it is fetched whole.
    pub validator: Option<&'a Validator>,
}

/// What came of asking.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is as it was.
    Unchanged,
    /// This is how it is now, and what the server calls that.
    Changed(Vec<u8>, Validator),
}

impl Client {
    /// What lies at an address, unless it is what it was when it was called by this validator.
    pub fn get_if_changed(&self, kept: &Kept<'_>) -> Result<Fetched, Failure> {
        let place = Place::parse(kept.address)?;
        let fetched = self.tries(|| match &place {
            Place::Web(url) => self.changed(&place, url, kept),
            Place::File(_) => {
                let body = self.open(&place, &kept.wanted())?;
                Ok(Fetched::Changed(whole(&place, body, kept.limit)?, Validator::default()))
            }
        })?;
        match fetched {
            Fetched::Changed(bytes, _)
                if !kept.accept.contains("text/html") && is_web_page(&bytes) =>
            {
                Err(web_page(&place))
            }
            fetched => Ok(fetched),
        }
    }

    fn changed(&self, place: &Place, url: &Url, kept: &Kept<'_>) -> Result<Fetched, Setback> {
        let conditions: Vec<_> =
            kept.validator.into_iter().flat_map(Validator::conditions).collect();
        let is_conditional = !conditions.is_empty();
        let request = self.request(url, &kept.wanted())?;
        let request = conditions
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        let response = send(place, url, request)?;
        if is_conditional && response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::Unchanged);
        }
        answered(place, &response)?;
        let validator = Validator::of(&response);
        Ok(Fetched::Changed(whole(place, body(response), kept.limit)?, validator))
    }
}

impl Kept<'_> {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { accept: self.accept, encoding: "gzip" }
    }
}

impl Validator {
    fn of(response: &Response) -> Self {
        let text = |name| {
            let value: &HeaderValue = response.headers().get(name)?;
            value.to_str().ok().filter(|text| text.len() <= LONGEST).map(str::to_owned)
        };
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }

    /// The headers that ask whether it still holds.
    fn conditions(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let value = |text: &Option<String>| HeaderValue::from_str(text.as_deref()?).ok();
        let by_tag = value(&self.etag).map(|value| (IF_NONE_MATCH, value));
        let by_date = value(&self.last_modified).map(|value| (IF_MODIFIED_SINCE, value));
        by_tag.into_iter().chain(by_date)
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::error::Error;

    use super::*;
    use crate::fetch::served::{Reply, Served, client, reply};

    const DATE: &str = "Tue, 28 Oct 2025 12:00:00 GMT";

    fn validator(etag: Option<&str>, last_modified: Option<&str>) -> Validator {
        let text = |text: &str| text.to_owned();
        Validator { etag: etag.map(text), last_modified: last_modified.map(text) }
    }

    /// What comes of asking with a validator, and which conditions were sent.
    fn check(known: Option<&Validator>, answer: Reply) -> (Result<Fetched, Failure>, Vec<String>) {
        let served = Served::with(vec![answer]);
        let address = served.at("/index");
        let kept = Kept { address: &address, limit: 100, accept: "*/*", validator: known };
        let fetched = client().get_if_changed(&kept);
        let requests = served.requests().concat();
        let conditions = requests.lines().filter(|line| line.to_lowercase().starts_with("if-"));
        (fetched, conditions.map(|line| line.trim().to_owned()).collect())
    }

    fn whole(etag: &str, date: &str) -> Reply {
        let headers = format!("Content-Length: 2\r\n{etag}{date}");
        reply("200 OK", &headers, b"{}")
    }

    #[test]
    fn what_the_server_calls_it_is_kept_and_asked_with() {
        let date = format!("Last-Modified: {DATE}\r\n");
        for (etag, date, expected, asked) in [
            ("", "", validator(None, None), &[][..]),
            (
                "ETag: W/\"a\"\r\n",
                "",
                validator(Some("W/\"a\""), None),
                &["if-none-match: w/\"a\""],
            ),
            (
                "",
                &*date,
                validator(None, Some(DATE)),
                &["if-modified-since: tue, 28 oct 2025 12:00:00 gmt"],
            ),
            (
                "ETag: \"b\"\r\n",
                &date,
                validator(Some("\"b\""), Some(DATE)),
                &["if-none-match: \"b\"", "if-modified-since: tue, 28 oct 2025 12:00:00 gmt"],
            ),
        ] {
            let (fetched, conditions) = check(None, whole(etag, date));
            assert_eq!(fetched, Ok(Fetched::Changed(b"{}".to_vec(), expected.clone())));
            assert!(conditions.is_empty(), "{conditions:?}");
            let (_, conditions) = check(Some(&expected), whole("", ""));
            assert_eq!(conditions, asked);
        }
    }

    #[test]
    fn unchanged_is_an_answer_to_a_condition_alone() {
        let unchanged = || reply("304 Not Modified", "", b"");
        let known = validator(Some("\"a\""), None);
        assert_eq!(check(Some(&known), unchanged()).0, Ok(Fetched::Unchanged));
        for known in [None, Some(&validator(None, None))] {
            let failure = check(known, unchanged()).0.unwrap_err();
            assert!(matches!(failure, Failure::Refused(_)), "{failure:?}");
            assert!(Error::from(failure).causes[0].ends_with("answered 304 Not Modified"));
        }
    }

    #[test]
    fn what_no_header_can_carry_is_left_out() {
        let long = format!("ETag: \"{}\"\r\n", "x".repeat(LONGEST));
        let (fetched, _) = check(None, whole(&long, ""));
        assert_eq!(fetched, Ok(Fetched::Changed(b"{}".to_vec(), Validator::default())));
        let forged = validator(Some("a\r\nAuthorization: x"), None);
        let (fetched, conditions) = check(Some(&forged), whole("", ""));
        assert!(fetched.is_ok() && conditions.is_empty(), "{conditions:?}");
    }

    #[test]
    fn what_is_no_answer_fails_as_ever() {
        let page = reply("200 OK", "Content-Length: 6\r\n", b"<html>");
        assert!(matches!(check(None, page).0, Err(Failure::Refused(_))));
        let long = reply("200 OK", "", &[b'x'; 101]);
        assert!(matches!(check(None, long).0, Err(Failure::Refused(_))));
        let gone = reply("404 Not Found", "", b"");
        assert!(matches!(check(None, gone).0, Err(Failure::Absent(_))));
    }
}
