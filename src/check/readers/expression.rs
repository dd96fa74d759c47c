//! Expressions in workflows, `${{ matrix.node }}`: the values that the file itself contains.
//! <https://docs.github.com/actions/reference/workflows-and-actions/expressions> describes the format. Nothing is evaluated beyond looking a value up.

use std::cell::Cell;

use super::variables::{MAX_LOOKUPS, MAX_TEXT_LENGTH, MAX_TEXTS, UNKNOWN, append_to_each};
use super::yaml::YamlNode;

/// How many references may follow each other.
const MAX_REFERENCES: usize = 8;

/// How many more values may be looked up for a file.
#[derive(Debug)]
pub(super) struct LookupBudget(Cell<usize>);

impl LookupBudget {
    /// All that a file may use.
    pub(super) fn full() -> Self {
        Self(Cell::new(MAX_LOOKUPS))
    }

    /// Uses one look-up, of a value that may refer to so many others. How many it may then refer to;
    /// `None` if that, or a look-up, is used up.
    pub(super) fn follow(&self, references: usize) -> Option<usize> {
        let lookups = self.0.get().checked_sub(1);
        self.0.set(lookups.unwrap_or(0));
        references.checked_sub(1).filter(|_| lookups.is_some())
    }
}

/// The values that expressions at one place can name.
#[derive(Debug, Clone)]
pub(super) struct WorkflowScope<'a> {
    /// How many more values may be looked up.
    pub(super) budget: &'a LookupBudget,
    /// `strategy.matrix` of the job.
    pub(super) matrix: Option<&'a YamlNode>,
    /// The `env` of the workflow, the job and the step, the outermost first.
    pub(super) env: Vec<&'a YamlNode>,
    /// The `inputs` of the workflow or the action.
    pub(super) inputs: Vec<&'a YamlNode>,
}

/// A text with its expressions replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpandedText {
    /// The line on which the value is written.
    pub(super) line: u32,
    /// One text for each value of a matrix; an expression of unknown value stays as it is.
    pub(super) texts: Vec<String>,
}

impl<'a> WorkflowScope<'a> {
    /// The same with one more `env`.
    pub(super) fn with_env(&self, env: Option<&'a YamlNode>) -> Self {
        let mut scope = self.clone();
        scope.env.extend(env);
        scope
    }

    /// A scalar with its expressions replaced; `None` for a list or a mapping.
    pub(super) fn expand_scalar(&self, node: &YamlNode) -> Option<ExpandedText> {
        Some(self.replace_expressions(node.text()?, node.line, MAX_REFERENCES))
    }

    fn replace_expressions(&self, text: &str, line: u32, left: usize) -> ExpandedText {
        if text.len() > MAX_TEXT_LENGTH {
            return ExpandedText { line, texts: vec![UNKNOWN.to_owned()] };
        }
        if let Some(expression) = only_expression(text) {
            let found = self.values(expression, line, left);
            let line = found.first().map_or(line, |(line, _)| *line);
            let texts = found.into_iter().map(|(_, text)| text).collect();
            return ExpandedText { line, texts: or_itself(texts, expression) };
        }
        let mut texts = vec![String::new()];
        let mut rest = text;
        while let Some((before, expression, after)) = next(rest) {
            append_to_each(&mut texts, &[before.to_owned()]);
            let found = self.values(expression, line, left);
            let found = found.into_iter().map(|(_, text)| text).collect();
            append_to_each(&mut texts, &or_itself(found, expression));
            rest = after;
        }
        append_to_each(&mut texts, &[rest.to_owned()]);
        ExpandedText { line, texts }
    }

    /// The values of an expression, with the lines on which they are written.
    fn values(&self, expression: &str, line: u32, left: usize) -> Vec<(u32, String)> {
        let mut found = Vec::new();
        for alternative in expression.split("||").take(MAX_TEXTS) {
            // If `a && b` has a value that counts, it is that of `b`.
            let value = alternative.rsplit("&&").next().unwrap_or_default();
            match self.value(value.trim(), line, left) {
                Some(values) => found.extend(values),
                None => return Vec::new(),
            }
        }
        found.truncate(MAX_TEXTS);
        found
    }

    /// The values of an expression without operators: none if it is surely empty, `None` if they are
    /// unknown.
    fn value(&self, expression: &str, line: u32, left: usize) -> Option<Vec<(u32, String)>> {
        if let Some(literal) = literal(expression) {
            return Some(vec![(line, literal.to_owned())]);
        }
        if let Some(listed) = json_values(expression) {
            return Some(listed.into_iter().map(|text| (line, text)).collect());
        }
        let left = self.budget.follow(left)?;
        let path = expression.replace("['", ".").replace("']", "");
        let path: Vec<&str> = path.split('.').collect();
        let nodes: Vec<&YamlNode> = match path.as_slice() {
            ["null" | "true" | "false"] => Vec::new(),
            ["matrix", key, rest @ ..] => {
                self.matrix.filter(|matrix| matrix.text().is_none())?;
                self.in_matrix(key, rest)
            }
            ["env", name] => vec![self.env.iter().rev().find_map(|env| env.get(name))?],
            ["inputs", name] | ["github", "event", "inputs", name] => {
                let declared: Vec<&YamlNode> =
                    self.inputs.iter().filter_map(|inputs| inputs.get(name)).collect();
                let is_optional = |input: &&&YamlNode| {
                    input.get("required").and_then(YamlNode::text) != Some("true")
                };
                declared.iter().find(is_optional)?;
                declared.into_iter().flat_map(input_values).take(MAX_TEXTS).collect()
            }
            _ => return None,
        };
        let mut found = Vec::new();
        for node in nodes {
            let Some(text) = node.text() else { continue };
            let ExpandedText { line, texts } = self.replace_expressions(text, node.line, left);
            found.extend(texts.into_iter().map(|text| (line, text)));
        }
        found.truncate(MAX_TEXTS);
        Some(found)
    }

    /// The values of a key of the matrix that `exclude` leaves by themselves, and those that `include` adds.
    fn in_matrix(&self, key: &str, rest: &[&str]) -> Vec<&'a YamlNode> {
        let Some(matrix) = self.matrix else { return Vec::new() };
        let excluded: Vec<&str> = matrix
            .get("exclude")
            .into_iter()
            .flat_map(YamlNode::items)
            .filter(|one| one.entries().len() == 1)
            .filter_map(|one| one.get(key)?.text())
            .take(MAX_TEXTS)
            .collect();
        let listed = matrix.get(key).into_iter().flat_map(YamlNode::one_or_more);
        let listed =
            listed.filter(|node| !node.text().is_some_and(|text| excluded.contains(&text)));
        let included = matrix.get("include").into_iter().flat_map(YamlNode::items);
        let included = included.take(MAX_TEXTS).filter_map(|one| one.get(key));
        let all = listed.take(MAX_TEXTS).chain(included);
        all.filter_map(|node| node.at(rest)).take(MAX_TEXTS).collect()
    }
}

/// The values that an input can have, as far as its file says: its default, and those to choose from.
fn input_values(input: &YamlNode) -> Vec<&YamlNode> {
    let default = input.get("default");
    let options = input.get("options").into_iter().flat_map(YamlNode::items);
    let others = options.filter(|one| one.text() != default.and_then(YamlNode::text));
    default.into_iter().chain(others).take(MAX_TEXTS).collect()
}

/// The values, or the expression as it is written.
fn or_itself(found: Vec<String>, expression: &str) -> Vec<String> {
    match found.is_empty() {
        true => vec![format!("${{{{ {} }}}}", expression.trim())],
        false => found,
    }
}

/// The expression of a text that is nothing but one expression.
fn only_expression(text: &str) -> Option<&str> {
    let (before, expression, after) = next(text.trim())?;
    (before.is_empty() && after.is_empty()).then_some(expression)
}

/// The first expression of a text, with the text before and after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${{")?;
    let (expression, after) = rest.split_once("}}")?;
    Some((before, expression, after))
}

/// The values of a list that is written as JSON in an expression: `fromJSON('[18, 20]')`.
fn json_values(expression: &str) -> Option<Vec<String>> {
    let called =
        ["fromJSON(", "fromJson("].iter().find_map(|name| expression.strip_prefix(name))?;
    let text = literal(called.strip_suffix(')')?.trim())?;
    let serde_json::Value::Array(items) = serde_json::from_str(text).ok()? else { return None };
    items.into_iter().take(MAX_TEXTS).map(scalar).collect()
}

fn scalar(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text in single quotes, or a number.
fn literal(expression: &str) -> Option<&str> {
    let quoted = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let is_number = expression.starts_with(|c: char| c.is_ascii_digit())
        && expression.chars().all(|c| c.is_ascii_digit() || c == '.');
    quoted.filter(|text| !text.contains('\'')).or(is_number.then_some(expression))
}
