//! Routes of the quarantine.

use axum::extract::State as AppState;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{State, sql};
use crate::auth::Scope;
use crate::auth::rights::ManageDevices;
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(retry)).routes(routes!(dismiss))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// 4, 6, 9, 12 or 14 digits.
    region: Option<String>,
    /// Only in this state.
    state: Option<State>,
}

/// What devices sent and could not be applied, the oldest first.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "sync", params(Wanted, Paging),
    responses((status = 200, body = Page<sql::Quarantined>)))]
async fn list(
    AppState(app): AppState<App>,
    scope: Scope<ManageDevices>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Quarantined>>> {
    let units = scope.narrow(wanted.region.as_deref())?;
    let (after, limit) = (paging.after::<String>()?, paging.limit()?);
    let rows = sql::list(app.db(), Some(&units), wanted.state, after.as_deref(), limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |kept| kept.id.clone())))
}

/// A record in scope; 404 otherwise.
async fn visible(app: &App, scope: &Scope<ManageDevices>, id: &str) -> Result<sql::Quarantined> {
    let kept = sql::find(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&kept.unit)?;
    Ok(kept)
}

#[derive(Deserialize, ToSchema)]
struct Retry {
    /// What to apply in its place, hexadecimal CBOR as in proto/gengwei.cddl; as it came when absent.
    #[serde(default)]
    record: Option<String>,
}

/// Apply a record again, as it came or mended. What the device sent is kept as it is.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/retry", tag = "sync", request_body = Retry,
    params(("id" = String, Path, description = "the record's id")),
    responses((status = 200, body = sql::Quarantined), (status = 404),
        (status = 409, description = "it waits no more"), (status = 422, description = "it still cannot be applied")))]
async fn retry(
    AppState(app): AppState<App>,
    scope: Scope<ManageDevices>,
    Path(id): Path<String>,
    Json(body): Json<Retry>,
) -> Result<Json<sql::Quarantined>> {
    visible(&app, &scope, &id).await?;
    let mended = body.record.map(hex::decode).transpose();
    let mended = mended.map_err(|_| Problem::invalid("/record", "应为十六进制。"))?;
    super::retry(&app, &scope.caller, &id, mended).await?;
    Ok(Json(visible(&app, &scope, &id).await?))
}

/// Dismiss a record: nothing will follow from it. It stays in the inbox.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/dismissal", tag = "sync",
    params(("id" = String, Path, description = "the record's id")),
    responses((status = 200, body = sql::Quarantined), (status = 404), (status = 409, description = "it waits no more")))]
async fn dismiss(
    AppState(app): AppState<App>,
    scope: Scope<ManageDevices>,
    Path(id): Path<String>,
) -> Result<Json<sql::Quarantined>> {
    visible(&app, &scope, &id).await?;
    super::dismiss(&app, &scope.caller, &id).await?;
    Ok(Json(visible(&app, &scope, &id).await?))
}
