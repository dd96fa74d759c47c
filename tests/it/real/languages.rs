//! Other tools from the npm registry: each runs a program in its language, or a project's script.

use super::{MODERN, connected, with_npm};

#[test]
fn deno_and_bun_run_programs() {
    let Some(sandbox) = connected() else { return };
    let sandbox = sandbox.with_variable("USHER_SOURCE", "deno=npm,bun=npm");
    sandbox.install();
    for tool in ["deno@2", "bun@1"] {
        sandbox.use_command(&[tool]).with_long_timeout().run().succeeds();
    }
    let check = |line: &str| {
        let shell = sandbox.command("sh").arguments(["-c", line]);
        shell.with_long_timeout().run().succeeds().stdout_is("42");
    };
    check("DENO_NO_UPDATE_CHECK=1 deno eval 'const n: number = 6; console.log(n * 7)'");
    check("bun -e 'const n: number = 6; console.log(n * 7)'");
    check("echo 'console.log(6 * 7)' >answer.ts && bun run answer.ts && rm answer.ts");
}

#[test]
fn pnpm_and_yarn_run_scripts_on_the_active_node() {
    let Some(sandbox) = with_npm(&[MODERN]) else { return };
    sandbox.file("project/.nvmrc", format!("{MODERN}\n"));
    let manifest = r#"{ "name": "answer", "scripts": { "answer": "node -p process.version" } }"#;
    sandbox.file("project/package.json", manifest);
    for (tool, version) in [("pnpm", "9"), ("yarn", "1.22.22")] {
        sandbox
            .use_command(&["install", &format!("{tool}@{version}")])
            .with_long_timeout()
            .run()
            .succeeds();
        let run = sandbox.command(tool).arguments(["--silent", "run", "answer"]);
        let run = run.variable(format!("{}_VERSION", tool.to_uppercase()), version);
        run.with_long_timeout().run().succeeds().stdout_is(&format!("v{MODERN}"));
    }
}
