//! The directory at the end of a zip file: what it says is in it, where, and how.
//!
//! It must not read what lies in front of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::archive::error::{UnpackError, UnpackResult, Validated};

/// The end of the directory: its opening, and its length without a comment.
const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;

/// A record of the directory: its opening, and its length without name, extras and comment.
const RECORD: &[u8] = b"PK\x01\x02";
const RECORD_LENGTH: usize = 46;

/// The largest directory in bytes; that of a Go has 2 million.
const LARGEST: u64 = 64 << 20;

/// Flags: encrypted in either way, a patch, a hidden directory. None of it is read here.
const REFUSED_FLAGS: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;

/// The flag of names in UTF-8.
const UTF8: u16 = 1 << 11;

/// The flag of sizes that stand behind a member.
pub(super) const SIZES_BEHIND: u16 = 1 << 3;

/// How a member can be packed: not at all, or deflated.
pub(super) const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// What a zip file says is in it, in the order in which it lies there.
pub(crate) struct ZipDirectory {
    pub(crate) records: Vec<ZipRecord>,
    /// Where it begins, and so where the members end.
    pub(super) start: u64,
}

/// What the directory says of a member.
#[derive(Clone)]
pub(crate) struct ZipRecord {
    pub(super) name: Vec<u8>,
    pub(super) kind: ZipEntryKind,
    pub(super) modified: Option<u32>,
    /// Its length in bytes, and that of what is packed.
    pub(super) size: u64,
    pub(super) packed: u64,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) sum: u32,
    /// Where it begins.
    pub(super) start: u64,
}

/// What a member is.
#[derive(Clone, Copy)]
pub(super) enum ZipEntryKind {
    Folder,
    Link,
    /// `None` where the system that made the archive knows no execute bit.
    File {
        executable: Option<bool>,
    },
}

impl ZipDirectory {
    pub(crate) fn read(file: &File, length: u64) -> UnpackResult<Self> {
        let unreadable = |_| "its end makes no sense";
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
        let place = tail.windows(END.len()).rposition(|four| four == END);
        let place = place.ok_or("it is cut short: its end is missing")?;
        let end = &tail[place..];
        let (count, size, start) = located(end).ok_or("it is cut short in its end")??;
        if start + size != length - tail_length + place as u64 || size > LARGEST {
            return Err("its directory isn't in front of its end");
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        file.read_exact_at(&mut bytes, start).map_err(&unreadable)?;
        if bytes.windows(END.len()).any(|four| four == END) {
            return Err("it has two ends");
        }
        let mut records = records(&bytes)?;
        if records.len() != count {
            return Err("its directory has another length than its end says");
        }
        records.sort_by_key(|record| record.start);
        if records.first().map_or(start, |record| record.start) != 0 {
            return Err("something stands in front of its first member");
        }
        Ok(Self { records, start })
    }
}

/// What the end says: how many members there are, the length of the directory and where it begins.
fn located(end: &[u8]) -> Option<Validated<(usize, u64, u64)>> {
    let comment = usize::from(short(end, 20)?);
    let (disks, here) = (long(end, 4)?, short(end, 8)?);
    let (count, size, start) = (short(end, 10)?, long(end, 12)?, long(end, 16)?);
    Some(match () {
        () if count == u16::MAX || size == u32::MAX || start == u32::MAX => {
            Err("it is of the form for huge zip files")
        }
        () if end.len() != END_LENGTH + comment => Err("something follows its end"),
        () if disks != 0 || here != count => Err("it is a part of several"),
        () => Ok((usize::from(count), size.into(), start.into())),
    })
}

fn records(mut bytes: &[u8]) -> Validated<Vec<ZipRecord>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let (record, rest) = split(bytes).ok_or("its directory is damaged")?;
        records.push(record?);
        bytes = rest;
    }
    Ok(records)
}

/// The first record, and what follows it; `None` if there is none.
fn split(bytes: &[u8]) -> Option<(Validated<ZipRecord>, &[u8])> {
    let bytes = bytes.strip_prefix(RECORD).and(Some(bytes))?;
    let length = |offset| short(bytes, offset).map(usize::from);
    let name = RECORD_LENGTH + length(28)?;
    let extra = name + length(30)?;
    let end = extra + length(32)?;
    let rest = bytes.get(end..)?;
    Some((record(bytes, &bytes[RECORD_LENGTH..name], &bytes[name..extra])?, rest))
}

fn record(bytes: &[u8], name: &[u8], extra: &[u8]) -> Option<Validated<ZipRecord>> {
    let (packed, size, start) = (long(bytes, 20)?, long(bytes, 24)?, long(bytes, 42)?);
    let attributes = Attributes {
        system: *bytes.get(5)?,
        bits: long(bytes, 38)?,
        is_named_folder: name.ends_with(b"/"),
    };
    let record = |kind| ZipRecord {
        name: name.to_owned(),
        kind,
        modified: modified(bytes, extra),
        size: size.into(),
        packed: packed.into(),
        flags: short(bytes, 8).unwrap_or(0),
        method: short(bytes, 10).unwrap_or(0),
        sum: long(bytes, 16).unwrap_or(0),
        start: start.into(),
    };
    if [packed, size, start].contains(&u32::MAX) {
        return Some(Err("it is of the form for huge zip files"));
    }
    if short(bytes, 34)? != 0 {
        return Some(Err("it is a part of several"));
    }
    Some(attributes.kind().map(record).and_then(|record| judged(record, extra)))
}

fn judged(record: ZipRecord, extra: &[u8]) -> Validated<ZipRecord> {
    if record.flags & REFUSED_FLAGS != 0 {
        return Err("a member of it is encrypted, or a patch");
    }
    if !matches!(record.method, STORED | DEFLATED) {
        return Err("a member of it is packed in an unusual way");
    }
    if record.method == STORED && record.packed != record.size {
        return Err("a member of it has two sizes");
    }
    if !record.name.is_ascii() && record.flags & UTF8 == 0 {
        return Err("a member's name is in an unknown alphabet");
    }
    if matches!(record.kind, ZipEntryKind::Folder) && record.size > 0 {
        return Err("a folder in it has bytes");
    }
    one_name(&record.name, extra)?;
    Ok(record)
}

/// Refuses a name in the extra part that isn't the member's, which some readers would take.
pub(super) fn one_name(name: &[u8], extra: &[u8]) -> Validated<()> {
    const NAME: u16 = 0x7075;
    let fields = extras(extra).ok_or("the extra part of a member makes no sense")?;
    let other = |(number, field): &(u16, &[u8])| *number == NAME && field.get(5..) != Some(name);
    match fields.iter().any(other) {
        true => Err("a member of it has two names"),
        false => Ok(()),
    }
}

/// What kind of thing the system that made the archive says it is.
struct Attributes {
    system: u8,
    bits: u32,
    is_named_folder: bool,
}

impl Attributes {
    fn kind(&self) -> Validated<ZipEntryKind> {
        const UNIX: [u8; 2] = [3, 19];
        const FOLDER_OF_DOS: u32 = 0x10;
        let mode = if UNIX.contains(&self.system) { self.bits >> 16 } else { 0 };
        // Some readers take these bits for a mode, whichever system is named.
        if mode == 0 && (self.bits >> 16) & 0o170_000 == 0o120_000 {
            return Err("a member of it is a link to some readers, and a file to others");
        }
        let is_folder = match mode & 0o170_000 {
            0o040_000 => true,
            0o100_000 => false,
            0o120_000 if !self.is_named_folder => return Ok(ZipEntryKind::Link),
            0 => self.is_named_folder || self.bits & FOLDER_OF_DOS != 0,
            _ => return Err("a member of it is neither file, folder nor link"),
        };
        match (is_folder, self.is_named_folder) {
            (true, true) => Ok(ZipEntryKind::Folder),
            (false, false) => {
                let executable = (mode != 0).then_some(mode & 0o100 != 0);
                Ok(ZipEntryKind::File { executable })
            }
            (true, false) | (false, true) => {
                Err("a member of it is a folder by its name or by its kind, not by both")
            }
        }
    }
}

/// The time in seconds since 1970: as Unix notes it, else as DOS does, taken for universal time.
fn modified(record: &[u8], extra: &[u8]) -> Option<u32> {
    const TIMES: u16 = 0x5455;
    let fields = extras(extra)?;
    let times = fields.iter().find(|(number, _)| *number == TIMES).map(|(_, field)| *field);
    if let Some(times) = times.filter(|times| times.first().is_some_and(|flags| flags & 1 == 1)) {
        return long(times, 1);
    }
    let (time, date) = (u32::from(short(record, 12)?), u32::from(short(record, 14)?));
    let (year, month, day) = (1980 + (date >> 9), (date >> 5) & 15, date & 31);
    let days = days_since_1970(year, month.clamp(1, 12), day.max(1));
    let (hours, minutes, seconds) = (time >> 11, (time >> 5) & 63, (time & 31) * 2);
    // The last years that DOS knows are none of 32 bits.
    let seconds = u64::from(days) * 86_400 + u64::from(hours * 3600 + minutes * 60 + seconds);
    u32::try_from(seconds).ok()
}

/// The days from the first of 1970 to a day from 1980 to 2107.
fn days_since_1970(year: u32, month: u32, day: u32) -> u32 {
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = |year: u32| year.is_multiple_of(4) && year != 2100;
    let leaps = (1970..year).filter(|year| is_leap(*year)).count();
    let this = u32::from(is_leap(year) && month > 2);
    let before = BEFORE[month as usize - 1];
    (year - 1970) * 365 + u32::try_from(leaps).unwrap_or(0) + before + this + day - 1
}

/// A number of two bytes at `offset`.
pub(super) fn short(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..offset + 2).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes)
}

/// A number of four bytes at `offset`.
pub(super) fn long(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
}

/// A number of eight bytes at `offset`.
pub(super) fn longer(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..offset + 8).and_then(|eight| eight.try_into().ok()).map(u64::from_le_bytes)
}

/// The fields of an extra part, each with its number; `None` if they don't fill it.
pub(super) fn extras(mut bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (number, length) = (short(bytes, 0)?, usize::from(short(bytes, 2)?));
        fields.push((number, bytes.get(4..4 + length)?));
        bytes = &bytes[4 + length..];
    }
    Some(fields)
}
