//! The program's environment: the variables that a tool's programs need, by the registry.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::call::Call;
use crate::index::Index;
use crate::pin::Pin;
use crate::range::Range;
use crate::read::json_field;
use crate::tool::{EnvRule, Tool, When};
use crate::toolchain::Toolchain;
use crate::version::Version;
use crate::world::World;

/// The variables of a program, and their values.
pub(super) type Variables = Vec<(&'static str, OsString)>;

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
        Some((*tool.variables.first()?, pin.request()?.as_str().into()))
    };
    own.into_iter().chain(runtime_pin).filter_map(variable).collect()
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

    /// The variables that a call's program needs and that are unset.
    pub(super) fn add_variables(&self, call: &Call, toolchain: &Toolchain, set: &mut Variables) {
        for rule in call.tool.environment {
            if self.is_unset(rule, call.tool) && self.applies(rule, call, toolchain) {
                set.push((rule.variable, self.value(rule, call.tool, toolchain)));
            }
        }
    }

    /// The runtime of a call's tool, if it has variables for the program.
    pub(super) fn runtime_with_rules(&self, call: &Call) -> Option<&'static Tool> {
        let runtime = call.tool.runtime.and_then(|runtime| self.index.tools.named(runtime))?;
        runtime
            .environment
            .iter()
            .any(|rule| self.is_for_program(rule, call, runtime))
            .then_some(runtime)
    }

    /// Adds the variables that the runtime has for a program of another tool.
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
        for rule in
            runtime.environment.iter().filter(|rule| self.is_for_program(rule, call, runtime))
        {
            let has_file = |when: &When| self.is_file(&toolchain.root.join(when.file));
            let holder = if rule.when.as_ref().is_some_and(has_file) { toolchain } else { active };
            let is_needed = !rule.unwritable || self.is_unwritable(runtime, active);
            if is_needed && self.holds(rule.when.as_ref(), runtime, &holder.root) {
                set.push((rule.variable, self.value(rule, runtime, active)));
            }
        }
    }

    fn is_for_program(&self, rule: &EnvRule, call: &Call, runtime: &Tool) -> bool {
        call.names().any(|name| rule.programs.contains(&name)) && self.is_unset(rule, runtime)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.world.metadata(path).ok().flatten().is_some()
    }

    /// A variable's value for a toolchain.
    fn value(&self, rule: &EnvRule, tool: &Tool, toolchain: &Toolchain) -> OsString {
        let value = rule.value.replace("{root}", &toolchain.root.to_string_lossy());
        let additions = self.index.global_packages_folder(tool, toolchain).unwrap_or_default();
        value.replace("{global_packages}", &additions.to_string_lossy()).into()
    }

    /// Whether a variable is unset; a value that a shim set for another version doesn't count.
    fn is_unset(&self, rule: &EnvRule, tool: &Tool) -> bool {
        let value = self.world.variable(rule.variable);
        value.is_none_or(|value| self.is_set_by_usher(rule, tool, &value))
    }

    /// Whether usher set this value: it names a version in one of its stores, or its folder of
    /// global packages. Adopted stores count only for rules for certain programs, since users set
    /// the others to versions in these themselves.
    fn is_set_by_usher(&self, rule: &EnvRule, tool: &Tool, value: &OsStr) -> bool {
        if let Some((before, _)) = rule.value.split_once("{global_packages}") {
            let folder = value.to_str().and_then(|value| value.strip_prefix(before));
            let additions = self.index.folders.additions();
            return folder.is_some_and(|folder| Path::new(folder).starts_with(additions));
        }
        let Some((before, after)) = rule.value.split_once("{root}") else { return false };
        let root = value.to_str().and_then(|value| value.strip_prefix(before)?.strip_suffix(after));
        let Some(root) = root.map(Path::new) else { return false };
        let own = [self.index.folders.toolchains()];
        let own = own.into_iter().chain(self.index.shared_stores.iter().cloned());
        let mut own = own.map(|store| store.join(tool.name));
        let adopted = self.index.adopted_stores.iter().filter(|store| store.tool == tool.name);
        own.any(|store| root.starts_with(store))
            || !rule.programs.is_empty()
                && adopted.map(|store| &store.folder).any(|store| root.starts_with(store))
    }

    /// Whether a toolchain is outside usher's own store, and the user can't write to it.
    fn is_unwritable(&self, tool: &Tool, toolchain: &Toolchain) -> bool {
        self.index.global_packages_folder(tool, toolchain).is_some()
            && !self.world.is_writable(&toolchain.root)
    }

    /// Whether a rule applies to a call's program in a toolchain.
    fn applies(&self, rule: &EnvRule, call: &Call, toolchain: &Toolchain) -> bool {
        let for_program =
            rule.programs.is_empty() || call.names().any(|name| rule.programs.contains(&name));
        if for_program && rule.unwritable && !self.is_unwritable(call.tool, toolchain) {
            return false;
        }
        for_program && self.holds(rule.when.as_ref(), call.tool, &toolchain.root)
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
