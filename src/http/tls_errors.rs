//! Explains TLS errors. It reads the library's errors and sends nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error as TlsError};
use usher_shims::error::{Error, Escaped};

use super::authorities::{Authorities, LoadedAuthorities};
use crate::files::clock;

/// Which certificate authorities are trusted.
#[derive(Clone, Copy)]
pub(super) enum CertificateTrust<'a> {
    /// The system's.
    System,
    /// None: the system has none, as in a slim container.
    Nothing,
    /// Those that the user configured.
    Custom(&'a Authorities),
}

/// A problem of a TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsProblem {
    /// The certificate's issuer isn't trusted.
    UnknownIssuer,
    /// The certificate is for these names, and not for the host.
    WrongName(Vec<String>),
    /// The certificate has expired or isn't valid yet. With the date, in time since 1970.
    OutsideValidity(&'static str, Option<Duration>),
    /// The certificate is rejected for another reason.
    BadCertificate(String),
    /// The server doesn't use TLS.
    NotTls,
    /// The server supports no TLS version or cipher that usher does.
    NoCommonProtocol,
}

const HINT_PROXY: &str = "if a proxy intercepts TLS, name the file with its certificate: \
                          export SSL_CERT_FILE=/…";
const HINT_CUSTOM_ROOTS: &str = "name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR";
const HINT_NO_ROOTS: &str = "install the package ca-certificates, or name a file of PEM certificates: export SSL_CERT_FILE=/…";

/// The problem behind an error; `None` if it isn't one of those above.
pub(super) fn tls_problem(error: &TlsError) -> Option<TlsProblem> {
    match error {
        TlsError::InvalidCertificate(certificate) => Some(certificate_problem(certificate)),
        TlsError::InvalidMessage(_) => Some(TlsProblem::NotTls),
        TlsError::AlertReceived(_) | TlsError::PeerIncompatible(_) => {
            Some(TlsProblem::NoCommonProtocol)
        }
        _ => None,
    }
}

fn certificate_problem(certificate: &CertificateError) -> TlsProblem {
    let date = |time: &UnixTime| Some(Duration::from_secs(time.as_secs()));
    match certificate {
        CertificateError::Expired => TlsProblem::OutsideValidity("it has expired", None),
        CertificateError::ExpiredContext { not_after, .. } => {
            TlsProblem::OutsideValidity("it expired on", date(not_after))
        }
        CertificateError::NotValidYet => TlsProblem::OutsideValidity("it is not valid yet", None),
        CertificateError::NotValidYetContext { not_before, .. } => {
            TlsProblem::OutsideValidity("it is not valid before", date(not_before))
        }
        CertificateError::NotValidForName => TlsProblem::WrongName(Vec::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            TlsProblem::WrongName(presented.iter().map(|name| plain_name(name)).collect())
        }
        CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
        CertificateError::BadSignature => {
            TlsProblem::BadCertificate("its signature is not its issuer's".to_owned())
        }
        other => match other.to_string() {
            // What `openssl req -x509` creates by default.
            text if text.contains("CaUsedAsEndEntity") => {
                TlsProblem::BadCertificate("it is an authority's, not a server's".to_owned())
            }
            text => TlsProblem::BadCertificate(Escaped(&text).to_string()),
        },
    }
}

/// The name in the library's `DnsName("a.example")` or `IpAddress(127.0.0.1)`.
fn plain_name(name: &str) -> String {
    let quoted = name.split_once('"').and_then(|(_, rest)| rest.split_once('"'));
    let text = quoted.map_or_else(|| in_parentheses(name), |(name, _)| name);
    Escaped(text).to_string()
}

fn in_parentheses(name: &str) -> &str {
    name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name)
}

impl TlsProblem {
    /// Adds the cause and a hint to the error of a request to `host`.
    pub(super) fn describe(&self, error: Error, host: &str, trust: CertificateTrust<'_>) -> Error {
        let host = Escaped(host);
        let rejected = |why: &str| format!("the certificate of {host} is rejected: {why}");
        match self {
            Self::UnknownIssuer => {
                let error = error.because(rejected("its issuer is not trusted on this machine"));
                explain_trust(error, trust)
            }
            Self::WrongName(names) => {
                let what = match names.as_slice() {
                    [] => "it is for another name".to_owned(),
                    names => format!("it is for {}", names.join(", ")),
                };
                error.because(rejected(&what)).hint(format!(
                    "a proxy or a login page may intercept the connection; to see it: curl -v https://{host}/"
                ))
            }
            Self::OutsideValidity(why, since) => {
                let date = since.map(|since| format!(" {}", clock::date(UNIX_EPOCH + since)));
                let why = format!("{why}{}", date.unwrap_or_default());
                let error = error.because(rejected(&why));
                error.because(clock::describe(SystemTime::now())).hint(format!(
                    "check the clock (`date`); if it is right, {host} needs a new certificate"
                ))
            }
            Self::BadCertificate(why) => error.because(rejected(why)).hint(HINT_PROXY),
            Self::NotTls => error.because(format!("{host} did not answer with TLS")).hint(format!(
                "it may need http://, or a login page intercepts the connection; to see it: curl -v http://{host}/"
            )),
            Self::NoCommonProtocol => error
                .because(format!("{host} supports no encryption that usher does (TLS 1.2 or newer)"))
                .hint(format!("to see what it supports: curl -v https://{host}/")),
        }
    }
}

fn explain_trust(error: Error, trust: CertificateTrust<'_>) -> Error {
    match trust {
        CertificateTrust::System => error.hint(HINT_PROXY),
        CertificateTrust::Nothing => {
            error.because("it has no certificate authorities").hint(HINT_NO_ROOTS)
        }
        CertificateTrust::Custom(authorities) => {
            let LoadedAuthorities { notes, has_problem, .. } = match authorities.load() {
                Ok(loaded) => loaded,
                Err(unread) => return error.because(unread.to_string()),
            };
            let error = notes.into_iter().fold(error, Error::because);
            error.hint(if has_problem { HINT_CUSTOM_ROOTS } else { HINT_PROXY })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_the_librarys_types() {
        for (name, expected) in [
            ("DnsName(\"a.example\")", "a.example"),
            ("IpAddress(127.0.0.1)", "127.0.0.1"),
            ("*.a.example", "*.a.example"),
            ("DnsName(\"a\u{1b}[2J\")", "a\\u{1b}[2J"),
        ] {
            assert_eq!(plain_name(name), expected);
        }
    }

    #[test]
    fn a_machine_without_authorities_gets_its_own_hint() {
        let described = |trust| {
            let error = Error::new(usher_shims::error::ErrorKind::Network, "x");
            TlsProblem::UnknownIssuer.describe(error, "a.example", trust)
        };
        let no_roots = described(CertificateTrust::Nothing);
        assert_eq!(no_roots.causes[1], "it has no certificate authorities");
        assert!(no_roots.hint.unwrap().contains("ca-certificates"));
        assert_eq!(described(CertificateTrust::System).causes.len(), 1);
    }
}
