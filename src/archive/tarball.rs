//! The members of a tar file, one after the other, each with its true name.
//!
//! The `tar` crate reads the fields of a header; what GNU and PAX put in front of a member (a long
//! name) is joined here, where it can be strict: two answers to one question are an attack. It must
//! not know where the members go.
//!
//! The format: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html> and
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>.

use tar::Header;

use super::entry::{ArchiveEntries, ArchiveEntry, EntryKind, EntryMetadata, MOST};
use super::error::{UnpackError, UnpackResult, Validated};
use super::pipe::PipeReader;

/// The unit of the format in bytes.
const BLOCK: u64 = 512;

/// The longest extension in bytes: a name, or some attributes.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// The members of a tar file in their order.
pub(super) struct Tarball<'a> {
    bytes: &'a mut PipeReader,
    /// What is left of the last member: its own bytes, and those that fill its last block.
    left: u64,
    padding: u64,
    pub(super) count: usize,
}

/// What extensions said about the member that follows them.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    /// The PAX header was there.
    pax: bool,
}

impl<'a> Tarball<'a> {
    pub(super) fn new(bytes: &'a mut PipeReader) -> Self {
        Self { bytes, left: 0, padding: 0, count: 0 }
    }

    /// The next header, `None` at the first block of zeros.
    fn header(&mut self) -> UnpackResult<Option<Header>> {
        self.bytes.skip(self.left)?;
        self.bytes.skip(self.padding)?;
        let mut header = Header::new_old();
        let length = self.bytes.fill(header.as_mut_bytes())?;
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

    /// The whole bytes of an extension; `None` if the archive ends before.
    fn text(&mut self, size: u64) -> UnpackResult<Option<Vec<u8>>> {
        let mut text = Vec::new();
        while self.left > 0 {
            let piece = self.next_chunk()?;
            if piece.is_empty() {
                break;
            }
            text.extend_from_slice(piece);
        }
        Ok((text.len() as u64 == size).then_some(text))
    }
}

impl ArchiveEntries for Tarball<'_> {
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>> {
        let mut extensions = Extensions::default();
        while let Some(header) = self.header()? {
            let name = header.path_bytes().into_owned();
            let refused = |why: &str| UnpackError::Entry(name.clone(), why.to_owned());
            self.count += 1;
            if self.count > MOST {
                return Err(refused("there are too many members"));
            }
            let size = size(&header).map_err(refused)?;
            self.left = size;
            self.padding = (BLOCK - size % BLOCK) % BLOCK;
            let kind = header.as_bytes()[156];
            if !matches!(kind, b'L' | b'K' | b'x' | b'g') {
                return member(&header, extensions, size).map(Some);
            }
            if size > LONGEST_EXTENSION {
                return Err(refused("it is an overlong extension"));
            }
            let text = self.text(size)?.ok_or_else(|| refused("it is cut short"))?;
            extensions.add(kind, &text).map_err(refused)?;
        }
        if extensions.none() {
            return Ok(None);
        }
        Err(UnpackError::Archive("it is cut short: it ends in an extension".to_owned()))
    }

    fn peek_chunk(&mut self) -> UnpackResult<&[u8]> {
        self.bytes.peek_chunk(self.left)
    }

    fn next_chunk(&mut self) -> UnpackResult<&[u8]> {
        let piece = self.bytes.next_chunk(self.left)?;
        self.left -= piece.len() as u64;
        Ok(piece)
    }

    /// Reads what comes after the first block of zeros: at least another one (POSIX wants two,
    /// and a cut between two members shows by their absence), and nothing but zeros.
    fn finish(&mut self) -> UnpackResult<()> {
        let mut zeros = 0;
        loop {
            let piece = self.bytes.next_chunk(u64::MAX)?;
            if piece.is_empty() {
                break;
            }
            if piece.iter().any(|byte| *byte != 0) {
                return Err(UnpackError::Archive("something follows its end".to_owned()));
            }
            zeros += piece.len() as u64;
        }
        if zeros < BLOCK {
            return Err(UnpackError::Archive("it is cut short in its end".to_owned()));
        }
        Ok(())
    }
}

fn member(header: &Header, extensions: Extensions, size: u64) -> UnpackResult<ArchiveEntry> {
    let name = extensions.name.unwrap_or_else(|| header.path_bytes().into_owned());
    let refused = |why: &str| UnpackError::Entry(name.clone(), why.to_owned());
    if extensions.size.is_some_and(|extended| extended != size) {
        return Err(refused("it has two sizes"));
    }
    let in_header = header.link_name_bytes().map(std::borrow::Cow::into_owned);
    let kind = header.as_bytes()[156];
    let link = extensions.link;
    if link.is_some() && !matches!(kind, b'1' | b'2') {
        return Err(refused("it has a target, but is no link"));
    }
    let target = || link.or(in_header).unwrap_or_default();
    let content = match kind {
        // In the oldest form of the format a folder is a file whose name ends in a slash.
        b'0' | 0 if size > 0 || !name.ends_with(b"/") => file(header, size).map_err(refused)?,
        b'5' | b'0' | 0 => EntryKind::Folder,
        b'1' => EntryKind::HardLink(target()),
        b'2' => EntryKind::Symlink(target()),
        _ => return Err(refused("it is neither file, folder nor link")),
    };
    match &content {
        EntryKind::File(_) | EntryKind::HardLink(_) | EntryKind::Symlink(_)
            if name.ends_with(b"/") =>
        {
            Err(refused("it is no folder, but its name ends like one's"))
        }
        EntryKind::Folder | EntryKind::HardLink(_) | EntryKind::Symlink(_) if size > 0 => {
            Err(refused("it is no file, but has bytes"))
        }
        EntryKind::File(_) | EntryKind::Folder | EntryKind::HardLink(_) | EntryKind::Symlink(_) => {
            Ok(ArchiveEntry { name, content })
        }
    }
}

fn file(header: &Header, size: u64) -> Validated<EntryKind> {
    let mode = header.mode().map_err(|_| "its mode makes no sense")?;
    let modified = header.mtime().ok().and_then(|time| u32::try_from(time).ok());
    let executable = Some(mode & 0o100 != 0);
    Ok(EntryKind::File(EntryMetadata { size: Some(size), executable, modified }))
}

/// The size, if all readers would read the same: octal digits, or a small binary number.
fn size(header: &Header) -> Validated<u64> {
    let field = &header.as_old().size;
    let octal = field.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0));
    if !octal && !field.starts_with(b"\x80\0\0\0") {
        return Err("its size makes no sense");
    }
    header.entry_size().map_err(|_| "its size makes no sense")
}

impl Extensions {
    fn none(&self) -> bool {
        self.name.is_none() && self.link.is_none() && !self.pax
    }

    /// Takes in an extension: `L` and `K` are GNU's, `x` is POSIX's, `g` is for all that follow.
    fn add(&mut self, kind: u8, text: &[u8]) -> Validated<()> {
        match kind {
            b'L' => once(&mut self.name, long(text)),
            b'K' => once(&mut self.link, long(text)),
            b'x' if self.pax => Err("there are two extensions for one member"),
            b'x' => {
                self.pax = true;
                records(text)?.into_iter().try_for_each(|record| self.record(record))
            }
            _ if !self.none() => Err("an extension for all is in the wrong place"),
            _ => records(text)?.into_iter().try_for_each(|(key, _)| match key {
                b"path" | b"linkpath" | b"size" => Err("one name or size is given for all"),
                _ if key.starts_with(b"GNU.sparse.") => Err("it is sparse"),
                _ => Ok(()),
            }),
        }
    }

    fn record(&mut self, (key, value): (&[u8], &[u8])) -> Validated<()> {
        match key {
            b"path" => once(&mut self.name, value.to_owned()),
            b"linkpath" => once(&mut self.link, value.to_owned()),
            b"size" => once(&mut self.size, decimal(value)?),
            _ if key.starts_with(b"GNU.sparse.") => Err("it is sparse"),
            // Owners, times with fractions, attributes: nothing that is kept.
            _ => Ok(()),
        }
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Validated<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err("it has two names, targets or sizes"),
    }
}

/// GNU ends a long name with a NUL.
fn long(text: &[u8]) -> Vec<u8> {
    text.strip_suffix(b"\0").unwrap_or(text).to_owned()
}

/// The records `LENGTH KEY=VALUE\n` of a PAX extension, where the length is that of the record.
fn records(mut text: &[u8]) -> Validated<Vec<(&[u8], &[u8])>> {
    let mut records = Vec::new();
    while !text.is_empty() {
        let (record, rest) = record(text).ok_or("its extension makes no sense")?;
        records.push(record);
        text = rest;
    }
    Ok(records)
}

type PaxRecord<'a> = (&'a [u8], &'a [u8]);

fn record(text: &[u8]) -> Option<(PaxRecord<'_>, &[u8])> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&text[..space]).ok()?).ok()?;
    let (record, rest) = text.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some(((&record[..equals], &record[equals + 1..]), rest))
}

fn decimal(digits: &[u8]) -> Validated<u64> {
    let wrong = "a number in its extension makes no sense";
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(wrong);
    }
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(wrong)
}
