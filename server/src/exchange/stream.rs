//! A layer read on a thread of its own and handed over in chunks; memory is bounded by the short queue between.

use std::thread;

use tokio::sync::mpsc;

use super::layer::{Feature, Field, Layer, RowError};

/// Chunks that may wait for whoever stores them.
const WAITING: usize = 4;

/// Rows that travel together.
pub struct Chunk<T> {
    /// What was made of them, in the file's order.
    pub rows: Vec<T>,
    /// The share of the file that has been read, 0 to 1.
    pub progress: f64,
}

/// A layer that is being read.
pub struct Stream<T> {
    chunks: mpsc::Receiver<Chunk<T>>,
    reader: thread::JoinHandle<Vec<String>>,
}

/// Starts reading; `make` turns each row into what is wanted of it. It sees the layer's fields, which may grow
/// while a GeoJSON file is read.
pub fn stream<T: Send + 'static>(
    mut layer: Layer,
    size: usize,
    mut make: impl FnMut(&[Field], Result<Feature, RowError>) -> T + Send + 'static,
) -> Stream<T> {
    let (sender, chunks) = mpsc::channel(WAITING);
    let reader = thread::spawn(move || {
        loop {
            let mut rows = Vec::with_capacity(size);
            while let Some(row) = (rows.len() < size).then(|| layer.next()).flatten() {
                rows.push(make(&layer.fields, row));
            }
            let ended = rows.len() < size;
            let chunk = Chunk { rows, progress: layer.progress() };
            if sender.blocking_send(chunk).is_err() || ended {
                return layer.warnings;
            }
        }
    });
    Stream { chunks, reader }
}

impl<T> Stream<T> {
    /// The next chunk; the last one may be empty.
    pub async fn next(&mut self) -> Option<Chunk<T>> {
        self.chunks.recv().await
    }

    /// The layer's warnings, once all chunks have been taken.
    ///
    /// # Errors
    /// When the reading thread broke off.
    pub async fn warnings(mut self) -> anyhow::Result<Vec<String>> {
        self.chunks.close();
        let reader = tokio::task::spawn_blocking(move || self.reader.join()).await?;
        reader.map_err(|_| anyhow::anyhow!("读取文件的线程意外中止"))
    }
}
