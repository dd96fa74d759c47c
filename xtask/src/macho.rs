//! What must be true of a program for macOS before anybody can run it, read from its file.

use std::fs;
use std::path::Path;

use object::Endianness;
use object::macho::{
    CPU_TYPE_ARM64, CPU_TYPE_X86_64, CpuType, LC_CODE_SIGNATURE, MH_EXECUTE, MH_PIE, MachHeader64,
    PLATFORM_MACOS,
};
use object::read::macho::{LoadCommandVariant, MachHeader as _};
use sha2::{Digest as _, Sha256};

use crate::Result;
use usher_packaging::platform::OLDEST_MACOS;

/// Where the system's own libraries are. Any other one would have to be given away with the program.
const SYSTEM: [&str; 2] = ["/usr/lib/", "/System/Library/Frameworks/"];

/// A program, as its loader sees it.
#[derive(Debug, Default)]
struct Program {
    /// The processor: a number of Mach-O's.
    machine: CpuType,
    /// Whether it is a program that can be at any address.
    is_relocatable: bool,
    /// The oldest system that it runs on, where it is macOS.
    oldest_system: Option<String>,
    /// The paths of the libraries that it loads.
    libraries: Vec<String>,
    /// Where its signature is in the file: offset and length.
    signature: Option<(usize, usize)>,
}

/// Checks a program for a target of Rust's: its processor, the oldest system, and the libraries that
/// it loads, which must be the system's. macOS kills a program for arm64 that has no signature.
pub(crate) fn check(file: &Path, target: &str) -> Result<()> {
    let failed = |what: &str| Err(format!("{}: {what}", file.display()));
    let content = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let program =
        read(&content).map_err(|error| format!("{}: not Mach-O: {error}", file.display()))?;
    let machine = if target.starts_with("aarch64-") { CPU_TYPE_ARM64 } else { CPU_TYPE_X86_64 };
    if program.machine != machine || !program.is_relocatable {
        return failed(&format!("not a program for {target}"));
    }
    if program.oldest_system.as_deref() != Some(OLDEST_MACOS) {
        let found = program.oldest_system.as_deref().unwrap_or("none");
        return failed(&format!("needs macOS {found}, not {OLDEST_MACOS}"));
    }
    let is_system = |path: &&String| SYSTEM.iter().any(|folder| path.starts_with(folder));
    if let Some(foreign) = program.libraries.iter().find(|path| !is_system(path)) {
        return failed(&format!("loads {foreign}, which isn't the system's"));
    }
    if !program.libraries.iter().any(|path| path == "/usr/lib/libSystem.B.dylib") {
        return failed("doesn't load libSystem");
    }
    match program.signature.map(|place| is_signed(&content, place)) {
        Some(Some(false)) => failed("was changed after it was signed"),
        Some(None) => failed("has a signature of another kind"),
        None if machine == CPU_TYPE_ARM64 => failed("has no signature"),
        Some(Some(true)) | None => Ok(()),
    }
}

/// Whether the hashes in a signature are those of the program's pages; `None` for a signature in
/// another form than linkers write. macOS compares them when it maps a page, and kills the program if one
/// differs. The form is in `cs_blobs.h` of Apple's xnu, with big numbers first.
fn is_signed(content: &[u8], (offset, length): (usize, usize)) -> Option<bool> {
    const SIGNATURE: u32 = 0xfade_0cc0;
    const CODE_DIRECTORY: u32 = 0xfade_0c02;
    const SHA256: u8 = 2;
    let signature = content.get(offset..offset.checked_add(length)?)?;
    let number = |bytes: &[u8], place: usize| -> Option<u32> {
        Some(u32::from_be_bytes(bytes.get(place..place + 4)?.try_into().ok()?))
    };
    if number(signature, 0)? != SIGNATURE {
        return None;
    }
    let mut directories = (0..number(signature, 8)? as usize).filter_map(|place| {
        let part = signature.get(number(signature, 12 + 8 * place + 4)? as usize..)?;
        (number(part, 0)? == CODE_DIRECTORY).then_some(part)
    });
    let directory = directories.next_back()?;
    let [hashes, count, limit] = [16, 28, 32].map(|place| number(directory, place));
    let (hashes, count, limit) = (hashes? as usize, count? as usize, limit? as usize);
    let [length, kind, _, page] = directory.get(36..40)? else { return None };
    if (*kind, *length) != (SHA256, 32) || limit != offset {
        return None;
    }
    let pages = content.get(..limit)?.chunks(1 << *page);
    let hashes = directory.get(hashes..)?.chunks(32).take(count);
    Some(
        pages.len() == count
            && pages.zip(hashes).all(|(page, hash)| *Sha256::digest(page) == *hash),
    )
}

fn read(content: &[u8]) -> object::Result<Program> {
    let header = MachHeader64::<Endianness>::parse(content, 0)?;
    let endian = header.endian()?;
    let mut program = Program {
        machine: header.cputype(endian),
        is_relocatable: header.filetype(endian) == MH_EXECUTE
            && header.flags(endian).contains(MH_PIE),
        ..Program::default()
    };
    let mut commands = header.load_commands(endian, content, 0)?;
    while let Some(command) = commands.next()? {
        match command.variant()? {
            LoadCommandVariant::Dylib(library) => {
                let path = command.string(endian, library.dylib.name)?;
                program.libraries.push(String::from_utf8_lossy(path).into_owned());
            }
            LoadCommandVariant::BuildVersion(build, _)
                if build.platform.get(endian) == PLATFORM_MACOS =>
            {
                let version = build.minos.get(endian);
                program.oldest_system = Some(format!("{}.{}", version.major(), version.minor()));
            }
            LoadCommandVariant::LinkeditData(data) if command.cmd() == LC_CODE_SIGNATURE => {
                let place = [data.dataoff, data.datasize].map(|field| field.get(endian) as usize);
                program.signature = Some((place[0], place[1]));
            }
            _ => {}
        }
    }
    Ok(program)
}
