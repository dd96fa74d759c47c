# The package, for an overlay or `pkgs.callPackage ./default.nix { }`.
{ lib, stdenvNoCC, fetchurl }:

let
  programs = {
    x86_64-linux = { platform = "linux-x64"; sha256 = "@SHA256_LINUX_X64@"; };
    aarch64-linux = { platform = "linux-arm64"; sha256 = "@SHA256_LINUX_ARM64@"; };
    x86_64-darwin = { platform = "macos-x64"; sha256 = "@SHA256_MACOS_X64@"; };
    aarch64-darwin = { platform = "macos-arm64"; sha256 = "@SHA256_MACOS_ARM64@"; };
  };
  system = stdenvNoCC.hostPlatform.system;
  program = programs.${system} or (throw "@NAME@ has no program for ${system}");
in
stdenvNoCC.mkDerivation rec {
  pname = "@NAME@";
  version = "@VERSION@";

  src = fetchurl {
    url = "@RELEASES@/${version}/${pname}-${version}-${program.platform}.tar.gz";
    inherit (program) sha256;
  };

  # The programs are complete: static on Linux, and signed on macOS.
  dontBuild = true;
  dontFixup = true;

  # By package.toml `use` knows who updates it.
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/usher
    cp -r bin share $out/
    printf '%s\n' \
      'name = "Nix (the package @NAME@)"' \
      'update = "nix profile upgrade @NAME@"' \
      'remove = "nix profile remove @NAME@"' > $out/lib/usher/package.toml
    runHook postInstall
  '';

  meta = {
    description = "@SUMMARY@";
    homepage = "@HOMEPAGE@";
    license = with lib.licenses; [ mit asl20 ];
    platforms = builtins.attrNames programs;
    mainProgram = "use";
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
}
