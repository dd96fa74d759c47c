//! What the members of a zip file hold, one after the other without anything between.
//!
//! On the way, what stands in front of each member and behind it is compared with what the
//! directory says, and so is the checksum. It must not know what is done with the bytes.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::directory::{SIZES_BEHIND, STORED, ZipDirectory, ZipRecord, one_name};
use super::directory::{extras, long, longer, short};

/// What stands in front of a member: its opening, and its length without name and extras.
const HEADER: &[u8] = b"PK\x03\x04";
const HEADER_LENGTH: usize = 30;

/// How what stands behind a member may begin.
const BEHIND: &[u8] = b"PK\x07\x08";

/// What the members hold.
pub(crate) struct ZipContents {
    file: BufReader<File>,
    /// Those that are still to come, the next one last, each with where the one after it begins.
    coming: Vec<(ZipRecord, u64)>,
    current: Option<CurrentEntry>,
    inflate: Decompress,
}

/// The member that is being read.
struct CurrentEntry {
    record: ZipRecord,
    /// Where the next one begins, and where this one's packed bytes end.
    next: u64,
    end: u64,
    /// What is left of the packed bytes.
    left: u64,
    sum: Crc,
    read: u64,
    ended: bool,
}

impl ZipContents {
    pub(crate) fn new(mut file: File, directory: &ZipDirectory) -> io::Result<Self> {
        file.rewind()?;
        let starts = directory.records.iter().skip(1).map(|record| record.start);
        let nexts = starts.chain([directory.start]);
        let mut coming: Vec<_> = directory.records.iter().cloned().zip(nexts).collect();
        coming.reverse();
        let file = BufReader::with_capacity(64 << 10, file);
        Ok(Self { file, coming, current: None, inflate: Decompress::new(false) })
    }

    /// Reads what stands in front of the next member; `None` if there is none.
    fn begin(&mut self) -> io::Result<Option<CurrentEntry>> {
        let Some((record, next)) = self.coming.pop() else { return Ok(None) };
        let mut header = [0; HEADER_LENGTH];
        self.file.read_exact(&mut header)?;
        let length = |offset| short(&header, offset).map_or(0, usize::from);
        let mut rest = vec![0; length(26) + length(28)];
        self.file.read_exact(&mut rest)?;
        let (name, extra) = rest.split_at(length(26));
        if !record.agrees(&header, name, extra) {
            return Err(io::Error::other(format!(
                "its directory and what it lists say different things of “{}”",
                String::from_utf8_lossy(&record.name)
            )));
        }
        let end = record.start + (HEADER_LENGTH + rest.len()) as u64 + record.packed;
        self.inflate.reset(false);
        let left = record.packed;
        Ok(Some(CurrentEntry { record, next, end, left, sum: Crc::new(), read: 0, ended: false }))
    }

    /// Reads the next bytes of a member; none at its end.
    fn take(&mut self, body: &mut CurrentEntry, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.file.fill_buf()?;
            let most = usize::try_from(body.left).unwrap_or(usize::MAX).min(input.len());
            let input = &input[..most];
            let (used, made, ended) = if body.record.method == STORED {
                let count = input.len().min(buffer.len());
                buffer[..count].copy_from_slice(&input[..count]);
                (count, count, body.left == count as u64)
            } else {
                let before = (self.inflate.total_in(), self.inflate.total_out());
                let status = self.inflate.decompress(input, buffer, FlushDecompress::None)?;
                let used = self.inflate.total_in() - before.0;
                let made = self.inflate.total_out() - before.1;
                // Both are at most the length of a slice.
                #[expect(clippy::cast_possible_truncation, reason = "at most a slice's length")]
                (used as usize, made as usize, status == Status::StreamEnd)
            };
            self.file.consume(used);
            body.left -= used as u64;
            body.ended = ended;
            if made > 0 || ended {
                return Ok(made);
            }
            if used == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Compares what was read with what was said, and reads what stands behind a member.
    fn end(&mut self, body: &CurrentEntry) -> io::Result<()> {
        let record = &body.record;
        let behind = body.next.checked_sub(body.end).filter(|length| *length <= 24);
        let Some(behind) = behind else {
            return Err(io::Error::other("something lies between its members"));
        };
        let mut bytes = vec![0; usize::try_from(behind).unwrap_or(0)];
        self.file.read_exact(&mut bytes)?;
        if body.left != 0 || body.read != record.size || body.sum.sum() != record.sum {
            return Err(io::Error::other("the size or the checksum of a member is wrong"));
        }
        match record.is_said_behind(&bytes) {
            true => Ok(()),
            false => Err(io::Error::other("something lies between its members")),
        }
    }
}

impl Read for ZipContents {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let begun = match self.current.take() {
                None => self.begin()?,
                some => some,
            };
            let Some(mut body) = begun else { return Ok(0) };
            if body.ended || (body.record.method == STORED && body.left == 0) {
                self.end(&body)?;
                continue;
            }
            let count = self.take(&mut body, buffer)?;
            body.sum.update(&buffer[..count]);
            body.read += count as u64;
            if body.read > body.record.size {
                return Err(io::Error::other("a member is larger than it says"));
            }
            self.current = Some(body);
            if count > 0 {
                return Ok(count);
            }
        }
    }
}

impl ZipRecord {
    /// Whether what stands in front of a member says the same as the directory.
    fn agrees(&self, header: &[u8], name: &[u8], extra: &[u8]) -> bool {
        header.starts_with(HEADER)
            && short(header, 6) == Some(self.flags)
            && short(header, 8) == Some(self.method)
            && name == self.name
            && one_name(name, extra).is_ok()
            && self.has_sizes(header, extra)
    }

    fn has_sizes(&self, header: &[u8], extra: &[u8]) -> bool {
        const HUGE: u16 = 1;
        let (sum, packed, size) = (long(header, 14), long(header, 18), long(header, 22));
        let is_behind = self.flags & SIZES_BEHIND != 0;
        // Some writers keep room for huge sizes before they know them.
        let fields = extras(extra).unwrap_or_default();
        let huge = fields.iter().find(|(number, _)| *number == HUGE).map(|(_, field)| *field);
        let huge = huge.map(|field| (longer(field, 0), longer(field, 8)));
        let own = (Some(self.size), Some(self.packed));
        let none = (Some(0), Some(0));
        if huge.is_some_and(|sizes| sizes != own && !(sizes == none && is_behind)) {
            return false;
        }
        if sum != Some(self.sum) && !(is_behind && sum == Some(0)) {
            return false;
        }
        let is_own = |said: Option<u32>, own: u64| said.map(u64::from) == Some(own);
        let is_right = |said, own| {
            is_own(said, own)
                || (is_behind && said == Some(0))
                || (huge.is_some() && said == Some(u32::MAX))
        };
        is_right(packed, self.packed) && is_right(size, self.size)
    }

    /// Whether these bytes are what may stand behind a member.
    fn is_said_behind(&self, bytes: &[u8]) -> bool {
        if self.flags & SIZES_BEHIND == 0 {
            return bytes.is_empty();
        }
        let said = match bytes.len() {
            16 | 24 if bytes.starts_with(BEHIND) => &bytes[4..],
            12 | 20 => bytes,
            _ => return false,
        };
        let (packed, size) = match said.len() {
            12 => (long(said, 4).map(u64::from), long(said, 8).map(u64::from)),
            _ => (longer(said, 4), longer(said, 12)),
        };
        long(said, 0) == Some(self.sum) && packed == Some(self.packed) && size == Some(self.size)
    }
}
