//! Reads zstd frames, one after the other, and verifies the size and the checksum of each.
//!
//! The library's decoder reads one frame and verifies neither. It must not know what the frames
//! hold.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window in bytes: the default limit of zstd's own program.
const MAX_WINDOW: u64 = 128 << 20;

/// Decompresses zstd.
pub(super) struct ZstdReader<R> {
    source: R,
    decoder: FrameDecoder,
    /// How many bytes of the current frame were read; `None` between two frames.
    read: Option<u64>,
}

impl<R: BufRead> ZstdReader<R> {
    pub(super) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self { source, decoder, read: None }
    }

    /// Starts the next frame; `false` at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.read = Some(0);
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => skip(&mut self.source, length.into())?,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    fn end(&mut self, read: u64) -> io::Result<()> {
        self.read = None;
        let announced = self.decoder.content_size();
        if announced != 0 && announced != read {
            return Err(io::Error::other("the size of a frame is wrong"));
        }
        match self.decoder.get_checksum_from_data() {
            Some(sum) if self.decoder.get_calculated_checksum() != Some(sum) => {
                Err(io::Error::other("the checksum of a frame is wrong"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl<R: BufRead> Read for ZstdReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(read) = self.read else {
                match self.begin()? {
                    true => continue,
                    false => return Ok(0),
                }
            };
            if self.decoder.can_collect() > 0 {
                let count = self.decoder.read(buffer)?;
                self.read = Some(read + count as u64);
                return Ok(count);
            }
            if self.decoder.is_finished() {
                self.end(read)?;
                continue;
            }
            let some = BlockDecodingStrategy::UptoBytes(buffer.len());
            self.decoder.decode_blocks(&mut self.source, some).map_err(io::Error::other)?;
        }
    }
}

fn skip(source: &mut impl Read, length: u64) -> io::Result<()> {
    match io::copy(&mut source.take(length), &mut io::sink())? == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
