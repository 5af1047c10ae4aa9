//! Derived copies beside the untouched original: a thumbnail, and one with time, place, person and code written on it.
//!
//! A copy is named by what it is made of (the photo, the kind, the words on it) and kept in the store; one that is
//! missing is made again. So nothing has to be remembered: a copy is made soon after its photo came ([`prepare`]) or
//! when it is first asked for, a few at a time.

pub(crate) mod draw;
mod http;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{MediaType, Photos};
use crate::error::{Problem, Result};

pub use http::routes;

/// The kinds of copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// For lists.
    Thumbnail,
    /// For files and reports: what the camera knew is written on it.
    Watermarked,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Watermarked => "watermarked",
        }
    }

    /// The most pixels wide and high.
    fn side(self) -> u32 {
        match self {
            Self::Thumbnail => 320,
            Self::Watermarked => 1600,
        }
    }
}

/// A copy to be had.
pub(super) struct Derived {
    kind: Kind,
    sha256: String,
    lines: Vec<String>,
}

impl Derived {
    pub(super) fn thumbnail(sha256: &str) -> Self {
        Self { kind: Kind::Thumbnail, sha256: sha256.to_owned(), lines: Vec::new() }
    }

    pub(super) fn watermarked(sha256: &str, lines: Vec<String>) -> Self {
        Self { kind: Kind::Watermarked, sha256: sha256.to_owned(), lines }
    }

    /// Its name: another one for other words. The number grows when copies are to be drawn anew.
    pub(super) fn tag(&self) -> String {
        let text = format!("1\n{}\n{}\n{}", self.kind.name(), self.sha256, self.lines.join("\n"));
        hex::encode(&Sha256::digest(text)[..16])
    }

    /// The copy's bytes, JPEG. 422 when the photo cannot be drawn.
    pub(super) async fn bytes(&self, photos: &Photos, media: MediaType) -> Result<Bytes> {
        let key = format!("{}/{}/{}", super::COPIES, self.kind.name(), self.tag());
        if let Some(made) = photos.derived(&key).await? {
            return Ok(made);
        }
        drawable(media)?;
        let (kind, lines) = (self.kind, self.lines.clone());
        let made = drawn(photos, &self.sha256, move |bytes| {
            let picture = draw::fitted(draw::upright(bytes)?, kind.side());
            draw::jpeg(&if lines.is_empty() { picture } else { draw::caption(picture, &lines) })
        })
        .await?;
        photos.keep_derived(&key, made.clone()).await?;
        Ok(made)
    }
}

/// Draws with a photo's bytes, when it is its turn. 422 when it is damaged.
pub(super) async fn drawn(
    photos: &Photos,
    sha256: &str,
    draw: impl FnOnce(&[u8]) -> image::ImageResult<Vec<u8>> + Send + 'static,
) -> Result<Bytes> {
    let _turn = photos.drawing().await?;
    let bytes = photos.get(sha256).await?;
    let drawn = tokio::task::spawn_blocking(move || draw(&bytes)).await.map_err(Problem::internal)?;
    drawn.map(Bytes::from).map_err(|error| {
        tracing::info!(%error, sha256, "a photo cannot be drawn");
        Problem::invalid("photo", "照片文件已损坏或尺寸过大，无法生成副本；原件仍可下载。")
    })
}

/// 422 for the kind of picture that we cannot open.
pub(super) fn drawable(media: MediaType) -> Result<()> {
    match media {
        MediaType::Heic => Err(Problem::invalid("photo", "HEIC 照片无法生成副本，请下载原件查看。")),
        _ => Ok(()),
    }
}

/// Makes the thumbnail of a photo that has just come, in the background.
pub(super) fn prepare(photos: &Photos, sha256: &str, media: MediaType) {
    if drawable(media).is_ok() {
        let (photos, copy) = (photos.clone(), Derived::thumbnail(sha256));
        tokio::spawn(async move { copy.bytes(&photos, media).await.map(drop) });
    }
}
