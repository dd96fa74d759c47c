//! Whether a mention agrees with what usher would run. Values in, a value out.

use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::measure::{Asker, Measure, What};

/// What is thought of a mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// One of its requests is what runs.
    Agrees,
    /// None of them is.
    Disagrees,
    /// Nobody can tell, and why.
    Open(&'static str),
}

/// A number above all that are in use, for the end of a range.
const LARGE: u64 = 99_999;

/// Compares the requests of a mention, of which any will do.
pub(super) fn judge(requests: &[String], measure: &Measure, tool: &Tool) -> Verdict {
    let mut verdict = Verdict::Disagrees;
    for text in requests {
        match one(text, measure, tool) {
            Verdict::Agrees => return Verdict::Agrees,
            Verdict::Disagrees => {}
            open @ Verdict::Open(_) => verdict = open,
        }
    }
    verdict
}

fn one(text: &str, measure: &Measure, tool: &Tool) -> Verdict {
    let request = match Request::parse(text, tool, RequestTrust::Project) {
        Ok(request) => request,
        Err(reason) => return Verdict::Open(reason),
    };
    if meant(measure).any(|asked| asked.kind() == request.kind()) {
        return Verdict::Agrees;
    }
    if let Some(reason) = why_open(&request) {
        return Verdict::Open(reason);
    }
    let agrees = match &measure.what {
        What::Version(version) => {
            let will_do = |asked: &Request| measure.is_constraint && overlap(&request, asked, tool);
            request.matches(version, tool) || meant(measure).any(will_do)
        }
        What::ToolRequest => return wanted(&request, measure, tool),
        What::Unknown => return Verdict::Open("the version of what runs isn't known"),
    };
    if agrees { Verdict::Agrees } else { Verdict::Disagrees }
}

/// The requests that are meant: of a version file's the first, which is what will be fetched; of a
/// matrix' any.
fn meant(measure: &Measure) -> impl Iterator<Item = &Request> {
    let count = match measure.asker {
        Asker::Mention(..) => measure.requests.len(),
        Asker::File(..) | Asker::Outside(_) => 1,
    };
    measure.requests.iter().take(count)
}

/// Nothing on disk fits: whether some version answers both requests.
fn wanted(request: &Request, measure: &Measure, tool: &Tool) -> Verdict {
    let mut verdict = Verdict::Disagrees;
    for asked in meant(measure) {
        if let Some(reason) = why_open(asked) {
            verdict = Verdict::Open(reason);
        } else if overlap(request, asked, tool) {
            return Verdict::Agrees;
        }
    }
    verdict
}

/// Whether a request is one of which versions can be said to answer it.
pub(super) fn is_definite(request: &Request) -> bool {
    why_open(request).is_none()
}

/// Why nobody can tell which versions answer a request.
fn why_open(request: &Request) -> Option<&'static str> {
    match request.kind() {
        RequestKind::Latest | RequestKind::Lts | RequestKind::LtsBack(_) => {
            Some("which version that is changes with time")
        }
        RequestKind::Version(version) if is_moving(version) => {
            Some("which version that is changes with time")
        }
        RequestKind::System | RequestKind::Path(_) | RequestKind::Named(_) => {
            Some("it names no version")
        }
        RequestKind::Version(_) | RequestKind::Range(_) | RequestKind::LtsNamed(_) => None,
    }
}

/// `3.14-rc`, `3.14-dev`: the newest there is before the release.
fn is_moving(version: &Version) -> bool {
    let tail = version.tail();
    !tail.is_empty() && !tail.contains(|c: char| c.is_ascii_digit())
}

/// Whether some version answers both requests, as far as trying those at their bounds can tell.
fn overlap(one: &Request, other: &Request, tool: &Tool) -> bool {
    let candidates = [one, other].into_iter().flat_map(|request| bounds(request, tool));
    candidates
        .into_iter()
        .any(|version| one.matches(&version, tool) && other.matches(&version, tool))
}

/// The versions that a request names, and those just before, behind and far behind them.
fn bounds(request: &Request, tool: &Tool) -> Vec<Version> {
    let text = match request.kind() {
        RequestKind::LtsNamed(name) => {
            let line = tool.lts.iter().find(|line| line.name == name.as_str());
            line.map_or("", |line| line.versions)
        }
        RequestKind::Version(version) if !is_numbers(version.as_str()) => {
            // A flavour or a pre-release: only itself, and what it is the beginning of.
            return [version.clone()].into_iter().chain(completed(version, tool)).collect();
        }
        _ => request.as_str(),
    };
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let written = text.split(|c| !is_part(c)).map(|part| part.trim_matches('.'));
    written.filter(|part| !part.is_empty()).flat_map(|part| around(part, tool)).collect()
}

fn is_numbers(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// `3.13t` with as many numbers as an exact version has.
fn completed(version: &Version, tool: &Tool) -> Option<Version> {
    let missing =
        usize::from(tool.version_components).checked_sub(version.numbers().as_slice().len())?;
    let (before, tail) = version.as_str().split_at(version.as_str().len() - version.tail().len());
    let (numbers, variant) = match version.is_free_threaded() {
        true => before.split_at(before.len() - 1),
        false => (before, ""),
    };
    Version::parse(&format!("{numbers}{}{variant}{tail}", ".0".repeat(missing)))
}

fn around(text: &str, tool: &Tool) -> Vec<Version> {
    let numbers: Vec<u64> = text.split('.').filter_map(|number| number.parse().ok()).collect();
    let parts = usize::from(tool.version_components).max(numbers.len());
    let mut found = Vec::new();
    for count in 1..=numbers.len() {
        let (start, last) = (&numbers[..count - 1], numbers[count - 1]);
        for last in [last.saturating_sub(1), last, last.saturating_add(1)] {
            for rest in [0, LARGE] {
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
    use usher_shims::tool::TOOLS;

    use super::super::mention::Place;
    use super::*;

    fn measure(tool: &Tool, asked: &str, version: Option<&str>) -> Measure {
        let parse = |text| Request::parse(text, tool, RequestTrust::Project).unwrap();
        let place = Place { path: ".nvmrc".into(), line: 1 };
        Measure {
            what: version
                .map_or(What::ToolRequest, |text| What::Version(Version::parse(text).unwrap())),
            requests: asked.split_whitespace().map(parse).collect(),
            asker: Asker::File(place, None),
            is_constraint: asked.starts_with('>'),
        }
    }

    #[track_caller]
    fn check(name: &str, (asked, version): (&str, Option<&str>), mentions: &[(&str, char)]) {
        let tool = Tool::named(TOOLS, name).unwrap();
        let measure = measure(tool, asked, version);
        for (requests, expected) in mentions {
            let requests: Vec<String> = requests.split('|').map(str::to_owned).collect();
            let verdict = match judge(&requests, &measure, tool) {
                Verdict::Agrees => '=',
                Verdict::Disagrees => '!',
                Verdict::Open(_) => '?',
            };
            assert_eq!(verdict, *expected, "{requests:?} against {asked} {version:?}");
        }
    }

    #[test]
    fn the_version_that_runs_is_the_measure() {
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
    fn what_a_mere_constraint_admits_agrees() {
        let version = Some("20.1.0");
        check("node", (">=18", version), &[("20", '='), ("18", '='), ("22", '='), ("16", '!')]);
    }

    #[test]
    fn what_means_the_same_agrees() {
        check("node", ("lts/*", Some("20.9.0")), &[("lts", '='), ("latest", '?'), ("18", '!')]);
        check("node", ("lts/*", None), &[("lts", '='), ("20", '?')]);
        check("node", ("node", Some("26.0.0")), &[("latest", '=')]);
        check("node", ("system", None), &[("system", '='), ("20", '?')]);
    }

    #[test]
    fn what_is_wanted_is_the_measure_where_nothing_fits() {
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
