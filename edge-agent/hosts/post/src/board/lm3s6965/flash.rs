//! A file on the host, through semihosting, that behaves as NOR flash: killing QEMU is a power cut.

use core::convert::Infallible;

use cortex_m_semihosting::{nr, syscall};
use embedded_storage_async::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};

use crate::model;

const CAPACITY: usize = model::ROUTINE.end as usize;
const SECTOR: usize = 4096;

/// How the C library opens a file: `rb`, `r+b`, `w+b`.
mod mode {
    pub(super) const READ: usize = 1;
    pub(super) const UPDATE: usize = 3;
    pub(super) const CREATE: usize = 7;
}

/// The journal's flash.
pub(crate) struct Flash(usize);

fn open(name: &[u8], mode: usize) -> Option<usize> {
    let length = name.iter().position(|byte| *byte == 0)?;
    // SAFETY: the name ends with a zero, and outlives the call.
    let handle = unsafe { syscall(nr::OPEN, &[name.as_ptr() as usize, mode, length]) };
    (handle as isize >= 0).then_some(handle)
}

fn seek(file: usize, to: usize) {
    // SAFETY: only the file's position changes.
    unsafe { syscall(nr::SEEK, &[file, to]) };
}

fn read(file: usize, bytes: &mut [u8]) {
    // SAFETY: the host writes these bytes and no others.
    unsafe { syscall(nr::READ, &[file, bytes.as_mut_ptr() as usize, bytes.len()]) };
}

fn write(file: usize, bytes: &[u8]) {
    // SAFETY: the host only reads these bytes.
    unsafe { syscall(nr::WRITE, &[file, bytes.as_ptr() as usize, bytes.len()]) };
}

/// A random number, from the host.
pub(crate) fn random() -> u32 {
    let mut bytes = [0; 4];
    if let Some(file) = open(b"/dev/urandom\0", mode::READ) {
        read(file, &mut bytes);
    }
    u32::from_le_bytes(bytes)
}

/// Opens the file that QEMU was given as `arg`; makes it when there is none.
pub(crate) fn flash() -> Option<Flash> {
    let mut name = [0_u8; 256];
    let request = [name.as_mut_ptr() as usize, name.len()];
    // SAFETY: the host writes the command line to the buffer, which is as long as it says.
    if unsafe { syscall(nr::GET_CMDLINE, &request) } != 0 {
        return None;
    }
    let name = core::hint::black_box(name);
    let file = open(&name, mode::UPDATE).or_else(|| open(&name, mode::CREATE))?;
    // SAFETY: the call only tells the length.
    let length = unsafe { syscall(nr::FLEN, &[file]) };
    let mut flash = Flash(file);
    // A new flash is erased; one whose making was cut short is made to its end.
    for sector in length / SECTOR..CAPACITY / SECTOR {
        flash.erase_sector(sector * SECTOR);
    }
    Some(flash)
}

impl Flash {
    fn erase_sector(&mut self, at: usize) {
        seek(self.0, at);
        for _ in 0..SECTOR / 64 {
            write(self.0, &[0xFF; 64]);
        }
    }
}

impl ErrorType for Flash {
    type Error = Infallible;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        seek(self.0, offset as usize);
        read(self.0, bytes);
        Ok(())
    }

    fn capacity(&self) -> usize {
        CAPACITY
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        (from as usize..to as usize).step_by(SECTOR).for_each(|at| self.erase_sector(at));
        Ok(())
    }

    async fn write(&mut self, mut offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        // NOR flash only clears bits.
        for chunk in bytes.chunks(64) {
            let mut held = [0; 64];
            let held = &mut held[..chunk.len()];
            self.read(offset, held).await?;
            held.iter_mut().zip(chunk).for_each(|(held, byte)| *held &= byte);
            seek(self.0, offset as usize);
            write(self.0, held);
            offset += chunk.len() as u32;
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Flash {}
