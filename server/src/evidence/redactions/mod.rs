//! Photos for the public: only copies in which a person has blackened faces and plates, and that a person has looked
//! at and approved (个保法第二十六条; 工作指引: 公开前脱敏). Software blackens nothing by itself and publishes nothing.
//!
//! A copy is drawn from the original once, without any metadata, and never changed; another attempt is another copy.
//! `/p/{id}` reaches approved copies alone; the original has no public address.

mod http;
mod sql;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::copies::draw::{self, Rectangle};
use super::copies::{drawable, drawn};
use super::{Photos, sql::Stored as Photo};
use crate::auth::Caller;
use crate::error::{self, Problem, Result};
use crate::state::App;

pub use http::{routes, serve};
pub use sql::public_of_case;

use sql::Stored;

/// The most pixels wide and high.
const SIDE: u32 = 1600;
/// More would be a mistake.
const MOST: usize = 200;

/// Draws a copy in which the rectangles are black; it is not public yet. 422 when a rectangle does not lie in the
/// picture or the photo cannot be drawn.
async fn make(app: &App, caller: &Caller, photo: &Photo, rectangles: Vec<Rectangle>) -> Result<Stored> {
    if rectangles.len() > MOST {
        return Err(Problem::invalid("rectangles", format!("遮盖区域不能超过 {MOST} 个。")));
    }
    if let Some(n) = rectangles.iter().position(|rectangle| !rectangle.is_inside()) {
        let message = "遮盖区域应在照片之内，以宽高的比例（0 至 1）表示。";
        return Err(Problem::invalid(format!("/rectangles/{n}"), message));
    }
    drawable(photo.media_type.0)?;
    let new = Stored {
        id: app.env().new_id(),
        sha256: photo.sha256.clone(),
        copy: String::new(),
        rectangles: serde_json::to_string(&rectangles).map_err(Problem::internal)?,
        name: caller.name.clone(),
        made_at: app.env().now(),
        approver_name: None,
        approved_at: None,
        withdrawn_at: None,
    };
    let bytes = drawn(app.photos(), &photo.sha256, move |bytes| {
        // Blackened before it is made smaller, so that no black edge is mixed with what it hides.
        let mut picture = draw::upright(bytes)?;
        draw::blacken(&mut picture, &rectangles);
        draw::jpeg(&draw::fitted(picture, SIDE))
    })
    .await?;
    let new = Stored { copy: keep(app.photos(), bytes).await?, ..new };
    let (row, caller) = (new.clone(), caller.clone());
    app.db()
        .write(move |tx| async move {
            sql::insert(&tx, &row, &caller.account).await?;
            tx.audit(
                caller.entry("evidence.redact", &*row.sha256).detail(serde_json::json!({"copy": row.id})),
            );
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(new)
}

async fn keep(photos: &Photos, bytes: Bytes) -> Result<String> {
    let sha256 = hex::encode(Sha256::digest(&bytes));
    photos.put(&sha256, bytes).await?;
    Ok(sha256)
}

/// Makes a copy public. 409 when it was withdrawn.
async fn approve(app: &App, caller: &Caller, sha256: &str, id: &str) -> Result<Stored> {
    let (now, id, sha256, caller) = (app.env().now(), id.to_owned(), sha256.to_owned(), caller.clone());
    app.db()
        .write(move |tx| async move {
            if sql::approve(&tx, &id, &caller.account, &caller.name, now).await? {
                tx.audit(caller.entry("evidence.publish", &*sha256).detail(serde_json::json!({"copy": id})));
            }
            let stored = sql::find(&tx, &sha256, &id).await?.ok_or_else(Problem::not_found)?;
            match stored.withdrawn_at {
                None => Ok(stored),
                Some(_) => Err(Problem::new(error::CONFLICT).detail("这份副本已撤下，请重新遮盖后再公开。")),
            }
        })
        .await
}

/// Takes a copy back; from then on it is not public.
async fn withdraw(app: &App, caller: &Caller, sha256: &str, id: &str) -> Result<()> {
    let (now, id, sha256, caller) = (app.env().now(), id.to_owned(), sha256.to_owned(), caller.clone());
    app.db()
        .write(move |tx| async move {
            sql::find(&tx, &sha256, &id).await?.ok_or_else(Problem::not_found)?;
            if sql::withdraw(&tx, &id, now).await? {
                let detail = serde_json::json!({"copy": id});
                tx.audit(caller.entry("evidence.withdraw", &*sha256).detail(detail));
            }
            Ok(())
        })
        .await
}
