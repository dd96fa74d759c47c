//! What a version file's entry may contain, and the entry as one tool reads it.

use usher_tool::{Reader, Tool, VersionField, VersionFile};

/// The placeholders of which a pattern needs one.
const REQUESTS: [&str; 4] = ["{}", "{version}", "{range}", "{constant}"];

/// What is impossible in it.
pub(crate) fn fault(file: &VersionFile) -> Option<String> {
    let VersionFile { name, reader, fields, .. } = file;
    let has_fields = !matches!(reader, Reader::Plain | Reader::ToolVersions);
    if has_fields == fields.is_empty() {
        return Some(format!("file `{name}`: plain files have no fields, all others need some"));
    }
    let is_request = |path: &str| REQUESTS.iter().any(|request| path.contains(request));
    let lacks_placeholder =
        |field: &&VersionField| *reader == Reader::Lines && !is_request(field.path);
    if let Some(field) = fields.iter().find(lacks_placeholder) {
        return Some(format!("file `{name}`: the pattern `{}` has no `{{}}`", field.path));
    }
    let is_field = |path: &str| fields.iter().any(|field| field.path == path);
    let unknown =
        fields.iter().filter_map(|field| field.only?.at_least).find(|path| !is_field(path))?;
    Some(format!("file `{name}`: `at_least` names no field: `{unknown}`"))
}

/// The same file as one tool reads it: `{name}` in a field becomes each of the tool's names,
/// `{variable}` each of its variables, and the file's dialect applies to each field.
pub(crate) fn of_tool(file: &VersionFile, tool: &Tool) -> VersionFile {
    let names: Vec<&str> = tool.all_names().collect();
    let placeholders = [("{name}", &names[..]), ("{variable}", tool.variables)];
    let spelled = |field: &VersionField| -> Vec<VersionField> {
        let field = VersionField { dialect: field.dialect.or(file.dialect), ..*field };
        let Some((hole, words)) = placeholders.iter().find(|(hole, _)| field.path.contains(hole))
        else {
            return vec![field];
        };
        let with =
            |word: &&str| VersionField { path: field.path.replace(hole, word).leak(), ..field };
        words.iter().map(with).collect()
    };
    VersionFile { fields: file.fields.iter().flat_map(spelled).collect::<Vec<_>>().leak(), ..*file }
}
