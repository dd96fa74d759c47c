//! Dependencies go down only: a folder imports only from folders below it, and files have no
//! cycles.
//!
//! Imports are read from the sources: all forms of `use`, and full paths. Importing a re-exported
//! name counts as importing the file that declares it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, UseTree, Visibility};

use super::{assert_no_problems, checkout, files, text, with_extension};

/// The folders of the cold half, from the top. A folder may import from those in the lines below
/// it.
const COLD: &[&[&str]] = &[
    &["cli"],
    &["check"],
    &["project"],
    &["store"],
    &["shim_folder"],
    &["releases"],
    &["own_release"],
    &["session"],
    &["inventory"],
    &["registry"],
    &["config"],
    &["http", "archive"],
    &["files"],
    &["text"],
    &["sys"],
];

/// The folders of the hot half, in the same way.
const HOT: &[&[&str]] = &[
    &["package_calls", "trace"],
    &["resolve"],
    &["process", "search"],
    &["call"],
    &["pin", "retired", "store", "tool_policy"],
    &["lock", "path", "request"],
    &["index"],
    &["policy"],
    &["read", "normalize"],
    &["exec", "ownership", "tool", "reentry"],
    &["folders", "range", "settings", "toolchain", "world"],
    &["allocator", "error", "locale", "name", "sys", "unwinder", "version"],
];

/// A module's path in its crate: `["store", "install"]`. Empty for the crate's root.
type Module = Vec<String>;

/// The files of a crate and their imports of each other.
struct Crate {
    /// The module of each file.
    modules: BTreeSet<Module>,
    /// The imports of each file: a path below the crate's root, and where it is imported.
    imports: Vec<(Module, Module)>,
    /// Re-exports: the re-exported path, and the original path.
    exports: BTreeMap<Module, Module>,
}

impl Crate {
    fn read(sources: &str) -> Self {
        let paths = with_extension(files(sources), "rs");
        let is_test = |path: &Path| path.iter().any(|part| part == "tests" || part == "tests.rs");
        let is_program = |path: &Path| path.ends_with("src/main.rs");
        let paths: Vec<_> =
            paths.into_iter().filter(|path| !is_test(path) && !is_program(path)).collect();
        let module = |path: &Path| -> Module {
            let inside = path.strip_prefix(sources).expect("the file is below the sources");
            let parts = inside.with_extension("");
            let parts = parts.iter().map(|part| part.to_string_lossy().into_owned());
            parts.filter(|part| part != "lib" && part != "mod").collect()
        };
        let modules: BTreeSet<Module> = paths.iter().map(|path| module(path)).collect();
        let mut found =
            Self { modules: modules.clone(), imports: Vec::new(), exports: BTreeMap::new() };
        for path in &paths {
            let own = module(path);
            let source = syn::parse_file(&text(path));
            let source = source.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let mut reader =
                Reader { own: own.clone(), inner: own, modules: &modules, found: &mut found };
            reader.visit_file(&source);
        }
        found
    }

    /// The file that declares the item at a path.
    fn declaring(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        // A re-export may lead to another one; no chain is longer than this.
        for _ in 0..8 {
            let export = (1..=path.len()).rev().find_map(|end| {
                let target = self.exports.get(&path[..end])?;
                Some([target, &path[end..]].concat())
            });
            match export {
                Some(target) if target != path => path = target,
                Some(_) | None => break,
            }
        }
        let known = (0..=path.len()).rev().find(|end| self.modules.contains(&path[..*end]));
        path[..known.expect("the root is a module")].to_vec()
    }

    /// The files that each file imports.
    fn edges(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, path) in &self.imports {
            let to = self.declaring(path);
            if to != *from && !to.is_empty() && !from.is_empty() {
                edges.entry(from.clone()).or_default().insert(to);
            }
        }
        edges
    }
}

/// Collects one file's imports.
struct Reader<'a> {
    own: Module,
    /// The current module: the file's, or one inside of it.
    inner: Module,
    modules: &'a BTreeSet<Module>,
    found: &'a mut Crate,
}

impl Reader<'_> {
    /// Resolves a path from the crate's root; `None` if it leads out of the crate.
    fn resolve(&self, path: &[String]) -> Option<Module> {
        let supers = path.iter().take_while(|part| *part == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([&self.inner, &path[1..]].concat()),
            "super" => {
                let base = &self.inner[..self.inner.len().checked_sub(supers)?];
                Some([base, &path[supers..]].concat())
            }
            child => {
                let child = [&self.inner[..], &[child.to_owned()]].concat();
                self.modules.contains(&child).then(|| [&self.inner, path].concat())
            }
        }
    }

    fn import(&mut self, path: &[String]) {
        if let Some(path) = self.resolve(path) {
            self.found.imports.push((self.own.clone(), path));
        }
    }

    fn use_tree(&mut self, before: &[String], tree: &UseTree, is_public: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree, is_public),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(before, tree, is_public);
                }
            }
            UseTree::Name(name) if name.ident == "self" => self.used(before, None, is_public),
            UseTree::Name(name) => self.used(&with(&name.ident), None, is_public),
            UseTree::Rename(rename) => {
                self.used(&with(&rename.ident), Some(rename.rename.to_string()), is_public);
            }
            UseTree::Glob(_) => self.used(before, None, false),
        }
    }

    fn used(&mut self, path: &[String], name: Option<String>, is_public: bool) {
        let Some(target) = self.resolve(path) else { return };
        let Some(name) = name.or_else(|| target.last().cloned()) else { return };
        let is_of_own_room = target.starts_with(&self.own);
        if is_public {
            let exported = [&self.inner[..], &[name]].concat();
            self.found.exports.insert(exported, target.clone());
        }
        // Re-exporting the module's own items is not a dependency.
        if !(is_public && is_of_own_room) {
            self.found.imports.push((self.own.clone(), target));
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.content.is_some() && !is_for_tests(&module.attrs) {
            self.inner.push(module.ident.to_string());
            visit::visit_item_mod(self, module);
            self.inner.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_for_tests(&item.attrs) {
            let is_public = !matches!(item.vis, Visibility::Inherited);
            self.use_tree(&[], &item.tree, is_public);
        }
    }

    /// Who may see an item is no dependency: `pub(in crate::room)`.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if parts.len() > 1 {
            self.import(&parts);
        }
        visit::visit_path(self, path);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// The cycles of a graph, each sorted.
fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Vec<String>> {
    let reached = |from: &Module| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(one) = next.pop() {
            for to in edges.get(&one).into_iter().flatten() {
                if seen.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        seen
    };
    let all: BTreeMap<&Module, BTreeSet<Module>> =
        edges.keys().map(|from| (from, reached(from))).collect();
    let circle = |(from, reached): (&&Module, &BTreeSet<Module>)| {
        let back = |to: &&Module| all.get(to).is_some_and(|back| back.contains(*from));
        let files: Vec<String> = reached.iter().filter(back).map(|file| file.join("::")).collect();
        (!files.is_empty()).then_some(files)
    };
    all.iter().filter_map(circle).collect()
}

fn check(sources: &str, layers: &[&[&str]]) {
    let edges = Crate::read(sources).edges();
    assert!(edges.len() > 20, "too few imports of {sources} were found");
    let height = |room: &str| layers.iter().rev().position(|rooms| rooms.contains(&room));
    let mut wrong: Vec<String> = circles(&edges)
        .into_iter()
        .map(|circle| format!("a circle: {}", circle.join(", ")))
        .collect();
    for (from, targets) in &edges {
        for to in targets.iter().filter(|to| to[0] != from[0]) {
            let (above, below) = (height(&from[0]), height(&to[0]));
            if above.is_none() || below.is_none() || below >= above {
                wrong.push(format!("{} imports {}", from.join("::"), to.join("::")));
            }
        }
    }
    assert_no_problems(&wrong);
}

#[test]
fn modules_of_usher_use_only_lower_layers() {
    check("src", COLD);
}

#[test]
fn modules_of_the_shim_use_only_lower_layers() {
    check("shims/src", HOT);
}

#[test]
fn every_module_has_a_layer() {
    for (sources, layers) in [("src", COLD), ("shims/src", HOT)] {
        let entries = std::fs::read_dir(checkout().join(sources)).expect("list the sources");
        let names = entries.flatten().map(|entry| {
            let name = entry.path().with_extension("");
            name.file_name().expect("an entry has a name").to_string_lossy().into_owned()
        });
        let rooms: BTreeSet<String> =
            names.filter(|name| !["lib", "main"].contains(&name.as_str())).collect();
        let listed: BTreeSet<String> = layers.concat().into_iter().map(ToOwned::to_owned).collect();
        assert_eq!(listed, rooms, "{sources}");
    }
}

#[test]
fn a_loop_through_other_programs_is_detected() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry(vec![(*from).to_owned()]).or_default().insert(vec![(*to).to_owned()]);
        }
        circles(&graph).len()
    };
    assert_eq!(graph(&[("a", "b"), ("b", "c"), ("a", "c")]), 0);
    assert_eq!(graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]), 1);
}
