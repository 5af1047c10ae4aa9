//! A NOR flash in a file, whose power can fail at any byte.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Bytes that are erased together, as on a W25Q.
pub const PAGE: usize = 4096;
/// How many pages a device has.
pub const PAGES: usize = 16;

/// No power cut is planned.
const STEADY: u64 = u64::MAX;

/// How many more bytes can be written or erased before the power fails. Clones are the same supply.
#[derive(Debug, Clone)]
pub struct Power(Arc<AtomicU64>);

impl Power {
    /// A supply that does not fail.
    pub fn steady() -> Self {
        Self(Arc::new(AtomicU64::new(STEADY)))
    }

    /// From now on the power fails after so many bytes.
    pub fn fail_after(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// From now on the power does not fail; one that has failed comes back.
    pub fn steady_now(&self) {
        self.0.store(STEADY, Ordering::Relaxed);
    }

    fn is_off(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Takes the power for one byte; fails when this is the byte at which it goes off.
    fn spend(&self) -> Result<(), PowerCut> {
        match self.0.load(Ordering::Relaxed) {
            0 => Err(PowerCut),
            STEADY => Ok(()),
            left => {
                self.0.store(left - 1, Ordering::Relaxed);
                if left == 1 { Err(PowerCut) } else { Ok(()) }
            }
        }
    }
}

/// The power went off, or is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerCut;

impl NorFlashError for PowerCut {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// The flash. Writes can only clear bits; the byte at which the power fails ends up with some of its bits changed.
#[derive(Debug)]
pub struct FileFlash {
    bytes: Vec<u8>,
    file: File,
    power: Power,
}

impl FileFlash {
    /// Opens the file, or makes it as an erased flash.
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub fn open(path: &Path, power: Power) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = vec![0xFF; PAGE * PAGES];
        if file.metadata()?.len() == bytes.len() as u64 {
            file.read_exact_at(&mut bytes, 0)?;
        } else {
            file.write_all_at(&bytes, 0)?;
        }
        Ok(Self { bytes, file, power })
    }

    /// Changes bytes one after the other until the power fails, and the file likewise.
    fn change(&mut self, from: usize, length: usize, new: impl Fn(usize, u8) -> u8) -> Result<(), PowerCut> {
        let mut changed = Ok(());
        let mut end = from;
        while end < from + length && changed.is_ok() {
            changed = self.power.spend();
            let (old, new) = (self.bytes[end], new(end - from, self.bytes[end]));
            // Which bits have changed when the power fails is any; here, half of them.
            let reached = if changed.is_ok() { 0xFF } else { 0x5A };
            self.bytes[end] = (old & !reached) | (new & reached);
            end += 1;
        }
        self.file.write_all_at(&self.bytes[from..end], from as u64).map_err(|_| PowerCut)?;
        changed
    }
}

impl ErrorType for FileFlash {
    type Error = PowerCut;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerCut> {
        if self.power.is_off() {
            return Err(PowerCut);
        }
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerCut> {
        self.change(from as usize, (to - from) as usize, |_, _| 0xFF)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerCut> {
        self.change(offset as usize, bytes.len(), |at, old| old & bytes[at])
    }
}

impl MultiwriteNorFlash for FileFlash {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now;

    #[test]
    fn a_power_cut_tears_one_byte_and_what_was_written_is_there_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, power) = (folder.path().join("flash"), Power::steady());
        let mut flash = FileFlash::open(&path, power.clone()).unwrap();
        power.fail_after(3);
        assert_eq!(now(flash.write(10, &[0; 8])), Err(PowerCut));
        assert_eq!(now(flash.read(0, &mut [0])), Err(PowerCut));
        power.steady_now();
        let mut flash = FileFlash::open(&path, power).unwrap();
        let mut bytes = [0; 5];
        now(flash.read(9, &mut bytes)).unwrap();
        assert_eq!(bytes, [0xFF, 0, 0, 0xA5, 0xFF]);
        now(flash.erase(0, PAGE as u32)).unwrap();
        now(flash.read(9, &mut bytes)).unwrap();
        assert_eq!(bytes, [0xFF; 5]);
    }
}
