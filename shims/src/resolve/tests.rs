//! The resolver as data: a world, a call, and one printed line.

mod locked;
mod properties;
mod system;

use std::ffi::OsStr;
use std::sync::OnceLock;

use super::{Outcome, Resolver};
use crate::error::Error;
use crate::folders::Folders;
use crate::index::{
    AdoptedStore, GlobalPackage, Index, Link, ReadToolchain, SystemProgram, fingerprint,
};
use crate::name::Name;
use crate::package_calls::package_call;
use crate::path::Shim;
use crate::reentry::state;
use crate::tool::CustomTool;
use crate::version::Version;
use crate::world::{MemoryWorld, World};

/// A machine with node 10.15.1, 10.15.3, 12.22.12 and 18.20.8, with pyenv's 2.7.18 and 3.7.16, and
/// with the system's python 3.11.2; the working directory is `/index/u/app`.
fn machine() -> MemoryWorld {
    let mut world = MemoryWorld::at("/home/u/app").variable("PATH", "/u/shims:/usr/bin:/bin");
    for version in ["10.15.1", "10.15.3", "12.22.12", "18.20.8"] {
        for program in ["node", "npm"] {
            world = world.file(format!("/u/toolchains/node/{version}/bin/{program}"), "");
        }
    }
    for (version, programs) in
        [("2.7.18", &["python", "pip"][..]), ("3.7.16", &["python", "python3", "pip", "pip3.7"])]
    {
        for program in programs {
            world = world.file(format!("/home/u/.pyenv/versions/{version}/bin/{program}"), "");
        }
    }
    for program in ["python3.11", "python3", "pip3.11", "nodejs"] {
        world = world.file(format!("/usr/bin/{program}"), "");
    }
    for environment in ["myenv", "weboob-3.7"] {
        world = world.file(format!("/home/u/.pyenv/versions/{environment}/bin/python"), "");
    }
    world.folder("/u/shims")
}

fn index(world: &MemoryWorld) -> Index {
    let system = "/usr/bin/python3.11";
    let seen = world.metadata(system.as_ref()).unwrap().unwrap();
    Index {
        folders: Folders { config: "/u/config".into(), ..Folders::under("/u".as_ref(), None) },
        adopted_stores: vec![AdoptedStore {
            tool: "python".into(),
            manager: "pyenv".into(),
            folder: "/home/u/.pyenv/versions".into(),
            prefix: String::new(),
            version_ends_at: String::new(),
            subdir: String::new(),
        }],
        system_programs: vec![SystemProgram {
            tool: "python".into(),
            version: Version::parse("3.11.2").unwrap(),
            path: system.into(),
            suffix: "3.11".into(),
            fingerprint: fingerprint(&seen),
        }],
        ..Index::default()
    }
}

/// The call as it is typed, and what it comes to in one line.
fn check(world: &MemoryWorld, call: &str, expected: &str) {
    let index = index(world);
    assert_eq!(printed(world, &index, call), expected, "{call}");
}

fn printed(world: &MemoryWorld, index: &Index, call: &str) -> String {
    let shim = Shim { folders: vec!["/u/shims".into()], binary: None };
    let resolver = Resolver { world, index, shim: &shim, unusable: None };
    let words: Vec<&OsStr> = call.split(' ').map(OsStr::new).collect();
    match resolver.resolve(words[0].to_str().unwrap(), &words[1..]) {
        Ok(Outcome::Run(plan)) => {
            let set: String = plan
                .set
                .iter()
                .map(|(name, value)| match value {
                    Some(value) => format!(" {name}={}", without_state(&value.to_string_lossy())),
                    None => format!(" without {name}"),
                })
                .collect();
            let adds =
                if package_call(index, &plan, words[0].to_str().unwrap(), &words[1..]).is_some() {
                    " (adds)"
                } else {
                    ""
                };
            format!("{}{set}{adds}", plan.program.display())
        }
        Ok(Outcome::Missing(missing)) => {
            let request = missing.pin.request().unwrap();
            format!("missing {} {request} by {}", missing.tool.name, missing.pin.origin)
        }
        Ok(Outcome::Stale) => "stale".to_owned(),
        Err(Error { what, causes, .. }) => {
            ["error: ".to_owned() + &what].into_iter().chain(causes).collect::<Vec<_>>().join("; ")
        }
    }
}

/// A value as it is, but for the number that identifies a pass-through's call.
fn without_state(value: &str) -> String {
    let mut fields: Vec<&str> = value.split(':').collect();
    if let ["7", _, call, state, ..] = &mut fields[..] {
        (*call, *state) = ("CALL", "STATE");
    }
    fields.join(":")
}

fn node(version: &str) -> String {
    format!("/u/toolchains/node/{version}/bin/node")
}

#[test]
fn the_administrators_defaults_are_for_an_account_then_its_groups() {
    let world = machine().file("/etc/usher/tool-versions", "nodejs 18\n").as_account(1000);
    let world = world.groups(&[1000, 20, 30]);
    let by = |version: &str| format!("{} ", node(version)).trim_end().to_owned();
    check(&world, "node", &by("18.20.8"));
    let world = world.file("/etc/usher/groups/30", "# group b\nnode 10.15.1\n");
    check(&world, "node", &by("10.15.1"));
    let world = world.file("/etc/usher/groups/20", "python 3.7\n");
    check(&world, "node", &by("10.15.1"));
    let world = world.file("/etc/usher/groups/20", "node 12\n");
    check(&world, "node", &by("12.22.12"));
    let world = world.file("/etc/usher/accounts/1001", "node 10.15.1\n");
    check(&world, "node", &by("12.22.12"));
    let world = world.file("/etc/usher/accounts/1000", "node 18\n");
    check(&world, "node", &by("18.20.8"));
    let world = world.file("/u/config/tool-versions", "node 10.15.1\n");
    check(&world, "node", &by("10.15.1"));
}

#[test]
fn a_version_in_the_call_overrides_variables_and_files() {
    let world = machine().variable("NODE_VERSION", "10.15.1").file("/home/u/app/.nvmrc", "18");
    check(&world, "node +12 app.js", &format!("{} NODE_VERSION=12", node("12.22.12")));
    check(&world, "node12", &format!("{} NODE_VERSION=12", node("12.22.12")));
    check(&world, "node@lts", &format!("{} NODE_VERSION=lts", node("18.20.8")));
    check(&world, "node +x", &node("10.15.1"));
    check(&world, "pip3.7 list", "/home/u/.pyenv/versions/3.7.16/bin/pip3.7 PYTHON_VERSION=3.7");
}

#[test]
fn a_variable_overrides_files() {
    let world = machine().file("/home/u/app/.nvmrc", "18");
    for (value, expected) in [
        ("10.15.1", node("10.15.1")),
        ("10", node("10.15.3")),
        ("v12", node("12.22.12")),
        ("12.x", node("12.22.12")),
        ("lts/dubnium", node("10.15.3")),
        ("latest", node("18.20.8")),
        ("", node("18.20.8")),
        ("12.99", "missing node 12.99 by NODE_VERSION".to_owned()),
        (
            "../../x",
            "error: invalid node version “../../x” (requested by NODE_VERSION); \
             expected a version, a range or an alias"
                .to_owned(),
        ),
    ] {
        check(&world.clone().variable("NODE_VERSION", value), "node", &expected);
    }
    let mut ignoring = index(&world);
    ignoring.settings.ignore_variables = vec!["NODE_VERSION".into()];
    assert_eq!(printed(&world.variable("NODE_VERSION", "10"), &ignoring, "node"), node("18.20.8"));
}

#[test]
fn the_nearest_version_file_wins() {
    let world = machine().file("/home/u/.nvmrc", "18");
    check(&world, "node", &node("18.20.8"));
    let world = world.file(
        "/home/u/app/package.json",
        r#"{"volta":{"node":"12.22.12"},"engines":{"node":"10"}}"#,
    );
    check(&world, "node", &node("12.22.12"));
    let world = world.file("/home/u/app/.node-version", "10.15.1");
    check(&world, "node", &node("10.15.1"));
    let world = world.file("/home/u/app/.nvmrc", "12 # LTS");
    check(&world, "node", &node("12.22.12"));
    let world = world.file("/home/u/app/.tool-versions", "python 3.7\nnodejs 11 10\n");
    check(&world, "node", &node("10.15.3"));
    check(&world, "python", "/home/u/.pyenv/versions/3.7.16/bin/python");
}

#[test]
fn version_files_in_dependencies_are_ignored() {
    let world = machine().file("/home/u/app/.nvmrc", "12");
    let inside = |directory: &str| {
        world.clone().in_directory(directory).file(format!("{directory}/.nvmrc"), "10")
    };
    check(&inside("/home/u/app/node_modules/x"), "node", &node("12.22.12"));
    check(&inside("/home/u/app/node_modules/x/node_modules/y"), "node", &node("12.22.12"));
    check(&inside("/home/u/app/vendor/x"), "node", &node("10.15.3"));
    check(
        &inside("/home/u/app/vendor/x").file("/home/u/app/composer.json", "{}"),
        "node",
        &node("12.22.12"),
    );
}

#[test]
fn a_pin_that_is_not_installed_never_falls_through() {
    let world = machine().file("/home/u/.nvmrc", "18").file("/home/u/app/.nvmrc", "\n12.99\n");
    check(&world, "node", "missing node 12.99 by .nvmrc:2");
}

#[test]
fn an_unreadable_file_is_an_error_or_a_note() {
    let world = machine().file("/home/u/.nvmrc", "18");
    check(
        &world.clone().folder("/home/u/app/.nvmrc"),
        "node",
        "error: can't read /home/u/app/.nvmrc; it is not a regular file",
    );
    check(
        &world.clone().file("/home/u/app/.nvmrc", "# nothing\n"),
        "node",
        "error: can't parse .nvmrc; it names no version",
    );
    check(
        &world.clone().file("/home/u/app/.nvmrc", "../../x"),
        "node",
        "error: invalid node version “../../x” (requested by .nvmrc:1); expected a version, a range or an alias",
    );
    check(&world.clone().file("/home/u/app/package.json", "{ broken"), "node", &node("18.20.8"));
    check(&world.unreadable("/home/u/app"), "node", &node("18.20.8"));
}

#[test]
fn defaults_have_the_lowest_precedence() {
    let world = machine().file("/etc/usher/tool-versions", "nodejs 10.15.1\n");
    check(&world, "node", &node("10.15.1"));
    let world = world.file("/u/config/tool-versions", "nodejs 12\n");
    check(&world, "node", &node("12.22.12"));
    check(&world.file("/home/u/app/.nvmrc", "10"), "node", &node("10.15.3"));
}

#[test]
fn without_a_pin_the_next_program_on_path_runs() {
    let world = machine();
    check(&world, "python3", "/usr/bin/python3 USHER_REENTRY=7:python3:CALL:STATE:0:0:/usr/bin");
    // Debian's name for it.
    check(&world, "node", "/usr/bin/nodejs USHER_REENTRY=7:node:CALL:STATE:0:0:/usr/bin");
    check(
        &world.clone().file("/bin/node", ""),
        "node",
        "/bin/node USHER_REENTRY=7:node:CALL:STATE:0:0:/bin",
    );
    check(&world, "corepack", "error: the system's node has no corepack");
    check(
        &world.clone().variable("PATH", "/bin"),
        "corepack",
        "error: corepack is not installed for node 18.20.8",
    );
    check(
        &world.clone().variable("PATH", "/bin"),
        "node",
        &format!("{} PATH=/u/shims:/bin", node("18.20.8")),
    );
}

#[test]
fn a_constraint_only_counts_without_a_pin() {
    let world = machine().file("/home/u/app/package.json", r#"{"engines":{"node":">=10 <12"}}"#);
    check(&world, "node", &node("10.15.3"));
    check(&world.clone().file("/home/u/.nvmrc", "18"), "node", &node("18.20.8"));
    check(&world.clone().file("/u/config/tool-versions", "node 10.15.1"), "node", &node("10.15.1"));
    check(&world.clone().file("/u/config/tool-versions", "node 18"), "node", &node("10.15.3"));
    let none = world.file("/home/u/app/package.json", r#"{"engines":{"node":"^14"}}"#);
    check(&none, "node", "missing node ^14 by package.json (engines.node)");
    let python =
        machine().file("/home/u/app/pyproject.toml", "[project]\nrequires-python = '>=3.8'\n");
    check(&python, "python", "/usr/bin/python3.11");
    let python =
        machine().file("/home/u/app/pyproject.toml", "[project]\nrequires-python = '<3.8'\n");
    check(&python, "python", "/home/u/.pyenv/versions/3.7.16/bin/python");
}

#[test]
fn adopted_and_system_toolchains_are_used_in_place() {
    let with = |text: &str| machine().file("/home/u/app/.python-version", text);
    check(&with("3.7"), "python", "/home/u/.pyenv/versions/3.7.16/bin/python");
    check(&with("3.11"), "python", "/usr/bin/python3.11");
    check(&with("3.11"), "pip3", "/usr/bin/pip3.11");
    check(&with("myenv"), "python", "/home/u/.pyenv/versions/myenv/bin/python");
    check(&with("weboob-3.7"), "python", "/home/u/.pyenv/versions/weboob-3.7/bin/python");
    check(
        &with("system"),
        "python3",
        "/usr/bin/python3 USHER_REENTRY=7:python3:CALL:STATE:0:0:/usr/bin",
    );
    check(&with("3.9\n3.7\n"), "python", "/home/u/.pyenv/versions/3.7.16/bin/python");
    check(
        &with("2.7"),
        "python3",
        "error: python3 is not installed for python 2.7.18 (requested by .python-version:1); \
         installed for python 3.11.2, 3.7.16",
    );
    let replaced = Index {
        system_programs: index(&machine())
            .system_programs
            .into_iter()
            .map(|p| SystemProgram { fingerprint: "1".into(), ..p })
            .collect(),
        ..index(&machine())
    };
    assert_eq!(printed(&with("3.11"), &replaced, "python"), "stale");
}

#[test]
fn a_linked_folder_is_used_by_its_name() {
    let world = machine()
        .file("/src/out/bin/node", "")
        .file("/src/cpython/bin/python3", "")
        .file("/src/next/bin/node", "");
    let link = |tool: &str, name: &str, root: &str| Link {
        tool: tool.into(),
        name: Name::parse(name).unwrap(),
        root: root.into(),
    };
    let links = vec![
        link("node", "mine", "/src/out"),
        link("node", "20.1.0", "/src/next"),
        link("node", "gone", "/src/gone"),
        link("node", "21.0.0", "/src/gone"),
        link("node", "22.0.0-mine", "/src/out"),
        link("python", "mine", "/src/cpython"),
    ];
    let check = |files: &[(&str, &str)], call: &str, expected: &str| {
        let mut world = world.clone();
        for (file, text) in files {
            world = world.file(format!("/home/u/app/{file}"), *text);
        }
        let index = Index { links: links.clone(), ..index(&world) };
        assert_eq!(printed(&world, &index, call), expected, "{files:?} {call}");
    };
    let nvmrc = |text| [(".nvmrc", text)];
    check(&nvmrc("mine"), "node", "/src/out/bin/node");
    check(&nvmrc("20"), "node", "/src/next/bin/node");
    check(&nvmrc("22.0.0-mine"), "node", "/src/out/bin/node");
    check(&nvmrc("22"), "node", "missing node 22 by .nvmrc:1");
    // What the user built may have only one of the main programs.
    check(&[(".python-version", "mine")], "python3", "/src/cpython/bin/python3");
    check(&[(".python-version", "mine")], "python", "/src/cpython/bin/python3");
    let gone =
        |name: &str| format!("error: node {name} is linked to /src/gone, which has no bin/node");
    check(&nvmrc("gone"), "node", &gone("gone"));
    // Nothing else runs in its place.
    check(&nvmrc("21"), "node", &gone("21.0.0"));
    check(&nvmrc(">=18"), "node", &gone("21.0.0"));
    let without_npm = "error: npm is not installed for node mine (requested by .nvmrc:1); \
                       installed for node 18.20.8, 12.22.12, 10.15.3, 10.15.1";
    check(&nvmrc("mine"), "npm", without_npm);
}

#[test]
fn a_version_that_lacks_a_program_is_not_said_to_have_it() {
    // Debian's name of it, which a request for 3.11.2 finds.
    let world = machine().link("/usr/bin/python3", "/usr/bin/python3.11");
    let world = world.file("/usr/bin/pydoc3.11", "");
    let error = "error: the system's python 3.11.2 has no pydoc";
    check(&world, "pydoc", error);
    let other = world.file("/home/u/.pyenv/versions/3.7.16/bin/pydoc", "");
    check(&other, "pydoc", &format!("{error}; installed for python 3.7.16"));
}

#[test]
fn an_unwritable_toolchain_gets_its_own_global_packages_folder() {
    let store = "/home/u/.pyenv/versions/3.7.16";
    let call = |world: &MemoryWorld, name: &str, expected: &str| {
        check(&world.clone().variable("PYTHON_VERSION", "3.7"), name, expected);
    };
    let (bin, base) = (format!("{store}/bin"), "PYTHONUSERBASE=/u/additions/python/3.7.16");
    call(&machine(), "python", &format!("{bin}/python"));
    let world = machine().unwritable(store);
    call(&world, "python", &format!("{bin}/python {base}"));
    call(&world, "pip install x", &format!("{bin}/pip {base} PIP_USER=1 (adds)"));
    let elsewhere = world.clone().variable("PYTHONUSERBASE", "/mine");
    call(&elsewhere, "python", &format!("{bin}/python"));
    let of_another = world.clone().variable("PYTHONUSERBASE", "/u/additions/python/3.8.1");
    call(&of_another, "python", &format!("{bin}/python {base}"));
    let newer = world.file("/u/additions/python/3.7.16/bin/pip", "");
    call(&newer, "pip", &format!("/u/additions/python/3.7.16/bin/pip {base} PIP_USER=1"));
    // What is usher's own, or has no version, has no such place.
    let world = machine().unwritable("/u/toolchains").unwritable("/home/u/.pyenv/versions/myenv");
    check(
        &world.clone().variable("NODE_VERSION", "12"),
        "npm",
        "/u/toolchains/node/12.22.12/bin/npm",
    );
    let python = "/home/u/.pyenv/versions/myenv/bin/python";
    check(&world.variable("PYTHON_VERSION", "myenv"), "python", python);
}

#[test]
fn programs_for_all_versions_come_last() {
    let mut index = index(&machine());
    index
        .global_packages
        .push(GlobalPackage { program: Name::parse("greet").unwrap(), tools: vec!["node".into()] });
    let call = |world: &MemoryWorld, expected: &str| {
        assert_eq!(printed(world, &index, "greet x"), expected);
    };
    let greet = "/u/additions/node/bin/greet";
    let world = machine().file(greet, "");
    call(&world, greet);
    call(&world.clone().file("/home/u/app/.nvmrc", "12"), greet);
    let path = format!("{greet} PATH=/u/shims:/bin");
    call(&world.clone().variable("PATH", "/bin"), &path);
    // Not pinned: what would have run without usher.
    let passed_on = "/usr/bin/greet USHER_REENTRY=7:greet:CALL:STATE:0:0:/usr/bin";
    call(&world.clone().file("/usr/bin/greet", ""), passed_on);
    // Not pinned, and nowhere else: the newest version that has it.
    let older = "/u/toolchains/node/10.15.3/bin/greet";
    call(&machine().file(older, ""), older);
    let own = "/u/toolchains/node/12.22.12/bin/greet";
    call(&world.clone().file(own, "").variable("NODE_VERSION", "12"), own);
    // It needs no toolchain of the tool's at all.
    let mut alone = MemoryWorld::at("/home/u/app").variable("PATH", "/u/shims:/usr/bin");
    for file in [greet, "/usr/bin/python3.11", "/u/additions/node/bin/node"] {
        alone = alone.file(file, "");
    }
    call(&alone, greet);
    let node = printed(&alone, &index, "node");
    assert_eq!(node, "error: node is not installed");
}

#[test]
fn a_missing_programs_error_names_the_versions_that_have_it() {
    let check = |world: &MemoryWorld, having: &str| {
        let mut index = index(world);
        index.global_packages.push(GlobalPackage {
            program: Name::parse("black").unwrap(),
            tools: vec!["python".into()],
        });
        let expected = format!(
            "error: black is not installed for python 2.7.18 (requested by PYTHON_VERSION); installed for python {having}"
        );
        assert_eq!(printed(world, &index, "black"), expected);
    };
    let world = machine().variable("PYTHON_VERSION", "2.7");
    let world = world.file("/u/additions/python/3.11.2/bin/black", "");
    check(&world, "3.11.2");
    check(&world.file("/home/u/.pyenv/versions/3.7.16/bin/black", ""), "3.11.2, 3.7.16");
}

#[test]
fn packages_of_an_uninstalled_version_name_it() {
    let world =
        machine().variable("NODE_VERSION", "12").file("/u/additions/node/9.1.0/bin/greet", "");
    let mut index = index(&world);
    let tools = vec!["node".into()];
    index.global_packages.push(GlobalPackage { program: Name::parse("greet").unwrap(), tools });
    let error = "error: greet is not installed for node 12.22.12 (requested by NODE_VERSION)";
    let orphaned = format!("{error}; it is for node 9.1.0, which was uninstalled");
    assert_eq!(printed(&world, &index, "greet"), orphaned);
    let newer = world.clone().file("/u/additions/node/11.0.0/bin/greet", "");
    assert_eq!(printed(&newer, &index, "greet"), orphaned.replace("9.1.0", "11.0.0"));
    // Where the version is usher's own now, its earlier packages are its.
    let again = world.file("/u/toolchains/node/9.1.0/bin/node", "").variable("NODE_VERSION", "9");
    assert_eq!(printed(&again, &index, "greet"), "/u/additions/node/9.1.0/bin/greet");
}

#[test]
fn a_variable_may_need_a_folder() {
    let store = "/home/u/.nvm/versions/node/v20.1.0";
    let world =
        machine().file(format!("{store}/bin/node"), "").file(format!("{store}/bin/npm"), "");
    let world = world.variable("NODE_VERSION", "20").unwritable(store);
    let mut index = index(&world);
    index.adopted_stores.push(AdoptedStore {
        tool: "node".into(),
        manager: "nvm".into(),
        folder: "/home/u/.nvm/versions/node".into(),
        prefix: "v".into(),
        version_ends_at: String::new(),
        subdir: String::new(),
    });
    let npm = format!("{store}/bin/npm");
    assert_eq!(printed(&world, &index, "npm ls"), npm);
    let packages = "/u/additions/node/20.1.0";
    let without_lib = world.clone().file(format!("{packages}/bin/greet"), "");
    assert_eq!(printed(&without_lib, &index, "npm ls"), npm);
    let complete = without_lib.folder(format!("{packages}/lib"));
    let set = format!("{npm} NPM_CONFIG_PREFIX={packages}");
    assert_eq!(printed(&complete, &index, "npm ls"), set);
}

#[test]
fn a_separate_package_manager_gets_the_headers_variable() {
    let npm = r#"{"version": "10.9.0"}"#;
    let library = "lib/node_modules/npm";
    let world = machine()
        .file(format!("/u/toolchains/node/12.22.12/{library}/package.json"), npm)
        .file("/u/toolchains/pnpm/9.0.0/bin/pnpm", "")
        .file("/home/u/app/package.json", r#"{"packageManager": "pnpm@9.0.0"}"#)
        .file("/home/u/app/.nvmrc", "12");
    let pnpm = "/u/toolchains/pnpm/9.0.0/bin/pnpm";
    let expected = format!("{pnpm} npm_config_nodedir=/u/toolchains/node/12.22.12");
    check(&world, "pnpm x", &expected);
    check(&world.clone().variable("npm_config_nodedir", "/mine"), "pnpm x", pnpm);
    check(&world.clone().file("/home/u/app/.nvmrc", "10"), "pnpm x", pnpm);
    check(&world.clone().file("/home/u/app/.nvmrc", "14"), "pnpm x", pnpm);
    let plus = format!("{pnpm} NODE_VERSION=12 npm_config_nodedir=/u/toolchains/node/12.22.12");
    check(&world.clone().file("/home/u/app/.nvmrc", "10"), "pnpm +12 x", &plus);
    // npm's own node-gyp decides on the spelling.
    let own = "/u/toolchains/npm/11.5.0";
    let gyp = format!("{library}/node_modules/node-gyp/package.json");
    let world = world
        .file("/home/u/app/package.json", r#"{"packageManager": "npm@11.5.0"}"#)
        .file(format!("{own}/bin/npm"), "")
        .file(format!("/u/toolchains/node/12.22.12/{gyp}"), r#"{"version": "5.1.0"}"#);
    let check_name = |version: &str, name: &str| {
        let world = world.clone().file(format!("{own}/{gyp}"), version);
        check(&world, "npm x", &format!("{own}/bin/npm {name}=/u/toolchains/node/12.22.12"));
    };
    check_name(r#"{"version": "11.2.0"}"#, "npm_config_nodedir");
    check_name(r#"{"version": "11.4.0"}"#, "npm_package_config_node_gyp_nodedir");
}

#[test]
fn a_package_manager_script_is_matched_by_its_name() {
    let world = machine().file("/u/toolchains/php/8.3.0/bin/php", "");
    let php = "/u/toolchains/php/8.3.0/bin/php";
    let adds = |line: &str, expected: bool| {
        let adds = if expected { " (adds)" } else { "" };
        check(&world, line, &format!("{php}{adds}"));
    };
    adds("php /usr/local/bin/composer global require x", true);
    adds("php -d memory_limit=-1 composer.phar global require x", true);
    adds("php composer global remove x", true);
    adds("php /usr/local/bin/composer require x", false);
    adds("php /usr/local/bin/composer global show", false);
    adds("php /usr/local/bin/mycomposer global require x", false);
    adds("php x.php global require", false);
}

#[test]
fn a_changed_program_or_file_is_read_again() {
    let world = machine().file("/jdk/bin/java", "").file("/jdk/release", "");
    let java = |fingerprint: String| {
        let mut index = index(&world);
        index.read_toolchains.push(ReadToolchain {
            tool: "java".into(),
            manager: "system".into(),
            version: Version::parse("temurin-21.0.5+11").unwrap(),
            root: "/jdk".into(),
            file: "/jdk/release".into(),
            fingerprint,
        });
        printed(&world.clone().variable("JAVA_VERSION", "21"), &index, "java")
    };
    let seen = world.metadata("/jdk/release".as_ref()).unwrap().unwrap();
    assert_eq!(java(fingerprint(&seen)), "/jdk/bin/java JAVA_HOME=/jdk");
    assert_eq!(java("1:2:3:4".into()), "stale");

    let world = machine().file("/own.toml", "");
    let own = |fingerprint: String| {
        let mut index = index(&world);
        let tool = index.tools.named("node").unwrap();
        index.tools.add(CustomTool { tool, file: "/own.toml".into(), fingerprint });
        printed(&world.clone().variable("NODE_VERSION", "12"), &index, "node")
    };
    let seen = world.metadata("/own.toml".as_ref()).unwrap().unwrap();
    assert_eq!(own(fingerprint(&seen)), node("12.22.12"));
    assert_eq!(own("1:2:3:4".into()), "stale");
}

#[test]
fn a_foreign_shim_that_calls_back_is_skipped() {
    let world = machine().file("/home/u/app/.python-version", "system").file("/p/bin/python3", "");
    let world = world.variable("PATH", "/u/shims:/p/bin:/usr/bin");
    check(&world, "python3", "/p/bin/python3 USHER_REENTRY=7:python3:CALL:STATE:0:0:/p/bin");

    let state = state(&world, &[OsStr::new("-V")]).all;
    let back = |rest: &str| {
        world.clone().variable("USHER_REENTRY", format!("7:python3:0:{state:x}{rest}"))
    };
    let once = "/usr/bin/python3 USHER_REENTRY=7:python3:CALL:STATE:1:1:/p/bin:/usr/bin";
    check(&back(":0:0:/p/bin"), "python3 -V", once);
    let again = "/usr/bin/python3 USHER_REENTRY=7:python3:CALL:STATE:2:2:/p/bin:/usr/bin";
    check(&back(":1:1:/p/bin:/usr/bin"), "python3 -V", again);
    let other = "/p/bin/python3 USHER_REENTRY=7:python3:CALL:STATE:0:1:/p/bin";
    check(&back(":0:0:/p/bin"), "python3 -c 1", other);
    let circle = "error: the next python3 on PATH called usher's shim back 20 times; it is in /p/bin, /usr/bin";
    check(&back(":19:19:/p/bin"), "python3 -V", circle);
}

#[test]
fn package_calls_are_matched_by_verb() {
    let world = machine().variable("NODE_VERSION", "12").variable("PYTHON_VERSION", "3.7");
    let npm = "/u/toolchains/node/12.22.12/bin/npm";
    for call in ["npm install -g yarn", "npm --global i yarn", "npm -g rm yarn", "npm +12 add x"] {
        let printed = printed(&world, &index(&world), call);
        assert!(printed.starts_with(npm) && printed.ends_with("(adds)"), "{call}: {printed}");
    }
    check(&world, "npm run v -- install", npm);
    check(&world, "node install", &node("12.22.12"));
    let python = "/home/u/.pyenv/versions/3.7.16/bin/python";
    check(&world, "python -m pip install x", &format!("{python} (adds)"));
    check(&world, "python -m pip list", python);
    check(&world, "python install -m pip", python);
}

#[test]
fn old_npm_does_not_warn() {
    let world = machine().variable("NODE_VERSION", "12");
    let manifest = "/u/toolchains/node/12.22.12/lib/node_modules/npm/package.json";
    let npm = "/u/toolchains/node/12.22.12/bin/npm";
    let old = world.clone().file(manifest, r#"{"version":"6.14.18"}"#);
    check(&old, "npm -v", &format!("{npm} npm_config_scripts_prepend_node_path=false"));
    check(&old.clone().variable("npm_config_scripts_prepend_node_path", "true"), "npm -v", npm);
    check(&old, "node", &node("12.22.12"));
    check(&world.file(manifest, r#"{"version":"7.24.2"}"#), "npm -v", npm);
}

#[test]
fn native_modules_get_the_headers_of_their_version() {
    let root = |version: &str| format!("/u/toolchains/node/{version}");
    let gyp = |version: &str| {
        format!("{}/lib/node_modules/npm/node_modules/node-gyp/package.json", root(version))
    };
    let world = machine()
        .file(gyp("12.22.12"), r#"{"version":"9.1.0"}"#)
        .file(gyp("18.20.8"), r#"{"version":"11.4.0"}"#);
    let (old, new) = (root("12.22.12"), root("18.20.8"));
    let by_old = format!("{old}/bin/npm npm_config_nodedir={old}");
    let by_new = format!("{new}/bin/npm npm_package_config_node_gyp_nodedir={new}");
    let old_world = world.clone().variable("NODE_VERSION", "12");
    check(&old_world, "npm run x", &by_old);
    check(&world.clone().variable("NODE_VERSION", "18"), "npm run x", &by_new);
    check(
        &world.variable("NODE_VERSION", "10.15.3"),
        "npm run x",
        &format!("{}/bin/npm", root("10.15.3")),
    );
    let with = |value: &str| old_world.clone().variable("npm_config_nodedir", value);
    check(&with("/src/node"), "npm run x", &format!("{old}/bin/npm"));
    check(&with(&root("10.15.3")), "npm run x", &by_old);
}

#[test]
fn the_strongest_provider_wins() {
    let own = |tool: &str, version: &str, program: &str| {
        format!("/u/toolchains/{tool}/{version}/bin/{program}")
    };
    let world = machine()
        .file(own("npm", "11.6.0", "npm"), "")
        .file(own("yarn", "4.1.0", "yarn"), "")
        .file(own("yarn", "1.22.22", "yarn"), "")
        .file("/home/u/app/.nvmrc", "12");
    // npm itself isn't pinned: the one that node brings.
    let bundled = own("node", "12.22.12", "npm");
    check(&world, "npm", &bundled);
    check(&world, "npm +10 x", &format!("{} NODE_VERSION=10", own("node", "10.15.3", "npm")));
    // A constraint pins nothing.
    let with_package_json = |text: &str| world.clone().file("/home/u/app/package.json", text);
    check(&with_package_json(r#"{"engines":{"npm":">=11"}}"#), "npm", &bundled);
    // A project's pin is stronger than what node brings; the argument is node's all the same.
    let pinned = with_package_json(r#"{"packageManager":"npm@11.6.0+sha512.ab"}"#);
    check(&pinned, "npm", &own("npm", "11.6.0", "npm"));
    check(&pinned, "npm +10", &format!("{} NODE_VERSION=10", own("npm", "11.6.0", "npm")));
    check(&pinned, "npm install x", &format!("{} (adds)", own("npm", "11.6.0", "npm")));
    check(&pinned, "node", &node("12.22.12"));
    let absent = with_package_json(r#"{"packageManager":"npm@9.1.0"}"#);
    check(&absent, "npm", "missing npm 9.1.0 by package.json (packageManager)");
    // yarn: the pin, then a global package of the active node, then the default, then PATH.
    check(
        &with_package_json(r#"{"volta":{"yarn":"1.22.22"}}"#),
        "yarn",
        &own("yarn", "1.22.22", "yarn"),
    );
    let by_default = world.clone().file("/u/config/tool-versions", "yarn 4\n");
    check(&by_default, "yarn", &own("yarn", "4.1.0", "yarn"));
    let global = by_default.file(own("node", "12.22.12", "yarn"), "");
    check(&global, "yarn", &own("node", "12.22.12", "yarn"));
    let on_path = world.clone().file("/usr/bin/yarn", "");
    check(&on_path, "yarn", "/usr/bin/yarn USHER_REENTRY=7:yarn:CALL:STATE:0:0:/usr/bin");
    // Where nothing else has it, the newest on disk.
    check(&world, "yarn", &own("yarn", "4.1.0", "yarn"));
}

/// A shim that exists for projects that pin the tool is as if it weren't there in the others.
#[test]
fn a_package_manager_that_nothing_pins_is_the_next_on_path() {
    let world = machine().variable("PATH", "/u/shims:/other/bin:/usr/bin");
    let others = world.clone().file("/other/bin/pnpm", "");
    let next = "/other/bin/pnpm USHER_REENTRY=7:pnpm:CALL:STATE:0:0:/other/bin";
    check(&others, "pnpm", next);
    let pinned = |version: &str| others.clone().file("/home/u/app/.nvmrc", version);
    check(&pinned("12"), "pnpm", next);
    // Nothing is installed for it, and npm is node's own all the same.
    check(&pinned("13"), "pnpm", next);
    check(&pinned("13"), "npm", "missing node 13 by .nvmrc:1");
    check(&pinned("13"), "pnpx", "error: pnpx is not installed");
    // PATH may have it in a version's folder.
    let folder = "/u/toolchains/node/18.20.8/bin";
    let in_version = world.file("/home/u/app/.nvmrc", "12").file(format!("{folder}/pnpm"), "");
    let in_version = in_version.variable("PATH", format!("/u/shims:{folder}"));
    let next = format!("{folder}/pnpm USHER_REENTRY=7:pnpm:CALL:STATE:0:0:{folder}");
    check(&in_version, "pnpm", &next);
}

#[test]
fn volta_extends_is_followed() {
    let world = machine()
        .file("/home/u/package.json", r#"{"volta":{"node":"10.15.1"},"engines":{"node":"18"}}"#)
        .file(
            "/home/u/app/package.json",
            r#"{"volta":{"extends":"../package.json"},"engines":{"node":">=12"}}"#,
        );
    check(&world, "node", &node("10.15.1"));
    // Its own version is stronger, and only the part that is extended is read.
    let own = r#"{"volta":{"node":"12.22.12","extends":"../package.json"}}"#;
    check(&world.clone().file("/home/u/app/package.json", own), "node", &node("12.22.12"));
    let empty = world.clone().file("/home/u/package.json", r#"{"engines":{"node":"10"}}"#);
    check(&empty, "node", &node("18.20.8"));
    // A circle is a note, as such files exist for other things: nothing is pinned then.
    let circle = world.file("/home/u/package.json", r#"{"volta":{"extends":"app/package.json"}}"#);
    check(&circle, "node", &node("18.20.8"));
}

/// The index knows the system's erl to be 25; elixir's builds are in usher's own store.
#[test]
fn a_build_gets_a_runtime_that_can_run_it() {
    for (on_disk, files, expected) in [
        ("elixir 1.17.3-otp-25,elixir 1.17.3-otp-27,erlang 27.1", "", "1.17.3-otp-25"),
        ("elixir 1.17.3-otp-27,erlang 27.1", "", "1.17.3-otp-27 OTP_VERSION=27.1"),
        ("elixir 1.17.3-otp-27,erlang 27.1", "erlang 27", "1.17.3-otp-27"),
        ("elixir 1.17.3-otp-27,erlang 27.1", "erlang system", "missing elixir 1.17"),
        ("elixir 1.17.3-otp-27,erlang 26.2", "", "missing elixir 1.17"),
        ("elixir 1.17.3-otp-27,erlang 26.2,elixir 1.17.2", "", "1.17.2"),
        ("elixir 1.17.3-otp-26,elixir 1.17.3-otp-24", "erlang 26.2", "1.17.3-otp-26"),
    ] {
        let mut world = machine().file("/usr/bin/erl", "");
        for one in on_disk.split(',') {
            let (tool, version) = one.split_once(' ').unwrap();
            let program = if tool == "erlang" { "erl" } else { tool };
            world = world.file(format!("/u/toolchains/{tool}/{version}/bin/{program}"), "");
        }
        world = world.file("/home/u/app/.tool-versions", format!("elixir 1.17\n{files}\n"));
        let seen = world.metadata("/usr/bin/erl".as_ref()).unwrap().unwrap();
        let mut index = index(&world);
        index.system_programs.push(SystemProgram {
            tool: "erlang".into(),
            version: Version::parse("25.2.3").unwrap(),
            path: "/usr/bin/erl".into(),
            suffix: String::new(),
            fingerprint: fingerprint(&seen),
        });
        let printed = printed(&world, &index, "elixir");
        let short = printed.replace("/u/toolchains/elixir/", "").replace("/bin/elixir", "");
        assert!(short.starts_with(expected), "{on_disk}, {files}: {printed}");
        assert_eq!(short.contains("OTP_VERSION"), expected.contains("OTP_VERSION"), "{printed}");
    }
}

#[test]
fn what_would_have_decided_is_noted_once() {
    let noted = |world: &MemoryWorld, call: &str| {
        let (index, unusable) = (index(world), OnceLock::new());
        let shim = Shim { folders: vec!["/u/shims".into()], binary: None };
        let resolver = Resolver { world, index: &index, shim: &shim, unusable: Some(&unusable) };
        let _ = resolver.resolve(call, &[]);
        unusable.into_inner().map_or_else(String::new, |error| error.line())
    };
    let broken = || machine().file("/home/u/app/package.json", "{\"volta\": {");
    assert!(noted(&broken(), "node").starts_with("can't parse package.json: "));
    assert!(noted(&broken(), "npm").starts_with("can't parse package.json: "));
    // A stronger file decides, a weaker one doesn't.
    assert_eq!(noted(&broken().file("/home/u/app/.nvmrc", "18"), "node"), "");
    assert_ne!(noted(&broken().file("/home/u/app/.prototools", "node = '18'"), "node"), "");
    assert_eq!(noted(&broken().variable("NODE_VERSION", "18"), "node"), "");
    let tag = || machine().file("/home/u/app/.env", "NODE_VERSION=18-alpine");
    assert!(noted(&tag(), "node").contains("(requested by .env:1)"));
    assert_eq!(noted(&tag().file("/home/u/.nvmrc", "18"), "node"), "");
    // It would have limited, and not decided.
    let engines = "{\"engines\": {\"node\": \"any\"}}";
    assert_eq!(noted(&machine().file("/home/u/app/package.json", engines), "node"), "");
}
