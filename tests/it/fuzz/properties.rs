//! Generated inputs: committed ones with damage, texts made of special characters, archives with
//! malicious names and links.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::corpus;
use super::targets::{
    TARGETS, Target, archives, compression, config, headers, project_files, template,
};
use crate::support::Tally;

/// A runner that generates this many inputs: the same in every run, or those of `USHER_TEST_SEED`.
#[expect(clippy::disallowed_methods, reason = "USHER_TEST_SEED chooses other inputs")]
fn runner(cases: u32) -> TestRunner {
    Tally::new("generated inputs of the fuzz targets", "inputs").add(cases as usize);
    let given = std::env::var("USHER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = RngSeed::Fixed(given.unwrap_or(1));
    TestRunner::new(Config {
        cases,
        rng_seed: seed,
        failure_persistence: None,
        ..Config::default()
    })
}

/// A change to an input.
#[derive(Debug, Clone)]
enum Damage {
    Cut(Index),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            1 => any::<Index>().prop_map(Self::Cut),
            6 => (any::<Index>(), any::<u8>()).prop_map(|(at, with)| Self::Flip(at, with)),
            2 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..9))
                .prop_map(|(at, bytes)| Self::Insert(at, bytes)),
            2 => (any::<Index>(), 1..600_usize).prop_map(|(at, count)| Self::Remove(at, count)),
            2 => (any::<Index>(), 1..1200_usize).prop_map(|(at, count)| Self::Repeat(at, count)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Cut(place) => bytes.truncate(at(place)),
            Self::Flip(place, with) => {
                let place = at(place);
                bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= with);
            }
            Self::Insert(place, more) => drop(bytes.splice(at(place)..at(place), more.clone())),
            Self::Remove(place, count) => {
                let start = at(place);
                bytes.drain(start..(start + count).min(bytes.len()));
            }
            Self::Repeat(place, count) => {
                let start = at(place);
                bytes.extend_from_within(start..(start + count).min(bytes.len()));
            }
        }
    }
}

#[test]
fn damaged_fuzz_inputs_pass() {
    for (name, target) in TARGETS {
        let seeds: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, bytes)| bytes).collect();
        let damaged = (select(seeds), prop::collection::vec(Damage::any(), 1..4));
        let drawn = runner(48).run(&damaged, |(mut bytes, damages)| {
            for damage in &damages {
                damage.apply(&mut bytes);
            }
            target(&bytes);
            Ok(())
        });
        drawn.unwrap_or_else(|failure| panic!("{name}: {failure}"));
    }
}

#[test]
fn generated_texts_pass_the_fuzz_targets() {
    let targets: [(Target, &str); 6] = [
        (config::npmrc, r#"([=\[\];#'"\\${}?:/ \n\ra-c]|//|registry|TOKEN|https://){0,60}"#),
        (config::pip_conf, r"(\[global\]\n|index-url|cert|https?://|[=:;#/\[\] \n\ra-c%@]){0,60}"),
        (
            headers::headers,
            r#"((ETag|Retry-After|Content-Range|Date): ?|bytes |[W/"0-9*, \n-]){0,40}"#,
        ),
        (template::template, r"(\{version(:[0-9])?\}|\{build\}|[{}:.0-9a-c\n+-]){0,30}"),
        (
            project_files::dockerfile,
            r#"(\n(FROM|ARG|ENV|RUN|COPY) |--from=|node:|AS |<<A|[\\#$\{\}:=A-C0-9"' \n-]){0,60}"#,
        ),
        (
            project_files::yaml,
            r#"(\n *|jobs:|steps:|with:|image:|node-version:|\$\{\{|\}\}|- |[\[\]{}&*:,|>'"!<a-c0-9]){0,60}"#,
        ),
    ];
    for (target, pattern) in targets {
        let texts = prop::string::string_regex(pattern).unwrap();
        let drawn = runner(100).run(&texts, |text| {
            target(text.as_bytes());
            Ok(())
        });
        drawn.unwrap_or_else(|failure| panic!("{pattern}: {failure}"));
    }
}

/// A member of a tar file, as an attacker would write it.
fn member() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::collection::vec(select(vec!["a", "b", "l", "..", ".", "", "A"]), 1..4);
    let name = name.prop_map(|parts| parts.join("/"));
    let kind = select(b"000022215LKxg36".to_vec());
    (name.clone(), name, kind, prop::collection::vec(any::<u8>(), 0..3)).prop_map(
        |(name, target, kind, content)| {
            let content = match kind {
                b'L' | b'K' => [target.as_bytes(), b"\0"].concat(),
                b'x' | b'g' => {
                    let text = format!("path={target}\n");
                    format!("{} {text}", text.len() + 3).into_bytes()
                }
                b'0' => content,
                _ => Vec::new(),
            };
            let mut bytes = vec![0; 512];
            bytes[..name.len()].copy_from_slice(name.as_bytes());
            bytes[100..107].copy_from_slice(b"0006755");
            bytes[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
            bytes[136..147].copy_from_slice(b"00000001750");
            bytes[156] = kind;
            bytes[157..157 + target.len()].copy_from_slice(target.as_bytes());
            bytes[257..265].copy_from_slice(b"ustar\x0000");
            bytes.extend(content);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
            bytes
        },
    )
}

#[test]
fn generated_tar_entries_never_escape() {
    let members = prop::collection::vec(member(), 1..6);
    let drawn = runner(400).run(&members, |members| {
        archives::tar(&[members.concat(), vec![0; 1024]].concat());
        Ok(())
    });
    drawn.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn compression_round_trips() {
    let bytes = prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..3000);
    let drawn = runner(40).run(&bytes, |bytes| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&bytes)?;
        prop_assert!(compression::gzip(&gzip.finish()?).as_ref() == Some(&bytes));
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(&bytes)?;
        prop_assert!(compression::bzip2(&bzip2.finish()?).as_ref() == Some(&bytes));
        let mut xz = XzWriter::new(Vec::new(), XzOptions::with_preset(0))?;
        xz.write_all(&bytes)?;
        prop_assert!(compression::xz(&xz.finish()?).as_ref() == Some(&bytes));
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let zstd = ruzstd::encoding::compress_to_vec(&bytes[..], level);
        prop_assert!(compression::zstd(&zstd).as_ref() == Some(&bytes));
        Ok(())
    });
    drawn.unwrap_or_else(|failure| panic!("{failure}"));
}
