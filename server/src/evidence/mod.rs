//! Evidence: photos, named by the SHA-256 of their bytes, never altered, never overwritten.
//!
//! The bytes lie in an `object_store` (a folder, or S3), fsynced before the row that knows them is written,
//! and the row is committed before anybody is told: an acknowledged photo is there.

pub mod audit;
pub mod copies;
pub mod facts;
mod http;
mod media;
pub mod package;
pub mod redactions;
pub mod sql;
pub mod uploads;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, path::Path as Key};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::audit::Entry;
use crate::auth::Scope;
use crate::db::{Db, Session, Timestamp, Tx};
use crate::error::{self, Problem};
use crate::state::App;

pub use http::routes;
pub use media::MediaType;
pub use uploads::Spool;

/// The most bytes of one photo sent whole.
pub const LARGEST: usize = 20 * 1024 * 1024;

/// Copies drawn at once: each may hold a picture of 100 megapixels in memory.
const DRAWN_AT_ONCE: usize = 2;
/// Where derived copies lie in the store.
const COPIES: &str = "copies";

/// Where photos lie.
#[derive(Clone)]
pub struct Photos {
    store: Arc<dyn ObjectStore>,
    drawing: Arc<Semaphore>,
}

impl Photos {
    /// A folder, made if it is missing, or `s3://bucket/prefix`, whose keys and endpoint are the usual variables
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`.
    pub fn open(url: Option<&str>, data: &Path) -> anyhow::Result<Self> {
        let store = match url {
            None => folder(&data.join("evidence"))?,
            Some(url) if url.contains("://") => bucket(url)?,
            Some(path) => folder(Path::new(path))?,
        };
        Ok(Self { store, drawing: Arc::new(Semaphore::new(DRAWN_AT_ONCE)) })
    }

    async fn put(&self, sha256: &str, bytes: Bytes) -> Result<(), Problem> {
        self.store.put(&key(sha256), bytes.into()).await.map_err(Problem::internal)?;
        Ok(())
    }

    /// The bytes of a photo that the database knows.
    pub async fn get(&self, sha256: &str) -> Result<Bytes, Problem> {
        let found = self.store.get(&key(sha256)).await.map_err(Problem::internal)?;
        found.bytes().await.map_err(Problem::internal)
    }

    /// The bytes of a photo; none when they are gone.
    async fn look(&self, sha256: &str) -> object_store::Result<Option<Bytes>> {
        self.look_at(&key(sha256)).await
    }

    /// A derived copy; none when it has not been made.
    async fn derived(&self, key: &str) -> Result<Option<Bytes>, Problem> {
        self.look_at(&Key::from(key)).await.map_err(Problem::internal)
    }

    async fn keep_derived(&self, key: &str, bytes: Bytes) -> Result<(), Problem> {
        self.store.put(&Key::from(key), bytes.into()).await.map(drop).map_err(Problem::internal)
    }

    /// One's turn to draw.
    async fn drawing(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.drawing.clone().acquire_owned().await.map_err(Problem::internal)
    }

    async fn look_at(&self, key: &Key) -> object_store::Result<Option<Bytes>> {
        match self.store.get(key).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Copies every photo to another store; answers how many. Derived copies are made again where they are missed.
    pub async fn copy_to(&self, other: &Self) -> anyhow::Result<u64> {
        let mut photos = self.store.list(None);
        let mut copied = 0;
        while let Some(photo) = photos.try_next().await? {
            if photo.location.parts().next().is_some_and(|part| part.as_ref() == COPIES) {
                continue;
            }
            let bytes = self.store.get(&photo.location).await?.bytes().await?;
            other.store.put(&photo.location, bytes.into()).await?;
            copied += 1;
        }
        Ok(copied)
    }
}

fn folder(path: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    std::fs::create_dir_all(path)?;
    Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true)))
}

/// An S3 store answers a `put` when the object is durable, as a folder does after its fsync.
#[cfg(feature = "s3")]
fn bucket(url: &str) -> anyhow::Result<Arc<dyn ObjectStore>> {
    use anyhow::Context;
    use object_store::{aws::AmazonS3Builder, prefix::PrefixStore};
    let place = url
        .strip_prefix("s3://")
        .with_context(|| format!("GENGWEI_EVIDENCE_URL: a folder or s3://bucket/prefix, not {url}"))?;
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build()?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

#[cfg(not(feature = "s3"))]
fn bucket(url: &str) -> anyhow::Result<Arc<dyn ObjectStore>> {
    anyhow::bail!("GENGWEI_EVIDENCE_URL: this build (without the feature s3) takes only a folder, not {url}")
}

/// Two levels of folders, so that none grows without bound.
fn key(sha256: &str) -> Key {
    Key::from(format!("{}/{}/{}", &sha256[..2], &sha256[2..4], sha256))
}

/// A photo that was handed in, checked, not yet stored.
#[derive(Clone, Debug)]
pub struct Photo {
    /// SHA-256, hexadecimal, lower case: its name.
    pub sha256: String,
    /// SM3, hexadecimal, beside it (R44).
    pub sm3: String,
    /// What kind of picture it is, judged by its bytes.
    pub media: MediaType,
    /// The bytes as they came.
    pub bytes: Bytes,
}

impl Photo {
    /// Judges the bytes. 422 when they are no picture, 413 when there are too many.
    pub fn new(bytes: Bytes, largest: usize) -> Result<Self, Problem> {
        if bytes.len() > largest {
            return Err(too_large(largest));
        }
        let media = MediaType::of(&bytes).ok_or_else(no_photo)?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let sm3 = hex::encode(<sm3::Sm3 as sm3::Digest>::digest(&bytes));
        Ok(Self { sha256, sm3, media, bytes })
    }
}

fn too_large(largest: usize) -> Problem {
    let message = format!("照片不能超过 {} MB。", largest / (1024 * 1024));
    Problem::new(error::TOO_LARGE).detail(message)
}

fn no_photo() -> Problem {
    Problem::invalid("photo", "只接受 JPEG、PNG、WebP 或 HEIC 照片。")
}

fn other_hash(photo: &Photo) -> Problem {
    let message = format!("收到的内容与照片编号不符（实际为 {}），请重新上传。", photo.sha256);
    Problem::invalid("sha256", message)
}

/// Puts the bytes in the store, durably. Storing the same photo again changes nothing.
pub async fn keep(photos: &Photos, photo: &Photo) -> Result<(), Problem> {
    photos.put(&photo.sha256, photo.bytes.clone()).await
}

/// Records a photo whose bytes are kept; answers whether it is new. In the caller's transaction.
pub async fn record(tx: &Tx, photo: &Photo, account: &str, now: Timestamp) -> sqlx::Result<bool> {
    sql::insert(tx, &photo.sha256, &photo.sm3, photo.bytes.len(), photo.media, account, now).await
}

/// As [`record`], with its entry in the audit log when the photo is new.
async fn record_as(tx: &Tx, photo: &Photo, account: &str, login: &str, now: Timestamp) -> sqlx::Result<bool> {
    let new = record(tx, photo, account, now).await?;
    if new {
        tx.audit(Entry::new(login, "evidence.store", &*photo.sha256));
    }
    Ok(new)
}

/// Of the hashes that a record names, those that have not been handed in yet.
pub async fn missing(on: &impl Session, hashes: &[String]) -> sqlx::Result<Vec<String>> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let known = sql::known(on, hashes).await?;
    Ok(hashes.iter().filter(|h| !known.contains(h)).cloned().collect())
}

/// Whether a text is a SHA-256 in lower-case hexadecimal.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A photo that the caller may see; 404 otherwise.
async fn seen<R>(app: &App, scope: &Scope<R>, sha256: &str) -> Result<sql::Stored, Problem> {
    if !is_sha256(sha256) {
        return Err(Problem::not_found());
    }
    let stored = visible(app.db(), sha256, &scope.caller.account, &scope.units).await?;
    stored.ok_or_else(Problem::not_found)
}

/// Whether somebody with these units may see a photo: he handed it in, or it belongs to something there.
pub async fn visible(
    db: &Db,
    sha256: &str,
    account: &str,
    units: &crate::auth::Units,
) -> sqlx::Result<Option<sql::Stored>> {
    let Some(stored) = sql::find(db, sha256).await? else { return Ok(None) };
    if stored.account == account || sql::linked_within(db, sha256, units).await? {
        return Ok(Some(stored));
    }
    Ok(None)
}
