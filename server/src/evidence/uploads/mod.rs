//! Photos that come in pieces, over networks that break: tus 1.0.
//!
//! An offset is only ever told of bytes that are on disk. A piece that is cut off leaves behind what came of it;
//! a restarted server goes on where the file ends. When the last byte is there, the whole is judged as a photo
//! handed in at once would be (its kind by its bytes, its hash against the one declared), stored, recorded, and
//! only then is the last piece acknowledged. An upload that is whole but could not be stored yet (a restart, a
//! busy database) is stored before HEAD tells its offset, so a client never takes it for done too early.

mod http;
mod spool;
mod sql;
#[cfg(test)]
mod tests;
mod tus;

use axum::body::BodyDataStream;

use crate::auth::Caller;
use crate::body::IDLE;
use crate::db::Timestamp;
use crate::error::{self, Problem, Result};
use crate::evidence::{self, MediaType, Photo, facts};
use crate::state::App;

pub use http::routes;
pub use spool::Spool;

use spool::{Claim, Ended, Refused};
use sql::Upload;
use tus::{Checksum, Metadata};

/// Characters of Upload-Metadata: a hash, a file name and what the camera knew take under a thousand.
const MOST_METADATA: usize = 8192;
/// So many bytes tell a photo from something else.
const TELLING: u64 = 16;

/// How far an upload is.
struct Standing {
    /// The upload.
    upload: Upload,
    /// Bytes that are on disk.
    offset: u64,
}

impl Standing {
    /// Finished, and its file gone.
    fn finished(upload: Upload) -> Self {
        Self { offset: upload.length.unsigned_abs(), upload }
    }
}

/// Begins an upload of `length` bytes.
///
/// 413 when that is too many, 422 when it is nothing or the metadata are not acceptable, 429 when the account has
/// too many unfinished ones.
async fn begin(app: &App, caller: &Caller, length: u64, field: String) -> Result<Upload> {
    if field.len() > MOST_METADATA {
        return Err(Problem::new(error::TOO_LARGE).detail("请求头 Upload-Metadata 过长。"));
    }
    let metadata = Metadata::parse(&field)
        .ok_or_else(|| Problem::new(error::BAD_REQUEST).detail("请求头 Upload-Metadata 格式有误。"))?;
    let policy = &app.policy().evidence;
    if length == 0 {
        return Err(Problem::invalid("Upload-Length", "照片不能是空的。"));
    }
    if length > policy.upload_bytes as u64 {
        return Err(evidence::too_large(policy.upload_bytes));
    }
    let declared = metadata.sha256()?;
    metadata.facts()?;
    let now = app.env().now();
    if sql::open(app.db(), &caller.account, now).await? >= policy.open_uploads {
        let message = format!("未完成的上传已有 {} 个，请先完成或取消。", policy.open_uploads);
        return Err(Problem::new(error::TOO_MANY).detail(message).retry_after(60));
    }
    let upload = Upload {
        id: app.env().new_id(),
        account: caller.account.clone(),
        length: length.cast_signed(),
        declared,
        metadata: field,
        created_at: now,
        expires_at: now.plus_seconds(3600 * policy.upload_hours),
        sha256: None,
    };
    // The row first: a file without a row would belong to nobody.
    let row = upload.clone();
    app.db().write(move |tx| async move { sql::insert(&tx, &row).await }).await?;
    app.uploads().create(&upload.id).await.map_err(Problem::internal)?;
    Ok(upload)
}

/// An upload of the caller's. 404 when he has none of this id, 410 when it has expired.
async fn find(app: &App, caller: &Caller, id: &str) -> Result<Upload> {
    let upload = sql::find(app.db(), id).await?.filter(|upload| upload.account == caller.account);
    let upload = upload.ok_or_else(Problem::not_found)?;
    if upload.expires_at <= app.env().now() {
        return Err(Problem::new(error::GONE).detail("这次上传已过期，请重新上传。"));
    }
    Ok(upload)
}

/// The file of an upload, with what the upload has become by the time one has it.
async fn claim(app: &App, upload: &Upload) -> Result<Option<(Claim, Upload)>> {
    let claimed = app.uploads().claim(&upload.id).await;
    // While one waited, another request may have finished or ended it.
    let upload = sql::find(app.db(), &upload.id).await?.ok_or_else(Problem::not_found)?;
    match claimed {
        _ if upload.sha256.is_some() => Ok(None),
        Ok(claim) => Ok(Some((claim, upload))),
        Err(Refused::Missing) => Err(Problem::not_found()),
        Err(Refused::Busy) => Err(Problem::new(error::BUSY).retry_after(2)),
        Err(Refused::Io(error)) => Err(Problem::internal(error)),
    }
}

/// How far an upload is; one that is whole is stored first.
async fn standing(app: App, caller: Caller, id: String) -> Result<Standing> {
    let upload = find(&app, &caller, &id).await?;
    if upload.sha256.is_some() {
        return Ok(Standing::finished(upload));
    }
    match claim(&app, &upload).await? {
        None => Ok(Standing::finished(find(&app, &caller, &id).await?)),
        Some((claim, upload)) => settle(&app, Some(&caller), claim, upload).await,
    }
}

/// A piece that a client sends.
struct Piece {
    /// Where it begins.
    offset: u64,
    /// Its bytes, as they come.
    body: BodyDataStream,
    /// What they are to hash to.
    checksum: Option<Checksum>,
}

/// Appends a piece; stores the photo with its last byte.
async fn append(app: App, caller: Caller, id: String, piece: Piece) -> Result<Standing> {
    let upload = find(&app, &caller, &id).await?;
    let Some((mut claim, upload)) = claim(&app, &upload).await? else {
        // Finished: the client has not heard of it, or it sends more than there is.
        let standing = Standing::finished(find(&app, &caller, &id).await?);
        return if piece.offset == standing.offset { Ok(standing) } else { Err(elsewhere(standing.offset)) };
    };
    if piece.offset != claim.length() {
        return Err(elsewhere(claim.length()));
    }
    let room = upload.length.unsigned_abs().saturating_sub(piece.offset);
    let ended = claim.append(piece.body, room, IDLE, piece.checksum).await.map_err(Problem::internal)?;
    if piece.offset < TELLING && claim.length() >= TELLING {
        let head = claim.head(TELLING).await.map_err(Problem::internal)?;
        if MediaType::of(&head).is_none() {
            discard(&app, claim, &upload).await?;
            return Err(evidence::no_photo());
        }
    }
    match ended {
        Ended::Complete => settle(&app, Some(&caller), claim, upload).await,
        Ended::Damaged => Err(tus::mismatch()),
        Ended::TooLong => Err(Problem::new(error::TOO_LARGE).detail("收到的内容比上传开始时声明的长度多。")),
        Ended::Interrupted => Err(Problem::new(error::BUSY).retry_after(1)),
        Ended::Cut => Err(Problem::new(error::BAD_REQUEST).detail("请求内容没有完整收到。")),
        // 408 would be right, but tus clients give up on it.
        Ended::Idle => Err(Problem::new(error::UNAVAILABLE).detail("网络中断，请继续上传。").retry_after(1)),
    }
}

fn elsewhere(offset: u64) -> Problem {
    Problem::new(error::CONFLICT).detail(format!("服务器已收到 {offset} 字节，请从那里继续。"))
}

/// Stores a photo whose last byte is there, with the facts that came along; leaves alone one that is still coming.
async fn settle(
    app: &App,
    caller: Option<&Caller>,
    mut claim: Claim,
    mut upload: Upload,
) -> Result<Standing> {
    let offset = claim.length();
    if offset < upload.length.unsigned_abs() {
        return Ok(Standing { upload, offset });
    }
    let largest = app.policy().evidence.upload_bytes;
    let (bytes, _turn) = claim.whole().await.map_err(Problem::internal)?;
    let judged = tokio::task::spawn_blocking(move || Photo::new(bytes, largest)).await;
    let photo = match judged.map_err(Problem::internal)? {
        Ok(photo) if upload.declared.as_ref().is_none_or(|declared| *declared == photo.sha256) => photo,
        refused => {
            discard(app, claim, &upload).await?;
            return Err(refused.map_or_else(|problem| problem, |photo| evidence::other_hash(&photo)));
        }
    };
    let now = app.env().now();
    evidence::keep(app.photos(), &photo).await?;
    store(app, caller, &photo, &upload, now).await?;
    evidence::copies::prepare(app.photos(), &photo.sha256, photo.media);
    upload.sha256 = Some(photo.sha256);
    // The photo is safe; a file left behind is swept up when the upload expires.
    if let Err(error) = claim.delete().await {
        tracing::warn!(%error, "the file of a finished upload could not be deleted");
    }
    Ok(Standing { upload, offset })
}

/// Records the photo, the facts that came along and that the upload is finished, in one transaction.
async fn store(
    app: &App,
    caller: Option<&Caller>,
    photo: &Photo,
    upload: &Upload,
    now: Timestamp,
) -> Result<()> {
    let by = caller.map(facts::By::from);
    let facts = Metadata::parse(&upload.metadata).and_then(|metadata| metadata.facts().ok()?);
    let (photo, upload) = (photo.clone(), upload.clone());
    facts::extend(app.db(), move |tx| {
        let (by, facts, photo, upload) = (by.clone(), facts.clone(), photo.clone(), upload.clone());
        async move {
            let login = by.as_ref().map_or("system", |by| by.login.as_str());
            evidence::record_as(&tx, &photo, &upload.account, login, now).await?;
            if let Some((by, facts)) = by.as_ref().zip(facts) {
                match facts::add(&tx, by, &photo.sha256, &facts, upload.created_at).await {
                    // Other facts of the same photo, handed in before, stand; the photo is stored all the same.
                    Ok(_) | Err(facts::Failure::Problem(_)) => {}
                    Err(failure) => return Err(failure),
                }
            }
            Ok(sql::finish(&tx, &upload.id, &photo.sha256).await?)
        }
    })
    .await
}

/// Ends an upload; a photo that it has become stays.
async fn terminate(app: App, caller: Caller, id: String) -> Result<()> {
    let upload = find(&app, &caller, &id).await?;
    if upload.sha256.is_none()
        && let Some((claim, upload)) = claim(&app, &upload).await?
    {
        return discard(&app, claim, &upload).await;
    }
    app.db().write(move |tx| async move { sql::delete(&tx, &upload.id).await }).await?;
    Ok(())
}

async fn discard(app: &App, claim: Claim, upload: &Upload) -> Result<()> {
    let id = upload.id.clone();
    app.db().write(move |tx| async move { sql::delete(&tx, &id).await }).await?;
    claim.delete().await.map_err(Problem::internal)
}

/// Clears this process's spool of what is finished, expired or unknown, and forgets uploads that expired a day ago.
/// An expired upload whose bytes are all there is stored all the same. Answers how many files went.
pub async fn sweep(app: &App) -> Result<u64> {
    let (now, mut swept) = (app.env().now(), 0);
    for id in app.uploads().ids().await.map_err(Problem::internal)? {
        let upload = sql::find(app.db(), &id).await?;
        if upload.as_ref().is_some_and(|upload| upload.sha256.is_none() && upload.expires_at > now) {
            continue;
        }
        let Ok(claim) = app.uploads().claim(&id).await else { continue };
        match upload {
            Some(upload) if upload.sha256.is_none() && claim.length() == upload.length.unsigned_abs() => {
                if let Err(problem) = settle(app, None, claim, upload).await {
                    tracing::warn!(problem = problem.kind().name, id, "a whole upload could not be stored");
                }
            }
            _ => claim.delete().await.map_err(Problem::internal)?,
        }
        swept += 1;
    }
    let before: Timestamp = now.plus_seconds(-24 * 3600);
    app.db().write(move |tx| async move { sql::delete_expired(&tx, before).await }).await?;
    Ok(swept)
}
