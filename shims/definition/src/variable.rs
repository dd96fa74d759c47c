//! Which variables a definition may set for programs.

/// Variables that make any program run other code than its own: the loader's, the C library's, the
/// shells', and those that interpreters take options or start-up files from. A `*` ends the
/// beginning of a name.
///
/// A definition that set one would change more than its own tool.
const REFUSED: &[&str] = &[
    "LD_*",
    "DYLD_*",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "PATH",
    "HOME",
    "IFS",
    "ENV",
    "BASH_ENV",
    "BASH_FUNC_*",
    "BASHOPTS",
    "SHELLOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "ZDOTDIR",
    "PYTHONSTARTUP",
    "PERL5OPT",
    "PERL5DB",
    "RUBYOPT",
    "NODE_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "GIT_*",
    "USHER_*",
];

/// What is impossible in the name of a variable that the field `field` sets.
pub(crate) fn fault(field: &str, variable: &str) -> Option<String> {
    let is_refused = |refused: &str| match refused.strip_suffix('*') {
        Some(beginning) => variable.starts_with(beginning),
        None => variable == refused,
    };
    if REFUSED.iter().any(|refused| is_refused(refused)) {
        return Some(format!("`{field}`: `{variable}` steers other programs too"));
    }
    name_fault(field, variable)
}

/// What is impossible in the name of a variable in the field `field`.
pub(crate) fn name_fault(field: &str, variable: &str) -> Option<String> {
    let mut characters = variable.chars();
    let is_name =
        characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    (!is_name).then(|| format!("`{field}`: `{variable}` can't be a variable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_the_refused_variables() {
        let list: Vec<String> = REFUSED.iter().map(|name| format!("`{name}`")).collect();
        let page = include_str!("../../../registry/README.md");
        assert!(page.contains(&format!("run other code: {}.\n", list.join(", "))));
    }

    #[test]
    fn variables_of_one_tool_may_be_set_and_those_of_all_programs_not() {
        for good in ["JAVA_HOME", "npm_config_nodedir", "PERL5LIB", "GEM_HOME", "ENVIRONMENT", "_x"]
        {
            assert_eq!(fault("set", good), None, "{good}");
        }
        for bad in REFUSED.iter().map(|name| name.replace('*', "X")) {
            assert!(fault("set", &bad).unwrap().contains("steers other programs"), "{bad}");
        }
        for bad in ["", "1A", "A=B", "A B", "BASH_FUNC_x%%", "é", "A\0"] {
            assert!(fault("set", bad).is_some(), "{bad}");
        }
    }
}
