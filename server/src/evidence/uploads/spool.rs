//! The spool: one file an upload, in the data directory, until the whole is there.
//!
//! Whoever works on an upload holds a [`Claim`]: an exclusive lock on its file, which also keeps out other
//! processes on the same folder. A client that comes back while its old, dead connection still holds the claim
//! takes it over: the old request is told to stop and to leave behind what it had.

use std::collections::HashMap;
use std::fs::{self, TryLockError};
use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::tus::Checksum;

/// Whole photos that are in memory at once, to be hashed and stored.
const WHOLE_AT_ONCE: usize = 4;
/// How long a newcomer waits for the old request to let go: 100 looks, 50 ms apart.
const LOOKS: usize = 100;
const LOOK: Duration = Duration::from_millis(50);

/// The spool folder; cheap to clone.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    holders: Mutex<HashMap<String, Holder>>,
    numbers: AtomicU64,
    whole: Arc<Semaphore>,
}

struct Holder {
    number: u64,
    stop: CancellationToken,
}

/// Why a file cannot be had.
pub(super) enum Refused {
    /// There is no such file here.
    Missing,
    /// Another process holds it.
    Busy,
    /// The disk.
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::Io(error) }
    }
}

impl Spool {
    /// `uploads` in the data directory, made when it is first needed.
    pub fn new(data: &Path) -> Self {
        let (holders, numbers) = (Mutex::default(), AtomicU64::default());
        let whole = Arc::new(Semaphore::new(WHOLE_AT_ONCE));
        Self(Arc::new(Inner { folder: data.join("uploads"), holders, numbers, whole }))
    }

    fn path(&self, id: &str) -> PathBuf {
        self.0.folder.join(id)
    }

    /// An empty file, there after a power cut too.
    pub(super) async fn create(&self, id: &str) -> io::Result<()> {
        let (folder, path) = (self.0.folder.clone(), self.path(id));
        blocking(move || {
            fs::create_dir_all(&folder)?;
            fs::File::create_new(path)?.sync_all()?;
            fs::File::open(folder)?.sync_all()
        })
        .await
    }

    /// The file of an upload, for oneself alone.
    pub(super) async fn claim(&self, id: &str) -> Result<Claim, Refused> {
        for _ in 0..LOOKS {
            let path = self.path(id);
            let opened = blocking(move || {
                let file = fs::OpenOptions::new().read(true).append(true).open(path)?;
                match file.try_lock() {
                    Ok(()) => Ok(Some(file)),
                    Err(TryLockError::WouldBlock) => Ok(None),
                    Err(TryLockError::Error(error)) => Err(error),
                }
            })
            .await?;
            if let Some(file) = opened {
                // Whoever held it may have deleted it.
                if file.metadata()?.nlink() == 0 {
                    return Err(Refused::Missing);
                }
                return Ok(self.held(id, file).await?);
            }
            self.interrupt(id);
            tokio::time::sleep(LOOK).await;
        }
        Err(Refused::Busy)
    }

    async fn held(&self, id: &str, file: fs::File) -> io::Result<Claim> {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let stop = CancellationToken::new();
        let holder = Holder { number, stop: stop.clone() };
        self.0.holders.lock().expect("no panic while held").insert(id.to_owned(), holder);
        let file = File::from_std(file);
        let mut claim = Claim { spool: self.clone(), id: id.to_owned(), number, stop, file, length: 0 };
        claim.settle().await?;
        Ok(claim)
    }

    fn interrupt(&self, id: &str) {
        if let Some(holder) = self.0.holders.lock().expect("no panic while held").get(id) {
            holder.stop.cancel();
        }
    }

    /// The uploads that have a file here.
    pub(super) async fn ids(&self) -> io::Result<Vec<String>> {
        let folder = self.0.folder.clone();
        blocking(move || {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        })
        .await
    }
}

/// How the reading of a piece ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The client had sent all it wanted to.
    Complete,
    /// The connection broke.
    Cut,
    /// Nothing came any more.
    Idle,
    /// The client has come back on another connection.
    Interrupted,
    /// More came than the upload is long.
    TooLong,
    /// The piece has another checksum; nothing of it is kept.
    Damaged,
}

/// An upload's file, held by one request.
pub(super) struct Claim {
    spool: Spool,
    id: String,
    number: u64,
    stop: CancellationToken,
    file: File,
    length: u64,
}

impl Claim {
    /// Bytes that are on disk.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Appends a piece of at most `room` bytes, durably. Whatever ends it, what came before stays, unless the
    /// piece has a checksum that cannot be confirmed.
    pub(super) async fn append<E>(
        &mut self,
        piece: impl Stream<Item = Result<Bytes, E>>,
        room: u64,
        idle: Duration,
        mut checksum: Option<Checksum>,
    ) -> io::Result<Ended> {
        let (start, mut left) = (self.length, room);
        let mut piece = std::pin::pin!(piece);
        let mut ended = loop {
            let next = tokio::select! {
                biased;
                () = self.stop.cancelled() => break Ended::Interrupted,
                next = tokio::time::timeout(idle, piece.next()) => next,
            };
            let chunk = match next {
                Err(_) => break Ended::Idle,
                Ok(None) => break Ended::Complete,
                Ok(Some(Err(_))) => break Ended::Cut,
                Ok(Some(Ok(chunk))) => chunk,
            };
            let Some(rest) = left.checked_sub(chunk.len() as u64) else { break Ended::TooLong };
            left = rest;
            if let Some(checksum) = &mut checksum {
                checksum.update(&chunk);
            }
            self.file.write_all(&chunk).await?;
        };
        self.file.flush().await?;
        if let Some(checksum) = checksum {
            let whole = ended == Ended::Complete;
            if !(whole && checksum.holds()) {
                self.file.set_len(start).await?;
                ended = if whole { Ended::Damaged } else { ended };
            }
        }
        self.settle().await?;
        Ok(ended)
    }

    /// What is in the file now is on disk, and is its length.
    async fn settle(&mut self) -> io::Result<()> {
        self.file.sync_data().await?;
        self.length = self.file.metadata().await?.len();
        Ok(())
    }

    /// The first bytes, as many as there are up to `count`.
    pub(super) async fn head(&mut self, count: u64) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(0)).await?;
        let mut bytes = Vec::new();
        (&mut self.file).take(count).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    /// All bytes; only so many wholes are in memory at once, so the permit is to be kept as long as they are.
    pub(super) async fn whole(&mut self) -> io::Result<(Bytes, OwnedSemaphorePermit)> {
        let turn = self.spool.0.whole.clone().acquire_owned().await.map_err(io::Error::other)?;
        Ok((self.head(self.length).await?.into(), turn))
    }

    /// Deletes the file.
    pub(super) async fn delete(self) -> io::Result<()> {
        let path = self.spool.path(&self.id);
        blocking(move || fs::remove_file(path)).await
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut holders = self.spool.0.holders.lock().expect("no panic while held");
        if holders.get(&self.id).is_some_and(|holder| holder.number == self.number) {
            holders.remove(&self.id);
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
