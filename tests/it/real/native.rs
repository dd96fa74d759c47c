//! A native module, built by the node-gyp of an old and of a new npm, with the toolchain's own
//! headers.

use super::{MODERN, skipped, with_npm};
use crate::support::{Outcome, Sandbox};

/// The last release of an old line. The node-gyp in its npm works with current Pythons.
const OLD: &str = "12.22.12";

const ADDON: &str = "\
#include <node_api.h>
static napi_value Answer(napi_env env, napi_callback_info info) {
  napi_value value;
  napi_create_int32(env, 42, &value);
  return value;
}
static napi_value Init(napi_env env, napi_value exports) {
  napi_value answer;
  napi_create_function(env, \"answer\", NAPI_AUTO_LENGTH, Answer, 0, &answer);
  return answer;
}
NAPI_MODULE(addon, Init)
";

const BUILD: &str = "\
{ \"targets\": [{ \"target_name\": \"addon\", \"sources\": [\"addon.c\"] }] }
";

#[test]
fn a_native_module_is_built_with_the_headers_of_its_node() {
    let Some(sandbox) = with_npm(&[OLD, MODERN]) else { return };
    for program in ["cc", "c++", "make", "python3"] {
        let found = sandbox.command("sh").arguments(["-c", "command -v \"$0\"", program]).run();
        if !found.status.success() {
            return skipped(&format!("{program} isn't on PATH"));
        }
    }
    let script = "{ \"name\": \"addon\", \"scripts\": { \"build\": \"node-gyp rebuild\" } }\n";
    sandbox.file("project/package.json", script);
    sandbox.file("project/binding.gyp", BUILD);
    sandbox.file("project/addon.c", ADDON);
    for version in [OLD, MODERN] {
        built(&sandbox, version, &[]).succeeds();
        let script = "console.log(process.version, require('./build/Release/addon')())";
        let node = sandbox.command("node").arguments(["-e", script]);
        node.variable("NODE_VERSION", version)
            .run()
            .succeeds()
            .stdout_is(&format!("v{version} 42"));
        let config = sandbox.read("project/build/config.gypi");
        let headers = format!("\"nodedir\": \"{}\"", sandbox.toolchain("node", version).display());
        assert!(config.contains(&headers), "{config}");
    }
    // Without the toolchain's headers the build fails, so the test above shows something.
    built(&sandbox, OLD, &[("npm_config_nodedir", "")]).fails_with(1);
}

/// Builds the module. node-gyp can't download headers, because the address has no server.
fn built(sandbox: &Sandbox, version: &str, variables: &[(&str, &str)]) -> Outcome {
    let command = sandbox.command("npm").arguments(["run", "build"]);
    let command = command.variable("NODE_VERSION", version).with_long_timeout();
    let command = command.variable("npm_config_disturl", "http://127.0.0.1:9/");
    let set = variables.iter();
    set.fold(command, |command, (name, value)| command.variable(name, value)).run()
}
