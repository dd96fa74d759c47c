//! The page with the table, and the plot.

use std::fmt::Write as _;
use std::fs;

use crate::hyperfine::Measured;
use crate::in_process::Resolved;
use crate::usher::Growth;

/// The page's first part: the machine, the table of calls, and how usher's grow.
pub(crate) fn calls(measured: &[Measured], growth: &[Growth]) -> String {
    let own = measured.first().map_or(0.0, |own| own.median);
    let floor = measured.get(1).map_or(0.0, |floor| floor.median - own);
    let mut page = String::from(
        "# What a call through a shim costs\n\n\
         Made by `cargo run --release -p usher-bench`; hyperfine, one run, the calls in turn for several rounds; medians, ± half of the middle half.\n\
         Every shim becomes the same static program that does nothing.\n\
         \u{201c}Over\u{201d} is what is left over that program's own time; the last column is its ratio to the floor's.\n\n",
    );
    let _ = writeln!(page, "{}\n", machine());
    page.push_str("![the same as a plot](benchmark.svg)\n\n| call | median ms | ± ms | over ms | × floor |\n|---|---:|---:|---:|---:|\n");
    for one in measured {
        let over = one.median - own;
        let _ = writeln!(
            page,
            "| {} | {:.3} | {:.3} | {over:.3} | {:.1} |",
            one.name,
            one.median,
            one.spread,
            over / floor
        );
    }
    for one in growth {
        let _ = write!(
            page,
            "\n## How it grows: {}\n\n| number | median ms | over ms |\n|---:|---:|---:|\n",
            one.with
        );
        for (number, point) in &one.points {
            let _ =
                writeln!(page, "| {number} | {:.3} | {:.3} |", point.median, point.median - own);
        }
    }
    page
}

/// What resolving costs inside the process.
pub(crate) fn in_process(resolved: &[Resolved]) -> String {
    let mut page = String::from(
        "\n## Resolving, inside the process\n\n\
         By criterion, over a world that is a table in memory: what the shim does beside asking the operating system.\n\n\
         | in a project | median µs |\n|---|---:|\n",
    );
    for one in resolved {
        let _ = writeln!(page, "| {} | {:.1} |", one.what, one.median);
    }
    page
}

/// What starting a shell costs, and who was left out of all this.
pub(crate) fn shells(shells: &[Measured], absent: &[String]) -> String {
    let empty = shells.first().map_or(0.0, |empty| empty.median);
    let mut page = String::from(
        "\n## The start of a shell\n\n| shell | median ms | over ms |\n|---|---:|---:|\n",
    );
    for one in shells {
        let _ = writeln!(page, "| {} | {:.2} | {:.2} |", one.name, one.median, one.median - empty);
    }
    if !absent.is_empty() {
        let _ = write!(page, "\nLeft out: {}.\n", absent.join("; "));
    }
    page
}

/// The machine, as far as it matters.
fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = value("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let is_virtual = text.contains(" hypervisor");
    let kind = if is_virtual { "a virtual machine" } else { "bare metal" };
    format!("Machine: {model}, {cores} cores, {kind}, Linux {}.", kernel.trim())
}

/// Horizontal bars on a logarithmic scale.
pub(crate) fn plot(measured: &[Measured]) -> String {
    const LEFT: f64 = 330.0;
    const WIDTH: f64 = 420.0;
    const ROW: f64 = 26.0;
    let smallest = measured.iter().map(|one| one.median).fold(f64::MAX, f64::min) / 2.0;
    let largest = measured.iter().map(|one| one.median).fold(0.0, f64::max);
    let scale = |value: f64| (value / smallest).ln() / (largest / smallest).ln() * WIDTH;
    let mut rows = String::new();
    let mut top = 10.0;
    for one in measured {
        let colour = if one.name.starts_with("usher") { "#2a7" } else { "#89a" };
        let (text, length) = (top + 14.0, scale(one.median));
        let name = one.name.replace('&', "&amp;").replace('<', "&lt;").replace('`', "");
        let _ = writeln!(
            rows,
            "<text x='{:.0}' y='{text:.0}' text-anchor='end'>{name}</text>\
             <rect x='{LEFT}' y='{top:.0}' width='{length:.1}' height='18' fill='{colour}'/>\
             <text x='{:.1}' y='{text:.0}'>{:.2} ms</text>",
            LEFT - 8.0,
            LEFT + length + 6.0,
            one.median,
        );
        top += ROW;
    }
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 850 {:.0}' font-family='sans-serif' font-size='13'>\n\
         <rect width='850' height='{:.0}' fill='white'/>\n{rows}\
         <text x='{LEFT}' y='{:.0}' fill='#666'>milliseconds a call, logarithmic</text>\n</svg>\n",
        top + 30.0,
        top + 30.0,
        top + 16.0,
    )
}
