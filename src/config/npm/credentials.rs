//! The user's credentials, from the keys that begin with `//`.
//!
//! `http/credentials.rs` decides which address gets which.

use std::collections::BTreeMap;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use url::{Position, Url};
use usher_shims::error::{Error, ErrorKind, Result};

use crate::config::sources::ConfigValue;
use crate::http::{Address, Credential, Credentials};

/// All credentials in the configuration.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`] for one that can't be sent to the registry's own host. Invalid ones for
/// other hosts are left out: they may be for other programs.
pub(super) fn read_credentials(values: &[ConfigValue], registry: &Address) -> Result<Credentials> {
    let mut keys: BTreeMap<String, Keys<'_>> = BTreeMap::new();
    // A value with a variable that isn't set would only make a public registry answer 401.
    for value in values.iter().filter(|value| value.is_set() && !value.value.contains("${")) {
        if let Some((address, name)) = value.key.strip_prefix("//").and_then(|k| k.rsplit_once(':'))
            && let Some(address) = key_address(address)
        {
            keys.entry(address).or_default().record_key(name, value);
        }
    }
    let own = registry.public_url().ok();
    let own_host = own.as_ref().map(|url| &url[Position::BeforeHost..Position::AfterPort]);
    let mut credentials = Vec::new();
    for (address, keys) in keys {
        match keys.header() {
            Ok(Some(header)) => credentials.push(Credential::new(&address, header)),
            Err(error) if address.split('/').next() == own_host => return Err(error),
            Ok(None) | Err(_) => {}
        }
    }
    Ok(Credentials::new(credentials, own.as_ref()))
}

/// The credentials for one address, the strongest of each kind.
#[derive(Default)]
struct Keys<'a> {
    token: Option<&'a ConfigValue>,
    user: Option<&'a ConfigValue>,
    password: Option<&'a ConfigValue>,
    user_and_password: Option<&'a ConfigValue>,
}

impl<'a> Keys<'a> {
    fn record_key(&mut self, name: &str, value: &'a ConfigValue) {
        let slot = match name {
            "_authToken" => &mut self.token,
            "username" => &mut self.user,
            "_password" => &mut self.password,
            "_auth" => &mut self.user_and_password,
            _ => return,
        };
        slot.get_or_insert(value);
    }

    /// The header's value, in npm's order: token, user name with password, both in one.
    fn header(&self) -> Result<Option<String>> {
        let (header, value) = match (self.token, self.user, self.password, self.user_and_password) {
            (Some(token), ..) => (format!("Bearer {}", token.value), token),
            (None, Some(user), Some(password), _) => (basic(user, password)?, password),
            (None, _, _, Some(user_and_password)) => {
                (format!("Basic {}", user_and_password.value), user_and_password)
            }
            (None, _, _, None) => return Ok(None),
        };
        if header.chars().all(|c| matches!(c, ' '..='~')) {
            return Ok(Some(header));
        }
        Err(unusable_credential_error(value, "it holds characters that can't be sent"))
    }
}

/// npm stores the password in base64, and the header has both.
fn basic(user: &ConfigValue, password: &ConfigValue) -> Result<String> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let base64 = GeneralPurpose::new(&alphabet::STANDARD, config);
    let Ok(password) = base64.decode(&password.value) else {
        return Err(unusable_credential_error(password, "it isn't base64"));
    };
    let user_and_password = [user.value.as_bytes(), b":", &password].concat();
    Ok(format!("Basic {}", base64.encode(user_and_password)))
}

fn unusable_credential_error(value: &ConfigValue, cause: &str) -> Error {
    Error::new(ErrorKind::BadSetting, format!("{} can't be used", value.origin)).because(cause)
}

/// An address as in a key, `host/path`, normalized and with a slash at its end.
fn key_address(text: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{text}")).ok()?;
    let address = host_and_path(&url);
    Some(if address.ends_with('/') { address } else { address + "/" })
}

/// Host, port and path of an address, without user name, query and fragment.
fn host_and_path(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPath].to_owned()
}
