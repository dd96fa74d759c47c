//! The schema of all `--json` answers: made from the types that print them. `tests/it/commands/json.rs`
//! compares what the commands really print with it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{check_current, text_of};
use crate::cli::commands::{
    available, cache, check, config, doctor, install, link, list, list_accounts, lock, outdated,
    pin, policy, prune, prune_copies, repair, reshim, retire, self_uninstall, self_update, setup,
    shim, status, sync, uninstall, unpin, upgrade, verify, which, why,
};
use crate::cli::environment::EnvReport;
use crate::cli::output::json::{Envelope, ErrorAnswer, Versions};

/// Makes the schema of an answer.
type SchemaOf = fn(&mut SchemaGenerator) -> schemars::Schema;

/// The answers: the name of each in the schema, its heading in `docs/json.md`, and its schema.
const ANSWERS: [(&str, &str, SchemaOf); 36] = [
    ("failure", "Errors", of::<ErrorAnswer>),
    ("use", "use", of::<status::StatusReport>),
    ("use-pin", "use TOOL@REQUEST", of::<pin::PinAnswer<'static>>),
    ("use-unpin", "use unpin", of::<unpin::UnpinReport>),
    ("use-install", "use install", of::<Versions<'static, install::InstallReport>>),
    ("use-link", "use link", of::<link::LinkReport>),
    ("use-lock", "use lock", of::<lock::LockReport>),
    ("use-upgrade", "use upgrade", of::<upgrade::UpgradeAnswer>),
    ("use-uninstall", "use uninstall", of::<Versions<'static, uninstall::UninstallReport>>),
    ("use-verify", "use verify", of::<verify::VerifyJson<'static>>),
    ("use-repair", "use repair", of::<Versions<'static, repair::RepairReport>>),
    ("use-prune", "use prune", of::<Versions<'static, prune::PruneReport>>),
    ("use-prune-copies", "use prune --copies", of::<Versions<'static, prune_copies::CopyReport>>),
    ("use-sync", "use sync", of::<sync::SyncAnswer<'static>>),
    ("use-sync-log", "use sync --log json", of::<sync::Change>),
    ("use-list", "use list", of::<list::ListReport>),
    ("use-list-accounts", "use list --accounts", of::<list_accounts::AccountsReport>),
    ("use-retire", "use retire", of::<retire::RetireReport>),
    ("use-outdated", "use outdated", of::<outdated::OutdatedReport>),
    ("use-available", "use available", of::<available::AvailableReport>),
    ("use-which", "use which", of::<which::WhichReport>),
    ("use-env", "use env", of::<EnvReport>),
    ("use-why", "use why", of::<why::WhyReport>),
    ("use-check", "use check", of::<check::CheckJson<'static>>),
    ("use-shim-changes", "use shim TOOL@REQUEST", of::<shim::ShimReport>),
    ("use-shim", "use shim", of::<shim::ShimAnswer<'static>>),
    ("use-reshim", "use reshim", of::<reshim::ReshimReport<'static>>),
    ("use-cache-clean", "use cache clean", of::<cache::CleanReport>),
    ("use-config-list", "use config list", of::<config::ConfigReport>),
    ("use-config-get", "use config get", of::<config::GetReport>),
    ("use-config-set", "use config set", of::<config::ChangeReport>),
    ("use-self-update", "use self update", of::<self_update::SelfUpdateReport>),
    ("use-self-uninstall", "use self uninstall", of::<self_uninstall::SelfUninstallReport>),
    ("use-doctor", "use doctor", of::<doctor::DoctorReport>),
    ("use-policy", "use policy", of::<policy::PolicyReport>),
    ("use-setup", "use setup", of::<setup::SetupAnswer>),
];

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> schemars::Schema {
    let mut schema = Envelope::<T>::json_schema(generator);
    if let Some(description) = T::json_schema(generator).get("description") {
        schema.insert("description".to_owned(), description.clone());
    }
    schema
}

/// What may be left out is never `null`.
fn without_null_if_optional(schema: &mut Value) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required =
        |name: &str| required.as_array().is_some_and(|all| all.contains(&json!(name)));
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if is_required(name) {
            continue;
        }
        if let Some(types) = property.get("type").and_then(Value::as_array) {
            let one = types.iter().find(|one| *one != "null").cloned();
            property["type"] = one.unwrap();
        }
        if let Some(alternatives) = property.as_object_mut().and_then(|all| all.remove("anyOf")) {
            property["$ref"] = alternatives[0]["$ref"].clone();
        }
    }
}

/// The schema of all answers.
fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let (mut answers, mut definitions) = (Vec::new(), Map::new());
    for (name, heading, schema_of) in ANSWERS {
        let mut schema = schema_of(&mut generator).to_value();
        schema["title"] = json!(heading);
        answers.push(json!({ "$ref": format!("#/$defs/{name}") }));
        definitions.insert(name.to_owned(), schema);
    }
    for (name, schema) in generator.take_definitions(true) {
        assert!(definitions.insert(name.clone(), schema).is_none(), "two types are called {name}");
    }
    definitions.values_mut().for_each(without_null_if_optional);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The answers of usher's `use --json`",
        "description": "One object for each command. New keys may be added.",
        "anyOf": answers,
        "$defs": definitions,
    })
}

#[test]
fn the_schema_is_current() {
    check_current("docs/schema/json.schema.json", &text_of(&schema()));
}
