//! The tools: built-in ones, from tables that the build script makes of `registry/`, and custom
//! ones.
//!
//! No tool is named in Rust code: everything about a tool is a field in its file. The fields are
//! declared in `usher-tool`.

mod compiled;
mod custom;

pub use compiled::{COMMON, DEFINITIONS, IGNORED_FOLDERS, TOOLS};
pub(crate) use custom::decode_tool;
pub use custom::{CustomTool, Tools, encode_tool};
pub use usher_tool::{
    BuiltFor, DefaultFile, Dialect, EnvRule, FieldCondition, FieldRole, IgnoredFolder, LtsLine,
    PackageCall, Reader, Tool, VersionField, VersionFile, When,
};

#[cfg(test)]
mod tests {
    mod registry;

    use super::*;

    #[test]
    fn tools_are_found_by_all_their_names() {
        assert_eq!(Tool::named(TOOLS, "nodejs").map(|tool| tool.name), Some("node"));
        assert_eq!(Tool::of_program(TOOLS, "npx").map(|tool| tool.name), Some("node"));
        assert!(Tool::named(TOOLS, "npx").is_none());
    }

    #[test]
    fn only_a_tool_and_its_runtime_share_a_program() {
        for tool in TOOLS {
            for program in tool.programs {
                let others = TOOLS.iter().filter(|other| {
                    other.name != tool.name
                        && other.programs.contains(program)
                        && other.runtime != Some(tool.name)
                        && tool.runtime != Some(other.name)
                });
                assert_eq!(others.count(), 0, "{program} of {}", tool.name);
            }
        }
    }

    #[test]
    fn tool_names_and_runtimes_are_consistent() {
        for tool in TOOLS {
            for name in tool.all_names() {
                assert_eq!(Tool::named(TOOLS, name).map(|known| known.name), Some(tool.name));
            }
            if let Some(host) = tool.runtime {
                assert!(
                    Tool::named(TOOLS, host).is_some_and(|host| host.runtime.is_none()),
                    "{host}"
                );
            }
            if let Some(built_for) = &tool.built_for {
                let host = Tool::named(TOOLS, built_for.tool);
                assert!(host.is_some_and(|host| host.built_for.is_none()), "{}", built_for.tool);
            }
        }
    }
}
