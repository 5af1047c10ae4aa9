//! Routes of evidence.

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{LARGEST, Photo};
use crate::auth::Scope;
use crate::auth::rights::{FilePatrols, ReadCases};
use crate::body::{self, IDLE};
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::extract::{Json, Path};
use crate::state::App;

/// The routes. They have no time limit: a photo may take long on a village's network.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(put, get))
        .merge(super::copies::routes())
        .merge(super::facts::routes())
        .merge(super::redactions::routes())
        .merge(super::redactions::serve())
        .merge(super::uploads::routes())
}

#[derive(Serialize, ToSchema)]
struct Kept {
    /// The photo's name.
    sha256: String,
    /// Bytes.
    size: usize,
    /// Judged by the bytes.
    media_type: &'static str,
    /// When it was acknowledged.
    stored_at: Timestamp,
}

/// Hand in a photo under the SHA-256 of its bytes.
///
/// 201 when it is new, 200 when the server has it already. The answer means that the bytes are on disk.
#[utoipa::path(put, path = "/api/v1/evidence/{sha256}", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Kept), (status = 200, body = Kept),
        (status = 422, description = "the bytes have another hash, or are no photo")))]
async fn put(
    State(app): State<App>,
    scope: Scope<FilePatrols>,
    Path(sha256): Path<String>,
    body: Body,
) -> Result<(StatusCode, Json<Kept>)> {
    if !super::is_sha256(&sha256) {
        return Err(Problem::not_found());
    }
    let too_large = || super::too_large(LARGEST);
    let bytes = body::read(body.into_data_stream(), LARGEST, IDLE, too_large).await?;
    let photo = tokio::task::spawn_blocking(move || Photo::new(bytes, LARGEST))
        .await
        .map_err(Problem::internal)??;
    if photo.sha256 != sha256 {
        return Err(super::other_hash(&photo));
    }
    super::keep(app.photos(), &photo).await?;
    let (now, media) = (app.env().now(), photo.media);
    let kept = Kept { sha256, size: photo.bytes.len(), media_type: photo.media.name(), stored_at: now };
    let new = app
        .db()
        .write(move |tx| async move {
            super::record_as(&tx, &photo, &scope.caller.account, &scope.caller.login, now).await
        })
        .await?;
    super::copies::prepare(app.photos(), &kept.sha256, media);
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(kept)))
}

/// A photo's bytes, exactly as handed in.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")),
    responses((status = 200, content_type = "image/*", body = Vec<u8>), (status = 404)))]
async fn get(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(sha256): Path<String>,
) -> Result<Response> {
    let stored = super::seen(&app, &scope, &sha256).await?;
    let bytes = app.photos().get(&stored.sha256).await?;
    let headers = [
        (header::CONTENT_TYPE, stored.media_type.name()),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}
