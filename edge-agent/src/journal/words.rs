use embedded_storage_async::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};

/// A flash that is written in words of eight bytes or more, whatever smaller ones it could take.
///
/// An item's header in `sequential-storage` is eight bytes. On a flash of single bytes, a header that a power cut tore
/// in its last bytes is followed at once by the next item, and the two together can look like another header: one cut
/// in 256 there made an acknowledged record unreadable. When a header is one word, what follows a torn one starts on
/// the next word.
#[derive(Debug)]
pub(super) struct Words<'f, F>(pub(super) &'f mut F);

impl<F: ErrorType> ErrorType for Words<'_, F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> ReadNorFlash for Words<'_, F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.0.read(offset, bytes).await
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: NorFlash> NorFlash for Words<'_, F> {
    const WRITE_SIZE: usize = if F::WRITE_SIZE > 8 { F::WRITE_SIZE } else { 8 };
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        self.0.erase(from, to).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        self.0.write(offset, bytes).await
    }
}

impl<F: MultiwriteNorFlash> MultiwriteNorFlash for Words<'_, F> {}
