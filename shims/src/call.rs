//! How a program was called: by which name and with which first argument, and so which tool
//! provides it.

use crate::index::Index;
use crate::name::{Name, split_version};
use crate::pin::{Origin, Pin};
use crate::request::{Request, RequestKind, RequestTrust};
use crate::tool::{Tool, Tools};

/// A call of a shim.
#[derive(Debug, Clone)]
pub struct Call {
    /// The program, by the name of the call.
    pub program: Name,
    /// The tool that provides it.
    pub tool: &'static Tool,
    /// The request in the call itself: `+12`, `node12`.
    pub pin: Option<Pin>,
    /// Whether the first argument is a request, and so isn't passed to the program.
    pub has_request_argument: bool,
    /// The request in the first argument for the tool's runtime.
    pub runtime_pin: Option<(&'static Tool, Pin)>,
    /// When this tool provides the program.
    pub rule: ProviderRule,
}

/// When a tool provides a program that several tools have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderRule {
    /// Always.
    Always,
    /// Only if the call, a variable or a project's file pins it.
    IfPinned,
    /// Only if one of its toolchains is active and has the program.
    IfActive,
    /// Only if a default requests it.
    IfDefault,
}

/// The possible meanings of a name and a first argument: one for each tool that may provide the
/// program, strongest first. None for an unknown name.
///
/// Of several providers: the tool of that name if it is pinned, the runtime whose toolchain may
/// have the program, and the tool by its default.
pub fn calls(index: &Index, name: &str, argument: Option<&str>) -> Vec<Call> {
    let Some(program) = Name::parse(name) else { return Vec::new() };
    let tools = &index.tools;
    let call = |tool, pin, rule| {
        let runtime = runtime(tools, tool);
        Call { pin, rule, ..Call::new(program.clone(), tool) }.with_argument(argument, runtime)
    };
    let mut shippers = tools.all().filter(|tool| tool.programs.contains(&name)).peekable();
    if shippers.peek().is_some() {
        let (with_runtime, without): (Vec<_>, Vec<_>) =
            shippers.partition(|tool| tool.runtime.is_some());
        let Some(own) = with_runtime.first() else {
            return without
                .into_iter()
                .map(|tool| call(tool, None, ProviderRule::Always))
                .collect();
        };
        let runtime = runtime(tools, own).unwrap_or(own);
        let rules = [
            (*own, ProviderRule::IfPinned),
            (runtime, ProviderRule::IfActive),
            (*own, ProviderRule::IfDefault),
            (runtime, ProviderRule::Always),
        ];
        return rules.into_iter().map(|(tool, rule)| call(tool, None, rule)).collect();
    }
    let by_digits = || {
        let (base, digits) = split_version(name)?;
        // What is before an `@` is a tool, where one has that name: `npm@10` is a release of npm,
        // and `npm10` is node 10's.
        let by_name = || tools.named(base).filter(|tool| tool.programs.contains(&base));
        let named = name.contains('@').then(by_name).flatten();
        let tool = named.or_else(|| tools.of_program(base))?;
        let request = Request::parse(digits, tool, RequestTrust::User).ok()?;
        let pin = Pin { requests: vec![request], origin: Origin::Name(name.to_owned()) };
        Some(call(tool, Some(pin), ProviderRule::Always))
    };
    if let Some(call) = by_digits() {
        return vec![call];
    }
    let holders = index.tools_with_program(name).iter().filter_map(|tool| tools.named(tool));
    holders.map(|tool| call(tool, None, ProviderRule::Always)).collect()
}

/// A tool's runtime.
fn runtime(tools: &Tools, tool: &Tool) -> Option<&'static Tool> {
    tool.runtime.and_then(|runtime| tools.named(runtime))
}

impl Call {
    /// A call of a tool's main program, without a request.
    pub fn for_main_program(tool: &'static Tool) -> Option<Self> {
        let program = Name::parse(tool.main_program())?;
        Some(Self::new(program, tool))
    }

    fn new(program: Name, tool: &'static Tool) -> Self {
        Self {
            program,
            tool,
            pin: None,
            has_request_argument: false,
            runtime_pin: None,
            rule: ProviderRule::Always,
        }
    }

    /// The same call with its first argument, which requests the runtime of a tool that has one.
    fn with_argument(mut self, argument: Option<&str>, runtime: Option<&'static Tool>) -> Self {
        let requested_tool = runtime.unwrap_or(self.tool);
        let Some(pin) = argument.and_then(|argument| plus_request(argument, requested_tool)) else {
            return self;
        };
        self.has_request_argument = true;
        match runtime {
            Some(runtime) => self.runtime_pin = Some((runtime, pin)),
            None => self.pin = Some(pin),
        }
        self
    }

    /// The names that the program may have in a toolchain, best first: `python3.7` is `python3.7`,
    /// or `python`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let name = self.program.as_str();
        let shipped = self.tool.programs.contains(&name);
        let base =
            split_version(name).filter(|_| !shipped && self.pin.is_some()).map(|(base, _)| base);
        [name].into_iter().chain(base)
    }
}

/// A first argument `+REQUEST`.
fn plus_request(argument: &str, tool: &'static Tool) -> Option<Pin> {
    let text = argument.strip_prefix('+').filter(|_| tool.plus_requests)?;
    let request = Request::parse(text, tool, RequestTrust::User).ok()?;
    match request.kind() {
        // A request in blanks or quotes is some program's own argument, and so is a lone letter,
        // though `x` is any version to npm.
        _ if request.as_str() != text || matches!(text, "x" | "X" | "*") => None,
        RequestKind::Named(_) => None,
        RequestKind::Version(_)
        | RequestKind::Exact(_)
        | RequestKind::Range(_)
        | RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::LtsBack(_)
        | RequestKind::LtsNamed(_)
        | RequestKind::System
        | RequestKind::Path(_) => Some(Pin { requests: vec![request], origin: Origin::Argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::GlobalPackage;

    fn check(name: &str, argument: Option<&str>, expected: &str) {
        let index = Index {
            global_packages: vec![GlobalPackage {
                program: Name::parse("ipython3").unwrap(),
                tools: vec!["python".into()],
            }],
            ..Index::default()
        };
        let printed: Vec<String> = calls(&index, name, argument)
            .iter()
            .map(|call| {
                let request = call.pin.as_ref().and_then(Pin::request).map_or("-", Request::as_str);
                format!(
                    "{} {request} {}",
                    call.tool.name,
                    call.names().collect::<Vec<_>>().join("|")
                )
            })
            .collect();
        assert_eq!(printed.join(", "), expected, "{name} {argument:?}");
    }

    #[test]
    fn a_call_is_parsed_into_tool_request_and_names() {
        check("node", None, "node - node");
        check("npx", Some("+12"), "npm - npx, node 12 npx, npm - npx, node 12 npx");
        check("corepack", Some("+12"), "node 12 corepack");
        check("node", Some("+lts/*"), "node lts/* node");
        check("node", Some("+foo"), "node - node");
        check("node", Some("+"), "node - node");
        check("node", Some("+ 12"), "node - node");
        check("node", Some("+'12'"), "node - node");
        check("node12", None, "node 12 node12|node");
        check("node12", Some("+10"), "node 10 node12|node");
        check("node@lts", None, "node lts node@lts|node");
        check("npm12", None, "node 12 npm12|npm");
        check("npm@10", None, "npm 10 npm@10|npm");
        check("npx@10", None, "node 10 npx@10|npx");
        check("pnpm9", None, "pnpm 9 pnpm9|pnpm");
        check("php-fpm8.2", None, "php 8.2 php-fpm8.2|php-fpm");
        check("python3", None, "python - python3");
        check("python3.7", None, "python 3.7 python3.7|python");
        check("pip3.7", None, "python 3.7 pip3.7|pip");
        check("ipython3", None, "python - ipython3");
        check("perl6x", None, "");
        check("../node", None, "");
    }
}
