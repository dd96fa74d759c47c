//! Requests: nothing breaks the grammar, what is accepted prints to the same, and what may become a
//! part of a path is a name of a small alphabet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_shims::name::Name;
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::tool::TOOLS;
use usher_shims::version::Version;

fuzz_target!(|text: &str| {
    for tool in TOOLS {
        for author in [RequestTrust::Project, RequestTrust::User] {
            if let Ok(request) = Request::parse(text, tool, author) {
                assert_eq!(Request::parse(request.as_str(), tool, author).as_ref(), Ok(&request));
                check(&request, author);
            }
        }
        for file in tool.files {
            for field in file.fields {
                if let Ok(request) = Request::parse_field(text, tool, field) {
                    check(&request, RequestTrust::Project);
                }
            }
        }
    }
});

fn check(request: &Request, author: RequestTrust) {
    match request.kind() {
        RequestKind::Path(path) => assert!(author == RequestTrust::User && path.is_absolute()),
        RequestKind::Named(name) | RequestKind::LtsNamed(name) => {
            assert!(Name::parse(name.as_str()).is_some());
        }
        RequestKind::Version(version) => {
            assert_eq!(Version::parse(version.as_str()).as_ref(), Some(version));
            assert!(!version.as_str().contains('/') && !version.as_str().contains(".."));
        }
        _ => {}
    }
}
