//! The members of a tar file, one after the other, each with its true name.
//!
//! The `tar` crate reads headers; what GNU and PAX put in front of a member (a long name) is
//! joined here, where it can be strict: two answers to one question are an attack. It must not
//! know where the members go.
//!
//! The format: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html> and
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>.

use std::io::Read;

use tar::{Archive, Entries, Entry, Header};

use super::Trouble;

/// The most members of an archive, extensions included.
pub(super) const MOST: usize = 200_000;

/// The longest extension in bytes: a name, or some attributes.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// A member: its name as written, what it is, and its bytes.
pub(super) struct Member<'a, R: Read> {
    pub(super) name: Vec<u8>,
    pub(super) content: Content,
    pub(super) body: Entry<'a, R>,
}

/// What a member is. Devices, pipes, sparse files and the like have no value here.
#[derive(PartialEq, Eq)]
pub(super) enum Content {
    Folder,
    /// With its size in bytes, its owner's execute bit, and its time in seconds since 1970.
    File {
        size: u64,
        executable: bool,
        modified: u32,
    },
    /// With its target.
    Symlink(Vec<u8>),
    /// With the name of another member.
    HardLink(Vec<u8>),
}

/// The members of an archive in their order.
pub(super) struct Members<'a, R: Read> {
    entries: Entries<'a, R>,
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

type Checked<T> = Result<T, &'static str>;

impl<'a, R: Read> Members<'a, R> {
    pub(super) fn of(archive: &'a mut Archive<R>) -> Result<Self, Trouble> {
        let entries = archive.entries().map_err(Trouble::Unreadable)?.raw(true);
        Ok(Self { entries, count: 0 })
    }

    /// The next member, `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Member<'a, R>>, Trouble> {
        let mut extensions = Extensions::default();
        for entry in self.entries.by_ref() {
            let mut entry = entry.map_err(Trouble::Unreadable)?;
            let name = entry.header().path_bytes().into_owned();
            let refused = |why: &str| Trouble::Member(name.clone(), why.to_owned());
            self.count += 1;
            if self.count > MOST {
                return Err(refused("there are too many members"));
            }
            let size = size(entry.header()).map_err(refused)?;
            let kind = entry.header().as_bytes()[156];
            if !matches!(kind, b'L' | b'K' | b'x' | b'g') {
                return member(entry, extensions, size).map(Some);
            }
            if size > LONGEST_EXTENSION {
                return Err(refused("it is an overlong extension"));
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(Trouble::Unreadable)?;
            if text.len() as u64 != size {
                return Err(refused("it is cut short"));
            }
            extensions.add(kind, &text).map_err(refused)?;
        }
        if extensions.none() {
            return Ok(None);
        }
        Err(Trouble::Archive("it is cut short: it ends in an extension".to_owned()))
    }
}

fn member<R: Read>(
    entry: Entry<'_, R>,
    extensions: Extensions,
    size: u64,
) -> Result<Member<'_, R>, Trouble> {
    let header = entry.header();
    let name = extensions.name.unwrap_or_else(|| header.path_bytes().into_owned());
    let refused = |why: &str| Trouble::Member(name.clone(), why.to_owned());
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
        b'5' | b'0' | 0 => Content::Folder,
        b'1' => Content::HardLink(target()),
        b'2' => Content::Symlink(target()),
        _ => return Err(refused("it is neither file, folder nor link")),
    };
    match &content {
        Content::File { .. } | Content::HardLink(_) | Content::Symlink(_)
            if name.ends_with(b"/") =>
        {
            Err(refused("it is no folder, but its name ends like one's"))
        }
        Content::Folder | Content::HardLink(_) | Content::Symlink(_) if size > 0 => {
            Err(refused("it is no file, but has bytes"))
        }
        Content::File { .. } | Content::Folder | Content::HardLink(_) | Content::Symlink(_) => {
            Ok(Member { name, content, body: entry })
        }
    }
}

fn file(header: &Header, size: u64) -> Checked<Content> {
    let mode = header.mode().map_err(|_| "its mode makes no sense")?;
    let modified = header.mtime().ok().and_then(|time| u32::try_from(time).ok());
    Ok(Content::File { size, executable: mode & 0o100 != 0, modified: modified.unwrap_or(0) })
}

/// The size, if all readers would read the same: octal digits, or a small binary number.
fn size(header: &Header) -> Checked<u64> {
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
    fn add(&mut self, kind: u8, text: &[u8]) -> Checked<()> {
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

    fn record(&mut self, (key, value): (&[u8], &[u8])) -> Checked<()> {
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

fn once<T>(place: &mut Option<T>, value: T) -> Checked<()> {
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
fn records(mut text: &[u8]) -> Checked<Vec<(&[u8], &[u8])>> {
    let mut records = Vec::new();
    while !text.is_empty() {
        let (record, rest) = record(text).ok_or("its extension makes no sense")?;
        records.push(record);
        text = rest;
    }
    Ok(records)
}

type Record<'a> = (&'a [u8], &'a [u8]);

fn record(text: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&text[..space]).ok()?).ok()?;
    let (record, rest) = text.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some(((&record[..equals], &record[equals + 1..]), rest))
}

fn decimal(digits: &[u8]) -> Checked<u64> {
    let wrong = "a number in its extension makes no sense";
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(wrong);
    }
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(wrong)
}
