//! Recipes for other managers and for services: filled in, and run as far as they can be here.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Packages, VERSION, find, with_release};
use crate::stores::machine::in_own_namespace;
use crate::support::{Sandbox, Upstream};

/// A folder of releases in a sandbox, and its recipes.
fn publish(sandbox: &Sandbox) -> PathBuf {
    let releases = sandbox.folder("releases");
    let address = releases.to_str().expect("a path in UTF-8");
    let packages = Packages::current().files.clone();
    with_release(&[], VERSION, address, |release| release.write(packages, &releases))
        .expect("write the release");
    releases.join(VERSION).join("recipes")
}

#[test]
fn a_job_of_github_has_what_the_project_pins() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let recipes = publish(&sandbox);
    let [path, output] = ["path", "output"].map(|name| sandbox.root().join(name));
    let setup = sandbox.command("sh").argument(recipes.join("github-action/setup.sh"));
    let setup = setup.variable("GITHUB_PATH", &path).variable("GITHUB_OUTPUT", &output);
    setup.with_long_timeout().run().succeeds();
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", sandbox.shims().display()));
    let toolchains = format!("toolchains={}\n", sandbox.usher().join("toolchains").display());
    assert_eq!(fs::read_to_string(&output).unwrap(), toolchains);

    // The rest of the job: what the action's last step runs, and a step of the project's.
    sandbox.file("project/.nvmrc", "12\n");
    let action = fs::read_to_string(recipes.join("github-action/action.yml")).unwrap();
    let (_, install) = action.rsplit_once("run: |\n").expect("a step with a script");
    let install = sandbox.command("sh").arguments(["-c", install]);
    install.directory(sandbox.project()).run().succeeds();
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.12\n");
}

#[test]
fn a_job_of_gitlab_has_what_the_project_pins() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let recipes = publish(&sandbox);
    if find("curl").is_none() {
        return;
    }
    let template = fs::read_to_string(recipes.join("gitlab/usher.gitlab-ci.yml")).unwrap();
    let (_, script) = template.split_once("before_script:\n    - |\n").expect("a script");
    sandbox.file("project/.nvmrc", "12\n");
    let job = sandbox.command("sh").arguments(["-c", &format!("set -e\n{script}\nnode --version")]);
    let project = sandbox.project();
    let job = job.directory(&project).variable("USHER_HOME", project.join(".usher"));
    let releases = format!("file://{}", sandbox.root().join("releases").display());
    let job = job.variable("USHER_RELEASES", releases).variable("USHER_VERSION", VERSION);
    let done = job.with_long_timeout().run().succeeds();
    assert!(done.stdout.ends_with("v12.22.12\n"), "{done}");
}

/// What a container's build runs as root.
#[test]
fn a_devcontainer_has_usher_for_all_accounts() {
    let sandbox = Sandbox::new().offline();
    publish(&sandbox);
    let script = format!(
        r#"
set -eu
export HOME="$2/home" PATH=/usr/sbin:/usr/bin:/sbin:/bin VERSION={VERSION} RELEASES="$2/releases"
sh "$2/releases/{VERSION}/recipes/devcontainer/install.sh" >&2
/opt/usher/shims/use --version
"#
    );
    let Some(done) = in_own_namespace(&sandbox, &script) else { return };
    let done = done.succeeds();
    assert!(done.stdout.contains(VERSION), "{done}");
    let feature = publish(&sandbox).join("devcontainer/devcontainer-feature.json");
    let feature: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(feature).unwrap()).expect("JSON");
    assert_eq!(feature["containerEnv"]["PATH"], "/opt/usher/shims:${PATH}");
}

/// What Homebrew gives a formula, as far as this one uses it.
const HOMEBREW: &str = r#"
require "pathname"; require "fileutils"
class Pathname
  def install(file) = (mkpath; FileUtils.cp(file, self))
  def install_symlink(links) = links.each { |old, new| FileUtils.ln_s(old, self/new) }
end
class Formula
  def self.on_macos = nil
  def self.on_linux = yield
  def self.on_arm = (yield if RUBY_PLATFORM.start_with?("aarch64"))
  def self.on_intel = (yield if RUBY_PLATFORM.start_with?("x86_64"))
  %i[desc homepage license sha256 test].each { |name| define_singleton_method(name) { |*| nil } }
  def self.url(address) = puts(address)
  def self.version(text) = puts(text)
  def prefix = Pathname.new(ENV.fetch("PREFIX"))
  def bin = prefix/"bin"
  def lib = prefix/"lib"
  def bash_completion = prefix/"etc/bash_completion.d"
  def zsh_completion = prefix/"share/zsh/site-functions"
  def fish_completion = prefix/"share/fish/vendor_completions.d"
end
load ARGV[0]
Usher.new.install
"#;

#[test]
fn homebrew_installs_the_tarball() {
    let Some(ruby) = find("ruby") else { return };
    let sandbox = Sandbox::new().offline();
    let recipes = publish(&sandbox);
    let formula = recipes.join("homebrew/usher.rb");
    let prefix = sandbox.folder("cellar/usher");
    let run = |directory: &Path| {
        let ruby = sandbox.command(&ruby).arguments(["-e", HOMEBREW]).argument(&formula);
        ruby.directory(directory).variable("PREFIX", &prefix).run().succeeds()
    };
    // The first run prints the address of the archive, into whose folder Homebrew goes.
    let archive = recipes.with_file_name(format!("usher-{VERSION}-{}.tar.gz", own()));
    let unpack = sandbox.command("tar").arguments(["-xzf"]).argument(&archive);
    unpack.directory(sandbox.root()).run().succeeds();
    let folder = sandbox.root().join(format!("usher-{VERSION}-{}", own()));
    let done = run(&folder);
    assert!(done.stdout.contains(&format!("{}\n", archive.display())), "{done}");
    let refused = sandbox.command(prefix.join("bin/usher")).arguments(["self", "update"]).run();
    refused.fails_with(2).stderr_contains("hint: brew upgrade usher");
}

fn own() -> &'static str {
    usher_packaging::platform::Platform::of_this_machine().expect("a platform").name
}

#[test]
fn nix_reads_the_package() {
    let Some(nix) = find("nix-instantiate") else { return };
    let sandbox = Sandbox::new().offline();
    let recipe = publish(&sandbox).join("nix/default.nix");
    sandbox.command(nix).arguments(["--parse"]).argument(recipe).run().succeeds();
}
