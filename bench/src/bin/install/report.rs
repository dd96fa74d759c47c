//! The page with the tables.

use std::fmt::Write as _;

use usher_bench::machine;

use crate::archive::Archive;
use crate::runs::Measured;

/// What was measured, and on what.
pub(crate) fn head(archive: &Archive, rounds: usize) -> String {
    let mega = |bytes: u64| bytes / 1_000_000;
    format!(
        "# What an install costs\n\n\
         How long it takes to install node {} into an empty home, for usher, other managers and `tar`.\n\
         The managers download from one server on loopback, mise with GPG verification off; `tar` and the library read a file.\n\
         usher verifies the archive, records every file with its hash, and syncs before it reports success.\n\
         It decompresses no byte before the whole archive is verified, so it can't be faster than downloading and then decompressing.\n\n\
         The archive has the shape of node's own ({} MB, {} MB unpacked, {} files), and is made of the npm registry's packages of node and npm.\n\
         The figures are medians of {rounds} in one run, with the commands in turn; ± is half of the distance between the quartiles.\n\
         `cargo run --release -p usher-bench --bin install` repeats it.\n\n\
         {}\n",
        archive.version,
        mega(archive.size),
        mega(archive.unpacked),
        archive.files,
        machine::description()
    )
}

/// The tables of one place.
pub(crate) fn place(title: &str, measured: &[Measured], stages: &[Measured]) -> String {
    let own = measured.first().map_or(f64::NAN, Measured::median);
    let mut page = format!(
        "\n## {title}\n\n\
         | command | median s | ± s | usher takes × of it | peak memory, MiB |\n|---|---:|---:|---:|---:|\n"
    );
    for one in measured {
        let (median, spread) = (one.median(), one.spread());
        let _ = writeln!(
            page,
            "| {} | {median:.3} | {spread:.3} | {:.2} | {:.0} |",
            one.name,
            own / median,
            one.memory
        );
    }
    page.push_str("\n| stage of usher's | median s | ± s |\n|---|---:|---:|\n");
    for one in stages {
        let _ = writeln!(page, "| {} | {:.3} | {:.3} |", one.name, one.median(), one.spread());
    }
    page
}

/// Which peers aren't in the tables, and why.
pub(crate) fn left_out(absent: &[String]) -> String {
    match absent {
        [] => String::new(),
        absent => format!("\nLeft out: {}.\n", absent.join("; ").replace('\n', " ")),
    }
}
