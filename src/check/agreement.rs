//! Whether a mention agrees with the active version. Values in, a value out.

use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::baseline::{Baseline, Expected, Requester};

/// Whether a mention agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// One of its requests matches the active version.
    Agrees,
    /// None of them does.
    Disagrees,
    /// It can't be compared, for this reason.
    Unknown(&'static str),
}

/// A number above all in use, for the end of a range.
const HIGH_NUMBER: u64 = 99_999;

/// Compares the requests of a mention with a baseline. It agrees if any of them does.
pub(super) fn compare_requests(
    requests: &[Result<Request, &'static str>],
    baseline: &Baseline,
    tool: &Tool,
) -> Agreement {
    let mut agreement = Agreement::Disagrees;
    for request in requests {
        let compared = match request {
            Ok(request) => compare_request(request, baseline, tool),
            Err(reason) => Agreement::Unknown(reason),
        };
        match compared {
            Agreement::Agrees => return Agreement::Agrees,
            Agreement::Disagrees => {}
            open @ Agreement::Unknown(_) => agreement = open,
        }
    }
    agreement
}

fn compare_request(request: &Request, baseline: &Baseline, tool: &Tool) -> Agreement {
    if compared_requests(baseline).any(|requested| requested.kind() == request.kind()) {
        return Agreement::Agrees;
    }
    if let Some(reason) = why_unknown(request) {
        return Agreement::Unknown(reason);
    }
    let agrees = match &baseline.expected {
        Expected::Version(version) => {
            let will_do =
                |requested: &Request| baseline.is_constraint && overlap(request, requested, tool);
            request.matches(version, tool) || compared_requests(baseline).any(will_do)
        }
        Expected::NotInstalled => return judge_by_requests(request, baseline, tool),
        Expected::Unknown => return Agreement::Unknown("the active version is unknown"),
    };
    if agrees { Agreement::Agrees } else { Agreement::Disagrees }
}

/// The requests to compare with: of a version file the first, which would be installed; of a matrix
/// any.
fn compared_requests(baseline: &Baseline) -> impl Iterator<Item = &Request> {
    let count = match baseline.requester {
        Requester::Mention(..) => baseline.requests.len(),
        Requester::File(..) | Requester::Outside(_) => 1,
    };
    baseline.requests.iter().take(count)
}

/// No installed version matches: whether some version matches both requests.
fn judge_by_requests(request: &Request, baseline: &Baseline, tool: &Tool) -> Agreement {
    let mut agreement = Agreement::Disagrees;
    for requested in compared_requests(baseline) {
        if let Some(reason) = why_unknown(requested) {
            agreement = Agreement::Unknown(reason);
        } else if overlap(request, requested, tool) {
            return Agreement::Agrees;
        }
    }
    agreement
}

/// Whether it is known which versions match a request.
pub(super) fn is_definite(request: &Request) -> bool {
    why_unknown(request).is_none()
}

/// Why it is unknown which versions match a request.
fn why_unknown(request: &Request) -> Option<&'static str> {
    match request.kind() {
        RequestKind::Latest | RequestKind::Lts | RequestKind::LtsBack(_) => {
            Some("it means different versions over time")
        }
        RequestKind::Version(version) if is_prerelease_line(version) => {
            Some("it means different versions over time")
        }
        RequestKind::System | RequestKind::Path(_) | RequestKind::Named(_) => {
            Some("it names no version")
        }
        RequestKind::Version(_) | RequestKind::Range(_) | RequestKind::LtsNamed(_) => None,
    }
}

/// `3.14-rc`, `3.14-dev`: the latest pre-release of a line.
fn is_prerelease_line(version: &Version) -> bool {
    let tail = version.tail();
    !tail.is_empty() && !tail.contains(|c: char| c.is_ascii_digit())
}

/// Whether some version matches both requests. Only versions near their bounds are tried.
fn overlap(one: &Request, other: &Request, tool: &Tool) -> bool {
    let candidates = [one, other].into_iter().flat_map(|request| bounds(request, tool));
    candidates
        .into_iter()
        .any(|version| one.matches(&version, tool) && other.matches(&version, tool))
}

/// The versions that a request names, and those just before, just after and far after them.
fn bounds(request: &Request, tool: &Tool) -> Vec<Version> {
    let text = match request.kind() {
        RequestKind::LtsNamed(name) => {
            let line = tool.lts.iter().find(|line| line.name == name.as_str());
            line.map_or("", |line| line.versions)
        }
        RequestKind::Version(version) if !is_numbers(version.as_str()) => {
            // A flavour or a pre-release: itself, and the exact version that it begins.
            return [version.clone()]
                .into_iter()
                .chain(with_all_components(version, tool))
                .collect();
        }
        _ => request.as_str(),
    };
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let written = text.split(|c| !is_part(c)).map(|part| part.trim_matches('.'));
    written.filter(|part| !part.is_empty()).flat_map(|part| neighbors(part, tool)).collect()
}

fn is_numbers(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// `3.13t` with as many components as an exact version has.
fn with_all_components(version: &Version, tool: &Tool) -> Option<Version> {
    let missing =
        usize::from(tool.version_components).checked_sub(version.numbers().as_slice().len())?;
    let (before, tail) = version.as_str().split_at(version.as_str().len() - version.tail().len());
    let (numbers, variant) = match version.is_free_threaded() {
        true => before.split_at(before.len() - 1),
        false => (before, ""),
    };
    Version::parse(&format!("{numbers}{}{variant}{tail}", ".0".repeat(missing)))
}

fn neighbors(text: &str, tool: &Tool) -> Vec<Version> {
    let numbers: Vec<u64> = text.split('.').filter_map(|number| number.parse().ok()).collect();
    let parts = usize::from(tool.version_components).max(numbers.len());
    let mut found = Vec::new();
    for count in 1..=numbers.len() {
        let (start, last) = (&numbers[..count - 1], numbers[count - 1]);
        for last in [last.saturating_sub(1), last, last.saturating_add(1)] {
            for rest in [0, HIGH_NUMBER] {
                let mut all = start.to_vec();
                all.push(last);
                all.resize(parts, rest);
                let all: Vec<String> = all.iter().map(u64::to_string).collect();
                found.extend(Version::parse(&all.join(".")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use usher_shims::request::RequestTrust;
    use usher_shims::tool::TOOLS;

    use super::super::mention::MentionPlace;
    use super::*;

    fn baseline(tool: &Tool, requested: &str, version: Option<&str>) -> Baseline {
        let parse = |text| Request::parse(text, tool, RequestTrust::Project).unwrap();
        let place = MentionPlace { path: ".nvmrc".into(), line: 1 };
        Baseline {
            expected: version.map_or(Expected::NotInstalled, |text| {
                Expected::Version(Version::parse(text).unwrap())
            }),
            requests: requested.split_whitespace().map(parse).collect(),
            requester: Requester::File(place, None),
            is_constraint: requested.starts_with('>'),
        }
    }

    #[track_caller]
    fn check(name: &str, (requested, version): (&str, Option<&str>), mentions: &[(&str, char)]) {
        let tool = Tool::named(TOOLS, name).unwrap();
        let baseline = baseline(tool, requested, version);
        for (requests, expected) in mentions {
            let parse = |text| Request::parse(text, tool, RequestTrust::Project);
            let requests: Vec<_> = requests.split('|').map(parse).collect();
            let agreement = match compare_requests(&requests, &baseline, tool) {
                Agreement::Agrees => '=',
                Agreement::Disagrees => '!',
                Agreement::Unknown(_) => '?',
            };
            assert_eq!(agreement, *expected, "{requests:?} against {requested} {version:?}");
        }
    }

    #[test]
    fn mentions_are_compared_with_the_active_version() {
        check(
            "node",
            ("20", Some("20.1.0")),
            &[
                ("20", '='),
                ("20.1", '='),
                ("20.1.0", '='),
                ("v20.x", '='),
                (">=18", '='),
                ("lts/iron", '!'),
                ("20.2", '!'),
                ("16", '!'),
                ("^18", '!'),
                ("latest", '?'),
                ("lts", '?'),
                ("lts/-1", '?'),
                ("20-nightly", '?'),
                ("system", '?'),
                ("hello", '?'),
                ("../../x", '?'),
                ("path:/x", '?'),
                ("16|18|20", '='),
                ("16|18", '!'),
                ("16|latest", '?'),
                ("latest|20", '='),
            ],
        );
        check(
            "python",
            ("3.12", Some("3.12.3")),
            &[("3.12", '='), ("3.1", '!'), ("pypy3.12", '!'), ("3.13-dev", '?')],
        );
    }

    #[test]
    fn a_mention_within_a_constraint_agrees() {
        let version = Some("20.1.0");
        check("node", (">=18", version), &[("20", '='), ("18", '='), ("22", '='), ("16", '!')]);
    }

    #[test]
    fn the_same_request_agrees() {
        check("node", ("lts/*", Some("20.9.0")), &[("lts", '='), ("latest", '?'), ("18", '!')]);
        check("node", ("lts/*", None), &[("lts", '='), ("20", '?')]);
        check("node", ("node", Some("26.0.0")), &[("latest", '=')]);
        check("node", ("system", None), &[("system", '='), ("20", '?')]);
    }

    #[test]
    fn mentions_are_compared_with_the_request_if_nothing_is_installed() {
        let near = [
            ("20", '='),
            ("20.1.0", '='),
            ("^20.5", '='),
            ("<20.5", '='),
            ("~20.5", '='),
            (">=18", '='),
            (">20.3.1 <20.3.3", '='),
            ("lts/iron", '='),
            ("16", '!'),
            ("^18", '!'),
            (">=21", '!'),
            ("<20", '!'),
            ("lts/hydrogen", '!'),
        ];
        check("node", ("20", None), &near);
        check(
            "node",
            ("20.1.0", None),
            &[("20", '='), ("20.1", '='), ("20.2", '!'), (">=20.1", '='), (">20.1.0", '!')],
        );
        check("node", ("^20.1", None), &[("20", '='), ("20.0.0", '!'), ("21", '!'), (">=22", '!')]);
        check("node", ("20 18", None), &[("18", '!'), ("20", '=')]);
        check(
            "python",
            (">=3.8,<3.10", None),
            &[("3.9", '='), ("3.10", '!'), ("3.8", '='), ("3.7", '!')],
        );
        check("python", ("3.13t", None), &[("3.13t", '='), ("3.13.0t", '='), ("3.13", '!')]);
        check("python", ("3.13.0rc2", None), &[("3.13.0rc2", '='), ("3.13.0", '!')]);
    }
}
