//! Which kind of machine this is, as the registry spells it: `linux-x64`, `linux-arm64-musl`.

use std::path::Path;

use usher_shims::world::World;

/// The loaders of glibc and of musl, which a system has only where its programs need them.
const LOADERS: [(&str, &str); 4] = [
    ("/lib64/ld-linux-x86-64.so.2", ""),
    ("/lib/ld-linux-aarch64.so.1", ""),
    ("/lib/ld-musl-x86_64.so.1", "-musl"),
    ("/lib/ld-musl-aarch64.so.1", "-musl"),
];

/// This machine's platform.
pub fn platform(world: &impl World) -> String {
    let system = std::env::consts::OS;
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let there = |loader: &&(&str, &str)| world.look(Path::new(loader.0)).ok().flatten().is_some();
    let library = if system == "linux" {
        LOADERS.iter().find(there).map_or("", |loader| loader.1)
    } else {
        ""
    };
    format!("{system}-{machine}{library}")
}
