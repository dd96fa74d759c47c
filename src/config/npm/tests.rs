//! Configurations as data, and the registry that they result in.

use std::io;

use url::Url;

use super::*;
use crate::config::settings::Settings;

const CONFIG: &str = "/home/me/.config/usher/config.toml";

/// What a case consists of; files by path, variables by name.
#[derive(Default)]
struct Case<'a> {
    setting: &'a str,
    variables: &'a [(&'a str, &'a str)],
    files: &'a [(&'a str, &'a str)],
    npm: &'a str,
}

impl Case<'_> {
    fn load(&self) -> Result<NpmAccess> {
        let text = Some(self.setting.to_owned()).filter(|setting| !setting.is_empty());
        let settings = Settings::load(&[(CONFIG.into(), text)], &|_| None)?;
        let variables: Vec<_> =
            self.variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let ask = || {
            let unanswered =
                Error::new(ErrorKind::Network, "npm printed nothing").because("it is broken");
            Address::configured(self.npm).ok_or(unanswered)
        };
        let read = |path: &Path| match self.files.iter().find(|(name, _)| Path::new(name) == path) {
            Some((_, "unreadable")) => Err(io::ErrorKind::PermissionDenied.into()),
            Some((_, text)) => Ok(text.as_bytes().to_vec()),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let sources = ConfigSources {
            settings: &settings,
            config: Path::new(CONFIG),
            variables: &variables,
            home: Some(Path::new("/home/me")),
            read: &read,
        };
        NpmAccess::load(&sources, (!self.npm.is_empty()).then_some(&ask))
    }

    /// The registry and its origin, or the error; never with a secret.
    fn registry(&self) -> String {
        match self.load() {
            Ok(access) => format!("{} ({})", access.registry, access.origin),
            Err(error) => error.to_string(),
        }
    }
}

const SETTING: &str = "npm_registry = 'https://setting.example'";
const USER: (&str, &str) = ("/home/me/.npmrc", "a=b\n\nregistry=https://user.example");
const MACHINE: (&str, &str) = ("/etc/npmrc", "registry = https://machine.example/npm");
const NPM: &str = "https://npm.example/";

#[test]
fn the_strongest_configuration_names_the_registry() {
    let variables = [("npm_config_registry", "https://variable.example/")];
    let files = [USER, MACHINE];
    let check = |case: Case<'_>, expected: &str| assert_eq!(case.registry(), expected);
    check(
        Case { setting: SETTING, variables: &variables, files: &files, npm: NPM },
        "https://setting.example/ (usher's setting npm_registry \
         (/home/me/.config/usher/config.toml:1))",
    );
    check(
        Case { variables: &variables, files: &files, npm: NPM, ..Case::default() },
        "https://variable.example/ (npm_config_registry)",
    );
    check(
        Case { files: &files, npm: NPM, ..Case::default() },
        "https://user.example/ (registry= in ~/.npmrc:3)",
    );
    check(
        Case { files: &files[1..], npm: NPM, ..Case::default() },
        "https://machine.example/npm/ (registry= in /etc/npmrc:1)",
    );
    check(Case { npm: NPM, ..Case::default() }, "https://npm.example/ (npm config get registry)");
}

#[test]
fn npm_config_variables_are_case_insensitive() {
    let check = |variables: &[(&str, &str)], expected: &str| {
        let case = Case { variables, files: &[USER], ..Case::default() };
        assert_eq!(case.registry(), expected, "{variables:?}");
    };
    let user = "https://user.example/ (registry= in ~/.npmrc:3)";
    let address = "https://registry.example/";
    check(&[("NPM_CONFIG_REGISTRY", address)], "https://registry.example/ (NPM_CONFIG_REGISTRY)");
    check(&[("Npm_Config_Registry", address)], "https://registry.example/ (Npm_Config_Registry)");
    check(
        &[("NPM_CONFIG_REGISTRY", "https://other.example/"), ("npm_config_registry", address)],
        "https://registry.example/ (npm_config_registry)",
    );
    check(
        &[("HOST", "registry.example"), ("npm_config_registry", "https://${HOST}/")],
        "https://registry.example/ (npm_config_registry)",
    );
    check(&[("npm_config_registry", "")], user);
    check(&[("npm_config_registry", "null")], user);
    check(&[("npm_config_registr", address)], user);
    check(&[("npm_configä", address)], user);
}

#[test]
fn npmrc_files_are_found_where_npm_reads_them() {
    let check = |variables: &[(&str, &str)], file: &str, expected: &str| {
        let files = [(file, "registry=https://registry.example")];
        let case = Case { variables, files: &files, npm: NPM, ..Case::default() };
        let found = case.registry();
        assert_eq!(found.rsplit_once(" (").unwrap().1, format!("{expected})"), "{file}");
    };
    check(&[], "/usr/local/etc/npmrc", "registry= in /usr/local/etc/npmrc:1");
    check(&[], "/usr/etc/npmrc", "registry= in /usr/etc/npmrc:1");
    check(&[], ".npmrc", "npm config get registry");
    check(&[], "/.npmrc", "npm config get registry");
    let user = [("NPM_CONFIG_USERCONFIG", "/tmp/rc")];
    check(&user, "/tmp/rc", "registry= in /tmp/rc:1");
    check(&user, "/home/me/.npmrc", "npm config get registry");
    check(&[("npm_config_userconfig", "~/rc")], "/home/me/rc", "registry= in ~/rc:1");
    let machine = [("npm_config_globalconfig", "/opt/npmrc")];
    check(&machine, "/opt/npmrc", "registry= in /opt/npmrc:1");
    check(&machine, "/etc/npmrc", "npm config get registry");
}

#[test]
fn the_last_registry_line_of_an_npmrc_wins() {
    let check = |text: &str, expected: &str| {
        let case = Case { files: &[("/home/me/.npmrc", text)], npm: NPM, ..Case::default() };
        assert_eq!(case.registry(), expected, "{text}");
    };
    check(
        "registry=https://a.example/\r\nregistry=\"https://b.example/\" ",
        "https://b.example/ (registry= in ~/.npmrc:2)",
    );
    check(
        "registry=https://${HOST?}registry.example/ ; ours",
        "https://registry.example/ (registry= in ~/.npmrc:1)",
    );
    check("registry=", "https://npm.example/ (npm config get registry)");
    check("@scope:registry=https://a.example/", "https://npm.example/ (npm config get registry)");
    check("[x]\nregistry=https://a.example/", "https://npm.example/ (npm config get registry)");
}

#[test]
fn without_configuration_the_error_names_the_settings() {
    let hint = "\n  hint: npm config set registry ADDRESS, or write npm_registry = \"ADDRESS\" into \
                /home/me/.config/usher/config.toml";
    let nothing = "no npm registry is configured";
    assert_eq!(Case::default().registry(), format!("{nothing}{hint}"));
    assert_eq!(Case::default().load().unwrap_err().kind(), ErrorKind::NoRegistry);
    let broken = Case { npm: "-", ..Case::default() };
    assert_eq!(
        broken.registry(),
        format!("{nothing}\n  npm printed nothing\n  it is broken{hint}")
    );
}

#[test]
fn invalid_configuration_is_an_error_with_file_and_line_and_without_secrets() {
    let long = format!("registry={NPM}\n#{}", "x".repeat(10_000_000));
    let registry = "registry=https://registry.example/\n";
    let check = |text: &str, expected: &str| {
        let text = if text.contains("registry=") { text } else { &format!("{registry}{text}") };
        let error = Case { files: &[("/home/me/.npmrc", text)], npm: NPM, ..Case::default() }
            .load()
            .unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(expected), "{message}");
        assert!(!message.contains("hunter2") && !message.contains('\u{1b}'), "{message}");
    };
    let address = "registry= in ~/.npmrc:1 must be an address that begins with http://";
    check("registry=registry.example", address);
    check("registry=ftp://me:hunter2@registry.example/", address);
    check("registry=https://me:hunter2@registry.example/\u{1b}[31m", address);
    check("registry=\"https://registry.example/\\u001b[31m\"", address);
    check("registry=${UNKNOWN}", address);
    check(&long, "~/.npmrc is too long for an .npmrc\n  it has 10000031 bytes");
    check("cafile=ca.pem", "cafile= in ~/.npmrc:2 must be an absolute path");
    check("cafile=\"/a\\u0000\"", "cafile= in ~/.npmrc:2 must be an absolute path");
    check("proxy=me:hunter2@proxy.example:8080", "proxy= in ~/.npmrc:2 must be an address");
    check("https-proxy=file:///x", "https-proxy= in ~/.npmrc:2 must be an address that");
    check("noproxy=\"a\\u001b\"", "noproxy= in ~/.npmrc:2 must be names of hosts");
    let credential = "a credential in ~/.npmrc:2 can't be used\n  ";
    check("//registry.example/:_authToken=\"hunter2\\r\\nX: y\"", credential);
    check("//me:hunter2@registry.example/:_auth=hunter2ä", credential);
}

#[test]
fn only_not_found_means_absent() {
    let error = Case { files: &[("/home/me/.npmrc", "unreadable")], npm: NPM, ..Case::default() }
        .load()
        .unwrap_err();
    assert_eq!(error.what, "can't read /home/me/.npmrc");
    assert_eq!(error.kind(), ErrorKind::Permission);
}

#[test]
fn certificates_and_proxies_are_found() {
    let check = |variables: &[(&str, &str)], text: &str, expected: &str| {
        let files = [
            ("/home/me/.npmrc", text),
            ("/etc/npmrc", "proxy=http://machine.example:3128\nnoproxy=localhost,.example"),
        ];
        let access = Case { variables, files: &files, npm: NPM, ..Case::default() }.load().unwrap();
        let found = [
            access.cafile.map(|file| file.path.to_string_lossy().into_owned()),
            access.proxy.map(|address| address.to_string()),
            access.https_proxy.map(|address| address.to_string()),
            access.noproxy,
        ];
        assert_eq!(found.map(|value| value.unwrap_or("-".to_owned())).join(" "), expected);
    };
    let machine = "http://machine.example:3128/";
    check(&[], "", &format!("- {machine} - localhost,.example"));
    check(&[], "cafile=/ca.pem", &format!("/ca.pem {machine} - localhost,.example"));
    check(&[], "cafile=~/ca.pem", &format!("/home/me/ca.pem {machine} - localhost,.example"));
    check(&[], "ca[]=x\nca=y\ncafile=null", &format!("- {machine} - localhost,.example"));
    check(&[], "proxy=null\nnoproxy=", "- - - -");
    check(
        &[
            ("npm_config_https_proxy", "http://me:hunter2@proxy.example:8080"),
            ("NPM_CONFIG_NOPROXY", "x"),
        ],
        "https-proxy=http://other.example",
        &format!("- {machine} http://…@proxy.example:8080/ x"),
    );
}

#[test]
fn credentials_are_sent_only_to_their_address() {
    let check = |text: &str, address: &str, expected: Option<&str>| {
        let text = format!("registry=https://registry.example:8443/npm/\n{text}");
        let variables = [("TOKEN", "t0ken"), ("npm_config_//env.example/:_authToken", "env")];
        let files = [
            ("/home/me/.npmrc", text.as_str()),
            ("/etc/npmrc", "//registry.example:8443/:_authToken=machine"),
        ];
        let case = Case { variables: &variables, files: &files, ..Case::default() };
        let access = case.load().unwrap();
        assert_eq!(
            access.credentials.authorization(&Url::parse(address).unwrap()),
            expected,
            "{address}"
        );
    };
    let token = "//registry.example:8443/npm/:_authToken=${TOKEN}";
    let own = Some("Bearer t0ken");
    check(token, "https://registry.example:8443/npm/node", own);
    check(token, "https://REGISTRY.example:8443/npm/@scope%2fx/-/x-1.tgz", own);
    check(token, "https://x:y@registry.example:8443/npm/node", own);
    for other in [
        "http://registry.example:8443/npm/node",
        "https://registry.example/npm/node",
        "https://registry.example:8444/npm/node",
        "https://registry.example.:8443/npm/node",
        "https://registry.example.evil.example:8443/npm/node",
        "https://registry.example:8443@evil.example/npm/node",
        "https://evil.example/registry.example:8443/npm/node",
        "file:///registry.example:8443/npm/node",
    ] {
        check(token, other, None);
    }
    let weaker = Some("Bearer machine");
    check(token, "https://registry.example:8443/npmx/node", weaker);
    check(token, "https://registry.example:8443/npm/../node", weaker);
    check("", "https://registry.example:8443/npm/node", weaker);
    check(
        "//registry.example:8443/npm/:_authToken=${NONE}",
        "https://registry.example:8443/npm/",
        weaker,
    );
    check("", "https://env.example/x", Some("Bearer env"));

    let other = "https://other.example/x";
    check("//other.example/:_auth=bWU6cHc=", other, Some("Basic bWU6cHc="));
    check(
        "//other.example/:username=me\n//other.example/:_password=cHc",
        other,
        Some("Basic bWU6cHc="),
    );
    check("//other.example/:username=me", other, None);
    check("//other.example/:_auth=x\n//other.example/:_authToken=y", other, Some("Bearer y"));
    check("//other.example:443:_authToken=y", other, Some("Bearer y"));
    check("//other.example/:email=y\n//:_authToken=z\n//%/:_authToken=z", other, None);
    check("_authToken=x\n_auth=y", other, None);
    // Broken, but another program's business.
    check("//other.example/:_authToken=\"a\\nb\"", other, None);
    check("//other.example/:username=me\n//other.example/:_password=%", other, None);
}

#[test]
fn credentials_over_http_are_sent_only_to_the_registry() {
    let text = "registry=http://registry.example:4873/\n//registry.example:4873/:_authToken=a\n\
                //other.example/:_authToken=b";
    let access = Case { files: &[("/home/me/.npmrc", text)], ..Case::default() }.load().unwrap();
    let check = |address: &str, expected: Option<&str>| {
        assert_eq!(
            access.credentials.authorization(&Url::parse(address).unwrap()),
            expected,
            "{address}"
        );
    };
    check("http://registry.example:4873/node", Some("Bearer a"));
    check("http://other.example/node", None);
    check("https://other.example/node", Some("Bearer b"));
}

#[test]
fn npm_secrets_are_not_in_debug_output() {
    let text = "registry=https://me:hunter2@registry.example/\n\
                //registry.example/:_authToken=hunter2\nproxy=http://me:hunter2@proxy.example";
    let access = Case { files: &[("/home/me/.npmrc", text)], ..Case::default() }.load().unwrap();
    assert!(access.registry.with_secrets().contains("hunter2"));
    assert_eq!(
        format!("{access:?}"),
        "NpmAccess { registry: Address(https://…@registry.example/), \
         origin: \"registry= in ~/.npmrc:1\", cafile: None, \
         proxy: Some(Address(http://…@proxy.example/)), https_proxy: None, noproxy: None, \
         credentials: Credentials { all: [Credential(registry.example/)], unencrypted: None } }"
    );
}
