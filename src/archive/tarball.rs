//! The entries of a tar file.
//!
//! The `tar` crate reads the fields of a header. GNU and PAX extensions (a long name before an
//! entry) are joined here, where this can be strict: an entry with two names is an attack. It must
//! not know where the entries are written.
//!
//! The format: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html> and
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>.

use tar::Header;

use super::entry::{ArchiveEntries, ArchiveEntry, EntryKind, EntryMetadata, MAX_ENTRIES};
use super::entry_content::EntryContent;
use super::error::{UnpackError, UnpackResult, Validated};
use super::pipe::PipeReader;

/// The size of a block in bytes.
const BLOCK: u64 = 512;

/// The longest extension in bytes: a name, or some attributes.
const MAX_EXTENSION: u64 = 1 << 20;

/// The entries of a tar file in their order.
pub(super) struct Tarball<'a> {
    content: EntryContent<'a>,
    /// How many bytes fill the current entry's last block.
    padding: u64,
    /// How many headers were read.
    pub(super) count: usize,
}

/// What extensions state about the entry that follows them.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    /// There was a PAX header.
    pax: bool,
}

impl<'a> Tarball<'a> {
    pub(super) fn new(bytes: &'a mut PipeReader) -> Self {
        Self { content: EntryContent::new(bytes), padding: 0, count: 0 }
    }

    /// The next header, `None` at the first block of zeros.
    fn header(&mut self) -> UnpackResult<Option<Header>> {
        self.content.skip_rest()?;
        let stream = self.content.stream();
        stream.skip(self.padding)?;
        let mut header = Header::new_old();
        let length = stream.fill(header.as_mut_bytes())?;
        if length == 0 {
            return Err(UnpackError::Archive("it is cut short: its end is missing".to_owned()));
        }
        if length as u64 != BLOCK {
            let why = "it is damaged or cut short: it ends within a header";
            return Err(UnpackError::Archive(why.to_owned()));
        }
        let bytes = header.as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum = |bytes: &[u8]| bytes.iter().copied().map(u32::from).sum::<u32>();
        let summed = sum(&bytes[..148]) + 8 * u32::from(b' ') + sum(&bytes[156..]);
        if header.cksum().ok() != Some(summed) {
            let why = "it is damaged or cut short: the checksum of a header is wrong";
            return Err(UnpackError::Archive(why.to_owned()));
        }
        Ok(Some(header))
    }

    /// The text of an extension of `size` bytes; `None` if the archive ends before.
    fn extension_text(&mut self, size: u64) -> UnpackResult<Option<Vec<u8>>> {
        let text = self.content.read_rest()?;
        Ok((text.len() as u64 == size).then_some(text))
    }
}

impl<'a> ArchiveEntries<'a> for Tarball<'a> {
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>> {
        let mut extensions = Extensions::default();
        while let Some(header) = self.header()? {
            let name = header.path_bytes().into_owned();
            let refused = |why: &str| UnpackError::Entry(name.clone(), why.to_owned());
            self.count += 1;
            if self.count > MAX_ENTRIES {
                return Err(refused("there are too many entries"));
            }
            let size = size(&header).map_err(refused)?;
            self.content.start(size);
            self.padding = (BLOCK - size % BLOCK) % BLOCK;
            let kind = header.as_bytes()[156];
            if !matches!(kind, b'L' | b'K' | b'x' | b'g') {
                return entry(&header, extensions, size).map(Some);
            }
            if size > MAX_EXTENSION {
                return Err(refused("its extension is too long"));
            }
            let text = self.extension_text(size)?.ok_or_else(|| refused("it is cut short"))?;
            extensions.add(kind, &text).map_err(refused)?;
        }
        if extensions.is_empty() {
            return Ok(None);
        }
        Err(UnpackError::Archive("it is cut short: it ends in an extension".to_owned()))
    }

    fn content(&mut self) -> &mut EntryContent<'a> {
        &mut self.content
    }

    /// Reads what follows the first block of zeros: nothing but zeros, and at least one more block
    /// of them. POSIX requires two: an archive that was cut between two entries lacks them.
    fn finish(&mut self) -> UnpackResult<()> {
        let stream = self.content.stream();
        let mut zeros = 0;
        loop {
            let chunk = stream.next_chunk(u64::MAX)?;
            if chunk.is_empty() {
                break;
            }
            if chunk.iter().any(|byte| *byte != 0) {
                return Err(UnpackError::Archive("something follows its end".to_owned()));
            }
            zeros += chunk.len() as u64;
        }
        if zeros < BLOCK {
            return Err(UnpackError::Archive("its end is cut short".to_owned()));
        }
        Ok(())
    }
}

fn entry(header: &Header, extensions: Extensions, size: u64) -> UnpackResult<ArchiveEntry> {
    let name = extensions.name.unwrap_or_else(|| header.path_bytes().into_owned());
    let refused = |why: &str| UnpackError::Entry(name.clone(), why.to_owned());
    if extensions.size.is_some_and(|extended| extended != size) {
        return Err(refused("it has two sizes"));
    }
    let in_header = header.link_name_bytes().map(std::borrow::Cow::into_owned);
    let kind = header.as_bytes()[156];
    let link = extensions.link;
    if link.is_some() && !matches!(kind, b'1' | b'2') {
        return Err(refused("it has a target, but is not a link"));
    }
    let target = || link.or(in_header).unwrap_or_default();
    let kind = match kind {
        // In the oldest version of the format a folder is a file whose name ends in a slash.
        b'0' | 0 if size > 0 || !name.ends_with(b"/") => file(header, size).map_err(refused)?,
        b'5' | b'0' | 0 => EntryKind::Folder,
        b'1' => EntryKind::HardLink(target()),
        b'2' => EntryKind::Symlink(target()),
        _ => return Err(refused("it is not a file, folder or link")),
    };
    match &kind {
        EntryKind::File(_) | EntryKind::HardLink(_) | EntryKind::Symlink(_)
            if name.ends_with(b"/") =>
        {
            Err(refused("it is not a folder, but its name ends in a slash"))
        }
        EntryKind::Folder | EntryKind::HardLink(_) | EntryKind::Symlink(_) if size > 0 => {
            Err(refused("it is not a file, but has content"))
        }
        EntryKind::File(_) | EntryKind::Folder | EntryKind::HardLink(_) | EntryKind::Symlink(_) => {
            Ok(ArchiveEntry { name, kind })
        }
    }
}

fn file(header: &Header, size: u64) -> Validated<EntryKind> {
    let mode = header.mode().map_err(|_| "its mode is invalid")?;
    let modified = header.mtime().ok().and_then(|time| u32::try_from(time).ok());
    let executable = Some(mode & 0o100 != 0);
    Ok(EntryKind::File(EntryMetadata { size: Some(size), executable, modified }))
}

/// The size, if all readers would read the same number: octal digits, or a small binary number.
fn size(header: &Header) -> Validated<u64> {
    let field = &header.as_old().size;
    let octal = field.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0));
    if !octal && !field.starts_with(b"\x80\0\0\0") {
        return Err("its size is invalid");
    }
    header.entry_size().map_err(|_| "its size is invalid")
}

impl Extensions {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && !self.pax
    }

    /// Adds an extension: `L` and `K` are GNU's, `x` is POSIX's, `g` applies to all later entries.
    fn add(&mut self, kind: u8, text: &[u8]) -> Validated<()> {
        match kind {
            b'L' => set_once(&mut self.name, long_name(text)),
            b'K' => set_once(&mut self.link, long_name(text)),
            b'x' if self.pax => Err("there are two extensions for one entry"),
            b'x' => {
                self.pax = true;
                pax_records(text)?.into_iter().try_for_each(|record| self.add_record(record))
            }
            _ if !self.is_empty() => Err("a global extension is in the wrong place"),
            _ => pax_records(text)?.into_iter().try_for_each(|(key, _)| match key {
                b"path" | b"linkpath" | b"size" => Err("a global extension sets a name or a size"),
                _ if key.starts_with(b"GNU.sparse.") => Err("it is sparse"),
                _ => Ok(()),
            }),
        }
    }

    fn add_record(&mut self, (key, value): PaxRecord<'_>) -> Validated<()> {
        match key {
            b"path" => set_once(&mut self.name, value.to_owned()),
            b"linkpath" => set_once(&mut self.link, value.to_owned()),
            b"size" => set_once(&mut self.size, parse_decimal(value)?),
            _ if key.starts_with(b"GNU.sparse.") => Err("it is sparse"),
            // Owners, exact times, attributes: none of these is unpacked.
            _ => Ok(()),
        }
    }
}

fn set_once<T>(slot: &mut Option<T>, value: T) -> Validated<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err("it has two names, targets or sizes"),
    }
}

/// GNU ends a long name with a NUL.
fn long_name(text: &[u8]) -> Vec<u8> {
    text.strip_suffix(b"\0").unwrap_or(text).to_owned()
}

/// The keys and values of a PAX extension, which are written as `LENGTH KEY=VALUE\n`; the length is
/// that of the whole record.
fn pax_records(mut text: &[u8]) -> Validated<Vec<PaxRecord<'_>>> {
    let mut records = Vec::new();
    while !text.is_empty() {
        let (record, rest) = split_pax_record(text).ok_or("its extension is invalid")?;
        records.push(record);
        text = rest;
    }
    Ok(records)
}

/// A key and its value.
type PaxRecord<'a> = (&'a [u8], &'a [u8]);

/// The first record of a PAX extension, and the rest of the text.
fn split_pax_record(text: &[u8]) -> Option<(PaxRecord<'_>, &[u8])> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(parse_decimal(&text[..space]).ok()?).ok()?;
    let (record, rest) = text.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some(((&record[..equals], &record[equals + 1..]), rest))
}

fn parse_decimal(digits: &[u8]) -> Validated<u64> {
    let wrong = "a number in its extension is invalid";
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(wrong);
    }
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(wrong)
}
