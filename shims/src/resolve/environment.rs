//! The program's environment: the variables that a tool's programs need, by the registry.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::version_folder::RunningVersion;
use crate::call::Call;
use crate::index::Index;
use crate::path::{join, listed_paths};
use crate::pin::Pin;
use crate::range::Range;
use crate::read::json_field;
use crate::tool::{EnvRule, Tool, When};
use crate::toolchain::Toolchain;
use crate::version::Version;
use crate::world::World;

/// The variables of a program, and their values; without a value one is removed.
pub(super) type Variables = Vec<(&'static str, Option<OsString>)>;

/// Sets the variables that a program needs.
#[derive(Debug)]
pub struct ProgramEnvironment<'a, W> {
    /// All input.
    pub world: &'a W,
    /// The index.
    pub index: &'a Index,
}

/// The runtime of a tool, and its active toolchain.
pub(super) struct ActiveRuntime {
    /// The runtime.
    pub(super) tool: &'static Tool,
    /// Its active toolchain.
    pub(super) toolchain: Toolchain,
}

/// The call's own requests, as variables for child processes.
pub(super) fn requested(call: &Call) -> Variables {
    let own = call.pin.as_ref().map(|pin| (call.tool, pin));
    let runtime_pin = call.runtime_pin.as_ref().map(|(runtime, pin)| (*runtime, pin));
    let variable = |(tool, pin): (&'static Tool, &Pin)| {
        Some((*tool.variables.first()?, Some(pin.request()?.as_str().into())))
    };
    own.into_iter().chain(runtime_pin).filter_map(variable).collect()
}

fn has(set: &Variables, variable: &str) -> bool {
    set.iter().any(|(name, _)| *name == variable)
}

/// Whether a rule names the program of a call.
fn is_for_program(rule: &EnvRule, call: &Call) -> bool {
    call.names().any(|name| rule.programs.contains(&name))
}

impl<W: World> ProgramEnvironment<'_, W> {
    /// The variables that all programs of a toolchain need, set or not.
    pub fn for_all_programs(
        &self,
        call: &Call,
        toolchain: &Toolchain,
    ) -> Vec<(&'static str, OsString)> {
        let rules = call.tool.environment.iter();
        let rules =
            rules.filter(|rule| rule.programs.is_empty() && self.applies(rule, call, toolchain));
        rules.map(|rule| (rule.variable, self.value(rule, call.tool, toolchain))).collect()
    }

    /// The variables that a call's program needs and that are unset, and those to remove.
    pub(super) fn add_variables(&self, call: &Call, toolchain: &Toolchain, set: &mut Variables) {
        let running = RunningVersion::of_toolchain(self.index, call.tool, toolchain);
        for rule in call.tool.environment {
            if self.is_unset(rule, call.tool, &running) && self.applies(rule, call, toolchain) {
                set.push((rule.variable, Some(self.value(rule, call.tool, toolchain))));
            }
        }
        self.remove_of_others(call.tool, &running, set);
    }

    /// Removes variables that name another version of a tool than the running one, and such paths
    /// from lists.
    pub fn remove_of_others(
        &self,
        tool: &Tool,
        running: &RunningVersion,
        set: &mut Vec<(&'static str, Option<OsString>)>,
    ) {
        let is_others = |path: &Path| running.excludes(self.world, self.index, tool, path);
        for name in tool.folder_variables {
            let Some(value) = self.world.variable(name) else { continue };
            let kept = listed_paths(&value).filter(|(_, path)| !is_others(path));
            let kept: Vec<&Path> = kept.map(|(entry, _)| entry).collect();
            if kept.len() < listed_paths(&value).count() && !has(set, name) {
                set.push((name, join(&value, &kept)));
            }
        }
        for rule in tool.environment {
            if self.world.variable(rule.variable).is_some()
                && self.is_unset(rule, tool, running)
                && !has(set, rule.variable)
            {
                set.push((rule.variable, None));
            }
        }
    }

    /// Whether any of the variables is set that may name a version of a tool.
    pub(super) fn may_name_a_version(&self, tool: &Tool) -> bool {
        let rules = tool.environment.iter().map(|rule| &rule.variable);
        tool.folder_variables.iter().chain(rules).any(|name| self.world.variable(name).is_some())
    }

    /// Adds the variables that the runtime has for a program of another tool, and removes those that
    /// name another version of the runtime.
    ///
    /// The file of a condition is looked up in the tool's own toolchain, else in the runtime's.
    pub(super) fn add_runtime_variables(
        &self,
        call: &Call,
        toolchain: &Toolchain,
        runtime: &ActiveRuntime,
        set: &mut Variables,
    ) {
        let ActiveRuntime { tool: runtime, toolchain: active } = runtime;
        let running = RunningVersion::of_toolchain(self.index, runtime, active);
        for rule in runtime.environment.iter().filter(|rule| is_for_program(rule, call)) {
            let has_file = |when: &When| self.is_file(&toolchain.root.join(when.file));
            let holder = if rule.when.as_ref().is_some_and(has_file) { toolchain } else { active };
            if self.is_needed(rule, runtime, active)
                && self.is_unset(rule, runtime, &running)
                && self.holds(rule.when.as_ref(), runtime, &holder.root)
            {
                set.push((rule.variable, Some(self.value(rule, runtime, active))));
            }
        }
        self.remove_of_others(runtime, &running, set);
    }

    /// The runtime of a call's tool, if it has variables for the program.
    pub(super) fn runtime_with_rules(&self, call: &Call) -> Option<&'static Tool> {
        let runtime = call.tool.runtime.and_then(|runtime| self.index.tools.named(runtime))?;
        let mut rules = runtime.environment.iter();
        (self.may_name_a_version(runtime) || rules.any(|rule| is_for_program(rule, call)))
            .then_some(runtime)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.world.metadata(path).ok().flatten().is_some()
    }

    /// A variable's value for a toolchain.
    fn value(&self, rule: &EnvRule, tool: &Tool, toolchain: &Toolchain) -> OsString {
        self.fill(rule.value, tool, toolchain).into()
    }

    /// A text of the registry, with its placeholders filled for a toolchain.
    fn fill(&self, text: &str, tool: &Tool, toolchain: &Toolchain) -> String {
        let text = text.replace("{root}", &toolchain.root.to_string_lossy());
        let additions = self.index.global_packages_folder(tool, toolchain).unwrap_or_default();
        text.replace("{global_packages}", &additions.to_string_lossy())
    }

    /// The folders that a toolchain's variables need, missing ones too: where a package manager is
    /// to install something, they are made.
    pub fn needed_folders(&self, tool: &Tool, toolchain: &Toolchain) -> Vec<PathBuf> {
        if !self.is_unwritable(tool, toolchain) {
            return Vec::new();
        }
        let folders = tool.environment.iter().filter_map(|rule| rule.needs_folder);
        folders.map(|folder| self.fill(folder, tool, toolchain).into()).collect()
    }

    /// Whether a variable is unset; a value that names another version than the running one doesn't
    /// count.
    fn is_unset(&self, rule: &EnvRule, tool: &Tool, running: &RunningVersion) -> bool {
        let Some(value) = self.world.variable(rule.variable) else { return true };
        let parts =
            ["{root}", "{global_packages}"].iter().find_map(|one| rule.value.split_once(one));
        let path = parts
            .zip(value.to_str())
            .and_then(|((before, after), value)| value.strip_prefix(before)?.strip_suffix(after));
        path.is_some_and(|path| running.excludes(self.world, self.index, tool, Path::new(path)))
    }

    /// Whether a toolchain is outside usher's own store, and the user can't write to it.
    fn is_unwritable(&self, tool: &Tool, toolchain: &Toolchain) -> bool {
        self.index.global_packages_folder(tool, toolchain).is_some()
            && !self.world.is_writable(&toolchain.root)
    }

    /// Whether a toolchain in this place needs a rule's variable.
    fn is_needed(&self, rule: &EnvRule, tool: &Tool, toolchain: &Toolchain) -> bool {
        let is_there = |folder: &str| self.is_file(Path::new(&self.fill(folder, tool, toolchain)));
        (!rule.unwritable || self.is_unwritable(tool, toolchain))
            && rule.needs_folder.is_none_or(is_there)
    }

    /// Whether a rule applies to a call's program in a toolchain.
    fn applies(&self, rule: &EnvRule, call: &Call, toolchain: &Toolchain) -> bool {
        let for_program = rule.programs.is_empty() || is_for_program(rule, call);
        for_program
            && self.is_needed(rule, call.tool, toolchain)
            && self.holds(rule.when.as_ref(), call.tool, &toolchain.root)
    }

    /// Whether a condition is true in a toolchain's folder; no condition always is.
    fn holds(&self, when: Option<&When>, tool: &Tool, root: &Path) -> bool {
        let Some(when) = when else { return true };
        let Ok(content) = self.world.read(&root.join(when.file)) else { return false };
        let text = String::from_utf8_lossy(&content.bytes);
        let version = json_field(&text, when.field).and_then(|text| Version::parse(&text));
        let range = Range::parse(when.versions, tool.dialect);
        version.zip(range).is_some_and(|(version, range)| range.contains(&version))
    }
}
