//! Routes of outlines.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Outline, VERSIONS, sql};
use crate::auth::Scope;
use crate::auth::rights::{HandleCases, ReadCases};
use crate::cases::http::IfMatch;
use crate::error::{Problem, Result};
use crate::extract::{Json, Path};
use crate::state::App;

/// The routes.
pub(in crate::cases) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, draw))
}

#[derive(Serialize, ToSchema)]
#[schema(as = CaseOutlines)]
struct Versions {
    items: Vec<Outline>,
}

/// The outlines that were drawn of a case, the latest first; the latest counts.
#[utoipa::path(get, path = "/api/v1/cases/{id}/outlines", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = Versions), (status = 404)))]
async fn list(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(id): Path<String>,
) -> Result<Json<Versions>> {
    let case = crate::cases::sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&case.unit)?;
    let stored = sql::all(app.db(), &id, VERSIONS).await?;
    let items = stored.into_iter().map(Outline::new).collect::<Result<_>>()?;
    Ok(Json(Versions { items }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCaseOutline)]
struct New {
    /// GeoJSON Polygon or MultiPolygon, CGCS2000 longitude and latitude.
    #[schema(value_type = Object)]
    geometry: serde_json::Value,
    /// Why, up to 500 characters.
    words: String,
}

/// Draw what a case is about, or correct it: an event of the case, a version of the outline.
#[utoipa::path(post, path = "/api/v1/cases/{id}/outlines", tag = "cases",
    params(("id" = String, Path),
        ("If-Match" = String, Header, description = "the ETag of the case as it was read")),
    request_body = New,
    responses((status = 201, body = Outline), (status = 403, description = "not the caller's turn"),
        (status = 404), (status = 409, description = "the state does not allow it"),
        (status = 412, description = "somebody was faster; `detail` says what happened"),
        (status = 422, description = "no outline, outside the city or the township, or no reason"),
        (status = 428, description = "no If-Match")))]
async fn draw(
    State(app): State<App>,
    scope: Scope<HandleCases>,
    IfMatch(version): IfMatch,
    Path(id): Path<String>,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<Outline>)> {
    let case = crate::cases::sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&case.unit)?;
    let words = new.words.trim().to_owned();
    if !crate::grid::is_plain(&words, 500) {
        return Err(Problem::invalid("/words", "请写明勾绘或更正的理由，不超过 500 字。"));
    }
    super::draw(&app, &scope.caller, &id, version, &new.geometry, words).await?;
    let drawn = super::latest(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(drawn)))
}
