//! Which source is read, when, and which of its releases is chosen. No network is used: the test
//! states what the sources list.

use std::sync::Mutex;
use std::time::Duration;

use usher_definition::{Definition, NpmSource, PypiSource, Source};
use usher_shims::error::ErrorKind;
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::RequestTrust;
use usher_shims::resolve::Compatibility;

use super::*;
use crate::http::Address;
use crate::registry::Registry;
use crate::releases::index_entry::ListedArchive;

const PLATFORM: &str = "linux-x64-glibc2.36";

/// What sources answer, by name: the versions that a source lists (`new 12.0.0 14.0.0`), or a
/// failure. The text after a bar is its second answer.
type Answers = &'static [(&'static str, &'static str)];

struct Script<'a> {
    answers: Answers,
    reads: &'a Mutex<Vec<String>>,
}

impl ReadSource for Script<'_> {
    fn read(
        &self,
        source: &AvailableSource<'_>,
        policy: CachePolicy,
    ) -> std::result::Result<ListedReleases, FetchError> {
        let (name, script) = self.answers.iter().find(|(name, _)| *name == source.name).unwrap();
        let answers: Vec<&str> = script.split(" | ").collect();
        let (answer, read) = match policy {
            CachePolicy::AllowFresh => (answers[0], (*name).to_owned()),
            CachePolicy::Revalidate => (answers[1], format!("{name} again")),
            CachePolicy::CacheOnly => (answers[0], format!("{name}'s cache")),
        };
        self.reads.lock().unwrap().push(match source.is_translated {
            true => format!("{read} for {}", source.platform),
            false => read,
        });
        let error = Error::new(ErrorKind::Network, format!("it is {answer}"));
        let (kind, versions) = answer.split_once(' ').unwrap_or((answer, ""));
        let freshness = match kind {
            "new" => Freshness::New,
            "cached" => Freshness::Cached(Duration::from_secs(5 * 60)),
            "stale" => Freshness::StaleFallback(Duration::from_secs(5 * 3_600)),
            "unreachable" => return Err(FetchError::Unreachable(error)),
            "absent" => return Err(FetchError::NotFound(error)),
            "refused" => return Err(FetchError::BadResponse(error)),
            "fatal" => return Err(FetchError::Fatal(error)),
            other => panic!("{other}"),
        };
        let is_translated = source.is_translated;
        let release = |version: &str| Release { is_translated, ..release(version, name) };
        let releases = versions.split_whitespace().map(release).collect();
        let served_from =
            ServedFrom { source: (*name).to_owned(), host: format!("{name}.example") };
        Ok(ListedReleases { releases, served_from, freshness })
    }

    fn release_parts(
        &self,
        source: &AvailableSource<'_>,
        _release: &Release,
    ) -> std::result::Result<Vec<ReleasePart>, FetchError> {
        Ok(vec![ReleasePart { title: source.name.to_owned(), ..ReleasePart::default() }])
    }
}

fn release(version: &str, source: &str) -> Release {
    let address = format!("https://{source}.example/{version}.tar.gz");
    let address = Address::parse(&address).unwrap();
    let archive = ListedArchive { address, hash: Ok(None), size: Ok(None), rule: 0 };
    Release {
        version: Version::parse(version).unwrap(),
        lts: None,
        source: source.to_owned(),
        archive: Some(archive),
        is_translated: false,
    }
}

/// What is on the machine.
#[derive(Clone, Default)]
struct Disk {
    runtime: Option<Runtime>,
    installed: Vec<Version>,
}

impl InstalledTools for Disk {
    fn runtime(&self, _tool: &Tool) -> Result<Option<Runtime>> {
        Ok(self.runtime.clone())
    }

    fn installed(&self, _tool: &Tool) -> Vec<Version> {
        self.installed.clone()
    }
}

/// A tool with sources of these answers, and all that a search depends on.
struct Case {
    registry: Registry,
    tool: &'static str,
    answers: Answers,
    settings: Settings,
    policy: Policy,
    disk: Disk,
    reads: Mutex<Vec<String>>,
    platform: &'static str,
    translated: Option<&'static str>,
}

impl Case {
    fn new(tool: &'static str, answers: Answers) -> Self {
        let (registry, settings) = (Registry::load().unwrap(), Settings::default());
        let (policy, disk, reads) = (Policy::default(), Disk::default(), Mutex::default());
        let (platform, translated) = (PLATFORM, None);
        Self { registry, tool, answers, settings, policy, disk, reads, platform, translated }
    }

    fn with_policy(mut self, policy: &str) -> Self {
        self.policy = Policy::parse(policy.as_bytes()).unwrap();
        self
    }

    fn offline(mut self) -> Self {
        self.settings.go_offline();
        self
    }

    /// The tool, with the sources of the answers; one with a capital letter has nothing for this
    /// platform.
    fn definition(&self) -> Definition {
        let source = |(name, _): &(&str, &str)| {
            let is_elsewhere = name.starts_with(char::is_uppercase);
            let project = PypiSource {
                project: "x".to_owned(),
                version_components: None,
                versions: None,
                subdir: String::new(),
            };
            let packages = NpmSource {
                package: [("macos-x64".to_owned(), "x".to_owned())].into(),
                versions: None,
                destination: String::new(),
                links: [].into(),
                companion: Vec::new(),
            };
            Source {
                name: (*name).to_owned(),
                index: None,
                npm: is_elsewhere.then_some(packages),
                pypi: (!is_elsewhere).then_some(project),
            }
        };
        let known = self.registry.named(self.tool).unwrap();
        Definition { source: self.answers.iter().map(source).collect(), ..known.definition.clone() }
    }

    fn finder(&self) -> Finder<'_> {
        let settings = &self.settings;
        Finder {
            catalog: Catalog {
                settings,
                platform: self.platform.to_owned(),
                translated: self.translated,
            },
            sources: Box::new(Script { answers: self.answers, reads: &self.reads }),
            machine: Box::new(self.disk.clone()),
            settings,
            policy: &self.policy,
            batch: &[],
        }
    }

    fn with_known<T>(&self, act: impl FnOnce(KnownTool<'_>) -> T) -> T {
        let definition = self.definition();
        let tool = self.registry.named(self.tool).unwrap().tool;
        act(KnownTool { tool, definition: &definition })
    }

    fn find(&self, request: &str) -> Result<Release> {
        self.find_excluding(request, &[])
    }

    fn find_excluding(&self, request: &str, excluded: &[String]) -> Result<Release> {
        self.with_known(|known| {
            let request = Request::parse(request, known.tool, RequestTrust::User).unwrap();
            let tool_request =
                ToolRequest { known, request: &request, origin: &Origin::CommandLine };
            self.finder().find_excluding(&tool_request, excluded)
        })
    }

    /// The sources that were read since the last call.
    fn take_reads(&self) -> String {
        std::mem::take(&mut *self.reads.lock().unwrap()).join(", ")
    }

    /// Checks which release of which source is found, and which sources were read for it.
    #[track_caller]
    fn check(&self, request: &str, expected: &str, reads: &str) {
        assert_eq!(
            (outcome(self.find(request)).as_str(), self.take_reads().as_str()),
            (expected, reads)
        );
    }
}

fn outcome(found: Result<Release>) -> String {
    match found {
        Ok(release) => format!("{} of {}", release.version, release.source),
        Err(error) => error.to_string(),
    }
}

#[test]
fn sources_are_tried_in_order() {
    let node = |answers| Case::new("node", answers);
    node(&[("a", "new 12.0.0"), ("b", "new 12.1.0")]).check("12", "12.0.0 of a", "a");
    node(&[("a", "new 12.0.0"), ("b", "new 14.0.0")]).check("14", "14.0.0 of b", "a, b");
    node(&[("a", "new 12.0.0 12.2.0 12.1.0")]).check("12", "12.2.0 of a", "a");
    node(&[("A", "new 12.0.0"), ("b", "new 12.1.0")]).check("12", "12.1.0 of b", "b");
}

#[test]
fn what_was_never_built_for_a_platform_is_translated() {
    let node = |platform, answers| {
        let translated = (platform == "macos-arm64").then_some("macos-x64");
        Case { platform, translated, ..Case::new("node", answers) }
    };
    // A name with a capital letter has something for `macos-x64` only.
    let answers: Answers = &[("A", "new 14.0.0 16.0.0"), ("b", "new 16.0.0 18.0.0")];
    node("macos-arm64", answers).check("16", "16.0.0 of b", "b");
    node("macos-arm64", answers).check("14", "14.0.0 of A", "b, A for macos-x64");
    node("macos-x64", answers).check("14", "14.0.0 of A", "A");
    let release = node("macos-arm64", answers).find("14").unwrap();
    assert!(release.is_translated);
    // Without Rosetta the error says what it would be good for.
    let without = Case { translated: None, ..node("macos-arm64", answers) };
    let error = without.find("14").unwrap_err();
    assert!(error.causes.iter().any(|cause| cause.contains("softwareupdate")), "{error}");
}

#[test]
fn a_failing_source_is_skipped_unless_the_error_is_fatal() {
    let node = |answers| Case::new("node", answers);
    node(&[("a", "unreachable"), ("b", "new 12.0.0")]).check("12", "12.0.0 of b", "a, b");
    node(&[("a", "absent"), ("b", "new 12.0.0")]).check("12", "12.0.0 of b", "a, b");
    node(&[("a", "refused"), ("b", "new 12.0.0")]).check("12", "12.0.0 of b", "a, b");
    let fatal = node(&[("a", "fatal"), ("b", "new 12.0.0")]);
    assert_eq!(fatal.find("12").unwrap_err().what, "it is fatal");
    assert_eq!(fatal.take_reads(), "a");
}

#[test]
fn a_cached_index_without_a_match_is_revalidated() {
    let node = |answers| Case::new("node", answers);
    node(&[("a", "cached 12.0.0 | new 14.0.0")]).check("12", "12.0.0 of a", "a");
    node(&[("a", "cached 12.0.0 | new 14.0.0")]).check("14", "14.0.0 of a", "a, a again");
    node(&[("a", "cached 12.0.0 | new 12.0.0"), ("b", "new 14.0.0")]).check(
        "14",
        "14.0.0 of b",
        "a, a again, b",
    );
    node(&[("a", "cached 12.0.0 | unreachable"), ("b", "new 14.0.0")]).check(
        "14",
        "14.0.0 of b",
        "a, a again, b",
    );
    // Its source could not be reached just now.
    node(&[("a", "stale 12.0.0"), ("b", "new 14.0.0")]).check("14", "14.0.0 of b", "a, b");
}

#[test]
fn forbidden_releases_are_not_found() {
    let node = |policy: &str| {
        Case::new("node", &[("a", "new 16.2.0 17.1.0 17.9.1"), ("b", "new 8.0.0")])
            .with_policy(policy)
    };
    node("deny = ['node@17']").check(">=16", "16.2.0 of a", "a");
    node("allow = ['node@17.1', 'node@8']").check("17", "17.1.0 of a", "a");
    node("allow = ['node@17.1', 'node@8']").check("8", "8.0.0 of b", "a, b");
    let error = node("deny = ['node@17']").find("17").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    insta::assert_snapshot!(error, @"
    node 17.9.1 is not allowed on this machine
      requested by the command line
      /etc/usher/policy.toml:1: `deny` has node@17
      hint: use list node
    ");
    let error = node("deny = ['node@17']").find("99").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoMatchingVersion);
    // What can't be allowed isn't looked up.
    for (policy, request) in [("allow = ['python']", "16"), ("deny = ['node@17']", "17.1.0")] {
        let case = node(policy);
        assert_eq!(case.find(request).unwrap_err().kind(), ErrorKind::Forbidden);
        assert_eq!(case.take_reads(), "");
    }
}

#[test]
fn excluded_sources_are_not_read() {
    let case = Case::new("node", &[("a", "new 12.0.0"), ("b", "new 12.1.0")]);
    let found = case.find_excluding("12", &["a".to_owned()]);
    assert_eq!((outcome(found), case.take_reads()), ("12.1.0 of b".to_owned(), "b".to_owned()));
}

#[test]
fn the_settings_can_select_a_source() {
    let mut case = Case::new("node", &[("a", "new 12.0.0"), ("b", "new 12.1.0")]);
    case.settings.source.insert("node".to_owned(), "b".to_owned());
    case.check("12", "12.1.0 of b", "b");
    case.settings.source.insert("node".to_owned(), "c".to_owned());
    let error = case.find("12").unwrap_err();
    assert!(error.what.starts_with("node has no source “c” ("), "{error}");
    assert_eq!(error.causes, ["its sources: a, b"]);
    assert_eq!(case.take_reads(), "");
}

#[test]
fn offline_only_cached_indexes_are_used() {
    let answers: Answers = &[("a", "cached 12.0.0"), ("b", "cached 14.0.0")];
    let case = Case::new("node", answers).offline();
    case.check("14", "14.0.0 of b", "a, b");
    let error = case.find("16").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoMatchingVersion);
    insta::assert_snapshot!(error, @r"
    no node release matches 16 in the sources that answered (requested by the command line)
      nearest: 14.0.0
      a: not in the cached index, which is 5 min old: usher is offline (--offline)
      b: not in the cached index, which is 5 min old: usher is offline (--offline)
      hint: use available node
    ");
}

#[test]
fn a_flavour_that_no_source_has_is_named() {
    let case = Case::new("java", &[("a", "new temurin-21.0.2+13")]);
    let error = case.find("22.1.0.1.r11-gln").unwrap_err();
    assert_eq!(error.causes[0], "no source has gluon-graalvm", "{error}");
    let error = case.find("21.0.9-tem").unwrap_err();
    assert!(!error.causes[0].contains("no source"), "{error}");
}

#[test]
fn errors_name_the_nearest_releases() {
    let node = |answers, request| Case::new("node", answers).find(request).unwrap_err();
    let listed = node(&[("a", "new 12.0.0 14.0.0 13.0.0-rc.1"), ("b", "new 16.0.0")], "13.1.0");
    assert_eq!(listed.kind(), ErrorKind::NoMatchingVersion);
    insta::assert_snapshot!(listed, @r"
    no node release matches 13.1.0 (requested by the command line)
      nearest: 12.0.0, 14.0.0
      hint: use available node
    ");
    let partly = node(&[("a", "unreachable"), ("b", "new 12.0.0")], "13");
    assert_eq!(partly.kind(), ErrorKind::NoMatchingVersion);
    insta::assert_snapshot!(partly, @r"
    no node release matches 13 in the sources that answered (requested by the command line)
      nearest: 12.0.0
      a: it is unreachable
      hint: use available node
    ");
    let nowhere = node(&[("a", "unreachable"), ("b", "refused")], "13");
    assert_eq!(nowhere.kind(), ErrorKind::Network);
    insta::assert_snapshot!(nowhere, @r"
    can't look up node 13 (requested by the command line): no source answered
      a: it is unreachable
      b: it is refused
    ");
    let named = node(&[("a", "new 12.0.0")], "work");
    assert_eq!(named.kind(), ErrorKind::NoMatchingVersion);
    insta::assert_snapshot!(named, @r"
    unknown version of node: work (requested by the command line)
      it is not a version, and nothing is linked or installed under that name
      hint: use available node
    ");
}

/// A hint names what exists and begins as the request does, or the word that was nearly typed.
#[test]
fn hints_name_what_exists() {
    let hint = |tool: &'static str, answers, request: &str| {
        Case::new(tool, answers).find(request).unwrap_err().hint.unwrap_or_default()
    };
    let node: Answers = &[("a", "new 17.9.1 18.20.8 19.0.0")];
    for (request, expected) in [
        ("18.99", "use node@18"),
        ("18.20.99", "use node@18.20"),
        ("v18.99.1", "use node@18"),
        // Neither 17 nor 19 is what was meant.
        ("16", "use available node"),
        ("20.1", "use available node"),
        (">=18.99 <19", "use available node"),
        ("20,18", "use available node"),
        ("lts/hydorgen", "use node@lts/hydrogen"),
        ("lts/hydrogn", "use node@lts/hydrogen"),
        ("hydorgen", "use node@lts/hydrogen"),
        ("lates", "use node@latest"),
        ("sytem", "use node@system"),
        ("banana", "use available node"),
        ("lts/banana", "use available node"),
        ("lts/-99", "use available node"),
    ] {
        assert_eq!(hint("node", node, request), expected, "{request}");
    }
    let go: Answers = &[("a", "new 1.21.0 1.22.1 1.22.2 1.23.0")];
    assert_eq!(hint("go", go, "1.22.0"), "use go@1.22");
    // All releases begin with 1.
    assert_eq!(hint("go", go, "1.99"), "use available go");
    let python: Answers = &[("a", "new 2.7.18 3.13.1 pypy3.10-7.3.19")];
    assert_eq!(hint("python", python, "3.99"), "use python@3");
    assert_eq!(hint("python", python, "pypi3.10"), "use python@pypy3.10");
    assert_eq!(hint("python", python, "pypi"), "use python@pypy");
    let java: Answers = &[("a", "new temurin-21.0.2+13 zulu-17.0.1")];
    assert_eq!(hint("java", java, "temurn-21"), "use java@temurin-21");
}

#[test]
fn without_a_source_for_the_platform_installed_versions_are_suggested() {
    let mut case = Case::new("node", &[("A", "new 12.0.0")]);
    let error = |case: &Case| {
        let error = case.find("12").unwrap_err();
        let reasons = format!("{}; {}", error.what, error.causes[0]);
        (error.kind(), reasons, error.hint.unwrap_or_default())
    };
    let what = "node 12 is not installed (requested by the command line); \
                no source has node for linux-x64-glibc2.36";
    let (exit, reasons, hint) = error(&case);
    assert_eq!((exit, reasons.as_str()), (ErrorKind::NoMatchingVersion, what));
    assert_eq!(hint, "install Node.js there, then: use reshim");
    let installed = ["15.0.0-rc.1", "14.2.0", "10.0.0"];
    case.disk.installed = installed.map(|text| Version::parse(text).unwrap()).to_vec();
    assert_eq!(error(&case).2, "use node@14.2.0");
    assert_eq!(case.take_reads(), "");
}

#[test]
fn the_preferred_vendor_is_chosen() {
    let answers: Answers = &[("a", "new zulu-21.0.5 temurin-21.0.2 temurin-17.0.9 zulu-25.0.0")];
    let java = Case::new("java", answers);
    java.check("21", "temurin-21.0.2 of a", "a");
    java.check("zulu-21", "zulu-21.0.5 of a", "a");
    java.check("25", "zulu-25.0.0 of a", "a");
}

#[test]
fn a_flavour_is_chosen_only_if_requested() {
    let answers: Answers =
        &[("a", "new 3.10.1 3.13.2t 3.13.1 pypy3.10-7.3.17"), ("b", "new pypy3.11-7.3.19")];
    let python = Case::new("python", answers);
    python.check("3", "3.13.1 of a", "a");
    python.check("3.13t", "3.13.2t of a", "a");
    python.check("pypy3.10", "pypy3.10-7.3.17 of a", "a");
    python.check("pypy3.11", "pypy3.11-7.3.19 of b", "a, b");
}

const BUILDS: Answers =
    &[("a", "new 1.16.0-otp-24 1.16.0-otp-25 1.17.0-otp-25 1.17.0-otp-26 1.17.0-otp-27 1.17.0")];

/// Elixir, where Erlang has this reach, and may be pinned.
fn elixir(compatibility: Compatibility, pinned: Option<&str>) -> Case {
    let mut case = Case::new("elixir", BUILDS);
    let erlang = case.registry.named("erlang").unwrap().tool;
    let rule = case.registry.named("elixir").unwrap().tool.built_for.unwrap();
    let pin = pinned.map(|text| Pin {
        requests: vec![Request::parse(text, erlang, RequestTrust::User).unwrap()],
        origin: Origin::CommandLine,
    });
    case.disk.runtime =
        Some(Runtime { tool: erlang, rule, compatibility, pin, is_missing: false, newest: None });
    case
}

#[test]
fn builds_for_the_pinned_runtime_are_chosen() {
    elixir(Compatibility::UpTo(26), Some("26")).check("1", "1.17.0-otp-26 of a", "a");
    elixir(Compatibility::UpTo(25), Some("25")).check("1", "1.17.0-otp-25 of a", "a");
    elixir(Compatibility::UpTo(24), Some("24")).check("1", "1.16.0-otp-24 of a", "a");
    let error = elixir(Compatibility::UpTo(23), Some("23")).find("1.17").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoMatchingVersion);
    insta::assert_snapshot!(error, @r"
    elixir 1.17 (requested by the command line) doesn't run on erlang 23 (requested by the command line)
      elixir 1.17.0 is built for erlang 25, 26, 27
      hint: use erlang@27
    ");
}

#[test]
fn without_a_pinned_runtime_no_release_is_skipped() {
    elixir(Compatibility::UpTo(25), None).check("1", "1.17.0-otp-25 of a", "a");
    elixir(Compatibility::UpTo(24), None).check("1", "1.17.0-otp-27 of a", "a");
    elixir(Compatibility::Nothing, None).check("1", "1.17.0-otp-27 of a", "a");
}

#[test]
fn a_runtime_requested_together_counts_as_pinned() {
    let case = elixir(Compatibility::UpTo(27), None);
    let erlang = case.registry.named("erlang").unwrap();
    let request = Request::parse("26", erlang.tool, RequestTrust::User).unwrap();
    let origin = Origin::CommandLine;
    let together = [ToolRequest { known: erlang, request: &request, origin: &origin }];
    let found = case.with_known(|known| {
        let request = Request::parse("1", known.tool, RequestTrust::User).unwrap();
        let tool_request = ToolRequest { known, request: &request, origin: &origin };
        case.finder().with_requests(&together).find(&tool_request)
    });
    assert_eq!(outcome(found), "1.17.0-otp-26 of a");
    case.check("1", "1.17.0-otp-27 of a", "a, a");
}

/// The sources and the versions that they list.
fn lists(listed: &[ListedReleases]) -> String {
    let list = |one: &ListedReleases| {
        let versions = one.releases.iter().map(|release| format!(" {}", release.version));
        format!("{}{}", one.served_from.source, versions.collect::<String>())
    };
    listed.iter().map(list).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_first_source_that_can_be_read_is_listed() {
    let all = |answers| {
        let case = Case::new("node", answers);
        let listed = case.with_known(|known| case.finder().list_first_source(known));
        (listed.map_or_else(|error| error.what, |listed| lists(&[listed])), case.take_reads())
    };
    let check = |answers, expected: &str, reads: &str| {
        assert_eq!(all(answers), (expected.to_owned(), reads.to_owned()));
    };
    check(&[("a", "new 14.0.0 12.0.0"), ("b", "new 16.0.0")], "a 12.0.0 14.0.0", "a");
    check(&[("a", "unreachable"), ("b", "new 16.0.0")], "b 16.0.0", "a, b");
    check(&[("a", "fatal"), ("b", "new 16.0.0")], "it is fatal", "a");
    check(&[("a", "unreachable")], "can't list the releases of node", "a");
    check(&[("A", "new 12.0.0")], "can't list the releases of node", "");
}

#[test]
fn all_sources_that_can_be_read_are_listed() {
    let of_all = |answers| {
        let case = Case::new("node", answers);
        case.with_known(|known| case.finder().list_all_sources(known))
    };
    let (listed, failures) =
        of_all(&[("a", "new 14.0.0 12.0.0"), ("b", "unreachable"), ("c", "new 16.0.0")]).unwrap();
    assert_eq!(lists(&listed), "a 12.0.0 14.0.0; c 16.0.0");
    assert_eq!(failures, ["b"]);
    for answers in
        [&[("a", "refused"), ("b", "unreachable")], &[("a", "new 1.0.0"), ("b", "fatal")]]
    {
        assert!(of_all(answers).is_err(), "{answers:?}");
    }
}

#[test]
fn the_first_cached_index_is_read_without_fetching() {
    let case =
        Case::new("node", &[("a", "unreachable"), ("b", "cached 12.0.0"), ("c", "new 1.0.0")]);
    let cached = case.with_known(|known| case.finder().cached(known));
    let versions: Vec<&str> = cached.iter().map(|release| release.version.as_str()).collect();
    assert_eq!((versions, case.take_reads().as_str()), (vec!["12.0.0"], "a's cache, b's cache"));
}

#[test]
fn parts_are_from_the_releases_source() {
    let parts = |case: &Case, source: &str| {
        let parts =
            case.with_known(|known| case.finder().release_parts(known, &release("12.0.0", source)));
        parts.map(|parts| parts.into_iter().map(|part| part.title).collect::<Vec<_>>().join(" "))
    };
    let mut case = Case::new("node", &[("a", "new 12.0.0"), ("b", "new 12.0.0"), ("C", "new")]);
    // What was found before the settings changed can still be fetched.
    case.settings.source.insert("node".to_owned(), "a".to_owned());
    for (source, expected) in [("a", "a"), ("b", "b"), ("C", ""), ("unknown", "")] {
        assert_eq!(parts(&case, source).as_deref(), Ok(expected), "{source}");
    }
    let error = parts(&case.offline(), "a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Offline);
    insta::assert_snapshot!(error, @r"
    node 12.0.0 is not installed, and usher is offline (--offline)
      it would be fetched from a (a.example)
      hint: leave --offline out
    ");
}

#[test]
fn one_finder_serves_all_threads() {
    fn is_shared<T: Sync>(_: &T) {}
    is_shared(&Case::new("node", &[]).finder());
}
