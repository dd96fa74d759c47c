//! `use why [PROGRAM]`: which version runs here and why, with all who ask and all that was passed
//! over; a tree for people, JSON for programs.

use usher_shims::call::Call;
use usher_shims::error::{Escaped, Result, Shown};

use crate::cli::explanation::{
    Account, Candidate, Kind, Newest, OnDisk, Provider, account, is_asked,
};
use crate::cli::output;
use crate::session::Session;

/// Runs the verb; without a program, for every tool that somebody asks for here. What can't run is
/// the answer and no failure of this verb.
pub fn run(session: &Session, program: Option<&str>, as_json: bool) -> Result<()> {
    let accounts = match program {
        Some(program) => vec![account(session, program)?],
        None => all(session)?,
    };
    if as_json {
        output::json(&accounts);
        return Ok(());
    }
    if accounts.is_empty() {
        output::line("nobody asks for anything here: use why PROGRAM says what would run");
    }
    for account in &accounts {
        tree(account).print();
    }
    Ok(())
}

fn all(session: &Session) -> Result<Vec<Account>> {
    let mut accounts = Vec::new();
    for known in session.registry.all() {
        let Some(call) = Call::for_main_program(known.tool) else { continue };
        if is_asked(session, &call)? {
            accounts.push(account(session, known.tool.main_program())?);
        }
    }
    Ok(accounts)
}

/// A line with what belongs below it.
struct Branch {
    text: String,
    below: Vec<Self>,
}

impl Branch {
    fn leaf(text: impl Into<String>) -> Self {
        Self { text: text.into(), below: Vec::new() }
    }

    fn print(&self) {
        output::line(&self.text);
        self.print_below("");
    }

    fn print_below(&self, indent: &str) {
        for (place, branch) in self.below.iter().enumerate() {
            let (corner, more) = match place + 1 == self.below.len() {
                true => ("└─ ", "   "),
                false => ("├─ ", "│  "),
            };
            output::line(format_args!("{indent}{corner}{}", branch.text));
            branch.print_below(&format!("{indent}{more}"));
        }
    }
}

fn tree(account: &Account) -> Branch {
    let mut below: Vec<Branch> = Vec::new();
    for provider in &account.tools {
        match account.tools.len() {
            1 => below.extend(branches(provider)),
            _ => below.push(Branch { text: provider.tool.to_owned(), below: branches(provider) }),
        }
    }
    below.push(end(account));
    Branch { text: head(account), below }
}

fn head(account: &Account) -> String {
    let decided = account.tools.iter().find_map(|provider| {
        let one = provider.asked.iter().find(|one| one.decides)?;
        Some((provider, one))
    });
    let program = Escaped(&account.program);
    match decided {
        Some((provider, one)) if one.kind == Kind::Broken => {
            format!("{program}: which {} is wanted can't be told", provider.tool)
        }
        Some((provider, one)) => {
            let version = provider.version.clone().unwrap_or_else(|| one.requests.join(" or "));
            format!("{program}: {} {version}, asked for by {}", provider.tool, one.origin)
        }
        None => format!("{program}: nobody asks for a version"),
    }
}

fn branches(provider: &Provider) -> Vec<Branch> {
    let group = |text: &str, below: Vec<Branch>| {
        (!below.is_empty()).then(|| Branch { text: text.to_owned(), below })
    };
    let asked = group("asked, strongest first", provider.asked.iter().map(asked).collect());
    let passed = provider.passed_over.iter().map(Branch::leaf).collect();
    let passed = group("passed over", passed);
    let on_disk = group("on disk", provider.on_disk.iter().map(on_disk).collect());
    let newest = provider.newest.as_ref().map(|newest| newest_line(provider, newest));
    [asked, passed, on_disk, newest].into_iter().flatten().collect()
}

fn asked(one: &Candidate) -> Branch {
    let verdict = if one.decides { "decides" } else { "doesn't decide" };
    let requests = match one.requests.is_empty() {
        true => String::new(),
        false => format!("{} by ", one.requests.join(" or ")),
    };
    let text = format!("{requests}{}: {verdict}, {}", one.origin, one.because);
    let tolerated = match one.tolerated.is_empty() {
        true => Vec::new(),
        false => vec![Branch::leaf(format!("put up with: {}", one.tolerated.join(", ")))],
    };
    Branch { text, below: tolerated }
}

fn on_disk(one: &OnDisk) -> Branch {
    let mark = if one.is_in_force { ", in force" } else { "" };
    Branch::leaf(format!("{} ({}{mark}) {}", one.version, one.store, Shown(one.path.as_ref())))
}

fn newest_line(provider: &Provider, newest: &Newest) -> Branch {
    let request = &newest.request;
    Branch::leaf(match (&newest.version, &newest.unknown, newest.is_on_disk) {
        (Some(version), _, true) => {
            format!("the newest release that answers {request} is {version}, which is on disk")
        }
        (Some(version), _, false) => {
            let hint = match moves_on(provider) {
                true => format!("use upgrade {}", provider.tool),
                false => format!("use install {}@{request}", provider.tool),
            };
            format!("the newest release that answers {request} is {version}: {hint}")
        }
        (None, unknown, _) => format!(
            "the newest release that answers {request} can't be told: {}",
            unknown.as_deref().unwrap_or_default()
        ),
    })
}

/// Whether `use upgrade` would fetch the newest: where an older one is in force, and what decides
/// is no constraint.
fn moves_on(provider: &Provider) -> bool {
    let is_constraint = |one: &Candidate| one.decides && one.kind == Kind::Constraint;
    provider.version.is_some() && !provider.asked.iter().any(is_constraint)
}

fn end(account: &Account) -> Branch {
    match (&account.runs, &account.failure) {
        (Some(path), _) => Branch::leaf(format!("runs {}", Shown(path.as_ref()))),
        (None, Some(failure)) => {
            let causes = failure.causes.iter().map(Branch::leaf);
            let hint = failure.hint.iter().map(|hint| Branch::leaf(format!("hint: {hint}")));
            Branch {
                text: format!("can't run: {}", failure.what),
                below: causes.chain(hint).collect(),
            }
        }
        (None, None) => Branch::leaf("can't run"),
    }
}
