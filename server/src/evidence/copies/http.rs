//! Routes of derived copies.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Derived;
use crate::auth::Scope;
use crate::auth::rights::ReadCases;
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::evidence::{self, facts};
use crate::extract::{Path, is_known};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(thumbnail)).routes(routes!(watermarked))
}

/// A photo at most 320 pixels wide and high, JPEG.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}/thumbnail", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304), (status = 404),
        (status = 422, description = "a photo that cannot be drawn")))]
async fn thumbnail(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let stored = evidence::seen(&app, &scope, &sha256).await?;
    answer(&app, &stored, Derived::thumbnail(&sha256), &headers).await
}

/// A photo at most 1600 pixels wide and high with time, place, person and codes written on it, JPEG.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}/watermarked", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304), (status = 404),
        (status = 422, description = "a photo that cannot be drawn")))]
async fn watermarked(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let stored = evidence::seen(&app, &scope, &sha256).await?;
    let kept = facts::of_photos(app.db(), std::slice::from_ref(&sha256)).await?.into_iter().next();
    let parcel = facts::parcel_of(app.db(), &sha256).await?;
    let lines = words(kept.as_ref(), parcel.as_deref(), stored.stored_at, &sha256);
    answer(&app, &stored, Derived::watermarked(&sha256, lines), &headers).await
}

async fn answer(
    app: &App,
    stored: &evidence::sql::Stored,
    copy: Derived,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", copy.tag());
    let cache = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if is_known(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    let bytes = copy.bytes(app.photos(), stored.media_type.0).await?;
    Ok((cache, [(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response())
}

/// What is written on a photo: when, where, who, which parcel, which photo.
fn words(
    kept: Option<&facts::Kept>,
    parcel: Option<&str>,
    stored_at: Timestamp,
    sha256: &str,
) -> Vec<String> {
    let minute = |at: Timestamp| at.civil().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut lines = Vec::new();
    match kept.map(|kept| (kept, kept.facts())) {
        Some((kept, facts)) => {
            lines.push(match facts.taken_at {
                Some(at) => format!("拍摄 {}  {}", minute(at), kept.name),
                None => format!("收到 {}  {}", minute(kept.received_at), kept.name),
            });
            if let Some((lon, lat)) = facts.place() {
                let accuracy = facts.accuracy.map(|m| format!(" ±{m:.0}米")).unwrap_or_default();
                let azimuth = facts.azimuth.map(|a| format!(" 方位{a:.0}°")).unwrap_or_default();
                lines.push(format!("经度{lon:.6} 纬度{lat:.6}{accuracy}{azimuth}"));
            }
        }
        None => lines.push(format!("收到 {}（无拍摄信息）", minute(stored_at))),
    }
    lines.extend(parcel.map(|code| format!("地块 {code}")));
    lines.push(format!("照片 {}", &sha256[..16]));
    lines
}
