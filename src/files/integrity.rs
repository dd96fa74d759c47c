//! Published hashes, in the formats that upstreams use, and hashing.
//!
//! It parses text and hashes bytes, and must not know where either comes from.

use std::fmt;
use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};

/// A published hash. SHA-1 and MD5 are too weak to prove anything, so they have no variant.
///
/// `Display` gives `sha256:<hex>` or `sha512:<hex>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    /// SHA-256, as in a `SHASUMS256.txt`.
    Sha256([u8; 32]),
    /// SHA-512, as in npm's `dist.integrity`.
    Sha512([u8; 64]),
}

impl Integrity {
    /// Parses hexadecimal digits of either case: 64 of them are a SHA-256, 128 a SHA-512.
    pub fn from_hex(text: &str) -> Option<Self> {
        match text.len() {
            64 => bytes(text).map(Self::Sha256),
            128 => bytes(text).map(Self::Sha512),
            _ => None,
        }
    }

    /// Parses a Subresource Integrity text, `sha512-<base64>`, and returns the strongest of several
    /// hashes.
    ///
    /// `None` if none is strong enough (SHA-1 alone), or if a strong one is invalid. See
    /// <https://www.w3.org/TR/SRI/#the-integrity-attribute>.
    pub fn from_sri(text: &str) -> Option<Self> {
        let mut strongest = None;
        for hash in text.split_ascii_whitespace() {
            let (algorithm, rest) = hash.split_once('-')?;
            let encoded = rest.split('?').next()?;
            match algorithm {
                "sha512" => return decode_base64(encoded).map(Self::Sha512),
                "sha256" => strongest = Some(Self::Sha256(decode_base64(encoded)?)),
                _ => {}
            }
        }
        strongest
    }

    /// Finds the hash of `name` in the output of `sha256sum`: `<hex>  name`, or `<hex> *name` for a
    /// binary file.
    ///
    /// `None` if the name isn't listed, or is listed with two different hashes.
    pub fn from_shasums(text: &str, name: &str) -> Option<Self> {
        let mut found = None;
        for line in text.lines() {
            let Some((hex, listed)) = line.split_once(' ') else { continue };
            let Some(listed) = listed.strip_prefix([' ', '*']) else { continue };
            if listed != name {
                continue;
            }
            let integrity = Self::from_hex(hex)?;
            if found.is_some_and(|before| before != integrity) {
                return None;
            }
            found = Some(integrity);
        }
        found
    }

    /// Parses what `Display` writes: `sha256:<hex>` or `sha512:<hex>`.
    pub fn from_text(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        match algorithm {
            "sha256" => bytes(hex).map(Self::Sha256),
            "sha512" => bytes(hex).map(Self::Sha512),
            _ => None,
        }
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(bytes) => write!(f, "sha256:{}", to_hex(bytes)),
            Self::Sha512(bytes) => write!(f, "sha512:{}", to_hex(bytes)),
        }
    }
}

/// Bytes in lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn bytes<const LENGTH: usize>(hex: &str) -> Option<[u8; LENGTH]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * LENGTH {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (hex_digit(pair[0])? << 4) | hex_digit(pair[1])?;
    }
    Some(bytes)
}

fn hex_digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn decode_base64<const LENGTH: usize>(base64: &str) -> Option<[u8; LENGTH]> {
    STANDARD.decode(base64).ok()?.try_into().ok()
}

/// Hashes a stream, and compares the result with the published hash.
///
/// SHA-256 is always computed: receipts contain it, whatever upstream published.
pub struct Hasher {
    expected: Option<Integrity>,
    sha256: Sha256,
    sha512: Option<Sha512>,
}

/// The bytes don't have the published hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The published hash, as [`Integrity`] is displayed.
    pub expected: String,
    /// The hash of the bytes, by the same algorithm.
    pub actual: String,
}

impl Hasher {
    /// A hasher for bytes that should have the hash `expected`, if one is published.
    pub fn new(expected: Option<&Integrity>) -> Self {
        let sha512 = match expected {
            Some(Integrity::Sha512(_)) => Some(Sha512::new()),
            Some(Integrity::Sha256(_)) | None => None,
        };
        Self { expected: expected.copied(), sha256: Sha256::new(), sha512 }
    }

    /// Hashes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(bytes);
        }
    }

    /// The SHA-256 of all bytes, in lower-case hexadecimal digits; [`Mismatch`] if they don't have
    /// the expected hash.
    pub fn finish(self) -> Result<String, Mismatch> {
        let sha256 = self.sha256.finalize();
        let actual = match self.sha512 {
            Some(sha512) => Integrity::Sha512(sha512.finalize().into()),
            None => Integrity::Sha256(sha256.into()),
        };
        match self.expected {
            Some(expected) if expected != actual => {
                Err(Mismatch { expected: expected.to_string(), actual: actual.to_string() })
            }
            Some(_) | None => Ok(to_hex(&sha256)),
        }
    }
}

/// The SHA-256 of some bytes, in lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    to_hex(&Sha256::digest(bytes))
}

/// The SHA-256 of the rest of a reader, in lower-case hexadecimal digits. Reads one `buffer` at a time.
pub fn sha256_of(mut reader: impl Read, buffer: &mut [u8]) -> io::Result<String> {
    let mut hasher = Sha256::new();
    loop {
        match reader.read(buffer) {
            Ok(0) => return Ok(to_hex(&hasher.finalize())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 and SHA-512 of `abc`: FIPS 180-2, appendices B.1 and C.1.
    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const SHA512: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                          2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    const SRI256: &str = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    const SRI512: &str = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
    const SRI1: &str = "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";

    fn check(text: &str, read: fn(&str) -> Option<Integrity>, shown: Option<&str>) {
        let integrity = read(text);
        assert_eq!(integrity.map(|hash| hash.to_string()).as_deref(), shown, "{text}");
        assert_eq!(shown.and_then(Integrity::from_text), integrity, "{text}, read back");
    }

    #[test]
    fn hashes_are_parsed_in_every_format() {
        let (in_256, in_512) = (format!("sha256:{SHA256}"), format!("sha512:{SHA512}"));
        let (sha256, sha512) = (Some(in_256.as_str()), Some(in_512.as_str()));
        let hex = Integrity::from_hex;
        check(SHA256, hex, sha256);
        check(&SHA256.to_uppercase(), hex, sha256);
        check(SHA512, hex, sha512);
        check(&SHA256[1..], hex, None);
        check(&SHA256.replace('b', "g"), hex, None);
        check(&format!("é{}", &SHA256[2..]), hex, None);
        check("", hex, None);
        let sri = Integrity::from_sri;
        check(SRI512, sri, sha512);
        check(SRI256, sri, sha256);
        check(&format!("{SRI1} {SRI256}"), sri, sha256);
        check(&format!("{SRI256} {SRI512}\n{SRI1}"), sri, sha512);
        check(&format!("{SRI512}?type=x"), sri, sha512);
        check(SRI1, sri, None);
        check("", sri, None);
        check("sha512", sri, None);
        check("sha512-AAAA", sri, None);
        check(&format!("{SRI256} sha512-AAAA"), sri, None);
        check(&SRI512.replace("sha512", "SHA512"), sri, None);
    }

    #[test]
    fn a_list_of_hashes_is_searched_for_the_whole_name() {
        let other = SHA256.replace('a', "0");
        let find = |text: &str| Integrity::from_shasums(text, "a.tar.gz");
        let expected = Integrity::from_hex(SHA256);
        for text in [
            format!("{other}  b\n{SHA256}  a.tar.gz\n"),
            format!("{SHA256} *a.tar.gz\r\n"),
            format!("{SHA256}  a.tar.gz\n{SHA256} *a.tar.gz"),
        ] {
            assert_eq!(find(&text), expected, "{text}");
        }
        for text in [
            String::new(),
            format!("{SHA256}  x/a.tar.gz"),
            format!("{SHA256}  a.tar.gz.asc"),
            format!("{SHA256} a.tar.gz"),
            format!("{}  a.tar.gz", &SHA256[2..]),
            format!("{SHA256}  a.tar.gz\n{other}  a.tar.gz"),
            "<!DOCTYPE html>".to_owned(),
        ] {
            assert_eq!(find(&text), None, "{text}");
        }
    }

    #[test]
    fn a_hasher_compares_with_the_expected_hash() {
        for expected in [None, Integrity::from_hex(SHA256), Integrity::from_hex(SHA512)] {
            let mut hasher = Hasher::new(expected.as_ref());
            hasher.update(b"a");
            hasher.update(b"bc");
            assert_eq!(hasher.finish().as_deref(), Ok(SHA256));
        }
        for expected in [SHA256, SHA512].map(|hex| Integrity::from_hex(hex).unwrap()) {
            let mut hasher = Hasher::new(Some(&expected));
            hasher.update(b"abd");
            let mismatch = hasher.finish().unwrap_err();
            assert_eq!(mismatch.expected, expected.to_string());
            assert_ne!(mismatch.actual, mismatch.expected);
            assert_eq!(mismatch.actual.len(), mismatch.expected.len());
        }
    }
}
