//! What the registry makes of each upstream's index, on every platform: version, address, hash. The
//! indexes are small copies of what upstreams publish, with entries for other platforms too.

use usher_definition::{Definition, SourceKind};
use usher_shims::tool::DEFINITIONS;
use usher_shims::world::{MemoryWorld, World};

use super::*;

const HASH: &str = "abababababababababababababababababababababababababababababababab";

fn definition(tool: &str) -> Definition {
    let (_, text) =
        DEFINITIONS.iter().find(|(file, _)| *file == format!("{tool}.toml")).expect("a tool");
    Definition::parse(text).expect("a definition").1
}

/// Reads a text as the index of a tool's source for a platform; `HASH` in it is one.
fn read(
    world: &(impl World + Sync),
    (tool, source): (&str, &str),
    platform: &str,
    text: &str,
) -> String {
    let definition = definition(tool);
    let found = definition.source.iter().find(|known| known.name == source).expect("a source");
    let Some(SourceKind::Index(index)) = found.kind() else { panic!("{source} is not a site") };
    let Some(words) = index.words_for(platform) else { return "nothing".to_owned() };
    let variable = |name: &str| world.variable(name);
    let site = DownloadSite::new(index, words, &variable).unwrap();
    let nothing = |address: &Address| {
        Err(FetchError::NotFound(Error::new(ErrorKind::Network, format!("{address} isn't there"))))
    };
    let entries = match site.read(text.replace("HASH", HASH).as_bytes(), &nothing) {
        Ok(entries) => entries,
        Err(problem) => return problem.to_string(),
    };
    let shown = entries.into_iter().map(|entry| {
        let archive = entry.archive;
        let hash = match archive.hash {
            Ok(Some(Hash::Known(integrity))) => integrity.to_string().replace(HASH, "HASH"),
            Ok(Some(Hash::ChecksumFile(sums))) => sums.with_secrets(),
            Ok(None) => "unhashed".to_owned(),
            Err(problem) => problem.to_string(),
        };
        format!("{} {} {hash}", entry.version, archive.address.with_secrets())
    });
    let lines: Vec<String> = shown.collect();
    format!("{} <- {}", lines.join("\n"), site.address().unwrap().with_secrets())
}

#[track_caller]
fn check(of: (&str, &str), text: &str, expected: &[(&str, &str)]) {
    for (platform, expected) in expected {
        let found = read(&MemoryWorld::at("/"), of, platform, text);
        let site = found.rsplit(" <- ").next().unwrap_or_default().to_owned();
        let lines = found.strip_suffix(&format!(" <- {site}")).unwrap_or(&found);
        let compared = if expected.contains(" <- ") { found.as_str() } else { lines };
        assert_eq!(compared, *expected, "{of:?} on {platform}");
    }
}

#[test]
fn node() {
    let index = r#"[{"version":"v24.21.0","date":"2026-09-07","files":["aix-ppc64","linux-arm64","linux-x64",
        "linux-x64-musl","osx-arm64-tar","osx-x64-pkg","osx-x64-tar","src"],"lts":"Krypton"},
        {"version":"v10.1.0","files":["linux-x64"],"lts":false}]"#;
    let at = "https://nodejs.org/dist/v24.21.0";
    let one = |platform: &str| {
        format!("24.21.0 {at}/node-v24.21.0-{platform}.tar.gz {at}/SHASUMS256.txt")
    };
    let old = "https://nodejs.org/dist/v10.1.0";
    let both = format!(
        "10.1.0 {old}/node-v10.1.0-linux-x64.tar.gz {old}/SHASUMS256.txt\n{} <- https://nodejs.org/dist/index.json",
        one("linux-x64")
    );
    check(
        ("node", "nodejs.org"),
        index,
        &[
            ("linux-x64-glibc2.36", &both),
            ("linux-x64-musl", &one("linux-x64-musl")),
            ("linux-arm64", &one("linux-arm64")),
            ("linux-arm64-musl", "nothing"),
            ("macos-x64", &one("darwin-x64")),
            ("macos-arm64", &one("darwin-arm64")),
        ],
    );
    let at = "https://unofficial-builds.nodejs.org/download/release";
    let musl = format!(
        "24.21.0 {at}/v24.21.0/node-v24.21.0-linux-x64-musl.tar.gz {at}/v24.21.0/SHASUMS256.txt <- {at}/index.json"
    );
    check(
        ("node", "unofficial-builds.nodejs.org"),
        index,
        &[("linux-x64-musl", &musl), ("linux-x64", "nothing")],
    );
}

#[test]
fn go() {
    let file = |name: &str, os: &str, arch: &str, kind: &str| {
        format!(
            r#"{{"filename":"{name}","os":"{os}","arch":"{arch}","version":"go1.22.0","sha256":"HASH","size":68988925,"kind":"{kind}"}}"#
        )
    };
    let files = [
        file("go1.22.0.src.tar.gz", "", "", "source"),
        file("go1.22.0.darwin-amd64.pkg", "darwin", "amd64", "installer"),
        file("go1.22.0.darwin-amd64.tar.gz", "darwin", "amd64", "archive"),
        file("go1.22.0.darwin-arm64.tar.gz", "darwin", "arm64", "archive"),
        file("go1.22.0.linux-amd64.tar.gz", "linux", "amd64", "archive"),
        file("go1.22.0.linux-arm64.tar.gz", "linux", "arm64", "archive"),
    ];
    let index =
        format!(r#"[{{"version":"go1.22.0","stable":true,"files":[{}]}}]"#, files.join(","));
    let list = "https://go.dev/dl/?mode=json&include=all";
    let one = |platform: &str| {
        format!("1.22.0 https://go.dev/dl/go1.22.0.{platform}.tar.gz sha256:HASH <- {list}")
    };
    check(
        ("go", "go.dev"),
        &index,
        &[
            ("linux-x64", &one("linux-amd64")),
            ("linux-x64-musl", &one("linux-amd64")),
            ("linux-arm64", &one("linux-arm64")),
            ("linux-arm64-musl", &one("linux-arm64")),
            ("macos-x64", &one("darwin-amd64")),
            ("macos-arm64", &one("darwin-arm64")),
        ],
    );
    let odd = index.replace("go1.22.0\",\"stable", "go1.22rc1\",\"stable");
    let odd = odd.replace("\"version\":\"go1.22.0\",\"sha", "\"version\":\"go1.22rc1\",\"sha");
    check(
        ("go", "go.dev"),
        &odd,
        &[("linux-x64", "1.22rc1 https://go.dev/dl/go1.22.0.linux-amd64.tar.gz sha256:HASH")],
    );
}

#[test]
fn java() {
    let link = "https://github.com/adoptium/temurin16-binaries/releases/download/jdk-16.0.2%2B7/OpenJDK16U-jdk_x64_linux_hotspot_16.0.2_7.tar.gz";
    let index = format!(
        r#"[{{"binaries":[{{"os":"linux","architecture":"x64","image_type":"jdk","package":{{"name":"x","link":"{link}","size":1,"checksum":"HASH"}}}}],
        "release_name":"jdk-16.0.2+7","version_data":{{"semver":"16.0.2+7"}}}}]"#
    );
    let list = |os: &str, arch: &str| {
        format!(
            "temurin-16.0.2+7 {link} sha256:HASH <- https://api.adoptium.net/v3/assets/version/%5B1.0,100.0%5D?project=jdk&vendor=adoptium&heap_size=normal&sort_method=DEFAULT&sort_order=DESC&os={os}&architecture={arch}&image_type=jdk&release_type=ga&jvm_impl=hotspot&page_size=20&page=0"
        )
    };
    check(
        ("java", "adoptium"),
        &index,
        &[
            ("linux-x64", &list("linux", "x64")),
            ("linux-x64-musl", &list("alpine-linux", "x64")),
            ("linux-arm64", &list("linux", "aarch64")),
            ("linux-arm64-musl", &list("alpine-linux", "aarch64")),
            ("macos-x64", &list("mac", "x64")),
            ("macos-arm64", &list("mac", "aarch64")),
        ],
    );
    let entry = |vendor: &str, features: &str, image: &str| {
        format!(
            r#"{{"vendor":"{vendor}","version":"21.0.2+13.0.LTS","java_version":"21.0.2","image_type":"{image}","jvm_impl":"hotspot","features":[{features}],"file_type":"tar.gz","url":"https://v.example/{vendor}-{image}.tar.gz","checksum":"sha256:HASH"}}"#
        )
    };
    let entries = [
        entry("temurin", "", "jdk"),
        entry("temurin", "", "jre"),
        entry("zulu", "\"javafx\"", "jdk"),
        entry("zulu", "", "jdk"),
    ];
    let index = format!("[{}]", entries.join(","));
    let both = |list: &str| {
        format!(
            "temurin-21.0.2+13.0.LTS https://v.example/temurin-jdk.tar.gz sha256:HASH\n\
             zulu-21.0.2+13.0.LTS https://v.example/zulu-jdk.tar.gz sha256:HASH <- https://mise-java.jdx.dev/jvm/ga/{list}.json"
        )
    };
    check(
        ("java", "mise-java"),
        &index,
        &[
            ("linux-x64", &both("linux/x86_64")),
            ("linux-x64-musl", &both("alpine-linux/x86_64")),
            ("linux-arm64", &both("linux/aarch64")),
            ("linux-arm64-musl", &both("alpine-linux/aarch64")),
            ("macos-x64", &both("macosx/x86_64")),
            ("macos-arm64", &both("macosx/aarch64")),
        ],
    );
}

/// A release of GitHub's, with assets of these names.
fn release(repository: &str, tag: &str, assets: &[String]) -> String {
    let asset = |name: &String| {
        let at = format!("https://github.com/{repository}/releases/download/{tag}/{name}");
        format!(
            r#"{{"name":"{name}","browser_download_url":"{at}","digest":"sha256:HASH","size":1}}"#
        )
    };
    let assets: Vec<String> = assets.iter().map(asset).collect();
    format!(
        r#"{{"tag_name":"{tag}","name":"{tag}","draft":false,"prerelease":false,"assets":[{}]}}"#,
        assets.join(",")
    )
}

#[test]
fn ruby() {
    let files = |version: &str| {
        ["x86_64_linux", "arm64_linux", "macos"]
            .map(|platform| format!("ruby-{version}.{platform}.tar.gz"))
    };
    let releases = [
        release("jdx/ruby", "3.3.11-2", &files("3.3.11")),
        release("jdx/ruby", "3.3.11-10", &files("3.3.11")),
        release("jdx/ruby", "3.3.11", &files("3.3.11")),
        release("jdx/ruby", "3.5.0-preview1", &files("3.5.0-preview1")),
    ];
    let index = format!("[{}]", releases.join(","));
    let one = |platform: &str| {
        let at = "https://github.com/jdx/ruby/releases/download";
        format!(
            "3.3.11 {at}/3.3.11-10/ruby-3.3.11.{platform}.tar.gz sha256:HASH\n\
             3.5.0-preview1 {at}/3.5.0-preview1/ruby-3.5.0-preview1.{platform}.tar.gz sha256:HASH \
             <- https://api.github.com/repos/jdx/ruby/releases?per_page=100&page=1"
        )
    };
    check(
        ("ruby", "jdx-ruby"),
        &index,
        &[
            ("linux-x64", &one("x86_64_linux")),
            ("linux-arm64", &one("arm64_linux")),
            ("macos-arm64", &one("macos")),
            ("macos-x64", "nothing"),
            ("linux-x64-musl", "nothing"),
        ],
    );
    let platforms = [
        "x86_64_linux",
        "arm64_linux",
        "x86_64_linux_musl",
        "arm64_linux_musl",
        "arm64_sonoma",
        "ventura",
    ];
    let names = platforms.map(|platform| format!("ruby-3.4.1.{platform}.tar.gz"));
    let index = release("spinel-coop/rv-ruby", "20260814", &names);
    let one = |platform: &str| {
        format!(
            "3.4.1 https://github.com/spinel-coop/rv-ruby/releases/download/20260814/ruby-3.4.1.{platform}.tar.gz sha256:HASH"
        )
    };
    check(
        ("ruby", "rv-ruby"),
        &index,
        &[
            ("linux-x64-glibc2.36", &one("x86_64_linux")),
            ("linux-x64-glibc2.31", "nothing"),
            ("linux-x64-musl", &one("x86_64_linux_musl")),
            ("linux-arm64-glibc2.39", &one("arm64_linux")),
            ("linux-arm64-musl", &one("arm64_linux_musl")),
            ("macos-x64", &one("ventura")),
            ("macos-arm64", &one("arm64_sonoma")),
        ],
    );
}

#[test]
fn php() {
    let entry = |name: &str| {
        format!(
            r#"{{"name":"{name}","full_path":"/v3/{name}","is_dir":false,"size":"12345","last_modified":"x"}}"#
        )
    };
    let platforms = ["linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-aarch64"];
    let mut names: Vec<String> = platforms
        .iter()
        .map(|platform| entry(&format!("php-8.4.12-cli-{platform}.tar.gz")))
        .collect();
    names.push(entry("php-8.4.12-fpm-linux-x86_64.tar.gz"));
    names.push(entry("README.txt"));
    let index = format!("[{}]", names.join(","));
    for (source, at) in [
        ("static-php", "https://dl.static-php.dev/v3/php-bin/bulk/"),
        ("static-php-2", "https://dl.static-php.dev/static-php-cli/bulk/"),
    ] {
        let one = |platform: &str| {
            format!("8.4.12 {at}php-8.4.12-cli-{platform}.tar.gz unhashed <- {at}?format=json")
        };
        check(
            ("php", source),
            &index,
            &[
                ("linux-x64", &one("linux-x86_64")),
                ("linux-x64-musl", &one("linux-x86_64")),
                ("linux-arm64", &one("linux-aarch64")),
                ("linux-arm64-musl", &one("linux-aarch64")),
                ("macos-x64", &one("macos-x86_64")),
                ("macos-arm64", &one("macos-aarch64")),
            ],
        );
    }
}

#[test]
fn perl() {
    let at = "https://github.com/skaji/relocatable-perl/releases/download";
    let rows = [
        ("5.42.2.0", "linux", "amd64", "perl-linux-amd64"),
        ("5.42.2.1", "linux", "amd64", "perl-linux-amd64"),
        ("5.42.2.0", "darwin", "arm64", "perl-darwin-arm64"),
        ("5.34.1.1", "linux", "arm64", "perl-aarch64-linux"),
    ];
    let row = |(tag, os, arch, name): &(&str, &str, &str, &str)| {
        format!(
            "{tag},{os},{arch},xz,{at}/{tag}/{name}.tar.xz,\n{tag},{os},{arch},gz,{at}/{tag}/{name}.tar.gz,\n"
        )
    };
    let index = format!(
        "version,os,arch,compress,url,padding\n{}",
        rows.iter().map(row).collect::<String>()
    );
    let list = "https://raw.githubusercontent.com/skaji/relocatable-perl/main/releases.csv";
    check(
        ("perl", "relocatable-perl"),
        &index,
        &[
            (
                "linux-x64",
                &format!("5.42.2 {at}/5.42.2.1/perl-linux-amd64.tar.gz unhashed <- {list}"),
            ),
            ("linux-arm64", &format!("5.34.1 {at}/5.34.1.1/perl-aarch64-linux.tar.gz unhashed")),
            ("macos-arm64", &format!("5.42.2 {at}/5.42.2.0/perl-darwin-arm64.tar.gz unhashed")),
            ("linux-x64-musl", "nothing"),
        ],
    );
    let names = ["perl-linux-amd64.tar.gz", "perl-linux-amd64.tar.xz"].map(str::to_owned);
    let index = format!("[{}]", release("skaji/relocatable-perl", "5.42.2.0", &names));
    let one = format!("5.42.2 {at}/5.42.2.0/perl-linux-amd64.tar.gz sha256:HASH");
    check(("perl", "relocatable-perl-github"), &index, &[("linux-x64", &one), ("macos-x64", "")]);
}

#[test]
fn erlang() {
    let index = "OTP-28.5.0.5 0123abc 2026-08-04T10:35:03Z HASH\nOTP-24.3.4 0123abc 2022-08-04T10:35:03Z\n\
                 maint-27 0123abc 2026-08-04T10:35:03Z HASH\n\nmaster 0123abc 2026-08-04T10:35:03Z HASH\n";
    let at_path = |path: &str| {
        let at = format!("https://builds.hex.pm/builds/otp/{path}");
        format!(
            "24.3.4 {at}/OTP-24.3.4.tar.gz unhashed\n28.5.0.5 {at}/OTP-28.5.0.5.tar.gz sha256:HASH <- {at}/builds.txt"
        )
    };
    check(
        ("erlang", "builds.hex.pm"),
        index,
        &[
            ("linux-x64-glibc2.41", &at_path("amd64/ubuntu-24.04")),
            ("linux-x64-glibc2.36", &at_path("amd64/ubuntu-22.04")),
            ("linux-x64-glibc2.31", &at_path("amd64/ubuntu-20.04")),
            ("linux-x64-glibc2.28", "nothing"),
            ("linux-arm64-glibc2.39", &at_path("arm64/ubuntu-24.04")),
            ("linux-arm64-glibc2.35", &at_path("arm64/ubuntu-22.04")),
            ("linux-x64-musl", "nothing"),
        ],
    );
    let index = "ref_name,ref,datetime,sha256,openssl,wxwidgets\nOTP-28.1,0123,2026-01-01T00:00:00Z,HASH,3.5.1,3.2.8\nmaint-latest,0,x,HASH,3,3\n";
    let one = |arch: &str| {
        format!(
            "28.1 https://github.com/erlef/otp_builds/releases/download/OTP-28.1/otp-{arch}-apple-darwin.tar.gz sha256:HASH \
             <- https://raw.githubusercontent.com/erlef/otp_builds/refs/heads/main/builds/{arch}-apple-darwin.csv"
        )
    };
    check(
        ("erlang", "erlef"),
        index,
        &[
            ("macos-x64", &one("x86_64")),
            ("macos-arm64", &one("aarch64")),
            ("linux-x64", "nothing"),
        ],
    );
}

#[test]
fn elixir() {
    let index = "v1.16.2-otp-26 0123 2024-01-01T00:00:00Z HASH \nv1.16.2 0123 2024-01-01T00:00:00Z HASH\n\
                 v1.16.2 0123 2024-01-01T00:00:00Z HASH\nmain-otp-26 0 x HASH\nv1.17 0 x HASH\nv1.0.0 0 x\n";
    let at = "https://builds.hex.pm/builds/elixir";
    let all = format!(
        "1.0.0 {at}/v1.0.0.zip unhashed\n1.16.2 {at}/v1.16.2.zip sha256:HASH\n\
         1.16.2-otp-26 {at}/v1.16.2-otp-26.zip sha256:HASH <- {at}/builds.txt"
    );
    for platform in usher_definition::PLATFORMS {
        check(("elixir", "builds.hex.pm"), index, &[(platform, &all)]);
    }
}

#[test]
fn python() {
    let at = "https://github.com/astral-sh/python-build-standalone/releases/download";
    let archive = |tag: &str, platform: &str, variant: &str, end: &str| {
        let name =
            format!("cpython-3.13.12%2B{tag}-{platform}-{}.{end}", variant.replacen('+', "-", 1));
        format!(
            r#"{{"platform":"{platform}","variant":"{variant}","url":"{at}/{tag}/{name}","archive_format":"{end}","sha256":"HASH"}}"#
        )
    };
    let triples = [
        "x86_64-unknown-linux-gnu",
        "x86_64-unknown-linux-musl",
        "aarch64-unknown-linux-gnu",
        "aarch64-unknown-linux-musl",
        "x86_64-apple-darwin",
        "aarch64-apple-darwin",
    ];
    let line = |tag: &str| {
        let variants = [
            ("install_only", "tar.gz"),
            ("install_only_stripped", "tar.gz"),
            ("pgo+lto+full", "tar.zst"),
            ("freethreaded+install_only_stripped", "tar.gz"),
            ("freethreaded+pgo+lto+full", "tar.zst"),
        ];
        let artifacts: Vec<String> = triples
            .iter()
            .flat_map(|triple| variants.map(|(variant, end)| archive(tag, triple, variant, end)))
            .collect();
        format!(r#"{{"version":"3.13.12+{tag}","date":"x","artifacts":[{}]}}"#, artifacts.join(","))
    };
    let index = format!("{}\n{}\n", line("20260303"), line("20260814"));
    for (platform, triple) in
        usher_definition::PLATFORMS.iter().zip([0, 1, 2, 3, 4, 5].map(|index| triples[index]))
    {
        let expected = format!(
            "3.13.12 {at}/20260814/cpython-3.13.12%2B20260814-{triple}-install_only_stripped.tar.gz sha256:HASH\n\
             3.13.12t {at}/20260814/cpython-3.13.12%2B20260814-{triple}-freethreaded-install_only_stripped.tar.gz sha256:HASH"
        );
        check(("python", "python-build-standalone"), &index, &[(platform, &expected)]);
    }
    let at = "https://downloads.python.org/pypy";
    let file = |name: &str, arch: &str, platform: &str| {
        format!(
            r#"{{"filename":"{name}","arch":"{arch}","platform":"{platform}","download_url":"{at}/{name}"}}"#
        )
    };
    let files = [
        file("pypy3.10-v7.3.17-aarch64.tar.bz2", "aarch64", "linux"),
        file("pypy3.10-v7.3.17-linux64.tar.bz2", "x64", "linux"),
        file("pypy3.10-v7.3.17-macos_arm64.tar.bz2", "arm64", "darwin"),
        file("pypy3.10-v7.3.17-macos_x86_64.tar.bz2", "x64", "darwin"),
        file("pypy3.10-v7.3.17-win64.zip", "x64", "win64"),
    ];
    let row = |version: &str, stable: &str| {
        format!(
            r#"{{"pypy_version":"{version}","python_version":"3.10.14","stable":{stable},"files":[{}]}}"#,
            files.join(",")
        )
    };
    let index = format!(
        "[{},{},{}]",
        row("7.3.17", "true"),
        row("7.3.18rc1", "false"),
        row("nightly", "true")
    );
    let one = |token: &str| {
        format!(
            "pypy3.10-7.3.17 {at}/pypy3.10-v7.3.17-{token}.tar.bz2 \
             https://raw.githubusercontent.com/pypy/pypy.org/main/pages/checksums.rst <- {at}/versions.json"
        )
    };
    check(
        ("python", "pypy"),
        &index,
        &[
            ("linux-x64", &one("linux64")),
            ("linux-arm64", &one("aarch64")),
            ("macos-x64", &one("macos_x86_64")),
            ("macos-arm64", &one("macos_arm64")),
            ("linux-x64-musl", "nothing"),
        ],
    );
}

#[test]
fn deno_and_bun() {
    let at = "https://dl.deno.land/release/v2.5.0";
    let one = |triple: &str| {
        format!(
            "2.5.0 {at}/deno-{triple}.zip {at}/deno-{triple}.zip.sha256sum <- https://deno.com/versions.json"
        )
    };
    check(
        ("deno", "deno.land"),
        r#"{"cli":["v2.5.0","v1.9.0"],"std":["0.1.0"]}"#,
        &[
            ("linux-x64", &one("x86_64-unknown-linux-gnu")),
            ("linux-arm64", &one("aarch64-unknown-linux-gnu")),
            ("macos-x64", &one("x86_64-apple-darwin")),
            ("macos-arm64", &one("aarch64-apple-darwin")),
            ("linux-x64-musl", "nothing"),
        ],
    );
    let tokens = [
        "linux-x64",
        "linux-x64-musl",
        "linux-aarch64",
        "linux-aarch64-musl",
        "darwin-x64",
        "darwin-aarch64",
    ];
    let names = tokens.map(|token| format!("bun-{token}.zip"));
    let index = format!("[{}]", release("oven-sh/bun", "bun-v1.3.10", &names));
    for (platform, token) in usher_definition::PLATFORMS.iter().zip(tokens) {
        let expected = format!(
            "1.3.10 https://github.com/oven-sh/bun/releases/download/bun-v1.3.10/bun-{token}.zip sha256:HASH"
        );
        check(("bun", "github"), &index, &[(platform, &expected)]);
    }
}

#[test]
fn zig() {
    let at = "https://ziglang.org/download/0.15.2";
    let keys = ["x86_64-linux", "aarch64-linux", "x86_64-macos", "aarch64-macos"];
    let member = |key: &&str| {
        format!(
            r#""{key}":{{"tarball":"{at}/zig-{key}-0.15.2.tar.xz","shasum":"HASH","size":"53733924"}}"#
        )
    };
    let members: Vec<String> = keys.iter().map(member).collect();
    let index = format!(
        r#"{{"master":{{"version":"0.17.0-dev.1","x86_64-linux":{{}}}},"0.15.2":{{"date":"2025-10-11",{}}}}}"#,
        members.join(",")
    );
    for (platform, key) in
        usher_definition::PLATFORMS.iter().zip([0, 0, 1, 1, 2, 3].map(|index| keys[index]))
    {
        let expected = format!(
            "0.15.2 {at}/zig-{key}-0.15.2.tar.xz sha256:HASH <- https://ziglang.org/download/index.json"
        );
        check(("zig", "ziglang.org"), &index, &[(platform, &expected)]);
    }
}

#[test]
fn sizes_are_parsed_in_all_formats() {
    let check = |(tool, source): (&str, &str), text: &str, expected: Option<u64>| {
        let definition = definition(tool);
        let found = definition.source.iter().find(|known| known.name == source).unwrap();
        let Some(SourceKind::Index(index)) = found.kind() else { panic!("{source} is not a site") };
        let words = index.words_for("linux-x64").unwrap();
        let site = DownloadSite::new(index, words, &|_| None).unwrap();
        let nothing = |_: &Address| {
            Err(FetchError::NotFound(Error::new(ErrorKind::Network, "there is no further page")))
        };
        let entries = site.read(text.replace("HASH", HASH).as_bytes(), &nothing).unwrap();
        let IndexEntry { version, archive, .. } = entries[0].clone();
        let source = source.to_owned();
        let release =
            Release { version, lts: None, source, archive: Some(archive), is_translated: false };
        let part = site.release_part(&release, &nothing).unwrap().unwrap();
        assert_eq!(part.size, expected, "{tool}");
    };
    let go = |size: &str| {
        format!(
            r#"[{{"files":[{{"version":"go1.22.0","os":"linux","arch":"amd64","kind":"archive","filename":"x"{size},"sha256":"HASH"}}]}}]"#
        )
    };
    check(("go", "go.dev"), &go(r#","size":68988925"#), Some(68_988_925));
    check(("go", "go.dev"), &go(r#","size":null"#), None);
    check(("go", "go.dev"), &go(""), None);
    let zig = r#"{"0.15.2":{"x86_64-linux":{"tarball":"https://z.example/x","shasum":"HASH","size":"53733924"}}}"#;
    check(("zig", "ziglang.org"), zig, Some(53_733_924));
    let java = r#"[{"binaries":[{"package":{"link":"https://j.example/x","size":191,"checksum":"HASH"}}],"version_data":{"semver":"16.0.2+7"}}]"#;
    check(("java", "adoptium"), java, Some(191));
    let bun =
        format!("[{}]", release("oven-sh/bun", "bun-v1.3.10", &["bun-linux-x64.zip".to_owned()]));
    check(("bun", "github"), &bun, Some(1));
}

#[test]
fn mirror_variables_are_used() {
    let world = MemoryWorld::at("/").variable("NODEJS_ORG_MIRROR", "https://m.example/node/");
    let index = r#"[{"version":"v1.0.0","files":["linux-x64"]}]"#;
    let at = "https://m.example/node";
    assert_eq!(
        read(&world, ("node", "nodejs.org"), "linux-x64", index),
        format!(
            "1.0.0 {at}/v1.0.0/node-v1.0.0-linux-x64.tar.gz {at}/v1.0.0/SHASUMS256.txt <- {at}/index.json"
        )
    );
}

#[test]
fn an_invalid_value_is_reported_with_its_field() {
    let go = |file: &str| {
        let text = format!(
            r#"[{{"files":[{{"version":"go1.22.0","os":"linux","arch":"amd64","kind":"archive",{file}}}]}}]"#
        );
        let found = read(&MemoryWorld::at("/"), ("go", "go.dev"), "linux-x64", &text);
        found.split(" <- ").next().unwrap_or_default().to_owned()
    };
    let check = |file: &str, expected: &str| assert_eq!(go(file), expected, "{file}");
    let start = "1.22.0 https://go.dev/dl/a.tar.gz";
    check(r#""filename":"a.tar.gz","sha256":"HASH""#, &format!("{start} sha256:HASH"));
    check(r#""filename":"a.tar.gz""#, &format!("{start} `{{.sha256}}` is missing"));
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    check(
        &format!(r#""filename":"a.tar.gz","sha256":"{md5}""#),
        &format!(
            "{start} `{{.sha256}}` is “{md5}”, which is not a SHA-256 or SHA-512 (MD5 is too weak)"
        ),
    );
    check(
        r#""filename":"a.tar.gz","sha256":{"x":1}"#,
        &format!("{start} `{{.sha256}}` is missing"),
    );
    check(r#""sha256":"HASH""#, "its entry for 1.22.0 has no `.filename`, for `archive`");
    for name in
        ["../../x.tar.gz", "/etc/passwd", "x?y", "x#y", "https://evil.example/x", "a b", "a\\\\b"]
    {
        let file = format!(r#""filename":"{name}","sha256":"HASH""#);
        let shown = go(&file);
        assert!(shown.starts_with("its entry for 1.22.0 has `.filename` = “"), "{name}: {shown}");
    }
    for link in
        ["file:///etc/passwd", "/etc/passwd", "ftp://x.example/", "https://x.example/../y", "x"]
    {
        let text = format!(
            r#"[{{"binaries":[{{"package":{{"link":"{link}","checksum":"HASH"}}}}],"version_data":{{"semver":"17.0.2+8"}}}}]"#
        );
        let found = read(&MemoryWorld::at("/"), ("java", "adoptium"), "linux-x64", &text);
        assert_eq!(
            found,
            format!("its entry for temurin-17.0.2+8 has `.package.link` = “{link}”, for `archive`")
        );
    }
    check(r#""filename":"a.tar.gz","sha256":"HASH","version":"go../../x""#, "");
}
