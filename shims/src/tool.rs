//! The tools: those that are compiled in, tables that the build script makes from `registry/`, and
//! own ones.
//!
//! No tool is named in Rust code: what is true of one tool is a field in its file. The fields are
//! declared in `usher-tool`.

mod compiled;
mod own;

pub use compiled::{COMMON, DEFINITIONS, PASS_OVER, TOOLS};
pub(crate) use own::read;
pub use own::{Own, Tools, printed};
pub use usher_tool::{
    Adds, Asks, Dialect, Field, LtsLine, Needed, PassOver, Reader, RunsOn, Tool, VersionFile, When,
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
    fn no_program_is_shipped_by_two_tools_but_host_and_guest() {
        for tool in TOOLS {
            for program in tool.programs {
                let others = TOOLS.iter().filter(|other| {
                    other.name != tool.name
                        && other.programs.contains(program)
                        && other.host != Some(tool.name)
                        && tool.host != Some(other.name)
                });
                assert_eq!(others.count(), 0, "{program} of {}", tool.name);
            }
        }
    }

    #[test]
    fn names_variables_and_hosts_are_whole() {
        for tool in TOOLS {
            for name in tool.all_names() {
                assert_eq!(Tool::named(TOOLS, name).map(|known| known.name), Some(tool.name));
            }
            if let Some(host) = tool.host {
                assert!(Tool::named(TOOLS, host).is_some_and(|host| host.host.is_none()), "{host}");
            }
            if let Some(runs_on) = &tool.runs_on {
                let host = Tool::named(TOOLS, runs_on.tool);
                assert!(host.is_some_and(|host| host.runs_on.is_none()), "{}", runs_on.tool);
            }
        }
    }
}
