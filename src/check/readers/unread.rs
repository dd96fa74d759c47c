//! Version files that no shim reads: `*.gemspec`, mise's `conf.d`.

use usher_definition::UnreadFile;
use usher_shims::tool::{FieldRole, Tool};

use super::collector::MentionCollector;
use crate::check::mention::MentionKind;
use crate::project::unread::{UnreadField, fields};

/// Reads such a file for a tool.
pub(super) fn read(
    text: &str,
    tool: &'static Tool,
    file: &UnreadFile,
    collector: &mut MentionCollector<'_>,
) {
    let found = match fields(text, file, tool) {
        Ok(found) => found,
        Err(reason) => return collector.note(0, format!("can't be parsed: {reason}")),
    };
    for UnreadField { line, field, requests } in found {
        let requests = match requests {
            Ok(requests) => requests,
            Err(reason) => {
                collector
                    .note(line, format!("its version of {} isn't compared: {reason}", tool.name));
                continue;
            }
        };
        if file.conditional {
            collector.note(line, "not compared: it counts in some environments only");
            continue;
        }
        let kind = match field.role {
            FieldRole::Pin => MentionKind::UnreadPin,
            FieldRole::Constraint | FieldRole::Either => MentionKind::Constraint,
        };
        collector.parsed((tool, kind), requests, (line, field.path));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::collector::tests::read as on_page;

    #[track_caller]
    fn check(path: &str, text: &str, expected: &str) {
        let found = on_page(path, |collector| {
            let kind = super::super::kind_in(collector.registry, Path::new(path));
            super::super::read(text, Path::new(path), kind, collector);
        });
        assert_eq!(found.trim_end(), expected, "{path}: {text}");
    }

    #[test]
    fn language_levels_of_a_build_are_minimums() {
        let check = |text: &str, expected: &str| {
            for path in ["build.gradle", "app/build.gradle.kts"] {
                check(path, text, expected);
            }
        };
        let java = |version: &str| format!("1 java >={version} | >={version}");
        check("    languageVersion = JavaLanguageVersion.of(17)", &java("17"));
        check(
            "java { toolchain { languageVersion.set(JavaLanguageVersion.of(\"21\")) } }",
            &java("21"),
        );
        check("kotlin { jvmToolchain(17) }", &java("17"));
        check("sourceCompatibility = 11", &java("11"));
        check("sourceCompatibility = '1.8'", &java("8"));
        check("sourceCompatibility JavaVersion.VERSION_1_8", &java("8"));
        check("  sourceCompatibility = JavaVersion.VERSION_17 // why", &java("17"));
        check("sourceCompatibility(JavaVersion.VERSION_11)", &java("11"));
        check("options.release = 8", &java("8"));
        check("options.release.set(11)", &java("11"));
        check("kotlinOptions { jvmTarget = \"1.8\" }", &java("8"));
        check("jvmTarget = JvmTarget.JVM_17", &java("17"));
        check("jvmTarget.set(JvmTarget.JVM_1_8)", &java("8"));
        check("// jvmToolchain(8)\njvmToolchain(17)", "2 java >=17 | >=17");
        for computed in [
            "jvmToolchain(libs.versions.java.get().toInt())",
            "sourceCompatibility = javaVersion",
            "sourceCompatibility = \"$javaVersion\"",
            "JavaLanguageVersion.of(rootProject.ext.jdk)",
            "mySourceCompatibility = 8",
            "sourceCompatibility = JavaVersion.current()",
        ] {
            check(computed, "");
        }
    }

    #[test]
    fn conda_environments_limit_versions() {
        let text = "name: x\ndependencies:\n  - python=3.11\n  - nodejs >=18,<21\n  - openjdk=17.0.3\n  - pip:\n    - x\n";
        check(
            "environment-dev.yml",
            text,
            "5 java 17.0.3 | 17.0.3\n4 node >=18,<21 | >=18,<21\n3 python 3.11 | 3.11",
        );
        // A shim reads it for one of the tools, and its pin is read elsewhere.
        check("ci/environment.yml", text, "5 java 17.0.3 | 17.0.3\n4 node >=18,<21 | >=18,<21");
        check(
            "environment.yaml",
            "- conda-forge::nodejs=20\n- nodejs-lts=1\n- nodejs\n",
            "1 node 20 | 20",
        );
    }

    #[test]
    fn requirements_of_packages_are_constraints() {
        check("setup.py", "setup(python_requires='>=3.8')", "1 python >=3.8 | >=3.8");
        check("x.gemspec", "s.required_ruby_version = '>= 3.1'", "1 ruby >= 3.1 | >= 3.1");
    }
}
