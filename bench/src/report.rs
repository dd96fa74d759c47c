//! The page with the tables, and the plot.

use std::fmt::Write as _;

use usher_bench::machine;

use crate::hyperfine::Measured;
use crate::in_process::Resolved;
use crate::peers::Remark;
use crate::shells::Shells;
use crate::usher::Growth;

const HEAD: &str = "\
# What a call costs

A shim runs on every call of `node`, `python` and so on.
This page shows how long that takes, for usher and for other version managers.
One command produced all figures in one run ([repeat it](#repeat-it)).

Every shim ends by running the same small program, which does nothing.
**Added** is the time that the shim adds to that program's own.
The floor is a program that only calls `execve`: no shim can add less.
";

const METHOD: &str = "
## How it is measured

- hyperfine does the timing, without a shell. Its own time to start a process is in every row, and not in *added*. It gives every call a variable of a different length, so that no call is lucky with its stack's position.
- The calls take turns: {ROUNDS} rounds, and every call runs in each. A busy moment of the machine affects all of them.
- Medians over all runs; ± is half of the distance between the quartiles.
- Every contestant, usher too, starts with an empty environment. It gets PATH (its own shim folder, `/usr/bin`, `/bin`, and for asdf its folder) and HOME (a folder of its own). If its files are not below HOME, it also gets the variable for that: `VOLTA_HOME`, `PNPM_HOME`, `VP_HOME`.
- Before it measures, the benchmark times a program that prints its environment, and stops if anything else arrives. One variable can matter a lot: with `RUST_BACKTRACE=1`, mise's shim takes nine times as long (measured separately).
- Standard input is `/dev/null`, and output is discarded.
- All versions are the same static program, in the place where the manager looks for a version.

## Repeat it

You need Rust, hyperfine, and the musl target for the static shim:

```sh
apt-get install hyperfine rbenv
rustup target add x86_64-unknown-linux-musl
cargo run --release -p usher-bench
```

A manager is measured if it is on PATH, or if a variable names its path: `BENCH_MISE=/path/of/mise`, and likewise `BENCH_VOLTA`, `BENCH_PNPM`, `BENCH_VP`, `BENCH_ASDF`, `BENCH_PYENV`, `BENCH_RBENV`, `BENCH_RUSTUP`.

Here mise, pnpm and Vite+ are the programs of their npm packages `@jdxcode/mise-linux-x64`, `@pnpm/exe.linux-x64` and `@voidzero-dev/vite-plus-cli-linux-x64-gnu`.
The last one has only the version 1.0.0-rc.0; `vite-plus` itself is at 1.6.0, and its `vp` has no shims.
Volta and asdf are built from their own sources; rbenv is Debian's.
";

/// The whole page.
pub(crate) struct Page<'a> {
    /// The program itself, the floor, usher's calls, the peers' by their time.
    pub(crate) calls: &'a [Measured],
    pub(crate) remarks: &'a [Remark],
    pub(crate) absent: &'a [String],
    pub(crate) growth: &'a [Growth],
    pub(crate) resolved: &'a [Resolved],
    pub(crate) shells: &'a Shells,
    pub(crate) rounds: usize,
}

impl Page<'_> {
    /// As it is written.
    pub(crate) fn text(&self) -> String {
        [
            HEAD,
            &format!("\n{}\n", machine::description()),
            &self.calls(),
            &self.remarks(),
            &self.growth(),
            &self.in_process(),
            &self.shells(),
            &METHOD.replace("{ROUNDS}", &self.rounds.to_string()),
        ]
        .concat()
    }

    /// The time of the program that does nothing.
    fn own(&self) -> f64 {
        self.calls.first().map_or(f64::NAN, |own| own.median)
    }

    fn calls(&self) -> String {
        let own = self.own();
        let floor = self.calls.get(1).map_or(f64::NAN, |floor| floor.median - own);
        let mut text = String::from(
            "\n![the same as a plot](benchmark.svg)\n\n\
             | call | median ms | ± ms | added ms | times the floor |\n|---|---:|---:|---:|---:|\n",
        );
        for call in self.calls {
            let added = call.median - own;
            let (name, median, spread) = (&call.name, call.median, call.spread);
            let _ = match call.name == self.calls[0].name {
                true => writeln!(text, "| {name} | {median:.3} | {spread:.3} | | |"),
                false => writeln!(
                    text,
                    "| {name} | {median:.3} | {spread:.3} | {added:.3} | {:.1} |",
                    added / floor
                ),
            };
        }
        text
    }

    fn remarks(&self) -> String {
        let mut text = String::from(
            "\n## What each one does in that call\n\n\
             All find the version file three folders up and run an installed version. A *nested call* is a call that the program itself makes, after changing to another project. Managers that only change PATH (nvm, fnm, `mise activate`) cost nothing per call and are not in the table. They notice a new folder when the user changes to it, not when a script does.\n\n\
             - **usher** looks for every version file of every manager that it knows, in each folder up to the root, and picks the highest installed version that matches. A nested call is resolved again, in its own folder. The shim is linked statically if the musl target is installed, otherwise as the system links it (*not static*). `npm install --global` and similar calls run as a child of `use`, which then checks whether programs were added.\n",
        );
        for remark in self.remarks {
            let _ = writeln!(text, "- **{}**: {}", remark.name, remark.text);
        }
        for absent in self.absent {
            let _ = writeln!(text, "- Left out: {}", absent.trim().replace('\n', " "));
        }
        text
    }

    fn growth(&self) -> String {
        let mut text = String::new();
        for growth in self.growth {
            let _ = write!(
                text,
                "\n## How it grows: {}\n\n| number | median ms | added ms |\n|---:|---:|---:|\n",
                growth.with
            );
            for (number, point) in &growth.points {
                let added = point.median - self.own();
                let _ = writeln!(text, "| {number} | {:.3} | {added:.3} |", point.median);
            }
        }
        text
    }

    fn in_process(&self) -> String {
        let mut text = String::from(
            "\n## Resolving, inside the process\n\n\
             Measured by criterion over a table in memory: the shim's work without the calls to the operating system.\n\n\
             | in a project | median µs |\n|---|---:|\n",
        );
        for resolved in self.resolved {
            let _ = writeln!(text, "| {} | {:.1} |", resolved.what, resolved.median);
        }
        text
    }

    fn shells(&self) -> String {
        let empty = self.shells.starts.first().map_or(f64::NAN, |empty| empty.median);
        let mut text = String::from(
            "\n## The start of a shell, and each prompt\n\n\
             | bash with | median ms | added ms |\n|---|---:|---:|\n",
        );
        for start in &self.shells.starts {
            let added = start.median - empty;
            let _ = writeln!(text, "| {} | {:.2} | {added:.2} |", start.name, start.median);
        }
        if let Some(prompt) = &self.shells.prompt {
            let _ = writeln!(text, "| {} | | {:.2} |", prompt.name, prompt.median);
        }
        text
    }
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
