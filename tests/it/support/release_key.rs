//! A key that signs releases of usher, in minisign's format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// The key's number, which signatures name.
const NUMBER: [u8; 8] = *b"of tests";

/// A pair of keys.
pub(crate) struct ReleaseKey(Ed25519KeyPair);

impl ReleaseKey {
    /// The key that a seed makes.
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes make a key"))
    }

    /// The public key, as a build has it.
    pub(crate) fn public(&self) -> String {
        STANDARD.encode([b"Ed", &NUMBER[..], self.0.public_key().as_ref()].concat())
    }

    /// The signature of a text with this trusted comment: a file of minisign's.
    pub(crate) fn sign(&self, text: &str, comment: &str) -> String {
        let signature = self.0.sign(&Blake2b512::digest(text));
        let global = self.0.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        let signature = STANDARD.encode([b"ED", &NUMBER[..], signature.as_ref()].concat());
        let global = STANDARD.encode(global.as_ref());
        format!("untrusted comment: x\n{signature}\ntrusted comment: {comment}\n{global}\n")
    }
}
