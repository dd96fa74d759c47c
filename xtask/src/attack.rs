//! Everything that attacks usher, within a time that is given: hostile input, a kill and an error at
//! each system call, races, generated input, fuzzing.
//!
//! What ran counts itself: each test appends a line to a file (`tests/it/support/tally.rs`), libFuzzer
//! prints the number of its executions. The figures go to `docs/reliability.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::{Outcome, Result, fuzz, print, process};

/// The variable that names the file in which tests count, and those that choose what they try.
const TALLY_VARIABLE: &str = "USHER_TEST_TALLY";
const SECONDS_VARIABLE: &str = "USHER_TEST_SECONDS";
const SEED_VARIABLE: &str = "USHER_TEST_SEED";
const PROPERTY_SEED_VARIABLE: &str = "PROPTEST_RNG_SEED";

/// The budget where none is given.
const MINUTES: u64 = 10;

/// The package of `use`, whose tests attack it.
const IT: [&str; 5] = ["test", "-p", "usher", "--test", "it"];
const LIB: [&str; 6] = ["test", "-p", "usher", "-p", "usher-shims", "--lib"];

/// A part of the attack: tests, of `use`'s library or of the binaries, by the words in their names.
struct Part {
    name: &'static str,
    /// Its share of the time, once that of the parts without weight is known.
    weight: u32,
    target: &'static [&'static str],
    filters: &'static [&'static str],
    extent: Extent,
}

/// How much of a part is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it, once, however long it takes.
    Whole,
    /// Each sweep for as long as there is time, at random places.
    Sweep,
    /// All of it, with another seed each time, until the time is over.
    Repeated,
}

/// A test of a race is found by its name or its module's: it contains `race`.
const PARTS: [Part; 7] = [
    Part {
        name: "hostile archives",
        weight: 0,
        target: &LIB,
        filters: &["archive::"],
        extent: Extent::Whole,
    },
    Part {
        name: "hostile files, servers and machines",
        weight: 0,
        target: &IT,
        filters: &["bad_input::", "conformance::", "network::", "fuzz::every", "crash::bare"],
        extent: Extent::Whole,
    },
    Part {
        name: "sweeps",
        weight: 4,
        target: &IT,
        filters: &["crash::sweep", "crash::errno", "crash::refusals"],
        extent: Extent::Sweep,
    },
    Part {
        name: "power cuts",
        weight: 2,
        target: &IT,
        filters: &["crash::power_cut"],
        extent: Extent::Repeated,
    },
    Part {
        name: "races and other accounts",
        weight: 2,
        target: &IT,
        filters: &[
            "race",
            "contract::secure",
            "crash::accounts",
            "crash::concurrency",
            "crash::interrupted",
            "crash::mixed",
            "crash::moments",
            "crash::owners",
            "crash::planted",
            "crash::shared",
        ],
        extent: Extent::Repeated,
    },
    Part {
        name: "properties of what reads hostile bytes",
        weight: 1,
        target: &IT,
        filters: &["fuzz::properties"],
        extent: Extent::Repeated,
    },
    Part {
        name: "properties of versions, files and the resolver",
        weight: 1,
        target: &LIB,
        filters: &[
            "check::yaml",
            "project::edit",
            "read::pattern",
            "request::",
            "resolve::tests::properties",
            "shell_setup::block",
            "version::",
        ],
        extent: Extent::Repeated,
    },
];

/// The share of the fuzz targets.
const FUZZ_WEIGHT: u32 = 2;

/// What to run: the options of the command line.
pub(crate) struct Options {
    minutes: u64,
    seed: u64,
}

impl Options {
    /// Parses `--minutes N` and `--seed N`.
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut options = Self { minutes: MINUTES, seed: now.subsec_nanos().into() };
        for pair in words.chunks(2) {
            let [name, value] = pair else { return Err(format!("{} needs a number", pair[0])) };
            let value = value.parse().map_err(|_| format!("{name}: not a number: {value}"))?;
            match name.as_str() {
                "--minutes" => options.minutes = value,
                "--seed" => options.seed = value,
                _ => return Err(format!("unknown option: {name}")),
            }
        }
        Ok(options)
    }
}

/// Runs everything, prints the figures, and fails if anything was found.
pub(crate) fn attack(options: &Options) -> Result<Outcome> {
    process::run(process::cargo().args(IT).arg("--no-run"))?;
    process::run(process::cargo().args(LIB).arg("--no-run"))?;
    let skipped = fuzz::missing();
    if skipped.is_none() {
        fuzz::build()?;
    }
    let end = Instant::now() + Duration::from_secs(60 * options.minutes);
    let left = || end.saturating_duration_since(Instant::now());
    let mut weights = PARTS.iter().map(|part| part.weight).sum::<u32>();
    weights += if skipped.is_none() { FUZZ_WEIGHT } else { 0 };
    let mut rows = Vec::new();
    for part in &PARTS {
        rows.extend(run(part, left() * part.weight / weights.max(1), options.seed)?);
        weights -= part.weight;
    }
    if skipped.is_none() {
        rows.extend(fuzz::run_all(left(), options.seed)?.into_iter().map(Row::of_fuzzing));
    }
    print(&report(&rows, options, skipped.as_deref()));
    match rows.iter().filter(|row| row.is_total).map(|row| row.found).sum::<u64>() {
        0 => Ok(Outcome { skipped, ..Outcome::default() }),
        found => Err(format!("{found} found; to repeat: --seed {}", options.seed)),
    }
}

/// Runs tests that count what they try: all that a commit must pass are the shortest attack, the whole
/// of what is hostile and a sample of the rest. The figures are part of the outcome.
pub(crate) fn run_counted(tests: &mut Command) -> Result<Outcome> {
    let file = new_file()?;
    let outcome = process::run_tests(tests.env(TALLY_VARIABLE, &file))?;
    Ok(Outcome { figures: Some(table(&counted(&file))), ..outcome })
}

/// A line of the table.
struct Row {
    what: String,
    unit: String,
    count: u64,
    seconds: f64,
    found: u64,
    /// Whether it counts all of a part, and the rows below it are pieces of it.
    is_total: bool,
}

impl Row {
    fn of_fuzzing(run: fuzz::Run) -> Self {
        let fuzz::Run { target, executions, seconds, found } = run;
        let what = format!("fuzz target `{target}`");
        let unit = "executions".to_owned();
        Self { what, unit, count: executions, seconds, found: found.into(), is_total: true }
    }
}

/// Runs a part for this long: the row of its tests, and what these counted.
fn run(part: &Part, time: Duration, seed: u64) -> Result<Vec<Row>> {
    let (file, start) = (new_file()?, Instant::now());
    let (mut count, mut found) = (0, 0);
    for round in 0.. {
        let mut command = process::cargo();
        command.args(part.target).arg("--no-fail-fast").arg("--").args(part.filters);
        let seed = seed.wrapping_add(round).to_string();
        command.env(TALLY_VARIABLE, &file).env(SEED_VARIABLE, &seed);
        command.env(PROPERTY_SEED_VARIABLE, &seed);
        if part.extent == Extent::Sweep {
            command.env(SECONDS_VARIABLE, seconds_of_each(part, time)?.to_string());
        }
        let (status, results) = process::run_collecting(&mut command, "test result: ")?;
        let [passed, failed] = ["passed", "failed"].map(|what| number_before(what, &results));
        if passed + failed == 0 {
            return Err(format!("{}: no test ran: {status}", part.name));
        }
        (count, found) = (count + passed + failed, found + failed);
        if part.extent != Extent::Repeated || start.elapsed() >= time {
            break;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let (what, unit) = (part.name.to_owned(), "tests".to_owned());
    let mut rows = vec![Row { what, unit, count, seconds, found, is_total: true }];
    rows.extend(counted(&file));
    Ok(rows)
}

/// How long each sweep of a part gets, if as many run at once as there are processors.
fn seconds_of_each(part: &Part, time: Duration) -> Result<u64> {
    let mut list = process::cargo();
    list.args(part.target).args(["--", "--list"]).args(part.filters);
    let listed = process::output(&mut list).ok_or("the tests can't be listed")?;
    let tests = listed.lines().filter(|line| line.ends_with(": test")).count();
    let at_once = available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(time.as_secs() * at_once as u64 / (tests as u64).max(1))
}

/// The sum of the numbers before this word in cargo's result lines: `… 12 passed; 0 failed; …`.
fn number_before(word: &str, results: &[String]) -> u64 {
    let number = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|found| found.trim_end_matches(';') == word)?;
        words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
    };
    results.iter().filter_map(number).sum()
}

/// A file for tests to count in, which doesn't exist yet.
fn new_file() -> Result<PathBuf> {
    let file = process::target_folder().join(format!("attack-{}.tsv", std::process::id()));
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", file.display()))
        }
        Ok(()) | Err(_) => Ok(file),
    }
}

/// What tests counted, by name; the file is removed.
fn counted(file: &Path) -> Vec<Row> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let _ = fs::remove_file(file);
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [what, unit, count, seconds, found] = fields[..] else { continue };
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        let (count, found) = (number(count), number(found));
        let seconds = seconds.parse::<f64>().unwrap_or(0.0);
        if let Some(row) = rows.iter_mut().find(|row| row.what == what) {
            (row.count, row.found) = (row.count + count, row.found + found);
            row.seconds += seconds;
        } else {
            let (what, unit) = (what.to_owned(), unit.to_owned());
            rows.push(Row { what, unit, count, seconds, found, is_total: false });
        }
    }
    rows.sort_by(|a, b| a.what.cmp(&b.what));
    rows
}

/// The figures, as they are pasted into `docs/reliability.md`.
fn report(rows: &[Row], options: &Options, skipped: Option<&str>) -> String {
    let date = process::output(process::command("date").args(["-u", "+%Y-%m-%d"]));
    let date = date.unwrap_or_default();
    let Options { minutes, seed } = options;
    let mut text = format!("\nRun on {}, `--minutes {minutes} --seed {seed}`:\n\n", date.trim());
    text.push_str(&table(rows));
    if let Some(why) = skipped {
        let _ = write!(text, "\n\nNot run: the fuzz targets ({why})");
    }
    text
}

fn table(rows: &[Row]) -> String {
    let mut text = "| what | count | seconds | found |\n|---|---|---|---|".to_owned();
    for Row { what, unit, count, seconds, found, is_total } in rows {
        let what = if *is_total { format!("**{what}**") } else { what.clone() };
        let _ = write!(text, "\n| {what} | {} {unit} | {seconds:.0} | {found} |", grouped(*count));
    }
    text
}

/// A number with commas: `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups = Vec::from_iter((first > 0).then(|| &digits[..first]));
    groups.extend((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    groups.join(",")
}
