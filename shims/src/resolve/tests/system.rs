//! One version of a tool in a folder: all programs of the system's version, or all of another one.

use super::{index, printed};
use crate::index::{AdoptedStore, Index, ReadToolchain, SystemProgram, fingerprint};
use crate::tool::TOOLS;
use crate::version::Version;
use crate::world::{MemoryWorld, World};

/// A machine whose programs on PATH are these, with pyenv's python 3.13.0.
fn world(programs: &[&str]) -> MemoryWorld {
    let mut world = MemoryWorld::at("/p").variable("PATH", "/u/shims:/usr/local/bin:/usr/bin");
    for name in ["python", "python3", "pip", "pip3", "pydoc"] {
        world = world.file(format!("/home/u/.pyenv/versions/3.13.0/bin/{name}"), "");
    }
    for program in programs {
        world = world.file(*program, "");
    }
    world.folder("/u/shims")
}

/// An index that knows these system programs: tool, version, path, suffix.
fn knowing(world: &MemoryWorld, programs: &[(&str, &str, &str, &str)]) -> Index {
    let record = |(tool, version, path, suffix): &(&str, &str, &str, &str)| SystemProgram {
        tool: (*tool).to_owned(),
        version: Version::parse(version).unwrap(),
        path: path.into(),
        suffix: (*suffix).to_owned(),
        fingerprint: fingerprint(&world.metadata(path.as_ref()).unwrap().unwrap()),
    };
    let file = "/usr/bin/python3.11";
    let empty = world.clone().file(file, "");
    Index { system_programs: programs.iter().map(record).collect(), ..index(&empty) }
}

/// What a call runs, without the guard's variable.
fn run(world: &MemoryWorld, index: &Index, call: &str) -> String {
    let printed = printed(world, index, call);
    printed.split(" USHER_REENTRY").next().unwrap_or_default().to_owned()
}

fn runs(world: &MemoryWorld, index: &Index, expected: &[(&str, &str)]) {
    for (call, path) in expected {
        assert_eq!(run(world, index, call), *path, "{call}");
    }
}

/// Debian's: `python3` is a link to `python3.11`, and there is no `python` and no `pydoc`.
fn debian() -> MemoryWorld {
    world(&["/usr/bin/python3.11", "/usr/bin/pip", "/usr/bin/pip3"])
        .link("/usr/bin/python3", "/usr/bin/python3.11")
}

const DEBIANS: (&str, &str, &str, &str) = ("python", "3.11.2", "/usr/bin/python3.11", "3.11");

/// On a system with one folder for programs, PATH often names it twice: `/bin` is a link.
#[test]
fn another_name_of_the_systems_folder_has_no_other_version() {
    let world = world(&["/usr/bin/python3.11", "/usr/bin/pydoc", "/opt/own/bin/python3"])
        .link("/bin", "/usr/bin")
        .variable("PATH", "/u/shims:/opt/own/bin:/bin");
    let index = knowing(&world, &[DEBIANS]);
    runs(&world, &index, &[("python", "/opt/own/bin/python3")]);
    let lacks = "error: the system's python has no pydoc; installed for python 3.13.0";
    runs(&world, &index, &[("pydoc", lacks)]);
}

/// The index doesn't know every version: a folder with a main program of its own is another one's.
#[test]
fn a_program_beside_another_main_program_is_anothers() {
    let local = ["/opt/one/bin/python3", "/opt/one/bin/pip", "/opt/two/bin/python"];
    let world = world(&[&local[..], &["/opt/two/bin/pip", "/opt/two/bin/pydoc"]].concat())
        .variable("PATH", "/u/shims:/opt/one/bin:/opt/two/bin");
    let index = knowing(&world, &[]);
    let lacks = "error: the system's python has no pydoc; installed for python 3.13.0";
    let expected = [
        ("python3", "/opt/one/bin/python3"),
        ("python", "/opt/one/bin/python3"),
        ("pip", "/opt/one/bin/pip"),
        ("pydoc", lacks),
    ];
    runs(&world, &index, &expected);
    // One without a main program may be of any version.
    let added = world.clone().file("/home/u/.local/bin/pydoc", "");
    let added = added.variable("PATH", "/u/shims:/opt/one/bin:/opt/two/bin:/home/u/.local/bin");
    runs(&added, &index, &[("pydoc", "/home/u/.local/bin/pydoc")]);
    // The same program by another name is no other version.
    let venv = world.link("/opt/two/bin/python3", "/opt/one/bin/python3");
    runs(&venv, &index, &[("pydoc", "/opt/two/bin/pydoc")]);
}

#[test]
fn all_programs_are_of_the_systems_version() {
    let world = debian();
    let index = knowing(&world, &[DEBIANS]);
    let expected = [
        ("python3", "/usr/bin/python3"),
        ("python", "/usr/bin/python3"),
        ("pip", "/usr/bin/pip"),
        ("pip3", "/usr/bin/pip3"),
        ("pydoc", "error: the system's python 3.11.2 has no pydoc; installed for python 3.13.0"),
    ];
    runs(&world, &index, &expected);
    runs(&world.clone().variable("PYTHON_VERSION", "system"), &index, &expected);
    let constrained = |range: &str| {
        let text = format!("[project]\nrequires-python = '{range}'\n");
        world.clone().file("/p/pyproject.toml", text)
    };
    let satisfied = constrained(">=3.9,<3.12");
    runs(&satisfied, &knowing(&satisfied, &[DEBIANS]), &expected);
    let pyenvs = |name: &str| format!("/home/u/.pyenv/versions/3.13.0/bin/{name}");
    for name in ["python", "python3", "pip", "pip3", "pydoc"] {
        let newer = constrained(">=3.12");
        assert_eq!(run(&newer, &knowing(&newer, &[DEBIANS]), name), pyenvs(name));
    }
}

#[test]
fn a_pinned_version_is_the_systems_by_both_of_its_names() {
    let world = debian().variable("PYTHON_VERSION", "3.11");
    let index = knowing(&world, &[DEBIANS]);
    runs(
        &world,
        &index,
        &[("python", "/usr/bin/python3.11"), ("pip", "/usr/bin/pip"), ("pip3", "/usr/bin/pip3")],
    );
    let none = world.file("/usr/bin/pip3.11", "");
    runs(&none, &knowing(&none, &[DEBIANS]), &[("pip", "/usr/bin/pip3.11")]);
}

#[test]
fn a_program_of_another_version_is_passed_over() {
    // An old system: `python` is 2.7, `python3` is 3.11.
    let world =
        debian().file("/usr/bin/python2.7", "").link("/usr/bin/python", "/usr/bin/python2.7");
    let index = knowing(&world, &[DEBIANS, ("python", "2.7.18", "/usr/bin/python2.7", "2.7")]);
    runs(&world, &index, &[("python", "/usr/bin/python3")]);
    // Another system version later on PATH has the program.
    let two = world.file("/usr/local/bin/python3", "").file("/usr/bin/pydoc", "");
    let local = ("python", "3.12.4", "/usr/local/bin/python3", "3");
    let index = knowing(&two, &[DEBIANS, local]);
    let lacks = "error: the system's python 3.12.4 has no pydoc; installed for python 3.13.0";
    runs(&two, &index, &[("python", "/usr/local/bin/python3"), ("pydoc", lacks)]);
    let same = ("python", "3.11.2", "/usr/local/bin/python3", "3");
    runs(&two, &knowing(&two, &[DEBIANS, same]), &[("pydoc", "/usr/bin/pydoc")]);
    // An adopted version on PATH, behind the system's.
    let pyenv = "/u/shims:/usr/bin:/home/u/.pyenv/versions/3.13.0/bin";
    let behind = debian().variable("PATH", pyenv);
    let lacks = "error: the system's python 3.11.2 has no pydoc; installed for python 3.13.0";
    runs(&behind, &knowing(&behind, &[DEBIANS]), &[("pydoc", lacks)]);
    // And before it: then it is the system's version.
    let before = debian().variable("PATH", "/home/u/.pyenv/versions/3.13.0/bin:/usr/bin");
    let index = knowing(&before, &[DEBIANS]);
    for name in ["python", "python3", "pip", "pip3", "pydoc"] {
        let expected = format!("/home/u/.pyenv/versions/3.13.0/bin/{name}");
        assert!(run(&before, &index, name).starts_with(&expected), "{name}");
    }
}

#[test]
fn links_are_followed_to_the_folder_of_the_version() {
    let jvm = |number: u8| format!("/usr/lib/jvm/java-{number}");
    let java = |name: &str| {
        MemoryWorld::at("/p")
            .folder("/u/shims")
            .variable("PATH", "/u/shims:/usr/bin")
            .file(format!("{}/bin/java", jvm(17)), "")
            .file(format!("{}/bin/jar", jvm(17)), "")
            .file(format!("{}/bin/javac", jvm(21)), "")
            .file(format!("{}/release", jvm(21)), "")
            .file(format!("{}/release", jvm(17)), "")
            .link("/usr/bin/java", format!("{}/bin/java", jvm(17)))
            .link(format!("/usr/bin/{name}"), format!("{}/bin/{name}", jvm(21)))
    };
    let index = |world: &MemoryWorld| {
        let read = |number: u8| {
            let file = format!("{}/release", jvm(number));
            ReadToolchain {
                tool: "java".into(),
                manager: "system".into(),
                version: Version::parse(&format!("openjdk-{number}.0.2")).unwrap(),
                root: jvm(number).into(),
                fingerprint: fingerprint(&world.metadata(file.as_ref()).unwrap().unwrap()),
                file: file.into(),
            }
        };
        Index { read_toolchains: vec![read(17), read(21)], ..knowing(world, &[]) }
    };
    let world = java("javac");
    let lacks =
        "error: the system's java openjdk-17.0.2 has no javac; installed for java openjdk-21.0.2";
    let expected =
        [("java", "/usr/bin/java"), ("jar", "/usr/lib/jvm/java-17/bin/jar"), ("javac", lacks)];
    runs(&world, &index(&world), &expected);
    let world = java("javac").file(format!("{}/bin/javac", jvm(17)), "");
    runs(&world, &index(&world), &[("javac", "/usr/lib/jvm/java-17/bin/javac")]);
}

#[test]
fn a_virtual_environment_on_path_has_its_own_programs() {
    let world = debian()
        .link("/p/.venv/bin/python3", "/usr/bin/python3.11")
        .link("/p/.venv/bin/python", "/usr/bin/python3.11")
        .file("/p/.venv/bin/pip", "")
        .variable("PATH", "/u/shims:/p/.venv/bin:/usr/bin");
    let venv = |name: &str| format!("/p/.venv/bin/{name}");
    let index = knowing(&world, &[DEBIANS]);
    for name in ["python", "python3", "pip"] {
        assert_eq!(run(&world, &index, name), venv(name));
    }
}

#[test]
fn other_managers_shims_are_links_to_another_program() {
    let mise = "/usr/bin/mise";
    let world = MemoryWorld::at("/p")
        .file(mise, "")
        .file("/usr/bin/pydoc", "")
        .link("/m/bin/python3", mise)
        .link("/m/bin/pip", mise)
        .folder("/u/shims")
        .variable("PATH", "/u/shims:/m/bin:/opt/bin");
    let index = knowing(&world, &[]);
    runs(&world, &index, &[("python3", "/m/bin/python3"), ("pip", "/m/bin/pip")]);
    let lacks = "error: the system's python has no pydoc";
    runs(&world, &index, &[("python", "/m/bin/python3"), ("pydoc", lacks)]);
}

#[test]
fn without_a_main_program_the_newest_usual_version_has_all() {
    let mut world =
        MemoryWorld::at("/p").variable("PATH", "/u/shims:/usr/bin").file("/usr/bin/pip", "");
    let own = |version: &str, name: &str| format!("/u/toolchains/python/{version}/bin/{name}");
    for version in ["3.11.9", "pypy3.11-7.3.17", "3.14.0rc1", "3.13.0t", "3.12.1"] {
        world = world.file(own(version, "python"), "").file(own(version, "idle"), "");
    }
    let world = world.file(own("3.12.1", "python3"), "").file(own("3.11.9", "pip"), "");
    let index = knowing(&world, &[]);
    runs(&world, &index, &[("python", &own("3.12.1", "python")), ("idle", &own("3.12.1", "idle"))]);
    let lacks = "error: pip is not installed for python 3.12.1; installed for python 3.11.9";
    runs(&world, &index, &[("pip", lacks)]);
    let only = MemoryWorld::at("/p")
        .variable("PATH", "/u/shims")
        .file(own("pypy3.11-7.3.17", "python"), "");
    runs(&only, &knowing(&only, &[]), &[("python", &own("pypy3.11-7.3.17", "python"))]);
}

#[test]
fn a_deleted_program_is_never_anothers() {
    let own = |version: &str, name: &str| format!("/u/toolchains/node/{version}/{name}");
    let receipt = r#"{"files":{"bin/node":{},"bin/npx":{"link":"../x"}}}"#;
    let world = MemoryWorld::at("/p")
        .variable("PATH", "/u/shims:/usr/bin")
        .file("/p/.nvmrc", "18")
        .file(own("18.20.8", "bin/node"), "")
        .file(own("18.20.8", ".usher-receipt.json"), receipt)
        .file(own("20.1.0", "bin/node"), "")
        .file(own("20.1.0", "bin/npx"), "")
        .file("/usr/bin/node", "")
        .file("/usr/bin/npx", "")
        .file("/usr/bin/npm", "");
    let damaged = "error: node 18.20.8 is damaged; \
                   /u/toolchains/node/18.20.8/bin/npx is missing or not executable";
    let lacks = "error: npm is not installed for node 18.20.8 (requested by .nvmrc:1)";
    runs(&world, &knowing(&world, &[]), &[("npx", damaged), ("npm", lacks)]);
    // The main program too, though another version matches.
    let world = MemoryWorld::at("/p")
        .variable("PATH", "/u/shims:/usr/bin")
        .file("/p/.nvmrc", "18")
        .file(own("18.20.8", ".usher-receipt.json"), receipt)
        .file(own("18.19.0", "bin/node"), "")
        .folder(own("18.20.9", "bin"));
    let damaged = "error: node 18.20.8 is damaged; \
                   /u/toolchains/node/18.20.8/bin/node is missing or not executable";
    runs(&world, &knowing(&world, &[]), &[("node", damaged), ("npm", damaged)]);
}

#[test]
fn variables_of_another_version_are_left_out() {
    let root = |version: &str| format!("/u/toolchains/go/{version}");
    let world = MemoryWorld::at("/p")
        .variable("PATH", "/u/shims:/usr/bin")
        .folder("/opt/go")
        .file(format!("{}/bin/go", root("1.22.10")), "")
        .file(format!("{}/bin/go", root("1.23.9")), "")
        .file("/p/.go-version", "1.22")
        .file("/usr/local/go/bin/go", "");
    let goenv = AdoptedStore {
        tool: "go".into(),
        manager: "goenv".into(),
        folder: "/home/u/.goenv/versions".into(),
        prefix: String::new(),
        version_ends_at: String::new(),
        subdir: String::new(),
    };
    let system = ("go", "1.21.0", "/usr/local/go/bin/go", "");
    let index = Index { adopted_stores: vec![goenv], ..knowing(&world, &[system]) };
    let go = format!("{}/bin/go", root("1.22.10"));
    let with = |value: &str| printed(&world.clone().variable("GOROOT", value), &index, "go");
    for others in [&root("1.23.9"), "/home/u/.goenv/versions/1.20.1", "/usr/local/go"] {
        assert_eq!(with(others), format!("{go} without GOROOT"), "{others}");
    }
    for own in [&root("1.22.10"), "/opt/go", "/absent", ""] {
        assert_eq!(with(own), go, "{own}");
    }
    // What is reached by a link is compared without it.
    let linked = world.clone().link("/data", "/u/toolchains").variable("GOROOT", "/data/go/1.23.9");
    assert_eq!(printed(&linked, &index, "go"), format!("{go} without GOROOT"));
    let current = world.clone().link("/home/u/.goenv/versions/now", root("1.22.10"));
    let current = current.variable("GOROOT", "/home/u/.goenv/versions/now");
    assert_eq!(printed(&current, &index, "go"), go);
    // The system's version inherits none either.
    let unpinned = world.clone().in_directory("/").variable("GOROOT", root("1.23.9"));
    let unpinned = unpinned.variable("PATH", "/u/shims:/usr/local/go/bin");
    let printed = printed(&unpinned, &index, "go");
    assert!(printed.ends_with(":/usr/local/go/bin without GOROOT"), "{printed}");
}

/// Every variable that the registry names, of every tool with versions of its own.
#[test]
fn no_variable_of_a_tool_names_another_version() {
    for tool in TOOLS.iter().filter(|tool| tool.runtime.is_none()) {
        let (name, main) = (tool.name, tool.main_program());
        let root = |version: &str| format!("/u/toolchains/{name}/{version}");
        let mut world = MemoryWorld::at("/p")
            .variable("PATH", "/u/shims:/usr/bin")
            .file("/p/.tool-versions", format!("{} 9.2.3\n", tool.asdf_name()))
            .file("/u/toolchains/erlang/99.0.0/bin/erl", "")
            .file(format!("/usr/bin/{main}"), "");
        for version in ["9.2.3", "9.9.0"] {
            world = world.file(format!("{}/bin/{main}", root(version)), "");
        }
        let system = (name, "1.0.0", &*format!("/usr/bin/{main}"), "");
        let index = knowing(&world, &[system]);
        for variable in tool.folder_variables {
            let with = |value: &str| {
                let found = printed(&world.clone().variable(variable, value), &index, main);
                // Some are set to the version's own folder in its place.
                let is_replaced = found.contains(&format!(" {variable}={}", root("9.2.3")));
                (is_replaced || found.contains(&format!(" without {variable}")), found)
            };
            let inside = format!("{}/lib/some", root("9.9.0"));
            for others in [&*root("9.9.0"), &inside, &format!("/usr/bin/{main}")] {
                assert!(with(others).0, "{variable}={others}: {}", with(others).1);
            }
            for own in [&*root("9.2.3"), "/home/u/mine"] {
                assert!(!with(own).0, "{variable}={own}: {}", with(own).1);
            }
        }
    }
}

#[test]
fn only_paths_of_another_version_leave_a_list() {
    let gems = |version: &str| format!("/u/toolchains/ruby/{version}/lib/ruby/gems");
    let world = MemoryWorld::at("/p")
        .variable("PATH", "/u/shims:/usr/bin")
        .file("/u/toolchains/ruby/3.2.4/bin/ruby", "")
        .file("/u/toolchains/ruby/3.3.1/bin/ruby", "")
        .file("/p/.ruby-version", "3.2.4");
    let index = knowing(&world, &[]);
    let ruby = "/u/toolchains/ruby/3.2.4/bin/ruby";
    let with = |value: String| printed(&world.clone().variable("GEM_PATH", value), &index, "ruby");
    let (own, other) = (gems("3.2.4"), gems("3.3.1"));
    assert_eq!(with(format!("{other}:/mine:{own}")), format!("{ruby} GEM_PATH=/mine:{own}"));
    assert_eq!(with(other), format!("{ruby} without GEM_PATH"));
    assert_eq!(with(format!("/mine::{own}")), ruby);
}

#[test]
fn npm_of_its_own_leaves_out_variables_of_another_node() {
    let root = |version: &str| format!("/u/toolchains/node/{version}");
    let world = MemoryWorld::at("/p")
        .variable("PATH", "/u/shims:/usr/bin")
        .file(format!("{}/bin/node", root("18.20.8")), "")
        .file(format!("{}/bin/npm", root("18.20.8")), "")
        .file("/u/toolchains/npm/11.6.0/bin/npm", "")
        .file("/p/.nvmrc", "18")
        .variable("npm_config_prefix", root("22.1.0"))
        .variable("npm_config_globalconfig", format!("{}/etc/npmrc", root("22.1.0")))
        .variable("npm_config_local_prefix", "/p");
    let index = knowing(&world, &[]);
    let without = " without npm_config_prefix without npm_config_globalconfig";
    assert_eq!(printed(&world, &index, "npm"), format!("{}/bin/npm{without}", root("18.20.8")));
    let pinned = world.file("/p/package.json", r#"{"packageManager":"npm@11.6.0"}"#);
    let npm = "/u/toolchains/npm/11.6.0/bin/npm";
    assert_eq!(printed(&pinned, &index, "npm"), format!("{npm}{without}"));
    let additions = pinned.variable("npm_config_prefix", "/u/additions/node/20.1.0");
    assert_eq!(printed(&additions, &index, "npm"), format!("{npm}{without}"));
}
