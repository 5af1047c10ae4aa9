//! Routes of redactions, and the public address of approved copies.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sql::{self, Stored};
use crate::auth::Scope;
use crate::auth::rights::PublishPhotos;
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::evidence::{self, copies::draw::Rectangle};
use crate::extract::{Json, Path, is_known};
use crate::state::App;

/// The routes of officers.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(picture))
        .routes(routes!(approve, withdraw))
}

/// The route of everybody.
pub fn serve() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(public))
}

/// A copy in which faces and plates are black.
#[derive(Serialize, ToSchema)]
struct Redaction {
    /// Its id.
    id: String,
    /// What was blackened.
    rectangles: Vec<Rectangle>,
    /// Who blackened it.
    made_by: String,
    /// When.
    made_at: Timestamp,
    /// Who has looked at it and approved it.
    approved_by: Option<String>,
    /// When.
    approved_at: Option<Timestamp>,
    /// When it was taken back.
    withdrawn_at: Option<Timestamp>,
    /// Its public address, while it is public.
    public: Option<String>,
}

impl From<Stored> for Redaction {
    fn from(stored: Stored) -> Self {
        let is_public = stored.approved_at.is_some() && stored.withdrawn_at.is_none();
        Self {
            public: is_public.then(|| format!("/p/{}", stored.id)),
            id: stored.id,
            rectangles: serde_json::from_str(&stored.rectangles).unwrap_or_default(),
            made_by: stored.name,
            made_at: stored.made_at,
            approved_by: stored.approver_name,
            approved_at: stored.approved_at,
            withdrawn_at: stored.withdrawn_at,
        }
    }
}

/// What is to be blackened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRedaction {
    /// Faces, plates, house numbers; empty when there are none.
    rectangles: Vec<Rectangle>,
}

/// Make a copy for the public in which rectangles are black. It is public once it is approved.
#[utoipa::path(post, path = "/api/v1/evidence/{sha256}/redactions", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")),
    request_body = NewRedaction,
    responses((status = 201, body = Redaction), (status = 404), (status = 422)))]
async fn make(
    State(app): State<App>,
    scope: Scope<PublishPhotos>,
    Path(sha256): Path<String>,
    Json(new): Json<NewRedaction>,
) -> Result<(StatusCode, Json<Redaction>)> {
    let photo = evidence::seen(&app, &scope, &sha256).await?;
    let made = super::make(&app, &scope.caller, &photo, new.rectangles).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// The copies of a photo.
#[derive(Serialize, ToSchema)]
struct Redactions {
    /// The oldest first.
    items: Vec<Redaction>,
}

/// The copies of a photo that were made for the public, approved or not.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}/redactions", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case")),
    responses((status = 200, body = Redactions), (status = 404)))]
async fn list(
    State(app): State<App>,
    scope: Scope<PublishPhotos>,
    Path(sha256): Path<String>,
) -> Result<Json<Redactions>> {
    evidence::seen(&app, &scope, &sha256).await?;
    let stored = sql::list(app.db(), &sha256).await?;
    Ok(Json(Redactions { items: stored.into_iter().map(Redaction::from).collect() }))
}

/// A copy's picture, to be looked at before it is approved.
#[utoipa::path(get, path = "/api/v1/evidence/{sha256}/redactions/{id}", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case"), ("id" = String, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 404)))]
async fn picture(
    State(app): State<App>,
    scope: Scope<PublishPhotos>,
    Path((sha256, id)): Path<(String, String)>,
) -> Result<Response> {
    evidence::seen(&app, &scope, &sha256).await?;
    let stored = sql::find(app.db(), &sha256, &id).await?.ok_or_else(Problem::not_found)?;
    let bytes = app.photos().get(&stored.copy).await?;
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, no-store")];
    Ok((headers, bytes).into_response())
}

/// What whoever approves a copy states.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// I have looked at the copy: faces, plates and other personal data cannot be made out.
    looked: bool,
}

/// Approve a copy: a person has looked at it. From then on it is public.
#[utoipa::path(put, path = "/api/v1/evidence/{sha256}/redactions/{id}/approval", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case"), ("id" = String, Path)),
    request_body = Approval,
    responses((status = 200, body = Redaction), (status = 404), (status = 409, description = "it was withdrawn"),
        (status = 422)))]
async fn approve(
    State(app): State<App>,
    scope: Scope<PublishPhotos>,
    Path((sha256, id)): Path<(String, String)>,
    Json(approval): Json<Approval>,
) -> Result<Json<Redaction>> {
    evidence::seen(&app, &scope, &sha256).await?;
    if !approval.looked {
        return Err(Problem::invalid("looked", "请先查看副本，确认人脸、车牌等已遮盖。"));
    }
    Ok(Json(super::approve(&app, &scope.caller, &sha256, &id).await?.into()))
}

/// Take a copy back: it is public no longer.
#[utoipa::path(delete, path = "/api/v1/evidence/{sha256}/redactions/{id}/approval", tag = "evidence",
    params(("sha256" = String, Path, description = "64 hexadecimal digits, lower case"), ("id" = String, Path)),
    responses((status = 204), (status = 404)))]
async fn withdraw(
    State(app): State<App>,
    scope: Scope<PublishPhotos>,
    Path((sha256, id)): Path<(String, String)>,
) -> Result<StatusCode> {
    evidence::seen(&app, &scope, &sha256).await?;
    super::withdraw(&app, &scope.caller, &sha256, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A photo that was approved for the public, faces and plates blackened.
#[utoipa::path(get, path = "/p/{id}", tag = "public", params(("id" = String, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304), (status = 404)))]
async fn public(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response> {
    let copy = sql::public(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    let tag = format!("\"{}\"", &copy[..32]);
    // Short, because it may be withdrawn.
    let cache = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "public, max-age=60".to_owned())];
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    let bytes = app.photos().get(&copy).await?;
    Ok((cache, [(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response())
}
