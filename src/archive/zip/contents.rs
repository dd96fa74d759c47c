//! Reads the contents of a zip file's entries as one stream.
//!
//! On the way it compares each entry's header, data descriptor and checksum with the directory. It
//! must not know what is done with the bytes.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::directory::{HAS_DESCRIPTOR, STORED, ZipDirectory, ZipRecord, one_name};
use super::directory::{extra_fields, u16_at, u32_at, u64_at};

/// An entry's header: its signature, and its length without name and extra fields.
const HEADER: &[u8] = b"PK\x03\x04";
const HEADER_LENGTH: usize = 30;

/// The signature that a data descriptor may begin with.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// The contents of all entries.
pub(crate) struct ZipContents {
    file: BufReader<File>,
    /// The entries that weren't read yet, the next one last, each with the offset of the one after
    /// it.
    pending: Vec<(ZipRecord, u64)>,
    current: Option<CurrentEntry>,
    inflate: Decompress,
}

/// The entry that is being read.
struct CurrentEntry {
    record: ZipRecord,
    /// The offset of the next entry.
    next: u64,
    /// The offset at which this entry's compressed bytes end.
    end: u64,
    /// How many compressed bytes weren't read yet.
    left: u64,
    crc: Crc,
    /// How many uncompressed bytes were read.
    read: u64,
    ended: bool,
}

impl ZipContents {
    pub(crate) fn new(mut file: File, directory: &ZipDirectory) -> io::Result<Self> {
        file.rewind()?;
        let starts = directory.records.iter().skip(1).map(|record| record.start);
        let nexts = starts.chain([directory.start]);
        let mut pending: Vec<_> = directory.records.iter().cloned().zip(nexts).collect();
        pending.reverse();
        let file = BufReader::with_capacity(64 << 10, file);
        Ok(Self { file, pending, current: None, inflate: Decompress::new(false) })
    }

    /// Reads the header of the next entry; `None` after the last one.
    fn start_entry(&mut self) -> io::Result<Option<CurrentEntry>> {
        let Some((record, next)) = self.pending.pop() else { return Ok(None) };
        let mut header = [0; HEADER_LENGTH];
        self.file.read_exact(&mut header)?;
        let length = |offset| u16_at(&header, offset).map_or(0, usize::from);
        let mut rest = vec![0; length(26) + length(28)];
        self.file.read_exact(&mut rest)?;
        let (name, extra) = rest.split_at(length(26));
        if !record.matches_header(&header, name, extra) {
            return Err(io::Error::other(format!(
                "its directory and the header of “{}” differ",
                String::from_utf8_lossy(&record.name)
            )));
        }
        let end = record.start + (HEADER_LENGTH + rest.len()) as u64 + record.compressed_size;
        self.inflate.reset(false);
        let left = record.compressed_size;
        Ok(Some(CurrentEntry { record, next, end, left, crc: Crc::new(), read: 0, ended: false }))
    }

    /// Reads the next bytes of an entry; none at its end.
    fn read_entry(&mut self, entry: &mut CurrentEntry, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.file.fill_buf()?;
            let most = usize::try_from(entry.left).unwrap_or(usize::MAX).min(input.len());
            let input = &input[..most];
            let (used, made, ended) = if entry.record.method == STORED {
                let count = input.len().min(buffer.len());
                buffer[..count].copy_from_slice(&input[..count]);
                (count, count, entry.left == count as u64)
            } else {
                let before = (self.inflate.total_in(), self.inflate.total_out());
                let status = self.inflate.decompress(input, buffer, FlushDecompress::None)?;
                let used = self.inflate.total_in() - before.0;
                let made = self.inflate.total_out() - before.1;

                #[expect(clippy::cast_possible_truncation, reason = "at most a slice's length")]
                (used as usize, made as usize, status == Status::StreamEnd)
            };
            self.file.consume(used);
            entry.left -= used as u64;
            entry.ended = ended;
            if made > 0 || ended {
                return Ok(made);
            }
            if used == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Checks the size and the checksum of an entry, and reads its data descriptor.
    fn finish_entry(&mut self, entry: &CurrentEntry) -> io::Result<()> {
        let record = &entry.record;
        let gap = entry.next.checked_sub(entry.end).filter(|length| *length <= 24);
        let Some(gap) = gap else {
            return Err(io::Error::other("something is between its entries"));
        };
        let mut descriptor = vec![0; usize::try_from(gap).unwrap_or(0)];
        self.file.read_exact(&mut descriptor)?;
        if entry.left != 0 || entry.read != record.size || entry.crc.sum() != record.crc {
            return Err(io::Error::other("the size or the checksum of an entry is wrong"));
        }
        match record.matches_descriptor(&descriptor) {
            true => Ok(()),
            false => Err(io::Error::other("something is between its entries")),
        }
    }
}

impl Read for ZipContents {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let started = match self.current.take() {
                None => self.start_entry()?,
                some => some,
            };
            let Some(mut entry) = started else { return Ok(0) };
            if entry.ended || (entry.record.method == STORED && entry.left == 0) {
                self.finish_entry(&entry)?;
                continue;
            }
            let count = self.read_entry(&mut entry, buffer)?;
            entry.crc.update(&buffer[..count]);
            entry.read += count as u64;
            if entry.read > entry.record.size {
                return Err(io::Error::other("an entry is larger than its directory states"));
            }
            self.current = Some(entry);
            if count > 0 {
                return Ok(count);
            }
        }
    }
}

impl ZipRecord {
    /// Whether an entry's header states the same as the directory.
    fn matches_header(&self, header: &[u8], name: &[u8], extra: &[u8]) -> bool {
        header.starts_with(HEADER)
            && u16_at(header, 6) == Some(self.flags)
            && u16_at(header, 8) == Some(self.method)
            && name == self.name
            && one_name(name, extra).is_ok()
            && self.matches_sizes(header, extra)
    }

    fn matches_sizes(&self, header: &[u8], extra: &[u8]) -> bool {
        const ZIP64: u16 = 1;
        let (crc, compressed, size) = (u32_at(header, 14), u32_at(header, 18), u32_at(header, 22));
        let has_descriptor = self.flags & HAS_DESCRIPTOR != 0;
        // Some writers reserve space for zip64 sizes before they know the sizes.
        let fields = extra_fields(extra).unwrap_or_default();
        let zip64 = fields.iter().find(|(number, _)| *number == ZIP64).map(|(_, field)| *field);
        let zip64 = zip64.map(|field| (u64_at(field, 0), u64_at(field, 8)));
        let own = (Some(self.size), Some(self.compressed_size));
        let none = (Some(0), Some(0));
        if zip64.is_some_and(|sizes| sizes != own && !(sizes == none && has_descriptor)) {
            return false;
        }
        if crc != Some(self.crc) && !(has_descriptor && crc == Some(0)) {
            return false;
        }
        let matches = |stated: Option<u32>, own: u64| {
            stated.map(u64::from) == Some(own)
                || (has_descriptor && stated == Some(0))
                || (zip64.is_some() && stated == Some(u32::MAX))
        };
        matches(compressed, self.compressed_size) && matches(size, self.size)
    }

    /// Whether these bytes are the entry's data descriptor, or none where it has none.
    fn matches_descriptor(&self, bytes: &[u8]) -> bool {
        if self.flags & HAS_DESCRIPTOR == 0 {
            return bytes.is_empty();
        }
        let fields = match bytes.len() {
            16 | 24 if bytes.starts_with(DESCRIPTOR) => &bytes[4..],
            12 | 20 => bytes,
            _ => return false,
        };
        let (compressed, size) = match fields.len() {
            12 => (u32_at(fields, 4).map(u64::from), u32_at(fields, 8).map(u64::from)),
            _ => (u64_at(fields, 4), u64_at(fields, 12)),
        };
        u32_at(fields, 0) == Some(self.crc)
            && compressed == Some(self.compressed_size)
            && size == Some(self.size)
    }
}
