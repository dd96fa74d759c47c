//! The directory at the end of a zip file: which entries it has, where, and how they are compressed.
//!
//! It must not read what is before the directory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use usher_shims::error::Error;

use crate::archive::error::{UnpackError, UnpackResult, Validated};

/// The end record: its signature, and its length without a comment.
const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;

/// A record of the directory: its signature, and its length without name, extra fields and comment.
const RECORD: &[u8] = b"PK\x01\x02";
const RECORD_LENGTH: usize = 46;

/// The largest directory in bytes; that of a Go toolchain has 2 million.
const MAX_DIRECTORY_SIZE: u64 = 64 << 20;

/// Flags of what is refused: encryption in either way, patches, a hidden directory.
const REFUSED_FLAGS: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;

/// The flag of names in UTF-8.
const UTF8: u16 = 1 << 11;

/// The flag of an entry whose sizes follow its content, in a data descriptor.
pub(super) const HAS_DESCRIPTOR: u16 = 1 << 3;

/// The compression methods: none, and deflate.
pub(super) const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The directory of a zip file.
pub(crate) struct ZipDirectory {
    /// In the order of the entries' content.
    pub(crate) records: Vec<ZipRecord>,
    /// The directory's offset in the file, which is where the entries end.
    pub(super) start: u64,
}

/// An entry of the directory.
#[derive(Clone)]
pub(crate) struct ZipRecord {
    pub(super) name: Vec<u8>,
    pub(super) kind: ZipEntryKind,
    pub(super) modified: Option<u32>,
    /// In bytes, uncompressed.
    pub(super) size: u64,
    pub(super) compressed_size: u64,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    /// The offset of its header in the file.
    pub(super) start: u64,
}

/// What an entry of a zip file is.
#[derive(Clone, Copy)]
pub(super) enum ZipEntryKind {
    Folder,
    Link,
    /// `None` where the archive was made on a system without execute bits.
    File {
        executable: Option<bool>,
    },
}

impl ZipDirectory {
    pub(crate) fn read(file: &File, length: u64) -> UnpackResult<Self> {
        let unreadable = |_| "its end is invalid";
        Self::read_or(file, length, unreadable).map_err(|why| UnpackError::Archive(why.to_owned()))
    }

    fn read_or(
        file: &File,
        length: u64,
        unreadable: impl Fn(io::Error) -> &'static str,
    ) -> Validated<Self> {
        let tail_length = length.min((END_LENGTH + usize::from(u16::MAX)) as u64);
        let mut tail = vec![0; usize::try_from(tail_length).unwrap_or(0)];
        file.read_exact_at(&mut tail, length - tail_length).map_err(&unreadable)?;
        let offset = tail.windows(END.len()).rposition(|four| four == END);
        let offset = offset.ok_or("it is cut short: its end is missing")?;
        let end = EndRecord::parse(&tail[offset..]).ok_or("its end is cut short")??;
        let EndRecord { count, size, start } = end;
        if start + size != length - tail_length + offset as u64 || size > MAX_DIRECTORY_SIZE {
            return Err("its directory isn't directly before its end");
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        file.read_exact_at(&mut bytes, start).map_err(&unreadable)?;
        if bytes.windows(END.len()).any(|four| four == END) {
            return Err("it has two ends");
        }
        let mut records = parse_records(&bytes)?;
        if records.len() != count {
            return Err("its end states another number of entries than its directory has");
        }
        records.sort_by_key(|record| record.start);
        if records.first().map_or(start, |record| record.start) != 0 {
            return Err("something is before its first entry");
        }
        Ok(Self { records, start })
    }
}

/// Whether a file ends with the directory of a zip file, whatever it begins with. Readers look for an
/// archive there, even in a script or a program.
pub(crate) fn ends_as_zip(path: &Path) -> UnpackResult<bool> {
    let failed = |error: io::Error| UnpackError::Unwritable(Error::io("read", path, error));
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let tail_length = length.min((END_LENGTH + usize::from(u16::MAX)) as u64);
    let mut tail = vec![0; usize::try_from(tail_length).unwrap_or(0)];
    file.read_exact_at(&mut tail, length - tail_length).map_err(failed)?;
    let ends = tail.windows(END_LENGTH).enumerate().filter(|(_, end)| end.starts_with(END));
    for (offset, end) in ends {
        let size = u32_at(end, 12).map_or(0, u64::from);
        let start = (length - tail_length + offset as u64).checked_sub(size);
        let mut record = [0; RECORD.len()];
        // The signature alone is also in programs that read zip files.
        let has_directory = start.is_some_and(|start| {
            file.read_exact_at(&mut record, start).is_ok() && record == *RECORD
        });
        if has_directory || size == u64::from(u32::MAX) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The end record, which locates the directory.
struct EndRecord {
    /// How many entries the directory has.
    count: usize,
    /// The size of the directory in bytes.
    size: u64,
    /// The offset of the directory in the file.
    start: u64,
}

impl EndRecord {
    /// Parses the record and the comment that follows it; `None` if the bytes end before.
    fn parse(end: &[u8]) -> Option<Validated<Self>> {
        let comment = usize::from(u16_at(end, 20)?);
        let (disks, here) = (u32_at(end, 4)?, u16_at(end, 8)?);
        let (count, size, start) = (u16_at(end, 10)?, u32_at(end, 12)?, u32_at(end, 16)?);
        Some(match () {
            () if count == u16::MAX || size == u32::MAX || start == u32::MAX => Err(ZIP64),
            () if end.len() != END_LENGTH + comment => Err("something follows its end"),
            () if disks != 0 || here != count => Err(MULTI_PART),
            () => Ok(Self { count: usize::from(count), size: size.into(), start: start.into() }),
        })
    }
}

const ZIP64: &str = "it is a zip64 file";
const MULTI_PART: &str = "it is one part of several";

fn parse_records(mut bytes: &[u8]) -> Validated<Vec<ZipRecord>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let (record, rest) = split_record(bytes).ok_or("its directory is damaged")?;
        records.push(record?);
        bytes = rest;
    }
    Ok(records)
}

/// The first record, and what follows it; `None` if there is none.
fn split_record(bytes: &[u8]) -> Option<(Validated<ZipRecord>, &[u8])> {
    let bytes = bytes.strip_prefix(RECORD).and(Some(bytes))?;
    let length = |offset| u16_at(bytes, offset).map(usize::from);
    let name = RECORD_LENGTH + length(28)?;
    let extra = name + length(30)?;
    let end = extra + length(32)?;
    let rest = bytes.get(end..)?;
    Some((parse_record(bytes, &bytes[RECORD_LENGTH..name], &bytes[name..extra])?, rest))
}

fn parse_record(bytes: &[u8], name: &[u8], extra: &[u8]) -> Option<Validated<ZipRecord>> {
    let (packed, size, start) = (u32_at(bytes, 20)?, u32_at(bytes, 24)?, u32_at(bytes, 42)?);
    let attributes = Attributes {
        system: *bytes.get(5)?,
        bits: u32_at(bytes, 38)?,
        is_named_folder: name.ends_with(b"/"),
    };
    let record = |kind| ZipRecord {
        name: name.to_owned(),
        kind,
        modified: modified(bytes, extra),
        size: size.into(),
        compressed_size: packed.into(),
        flags: u16_at(bytes, 8).unwrap_or(0),
        method: u16_at(bytes, 10).unwrap_or(0),
        crc: u32_at(bytes, 16).unwrap_or(0),
        start: start.into(),
    };
    if [packed, size, start].contains(&u32::MAX) {
        return Some(Err(ZIP64));
    }
    if u16_at(bytes, 34)? != 0 {
        return Some(Err(MULTI_PART));
    }
    Some(attributes.kind().map(record).and_then(|record| validate(record, extra)))
}

fn validate(record: ZipRecord, extra: &[u8]) -> Validated<ZipRecord> {
    if record.flags & REFUSED_FLAGS != 0 {
        return Err("an entry is encrypted, or a patch");
    }
    if !matches!(record.method, STORED | DEFLATED) {
        return Err("an entry has an unsupported compression method");
    }
    if record.method == STORED && record.compressed_size != record.size {
        return Err("an entry has two sizes");
    }
    if !record.name.is_ascii() && record.flags & UTF8 == 0 {
        return Err("an entry's name has an unknown encoding");
    }
    if matches!(record.kind, ZipEntryKind::Folder) && record.size > 0 {
        return Err("a folder in it has content");
    }
    one_name(&record.name, extra)?;
    Ok(record)
}

/// Refuses another name in the extra fields, which some readers would use.
pub(super) fn one_name(name: &[u8], extra: &[u8]) -> Validated<()> {
    const NAME: u16 = 0x7075;
    let fields = extra_fields(extra).ok_or("the extra fields of an entry are invalid")?;
    let other = |(number, field): &(u16, &[u8])| *number == NAME && field.get(5..) != Some(name);
    match fields.iter().any(other) {
        true => Err("an entry has two names"),
        false => Ok(()),
    }
}

/// An entry's attributes, in the form of the system that made the archive.
struct Attributes {
    system: u8,
    bits: u32,
    is_named_folder: bool,
}

impl Attributes {
    fn kind(&self) -> Validated<ZipEntryKind> {
        const UNIX: [u8; 2] = [3, 19];
        const DOS_FOLDER: u32 = 0x10;
        let mode = if UNIX.contains(&self.system) { self.bits >> 16 } else { 0 };
        // Some readers use these bits as a mode, whichever system is named.
        if mode == 0 && (self.bits >> 16) & 0o170_000 == 0o120_000 {
            return Err("an entry is a link to some readers, and a file to others");
        }
        let is_folder = match mode & 0o170_000 {
            0o040_000 => true,
            0o100_000 => false,
            0o120_000 if !self.is_named_folder => return Ok(ZipEntryKind::Link),
            0 => self.is_named_folder || self.bits & DOS_FOLDER != 0,
            _ => return Err("an entry is not a file, folder or link"),
        };
        match (is_folder, self.is_named_folder) {
            (true, true) => Ok(ZipEntryKind::Folder),
            (false, false) => {
                let executable = (mode != 0).then_some(mode & 0o100 != 0);
                Ok(ZipEntryKind::File { executable })
            }
            (true, false) | (false, true) => {
                Err("an entry is a folder by its name or by its attributes, but not by both")
            }
        }
    }
}

/// The modification time in seconds since 1970: the Unix one if there is one, else the DOS time, read
/// as UTC.
fn modified(record: &[u8], extra: &[u8]) -> Option<u32> {
    const TIMES: u16 = 0x5455;
    let fields = extra_fields(extra)?;
    let times = fields.iter().find(|(number, _)| *number == TIMES).map(|(_, field)| *field);
    if let Some(times) = times.filter(|times| times.first().is_some_and(|flags| flags & 1 == 1)) {
        return u32_at(times, 1);
    }
    let (time, date) = (u32::from(u16_at(record, 12)?), u32::from(u16_at(record, 14)?));
    let (year, month, day) = (1980 + (date >> 9), (date >> 5) & 15, date & 31);
    let days = days_since_1970(year, month.clamp(1, 12), day.max(1));
    let (hours, minutes, seconds) = (time >> 11, (time >> 5) & 63, (time & 31) * 2);
    // The last years of DOS times don't fit into 32 bits.
    let seconds = u64::from(days) * 86_400 + u64::from(hours * 3600 + minutes * 60 + seconds);
    u32::try_from(seconds).ok()
}

/// The days from 1970-01-01 to a day between 1980 and 2107.
fn days_since_1970(year: u32, month: u32, day: u32) -> u32 {
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = |year: u32| year.is_multiple_of(4) && year != 2100;
    let leaps = (1970..year).filter(|year| is_leap(*year)).count();
    let this = u32::from(is_leap(year) && month > 2);
    let before = BEFORE[month as usize - 1];
    (year - 1970) * 365 + u32::try_from(leaps).unwrap_or(0) + before + this + day - 1
}

/// The number of two bytes at `offset`; `None` beyond the end.
pub(super) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..offset + 2).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes)
}

/// The number of four bytes at `offset`; `None` beyond the end.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
}

/// The number of eight bytes at `offset`; `None` beyond the end.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..offset + 8).and_then(|eight| eight.try_into().ok()).map(u64::from_le_bytes)
}

/// The extra fields, each with its number; `None` if they don't fill the bytes.
pub(super) fn extra_fields(mut bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (number, length) = (u16_at(bytes, 0)?, usize::from(u16_at(bytes, 2)?));
        fields.push((number, bytes.get(4..4 + length)?));
        bytes = &bytes[4 + length..];
    }
    Some(fields)
}
