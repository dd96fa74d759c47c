//! Whether two requests can mean the same version. Values in, a value out: what is installed, and
//! which versions have been released, makes no difference.

use usher_shims::range::Build;
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

/// Whether two requests can mean the same version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    /// Some version matches both.
    Some,
    /// No version does.
    None,
    /// That can't be known, for this reason.
    Unknown(&'static str),
}

/// A number above all in use, for the end of a range.
const HIGH_NUMBER: u64 = 99_999;

/// Whether some version matches one of the requests of each side.
pub(super) fn overlap(ones: &[Request], others: &[Request], tool: &Tool) -> Overlap {
    let mut answer = Overlap::None;
    for one in ones {
        for other in others {
            match overlap_of_two(one, other, tool) {
                Overlap::Some => return Overlap::Some,
                Overlap::None => {}
                unknown @ Overlap::Unknown(_) => answer = unknown,
            }
        }
    }
    answer
}

fn overlap_of_two(one: &Request, other: &Request, tool: &Tool) -> Overlap {
    if one.kind() == other.kind() {
        return Overlap::Some;
    }
    if let Some(reason) = why_unknown(one).or_else(|| why_unknown(other)) {
        let is_line = |request: &Request| matches!(request.kind(), RequestKind::Version(_));
        // Whatever pre-release of 3.14 that is, it is no 3.12.
        let lines = [one, other].map(|request| numbers_of(request, tool));
        return match lines {
            [Some(line), Some(of_other)]
                if is_line(one)
                    && is_line(other)
                    && !have_common_version(&line, &of_other, tool) =>
            {
                Overlap::None
            }
            _ => Overlap::Unknown(reason),
        };
    }
    if have_common_version(&of_any_vendor(one, tool), &of_any_vendor(other, tool), tool) {
        return Overlap::Some;
    }
    // A range says nothing of a pre-release that its author took, nor of another build.
    let (release, of_other) = (release(one, other, tool), release(other, one, tool));
    if have_common_version(
        release.as_ref().unwrap_or(one),
        of_other.as_ref().unwrap_or(other),
        tool,
    ) {
        return Overlap::Some;
    }
    match [(one, other), (other, one)].into_iter().any(|pair| is_of_other_numbers(pair, tool)) {
        true => Overlap::Unknown("its numbers aren't the tool's own"),
        false => Overlap::None,
    }
}

fn have_common_version(one: &Request, other: &Request, tool: &Tool) -> bool {
    let candidates = [one, other].into_iter().flat_map(|request| candidates(request, tool));
    let matches_both =
        |version: Version| one.matches(&version, tool) && other.matches(&version, tool);
    candidates.into_iter().any(matches_both)
}

/// The release that a pre-release or a free-threaded build is compared with in a range: 3.14.0 of
/// `3.14.0rc2`.
fn release(request: &Request, range: &Request, tool: &Tool) -> Option<Request> {
    let (RequestKind::Version(version), RequestKind::Range(_)) = (request.kind(), range.kind())
    else {
        return None;
    };
    let is_other_build = version.is_prerelease() || version.is_free_threaded();
    if is_other_build { numbers_of(request, tool) } else { None }
}

/// A version by its numbers alone; `None` if it has a flavour.
fn numbers_of(request: &Request, tool: &Tool) -> Option<Request> {
    let RequestKind::Version(version) = request.kind() else { return None };
    if !version.flavour().is_empty() {
        return None;
    }
    let numbers: Vec<String> = version.numbers().as_slice().iter().map(u64::to_string).collect();
    Request::parse(&numbers.join("."), tool, RequestTrust::Project).ok()
}

/// Whether a version is of another implementation, or of a vendor that isn't known, whose numbers
/// can't be compared with a request of the tool's own.
fn is_of_other_numbers((request, other): (&Request, &Request), tool: &Tool) -> bool {
    let RequestKind::Version(version) = request.kind() else { return false };
    let has_vendors = !tool.vendors.is_empty();
    let is_known = tool.vendors.contains(&version.flavour());
    let is_foreign = !version.flavour().is_empty() && !is_known;
    let is_range =
        matches!(other.kind(), RequestKind::Range(range) if *range.build() == Build::Default);
    let has_unknown_tail =
        has_vendors && version.tail().contains(|c: char| c.is_ascii_alphabetic());
    (is_foreign && (is_range || has_vendors)) || has_unknown_tail
}

/// Whether it is known which versions match a request.
pub(super) fn is_definite(request: &Request) -> bool {
    why_unknown(request).is_none()
}

/// Why it is unknown which versions match a request.
pub(super) fn why_unknown(request: &Request) -> Option<&'static str> {
    match request.kind() {
        RequestKind::Latest | RequestKind::Lts | RequestKind::LtsBack(_) => {
            Some("it means different versions over time")
        }
        RequestKind::Version(version) if is_prerelease_line(version) => {
            Some("it means different versions over time")
        }
        RequestKind::System | RequestKind::Path(_) | RequestKind::Named(_) => Some("no version"),
        RequestKind::Version(_)
        | RequestKind::Exact(_)
        | RequestKind::Range(_)
        | RequestKind::LtsNamed(_) => None,
    }
}

/// `3.14-rc`, `3.14-dev`: the latest pre-release of a line.
fn is_prerelease_line(version: &Version) -> bool {
    let tail = version.tail();
    !tail.is_empty() && !tail.contains(|c: char| c.is_ascii_digit())
}

/// A version without its vendor and its build: `zulu-21.0.5` and `21.0.5+11` are 21.0.5.
fn of_any_vendor(request: &Request, tool: &Tool) -> Request {
    let stripped = match request.kind() {
        RequestKind::Version(version) if !tool.vendors.is_empty() => {
            let is_vendor = tool.vendors.contains(&version.flavour());
            let text = match is_vendor {
                true => version.as_str()[version.flavour().len()..].trim_start_matches(['-', '@']),
                false => version.as_str(),
            };
            let text = text.split('+').next().unwrap_or(text);
            Request::parse(text, tool, RequestTrust::Project).ok()
        }
        _ => None,
    };
    stripped.unwrap_or_else(|| request.clone())
}

/// Versions near the bounds of a request: those that it names, and those just before, just after and
/// far after them.
fn candidates(request: &Request, tool: &Tool) -> Vec<Version> {
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
        RequestKind::Version(version) => version.as_str(),
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
    use usher_shims::tool::TOOLS;

    use super::*;

    /// `=` if a version matches both, `!` if none does, `?` if that can't be known.
    #[track_caller]
    fn check(name: &str, request: &str, others: &[(&str, char)]) {
        let tool = Tool::named(TOOLS, name).unwrap();
        let parse = |text: &str| Request::parse(text, tool, RequestTrust::Project).unwrap();
        let one = [parse(request)];
        for (texts, expected) in others {
            let others: Vec<Request> = texts.split('|').map(parse).collect();
            let answers = [overlap(&one, &others, tool), overlap(&others, &one, tool)];
            let answers = answers.map(|answer| match answer {
                Overlap::Some => '=',
                Overlap::None => '!',
                Overlap::Unknown(_) => '?',
            });
            assert_eq!(answers, [*expected; 2], "{texts} and {request}");
        }
    }

    #[test]
    fn requests_are_compared_with_each_other() {
        check(
            "node",
            "20",
            &[
                ("20", '='),
                ("20.1", '='),
                ("20.1.0", '='),
                ("v20.x", '='),
                (">=18", '='),
                ("^20.5", '='),
                ("<20.5", '='),
                ("~20.5", '='),
                (">20.3.1 <20.3.3", '='),
                ("lts/iron", '='),
                ("lts/hydrogen", '!'),
                ("16", '!'),
                ("^18", '!'),
                (">=21", '!'),
                ("<20", '!'),
                ("latest", '?'),
                ("lts", '?'),
                ("lts/-1", '?'),
                ("20-nightly", '?'),
                ("system", '?'),
                ("16|18|20", '='),
                ("16|18", '!'),
                ("16|latest", '?'),
                ("latest|20", '='),
            ],
        );
        check(
            "node",
            "20.1.0",
            &[("20", '='), ("20.1", '='), ("20.2", '!'), (">=20.1", '='), (">20.1.0", '!')],
        );
        check("node", "^20.1", &[("20", '='), ("20.0.0", '!'), ("21", '!'), (">=22", '!')]);
        check("node", ">=18", &[("20", '='), ("18", '='), ("16", '!'), ("<18", '!')]);
        check("node", "lts/*", &[("lts", '='), ("latest", '?'), ("18", '?')]);
        check("node", "system", &[("system", '='), ("20", '?')]);
        check("python", ">=3.8,<3.10", &[("3.9", '='), ("3.10", '!'), ("3.8", '='), ("3.7", '!')]);
        check(
            "python",
            "3.12",
            &[
                ("3.12.3", '='),
                ("3.1", '!'),
                ("pypy3.12", '!'),
                ("3.13-dev", '!'),
                ("3.12-dev", '?'),
            ],
        );
        check("python", "3.13t", &[("3.13t", '='), ("3.13.0t", '='), ("3.13", '!')]);
        check("python", "3.13.0rc2", &[("3.13.0rc2", '='), ("3.13.0", '!')]);
    }

    #[test]
    fn a_range_says_nothing_of_other_builds() {
        check("python", ">=3.9", &[("3.14.0rc2", '='), ("3.13t", '='), ("pypy3.10-7.3.15", '?')]);
        check("python", ">=3.9", &[("3.8.0rc1", '!')]);
        check("node", ">=20", &[("23.0.0-rc.1", '='), ("18.0.0-rc.1", '!')]);
        check(
            "java",
            "17",
            &[("unheard64-21.0.1", '?'), ("22.3.1.r17-grl", '?'), ("21.0.5-zulu", '!')],
        );
    }

    #[test]
    fn spellings_of_one_version_are_one_version() {
        let same = [
            ("8", '='),
            ("1.8", '='),
            ("8.0.392", '='),
            ("8u392", '='),
            ("1.8.0_392", '='),
            ("1.8.0.392", '='),
            ("openjdk64-1.8.0.392", '='),
            ("oracle64-1.8.0.392", '='),
            ("corretto64-1.8.0.392", '='),
            ("temurin-8.0.392", '='),
            ("8u402", '!'),
            ("11", '!'),
        ];
        for spelling in ["1.8.0.392", "1.8.0_392", "8u392", "openjdk64-1.8.0.392", "8u392-b08"] {
            check("java", spelling, &same);
        }
        check("java", "8", &same[..10]);
        check(
            "java",
            "21.0.5-zulu",
            &[("21.0.5+11", '='), ("21.0.5", '='), ("21", '='), ("21.0.4+7", '!'), ("17", '!')],
        );
        check(
            "java",
            "jdk-17.0.8+7",
            &[("17", '='), ("17.0.8", '='), ("17.0.8+7", '='), ("21", '!')],
        );
    }
}
