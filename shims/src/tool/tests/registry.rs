//! What the files of `registry/` make of what people write: for each tool requests, and texts of
//! the files that it reads.

use super::super::{FieldRole, TOOLS, Tool};
use crate::range::Range;
use crate::read::{RawRequest, read};
use crate::request::{Request, RequestKind, RequestTrust};
use crate::version::Version;

fn tool(name: &str) -> &'static Tool {
    Tool::named(TOOLS, name).unwrap_or_else(|| panic!("no tool {name}"))
}

/// For one tool: a request, versions that answer it, versions that don't.
fn requests(name: &str, cases: &[(&str, &str, &str)]) {
    let tool = tool(name);
    for (text, inside, outside) in cases {
        let request = Request::parse(text, tool, RequestTrust::Project);
        let request = request.unwrap_or_else(|reason| panic!("{name} {text}: {reason}"));
        for (list, expected) in [(inside, true), (outside, false)] {
            for word in list.split_whitespace() {
                let version = Version::parse(word).unwrap_or_else(|| panic!("{word}"));
                assert_eq!(request.matches(&version, tool), expected, "{name} {text}: {word}");
            }
        }
    }
}

/// For one file of a tool: a text, and what it requests, strongest first.
fn file(name: &str, file: &str, cases: &[(&str, &str)]) {
    let tool = tool(name);
    let known = tool.files.iter().find(|known| known.name == file);
    let known = known.unwrap_or_else(|| panic!("{name} doesn't read {file}"));
    for (text, expected) in cases {
        let printed = match read(text, known, tool) {
            Ok(requests) => {
                requests.iter().map(|one| described(one, tool)).collect::<Vec<_>>().join("; ")
            }
            Err(complaint) => format!("error: {complaint}"),
        };
        assert_eq!(printed, *expected, "{name}, {file}: {text}");
    }
}

/// `pin 12.0.0`, `constraint >=10`.
fn described(written: &RawRequest, tool: &Tool) -> String {
    let Some(field) = written.field else {
        let text = |text: &String| shown(&Request::parse(text, tool, RequestTrust::Project));
        return format!("pin {}", written.texts.iter().map(text).collect::<Vec<_>>().join(" or "));
    };
    if field.extends {
        return format!("extends {}", written.texts[0]);
    }
    let request = Request::parse_field(&written.texts[0], tool, field);
    let is_range = matches!(
        &request,
        Ok(request)
            if matches!(request.kind(), RequestKind::Range(range) if !range.names_one_version())
    );
    let word = match field.role {
        FieldRole::Constraint => "constraint",
        FieldRole::Either if is_range => "constraint",
        FieldRole::Pin | FieldRole::Either => "pin",
    };
    format!("{word} {}", shown(&request))
}

/// What a request means, where that is a version, else how it is written.
fn shown(request: &Result<Request, &'static str>) -> String {
    match request {
        Err(reason) => format!("({reason})"),
        Ok(request) => match request.kind() {
            RequestKind::Version(version) => version.to_string(),
            RequestKind::Named(name) => format!("“{name}”"),
            _ => request.as_str().to_owned(),
        },
    }
}

#[test]
fn node_requests_and_files_are_read() {
    requests(
        "node",
        &[
            ("nodejs-12", "12.22.12", "13.0.0"),
            ("node@12.0.0", "12.0.0", "12.0.1"),
            ("lts-hydrogen", "18.12.0", "20.9.0"),
        ],
    );
    file(
        "node",
        "package.json",
        &[
            (
                r#"{"volta":{"node":"12.0.0","extends":"../p.json"}}"#,
                "pin 12.0.0; extends ../p.json",
            ),
            (
                r#"{"engines":{"node":">=10"},"devEngines":{"runtime":[{"name":"deno"},{"name":"node","version":"^20"}]}}"#,
                "pin ^20; constraint >=10",
            ),
        ],
    );
    file("node", ".tool-versions", &[("nodejs lts 12", "pin lts or 12")]);
    file("node", ".env", &[("NODE_VERSION=v12", "pin 12"), ("NODENV_VERSION=12", "pin 12")]);
}

#[test]
fn package_manager_requests_and_files_are_read() {
    let package =
        r#"{"packageManager":"pnpm@9.1.0+sha512.abc","engines":{"npm":">=6","yarn":"1"}}"#;
    file("pnpm", "package.json", &[(package, "pin 9.1.0")]);
    file("npm", "package.json", &[(package, "constraint >=6")]);
    file(
        "yarn",
        "package.json",
        &[
            (package, "constraint 1"),
            (r#"{"packageManager":"yarn@4.1.0+sha224.x"}"#, "pin 4.1.0"),
            (r#"{"volta":{"yarn":"1.22.19","extends":"x"}}"#, "pin 1.22.19; extends x"),
            (r#"{"devEngines":{"packageManager":{"name":"yarn","version":"^4"}}}"#, "pin ^4"),
        ],
    );
    file("yarn", ".yvmrc", &[("1.22.19\n", "pin 1.22.19")]);
    assert!(tool("npm").files.iter().all(|file| file.name != ".env"), "npm has no variable");
    requests("yarn", &[("1.x", "1.22.22", "2.4.3"), ("yarn-v1.22.19", "1.22.19", "1.22.20")]);
    requests("pnpm", &[("^9", "9.15.9", "10.0.0")]);
}

#[test]
fn python_requests_and_files_are_read() {
    requests(
        "python",
        &[
            ("cp312", "3.12.1", "3.1.2 3.11.1"),
            ("cp27", "2.7.18", "3.7.0"),
            ("python3.12", "3.12.1", "3.11.1"),
            ("cpython@3.12", "3.12.1", "3.13.0"),
            ("3.13+freethreaded", "3.13.1t", "3.13.1"),
            ("3.14+gil", "3.14.0", "3.14.0t"),
            ("pypy@3.10", "pypy3.10-7.3.17", "pypy3.11-7.3.19 3.10.1"),
            ("pypy3.10-7.3.12", "pypy3.10-7.3.12", "pypy3.10-7.3.17"),
            ("pypy3.10-v7.3.12", "pypy3.10-7.3.12", "pypy3.10-7.3.17"),
            ("graalpy-25.0.1", "graalpy-25.0.1", "graalpy-25.0.2 25.0.1"),
            ("graalpy", "graalpy-25.0.1", "pypy3.10-7.3.17"),
            ("cpython-3.12.3-linux-x86_64-gnu", "3.12.3", "3.12.4"),
            ("3.12-dev", "3.12-dev", "3.12.1"),
            ("3.13t-dev", "3.13t-dev", "3.13.1t"),
        ],
    );
    file("python", ".python-version", &[("3.11.7\n3.12.1\n", "pin 3.11.7 or 3.12.1")]);
    file("python", ".python-versions", &[("3.11 3.12\n", "pin 3.11 or 3.12")]);
    file(
        "python",
        "pyproject.toml",
        &[
            ("[project]\nrequires-python = '>=3.8,<3.13'", "constraint >=3.8,<3.13"),
            ("[tool.poetry.dependencies]\npython = '^3.11'", "constraint ^3.11"),
            ("[tool.poetry.dependencies]\npython = '3.11'", "constraint 3.11"),
        ],
    );
    file(
        "python",
        "runtime.txt",
        &[
            ("python-3.9.1\n", "pin 3.9.1"),
            ("php-8.2", ""),
            ("3.9.1", ""),
            ("python-3.12", "pin 3.12"),
        ],
    );
    file("python", ".env", &[("PYENV_VERSION='3.11'", "pin 3.11")]);
}

#[test]
fn ruby_requests_and_files_are_read() {
    requests(
        "ruby",
        &[
            ("3.2.1p31", "3.2.1", "3.2.2"),
            ("1.9.3p551", "1.9.3-p551", "1.9.3-p550"),
            ("1.9.3", "1.9.3-p551 1.9.3-p0", "1.9.2-p0"),
            ("2.0.0-p648", "2.0.0-p648", "2.0.0-p0"),
            ("ruby-3.1.0", "3.1.0", "3.1.1"),
            ("v3.1", "3.1.6", "3.2.0"),
            ("ruby", "3.4.1", "3.5.0-preview1 jruby-9.4.8.0"),
            ("jruby", "jruby-9.4.8.0", "9.4.8"),
            ("jruby-9.4", "jruby-9.4.8.0", "jruby-9.3.1.0"),
            ("truffleruby-24.1.1", "truffleruby-24.1.1", "24.1.1 truffleruby-24.1.2"),
            ("truffleruby+graalvm-24.1", "truffleruby+graalvm-24.1.1", "truffleruby-24.1.1"),
            ("3.5.0-preview1", "3.5.0-preview1", "3.5.0"),
            ("~> 3.1", "3.1.0 3.4.1", "4.0.0 3.0.9"),
            ("~> 3.1.2, != 3.1.4", "3.1.3", "3.1.4 3.2.0"),
        ],
    );
    file("ruby", ".ruby-version", &[("ruby-3.1.0\n", "pin 3.1.0"), ("head", "pin “head”")]);
    file(
        "ruby",
        "Gemfile",
        &[
            ("source 'x'\nruby '3.2.1'\ngem 'rails'", "pin 3.2.1"),
            ("ruby \"3.2\" # why", "pin = 3.2"),
            ("  ruby('3.2.1')", "pin 3.2.1"),
            ("ruby '~> 3.2'", "constraint ~> 3.2"),
            ("ruby '>= 3.0', '< 3.4'", "constraint >= 3.0, < 3.4"),
            ("ruby('>= 3.0' , '< 3.4')", "constraint >= 3.0, < 3.4"),
            ("ruby '>= 3.0', '< 3.4', '!= 3.1.2'", "constraint >= 3.0, < 3.4, != 3.1.2"),
            ("ruby '2.7', engine: 'jruby', engine_version: '9.3'", "pin jruby = 9.3"),
            (
                "ruby \"2.7\", :engine => \"jruby\", :engine_version => \"9.3.1.0\"",
                "pin jruby-9.3.1.0",
            ),
            (
                "ruby('2.7', :engine => 'truffleruby', :engine_version => '24.1.1')",
                "pin truffleruby-24.1.1",
            ),
            ("ruby '3.2.1', engine: 'ruby', engine_version: '3.2.1'", "pin 3.2.1"),
            ("ruby '3.2.1', patchlevel: '31'", "pin 3.2.1"),
            ("ruby '2.0.0', patchlevel: '100'", "pin 2.0.0-p100"),
            ("ruby file: '.ruby-version'", "extends .ruby-version"),
            ("gem 'ruby'", ""),
            ("# ruby '3.2.1'", ""),
        ],
    );
    file(
        "ruby",
        "Gemfile.lock",
        &[
            ("GEM\n\nRUBY VERSION\n   ruby 3.2.1p31\n\nBUNDLED WITH\n   2.4\n", "pin 3.2.1"),
            ("RUBY VERSION\r\n  ruby 3.4.1\r\n", "pin 3.4.1"),
            ("RUBY VERSION\n   ruby 2.6.8p001 (jruby 9.3.2.0)\n", "pin jruby-9.3.2.0; pin 2.6.8"),
            ("GEM\n    ruby 3.2.1\n", ""),
        ],
    );
}

#[test]
fn php_requests_and_files_are_read() {
    requests(
        "php",
        &[
            ("8.2", "8.2.0 8.2.36", "8.20.1 8.3.0 8.2.0RC1"),
            ("8.x", "8.4.1", "7.4.33"),
            ("php-8.2.1", "8.2.1", "8.2.2"),
            ("8.4.0RC1", "8.4.0RC1", "8.4.0 8.4.0RC2"),
            ("^8.1 || ~7.4.0", "8.4.1 7.4.33", "7.3.0 9.0.0"),
        ],
    );
    file("php", ".php-version", &[("8.2\n", "pin 8.2")]);
    file(
        "php",
        "composer.json",
        &[
            (
                r#"{"config":{"platform":{"php":"8.2.0"}},"require":{"php":"^8.1"}}"#,
                "pin 8.2; constraint ^8.1",
            ),
            (r#"{"require":{"php":">=8.1 <8.4","x/php":"1"}}"#, "constraint >=8.1 <8.4"),
            (r#"{"require":{"php":"^8.1|^8.2"}}"#, "constraint ^8.1|^8.2"),
            (r#"{"require":{"php":"8.2.*"}}"#, "constraint 8.2.*"),
            (r#"{"require":{"php":"*"}}"#, "constraint *"),
            (r#"{"require":{"php-64bit":"8.2"}}"#, ""),
        ],
    );
}

#[test]
fn perl_requests_and_files_are_read() {
    requests(
        "perl",
        &[
            ("perl-5.38.0", "5.38.0", "5.38.1"),
            ("5.38", "5.38.2", "5.36.0"),
            (">=5.36", "5.40.0", "5.34.1"),
        ],
    );
    file("perl", ".perl-version", &[("5.38.0", "pin 5.38.0")]);
    file(
        "perl",
        "cpanfile",
        &[
            ("requires 'perl', '5.036';", "constraint >=5.036"),
            ("requires \"perl\" => \"v5.36.0\";", "constraint >=v5.36.0"),
            ("requires perl => 5.010_001;", "constraint >=5.010_001"),
            ("  requires 'perl' , 5.036;", "constraint >=5.036"),
            ("requires('perl', '>= 5.036, < 6');", "constraint >= 5.036, < 6"),
            ("requires 'Plack', '1.0';", ""),
        ],
    );
}

#[test]
fn erlang_and_elixir_requests_and_files_are_read() {
    requests(
        "erlang",
        &[
            ("OTP-27.1", "27.1 27.1.2", "27.2"),
            ("27", "27.3.4.1 27.0", "26.2 27.0-rc1"),
            ("26.2.5.13", "26.2.5.13", "26.2.5"),
            ("~> 26.1", "26.2.5.13 26.1", "27.0 26.0"),
        ],
    );
    file("erlang", ".erlang-version", &[("OTP-27.1", "pin 27.1")]);
    file("erlang", ".tool-versions", &[("elixir 1.17\nerlang 27.1", "pin 27.1")]);
    requests(
        "elixir",
        &[
            ("1.17.2", "1.17.2 1.17.2-otp-27", "1.17.3"),
            ("1.17.2-otp-27", "1.17.2-otp-27", "1.17.2 1.17.2-otp-26"),
            ("v1.17-otp-27", "1.17.2-otp-27", "1.17.2-otp-26"),
            ("~> 1.15", "1.17.2-otp-27 1.15.0", "2.0.0 1.14.5"),
            ("~> 1.15.2 or ~> 1.17", "1.15.7 1.18.0", "1.16.0 1.15.1"),
            ("== 1.15.7", "1.15.7 1.15.7-otp-26", "1.15.8 1.15.7-rc.0"),
        ],
    );
    for name in [".elixir-version", ".exenv-version"] {
        file("elixir", name, &[("1.17.2-otp-27", "pin 1.17.2-otp-27")]);
    }
    file(
        "elixir",
        "mix.exs",
        &[
            ("def project do\n  [\n    elixir: \"~> 1.15\",", "constraint ~> 1.15"),
            ("elixir: \">= 1.14.0 and < 2.0.0\"", "constraint >= 1.14.0 and < 2.0.0"),
            ("elixirc_paths: \"x\"", ""),
        ],
    );
    file("elixir", ".tool-versions", &[("elixir 1.17.2-otp-27", "pin 1.17.2-otp-27")]);
}

#[test]
fn go_requests_and_files_are_read() {
    requests(
        "go",
        &[
            ("go1.22", "1.22 1.22.5", "1.2.2 1.22rc1"),
            ("1.22rc1", "1.22rc1", "1.22"),
            ("golang-1.20", "1.20 1.20.14", "1.21.0"),
            (">=1.21", "1.22.5", "1.20.14"),
        ],
    );
    file("go", ".go-version", &[("go1.22.5", "pin 1.22.5")]);
    for name in ["go.mod", "go.work"] {
        file(
            "go",
            name,
            &[
                ("module x\n\ngo 1.22\n", "constraint >=1.22"),
                ("go 1.22.0 // why\ntoolchain go1.22.5", "pin 1.22.5; constraint >=1.22.0"),
                ("go 1.21rc2", "constraint >=1.21rc2"),
                ("toolchain default", ""),
                ("require golang.org/x/go 1.22", ""),
            ],
        );
    }
    file("go", ".tool-versions", &[("golang 1.22.5", "pin 1.22.5"), ("go 1.22", "pin 1.22")]);
    file("go", "mise.toml", &[("[tools]\ngo = \"1.22\"", "pin 1.22")]);
}

#[test]
fn java_requests_and_files_are_read() {
    requests(
        "java",
        &[
            ("17", "17.0.8+7 temurin-17.0.8+7 zulu-17.44.15", "21.0.4 graalvm-17.0.1 1.7.0"),
            ("temurin-21", "temurin-21.0.2+13.0.LTS", "zulu-21.0.2 21.0.2"),
            ("21.0.5-tem", "temurin-21.0.5 temurin-21.0.5+11.0.LTS", "21.0.5"),
            ("17.0.9-amzn", "corretto-17.0.9", "temurin-17.0.9"),
            ("21.0.2-open", "openjdk-21.0.2", "temurin-21.0.2"),
            ("21.0.2.fx-zulu", "zulu-javafx-21.0.2", "zulu-21.0.2"),
            ("17.0.9-graalce", "graalvm-community-17.0.9", "oracle-graalvm-17.0.9"),
            ("jdk-17.0.8+7", "17.0.8+7 temurin-17.0.8+7", "17.0.8+8 17.0.9+7"),
            ("temurin-17.0.3+7", "temurin-17.0.3+7", "temurin-17.0.3+8"),
            ("openjdk64-17.0.1", "17.0.1 temurin-17.0.1", "17.0.2"),
            ("openjdk64-1.8.0.302", "8.0.302 temurin-8.0.302+8", "8.0.292"),
            ("temurin64-1.8.0.302", "temurin-8.0.302+8", "zulu-8.0.302"),
            ("1.8", "8.0.292 temurin-8.0.402+6", "1.8.0 11.0.1"),
            ("1.8.0", "8.0.292", "11.0.1"),
            ("1.8.0_292", "8.0.292 8.0.292+10", "8.0.302"),
            ("8u402", "8.0.402+6", "8.0.392"),
            ("8u402-b06", "8.0.402+6", "8.0.402+7"),
            ("jdk8u402-b06", "temurin-8.0.402+6", "8.0.402+7"),
            ("liberica-8u402+7", "liberica-8.0.402+7", "8.0.402+7"),
            ("17.0.9-9", "17.0.9+9", "17.0.9+8"),
            (
                "semeru-openj9-17.0.10+7_openj9-0.43.0",
                "semeru-openj9-17.0.10+7_openj9-0.43.0",
                "17.0.10+7",
            ),
            ("17.0.1.1", "17.0.1.1", "17.0.1"),
            ("23-ea", "23-ea+10", "23.0.1"),
            ("lts", "25.0.1 temurin-21.0.5", "22.0.1 mandrel-21.0.5"),
            ("lts/17", "17.0.9", "21.0.5"),
            ("temurin", "temurin-25.0.1", "zulu-25.0.1"),
            (">=17 <21", "17.0.8+7 temurin-20.0.1", "21.0.0 11.0.2"),
        ],
    );
    file("java", ".java-version", &[("17.0\n", "pin 17.0"), ("temurin-17", "pin temurin-17")]);
    file(
        "java",
        ".sdkmanrc",
        &[("# why\njava=21.0.5-tem\nmaven=3.9\n", "pin temurin-21.0.5"), ("maven=3.9", "")],
    );
    file(
        "java",
        ".tool-versions",
        &[("java temurin-21.0.2+13.0.LTS", "pin temurin-21.0.2+13.0.LTS")],
    );
    file(
        "java",
        ".env",
        &[("JAVA_VERSION=jdk-17.0.8+7", "pin 17.0.8+7"), ("JENV_VERSION=1.8", "pin 8")],
    );
}

#[test]
fn deno_and_bun_requests_and_files_are_read() {
    requests("deno", &[("v2.1", "2.1.4", "2.2.0"), ("deno@2", "2.1.4", "1.46.0")]);
    for name in [".deno-version", ".dvmrc"] {
        file("deno", name, &[("v2.1.4", "pin 2.1.4")]);
    }
    file(
        "deno",
        "package.json",
        &[
            (r#"{"engines":{"deno":">=2"}}"#, "constraint >=2"),
            (r#"{"devEngines":{"runtime":{"name":"deno","version":"2.1.4"}}}"#, "pin 2.1.4"),
        ],
    );
    requests("bun", &[("bun-v1.1", "1.1.45", "1.2.0"), ("latest", "1.2.0", "")]);
    for name in [".bun-version", ".bumrc"] {
        file("bun", name, &[("1.1.0", "pin 1.1.0")]);
    }
    file(
        "bun",
        "package.json",
        &[
            (
                r#"{"packageManager":"bun@1.1.45","engines":{"bun":"^1"}}"#,
                "pin 1.1.45; constraint ^1",
            ),
            (r#"{"packageManager":"yarn@1.22.19"}"#, ""),
        ],
    );
    file("deno", ".prototools", &[("deno = \"2.1\"", "pin 2.1")]);
}

#[test]
fn definitions_are_consistent() {
    for tool in TOOLS {
        let name = tool.name;
        for line in tool.lts {
            assert!(
                Range::parse(line.versions, tool.dialect).is_some(),
                "{name}: {}",
                line.versions
            );
        }
        for (from, to) in tool.normalize {
            let placeholders = |text: &str| text.matches("{}").count();
            assert!(
                placeholders(from) >= placeholders(to)
                    && (placeholders(from) == 0 || placeholders(to) > 0),
                "{name}: {from} is {to}"
            );
        }
        for prefix in tool.prefixes {
            let text = format!("{prefix}12.3.4");
            let request =
                Request::parse(&text, tool, RequestTrust::Project).map(|r| r.kind().clone());
            assert_eq!(
                request,
                Ok(RequestKind::Version(Version::parse("12.3.4").unwrap())),
                "{name}: {text}"
            );
        }
        for adds in tool.package_calls {
            let shippers = TOOLS.iter().filter(|one| one.programs.contains(&adds.program));
            // What no tool ships is added itself.
            let is_anothers = |one: &&Tool| one.name != name && one.runtime != Some(name);
            let others: Vec<_> = shippers.clone().filter(is_anothers).collect();
            assert!(others.len() < shippers.count().max(1), "{name}: {}", adds.program);
        }
    }
}

#[test]
fn no_two_programs_differ_by_case_alone() {
    // They would be one file on a Mac.
    let mut spellings = std::collections::BTreeMap::new();
    for name in TOOLS.iter().flat_map(|tool| tool.programs) {
        let first = *spellings.entry(name.to_ascii_lowercase()).or_insert(*name);
        assert_eq!(first, *name);
    }
}
