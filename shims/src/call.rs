//! How a program was called: by which name, with which first argument, and so which tool it is of.

use crate::index::Index;
use crate::name::{Name, split_digits};
use crate::pin::{Origin, Pin};
use crate::request::{Request, RequestKind, RequestTrust};
use crate::tool::{Tool, Tools};

/// A call of a shim.
#[derive(Debug, Clone)]
pub struct Call {
    /// The program, as it was called.
    pub program: Name,
    /// The tool that provides it.
    pub tool: &'static Tool,
    /// What the call itself asks for.
    pub pin: Option<Pin>,
    /// Whether the first argument was a request, and isn't the program's.
    pub has_request_argument: bool,
    /// What the first argument asks of the tool that this one runs on.
    pub runtime_pin: Option<(&'static Tool, Pin)>,
    /// When this tool is asked for the program.
    pub rule: ProviderRule,
}

/// When a tool is asked for a program that several provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderRule {
    /// Whenever it is reached.
    Always,
    /// Only if something stronger than a default pins it.
    IfPinned,
    /// Only if one of its toolchains is in force, and holds the program.
    IfActive,
    /// Only if a default names it.
    IfDefault,
}

/// Understands a name, and a first argument where there is one, for each tool that may provide the
/// program, strongest first; none for a name that means nothing here.
///
/// Of several providers that is the tool of that name if it is pinned, the host whose toolchain
/// may hold the program, and the tool by its default.
pub fn calls(index: &Index, name: &str, argument: Option<&str>) -> Vec<Call> {
    let Some(program) = Name::parse(name) else { return Vec::new() };
    let tools = &index.tools;
    let call = |tool, pin, rule| {
        let host = host(tools, tool);
        Call::new(program.clone(), (tool, host), (pin, argument, rule))
    };
    let mut shippers = tools.all().filter(|tool| tool.programs.contains(&name)).peekable();
    if shippers.peek().is_some() {
        let (hosted, hosts): (Vec<_>, Vec<_>) = shippers.partition(|tool| tool.runtime.is_some());
        let Some(own) = hosted.first() else {
            return hosts.into_iter().map(|tool| call(tool, None, ProviderRule::Always)).collect();
        };
        let host = host(tools, own).unwrap_or(own);
        let rules = [
            (*own, ProviderRule::IfPinned),
            (host, ProviderRule::IfActive),
            (*own, ProviderRule::IfDefault),
            (host, ProviderRule::Always),
        ];
        return rules.into_iter().map(|(tool, rule)| call(tool, None, rule)).collect();
    }
    let by_digits = || {
        let (base, digits) = split_digits(name)?;
        let tool = tools.of_program(base)?;
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

/// The tool that another one runs on.
fn host(tools: &Tools, tool: &Tool) -> Option<&'static Tool> {
    tool.runtime.and_then(|host| tools.named(host))
}

impl Call {
    /// A call of a tool's interpreter that asks for nothing.
    pub fn for_main_program(tool: &'static Tool) -> Option<Self> {
        let program = Name::parse(tool.main_program())?;
        let (has_request_argument, runtime_pin, rule) = (false, None, ProviderRule::Always);
        Some(Self { program, tool, pin: None, has_request_argument, runtime_pin, rule })
    }

    fn new(
        program: Name,
        (tool, host): (&'static Tool, Option<&'static Tool>),
        (pin, argument, rule): (Option<Pin>, Option<&str>, ProviderRule),
    ) -> Self {
        // What runs on another tool leaves the argument to that one.
        let asked = host.unwrap_or(tool);
        let plus = argument.and_then(|argument| plus(argument, asked));
        let has_request_argument = plus.is_some();
        let (own, runtime_pin) = match host {
            Some(host) => (None, plus.map(|pin| (host, pin))),
            None => (plus, None),
        };
        Self { program, tool, pin: own.or(pin), has_request_argument, runtime_pin, rule }
    }

    /// The names under which a toolchain may hold the program, best first: `python3.7` is
    /// `python3.7`, or `python`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let name = self.program.as_str();
        let shipped = self.tool.programs.contains(&name);
        let base =
            split_digits(name).filter(|_| !shipped && self.pin.is_some()).map(|(base, _)| base);
        [name].into_iter().chain(base)
    }
}

/// A first argument `+REQUEST`.
fn plus(argument: &str, tool: &'static Tool) -> Option<Pin> {
    let text = argument.strip_prefix('+').filter(|_| tool.plus_requests)?;
    let request = Request::parse(text, tool, RequestTrust::User).ok()?;
    match request.kind() {
        // A request in blanks or quotes is some program's own argument, and so is a lone letter,
        // though `x` is any version to npm.
        _ if request.as_str() != text || matches!(text, "x" | "X" | "*") => None,
        RequestKind::Named(_) => None,
        RequestKind::Version(_)
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
    fn names_and_arguments() {
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
        check("python3", None, "python - python3");
        check("python3.7", None, "python 3.7 python3.7|python");
        check("pip3.7", None, "python 3.7 pip3.7|pip");
        check("ipython3", None, "python - ipython3");
        check("perl6x", None, "");
        check("../node", None, "");
    }
}
