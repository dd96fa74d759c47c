//! Expressions in workflows, `${{ matrix.node }}`: what they come to where the file itself says so.
//! <https://docs.github.com/actions/reference/workflows-and-actions/expressions> says how they are
//! written. Nothing is evaluated beyond looking a value up.

use std::cell::Cell;

use super::variables::{LONGEST, MOST_LOOKUPS, MOST_TEXTS, UNKNOWN, append};
use super::yaml::Node;

/// How often a value may lead to another one.
const FARTHEST: usize = 8;

/// How many values of a file may still be looked up.
#[derive(Debug)]
pub(super) struct Lookups(Cell<usize>);

impl Lookups {
    /// As many as a file may have.
    pub(super) fn all() -> Self {
        Self(Cell::new(MOST_LOOKUPS))
    }

    /// Takes one; `None` where there is none left.
    pub(super) fn take(&self) -> Option<()> {
        self.0.set(self.0.get().checked_sub(1)?);
        Some(())
    }
}

/// The values that expressions at one place can name.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// How much may still be looked up.
    pub(super) lookups: &'a Lookups,
    /// `strategy.matrix` of the job.
    pub(super) matrix: Option<&'a Node>,
    /// The `env` of the workflow, the job and the step, the outermost first.
    pub(super) env: Vec<&'a Node>,
    /// The `inputs` of the workflow or the action.
    pub(super) inputs: Vec<&'a Node>,
}

/// What a text comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    /// The line on which the value is written.
    pub(super) line: u32,
    /// One text for each value of a matrix; what nobody knows stays as an expression.
    pub(super) texts: Vec<String>,
}

impl<'a> Scope<'a> {
    /// The same with one more `env`.
    pub(super) fn with(&self, env: Option<&'a Node>) -> Self {
        let mut scope = self.clone();
        scope.env.extend(env);
        scope
    }

    /// What a scalar comes to; `None` for a list or a mapping.
    pub(super) fn texts(&self, node: &Node) -> Option<Texts> {
        Some(self.follow(node.text()?, node.line, FARTHEST))
    }

    fn follow(&self, text: &str, line: u32, left: usize) -> Texts {
        if text.len() > LONGEST {
            return Texts { line, texts: vec![UNKNOWN.to_owned()] };
        }
        if let Some(expression) = whole(text) {
            let found = self.values(expression, line, left);
            let line = found.first().map_or(line, |(line, _)| *line);
            let texts = found.into_iter().map(|(_, text)| text).collect();
            return Texts { line, texts: or_itself(texts, expression) };
        }
        let mut texts = vec![String::new()];
        let mut rest = text;
        while let Some((before, expression, after)) = next(rest) {
            append(&mut texts, &[before.to_owned()]);
            let found = self.values(expression, line, left);
            let found = found.into_iter().map(|(_, text)| text).collect();
            append(&mut texts, &or_itself(found, expression));
            rest = after;
        }
        append(&mut texts, &[rest.to_owned()]);
        Texts { line, texts }
    }

    /// The values of an expression, with the lines on which they are written.
    fn values(&self, expression: &str, line: u32, left: usize) -> Vec<(u32, String)> {
        let mut found = Vec::new();
        for alternative in expression.split("||").take(MOST_TEXTS) {
            let values = self.value(alternative.trim(), line, left);
            if values.is_empty() {
                return values;
            }
            found.extend(values);
        }
        found.truncate(MOST_TEXTS);
        found
    }

    fn value(&self, expression: &str, line: u32, left: usize) -> Vec<(u32, String)> {
        if let Some(literal) = literal(expression) {
            return vec![(line, literal.to_owned())];
        }
        let (Some(left), Some(())) = (left.checked_sub(1), self.lookups.take()) else {
            return Vec::new();
        };
        let way = expression.replace("['", ".").replace("']", "");
        let way: Vec<&str> = way.split('.').collect();
        let nodes = match way.as_slice() {
            ["matrix", key, rest @ ..] => self.in_matrix(key, rest),
            ["env", name] => {
                self.env.iter().rev().find_map(|env| env.get(name)).into_iter().collect()
            }
            ["inputs", name] | ["github", "event", "inputs", name] => {
                let inputs = self.inputs.iter();
                inputs.filter_map(|inputs| inputs.at(&[name, "default"])).take(1).collect()
            }
            _ => Vec::new(),
        };
        let mut found = Vec::new();
        for node in nodes {
            let Some(text) = node.text() else { continue };
            let Texts { line, texts } = self.follow(text, node.line, left);
            found.extend(texts.into_iter().map(|text| (line, text)));
        }
        found.truncate(MOST_TEXTS);
        found
    }

    /// The values of a key of the matrix, and those that `include` adds.
    fn in_matrix(&self, key: &str, rest: &[&str]) -> Vec<&'a Node> {
        let Some(matrix) = self.matrix else { return Vec::new() };
        let listed = matrix.get(key).into_iter().flat_map(Node::one_or_more);
        let included = matrix.get("include").into_iter().flat_map(Node::items);
        let included = included.take(MOST_TEXTS).filter_map(|one| one.get(key));
        let all = listed.take(MOST_TEXTS).chain(included);
        all.filter_map(|node| node.at(rest)).take(MOST_TEXTS).collect()
    }
}

/// What was found, or the expression as it was written.
fn or_itself(found: Vec<String>, expression: &str) -> Vec<String> {
    match found.is_empty() {
        true => vec![format!("${{{{ {} }}}}", expression.trim())],
        false => found,
    }
}

/// The expression that a text consists of.
fn whole(text: &str) -> Option<&str> {
    let (before, expression, after) = next(text.trim())?;
    (before.is_empty() && after.is_empty()).then_some(expression)
}

/// The first expression of a text, with what stands before and behind it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${{")?;
    let (expression, after) = rest.split_once("}}")?;
    Some((before, expression, after))
}

/// A text in single quotes, or a number.
fn literal(expression: &str) -> Option<&str> {
    let quoted = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let is_number = expression.starts_with(|c: char| c.is_ascii_digit())
        && expression.chars().all(|c| c.is_ascii_digit() || c == '.');
    quoted.filter(|text| !text.contains('\'')).or(is_number.then_some(expression))
}
