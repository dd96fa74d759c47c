# The formula of a tap: https://docs.brew.sh/How-to-Create-and-Maintain-a-Tap
class Usher < Formula
  desc "@SUMMARY@"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@RELEASES@/@VERSION@/@NAME@-@VERSION@-macos-arm64.tar.gz"
      sha256 "@SHA256_MACOS_ARM64@"
    end
    on_intel do
      url "@RELEASES@/@VERSION@/@NAME@-@VERSION@-macos-x64.tar.gz"
      sha256 "@SHA256_MACOS_X64@"
    end
  end

  on_linux do
    on_arm do
      url "@RELEASES@/@VERSION@/@NAME@-@VERSION@-linux-arm64.tar.gz"
      sha256 "@SHA256_LINUX_ARM64@"
    end
    on_intel do
      url "@RELEASES@/@VERSION@/@NAME@-@VERSION@-linux-x64.tar.gz"
      sha256 "@SHA256_LINUX_X64@"
    end
  end

  def install
    bin.install "bin/use"
    bin.install_symlink "use" => "usher"
    bash_completion.install "share/bash-completion/completions/use"
    zsh_completion.install "share/zsh/site-functions/_use"
    fish_completion.install "share/fish/vendor_completions.d/use.fish"
    # By this `use` knows who updates it.
    (lib/"usher").mkpath
    (lib/"usher/package.toml").write <<~TOML
      name = "Homebrew (the formula @NAME@)"
      update = "brew upgrade @NAME@"
      remove = "brew uninstall @NAME@"
    TOML
  end

  def caveats
    <<~TEXT
      To put usher's shims on PATH, type: use setup
    TEXT
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/use --version")
  end
end
