//! The list of wanted versions, `/etc/usher/wanted-versions`: a tool and its requests in each line.
//!
//! ```text
//! # two lines of node, and the newest python 3.12
//! node 20 22
//! python 3.12
//! ```

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::pin::{FileLocation, Origin};
use usher_shims::request::{Request, RequestTrust};

use crate::registry::{KnownTool, Registry};
use crate::releases::ToolRequest;
use crate::releases::updates::is_release_request;
use crate::session::{Session, own_text};

/// A request of the list.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) known: KnownTool<'a>,
    pub(super) request: Request,
    pub(super) origin: Origin,
}

impl Wanted<'_> {
    pub(super) fn tool_request(&self) -> ToolRequest<'_> {
        ToolRequest { known: self.known, request: &self.request, origin: &self.origin }
    }
}

/// Reads the machine's list; `None` if there is none.
pub(super) fn load(session: &Session) -> Result<Option<Vec<Wanted<'_>>>> {
    let path = session.folders.machine_config.join("wanted-versions");
    own_text(&path)?.map(|text| parse(&path, &text, &session.registry)).transpose()
}

fn parse<'a>(path: &Path, text: &str, registry: &'a Registry) -> Result<Vec<Wanted<'a>>> {
    let mut all = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let invalid = |reason: String| {
            let what = format!("can't parse {}:{number}", Shown(path));
            Error::new(ErrorKind::BadFile, what)
                .because(reason)
                .because("a line has a tool and its versions: node 20 22")
        };
        let known = registry.named(name).map_err(|error| invalid(error.what))?;
        let before = all.len();
        for word in words {
            let request = Request::parse(word, known.tool, RequestTrust::Project)
                .map_err(|reason| invalid(format!("“{}”: {reason}", Escaped(word))))?;
            if !is_release_request(known, &request) {
                return Err(invalid(format!("“{}” doesn't name a release", Escaped(word))));
            }
            let origin = Origin::File(FileLocation {
                line: number,
                ..FileLocation::of_file(path.to_path_buf(), false)
            });
            all.push(Wanted { known, request, origin });
        }
        if all.len() == before {
            return Err(invalid(format!("{} has no version", Escaped(name))));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let registry = Registry::load().unwrap();
        let path = Path::new("/etc/usher/wanted-versions");
        let found = match parse(path, text, &registry) {
            Ok(all) => {
                let one = |one: &Wanted<'_>| {
                    let place = one.origin.to_string();
                    let line = place.rsplit(':').next().unwrap_or_default().to_owned();
                    format!("{} {} {line}", one.known.tool.name, one.request)
                };
                all.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            Err(error) => format!("{}: {}", error.what, error.causes[0]),
        };
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_line_has_a_tool_and_its_versions() {
        check("", "");
        check("# none\n\n", "");
        check(
            "node 8 lts # the newest\r\nnodejs 20.1.0\npython 3.12",
            "node 8 1, node lts 1, node 20.1.0 2, python 3.12 3",
        );
    }

    const PATH: &str =
        "`path:` is accepted on the command line, in a variable and in your own default only";

    #[test]
    fn a_line_that_cant_be_parsed_is_an_error() {
        let file = "can't parse /etc/usher/wanted-versions";
        check("\nnode", &format!("{file}:2: node has no version"));
        check("nod 12", &format!("{file}:1: unknown tool “nod”"));
        check("node system", &format!("{file}:1: “system” doesn't name a release"));
        check(
            "node 12 ../x",
            &format!("{file}:1: “../x”: expected a version, a range or an alias"),
        );
        check("node 12 path:/x", &format!("{file}:1: “path:/x”: {PATH}"));
    }
}
