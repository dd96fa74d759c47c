//! Why a connection can't be encrypted, in plain words. It reads the library's errors and asks
//! nobody.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error as TlsError};
use usher_shims::error::{Error, Escaped};

use super::authorities::{Authorities, LoadedAuthorities};
use crate::files::clock;

/// Whose signature under a certificate counts.
#[derive(Clone, Copy)]
pub(super) enum CertificateTrust<'a> {
    /// Those that the machine knows.
    SystemRoots,
    /// The machine knows none: a slim container.
    NoRoots,
    /// Those that a person named in their place.
    CustomRoots(&'a Authorities),
}

/// What is wrong with an encrypted connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsProblem {
    /// Nobody who counts has signed the certificate.
    UnknownIssuer,
    /// The certificate is for these names, and not for the one that was asked.
    WrongName(Vec<String>),
    /// It isn't valid today; with the day on which it began or ceased to be.
    OutsideValidity(&'static str, Option<Duration>),
    /// It isn't accepted for another reason.
    Certificate(String),
    /// What answers speaks no TLS.
    NotTls,
    /// The two find no way to encrypt that both accept.
    NoCommonProtocol,
}

const HINT_PROXY: &str = "if a proxy answers in its place, name the file with that proxy's \
                          certificate: export SSL_CERT_FILE=/…";
const HINT_NAMED: &str = "name a file of PEM certificates: export SSL_CERT_FILE=/…; or: unset SSL_CERT_FILE SSL_CERT_DIR";
const HINT_NOBODY: &str =
    "install the package ca-certificates, or name such a file: export SSL_CERT_FILE=/…";

/// What is wrong, if the error is one of those that are known here.
pub(super) fn tls_problem(error: &TlsError) -> Option<TlsProblem> {
    match error {
        TlsError::InvalidCertificate(certificate) => Some(of_certificate(certificate)),
        TlsError::InvalidMessage(_) => Some(TlsProblem::NotTls),
        TlsError::AlertReceived(_) | TlsError::PeerIncompatible(_) => {
            Some(TlsProblem::NoCommonProtocol)
        }
        _ => None,
    }
}

fn of_certificate(certificate: &CertificateError) -> TlsProblem {
    let since = |time: &UnixTime| Some(Duration::from_secs(time.as_secs()));
    match certificate {
        CertificateError::Expired => TlsProblem::OutsideValidity("it has expired", None),
        CertificateError::ExpiredContext { not_after, .. } => {
            TlsProblem::OutsideValidity("it expired on", since(not_after))
        }
        CertificateError::NotValidYet => TlsProblem::OutsideValidity("it is not valid yet", None),
        CertificateError::NotValidYetContext { not_before, .. } => {
            TlsProblem::OutsideValidity("it is not valid before", since(not_before))
        }
        CertificateError::NotValidForName => TlsProblem::WrongName(Vec::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            TlsProblem::WrongName(presented.iter().map(|name| plain(name)).collect())
        }
        CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
        CertificateError::BadSignature => {
            TlsProblem::Certificate("its signature isn't that of the authority it names".to_owned())
        }
        other => match other.to_string() {
            // What `openssl req -x509` makes, unless told otherwise.
            text if text.contains("CaUsedAsEndEntity") => {
                TlsProblem::Certificate("it is an authority's own, and no server's".to_owned())
            }
            text => TlsProblem::Certificate(Escaped(&text).to_string()),
        },
    }
}

/// `DnsName("a.example")` as people write it.
fn plain(name: &str) -> String {
    let inner = name.split_once('"').and_then(|(_, rest)| rest.split_once('"'));
    let text = inner.map_or_else(|| bare(name), |(name, _)| name);
    Escaped(text).to_string()
}

/// `IpAddress(127.0.0.1)` without what stands around it.
fn bare(name: &str) -> &str {
    name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name)
}

impl TlsProblem {
    /// Adds to an error what is wrong with the connection to a host, and what to do about it.
    pub(super) fn told(&self, error: Error, host: &str, trust: CertificateTrust<'_>) -> Error {
        let host = Escaped(host);
        let refused = |why: &str| format!("the certificate of {host} isn't accepted: {why}");
        match self {
            Self::UnknownIssuer => {
                let error =
                    error.because(refused("it is signed by nobody whom this machine trusts"));
                untrusted(error, trust)
            }
            Self::WrongName(names) => {
                let what = match names.as_slice() {
                    [] => "it is for another name".to_owned(),
                    names => format!("it is for {}", names.join(", ")),
                };
                error.because(refused(&what)).hint(format!(
                    "a proxy or a login page may answer in its place; look: curl -v https://{host}/"
                ))
            }
            Self::OutsideValidity(why, since) => {
                let date = since.map(|since| format!(" {}", clock::date(UNIX_EPOCH + since))).unwrap_or_default();
                error.because(refused(&format!("{why}{date}"))).because(clock::describe(SystemTime::now())).hint(
                    format!(
                        "is this machine's clock right (type: date)? if it is, {host} wants a new certificate"
                    ),
                )
            }
            Self::Certificate(why) => error.because(refused(why)).hint(HINT_PROXY),
            Self::NotTls => error.because(format!("what answers at {host} speaks no TLS")).hint(
                format!("is it an http:// address? a login page may answer, too; look: curl -v http://{host}/"),
            ),
            Self::NoCommonProtocol => error
                .because(format!("{host} accepts no encryption that usher knows (TLS 1.2 or newer)"))
                .hint(format!("look which it knows: curl -v https://{host}/")),
        }
    }
}

fn untrusted(error: Error, trust: CertificateTrust<'_>) -> Error {
    match trust {
        CertificateTrust::SystemRoots => error.hint(HINT_PROXY),
        CertificateTrust::NoRoots => {
            error.because("it knows no authority at all").hint(HINT_NOBODY)
        }
        CertificateTrust::CustomRoots(roots) => {
            let LoadedAuthorities { told, is_faulty, .. } = roots.read();
            let error = told.into_iter().fold(error, Error::because);
            error.hint(if is_faulty { HINT_NAMED } else { HINT_PROXY })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_people_write_them() {
        for (name, expected) in [
            ("DnsName(\"a.example\")", "a.example"),
            ("IpAddress(127.0.0.1)", "127.0.0.1"),
            ("*.a.example", "*.a.example"),
            ("DnsName(\"a\u{1b}[2J\")", "a\\u{1b}[2J"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }

    #[test]
    fn a_machine_without_authorities_is_told_apart() {
        let told = |trust| {
            let error = Error::new(usher_shims::error::ErrorKind::Network, "x");
            TlsProblem::UnknownIssuer.told(error, "a.example", trust)
        };
        let nobody = told(CertificateTrust::NoRoots);
        assert_eq!(nobody.causes[1], "it knows no authority at all");
        assert!(nobody.hint.unwrap().contains("ca-certificates"));
        assert_eq!(told(CertificateTrust::SystemRoots).causes.len(), 1);
    }
}
